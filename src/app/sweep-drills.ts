import { AwsError } from '../aws/errors.ts';
import { callerIdentity } from '../aws/identity.ts';
import { iso } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { partsOfRunId } from '../base/ids.ts';
import type { Effects } from '../effects/effects.ts';
import { isHeld } from '../journal/lease.ts';
import type { StateStore } from '../journal/state-store.ts';
import { keptUntil, leftBehind, type RunState } from '../journal/state.ts';
import { findTwins, type NotLooked } from '../kinds/found-twins.ts';
import { type FoundTwin, isTwinName, TWIN } from '../kinds/twins.ts';
import { traitsOf } from '../model/verb.ts';
import { liveEffects } from './live-effects.ts';
import { lockName } from './locks.ts';
import { awsFailure } from './observe.ts';
import { thisOperator } from './operator.ts';
import type { RunResult, RunWatchers } from './run-to-the-end.ts';
import { readable } from './runs.ts';
import { openState, type StatePlace } from './state.ts';
import { abort, type AbortRequest } from './abort.ts';
import { newestOpenRun } from './resume.ts';

export interface SweepRequest extends Pick<RunWatchers, 'drain' | 'onMessage'> {
  /** All of one partition. Zones are those of the account. */
  regions: readonly string[];
  state: StatePlace;
  list: boolean;
  effects?: Effects;
}

/**
 * - `deleted`: it was there, and is gone
 * - `ours`: name, tag and a journal of this state say that its drill made it, and has not deleted it
 * - `kept`: the same, and a person wants to look at it; it is not due yet
 * - `running`: the same, and its drill is at work
 * - `other`: it has the name or the tag, and no journal of this state says so: left as it is
 */
type SweptWord = 'deleted' | 'ours' | 'kept' | 'running' | 'other';

export interface Swept {
  twin: FoundTwin;
  word: SweptWord;
  because: string;
  /** When it was made, or its drill began. Milliseconds since the epoch. */
  since: number | undefined;
}

export interface SweepResult {
  account: string;
  regions: readonly string[];
  found: readonly Swept[];
  notLooked: readonly NotLooked[];
  now: number;
}

/**
 * Finds what drills have left in an account, and deletes what a journal of this state has made: through the clean-up of that drill, which
 * proves name, tag and journal once more before each deletion.
 * @throws DrError: no credentials
 */
export async function sweepDrills(request: SweepRequest): Promise<SweepResult> {
  const effects = request.effects ?? liveEffects();
  const { regions, drain: signal } = request;
  const [first = ''] = regions;
  const { account } = await callerIdentity(effects.aws, first).catch((error: unknown) => {
    throw error instanceof AwsError ? awsFailure(error, first) : error;
  });
  const store = openState(request.state, effects.aws);
  const before = await findTwins({ aws: effects.aws, regions, signal });
  const judged = await judgeAll(before.twins, { store, account, now: effects.clock.now() });
  const done = { account, regions, now: effects.clock.now() };
  const runs = request.list ? [] : [...new Set(judged.flatMap(({ word, twin }) => (word === 'ours' ? (twin.run ?? []) : [])))];
  if (runs.length === 0) return { ...done, found: judged, notLooked: before.notLooked };
  const failed = new Map<string, string>();
  for (const run of runs) {
    const why = await clean(run, { ...request, effects });
    if (why !== undefined) failed.set(run, why);
  }
  const after = await findTwins({ aws: effects.aws, regions, signal });
  const left = new Map((await judgeAll(after.twins, { store, account, now: effects.clock.now() })).map((one) => [one.twin.resource, one]));
  const found = judged.map((one): Swept => {
    const still = left.get(one.twin.resource);
    // A part that gave no answer hides what is in it.
    if (still === undefined) return one.word === 'ours' && after.notLooked.length === 0 ? { ...one, word: 'deleted', because: `deleted, by the clean-up of ${one.twin.run ?? ''}` } : one;
    return { ...still, because: failed.get(one.twin.run ?? '') ?? still.because };
  });
  return { ...done, found, notLooked: after.notLooked };
}

