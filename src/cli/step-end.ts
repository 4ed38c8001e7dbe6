import type { RunState, StepRun } from '../journal/state.ts';
import type { PlanStep, Says } from '../model/step.ts';
import { changeMade, isSkipped } from '../report/changes.ts';
import type { Style } from './text.ts';

/** How a step that has ended is to be read: only what was made, was there, or was passed is `done`. */
export type StepEnd = 'done' | 'simulated' | 'skipped' | 'not made' | Says;

/** Of a step that has ended; undefined of any other. A signal is neither good nor bad: it says what it saw. */
export function endOf(step: PlanStep, run: StepRun, state: RunState): StepEnd | undefined {
  if (run.state !== 'done') return undefined;
  if (run.simulated === true) return 'simulated';
  if (isSkipped(step, run)) return 'skipped';
  if (run.says !== undefined) return run.says;
  return step.changes.length > 0 && changeMade(step, state).made === 'not made' ? 'not made' : 'done';
}

/** Each has a mark of its own: colour carries nothing alone. */
export const END_MARKS: Record<StepEnd, readonly [mark: string, style: Style]> = {
  done: ['✔', 'green'],
  simulated: ['–', 'yellow'],
  skipped: ['–', 'yellow'],
  'not judged': ['–', 'yellow'],
  'not made': ['–', 'yellow'],
  down: ['↓', 'cyan'],
  up: ['↑', 'cyan'],
  unknown: ['?', 'yellow'],
};
