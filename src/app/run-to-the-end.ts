import type { ExitName } from '../base/exit-codes.ts';
import type { Effects, PersonPort } from '../effects/effects.ts';
import { execute } from '../engine/execute.ts';
import type { JournalRecord, LabTruth, Operator } from '../journal/events.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import type { RunState } from '../journal/state.ts';
import { historyOf } from './history.ts';
import { boundToLab } from './in-lab.ts';
import { loadStepKind } from '../kinds/registry.ts';
import { buildEvidence } from '../report/evidence.ts';
import type { Evidence } from '../report/evidence-schema.ts';
import { evidenceText, renderHtml } from '../report/html.ts';
import { summaryLines } from '../report/summary.ts';
import { wayBackLines } from '../report/way-back.ts';
import { type ReportFiles, writeReport } from '../report/write.ts';

/** How a run is followed and stopped. */
export interface RunWatchers {
  /** Told of every record once it is durable. */
  onRecord: (record: JournalRecord, state: RunState) => void;
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
  /** Lines for a person. */
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
  const end = await execute({ journal, ...bound, operator: parts.operator, drain: parts.drain });
  // Before users are served again there is nothing that the lab could measure.
  if (parts.measureLab !== undefined && end === 'succeeded') await journal.append({ type: 'lab.measured', truth: await parts.measureLab() });
  // Who was stopped here and goes on must not put an old report over that of the next runner.
  await journal.assertHeld();
  const { evidence, report } = await reportRun(journal.state, await store.read(), store, effects.clock.now());
  const unsent = await store.close();
  const summary = [...summaryLines(evidence), ...wayBackLines(journal.state), ...(unsent === undefined ? [] : [`Journal: ${unsent}`])];
  return { state: journal.state, exit: exitOf(journal.state, evidence), report, summary };
}

/** Writes the report of a run beside its journal. */
export async function reportRun(
  state: RunState,
  records: readonly JournalRecord[],
  store: RunStore,
  now: number,
): Promise<{ evidence: Evidence; report: ReportFiles }> {
  const impact = state.impactAt === undefined ? {} : { impact: { at: state.impactAt, source: state.impactSource ?? '--impact-at' } };
  const evidence = buildEvidence(state, records, { madeAt: now, lab: state.lab, ...impact });
  const report = await writeReport(store.folder, evidence);
  await store.publish('report.json', evidenceText(evidence));
  await store.publish('report.html', renderHtml(evidence));
  return { evidence, report };
}

/** The exit code of a run that has ended. */
export function exitOf(state: RunState, evidence: Evidence): ExitName {
  const { outcome } = state;
  if (outcome === undefined) return 'interrupted';
  switch (outcome) {
    case 'failed':
    case 'aborted':
      return 'failed';
    case 'refused':
      return couldNotLook(state) ? 'aws' : 'refused';
    case 'succeeded':
      return evidence.verdict.word === 'met' ? 'ok' : 'objectiveMissed';
  }
}

/** The checks were not answered no, but not answered at all. */
function couldNotLook(state: RunState): boolean {
  const checks = [...state.steps.values()].map((step) => step.check);
  return checks.includes('failed') && !checks.includes('refused');
}
