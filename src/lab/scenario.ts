import * as z from 'zod';
import { DrError } from '../base/errors.ts';
import { systemClock } from '../base/clock.ts';
import type { ResourceKind } from '../kinds/kind.ts';
import { loadKind } from '../kinds/registry.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import type { DatabaseDriver, DbRef } from '../simulator/database-driver.ts';
import type { DbInstanceSeed, HostedZoneSeed } from '../simulator/seeds.ts';
import { World } from '../simulator/world.ts';
import type { DatabaseWish } from './databases.ts';
import type { Login } from './server.ts';
import { LAB_TIMINGS } from './timings.ts';

/** What the lab builds, read from a runbook. */
export interface Scenario {
  runbook: string;
  regions: readonly { id: string; name: string; address: string }[];
  home: string;
  /** The name that users know. */
  host: string;
  /** Users near different regions may be answered differently. */
  sharedTraffic: boolean;
  /** What the application of a region writes into; undefined where it needs no database. */
  databaseOf(region: string): (DbRef & { login: Login }) | undefined;
  databases: readonly DatabaseWish[];
  /** The database login under the names that the runbook gives to it. */
  loginEnv: Readonly<Record<string, string>>;
  /** The world with everything in it; its databases have the endpoints that are really there. */
  world(driver: DatabaseDriver, endpointOf: (ref: DbRef) => { address: string; port: number }): World;
}

/** What a kind may say about logging in. Another kind of database says it in the same words, or has no login here. */
const loginSchema = z.looseObject({
  canary: z.looseObject({ database: z.string(), userEnv: z.string(), passwordEnv: z.string() }),
});

/** What every kind of database calls its instances by. */
const namesSchema = z.looseObject({ instances: z.record(z.string(), z.string()) });
/** What a kind of compute may name by region: Auto Scaling groups, and target groups by ARN. */
const groupsSchema = z.looseObject({ groups: z.record(z.string(), z.string()) });
const targetsSchema = z.looseObject({ targets: groupsSchema });

interface Part {
  name: string;
  section: string;
  resource: unknown;
  simulate: (world: World) => void;
}

/**
 * @param password of every database of the lab
 * @throws DrError when the runbook has nothing that a lab can show.
 */
export async function scenarioOf(loaded: LoadedRunbook, password: string): Promise<Scenario> {
  const { runbook } = loaded;
  const regionIds = runbook.regions.map((region) => region.id);
  const parts = await Promise.all(runbook.resources.map(async ({ name, section, kind, resource }): Promise<Part> => {
    const code = (await loadKind(kind)) as unknown as ResourceKind<unknown> | undefined;
    if (code === undefined) throw new Error(`the kind ${kind} is gone since the runbook was read`);
    return { name, section, resource, simulate: (world) => code.simulate(world, name, resource, runbook.home, runbook.strategy) };
  }));
  const topics = runbook.notify.flatMap((notifier) => (notifier.type === 'sns' ? Object.entries(notifier.topics) : []));

  const databases: DatabaseWish[] = [];
  const zones: HostedZoneSeed[] = [];
  const loginEnv: Record<string, string> = {};
  const scratch = new SeedRecorder(regionIds, (zone) => zones.push(zone));
  for (const part of parts) {
    const seeds = scratch.seedsOf(part.simulate);
    if (seeds.length === 0) continue;
    const { canary } = loginSchema.safeParse(part.resource).data ?? {};
    const login = { user: 'shop', password, database: canary?.database ?? 'shop' };
    const names = namesSchema.safeParse(part.resource).data?.instances ?? Object.fromEntries(seeds.map(({ region, id }) => [region, id]));
    databases.push({ seeds, login, names });
    if (canary !== undefined) Object.assign(loginEnv, { [canary.userEnv]: login.user, [canary.passwordEnv]: login.password });
  }
  const { host, addressOf } = usersView(loaded, parts, zones);

  const databaseOf = (region: string) => {
    const [first] = databases;
    if (first === undefined) return undefined;
    const id = first.names[region];
    if (id === undefined) throw nothingToShow(loaded.path, `its first database has no instance in ${region}`);
    return { region, id, login: first.login };
  };
  const compute = computeOf(parts.filter((part) => part.section === 'compute').map((part) => part.resource));

  return {
    runbook: runbook.name,
    regions: runbook.regions.map(({ id, name }) => ({ id, name, address: addressOf(id) })),
    home: runbook.home,
    host,
    sharedTraffic: zones.some(({ records }) => records.some((r) => r.weight !== undefined || r.region !== undefined || r.geo !== undefined)),
    databaseOf,
    databases,
    loginEnv,
    world: (driver, endpointOf) => {
      const world = new LabWorld(regionIds, driver, endpointOf);
      for (const part of parts) part.simulate(world);
      for (const [region, arn] of topics) world.addTopic({ region, arn });
      // A place for `--state s3://dr-state-REGION`.
      for (const region of regionIds) world.addBucket({ region, name: `dr-state-${region}` });
      for (const region of regionIds) {
        const database = databaseOf(region);
        world.addApplication({
          region,
          address: addressOf(region),
          ...compute(region),
          ...(database === undefined ? {} : { database: { region, id: database.id } }),
        });
      }
      return world;
    },
  };
}

