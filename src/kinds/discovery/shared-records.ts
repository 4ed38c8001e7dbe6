import type { DiscoverContext, Discovered, Inventory, SeenGroup, SeenRecord } from '../../model/discovery.ts';
import { groupPairs, toCarryAll } from './group.ts';
import { people } from './names.ts';
import { answerOf, BY_RECORD, ordered, recordGroups, recordKeys, type RecordGroup, setsByRegion, trafficName, usedBy, whyRegions } from './records.ts';

export function discoverWeighted(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  return recordGroups(inventory, 'weighted').flatMap((group) => {
    const sets = setsByRegion(group, inventory);
    if (sets === undefined) return [];
    const weightOf = (set: string) => group.records[0]?.sets.find((one) => one.set === set)?.weight ?? 0;
    const weights = Object.fromEntries(Object.entries(sets).map(([region, set]) => [region, weightOf(set)]));
    const serving = Object.keys(weights).filter((region) => (weights[region] ?? 0) > 0);
    const home = serving.length === 1 ? serving[0] : ctx.home;
    const shares = serving.length > 1;
    return [{
      ...common(group, ctx, Object.keys(ordered(sets, home)), shares ? capacityOf(inventory, Object.keys(sets)) : {}),
      ...(serving.length === 1 && home !== undefined ? { home } : {}),
      resource: { zone: group.zone, ...recordKeys(group), sets: ordered(sets, home), weights: ordered(weights, home), switch: 'record', ...(shares ? capacityOf(inventory, Object.keys(sets)) : {}) },
      ...(shares ? { suggests: { strategy: 'active-active' as const, because: `${serving.map(people).join(' and ')} share the users of ${group.records[0]?.name ?? ''}` } } : {}),
    }];
  });
}

export function discoverLatency(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  return recordGroups(inventory, 'latency').flatMap((group) => {
    const sets = setsByRegion(group, inventory);
    if (sets === undefined) return [];
    const answers = answersByRegion(group, sets);
    const capacity = capacityOf(inventory, Object.keys(sets));
    return [{
      ...common(group, ctx, Object.keys(ordered(sets, ctx.home)), capacity),
      resource: { zone: group.zone, ...recordKeys(group), sets: ordered(sets, ctx.home), answers: ordered(answers, ctx.home), switch: 'record', ...capacity },
      suggests: { strategy: 'active-active' as const, because: `${group.records[0]?.name ?? ''} is answered by the region with the lowest latency` },
    }];
  });
}

export function discoverGeolocation(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  return recordGroups(inventory, 'geolocation').flatMap((group) => {
    const sets = group.records[0]?.sets ?? [];
    const regionOf = (one: SeenRecord) => group.regionOf.get(one.set)?.region;
    const regions = inventory.regions.filter((region) => sets.some((one) => regionOf(one) === region));
    if (regions.length < 2 || sets.some((one) => regionOf(one) === undefined || one.place === undefined)) return [];
    // The default stands for everybody else: last.
    const rank = (one: SeenRecord) => (one.place === 'default' ? regions.length : regions.indexOf(regionOf(one) ?? ''));
    const places = Object.fromEntries(sets.toSorted((a, b) => rank(a) - rank(b)).map((one) => [one.set, { place: one.place, region: regionOf(one) }]));
    const answers = Object.fromEntries(regions.map((region) => [region, answerOf(sets.find((one) => regionOf(one) === region) as SeenRecord)]));
    const capacity = capacityOf(inventory, regions);
    return [{
      ...common(group, ctx, Object.keys(ordered(answers, ctx.home)), capacity),
      resource: { zone: group.zone, ...recordKeys(group), places, answers: ordered(answers, ctx.home), switch: 'record', ...capacity },
      suggests: { strategy: 'active-active' as const, because: `${group.records[0]?.name ?? ''} is answered by where users are` },
    }];
  });
}

function common(group: RecordGroup, ctx: DiscoverContext, regions: readonly string[], capacity: object): Omit<Discovered, 'resource'> {
  const unchecked = (group.records[0]?.sets ?? []).filter((one) => one.healthCheck === undefined && one.alias?.evaluateTargetHealth !== true);
  return {
    name: trafficName(group, ctx),
    regions,
    comments: {
      '': whyRegions(group),
      switch: BY_RECORD,
      ...('capacity' in capacity ? { capacity: 'what must be healthy before a region takes the users of another: the group that is called alike, and enough for everybody' } : {}),
    },
    open: [
      ...(unchecked.length === 0 ? [] : [{ path: '', what: `${unchecked.map(({ set }) => set).join(' and ')}: no health check: Route 53 sends users there although nobody answers` }]),
      ...('capacity' in capacity ? [{ path: 'capacity', what: 'what one region needs to carry everybody is not known to AWS: measure it, and write it here' }] : []),
    ],
    uses: usedBy(group),
  };
}

function answersByRegion(group: RecordGroup, sets: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(sets).flatMap(([region, set]) => {
    const found = group.records[0]?.sets.find((one) => one.set === set);
    return found === undefined ? [] : [[region, answerOf(found)]];
  }));
}

/** The only group that is called alike in all regions, with what it needs to carry everybody. */
function capacityOf(inventory: Inventory, regions: readonly string[]): { capacity?: Record<string, unknown> } {
  const [pair, ...others] = [...groupPairs(inventory).values()].filter((groups) => regions.every((region) => groups.some((group) => group.region === region)));
  if (pair === undefined || others.length > 0) return {};
  const of = (region: string) => pair.find((group) => group.region === region) as SeenGroup;
  return { capacity: Object.fromEntries(regions.map((region) => [region, { autoScalingGroup: of(region).name, healthy: Math.max(1, toCarryAll(of(region), regions.length).desired) }])) };
}
