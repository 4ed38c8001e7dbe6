import { DrError } from '../base/errors.ts';
import { refKey, sameRef, type DatabaseDriver, type DbRef } from '../simulator/database-driver.ts';
import type { DbInstanceSeed } from '../simulator/seeds.ts';
import { ORDERS_TABLE } from './application.ts';
import { Door } from './door.ts';
import { LagMeter } from './lag-meter.ts';
import type { DatabaseEngine, LabServer, Login, ReplicationLink } from './server.ts';

/** An instance of the world and the real server behind it. */
interface Instance {
  ref: DbRef;
  server: LabServer;
  door: Door;
  endpoint: { address: string; port: number };
  login: Login;
  /** Set on a replica until it is promoted. */
  replicates: { source: DbRef; link: ReplicationLink; meter: LagMeter } | undefined;
  closed: boolean;
}

/** A database of the runbook: its instances as seeded, and how to log in. */
export interface DatabaseWish {
  seeds: readonly DbInstanceSeed[];
  login: Login;
}

/** Between regions that are near to each other, with replicas that keep up. */
const DEFAULT_LAG_MS = 100;
const MEASURED_MS = 10_000;

/**
 * The databases of the lab: real servers, each behind the door that is its RDS endpoint. The simulated world keeps AWS's
 * states and asks this for the work: promotion, lag, quarantine.
 */
export class LabDatabases implements DatabaseDriver {
  readonly #instances = new Map<string, Instance>();
  readonly #dead = new Set<string>();
  #work: Promise<unknown> = Promise.resolve();

  /** Starts all servers. `addressOf` is the loopback address that stands for a region. */
  async start(engine: DatabaseEngine, wishes: readonly DatabaseWish[], addressOf: (region: string) => string): Promise<void> {
    try {
      await Promise.all(wishes.flatMap(({ seeds, login }) =>
        seeds.filter((seed) => seed.replicaOf === undefined).map((writer) => this.#startCluster(engine, writer, seeds, login, addressOf)),
      ));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #startCluster(
    engine: DatabaseEngine,
    writer: DbInstanceSeed,
    seeds: readonly DbInstanceSeed[],
    login: Login,
    addressOf: (region: string) => string,
  ): Promise<void> {
    const replicas = seeds.filter((seed) => sameRef(seed.replicaOf, writer));
    for (const { engine: kind, id } of [writer, ...replicas]) {
      if (kind === 'mysql') throw new DrError({ code: 'LAB_ENGINE', exit: 'lab', title: `The lab has no MySQL for ${id}, only PostgreSQL.` });
    }
    const cluster = await engine.cluster(
      refKey(writer),
      replicas.map((seed) => ({ name: refKey(seed), delayMs: seed.lagMs ?? DEFAULT_LAG_MS })),
      login,
    );
    await this.#add(writer, cluster.writer, login, addressOf);
    await runSql(cluster.writer, login, ORDERS_TABLE);
    for (const [n, { server, link }] of cluster.replicas.entries()) {
      const seed = replicas[n];
      if (seed === undefined) continue;
      const instance = await this.#add(seed, server, login, addressOf);
      const meter = new LagMeter(cluster.writer, server);
      instance.replicates = { source: { region: writer.region, id: writer.id }, link, meter };
      meter.start();
      // Known from the beginning: a failover that is tried at once must not find a replica of unknown lag.
      await meter.measured(MEASURED_MS);
    }
  }

  async #add(seed: DbInstanceSeed, server: LabServer, login: Login, addressOf: (region: string) => string): Promise<Instance> {
    const door = new Door(() => server.address());
    const address = addressOf(seed.region);
    const port = await door.listen(address);
    const ref = { region: seed.region, id: seed.id };
    const instance: Instance = { ref, server, door, endpoint: { address, port }, login, replicates: undefined, closed: false };
    this.#instances.set(refKey(ref), instance);
    return instance;
  }

  /** Where users reach an instance; what DescribeDBInstances shows. */
  endpoint(ref: DbRef): { address: string; port: number } {
    return this.#get(ref).endpoint;
  }

  promote(ref: DbRef): Promise<void> {
    return this.#exclusive(async () => {
      const instance = this.#get(ref);
      if (this.#dead.has(ref.region)) throw new Error(`${refKey(ref)}: its region is dead`);
      await instance.server.promote();
      instance.replicates?.link.cut();
      instance.replicates?.meter.stop();
      instance.replicates = undefined;
    });
  }