/** Without a healthy one of these a region's application answers nobody: the first of each that the compute names. */
function computeOf(resources: readonly unknown[]): (region: string) => { group?: string; targetGroup?: string } {
  const groups = resources.map((resource) => groupsSchema.safeParse(resource).data?.groups).find((found) => found !== undefined);
  const targets = resources.map((resource) => targetsSchema.safeParse(resource).data?.targets.groups).find((found) => found !== undefined);
  return (region) => {
    const [group, targetGroup] = [groups?.[region], targets?.[region]];
    return { ...(group === undefined ? {} : { group }), ...(targetGroup === undefined ? {} : { targetGroup }) };
  };
}

/** What the kinds of traffic call the records of a region: one set each, or those of its places. */
const setsSchema = z.looseObject({ sets: z.record(z.string(), z.string()) });
const placesSchema = z.looseObject({ places: z.record(z.string(), z.looseObject({ region: z.string() })) });

/** The name that users ask for, and the address of each region: both as the traffic of the runbook has them. */
function usersView(
  loaded: LoadedRunbook,
  parts: readonly Part[],
  zones: readonly HostedZoneSeed[],
): { host: string; addressOf: (region: string) => string } {
  const records = zones.flatMap((zone) => zone.records);
  const [traffic] = parts.filter((part) => part.section === 'traffic');
  const { sets } = setsSchema.safeParse(traffic?.resource).data ?? {};
  const { places } = placesSchema.safeParse(traffic?.resource).data ?? {};
  const setOf = (region: string) => sets?.[region] ?? Object.keys(places ?? {}).find((id) => places?.[id]?.region === region);
  const own = new Set(loaded.runbook.regions.map(({ id }) => setOf(id)));
  const record = records.find(({ type, setIdentifier }) => type === 'A' && own.has(setIdentifier));
  if (record === undefined) throw nothingToShow(loaded.path, 'it has no traffic with an A record, by which users would find the application');
  const ofName = new Map(records.filter(({ name }) => name === record.name).map((r) => [r.setIdentifier, r.values[0]]));
  return {
    host: record.name.replace(/\.$/, ''),
    addressOf: (region) => {
      const address = ofName.get(setOf(region));
      if (address === undefined) throw nothingToShow(loaded.path, `no record of ${record.name} leads users to ${region}`);
      if (!/^127\./.test(address)) throw nothingToShow(loaded.path, `${record.name} answers with ${address} for ${region}, and here only 127.0.0.2, 127.0.0.3 and so on can listen`);
      return address;
    },
  };
}

function nothingToShow(path: string, why: string): DrError {
  return new DrError({
    code: 'LAB_RUNBOOK',
    exit: 'lab',
    title: `The lab cannot serve ${path}: ${why}.`,
    next: ['dr lab start --runbook runbooks/shop.yaml'],
  });
}

/** A world that nobody enters: it notes what the kinds put into one. */
class SeedRecorder extends World {
  #seeds: DbInstanceSeed[] = [];
  readonly #onZone: (zone: HostedZoneSeed) => void;

  constructor(regions: readonly string[], onZone: (zone: HostedZoneSeed) => void) {
    super({ clock: systemClock, seed: 1, regions });
    this.#onZone = onZone;
  }

  seedsOf(simulate: (world: World) => void): DbInstanceSeed[] {
    this.#seeds = [];
    simulate(this);
    return this.#seeds;
  }

  override addDbInstance(seed: DbInstanceSeed): void {
    this.#seeds.push(seed);
    super.addDbInstance(seed);
  }

  override addHostedZone(seed: HostedZoneSeed): void {
    this.#onZone(seed);
    super.addHostedZone(seed);
  }
}

/** Shows the endpoints of the real databases instead of invented ones. */
class LabWorld extends World {
  readonly #endpointOf: (ref: DbRef) => { address: string; port: number };

  constructor(regions: readonly string[], driver: DatabaseDriver, endpointOf: (ref: DbRef) => { address: string; port: number }) {
    super({ clock: systemClock, seed: Date.now() % 2 ** 31, regions, databases: driver, timings: LAB_TIMINGS });
    this.#endpointOf = endpointOf;
  }

  override addDbInstance(seed: DbInstanceSeed): void {
    super.addDbInstance({ ...seed, endpoint: this.#endpointOf(seed) });
  }
}
