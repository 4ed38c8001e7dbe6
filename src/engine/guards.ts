import { LIMITS } from '../base/limits.ts';
import { anyStop, stopController } from '../base/stop.ts';
import type { RunState } from '../journal/state.ts';
import type { PlanStep } from '../model/step.ts';
import { isGuard } from '../plan/graph.ts';
import type { Run } from './run.ts';
import type { StepEnd } from './step-parts.ts';

/*
 * Guards run beside the graph.
 *
 * Invariants:
 * 1. A guard begins when one of the steps it stands beside was asked for, in this process or before a resume, or is done, or is
 *    seen to be under way after an intent: the process that asked may have died before it could say so.
 * 2. No step waits for a guard, and none of its ends is an end of the run.
 * 3. When everything else has ended the guards end too: see run-step.ts.
 * 4. A guard ends on a look that is young: where its machine has stood still since, it begins again.
 * 5. A run with a guard that has failed does not succeed: what the guard stands against was there at its last look.
 */

export interface Guards {
  /** A step of the graph begins. */
  begins(id: string): void;
  /** What a step intended is seen to be under way. */
  underWay(id: string): void;
  /** Everything else has ended. Resolves when the guards have. @throws what a guard threw: its journal failed */
  end(): Promise<void>;
}

/** Lets these guards run, each by `start`, until `end` is called. `steps`: those of the plan that are not done. */
export function watchOver(run: Run, steps: readonly PlanStep[], start: (guard: PlanStep, over: AbortSignal) => Promise<StepEnd>): Guards {
  const over = stopController(run.effects.clock);
  const wake = anyStop(run.effects.clock, [run.drain, over.signal]);
  const asleep = new Map<PlanStep, () => void>();
  const underWay = new Set<string>();
  const isDue = (step: PlanStep): boolean => isAsked(step, run.journal.state) || step.beside?.some((id) => underWay.has(id)) === true;
  const sleepUntilBegun = (step: PlanStep): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    asleep.set(step, () => resolve(undefined));
    // An already aborted signal fires no event.
    if (wake.aborted) resolve(undefined);
    wake.addEventListener('abort', () => resolve(undefined), { once: true });
    return promise;
  };
  const guard = async (step: PlanStep): Promise<void> => {
    if (!isDue(step)) await sleepUntilBegun(step);
    while (!wake.aborted && !isDue(step)) {
      await run.effects.clock.sleep(LIMITS.pollMinMs, wake).catch(() => undefined);
    }
    if (wake.aborted) return;
    do await start(step, over.signal);
    while (!run.drain.aborted && endedLongAgo(step));
  };
  /** This machine has stood still between the last look of the guard and now: what it stands against may be there. */
  const endedLongAgo = ({ id }: PlanStep): boolean => {
    const ended = run.journal.state.steps.get(id);
    return ended?.state === 'unmet' && run.effects.clock.now() - (ended.endedAt ?? 0) > LIMITS.guardFreshMs;
  };
  const watching = Promise.all(steps.filter(isGuard).map(guard));
  // The next append, or end(), reports a journal that fails.
  watching.catch(() => undefined);
  return {
    begins: (id) => {
      for (const [step, begin] of asleep) if (step.beside?.includes(id) === true) begin();
    },
    underWay: (id) => void underWay.add(id),
    end: async () => {
      over.abort(new Error('everything else has ended'));
      await watching;
    },
  };
}

/** One of the steps it stands beside was asked for. */
function isAsked(step: PlanStep, state: RunState): boolean {
  return (step.beside ?? []).some((id) => {
    const other = state.steps.get(id);
    return other?.state === 'done' || other?.requestedAt !== undefined;
  });
}
