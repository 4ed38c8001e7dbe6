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
  });
});
