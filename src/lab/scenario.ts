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
import { LAB_TIMINGS } from './timings.ts';

/** What the lab builds, read from a runbook. */
export interface Scenario {
  runbook: string;
  regions: readonly { id: string; name: string; address: string }[];
  home: string;
  /** The name that users know. */
  host: string;
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
    databases.push({ seeds, login });
    if (canary !== undefined) Object.assign(loginEnv, { [canary.userEnv]: login.user, [canary.passwordEnv]: login.password });
  }
  if (databases.length === 0) throw nothingToShow(loaded.path, 'it has no database, and the application of the lab writes orders into one');
  const { host, addressOf } = usersView(loaded, parts, zones);

  return {
    runbook: runbook.name,
    regions: runbook.regions.map(({ id, name }) => ({ id, name, address: addressOf(id) })),
    home: runbook.home,
    host,
    databases,
    loginEnv,
    world: (driver, endpointOf) => {
      const world = new LabWorld(regionIds, driver, endpointOf);
      for (const part of parts) part.simulate(world);
      for (const [region, arn] of topics) world.addTopic({ region, arn });
      for (const region of regionIds) {
        const database = databases[0]?.seeds.find((seed) => seed.region === region);
        const app = { region, address: addressOf(region) };
        world.addApplication(database === undefined ? app : { ...app, database: { region, id: database.id } });
      }
      return world;
    },
  };
}

/** The name that users ask for, and the address of each region: both as the traffic of the runbook has them. */
function usersView(
  loaded: LoadedRunbook,
  parts: readonly Part[],
  zones: readonly HostedZoneSeed[],
): { host: string; addressOf: (region: string) => string } {
  const record = zones.flatMap((zone) => zone.records).find(({ type, values }) => type === 'A' && values.every((v) => v.startsWith('127.')));
  if (record === undefined) throw nothingToShow(loaded.path, 'it has no traffic with an A record, by which users would find the application');
  const sets = parts
    .filter((part) => part.section === 'traffic')
    .map((part) => z.looseObject({ sets: z.record(z.string(), z.string()) }).safeParse(part.resource).data?.sets)
    .find((found) => found !== undefined);
  const bySet = new Map(zones.flatMap((zone) => zone.records).map((r) => [r.setIdentifier ?? '', r.values[0]]));
  return {
    host: record.name.replace(/\.$/, ''),
    addressOf: (region) => {
      const address = bySet.get(sets?.[region] ?? '');
      if (address === undefined) throw nothingToShow(loaded.path, `no record leads users to ${region}`);
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
