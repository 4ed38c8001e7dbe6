import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { DrError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { Observation } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, resumeTiny, runTiny, Thing, tinyStep, type TinyOptions } from './tiny.ts';

const PROMOTE = { service: 'rds', operation: 'PromoteReadReplica', region: 'ap-northeast-1' } as const;
const noAnswer = () => new AwsError({ ...PROMOTE, code: 'NoAnswer', message: 'read ECONNRESET' });
const throttled = () => new AwsError({ ...PROMOTE, code: 'Throttling', message: 'Rate exceeded', httpStatus: 400 });
const denied = () => new AwsError({ ...PROMOTE, code: 'AccessDenied', message: 'not you', httpStatus: 403 });

const one = (fake: Fake, options: TinyOptions = {}, limitMs = 600_000) => runTiny([tinyStep('it', { limitMs })], { it: fake }, options);
/** What was given of the step. */
const stepTold = (run: { told: string[] }) => run.told.filter((t) => t.startsWith('step.')).map((t) => t.split(' ')[0]);

/** The given answers one after the other, the last again and again. */
function answers<T>(...list: T[]): () => T {
  let next = 0;
  return () => list[Math.min(next++, list.length - 1)] as T;
}

describe('a step', () => {
  it('whose state is there already is done without an act', async () => {
    const thing = new Thing();
    thing.there = true;
    const run = await one(thing.kind());
    expect(run.outcome).toBe('succeeded');
    expect(stepTold(run)).toEqual(['step.started', 'step.done']);
    expect(thing.acts).toBe(0);
    expect(run.state.steps.get('it')).toMatchObject({ state: 'done', already: true, attempts: 0, because: 'it is there' });
  });

  it('acts where the state is missing, and is done once that was seen', async () => {
    const thing = new Thing();
    const run = await one(thing.kind());
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.acted', 'step.done']);
    expect(thing.acts).toBe(1);
    expect(run.state.steps.get('it')).toMatchObject({ state: 'done', already: false, attempts: 1 });
  });

  it('writes its intent before it acts, and does not act when that cannot be written', async () => {
    const thing = new Thing();
    const store = new MemoryStore((record) => {
      if (record.type === 'step.intent') {
        expect(thing.acts).toBe(0);
        throw new Error('disk full');
      }
    });
    await expect(one(thing.kind(), { store })).rejects.toThrow('disk full');
    expect(thing.acts).toBe(0);
  });

  it('looks again while it is pending, less and less often, and says for whom it waited', async () => {
    const clock = new VirtualClock();
    const looks: number[] = [];
    const run = await one({ observe: () => (looks.push(clock.now()), looks.length < 60 ? PENDING : REACHED) }, { clock });
    const gaps = looks.slice(1).map((at, i) => at - (looks[i] ?? 0));
    expect(run.outcome).toBe('succeeded');
    expect(gaps[0]).toBe(LIMITS.pollMinMs);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(LIMITS.pollMaxMs);
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
    const waited = run.state.steps.get('it')?.waits.reduce((sum, w) => sum + w.to - w.from, 0);
    expect(waited).toBe(run.took);
    expect(run.state.steps.get('it')?.waits.map((w) => w.cause)).toEqual(['aws']);
  });

  it('looks less often at a change until half of its usual time has passed', async () => {
    const clock = new VirtualClock();
    const looks: number[] = [];
    let madeAt = 0;
    const observe = () => {
      if (madeAt > 0) looks.push(clock.now() - madeAt);
      return madeAt === 0 ? ABSENT : clock.now() - madeAt < 300_000 ? PENDING : REACHED;
    };
    const estimate = { p50: 300, p95: 900, basis: 'test' };
    const run = await runTiny([tinyStep('it', { limitMs: 600_000, estimate })], { it: { observe, act: () => void (madeAt = clock.now()) } }, { clock });
    expect(run.outcome).toBe('succeeded');
    const gaps = looks.slice(1).map((at, i) => ({ at: looks[i] ?? 0, ms: at - (looks[i] ?? 0) }));
    // A change that is over soon is seen soon.
    expect(gaps.filter(({ at, ms }) => at < 150_000 && ms > Math.max(LIMITS.pollMinMs, at / 4) + 1)).toEqual([]);
    expect(Math.max(...gaps.filter(({ at }) => at < 150_000).map(({ ms }) => ms))).toBe(LIMITS.pollEarlyMaxMs);
    expect(Math.max(...gaps.filter(({ at }) => at >= 150_000).map(({ ms }) => ms))).toBe(LIMITS.pollMaxMs);
  });

  it('uses verify for the end state where there is one', async () => {
    const verify = answers<Observation>(PENDING, PENDING, REACHED);
    let looks = 0;
    const run = await one({ observe: () => (looks += 1, ABSENT), act: () => undefined, verify });
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.acted', 'step.done']);
    expect(looks).toBe(1);
  });

  it('keeps the facts and calls of an act that was made before a crash', async () => {
    const store = new MemoryStore((record) => {
      if (record.type === 'step.done') throw new Error('crash');
    });
    await expect(one({ observe: answers(ABSENT, REACHED), act: (ctx) => ctx.record('change.it', 'C1') }, { store })).rejects.toThrow('crash');
    let seen: unknown;
    const run = await resumeTiny(store.records, { it: { observe: (ctx) => ((seen = ctx.fact('change.it')), REACHED) } });
    expect(run.outcome).toBe('succeeded');
    expect(seen).toBe('C1');
  });

  it('sees what it has recorded itself', async () => {
    const seen: unknown[] = [];
    await one({ observe: (ctx) => (seen.push(ctx.fact('x')), ctx.record('x', seen.length), seen.length < 3 ? PENDING : REACHED) });
    expect(seen).toEqual([undefined, 1, 2]);
  });
});

