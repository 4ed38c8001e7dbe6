import { describe, expect, it } from 'vitest';
import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { CommandResult, Effects, HttpSample, SqlTarget } from '../../src/effects/effects.ts';
import { traceStep, waitOf } from '../../src/engine/trace.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { tinyEffects } from './tiny.ts';

/* Through each port of a step: what counts as a change, and is sent only while this runner may continue; for whom it waited. */

const GONE = new Error('somebody has taken over');
const TARGET: SqlTarget = { engine: 'postgres', host: 'h', port: 1, database: 'd', user: 'u', password: 'secret' };
const HTTP: HttpSample = { status: 200, body: '', address: undefined, ms: 7 };
const COMMAND: CommandResult = { code: 0, output: '', cut: false, ms: 7 };
const READ: AwsRequest<'rds', 'DescribeDBInstances'> = { service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', input: {} };
const CHANGE: AwsRequest<'rds', 'PromoteReadReplica'> = { service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'shop' } };

/** Ports that answer after 7 ms, and what reached them; `gone`: somebody has taken over. */
function setUp({ gone = false }: { gone?: boolean } = {}) {
  const clock = new VirtualClock(0);
  const reached: string[] = [];
  const held = { asked: 0, gone };
  const slow = <T>(name: string, value: T) => async () => {
    reached.push(name);
    await clock.sleep(7);
    return value;
  };
  const assertHeld = () => {
    held.asked += 1;
    return held.gone ? Promise.reject(GONE) : Promise.resolve();
  };
  const aws = {
    call: async ({ operation, before }: AwsRequest<'rds', 'PromoteReadReplica'>) => {
      await before?.();
      return slow(operation, { output: {}, requestId: undefined })();
    },
  } as unknown as AwsCaller;
  const ports = {
    aws,
    http: { request: slow('http', HTTP) },
    dns: { resolve: slow('dns', { values: [], ttl: 0 }) },
    sql: { canary: slow('canary', 't'), setReadOnly: slow('setReadOnly', undefined), position: slow('position', { role: 'writer', at: 1n, readOnly: false, mayChange: true }), statement: slow('statement', { state: 'done', text: '' }) },
    process: { run: slow('program', COMMAND) },
  } as unknown as Partial<Effects>;
  const trace = traceStep(tinyEffects(clock, ports), { assertHeld, stillHeld: assertHeld });
  return { clock, reached, held, trace, run: (work: (effects: Effects) => Promise<unknown>) => clock.run(() => work(trace.effects)) };
}

const LOOKS: [string, string, (effects: Effects) => Promise<unknown>][] = [
  ['a read of AWS', 'aws', ({ aws }) => aws.call(READ)],
  ['a page that is read', 'users', ({ http }) => http.request({ url: 'http://x', timeoutMs: 1 })],
  ['a page that is read by that word', 'users', ({ http }) => http.request({ url: 'http://x', method: 'GET', timeoutMs: 1 })],
  ['a name', 'dns', ({ dns }) => dns.resolve('x', 'A', 1)],
  ['a row of the canary', 'database', ({ sql }) => sql.canary(TARGET, 't', 'token', 1)],
  ['where a log stands', 'database', ({ sql }) => sql.position(TARGET, 1)],
];

const CHANGES: [string, string, (effects: Effects) => Promise<unknown>][] = [
  ['a change at AWS', 'aws', ({ aws }) => aws.call(CHANGE)],
  ['a request to a page', 'users', ({ http }) => http.request({ url: 'http://x', method: 'POST', timeoutMs: 1 })],
  ['writes that are stopped', 'database', ({ sql }) => sql.setReadOnly(TARGET, true, 1)],
  ['a statement', 'own', ({ sql }) => sql.statement(TARGET, 'select 1', 1)],
  ['a program', 'own', ({ process }) => process.run({ argv: ['x'], env: {}, timeoutMs: 1 })],
];

