import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import type { SqlPosition, SqlTarget } from '../../../src/effects/effects.ts';
import { lintSqlEngine, loginOf, needLogin } from '../../../src/kinds/databases/login.ts';
import { quiescedAt } from '../../../src/kinds/databases/quiesce.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';

/* What a run does inside a database: how writes are stopped, let in again, and seen. */

const NOW = Date.parse('2026-11-20T10:00:00Z');
const WRITER: SqlPosition = { role: 'writer', at: 900n, readOnly: false, mayChange: true };
const LOGIN = { database: 'shop', userEnv: 'DB_USER', passwordEnv: 'DB_PASSWORD' };
const ENV: Record<string, string> = { DB_USER: 'owner', DB_PASSWORD: 'secret' };
const TARGET = { engine: 'postgres', host: 'db.example.com', port: 5432, database: 'shop', user: 'owner', password: 'secret' };

interface Inside {
  /** What the database says of itself, look by look; the last one again and again. */
  positions?: readonly (SqlPosition | Error)[];
  /** How each ALTER DATABASE ends. */
  setting?: readonly (Error | undefined)[];
  canary?: (token: string) => string | Error;
  env?: Record<string, string>;
  instance?: object | null;
  backups?: object[];
}

const refusedByServer = Object.assign(new Error('password authentication failed'), { code: '28P01' });
const noAnswer = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

async function sqlStep(kind: string, { positions = [WRITER], setting = [], canary = (token) => token, env = ENV, instance = { DBInstanceIdentifier: 'db', DBInstanceStatus: 'available', Engine: 'postgres', Endpoint: { Address: 'db.example.com', Port: 5432 } }, backups = [], ...at }: Inside & AtHand = {}, params: Json = {}) {
  const clock = new VirtualClock(NOW);
  const asked: unknown[][] = [];
  const [looks, settings] = [[...positions], [...setting]];
  const end = <T>(value: T | Error): Promise<T> => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value));
  const sql = {
    position: (target: SqlTarget, ms: number, signal: AbortSignal) => (asked.push(['position', target, ms, signal instanceof AbortSignal]), end((looks.length > 1 ? looks.shift() : looks[0]) ?? WRITER)),
    setReadOnly: (target: SqlTarget, on: boolean, ms: number, signal: AbortSignal) => (asked.push(['setReadOnly', target, on, ms, signal instanceof AbortSignal]), end(settings.shift())),
    canary: (target: SqlTarget, table: string, token: string, ms: number, signal: AbortSignal) => (asked.push(['canary', target, table, token, ms, signal instanceof AbortSignal]), end(canary(token))),
  };
  const aws = {
    call: ({ operation, signal }: { operation: string; signal?: unknown }) => {
      asked.push([operation, signal instanceof AbortSignal]);
      if (operation === 'DescribeDBInstances') return instance === null ? Promise.reject(noInstance(TOKYO)) : Promise.resolve({ output: { DBInstances: [instance] }, requestId: 'r' });
      return Promise.resolve({ output: operation === 'DescribeDBSnapshots' ? { DBSnapshots: [] } : { DBInstanceAutomatedBackups: backups }, requestId: 'r' });
    },
  };
  const step = await stepOf(`rds-read-replica.${kind}`, { name: 'orders', region: TOKYO, id: 'db', ...LOGIN, ...(params as object) }, { clock, ...at, effects: { sql: sql as never, aws: aws as never, env: (name: string) => env[name] } });
  return { step, asked, clock };
}

const read = (readOnly: boolean, more: Partial<SqlPosition> = {}): SqlPosition => ({ ...WRITER, readOnly, ...more });
const STOPPED = { 'quiesce.orders': { at: '900', since: NOW } };

