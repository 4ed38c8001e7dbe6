/**
 * Two regions on one machine: the simulated AWS behind real endpoints, real databases, a real DNS server, an application
 * in each region and users on it.
 * 1. What users were told is known to the ledger alone, and survives everything that is broken here.
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
import type { World } from '../simulator/world.ts';
import { startDatabases } from './choose-engine.ts';
import { LabDatabases } from './databases.ts';
import { DnsServer } from './dns-server.ts';
import { Fleet } from './fleet.ts';
import { makeLabFolder, removeLabFolder } from './folder.ts';
import { Ledger } from './ledger.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import type { LabInfo, LabLedger, LabStatus } from './status.ts';
import { Users } from './users.ts';
import { Watchdog } from './watchdog.ts';
import { wireServer, type WireServer } from './wire/server.ts';
import { zoneSource } from './zone-source.ts';

export interface LabOptions {
  runbook: LoadedRunbook;
  /** Of the AWS endpoint. Default: any that is free. */
  port?: number | undefined;
  /** Of it `DR_LAB_POSTGRES` is read. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Told of defects of the lab itself. */
  onDefect?: (error: unknown) => void;
}

/** Between two orders of users. */
const ORDER_EVERY_MS = 50;
/** After that a user gives up. */
const ORDER_TIMEOUT_MS = 700;
/** Between two looks of the world at what is due, e.g. a lag sample. */
const TICK_MS = 50;
const SERVED_MS = 10_000;

/** A running lab, inside its own process. */
export interface Lab {
  readonly info: LabInfo;
  status(): Promise<LabStatus>;
  ledger(): Promise<LabLedger>;
  /** @throws DrError for an unknown region. */
  breakRegion(region: string): Promise<void>;
  heal(region: string): Promise<void>;
  /** Ends every process and removes every file. */
  stop(): Promise<void>;
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
  const scenario = await scenarioOf(options.runbook, randomBytes(16).toString('hex'));
  const addressOf = (region: string) => scenario.regions.find(({ id }) => id === region)?.address ?? '127.0.0.1';

  const folder = await makeLabFolder();
  const watchdog = new Watchdog(folder);
  undo.push(async () => {
    await removeLabFolder(folder);
    await watchdog.dismiss();
  });
  const databases = new LabDatabases();
  undo.push(() => databases.stop());
  const engine = await startDatabases(databases, scenario.databases, addressOf, folder, options.env?.['DR_LAB_POSTGRES']);

  const world = scenario.world(databases, (ref) => databases.endpoint(ref));
  const ticking = setInterval(() => world.tick(), TICK_MS);
  undo.push(() => {
    clearInterval(ticking);
    return Promise.resolve();
  });

  const wire = await awsEndpoint(options, world);
  undo.push(() => wire.close());
  const dns = new DnsServer(zoneSource(world));
  const dnsPort = await dns.listen('127.0.0.1');
  undo.push(() => dns.close());

  const fleet = await Fleet.start(scenario.regions.map(({ id, address }) => ({ id, address, database: databaseOf(scenario, databases, id) })));
  undo.push(() => fleet.stop());
  const resolver = `127.0.0.1:${dnsPort}`;
  const ledger = new Ledger(Date.now());
  const users = new Users({
    host: scenario.host,
    port: fleet.port,
    dns: systemDns(resolver),
    ledger,
    everyMs: ORDER_EVERY_MS,
    timeoutMs: ORDER_TIMEOUT_MS,
    prefix: `order-${randomBytes(3).toString('hex')}`,
    now: () => Date.now(),
  });
  users.start();
  undo.push(() => users.stop());
  await served(ledger);

  const info: LabInfo = {
    pid: process.pid,
    startedAt,
    runbook: { name: scenario.runbook, path: options.runbook.path },
    engine: { kind: engine.kind, note: engine.note },
    awsUrl: wire.url,
    resolver,
    applicationPort: fleet.port,
    host: scenario.host,
    home: scenario.home,
    env: {
      AWS_ENDPOINT_URL: wire.url,
      AWS_ACCESS_KEY_ID: 'lab',
      AWS_SECRET_ACCESS_KEY: 'lab',
      AWS_REGION: scenario.home,
      // What boto3 and version 1 of the AWS CLI read instead.
      AWS_DEFAULT_REGION: scenario.home,
      DR_RESOLVER: resolver,
      DR_CONNECT_TO: `80:${fleet.port}`,
      ...scenario.loginEnv,
    },
  };
  return running({ scenario, databases, world, fleet, ledger, info, stop });
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

/** A lab is up when the first user has got an order through. */
async function served(ledger: Ledger): Promise<void> {
  const until = performance.now() + SERVED_MS;
  while (ledger.summary().lastGood === undefined) {
    if (performance.now() > until) {
      throw new DrError({
        code: 'LAB_NOT_SERVING',
        exit: 'lab',
        title: `No user of the lab got an order through within ${SERVED_MS / 1000} s.`,
        detail: ledger.summary().lastError ?? 'No order was answered at all.',
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
  ledger: Ledger;
  info: LabInfo;
  stop: () => Promise<void>;
}

function running({ scenario, databases, world, fleet, ledger, info, stop }: Parts): Lab {
  /** Last break of each region, also after it was healed. */
  const brokenAt = new Map<string, number>();
  const known = (region: string) => {
    if (!scenario.regions.some(({ id }) => id === region)) throw unknownRegion(region, scenario);
  };
  const loss = async (): Promise<Pick<LabLedger, 'loss' | 'lossUnknown'>> => {
    const survivor = ledger.summary().lastGood?.region;
    if (survivor === undefined) return { lossUnknown: 'no order was acknowledged yet' };
    const breaks = [...brokenAt].filter(([region]) => region !== survivor).map(([, at]) => at);
    try {
      return { loss: await ledger.audit(survivor, breaks.length === 0 ? undefined : Math.max(...breaks), (ids) => databases.present(survivor, ids)) };
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
        regions: scenario.regions.map(({ id, name, address }) => ({
          id,
          name,
          address,
          alive: world.isAlive(id),
          application: fleet.running(id) ? ('up' as const) : ('down' as const),
          brokenAt: brokenAt.get(id),
        })),
        databases: await databases.states(),
        users: ledger.summary(),
        world: world.snapshot(),
      };
    },
    async ledger() {
      return { ...ledger.summary(), ...(await loss()), brokenAt: Object.fromEntries(brokenAt) };
    },
    async breakRegion(region) {
      known(region);
      if (!world.isAlive(region)) return;
      brokenAt.set(region, Date.now());
      world.breakRegion(region);
      await Promise.all([fleet.kill(region), databases.breakRegion(region)]);
    },
    async heal(region) {
      known(region);
      if (world.isAlive(region)) return;
      await databases.healRegion(region);
      await fleet.restart(region);
      world.healRegion(region);
    },
  };
}

function databaseOf(scenario: Scenario, databases: LabDatabases, region: string) {
  const wish = scenario.databases[0];
  const seed = wish?.seeds.find((s) => s.region === region);
  if (wish === undefined || seed === undefined) {
    throw new DrError({ code: 'LAB_RUNBOOK', exit: 'lab', title: `The first database of the runbook has no instance in ${region}.` });
  }
  const { address, port } = databases.endpoint(seed);
  return { ...wish.login, host: address, port };
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
