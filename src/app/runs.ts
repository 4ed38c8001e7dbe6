import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { JournalRecord } from '../journal/events.ts';
import { foldAll } from '../journal/fold.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import type { RunState } from '../journal/state.ts';
import { openState, type StatePlace } from './state.ts';

/** Runs that are named where a shortened id means several. */
const AMBIGUOUS = 5;

/** A run as its journal tells it. */
export interface LoadedRun {
  store: RunStore;
  records: JournalRecord[];
  state: RunState;
}

/** A run whose journal cannot be trusted. */
export interface DamagedRun {
  run: string;
  error: DrError;
}

/** Every run of a state, newest first. @throws DrError when a journal is damaged. */
export async function listRuns(place: StatePlace | string): Promise<RunState[]> {
  const { runs, damaged } = await listAllRuns(place);
  if (damaged[0] !== undefined) throw damaged[0].error;
  return runs;
}

/** Every run, newest first; those with a damaged journal apart, so that one of them does not hide the others. */
export async function listAllRuns(place: StatePlace | string): Promise<{ runs: RunState[]; damaged: DamagedRun[] }> {
  const store = openState(place);
  const damaged: DamagedRun[] = [];
  const read = async (id: string): Promise<RunState[]> => {
    try {
      const run = await readRun(store, id);
      return run === undefined ? [] : [run.state];
    } catch (error) {
      if (!(error instanceof DrError) || error.code !== 'JOURNAL_DAMAGED') throw error;
      damaged.push({ run: id, error });
      return [];
    }
  };
  const runs = (await Promise.all((await store.runs()).map(read))).flat().reverse();
  return { runs, damaged: damaged.sort((a, b) => (a.run < b.run ? 1 : -1)) };
}

/** A run with its records, by its id or a unique beginning or end of it; the newest when none is named. @throws DrError when there is none, or its journal is damaged. */
export async function loadRun(store: StateStore, run?: string): Promise<LoadedRun> {
  const ids = await store.runs();
  const meant = run === undefined || ids.includes(run) ? [] : ids.filter((id) => id.startsWith(run) || id.endsWith(`-${run}`));
  const id = run === undefined ? ids.at(-1) : meant.length > 0 ? (meant.length === 1 ? meant[0] : undefined) : run;
  const loaded = id === undefined ? undefined : await readRun(store, id);
  if (loaded !== undefined) return loaded;
  const near = run === undefined ? undefined : nearest(run, ids);
  throw new DrError({
    code: 'RUN_UNKNOWN',
    exit: 'usage',
    title: run === undefined ? 'There is no run yet.' : `There is no run "${run.slice(0, 80)}".`,
    detail: `State: ${store.place}`,
    next: meant.length > 1 ? meant.slice(0, AMBIGUOUS) : near === undefined ? ['dr history    lists the runs'] : [`did you mean ${near}?`],
  });
}

/** Undefined where a run died before its first record was whole. */
async function readRun(state: StateStore, id: string): Promise<LoadedRun | undefined> {
  const store = state.run(id);
  const records = await store.read();
  return records.length === 0 ? undefined : { store, records, state: foldAll(records) };
}
