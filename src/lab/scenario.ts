import { messageOf } from '../base/errors.ts';
import { otherEngineNamed } from '../kinds/databases/login.ts';
import { knownKind } from '../kinds/registry.ts';
import { type Owner, sharedDatabases } from '../runbook/folder.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import type { DatabaseDriver, DbRef } from '../simulator/database-driver.ts';
import type { ApplicationSeed, DbInstanceSeed, HostedZoneSeed } from '../simulator/seeds.ts';
import type { World } from '../simulator/world.ts';
import { type AppScenario, appScenario, nothingToShow, type Part } from './app-scenario.ts';
import { LabWorld, SeedRecorder } from './lab-world.ts';
import type { DatabaseWish, Login } from './server.ts';

/** What the lab builds, read from one runbook or several. */
export interface Scenario {
  /** Each has one or more addresses, and none is of two regions. */
  regions: readonly { id: string; name: string; addresses: readonly string[] }[];
  /** Of the first application. */
  home: string;
  apps: readonly AppScenario[];
  databases: readonly DatabaseWish[];
  /** The database login under the names that the runbooks give to it. */
  loginEnv: Readonly<Record<string, string>>;
  /** The world with everything in it; its databases have the endpoints that are really there. */
  world(driver: DatabaseDriver, endpointOf: (ref: DbRef) => { address: string; port: number }): World;
}

/**
 * @param password of every database of the lab
 * @throws DrError when a runbook has nothing that a lab can show, or two of them cannot share one.
 */
export async function scenarioOf(runbooks: readonly LoadedRunbook[], password: string): Promise<Scenario> {
  refuseTwins(runbooks);
  const regionIds = [...new Set(runbooks.flatMap(({ runbook }) => runbook.regions.map(({ id }) => id)))];
  const scratch = new SeedRecorder(regionIds);
  const databases = new Databases(await sharedDatabases(runbooks), password);
  const made: { path: string; part: Part }[] = [];
  const apps: AppScenario[] = [];
  for (const loaded of runbooks) {
    const { path } = loaded;
    const [parts, wishes, zones]: [Part[], DatabaseWish[], HostedZoneSeed[]] = [await partsOf(loaded), [], []];
    for (const part of parts) {
      const owned = databases.ownedByAnother(path, part);
      if (owned !== undefined) {
        wishes.push(databases.join(path, part, owned));
        continue;
      }
      made.push({ path, part });
      const seeds = scratch.seedsOf((world) => put(world, path, part));
      zones.push(...seeds.zones);
      if (seeds.instances.length > 0) wishes.push(databases.add(path, part, seeds.instances));
    }
    apps.push(appScenario(loaded, parts, wishes, zones));
  }
  const topics = runbooks.flatMap(({ runbook }) => runbook.notify.flatMap((notifier) => (notifier.type === 'sns' ? Object.entries(notifier.topics) : [])));
  return {
    regions: regionIds.map((id) => ({ id, name: nameOf(id, runbooks), addresses: addressesOf(id, apps) })),
    home: apps[0]?.home ?? '',
    apps,
    databases: databases.wishes,
    loginEnv: databases.loginEnv,
    world: (driver, endpointOf) => {
      const world = new LabWorld(regionIds, driver, endpointOf);
      for (const { path, part } of made) put(world, path, part);
      for (const [region, arn] of topics) world.addTopic({ region, arn });
      // A place for `--state s3://dr-state-REGION`.
      for (const region of regionIds) world.addBucket({ region, name: `dr-state-${region}` });
      for (const app of apps) for (const region of app.regions) world.addApplication(applicationSeed(app, region));
      return world;
    },
  };
}

/** How the simulated world knows the application of a region. */
export function applicationSeed(app: AppScenario, region: string): ApplicationSeed {
  const database = app.databaseOf(region);
  return {
    region,
    address: app.addressOf(region),
    host: app.host,
    ...app.computeOf(region),
    ...(database === undefined ? {} : { database: { region, id: database.id } }),
  };
}

function refuseTwins(runbooks: readonly LoadedRunbook[]): void {
  const paths = new Map<string, string>();
  for (const { runbook, path } of runbooks) {
    const other = paths.get(runbook.name);
    if (other !== undefined) throw nothingToShow(path, `${other} is called ${runbook.name} too`);
    paths.set(runbook.name, path);
  }
}

