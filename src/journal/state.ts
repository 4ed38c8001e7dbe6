import type { Json } from '../base/json.ts';
import type { Refusal, Says } from '../model/step.ts';
import { traitsOf } from '../model/verb.ts';
import type { CallRecord, ErrorRecord, IssueNote, LabTruth, NoteAuthor, Operator, RunOutcome, RunStarted, WaitRecord } from './events.ts';

/** Where a step stands. The last six are ends. `paused`: a person is needed; a resume looks again. `unmet`: a guard whose run ended first. */
export type StepState = 'waiting' | 'observing' | 'acting' | 'verifying' | 'done' | 'refused' | 'failed' | 'undone' | 'paused' | 'unmet';

export interface StepRun {
  id: string;
  state: StepState;
  check: 'none' | 'passed' | 'refused' | 'failed';
  warnings: readonly string[];
  /** The sentence that explains the state. */
  because: string;
  /** Its last answer, and when, milliseconds. What a later check only says of itself does not replace it. */
  answer?: { because: string; at: number };
  startedAt?: number;
  /** When it was last begun: by a resume of the run, or for a decision that is made again. */
  begunAt?: number;
  endedAt?: number;
  attempts: number;
  /** Requests of which the journal does not say that they were not sent. */
  requests: number;
  /** When it first intended to change something that is not undone, milliseconds. */
  intendedAt?: number;
  /** When its request was first accepted, or may have been, milliseconds. */
  requestedAt?: number;
  /** When its end state was last seen, with no request since, milliseconds. It stays when the step is looked at once more. */
  reachedAt?: number;
  /** The wanted state was there before the step acted. */
  already: boolean;
  /** Nothing was done: the run is one in the lab. */
  simulated?: true;
  /** What it saw, where it only looked. */
  says?: Says;
  calls: readonly CallRecord[];
  callCount: number;
  waits: readonly WaitRecord[];
  error?: ErrorRecord;
  /** It acted, the run rolled back, and this could not be undone: why. */
  notUndone?: ErrorRecord;
  refusal?: Refusal;
}

/** One change of a probe between up and down; the first sample is one too. */
export interface ProbeChange {
  at: number;
  up: boolean;
  status: number;
  address?: string;
  error?: string;
}

export interface ProbeRun {
  name: string;
  changes: readonly ProbeChange[];
  samples: number;
  failed: number;
}

interface RunIssue extends IssueNote {
  /** From 1. */
  number: number;
  at: number;
  by: NoteAuthor;
  closed?: { at: number; by: NoteAuthor; note: string };
}

/** A sign-off as the journal holds it, unverified. */
export interface RunSignature {
  text: string;
  signature: string;
  at: number;
  by: NoteAuthor;
  /** What it has to name: the head, and how many records there were, before it was written. */
  before: { head: string; records: number; outcome: RunOutcome | undefined };
}

/** Everything known about a run, folded from its journal and from nothing else (`fold.ts`). Terminal, status, report and resume read this. */
export interface RunState extends Readonly<RunStarted> {
  run: string;
  term: number;
  /** Operators who resumed it, in order. */
  resumedBy: readonly Operator[];
  startedAt: number;
  /** Time of the last record of the run itself. Notes that people write afterwards do not move it. */
  lastAt: number;
  /** Time of the last record of all. */
  notedAt: number;
  endedAt?: number;
  outcome?: RunOutcome;
  interrupted: boolean;
  /** Since when, and why, the run only rolls back. */
  leadingBack?: { at: number; because: string; by?: Operator; ended?: RunOutcome | 'interrupted' };
  /** Of a drill: until when its twins were to be kept, and how it ended before. Milliseconds. */
  kept?: { until: number; ended: RunOutcome };
  checksGreen: boolean;
  /** In the lab: the truth from outside. */
  lab?: LabTruth;
  /** By id, in the order of the plan. */
  steps: ReadonlyMap<string, StepRun>;
  facts: ReadonlyMap<string, Json>;
  probes: ReadonlyMap<string, ProbeRun>;
  issues: readonly RunIssue[];
  signatures: readonly RunSignature[];
  records: number;
  /** Hash of the last record: what a report is a report of. */
  head: string;
}

/** Codes of what is not undone and leaves nothing behind: there is no undo, or only a comparison failed. */
const LEAVES_NOTHING: ReadonlySet<string> = new Set(['NO_UNDO', 'PRODUCTION_CHANGED']);

/** Steps of a drill whose twins may still be there. */
export function leftBehind(state: RunState): StepRun[] {
  if (!traitsOf(state.plan.verb).drills) return [];
  return [...state.steps.values()].filter(({ intendedAt, notUndone }) => intendedAt !== undefined && !LEAVES_NOTHING.has(notUndone?.code ?? ''));
}

/** When the clean-up of twins that a person wanted to keep is due, milliseconds; undefined where none are kept any more. */
export function keptUntil(state: Pick<RunState, 'kept' | 'leadingBack' | 'outcome'>): number | undefined {
  return state.leadingBack === undefined && state.outcome === undefined ? state.kept?.until : undefined;
}

/** It has succeeded, or was rolled back as a whole: nothing of it is left to do. A drill is over, however it ended, when nothing of it is left. */
export function isOver(state: RunState): boolean {
  if (traitsOf(state.plan.verb).drills) return state.outcome !== undefined && leftBehind(state).length === 0;
  return state.outcome === 'succeeded' || state.outcome === 'aborted';
}
