import { describe, expect, it } from 'vitest';
import type { InputOf } from '../../src/aws/operations.ts';
import { makeShop, REPLICA, SEOUL, START, TOKYO, WRITER, type Fixture } from './fixture.ts';

type Query = NonNullable<InputOf<'cloudwatch', 'GetMetricData'>['MetricDataQueries']>[number];

function query(more: { id?: string; instance?: string; period?: number; stat?: string; metric?: string } = {}): Query {
  const { id = 'lag', instance = REPLICA.id, period = 60, stat = 'Maximum', metric = 'ReplicaLag' } = more;
  return { Id: id, MetricStat: { Metric: { Namespace: 'AWS/RDS', MetricName: metric, Dimensions: [{ Name: 'DBInstanceIdentifier', Value: instance }] }, Period: period, Stat: stat } };
}

function input(fixture: Fixture, queries: Query[], more: Partial<InputOf<'cloudwatch', 'GetMetricData'>> = {}): InputOf<'cloudwatch', 'GetMetricData'> {
  const now = fixture.clock.now();
  return { StartTime: new Date(now - 300_000), EndTime: new Date(now + 1), MetricDataQueries: queries, ...more };
}

async function points(fixture: Fixture, queries = [query()], more: Partial<InputOf<'cloudwatch', 'GetMetricData'>> = {}): Promise<[minutesAfterStart: number, value: number | undefined][]> {
  const { MetricDataResults } = await fixture.call('cloudwatch', TOKYO, 'GetMetricData', input(fixture, queries, more));
  const [result] = MetricDataResults ?? [];
  return (result?.Timestamps ?? []).map((at, i) => [(at.getTime() - START) / 60_000, result?.Values?.[i]]);
}

describe('ReplicaLag', () => {
  it('is in seconds, once a minute, newest first unless asked otherwise', async () => {
    const shop = makeShop();
    await shop.wait(190_000);
    expect(await points(shop)).toEqual([[3, 2], [2, 2], [1, 2], [0, 2], [-1, 2]]);
    expect((await points(shop, undefined, { ScanBy: 'TimestampAscending' })).map(([at]) => at)).toEqual([-1, 0, 1, 2, 3]);
    expect((await points(shop, undefined, { ScanBy: 'TimestampDescending' })).map(([at]) => at)).toEqual([3, 2, 1, 0, -1]);
  });

  it('has no datapoints of the future', async () => {
    const shop = makeShop();
    await shop.wait(70_000);
    expect((await points(shop, undefined, { EndTime: new Date(START + 3_600_000) })).map(([at]) => at)).toEqual([1, 0, -1, -2, -3]);
  });

  it('ends when the source region dies, and comes back with it', async () => {
    const shop = makeShop();
    await shop.wait(70_000);
    shop.world.breakRegion(SEOUL);
    await shop.wait(200_000);
    expect((await points(shop))[0]).toEqual([1, 2]);
    shop.world.healRegion(SEOUL);
    await shop.wait(60_000);
    expect((await points(shop))[0]).toEqual([5, 2]);
  });

  it('is -1 while replication has the status stopped, and ends with a promotion', async () => {
    const shop = makeShop();
    await shop.wait(30_000);
    shop.world.setReplication(REPLICA, { mode: 'stopped' });
    await shop.wait(60_000);
    expect((await points(shop))[0]).toEqual([1, -1]);
    shop.world.setReplication(REPLICA, { mode: 'replicating' });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(600_000);
    expect(await points(shop)).toEqual([]);
    expect((await points(shop, undefined, { StartTime: new Date(START - 60_000) }))[0]).toEqual([1, -1]);
  });

  it('grows second by second when the lag is set higher, and never goes back in what has arrived', async () => {
    const shop = makeShop({ timings: { metricPeriodMs: 10_000 } });
    shop.world.setReplication(REPLICA, { lagMs: 25_000 });
    await shop.wait(45_000);
    const lag = (await points(shop, [query({ period: 10 })], { StartTime: new Date(START), ScanBy: 'TimestampAscending' })).map(([, value]) => value);
    expect(lag).toEqual([2, 12, 22, 25, 25]);
    shop.world.setReplication(REPLICA, { lagMs: 1000 });
    await shop.wait(10_000);
    expect((await points(shop, [query({ period: 10 })]))[0]?.[1]).toBe(1);
  });

  it('is put together over a longer period by the statistic asked for', async () => {
    const shop = makeShop({ timings: { metricPeriodMs: 10_000 } });
    shop.world.setReplication(REPLICA, { lagMs: 32_000 });
    await shop.wait(50_000);
    const of = async (stat: string) => (await points(shop, [query({ stat })], { StartTime: new Date(START) }))[0]?.[1];
    expect([await of('Minimum'), await of('Maximum'), await of('SampleCount'), await of('Sum'), await of('Average')]).toEqual([2, 32, 6, 132, 22]);
  });

  it('has no datapoints for an unknown instance or a writer, which is no error', async () => {
    const shop = makeShop();
    expect(await points(shop, [query({ instance: 'none' })])).toEqual([]);
    const { MetricDataResults } = await shop.call('cloudwatch', SEOUL, 'GetMetricData', input(shop, [query({ instance: WRITER.id })]));
    expect(MetricDataResults).toEqual([{ Id: 'lag', Label: 'ReplicaLag', Timestamps: [], Values: [], StatusCode: 'Complete' }]);
  });

  it.each<[string, (fixture: Fixture) => InputOf<'cloudwatch', 'GetMetricData'>, string]>([
    ['another metric', (f) => input(f, [query({ metric: 'CPUUtilization' })]), 'SimulatorUnsupported'],
    ['an expression', (f) => input(f, [{ Id: 'e', Expression: 'lag + 1' }]), 'SimulatorUnsupported'],
    ['a percentile', (f) => input(f, [query({ stat: 'p99' })]), 'SimulatorUnsupported'],
    ['a period of 7 s', (f) => input(f, [query({ period: 7 })]), 'ValidationError'],
    ['two queries of one id', (f) => input(f, [query(), query()]), 'ValidationError'],
    ['no query', (f) => input(f, []), 'ValidationError'],
    ['an id that begins with a capital', (f) => input(f, [query({ id: 'Lag' })]), 'ValidationError'],
    ['a start after the end', (f) => input(f, [query()], { StartTime: new Date(f.clock.now() + 10) }), 'ValidationError'],
  ])('refuses %s', async (_name, make, code) => {
    const shop = makeShop();
    expect((await shop.refused('cloudwatch', TOKYO, 'GetMetricData', make(shop))).code).toBe(code);
  });
});
