import type { Direction } from '../../src/app/observe.ts';
import type { AwsCaller } from '../../src/aws/caller.ts';
import type { Effects, SqlPort } from '../../src/effects/effects.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { Acceptances } from '../../src/kinds/step.ts';
import { planOf, runPlan, type Simulation } from './simulated.ts';

/*
 * Runs that die at a chosen point: at a journal record, or before or after a call (AWS or SQL). Nothing happens after
 * their death.
 */

export interface Point {
  record?: number;
  call?: number;
  when?: 'before' | 'after';
}

class Crash extends Error {}

/** AWS at work for a few looks instead of a hundred: each state is still seen several times. */
export const BRISK = {
  promotionMs: 30_000,
  instanceWarmUpMs: 15_000,
  insyncMs: 10_000,
  renameMs: 20_000,
  replicaMs: 40_000,
  rebootMs: 10_000,
  classMs: 30_000,
  metricPeriodMs: 10_000,
};

export interface Crashed {
  sim: Simulation;
  records: readonly JournalRecord[];
  /** AWS and SQL calls made. */
  calls: number;
  dead: boolean;
  outcome: string | undefined;
}

export async function crashed(make: () => Promise<Simulation>, direction: Direction, point: Point, onRecord?: (record: JournalRecord, sim: Simulation) => void, acceptances?: Acceptances): Promise<Crashed> {
  const sim = await make();
  const plan = await planOf(sim, direction);
  let dead = false;
  let calls = 0;
  const store = new MemoryStore((record) => {
    if (record.seq === point.record) dead = true;
    if (dead) throw new Crash('crash');
  });
  const counted = async <T>(work: () => Promise<T>): Promise<T> => {
    const mine = (calls += 1);
    if (mine === point.call && point.when === 'before') dead = true;
    // A dead process sends nothing.
    if (dead) throw new Crash('crash');
    return work().finally(() => {
      if (mine === point.call) dead = true;
      if (dead) throw new Crash('crash');
    });
  };
  const aws: AwsCaller = { call: (request) => counted(() => sim.effects.aws.call(request)) };
  const sql: SqlPort = {
    canary: (...args) => counted(() => sim.effects.sql.canary(...args)),
    setReadOnly: (...args) => counted(() => sim.effects.sql.setReadOnly(...args)),
    position: (...args) => counted(() => sim.effects.sql.position(...args)),
    statement: (...args) => counted(() => sim.effects.sql.statement(...args)),
  };
  const effects: Effects = { ...sim.effects, aws, sql };
  let outcome: string | undefined;
  const hasDied = (): boolean => dead;
  try {
    ({ outcome } = await runPlan({ ...sim, effects }, plan, { store, onRecord: (record) => onRecord?.(record, sim), ...(acceptances === undefined ? {} : { acceptances }) }));
  } catch (error) {
    if (!hasDied()) throw error;
  }
  return { sim, records: store.records, calls, dead, outcome };
}

/** What must be the same after any crash: roles, sizes, records; two minutes later, when everything has settled. */
export async function endState(sim: Simulation): Promise<unknown> {
  await sim.clock.run(() => sim.clock.sleep(120_000));
  sim.world.tick();
  const { databases, groups, records, applications } = sim.world.snapshot();
  return {
    databases: databases.map(({ region, id, status, role, source, acceptsWrites, securityGroups }) => ({ region, id, status, role, source, acceptsWrites, securityGroups })),
    groups,
    records: records.map(({ name, setIdentifier, failover, values, answered }) => ({ name, setIdentifier, failover, values, answered })),
    applications,
  };
}
