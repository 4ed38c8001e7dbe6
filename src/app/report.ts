import { systemClock } from '../base/clock.ts';
import type { ReportFiles } from '../report/write.ts';
import { evidenceOf, saveReport } from './run-to-the-end.ts';
import { loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';

/** Writes the report of a run, from its journal alone. */
export async function report(place: StatePlace | string, run: string): Promise<ReportFiles> {
  const { state, records, store } = await loadRun(openState(place), run);
  return saveReport(store, evidenceOf(state, records, systemClock.now()));
}
