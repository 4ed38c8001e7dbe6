import { describe, expect, it } from 'vitest';
import type { InputOf } from '../../src/aws/operations.ts';
import { makeWorld, SEOUL, TOKYO, ZONE, type Fixture } from './fixture.ts';

type Changes = NonNullable<NonNullable<InputOf<'route53', 'ChangeResourceRecordSets'>['ChangeBatch']>['Changes']>;

const LB_ZONE = 'ZLB00000000000';
const NAME = 'shop.example.com';
const A = { name: NAME, type: 'A', ttl: 60 };
const alias = (name: string, evaluateTargetHealth = true) => ({ ttl: 0, values: [], alias: { zoneId: LB_ZONE, name, evaluateTargetHealth } });
const KOREA = { country: 'KR', continent: 'AS' };
const JAPAN = { country: 'JP', continent: 'AS' };
const GERMANY = { country: 'DE', continent: 'EU' };
const SEATTLE = { country: 'US', continent: 'NA', subdivision: 'WA' };

const change = (fixture: Fixture, Changes: Changes) => ['route53', TOKYO, 'ChangeResourceRecordSets', { HostedZoneId: ZONE, ChangeBatch: { Changes } }] as const;
const values = (fixture: Fixture, from?: object) => fixture.world.resolve(NAME, 'A', from).values;

/** A balancer in each region; Seoul's has instances, Tokyo's target group is empty. */
function balancers(): Fixture {
  const fixture = makeWorld();
  const { world } = fixture;
  world.addAutoScalingGroup({ region: SEOUL, name: 'web', min: 0, max: 4, desired: 2, targetGroups: ['web'] });
  world.addAutoScalingGroup({ region: TOKYO, name: 'web', min: 0, max: 4, desired: 0, targetGroups: ['web'], warmUpMs: 60_000 });
  world.addLoadBalancer({ region: SEOUL, dnsName: 'seoul.elb.example', zoneId: LB_ZONE, addresses: ['192.0.2.2'], targetGroups: ['web'] });
  world.addLoadBalancer({ region: TOKYO, dnsName: 'tokyo.elb.example', zoneId: LB_ZONE, addresses: ['192.0.2.1'], targetGroups: ['web'] });
  return fixture;
}

describe('alias records', () => {
  it('to a load balancer without a healthy target are unhealthy: a pair does not move until there is one', async () => {
    const fixture = balancers();
    fixture.world.addHostedZone({
      id: ZONE,
      name: 'example.com',
      records: [
        { ...A, ...alias('seoul.elb.example'), setIdentifier: 'seoul', failover: 'PRIMARY' },
        { ...A, ...alias('tokyo.elb.example'), setIdentifier: 'tokyo', failover: 'SECONDARY' },
      ],
    });
    expect(fixture.world.resolve(NAME, 'A')).toMatchObject({ values: ['192.0.2.2'], ttl: 60 });
    fixture.world.breakRegion(SEOUL);
    expect(values(fixture)).toEqual(['192.0.2.2']);
    await fixture.call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
    expect(values(fixture)).toEqual(['192.0.2.2']);
    await fixture.wait(60_100);
    expect(values(fixture)).toEqual(['192.0.2.1']);
  });

  it('that do not evaluate their target are healthy, whatever it is', () => {
    const fixture = balancers();
    fixture.world.addHostedZone({
      id: ZONE,
      name: 'example.com',
      records: [
        { ...A, ...alias('tokyo.elb.example', false), setIdentifier: 'tokyo', failover: 'PRIMARY' },
        { ...A, ...alias('seoul.elb.example'), setIdentifier: 'seoul', failover: 'SECONDARY' },
      ],
    });
    expect(values(fixture)).toEqual(['192.0.2.1']);
  });

  it('to records of the zone answer under their own name, and follow their health', () => {
    const fixture = makeWorld();
    fixture.world.addHealthCheck({ id: 'hc-seoul', watches: { kind: 'region-endpoint', region: SEOUL }, failureThreshold: 1, intervalSeconds: 10 });
    const to = (name: string) => ({ ttl: 0, values: [], alias: { zoneId: ZONE, name, evaluateTargetHealth: true } });
    fixture.world.addHostedZone({
      id: ZONE,
      name: 'example.com',
      records: [
        { ...A, name: 'seoul.example.com', values: ['192.0.2.2'], setIdentifier: 's', weight: 1, healthCheckId: 'hc-seoul' },
        { ...A, name: 'tokyo.example.com', values: ['192.0.2.1'] },
        { ...A, ...to('seoul.example.com'), setIdentifier: 'seoul', failover: 'PRIMARY' },
        { ...A, ...to('tokyo.example.com'), setIdentifier: 'tokyo', failover: 'SECONDARY' },
      ],
    });
    expect(fixture.world.resolve(NAME, 'A').chain.map((set) => [set.name, set.values])).toEqual([['shop.example.com.', ['192.0.2.2']]]);
    fixture.world.breakRegion(SEOUL);
    return fixture.wait(10_100).then(() => expect(values(fixture)).toEqual(['192.0.2.1']));
  });

  it('go over the API as they are, and must lead somewhere', async () => {
    const fixture = balancers();
    fixture.world.addHostedZone({ id: ZONE, name: 'example.com', records: [] });
    const set = { Name: NAME, Type: 'A' as const, AliasTarget: { HostedZoneId: LB_ZONE, DNSName: 'tokyo.elb.example', EvaluateTargetHealth: true } };
    await fixture.call(...change(fixture, [{ Action: 'CREATE', ResourceRecordSet: set }]));
    const listed = (await fixture.call('route53', TOKYO, 'ListResourceRecordSets', { HostedZoneId: ZONE, StartRecordName: NAME })).ResourceRecordSets?.[0];
    expect(listed).toEqual({ Name: 'shop.example.com.', Type: 'A', AliasTarget: { ...set.AliasTarget, DNSName: 'tokyo.elb.example.' } });
    await fixture.call(...change(fixture, [{ Action: 'DELETE', ResourceRecordSet: listed }]));
    const refused = async (AliasTarget: object, extra = {}) => (await fixture.refused(...change(fixture, [{ Action: 'CREATE', ResourceRecordSet: { ...set, ...extra, AliasTarget: { ...set.AliasTarget, ...AliasTarget } } }]))).message;
    expect(await refused({ DNSName: 'nobody.elb.example' })).toContain('targets nobody.elb.example., type A in zone ZLB00000000000, but that target was not found');
    expect(await refused({ HostedZoneId: ZONE, DNSName: 'none.example.com' })).toContain('but that target was not found');
    expect(await refused({ HostedZoneId: ZONE, DNSName: 'none.example.org' })).toContain('does not lie within the target zone');
    expect(await refused({}, { TTL: 60 })).toContain('Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or');
  });
});

