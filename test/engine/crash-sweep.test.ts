import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

/**
 * What must be the same after any crash: roles, sizes, records. Not the time, and not the lag of what is left. Two
 * minutes later, so that a change whose id died with the process has reached every server.
 */
async function endState(sim: Simulation): Promise<unknown> {
  await sim.clock.run(() => sim.clock.sleep(120_000));
  sim.world.tick();
  const { databases, groups, records, applications } = sim.world.snapshot();
  return {
    databases: databases.map(({ region, id, status, role, acceptsWrites, securityGroups }) => ({ region, id, status, role, acceptsWrites, securityGroups })),
    groups,
    records: records.map(({ name, setIdentifier, failover, values, answered }) => ({ name, setIdentifier, failover, values, answered })),
    applications,
  };
}

class Crash extends Error {}

/**
 * AWS at work for a few looks instead of a hundred: each state is still seen several times, and the sweep does not spend
 * its time on crashes between one "not yet" and the next.
 */
const BRISK = { promotionMs: 30_000, instanceWarmUpMs: 15_000, insyncMs: 10_000 };

/** A run that dies: at that journal record, or before or after that AWS call. Nothing happens after its death. */
async function crashed(point: { record?: number; call?: number; when?: 'before' | 'after' }) {
  const sim = await simulation({ timings: BRISK });
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  let dead = false;
  let calls = 0;
  const store = new MemoryStore((record) => {
    if (record.seq === point.record) dead = true;
    if (dead) throw new Crash('crash');
  });
  const inner = sim.effects.aws;
  const aws: AwsCaller = {
    call: async (request) => {
      const mine = (calls += 1);
      if (mine === point.call && point.when === 'before') dead = true;
      // A dead process sends nothing.
      if (dead) throw new Crash('crash');
      return await inner.call(request).finally(() => {
        if (mine === point.call) dead = true;
        if (dead) throw new Crash('crash');
      });
    },
  };
  await runPlan({ ...sim, effects: { ...sim.effects, aws } }, plan, { store }).catch((error: unknown) => {
    if (!(error instanceof Crash) && !dead) throw error;
  });
  return { sim, records: store.records, calls, dead };
}

describe('a crash at any point, then resume', () => {
  it('ends where an undisturbed run ends, whichever journal record was the last', async () => {
    const whole = await crashed({});
    const wanted = await endState(whole.sim);
    expect(whole.dead).toBe(false);
    expect(whole.records.length).toBeGreaterThan(40);
    for (let record = 1; record < whole.records.length; record++) {
      const { sim, records } = await crashed({ record });
      expect(records.length).toBe(record);
      const { outcome, records: all } = await resumeRun(sim, records);
      expect({ record, outcome, end: await endState(sim) }).toEqual({ record, outcome: 'succeeded', end: wanted });
      const promotions = all.flatMap((r) => (r.type === 'step.acted' ? r.calls : [])).filter((c) => c.operation === 'PromoteReadReplica' && c.error === undefined);
      expect(promotions.length, `promotions after a crash at record ${record}`).toBeLessThanOrEqual(1);
    }
  });

  it.each(['before', 'after'] as const)('ends where an undisturbed run ends, %s any AWS call', async (when) => {
    const whole = await crashed({});
    const wanted = await endState(whole.sim);
    for (let call = 1; call <= whole.calls; call++) {
      const { sim, records, dead } = await crashed({ call, when });
      expect(dead).toBe(true);
      if (records.length === 0) continue;
      const { outcome } = await resumeRun(sim, records);
      expect({ call, outcome, end: await endState(sim) }).toEqual({ call, outcome: 'succeeded', end: wanted });
    }
  });
});
