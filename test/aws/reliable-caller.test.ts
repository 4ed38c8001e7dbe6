import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError, NO_ANSWER } from '../../src/aws/errors.ts';
import { type Attempt, type ReliableOptions, reliableCaller } from '../../src/aws/reliable-caller.ts';
import type { Ids } from '../../src/base/ids.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { FakeClock } from './fake-clock.ts';

const LEAST: Ids = { hex: (bytes) => '00'.repeat(bytes) };
const MOST: Ids = { hex: (bytes) => 'ff'.repeat(bytes) };

type Outcome = 'ok' | 'hang' | 'empty' | { code: string; httpStatus?: number };

/** Enough for every operation that is called here. */
const OUTPUT = {
  DBInstances: [],
  DBInstance: { DBInstanceIdentifier: 'x' },
  HostedZones: [],
  IsTruncated: false,
  ChangeInfo: { Status: 'PENDING' },
  HealthCheckObservations: [],
};

/** An inner caller that goes through `outcomes`, the last one again and again. */
function scripted(outcomes: Outcome[], more: Partial<ReliableOptions> = {}) {
  const clock = new FakeClock();
  const calls: number[] = [];
  const signals: AbortSignal[] = [];
  const inner = {
    call: (request: { service: 'rds'; operation: string; region: string; signal: AbortSignal }) => {
      const outcome = outcomes[Math.min(calls.length, outcomes.length - 1)] ?? 'ok';
      calls.push(clock.now());
      signals.push(request.signal);
      if (outcome === 'hang') return new Promise(() => undefined);
      if (outcome === 'empty') return Promise.resolve({ output: {}, requestId: 'proxy' });
      if (outcome === 'ok') return Promise.resolve({ output: OUTPUT, requestId: `rq-${calls.length}` });
      return Promise.reject(new AwsError({ ...request, ...outcome, message: 'no', requestId: `rq-${calls.length}` }));
    },
  } as unknown as AwsCaller;
  const attempts: Attempt[] = [];
  const aws = reliableCaller(inner, { clock, ids: LEAST, onAttempt: (attempt) => attempts.push(attempt), ...more });
  return { clock, aws, calls, signals, attempts };
}

const region = 'ap-northeast-1';
const read = { service: 'rds', region, operation: 'DescribeDBInstances', input: {} } as const;
const mutation = { service: 'rds', region, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'x' } } as const;
const THROTTLED = { code: 'Throttling', httpStatus: 400 };

