import { describe, expect, it } from 'vitest';
import type { Direction } from '../../src/app/observe.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';
import { BRISK, crashed, type Crashed, endState } from './sweep.ts';

interface Case {
  name: string;
  make(): Promise<Simulation>;
  direction: Direction;
  outcome: string;
  /** What goes wrong on the way. */
  onRecord?(record: JournalRecord, sim: Simulation): void;
  check(end: Crashed): void;
}

const healthy = () => simulation({ timings: BRISK });

async function failedOver(): Promise<Simulation> {
  const sim = await healthy();
  sim.world.breakRegion(SEOUL);
  await runPlan(sim, await planOf(sim, TOKYO));
  sim.world.healRegion(SEOUL);
  return sim;
}

const changed = (records: readonly JournalRecord[], operation: string) =>
  records.flatMap((r) => (r.type === 'step.acted' ? r.calls : [])).filter((c) => c.operation === operation && c.error === undefined).length;

const CASES: Case[] = [
  {
    name: 'a switchover',
    make: healthy,
    direction: { verb: 'switchover', region: TOKYO },
    outcome: 'succeeded',
    check: ({ sim, records }) => {
      expect(sim.world.lossOf({ region: TOKYO, id: 'shop-orders-tokyo' })?.commits).toBe(0);
      expect(changed(records, 'PromoteReadReplica')).toBeLessThanOrEqual(1);
    },
  },
  {
    name: 'a switchover that leads itself back',
    make: healthy,
    direction: { verb: 'switchover', region: TOKYO },
    outcome: 'aborted',
    onRecord: (record, sim) => {
      if (record.type === 'step.done' && record.step === 'databases.orders.quiesce') sim.world.setReplication({ region: TOKYO, id: 'shop-orders-tokyo' }, { mode: 'stopped' });
    },
    check: ({ sim }) => {
      expect(sim.world.acceptsWrites({ region: SEOUL, id: 'shop-orders' })).toBe(true);
    },
  },
  {
    name: 'a reprotect',
    make: failedOver,
    direction: { verb: 'reprotect' },
    outcome: 'succeeded',
    check: ({ sim, records }) => {
      expect(sim.world.snapshot().databases.filter((d) => d.region === SEOUL).map((d) => d.id).sort()).toEqual(['shop-orders', 'shop-orders-old-20261120']);
      expect(changed(records, 'CreateDBInstanceReadReplica')).toBeLessThanOrEqual(1);
    },
  },
];

describe.each(CASES)('$name, after a crash at any point and a resume', ({ make, direction, outcome, onRecord, check }) => {
  it('ends where an undisturbed run ends, whichever journal record was the last', async () => {
    const whole = await crashed(make, direction, {}, onRecord);
    expect(whole.outcome).toBe(outcome);
    const wanted = await endState(whole.sim);
    check(whole);
    for (let record = 1; record < whole.records.length; record++) {
      const dead = await crashed(make, direction, { record }, onRecord);
      expect(dead.records.length).toBe(record);
      const resumed = await resumeRun(dead.sim, dead.records, undefined, (r) => onRecord?.(r, dead.sim));
      expect({ record, outcome: resumed.outcome, end: await endState(dead.sim) }).toEqual({ record, outcome, end: wanted });
      check({ ...dead, records: resumed.records });
    }
  });

  it.each(['before', 'after'] as const)('ends where an undisturbed run ends, %s any call', async (when) => {
    const whole = await crashed(make, direction, {}, onRecord);
    const wanted = await endState(whole.sim);
    for (let call = 1; call <= whole.calls; call++) {
      const dead = await crashed(make, direction, { call, when }, onRecord);
      expect(dead.dead).toBe(true);
      if (dead.records.length === 0) continue;
      const resumed = await resumeRun(dead.sim, dead.records, undefined, (r) => onRecord?.(r, dead.sim));
      expect({ call, outcome: resumed.outcome, end: await endState(dead.sim) }).toEqual({ call, outcome, end: wanted });
      check({ ...dead, records: resumed.records });
    }
  });
});

describe('a failover away from a writer that lives, after a crash at any record of its fence', () => {
  it('promotes when the quarantine is in force and a reboot has ended every session, however often that takes one', async () => {
    const old = { region: SEOUL, id: 'shop-orders' };
    const attested = { ...APPROVED, sourceDown: 'alice', reason: 'fire' };
    const writes: boolean[] = [];
    const onRecord = (record: JournalRecord, sim: Simulation) => {
      if (record.type === 'step.intent' && record.step === 'databases.orders.promote') writes.push(sim.world.acceptsWrites(old));
    };
    const whole = await crashed(healthy, { verb: 'failover', region: TOKYO }, {}, onRecord, attested);
    expect(whole.outcome).toBe('succeeded');
    const wanted = await endState(whole.sim);
    const fence = whole.records.flatMap((r) => ('step' in r && r.step === 'databases.orders.fence' && r.type !== 'check.passed' ? [r.seq] : []));
    expect(fence.length).toBeGreaterThanOrEqual(6);
    for (const record of [...fence, (fence.at(-1) ?? 0) + 1]) {
      const dead = await crashed(healthy, { verb: 'failover', region: TOKYO }, { record }, onRecord, attested);
      const resumed = await resumeRun(dead.sim, dead.records, attested, (r) => onRecord(r, dead.sim));
      expect({ record, outcome: resumed.outcome, end: await endState(dead.sim) }).toEqual({ record, outcome: 'succeeded', end: wanted });
      expect(changed(resumed.records, 'RebootDBInstance')).toBeLessThanOrEqual(2);
    }
    expect(writes).toEqual(writes.map(() => false));
    expect(writes.length).toBe(fence.length + 2);
  });
});
