import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { watchOver } from '../../src/engine/guards.ts';
import type { Run } from '../../src/engine/run.ts';
import type { StepEnd } from '../../src/engine/step-parts.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { PlanStep } from '../../src/model/step.ts';
import { planProblems } from '../../src/plan/graph.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { planStep } from '../journal/fixture.ts';
import { ABSENT, type Fake, PENDING, REACHED, resumeTiny, runTiny } from './tiny.ts';

/** The clock of a machine that may stand still: time has passed when it continues, and nobody was woken. */
class StandingClock extends VirtualClock {
  #stoodMs = 0;
  override now(): number {
    return super.now() + this.#stoodMs;
  }

  stand(ms: number): void {
    this.#stoodMs += ms;
  }
}

describe('guards in the engine', () => {
  const steps = [planStep('line', { kind: 'line', phase: 'data', reversibility: 'point-of-no-return' }), planStep('late', { kind: 'late', phase: 'verify', after: ['line'] }), planStep('guard', { kind: 'guard', phase: 'fence', beside: ['line'], optional: true, limitMs: 86_400_000 })];
  const slow = () => {
    let looks = 0;
    return { observe: () => (looks++ < 40 ? PENDING : REACHED) };
  };

  it('begin when the step they stand beside was asked for, not before', async () => {
    let there = false;
    const run = await runTiny(steps, { line: { observe: () => (there ? REACHED : ABSENT), act: () => void (there = true) }, late: slow(), guard: { observe: () => PENDING } });
    expect(run.outcome).toBe('succeeded');
    expect(run.told.indexOf('step.started guard')).toBeGreaterThan(run.told.indexOf('step.acted line'));
    expect(run.told.slice(-2)).toEqual(['step.unmet guard', 'run.finished']);
  });

  it('look once more, where a resume begins them after everything else has ended', async () => {
    const stop = new AbortController();
    let made = false;
    let fenced = false;
    const kinds = { line: { observe: () => (made ? REACHED : ABSENT), act: () => void (made = true) }, late: { holds: () => REACHED }, guard: { observe: () => (fenced ? REACHED : PENDING) } };
    const first = await runTiny(steps, kinds, { drain: stop.signal, onRecord: (record) => record.type === 'step.done' && record.step === 'late' && stop.abort() });
    expect(first.outcome).toBe('interrupted');
    fenced = true;
    const { state } = await resumeTiny(first.records, kinds);
    expect(state.steps.get('guard')).toMatchObject({ state: 'done', because: 'it is there' });
  });

  it('never begin where it was never asked for', async () => {
    const run = await runTiny(steps, { line: { observe: () => ({ state: 'impossible', because: 'broken' }) }, late: {}, guard: { observe: () => PENDING } });
    expect(run.outcome).toBe('failed');
    expect(run.told).not.toContain('step.started guard');
  });

  it('begin while what was intended is seen to be under way, although the process died before it could say that it asked', async () => {
    let asked = false;
    let looks = 0;
    const store = new MemoryStore((record) => {
      if (record.type === 'step.acted') throw new Error('the machine dies');
    });
    const line: Fake = { observe: () => (!asked ? ABSENT : (looks += 1) < 40 ? PENDING : REACHED), act: () => void (asked = true) };
    const kinds = { line, late: {}, guard: { observe: () => PENDING } };
    await expect(runTiny(steps, kinds, { store })).rejects.toThrow('the machine dies');
    const { told } = await resumeTiny(store.records, kinds);
    expect(told.indexOf('step.started guard')).toBeGreaterThan(0);
    expect(told.indexOf('step.started guard')).toBeLessThan(told.indexOf('step.done line'));
  });

  it('that have failed keep a run from success, though all else is done', async () => {
    let there = false;
    const unsafe: Fake = { observe: () => ({ ...PENDING, unsafe: true }) };
    const run = await runTiny(steps, { line: { observe: () => (there ? REACHED : ABSENT), act: () => void (there = true) }, late: {}, guard: unsafe });
    expect([run.outcome, run.state.steps.get('guard')?.error?.code, run.state.steps.get('late')?.state]).toEqual(['failed', 'STILL_OPEN', 'done']);
  });

  it.each([
    ['looks once more where this machine stood still since its last look', LIMITS.guardFreshMs + 1, true],
    ['ends at once on a look that is young', LIMITS.guardFreshMs - LIMITS.pollMaxMs, false],
  ])('one %s, when everything else has ended', async (_, stoodMs, again) => {
    const clock = new StandingClock();
    let there = false;
    const looks: number[] = [];
    const late: Fake = { observe: () => (clock.now() - began < 30_000 ? PENDING : (clock.stand(stoodMs), REACHED)) };
    const guard: Fake = { observe: () => (looks.push(clock.now()), PENDING) };
    const began = clock.now();
    const { records } = await runTiny(steps, { line: { observe: () => (there ? REACHED : ABSENT), act: () => void (there = true) }, late, guard }, { clock });
    const at = (type: string, step: string) => records.find((record) => record.type === type && 'step' in record && record.step === step)?.at ?? 0;
    expect(looks.filter((look) => look >= at('step.done', 'late'))).toHaveLength(again ? 1 : 0);
    expect(records.filter(({ type }) => type === 'step.unmet')).toHaveLength(1);
  });

  it('refuse a plan in which a step waits for one', () => {
    const [line, late, guard] = steps as [(typeof steps)[0], (typeof steps)[0], (typeof steps)[0]];
    expect(planProblems([line, late, guard])).toEqual([]);
    expect(planProblems([line, guard, { ...late, after: ['guard'] }])).toEqual(['late waits for guard, which does not come before it']);
    expect(planProblems([guard, line, late])).toEqual(['guard waits for line, which does not come before it']);
  });
});