describe('geolocation records', () => {
  const geo = (setIdentifier: string, place: object, value: string, healthCheckId?: string) => ({ ...A, values: [value], setIdentifier, geo: place, ...(healthCheckId === undefined ? {} : { healthCheckId }) });

  function places(...records: ReturnType<typeof geo>[]): Fixture {
    const fixture = makeWorld();
    fixture.world.addHealthCheck({ id: 'hc-seoul', watches: { kind: 'region-endpoint', region: SEOUL }, failureThreshold: 1, intervalSeconds: 10 });
    fixture.world.addHostedZone({ id: ZONE, name: 'example.com', records });
    return fixture;
  }

  it('answer by the smallest place, then the default; nobody’s place without one gets no answer', () => {
    const named = [geo('kr', { country: 'KR' }, '192.0.2.2'), geo('asia', { continent: 'AS' }, '192.0.2.1'), geo('us', { country: 'US' }, '192.0.2.4'), geo('wa', { country: 'US', subdivision: 'WA' }, '192.0.2.5')];
    const fixture = places(...named, geo('rest', { country: '*' }, '192.0.2.3'));
    expect([KOREA, JAPAN, GERMANY, SEATTLE, { country: 'US' }, {}].map((from) => values(fixture, from)[0])).toEqual(['192.0.2.2', '192.0.2.1', '192.0.2.3', '192.0.2.5', '192.0.2.4', '192.0.2.3']);
    expect(values(places(...named), GERMANY)).toEqual([]);
    // The world's first region is Seoul: so is its resolver.
    expect(values(fixture)).toEqual(['192.0.2.2']);
  });

  it('go to the next larger place that is healthy, and back to the smallest when none is', async () => {
    const fixture = places(geo('kr', { country: 'KR' }, '192.0.2.2', 'hc-seoul'), geo('rest', { country: '*' }, '192.0.2.3'));
    const lonely = places(geo('kr', { country: 'KR' }, '192.0.2.2', 'hc-seoul'));
    for (const each of [fixture, lonely]) {
      each.world.breakRegion(SEOUL);
      await each.wait(10_100);
    }
    expect(values(fixture, KOREA)).toEqual(['192.0.2.3']);
    expect(values(lonely, KOREA)).toEqual(['192.0.2.2']);
  });

  it('without health checks continue sending people into a dead region', async () => {
    const fixture = places(geo('kr', { country: 'KR' }, '192.0.2.2'), geo('rest', { country: '*' }, '192.0.2.3'));
    fixture.world.breakRegion(SEOUL);
    await fixture.wait(600_000);
    expect(values(fixture, KOREA)).toEqual(['192.0.2.2']);
  });

  it.each([
    ['the same place twice', { SetIdentifier: 'kr2', GeoLocation: { CountryCode: 'KR' } }, /with the same geolocation exists/],
    ['a continent and a country', { SetIdentifier: 'x', GeoLocation: { ContinentCode: 'AS', CountryCode: 'JP' } }, /a location is a continent, or a country/],
    ['a set of another policy', { SetIdentifier: 'x', Weight: 1 }, /as a non-\w+ set exists with the same name and type/],
  ])('refuse %s', async (_what, parts, message) => {
    const fixture = places(geo('kr', { country: 'KR' }, '192.0.2.2'));
    const set = { Name: NAME, Type: 'A' as const, TTL: 60, ResourceRecords: [{ Value: '192.0.2.9' }], ...parts } as never;
    expect((await fixture.refused(...change(fixture, [{ Action: 'CREATE', ResourceRecordSet: set }]))).message).toMatch(message);
  });
});

