import type { DiscoverContext, Discovered, Inventory } from '../../model/discovery.ts';
import { ownName, people, withoutRegion } from './names.ts';

/** Writers of one engine in two regions or more, one in each, that are called alike and copy nothing of each other through RDS. */
export function discoverWriters(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  const alone = inventory.databases.filter((one) => one.source === undefined && !inventory.databases.some(({ source }) => source?.region === one.region && source.id === one.id) && !inventory.backups.some(({ source }) => source.region === one.region && source.id === one.id));
  const alike = Map.groupBy(alone, ({ id, engine }) => `${withoutRegion(id, inventory.regions)} ${engine}`);
  return [...alike].flatMap(([key, members]) => {
    const regions = members.map(({ region }) => region);
    if (new Set(regions).size < 2 || new Set(regions).size !== members.length) return [];
    const [name = ''] = key.split(' ');
    const engine = members[0]?.engine ?? '';
    const mysql = /mysql|mariadb/.test(engine);
    const instances = Object.fromEntries(members.map(({ region, id }) => [region, id]));
    return [{
      name: ownName(name, ctx.application, inventory.regions, ctx.application),
      regions,
      resource: { instances, keys: mysql ? 'auto-increment' : 'uuid', ...(mysql ? { offsets: Object.fromEntries(regions.map((region, i) => [region, i + 1])) } : {}) },
      comments: { '': `${engine}, a writer in each region: ${members.map(({ id, region }) => `${id} in ${people(region)}`).join(', ')}. RDS copies nothing between them`, ...(mysql ? { offsets: 'what a lost region would answer if it could; the parameter groups decide' } : {}) },
      open: [{ path: 'keys', what: `how two regions never give one key twice: ${mysql ? 'auto_increment_increment and auto_increment_offset of the parameter groups, or uuid' : 'uuid is only assumed'}` }],
      suggests: { strategy: 'active-active' as const, because: 'each region has a writer of its own' },
      uses: members.map(({ arn }) => arn),
    }];
  });
}