describe('retries', () => {
  it('tries again what did not happen, with pauses that double', async () => {
    const s = scripted([THROTTLED, THROTTLED, { code: 'InternalError', httpStatus: 500 }, 'ok']);
    const answer = await s.clock.run(s.aws.call(read));
    expect(answer.requestId).toBe('rq-4');
    expect(s.calls).toEqual([0, 50, 150, 350]);
    expect(s.attempts.map((a) => [a.attempt, a.error?.code, a.retryInMs, a.requestId])).toEqual([
      [1, 'Throttling', 50, 'rq-1'],
      [2, 'Throttling', 100, 'rq-2'],
      [3, 'InternalError', 200, 'rq-3'],
      [4, undefined, undefined, 'rq-4'],
    ]);
  });

  it('jitters the pause between half and all of it, and bounds it', async () => {
    const s = scripted([THROTTLED], { ids: MOST, limits: { attempts: 9 } });
    await expect(s.clock.run(s.aws.call(read))).rejects.toMatchObject({ code: 'Throttling' });
    expect(s.attempts.map((a) => a.retryInMs)).toEqual([100, 200, 400, 800, 1600, 3200, 4000, 4000, undefined]);
  });

  it('asks `before` right before each attempt, and sends nothing once that throws', async () => {
    const s = scripted([THROTTLED]);
    const askedAt: number[] = [];
    const before = () => {
      askedAt.push(s.clock.now());
      return askedAt.length < 3 ? Promise.resolve() : Promise.reject(new Error('superseded'));
    };
    await expect(s.clock.run(s.aws.call({ ...mutation, before }))).rejects.toThrow('superseded');
    expect([askedAt, s.calls]).toEqual([[0, 50, 150], [0, 50]]);
  });

  it('a throttled mutation did not happen and is tried again', async () => {
    const s = scripted([THROTTLED, 'ok']);
    await s.clock.run(s.aws.call(mutation));
    expect(s.calls).toHaveLength(2);
  });

  it.each([
    ['an unanswered mutation', mutation, { code: NO_ANSWER }, 'unknown'],
    ['a mutation answered with 503', mutation, { code: 'ServiceUnavailable', httpStatus: 503 }, 'unknown'],
    ['a refusal', read, { code: 'AccessDenied', httpStatus: 403 }, 'terminal'],
    ['a refused mutation', mutation, { code: 'InvalidDBInstanceState', httpStatus: 400 }, 'terminal'],
  ])('never tries %s again', async (_name, request, outcome, kind) => {
    const s = scripted([outcome]);
    await expect(s.clock.run(s.aws.call(request))).rejects.toMatchObject({ kind });
    expect(s.calls).toHaveLength(1);
  });

  it('an answer that lacks what makes it one is none: a read is tried again, a mutation may have happened', async () => {
    const s = scripted(['empty', 'ok']);
    expect((await s.clock.run(s.aws.call(read))).requestId).toBe('rq-2');
    expect(s.attempts.map((a) => [a.error?.code, a.requestId])).toEqual([['MalformedAnswer', 'proxy'], [undefined, 'rq-2']]);
    const m = scripted(['empty', 'ok']);
    await expect(m.clock.run(m.aws.call(mutation))).rejects.toMatchObject({ code: 'MalformedAnswer', kind: 'unknown' });
    expect(m.calls).toHaveLength(1);
  });

  it('needs nobody who listens to its attempts', async () => {
    const clock = new FakeClock();
    const inner = { call: () => Promise.resolve({ output: OUTPUT, requestId: 'rq' }) } as unknown as AwsCaller;
    expect((await clock.run(reliableCaller(inner, { clock, ids: LEAST }).call(read))).requestId).toBe('rq');
  });

  it('attempts: the default, that of the options, that of the request', async () => {
    const count = async (limits: Partial<{ attempts: number }>, attempts?: number) => {
      const s = scripted([THROTTLED], { limits });
      await expect(s.clock.run(s.aws.call({ ...read, attempts }))).rejects.toThrow('Throttling');
      return s.calls.length;
    };
    expect([await count({}), await count({ attempts: 2 }), await count({ attempts: 2 }, 3), await count({}, 0)]).toEqual([
      LIMITS.awsAttempts, 2, 3, 1,
    ]);
  });

  it('tells of each attempt all that is known', async () => {
    const s = scripted([THROTTLED, 'ok']);
    await s.clock.run(s.aws.call(read));
    const same = { service: 'rds', region, operation: 'DescribeDBInstances' };
    expect(s.attempts).toEqual([
      { ...same, attempt: 1, startedAt: 0, endedAt: 0, requestId: 'rq-1', error: expect.objectContaining({ code: 'Throttling' }) as unknown, retryInMs: 50 },
      { ...same, attempt: 2, startedAt: 50, endedAt: 50, requestId: 'rq-2', error: undefined, retryInMs: undefined },
    ]);
  });

  it('keeps to limits of its own where it is given some', async () => {
    const s = scripted(['hang'], { ids: MOST, limits: { callMs: 500, attempts: 4, backoffMs: 10, backoffMaxMs: 25 } });
    const error: unknown = await s.clock.run(s.aws.call(read)).catch((thrown: unknown) => thrown);
    expect(s.calls).toEqual([0, 510, 1_030, 1_555]);
    expect(error).toMatchObject({ code: NO_ANSWER, message: 'rds.DescribeDBInstances in ap-northeast-1: NoAnswer: no answer within 500 ms', cause: { message: 'rds.DescribeDBInstances in ap-northeast-1: no answer within 500 ms' } });
  });

  it('what is no AwsError is a defect and goes through', async () => {
    const bug = new TypeError('bug');
    const inner = { call: () => Promise.reject(bug) } as unknown as AwsCaller;
    const clock = new FakeClock();
    await expect(clock.run(reliableCaller(inner, { clock, ids: LEAST }).call(read))).rejects.toBe(bug);
  });
});

