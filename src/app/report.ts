import { iso, systemClock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import type { ReportFiles } from '../report/write.ts';
import { stateImpact } from './notes.ts';
import { evidenceOf, saveReport } from './run-to-the-end.ts';
import { type DamagedRun, loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';

export interface ReportRequest {
  place: StatePlace | string;
  /** Default: the newest that can be read. */
  run?: string | undefined;
  /** When users began to suffer, as somebody says afterwards; milliseconds since the epoch. It is noted in the journal, and the report names it as such. */
  impactAt?: number;
  leftOut?: (run: DamagedRun) => void;
}

/** Writes the report of a run, from its journal alone. */
export async function report({ place, run, impactAt, leftOut }: ReportRequest): Promise<ReportFiles> {
  const { state, records, store } = await loadRun(openState(place), run, leftOut);
  if (impactAt === undefined || impactAt === state.impactAt) return saveReport(store, evidenceOf(state, records));
  if (impactAt > state.startedAt) {
    throw new DrError({ code: 'BAD_TIME', exit: 'usage', title: `--impact-at ${iso(impactAt)} is after the run began (${iso(state.startedAt)}).` });
  }
  return (await stateImpact({ state: place, run: state.run, clock: systemClock }, impactAt)).report;
}
