import type { DiscoverContext, Discovered, Inventory, SeenInstance, SeenTargetGroup } from '../../model/discovery.ts';
import { firstOf, forAll, ownName, people, slug, withoutRegion } from './names.ts';

const SPARE = /(^|-)(spare|reserve|standby-only)(-|$)/;

/** What instances belong to: their target group, else their name without a number. */
function baseOf(instance: SeenInstance, groups: readonly SeenTargetGroup[], regions: readonly string[]): string {
  const group = groups.find(({ targets, region }) => region === instance.region && targets.includes(instance.id));
  return withoutRegion((instance.tags.Name ?? group?.name ?? '').replace(/[-_ ]?\d+$/, ''), regions).replace(/-spare$/, '');
}

/** Instances that run in one region, with stopped ones that are called alike in another. */
export function discoverInstances(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  const alike = Map.groupBy(inventory.instances.filter(({ template }) => template === undefined), (one) => baseOf(one, inventory.targetGroups, inventory.regions));
  return [...alike].flatMap(([base, members]) => {
    const regions = [...new Set(members.map(({ region }) => region))];
    const home = ctx.home ?? members.find(({ stopped }) => !stopped)?.region;
    const waits = regions.some((region) => region !== home && members.filter((one) => one.region === region).every(({ stopped }) => stopped));
    if (base === '' || regions.length < 2 || home === undefined || !waits) return [];
    return [discovered(base, members, firstOf(regions, home), home, inventory, ctx)];
  });
}

function discovered(base: string, members: readonly SeenInstance[], regions: readonly string[], home: string, inventory: Inventory, ctx: DiscoverContext): Discovered {
  const inRegion = (region: string) => members.filter((one) => one.region === region).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const isSpare = (one: SeenInstance) => SPARE.test(slug(one.tags.Name ?? '')) || (one.region === home && one.stopped);
  const own = Object.fromEntries(regions.map((region) => [region, inRegion(region).filter((one) => !isSpare(one)).map(({ id }) => id)]));
  const spares = Object.fromEntries(regions.map((region) => [region, inRegion(region).filter(isSpare).map(({ id }) => id)]));
  const groups = forAll(regions, (region) => inventory.targetGroups.find((group) => group.region === region && withoutRegion(group.name, inventory.regions) === base)?.arn);
  return {
    name: ownName(base, ctx.application, inventory.regions, 'servers'),
    regions,
    resource: {
      instances: own,
      ...(Object.values(spares).some((list) => list.length > 0) ? { spares: Object.fromEntries(Object.entries(spares).filter(([, list]) => list.length > 0)) } : {}),
      ...(groups === undefined ? {} : { targets: { groups } }),
    },
    comments: {
      '': `EC2 instances that run in ${people(home)}, and are stopped elsewhere`,
      instances: 'by their name, or their target group',
      spares: 'called a spare, or stopped where the others run: taken when a zone has no capacity',
      targets: 'target groups that are called alike',
    },
    open: [{ path: '', what: 'other instance types to try when there is no capacity: types: [TYPE, TYPE]' }],
    suggests: { strategy: 'pilot-light', because: `${base} is stopped outside of ${people(home)}` },
    uses: members.map(({ region, id }) => `${region}/${id}`),
  };
}