function nameOf(region: string, runbooks: readonly LoadedRunbook[]): string {
  return runbooks.flatMap(({ runbook }) => runbook.regions).find(({ id }) => id === region)?.name ?? region;
}

/** @throws DrError where an address stands for another region too: it could not be dead and alive. */
function addressesOf(region: string, apps: readonly AppScenario[]): string[] {
  const own = new Set(apps.filter(({ regions }) => regions.includes(region)).map((app) => app.addressOf(region)));
  for (const app of apps) {
    for (const other of app.regions) {
      if (other === region || !own.has(app.addressOf(other))) continue;
      throw nothingToShow(app.path, `${app.addressOf(other)} stands for ${other} there, and for ${region} in another runbook: give them \`answers\` of their own`);
    }
  }
  return [...own];
}

async function partsOf({ runbook }: LoadedRunbook): Promise<Part[]> {
  return Promise.all(runbook.resources.map(async ({ name, section, kind, resource }): Promise<Part> => {
    const code = await knownKind(kind);
    return { name, section, resource, ids: code.ids?.(resource) ?? [], login: code.login?.(resource), routing: code.routing?.(resource), simulate: (world) => code.simulate(world, name, resource, runbook.home, runbook.strategy) };
  }));
}

/** @throws DrError where something of that name is in the world already. */
function put(world: World, path: string, part: Part): void {
  try {
    part.simulate(world);
  } catch (error) {
    throw nothingToShow(path, `${part.section}.${part.name}: ${messageOf(error)}`);
  }
}

/**
 * The lab makes PostgreSQL of every database. Where the names of a runbook say that it is another one, a run would prove nothing of it;
 * kinds that know MySQL say so in their seeds, and the lab says that it stands in for it.
 */
function refuseOtherEngine(path: string, { section, name, resource }: Part, seeds: readonly DbInstanceSeed[]): void {
  if (seeds.some(({ engine }) => engine === 'mysql')) return;
  const other = otherEngineNamed(resource);
  if (other !== undefined) throw nothingToShow(path, `${section}.${name} names ${other}, and the databases of the lab are PostgreSQL only: a run would prove nothing of another engine`);
}

/** The databases of all runbooks; one that several own is made once, as the first of them says. */
class Databases {
  readonly wishes: DatabaseWish[] = [];
  readonly loginEnv: Record<string, string> = {};
  readonly #shared: readonly (readonly Owner[])[];
  readonly #password: string;
  readonly #made = new Map<readonly Owner[], DatabaseWish>();

  constructor(shared: readonly (readonly Owner[])[], password: string) {
    this.#shared = shared;
    this.#password = password;
  }

  add(path: string, part: Part, seeds: readonly DbInstanceSeed[]): DatabaseWish {
    refuseOtherEngine(path, part, seeds);
    const login = { user: 'shop', password: this.#password, database: part.login?.database ?? 'shop' };
    const names = part.ids[0]?.ids ?? Object.fromEntries(seeds.map(({ region, id }) => [region, id]));
    const wish = { seeds, login, names };
    const group = this.#groupOf(path, part);
    if (group !== undefined) this.#made.set(group, wish);
    this.wishes.push(wish);
    this.#knowLogin(part, login);
    return wish;
  }

  ownedByAnother(path: string, part: Part): DatabaseWish | undefined {
    const group = this.#groupOf(path, part);
    return group === undefined ? undefined : this.#made.get(group);
  }

  /** @throws DrError where it is to hold two databases: the lab makes one in each instance. */
  join(path: string, part: Part, wish: DatabaseWish): DatabaseWish {
    if (part.login !== undefined && part.login.database !== wish.login.database) {
      throw nothingToShow(path, `another owner of ${part.section}.${part.name} calls its database ${wish.login.database}, and this one ${part.login.database}`);
    }
    this.#knowLogin(part, wish.login);
    return wish;
  }

  #knowLogin(part: Part, login: Login): void {
    if (part.login !== undefined) Object.assign(this.loginEnv, { [part.login.userEnv]: login.user, [part.login.passwordEnv]: login.password });
  }

  #groupOf(path: string, part: Part): readonly Owner[] | undefined {
    if (part.section !== 'databases') return undefined;
    return this.#shared.find((group) => group.some((owner) => owner.loaded.path === path && owner.name === part.name));
  }
}
