import type { DiscoverContext, Discovered, Inventory, SeenGroup } from '../../model/discovery.ts';
import { firstOf, ownName, people, withoutRegion } from './names.ts';

type Sizes = { min: number; desired: number; max: number };

const sizesOf = ({ min, desired, max }: SeenGroup): Sizes => ({ min, desired, max });

/** What one region needs to carry the users of `regions` regions, by what it has for its own share. */
export function toCarryAll({ min, desired, max }: Sizes, regions: number): Sizes {
  const wanted = desired * regions;
  return { min: Math.min(min * regions, Math.max(max, wanted)), desired: wanted, max: Math.max(max, wanted) };
}

/** Groups of one name, or of names that differ by their region only, in two regions or more. */
export function groupPairs(inventory: Inventory): Map<string, SeenGroup[]> {
  const alike = Map.groupBy(inventory.groups, ({ name }) => withoutRegion(name, inventory.regions));
  return new Map([...alike].filter(([, groups]) => new Set(groups.map(({ region }) => region)).size > 1 && groups.length === new Set(groups.map(({ region }) => region)).size));
}

export function discoverGroups(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  return [...groupPairs(inventory)].map(([name, groups]) => discovered(name, groups, inventory, ctx));
}

function discovered(name: string, groups: readonly SeenGroup[], inventory: Inventory, ctx: DiscoverContext): Discovered {
  const largest = groups.toSorted((a, b) => b.desired - a.desired)[0] as SeenGroup;
  const home = groups.find(({ region }) => region === ctx.home) ?? largest;
  const others = groups.filter((group) => group !== home);
  const waiting = others.toSorted((a, b) => b.desired - a.desired)[0] as SeenGroup;
  const regions = firstOf(groups.map(({ region }) => region), home.region);
  const share = sizesOf(home);
  const sizes = ctx.shared === true ? { active: toCarryAll(share, groups.length), standby: share } : { active: share, standby: sizesOf(waiting) };
  const off = others.every(({ desired }) => desired === 0);
  const now = groups.map(({ region, desired }) => `${desired} in ${people(region)}`).join(', ');
  return {
    name: ownName(name, ctx.application, inventory.regions, 'servers'),
    regions,
    resource: { groups: Object.fromEntries(regions.map((region) => [region, groups.find((group) => group.region === region)?.name ?? ''])), ...sizes },
    comments: {
      '': `Auto Scaling groups that are called alike; instances wanted now: ${now}`,
      active: ctx.shared === true ? `to carry everybody: ${groups.length} times what ${people(home.region)} has for its own share` : `where users are: as ${home.name} in ${people(home.region)} is now`,
      standby: ctx.shared === true ? 'for its own share: as it is now' : `everywhere else: as ${waiting.name} in ${people(waiting.region)} is now`,
    },
    open: ctx.shared === true ? [{ path: 'active', what: 'what one region needs to carry everybody is not known to AWS: measure it, and write it here' }] : [],
    ...(ctx.shared === true
      ? {}
      : { suggests: off ? { strategy: 'pilot-light' as const, because: `${home.name} runs nothing outside of ${people(home.region)}` } : { strategy: 'warm-standby' as const, because: `${waiting.name} runs ${waiting.desired} in ${people(waiting.region)}` } }),
    uses: groups.map(({ region, name: own }) => `${region}/${own}`),
  };
}
