import { beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { type StepTrace, traceStep, waitOf } from '../../src/engine/trace.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { tinyEffects } from './tiny.ts';

let clock: VirtualClock;
let trace: StepTrace;
let fails: Error | undefined;

beforeEach(() => {
  clock = new VirtualClock(1_000_000);
  fails = undefined;
  const aws = {
    call: async () => {
      await clock.sleep(20);
      if (fails !== undefined) throw fails;
      return { output: { Account: '1' }, requestId: 'r-1' };
    },
  } as unknown as AwsCaller;
  trace = traceStep(tinyEffects(clock, { aws }));
});

const REQUEST: AwsRequest<'sts', 'GetCallerIdentity'> = { service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', input: {} };
const call = () => clock.run(() => trace.effects.aws.call(REQUEST));

describe('what a step did to the outside', () => {
  it('calls: what, where, when, how long, under which id; and the answer goes through', async () => {
    expect((await call()).output).toEqual({ Account: '1' });
    const record = { service: 'sts', region: 'ap-northeast-1', operation: 'GetCallerIdentity', at: 1_000_000, ms: 20, requestId: 'r-1' };
    expect(trace.all()).toEqual({ calls: [record], callCount: 1, waits: [{ cause: 'aws', from: 1_000_000, to: 1_000_020 }] });
    expect(JSON.stringify(trace.all())).not.toContain('Account');
  });

  it('failed calls with their code, and the error goes through as it is', async () => {
    fails = new AwsError({ ...REQUEST, code: 'AccessDenied', message: 'no', httpStatus: 403, requestId: 'r-2' });
    await expect(call()).rejects.toBe(fails);
    expect(trace.all().calls).toMatchObject([{ error: 'AccessDenied', requestId: 'r-2', ms: 20 }]);
    fails = new Error('the signal was aborted');
    await expect(call()).rejects.toBe(fails);
    expect(trace.all().calls[1]).toMatchObject({ error: 'Aborted' });
    expect(trace.all().calls[1]).not.toHaveProperty('requestId');
  });

  it('takes the calls since the last time, and keeps count of all', async () => {
    await call();
    expect(trace.takeCalls()).toHaveLength(1);
    expect(trace.takeCalls()).toEqual([]);
    await call();
    expect(trace.takeCalls()).toMatchObject([{ at: 1_000_020 }]);
    expect(trace.all()).toMatchObject({ callCount: 2 });
  });

  it('keeps the last calls of many, and says how many there were', async () => {
    const many = LIMITS.callsJournaledPerStep + 20;
    for (let i = 0; i < many; i++) await call();
    const { calls, callCount } = trace.all();
    expect(callCount).toBe(many);
    expect(calls).toHaveLength(LIMITS.callsJournaledPerStep);
    expect(calls[0]?.at).toBe(1_000_000 + 20 * 20);
    expect(trace.takeCalls()).toHaveLength(LIMITS.callsJournaledPerStep);
  });

  it('waits: one after the other for the same cause are one, others are not', async () => {
    const wait = (cause: 'aws' | 'dns', ms: number) => clock.run(() => trace.wait(cause, () => clock.sleep(ms)));
    await wait('aws', 100);
    await wait('aws', 50);
    await wait('dns', 10);
    await wait('aws', 5);
    expect(trace.all().waits.map((w) => [w.cause, w.to - w.from])).toEqual([['aws', 150], ['dns', 10], ['aws', 5]]);
  });

  it('waits that overlap for the same cause are counted once', async () => {
    await clock.run(() => Promise.all([trace.wait('aws', () => clock.sleep(100)), clock.sleep(30).then(() => trace.wait('aws', () => clock.sleep(100)))]));
    const { waits } = trace.all();
    expect(waits.reduce((sum, w) => sum + w.to - w.from, 0)).toBe(130);
  });

  it('a wait that fails counts too, one that took no time does not', async () => {
    await expect(clock.run(() => trace.wait('dns', () => clock.sleep(40).then(() => Promise.reject(new Error('x')))))).rejects.toThrow('x');
    await clock.run(() => trace.wait('database', () => Promise.resolve()));
    expect(trace.all().waits).toMatchObject([{ cause: 'dns' }]);
  });

  it('the list of waits is bounded', async () => {
    for (let i = 0; i < LIMITS.waitsJournaledPerStep + 50; i++) {
      await clock.run(() => trace.wait(i % 2 === 0 ? 'aws' : 'dns', () => clock.sleep(1)));
    }
    expect(trace.all().waits).toHaveLength(LIMITS.waitsJournaledPerStep);
  });

  it('labels each port: users, dns, database', async () => {
    const slow = <T>(value: T) => () => clock.sleep(7).then(() => value);
    const sample = { status: 200, body: '', address: undefined, ms: 7 };
    const effects = tinyEffects(clock, {
      http: { request: slow(sample) },
      dns: { resolve: slow({ values: [], ttl: 0 }) },
    });
    const traced = traceStep({ ...effects, sql: { ...effects.sql, canary: slow('token') } });
    await clock.run(async () => {
      await traced.effects.http.request({ url: 'http://x', timeoutMs: 1 });
      await traced.effects.dns.resolve('x', 'A', 1);
      await traced.effects.sql.canary({ engine: 'postgres', host: 'h', port: 1, database: 'd', user: 'u', password: 'p' }, 't', 'token', 1);
    });
    expect(traced.all().waits.map((w) => w.cause)).toEqual(['users', 'dns', 'database']);
    expect(traced.effects.env).toBe(effects.env);
    expect(traced.effects.clock).toBe(clock);
  });

  it('a change may have been sent unless AWS has turned it away: one whose answer was lost may have been made', async () => {
    const PROMOTE: AwsRequest<'rds', 'PromoteReadReplica'> = { service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'shop' } };
    const error = (code: string, httpStatus?: number) => new AwsError({ ...PROMOTE, code, message: 'x', httpStatus });
    const after = async (failure: Error | undefined) => {
      const { aws } = tinyEffects(clock);
      const answering = { ...aws, call: async ({ before }: AwsRequest<'rds', 'PromoteReadReplica'>) => {
        await before?.();
        if (failure !== undefined) throw failure;
        return { output: {}, requestId: 'r' };
      } } as unknown as AwsCaller;
      const one = traceStep(tinyEffects(clock, { aws: answering }));
      one.begin();
      await clock.run(() => one.effects.aws.call(PROMOTE)).catch(() => undefined);
      return one.maySent();
    };
    expect([await after(undefined), await after(error('NoAnswer')), await after(error('InternalFailure', 500)), await after(new Error('aborted'))]).toEqual([true, true, true, true]);
    expect(await after(error('Throttling', 400))).toBe(false);
  });
});

describe('a port', () => {
  const GONE = new Error('somebody has taken over');
  const target = { engine: 'postgres', host: 'h', port: 1, database: 'd', user: 'u', password: 'p' } as const;

  /** Every port but AWS's answers with its name after 7 ms; the hold is asked, and may say that somebody has taken over. */
  function ports(held: () => Promise<void> = () => Promise.resolve()) {
    const reached: unknown[][] = [];
    const port = (name: string) => (...args: unknown[]) => (reached.push([name, ...args]), clock.sleep(7).then(() => name));
    let asked = 0;
    const sql = { canary: port('canary'), setReadOnly: port('setReadOnly'), position: port('position'), statement: (...args: unknown[]) => port('statement')(...args).then(() => ({ state: 'done', text: '' })) };
    const effects = tinyEffects(clock, { http: { request: port('request') }, dns: { resolve: port('resolve') }, sql, process: { run: port('run') } } as unknown as Partial<Effects>);
    const traced = traceStep(effects, { assertHeld: () => ((asked += 1), held()), stillHeld: () => Promise.resolve() });
    return { traced, reached, asked: () => asked };
  }

  it.each<[string, string, boolean, (effects: Effects) => Promise<unknown>]>([
    ['request', 'users', false, ({ http }) => http.request({ url: 'http://x', timeoutMs: 1 })],
    ['request', 'users', false, ({ http }) => http.request({ url: 'http://x', timeoutMs: 1, method: 'GET' })],
    ['request', 'users', true, ({ http }) => http.request({ url: 'http://x', timeoutMs: 1, method: 'POST' })],
    ['resolve', 'dns', false, ({ dns }) => dns.resolve('x', 'A', 1)],
    ['canary', 'database', false, ({ sql }) => sql.canary(target, 't', 'token', 1)],
    ['position', 'database', false, ({ sql }) => sql.position(target, 1)],
    ['setReadOnly', 'database', true, ({ sql }) => sql.setReadOnly(target, true, 1)],
    ['statement', 'own', true, ({ sql }) => sql.statement(target, 'delete from x', 1)],
    ['run', 'own', true, ({ process }) => process.run({ argv: ['x'], env: {}, timeoutMs: 1 })],
  ])('%s is waited for as %s; before it changes anything it asks whether this runner may: %s', async (name, cause, changes, call) => {
    const { traced, reached, asked } = ports();
    await clock.run(() => call(traced.effects));
    expect(reached.map(([port]) => port)).toEqual([name]);
    expect([traced.all().waits, asked(), traced.maySent()]).toEqual([[{ cause, from: 1_000_000, to: 1_000_007 }], changes ? 1 : 0, changes]);
    const over = ports(() => Promise.reject(GONE));
    const outcome = await clock.run(() => call(over.traced.effects).then(() => 'done', (error: unknown) => error));
    expect([outcome === 'done', over.reached.length, over.traced.maySent()]).toEqual(changes ? [false, 0, false] : [true, 1, false]);
  });
});

describe('what may have been sent', () => {
  const PROMOTE = { service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'shop' } } as const;
  const away = new AwsError({ ...PROMOTE, code: 'Throttling', message: 'x', httpStatus: 400 });

  /** Each request makes so many attempts, then ends so. */
  async function sent(requests: { attempts: number; ends?: Error }[], { holds = () => Promise.resolve(), again = false }: { holds?: () => Promise<void>; again?: boolean } = {}): Promise<boolean> {
    let next = 0;
    const call = async ({ before }: { before?: () => Promise<void> }) => {
      const { attempts, ends } = requests[next++] ?? { attempts: 0 };
      for (let i = 0; i < attempts; i++) await before?.();
      if (ends !== undefined) throw ends;
      return { output: {}, requestId: undefined };
    };
    const one = traceStep(tinyEffects(clock, { aws: { call } as unknown as AwsCaller }), { assertHeld: holds, stillHeld: () => Promise.resolve() });
    expect(one.maySent()).toBe(false);
    for (const _ of requests) await clock.run(() => one.effects.aws.call(PROMOTE).catch(() => undefined));
    if (again) one.begin();
    return one.maySent();
  }

  it('is one request of several; none once another act begins', async () => {
    expect(await sent([{ attempts: 1 }, { attempts: 1, ends: away }])).toBe(true);
    expect(await sent([{ attempts: 1, ends: away }, { attempts: 1 }])).toBe(true);
    expect(await sent([{ attempts: 1, ends: away }, { attempts: 1, ends: away }])).toBe(false);
    expect(await sent([{ attempts: 1 }], { again: true })).toBe(false);
  });

  it('is none before its first attempt, nor where somebody has taken over before a further one', async () => {
    expect(await sent([{ attempts: 0, ends: new Error('aborted') }])).toBe(false);
    let asked = 0;
    expect(await sent([{ attempts: 2 }], { holds: () => ((asked += 1) === 2 ? Promise.reject(new Error('taken over')) : Promise.resolve()) })).toBe(false);
    expect(await sent([{ attempts: 2 }])).toBe(true);
  });

  it('an answer, or an error, without an id is recorded without one', async () => {
    const ends: (Error | undefined)[] = [undefined, away];
    const call = () => { const error = ends.shift(); return error === undefined ? Promise.resolve({ output: {}, requestId: undefined }) : Promise.reject(error); };
    const one = traceStep(tinyEffects(clock, { aws: { call } as unknown as AwsCaller }));
    await clock.run(() => one.effects.aws.call(PROMOTE));
    await clock.run(() => one.effects.aws.call(PROMOTE).catch(() => undefined));
    expect(one.all().calls.map((record) => Object.keys(record))).toEqual([['service', 'region', 'operation', 'at', 'ms'], ['service', 'region', 'operation', 'at', 'ms', 'error']]);
  });
});

