/**
 * Two regions on one machine: the simulated AWS behind real endpoints, real databases, a real DNS server, an application
 * in each region and users on it.
 * 1. What users were given is known to the ledger alone, and survives everything that is broken here.
 * 2. A broken region gives no answer anywhere: AWS endpoints, database, application.
 * 3. A healed region comes back as its disks say: an old writer is writable again.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsRequest } from '../aws/caller.ts';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { systemDns } from '../effects/dns.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { placeIn } from '../simulator/places.ts';
import type { ApplicationSeed } from '../simulator/seeds.ts';
import type { World } from '../simulator/world.ts';
import type { AppScenario } from './app-scenario.ts';
import { Application } from './application.ts';
import { binariesFor, PROGRAMS_VARIABLE } from './postgres/binaries.ts';
import { postgresEngine } from './postgres/engine.ts';
import { LabDatabases } from './databases.ts';
import { DnsServer } from './dns-server.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { makeLabFolder, removeLabFolder } from './folder.ts';
import type { LabApi } from './api.ts';
import { zoneSource } from './lab-world.ts';
import { Ledger } from './ledger.ts';
import { applicationSeed, scenarioOf, type Scenario } from './scenario.ts';
import type { Tenant } from './site.ts';
import type { LabInfo, LabLedger } from './status.ts';
import { Users } from './users.ts';
import { watchdog } from './watchdog.ts';
import { wireServer, type WireServer } from './wire/server.ts';

interface LabOptions {
  /** One, or several that share what is there. */
  runbook: LoadedRunbook | readonly LoadedRunbook[];
  port?: number | undefined;
  env?: Readonly<Record<string, string | undefined>>;
  onDefect?: (error: unknown) => void;
}

const ORDER_EVERY_MS = 50;
const ORDER_TIMEOUT_MS = 700;
/** Between two looks of the world at what is due, e.g. a lag sample. */
const TICK_MS = 50;
/** Without an order that ends, well or badly. */
const SERVED_MS = 10_000;
/** For each application more: all of them begin at once. */
const SERVED_EACH_MS = 100;
/** So many bad ones, and then SERVED_MS: it is not the machine. */
const SERVED_ORDERS = 500;

export interface Lab extends LabApi {
  readonly info: LabInfo;
}

