import { describe, expect, it } from 'vitest';
import type { RecordKey, RecordSet } from '../../../src/aws/route53.ts';
import { wantedSets } from '../../../src/kinds/route53/aim.ts';
import { setProblems } from '../../../src/kinds/route53/batch-rules.ts';

const A: RecordKey = { name: 'shop.example.com', type: 'A' };

function set(id: string | undefined, more: Partial<RecordSet> = {}): RecordSet {
  const ResourceRecords = [{ Value: '192.0.2.1' }];
  return { Name: 'shop.example.com.', Type: 'A', TTL: 60, ResourceRecords, ...(id === undefined ? {} : { SetIdentifier: id }), ...more };
}

const ALIAS = { TTL: undefined, ResourceRecords: undefined, AliasTarget: { HostedZoneId: 'Z14GRHDCWA56QT', DNSName: 'lb.', EvaluateTargetHealth: true } };

function said(wanted: RecordSet[], current: RecordSet[] = [], record = A): string[] {
  return setProblems({ record, current, wanted }).map((one) => one.observed);
}

describe('what Route 53 would refuse in a change', () => {
  it('a PRIMARY set that is no alias needs a health check', () => {
    const pair = [set('seoul', { Failover: 'PRIMARY', HealthCheckId: 'hc' }), set('tokyo', { Failover: 'SECONDARY' })];
    const wanted = wantedSets({ policy: 'failover', primary: 'tokyo', secondary: 'seoul' }, A, pair) as RecordSet[];
    expect(said(wanted, pair)).toEqual(['shop.example.com A set tokyo would become PRIMARY; it is no alias and has no health check']);
    const alias = wanted.map((one) => ({ ...one, ...ALIAS }));
    expect(said(alias, pair)).toEqual([]);
  });

  it('values fit the type of the record', () => {
    const values = (...all: string[]) => ({ ResourceRecords: all.map((Value) => ({ Value })) });
    expect(said([set(undefined, { Type: 'AAAA' })], [], { ...A, type: 'AAAA' })).toEqual([expect.stringContaining('expected an IPv6 address')]);
    expect(said([set(undefined, values('2001:db8::1'))])).toEqual([expect.stringContaining('expected an IPv4 address')]);
    expect(said([set(undefined, values('1.2.3.256'))])).toHaveLength(1);
    expect(said([set(undefined, { Type: 'CNAME', ...values('a.example.com', 'b.example.com') })], [], { ...A, type: 'CNAME' })).toEqual([expect.stringContaining('one value')]);
    expect(said([set(undefined, values('192.0.2.1', '192.0.2.1'))])).toEqual([expect.stringContaining('there twice')]);
    expect(said([set(undefined, { Type: 'AAAA', ...values('2001:db8::1') })], [], { ...A, type: 'AAAA' })).toEqual([]);
  });

  it('weights, TTLs, identifiers and routing policies', () => {
    expect(said([set('a', { Weight: 256 }), set('b', { Weight: 255 })])).toEqual([expect.stringContaining('weight 256')]);
    expect(said([set('a', { Weight: 1, TTL: undefined })])).toEqual([expect.stringContaining('no TTL')]);
    expect(said([set('a', { Weight: 1 }), set('a', { Weight: 2 })])).toEqual([expect.stringContaining('two sets with the SetIdentifier a')]);
    expect(said([set('a', { Weight: 1 }), set('b', { Region: 'eu-west-1' })])).toEqual([expect.stringContaining('weighted, latency')]);
    expect(said([set('a', { Weight: 1, Region: 'eu-west-1' })])).toEqual([expect.stringContaining('weighted and latency')]);
    expect(said([set('a', { Failover: 'SECONDARY' }), set('b', { Failover: 'SECONDARY' })])).toEqual([expect.stringContaining('role SECONDARY')]);
  });

  it('a set that stays as it is was accepted once', () => {
    const odd = set('a', { Weight: 1, TTL: undefined });
    expect(said([odd], [odd])).toEqual([]);
    const twice = [set('a', { Failover: 'SECONDARY' }), set('b', { Failover: 'SECONDARY' })];
    expect(said(twice, twice)).toEqual([]);
  });

  const whole = (wanted: RecordSet[], current: RecordSet[] = []) => setProblems({ record: A, current, wanted });
  const NAME = 'shop.example.com A';

  it.each<[string, Partial<RecordSet>, string, string]>([
    ['several policies', { Weight: 1, Failover: 'SECONDARY' }, 'has several routing policies: failover and weighted', 'give each set one routing policy'],
    ['a traffic policy', { Weight: 1, TrafficPolicyInstanceId: 'tp-1' }, 'belongs to the traffic policy instance tp-1, which replaces its records as a whole', 'name records that no traffic policy has made, or delete the traffic policy instance and make the records by hand'],
    ['a weight above the highest', { Weight: 256 }, 'would have the weight 256', 'use weights from 0 to 255'],
    ['a weight below 0', { Weight: -1 }, 'would have the weight -1', 'use weights from 0 to 255'],
    ['a first place without a health check', { Failover: 'PRIMARY' }, 'would become PRIMARY; it is no alias and has no health check', 'associate a health check with set a, or make it an alias with EvaluateTargetHealth'],
    ['no TTL', { Weight: 1, TTL: undefined }, 'has no TTL', 'set a TTL in seconds; only an alias has none'],
    ['a TTL below 0', { Weight: 1, TTL: -1 }, 'has the TTL -1', 'set a TTL in seconds; only an alias has none'],
    ['a TTL above the highest', { Weight: 1, TTL: 2_147_483_648 }, 'has the TTL 2147483648', 'set a TTL in seconds; only an alias has none'],
    ['no values', { Weight: 1, ResourceRecords: [] }, 'has 0 values', 'give it 1 to 400 values'],
  ])('%s', (_, more, observed, fix) => {
    expect(whole([set('a', more)])).toEqual([{ observed: `${NAME} set a ${observed}`, fix }]);
  });

  it('each routing policy by its name, which needs an identifier', () => {
    const policies: Partial<RecordSet>[] = [{ Failover: 'SECONDARY' }, { Weight: 1 }, { Region: 'eu-west-1' }, { GeoLocation: { CountryCode: 'KR' } }, { GeoProximityLocation: { AWSRegion: 'eu-west-1' } }, { CidrRoutingConfig: { CollectionId: 'c', LocationName: 'l' } }, { MultiValueAnswer: true }];
    for (const more of policies) expect(whole([set(undefined, more)])).toEqual([{ observed: `${NAME} set (simple) has a routing policy and no SetIdentifier`, fix: 'give the set a SetIdentifier' }]);
    const all = whole(policies.map((more, i) => set(String(i), more)));
    expect(all).toEqual([{ observed: `${NAME} would have sets of several routing policies: failover, weighted, latency, geolocation, geoproximity, IP-based, multivalue`, fix: 'keep one routing policy for each name and type' }]);
  });

  it('takes what is at the limits', () => {
    for (const more of [{ Weight: 0 }, { Weight: 255 }, { Weight: 1, TTL: 0 }, { Weight: 1, TTL: 2_147_483_647 }, { Weight: 1, ...ALIAS }, { Failover: 'PRIMARY', HealthCheckId: 'hc' } as const]) expect(whole([set('a', more)])).toEqual([]);
    const many = (count: number) => ({ Weight: 1, ResourceRecords: Array.from({ length: count }, (_, i) => ({ Value: `10.0.${Math.floor(i / 250)}.${i % 250}` })) });
    expect(whole([set('a', many(400))])).toEqual([]);
    expect(whole([set('a', many(401))])).toEqual([{ observed: `${NAME} set a has 401 values`, fix: 'give it 1 to 400 values' }]);
  });

  it('two sets that Route 53 would not tell apart', () => {
    const twice = (one: Partial<RecordSet>, what: string) =>
      expect(whole([set('a', one), set('b', one)])).toEqual([{ observed: `${NAME} would have two sets with the ${what}`, fix: 'keep one of them' }]);
    twice({ Failover: 'SECONDARY' }, 'role SECONDARY');
    twice({ Region: 'eu-west-1' }, 'latency region eu-west-1');
    twice({ GeoLocation: { CountryCode: 'KR' } }, 'location {"CountryCode":"KR"}');
    expect(whole([set('a', { GeoLocation: { CountryCode: 'KR' } }), set('b', { GeoLocation: { CountryCode: 'JP' } })])).toEqual([]);
    expect(whole([set(undefined), set(undefined, { TTL: 61 })])).toEqual([{ observed: `${NAME} would have 2 simple records`, fix: 'keep one of them' }]);
    expect(whole([set('a', { Weight: 1 }), set('b', { Weight: 1 })])).toEqual([]);
  });

  it('a wrong value is named, and where it is to be corrected', () => {
    expect(whole([set('a', { Weight: 1, ResourceRecords: [{ Value: '192.0.2.1' }, { Value: 'nowhere' }] })])).toEqual([{ observed: expect.stringMatching(/^shop\.example\.com A set a : .*nowhere/) as string, fix: 'correct the values in the runbook or in the zone' }]);
  });

  it('a change of one set is judged with the sets beside it, which are judged no more by themselves', () => {
    const odd = set('a', { Weight: 1, TTL: undefined });
    expect(said([odd, set('a', { Weight: 2 })], [odd])).toEqual([`${NAME} would have two sets with the SetIdentifier a`]);
  });
});
