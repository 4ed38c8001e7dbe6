import type { DiscoverContext, Discovered, Inventory } from '../../model/discovery.ts';
import { people } from './names.ts';
import { BY_RECORD, ordered, recordGroups, recordKeys, type RecordGroup, setsByRegion, trafficName, usedBy, whyRegions } from './records.ts';

export function discoverFailover(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  return recordGroups(inventory, 'failover').flatMap((group) => {
    const found = discovered(group, inventory, ctx);
    return found === undefined ? [] : [found];
  });
}

function discovered(group: RecordGroup, inventory: Inventory, ctx: DiscoverContext): Discovered | undefined {
  const sets = setsByRegion(group, inventory) ?? byRole(group, inventory, ctx.home);
  const primary = group.records[0]?.sets.find(({ failover }) => failover === 'PRIMARY');
  if (sets === undefined || primary === undefined || Object.keys(sets).length !== 2) return undefined;
  const home = Object.keys(sets).find((region) => sets[region] === primary.set);
  const checks = (group.records[0]?.sets ?? []).map(({ set, healthCheck }) => `${set} ${healthCheck === undefined ? 'has no health check' : `has health check ${healthCheck}`}`);
  const unchecked = (group.records[0]?.sets ?? []).filter((one) => one.healthCheck === undefined && one.alias === undefined);
  const object = watchedObject(group, inventory, sets);
  return {
    name: trafficName(group, ctx),
    regions: Object.keys(ordered(sets, home)),
    ...(home === undefined ? {} : { home }),
    resource: { zone: group.zone, ...recordKeys(group), sets: ordered(sets, home), switch: object === undefined ? 'record' : 'object', ...(object === undefined ? {} : { object, answers: answersOf(group, sets, home) }) },
    comments: {
      '': `a failover pair of Route 53. ${home === undefined ? '' : `PRIMARY is ${primary.set} in ${people(home)}`}`,
      sets: `${group.regionOf.size === Object.keys(sets).length && [...group.regionOf.values()].every((one) => one !== undefined) ? whyRegions(group) : 'PRIMARY is taken to lead to where the application runs, and SECONDARY to the other region'}. ${checks.join('; ')}`,
      switch: object === undefined ? BY_RECORD : 'an object in S3 that the health check watches: needs no control plane',
    },
    open: unchecked.length === 0 ? [] : [{ path: 'sets', what: `${unchecked.map(({ set }) => set).join(' and ')}: Route 53 refuses a PRIMARY set that is no alias and has no health check; give it one` }],
    uses: usedBy(group),
  };
}

/** Where nothing else tells: PRIMARY is where the application runs. */
function byRole(group: RecordGroup, { regions }: Inventory, home: string | undefined): Record<string, string> | undefined {
  const sets = group.records[0]?.sets ?? [];
  const [primary, secondary] = (['PRIMARY', 'SECONDARY'] as const).map((role) => sets.find(({ failover }) => failover === role)?.set);
  const other = regions.find((region) => region !== home);
  if (home === undefined || other === undefined || regions.length !== 2 || primary === undefined || secondary === undefined) return undefined;
  return { [home]: primary, [other]: secondary };
}

/** An inverted health check of PRIMARY that watches an object in S3, as `switch: object` wants it. */
function watchedObject(group: RecordGroup, { checks, regions }: Inventory, sets: Record<string, string>): Record<string, { bucket: string; key: string }> | undefined {
  const primary = group.records[0]?.sets.find(({ failover }) => failover === 'PRIMARY');
  const check = primary?.healthCheck === undefined ? undefined : checks.get(primary.healthCheck);
  const [, bucket, region] = /^(.+)\.s3[.-]([a-z0-9-]+)\.amazonaws\.com/.exec(check?.host ?? '') ?? [];
  const other = Object.keys(sets).find((one) => sets[one] !== primary?.set);
  if (bucket === undefined || region === undefined || other === undefined || !regions.includes(region)) return undefined;
  return { [other]: { bucket, key: (check?.path ?? '/').replace(/^\//, '') } };
}

function answersOf(group: RecordGroup, sets: Record<string, string>, home: string | undefined): Record<string, unknown> {
  const answer = (set: string | undefined) => group.records[0]?.sets.find((one) => one.set === set);
  return Object.fromEntries(Object.entries(ordered(sets, home)).map(([region, set]) => [region, { values: [...(answer(set)?.values ?? [])], ttl: answer(set)?.ttl ?? 60 }]));
}
