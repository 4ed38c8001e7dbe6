import { describe, expect, it } from 'vitest';
import type { HttpSample } from '../../src/effects/effects.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { Verdict } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { ABSENT, PENDING, REACHED, REFUSAL, resumeTiny, runTiny, Thing, tinyStep } from './tiny.ts';

const OK: Verdict = { state: 'ok', because: 'fine' };
const REFUSED: Verdict = { state: 'refused', refusal: REFUSAL };
const PROBE = { name: 'home-page', http: 'http://shop.example.com/healthz', status: 200, everyMs: 1000, holdMs: 5000 };

describe('the checks of a plan', () => {
  it('are all made before the first step starts, side by side', async () => {
    const clock = new VirtualClock();
    let now = 0;
    let most = 0;
    const check = async (): Promise<Verdict> => {
      most = Math.max(most, ++now);
      await clock.sleep(1000);
      now -= 1;
      return OK;
    };
    const thing = new Thing();
    const run = await runTiny([tinyStep('a', { kind: 'x' }), ...Array.from({ length: 20 }, (_, i) => tinyStep(`s${i}`, { kind: 'x' }))], { x: thing.kind({ check }) }, { clock });
    expect(most).toBe(LIMITS.checksInParallel);
    expect(run.told.lastIndexOf('check.passed s19')).toBeLessThan(run.told.indexOf('checks.green'));
    expect(run.told.indexOf('checks.green')).toBeLessThan(run.told.findIndex((t) => t.startsWith('step.started')));
    expect(run.took).toBe(2000);
  });

  it.each<[string, () => Verdict | Promise<Verdict>, object]>([
    ['refused', () => REFUSED, { type: 'check.refused', refusal: REFUSAL }],
    ['failed', () => Promise.reject(new Error('cannot look')), { type: 'check.failed', error: { code: 'BUG', message: 'cannot look' } }],
    ['without an answer', () => new Promise(() => undefined), { type: 'check.failed', error: { code: 'NO_ANSWER', message: `check of bad: no answer within ${LIMITS.checkMs} ms` } }],
  ])('one that is %s: nothing is started, every other check is still made', async (_name, check, expected) => {
    const thing = new Thing();
    const run = await runTiny([tinyStep('bad'), tinyStep('good')], { bad: thing.kind({ check }), good: thing.kind() });
    expect(run.outcome).toBe('refused');
    expect(run.told).toContain('check.passed good');
    expect(run.told.some((t) => t.startsWith('step.'))).toBe(false);
    expect(run.told).not.toContain('checks.green');
    expect(run.told.at(-1)).toBe('run.finished');
    expect([thing.looks, thing.acts]).toEqual([0, 0]);
    expect(run.records.find((r) => 'step' in r && r.step === 'bad')).toMatchObject(expected);
  });

  it('of an optional step stop nothing', async () => {
    for (const check of [() => REFUSED, () => Promise.reject(new Error('x'))]) {
      const run = await runTiny([tinyStep('tell', { optional: true })], { tell: { check } });
      expect(run.outcome).toBe('succeeded');
    }
  });

  it('keep their warnings', async () => {
    const run = await runTiny([tinyStep('a')], { a: { check: () => ({ ...OK, warnings: [{ rule: 'record-ttl', observed: 'the TTL is long', wanted: 'a short one', mend: 'shorten it' }] }) } });
    expect(run.state.steps.get('a')).toMatchObject({ check: 'passed', warnings: ['the TTL is long'] });
  });

  it('may neither wait nor leave anything behind', async () => {
    const run = await runTiny([tinyStep('a')], { a: { check: async (ctx) => (ctx.record('x', 1), await ctx.wait('aws', 5), OK) } });
    expect(run.state.steps.get('a')?.error).toEqual({ code: 'BUG', message: 'a look does not wait' });
    expect(run.state.facts.size).toBe(0);
  });

  it('say for whom they waited', async () => {
    const run = await runTiny([tinyStep('a')], { a: { check: async (ctx) => (await ctx.effects.http.request({ url: 'http://x', timeoutMs: 9 }), OK) } });
    expect(run.records.find((r) => r.type === 'check.passed')).toMatchObject({ waits: [{ cause: 'users' }] });
  });

  it('that a stop cuts short leave an interrupted run, not a refused one', async () => {
    const stop = new AbortController();
    const check = () => new Promise<Verdict>(() => stop.abort(new Error('stop')));
    const run = await runTiny([tinyStep('a')], { a: { check } }, { drain: stop.signal });
    expect(run.outcome).toBe('interrupted');
    expect(run.told).toEqual(['run.started', 'run.interrupted']);
  });
});

