import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../src/journal/events.ts';
import { planOf, resumeRun, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
const MINUTE = 60_000;

const wait = (sim: Simulation, ms: number) => sim.clock.run(() => sim.clock.sleep(ms));

describe('what AWS makes a run wait for', () => {
  it('a scaling activity that blocks the group for minutes is waited out', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await wait(sim, 90_000);
    const plan = await planOf(sim, TOKYO);
    sim.world.setGroupTrouble(TOKYO, 'shop-api', { busyMs: 8 * MINUTE });
    const busyUntil = sim.clock.now() + 8 * MINUTE;
    const { outcome, state, records } = await runPlan(sim, plan);
    expect(outcome).toBe('succeeded');
    expect(records.some((record) => record.type === 'step.unclear' && record.error.code === 'ScalingActivityInProgress')).toBe(true);
    expect(state.steps.get('compute.api.scaleOut')).toMatchObject({ state: 'done' });
    expect(state.steps.get('compute.api.scaleOut')?.reachedAt).toBeGreaterThan(busyUntil);
  });

  it('a run that stands still for hours after its own promotion keeps the bound of that moment', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await wait(sim, 90_000);
    const kept: JournalRecord[] = [];
    const plan = await planOf(sim, TOKYO);
    const acted = (record: JournalRecord) => record.type === 'step.acted' && record.step === 'databases.orders.promote';
    await runPlan(sim, plan, { onRecord: (record) => { if (!kept.some(acted)) kept.push(record); } });
    expect(kept.some(acted)).toBe(true);
    const before = boundOf(kept);
    const lost = sim.world.lossOf(REPLICA);
    await wait(sim, 3 * 60 * MINUTE);
    const { outcome, state } = await resumeRun(sim, kept);
    expect(outcome).toBe('succeeded');
    const bound = state.facts.get('rpo.orders') as { boundMs: number; outageAt: number };
    expect(before).toMatchObject({ boundMs: bound.boundMs, outageAt: bound.outageAt });
    expect(bound.boundMs).toBeGreaterThanOrEqual(lost?.ms ?? Infinity);
    expect(bound.boundMs).toBeLessThan(10 * MINUTE);
  });
});

/** The bound on loss that the records hold. */
function boundOf(records: readonly JournalRecord[]): unknown {
  const facts = (record: JournalRecord) => ('facts' in record ? record.facts : undefined);
  return records.map((record) => facts(record)?.['rpo.orders']).findLast((fact) => fact !== undefined);
}
