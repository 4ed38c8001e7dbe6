import type { Clock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { partsOfRunId } from '../base/ids.ts';
import type { HistoryPort, PastMove } from '../effects/effects.ts';
import { actedSteps, intendedChanges } from '../engine/acted.ts';
import { inParallel } from '../engine/schedule.ts';
import type { RunState } from '../journal/state.ts';
import type { Change } from '../model/step.ts';
import type { RunStore, StateStore } from '../journal/state-store.ts';
import { lockName } from './locks.ts';
import { understood } from './runs.ts';
import { MOVES } from '../model/verb.ts';

/** What of a run moves an application, or its data. */
const MOVING = new Set(['data', 'traffic']);
const READ_AT_ONCE = 16;

/** Of which application, and of which run it is asked. */
type Asking = Pick<RunState, 'run' | 'plan' | 'endpoints' | 'fleet'>;

/** What earlier runs of the same state have done to the application of a run. */
export function historyOf(state: StateStore, asking: Asking, clock: Clock): HistoryPort {
  return {
    moves: (since) => movesOf(state, asking, since, clock),
    madeBy: (resource, field) => madeInFleet(state, asking, { resource, field }, clock),
  };
}

/** A run whose last record cannot be read may have gone on for that long after its start. */
const RUN_MAX_MS = 24 * 3_600_000;

/**
 * Moves of the application whose last record is younger than `since`, newest first. A run that has ended long ago is
 * told by its last record alone. @throws DrError when a run cannot be read that may be such a move
 */
async function movesOf(state: StateStore, asking: Asking, since: number, clock: Clock): Promise<PastMove[]> {
  const mine = (await runsOf(state, clock)).filter((id) => id !== asking.run && isMoveOf(id, asking.plan.runbook.name));
  const moves: PastMove[] = [];
  await inParallel(mine, READ_AT_ONCE, async (id) => {
    const store = state.run(id);
    if (!(await mayBeYounger(store, id, since))) return;
    try {
      const records = await store.read();
      if (records.length === 0) return;
      const run = understood(records, id);
      // People may have written notes long after its end.
      if (run.lastAt > since && isSameWorld(run, asking) && hasMoved(run)) moves.push(moveOf(run));
    } catch (error) {
      // Its start may say that it moved the application of another account, or of a lab.
      const start = error instanceof DrError ? await store.first().catch(() => undefined) : undefined;
      if (start?.type !== 'run.started' || isSameWorld(start, asking)) throw error;
    }
  });
  return moves.sort((a, b) => b.at - a.at);
}

/** Applications of one failover may share a database: what one of them has changed, the next one finds. */
async function madeInFleet(state: StateStore, { run: self, fleet }: Asking, change: { resource: string; field: string }, clock: Clock): Promise<string | undefined> {
  if (fleet === undefined) return undefined;
  const since = partsOfRunId(fleet.id)?.startedAt ?? 0;
  const names = new Set(fleet.members.map(({ name }) => name));
  const others = (await runsOf(state, clock)).filter((id) => {
    const parts = partsOfRunId(id);
    return id !== self && parts !== undefined && names.has(parts.runbook) && parts.startedAt >= since;
  });
  const makers: string[] = [];
  await inParallel(others, READ_AT_ONCE, async (id) => {
    const records = await state.run(id).read();
    if (records.length === 0) return;
    const run = understood(records, id);
    if (run.fleet?.id === fleet.id && madeChanges(run).some((made) => made.resource === change.resource && made.field === change.field)) makers.push(id);
  });
  return makers.sort()[0];
}

/** Those whose end state was seen. */
function madeChanges(run: RunState): Change[] {
  return actedSteps(run).filter((step) => run.steps.get(step.id)?.state === 'done').flatMap((step) => step.changes);
}

/** By its last record, or where that cannot be read by when it began. */
async function mayBeYounger(store: RunStore, id: string, since: number): Promise<boolean> {
  try {
    const last = await store.last();
    return last !== undefined && last.at > since;
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return (partsOfRunId(id)?.startedAt ?? since) + RUN_MAX_MS > since;
  }
}

function isSameWorld({ plan, endpoints }: Pick<RunState, 'plan' | 'endpoints'>, asking: Asking): boolean {
  const world = (run: Pick<RunState, 'plan' | 'endpoints'>): string => lockName(asking.plan.runbook.name, run.plan.account, run.endpoints);
  return plan.runbook.name === asking.plan.runbook.name && world({ plan, endpoints }) === world(asking);
}

/** A run id holds the runbook's name and the verb. */
function isMoveOf(id: string, runbook: string): boolean {
  const parts = partsOfRunId(id);
  return parts !== undefined && MOVES.some((verb) => verb === parts.verb) && parts.runbook === runbook;
}

/** It has done something to data or traffic that was not rolled back. */
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
