import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordSetSeed } from '../../src/simulator/seeds.ts';
import { makeShop, makeWorld, SEOUL, TOKYO, ZONE, type Fixture } from './fixture.ts';

/** Object checks can be turned by hand: `up` is what is asked for. */
function withChecks(up: Record<string, boolean>, records: RecordSetSeed[], seed = 7): Fixture {
  const fixture = makeWorld({ seed });
  fixture.world.addBucket({ region: TOKYO, name: 'b' });
  for (const [id, healthy] of Object.entries(up)) {
    // A missing object fails; inverted it passes.
    fixture.world.addHealthCheck({ id, watches: { kind: 's3-object', region: TOKYO, bucket: 'b', key: id }, inverted: healthy });
  }
  fixture.world.addHostedZone({ id: ZONE, name: 'example.com', records });
  return fixture;
}

const set = (id: string, more: Partial<RecordSetSeed>): RecordSetSeed => ({ name: 'x.example.com', type: 'A', ttl: 60, values: [`192.0.2.${id.charCodeAt(0)}`], setIdentifier: id, ...more });
const answered = (fixture: Fixture) => fixture.world.resolve('x.example.com', 'A').chain[0]?.setIdentifier;
const shares = (fixture: Fixture, draws = 6000): Record<string, number> => {
  const seen: Record<string, number> = {};
  for (let i = 0; i < draws; i++) {
    const id = answered(fixture) ?? '';
    seen[id] = (seen[id] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(seen).map(([id, count]) => [id, Math.round((10 * count) / draws)]));
};

describe('failover answers', () => {
  it.each([
    [true, true, 'p'],
    [true, false, 'p'],
    [false, true, 's'],
    [false, false, 'p'],
  ])('primary healthy %s, secondary healthy %s: %s', (p, s, expected) => {
    const fixture = withChecks({ p, s }, [set('p', { failover: 'PRIMARY', healthCheckId: 'p' }), set('s', { failover: 'SECONDARY', healthCheckId: 's' })]);
    expect(answered(fixture)).toBe(expected);
  });

  it('takes a set without a health check, and one whose check is disabled or gone, for healthy', () => {
    // Route 53 takes no primary without a check: of a pair only the secondary may lack one.
    const sets = (p: string) => [set('p', { failover: 'PRIMARY', healthCheckId: p }), set('s', { failover: 'SECONDARY' })];
    expect(answered(withChecks({}, sets('gone')))).toBe('p');
    const disabled = withChecks({}, sets('d'));
    disabled.world.addHealthCheck({ id: 'd', watches: { kind: 's3-object', region: TOKYO, bucket: 'b', key: 'd' }, disabled: true });
    expect(answered(disabled)).toBe('p');
    const secondary = withChecks({ p: false }, sets('p'));
    expect(answered(secondary)).toBe('s');
  });

  it('is never empty, whatever happens to regions, applications and records', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('break' as const), region: fc.constantFrom(SEOUL, TOKYO) }),
      fc.record({ kind: fc.constant('heal' as const), region: fc.constantFrom(SEOUL, TOKYO) }),
      fc.record({ kind: fc.constant('app' as const), address: fc.constantFrom('192.0.2.1', '192.0.2.2'), up: fc.boolean() }),
      fc.record({ kind: fc.constant('swap' as const), to: fc.constantFrom('seoul', 'tokyo') }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 120_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), async (events) => {
        const shop = makeShop();
        const never: number[] = [];
        for (const step of events) {
          if (step.kind === 'break') shop.world.breakRegion(step.region);
          else if (step.kind === 'heal') shop.world.healRegion(step.region);
          else if (step.kind === 'app') shop.world.setApplicationUp(step.address, step.up);
          else if (step.kind === 'wait') await shop.wait(step.ms);
          else {
            const pair = ['seoul', 'tokyo'].map((id) => ({
              Action: 'UPSERT' as const,
              ResourceRecordSet: { Name: 'shop.example.com', Type: 'A' as const, TTL: 60, SetIdentifier: id, HealthCheckId: `hc-${id}`, Failover: id === step.to ? ('PRIMARY' as const) : ('SECONDARY' as const), ResourceRecords: [{ Value: id === 'seoul' ? '192.0.2.2' : '192.0.2.1' }] },
            }));
            await shop.call('route53', TOKYO, 'ChangeResourceRecordSets', { HostedZoneId: ZONE, ChangeBatch: { Changes: pair } });
          }
          never.push(shop.world.resolve('shop.example.com', 'A').values.length);
        }
        expect(never.every((count) => count === 1)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('weighted answers', () => {
  it('go by weight among the healthy', () => {
    expect(shares(withChecks({ c: false }, [set('a', { weight: 4 }), set('b', { weight: 1 }), set('c', { weight: 200, healthCheckId: 'c' })]))).toEqual({ a: 8, b: 2 });
  });

  it('are equal shares when all weights are zero', () => {
    expect(shares(withChecks({}, [set('a', { weight: 0 }), set('b', { weight: 0 })]))).toEqual({ a: 5, b: 5 });
  });

  it('give a zero weight when every other is unhealthy, and only then', () => {
    const sets = [set('a', { weight: 10, healthCheckId: 'a' }), set('z', { weight: 0 })];
    expect(shares(withChecks({ a: true }, sets), 500)).toEqual({ a: 10 });
    expect(shares(withChecks({ a: false }, sets), 500)).toEqual({ z: 10 });
  });

  it('count all as healthy when none is', () => {
    const sets = [set('a', { weight: 10, healthCheckId: 'a' }), set('z', { weight: 0, healthCheckId: 'z' })];
    expect(shares(withChecks({ a: false, z: false }, sets), 500)).toEqual({ a: 10 });
  });

  it('are the same for the same seed, and looking does not move ids', async () => {
    const sets = [set('a', { weight: 1 }), set('b', { weight: 1 })];
    const draws = (fixture: Fixture) => Array.from({ length: 40 }, () => answered(fixture)).join('');
    const first = withChecks({}, sets, 3);
    const second = withChecks({}, sets, 3);
    expect(draws(first)).toBe(draws(second));
    expect(draws(withChecks({}, sets, 4))).not.toBe(draws(withChecks({}, sets, 3)));
    draws(first);
    const id = async (fixture: Fixture) => (await fixture.clock.run(() => fixture.world.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {} }))).requestId;
    expect(await id(first)).toBe(await id(second));
  });
});

describe('names', () => {
  it('follows CNAMEs with the lowest TTL, answers wildcards, and tells NXDOMAIN from no data', () => {
    const { world } = makeWorld();
    world.addHostedZone({
      id: ZONE,
      name: 'example.com',
      records: [
        { name: 'www.example.com', type: 'CNAME', ttl: 5, values: ['shop.example.com'] },
        { name: 'shop.example.com', type: 'A', ttl: 60, values: ['192.0.2.1', '192.0.2.2'] },
        { name: '*.dev.example.com', type: 'A', ttl: 1, values: ['192.0.2.3'] },
        { name: 'loop.example.com', type: 'CNAME', ttl: 5, values: ['loop.example.com'] },
      ],
    });
    expect(world.resolve('WWW.example.com.', 'A')).toMatchObject({ values: ['192.0.2.1', '192.0.2.2'], ttl: 5 });
    expect(world.resolve('www.example.com', 'CNAME')).toMatchObject({ values: ['shop.example.com'], ttl: 5 });
    expect(world.resolve('any.dev.example.com', 'A').values).toEqual(['192.0.2.3']);
    expect(world.resolve('shop.example.com', 'AAAA')).toMatchObject({ values: [], ttl: 0, nxdomain: false });
    expect(world.resolve('nobody.example.com', 'A')).toMatchObject({ values: [], ttl: 0, nxdomain: true });
    expect(world.resolve('shop.example.org', 'A')).toMatchObject({ values: [], nxdomain: true });
    expect(world.resolve('loop.example.com', 'A').values).toEqual([]);
  });

  it('answers latency sets from the nearest healthy region', () => {
    const near = (id: string, region: string) => set(id, { region, healthCheckId: id });
    expect(answered(withChecks({ s: true, t: true }, [near('t', TOKYO), near('s', SEOUL)]))).toBe('s');
    expect(answered(withChecks({ s: false, t: true }, [near('t', TOKYO), near('s', SEOUL)]))).toBe('t');
  });
});
