import { DeadlineError, withDeadline } from '../base/deadline.ts';
import { CallError, messageOf } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { isSuperseded } from '../journal/lease.ts';
import type { PlanStep, StepContext, StepKind } from '../model/step.ts';
import { traitsOf } from '../model/verb.ts';
import { traceStep, waitOf } from './trace.ts';
import { actedSteps, stepsPastTheLine } from './acted.ts';
import { ask, type Run } from './run.ts';
import { toErrorRecord } from './error-records.ts';

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

/** Undoes all that can be undone. `failed` when something that has an undo could not be undone. */
export async function leadBack(run: Run): Promise<'aborted' | 'failed'> {
  const { journal } = run;
  const past = stepsPastTheLine(journal.state);
  if (past.length > 0) throw new Error(`nothing is undone after ${past.map((s) => s.id).join(', ')}`);
  const unseen = await madeUnseen(run);
  // Data that somebody else has made on the way over the line is taken further: writes at the source would be lost then.
  const drills = traitsOf(journal.state.plan.verb).drills;
  // What a drill makes carries nobody's data further.
  const crossed = unseen.filter((step) => !drills && (step.reversibility === 'point-of-no-return' || step.phase === 'data'));
  for (const step of crossed) {
    const message = `${step.title}: it has been made, although this journal does not say so, so that nothing is undone`;
    await journal.append({ type: 'undo.failed', step: step.id, error: { code: 'LINE_CROSSED', message, next: ['another machine may hold the rest of the journal: dr resume there', `dr ${journal.state.plan.verb} --region ${journal.state.plan.target}    starts again, from what is there`] } });
  }
  if (crossed.length > 0) return 'failed';
  for (const step of unseen) {
    const message = `${step.title}: it has been done, and this journal does not say by whom, so that it is left as it is`;
    await journal.append({ type: 'undo.failed', step: step.id, error: { code: 'NOT_OURS', message, next: ['another machine may hold the rest of the journal: dr resume there', 'else undo it by hand, then start again'] } });
  }
  let complete = unseen.length === 0;
  const acted = actedSteps(journal.state, run.steps);
  const withAnother = acted.filter(({ undoneBy }) => acted.some(({ id }) => id === undoneBy));
  for (const step of acted.filter((one) => !withAnother.includes(one))) {
    const kind = run.kindOf(step);
    if (kind.undo === undefined) {
      const facts = { fact: (name: string) => journal.state.facts.get(name) };
      const message = kind.stays?.(facts, step.params) ?? 'what it did cannot be taken back';
      await journal.append({ type: 'undo.failed', step: step.id, error: { code: 'NO_UNDO', message: `${step.title}: ${message}` } });
    } else {
      complete = (await undoStep(run, step)) && complete;
    }
  }
  for (const step of withAnother) {
    if (journal.state.steps.get(step.undoneBy ?? '')?.state === 'undone') await journal.append({ type: 'undo.done', step: step.id, because: `gone with what ${step.undoneBy ?? ''} made` });
  }
  return complete ? 'aborted' : 'failed';
}

/** Steps whose end state is there or under way, although the journal knows nothing of it. One that cannot be looked at (its region may be gone) holds back nothing. */
async function madeUnseen(run: Run): Promise<PlanStep[]> {
  const seen = await Promise.all(
    run.steps.map(async (step) => {
      const known = run.journal.state.steps.get(step.id);
      if (known?.state === 'done' || known?.state === 'undone' || known?.intendedAt !== undefined) return [];
      // What it has done is on a twin, for which the step looks that makes it.
      if (step.undoneBy !== undefined) return [];
      if (step.reversibility !== 'point-of-no-return' && run.kindOf(step).made === undefined) return [];
      try {
        const made = await ask(run, step, { ms: LIMITS.checkMs, cancel: undefined }, (kind, ctx) => isMade(kind, ctx, step));
        return made ? [step] : [];
      } catch {
        return [];
      }
    }),
  );
  return seen.flat();
}

async function isMade(kind: StepKind<Json>, ctx: StepContext, step: PlanStep): Promise<boolean> {
  if (kind.made !== undefined) return kind.made(ctx, step.params);
  const { state } = await kind.observe(ctx, step.params);
  return state === 'reached' || state === 'pending';
}

async function undoStep(run: Run, step: PlanStep): Promise<boolean> {
  const { journal, effects } = run;
  await journal.append({ type: 'undo.intent', step: step.id });
  const trace = traceStep(effects, journal);
  const facts: Record<string, Json> = {};
  for (let attempt = 1; ; attempt++) {
    try {
      await withDeadline(effects.clock, LIMITS.undoMs, `undo of ${step.id}`, undefined, async (signal) => {
        const context = run.context(trace.effects, signal, {
          record: (name, value) => void (facts[name] = value),
          wait: waitOf(trace, journal, effects.clock, signal),
        });
        await run.kindOf(step).undo?.(context, step.params);
      });
      const seen = Object.keys(facts).length === 0 ? {} : { facts };
      await journal.append({ type: 'undo.done', step: step.id, because: 'as it was before', ...seen, calls: trace.takeCalls() });
      return true;
    } catch (error) {
      if (isSuperseded(error)) throw error;
      const again = error instanceof DeadlineError || (error instanceof CallError && error.kind !== 'terminal');
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