describe('an act that gives no clear answer', () => {
  it.each([['no answer', noAnswer], ['throttling', throttled]])('%s: is looked at again, and not repeated when it has happened', async (_name, error) => {
    const thing = new Thing();
    const act = () => {
      thing.acts += 1;
      thing.there = true;
      throw error();
    };
    const run = await one(thing.kind({ act }));
    expect(run.outcome).toBe('succeeded');
    expect(thing.acts).toBe(1);
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.unclear', 'step.done']);
    expect(run.state.steps.get('it')).toMatchObject({ already: false, attempts: 1 });
  });

  it('is made again after a look that still misses the state', async () => {
    const thing = new Thing();
    const act = () => {
      thing.acts += 1;
      if (thing.acts < 3) throw noAnswer();
      thing.there = true;
    };
    const run = await one(thing.kind({ act }));
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.unclear', 'step.intent', 'step.unclear', 'step.intent', 'step.acted', 'step.done']);
    expect(run.state.steps.get('it')?.attempts).toBe(3);
    // Between two acts there was a look.
    expect(thing.looks).toBeGreaterThanOrEqual(4);
  });

  it('that never ends is cut off, and counts as unclear', async () => {
    const run = await one({ observe: answers(ABSENT, REACHED), act: () => new Promise(() => undefined) });
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.unclear', 'step.done']);
    expect(run.records.find((r) => r.type === 'step.unclear')).toMatchObject({ error: { code: 'NO_ANSWER', message: `it: no answer within ${LIMITS.actMs} ms` } });
    expect(run.took).toBe(LIMITS.actMs + LIMITS.pollMaxMs * 0.6);
  });

  it('has a limited number of attempts; a resume has as many again', async () => {
    const thing = new Thing();
    const act = () => {
      thing.acts += 1;
      throw noAnswer();
    };
    const run = await one(thing.kind({ act }));
    expect(run.outcome).toBe('failed');
    expect(thing.acts).toBe(LIMITS.stepAttempts);
    expect(run.state.steps.get('it')?.error).toMatchObject({ code: 'ATTEMPTS_USED_UP', message: expect.stringMatching(`^it is missing \\(after ${LIMITS.stepAttempts} attempts; the last: rds.PromoteReadReplica .*\\)$`) as string });
    const again = await resumeTiny(run.records, { it: thing.kind({ act: () => ((thing.there = true), undefined) }) });
    expect(again.outcome).toBe('succeeded');
    expect(again.state.steps.get('it')?.attempts).toBe(LIMITS.stepAttempts + 1);
  });

  it('is asked for again for a quarter of an hour while AWS turns it away, and ends in AWS’s words', async () => {
    const thing = new Thing();
    const run = await one(thing.kind({ act: () => Promise.reject(throttled()) }), {}, 3_600_000);
    expect([run.outcome, run.took >= LIMITS.turnedAwayMs, run.took < LIMITS.turnedAwayMs + 2 * LIMITS.pollMaxMs]).toEqual(['failed', true, true]);
    expect(run.state.steps.get('it')?.error?.message).toMatch(/Throttling: Rate exceeded\)$/);
    const passing = await one({ observe: () => (thing.there ? REACHED : ABSENT), act: () => ((thing.acts += 1) < 40 ? Promise.reject(throttled()) : void (thing.there = true)) }, {}, 3_600_000);
    expect([passing.outcome, thing.acts]).toEqual(['succeeded', 40]);
  });

  it('that AWS clearly refuses changed nothing', async () => {
    const no = () => new AwsError({ ...PROMOTE, code: 'AccessDenied', message: 'not authorized', httpStatus: 403 });
    const refused = await one({ observe: () => ABSENT, act: () => Promise.reject(no()) });
    expect(refused.records.find((r) => r.type === 'step.failed')).toMatchObject({ unsent: true });
    expect(refused.state.steps.get('it')).not.toHaveProperty('intendedAt');
  });
});

