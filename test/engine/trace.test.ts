import { beforeEach, describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { type StepTrace, traceStep } from '../../src/engine/trace.ts';
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
