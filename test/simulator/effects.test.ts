import { describe, expect, it } from 'vitest';
import type { HttpSample, SqlTarget } from '../../src/effects/effects.ts';
import { simulatedEffects } from '../../src/simulator/effects.ts';
import { makeShop, REPLICA, SEOUL, TOKYO, WRITER, type Fixture } from './fixture.ts';

const target = (host: string): SqlTarget => ({ engine: 'postgres', host, port: 5432, database: 'orders', user: 'dr', password: 'x' });

function effectsOf(shop: Fixture) {
  const effects = simulatedEffects(shop.world);
  return {
    effects,
    get: (url: string): Promise<HttpSample> => shop.clock.run(() => effects.http.request({ url, timeoutMs: 2000 })),
    canary: (host: string) => shop.clock.run(() => effects.sql.canary(target(host), 'dr_canary', 'token-1', 3000)).catch((error: unknown) => (error as Error).message),
  };
}

describe('HTTP', () => {
  it('reaches the storefront that the name leads to', async () => {
    const { get } = effectsOf(makeShop());
    expect(await get('https://shop.example.com/healthz')).toEqual({ status: 200, body: 'ok', address: '192.0.2.2', ms: 5 });
    expect(await get('http://192.0.2.1/healthz')).toMatchObject({ status: 503, address: '192.0.2.1' });
    expect(await get('https://shop.example.com/other')).toMatchObject({ status: 404 });
    expect(await get('https://nobody.example.com/healthz')).toEqual({ status: 0, body: '', address: undefined, ms: 0, error: 'getaddrinfo ENOTFOUND nobody.example.com' });
    expect(await get('http://192.0.2.99/')).toMatchObject({ status: 0, ms: 2000 });
  });

  it('waits for a dead region until its time is up, and is answered by the other after the failover', async () => {
    const shop = makeShop({ timings: { promotionMs: 10_000 } });
    const { get, effects } = effectsOf(shop);
    shop.world.breakRegion(SEOUL);
    expect(await get('https://shop.example.com/healthz')).toEqual({ status: 0, body: '', address: '192.0.2.2', ms: 2000, error: 'no answer within 2000 ms' });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(80_000);
    expect(await get('https://shop.example.com/healthz')).toMatchObject({ status: 200, address: '192.0.2.1' });
    expect(await effects.dns.resolve('shop.example.com', 'A', 1000)).toEqual({ values: ['192.0.2.1'], ttl: 60 });
  });

  it('gives 503 while the application is stopped, and pages of its own', async () => {
    const shop = makeShop();
    shop.world.addApplication({ region: TOKYO, address: '192.0.2.77', pages: { '/status': 'green' } });
    const { get } = effectsOf(shop);
    expect(await get('http://192.0.2.77/status')).toMatchObject({ status: 200, body: 'green' });
    expect(await get('http://192.0.2.77/healthz')).toMatchObject({ status: 404 });
    shop.world.setApplicationUp('192.0.2.77', false);
    expect(await get('http://192.0.2.77/status')).toMatchObject({ status: 503 });
  });

  it('ends when its signal is aborted, as an observation and not as an exception', async () => {
    const shop = makeShop();
    const { effects } = effectsOf(shop);
    shop.world.breakRegion(SEOUL);
    const controller = new AbortController();
    const sample = await shop.clock.run(async () => {
      const request = effects.http.request({ url: 'https://shop.example.com/healthz', timeoutMs: 2000, signal: controller.signal });
      await shop.clock.sleep(100);
      controller.abort(new Error('stopped'));
      return await request;
    });
    expect(sample).toMatchObject({ status: 0, ms: 100, error: 'Error: stopped' });
  });
});

describe('the canary', () => {
  it('writes only where writes are taken', async () => {
    const shop = makeShop({ timings: { promotionMs: 100_000, modifyMs: 1000 } });
    const { canary } = effectsOf(shop);
    expect(await canary('orders.seoul.example')).toBe('token-1');
    expect(await canary('orders.tokyo.example')).toMatch(/read-only transaction/);
    expect(await canary('orders.mars.example')).toMatch(/ENOTFOUND/);
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    expect(await canary('orders.tokyo.example')).toMatch(/read-only transaction/);
    await shop.wait(70_000);
    expect(await canary('orders.tokyo.example')).toMatch(/ECONNREFUSED.*rebooting/);
    await shop.wait(20_000);
    expect(await canary('orders.tokyo.example')).toBe('token-1');
  });

  it('gets no answer from a quarantined instance or a dead region', async () => {
    const shop = makeShop({ timings: { modifyMs: 1000 } });
    const { canary } = effectsOf(shop);
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: ['sg-quarantine'] });
    await shop.wait(1000);
    const began = shop.clock.now();
    expect(await canary('orders.seoul.example')).toMatch(/timeout expired/);
    expect(shop.clock.now() - began).toBe(3000);
    shop.world.breakRegion(TOKYO);
    expect(await canary('orders.tokyo.example')).toMatch(/timeout expired/);
  });
});

describe('the ids of the tool', () => {
  it('come from the seed and do not move those of the world', async () => {
    const ids = (seed: number) => simulatedEffects(makeShop({ seed }).world).ids.hex(8);
    expect(ids(1)).toBe(ids(1));
    expect(ids(1)).not.toBe(ids(2));
    const [a, b] = [makeShop(), makeShop()];
    simulatedEffects(a.world).ids.hex(100);
    const id = async (shop: Fixture) => (await shop.clock.run(() => shop.world.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {} }))).requestId;
    expect(await id(a)).toBe(await id(b));
  });
});
