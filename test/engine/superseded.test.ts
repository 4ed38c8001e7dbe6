import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { DrError } from '../../src/base/errors.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { StepContext } from '../../src/model/step.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, runTiny, Thing, tinyStep } from './tiny.ts';

const GONE = new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'somebody has taken over' });
const promote = (ctx: StepContext) => ctx.effects.aws.call({ service: 'rds', region: 'ap-northeast-1', operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: 'shop' }, signal: ctx.signal });
const look = (ctx: StepContext) => ctx.effects.aws.call({ service: 'rds', region: 'ap-northeast-1', operation: 'DescribeDBInstances', input: {}, signal: ctx.signal });

const DATABASE = { DBInstanceIdentifier: 'shop' };

/** What reached AWS and the other ports; somebody takes over while the `n`th of it is answered. */
function outside(n: number) {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const sent: string[] = [];
  let written = 0;
  const reach = async <T>(name: string, answer: T): Promise<T> => {
    sent.push(name);
    await clock.sleep(10);
    if (sent.length === n) {
      store.superseded = GONE;
      written = store.records.length;
    }
    return answer;
  };
  const aws = { call: ({ operation }: { operation: string }) => reach(operation, { output: { DBInstance: DATABASE, DBInstances: [DATABASE] }, requestId: 'rq' }) } as unknown as AwsCaller;
  const effects = {
    aws: reliableCaller(aws, { clock, ids: new SeededIds(1) }),
    process: { run: () => reach('program', { state: 'ended', code: 0, output: '' }) },
    http: { request: () => reach('request', { status: 200, body: '', address: undefined, ms: 1 }) },
    sql: { setReadOnly: () => reach('read only', { state: 'done' }) },
  } as unknown as Partial<Effects>;
  return { options: { clock, store, effects }, sent, later: () => store.records.length - written };
}

