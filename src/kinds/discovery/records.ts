import type { DiscoverContext, Discovered, Inventory, SeenRecord } from '../../model/discovery.ts';
import { firstOf, regionToldBy, people, slug } from './names.ts';

/** The sets of names that move together: same zone, same policy, same identifiers and weights. */
export interface RecordGroup {
  zone: string;
  /** One name and type each, with its sets. */
  records: { name: string; type: string; sets: readonly SeenRecord[] }[];
  /** The region of each set identifier; undefined where nothing tells. */
  regionOf: ReadonlyMap<string, { region: string; because: string } | undefined>;
}

type PolicyName = 'failover' | 'weighted' | 'latency' | 'geolocation';

function policyOf(record: SeenRecord): PolicyName | undefined {
  if (record.failover !== undefined) return 'failover';
  if (record.weight !== undefined) return 'weighted';
  if (record.place !== undefined) return 'geolocation';
  return record.latency === undefined ? undefined : 'latency';
}

export function recordGroups(inventory: Inventory, policy: PolicyName): RecordGroup[] {
  const own = inventory.records.filter((record) => policyOf(record) === policy);
  const byName = [...Map.groupBy(own, ({ zone, name, type }) => `${zone} ${name} ${type}`).values()];
  const alike = Map.groupBy(byName, (sets) => `${sets[0]?.zone ?? ''} ${sets.map(signature).sort().join(' ')}`);
  return [...alike.values()].map((groups) => ({
    zone: groups[0]?.[0]?.zone ?? '',
    records: groups.map((sets) => ({ name: sets[0]?.name ?? '', type: sets[0]?.type ?? '', sets })),
    regionOf: new Map((groups[0] ?? []).map((record) => [record.set, regionOfSet(record, inventory)])),
  }));
}

/** What must be alike for names to move together. Latency and places answer by the runbook, so there the answers too. */
function signature(record: SeenRecord): string {
  const { set, failover, weight, latency, place, values, alias } = record;
  const answers = latency !== undefined || place !== undefined ? [values, alias] : [];
  return JSON.stringify([set, failover, weight, latency, place, ...answers]);
}

/** By the health check, what it answers with, its own name, or its latency region. */
function regionOfSet(record: SeenRecord, { regions, checks }: Inventory): { region: string; because: string } | undefined {
  if (record.latency !== undefined && regions.includes(record.latency)) return { region: record.latency, because: 'by its latency region' };
  const host = record.healthCheck === undefined ? undefined : checks.get(record.healthCheck)?.host;
  const ways: [string | undefined, string][] = [
    [record.alias?.name, `it leads to ${record.alias?.name ?? ''}`],
    ...record.values.map((value): [string, string] => [value, `it answers ${value}`]),
    [host !== undefined && !/\.s3[.-]/.test(host) ? host : undefined, `its health check asks ${host ?? ''}`],
    [record.set, 'by its name'],
  ];
  for (const [text, because] of ways) {
    const region = text === undefined ? undefined : regionToldBy(text, regions);
    if (region !== undefined) return { region, because };
  }
  return undefined;
}

/** What a resource of traffic is called: its first label, or `site` where that is the application. */
export function trafficName(group: RecordGroup, { application }: DiscoverContext): string {
  const first = slug(group.records[0]?.name.split('.')[0] ?? '');
  return first === '' || first === application ? 'site' : first;
}

export function recordKeys({ records }: RecordGroup): Record<string, unknown> {
  const keys = records.map(({ name, type }) => ({ name, type }));
  return keys.length === 1 ? { record: keys[0] } : { records: keys };
}

/** The identifier of each region's set, where each has exactly one, in the order of regions. */
export function setsByRegion(group: RecordGroup, { regions }: Inventory): Record<string, string> | undefined {
  const sets: Record<string, string> = {};
  for (const [set, found] of group.regionOf) {
    if (found === undefined || sets[found.region] !== undefined) return undefined;
    sets[found.region] = set;
  }
  const inOrder = regions.flatMap((region) => (sets[region] === undefined ? [] : [[region, sets[region]] as const]));
  return inOrder.length > 1 ? Object.fromEntries(inOrder) : undefined;
}

export function ordered<T>(map: Readonly<Record<string, T>>, home: string | undefined): Record<string, T> {
  return Object.fromEntries(firstOf(Object.keys(map), home).filter((region) => map[region] !== undefined).map((region) => [region, map[region] as T]));
}

export function whyRegions(group: RecordGroup): string {
  return [...group.regionOf].map(([set, found]) => (found === undefined ? `${set}: no region is known` : `${set} leads to ${people(found.region)}: ${found.because}`)).join('; ');
}

/** What a set answers with, as a runbook says it. */
export function answerOf(record: SeenRecord): Record<string, unknown> {
  const check = record.healthCheck === undefined ? {} : { healthCheck: record.healthCheck };
  if (record.alias !== undefined) return { alias: record.alias, ...check };
  return { values: [...record.values], ttl: record.ttl ?? 60, ...check };
}

export function usedBy({ zone, records }: RecordGroup): string[] {
  return records.map(({ name, type }) => `${zone}/${name}/${type}`);
}

/** Names are changed as records unless nothing else is known to be wanted. */
export const BY_RECORD = 'changes the record sets, which needs the control plane of Route 53; health-check and object are the other ways';

export type { Discovered };
