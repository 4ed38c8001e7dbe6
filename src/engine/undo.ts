import { AwsError } from '../aws/errors.ts';
import { DeadlineError, withDeadline } from '../base/deadline.ts';
import { messageOf } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunState } from '../journal/state.ts';
import type { Change, PlanStep, StepContext, StepKind } from '../kinds/step.ts';
import { traceStep, waitOf } from './instrument.ts';
import { isSuperseded, type StepRuntime, toErrorRecord } from './run-step.ts';

/*
 * The way back: undoes what has acted, newest first.
 *
 * Invariants:
 * 1. Nothing is undone once a step of no return has intended to act.
 * 2. The intent is durable before the undo, so that one that was cut short is made again.
 * 3. An undo that fails does not hold back the others, and is never called done.
 * 4. What has been made counts, also where the journal does not know of it: another machine may have written what never
 *    reached this one. Where the line was crossed, or somebody else is on the way over it, nothing is undone; of anything else it is said
 *    that it stays.
 */

export interface UndoRuntime {
  effects: Effects;
  journal: Journal;
  kindOf(step: PlanStep): StepKind<Json>;
  context: StepRuntime['context'];
}

/** Steps that intended to change something and are not undone, newest first. */
export function actedSteps(state: RunState): PlanStep[] {
  const actedAt = (step: PlanStep) => state.steps.get(step.id)?.actedAt;
  // Of steps that acted in the same millisecond the later in the plan comes first.
  return state.plan.steps
    .filter((step) => actedAt(step) !== undefined)
    .reverse()
    .sort((a, b) => (actedAt(b) ?? 0) - (actedAt(a) ?? 0));
}

/** What they intended to change. */
export function intendedChanges(state: RunState): Change[] {
  return actedSteps(state).flatMap((step) => step.changes);
}

/** Steps of no return that have acted: the line is crossed, and the run can only go on. */
export function stepsPastTheLine(state: RunState): PlanStep[] {
  return actedSteps(state).filter((step) => step.reversibility === 'point-of-no-return');
}

/** Undoes all that can be undone. `failed` when something that has an undo could not be undone. */
export async function leadBack(runtime: UndoRuntime): Promise<'aborted' | 'failed'> {
  const { journal } = runtime;
  const past = stepsPastTheLine(journal.state);
  if (past.length > 0) throw new Error(`nothing is undone after ${past.map((s) => s.id).join(', ')}`);
  const unseen = await madeUnseen(runtime);
  // Data that somebody else has made on the way over the line is taken further: writes at the source would be lost then.
  const crossed = unseen.filter((step) => step.reversibility === 'point-of-no-return' || step.phase === 'data');
  for (const step of crossed) {
    const message = `${step.title}: it has been made, although this journal does not say so, so that nothing is undone`;
    await journal.append({ type: 'undo.failed', step: step.id, error: { code: 'LINE_CROSSED', message, next: ['another machine may hold the rest of the journal: dr resume there', `dr ${journal.state.plan.verb} --region ${journal.state.plan.target}    starts anew, from what is there`] } });
  }
  if (crossed.length > 0) return 'failed';
  for (const step of unseen) {
    const message = `${step.title}: it has been done, and this journal does not say by whom, so that it is left as it is`;
    await journal.append({ type: 'undo.failed', step: step.id, error: { code: 'NOT_OURS', message, next: ['another machine may hold the rest of the journal: dr resume there', 'else undo it by hand, then begin anew'] } });
  }
  let complete = unseen.length === 0;
  for (const step of actedSteps(journal.state)) {
    const kind = runtime.kindOf(step);
    if (kind.undo === undefined) {
      const facts = { fact: (name: string) => journal.state.facts.get(name) };
      const message = kind.stays?.(facts, kind.params.parse(step.params)) ?? 'what it did cannot be taken back';
      await journal.append({ type: 'undo.failed', step: step.id, error: { code: 'NO_UNDO', message: `${step.title}: ${message}` } });
    } else {
      complete = (await undoStep(runtime, step, kind)) && complete;
    }
  }
  return complete ? 'aborted' : 'failed';
}

/** Steps whose end state is there or under way, although the journal knows nothing of it. One that cannot be looked at (its region may be gone) holds back nothing. */
async function madeUnseen(runtime: UndoRuntime): Promise<PlanStep[]> {
  const { journal, effects } = runtime;
  const seen = await Promise.all(
    journal.state.plan.steps.map(async (step) => {
      const kind = runtime.kindOf(step);
      const run = journal.state.steps.get(step.id);
      if (run?.state === 'done' || run?.state === 'undone' || run?.actedAt !== undefined) return [];
      if (step.reversibility !== 'point-of-no-return' && kind.made === undefined) return [];
      const tools = { record: () => undefined, wait: () => Promise.reject(new Error('a look does not wait')) };
      try {
        const look = (signal: AbortSignal) => isMade(kind, runtime.context(effects, signal, tools), step);
        return (await withDeadline(effects.clock, LIMITS.checkMs, step.id, undefined, look)) ? [step] : [];
      } catch {
        return [];
      }
    }),
  );
  return seen.flat();
}

async function isMade(kind: StepKind<Json>, ctx: StepContext, step: PlanStep): Promise<boolean> {
  const params = kind.params.parse(step.params);
  if (kind.made !== undefined) return kind.made(ctx, params);
  const { state } = await kind.observe(ctx, params);
  return state === 'reached' || state === 'pending';
}

async function undoStep(runtime: UndoRuntime, step: PlanStep, kind: StepKind<Json>): Promise<boolean> {
  const { journal, effects } = runtime;
  await journal.append({ type: 'undo.intent', step: step.id });
  const trace = traceStep(effects, journal);
  const facts: Record<string, Json> = {};
  for (let attempt = 1; ; attempt++) {
    try {
      await withDeadline(effects.clock, LIMITS.undoMs, `undo of ${step.id}`, undefined, async (signal) => {
        const context = runtime.context(trace.effects, signal, {
          record: (name, value) => void (facts[name] = value),
          wait: waitOf(trace, journal, effects.clock, signal),
        });
        await kind.undo?.(context, kind.params.parse(step.params));
      });
      const seen = Object.keys(facts).length === 0 ? {} : { facts };
      await journal.append({ type: 'undo.done', step: step.id, because: 'as it was before', ...seen, calls: trace.takeCalls() });
      return true;
    } catch (error) {
      if (isSuperseded(error)) throw error;
      const again = error instanceof DeadlineError || (error instanceof AwsError && error.kind !== 'terminal');
      if (!again || attempt >= LIMITS.undoAttempts) {
        await journal.append({ type: 'undo.failed', step: step.id, error: undoError(error), calls: trace.takeCalls() });
        return false;
      }
      await effects.clock.sleep(LIMITS.pollMaxMs);
    }
  }
}

/** What a step throws on purpose to say why it cannot be undone is no defect. */
function undoError(error: unknown) {
  const record = toErrorRecord(error);
  return record.code === 'BUG' ? { code: 'NOT_UNDONE', message: messageOf(error) } : record;
}
