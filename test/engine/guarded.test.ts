import { describe, expect, it } from 'vitest';
import type { HttpSample, SqlPort, SqlTarget } from '../../src/effects/effects.ts';
import { guardedHttp, guardedSql } from '../../src/engine/guarded.ts';

/* What a driver or a server repeats of what it was given in confidence never reaches the journal. */

const TARGET: SqlTarget = { engine: 'postgres', host: 'db', port: 5432, database: 'shop', user: 'shop', password: 'hunter2-secret' };

/** A port each part of which ends as given, and what it was asked. */
function sqlWith(end: () => Promise<never>) {
  const asked: unknown[][] = [];
  const part = (name: string) => (...args: unknown[]) => (asked.push([name, ...args]), end());
  const port = { canary: part('canary'), setReadOnly: part('setReadOnly'), position: part('position'), statement: part('statement') } as unknown as SqlPort;
  return { asked, sql: guardedSql(port) };
}

const calls = (sql: SqlPort): [string, () => Promise<unknown>][] => [
  ['canary', () => sql.canary(TARGET, 'dr_canary', 'token', 5)],
  ['setReadOnly', () => sql.setReadOnly(TARGET, true, 5)],
  ['position', () => sql.position(TARGET, 5)],
  ['statement', () => sql.statement(TARGET, 'select 1', 5)],
];

describe('SQL', () => {
  it('gets all that it is asked, and its answers pass as they are', async () => {
    const { sql, asked } = sqlWith(() => Promise.resolve({ state: 'done', text: 'one row' } as never));
    for (const [, call] of calls(sql)) expect(await call()).toEqual({ state: 'done', text: 'one row' });
    expect(asked).toEqual([['canary', TARGET, 'dr_canary', 'token', 5], ['setReadOnly', TARGET, true, 5], ['position', TARGET, 5], ['statement', TARGET, 'select 1', 5]]);
  });

  it('loses the password out of what it throws, and out of what caused that', async () => {
    const thrown = new Error('login of shop with hunter2-secret failed', { cause: new Error('hunter2-secret') });
    for (const [, call] of calls(sqlWith(() => Promise.reject(thrown)).sql)) {
      const error = (await call().catch((e: unknown) => e)) as Error;
      expect([error.message, error.cause]).toEqual(['login of shop with [password] failed', undefined]);
    }
    // A driver may throw anything.
    const words = 'no hunter2-secret' as unknown as Error;
    for (const [, call] of calls(sqlWith(() => Promise.reject(words)).sql)) await expect(call()).rejects.toThrow('no [password]');
  });

  it('keeps an error that holds nothing of it, as it is', async () => {
    const thrown = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    for (const [, call] of calls(sqlWith(() => Promise.reject(thrown)).sql)) expect(await call().catch((e: unknown) => e)).toBe(thrown);
  });

  it('loses it out of what a statement says, however it ended', async () => {
    const of = (outcome: object) => sqlWith(() => Promise.resolve(outcome as never)).sql.statement(TARGET, 'select', 5);
    expect(await of({ state: 'done', text: 'row: hunter2-secret' })).toEqual({ state: 'done', text: 'row: [password]' });
    for (const state of ['refused', 'unknown']) expect(await of({ state, error: 'near hunter2-secret' })).toEqual({ state, error: 'near [password]' });
  });
});

describe('HTTP', () => {
  const asked = async (error: string | undefined, request: { url: string; method?: string; headers?: Record<string, string> }) => {
    const sample: HttpSample = { status: 0, body: 'body', address: '127.0.0.2', ms: 1, ...(error === undefined ? {} : { error }) };
    const seen = await guardedHttp({ request: () => Promise.resolve(sample) }).request(request as never);
    expect(seen).toMatchObject({ status: 0, body: 'body', address: '127.0.0.2', ms: 1 });
    return seen.error;
  };
  const HOOK = 'https://hooks.example.com/services/T000/B000?token=abcdef';

  it('loses the values of headers out of its error', async () => {
    expect(await asked('bad header Bearer-12345 of home', { url: 'https://home/', headers: { authorization: 'Bearer-12345' } })).toBe('bad header [header] of home');
    expect(await asked(undefined, { url: 'https://home/', headers: { authorization: 'Bearer-12345' } })).toBeUndefined();
  });

  it('loses what stands behind the host of a webhook, with and without its query', async () => {
    expect(await asked('POST https://hooks.example.com/services/T000/B000?token=abcdef failed', { url: HOOK, method: 'POST' })).toBe('POST https://hooks.example.com[address] failed');
    expect(await asked('no /services/T000/B000 here', { url: HOOK, method: 'POST' })).toBe('no [address] here');
    // A lone slash would take every word apart.
    expect(await asked('a/b failed', { url: 'https://hooks.example.com/', method: 'POST' })).toBe('a/b failed');
    expect(await asked('POST / failed', { url: 'https://hooks.example.com/', method: 'POST' })).toBe('POST / failed');
    expect(await asked('no /services/T000 here', { url: 'nonsense', method: 'POST' })).toBe('no /services/T000 here');
  });

  it('keeps the address of a page that is only read', async () => {
    for (const method of [{}, { method: 'GET' }]) expect(await asked('GET /services/T000/B000 failed', { url: HOOK, ...method })).toBe('GET /services/T000/B000 failed');
  });
});
