import type { ExitName } from '../base/exit-codes.ts';
import { messageOf } from '../base/errors.ts';
import type { Effects, PersonPort } from '../effects/effects.ts';
import { execute } from '../engine/execute.ts';
import type { JournalRecord, LabTruth, Operator } from '../journal/events.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import { keptUntil, leftBehind, type RunState } from '../journal/state.ts';
import { leftByStopped, leftTwinsLine } from './left-twins.ts';
import { historyOf } from './history.ts';
import { boundToLab } from './in-lab.ts';
import { loadStepKind } from '../kinds/registry.ts';
import { buildEvidence } from '../report/evidence.ts';
import type { Evidence } from '../report/evidence-schema.ts';
import { FORMATS, type ReportFormat } from '../report/formats/formats.ts';
import { summaryLines } from '../report/summary.ts';
import { wayBackLines } from '../report/next-steps.ts';
import { type ReportFiles, writeReport } from '../report/write.ts';
import { teller } from './tell.ts';
import { toolVersion } from './version.ts';
import { withEnd } from '../base/with-end.ts';
import type { Lease } from '../journal/lease.ts';

export interface RunWatchers {
  /** Told of every record once it is durable. */
  onRecord: (record: JournalRecord, state: RunState) => void;
  /** Told what is no record, in one line: the state has gone away, or is back. */
  onMessage?: (text: string) => void;
  /** Aborted when a person asks to stop. */
  drain: AbortSignal;
  /** Whom manual steps ask; undefined where nobody sits at a terminal. */
  person?: PersonPort;
  /** In the lab: what its client saw, asked when the steps have ended. */
  measureLab?(): Promise<LabTruth>;
}

export interface RunResult {
  state: RunState;
  exit: ExitName;
  report?: ReportFiles;
  summary: string[];
  /** False where the world that it ran in is gone: its lab has ended. */
  resumable?: boolean;
}

/** Executes what is left of a journal's plan, then writes the report. */
export async function runToTheEnd(
  parts: RunWatchers & { journal: Journal; state: StateStore; store: RunStore; effects: Effects; operator: Operator },
): Promise<RunResult> {
  const { journal, store } = parts;
  const effects: Effects = {
    ...parts.effects,
    ...(parts.person === undefined ? {} : { person: parts.person }),
    approvals: { files: () => store.approvals() },
    history: historyOf(parts.state, journal.state, parts.effects.clock),
  };
  const bound = boundToLab({ effects, stepKind: loadStepKind }, journal.state);
  const news = teller(effects, journal.state);
  const [begun] = await store.read().then((records) => records.slice(-1), () => []);
  if (begun !== undefined) news.onRecord(begun, journal.state);
  journal.follow((record, state) => news.onRecord(record, state));
  const end = await execute({ journal, ...bound, operator: parts.operator, drain: parts.drain });
  const notes: string[] = [];
  const note = (what: string, error: unknown): undefined => void notes.push(`Warning: ${what} (${messageOf(error)})`);
  // Before users are served again there is nothing that the lab could measure.
  if (parts.measureLab !== undefined && end === 'succeeded') {
    const truth = await parts.measureLab().catch((error: unknown) => note('the lab could not measure this run', error));
    if (truth !== undefined) await journal.append({ type: 'lab.measured', truth });
  }
  for (const line of await news.end()) notes.push(`Warning: ${line}`);
  for (const left of await leftByStopped(parts.state, journal.state.stoppedDrills)) notes.push(leftTwinsLine(left));
  // The run has ended: from here on nothing may hide how.
  const told = await tellEnd(journal, store, note);
  const unsent = await store.close().catch((error: unknown) => note('the journal could not be closed', error));
  return { ...told, summary: [...told.summary, ...(unsent === undefined ? [] : [`Journal: ${unsent}`]), ...notes] };
}

/** Writes the report. What of it fails is noted, and takes nothing from the result. */
async function tellEnd(journal: Journal, store: RunStore, note: (what: string, error: unknown) => undefined): Promise<RunResult> {
  const { state } = journal;
  const noReport = `there is no report yet. Make it with: dr report ${state.run}`;
  let records: readonly JournalRecord[];
  try {
    records = await store.read();
    if (records.at(-1)?.hash !== state.head) throw new Error('the journal does not end with what this run wrote last');
  } catch (error) {
    note(noReport, error);
    return { state, exit: state.outcome === undefined ? 'interrupted' : 'journal', summary: [`Run ${state.run}: ${state.outcome ?? 'interrupted'}`] };
  }
  const evidence = evidenceOf(state, records);
  const result = { state, exit: exitOf(state, evidence), summary: [...summaryLines(evidence), ...wayBackLines(state)] };
  try {
    // Who was stopped here and continues must not put an old report over that of the next runner.
    await journal.assertHeld();
    return { ...result, report: await saveReport(store, evidence) };
  } catch (error) {
    note(noReport, error);
    return result;
  }
}

/** What the journal of a run proves. */
export function evidenceOf(state: RunState, records: readonly JournalRecord[]): Evidence {
  const impact = state.impactAt === undefined ? {} : { impact: { at: state.impactAt, source: state.impactSource ?? 'given by --impact-at' } };
  const { name, version } = toolVersion();
  return buildEvidence(state, records, { madeBy: { name, version }, lab: state.lab, ...impact });
}

/** Writes the report of a run beside its journal, in these formats as well. @throws DrError REPORT_NOT_WRITTEN */
export async function saveReport(store: RunStore, evidence: Evidence, more: readonly ReportFormat[] = []): Promise<ReportFiles> {
  const report = await writeReport(store.folder, evidence, more);
  for (const format of Object.keys(report) as ReportFormat[]) await store.publish(FORMATS[format].file, FORMATS[format].render(evidence));
  return report;
}

export function exitOf(state: RunState, evidence: Evidence): ExitName {
  const { outcome } = state;
  if (outcome === undefined) return keptUntil(state) === undefined ? 'interrupted' : 'leftBehind';
  if (leftBehind(state).length > 0) return 'leftBehind';
  switch (outcome) {
    case 'failed':
    case 'aborted':
      return 'failed';
    case 'refused':
      return couldNotLook(state) ? 'aws' : 'refused';
    case 'succeeded':
      return evidence.verdict.word === 'met' ? 'ok' : evidence.verdict.word === 'missed' ? 'objectiveMissed' : 'notMeasured';
  }
}

/** The checks were not answered no, but not answered at all. */
function couldNotLook(state: RunState): boolean {
  const checks = [...state.steps.values()].map((step) => step.check);
  return checks.includes('failed') && !checks.includes('refused');
}

/** Does the work of a run, then closes its journal and gives its locks back. If that fails, the result has a warning line. */
export function thenGiveBack(store: RunStore, lease: Lease, work: () => Promise<RunResult>): Promise<RunResult> {
  const giveBack = async (): Promise<void> => {
    const closed = await store.close().then(() => undefined, (error: unknown) => ({ error }));
    await lease.release();
    if (closed !== undefined) throw closed.error;
  };
  return withEnd(work, giveBack, (error, result) => ({ ...result, summary: [...result.summary, notGivenBack(error, result.state.run)] }));
}

function notGivenBack(error: unknown, run: string): string {
  return `Warning: the lock of run ${run} could not be given back: ${messageOf(error)}. If another run finds it held: dr takeover ${run}`;
}