describe('an act that was accepted', () => {
  it('and shows no sign of itself gets some time, then is looked at as if it had not been made', async () => {
    const clock = new VirtualClock();
    const acts: number[] = [];
    const run = await one({ observe: () => (acts.length < 2 ? ABSENT : REACHED), act: () => void acts.push(clock.now()) }, { clock });
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.acted', 'step.unclear', 'step.intent', 'step.acted', 'step.done']);
    const [first = 0, second = 0] = acts;
    expect(second - first).toBeGreaterThanOrEqual(LIMITS.settleMs);
    expect(second - first).toBeLessThan(LIMITS.settleMs + 3 * LIMITS.pollMaxMs);
    expect(run.records.find((r) => r.type === 'step.unclear')).toMatchObject({ error: { code: 'NO_SIGN', message: 'AWS accepted the request, and nothing shows of it: it is missing' } });
  });
});

describe('a step that cannot end well', () => {
  it('ends at its limit, with the last thing that was seen', async () => {
    const run = await one({ observe: () => ({ ...PENDING, because: 'shop-orders is modifying' }) }, {}, 90_000);
    expect(run.outcome).toBe('failed');
    expect(run.took).toBe(90_000);
    expect(run.state.steps.get('it')?.error?.code).toBe('STEP_TIMED_OUT');
    expect(run.state.steps.get('it')?.because).toBe('not reached within its limit of 90 s; shop-orders is modifying');
  });

  it('ends at its limit also when a look never answers', async () => {
    const run = await one({ observe: () => new Promise(() => undefined) }, {}, 45_000);
    expect(run.took).toBeGreaterThanOrEqual(45_000);
    expect(run.took).toBeLessThan(45_010);
    expect(run.state.steps.get('it')?.error?.code).toBe('STEP_TIMED_OUT');
  });

  it('ends at its limit also while it verifies', async () => {
    const run = await one({ observe: answers(ABSENT, PENDING), act: () => undefined }, {}, 60_000);
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.acted', 'step.failed']);
    expect(run.took).toBe(60_000);
  });

  it.each<[string, () => Error, object]>([
    ['a clear no of AWS', denied, { code: 'AccessDenied', message: 'rds.PromoteReadReplica in ap-northeast-1: AccessDenied: not you' }],
    ['an error with advice', () => new DrError({ code: 'GONE', exit: 'refused', title: 'It is gone.', next: ['make it'] }), { code: 'GONE', message: 'It is gone.', next: ['make it'] }],
    ['a defect', () => new TypeError('x is not a function'), { code: 'BUG', message: 'x is not a function' }],
  ])('%s in an act fails it at once', async (_name, error, expected) => {
    const thing = new Thing();
    const run = await one(thing.kind({ act: () => ((thing.acts += 1), Promise.reject(error())) }));
    expect(run.outcome).toBe('failed');
    expect(thing.acts).toBe(1);
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.failed']);
    expect(run.state.steps.get('it')?.error).toEqual(expected);
  });

  it.each<[string, () => Error, string]>([
    ['a clear no of AWS', denied, 'AccessDenied'],
    ['a defect', () => new TypeError('x is not a function'), 'BUG'],
  ])('%s in a look fails it at once', async (_name, error, code) => {
    const run = await one({ observe: () => Promise.reject(error()) });
    expect(stepTold(run)).toEqual(['step.started', 'step.failed']);
    expect(run.state.steps.get('it')?.error?.code).toBe(code);
  });

  it('a look that gets no answer is made again', async () => {
    let looks = 0;
    const run = await one({ observe: () => (++looks < 4 ? Promise.reject(throttled()) : REACHED) });
    expect(run.outcome).toBe('succeeded');
    expect(looks).toBe(4);
  });

  it('impossible ends it with what to do next', async () => {
    const run = await one({ observe: () => ({ state: 'impossible', because: 'no capacity', next: ['add types'] }) });
    expect(run.state.steps.get('it')).toMatchObject({ state: 'failed', because: 'no capacity', error: { code: 'IMPOSSIBLE', next: ['add types'] } });
  });

  it('a refusal of a gate ends the run as refused', async () => {
    const run = await one({ observe: () => ({ state: 'refused', refusal: REFUSAL }) });
    expect(run.outcome).toBe('refused');
    expect(run.state.steps.get('it')).toMatchObject({ state: 'refused', refusal: REFUSAL, because: 'this was seen' });
  });
});

