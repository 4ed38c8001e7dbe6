import type { DiscoverContext, Discovered, Inventory, SeenDatabase } from '../../model/discovery.ts';
import { firstOf, ownName, people } from './names.ts';
import { quarantineOf } from './quarantine.ts';
import { wayInOf } from './way-in.ts';
import { alikeWriters, isClosed } from './writers.ts';

/** Engines whose writes `dr` proves by SQL. */
const POSTGRES = /^postgres/;

/** Each writer that has a read replica in another region, with one replica a region; and what a failover has left: a writer, and an old one that is closed. */
export function discoverReplicas(inventory: Inventory, ctx: DiscoverContext): Discovered[] {
  const named = new Map(inventory.databases.map((database) => [`${database.region}/${database.id}`, database]));
  const writers = inventory.databases.filter(({ source }) => source === undefined);
  const left = alikeWriters(inventory).flatMap(({ members }) => {
    const [writer, ...more] = members.filter((one) => !isClosed(inventory, one));
    const closed = members.filter((one) => isClosed(inventory, one));
    return writer === undefined || more.length > 0 || closed.length === 0 ? [] : [discovered(inventory, ctx, [writer, ...closed], [])];
  });
  return [...left, ...writers.flatMap((writer) => {
    const copies = replicasOf(writer, inventory, named);
    const [one, ...others] = [...new Map(copies.map((copy) => [copy.region, copy])).values()];
    return one === undefined ? [] : [discovered(inventory, ctx, [writer, one, ...others], copies)];
  })];
}

/** In other regions, replicas of its replicas too. */
function replicasOf(writer: SeenDatabase, { databases }: Inventory, named: ReadonlyMap<string, SeenDatabase>): SeenDatabase[] {
  const root = (database: SeenDatabase, hops = 0): SeenDatabase | undefined => {
    if (database.source === undefined || hops > 5) return database;
    const source = named.get(`${database.source.region}/${database.source.id}`);
    return source === undefined ? undefined : root(source, hops + 1);
  };
  return databases.filter((database) => database !== writer && database.source !== undefined && database.region !== writer.region && root(database) === writer);
}

function discovered(inventory: Inventory, ctx: DiscoverContext, members: readonly SeenDatabase[], copies: readonly SeenDatabase[]): Discovered {
  const [writer] = members as [SeenDatabase];
  const all = members.map(({ region }) => region);
  const regions = firstOf(all, writer.region);
  const instances = Object.fromEntries(regions.map((region) => [region, members.find((one) => one.region === region)?.id ?? '']));
  const fence = quarantineOf(inventory, regions, (region) => members.find((one) => one.region === region)?.vpc);
  const way = wayInOf(inventory, regions.map((region) => ({ region, id: instances[region] ?? '' })), { reachability: true });
  const left = copies.filter((copy) => !members.includes(copy));
  return {
    name: ownName(writer.id, ctx.application, all, 'database'),
    regions,
    home: writer.region,
    resource: {
      instances,
      ...(writer.retentionDays > 0 ? { retentionDays: writer.retentionDays } : {}),
      ...way.resource,
      ...fence.resource,
    },
    comments: {
      '': `${writer.engine}, ${writer.class}. ${writer.id} is the writer; ${members.slice(1).map((one) => `${one.id} in ${people(one.region)} ${one.source === undefined ? 'is closed by its security groups, as a failover leaves an old writer: it is no replica, and dr reprotect rebuilds it as one' : 'is its read replica'}`).join('; ')}`,
      retentionDays: `as of ${writer.id} now`,
      ...way.comments,
      ...fence.comments,
    },
    open: [
      ...fence.open,
      ...way.open,
      { path: '', what: canaryWanted(writer) },
      ...left.map((copy) => ({ path: 'instances', what: `${copy.id} in ${people(copy.region)} is a further replica: one is named for each region` })),
    ],
    uses: [...members.map(({ arn }) => arn), ...way.uses],
  };
}

function canaryWanted({ engine, database }: SeenDatabase): string {
  if (!POSTGRES.test(engine)) return `writes to ${engine} are not proven by SQL, and a switchover is not possible`;
  const name = database ?? 'NAME';
  return `name the SQL login that proves writes, and that a switchover stops them with: canary: { database: ${name}, table: dr_canary, userEnv: DB_USER, passwordEnv: DB_PASSWORD }`;
}