/** Why it did not come to its end; undefined where it did. */
async function clean(run: string, { state, effects, drain, onMessage }: SweepRequest & { effects: Effects }): Promise<string | undefined> {
  if (drain.aborted) return 'the sweep was stopped before';
  onMessage?.(`Cleaning up after ${run}`);
  try {
    const { state: ended } = await cleanDrill({ run, state, effects, drain, onRecord: () => undefined, ...(onMessage === undefined ? {} : { onMessage }) });
    const [left] = leftBehind(ended);
    return left === undefined ? undefined : `not deleted: ${left.notUndone?.message ?? 'the clean-up was stopped'}`;
  } catch (error) {
    if (error instanceof DrError) return `not deleted: ${error.message}`;
    throw error;
  }
}

interface Judging {
  store: StateStore;
  account: string;
  now: number;
}

async function judgeAll(twins: readonly FoundTwin[], { store, account, now }: Judging): Promise<Swept[]> {
  const ids = [...new Set(twins.flatMap(({ run }) => (run !== undefined && partsOfRunId(run) !== undefined ? [run] : [])))];
  const runs = new Map(await Promise.all(ids.map(async (id) => [id, await drillOf(store, id)] as const)));
  return twins.map((twin) => ({ twin, since: twin.madeAt ?? partsOfRunId(twin.run ?? '')?.startedAt, ...judge(twin, runs.get(twin.run ?? ''), { account, now }) }));
}

/** A run as its journal tells it, and whether somebody works on it. */
interface Known {
  state: RunState;
  held: boolean;
}

async function drillOf(store: StateStore, id: string): Promise<Known | undefined> {
  const state = await readable(store, id);
  if (state === undefined) return undefined;
  const lock = await store.lockOf(lockName(state.plan.runbook.name, state.plan.account, state.endpoints));
  return { state, held: lock?.run === id && isHeld(lock, thisOperator('')) };
}

function judge({ name, run, resource }: FoundTwin, known: Known | undefined, { account, now }: Pick<Judging, 'account' | 'now'>): Pick<Swept, 'word' | 'because'> {
  const other = (because: string) => ({ word: 'other', because }) as const;
  if (!isTwinName(name)) return other('it has the tag of a twin, and no name of one');
  if (run === undefined) return other('it has the name of a twin, and no tag');
  if (known === undefined) return other(`this state has no journal of ${run} that can be read`);
  const { plan } = known.state;
  if (!traitsOf(plan.verb).drills || plan.account !== account) return other(`${run} is no drill in this account`);
  const step = plan.steps.find(({ changes }) => changes.some((change) => change.resource === resource && change.field === TWIN));
  if (step === undefined || known.state.steps.get(step.id)?.intendedAt === undefined) return other(`the journal of ${run} does not say that it made it, or says that it was deleted`);
  if (known.held) return { word: 'running', because: `${run} is at work` };
  const until = keptUntil(known.state);
  if (until !== undefined && until > now) return { word: 'kept', because: `kept until ${iso(until)}, by ${run}` };
  return { word: 'ours', because: `left by ${run}` };
}

/** Which drill is cleaned up after; nobody is asked, for only twins of that drill are deleted. */
type CleanRequest = Omit<AbortRequest, 'confirm' | 'reason'>;

/**
 * Deletes what a drill has left behind. What it deletes proves that this drill has made it (`kinds/twins.ts`).
 * @throws DrError: no such drill, nothing left of it, held by another process
 */
export async function cleanDrill(request: CleanRequest): Promise<RunResult> {
  const run = request.run ?? (await newestOpenRun(request.state, request.onMessage, (state) => traitsOf(state.plan.verb).drills).catch(nothingLeft));
  return abort({ ...request, run, reason: 'the twins of the drill are deleted', confirm: async (state) => refuse(state) });
}

function nothingLeft(error: unknown): never {
  if (!(error instanceof DrError) || error.code !== 'NOTHING_TO_RESUME') throw error;
  throw new DrError({ code: 'NOTHING_LEFT', exit: 'usage', title: 'No drill of this state has left anything.', next: ['dr history    lists the runs; --state names another state'] });
}

function refuse(state: RunState): void {
  if (!traitsOf(state.plan.verb).drills) {
    throw new DrError({ code: 'NO_DRILL', exit: 'usage', title: `Run ${state.run} is a ${state.plan.verb}, and no drill.`, next: [`dr abort ${state.run}    rolls it back, before its point of no return`] });
  }
}