describe('a runner that was superseded', () => {
  it('sends not even the second half of an act that it had begun, and writes no more', async () => {
    const { options, sent, later } = outside(2);
    const act: Fake['act'] = async (ctx) => {
      await promote(ctx);
      await look(ctx);
      await promote(ctx);
    };
    await expect(runTiny([tinyStep('it')], { it: { observe: () => ABSENT, act } }, options)).rejects.toBe(GONE);
    expect(sent).toEqual(['PromoteReadReplica', 'DescribeDBInstances']);
    expect(later()).toBe(0);
  });

  it('stops a program that runs for long: who has taken over may be about to run it again, or its undo', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const began = clock.now();
    const run = async ({ signal }: { signal?: AbortSignal }) => {
      store.superseded = GONE;
      await clock.sleep(3_600_000, signal).catch(() => undefined);
      return { code: undefined, error: 'ended by SIGKILL', output: '', cut: false, ms: 1 };
    };
    const act: Fake['act'] = async (ctx) => {
      await ctx.effects.process.run({ argv: ['./drain'], env: {}, timeoutMs: 3_600_000, signal: ctx.signal });
    };
    const long: Fake = { observe: () => ABSENT, act, actMs: 3_600_000 };
    await expect(runTiny([tinyStep('it', { limitMs: 7_200_000 })], { it: long }, { clock, store, effects: { process: { run } } as unknown as Partial<Effects> })).rejects.toBe(GONE);
    expect(clock.now() - began).toBeLessThanOrEqual(LIMITS.heldMs);
    expect(store.records.map(({ type }) => type)).not.toContain('step.failed');
  });

  it('stops waiting, and does not wait for its next change to learn it', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const began = clock.now();
    const waiting = (): typeof PENDING => {
      if (clock.now() - began >= 60_000) store.superseded = GONE;
      return PENDING;
    };
    const steps = [tinyStep('one', { limitMs: 3_600_000 }), tinyStep('two', { limitMs: 3_600_000 })];
    await expect(runTiny(steps, { one: { observe: waiting }, two: { observe: () => PENDING } }, { clock, store })).rejects.toBe(GONE);
    expect(clock.now() - began).toBeGreaterThanOrEqual(60_000);
    expect(clock.now() - began).toBeLessThan(60_000 + LIMITS.heldMs + 2 * LIMITS.pollMaxMs);
  });

  it('stops a wait of a step of its own, as for signatures', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const began = clock.now();
    const signatures: Fake['observe'] = async (ctx) => {
      for (;;) {
        if (clock.now() - began >= 60_000) store.superseded = GONE;
        await ctx.wait('person', 3_000);
      }
    };
    await expect(runTiny([tinyStep('one', { limitMs: 3_600_000 })], { one: { observe: signatures } }, { clock, store })).rejects.toBe(GONE);
    expect(clock.now() - began).toBeGreaterThanOrEqual(60_000);
    expect(clock.now() - began).toBeLessThanOrEqual(60_000 + LIMITS.heldMs + 2 * 3_000);
  });

  it('stops one long wait, and is not kept in a short one by a state that is slow to answer', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const began = clock.now();
    const hour: Fake['observe'] = async (ctx) => {
      await ctx.wait('hold', 3_600_000);
      return REACHED;
    };
    clock.sleep(600_000).then(() => (store.superseded = GONE), () => undefined);
    await expect(runTiny([tinyStep('one', { limitMs: 7_200_000 })], { one: { observe: hour } }, { clock, store })).rejects.toBe(GONE);
    expect(clock.now() - began).toBeLessThanOrEqual(600_000 + 2 * LIMITS.heldMs);

    const slow = new MemoryStore();
    slow.assertHeld = () => clock.sleep(8_000);
    const from = clock.now();
    const waits: number[] = [];
    const second: Fake['observe'] = async (ctx) => {
      for (let n = 0; n < 30; n++) {
        const at = clock.now();
        await ctx.wait('hold', 1_000);
        waits.push(clock.now() - at);
      }
      return REACHED;
    };
    expect((await runTiny([tinyStep('one')], { one: { observe: second } }, { clock, store: slow })).outcome).toBe('succeeded');
    expect([new Set(waits), waits.length]).toEqual([new Set([1_000]), 30]);
    expect(clock.now()).toBeGreaterThan(from);
  });

  it('asks a person at the terminal no longer', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    const began = clock.now();
    clock.sleep(60_000).then(() => (store.superseded = GONE), () => undefined);
    const shown: string[] = [];
    // Who never answers; what was asked is taken away again.
    const person = { confirm: (word: string, _what: string, signal: AbortSignal) => new Promise<void>((_, reject) => {
      shown.push(word);
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    }) };
    const cut: Fake['observe'] = async (ctx) => {
      await ctx.effects.person?.confirm('cut', 'cut the cable', ctx.signal);
      return REACHED;
    };
    await expect(runTiny([tinyStep('one', { limitMs: 3_600_000 })], { one: { observe: cut } }, { clock, store, effects: { person } })).rejects.toBe(GONE);
    expect([shown, clock.now() - began >= 60_000, clock.now() - began <= 60_000 + 2 * LIMITS.heldMs]).toEqual([['cut'], true, true]);
  });

  it('is asked for no oftener than it has to be', async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore();
    let asked = 0;
    const assertHeld = store.assertHeld.bind(store);
    store.assertHeld = () => ((asked += 1), assertHeld());
    const began = clock.now();
    const wait: Fake = { observe: () => (clock.now() - began < 100_000 ? PENDING : REACHED) };
    expect((await runTiny([tinyStep('one', { limitMs: 3_600_000 }), tinyStep('two', { limitMs: 3_600_000 })], { one: wait, two: wait }, { clock, store })).outcome).toBe('succeeded');
    expect(asked).toBeGreaterThanOrEqual(6);
    expect(asked).toBeLessThanOrEqual(10);
  });

  it('undoes nothing more', async () => {
    const { options, sent, later } = outside(2);
    const undo: Fake['undo'] = async (ctx) => {
      await look(ctx);
      await promote(ctx);
    };
    const things = { a: new Thing().kind({ undo }), b: new Thing().kind({ undo }) };
    const steps = [tinyStep('a', { reversibility: 'compensable' }), tinyStep('b', { reversibility: 'compensable', after: ['a'] }), tinyStep('gate', { gate: true, after: ['b'] })];
    const run = runTiny(steps, { ...things, gate: { observe: () => ({ state: 'refused', refusal: REFUSAL }) } }, { ...options, plan: { verb: 'switchover' } });
    await expect(run).rejects.toBe(GONE);
    expect(sent).toEqual(['DescribeDBInstances', 'PromoteReadReplica', 'DescribeDBInstances']);
    expect(later()).toBeLessThanOrEqual(2);
  });

  it.each([
    ['program', (ctx: StepContext) => ctx.effects.process.run({} as never)],
    ['request', (ctx: StepContext) => ctx.effects.http.request({ url: 'http://shop', method: 'POST', timeoutMs: 1 })],
    ['read only', (ctx: StepContext) => ctx.effects.sql.setReadOnly({ password: '' } as never, true, 1)],
  ])('starts no %s', async (name, change) => {
    const { options, sent } = outside(1);
    const act: Fake['act'] = async (ctx) => {
      await look(ctx);
      await change(ctx);
    };
    await expect(runTiny([tinyStep('it')], { it: { observe: () => ABSENT, act } }, options)).rejects.toBe(GONE);
    expect([sent, name]).toEqual([['DescribeDBInstances'], name]);
  });
});