describe('a wait', () => {
  it('for a person is one for them, and nobody looks any more once they have answered', async () => {
    let looks = 0;
    const person = { confirm: () => clock.sleep(LIMITS.heldMs + 5) };
    const one = traceStep({ ...tinyEffects(clock), person }, { assertHeld: () => Promise.resolve(), stillHeld: () => ((looks += 1), Promise.resolve()) });
    await clock.run(() => one.effects.person?.confirm('word', 'what', new AbortController().signal) ?? Promise.resolve());
    await clock.run(() => clock.sleep(LIMITS.heldMs * 5));
    expect([looks, one.all().waits]).toEqual([1, [{ cause: 'person', from: 1_000_000, to: 1_000_005 + LIMITS.heldMs }]]);
    expect(traceStep(tinyEffects(clock)).effects.person).toBeUndefined();
  });

  it('is looked at once for each part of it', async () => {
    let looks = 0;
    const wait = waitOf(trace, { stillHeld: () => ((looks += 1), Promise.resolve()) }, clock, new AbortController().signal);
    await clock.run(() => wait('aws', LIMITS.heldMs));
    expect(looks).toBe(1);
    await clock.run(() => wait('aws', LIMITS.heldMs + 1));
    expect([looks, clock.now()]).toEqual([3, 1_000_001 + 2 * LIMITS.heldMs]);
  });

  it('is joined to the one before where they touch, and only there', async () => {
    const wait = (from: number, ms: number) => clock.sleep(from).then(() => trace.wait('aws', () => clock.sleep(ms)));
    await clock.run(() => Promise.all([wait(0, 50), wait(0, 100), wait(200, 10)]));
    expect(trace.all().waits.map(({ from, to }) => [from - 1_000_000, to - 1_000_000])).toEqual([[0, 100], [200, 210]]);
  });
});
