import { isHeld, type LockRecord } from '../journal/lease.ts';
import type { StateStore } from '../journal/state-store.ts';
import { isOver, type RunState } from '../journal/state.ts';
import { waitingGateOf } from './approve.ts';
import { lockName } from './locks.ts';
import { thisOperator } from './operator.ts';
import { type DamagedRun, loadRun } from './runs.ts';
import { type Standby, standbyAfter } from '../report/protection.ts';
import { type LeftTwins, twinsLeftBy } from './left-twins.ts';
import { runsLike } from './trends.ts';
import { openState, type StatePlace } from './state.ts';

export interface Standing {
  state: RunState;
  /** Milliseconds since the epoch: what clocks count to. */
  now: number;
  /** Who holds its application for this run, as far as can be known from here. */
  holder?: LockRecord;
  /** The holder is a process of this machine, and is there. */
  seen: boolean;
  /** How many have signed at the gate that it waits at. */
  approved?: number;
  /** How its application stands after all of its runs: since when it has no standby. */
  standby?: Standby;
  /** What drills of the same application may have left. */
  left?: readonly LeftTwins[];
}

/** Where a run stands now; the newest that can be read when none is named. @throws DrError as `loadRun` */
export async function standingOf(place: StatePlace, run: string | undefined, now: number, leftOut?: (run: DamagedRun) => void): Promise<Standing> {
  const store = openState(place);
  const { state } = await loadRun(store, run, leftOut);
  const runs = await runsLike(store, state);
  return { ...(await standingIn(store, state, now)), standby: standbyAfter(runs), left: await leftByOthers(store, state, runs) };
}

/** What drills of the same application may have left: of those that nobody works on. */
async function leftByOthers(store: StateStore, of: RunState, runs: readonly RunState[]): Promise<LeftTwins[]> {
  const left = runs.flatMap((state) => (state.run === of.run ? [] : (twinsLeftBy(state) ?? [])));
  if (left.length === 0) return [];
  const lock = await store.lockOf(lockName(of.plan.runbook.name, of.plan.account, of.endpoints));
  const worksOn = lock !== undefined && isHeld(lock, thisOperator('')) ? lock.run : undefined;
  return left.filter(({ run }) => run !== worksOn);
}

export async function standingIn(store: StateStore, state: RunState, now: number): Promise<Standing> {
  const here = thisOperator('');
  const lock = isOver(state) ? undefined : await store.lockOf(lockName(state.plan.runbook.name, state.plan.account, state.endpoints));
  const holder = lock?.run === state.run && isHeld(lock, here) ? lock : undefined;
  const gate = isOver(state) ? undefined : await waitingGateOf(state, store.run(state.run), now).catch(() => undefined);
  return {
    state,
    now,
    seen: holder?.machine !== undefined && holder.machine.start === here.machine?.start,
    ...(holder === undefined ? {} : { holder }),
    ...(gate === undefined ? {} : { approved: gate.judgement.approved.length }),
  };
}
