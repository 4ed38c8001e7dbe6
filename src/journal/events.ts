import type { Json } from '../base/json.ts';
import type { Acceptances, ReachedMarks, Refusal, WaitCause } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';

/** The version of the journal: what its records mean. Read by every command before anything else. */
export const JOURNAL_SCHEMA = 'dr.journal/1';

/** Where a run acted: real AWS, the lab (AWS endpoints on loopback, account 000000000000), or in simulated time. Shown wherever a result is shown. */
export type RunMode = 'live' | 'lab' | 'simulated';

export interface CallRecord {
  service: string;
  region: string;
  operation: string;
  requestId?: string;
  at: number;
  ms: number;
  /** AWS's error code, or ours. */
  error?: string;
}

/** Somebody was waited for, `[from, to]` in milliseconds since the epoch. */
export interface WaitRecord {
  cause: WaitCause;
  from: number;
  to: number;
}

export interface Operator {
  /** The caller's ARN, as STS gave it. */
  identity: string;
  user: string;
  host: string;
  pid: number;
  /** Unknown where the system does not tell. */
  machine?: Machine;
}

/** Where a process id is one process and no other. */
export interface Machine {
  /** One start of it, and on Linux the namespace of process ids, which each container has for itself. */
  start: string;
  /** When it was started, milliseconds since the epoch. */
  startedAt: number;
  /** The same after another start. */
  id?: string;
}

export interface ErrorRecord {
  code: string;
  message: string;
  next?: readonly string[];
}

export interface StepOutcome {
  step: string;
  because: string;
  facts?: { readonly [name: string]: Json };
  calls?: readonly CallRecord[];
  /** How many calls were made in all; more than `calls` holds when the list was cut. */
  callCount?: number;
  waits?: readonly WaitRecord[];
}

/** What the lab knows from outside: its client's ledger. Times in milliseconds since the epoch. */
export interface LabTruth {
  /** Last good response before the outage to the first good one after. Undefined: it saw no good one after. */
  clientDowntimeMs?: number | undefined;
  lastGoodAt?: number | undefined;
  firstGoodAt?: number | undefined;
  /** Orders that the client was given are stored. */
  acknowledged: number;
  /** Those of them that are not in the new primary. */
  lost: number;
  /** Those of them that only a region has that does not answer, and that nobody took over from: they come back with it. */
  unreachable?: number | undefined;
  /** First lost order to the outage: the true loss as a time. 0 when nothing was lost. */
  lostSpanMs: number;
  /** In journals of an earlier version, whose lab had a model where PostgreSQL did not run. Absent: real PostgreSQL servers. */
  postgres?: 'real' | 'model' | undefined;
}

/** Many applications that are moved together: in the journal of each of their runs, so that a resume knows the others. */
export interface FleetRecord {
  id: string;
  region: string;
  /** The region that is left, where a person named it. */
  from?: string;
  members: readonly FleetMemberRecord[];
}

interface FleetMemberRecord {
  name: string;
  /** Of the runbook. */
  path: string;
  sha256: string;
  /** Begins when these have succeeded. */
  needs: readonly string[];
  /** Begins when these have ended, whichever way: they share a database. */
  follows: readonly string[];
}

/** The runs of a live drill, in their order: users leave, what they left follows again, users come back, and the other side follows again. */
export type LivePart = 'out' | 'rebuild' | 'home' | 'protect';

export interface LiveDrillRecord {
  /** The same in each of its runs. */
  id: string;
  part: LivePart;
  /** The region that users leave, and come back to. */
  home: string;
  away: string;
  /** When users had to be back at the latest, as was confirmed. Milliseconds since the epoch. */
  backBy: number;
}

export interface RunStarted {
  /** `JOURNAL_SCHEMA` of the version that began it; absent in journals that are older than this field. */
  journal?: string;
  plan: Plan;
  operator: Operator;
  tool: { name: string; version: string; node: string };
  mode: RunMode;
  /** Which lab it acts in. */
  labId?: string;
  /** Milliseconds: when a person confirmed. */
  declaredAt: number;
  /** From the command to the plan: when it began, and whom it waited for. */
  planning?: { from: number; to: number; waits: readonly WaitRecord[] };
  confirmedBy: 'typed' | 'flag' | 'lab';
  fleet?: FleetRecord;
  live?: LiveDrillRecord;
  /** Drills that this run took its application from: they stop before their next change, and their twins stay. */
  stoppedDrills?: readonly string[];
  acceptances: Acceptances;
  /** Fingerprints of the approvers' keys that lie in the home folder of who began it: they are that person's own. */
  initiatorKeys?: readonly string[];
  /** `--impact-at`: when users began to suffer, as a person or an alarm says. Milliseconds since the epoch. */
  impactAt?: number;
  /** Who says so, where it is not the flag. */
  impactSource?: string;
  /** AWS_ENDPOINT_URL and the like, when set: such a run is not one against AWS itself. */
  endpoints: readonly string[];
  git?: { commit: string; dirty: boolean };
}

/** Who wrote a note, as the machine knows them: AWS is not asked. */
export type NoteAuthor = Pick<Operator, 'user' | 'host'>;

/** Something that has to be done about what a run showed. Its number is its place among the issues of the run, from 1. */
export interface IssueNote {
  title: string;
  owner: string;
  /** A day: `2026-12-31`. */
  due: string;
}