/** @throws DrError when it cannot start; nothing is left behind then. */
export async function lab(options: LabOptions): Promise<Lab> {
  const undo: (() => Promise<unknown>)[] = [];
  let stopped: Promise<void> | undefined;
  // Last started, first stopped; whatever fails to stop does not keep the rest from it.
  const stop = () => (stopped ??= (async () => {
    for (const end of undo.reverse()) await end().catch(() => undefined);
  })());
  try {
    return await assemble(options, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(options: LabOptions, undo: (() => Promise<unknown>)[], stop: () => Promise<void>): Promise<Lab> {
  const startedAt = Date.now();
  const scenario = await scenarioOf([options.runbook].flat(), randomBytes(16).toString('hex'));
  const addressOf = (region: string) => scenario.regions.find(({ id }) => id === region)?.addresses[0] ?? '127.0.0.1';

  const folder = await makeLabFolder();
  const dismiss = watchdog(folder);
  undo.push(async () => {
    await removeLabFolder(folder);
    await dismiss();
  });
  const databases = new LabDatabases();
  undo.push(() => databases.stop());
  const engine = postgresEngine(await binariesFor(folder, options.env?.[PROGRAMS_VARIABLE]), folder);
  await databases.start(engine, scenario.databases, addressOf);

  const world = scenario.world(databases, (ref) => databases.endpoint(ref));
  await databases.backedUp();
  const ticking = setInterval(() => world.tick(), TICK_MS);
  undo.push(() => {
    clearInterval(ticking);
    return Promise.resolve();
  });

  const wire = await awsEndpoint(options, world);
  undo.push(() => wire.close());
  const fleet = await startFleet(placesOf(scenario, world, databases));
  undo.push(() => fleet.stop());
  const crowds = await putUsersOn({ scenario, world, port: fleet.port, undo });
  await Promise.all([...crowds.ledgers.values()].map((ledger, _n, all) => served(ledger, SERVED_MS + all.length * SERVED_EACH_MS)));

  const info: LabInfo = {
    pid: process.pid,
    startedAt,
    ...servedBy(scenario),
    engine: [engine.version, ...standIn(scenario)].join('; '),
    awsUrl: wire.url,
    resolver: crowds.resolver,
    applicationPort: fleet.port,
    home: scenario.home,
    env: {
      AWS_ENDPOINT_URL: wire.url,
      AWS_ACCESS_KEY_ID: 'lab',
      AWS_SECRET_ACCESS_KEY: 'lab',
      AWS_REGION: scenario.home,
      // What boto3 and version 1 of the AWS CLI read instead.
      AWS_DEFAULT_REGION: scenario.home,
      DR_RESOLVER: crowds.resolver,
      DR_CONNECT_TO: `80:${fleet.port}`,
      // A run belongs to one lab: in another one its journal would speak of another world.
      DR_LAB: randomBytes(6).toString('hex'),
      ...scenario.loginEnv,
    },
  };
  return running({ scenario, databases, world, fleet, ledgers: crowds.ledgers, info, stop });
}

/** Which applications there are; the first one is the one that is meant where nobody says which. */
function servedBy({ apps }: Scenario): Pick<LabInfo, 'runbook' | 'host' | 'runbooks'> {
  const runbooks = apps.map(({ runbook, path, host }) => ({ name: runbook, path, host }));
  const [first] = runbooks;
  if (first === undefined) throw new Error('a lab without a runbook');
  return { runbook: { name: first.name, path: first.path }, host: first.host, runbooks };
}

/** One web server for each address, with the applications that listen there. */
function placesOf({ regions, apps }: Scenario, world: World, databases: LabDatabases): { region: string; address: string; tenants: Tenant[] }[] {
  const tenant = (app: AppScenario, region: string): Tenant => {
    const database = app.databaseOf(region);
    const seed = applicationSeed(app, region);
    const application = new Application({
      region,
      name: app.runbook,
      database: database === undefined ? undefined : { ...database.login, host: databases.endpoint(database).address, port: databases.endpoint(database).port },
      compute: () => hasCompute(world, seed),
    });
    return { application, hosts: app.hosts };
  };
  return regions.flatMap(({ id: region, addresses }) => addresses.map((address) => ({
    region,
    address,
    tenants: apps.filter((app) => app.regions.includes(region) && app.addressOf(region) === address).map((app) => tenant(app, region)),
  })));
}

/** What a person must know of databases that are not what the runbook says. */
function standIn({ databases }: Scenario): string[] {
  const mysql = databases.flatMap(({ seeds }) => seeds).filter(({ engine }) => engine === 'mysql');
  if (databases.length === 0) return ['the runbook has no database, and its application keeps nothing'];
  return mysql.length === 0 ? [] : [`it stands in for the MySQL of ${mysql.map(({ id }) => id).join(' and ')}`];
}

/** Without its database: whether the simulated region has what runs the application. */
function hasCompute(world: World, { database: _, ...compute }: ApplicationSeed): boolean {
  world.tick();
  return world.state.applications.status(compute, Date.now()) === 200;
}

interface Crowds {
  ledgers: ReadonlyMap<string, Ledger>;
  resolver: string;
}

/**
 * Users of each application: near each of its regions, with a DNS server of their own, where answers differ by place or by
 * chance; else one crowd, for all are answered alike.
 */
async function putUsersOn(parts: { scenario: Scenario; world: World; port: number; undo: (() => Promise<unknown>)[] }): Promise<Crowds> {
  const { scenario: { home, apps }, world, port, undo } = parts;
  const placesOfApp = (app: AppScenario) => [...new Set([app.home, ...(app.sharedTraffic ? app.regions : [])])];
  const resolvers = new Map<string, string>();
  for (const region of new Set([home, ...apps.flatMap(placesOfApp)])) {
    const server = new DnsServer(zoneSource(world, placeIn(region)));
    const dnsPort = await server.listen('127.0.0.1');
    undo.push(() => server.close());
    resolvers.set(region, `127.0.0.1:${dnsPort}`);
  }
  const ledgers = new Map<string, Ledger>();
  for (const app of apps) {
    const ledger = new Ledger(Date.now());
    const prefix = `order-${randomBytes(3).toString('hex')}`;
    const places = placesOfApp(app);
    ledgers.set(app.runbook, ledger);
    for (const [n, place] of places.entries()) {
      const users = new Users({
        host: app.host,
        port,
        dns: systemDns(resolvers.get(place) ?? ''),
        ledger,
        everyMs: ORDER_EVERY_MS * places.length * apps.length,
        timeoutMs: ORDER_TIMEOUT_MS,
        prefix: `${prefix}-${n}`,
        from: places.length === 1 ? undefined : place,
        now: () => Date.now(),
      });
      users.start();
      undo.push(() => users.stop());
    }
  }
  return { ledgers, resolver: resolvers.get(home) ?? '' };
}

async function awsEndpoint(options: LabOptions, world: World): Promise<WireServer> {
  try {
    return await wireServer({
      port: options.port,
      handle: ({ service, region, operation, input, signal }) =>
        world.call({ service, region, operation, input, signal } as unknown as AwsRequest) as Promise<{ output: object; requestId: string | undefined }>,
      ...(options.onDefect === undefined ? {} : { onDefect: options.onDefect }),
    });
  } catch (error) {
    throw portTaken(options.port, error);
  }
}

/** A lab is up when the first user has got an order through. On a busy machine that takes long: it is waited for as long as orders end. */
async function served(ledger: Ledger, limitMs: number): Promise<void> {
  let seen = -1;
  let until = 0;
  for (;;) {
    const { lastGood, orders, lastError } = ledger.summary();
    if (lastGood !== undefined) return;
    const now = performance.now();
    if (orders !== seen && seen < SERVED_ORDERS) [seen, until] = [orders, now + limitMs];
    if (now > until) {
      throw new DrError({
        code: 'LAB_NOT_SERVING',
        exit: 'lab',
        title: `No user of the lab got an order through: ${orders} were tried.`,
        detail: lastError ?? `No order was answered at all for ${limitMs / 1000} s.`,
        next: ['try again; the machine may be busy', 'dr lab start --runbook PATH    serves fewer applications'],
      });
    }
    await sleep(10);
  }
}

interface Parts {
  scenario: Scenario;
  databases: LabDatabases;
  world: World;
  fleet: Fleet;
  ledgers: ReadonlyMap<string, Ledger>;
  info: LabInfo;
  stop: () => Promise<void>;
}

/** Where the orders of a region are to be found: where users are now, unless that region keeps a database of its own. */
function finder({ databases, world }: Pick<Parts, 'databases' | 'world'>, app: AppScenario) {
  return async (survivor: string, ids: readonly string[], committedIn: string | undefined): Promise<ReadonlySet<string> | undefined> => {
    const here = app.databaseOf(survivor);
    if (here === undefined) return new Set(ids);
    const own = committedIn === undefined ? undefined : app.databaseOf(committedIn);
    const family = own === undefined ? undefined : databases.family(own);
    if (own === undefined || family === undefined || family === databases.family(here)) return databases.present(here, ids);
    return world.isAlive(own.region) ? databases.present(own, ids) : undefined;
  };
}

function running({ scenario, databases, world, fleet, ledgers, info, stop }: Parts): Lab {
  /** Last break of each region, also after it was healed. */
  const brokenAt = new Map<string, number>();
  const known = (region: string) => {
    if (!scenario.regions.some(({ id }) => id === region)) throw unknownRegion(region, scenario);
  };
  const usersOf = (runbook = info.runbook.name): { app: AppScenario; ledger: Ledger } => {
    const app = scenario.apps.find((one) => one.runbook === runbook);
    const ledger = ledgers.get(runbook);
    if (app === undefined || ledger === undefined) throw unknownRunbook(runbook, scenario);
    return { app, ledger };
  };
  const loss = async (app: AppScenario, ledger: Ledger): Promise<Pick<LabLedger, 'loss' | 'lossUnknown'>> => {
    const survivor = ledger.summary().lastGood?.region;
    if (survivor === undefined) return { lossUnknown: 'no order was acknowledged yet' };
    const breaks = [...brokenAt].filter(([region]) => region !== survivor && app.regions.includes(region)).map(([, at]) => at);
    const present = finder({ databases, world }, app);
    try {
      return { loss: await ledger.audit(survivor, breaks.length === 0 ? undefined : Math.max(...breaks), (ids, from) => present(survivor, ids, from)) };
    } catch (error) {
      return { lossUnknown: `the database in ${survivor} does not answer: ${error instanceof Error ? error.message : String(error)}` };
    }
  };
  return {
    info,
    stop,
    async status() {
      return {
        ...info,
        regions: scenario.regions.map(({ id, name, addresses }) => ({
          id,
          name,
          address: addresses.join(' '),
          alive: world.isAlive(id),
          network: databases.isCutOff(id) ? ('cut' as const) : ('open' as const),
          application: fleet.running(id) ? ('up' as const) : ('down' as const),
          brokenAt: brokenAt.get(id),
        })),
        databases: await databases.states(),
        users: usersOf().ledger.summary(),
        usersOf: Object.fromEntries([...ledgers].map(([runbook, ledger]) => [runbook, ledger.summary()])),
        world: world.snapshot(),
      };
    },
    async ledger(runbook) {
      const { app, ledger } = usersOf(runbook);
      return { ...ledger.summary(), ...(await loss(app, ledger)), brokenAt: Object.fromEntries(brokenAt) };
    },
    async breakRegion(region) {
      known(region);
      if (!world.isAlive(region)) return;
      brokenAt.set(region, Date.now());
      world.breakRegion(region);
      await Promise.all([fleet.kill(region), databases.breakRegion(region)]);
    },
    cutNetwork(region) {
      known(region);
      return databases.cutNetwork(region);
    },
    async heal(region) {
      known(region);
      databases.mendNetwork(region);
      if (world.isAlive(region)) return;
      await databases.healRegion(region);
      await fleet.restart(region);
      world.healRegion(region);
    },
  };
}

function unknownRegion(region: string, scenario: Scenario): DrError {
  const ids = scenario.regions.map(({ id }) => id);
  const meant = nearest(region, ids);
  return new DrError({
    code: 'LAB_REGION',
    exit: 'usage',
    title: `The lab has no region "${region}".`,
    detail: `It has ${ids.join(' and ')}.`,
    ...(meant === undefined ? {} : { next: [`did you mean ${meant}?`] }),
  });
}

function unknownRunbook(runbook: string, { apps }: Scenario): DrError {
  const names = apps.map((app) => app.runbook);
  return new DrError({ code: 'LAB_APPLICATION', exit: 'usage', title: `The lab does not serve "${runbook}".`, detail: `It serves ${names.join(' and ')}.` });
}

function portTaken(port: number | undefined, error: unknown): unknown {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new DrError({
    code: 'LAB_PORT_TAKEN',
    exit: 'lab',
    title: `Port ${String(port)} is taken by another process.`,
    detail: 'It was asked for as the AWS endpoint of the lab.',
    next: ['dr lab start    without --port: the lab finds a free one'],
    cause: error,
  });
}
