import { iso, systemClock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import type { Evidence } from '../report/evidence-schema.ts';
import type { ReportFormat } from '../report/formats/formats.ts';
import type { ReportFiles } from '../report/write.ts';
import { stateImpact } from './notes.ts';
import { evidenceOf, saveReport } from './run-to-the-end.ts';
import { type DamagedRun, loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';

interface ReportRequest {
  place: StatePlace;
  /** Default: the newest that can be read. */
  run?: string | undefined;
  /** When users began to suffer, as somebody says afterwards; milliseconds since the epoch. It is noted in the journal, and the report names it as such. */
  impactAt?: number;
  /** Besides the page and the JSON document. */
  formats?: readonly ReportFormat[];
  leftOut?: (run: DamagedRun) => void;
}

interface WrittenReport {
  evidence: Evidence;
  files: ReportFiles;
}

export async function report({ place, run, impactAt, formats = [], leftOut }: ReportRequest): Promise<WrittenReport> {
  const { state, records, store } = await loadRun(openState(place), run, leftOut);
  if (impactAt !== undefined && impactAt !== state.impactAt) {
    if (impactAt > state.startedAt) throw new DrError({ code: 'BAD_TIME', exit: 'usage', title: `--impact-at ${iso(impactAt)} is after the run began (${iso(state.startedAt)}).` });
    await stateImpact({ state: place, run: state.run, clock: systemClock }, impactAt);
    return report({ place, run: state.run, formats });
  }
  const evidence = evidenceOf(state, records);
  return { evidence, files: await saveReport(store, evidence, formats) };
}
