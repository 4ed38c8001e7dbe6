/** One record set, its name and its place in a zone. Never changed in place. */
import type { OutputOf } from '../aws/operations.ts';
import { remembered } from '../base/remembered.ts';
import { defined } from './db-settings.ts';
import type { GeoSeed, RecordSetSeed } from './seeds.ts';

export type RecordSetView = NonNullable<OutputOf<'route53', 'ListResourceRecordSets'>['ResourceRecordSets']>[number];

/** Names are in lower case, with the final dot. */
export type RecordSet = { readonly [K in keyof Required<RecordSetSeed>]: RecordSetSeed[K] };

type Policy = 'simple' | 'failover' | 'weighted' | 'latency' | 'geolocation';

/** Cannot stand in a name, a type or a set identifier. */
const SEPARATOR = '\u0000';

/** Lower case, with the final dot, `\052` read as `*`. */
export const normalName = remembered((name: string): string => {
  const lower = name.toLowerCase().replaceAll('\\052', '*');
  return lower.endsWith('.') ? lower : `${lower}.`;
});

/** `www.example.com.` as `com.example.www.`: the order of ListResourceRecordSets. */
export const reversed = remembered((name: string) => `${name.slice(0, -1).split('.').reverse().join('.')}.`);

export const nameKey = remembered((name: string) => `${reversed(name)}${SEPARATOR}`);

export function groupKey(name: string, type: string): string {
  return `${nameKey(name)}${type}${SEPARATOR}`;
}

/** Key of one set; in the order of keys a zone is listed. */
export function setKey(set: Pick<RecordSet, 'name' | 'type' | 'setIdentifier'>): string {
  return `${groupKey(set.name, set.type)}${set.setIdentifier ?? ''}`;
}

export function policyOf(set: RecordSet): Policy {
  if (set.failover !== undefined) return 'failover';
  if (set.weight !== undefined) return 'weighted';
  if (set.geo !== undefined) return 'geolocation';
  return set.region === undefined ? 'simple' : 'latency';
}

export function fromSeed(seed: RecordSetSeed): RecordSet {
  return {
    name: normalName(seed.name),
    type: seed.type,
    ttl: seed.ttl,
    values: [...seed.values],
    setIdentifier: seed.setIdentifier,
    failover: seed.failover,
    weight: seed.weight,
    region: seed.region,
    geo: seed.geo,
    alias: seed.alias === undefined ? undefined : { ...seed.alias, name: normalName(seed.alias.name) },
    healthCheckId: seed.healthCheckId,
  };
}

/** Out of what AWS shows, or a request says. */
export function seedOf(view: RecordSetView): RecordSetSeed {
  const { GeoLocation: geo, AliasTarget: alias } = view;
  return {
    name: view.Name ?? '',
    type: view.Type ?? '',
    // An alias has no TTL of its own; it counts as this where one is needed to compare.
    ttl: view.TTL ?? 0,
    values: (view.ResourceRecords ?? []).map(({ Value = '' }) => Value),
    ...defined({
      setIdentifier: view.SetIdentifier,
      failover: view.Failover,
      weight: view.Weight,
      region: view.Region,
      geo: geo === undefined ? undefined : defined({ continent: geo.ContinentCode, country: geo.CountryCode, subdivision: geo.SubdivisionCode }),
      alias: alias === undefined ? undefined : { zoneId: alias.HostedZoneId ?? '', name: alias.DNSName ?? '', evaluateTargetHealth: alias.EvaluateTargetHealth ?? false },
      healthCheckId: view.HealthCheckId,
    }),
  };
}

export function toView(set: RecordSet): RecordSetView {
  return {
    Name: set.name.replaceAll('*', '\\052'),
    Type: set.type as RecordSetView['Type'],
    ...(set.setIdentifier === undefined ? {} : { SetIdentifier: set.setIdentifier }),
    ...(set.weight === undefined ? {} : { Weight: set.weight }),
    ...(set.region === undefined ? {} : { Region: set.region as NonNullable<RecordSetView['Region']> }),
    ...(set.failover === undefined ? {} : { Failover: set.failover }),
    ...(set.geo === undefined ? {} : { GeoLocation: geoView(set.geo) }),
    ...(set.alias === undefined
      ? { TTL: set.ttl, ResourceRecords: set.values.map((Value) => ({ Value })) }
      : { AliasTarget: { HostedZoneId: set.alias.zoneId, DNSName: set.alias.name, EvaluateTargetHealth: set.alias.evaluateTargetHealth } }),
    ...(set.healthCheckId === undefined ? {} : { HealthCheckId: set.healthCheckId }),
  };
}

function geoView(geo: GeoSeed): NonNullable<RecordSetView['GeoLocation']> {
  return {
    ...(geo.continent === undefined ? {} : { ContinentCode: geo.continent }),
    ...(geo.country === undefined ? {} : { CountryCode: geo.country }),
    ...(geo.subdivision === undefined ? {} : { SubdivisionCode: geo.subdivision }),
  };
}

export function geoKey(geo: GeoSeed | undefined): string | undefined {
  return geo === undefined ? undefined : `${geo.continent ?? ''}/${geo.country ?? ''}/${geo.subdivision ?? ''}`;
}

/** Equal in everything; the order of values does not count. */
export function sameSet(a: RecordSet, b: RecordSet): boolean {
  return (
    setKey(a) === setKey(b) &&
    a.ttl === b.ttl &&
    a.failover === b.failover &&
    a.weight === b.weight &&
    a.region === b.region &&
    geoKey(a.geo) === geoKey(b.geo) &&
    a.alias?.zoneId === b.alias?.zoneId &&
    a.alias?.name === b.alias?.name &&
    a.alias?.evaluateTargetHealth === b.alias?.evaluateTargetHealth &&
    a.healthCheckId === b.healthCheckId &&
    a.values.length === b.values.length &&
    [...a.values].sort().join(SEPARATOR) === [...b.values].sort().join(SEPARATOR)
  );
}

export function nameInMessage(set: RecordSet): string {
  const identifier = set.setIdentifier === undefined ? '' : `, set identifier='${set.setIdentifier}'`;
  return `[name='${set.name}', type='${set.type}'${identifier}]`;
}
