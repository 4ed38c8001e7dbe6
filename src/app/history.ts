import type { Clock } from '../base/clock.ts';
import type { HistoryPort, PastMove } from '../effects/effects.ts';
import { actedSteps, intendedChanges } from '../engine/acted.ts';
import { inParallel } from '../engine/parallel.ts';
import { foldAll } from '../journal/fold.ts';
import type { RunState } from '../journal/state.ts';
import type { StateStore } from '../journal/state-store.ts';
import { lockName } from './locks.ts';

const MOVES = new Set(['failover', 'switchover']);
/** What of a run moves an application, or its data. */
const MOVING = new Set(['data', 'traffic']);
const READ_AT_ONCE = 16;

/** Of which application, and of which run it is asked. */
type Asking = Pick<RunState, 'run' | 'plan' | 'endpoints'>;

/** What earlier runs of the same state have done to the application of a run. */
export function historyOf(state: StateStore, asking: Asking, clock: Clock): HistoryPort {
  return { moves: (since) => movesOf(state, asking, since, clock) };
}

/**
 * Moves of the application whose last record is younger than `since`, newest first. A run that has ended long ago is
 * told by its last record alone. @throws DrError when a run cannot be read.
 */
async function movesOf(state: StateStore, asking: Asking, since: number, clock: Clock): Promise<PastMove[]> {
  const mine = (await runsOf(state, clock)).filter((id) => id !== asking.run && isMoveOf(id, asking.plan.runbook.name));
  const world = lockName(asking.plan.runbook.name, asking.plan.account, asking.endpoints);
  const moves: PastMove[] = [];
  await inParallel(mine, READ_AT_ONCE, async (id) => {
    const store = state.run(id);
    const last = await store.last();
    if (last === undefined || last.at <= since) return;
    const run = foldAll(await store.read());
    if (lockName(run.plan.runbook.name, run.plan.account, run.endpoints) === world && hasMoved(run)) moves.push(moveOf(run));
  });
  return moves.sort((a, b) => b.at - a.at);
}

/** A run id holds the runbook's name and the verb: `20261120T101500Z-shop-failover-1a2b3c`. */
function isMoveOf(id: string, runbook: string): boolean {
  const rest = id.slice(id.indexOf('-') + 1);
  const parts = rest.split('-');
  return MOVES.has(parts.at(-2) ?? '') && parts.slice(0, -2).join('-') === runbook;
}

/** It has done something to data or traffic that was not led back. */
function hasMoved(run: RunState): boolean {
  return actedSteps(run).some((step) => MOVING.has(step.phase));
}

function moveOf(run: RunState): PastMove {
  const { verb, source, target } = run.plan;
  const { user, host } = run.operator;
  return { run: run.run, verb, source, target, at: run.lastAt, complete: run.outcome === 'succeeded', by: `${user}@${host}`, changed: intendedChanges(run) };
}

/** Thousands of applications that move together ask for the same list. */
const LIST_MS = 2_000;
const lists = new WeakMap<Clock, Map<string, { at: number; ids: Promise<string[]> }>>();

function runsOf(state: StateStore, clock: Clock): Promise<string[]> {
  const known = lists.get(clock) ?? new Map<string, { at: number; ids: Promise<string[]> }>();
  lists.set(clock, known);
  const list = known.get(state.place);
  if (list !== undefined && clock.now() - list.at < LIST_MS) return list.ids;
  const ids = state.runs();
  known.set(state.place, { at: clock.now(), ids });
  // One that failed is asked for again.
  ids.catch(() => known.delete(state.place));
  return ids;
}
