import { dirname } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { ReportFiles } from '../report/write.ts';
import { reportRun } from './run-to-the-end.ts';
import { loadRun } from './runs.ts';

/** Writes the report of a run, from its journal alone. */
export async function report(stateDir: string, run: string): Promise<ReportFiles> {
  const { state, records, store } = await loadRun(stateDir, run);
  return (await reportRun(state, records, dirname(store.path), systemClock.now())).report;
}