describe('guards, each for itself', () => {
  const guarding = (id: string, ...beside: string[]) => planStep(id, { beside });
  const IDLE = { state: 'observing' };
  /** Guards over steps of this state, which may change; `start` of each ends as the test says. */
  function watch(steps: Record<string, object>, guards: readonly PlanStep[], drain = new AbortController()) {
    const state = new Map(Object.entries(steps));
    const clock = new VirtualClock();
    const listeners: (() => void)[] = [];
    const started: string[] = [];
    const ends: { over: AbortSignal; end: () => void; fail: (error: Error) => void }[] = [];
    const run = { effects: { clock }, drain: drain.signal, journal: { state: { steps: state }, follow: (listen: () => void) => listeners.push(listen) } } as unknown as Run;
    const watched = watchOver(run, guards, (guard, over) => {
      started.push(guard.id);
      const { promise, resolve, reject } = Promise.withResolvers<StepEnd>();
      ends.push({ over, end: () => resolve('unmet'), fail: reject });
      return promise;
    });
    const put = (id: string, now: object): void => {
      state.set(id, now);
      for (const listen of listeners) listen();
    };
    return { ...watched, clock, put, started, ends, drain };
  }

  it('begin at the record that says a step of theirs was asked for or is done, once, and no other does', () => {
    const run = watch({ a: IDLE, b: IDLE, c: IDLE }, [guarding('of-a', 'a'), guarding('of-b-and-c', 'b', 'c'), planStep('no guard')]);
    expect(run.started).toEqual([]);
    run.put('a', { state: 'acting' });
    expect(run.started).toEqual([]);
    run.put('c', { state: 'done' });
    expect(run.started).toEqual(['of-b-and-c']);
    run.put('a', { state: 'verifying', requestedAt: 0 });
    run.put('b', { state: 'done' });
    expect(run.started).toEqual(['of-b-and-c', 'of-a']);
  });

  it('begin at once where that was so before a resume', () => {
    expect(watch({ a: { state: 'observing', requestedAt: 5 } }, [guarding('g', 'a')]).started).toEqual(['g']);
    expect(watch({ a: { state: 'done' } }, [guarding('g', 'a')]).started).toEqual(['g']);
    expect(watch({}, [guarding('g', 'a')]).started).toEqual([]);
  });

  it('begin where what was intended is seen to be under way', () => {
    const run = watch({ a: IDLE, b: IDLE }, [guarding('g', 'a')]);
    run.underWay('b');
    expect(run.started).toEqual([]);
    run.underWay('a');
    expect(run.started).toEqual(['g']);
  });

  it('do not begin in a run that is to stop, nor after everything else has ended', async () => {
    const run = watch({ a: IDLE }, [guarding('g', 'a')]);
    run.drain.abort();
    run.put('a', { state: 'done' });
    expect(run.started).toEqual([]);
    const over = watch({ a: IDLE }, [guarding('g', 'a')]);
    await over.end();
    over.put('a', { state: 'done' });
    expect(over.started).toEqual([]);
  });

  it('hear that everything else has ended, and are waited for', async () => {
    const run = watch({ a: { state: 'done' } }, [guarding('g', 'a')]);
    let ended = false;
    expect(run.ends[0]?.over.aborted).toBe(false);
    const end = run.end().then(() => (ended = true));
    expect(run.ends[0]?.over.reason).toEqual(new Error('everything else has ended'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    run.ends[0]?.end();
    await end;
  });

  it('hand on what they threw, when everything else has ended', async () => {
    const run = watch({ a: { state: 'done' } }, [guarding('g', 'a')]);
    run.ends[0]?.fail(new Error('the journal is full'));
    await new Promise((resolve) => setImmediate(resolve));
    await expect(run.end()).rejects.toThrow('the journal is full');
  });

  it.each([
    ['its last look is as old as it may be', { state: 'unmet' }, LIMITS.guardFreshMs, 1],
    ['this machine stood still since', { state: 'unmet' }, LIMITS.guardFreshMs + 1, 2],
    ['it has ended another way', { state: 'done' }, LIMITS.guardFreshMs + 1, 1],
  ])('are begun again only where they ended unmet and long ago: %s', async (_, ended, ago, times) => {
    const run = watch({ a: { state: 'done' } }, [guarding('g', 'a')]);
    run.put('g', { ...ended, endedAt: run.clock.now() - ago });
    run.ends[0]?.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(run.started).toHaveLength(times);
  });

  it('are not begun again in a run that is to stop', async () => {
    const run = watch({ a: { state: 'done' } }, [guarding('g', 'a')]);
    run.put('g', { state: 'unmet', endedAt: 0 });
    run.drain.abort();
    run.ends[0]?.end();
    await run.end();
    expect(run.started).toEqual(['g']);
  });
});
