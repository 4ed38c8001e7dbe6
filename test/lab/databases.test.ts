import { connect } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LabDatabases } from '../../src/lab/databases.ts';
import type { DatabaseEngine } from '../../src/lab/server.ts';
import { LOGIN, postgresHere, sql, until } from './helpers.ts';

const SEOUL = { region: 'seoul', id: 'orders' };
const TOKYO = { region: 'tokyo', id: 'orders-tokyo' };
const OLD = { region: 'seoul', id: 'orders-old' };
const INSERT = 'INSERT INTO orders (id, region) VALUES ($1, $2)';

const { engine, remove } = await postgresHere();
afterAll(remove);

/** What the simulated RDS asks of the lab. */
describe('the databases of the lab', () => {
  let databases: LabDatabases;
  let gate: Promise<unknown>;
  beforeEach(async () => {
    databases = new LabDatabases();
    gate = Promise.resolve();
    const slow: DatabaseEngine = { ...engine, replicate: async (...args) => (await gate, engine.replicate(...args)) };
    const names = { seoul: 'orders', tokyo: 'orders-tokyo' };
    await databases.start(slow, [{ seeds: [SEOUL, { ...TOKYO, replicaOf: SEOUL, lagMs: 20 }], login: LOGIN, names }], () => '127.0.0.1');
  });
  afterEach(() => databases.stop());

  const at = (ref: typeof SEOUL) => ({ address: () => ({ host: databases.endpoint(ref).address, port: databases.endpoint(ref).port }) });
  const insert = (ref: typeof SEOUL, id: string) => sql(at(ref), INSERT, [id, ref.region]);
  const state = async (ref: typeof SEOUL) => (await databases.states()).find(({ region, id }) => region === ref.region && id === ref.id);

  it('an instance with a new name is reached by it, and by the old one no more', async () => {
    await insert(SEOUL, 'a-1');
    const before = databases.endpoint(SEOUL);
    const open = connect(before.port, before.address);
    const ended = new Promise((resolve) => open.on('close', resolve).on('error', () => undefined));
    await new Promise((resolve) => open.on('connect', resolve));
    expect(await databases.rename(SEOUL, OLD)).toEqual(databases.endpoint(OLD));
    await ended;
    expect(databases.endpoint(OLD)).not.toEqual(before);
    await expect(insert(SEOUL, 'a-2')).rejects.toThrow();
    await insert(OLD, 'a-2');
    expect([...(await databases.present(OLD, ['a-1', 'a-2']))].sort()).toEqual(['a-1', 'a-2']);
    await expect(databases.rename(OLD, TOKYO)).rejects.toThrow('the lab has a database tokyo/orders-tokyo already');
  });

  it('a replica that takes a name takes its endpoint, and the data of where it comes from', async () => {
    const before = databases.endpoint(SEOUL);
    await databases.promote(TOKYO);
    await databases.rename(SEOUL, OLD);
    await insert(TOKYO, 'b-1');
    expect(await databases.createReplica(SEOUL, { source: TOKYO, closed: false })).toEqual(before);
    await insert(TOKYO, 'b-2');
    await until('replicated', async () => (await databases.present(SEOUL, ['b-1', 'b-2'])).size === 2);
    expect(await state(SEOUL)).toMatchObject({ state: 'replica', door: 'open' });
    expect(databases.lagMs(SEOUL)).toBeGreaterThanOrEqual(0);
    expect(databases.family(SEOUL)).toBe(databases.family(OLD));
    expect((await databases.present(OLD, ['b-1'])).size).toBe(0);
  });

  it('keeps who was closed closed under another name', async () => {
    await databases.quarantine(SEOUL, true);
    await databases.rename(SEOUL, OLD);
    expect((await state(OLD))?.door).toBe('closed');
  });

  it('a replica whose region dies while it is made is not there afterwards', async () => {
    const copied = Promise.withResolvers<undefined>();
    gate = copied.promise;
    await databases.promote(TOKYO);
    await databases.rename(SEOUL, OLD);
    const made = databases.createReplica(SEOUL, { source: TOKYO, closed: false });
    await databases.breakRegion('seoul');
    copied.resolve(undefined);
    await expect(made).rejects.toThrow('seoul/orders: its region is dead');
    expect(await state(SEOUL)).toBeUndefined();
    await databases.healRegion('seoul');
    expect(await databases.createReplica(SEOUL, { source: TOKYO, closed: true })).toEqual(databases.endpoint(SEOUL));
    expect((await state(SEOUL))?.door).toBe('closed');
  });

  it('restores what had arrived by a time, and says when that has not', async () => {
    const restored = { region: 'tokyo', id: 'restored' };
    await expect(databases.restore(restored, { source: SEOUL, upTo: Date.now(), closed: false })).rejects.toThrow('the lab keeps no backups of seoul/orders');
    databases.keepBackups(SEOUL);
    await databases.backedUp();
    await insert(SEOUL, 'c-1');
    const upTo = Date.now();
    await until('it has arrived', () => (databases.restorableUpTo(SEOUL) ?? 0) >= upTo);
    await databases.breakRegion('seoul');
    const end = databases.restorableUpTo(SEOUL) ?? 0;
    await expect(databases.restore(restored, { source: SEOUL, upTo: end + 60_000, closed: false })).rejects.toThrow('the backups do not reach until');
    await databases.restore(restored, { source: SEOUL, upTo, closed: false });
    expect(await databases.present(restored, ['c-1'])).toEqual(new Set(['c-1']));
    await insert(restored, 'c-2');
    expect(databases.restorableUpTo(SEOUL)).toBe(end);
  });

  it('backups follow an instance to its new name', async () => {
    databases.keepBackups(SEOUL);
    await databases.backedUp();
    await databases.rename(SEOUL, OLD);
    expect(databases.restorableUpTo(SEOUL)).toBeUndefined();
    expect(databases.restorableUpTo(OLD)).toBeDefined();
  });
});