describe('a run', () => {
  it('refuses a plan that crosses the line without a gate, before anything', async () => {
    const steps = [tinyStep('gate', { gate: true, phase: 'assess' }), tinyStep('promote', { phase: 'data', reversibility: 'point-of-no-return' })];
    const store = new MemoryStore();
    await expect(runTiny(steps, { gate: {}, promote: {} }, { store })).rejects.toThrow('the plan is not sound: promote crosses the line without waiting for gate');
    expect(store.records.map((r) => r.type)).toEqual(['run.started']);
  });

  it('refuses a plan whose step this version does not know, before anything', async () => {
    await expect(runTiny([tinyStep('a')], {})).rejects.toThrow('no kind a');
  });

  it('ends as failed, and says where; what was beside it is let end', async () => {
    const clock = new VirtualClock();
    const begun = clock.now();
    const thing = new Thing();
    const run = await runTiny(
      [tinyStep('bad'), tinyStep('slow'), tinyStep('behind', { after: ['bad'] })],
      { bad: { observe: () => ({ state: 'impossible', because: 'gone' }) }, slow: { observe: () => (clock.now() - begun < 9000 ? PENDING : REACHED) }, behind: thing.kind() },
      { clock },
    );
    expect(run.outcome).toBe('failed');
    expect(run.state.steps.get('slow')?.state).toBe('done');
    expect(run.state.steps.get('behind')?.state).toBe('waiting');
    expect(thing.looks).toBe(0);
    expect(run.told.at(-1)).toBe('run.finished');
  });

  it('an optional step that fails does not fail it', async () => {
    const run = await runTiny([tinyStep('tell', { optional: true }), tinyStep('b', { after: ['tell'] })], { tell: { observe: () => Promise.reject(new Error('no')) }, b: {} });
    expect(run.outcome).toBe('succeeded');
    expect(run.state.steps.get('tell')).toMatchObject({ state: 'failed', error: { code: 'BUG' } });
  });

  it('does not run again what is done, when it is resumed; checks only what is left', async () => {
    const a = new Thing();
    const b = new Thing();
    const steps = [tinyStep('a'), tinyStep('b', { after: ['a'] })];
    let checks: string[] = [];
    const check = (name: string) => () => (checks.push(name), OK);
    const first = await runTiny(steps, { a: a.kind({ check: check('a') }), b: b.kind({ check: check('b'), act: () => Promise.reject(new Error('no')) }) });
    expect(first.outcome).toBe('failed');
    expect(checks).toEqual(['a', 'b']);
    checks = [];
    const second = await resumeTiny(first.records, { a: a.kind({ check: check('a') }), b: b.kind({ check: check('b') }) });
    expect(second.outcome).toBe('succeeded');
    expect(checks).toEqual(['b']);
    expect([a.acts, b.acts]).toEqual([1, 1]);
    expect(second.state).toMatchObject({ outcome: 'succeeded', term: 2 });
  });

  it('that pauses for a person is interrupted, says for which step, and continues a resume', async () => {
    const steps = [tinyStep('ask'), tinyStep('behind', { after: ['ask'] }), tinyStep('beside')];
    const first = await runTiny(steps, { ask: { observe: () => ({ state: 'paused', because: 'somebody must press the button' }) }, behind: {}, beside: {} });
    expect(first.outcome).toBe('interrupted');
    expect(first.records.at(-1)).toMatchObject({ type: 'run.interrupted', signal: 'a person is needed for ask' });
    expect(first.state.steps.get('ask')).toMatchObject({ state: 'paused', because: 'somebody must press the button' });
    expect([first.state.steps.get('behind')?.state, first.state.steps.get('beside')?.state]).toEqual(['waiting', 'done']);
    const second = await resumeTiny(first.records, { ask: {}, behind: {}, beside: {} });
    expect(second.outcome).toBe('succeeded');
  });

  it('tells a step who runs what, and what was accepted', async () => {
    let seen: object = {};
    await runTiny([tinyStep('a')], { a: { observe: ({ effects: _e, signal: _s, ...rest }) => ((seen = rest), REACHED) } });
    expect(seen).toMatchObject({ runbook: 'shop', source: 'ap-northeast-2', target: 'ap-northeast-1', operator: 'arn:aws:iam::111122223333:user/kim', acceptances: { approvedBy: [] }, attempt: 0 });
  });

  it('of two thousand steps gets to its end', async () => {
    const steps = Array.from({ length: 2_000 }, (_, i) => tinyStep(`s${i}`, { kind: 'x', after: i < 100 ? [] : [`s${i - 100}`] }));
    const run = await runTiny(steps, { x: {} });
    expect(run.outcome).toBe('succeeded');
    expect(run.records).toHaveLength(2_000 * 3 + 3);
  });
});

