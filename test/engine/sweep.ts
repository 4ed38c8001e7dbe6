import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Direction } from '../../src/app/observe.ts';
import type { AwsCaller } from '../../src/aws/caller.ts';
import type { Effects, SqlPort } from '../../src/effects/effects.ts';
import { execute } from '../../src/engine/execute.ts';
import { stepsPastTheLine } from '../../src/engine/acted.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { APPROVED, OPERATOR, planOf, runPlan, SEOUL, type Simulation, simulation, TOKYO } from './simulated.ts';

/*
 * Runs that die at a chosen point: at a journal record, or before or after a call (AWS, SQL, HTTP of a step). Nothing happens
 * after their death. Then somebody continues, and the world must end as it does without a death.
 */

export interface Point {
  record?: number;
  call?: number;
  when?: 'before' | 'after';
}

export interface Case {
  name: string;
  make(): Promise<Simulation>;
  direction: Direction;
  /** How a run ends that nobody disturbs. */
  outcome: string;
  acceptances?: Acceptances;
  /** What goes wrong on the way. */
  onRecord?(record: JournalRecord, sim: Simulation): void;
  /** A person aborts a run that stands right before its line; where a plan has none, before its last change. */
  abort?: true;
  check?(end: Crashed): void;
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
  restoreMs: 40_000,
  firstBackupMs: 40_000,
  backupPeriodMs: 20_000,
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

/** Where the run of an abort stands when the person comes. */
async function stopped(c: Case, sim: Simulation): Promise<readonly JournalRecord[]> {
  const plan = await planOf(sim, c.direction);
  const line = plan.steps.find((step) => step.reversibility === 'point-of-no-return') ?? plan.steps.findLast((step) => step.reversibility === 'compensable');
  const stop = new AbortController();
  const { records, state } = await runPlan(sim, plan, {
    drain: stop.signal,
    acceptances: c.acceptances ?? APPROVED,
    onRecord: (record) => {
      if (record.type === 'step.started' && record.step === line?.id) stop.abort(new Error('stop'));
    },
  });
  if (stepsPastTheLine(state).length > 0) throw new Error('the run went over its line');
  return records;
}

/** Begins, or continues from `records`: with an abort, that begins with its first record. */
async function go(c: Case, sim: Simulation, effects: Effects, store: MemoryStore, term: number): Promise<string> {
  const records = [...store.records];
  const plan = records.length === 0 ? await planOf(sim, c.direction) : undefined;
  const kinds = plan?.steps ?? foldAll(records).plan.steps;
  // Loading a module is no simulated work: a virtual clock would call it a deadlock.
  await Promise.all([...new Set(kinds.map((step) => step.kind))].map(loadStepKind));
  const run = '20261120T000000Z-shop-failover-000001';
  const journal = new Journal({ store, clock: sim.clock, run, term, records, onRecord: (record) => c.onRecord?.(record, sim) });
  const acceptances = c.acceptances ?? APPROVED;
  return sim.clock.run(async () => {
    if (plan !== undefined) {
      const tool = { name: 'test', version: '0', node: '0' };
      await journal.append({ type: 'run.started', plan, operator: OPERATOR, tool, mode: 'simulated', declaredAt: sim.clock.now(), confirmedBy: 'flag', acceptances, endpoints: [] });
    } else if (c.abort === true) {
      if (journal.state.outcome !== undefined) return journal.state.outcome;
      await journal.append({ type: 'undo.started', because: 'aborted by a person', operator: OPERATOR });
    } else await journal.append({ type: 'run.resumed', operator: OPERATOR, acceptances });
    return execute({ journal, effects, stepKind: loadStepKind, operator: OPERATOR, drain: new AbortController().signal });
  });
}

/** One life that ends at a point, or by itself. */
export async function crashed(c: Case, point: Point): Promise<Crashed> {
  const sim = await c.make();
  const before = c.abort === true ? await stopped(c, sim) : [];
  let dead = false;
  let calls = 0;
  const store = new MemoryStore((record) => {
    if (record.seq === point.record) dead = true;
    if (dead) throw new Crash('crash');
  });
  store.records.push(...before);
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
  const hasDied = (): boolean => dead;
  let outcome: string | undefined;
  try {
    outcome = await go(c, sim, { ...sim.effects, aws, sql }, store, 1);
  } catch (error) {
    if (!hasDied()) throw error;
  }
  return { sim, records: store.records, calls, dead, outcome };
}

/** Another life continues what the first one left. */
export async function goneOn(c: Case, { sim, records }: Crashed): Promise<Crashed> {
  const store = new MemoryStore();
  store.records.push(...records);
  const outcome = await go(c, sim, sim.effects, store, 2);
  return { sim, records: store.records, calls: 0, dead: false, outcome };
}

/** What must be the same after any crash: roles, sizes, records; two minutes later, when everything has settled. */
export async function endState(sim: Simulation): Promise<unknown> {
  await sim.clock.run(() => sim.clock.sleep(120_000));
  sim.world.tick();
  const { databases, groups, records, applications } = sim.world.snapshot();
  return {
    databases: databases.map(({ region, id, status, role, source, acceptsWrites, securityGroups }) => ({ region, id, status, role, source, acceptsWrites, securityGroups })),
    groups,
    records: records.map(({ name, setIdentifier, failover, weight, values, answered }) => ({ name, setIdentifier, failover, weight, values, answered })),
    applications,
  };
}

/** Points of a run that were tried, and how many of them did not end as they must. */
export interface Swept {
  records: number;
  calls: number;
  wrong: { point: Point; why: string }[];
}

/** Every journal record and both sides of every call. */
export async function sweep(c: Case): Promise<Swept> {
  const whole = await crashed(c, {});
  if (whole.outcome !== c.outcome) throw new Error(`undisturbed it ends ${whole.outcome ?? 'not'}, not ${c.outcome}: ${why(whole)}`);
  c.check?.(whole);
  const wanted = JSON.stringify(await endState(whole.sim));
  const first = c.abort === true ? (whole.records.findIndex((record) => record.type === 'undo.started') + 1) : 1;
  const records = Array.from({ length: whole.records.length - first }, (_, i): Point => ({ record: first + i }));
  const calls = (['before', 'after'] as const).flatMap((when) => Array.from({ length: whole.calls }, (_, i): Point => ({ call: i + 1, when })));
  const wrong: Swept['wrong'] = [];
  for (const point of [...records, ...calls]) {
    const dead = await crashed(c, point);
    if (!dead.dead) wrong.push({ point, why: 'it did not die' });
    // Nobody knows of a run that has no record; what it did must then be nothing.
    const end = dead.records.length === 0 ? await crashed(c, {}) : await goneOn(c, dead);
    if (end.outcome !== c.outcome) wrong.push({ point, why: `ends ${end.outcome ?? 'not'}: ${why(end)}` });
    else if (JSON.stringify(await endState(end.sim)) !== wanted) wrong.push({ point, why: 'the world ends otherwise' });
    c.check?.(end);
  }
  return { records: records.length, calls: calls.length, wrong };
}

function why({ records }: Crashed): string {
  const steps = [...foldAll(records).steps.values()].filter((step) => step.refusal ?? step.error ?? step.notUndone);
  return steps.map((step) => `${step.id}: ${step.refusal?.observed ?? step.error?.message ?? step.notUndone?.message ?? ''}`).join('; ');
}

const path = (name: string) => fileURLToPath(new URL(`../../runbooks/${name}.yaml`, import.meta.url));
const settled = async (sim: Simulation): Promise<Simulation> => {
  await sim.clock.run(() => sim.clock.sleep(600_000));
  return sim;
};

/** Every verb of a strategy, each after any crash. */
export function casesOf(runbook: string): Case[] {
  const healthy = () => simulation({ path: path(runbook), timings: BRISK });
  const lost = async () => {
    const sim = await healthy();
    sim.world.breakRegion(SEOUL);
    // Backups are late, and checkers slow: a region is lost for a while before somebody comes.
    await sim.clock.run(() => sim.clock.sleep(60_000));
    return sim;
  };
  const back = async () => {
    const sim = await lost();
    const { outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    if (outcome !== 'succeeded') throw new Error(`the failover before it ${outcome}`);
    sim.world.healRegion(SEOUL);
    return settled(sim);
  };
  const attested: Acceptances = { ...APPROVED, sourceDown: 'alice', reason: 'fire' };
  /** What cannot be taken back, or costs, is asked for once. */
  const once = ({ records }: Crashed): void => {
    const made = ['PromoteReadReplica', 'CreateDBInstanceReadReplica', 'RestoreDBInstanceToPointInTime'].filter((operation) => accepted(records, operation) > 1);
    if (made.length > 0) throw new Error(`accepted twice: ${made.join(', ')}`);
    // Whose reboot ended the sessions is not known after a crash between the request and its record.
    if (accepted(records, 'RebootDBInstance') > 2) throw new Error('rebooted more than twice');
  };
  /** Two writers at no promotion: the old one takes no more writes when it is asked for. */
  const fenced = (record: JournalRecord, sim: Simulation): void => {
    if (record.type !== 'step.intent' || !/\.(promote|open)$/.test(record.step)) return;
    const old = sim.world.snapshot().databases.filter((database) => database.region === SEOUL && database.acceptsWrites);
    if (old.length > 0) throw new Error(`${record.step} while ${old.map(({ id }) => id).join()} takes writes`);
  };
  return [
    { name: 'failover', make: lost, direction: { verb: 'failover', region: TOKYO }, outcome: 'succeeded', check: once },
    { name: 'failover away from a source that answers', make: healthy, direction: { verb: 'failover', region: TOKYO }, outcome: 'succeeded', acceptances: attested, onRecord: fenced, check: once },
    { name: 'switchover', make: healthy, direction: { verb: 'switchover', region: TOKYO }, outcome: 'succeeded', onRecord: fenced, check: once },
    { name: 'reprotect', make: back, direction: { verb: 'reprotect', region: TOKYO, standby: SEOUL }, outcome: 'succeeded', check: once },
    { name: 'abort of a failover', make: healthy, direction: { verb: 'failover', region: TOKYO }, outcome: 'aborted', acceptances: attested, abort: true },
    { name: 'abort of a switchover', make: healthy, direction: { verb: 'switchover', region: TOKYO }, outcome: 'aborted', abort: true },
  ];
}

/** A switchover that finds on its way that the standby does not follow, and rolls itself back. */
export const LEADS_ITSELF_BACK: Case = {
  name: 'switchover that rolls itself back',
  make: () => simulation({ path: path('shop'), timings: BRISK }),
  direction: { verb: 'switchover', region: TOKYO },
  outcome: 'aborted',
  onRecord: (record, sim) => {
    if (record.type === 'step.done' && record.step === 'databases.orders.quiesce') sim.world.setReplication({ region: TOKYO, id: 'shop-orders-tokyo' }, { mode: 'stopped' });
  },
};

function accepted(records: readonly JournalRecord[], operation: string): number {
  return records.flatMap((r) => (r.type === 'step.acted' ? r.calls : [])).filter((c) => c.operation === operation && c.error === undefined).length;
}

/** Sweeps of a strategy, as tests that print what they tried. A case may take minutes: it has hundreds of points. */
export function testSweeps(strategy: string, cases: readonly Case[]): void {
  describe(`${strategy}: a crash at every journal record and around every call, then somebody continues`, () => {
    it.each(cases)('$name ends as it does without', { timeout: 600_000 }, async (c) => {
      const { records, calls, wrong } = await sweep(c);
      console.log(`crash sweep, ${strategy}, ${c.name}: ${records} records, ${calls} sides of calls, ${wrong.length} wrong`);
      expect(wrong).toEqual([]);
      expect(records).toBeGreaterThan(c.abort === true ? 4 : 25);
      expect(calls).toBeGreaterThan(c.abort === true ? 3 : 150);
    });
  });
}