describe('writes are stopped', () => {
  it('by an owner, of a writer: anything else is refused before anything is done', async () => {
    const of = async (inside: Inside) => (await (await sqlStep('quiesce', inside)).step.check()) as { state: string; refusal?: Record<string, string> };
    expect(await of({})).toEqual({ state: 'ok', because: 'db is a writer, and the login owns shop' });
    expect((await of({ positions: [{ ...WRITER, role: 'replica' }] })).refusal).toEqual({
      rule: 'quiesce',
      observed: 'db is in recovery, and no writer',
      threshold: 'a PostgreSQL login (DB_USER, DB_PASSWORD) with the rights of the owner of database shop, reachable from here',
      consequence: 'writes to db could not be stopped, and some would be lost',
      override: `export DB_USER=… DB_PASSWORD=… of the owner, or, when the loss is acceptable: dr failover --region ${TOKYO}`,
    });
    expect((await of({ positions: [{ ...WRITER, mayChange: false }] })).refusal?.observed).toBe('the login of DB_USER has not the rights of the owner of database shop');
    expect((await of({ positions: [noAnswer] })).refusal?.observed).toBe('db: connect ECONNREFUSED');
    expect((await of({ env: {} })).refusal?.observed).toBe('DB_USER and DB_PASSWORD not set');
    expect((await of({ env: { DB_USER: 'owner', DB_PASSWORD: '' } })).refusal?.observed).toBe('DB_PASSWORD not set');
    expect((await of({ instance: null })).refusal?.observed).toBe('db shows no endpoint');
    expect((await of({ instance: { DBInstanceIdentifier: 'db', DBInstanceStatus: 'available', Engine: 'mysql', Endpoint: { Address: 'x', Port: 3306 } } })).refusal?.observed).toBe('SQL is sent to PostgreSQL only, and db is mysql');
    expect(await of({ instance: { DBInstanceIdentifier: 'db', DBInstanceStatus: 'available', Engine: '', Endpoint: { Address: 'x', Port: 5432 } } })).toMatchObject({ state: 'ok' });
    for (const Endpoint of [{ Address: 'x' }, { Port: 5432 }]) expect((await of({ instance: { DBInstanceIdentifier: 'db', DBInstanceStatus: 'available', Endpoint } })).refusal?.observed).toBe('db shows no endpoint');
  });

  it('not where a role may write also in a database that is read-only', async () => {
    const seen = (await (await sqlStep('quiesce', { positions: [{ ...WRITER, exempt: ['app', 'jobs'] }] })).step.check()) as { refusal?: object };
    expect(seen.refusal).toEqual({
      rule: 'quiesce',
      observed: 'in shop of db app, jobs may write also where the database is read-only: default_transaction_read_only is off for these roles',
      threshold: 'no role that has a default_transaction_read_only of its own',
      consequence: 'writes to db could not be stopped, and some would be lost',
      override: `none: ALTER ROLE "app" RESET default_transaction_read_only; ALTER ROLE "jobs" RESET default_transaction_read_only (with IN DATABASE "shop" where it was set for that), or, when the loss is acceptable: dr failover --region ${TOKYO}`,
    });
  });

  it('in one database only: who uses another one is named', async () => {
    const seen = await (await sqlStep('quiesce', { positions: [{ ...WRITER, besides: { databases: ['billing'], written: 7n } }] })).step.check();
    expect(seen).toMatchObject({ state: 'ok', warnings: [{ rule: 'other-databases', observed: 'others use billing of db now, and writes are stopped in shop only; while anything is written there, nothing is promoted' }] });
  });

  it('and the position of the log is kept, with the word that it was this run', async () => {
    const { step, asked } = await sqlStep('quiesce', { positions: [read(true)] });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'db takes writes' });
    // With the intent: a run that dies on the way knows why users are down.
    expect(step.recorded).toEqual({ 'writes.stopped': true });
    await step.act();
    expect(asked).toEqual([['DescribeDBInstances', true], ['setReadOnly', TARGET, true, LIMITS.quiesceMs, true], ['DescribeDBInstances', true], ['position', TARGET, LIMITS.sqlMs, true]]);
    expect(step.recorded['quiesce.orders']).toEqual({ at: '900', since: NOW });
    expect(quiescedAt({ fact: (name) => step.recorded[name] }, 'orders')).toEqual({ at: 900n, since: NOW });
    expect(step.recorded['fence.orders']).toMatchObject({ verdict: 'read-only', because: 'db was made read-only and its sessions were ended' });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'db takes no more writes; its log stands at 900' });
  });

  it('count as stopped only while the database itself is read-only', async () => {
    const of = async (inside: Inside) => (await sqlStep('quiesce', { ...inside, facts: STOPPED })).step.observe();
    expect(await of({ positions: [read(false)] })).toEqual({ state: 'absent', because: 'db takes writes again' });
    expect(await of({ positions: [noAnswer] })).toEqual({ state: 'pending', because: 'db: connect ECONNREFUSED', waitingFor: 'database' });
  });

  it('are not stopped where that could not be seen: the act has failed', async () => {
    await expect((await sqlStep('quiesce', { positions: [noAnswer] })).step.act()).rejects.toThrow('db: connect ECONNREFUSED');
    const without = await sqlStep('quiesce', { env: {} });
    await expect(without.step.act()).rejects.toThrow('DB_USER and DB_PASSWORD not set');
    expect(without.asked).toEqual([]);
  });

  it('are asked to stop three times, half a second apart', async () => {
    const { step, asked, clock } = await sqlStep('quiesce', { setting: [noAnswer, noAnswer, undefined], positions: [read(true)] });
    await step.act();
    expect([asked.filter(([what]) => what === 'setReadOnly').length, clock.now() - NOW]).toEqual([3, 1_000]);
    expect(step.waits()).toMatchObject([{ cause: 'database' }]);
    const never = await sqlStep('quiesce', { setting: [noAnswer, noAnswer, noAnswer, undefined] });
    await expect(never.step.act()).rejects.toBe(noAnswer);
  });

  it('are let in again by the undo, which is seen', async () => {
    const { step, asked } = await sqlStep('quiesce', { positions: [read(false)], facts: STOPPED });
    await step.undo();
    expect(asked[1]).toEqual(['setReadOnly', TARGET, false, LIMITS.quiesceMs, true]);
    expect(step.recorded).toMatchObject({ 'writes.stopped': false, 'fence.orders': { verdict: 'undone', because: 'db takes writes again' } });
    const facts: Record<string, Json> = { ...STOPPED, ...step.recorded };
    expect([quiescedAt({ fact: (name) => STOPPED[name as keyof typeof STOPPED] }, 'orders'), quiescedAt({ fact: (name) => facts[name] }, 'orders')]).toEqual([{ at: 900n, since: NOW }, undefined]);
    await expect((await sqlStep('quiesce', { positions: [read(true)] })).step.undo()).rejects.toThrow('db is still read-only');
    await expect((await sqlStep('quiesce', { positions: [noAnswer] })).step.undo()).rejects.toThrow('db: connect ECONNREFUSED');
  });

  it('are not judged by a look that was ended', async () => {
    const signal = AbortSignal.abort(new Error('the run ends'));
    for (const what of ['check', 'observe', 'act'] as const) await expect((await sqlStep('quiesce', { positions: [noAnswer], setting: [noAnswer], facts: STOPPED, signal })).step[what]()).rejects.toThrow('the run ends');
    const row = await sqlStep('canary', { canary: () => noAnswer, positions: [noAnswer], signal }, { table: 'dr_canary' });
    await expect(row.step.observe()).rejects.toThrow('the run ends');
    await expect(row.step.check()).rejects.toThrow('the run ends');
  });

  it('are stopped by somebody where the database is read-only', async () => {
    const made = async (inside: Inside) => (await sqlStep('quiesce', inside)).step.made();
    expect([await made({ positions: [read(true)] }), await made({ positions: [read(false)] }), await made({ positions: [noAnswer] })]).toEqual([true, false, false]);
  });
});

