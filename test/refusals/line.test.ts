import { expect, it } from 'vitest';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { APPROVED, planOf, resumeRun, runPlan, SEOUL, TOKYO } from '../engine/simulated.ts';
import { lines, worldOf } from './said.ts';

it('data that is gone before users are led to it', async () => {
  const sim = await worldOf('shop');
  sim.world.breakRegion(SEOUL);
  const plan = await planOf(sim, TOKYO);
  const store = new MemoryStore((record) => {
    if (record.type === 'step.started' && record.step === 'traffic.storefront.flip') throw new Error('the machine dies');
  });
  await expect(runPlan(sim, plan, { store })).rejects.toThrow('the machine dies');
  // A quarter of an hour later it is there no more.
  await sim.clock.run(() => sim.clock.sleep(900_000));
  const seen: string[] = [];
  const { state, outcome, records } = await resumeRun(sim, store.records, APPROVED, (record) => {
    if (record.type !== 'checks.green') return;
    seen.push(record.type);
    sim.world.addFault({ region: TOKYO, service: 'rds', operation: 'DescribeDBInstances', effect: { kind: 'error', httpStatus: 404, code: 'DBInstanceNotFound' } });
  });
  expect([outcome, seen]).toEqual(['refused', ['checks.green']]);
  const refusal = state.steps.get('traffic.storefront.flip')?.refusal;
  expect(refusal === undefined ? '' : lines(refusal)).toMatchInlineSnapshot(`
    "rule         data-gone
    observed     since it was made: shop-orders-tokyo is not in ap-northeast-1 any more (just now)
    threshold    traffic follows data: the database that users are led to is there, and takes writes
    consequence  users would be led to a region that cannot serve them
    override     none: mend it, then dr resume"
  `);
  expect(records.filter((r) => r.type === 'step.intent' && r.step === 'traffic.storefront.flip')).toEqual([]);
});

it('decisions that have grown old while the promotion waited for its own API, in every round', async () => {
  let rounds = 0;
  const sim = await worldOf('shop');
  sim.world.breakRegion(SEOUL);
  const { state, outcome } = await runPlan(sim, await planOf(sim, TOKYO), {
    onRecord: (record) => {
      if (record.type !== 'step.started' || record.step !== 'databases.orders.promote') return;
      rounds += 1;
      const remove = sim.world.addFault({ region: TOKYO, service: 'rds', effect: { kind: 'throttle' } });
      void sim.clock.sleep(600_000).then(remove);
    },
  });
  expect(outcome).toBe('refused');
  const refusal = state.steps.get('databases.orders.promote')?.refusal;
  expect(refusal === undefined ? '' : lines(refusal)).toMatchInlineSnapshot(`
    "rule         decision-age
    observed     "No other move in the last 1h" was answered 10m 11s ago (10m 11s ago)
    threshold    at most 5m before the point of no return, which may be 15 s from now
    consequence  the source may be back, and the loss another one, than when it was decided
    override     dr resume: looks again, and decides again"
  `);
  expect(sim.world.lossOf({ region: TOKYO, id: 'shop-orders-tokyo' })).toBeUndefined();
  expect(rounds).toBe(12);
});
