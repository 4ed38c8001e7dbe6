import { describe, expect, it } from 'vitest';
import type { DbRef } from '../../src/simulator/database-driver.ts';
import { planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';
import type { Direction } from '../../src/app/observe.ts';

const HOME: DbRef = { region: SEOUL, id: 'shop-orders' };
const AWAY: DbRef = { region: TOKYO, id: 'shop-orders-tokyo' };

async function done(sim: Simulation, direction: Direction) {
  const { state, outcome } = await runPlan(sim, await planOf(sim, direction));
  expect([...state.steps.values()].filter((s) => s.state !== 'done').map((s) => [s.id, s.state, s.because, s.refusal, s.error])).toEqual([]);
  expect(outcome).toBe('succeeded');
  return state;
}

describe('reprotect in simulated time', () => {
  it('renames the old primary, keeps it, and makes a replica of that name that is in sync', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await done(sim, { verb: 'failover', region: TOKYO });
    sim.world.healRegion(SEOUL);
    const state = await done(sim, { verb: 'reprotect' });
    const { databases } = sim.world.snapshot();
    expect(databases.map((d) => [d.region, d.id, d.role, d.status, d.source]).sort()).toEqual([
      [TOKYO, 'shop-orders-tokyo', 'writer', 'available', undefined],
      [SEOUL, 'shop-orders', 'replica', 'available', `${TOKYO}/shop-orders-tokyo`],
      [SEOUL, 'shop-orders-old-20261120', 'writer', 'available', undefined],
    ]);
    expect(state.facts.get(`standby.orders.${SEOUL}`)).toMatchObject({ kept: 'shop-orders-old-20261120' });
    expect(sim.world.acceptsWrites(AWAY)).toBe(true);
  });

  it('there and home again ends as it began, but for the old instances that are kept', async () => {
    const sim = await simulation();
    const view = () => {
      const { databases, records, groups, applications } = sim.world.snapshot();
      return {
        databases: databases.filter((d) => !d.id.includes('-old-')).map(({ region, id, role, source, status, acceptsWrites, securityGroups }) => ({ region, id, role, source, status, acceptsWrites, securityGroups })),
        records: records.map(({ name, setIdentifier, failover, values, answered }) => ({ name, setIdentifier, failover, values, answered })),
        groups: groups.map(({ region, name }) => ({ region, name })),
        applications,
      };
    };
    const before = view();
    await done(sim, { verb: 'switchover', region: TOKYO });
    await done(sim, { verb: 'reprotect' });
    await done(sim, { verb: 'switchover', region: SEOUL });
    await done(sim, { verb: 'reprotect' });
    await sim.clock.run(() => sim.clock.sleep(300_000));
    sim.world.tick();
    expect(view()).toEqual(before);
    const lost = sim.world.ledgerOf(HOME).map(({ origin, acknowledged, held }) => [origin, acknowledged - held]);
    expect(lost.filter(([, rows]) => rows !== 0)).toEqual([]);
    expect(sim.world.ledgerOf(HOME).filter((entry) => entry.acknowledged > 0).length).toBeGreaterThanOrEqual(2);
  });
});