describe('a new writer lets writes in', () => {
  const of = async (inside: Inside & AtHand) => (await sqlStep('openWrites', inside)).step.observe();

  it('is waited for while it is in recovery or does not answer', async () => {
    expect(await of({ positions: [{ ...WRITER, role: 'replica' }] })).toEqual({ state: 'pending', because: 'db is still in recovery', waitingFor: 'database' });
    expect(await of({ positions: [noAnswer] })).toEqual({ state: 'pending', because: 'db: connect ECONNREFUSED', waitingFor: 'database' });
  });

  it('is opened where it is read-only, and after a stop of writes also where it is not: sessions may still be', async () => {
    expect(await of({ positions: [read(true)] })).toEqual({ state: 'absent', because: 'db is read-only' });
    expect(await of({ facts: STOPPED })).toEqual({ state: 'absent', because: 'sessions of db may still be read-only' });
    expect(await of({ facts: { ...STOPPED, 'opened.orders': true } })).toEqual({ state: 'reached', because: 'db takes writes' });
    expect(await of({})).toEqual({ state: 'reached', because: 'db takes writes; it was not read-only, so nothing was changed' });
    const { step, asked } = await sqlStep('openWrites');
    await step.act();
    expect([asked[1], step.recorded]).toEqual([['setReadOnly', TARGET, false, LIMITS.quiesceMs, true], { 'opened.orders': true }]);
  });

  it('needs its login before anything begins', async () => {
    expect(await (await sqlStep('openWrites')).step.check()).toEqual({ state: 'ok', because: 'login for db is there' });
    expect(await (await sqlStep('openWrites', { env: { DB_USER: 'x' } })).step.check()).toEqual({
      state: 'refused',
      refusal: { rule: 'open-writes', observed: 'DB_PASSWORD not set', threshold: 'the environment variables DB_USER and DB_PASSWORD', consequence: 'db may stay read-only after its promotion', override: 'export DB_USER=… DB_PASSWORD=…' },
    });
  });
});