describe('a check that is old by the time of the act', () => {
  /** Waits before it acts, so that the check of its start is too old by then. */
  const late = (checks: () => { state: 'ok'; because: string } | { state: 'refused'; refusal: typeof REFUSAL }, waitMs: number) => {
    const clock = new VirtualClock();
    const began = clock.now();
    const thing = new Thing();
    return { thing, run: () => one(thing.kind({ check: checks, observe: () => (thing.there ? REACHED : clock.now() - began < waitMs ? PENDING : ABSENT) }), { clock }) };
  };

  it('is made again, and may refuse: nothing is changed then', async () => {
    const { thing, run } = late(answers({ state: 'ok', because: '' }, { state: 'refused', refusal: REFUSAL }), LIMITS.checkAgeMs + 1000);
    const { outcome, state } = await run();
    expect(outcome).toBe('refused');
    expect(thing.acts).toBe(0);
    expect(state.steps.get('it')?.refusal).toEqual(REFUSAL);
  });

  it('is not made again while it is young', async () => {
    let checks = 0;
    const { thing, run } = late(() => ((checks += 1), { state: 'ok', because: '' }), LIMITS.checkAgeMs - 10_000);
    expect((await run()).outcome).toBe('succeeded');
    expect([checks, thing.acts]).toEqual([1, 1]);
  });
});

