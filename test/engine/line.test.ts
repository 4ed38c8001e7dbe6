import { describe, expect, it } from 'vitest';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, simulation, TOKYO } from './simulated.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';

const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };

/** A run that died when its intent to promote was written, and before the call. */
async function diedAtTheLine() {
  const sim = await simulation();
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  let intended = false;
  const store = new MemoryStore((record) => {
    if (intended) throw new Error('dead');
    intended = record.type === 'step.intent' && record.step === 'databases.orders.promote';
  });
  const remove = sim.world.addFault({ service: 'rds', operation: 'PromoteReadReplica', effect: { kind: 'reset' } });
  await runPlan(sim, plan, { store }).catch(() => undefined);
  remove();
  expect(store.records.at(-1)).toMatchObject({ type: 'step.intent', step: 'databases.orders.promote' });
  return { sim, records: [...store.records] };
}

describe('what carries a run over the line', () => {
  it('is decided again when the process died before the promotion and the source is back: nothing is promoted', async () => {
    const { sim, records } = await diedAtTheLine();
    sim.world.healRegion(SEOUL);
    await sim.clock.run(() => sim.clock.sleep(1_200_000));
    const { outcome, state } = await resumeRun(sim, records);
    expect(outcome).toBe('refused');
    expect(state.steps.get('assess.source')?.refusal?.rule).toBe('source-down');
    expect(sim.world.lossOf(REPLICA)).toBeUndefined();
  });

  it('is decided again while the source stays dead, and the run succeeds', async () => {
    const { sim, records } = await diedAtTheLine();
    await sim.clock.run(() => sim.clock.sleep(1_200_000));
    const { outcome, state } = await resumeRun(sim, records);
    expect(outcome).toBe('succeeded');
    expect(state.facts.get('rpo.orders')).toMatchObject({ database: 'orders' });
  });

  it('is too old when the promotion had to wait for its own API', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    // From the end of the fence on, RDS in Tokyo only throttles, for ten minutes.
    let remove: (() => void) | undefined;
    const { outcome, state, records } = await runPlan(sim, plan, {
      acceptances: APPROVED,
      onRecord: (record) => {
        if (record.type !== 'step.started' || record.step !== 'databases.orders.promote') return;
        remove = sim.world.addFault({ region: TOKYO, service: 'rds', effect: { kind: 'throttle' } });
        void sim.clock.sleep(600_000).then(() => remove?.());
      },
    });
    expect(outcome).toBe('refused');
    expect(state.steps.get('databases.orders.promote')?.refusal).toMatchObject({
      rule: 'decision-age',
      threshold: 'at most 5m before the point of no return, which may be 15 s from now',
      override: 'dr resume: looks again, and decides again',
    });
    const resumed = await resumeRun(sim, records);
    expect(resumed.outcome).toBe('succeeded');
  });
});
