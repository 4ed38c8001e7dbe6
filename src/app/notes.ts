import { messageOf, DrError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import { type Ids, systemIds } from '../base/ids.ts';
import { withEnd } from '../base/with-end.ts';
import { sha256 } from '../base/json.ts';
import type { Approver } from '../approvals/people.ts';
import { type SignOff, signOffText } from '../approvals/sign-off.ts';
import type { JournalRecord, NoteEvent, RunOutcome } from '../journal/events.ts';
import { Journal } from '../journal/journal.ts';
import type { Lease } from '../journal/lease.ts';
import type { StateStore } from '../journal/state-store.ts';
import { isOver, type RunState } from '../journal/state.ts';
import type { Evidence } from '../report/evidence-schema.ts';
import { evidenceText } from '../report/html.ts';
import { approversOf, signOffEvidence, signOffSubject } from '../report/notes-evidence.ts';
import type { ReportFiles } from '../report/write.ts';
import { leaseAll } from './locks.ts';
import { thisOperator } from './operator.ts';
import { evidenceOf, saveReport } from './run-to-the-end.ts';
import { loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';
import { toolVersion } from './version.ts';

/*
 * Notes that people write into the journal of a run that has ended: issues, and sign-offs. They are records of its chain like any other.
 * AWS is not asked, so that anyone who has the state can write them.
 */

interface NoteParts {
  state: StatePlace;
  run: string;
  clock: Clock;
  ids?: Ids;
}

export interface NoteResult {
  state: RunState;
  evidence: Evidence;
  report: ReportFiles;
  /** What the bucket did not take, in words. */
  unsent: string | undefined;
}

/** Of an event all but what is the same for each. */
type Draft<E> = E extends NoteEvent ? Omit<E, 'by' | 'outcome'> : never;

/** Adds an issue to a run. @throws DrError: no such run, not ended, held by somebody */
export function addIssue(parts: NoteParts, issue: { title: string; owner: string; due: string }): Promise<NoteResult> {
  return writeNote(parts, () => ({ type: 'issue.added', issue }));
}

/** Notes when users began to suffer. @throws DrError as `addIssue` */
export function stateImpact(parts: NoteParts, impactAt: number): Promise<NoteResult> {
  return writeNote(parts, () => ({ type: 'impact.stated', impactAt }));
}

/** Closes an issue. @throws DrError as `addIssue`, and where there is no such open issue */
export function closeIssue(parts: NoteParts, number: number, note: string): Promise<NoteResult> {
  return writeNote(parts, (state) => {
    const issue = state.issues.find((one) => one.number === number);
    if (issue?.closed === undefined && issue !== undefined) return { type: 'issue.closed', number, note };
    const open = state.issues.filter(({ closed }) => closed === undefined);
    throw new DrError({
      code: 'ISSUE_UNKNOWN',
      exit: 'usage',
      title: issue === undefined ? `Run ${state.run} has no issue ${number}.` : `Issue ${number} of run ${state.run} is closed already.`,
      next: open.length === 0 ? [`dr report ${state.run}    shows what the run says`] : open.map((one) => `${one.number}    ${one.title} (${one.owner}, due ${one.due})`),
    });
  });
}

/** Whom the runbook of a run names, with their keys. @throws DrError where there is no such run */
export async function peopleOf({ state: place, run }: NoteParts): Promise<Approver[]> {
  return approversOf((await loadRun(openState(place), run)).state);
}

/** What a person signs: the run as it stands now, with its report. */
export async function signOffFor({ state: place, run, clock }: NoteParts, by: { name: string; comment: string }): Promise<{ text: string; state: RunState; evidence: Evidence }> {
  const { state, records } = await loadRun(openState(place), run);
  refuseOpen(state);
  return { ...statement(state, records, by, clock.now()), state };
}

function statement(state: RunState, records: readonly JournalRecord[], by: { name: string; comment: string }, now: number): { text: string; evidence: Evidence } {
  const evidence = evidenceOf(state, records);
  const { name, version } = toolVersion();
  const before = { head: state.head, records: state.records, outcome: state.outcome };
  const signOff: SignOff = { ...signOffSubject(state, before), report: sha256(evidenceText(evidence)), tool: `${name} ${version}`, ...by, signed: now };
  return { text: signOffText(signOff), evidence };
}

/** Writes a sign-off, once its signature is seen to count. @throws DrError as `addIssue`, and where it does not count */
export function keepSignOff(parts: NoteParts, signed: { text: string; signature: string }): Promise<NoteResult> {
  return writeNote(parts, (state) => {
    const before = { head: state.head, records: state.records, outcome: state.outcome };
    const [judged] = signOffEvidence({ ...state, signatures: [{ ...signed, at: parts.clock.now(), by: author(), before }] });
    if (judged?.verified !== 'not valid') return { type: 'run.signed', ...signed };
    throw new DrError({ code: 'SIGN_OFF_REFUSED', exit: 'refused', title: 'The signature does not count. Nothing was written.', detail: judged.because, next: [`dr sign ${state.run}    signs the run as it stands now`] });
  });
}

/** Under a lock, the journal read again: nobody else writes on it meanwhile. */
async function writeNote(parts: NoteParts, draft: (state: RunState) => Draft<NoteEvent>): Promise<NoteResult> {
  const { clock, ids = systemIds } = parts;
  const place = openState(parts.state);
  const { state: before } = await loadRun(place, parts.run);
  const outcome = refuseOpen(before);
  draft(before);
  const lease = await leaseFor(parts, place, before, { clock, ids });
  const store = place.run(before.run, () => lease.assertHeld());
  const write = async (): Promise<string | undefined> => {
    const records = await store.read();
    const journal = new Journal({ store, clock, run: before.run, term: lease.term, records });
    refuseOpen(journal.state);
    await journal.append({ ...draft(journal.state), by: author(), outcome });
    return store.close();
  };
  const unsent = await withEnd(write, () => lease.release(), (error) => `the lock could not be given back: ${messageOf(error)}`);
  const { state, records, store: readable } = await loadRun(place, before.run);
  const evidence = evidenceOf(state, records);
  return { state, evidence, report: await saveReport(readable, evidence), unsent };
}

/**
 * A run that is over needs no lock but one of its own notes: its application may be held by the next run. In a bucket not even that: no
 * record can be written twice there. One that a resume can continue is held as a resume holds it.
 */
async function leaseFor(parts: NoteParts, place: StateStore, state: RunState, { clock, ids }: { clock: Clock; ids: Ids }): Promise<Lease> {
  const request = { run: state.run, operator: thisOperator(''), now: clock.now(), ids, above: state.term };
  if (!isOver(state)) return leaseAll(place, state.plan, state.endpoints, request);
  const inBucket = typeof parts.state !== 'string' && parts.state.s3 !== undefined;
  const lock = `notes-${state.run}`;
  // Held by a process and not by the run, which is over.
  return place.lease({ ...request, lock, ...(inBucket ? { force: true } : { run: lock }) }).catch((error: unknown) => {
    if (!(error instanceof DrError) || error.exit !== 'busy') throw error;
    throw new DrError({ code: 'NOTE_BUSY', exit: 'busy', title: `Somebody else writes a note on run ${state.run} now.`, next: ['the same command again'], cause: error });
  });
}

function author(): { user: string; host: string } {
  const { user, host } = thisOperator('');
  return { user, host };
}

function refuseOpen(state: RunState): RunOutcome {
  if (state.outcome !== undefined) return state.outcome;
  throw new DrError({
    code: 'RUN_NOT_ENDED',
    exit: 'refused',
    title: `Run ${state.run} has not ended: there is nothing to sign or to note yet.`,
    next: [`dr status ${state.run}`, `dr resume ${state.run}`],
  });
}