describe('a row that is written and read back', () => {
  const PARAMS = { table: 'dr_canary' };
  const canary = (inside: Inside = {}, params: object = {}) => sqlStep('canary', inside, { ...PARAMS, ...params });

  it('proves a writer, by its own token', async () => {
    const { step, asked } = await canary();
    const seen = await step.observe();
    const [, , , token] = asked[1] as [string, object, string, string];
    expect(token).toMatch(/^shop-[0-9a-f]{16}$/);
    expect(asked).toEqual([['DescribeDBInstances', true], ['canary', TARGET, 'dr_canary', token, LIMITS.sqlMs, true]]);
    expect(seen).toEqual({ state: 'reached', because: `row ${token} was written, committed and read back` });
    expect(step.recorded).toEqual({ 'canary.orders': { token, at: NOW, table: 'dr_canary' } });
  });

  it('is tried again where another one was read, or none', async () => {
    const other = await canary({ canary: () => 'other' });
    expect(await other.step.observe()).toMatchObject({ state: 'pending', because: expect.stringMatching(/^wrote shop-[0-9a-f]{16}, read other$/) as string, waitingFor: 'database' });
    expect(other.step.recorded).toEqual({});
    expect(await (await canary({ canary: () => noAnswer })).step.observe()).toEqual({ state: 'pending', because: 'connect ECONNREFUSED', waitingFor: 'database' });
    expect(await (await canary({ instance: null })).step.observe()).toEqual({ state: 'pending', because: 'db shows no endpoint', waitingFor: 'aws' });
  });

  it('needs a login that the server lets in, as far as it answers, and PostgreSQL', async () => {
    const check = async (inside: Inside = {}, params: object = {}) => (await canary(inside, params)).step.check() as Promise<{ state: string; refusal?: Record<string, string> }>;
    expect(await check()).toEqual({ state: 'ok', because: 'login for db is there' });
    expect(await check({ positions: [noAnswer] })).toMatchObject({ state: 'ok', warnings: [{ rule: 'login', observed: 'db is not reached from here by SQL: connect ECONNREFUSED. If that stays so, the run fails after the promotion, before users are moved' }] });
    expect((await check({ positions: [refusedByServer] })).refusal).toEqual({
      rule: 'canary',
      observed: 'db refuses the login of DB_USER: password authentication failed',
      threshold: 'the environment variables DB_USER and DB_PASSWORD, and a PostgreSQL endpoint',
      consequence: 'the new writer of orders could not be proven to take writes before users are sent to it',
      override: 'export DB_USER=… DB_PASSWORD=…, or take `canary` out of the runbook',
    });
    expect((await check({ env: {} })).refusal?.observed).toBe('DB_USER and DB_PASSWORD not set');
    expect((await check({ instance: null })).refusal?.observed).toBe('db shows no endpoint');
  });

  it('in an instance that this run makes: the engine is that of the backups', async () => {
    const backup = (Engine: string) => ({ DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:old`, DBInstanceAutomatedBackupsArn: 'arn:b', Status: 'replicating', RestoreWindow: { LatestTime: new Date(NOW) }, Engine });
    const check = async (inside: Inside, source?: object) => (await canary({ instance: null, ...inside }, { made: true, ...(source === undefined ? {} : { source }) })).step.check() as Promise<{ state: string; refusal?: Record<string, string> }>;
    const source = { region: SEOUL, id: 'old' };
    expect(await check({})).toMatchObject({ state: 'ok' });
    expect(await check({ backups: [backup('postgres')] }, source)).toMatchObject({ state: 'ok' });
    expect((await check({ backups: [backup('mysql')] }, source)).refusal?.observed).toBe('SQL is sent to PostgreSQL only, and db is mysql');
    expect(await check({}, source)).toMatchObject({ state: 'ok' });
  });
});

describe('the login of a runbook', () => {
  it('is needed by a planned move, which stops writes by it', () => {
    const db = { instances: { [TOKYO]: 'copy' } };
    const at = (verb: string) => ({ verb, target: TOKYO }) as never;
    expect(() => needLogin(at('failover'), db)).not.toThrow();
    expect(() => needLogin(at('switchover'), { ...db, canary: {} })).not.toThrow();
    let thrown: unknown;
    try {
      needLogin(at('switchover'), db);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'LOGIN_NEEDED', exit: 'refused', message: 'A switchover to copy needs an SQL login, by which dr stops writes.', detail: 'The runbook names none for this database.',
      next: ['add to the database: canary: { database: NAME, table: dr_canary, userEnv: DB_USER, passwordEnv: DB_PASSWORD }', 'the user must have the rights of the owner of that database'],
    });
    expect(() => loginOf({})).toThrow('a switchover needs a login');
    expect(loginOf({ canary: LOGIN })).toBe(LOGIN);
  });

  it('would not work where names tell of another engine', () => {
    expect(lintSqlEngine({ instances: { [TOKYO]: 'shop-mysql-1' }, canary: {} })).toEqual([{ path: ['canary'], severity: 'warning', message: 'SQL is sent to PostgreSQL only, and shop-mysql-1 sounds like another engine: a run would be refused' }]);
    expect(lintSqlEngine({ instances: { [TOKYO]: 'shop-mysql-1' } })).toEqual([]);
    expect(lintSqlEngine({ instances: { [TOKYO]: 'shop' }, canary: {} })).toEqual([]);
  });
});
