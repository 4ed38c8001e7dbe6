import { expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, TOKYO } from '../engine/simulated.ts';
import { lines, worldOf } from './said.ts';

it('decisions that have grown old while the promotion waited for its own API', async () => {
  const sim = await worldOf('shop');
  sim.world.breakRegion(SEOUL);
  const { state, outcome } = await runPlan(sim, await planOf(sim, TOKYO), {
    onRecord: (record) => {
      if (record.type !== 'step.started' || record.step !== 'databases.orders.promote') return;
      const remove = sim.world.addFault({ region: TOKYO, service: 'rds', effect: { kind: 'throttle' } });
      void sim.clock.sleep(600_000).then(remove);
    },
  });
  expect(outcome).toBe('refused');
  const refusal = state.steps.get('databases.orders.promote')?.refusal;
  expect(refusal === undefined ? '' : lines(refusal)).toMatchInlineSnapshot(`
    "rule         decision-age
    observed     "No move within 1h before" was answered 10m 6s ago (10m 6s ago)
    threshold    at most 5m before the point of no return
    consequence  the source may be back, and the loss another one, than when it was decided
    override     dr resume: looks again, and decides again"
  `);
  expect(sim.world.lossOf({ region: TOKYO, id: 'shop-orders-tokyo' })).toBeUndefined();
});
