import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { JournalRecord } from '../journal/events.ts';
import { foldAll } from '../journal/fold.ts';
import { listRunIds, LocalStore } from '../journal/local-store.ts';
import type { RunState } from '../journal/state.ts';

/** A run as its journal tells it. */
export interface LoadedRun {
  store: LocalStore;
  records: JournalRecord[];
  state: RunState;
}

/** Every run of a state folder, newest first. @throws DrError when a journal is damaged. */
export async function listRuns(stateDir: string): Promise<RunState[]> {
  const ids = await listRunIds(stateDir);
  const runs = await Promise.all(ids.map((id) => readRun(stateDir, id)));
  return runs.flatMap((run) => (run === undefined ? [] : [run.state])).reverse();
}

/** The state of a run; the newest when none is named. */
export async function showRun(stateDir: string, run?: string): Promise<RunState> {
  return (await loadRun(stateDir, run)).state;
}

/** A run with its records. @throws DrError when there is none, or its journal is damaged. */
export async function loadRun(stateDir: string, run?: string): Promise<LoadedRun> {
  const ids = await listRunIds(stateDir);
  const id = run ?? ids.at(-1);
  const loaded = id === undefined ? undefined : await readRun(stateDir, id);
  if (loaded !== undefined) return loaded;
  const near = run === undefined ? undefined : nearest(run, ids);
  throw new DrError({
    code: 'RUN_UNKNOWN',
    exit: 'usage',
    title: run === undefined ? 'There is no run yet.' : `There is no run "${run.slice(0, 80)}".`,
    detail: `State folder: ${stateDir}`,
    next: near === undefined ? ['dr history    lists the runs'] : [`did you mean ${near}?`],
  });
}

/** Undefined where a run died before its first record was whole. */
async function readRun(stateDir: string, id: string): Promise<LoadedRun | undefined> {
  const store = new LocalStore(stateDir, id);
  const records = await store.read();
  return records.length === 0 ? undefined : { store, records, state: foldAll(records) };
}