describe('a person who asks to stop', () => {
  it('before the start: nothing begins, and the journal says so', async () => {
    const thing = new Thing();
    const run = await one(thing.kind(), { drain: AbortSignal.abort(new Error('stop')) });
    expect(run.outcome).toBe('interrupted');
    expect([thing.looks, thing.acts]).toEqual([0, 0]);
    expect(run.told.at(-1)).toBe('run.interrupted');
  });

  it('in a look: that is cancelled', async () => {
    const stop = new AbortController();
    let cancelled = false;
    const observe = (ctx: { signal: AbortSignal }) =>
      new Promise<Observation>((_resolve, reject) => {
        ctx.signal.addEventListener('abort', () => {
          cancelled = true;
          reject(new Error('cancelled'));
        });
        stop.abort(new Error('stop'));
      });
    const run = await one({ observe }, { drain: stop.signal });
    expect(run.outcome).toBe('interrupted');
    expect(cancelled).toBe(true);
    expect(stepTold(run)).toEqual(['step.started']);
  });

  it('in a wait: that ends at once', async () => {
    const stop = new AbortController();
    const run = await one({ observe: answers(PENDING, PENDING) }, { drain: stop.signal, onRecord: (r) => r.type === 'step.started' && stop.abort(new Error('stop')) });
    expect(run.outcome).toBe('interrupted');
    expect(run.took).toBe(0);
  });

  it('in an act: that is let finish, and journaled', async () => {
    const stop = new AbortController();
    const thing = new Thing();
    const act = async (ctx: { signal: AbortSignal; effects: { clock: VirtualClock | { sleep(ms: number): Promise<void> } } }) => {
      stop.abort(new Error('stop'));
      await ctx.effects.clock.sleep(3000);
      expect(ctx.signal.aborted).toBe(false);
      thing.acts += 1;
      thing.there = true;
    };
    const run = await one(thing.kind({ act }), { drain: stop.signal });
    expect(run.outcome).toBe('interrupted');
    expect(thing.acts).toBe(1);
    expect(stepTold(run)).toEqual(['step.started', 'step.intent', 'step.acted']);
    const again = await resumeTiny(run.records, { it: thing.kind() });
    expect(again.outcome).toBe('succeeded');
    expect(thing.acts).toBe(1);
  });

  it('before an act that was decided on: it is not begun', async () => {
    const stop = new AbortController();
    const thing = new Thing();
    const observe = () => {
      stop.abort(new Error('stop'));
      return ABSENT;
    };
    const run = await one(thing.kind({ observe }), { drain: stop.signal });
    expect(run.outcome).toBe('interrupted');
    expect(thing.acts).toBe(0);
  });

  it('says once that it gets no answer, and again after one that it got', async () => {
    let looks = 0;
    const flaky: Fake = { observe: () => ((looks += 1) % 20 === 0 ? (looks > 50 ? REACHED : PENDING) : Promise.reject(noAnswer())) };
    const run = await runTiny([tinyStep('it', { limitMs: 3_600_000 })], { it: flaky });
    expect(run.outcome).toBe('succeeded');
    const told = run.records.flatMap((r) => (r.type === 'step.silent' ? [r.because] : []));
    // Looks come fast at first: the first silence is over before it is worth a word.
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/^no answer for 1\d s, still asking: .*NoAnswer/);
    const short: Fake = { observe: () => ((looks += 1) % 3 === 0 ? REACHED : Promise.reject(noAnswer())) };
    expect((await runTiny([tinyStep('it')], { it: short })).told).not.toContain('step.silent it');
  });

  it('whose act has to wait for something else at AWS tries again for as long as its limit allows', async () => {
    const thing = new Thing();
    const run = await one(thing.kind({ act: () => ((thing.acts += 1), thing.acts <= 2 * LIMITS.stepAttempts ? Promise.reject(new AwsError({ ...PROMOTE, code: 'ScalingActivityInProgress', message: 'wait', httpStatus: 400 })) : void (thing.there = true)) }));
    expect(run.outcome).toBe('succeeded');
    expect(thing.acts).toBe(2 * LIMITS.stepAttempts + 1);
  });

  it.each(['ExpiredToken', 'AccessDenied'])('that has changed something waits a while where AWS refuses its look with %s', async (code) => {
    const refusedLook = () => Promise.reject(new AwsError({ ...PROMOTE, operation: 'DescribeDBInstances', code, message: 'no', httpStatus: 403 }));
    let looks = 0;
    const thing = new Thing();
    const run = await one(thing.kind({ verify: () => ((looks += 1) < 5 ? refusedLook() : REACHED) }));
    expect(run.outcome).toBe('succeeded');
    const never = await one(new Thing().kind({ verify: refusedLook }), {}, 4 * LIMITS.deniedMs);
    expect(never.state.steps.get('it')).toMatchObject({ state: 'failed', error: { code } });
    expect(never.took).toBeGreaterThan(LIMITS.deniedMs);
    expect(never.took).toBeLessThan(LIMITS.deniedMs + 60_000);
    expect(JSON.stringify(never.records)).toContain('log in again');
  });

  it('waits no longer than a while for what gives no answer at all, a switchover before its line much shorter', async () => {
    const silent: Fake = { observe: () => Promise.reject(noAnswer()) };
    const steps = [tinyStep('it', { limitMs: 6 * 3_600_000 })];
    const planned = await runTiny(steps, { it: silent }, { plan: { verb: 'switchover' } });
    expect(planned.state.steps.get('it')).toMatchObject({ state: 'failed', error: { code: 'NO_ANSWER' } });
    expect(planned.took).toBeLessThan(LIMITS.silenceMs + 60_000);
    const failover = await runTiny(steps, { it: silent });
    expect(failover.state.steps.get('it')).toMatchObject({ state: 'failed', error: { code: 'NO_ANSWER' } });
    expect(failover.took).toBeGreaterThan(LIMITS.silenceMaxMs);
    expect(failover.took).toBeLessThan(LIMITS.silenceMaxMs + 60_000);
    const short = await runTiny([tinyStep('it', { limitMs: 60_000 })], { it: silent });
    expect(short.state.steps.get('it')).toMatchObject({ state: 'failed', error: { code: 'STEP_TIMED_OUT' } });
    // Anyone who answers is waited for.
    const slow = await runTiny(steps, { it: { observe: () => PENDING } }, { plan: { verb: 'switchover' } });
    expect(slow.took).toBeGreaterThan(5 * 3_600_000);
  });
});
