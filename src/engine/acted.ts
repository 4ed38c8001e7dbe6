import type { RunState } from '../journal/state.ts';
import type { Change, PlanStep } from '../model/step.ts';

/** Steps that intended to change something and are not undone, newest first. */
export function actedSteps(state: RunState, steps: readonly PlanStep[] = state.plan.steps): PlanStep[] {
  const acted: { step: PlanStep; at: number }[] = [];
  for (const step of steps) {
    const at = state.steps.get(step.id)?.intendedAt;
    if (at !== undefined) acted.push({ step, at });
  }
  // Of steps that acted in the same millisecond the later in the plan comes first.
  return acted.reverse().sort((a, b) => b.at - a.at).map(({ step }) => step);
}

export function intendedChanges(state: RunState): Change[] {
  return actedSteps(state).flatMap((step) => step.changes);
}

/** Steps of no return that have acted: the line is crossed, and the run can only continue. */
export function stepsPastTheLine(state: RunState): PlanStep[] {
  return actedSteps(state).filter((step) => step.reversibility === 'point-of-no-return');
}