it('latency records answer with the asker’s own region, if it is healthy', async () => {
  const fixture = makeWorld({ regions: [SEOUL, TOKYO, 'us-west-2'] });
  fixture.world.addHealthCheck({ id: 'hc-tokyo', watches: { kind: 'region-endpoint', region: TOKYO }, failureThreshold: 1, intervalSeconds: 10 });
  fixture.world.addHostedZone({
    id: ZONE,
    name: 'example.com',
    records: [
      { ...A, values: ['192.0.2.2'], setIdentifier: 'seoul', region: SEOUL },
      { ...A, values: ['192.0.2.1'], setIdentifier: 'tokyo', region: TOKYO, healthCheckId: 'hc-tokyo' },
    ],
  });
  expect([SEOUL, TOKYO, 'us-west-2'].map((region) => values(fixture, { region })[0])).toEqual(['192.0.2.2', '192.0.2.1', '192.0.2.2']);
  fixture.world.breakRegion(TOKYO);
  await fixture.wait(10_100);
  expect(values(fixture, { region: TOKYO })).toEqual(['192.0.2.2']);
});

describe('health checks that are updated', () => {
  const update = (fixture: Fixture, change: object) => fixture.call('route53', TOKYO, 'UpdateHealthCheck', { HealthCheckId: 'hc', ...change });

  function checked(): Fixture {
    const fixture = makeWorld();
    fixture.world.addHealthCheck({ id: 'hc', watches: { kind: 'region-endpoint', region: SEOUL }, failureThreshold: 3, intervalSeconds: 10 });
    return fixture;
  }

  it('pass while disabled, fail while disabled and inverted, and continue from what they see', async () => {
    const fixture = checked();
    const healthy = () => fixture.world.state.healthChecks.healthy('hc');
    await update(fixture, { HealthCheckVersion: 1, Disabled: true, Inverted: true });
    expect(healthy()).toBe(false);
    fixture.world.breakRegion(SEOUL);
    await fixture.wait(60_000);
    expect(healthy()).toBe(false);
    await update(fixture, { HealthCheckVersion: 2, Inverted: false });
    expect(healthy()).toBe(true);
    const { HealthCheck } = await update(fixture, { HealthCheckVersion: 3, Disabled: false });
    expect(healthy()).toBe(false);
    expect(HealthCheck).toMatchObject({ HealthCheckVersion: 4, HealthCheckConfig: { Disabled: false, Inverted: false } });
  });

  it('refuse another version than the newest, and change nothing', async () => {
    const fixture = checked();
    await update(fixture, { Inverted: true });
    for (const HealthCheckVersion of [1, 3]) {
      expect(await fixture.refused('route53', TOKYO, 'UpdateHealthCheck', { HealthCheckId: 'hc', HealthCheckVersion, Inverted: false })).toMatchObject({ code: 'HealthCheckVersionMismatch', httpStatus: 409, kind: 'terminal' });
    }
    expect((await fixture.call('route53', TOKYO, 'GetHealthCheck', { HealthCheckId: 'hc' })).HealthCheck).toMatchObject({ HealthCheckVersion: 2, HealthCheckConfig: { Inverted: true } });
    expect((await fixture.refused('route53', TOKYO, 'UpdateHealthCheck', { HealthCheckId: 'hc', Port: 80 })).code).toBe('SimulatorUnsupported');
  });
});

it('protected names are listed, and refused to be changed, whatever else is in the batch', async () => {
  const fixture = makeWorld();
  fixture.world.addHostedZone({ id: ZONE, name: 'example.com', records: [{ ...A, values: ['192.0.2.1'] }] });
  fixture.world.protectRecords(ZONE, { name: NAME, type: 'A', comment: 'ask Kim' });
  fixture.world.protectRecords(ZONE, { name: 'a.example.com', type: 'TXT' });
  const list = (input: object) => fixture.call('route53', TOKYO, 'ListResourceRecordSetProtections', { HostedZoneId: ZONE, ...input });
  const first = await list({ MaxResults: 1 });
  expect(first).toEqual({ ResourceRecordSetProtections: [{ RecordName: 'a.example.com.', RecordType: 'TXT' }], NextToken: expect.any(String) as string });
  expect(await list({ NextToken: first.NextToken })).toEqual({ ResourceRecordSetProtections: [{ RecordName: 'shop.example.com.', RecordType: 'A', Comment: 'ask Kim' }] });
  const set = (Name: string) => ({ Action: 'CREATE' as const, ResourceRecordSet: { Name, Type: 'A' as const, TTL: 1, ResourceRecords: [{ Value: '192.0.2.7' }] } });
  const error = await fixture.refused(...change(fixture, [set('other.example.com'), { ...set(NAME), Action: 'UPSERT' }]));
  expect(error).toMatchObject({ code: 'InvalidChangeBatch', httpStatus: 400 });
  expect(error.message).toContain('has a resource record set protection (ask Kim)');
  await fixture.call(...change(fixture, [set('other.example.com')]));
});