describe('through its ports a step', () => {
  it.each(LOOKS)('looks without being asked whether it may continue: %s', async (_, cause, work) => {
    const { run, reached, held, trace } = setUp({ gone: true });
    await run(work);
    expect([reached.length, held.asked, trace.maySent()]).toEqual([1, 0, false]);
    expect(trace.all().waits).toEqual([{ cause, from: 0, to: 7 }]);
  });

  it.each(CHANGES)('changes only while it may continue, and is known to have changed something: %s', async (_, cause, work) => {
    const may = setUp();
    await may.run(work);
    expect([may.reached.length, may.held.asked, may.trace.maySent()]).toEqual([1, 1, true]);
    expect(may.trace.all().waits).toEqual([{ cause, from: 0, to: 7 }]);
    const gone = setUp({ gone: true });
    await expect(gone.run(work)).rejects.toBe(GONE);
    expect([gone.reached, gone.trace.maySent()]).toEqual([[], false]);
  });

  it('may have changed something in this attempt, whatever the one before did', async () => {
    const { run, trace } = setUp();
    await run(({ aws }) => aws.call(CHANGE));
    trace.begin();
    expect(trace.maySent()).toBe(false);
    await run(({ aws }) => aws.call(READ));
    expect(trace.maySent()).toBe(false);
    await run(({ aws }) => aws.call(CHANGE));
    await run(({ aws }) => aws.call(READ));
    expect(trace.maySent()).toBe(true);
  });

  it('gives calls without a request id without one, and what was told does not change afterwards', async () => {
    const { run, trace } = setUp();
    await run(({ aws }) => aws.call(READ));
    const told = trace.all();
    expect(told.calls).toEqual([{ service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', at: 0, ms: 7 }]);
    expect(Object.keys(told.calls[0] ?? {})).not.toContain('requestId');
    await run(({ aws }) => aws.call(READ));
    expect(told).toMatchObject({ callCount: 1, waits: [{ to: 7 }] });
    expect([told.calls.length, trace.all().waits]).toEqual([1, [{ cause: 'aws', from: 0, to: 14 }]]);
  });

  it('has nobody to ask where nobody can be asked', () => {
    expect(setUp().trace.effects).not.toHaveProperty('person');
  });

  it('without anybody who could take over, changes what it changes', async () => {
    const clock = new VirtualClock(0);
    const { effects } = traceStep(tinyEffects(clock, { process: { run: () => Promise.resolve(COMMAND) } }));
    expect(await effects.process.run({ argv: ['x'], env: {}, timeoutMs: 1 })).toEqual(COMMAND);
  });
});

describe('waits that come in another order than they began', () => {
  it('are not made one: each was its own', async () => {
    const { clock, trace } = setUp();
    const wait = (from: number, ms: number) => clock.sleep(from).then(() => trace.wait('aws', () => clock.sleep(ms)));
    // The second one ends first; the first began before it.
    await clock.run(() => Promise.all([wait(0, 100), wait(20, 10)]));
    expect(trace.all().waits).toEqual([{ cause: 'aws', from: 20, to: 30 }, { cause: 'aws', from: 0, to: 100 }]);
  });
});

describe('a person', () => {
  const asking = (answersAfter: number | undefined) => {
    const clock = new VirtualClock(0);
    const held = { asked: 0, gone: false };
    const stillHeld = () => {
      held.asked += 1;
      return held.gone ? Promise.reject(GONE) : Promise.resolve();
    };
    const asked: unknown[] = [];
    const person = {
      confirm: (word: string, what: string, signal: AbortSignal) => {
        asked.push(word, what);
        return clock.sleep(answersAfter ?? 3_600_000, signal);
      },
    };
    const trace = traceStep(tinyEffects(clock, { person }), { assertHeld: () => Promise.resolve(), stillHeld });
    return { clock, held, asked, trace, confirm: (signal: AbortSignal) => trace.effects.person?.confirm('shop', 'the promotion', signal) ?? Promise.reject(new Error('nobody')) };
  };

  it('is waited for, and meanwhile it is asked now and then whether this runner may continue', async () => {
    const { clock, held, asked, trace, confirm } = asking(3 * LIMITS.heldMs + 1);
    await clock.run(() => confirm(new AbortController().signal));
    expect([asked, held.asked, trace.all().waits]).toEqual([['shop', 'the promotion'], 3, [{ cause: 'person', from: 0, to: 3 * LIMITS.heldMs + 1 }]]);
    // Nothing is asked behind the answer.
    await clock.run(() => clock.sleep(10 * LIMITS.heldMs));
    expect([held.asked, clock.sleeping]).toEqual([3, 0]);
  });

  it('is not waited for by a runner that was superseded', async () => {
    const { clock, held, confirm } = asking(undefined);
    held.gone = true;
    await expect(clock.run(() => confirm(new AbortController().signal))).rejects.toBe(GONE);
    expect(clock.now()).toBe(LIMITS.heldMs);
  });

  it('is not waited for in a run that is to stop', async () => {
    const { clock, confirm } = asking(undefined);
    const stop = new AbortController();
    const reason = new Error('Ctrl-C');
    await expect(clock.run(() => Promise.all([confirm(stop.signal), clock.sleep(50).then(() => stop.abort(reason))]))).rejects.toBe(reason);
    expect(clock.now()).toBe(50);
  });
});

describe('a wait of a step', () => {
  function waiting(hold: (asked: number) => Promise<void>) {
    const clock = new VirtualClock(0);
    const trace = traceStep(tinyEffects(clock));
    let asked = 0;
    const wait = waitOf(trace, { stillHeld: () => hold((asked += 1)) }, clock, new AbortController().signal);
    return { clock, trace, wait, asked: () => asked };
  }

  it('is as long as it was asked for, and asks now and then whether this runner may continue', async () => {
    const { clock, trace, wait, asked } = waiting(() => Promise.resolve());
    await clock.run(() => wait('dns', 2 * LIMITS.heldMs + 500));
    expect([clock.now(), asked(), trace.all().waits]).toEqual([2 * LIMITS.heldMs + 500, 3, [{ cause: 'dns', from: 0, to: 2 * LIMITS.heldMs + 500 }]]);
    await clock.run(() => wait('dns', LIMITS.heldMs));
    expect([clock.now(), asked()]).toEqual([3 * LIMITS.heldMs + 500, 4]);
  });

  it.each([[GONE, GONE], ['text', new Error('text')]])('ends where this runner may not continue: %s', async (thrown, error) => {
    const { clock, wait } = waiting(async (asked) => {
      if (asked >= 2) throw thrown as Error;
    });
    await expect(clock.run(() => wait('dns', 10 * LIMITS.heldMs))).rejects.toEqual(error);
    expect(clock.now()).toBe(2 * LIMITS.heldMs);
  });

  it('is no longer for a state that is slow to answer', async () => {
    const { clock, wait } = waiting(() => new Promise(() => undefined));
    await clock.run(() => wait('dns', LIMITS.heldMs + 1));
    expect(clock.now()).toBe(LIMITS.heldMs + 1);
  });
});
