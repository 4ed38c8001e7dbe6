import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabCluster, LabReplica, LabServer } from '../../src/lab/server.ts';
import { systemSql } from '../../src/effects/postgres.ts';
import { LOGIN, postgresHere, sql, until } from './helpers.ts';

const { engine, remove } = await postgresHere();
afterAll(remove);

const CREATE = 'CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, region text NOT NULL)';
const INSERT = 'INSERT INTO orders (id, region) VALUES ($1, $2)';
const SELECT = 'SELECT id FROM orders WHERE id = ANY($1)';

describe('the PostgreSQL of the lab', () => {
  let cluster: LabCluster;
  const replica = () => {
    const first = cluster.replicas[0];
    if (first === undefined) throw new Error('no replica');
    return first;
  };

  describe('as a writer and its replica', () => {
    beforeAll(async () => {
      cluster = await engine.cluster('seoul', [{ name: 'tokyo', delayMs: 1_000 }], LOGIN);
    });
    afterAll(async () => {
      await Promise.all([cluster.writer.stop(), replica().server.stop(), replica().link.close()]);
    });

    it('refuses a wrong password', async () => {
      await expect(sql(cluster.writer, CREATE, undefined, { ...LOGIN, password: 'wrong' })).rejects.toThrow(/password authentication failed/);
    });

    it('replicates, with the delay of the link', async () => {
      await sql(cluster.writer, CREATE);
      await sql(cluster.writer, INSERT, ['a-1', 'seoul']);
      expect(await sql(cluster.writer, 'SELECT pg_is_in_recovery() AS replica')).toEqual([{ replica: false }]);
      expect(await sql(replica().server, 'SELECT pg_is_in_recovery() AS replica')).toEqual([{ replica: true }]);
      const { at } = await cluster.writer.position();
      expect((await replica().server.position()).at < at).toBe(true);
      await until('replicated', async () => (await replica().server.position()).at >= at);
      expect(await sql(replica().server, SELECT, [['a-1', 'a-2']])).toEqual([{ id: 'a-1' }]);
    });

    it('refuses to write on a replica, a key twice, and a table that is not there', async () => {
      await expect(sql(replica().server, INSERT, ['a-2', 'tokyo'])).rejects.toMatchObject({ code: '25006' });
      await expect(sql(cluster.writer, INSERT, ['a-1', 'seoul'])).rejects.toMatchObject({ code: '23505' });
      await expect(sql(cluster.writer, 'SELECT id FROM nothing WHERE id = $1', ['x'])).rejects.toMatchObject({ code: '42P01' });
    });

    it('takes the canary, also a second time', async () => {
      const target = { engine: 'postgres', ...cluster.writer.address(), ...LOGIN } as const;
      expect(await systemSql({}).canary(target, 'dr_canary', 'token-1', 5_000)).toBe('token-1');
      expect(await systemSql({}).canary(target, 'dr_canary', 'token-2', 5_000)).toBe('token-2');
      await expect(systemSql({}).canary(target, 'dr_canary', 'token-2', 5_000)).rejects.toThrow(/duplicate key/);
      const replicaTarget = { ...target, ...replica().server.address() };
      await until('canary replicated', async () => (await sql(replica().server, 'SELECT token FROM dr_canary WHERE token = $1', ['token-2']).catch(() => [])).length === 1);
      await expect(systemSql({}).canary(replicaTarget, 'dr_canary', 'token-3', 5_000)).rejects.toThrow(/read-only transaction/);
    });

    it('is made read-only with the end of every other session; the replica gets the position and the setting', async () => {
      const writer = { engine: 'postgres', ...cluster.writer.address(), ...LOGIN } as const;
      const follower = { ...writer, ...replica().server.address() };
      const { default: pg } = await import('pg');
      const other = new pg.Client({ ...writer, connectionTimeoutMillis: 2_000 });
      const ended = new Promise((resolve) => other.on('error', resolve));
      await other.connect();
      expect(await systemSql({}).position(writer, 5_000)).toMatchObject({ role: 'writer', readOnly: false, mayChange: true });
      await systemSql({}).setReadOnly(writer, true, 5_000);
      await ended;
      await expect(sql(cluster.writer, INSERT, ['r-1', 'seoul'])).rejects.toMatchObject({ code: '25006' });
      const quiet = await systemSql({}).position(writer, 5_000);
      expect(quiet).toMatchObject({ role: 'writer', readOnly: true });
      await until('replayed', async () => (await systemSql({}).position(follower, 5_000)).at >= quiet.at);
      expect(await systemSql({}).position(follower, 5_000)).toMatchObject({ role: 'replica', readOnly: true });
      await expect(systemSql({}).setReadOnly(follower, false, 5_000)).rejects.toThrow(/read-only transaction/);
      await systemSql({}).setReadOnly(writer, false, 5_000);
      await sql(cluster.writer, INSERT, ['r-2', 'seoul']);
    });

    it('tells who may write all the same: a role with a setting of its own, and sessions in other databases', async () => {
      const target = { engine: 'postgres', ...cluster.writer.address(), ...LOGIN } as const;
      const seen = () => systemSql({}).position(target, 5_000);
      for (const none of ['exempt', 'besides']) expect(await seen()).not.toHaveProperty(none);
      await sql(cluster.writer, `CREATE ROLE app LOGIN PASSWORD 'secret'; ALTER ROLE app IN DATABASE ${LOGIN.database} SET default_transaction_read_only = off; CREATE ROLE reads; ALTER ROLE reads SET default_transaction_read_only = on`);
      expect(await seen()).toMatchObject({ exempt: ['app'] });
      await sql(cluster.writer, `ALTER ROLE app IN DATABASE ${LOGIN.database} RESET default_transaction_read_only`);
      await sql(cluster.writer, 'CREATE DATABASE billing');
      const inside = { ...LOGIN, database: 'billing' };
      const { default: pg } = await import('pg');
      const other = new pg.Client({ ...target, ...inside });
      await other.connect();
      await other.query('CREATE TABLE t (x int)');
      const before = (await seen()).besides;
      expect(before?.databases).toEqual(['billing']);
      await systemSql({}).setReadOnly(target, true, 5_000);
      await other.query('INSERT INTO t VALUES (1)');
      await until('told', async () => ((await seen()).besides?.written ?? 0n) > (before?.written ?? 0n));
      await systemSql({}).setReadOnly(target, false, 5_000);
      await other.end();
      await sql(cluster.writer, 'DROP DATABASE billing');
      await sql(cluster.writer, 'DROP ROLE app; DROP ROLE reads');
    });

    it('lets nothing through a cut link, and everything through one that is open again', async () => {
      replica().link.cut();
      const before = (await replica().server.position()).at;
      await sql(cluster.writer, INSERT, ['a-9', 'seoul']);
      await new Promise((resolve) => setTimeout(resolve, 400));
      expect((await replica().server.position()).at).toBe(before);
      replica().link.open();
      await until('caught up', async () => (await sql(replica().server, SELECT, [['a-9']])).length === 1);
    });

    it('loses at a promotion what had not arrived, and nothing else', async () => {
      await sql(cluster.writer, INSERT, ['b-1', 'seoul']);
      const { at } = await cluster.writer.position();
      await until('replicated', async () => (await replica().server.position()).at >= at);
      await sql(cluster.writer, INSERT, ['b-2', 'seoul']);
      replica().link.cut();
      await cluster.writer.kill();
      await expect(cluster.writer.position()).rejects.toThrow();
      await replica().server.promote();
      await sql(replica().server, INSERT, ['b-3', 'tokyo']);
      const found = await sql(replica().server, SELECT, [['a-1', 'b-1', 'b-2', 'b-3']]);
      expect(found.map(({ id }) => id).sort()).toEqual(['a-1', 'b-1', 'b-3']);
    });

    it('has on its disk what it acknowledged before it was killed, and comes back as a writer', async () => {
      await cluster.writer.start();
      const found = await sql(cluster.writer, SELECT, [['b-1', 'b-2', 'b-3']]);
      expect(found.map(({ id }) => id).sort()).toEqual(['b-1', 'b-2']);
      expect((await cluster.writer.position()).writable).toBe(true);
      await sql(cluster.writer, INSERT, ['b-4', 'seoul']);
    });
  });

  describe('more of it while it runs', () => {
    let home: LabServer;
    let abroad: LabReplica;
    const made: { stop(): Promise<void> }[] = [];
    const ids = async (server: LabServer, of: string[]) => (await sql(server, SELECT, [of])).map(({ id }) => String(id)).sort();
    const caughtUp = (writer: LabServer, follower: LabServer) => until('replicated', async () => (await follower.position()).at >= (await writer.position()).at);
    beforeAll(async () => {
      ({ writer: home } = await engine.cluster('home', [], LOGIN));
      made.push(home);
      await sql(home, CREATE);
      await sql(home, INSERT, ['c-1', 'home']);
    });
    afterAll(async () => {
      await abroad.link.close();
      await Promise.all(made.map((server) => server.stop()));
    });

    it('makes a replica of a writer in use, with what it held and what comes', async () => {
      const writing = new AbortController();
      const busy = (async () => {
        for (let n = 1; !writing.signal.aborted; n++) await sql(home, INSERT, [`busy-${n}`, 'home']);
      })();
      abroad = await engine.replicate(home, { name: 'abroad', delayMs: 50 }, LOGIN);
      made.push(abroad.server);
      writing.abort();
      await busy;
      await sql(home, INSERT, ['c-2', 'home']);
      await caughtUp(home, abroad.server);
      expect(await ids(abroad.server, ['busy-1', 'c-1', 'c-2'])).toEqual(['busy-1', 'c-1', 'c-2']);
      expect((await abroad.server.position()).writable).toBe(false);
    });

    it('goes out and home again: a promoted replica gets a replica of its own', async () => {
      abroad.link.cut();
      await home.kill();
      await abroad.server.promote();
      await sql(abroad.server, INSERT, ['c-3', 'abroad']);
      const back = await engine.replicate(abroad.server, { name: 'back', delayMs: 20 }, LOGIN);
      made.push(back.server, { stop: () => back.link.close() });
      await sql(abroad.server, INSERT, ['c-4', 'abroad']);
      await caughtUp(abroad.server, back.server);
      back.link.cut();
      await abroad.server.kill();
      await back.server.promote();
      await sql(back.server, INSERT, ['c-5', 'home']);
      expect(await ids(back.server, ['c-1', 'c-2', 'c-3', 'c-4', 'c-5'])).toEqual(['c-1', 'c-2', 'c-3', 'c-4', 'c-5']);
      await home.start();
      expect(await ids(home, ['c-2', 'c-3', 'c-5'])).toEqual(['c-2']);
    });

    it('restores a backup to a position, after its source is gone', async () => {
      const backup = await engine.backup(home, LOGIN);
      await sql(home, INSERT, ['d-1', 'home']);
      const first = await backup.ship();
      for (let n = 0; n < 3; n++) await sql(home, INSERT, [`${'x'.repeat(n)}-d-2`, 'home']);
      const second = await backup.ship();
      await sql(home, INSERT, ['d-3', 'home']);
      await home.kill();
      await expect(backup.ship()).rejects.toThrow();
      const earlier = await backup.restore('earlier', first);
      made.push(earlier);
      const later = await backup.restore('later', second);
      made.push(later);
      expect(await ids(earlier, ['c-1', 'd-1', '-d-2', 'd-3'])).toEqual(['c-1', 'd-1']);
      expect(await ids(later, ['c-1', 'd-1', '-d-2', 'd-3'])).toEqual(['-d-2', 'c-1', 'd-1']);
      for (const server of [earlier, later]) await sql(server, INSERT, ['d-4', 'restored']);
    });

    it('restores a log of several segments', async () => {
      const source = await engine.replicate(made.at(-1) as LabServer, { name: 'large', delayMs: 0 }, LOGIN);
      made.push(source.server, { stop: () => source.link.close() });
      await source.server.promote();
      const backup = await engine.backup(source.server, LOGIN);
      for (let n = 0; n < 30; n++) await sql(source.server, INSERT, [`e-${n}`, randomBytes(80_000).toString('hex')]);
      const restored = await backup.restore('all of it', await backup.ship());
      made.push(restored);
      expect(await ids(restored, ['e-0', 'e-29', 'd-4'])).toEqual(['d-4', 'e-0', 'e-29']);
    });
  });
});
