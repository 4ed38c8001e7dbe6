import type { PlanStep } from '../model/step.ts';
import type { RunState, StepRun } from './state.ts';

/*
 * What a journal says about the change that a step makes. One rule, for terminal, status, report and JSON:
 * a request whose end was not seen counts as made, however the run stopped, until its end state is seen or it is undone.
 */

/** `requested`: the intent is in the journal, and no end: it may have been made. `made`: by this run, and seen. */
type ChangeState = 'not-requested' | 'requested' | 'made' | 'undone';

/** What is known of the change of a step. A step that found its end state there has requested nothing. */
export function changeOf(run: StepRun | undefined): ChangeState {
  if (run === undefined || run.simulated === true) return 'not-requested';
  if (run.state === 'undone') return 'undone';
  if (run.reachedAt !== undefined) return run.requests > 0 ? 'made' : 'not-requested';
  // Somebody else has made it: another machine may hold the rest of this journal.
  return run.intendedAt !== undefined || run.notUndone?.code === 'LINE_CROSSED' ? 'requested' : 'not-requested';
}

/** A change that was requested, and whose end was not seen. */
interface OpenRequest {
  step: PlanStep;
  run: StepRun;
}

/** Requests of a run whose end was not seen, in the order of its plan. */
export function openRequests(state: RunState): OpenRequest[] {
  return state.plan.steps.flatMap((step) => {
    const run = state.steps.get(step.id);
    return run !== undefined && changeOf(run) === 'requested' ? [{ step, run }] : [];
  });
}

/** A step of no return was requested or made: nothing is rolled back any more. */
export function pastTheLine(state: RunState): boolean {
  return state.plan.steps.some(({ id, reversibility }) => {
    const run = state.steps.get(id);
    return reversibility === 'point-of-no-return' && ((run?.reachedAt !== undefined && run.simulated !== true) || changeOf(run) === 'requested');
  });
}
