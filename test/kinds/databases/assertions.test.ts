import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { SqlOutcome } from '../../../src/effects/effects.ts';
import { assertionSteps, databaseDrill, isAskable, valueNow } from '../../../src/kinds/databases/assertions.ts';
import type { DrillContext } from '../../../src/model/kind.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf, TOKYO } from '../context.ts';
import { portOf } from '../port.ts';

/* What a drill asks of its data, and when an answer counts as one. */

const LOGIN = { database: 'shop', userEnv: 'DB_USER', passwordEnv: 'DB_PASSWORD' };
const PARAMS = { region: TOKYO, id: 'orders-tokyo', ...LOGIN, name: 'orders', sql: 'select count(*) from orders' };
const ENDPOINT = { DBInstanceIdentifier: 'orders-tokyo', Engine: 'postgres', Endpoint: { Address: 'db', Port: 5432 } };
const done = (text: string): SqlOutcome => ({ state: 'done', text });
const gives = (value: string) => done(`SELECT 1: ${JSON.stringify({ value })}`);

async function assertion(bound: Record<string, Json>, said: SqlOutcome = gives('3'), { instance = ENDPOINT, sql = PARAMS.sql }: { instance?: object; sql?: string } = {}) {
  const asked: unknown[][] = [];
  const statement = (...args: unknown[]) => (asked.push(args), Promise.resolve(said));
  const port = portOf({ DescribeDBInstances: { DBInstances: [instance] } });
  const step = await stepOf('rds-read-replica.assertion', { ...PARAMS, sql, ...bound }, { effects: { aws: port.aws, sql: { statement } as never, env: () => 'x' } });
  return { ...step, ...port, statements: asked };
}

describe('an assertion', () => {
  it('is one query that gives one text', async () => {
    const step = await assertion({ atLeast: 3 });
    expect([await step.check(), await step.observe()]).toEqual([{ state: 'ok', because: '' }, { state: 'reached', because: 'orders holds: 3' }]);
    expect(step.statements).toEqual([[expect.objectContaining({ host: 'db', port: 5432, database: 'shop' }), "SELECT coalesce((select count(*) from orders)::text, '') AS value", expect.any(Number), expect.any(AbortSignal)]]);
    expect(step.isStoppable()).toBe(true);
    const young = await assertion({ youngerThan: 60_000 }, gives('30'));
    expect(await young.observe()).toEqual({ state: 'reached', because: 'orders holds: 30 s old' });
    expect(young.statements[0]?.[1]).toBe("SELECT coalesce(extract(epoch from now() - (select count(*) from orders)::timestamptz)::text, '') AS value");
  });

  it.each<[Record<string, Json>, string, string]>([
    [{ equals: 'open' }, 'open', ''],
    [{ equals: 'open' }, 'closed', 'is closed, not open'],
    [{ equals: 'open' }, '', 'is nothing, not open'],
    [{ equals: 3 }, '3', ''],
    [{ equals: 3 }, '4', 'is 4, not 3'],
    [{ equals: true }, 'true', ''],
    [{ equals: false }, 'true', 'is true, not false'],
    [{ equals: '12:30:00' }, '12:30:00', ''],
    [{ atLeast: 3 }, '2.9', 'is 2.9, less than 3'],
    [{ atLeast: 0 }, '-1', 'is -1, less than 0'],
    [{ atLeast: 0 }, '', 'is nothing: no number that could be compared'],
    [{ atLeast: 0 }, ' ', 'is nothing: no number that could be compared'],
    [{ atLeast: 0 }, 'many', 'is many: no number that could be compared'],
    [{ youngerThan: 60_000 }, '60', ''],
    [{ youngerThan: 60_000 }, '61', 'is 1m 1s old, more than 1m'],
    [{ youngerThan: 60_000 }, '', 'is nothing: no number that could be compared'],
  ])('%o: of %s', async (bound, value, wrong) => {
    const seen = await (await assertion(bound, gives(value))).observe();
    if (wrong === '') expect(seen.state).toBe('reached');
    else expect(seen).toEqual({ state: 'impossible', because: `the assertion orders does not hold: it ${wrong}` });
  });

  it('waits for a database that shows no endpoint, or does not answer', async () => {
    expect(await (await assertion({ atLeast: 3 }, gives('3'), { instance: { ...ENDPOINT, Endpoint: undefined } })).observe()).toEqual({ state: 'pending', because: 'orders-tokyo shows no endpoint', waitingFor: 'aws' });
    expect(await (await assertion({ atLeast: 3 }, { state: 'unknown', error: 'no answer' })).observe()).toEqual({ state: 'pending', because: 'no answer', waitingFor: 'database' });
  });

  it.each<[string, SqlOutcome, string]>([
    ['the database refuses it', { state: 'refused', error: 'relation "orders" does not exist' }, 'relation "orders" does not exist'],
    ['it gives no row', done('SELECT 0'), 'it gives no value that can be read'],
    ['its value is longer than what is shown of it', done('SELECT 1: {"value":"aaaa'), 'it gives no value that can be read'],
    ['its value is no text', done('SELECT 1: {"value":3}'), 'it gives no value that can be read'],
  ])('that cannot be asked is refused: %s', async (_why, said, observed) => {
    expect(await (await assertion({ atLeast: 3 }, said)).observe()).toEqual({
      state: 'refused',
      refusal: { rule: 'drill-assertion', observed: `orders cannot be asked of orders-tokyo: ${observed}`, threshold: 'a query that gives one value', consequence: 'nothing is known of what the data would be after a failover', override: 'none: correct the assertion orders in the runbook; the same query must work by hand' },
    });
  });

  it.each(['status: open', 'two\nlines', '10:20:30.5', '{"a": "b"}', 'say "hi"', ' '])('compares the whole value: %j', async (value) => {
    expect(await (await assertion({ equals: value }, gives(value))).observe()).toEqual({ state: 'reached', because: `orders holds: ${value}` });
    expect(await (await assertion({ equals: 'status' }, gives(value))).observe()).toMatchObject({ state: 'impossible' });
  });
});

