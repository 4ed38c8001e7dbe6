import { describe, expect, it } from 'vitest';
import { makeShop, makeWorld, REPLICA, SEOUL, TOKYO, type Fixture } from './fixture.ts';

const healthy = (fixture: Fixture, id: string) => fixture.world.snapshot().healthChecks.find((check) => check.id === id)?.healthy;

async function reports(fixture: Fixture, id: string): Promise<(string | undefined)[]> {
  const { HealthCheckObservations } = await fixture.call('route53', TOKYO, 'GetHealthCheckStatus', { HealthCheckId: id });
  return (HealthCheckObservations ?? []).map((observation) => observation.StatusReport?.Status);
}

/** When the verdict of a check turns, in steps of 100 ms. */
async function turnsAfter(fixture: Fixture, id: string, limitMs: number): Promise<number> {
  const began = fixture.clock.now();
  const before = healthy(fixture, id);
  while (healthy(fixture, id) === before && fixture.clock.now() - began < limitMs) await fixture.wait(100);
  return fixture.clock.now() - began;
}

describe('health checks', () => {
  it.each([
    [10, 1, 10_000],
    [10, 3, 30_000],
    [30, 3, 90_000],
    [30, 10, 300_000],
  ] as const)('turn after %i s × %i, in both directions', async (intervalSeconds, failureThreshold, expected) => {
    const fixture = makeWorld();
    fixture.world.addHealthCheck({ id: 'hc', watches: { kind: 'region-endpoint', region: SEOUL }, intervalSeconds, failureThreshold });
    expect(healthy(fixture, 'hc')).toBe(true);
    fixture.world.breakRegion(SEOUL);
    expect(await turnsAfter(fixture, 'hc', 400_000)).toBe(expected);
    expect(healthy(fixture, 'hc')).toBe(false);
    fixture.world.healRegion(SEOUL);
    expect(await turnsAfter(fixture, 'hc', 400_000)).toBe(expected);
    expect(healthy(fixture, 'hc')).toBe(true);
  });

  it('begin to count again after a break in the failures', async () => {
    const fixture = makeWorld();
    fixture.world.addHealthCheck({ id: 'hc', watches: { kind: 'region-endpoint', region: SEOUL }, intervalSeconds: 10, failureThreshold: 3 });
    fixture.world.breakRegion(SEOUL);
    await fixture.wait(29_000);
    fixture.world.healRegion(SEOUL);
    await fixture.wait(500);
    fixture.world.breakRegion(SEOUL);
    expect(await turnsAfter(fixture, 'hc', 100_000)).toBe(30_000);
  });

  it('report at once what the checkers see, before threshold and inversion', async () => {
    const shop = makeShop();
    const seoul = await reports(shop, 'hc-seoul');
    expect(seoul).toHaveLength(8);
    expect(new Set(seoul)).toEqual(new Set(['Success: HTTP Status Code 200, OK. Resolved IP: 192.0.2.2']));
    expect((await reports(shop, 'hc-tokyo'))[0]).toBe('Failure: HTTP Status Code 503, Service Unavailable. Resolved IP: 192.0.2.1');
    shop.world.breakRegion(SEOUL);
    expect((await reports(shop, 'hc-seoul'))[0]).toMatch(/^Failure: Connection timed out/);
    expect(healthy(shop, 'hc-seoul')).toBe(true);
    const { HealthCheckObservations } = await shop.call('route53', TOKYO, 'GetHealthCheckStatus', { HealthCheckId: 'hc-seoul' });
    expect(HealthCheckObservations?.[0]).toMatchObject({ Region: 'us-east-1', StatusReport: { CheckedTime: new Date(Math.floor(shop.clock.now() / 10_000) * 10_000) } });
  });

  it('of a storefront turn healthy when its database is promoted', async () => {
    const shop = makeShop({ timings: { promotionMs: 100_000 } });
    shop.world.breakRegion(SEOUL);
    expect(healthy(shop, 'hc-tokyo')).toBe(false);
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    // 85 s until it takes writes, then 30 s × 2.
    const after = await turnsAfter(shop, 'hc-tokyo', 400_000);
    expect(Math.abs(after - 145_000)).toBeLessThanOrEqual(100);
    expect(shop.world.resolve('shop.example.com', 'A').values).toEqual(['192.0.2.1']);
  });

  it('that are shallow pass while the application answers at all', async () => {
    const shop = makeShop();
    shop.world.addHealthCheck({ id: 'hc-tcp', watches: { kind: 'region-endpoint', region: TOKYO, shallow: true }, intervalSeconds: 10, failureThreshold: 1 });
    expect([healthy(shop, 'hc-tcp'), healthy(shop, 'hc-tokyo')]).toEqual([true, false]);
    expect((await reports(shop, 'hc-tcp'))[0]).toBe('Success: TCP connection established. Resolved IP: 192.0.2.1');
    expect((await shop.call('route53', TOKYO, 'GetHealthCheck', { HealthCheckId: 'hc-tcp' })).HealthCheck?.HealthCheckConfig?.Type).toBe('TCP');
    shop.world.breakRegion(TOKYO);
    expect((await reports(shop, 'hc-tcp'))[0]).toMatch(/^Failure: Connection timed out/);
    await shop.wait(10_000);
    expect(healthy(shop, 'hc-tcp')).toBe(false);
  });

  it('that watch an object flip by it when inverted, and a dead region of the object changes nothing', async () => {
    const fixture = makeWorld();
    const { world } = fixture;
    world.addBucket({ region: TOKYO, name: 'b' });
    world.addHealthCheck({ id: 'hc', watches: { kind: 's3-object', region: TOKYO, bucket: 'b', key: 'tokyo-is-active' }, inverted: true, intervalSeconds: 10, failureThreshold: 3 });
    expect(healthy(fixture, 'hc')).toBe(true);
    expect((await reports(fixture, 'hc'))[0]).toMatch(/^Failure: HTTP Status Code 404, Not Found/);
    world.breakRegion(TOKYO);
    await fixture.wait(300_000);
    expect(healthy(fixture, 'hc')).toBe(true);
    world.healRegion(TOKYO);
    await fixture.call('s3', TOKYO, 'PutObject', { Bucket: 'b', Key: 'another' });
    await fixture.call('s3', TOKYO, 'PutObject', { Bucket: 'b', Key: 'tokyo-is-active' });
    const after = await turnsAfter(fixture, 'hc', 100_000);
    expect(Math.abs(after - 30_000)).toBeLessThanOrEqual(100);
    expect(healthy(fixture, 'hc')).toBe(false);
    expect((await reports(fixture, 'hc'))[0]).toMatch(/^Success: HTTP Status Code 200, OK/);
    await fixture.call('s3', TOKYO, 'DeleteObject', { Bucket: 'b', Key: 'tokyo-is-active' });
    await fixture.wait(30_000);
    expect(healthy(fixture, 'hc')).toBe(true);
  });

  it('show their configuration, and refuse what is unknown or asked too often', async () => {
    const fixture = makeShop({ timings: { callMs: 0 } });
    fixture.world.addHealthCheck({ id: 'hc-object', watches: { kind: 's3-object', region: TOKYO, bucket: 'dr-tokyo', key: 'a/b' }, inverted: true });
    const { HealthCheck } = await fixture.call('route53', TOKYO, 'GetHealthCheck', { HealthCheckId: 'hc-object' });
    expect(HealthCheck?.HealthCheckConfig).toMatchObject({ Type: 'HTTPS', FullyQualifiedDomainName: `dr-tokyo.s3.${TOKYO}.amazonaws.com`, ResourcePath: '/a/b', Inverted: true, RequestInterval: 30, FailureThreshold: 3 });
    expect(await fixture.refused('route53', TOKYO, 'GetHealthCheck', { HealthCheckId: 'none' })).toMatchObject({ code: 'NoSuchHealthCheck', httpStatus: 404 });
    for (let i = 0; i < 4; i++) await reports(fixture, 'hc-object');
    expect(await fixture.refused('route53', TOKYO, 'GetHealthCheckStatus', { HealthCheckId: 'hc-object' })).toMatchObject({ code: 'Throttling' });
  });
});
