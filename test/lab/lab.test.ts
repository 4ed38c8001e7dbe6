import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { systemEffects } from '../../src/effects/system.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { lab, type Lab } from '../../src/lab/lab.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { connected, sql, until } from './helpers.ts';

const SEOUL = 'ap-northeast-2';
const TOKYO = 'ap-northeast-1';
const loaded = await loadRunbook(fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url)));

/** A failover by hand, with nothing but what a user of AWS has: the SDK, DNS, HTTP and SQL. */
describe('the lab', () => {
  let here: Lab;
  let effects: Effects;
  beforeAll(async () => {
    here = await lab({ runbook: loaded });
    for (const [name, value] of Object.entries(here.info.env)) vi.stubEnv(name, value);
    effects = systemEffects({ aws: sdkCaller(), env: process.env });
  });
  afterAll(async () => {
    await here.stop();
    vi.unstubAllEnvs();
  });

  const health = () => effects.http.request({ url: `http://${here.info.host}/healthz`, timeoutMs: 1_000 });
  const instance = async (region: string, id: string) => {
    const { output } = await effects.aws.call({ service: 'rds', region, operation: 'DescribeDBInstances', input: { DBInstanceIdentifier: id } });
    const found = output.DBInstances?.[0];
    if (found === undefined) throw new Error(`no ${id}`);
    return found;
  };
  const login = async (region: string, id: string) => ({
    engine: 'postgres' as const,
    host: (await instance(region, id)).Endpoint?.Address ?? '',
    port: (await instance(region, id)).Endpoint?.Port ?? 0,
    database: 'shop',
    user: process.env['SHOP_DB_USER'] ?? '',
    password: process.env['SHOP_DB_PASSWORD'] ?? '',
  });
  const ordersIn = async (region: string, id: string, ids: string[]) => {
    const { engine: _, ...connection } = await login(region, id);
    const server = { address: () => ({ host: connection.host, port: connection.port }) };
    return (await sql(server, 'SELECT id FROM orders WHERE id = ANY($1)', [ids], connection)).map((row) => String(row['id'])).sort();
  };
  const role = async (region: string) => (await here.status()).databases.find((db) => db.region === region);

  it('serves users in the home region, and nobody in the other', async () => {
    expect(await effects.dns.resolve(here.info.host, 'A', 1_000)).toEqual({ values: ['127.0.0.2'], ttl: 1 });
    expect(await health()).toMatchObject({ status: 200, body: 'ok\n', address: '127.0.0.2' });
    const standby = await effects.http.request({ url: 'http://127.0.0.3/healthz', timeoutMs: 1_000 });
    expect(standby).toMatchObject({ status: 503, body: `the database in ${TOKYO} is a read-only replica\n` });
    const order = await effects.http.request({ url: `http://127.0.0.3/orders`, method: 'POST', body: '{"id":"x-1"}', timeoutMs: 1_000 });
    expect(order.status).toBe(503);
    expect(order.body).toMatch(/read-only transaction/);
  });

  it('shows the replica’s lag in CloudWatch', async () => {
    await until('a lag sample', async () => {
      const now = Date.now();
      const { output } = await effects.aws.call({
        service: 'cloudwatch',
        region: TOKYO,
        operation: 'GetMetricData',
        input: {
          StartTime: new Date(now - 60_000),
          EndTime: new Date(now + 1_000),
          MetricDataQueries: [{ Id: 'lag', MetricStat: { Period: 1, Stat: 'Maximum', Metric: { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'shop-orders-tokyo' }] } } }],
        },
      });
      const lag = output.MetricDataResults?.[0]?.Values?.[0];
      return lag !== undefined && lag > 0 && lag < 30;
    });
  });

  it('a broken region gives no answer anywhere', async () => {
    await here.breakRegion(SEOUL);
    await expect(effects.aws.call({ service: 'rds', region: SEOUL, operation: 'DescribeDBInstances', input: {}, timeoutMs: 400 })).rejects.toMatchObject({ code: 'NoAnswer' });
    expect(await health()).toMatchObject({ status: 0, address: '127.0.0.2' });
    expect(await role(SEOUL)).toMatchObject({ state: 'dead', door: 'dead' });
    expect((await instance(TOKYO, 'shop-orders-tokyo')).DBInstanceStatus).toBe('available');
  });

  it('comes back where it is promoted, and counts exactly what was lost', async () => {
    await effects.aws.call({ service: 'rds', region: TOKYO, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'shop-orders-tokyo' } });
    await until('promoted', async () => {
      const db = await instance(TOKYO, 'shop-orders-tokyo');
      return db.DBInstanceStatus === 'available' && db.ReadReplicaSourceDBInstanceIdentifier === undefined;
    });
    const set = (SetIdentifier: string, Failover: 'PRIMARY' | 'SECONDARY', Value: string) => ({
      Action: 'UPSERT' as const,
      ResourceRecordSet: { Name: 'shop.example.com', Type: 'A' as const, TTL: 1, SetIdentifier, Failover, HealthCheckId: `hc-${SetIdentifier}`, ResourceRecords: [{ Value }] },
    });
    await effects.aws.call({
      service: 'route53',
      region: 'us-east-1',
      operation: 'ChangeResourceRecordSets',
      input: { HostedZoneId: 'Z0123456789ABCDEFGHIJ', ChangeBatch: { Changes: [set('tokyo', 'PRIMARY', '127.0.0.3'), set('seoul', 'SECONDARY', '127.0.0.2')] } },
    });
    await until('users are served', async () => (await health()).address === '127.0.0.3');
    await until('orders go through', async () => (await here.ledger()).outages.at(-1)?.firstGoodAddress === '127.0.0.3');
    const ledger = await here.ledger();
    expect(ledger.loss).toMatchObject({ region: TOKYO, notChecked: 0, checked: ledger.acknowledged });
    expect(ledger.loss?.lostIds).toHaveLength(Math.min(ledger.loss?.lost ?? -1, 20));
  });

  it('heals with the old writer writable, what was lost on its disk, and the users where they are', async () => {
    const before = (await here.ledger()).loss;
    await here.heal(SEOUL);
    await until('old writer is back', async () => (await role(SEOUL))?.state === 'writer');
    expect((await role(TOKYO))?.state).toBe('writer');
    const { lastGood, loss } = await here.ledger();
    expect([lastGood?.region, loss?.lost]).toEqual([TOKYO, before?.lost]);
    const ids = [...(loss?.lostIds ?? [])];
    expect(await ordersIn(SEOUL, 'shop-orders', ids)).toEqual(ids.sort());
    expect(await ordersIn(TOKYO, 'shop-orders-tokyo', ids)).toEqual([]);
  });

  it('a quarantine keeps new connections out of the old writer, and a reboot ends those that are there', async () => {
    const target = await login(SEOUL, 'shop-orders');
    const session = await connected(target.host, target.port, target);
    expect(await effects.sql.canary(target, 'dr_canary', 'open', 5_000)).toBe('open');
    await effects.aws.call({ service: 'rds', region: SEOUL, operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: 'shop-orders', VpcSecurityGroupIds: ['sg-0aaaaaaaaaaaaaaaa'] } });
    await until('closed', async () => (await role(SEOUL))?.door === 'closed');
    await expect(effects.sql.canary(target, 'dr_canary', 'closed', 300)).rejects.toThrow('within 300 ms');
    // It was there before, and still writes.
    expect(await session.write('after-the-quarantine')).toBe('written');
    const status = async () => (await effects.aws.call({ service: 'rds', region: SEOUL, operation: 'DescribeDBInstances', input: { DBInstanceIdentifier: 'shop-orders' } })).output.DBInstances?.[0]?.DBInstanceStatus;
    await until('available', async () => (await status()) === 'available');
    await effects.aws.call({ service: 'rds', region: SEOUL, operation: 'RebootDBInstance', input: { DBInstanceIdentifier: 'shop-orders' } });
    await until('available again', async () => (await status()) === 'available');
    expect(await session.write('after-the-reboot')).not.toBe('written');
    expect((await role(SEOUL))?.state).toBe('writer');
    const old = () => effects.http.request({ url: 'http://127.0.0.2/healthz', timeoutMs: 2_000 });
    await until('its application says so', async () => (await old()).status === 503);
    expect((await here.ledger()).lastGood?.region).toBe(TOKYO);
  });
});
