import { DrError, messageOf } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { JournalRecord } from '../journal/events.ts';
import { foldAll } from '../journal/fold.ts';
import { partsOfRunId } from '../base/ids.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import type { RunState } from '../journal/state.ts';
import { openState, type StatePlace } from './state.ts';
import { toolVersion } from './version.ts';

/** Runs that are named where a shortened id means several. */
const AMBIGUOUS = 5;

export interface LoadedRun {
  store: RunStore;
  records: JournalRecord[];
  state: RunState;
}

/** A run whose journal cannot be read: damaged, of another version, no access. */
export interface DamagedRun {
  run: string;
  error: DrError;
}

/** Every run, newest first; those that cannot be read apart, so that one of them does not hide the others. */
export async function listAllRuns(place: StatePlace): Promise<{ runs: RunState[]; damaged: DamagedRun[] }> {
  const { runs, damaged } = await loadAllRuns(openState(place));
  return { runs: runs.map(({ state }) => state), damaged };
}

/** The same with their records. */
export async function loadAllRuns(store: StateStore): Promise<{ runs: LoadedRun[]; damaged: DamagedRun[] }> {
  const damaged: DamagedRun[] = [];
  const read = async (id: string): Promise<LoadedRun[]> => {
    try {
      const run = await readRun(store, id);
      return run === undefined ? [] : [run];
    } catch (error) {
      if (!(error instanceof DrError) || error.exit !== 'journal') throw error;
      damaged.push({ run: id, error });
      return [];
    }
  };
  const runs = (await Promise.all((await store.runs()).map(read))).flat().reverse();
  return { runs, damaged: damaged.sort((a, b) => (a.run < b.run ? 1 : -1)) };
}

export function leftOutLine({ run, error }: DamagedRun): string {
  return `run ${run} is left out: ${error.message} ${error.detail ?? ''}`.trimEnd();
}

/**
 * A run with its records, by its id or a unique beginning or end of it; the newest that can be read when none is named.
 * @param leftOut is called with each newer run that cannot be read
 * @throws DrError when there is none, or the journal of the named run cannot be read.
 */
export async function loadRun(store: StateStore, run?: string, leftOut: (run: DamagedRun) => void = () => undefined): Promise<LoadedRun> {
  const ids = await store.runs();
  if (run === undefined) return newestReadable(store, ids, leftOut);
  const meant = ids.includes(run) ? [] : ids.filter((id) => id.startsWith(run) || id.endsWith(`-${run}`));
  const id = meant.length > 0 ? (meant.length === 1 ? meant[0] : undefined) : run;
  const loaded = id === undefined ? undefined : await readRun(store, id);
  if (loaded !== undefined) return loaded;
  const near = nearest(run, ids);
  throw new DrError({
    code: 'RUN_UNKNOWN',
    exit: 'usage',
    title: `There is no run "${run.slice(0, 80)}".`,
    detail: `State: ${store.place}`,
    next: meant.length > 1 ? meant.slice(0, AMBIGUOUS) : near === undefined ? ['dr history    lists the runs'] : [`did you mean ${near}?`],
  });
}

async function newestReadable(store: StateStore, ids: readonly string[], leftOut: (run: DamagedRun) => void): Promise<LoadedRun> {
  for (const id of ids.toReversed()) {
    try {
      const loaded = await readRun(store, id);
      if (loaded !== undefined) return loaded;
    } catch (error) {
      if (!(error instanceof DrError) || error.exit !== 'journal') throw error;
      leftOut({ run: id, error });
    }
  }
  throw new DrError({ code: 'RUN_UNKNOWN', exit: 'usage', title: 'There is no run yet.', detail: `State: ${store.place}`, next: ['--state DIR, or --state s3://BUCKET/PREFIX?region=REGION    names another state', 'dr plan --region REGION    shows what a failover would do'] });
}

/** Undefined where a run died before its first record was whole. */
async function readRun(state: StateStore, id: string): Promise<LoadedRun | undefined> {
  const store = state.run(id);
  const records = await store.read();
  return records.length === 0 ? undefined : { store, records, state: understood(records, id) };
}

/** A run that can be read; undefined for one that cannot, or that has no record yet. */
export async function readable(state: StateStore, id: string): Promise<RunState | undefined> {
  try {
    return (await readRun(state, id))?.state;
  } catch (error) {
    if (error instanceof DrError) return undefined;
    throw error;
  }
}

/** @throws DrError where the records are whole, and do not mean what this version writes. */
export function understood(records: readonly JournalRecord[], run: string): RunState {
  try {
    return foldAll(records);
  } catch (error) {
    if (error instanceof DrError) throw error;
    const [first] = records;
    throw new DrError({
      code: 'JOURNAL_NOT_UNDERSTOOD',
      exit: 'journal',
      title: `The journal of run ${run} cannot be understood by this version of dr.`,
      detail: `${messageOf(error)}. It was begun by dr ${first?.type === 'run.started' ? first.tool.version : 'of an unknown version'}; this is ${toolVersion().version}.`,
      next: ['use the version of dr that wrote it'],
      cause: error,
    });
  }
}

/** Ids of the newest runs of an application, at most 20, oldest first; none where the state gives no answer. */
export async function newestRunsOf(store: StateStore, application: string): Promise<string[]> {
  return (await store.runs().catch(() => [])).filter((id) => partsOfRunId(id)?.runbook === application).slice(-20);
}
