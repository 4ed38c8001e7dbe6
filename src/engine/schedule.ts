import { Countdown } from '../base/graph.ts';
import type { PlanStep } from '../model/step.ts';
import type { StepEnd } from './step-parts.ts';

type ScheduleEnd = 'done' | 'refused' | 'failed' | 'interrupted';

const SEVERITY: readonly ScheduleEnd[] = ['done', 'interrupted', 'refused', 'failed'];

/**
 * Runs the steps of a graph, each as soon as all before it are done, at most `limit` at a time.
 * After the first step that does not end well nothing new is started; what is running is waited for.
 * An optional step that fails holds back nothing. A paused one holds back what waits for it, and nothing else.
 * @throws what `run` throws, once everything that was running has ended.
 */
export function runGraph(
  steps: readonly PlanStep[],
  alreadyDone: ReadonlySet<string>,
  limit: number,
  drain: AbortSignal,
  run: (step: PlanStep) => Promise<StepEnd>,
): Promise<ScheduleEnd> {
  const todo = steps.filter((step) => !alreadyDone.has(step.id));
  const countdown = new Countdown(todo, alreadyDone);
  const ready = [...countdown.ready];
  let end: ScheduleEnd = 'done';
  let thrown: Error | undefined;
  let ended = 0;
  let paused = false;
  let running = 0;
  let head = 0;

  const settle = (step: PlanStep, result: StepEnd): void => {
    // `unmet` is an end of guards, and they are no part of a graph.
    if (result === 'paused' || result === 'unmet') {
      paused = true;
      return;
    }
    if (result !== 'done' && !(step.optional && result !== 'interrupted')) {
      if (SEVERITY.indexOf(result) > SEVERITY.indexOf(end)) end = result;
      return;
    }
    ended += 1;
    ready.push(...countdown.done(step.id));
  };

  return new Promise((resolve, reject) => {
    const pump = (): void => {
      while (head < ready.length && running < limit && end === 'done' && thrown === undefined && !drain.aborted) {
        start(ready[head++] as PlanStep);
      }
      if (running > 0) return;
      if (thrown !== undefined) return reject(thrown);
      if (end === 'done' && ended < todo.length) {
        if (drain.aborted || paused) return resolve('interrupted');
        return reject(new Error('the plan has a circle: steps are left that never become ready'));
      }
      resolve(end);
    };
    const start = (step: PlanStep): void => {
      running += 1;
      run(step)
        .then(
          (result) => settle(step, result),
          (error: unknown) => (thrown ??= error instanceof Error ? error : new Error(String(error))),
        )
        .finally(() => {
          running -= 1;
          pump();
        });
    };
    pump();
  });
}

/** Runs `work` on every item, at most `limit` at a time. The first error is thrown when all that had begun has ended; nothing new is begun after it. */
export async function inParallel<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  let failed: { error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && failed === undefined) {
      const item = items[next++] as T;
      try {
        await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (failed !== undefined) throw failed.error;
}