describe('a value of production', () => {
  async function now(...answers: SqlOutcome[]) {
    const clock = new VirtualClock();
    let asked = 0;
    const waits: unknown[] = [];
    const statement = () => Promise.resolve(answers[asked++] ?? answers.at(-1));
    const effects = { clock, aws: portOf({ DescribeDBInstances: { DBInstances: [ENDPOINT] } }).aws, sql: { statement }, env: () => 'x' };
    const ctx = { effects, signal: new AbortController().signal, wait: (cause: string, ms: number) => (waits.push(cause), clock.sleep(ms)) } as unknown as StepContext;
    const value = await clock.run(() => valueNow(ctx, PARAMS).catch((error: unknown) => error));
    return { value, asked, waits };
  }
  const silent = { state: 'unknown', error: 'no answer' } as SqlOutcome;

  it('is asked for again while the database does not answer, four times in all', async () => {
    expect(await now(gives('3'))).toEqual({ value: '3', asked: 1, waits: [] });
    expect(await now(silent, silent, gives('3'))).toEqual({ value: '3', asked: 3, waits: ['database', 'database'] });
    expect(await now(silent)).toEqual({ value: null, asked: 4, waits: ['database', 'database', 'database'] });
    expect((await now(gives(''))).value).toBe('');
  });

  it('that cannot be asked for is an error', async () => {
    expect((await now({ state: 'refused', error: 'no such table' })).value).toEqual(new Error('the assertion orders cannot be asked of orders-tokyo: no such table'));
  });
});

