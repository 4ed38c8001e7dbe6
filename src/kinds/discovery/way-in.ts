import type { Discovered, Inventory, SeenNetworkPath, SeenProxy } from '../../model/discovery.ts';
import { people, slug, withoutRegion } from './names.ts';

type WayIn = Pick<Discovered, 'resource' | 'comments' | 'open' | 'uses'>;

interface Side {
  region: string;
  /** The DB instance of that region, whether it is there or is yet to be restored. */
  id: string;
}

/**
 * By what the application reaches a database in each region: the proxy that leads to it, or that is called alike and leads to nothing yet,
 * for AWS lets a proxy lead to a writer only; and the path of Reachability Analyzer whose name names the instance, for AWS does not say
 * which database a network interface belongs to. One of several is a person's to choose.
 */
export function wayInOf(inventory: Inventory, sides: readonly Side[], wanted: { reachability: boolean }): WayIn {
  const proxies = sides.map((side) => ({ side, found: proxiesTo(inventory, side) }));
  const paths = wanted.reachability ? sides.map((side) => ({ side, found: pathsTo(inventory, side) })) : [];
  const proxy = proxies.flatMap(({ side, found: [one, ...others] }) => (one === undefined || others.length > 0 ? [] : [{ side, one }]));
  const reachability = paths.flatMap(({ side, found: [one, ...others] }) => (one === undefined || others.length > 0 ? [] : [{ side, one }]));
  return {
    resource: {
      ...(proxy.length === 0 ? {} : { proxy: Object.fromEntries(proxy.map(({ side, one }) => [side.region, one.name])) }),
      ...(reachability.length === 0 ? {} : { reachability: Object.fromEntries(reachability.map(({ side, one }) => [side.region, one.id])) }),
    },
    comments: {
      ...(proxy.length === 0 ? {} : { proxy: proxy.map(({ side, one }) => `${one.name} in ${people(side.region)} ${leadsTo(one, side) ? `leads to ${side.id}` : 'is called alike, and leads to nothing yet'}`).join('; ') }),
      ...(reachability.length === 0 ? {} : { reachability: reachability.map(({ side, one }) => `${one.id} is called ${one.name} (${people(side.region)})`).join('; ') }),
    },
    open: [
      ...proxies.flatMap(({ side, found }) => (found.length < 2 ? [] : [{ path: '', what: `which proxy the application takes in ${people(side.region)}: proxy: { ${side.region}: ${found.map(({ name }) => name).join(' or ')} }` }])),
      ...paths.flatMap(({ side, found }) => (found.length < 2 ? [] : [{ path: '', what: `which path leads from the application to ${side.id}: reachability: { ${side.region}: ${found.map(({ id }) => id).join(' or ')} }` }])),
    ],
    uses: [...proxies.flatMap(({ found }) => found.map(proxyKey)), ...paths.flatMap(({ found }) => found.map(pathKey))],
  };
}

/** As `uses` names them. */
export const proxyKey = ({ region, name }: SeenProxy): string => `proxy/${region}/${name}`;
export const pathKey = ({ region, id }: SeenNetworkPath): string => `path/${region}/${id}`;

function leadsTo({ targets }: SeenProxy, { id }: Side): boolean {
  return targets?.includes(id) === true;
}

function proxiesTo({ proxies, regions }: Inventory, side: Side): SeenProxy[] {
  const there = proxies.filter(({ region }) => region === side.region);
  const leading = there.filter((proxy) => leadsTo(proxy, side));
  const called = withoutRegion(side.id, regions);
  return leading.length > 0 ? leading : there.filter(({ name, targets }) => targets?.length === 0 && withoutRegion(name, regions) === called);
}

/** `to-shop-orders-tokyo` names `shop-orders-tokyo`, and not `shop-orders`. */
function pathsTo({ paths, databases }: Inventory, side: Side): SeenNetworkPath[] {
  const names = (path: SeenNetworkPath, id: string): boolean => `-${slug(path.name)}-`.includes(`-${id}-`);
  const longer = databases.filter(({ id }) => id.length > side.id.length);
  return paths.filter((path) => path.region === side.region && names(path, side.id) && !longer.some(({ id }) => names(path, id)));
}
