import { inParallel } from '../engine/schedule.ts';
import { refKey, sameRef, type DatabaseDriver, type DbEndpoint, type DbRef } from '../simulator/database-driver.ts';
import type { DbInstanceSeed } from '../simulator/seeds.ts';
import { ORDERS_TABLE } from './application.ts';
import { BackupKeeper } from './backup-keeper.ts';
import { Door } from './door.ts';
import { LagMeter } from './lag-meter.ts';
import { runSql } from './run-sql.ts';
import type { DatabaseEngine, DatabaseWish, LabServer, Login, ReplicationLink } from './server.ts';

interface Instance {
  ref: DbRef;
  server: LabServer;
  login: Login;
  /** On the way of its log to another region. */
  delayMs: number;
  /** Set on a replica until it is promoted. */
  replicates: { source: Instance; link: ReplicationLink; meter: LagMeter } | undefined;
  closed: boolean;
  /** The writer that all its data comes from, in the end: what is in one of a family may be looked for in another. */
  family: string;
}

/** Between regions that are near to each other, with replicas that keep up. */
const DEFAULT_LAG_MS = 100;
const MEASURED_MS = 10_000;
const STARTED_AT_ONCE = 8; // Clusters: hundreds would bring a machine to a stop.

/**
 * The databases of the lab: real servers, each behind the door that is its RDS endpoint. The simulated world keeps AWS's
 * states and asks this for the work: promotion, lag, quarantine, replicas, new names, restores.
 * 1. A door belongs to a name, as on AWS, where the endpoint is made of the identifier: anyone who has the name is behind it.
 * 2. No server is ever ended because another takes its place.
 */
export class LabDatabases implements DatabaseDriver {
  readonly #instances = new Map<string, Instance>();
  readonly #doors = new Map<string, { door: Door; endpoint: DbEndpoint; region: string }>();
  readonly #keepers = new Map<string, { instance: Instance; keeper: BackupKeeper }>();
  readonly #dead = new Set<string>();
  /** Regions that live, and are reached by no other. */
  readonly #cutOff = new Set<string>();
  #addressOf: (region: string) => string = () => '127.0.0.1';
  #engine: DatabaseEngine | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #stopped = false;

  async start(engine: DatabaseEngine, wishes: readonly DatabaseWish[], addressOf: (region: string) => string): Promise<void> {
    this.#engine = engine;
    this.#addressOf = addressOf;
    try {
      await Promise.all(wishes.flatMap(({ names }) => Object.entries(names).map(([region, id]) => this.#openDoor({ region, id }))));
      const writers = wishes.flatMap((wish) => wish.seeds.filter((seed) => seed.replicaOf === undefined).map((writer) => ({ writer, ...wish })));
      await inParallel(writers, STARTED_AT_ONCE, ({ writer, seeds, login }) => this.#startCluster(engine, writer, seeds, login));
    } catch (error) {
      await this.#end();
      throw error;
    }
  }

  async #startCluster(engine: DatabaseEngine, writer: DbInstanceSeed, seeds: readonly DbInstanceSeed[], login: Login): Promise<void> {
    const replicas = seeds.filter((seed) => sameRef(seed.replicaOf, writer));
    const delayOf = (seed: DbInstanceSeed | undefined) => seed?.lagMs ?? DEFAULT_LAG_MS;
    const cluster = await engine.cluster(refKey(writer), replicas.map((seed) => ({ name: refKey(seed), delayMs: delayOf(seed) })), login);
    const first = { login, closed: false, family: refKey(writer) };
    const source = await this.#add({ ...first, ref: refOf(writer), server: cluster.writer, delayMs: delayOf(replicas[0]), replicates: undefined });
    await runSql(cluster.writer, login, ORDERS_TABLE);
    for (const [n, { link, server }] of cluster.replicas.entries()) {
      const seed = replicas[n];
      if (seed === undefined) continue;
      const meter = new LagMeter(source.server, server);
      await this.#add({ ...first, ref: refOf(seed), server, delayMs: delayOf(seed), replicates: { source, link, meter } });
      meter.start();
      // Known from the beginning: a failover that is tried at once must not find a replica of unknown lag.
      await meter.measured(MEASURED_MS);
    }
  }

  async #add(instance: Instance): Promise<Instance> {
    await this.#openDoor(instance.ref);
    this.#instances.set(refKey(instance.ref), instance);
    this.#setDoor(instance.ref);
    return instance;
  }

  /** The door of a name; it leads nowhere while no instance has the name. */
  async #openDoor(ref: DbRef): Promise<DbEndpoint> {
    const key = refKey(ref);
    const there = this.#doors.get(key);
    if (there !== undefined) return there.endpoint;
    const door = new Door(() => this.#instances.get(key)?.server.address());
    const address = this.#addressOf(ref.region);
    const endpoint = { address, port: await door.listen(address) };
    this.#doors.set(key, { door, endpoint, region: ref.region });
    return endpoint;
  }

  /** Where users reach an instance; what DescribeDBInstances shows. @throws Error for a name that the lab has never heard of. */
  endpoint(ref: DbRef): DbEndpoint {
    const there = this.#doors.get(refKey(ref));
    if (there === undefined) throw new Error(`the lab has no database ${refKey(ref)}`);
    return there.endpoint;
  }

  promote(ref: DbRef): Promise<void> {
    return this.#exclusive(async () => {
      const instance = this.#get(ref);
      this.#mustLive(ref);
      await instance.server.promote();
      instance.replicates?.link.cut();
      instance.replicates?.meter.stop();
      instance.replicates = undefined;
    });
  }

