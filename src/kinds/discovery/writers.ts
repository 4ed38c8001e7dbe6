import type { DiscoverContext, Discovered, Inventory, SeenDatabase } from '../../model/discovery.ts';
import { ownName, people, withoutRegion } from './names.ts';
import { wayInOf } from './way-in.ts';

/** Writers of one engine in two regions or more, one in each, that are called alike and copy nothing of each other through RDS. */
export function alikeWriters(inventory: Inventory): { name: string; members: SeenDatabase[] }[] {
  const alone = inventory.databases.filter((one) => one.source === undefined && !inventory.databases.some(({ source }) => source?.region === one.region && source.id === one.id) && !inventory.backups.some(({ source }) => source.region === one.region && source.id === one.id));
  const alike = Map.groupBy(alone, ({ id, engine }) => `${withoutRegion(id, inventory.regions)} ${engine}`);
  return [...alike].flatMap(([key, members]) => {
    const regions = new Set(members.map(({ region }) => region));
    return regions.size < 2 || regions.size !== members.length ? [] : [{ name: key.split(' ')[0] ?? '', members }];
  });
}

/** Nobody can come in by its security groups: so `dr` leaves an old writer, and so does a person. */
export function isClosed({ securityGroups }: Inventory, { region, securityGroups: own }: SeenDatabase): boolean {
  return own.length > 0 && own.every((id) => securityGroups.some((group) => group.region === region && group.id === id && group.closed));
}

/** Two that look the same: applications that write in each region, and what a failover has left, where its old writer was not closed. */
const LEFT_BY_FAILOVER = 'there is a failover pair of records, which leads users to one region at a time: if one of these writers is what a failover has left, it is no second writer of an application. Then write kind: rds-read-replica, strategy: warm-standby, and dr reprotect rebuilds the other one';

export function discoverWriters(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  const pair = inventory.records.some(({ failover }) => failover !== undefined);
  return alikeWriters(inventory).flatMap(({ name, members }) => {
    if (members.some((one) => isClosed(inventory, one))) return [];
    const regions = members.map(({ region }) => region);
    const engine = members[0]?.engine ?? '';
    const mysql = /mysql|mariadb/.test(engine);
    const instances = Object.fromEntries(members.map(({ region, id }) => [region, id]));
    const way = wayInOf(inventory, members, { reachability: true });
    return [{
      name: ownName(name, ctx.application, inventory.regions, ctx.application),
      regions,
      resource: { instances, keys: mysql ? 'auto-increment' : 'uuid', ...(mysql ? { offsets: Object.fromEntries(regions.map((region, i) => [region, i + 1])) } : {}), ...way.resource },
      comments: { '': `${engine}, a writer in each region: ${members.map(({ id, region }) => `${id} in ${people(region)}`).join(', ')}. RDS copies nothing between them`, ...(mysql ? { offsets: 'what a lost region would answer if it could; the parameter groups decide' } : {}), ...way.comments },
      open: [...(pair ? [{ path: '', what: LEFT_BY_FAILOVER }] : []), { path: 'keys', what: `how two regions never give one key twice: ${mysql ? 'auto_increment_increment and auto_increment_offset of the parameter groups, or uuid' : 'uuid is only assumed'}` }, ...way.open],
      suggests: { strategy: 'active-active' as const, because: 'each region has a writer of its own' },
      uses: [...members.map(({ arn }) => arn), ...way.uses],
    }];
  });
}