describe('probes', () => {
  const answer = (status: number): HttpSample => ({ status, body: '', address: '127.0.0.2', ms: 1, ...(status === 0 ? { error: 'ECONNREFUSED' } : {}) });

  /** A run of `ms`, with the status that a probe sees at each time. */
  async function sampled(ms: number, statusAt: (at: number) => number, impactAt?: number) {
    const clock = new VirtualClock();
    const began = clock.now();
    const impacts: (number | undefined)[] = [];
    const http = { request: async () => {
      const status = statusAt(clock.now() - began);
      await clock.sleep(status === 0 ? 200 : 10);
      return answer(status);
    } };
    const run = await runTiny(
      [tinyStep('a', { limitMs: ms * 2 })],
      { a: { observe: (ctx) => (impacts.push(ctx.impactAt()), clock.now() - began < ms ? PENDING : REACHED) } },
      { clock, effects: { http }, plan: { probes: [PROBE] } },
    );
    const since = (at: number | undefined) => (at === undefined ? undefined : at - began);
    const probe = run.state.probes.get('home-page');
    return { run, probe, began, changes: probe?.changes.map((c) => [c.at - began, c.up]), impact: since(impacts.at(-1)), impactAt };
  }

  it('journal each change, and how much was sampled', async () => {
    const { probe, changes, run } = await sampled(30_000, (at) => (at < 5_000 ? 200 : at < 15_000 ? 0 : 200));
    // A good answer counts from when it came, a bad one from when it was asked for.
    expect(changes).toEqual([[10, true], [5_000, false], [15_010, true]]);
    expect(probe?.changes[1]).toMatchObject({ status: 0, error: 'no answer from 127.0.0.2: ECONNREFUSED' });
    expect(probe).toMatchObject({ failed: 10 });
    expect(probe?.samples).toBeGreaterThanOrEqual(30);
    expect(run.told.filter((t) => t === 'probe.summary')).toHaveLength(1);
    expect(run.told.indexOf('probe.summary')).toBe(run.told.length - 2);
  });

  it('tell the steps of the first failed sample of the outage that is going on', async () => {
    expect((await sampled(20_000, (at) => (at < 5_000 ? 200 : 503))).impact).toBe(5_000);
    // Good again where it failed: that outage was over.
    expect((await sampled(20_000, (at) => (at < 5_000 ? 200 : at < 8_000 ? 503 : at < 12_000 ? 200 : 0))).impact).toBe(12_000);
    expect((await sampled(5_000, () => 200)).impact).toBeUndefined();
  });

  it('are judged by status and by body', async () => {
    const clock = new VirtualClock();
    const bodies = ['ok', 'maintenance'];
    const http = { request: () => clock.sleep(1).then(() => ({ ...answer(200), body: bodies.shift() ?? 'maintenance' })) };
    const run = await runTiny([tinyStep('a')], { a: { observe: () => (bodies.length > 0 ? PENDING : REACHED) } }, { clock, effects: { http }, plan: { probes: [{ ...PROBE, body: 'ok' }] } });
    expect(run.state.probes.get('home-page')?.changes.map((c) => c.up)).toEqual([true, false]);
  });

  it('are asked once more after a run that succeeded, and not after another', async () => {
    const good = await sampled(5_500, (at) => (at < 5_100 ? 503 : 200));
    expect(good.changes?.map(([, up]) => up)).toEqual([false, true]);
    expect(good.changes?.at(-1)?.[0]).toBeGreaterThanOrEqual(5_500);
    expect(good.run.told.slice(-3)).toEqual(['probe.changed', 'probe.summary', 'run.finished']);
    const clock = new VirtualClock();
    let asked = 0;
    const http = { request: () => clock.sleep(10).then(() => answer((asked += 1) === 1 ? 503 : 200)) };
    const observe = () => clock.sleep(100).then(() => ({ state: 'impossible', because: 'no' }) as const);
    const run = await runTiny([tinyStep('a')], { a: { observe } }, { clock, effects: { http }, plan: { probes: [PROBE] } });
    expect({ outcome: run.outcome, asked }).toEqual({ outcome: 'failed', asked: 1 });
  });

  it('that a resume begins again add to what was counted, and keep the first impact', async () => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    const began = clock.now();
    const http = { request: () => clock.sleep(10).then(() => answer(503)) };
    const effects = { http };
    const wait = { observe: () => (clock.now() - began > 3_000 && stop.abort(new Error('stop')), PENDING) };
    const first = await runTiny([tinyStep('a')], { a: wait }, { clock, effects, drain: stop.signal, plan: { probes: [PROBE] } });
    expect(first.outcome).toBe('interrupted');
    const before = first.state.probes.get('home-page')?.samples ?? 0;
    expect(before).toBeGreaterThan(2);
    let impact: number | undefined;
    const second = await resumeTiny(first.records, { a: { observe: (ctx) => ((impact = ctx.impactAt()), clock.now() - began > 9_000 ? REACHED : PENDING) } }, { clock, effects });
    expect(impact).toBe(began);
    expect(second.state.probes.get('home-page')?.samples).toBeGreaterThan(before + 2);
  });

  it('that hang do not hold up the end', async () => {
    const clock = new VirtualClock();
    const http = { request: (request: { signal?: AbortSignal | undefined }) => new Promise<HttpSample>((resolve) => request.signal?.addEventListener('abort', () => resolve(answer(0)))) };
    const run = await runTiny([tinyStep('a')], { a: {} }, { clock, effects: { http }, plan: { probes: [PROBE] } });
    expect(run.outcome).toBe('succeeded');
    expect(run.told).not.toContain('probe.summary');
  });

  it('a journal that cannot take their records ends the run', async () => {
    const store = new MemoryStore((record) => {
      if (record.type === 'probe.changed') throw new Error('disk full');
    });
    const thing = new Thing();
    const clock = new VirtualClock();
    const began = clock.now();
    const observe = () => (clock.now() - began < 5_000 ? PENDING : ABSENT);
    await expect(runTiny([tinyStep('a')], { a: thing.kind({ observe }) }, { clock, store, plan: { probes: [PROBE] } })).rejects.toThrow('disk full');
    expect(thing.acts).toBe(0);
  });
});