  lagMs(ref: DbRef): number | undefined {
    return this.#get(ref).replicates?.meter.lagMs();
  }

  quarantine(ref: DbRef, closed: boolean): Promise<void> {
    const instance = this.#get(ref);
    instance.closed = closed;
    this.#setDoor(instance);
    return Promise.resolve();
  }

  /** kill -9 for its servers; what they were sending is lost; their endpoints swallow. */
  breakRegion(region: string): Promise<void> {
    this.#dead.add(region);
    const local = this.#in(region);
    for (const instance of this.#instances.values()) {
      if (this.#touches(instance, region)) instance.replicates?.link.cut();
    }
    for (const instance of local) this.#setDoor(instance);
    return this.#exclusive(async () => {
      await Promise.all(local.map(({ server }) => server.kill()));
    });
  }

  /** The servers start as what their disks say: an old writer comes back as a writer. */
  healRegion(region: string): Promise<void> {
    return this.#exclusive(async () => {
      this.#dead.delete(region);
      const local = this.#in(region);
      await Promise.all(local.map(({ server }) => server.start()));
      for (const instance of local) this.#setDoor(instance);
      for (const instance of this.#instances.values()) {
        const { replicates, ref } = instance;
        if (replicates === undefined || !this.#touches(instance, region)) continue;
        if (!this.#dead.has(ref.region) && !this.#dead.has(replicates.source.region)) replicates.link.open();
      }
    });
  }

  /** Which of the orders are in the database of a region. @throws Error when it does not answer. */
  async present(region: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const instance = this.#in(region)[0];
    if (instance === undefined) throw new Error(`there is no database in ${region}`);
    const rows = await runSql(instance.server, instance.login, 'SELECT id FROM orders WHERE id = ANY($1)', [ids]);
    return new Set(rows.map((row) => String(row['id'])));
  }

  /** For people: what each server is right now. */
  async states(): Promise<{ region: string; id: string; endpoint: string; state: string; door: string }[]> {
    return Promise.all([...this.#instances.values()].map(async ({ ref, server, door, endpoint }) => {
      const state = this.#dead.has(ref.region)
        ? 'dead'
        : await server.position().then((p) => (p.writable ? 'writer' : 'replica'), () => 'does not answer');
      return { ...ref, endpoint: `${endpoint.address}:${endpoint.port}`, state, door: door.state };
    }));
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    await this.#exclusive(async () => {
      await Promise.all([...this.#instances.values()].map(async ({ server, door, replicates }) => {
        replicates?.meter.stop();
        await Promise.all([door.close(), replicates?.link.close(), server.stop()]);
      }));
      this.#instances.clear();
    });
  }

  #touches({ ref, replicates }: Instance, region: string): boolean {
    return ref.region === region || replicates?.source.region === region;
  }

  #setDoor(instance: Instance): void {
    instance.door.set(this.#dead.has(instance.ref.region) ? 'dead' : instance.closed ? 'cut' : 'open');
  }

  #in(region: string): Instance[] {
    return [...this.#instances.values()].filter(({ ref }) => ref.region === region);
  }

  #get(ref: DbRef): Instance {
    const instance = this.#instances.get(refKey(ref));
    if (instance === undefined) throw new Error(`the lab has no database ${refKey(ref)}`);
    return instance;
  }

  /** One thing at a time: a heal must not overtake the break before it. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work, work);
    this.#work = result.catch(() => undefined);
    return result;
  }
}

async function runSql(server: LabServer, login: Login, text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ ...server.address(), ...login, connectionTimeoutMillis: 2_000, query_timeout: 10_000, application_name: 'lab' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
