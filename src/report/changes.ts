import { changeOf } from '../journal/requests.ts';
import type { RunState, StepRun } from '../journal/state.ts';
import { canaryFact, isCanary } from '../kinds/databases/facts.ts';
import { fenceOf } from '../kinds/databases/verdict.ts';
import type { PlanStep } from '../model/step.ts';
import type { Evidence } from './evidence-schema.ts';
import { resourceOf } from '../model/step-id.ts';

/*
 * What a run did about each change of its plan. One rule, from its journal alone:
 * - made, requested: this run intended it (or wrote it while it looked, as a canary does), and has or has not seen its end;
 * - no change needed: the step ended without an intent, and an answer showed that what it wants is there;
 * - not made: everything else, with the reason.
 */

type Made = Pick<Evidence['changes'][number], 'made' | 'because'>;

export function changeEvidence(state: RunState): Evidence['changes'] {
  return state.plan.steps.flatMap((step) => {
    const made = changeMade(step, state);
    return step.changes.map(({ resource, field, before, after }) => ({ resource, field, before, after, step: step.id, ...made }));
  });
}

/** What this run did about the changes of a step, and why not, where it did not. */
export function changeMade(step: PlanStep, state: RunState): Made {
  const run = state.steps.get(step.id);
  const change = changeOf(run);
  if (change !== 'not-requested') return { made: change, because: '' };
  if (run === undefined || run.state === 'waiting') return { made: 'not made', because: 'the step did not run' };
  if (isCanary(step)) return { made: wroteCanary(step, run, state), because: '' };
  if (run.state !== 'done' || run.simulated === true) return { made: 'not made', because: run.because };
  const why = whyNotMade(step, run, state);
  return why === undefined ? { made: 'no change needed', because: run.because } : { made: 'not made', because: why };
}

/** It had nothing to send, and said so: that is no success of a notification. */
export function isSkipped(step: PlanStep, run: StepRun | undefined): boolean {
  return run?.state === 'done' && run.attempts === 0 && run.simulated !== true && step.origin === 'common' && step.optional;
}

/** A step that ended without an intent, and without having seen that what it wants is there. */
function whyNotMade(step: PlanStep, run: StepRun, state: RunState): string | undefined {
  const answered = run.calls.some((call) => call.error === undefined);
  const fence = step.phase === 'fence' ? fenceOf(state, resourceOf(step) ?? '') : undefined;
  const open = fence !== undefined && fence.verdict !== 'fenced' && fence.verdict !== 'read-only';
  if (open && answered) return run.because;
  if (open || (!answered && run.calls.length + step.controlPlanes.length > 0)) return `its API did not answer: ${run.because}`;
  return step.origin === 'custom' ? `not by this run: ${run.because}` : undefined;
}

/** It writes its row while it looks, so that one that was cut short may have written it. */
function wroteCanary(step: PlanStep, run: StepRun, state: RunState): Made['made'] {
  return run.state === 'done' && canaryFact.has(state, resourceOf(step) ?? '') ? 'made' : 'requested';
}