describe('the runbook', () => {
  const valid = (one: object) => databaseDrill.safeParse({ assertions: [{ name: 'orders', sql: 'select 1', ...one }] });
  const message = (one: object) => valid(one).error?.issues.map((issue) => issue.message).join('; ');

  it('names one bound for each assertion, and a query that only reads', () => {
    for (const one of [{ equals: 'x' }, { equals: 0 }, { equals: false }, { atLeast: 0 }, { unchanged: true }, { youngerThan: '1s' }, { youngerThan: '366d' }, { equals: 1, sql: ' WITH a AS (SELECT 1) SELECT * FROM a' }, { equals: 1, sql: `select ${'1'.repeat(1_993)}` }]) expect([one, valid(one).success]).toEqual([one, true]);
    expect(message({})).toBe('expected one of `equals`, `atLeast`, `youngerThan` and `unchanged`');
    expect(message({ equals: 1, atLeast: 1 })).toBe('expected one of `equals`, `atLeast`, `youngerThan` and `unchanged`');
    expect(message({ equals: 1, sql: 'delete from orders' })).toBe('expected one SELECT that gives one value, without a semicolon');
    expect(message({ equals: 1, sql: 'select 1; select 2' })).toBe('expected one SELECT that gives one value, without a semicolon');
    for (const sql of ['selected', 'insert into a select 1', `select ${'1'.repeat(1_994)}`, '']) expect([sql, valid({ equals: 1, sql }).success]).toEqual([sql, false]);
    expect(message({ equals: 1, name: 'Orders' })).toBe('expected a short name of lowercase letters, digits and hyphens');
    for (const name of ['1a', 'a b', '-a', `a${'b'.repeat(41)}`]) expect([name, valid({ equals: 1, name }).success]).toEqual([name, false]);
    expect(message({ youngerThan: '367d' })).toBe('expected a duration from 1s to 366d');
    expect(message({ youngerThan: '999ms' })).toBe('expected a duration from 1s to 366d');
    expect(message({ unchanged: false })).toBe('expected true');
    expect([databaseDrill.safeParse({ assertions: [] }).success, databaseDrill.safeParse({ assertions: Array.from({ length: 21 }, () => ({ name: 'a', sql: 'select 1', equals: 1 })) }).success]).toEqual([false, false]);
  });

  it('needs the login of a canary for them', () => {
    expect([isAskable({}), isAskable({ drill: {} }), isAskable({ drill: {}, canary: {} }), isAskable({ canary: {} })]).toEqual([true, false, true, true]);
  });
});

describe('the steps', () => {
  const ctx = { account: '111122223333', drill: { mark: '1', startedAt: 0 } } as unknown as DrillContext;
  const twin = { name: 'orders', region: TOKYO, id: 'dr-drill-1-orders' };
  const drill = { assertions: [{ name: 'open', sql: 'select 1', equals: 1 }, { name: 'same', sql: 'select 2', unchanged: true as const }] };

  it('are one for each that the twin is asked, after its row', () => {
    expect(assertionSteps(ctx, twin, { drill, canary: LOGIN })).toEqual([{
      step: 'assertion',
      label: 'assert-open',
      phase: 'verify',
      after: ['canary'],
      reversibility: 'reversible',
      controlPlanes: [],
      changes: [],
      title: 'open: is the data of orders what it must be?',
      env: ['DB_USER', 'DB_PASSWORD'],
      params: { region: TOKYO, id: 'dr-drill-1-orders', ...LOGIN, name: 'open', sql: 'select 1', equals: 1 },
      permissions: [{ actions: ['rds:DescribeDBInstances'], resources: [`arn:aws:rds:${TOKYO}:111122223333:db:dr-drill-*`] }],
      estimate: { p50: 1, p95: 3, basis: 'one query' },
      limitMs: 120_000,
    }]);
  });

  it('are none without assertions, or without a login', () => {
    expect([assertionSteps(ctx, twin, { drill }), assertionSteps(ctx, twin, { canary: LOGIN }), assertionSteps(ctx, twin, {})]).toEqual([[], [], []]);
  });
});
