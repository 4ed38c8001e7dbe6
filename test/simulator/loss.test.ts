import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rpoFromLag } from '../../src/measure/rpo.ts';
import { makeShop, REPLICA, SEOUL, TOKYO, WRITER, type Fixture } from './fixture.ts';

async function promote(shop: Fixture): Promise<void> {
  await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
}

async function newestLag(shop: Fixture, now: number): Promise<{ lagMs: number; sampledAt: number } | undefined> {
  const { MetricDataResults } = await shop.call('cloudwatch', TOKYO, 'GetMetricData', {
    StartTime: new Date(now - 3_600_000),
    EndTime: new Date(now),
    MetricDataQueries: [
      {
        Id: 'lag',
        MetricStat: {
          Metric: { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: REPLICA.id }] },
          Period: 60,
          Stat: 'Maximum',
        },
      },
    ],
  });
  const [result] = MetricDataResults ?? [];
  const [at] = result?.Timestamps ?? [];
  const [value] = result?.Values ?? [];
  return at === undefined || value === undefined ? undefined : { lagMs: value * 1000, sampledAt: at.getTime() };
}

describe('loss', () => {
  it('is what the source acknowledged in the lag before it died, and nothing after', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    await shop.wait(90_000);
    const died = shop.clock.now();
    shop.world.breakRegion(SEOUL);
    await shop.wait(300_000);
    expect(shop.world.lossOf(REPLICA)).toBeUndefined();
    await promote(shop);
    // 2 s of lag, 10 commits a second.
    expect(shop.world.lossOf(REPLICA)).toEqual({ commits: 20, ms: 2000, recoveredUpTo: died - 2000 });
    await shop.wait(3_600_000);
    expect(shop.world.lossOf(REPLICA)?.commits).toBe(20);
  });

  it('grows while an old writer that lives is still written to, and ends with the sessions that its quarantine leaves', async () => {
    const shop = makeShop({ timings: { callMs: 0, modifyMs: 10_000, rebootMs: 10_000 } });
    await promote(shop);
    await shop.wait(5000);
    expect(shop.world.lossOf(REPLICA)?.commits).toBe(70);
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: ['sg-quarantine'] });
    await shop.wait(60_000);
    expect(shop.world.lossOf(REPLICA)?.commits).toBe(670);
    await shop.call('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: WRITER.id });
    await shop.wait(60_000);
    expect(shop.world.lossOf(REPLICA)?.commits).toBe(690);
  });

  it('is nothing when writes end before the replica has caught up', async () => {
    const shop = makeShop({ timings: { callMs: 0, modifyMs: 10_000, rebootMs: 10_000 } });
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: ['sg-quarantine'] });
    await shop.wait(10_000);
    await shop.call('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: WRITER.id });
    await shop.wait(4_000);
    await promote(shop);
    expect(shop.world.lossOf(REPLICA)).toMatchObject({ commits: 0, ms: 0 });
  });

  it('counts the whole time that replication had been stopped', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    shop.world.setReplication(REPLICA, { mode: 'stopped' });
    await shop.wait(60_000);
    shop.world.breakRegion(SEOUL);
    await promote(shop);
    expect(shop.world.lossOf(REPLICA)).toMatchObject({ commits: 620, ms: 62_000 });
  });

  it('is never more than the bound measured from the metric, whatever the lag did', async () => {
    const change = fc.record({ afterMs: fc.integer({ min: 0, max: 100_000 }), lagMs: fc.integer({ min: 0, max: 90_000 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 6 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 0, max: 200_000 }),
        fc.constantFrom(1000, 60_000),
        async (changes, untilBreak, untilPromotion, metricPeriodMs) => {
          const shop = makeShop({ timings: { callMs: 0, metricPeriodMs } });
          for (const { afterMs, lagMs } of changes) {
            await shop.wait(afterMs);
            shop.world.setReplication(REPLICA, { lagMs });
          }
          await shop.wait(untilBreak);
          const outage = shop.clock.now();
          shop.world.breakRegion(SEOUL);
          await shop.wait(untilPromotion);
          const bound = rpoFromLag('orders', await newestLag(shop, shop.clock.now()), outage, shop.clock.now());
          await promote(shop);
          expect(bound.boundMs).toBeGreaterThanOrEqual(shop.world.lossOf(REPLICA)?.ms ?? Number.NaN);
        },
      ),
      { numRuns: 200 },
    );
  });
});