/** A fact of a run. The journal is the list of them; everything people see is computed from it. */
export type RunEvent =
  | ({ type: 'run.started' } & RunStarted)
  /** `impactAt`: when the outage began, as a person says now. */
  | { type: 'run.resumed'; operator: Operator; acceptances: Acceptances; impactAt?: number; stoppedDrills?: readonly string[] }
  | { type: 'check.passed'; step: string; because: string; warnings?: readonly string[]; waits?: readonly WaitRecord[] }
  | { type: 'check.refused'; step: string; refusal: Refusal; waits?: readonly WaitRecord[] }
  | { type: 'check.failed'; step: string; error: ErrorRecord; waits?: readonly WaitRecord[] }
  | { type: 'checks.green' }
  | { type: 'step.started'; step: string }
  /** Durable before the call that changes something. */
  /** Its facts are what the step has seen so far, e.g. what an undo would restore. */
  | { type: 'step.intent'; step: string; attempt: number; because: string; facts?: { readonly [name: string]: Json } }
  /** Its facts survive a crash before the step's end, e.g. the id of a change that is to be waited for. */
  | { type: 'step.acted'; step: string; attempt: number; calls: readonly CallRecord[]; facts?: { readonly [name: string]: Json } }
  /** The act gave no clear answer, or a retryable one: observed again before anything else. `unsent`: nothing was changed, for no request was sent, or AWS turned it away. */
  | { type: 'step.unclear'; step: string; attempt: number; error: ErrorRecord; calls: readonly CallRecord[]; unsent?: true }
  /**
   * What a step has to say while it waits: its looks have had no answer for a while (told once until one is answered), it cannot show yet, AWS
   * gives a reason, or the run decides again.
   */
  | { type: 'step.silent'; step: string; because: string }
  | ({ type: 'step.done'; already: boolean } & ReachedMarks & StepOutcome)
  /** `unsent`: its last intent is in the journal, and nothing was changed by it. */
  | ({ type: 'step.refused'; refusal: Refusal; unsent?: true } & StepOutcome)
  | ({ type: 'step.failed'; error: ErrorRecord; unsent?: true } & StepOutcome)
  /** A person is needed and nobody could be asked. What else can run continues; then the run is interrupted. */
  | ({ type: 'step.paused' } & StepOutcome)
  /** A guard: everything else has ended before what it waits for was there. */
  | ({ type: 'step.unmet' } & StepOutcome)
  /**
   * From here on the run only rolls back; `operator` is a person who asked for it, and absent when the run does it by itself. `ended`: of a
   * drill, how it ended before its twins are deleted.
   */
  | { type: 'undo.started'; because: string; operator?: Operator; ended?: RunOutcome | 'interrupted' }
  /** The steps of a drill are over, and a person wants to look at its twins: they stay until somebody deletes them, at the latest when that is due. Milliseconds. */
  | { type: 'drill.kept'; until: number; ended: RunOutcome }
  /** Abort, or the way back before the line: durable before the call that undoes. */
  | { type: 'undo.intent'; step: string }
  | { type: 'undo.done'; step: string; because: string; facts?: { readonly [name: string]: Json }; calls?: readonly CallRecord[] }
  /** It could not be undone, or must not be: says why. The run continues undoing the rest. `NO_UNDO`: the step has no way back. */
  | { type: 'undo.failed'; step: string; error: ErrorRecord; calls?: readonly CallRecord[] }
  | { type: 'probe.changed'; probe: string; up: boolean; status: number; address?: string; error?: string; sampledAt: number }
  | { type: 'probe.summary'; probe: string; samples: number; failed: number; lastUp: boolean }
  | { type: 'run.interrupted'; signal: string }
  /** In the lab, after the end: what its client saw and what the surviving database holds. */
  | { type: 'lab.measured'; truth: LabTruth }
  | { type: 'run.finished'; outcome: RunOutcome }
  | NoteEvent;

/** Written after the end of a run, which stays as it ended: `outcome` repeats how. */
export type NoteEvent =
  | { type: 'issue.added'; issue: IssueNote; by: NoteAuthor; outcome: RunOutcome }
  | { type: 'issue.closed'; number: number; note: string; by: NoteAuthor; outcome: RunOutcome }
  /** When users began to suffer, as a person says afterwards. Milliseconds since the epoch. */
  | { type: 'impact.stated'; impactAt: number; by: NoteAuthor; outcome: RunOutcome }
  /** A person stands for the run with a signature: `text` is the statement of a sign-off, which names all records before this one. */
  | { type: 'run.signed'; text: string; signature: string; by: NoteAuthor; outcome: RunOutcome };

/** `aborted`: ended by a person, or rolled back by itself before the line. */
export type RunOutcome = 'succeeded' | 'failed' | 'refused' | 'aborted';

/** A line of the journal file: an event, its place and its chain. */
export type JournalRecord = RunEvent & {
  /** From 0, without gaps. */
  seq: number;
  run: string;
  term: number;
  /** Milliseconds since the epoch, never smaller than the record before. */
  at: number;
  /** `hash` of the record before; 64 zeros for the first. */
  prev: string;
  /** SHA-256 of the canonical JSON of everything else in the record. */
  hash: string;
};
