import { describe, expect, it } from 'vitest';
import type { DatabaseDriver, DbRef } from '../../src/simulator/database-driver.ts';
import { instance, makeShop, REPLICA, SEOUL, START, TOKYO, WRITER } from './fixture.ts';

/** Databases whose work ends when the test says so. */
class HandDriver implements DatabaseDriver {
  readonly calls: unknown[] = [];
  lag: number | undefined = 1500;
  end: (error?: Error) => void = () => undefined;

  promote(ref: DbRef): Promise<void> {
    this.calls.push(['promote', ref]);
    return this.wait();
  }

  lagMs(): number | undefined {
    return this.lag;
  }

  quarantine(ref: DbRef, closed: boolean): Promise<void> {
    this.calls.push(['quarantine', ref, closed]);
    return this.wait();
  }

  private wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.end = (error) => (error === undefined ? resolve() : reject(error));
    });
  }
}

const PROMOTION_MS = 1000;

function shopWith(driver: HandDriver) {
  return makeShop({ databases: driver, timings: { promotionMs: PROMOTION_MS, modifyMs: 1000, metricPeriodMs: 1000, callMs: 0 } });
}

describe('with real databases', () => {
  it('a promotion ends when the database is done and the time is over', async () => {
    for (const databaseFirst of [true, false]) {
      const driver = new HandDriver();
      const shop = shopWith(driver);
      const status = async () => (await instance(shop, REPLICA)).DBInstanceStatus;
      await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
      expect(driver.calls).toEqual([['promote', REPLICA]]);
      if (databaseFirst) {
        driver.end();
        await shop.wait(500);
        expect([await status(), shop.world.acceptsWrites(REPLICA)]).toEqual(['modifying', false]);
        await shop.wait(500);
      } else {
        await shop.wait(60_000);
        expect([await status(), (await instance(shop, REPLICA)).ReadReplicaSourceDBInstanceIdentifier]).toEqual(['modifying', `arn:aws:rds:${SEOUL}:000000000000:db:orders`]);
        expect(shop.world.acceptsWrites(REPLICA)).toBe(false);
        driver.end();
        await shop.wait(0);
      }
      const done = await instance(shop, REPLICA);
      expect([done.DBInstanceStatus, done.ReadReplicaSourceDBInstanceIdentifier, done.BackupRetentionPeriod, shop.world.acceptsWrites(REPLICA)]).toEqual(['available', undefined, 1, true]);
    }
  });

  it('a promotion that fails leaves the instance failed', async () => {
    const driver = new HandDriver();
    const shop = shopWith(driver);
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    driver.end(new Error('disk full'));
    await shop.wait(2000);
    expect([(await instance(shop, REPLICA)).DBInstanceStatus, shop.world.acceptsWrites(REPLICA)]).toEqual(['failed', false]);
  });

  it('a quarantine closes the real door, and ends with it', async () => {
    const driver = new HandDriver();
    const shop = shopWith(driver);
    const modify = (VpcSecurityGroupIds: string[]) => shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds });
    await modify(['sg-quarantine']);
    await shop.wait(5000);
    expect((await instance(shop, WRITER)).DBInstanceStatus).toBe('modifying');
    driver.end();
    await shop.wait(0);
    expect((await instance(shop, WRITER)).DBInstanceStatus).toBe('available');
    await modify(['sg-quarantine', 'sg-app']);
    expect(driver.calls).toEqual([['quarantine', WRITER, true], ['quarantine', WRITER, false]]);
  });

  it('the metric shows the measured lag, and nothing when there is none', async () => {
    const driver = new HandDriver();
    const shop = shopWith(driver);
    const lag = async () => {
      const { MetricDataResults } = await shop.call('cloudwatch', TOKYO, 'GetMetricData', {
        StartTime: new Date(START),
        EndTime: new Date(shop.clock.now() + 1),
        ScanBy: 'TimestampAscending',
        MetricDataQueries: [{ Id: 'lag', MetricStat: { Metric: { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: REPLICA.id }] }, Period: 1, Stat: 'Maximum' } }],
      });
      return MetricDataResults?.[0]?.Timestamps?.map((at, i) => [at.getTime() - START, MetricDataResults[0]?.Values?.[i]]);
    };
    const tick = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 250) {
        await shop.wait(250);
        shop.world.tick();
      }
    };
    expect(shop.world.snapshot().databases[1]?.lagMs).toBe(1500);
    await tick(1000);
    driver.lag = 700;
    await tick(1000);
    driver.lag = undefined;
    await tick(1000);
    driver.lag = 100;
    shop.world.breakRegion(SEOUL);
    await tick(1000);
    expect(await lag()).toEqual([[0, 1.5], [1000, 1.5], [2000, 0.7]]);
    expect(shop.world.snapshot().databases[1]?.lagMs).toBeUndefined();
  });
});
