import type { RunEvent } from '../journal/events.ts';
import type { StepState } from '../journal/state.ts';

/*
 * What a step can go through, as a table. `run-step.ts` follows it; ARCHITECTURE.md's diagram and the test that
 * every state is reachable and every wait has an end are made from it.
 *
 * Invariants:
 * 1. `acting` is entered only through `step.intent`, which is durable before the call.
 * 2. From `acting` there is no way to `acting` but through `observing`: an unclear act is never repeated blindly.
 * 3. Every state that waits (`observing`, `verifying`) has a row for the end of its time.
 */

export type StepEvent =
  | 'start'
  | 'reached'
  | 'absent'
  | 'further'
  | 'pending'
  | 'acted'
  | 'unclear'
  | 'refused'
  | 'paused'
  | 'impossible'
  | 'time-up'
  | 'over';

interface Transition {
  from: StepState;
  on: StepEvent;
  to: StepState;
  /** The journal record of the transition; none where nothing changes but the time. */
  journal?: RunEvent['type'];
  why: string;
}

export const TRANSITIONS: readonly Transition[] = [
  { from: 'waiting', on: 'start', to: 'observing', journal: 'step.started', why: 'all steps before it are done' },
  { from: 'observing', on: 'reached', to: 'done', journal: 'step.done', why: 'the wanted state is there already' },
  { from: 'observing', on: 'pending', to: 'observing', why: 'it is on its way: look again' },
  { from: 'observing', on: 'absent', to: 'acting', journal: 'step.intent', why: 'the wanted state is missing' },
  { from: 'observing', on: 'unclear', to: 'observing', why: 'the look failed: look again' },
  { from: 'observing', on: 'refused', to: 'refused', journal: 'step.refused', why: 'a gate says no' },
  { from: 'observing', on: 'paused', to: 'paused', journal: 'step.paused', why: 'a person is needed, and nobody can be asked' },
  { from: 'observing', on: 'impossible', to: 'failed', journal: 'step.failed', why: 'it can no longer be reached' },
  { from: 'observing', on: 'time-up', to: 'failed', journal: 'step.failed', why: 'the limit of the step is up' },
  { from: 'observing', on: 'over', to: 'unmet', journal: 'step.unmet', why: 'a guard: everything else has ended' },
  { from: 'acting', on: 'acted', to: 'verifying', journal: 'step.acted', why: 'the request was accepted' },
  { from: 'acting', on: 'unclear', to: 'observing', journal: 'step.unclear', why: 'it may or may not have happened' },
  { from: 'acting', on: 'refused', to: 'refused', journal: 'step.refused', why: 'the state changed under the step' },
  { from: 'acting', on: 'impossible', to: 'failed', journal: 'step.failed', why: 'AWS refused the request' },
  { from: 'verifying', on: 'reached', to: 'done', journal: 'step.done', why: 'the end state was observed' },
  { from: 'verifying', on: 'pending', to: 'verifying', why: 'AWS is at work: look again' },
  { from: 'verifying', on: 'absent', to: 'observing', journal: 'step.unclear', why: 'accepted, but no sign of it' },
  { from: 'verifying', on: 'further', to: 'observing', why: 'what was asked for is there, and another change is due' },
  { from: 'verifying', on: 'unclear', to: 'verifying', why: 'the look failed: look again' },
  { from: 'verifying', on: 'refused', to: 'refused', journal: 'step.refused', why: 'a gate says no' },
  { from: 'verifying', on: 'impossible', to: 'failed', journal: 'step.failed', why: 'it can no longer be reached' },
  { from: 'verifying', on: 'time-up', to: 'failed', journal: 'step.failed', why: 'the limit of the step is up' },
  { from: 'verifying', on: 'over', to: 'unmet', journal: 'step.unmet', why: 'a guard: everything else has ended, and its end state did not show' },
];

/** States that a step does not leave within a run. A guard that is `unmet` begins again where its last look has grown old: see guards.ts. */
export const END_STATES: ReadonlySet<StepState> = new Set(['done', 'refused', 'failed', 'paused', 'unmet']);

const BY_KEY = new Map(TRANSITIONS.map((row) => [`${row.from}/${row.on}`, row]));

/** The row for an event. @throws Error when the table has none: such an event cannot happen in that state. */
export function transition(from: StepState, on: StepEvent): Transition {
  const row = BY_KEY.get(`${from}/${on}`);
  if (row === undefined) throw new Error(`a step that is ${from} cannot take the event ${on}`);
  return row;
}