describe('deadlines', () => {
  it('an attempt that hangs ends with its timeout, even if it ignores its signal; a read is tried again', async () => {
    const s = scripted(['hang', 'ok']);
    await s.clock.run(s.aws.call({ ...read, timeoutMs: 700 }));
    expect(s.calls).toEqual([0, 750]);
    expect(s.signals[0]?.aborted).toBe(true);
    expect(s.attempts[0]).toMatchObject({ startedAt: 0, endedAt: 700, error: { code: NO_ANSWER, kind: 'retryable' } });
    expect(s.clock.waiting).toBe(0);
  });

  it('a mutation that hangs may have happened', async () => {
    const s = scripted(['hang']);
    await expect(s.clock.run(s.aws.call(mutation))).rejects.toMatchObject({ code: NO_ANSWER, kind: 'unknown' });
    expect(s.clock.now()).toBe(LIMITS.awsCallMs);
    expect(s.calls).toHaveLength(1);
  });

  it('the default worst case of a read is bounded', async () => {
    const s = scripted(['hang'], { ids: MOST });
    await expect(s.clock.run(s.aws.call(read))).rejects.toMatchObject({ code: NO_ANSWER });
    expect(s.clock.now()).toBe(LIMITS.awsAttempts * LIMITS.awsCallMs + 100 + 200 + 400);
  });
});

describe('an aborted signal ends with its reason', () => {
  it('before the call, during an attempt and during a pause', async () => {
    const reason = new Error('Ctrl-C');
    const before = scripted(['ok']);
    await expect(before.aws.call({ ...read, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(before.calls).toEqual([]);

    const during = scripted(['hang']);
    const stop = new AbortController();
    const call = during.aws.call({ ...read, signal: stop.signal });
    setImmediate(() => stop.abort(reason));
    await expect(call).rejects.toBe(reason);

    const pause = scripted([THROTTLED, 'ok']);
    const stopPause = new AbortController();
    const paused = pause.aws.call({ ...read, signal: stopPause.signal });
    setImmediate(() => stopPause.abort(reason));
    await expect(paused).rejects.toBe(reason);
    expect([during.clock.waiting, pause.clock.waiting, pause.calls.length]).toEqual([0, 0, 1]);
  });
});

describe('pacing', () => {
  const list = { service: 'route53', region: 'us-east-1', operation: 'ListHostedZones', input: {} } as const;

  it('Route 53: a burst of 50, then 5 a second, for all its operations together', async () => {
    const s = scripted(['ok']);
    const get = { ...list, operation: 'GetChange', input: { Id: 'C' } } as const;
    await s.clock.run(Promise.all(Array.from({ length: 60 }, (_, i) => (i % 2 ? s.aws.call(list) : s.aws.call(get)))));
    expect(s.calls.filter((at) => at === 0)).toHaveLength(50);
    expect(s.calls.slice(50)).toEqual([200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]);
  });

  it('tokens come back with time, up to the burst', async () => {
    const s = scripted(['ok']);
    const many = (n: number) => s.clock.run(Promise.all(Array.from({ length: n }, () => s.aws.call(list))));
    await many(50);
    await s.clock.run(s.clock.sleep(3_600_000));
    await many(51);
    expect(s.calls.slice(50).filter((at) => at === 3_600_000)).toHaveLength(50);
    expect(s.calls.at(-1)).toBe(3_600_200);
  });

  it('what Route 53 has turned away has cost it nothing of its allowance of changes', async () => {
    const s = scripted([THROTTLED], { limits: { attempts: 2 } });
    const Changes = Array.from({ length: 1_000 }, () => ({ Action: 'CREATE' as const, ResourceRecordSet: { Name: 'a', Type: 'A' as const } }));
    const change = (count: number) => s.aws.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input: { HostedZoneId: 'Z', ChangeBatch: { Changes: Changes.slice(0, count) } } }).catch(() => undefined);
    await s.clock.run(change(1_000));
    expect(s.calls).toEqual([0, 50]);
    // Five of them have come back.
    await s.clock.run(change(25));
    expect(s.calls).toEqual([0, 50, 250, 300]);
  });

  it('one region waits for no other', async () => {
    const s = scripted(['ok']);
    const seoul = Array.from({ length: 300 }, () => s.aws.call({ ...read, region: 'ap-northeast-2' }));
    const tokyo = s.aws.call(read).then(() => s.clock.now());
    await s.clock.run(Promise.all(seoul));
    expect(await tokyo).toBe(0);
    expect(s.clock.now()).toBeGreaterThan(0);
  });

  it('the status of a health check is asked for once a second', async () => {
    const s = scripted(['ok']);
    const status = { ...list, operation: 'GetHealthCheckStatus', input: { HealthCheckId: 'h' } } as const;
    await s.clock.run(Promise.all(Array.from({ length: 7 }, () => s.aws.call(status))));
    expect(s.calls).toEqual([0, 0, 0, 0, 1000, 2000, 3000]);
  });
});
