import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemSql } from '../../src/effects/postgres.ts';
import { makeLabFolder, removeLabFolder } from '../../src/lab/folder.ts';
import { findBinaries } from '../../src/lab/postgres/binaries.ts';
import { postgresEngine } from '../../src/lab/postgres/engine.ts';
import type { LabServer } from '../../src/lab/server.ts';

const LOGIN = { user: 'shop', password: 'secret', database: 'shop' };
const folder = await makeLabFolder();
const answer = await findBinaries(folder);
const binaries = 'found' in answer ? answer.found : undefined;
afterAll(() => removeLabFolder(folder));

describe.skipIf(binaries === undefined)('one statement in PostgreSQL', () => {
  let writer: LabServer;
  const ask = (text: string, timeoutMs = 5_000) => systemSql({}).statement({ engine: 'postgres', ...writer.address(), ...LOGIN }, text, timeoutMs);
  beforeAll(async () => {
    if (binaries === undefined) return;
    ({ writer } = await postgresEngine(binaries, folder).cluster('w', [], LOGIN));
  });
  afterAll(() => writer.stop());

  it('is committed, and says what the server said', async () => {
    expect(await ask('CREATE TABLE t (a int)')).toEqual({ state: 'done', text: 'CREATE' });
    expect(await ask('INSERT INTO t VALUES (1), (2)')).toEqual({ state: 'done', text: 'INSERT 2' });
    expect(await ask('SELECT a FROM t ORDER BY a')).toEqual({ state: 'done', text: 'SELECT 2: {"a":1} {"a":2}' });
  });

  it('is one: a second one is refused, and neither happens', async () => {
    expect(await ask('INSERT INTO t VALUES (3); DROP TABLE t')).toMatchObject({ state: 'refused', error: 'cannot insert multiple commands into a prepared statement' });
    expect(await ask('SELECT count(*)::int AS n FROM t')).toEqual({ state: 'done', text: 'SELECT 1: {"n":2}' });
  });

  it('is bounded in what it gives back', async () => {
    const outcome = await ask("SELECT repeat('x', 400) AS x FROM generate_series(1, 20000)", 20_000);
    expect(outcome).toMatchObject({ state: 'done' });
    expect('text' in outcome ? outcome.text.length : 0).toBe('SELECT 20000: '.length + 1_000);
  });

  it('gives back no part of its password, where the answer is cut in the middle of it', async () => {
    const outcome = await ask("SELECT repeat('x', 990) || 'secret' AS x");
    expect('text' in outcome ? outcome.text.slice(-8) : outcome).toBe('xxxx[pas');
  });

  it('that the server refuses did not happen; one that it stops in time neither', async () => {
    expect(await ask('SELECT * FROM nobody')).toEqual({ state: 'refused', error: 'relation "nobody" does not exist' });
    expect(await ask('SELECT pg_sleep(30)', 3_000)).toEqual({ state: 'refused', error: 'canceling statement due to statement timeout' });
  });

  it('whose answer is lost may have happened', async () => {
    expect(await ask('SELECT pg_terminate_backend(pg_backend_pid())')).toMatchObject({ state: 'unknown' });
  });

  it('that was never sent did not happen', async () => {
    const nobody = { engine: 'postgres', host: '127.0.0.1', port: 1, ...LOGIN } as const;
    expect(await systemSql({}).statement(nobody, 'SELECT 1', 2_000)).toMatchObject({ state: 'refused', error: expect.stringContaining('ECONNREFUSED') as string });
    const wrong = { engine: 'postgres', ...writer.address(), ...LOGIN, password: 'wrong' } as const;
    expect(await systemSql({}).statement(wrong, 'SELECT 1', 2_000)).toEqual({ state: 'refused', error: 'password authentication failed for user "shop"' });
  });
});
