import { dirname } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { iso } from '../base/clock.ts';
import { DrError, messageOf } from '../base/errors.ts';
import { renderHistory } from '../report/portfolio/history-page.ts';
import { type ApplicationView, applicationViews, type ToldRun } from '../report/portfolio/rows.ts';
import { writeWhole } from '../report/write.ts';
import type { RunState } from '../journal/state.ts';
import type { StateStore } from '../journal/state-store.ts';
import { partsOfRunId } from '../base/ids.ts';
import { evidenceOf } from './run-to-the-end.ts';
import { type DamagedRun, loadAllRuns, loadRun } from './runs.ts';
import { openState, type StatePlace } from './state.ts';
import { toolVersion } from './version.ts';

/** Every run of a state, and what they show of each application over time. */
interface Trends {
  runs: RunState[];
  damaged: DamagedRun[];
  views: ApplicationView[];
}

/** `dueMs`: how old a passed test may be; `now`: milliseconds since the epoch. */
export async function trendsOf(place: StatePlace, { now, dueMs }: { now: number; dueMs: number }): Promise<Trends> {
  const { runs, damaged } = await loadAllRuns(openState(place));
  const told = runs.map(({ state, records }): ToldRun => ({ state, evidence: evidenceOf(state, records) }));
  return { runs: runs.map(({ state }) => state), damaged, views: applicationViews(told, { asOf: now, dueMs }) };
}

/** Writes the page. @throws DrError where it cannot be written */
export async function writeTrends(path: string, { views, damaged }: Trends, now: number): Promise<void> {
  const { name, version } = toolVersion();
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, renderHistory(views, { asOf: iso(now), damaged: damaged.map(({ run }) => run), madeBy: { name, version } }));
  } catch (error) {
    throw new DrError({ code: 'PAGE_NOT_WRITTEN', exit: 'usage', title: `The page ${path} cannot be written.`, detail: messageOf(error), next: ['--html FILE'], cause: error });
  }
}

/** All runs of the application of a run, in that world, oldest first. What cannot be read is left out. */
export async function runsLike(store: StateStore, of: RunState): Promise<RunState[]> {
  const { runbook, account } = of.plan;
  const own = (await store.runs()).filter((run) => partsOfRunId(run)?.runbook === runbook.name);
  const states = await Promise.all(own.map((run) => loadRun(store, run).then(({ state }) => state, () => undefined)));
  const same = states.flatMap((state) => (state !== undefined && state.plan.runbook.name === runbook.name && state.plan.account === account && state.mode === of.mode && state.labId === of.labId ? [state] : []));
  return same.sort((a, b) => (a.run < b.run ? -1 : 1));
}