  lagMs(ref: DbRef): number | undefined {
    return this.#instances.get(refKey(ref))?.replicates?.meter.lagMs();
  }

  quarantine(ref: DbRef, closed: boolean): Promise<void> {
    this.#get(ref).closed = closed;
    this.#setDoor(ref);
    return Promise.resolve();
  }

  /** The server ends as by kill -9, and starts again: no session outlives that, and no commit is lost by it. */
  reboot(ref: DbRef): Promise<void> {
    return this.#exclusive(async () => {
      const { server } = this.#get(ref);
      this.#mustLive(ref);
      this.#doors.get(refKey(ref))?.door.endAll();
      await server.kill();
      await server.start();
    });
  }

  async createReplica(ref: DbRef, from: { source: DbRef; closed: boolean }): Promise<DbEndpoint> {
    const { engine, source } = this.#ready(ref, from.source);
    const made = await engine.replicate(source.server, { name: refKey(ref), delayMs: source.delayMs }, source.login);
    const meter = new LagMeter(this.#writerOf(source).server, made.server);
    await this.#exclusive(async () => {
      const { login, delayMs, family } = source;
      const replicates = { source, link: made.link, meter };
      await this.#keepIfAlive({ ref, server: made.server, login, delayMs, family, closed: from.closed, replicates }, () => made.link.close());
      meter.start();
      if (!this.#joined(ref.region, source.ref.region)) made.link.cut();
    });
    await meter.measured(MEASURED_MS);
    return this.endpoint(ref);
  }

  async restore(ref: DbRef, from: { source: DbRef; upTo: number; closed: boolean }): Promise<DbEndpoint> {
    const kept = this.#keepers.get(refKey(from.source));
    if (kept === undefined) throw new Error(`the lab keeps no backups of ${refKey(from.source)}`);
    const server = await kept.keeper.restore(refKey(ref), from.upTo);
    return this.#exclusive(async () => {
      const { login, delayMs, family } = kept.instance;
      await this.#keepIfAlive({ ref, server, login, delayMs, family, closed: from.closed, replicates: undefined }, () => Promise.resolve());
      return this.endpoint(ref);
    });
  }

  #writerOf(instance: Instance): Instance {
    return instance.replicates === undefined ? instance : this.#writerOf(instance.replicates.source);
  }

  /** Takes a new server in. @throws Error when its region died or the lab ended while it was being made; then it is ended. */
  async #keepIfAlive(instance: Instance, undo: () => Promise<void>): Promise<void> {
    try {
      this.#mustLive(instance.ref);
      if (this.#stopped) throw new Error('the lab has ended');
      await this.#add(instance);
    } catch (error) {
      await Promise.all([instance.server.stop(), undo()]);
      throw error;
    }
  }

  rename(ref: DbRef, to: DbRef): Promise<DbEndpoint> {
    return this.#exclusive(async () => {
      const instance = this.#get(ref);
      this.#mustBeFree(to);
      await this.#openDoor(to);
      this.#instances.delete(refKey(ref));
      instance.ref = to;
      this.#instances.set(refKey(to), instance);
      const kept = this.#keepers.get(refKey(ref));
      if (kept?.instance === instance) {
        this.#keepers.delete(refKey(ref));
        this.#keepers.set(refKey(to), kept);
      }
      // Connections by the old name end.
      this.#doors.get(refKey(ref))?.door.endAll();
      this.#setDoor(ref);
      this.#setDoor(to);
      return this.endpoint(to);
    });
  }

  /** Its server ends, and anyone who comes to its door finds nobody. */
  remove(ref: DbRef): Promise<void> {
    return this.#exclusive(async () => {
      const instance = this.#get(ref);
      const key = refKey(ref);
      this.#instances.delete(key);
      const kept = this.#keepers.get(key);
      this.#keepers.delete(key);
      instance.replicates?.meter.stop();
      await Promise.all([kept?.keeper.stop(), instance.replicates?.link.close(), instance.server.stop(), this.#doors.get(key)?.door.close()]);
      this.#doors.delete(key);
    });
  }

  keepBackups(source: DbRef): void {
    const instance = this.#instances.get(refKey(source));
    const engine = this.#engine;
    if (instance === undefined || engine === undefined || this.#keepers.get(refKey(source))?.instance === instance) return;
    // Of another instance that had the name.
    void this.#keepers.get(refKey(source))?.keeper.stop();
    const keeper = new BackupKeeper(() => engine.backup(instance.server, instance.login));
    this.#keepers.set(refKey(source), { instance, keeper });
    if (this.#isAlone(source.region)) keeper.pause();
    keeper.start();
  }

  restorableUpTo(source: DbRef): number | undefined {
    return this.#keepers.get(refKey(source))?.keeper.restorableUpTo();
  }

  /** Resolves when there is something to restore from of everything that is kept. */
  async backedUp(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map(({ keeper }) => keeper.first()));
  }

  /** kill -9 for its servers; what they were sending is lost; their endpoints swallow. */
  breakRegion(region: string): Promise<void> {
    this.#dead.add(region);
    const local = this.#in(region);
    for (const instance of this.#instances.values()) {
      if (this.#touches(instance, region)) instance.replicates?.link.cut();
    }
    for (const { instance, keeper } of this.#keepers.values()) if (instance.ref.region === region) keeper.pause();
    this.#setDoors(region);
    return this.#exclusive(async () => {
      await Promise.all(local.map(({ server }) => server.kill()));
    });
  }

  /** The servers start as what their disks say: an old writer comes back as a writer. */
  healRegion(region: string): Promise<void> {
    return this.#exclusive(async () => {
      this.#dead.delete(region);
      await Promise.all(this.#in(region).map(({ server }) => server.start()));
      this.#setDoors(region);
      this.#mend(region);
    });
  }

  /** Its servers continue and are reached by everybody but the other regions: no log and no backup gets out or in. */
  cutNetwork(region: string): Promise<void> {
    this.#cutOff.add(region);
    for (const { ref, replicates } of this.#instances.values()) {
      if (replicates !== undefined && !this.#joined(ref.region, replicates.source.ref.region)) replicates.link.cut();
    }
    for (const { instance, keeper } of this.#keepers.values()) if (this.#isAlone(instance.ref.region)) keeper.pause();
    return Promise.resolve();
  }

  mendNetwork(region: string): void {
    if (this.#cutOff.delete(region)) this.#mend(region);
  }

  isCutOff(region: string): boolean {
    return this.#cutOff.has(region);
  }

  /** What leads out of a region or into it flows again, where both ends are there. */
  #mend(region: string): void {
    for (const instance of this.#instances.values()) {
      const { replicates, ref } = instance;
      if (replicates === undefined || !this.#touches(instance, region)) continue;
      if (this.#joined(ref.region, replicates.source.ref.region)) replicates.link.open();
    }
    for (const { instance, keeper } of this.#keepers.values()) {
      if (instance.ref.region === region && !this.#isAlone(region)) keeper.resume();
    }
  }

  #joined(a: string, b: string): boolean {
    const alive = !this.#dead.has(a) && !this.#dead.has(b);
    return alive && (a === b || (!this.#cutOff.has(a) && !this.#cutOff.has(b)));
  }

  /** Dead, or cut off: nothing of it gets elsewhere. */
  #isAlone(region: string): boolean {
    return this.#dead.has(region) || this.#cutOff.has(region);
  }

  /** What all data of an instance comes from; undefined when nobody has the name. */
  family(ref: DbRef): string | undefined {
    return this.#instances.get(refKey(ref))?.family;
  }

  /** Which of the orders are in an instance, closed or not. @throws Error when it does not answer. */
  async present(ref: DbRef, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const instance = this.#get(ref);
    const rows = await runSql(instance.server, instance.login, 'SELECT id FROM orders WHERE id = ANY($1)', [ids]);
    return new Set(rows.map((row) => String(row['id'])));
  }

  async states(): Promise<{ region: string; id: string; endpoint: string; state: string; door: string }[]> {
    return Promise.all([...this.#instances.values()].map(async ({ ref, server }) => {
      const { address, port } = this.endpoint(ref);
      const state = this.#dead.has(ref.region)
        ? 'dead'
        : await server.position().then((p) => (p.writable ? 'writer' : 'replica'), () => 'does not answer');
      return { ...ref, endpoint: `${address}:${port}`, state, door: this.#doors.get(refKey(ref))?.door.state ?? 'closed' };
    }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#exclusive(() => this.#end());
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map(({ keeper }) => keeper.stop()));
    await Promise.all([
      ...[...this.#doors.values()].map(({ door }) => door.close()),
      ...[...this.#instances.values()].map(async ({ server, replicates }) => {
        replicates?.meter.stop();
        await Promise.all([replicates?.link.close(), server.stop()]);
      }),
    ]);
    this.#instances.clear();
    this.#doors.clear();
  }

  #touches({ ref, replicates }: Instance, region: string): boolean {
    return ref.region === region || replicates?.source.ref.region === region;
  }

  #setDoor(ref: DbRef): void {
    const closed = this.#instances.get(refKey(ref))?.closed ?? false;
    this.#doors.get(refKey(ref))?.door.set(this.#dead.has(ref.region) ? 'dead' : closed ? 'closed' : 'open');
  }

  #setDoors(region: string): void {
    for (const { ref } of this.#in(region)) this.#setDoor(ref);
    for (const [key, { door, region: at }] of this.#doors) {
      if (at === region && !this.#instances.has(key)) door.set(this.#dead.has(region) ? 'dead' : 'open');
    }
  }

  #in(region: string): Instance[] {
    return [...this.#instances.values()].filter(({ ref }) => ref.region === region);
  }

  #get(ref: DbRef): Instance {
    const instance = this.#instances.get(refKey(ref));
    if (instance === undefined) throw new Error(`the lab has no database ${refKey(ref)}`);
    return instance;
  }

  #ready(ref: DbRef, from: DbRef): { engine: DatabaseEngine; source: Instance } {
    const engine = this.#engine;
    const source = this.#get(from);
    this.#mustBeFree(ref);
    this.#mustLive(ref);
    this.#mustLive(from);
    if (engine === undefined) throw new Error('the lab has no databases');
    return { engine, source };
  }

  #mustBeFree(ref: DbRef): void {
    if (this.#instances.has(refKey(ref))) throw new Error(`the lab has a database ${refKey(ref)} already`);
  }

  #mustLive({ region, id }: DbRef): void {
    if (this.#dead.has(region)) throw new Error(`${region}/${id}: its region is dead`);
  }

  /** One thing at a time: a heal must not overtake the break before it. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work, work);
    this.#work = result.catch(() => undefined);
    return result;
  }
}

function refOf({ region, id }: DbInstanceSeed): DbRef {
  return { region, id };
}
