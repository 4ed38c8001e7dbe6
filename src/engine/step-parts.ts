import type { ErrorRecord } from '../journal/events.ts';
import type { ReachedMarks, Refusal, Verdict, WaitCause } from '../model/step.ts';
import type { StepEvent } from './transitions.ts';

/** How a step left the engine's hands. An interrupted step is looked at again by a resume. */
export type StepEnd = 'done' | 'refused' | 'failed' | 'paused' | 'unmet' | 'interrupted';

/** What a step has tried in this process, in all rounds. What AWS turned away does not count as made. */
export interface Tries {
  made: number;
  /** Since when AWS turns each of its requests away because there are too many. */
  awaySince?: number | undefined;
  /** How the last one ended, to be added to a sentence. */
  last: string;
}

export interface StepOptions {
  /** Of a guard: aborted when everything else has ended. */
  over?: AbortSignal | undefined;
  /** Called before each act and its first late request: a check that is too old is made again, and may refuse. `again`: the run decides again first. */
  recheck(): Promise<Verdict | 'again'>;
  /** Called when what was intended, maybe by a process that died before it could say more, is seen to be under way. */
  underWay(): void;
  /** Called when a person was waited for so long that what was decided before has to be decided again. */
  decideAgain(): void;
  tries: Tries;
  pastTheLine(): boolean;
  /** How long looks may stay without any answer, milliseconds. */
  patienceMs(): number;
}

export interface Happening {
  event: StepEvent;
  because: string;
  waitingFor?: WaitCause;
  refusal?: Refusal;
  /** The intent is durable, and nothing was changed: no request was sent, or AWS turned it away. */
  unsent?: true;
  error?: ErrorRecord;
  marks?: ReachedMarks;
}
