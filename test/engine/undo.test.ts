import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { leadBack } from '../../src/engine/undo.ts';
import { loadRun } from '../../src/engine/run.ts';
import type { RunEvent } from '../../src/journal/events.ts';
import { Journal } from '../../src/journal/journal.ts';
import { superseded } from '../../src/journal/lease.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { PlanStep } from '../../src/model/step.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { chained, planWith, RUN, started } from '../journal/fixture.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, resumeTiny, runTiny, Thing, tinyParts, tinyStep } from './tiny.ts';

const SWITCHOVER = { plan: { verb: 'switchover' } } as const;
const refusing: Fake = { observe: () => ({ state: 'refused', refusal: REFUSAL }) };

/** Things that can be taken back, and the order in which they were. */
function world(names: readonly string[]) {
  const undone: string[] = [];
  const things = new Map(names.map((name) => [name, new Thing()]));
  const kinds: Record<string, Fake> = {};
  for (const [name, thing] of things) {
    kinds[name] = thing.kind({
      undo: () => {
        undone.push(name);
        thing.there = false;
      },
    });
  }
  return { kinds, undone, there: () => [...things].filter(([, thing]) => thing.there).map(([name]) => name) };
}

const compensable = { reversibility: 'compensable' } as const;
const line = tinyStep('line', { reversibility: 'point-of-no-return', after: ['gate'], phase: 'data' });

describe('the way back', () => {
  it('undoes what acted, newest first, when a switchover is refused before the line', async () => {
    const { kinds, undone, there } = world(['a', 'b', 'c']);
    const steps = [tinyStep('a', compensable), tinyStep('b', { ...compensable, after: ['a'] }), tinyStep('c', { ...compensable, after: ['b'] }), tinyStep('gate', { gate: true, after: ['c'], phase: 'data' }), line];
    const { outcome, told, state } = await runTiny(steps, { ...kinds, gate: refusing, line: new Thing().kind() }, SWITCHOVER);
    expect(outcome).toBe('aborted');
    expect([undone, there()]).toEqual([['c', 'b', 'a'], []]);
    expect(told.slice(-8)).toEqual(['undo.started', 'undo.intent c', 'undo.done c', 'undo.intent b', 'undo.done b', 'undo.intent a', 'undo.done a', 'run.finished']);
    expect(state.steps.get('a')?.state).toBe('undone');
    expect(state.steps.get('gate')?.state).toBe('refused');
  });

  it('leaves alone what was there before, and what a failover has done', async () => {
    const { kinds, undone, there } = world(['a', 'b']);
    const steps = [tinyStep('a', compensable), tinyStep('b', { ...compensable, after: ['a'] }), tinyStep('gate', { gate: true, after: ['b'] })];
    await runTiny(steps, { ...kinds, a: { undo: () => void undone.push('a') }, gate: refusing }, SWITCHOVER);
    expect(undone).toEqual(['b']);
    const failover = world(['a', 'b']);
    const { outcome } = await runTiny(steps, { ...failover.kinds, gate: refusing });
    expect([outcome, failover.undone, failover.there()]).toEqual(['refused', [], ['a', 'b']]);
    expect(there()).toEqual([]);
  });

  it('is not taken where the line was crossed by somebody whose records never came here', async () => {
    const { kinds, undone, there } = world(['a']);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), line];
    const { outcome, state } = await runTiny(steps, { ...kinds, gate: refusing, line: {} }, SWITCHOVER);
    expect([outcome, undone, there()]).toEqual(['failed', [], ['a']]);
    expect(state.steps.get('line')?.notUndone).toMatchObject({ code: 'LINE_CROSSED' });
  });

  it('is not taken where somebody has made the data that is to go over the line, and may be about to open it', async () => {
    const backWith = async (phase: 'data' | 'compute') => {
      const { kinds, undone } = world(['a']);
      const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), tinyStep('copy', { ...compensable, after: ['gate'], phase }), { ...line, after: ['copy', 'gate'] }];
      const { outcome, state } = await runTiny(steps, { ...kinds, gate: refusing, copy: { observe: () => ABSENT, act: () => undefined, made: () => true }, line: { observe: () => ABSENT } }, SWITCHOVER);
      return [outcome, undone, state.steps.get('copy')?.notUndone?.code];
    };
    expect(await backWith('data')).toEqual(['failed', [], 'LINE_CROSSED']);
    // Instances that are there hold no data.
    expect(await backWith('compute')).toEqual(['failed', ['a'], 'NOT_OURS']);
  });

  it('is not taken either while the line is being crossed', async () => {
    const { kinds, undone, there } = world(['a']);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), line];
    const { outcome, state } = await runTiny(steps, { ...kinds, gate: refusing, line: { observe: () => PENDING } }, SWITCHOVER);
    expect([outcome, undone, there()]).toEqual(['failed', [], ['a']]);
    expect(state.steps.get('line')?.notUndone).toMatchObject({ code: 'LINE_CROSSED' });
  });

  it('leaves what somebody else has done, says so, and is not called aborted then', async () => {
    const { kinds, undone } = world(['a', 'b']);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), tinyStep('b', { ...compensable, after: ['gate'] }), line];
    const { outcome, state } = await runTiny(steps, { ...kinds, gate: refusing, b: { ...kinds.b, made: () => true }, line: new Thing().kind() }, SWITCHOVER);
    expect([outcome, undone]).toEqual(['failed', ['a']]);
    expect(state.steps.get('b')?.notUndone).toMatchObject({ code: 'NOT_OURS', message: expect.stringContaining('this journal does not say by whom, so that it is left as it is') as string });
    // Of what this run has made, or has found made, it is known by whom.
    const own = world(['a', 'b']);
    const known = await runTiny(steps, { ...own.kinds, gate: refusing, a: { ...own.kinds.a, made: () => true }, b: { ...own.kinds.b, made: () => false }, line: new Thing().kind() }, SWITCHOVER);
    expect([known.outcome, own.undone]).toEqual(['aborted', ['a']]);
    const found = await runTiny(steps, { ...world(['b']).kinds, a: { made: () => true }, gate: refusing, line: new Thing().kind() }, SWITCHOVER);
    expect(found.outcome).toBe('refused');
  });

  it('asks a step of no return whether it is made, where it can say so, or for its end state; never whether that holds', async () => {
    for (const [fake, made] of [[{ made: () => true }, true], [{ made: () => false, observe: () => PENDING }, false], [{ holds: () => REACHED, observe: () => ABSENT }, false], [{ holds: () => ABSENT, observe: () => PENDING }, true]] as [Fake, boolean][]) {
      const { kinds } = world(['a']);
      const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), line];
      const { outcome } = await runTiny(steps, { ...kinds, gate: refusing, line: fake }, SWITCHOVER);
      expect(outcome).toBe(made ? 'failed' : 'aborted');
    }
  });

  it('is taken where the line cannot be looked at', async () => {
    const { kinds, undone } = world(['a']);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), line];
    const { outcome } = await runTiny(steps, { ...kinds, gate: refusing, line: { observe: () => Promise.reject(new Error('no answer')) } }, SWITCHOVER);
    expect([outcome, undone]).toEqual(['aborted', ['a']]);
  });

  it('is not taken once a step of no return was about to act, even if it then failed', async () => {
    const { kinds, undone } = world(['a']);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), line];
    const failing: Fake = { observe: () => ABSENT, act: () => Promise.reject(new Error('AWS says no')) };
    const { outcome, told } = await runTiny(steps, { ...kinds, gate: {}, line: failing }, SWITCHOVER);
    expect(outcome).toBe('failed');
    expect(undone).toEqual([]);
    expect(told).not.toContain('undo.started');
  });

  it('continues past what cannot be undone, says why, and is not called aborted then', async () => {
    const { kinds, undone } = world(['a', 'b']);
    const steps = [tinyStep('a', compensable), tinyStep('n', { after: ['a'] }), tinyStep('b', { ...compensable, after: ['n'] }), tinyStep('gate', { gate: true, after: ['b'] })];
    const stuck: Fake = { ...kinds.b, undo: () => Promise.reject(new Error('somebody else has changed it')) };
    const { outcome, state } = await runTiny(steps, { ...kinds, b: stuck, n: new Thing().kind(), gate: refusing }, SWITCHOVER);
    expect([outcome, undone]).toEqual(['failed', ['a']]);
    expect(state.steps.get('b')).toMatchObject({ state: 'done', notUndone: { code: 'NOT_UNDONE', message: 'somebody else has changed it' } });
    expect(state.steps.get('n')?.notUndone?.code).toBe('NO_UNDO');
  });

  it('what has no way back does not make it fail', async () => {
    const steps = [tinyStep('n'), tinyStep('gate', { gate: true, after: ['n'] })];
    const { outcome } = await runTiny(steps, { n: new Thing().kind(), gate: refusing }, SWITCHOVER);
    expect(outcome).toBe('aborted');
  });

  it('tries an undo again that AWS did not answer, a few times', async () => {
    const thing = new Thing();
    let tries = 0;
    const silent = () => new AwsError({ service: 'rds', operation: 'ModifyDBInstance', region: 'ap-northeast-2', code: 'NoAnswer', message: 'read ECONNRESET' });
    const kind = thing.kind({ undo: () => ((tries += 1) < LIMITS.undoAttempts ? Promise.reject(silent()) : undefined) });
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'] })];
    expect((await runTiny(steps, { a: kind, gate: refusing }, SWITCHOVER)).outcome).toBe('aborted');
    expect(tries).toBe(LIMITS.undoAttempts);
    const never = await runTiny(steps, { a: new Thing().kind({ undo: () => Promise.reject(silent()) }), gate: refusing }, SWITCHOVER);
    expect(never.outcome).toBe('failed');
    expect(never.state.steps.get('a')?.notUndone).toMatchObject({ code: 'NoAnswer' });
  });

  it('knows what the step had seen before it acted, also where the process died with the act', async () => {
    const seen: unknown[] = [];
    let there = false;
    const kind: Fake = {
      observe: (ctx) => {
        if (!there) ctx.record('before.a', 'three');
        return there ? { state: 'reached', because: 'made' } : ABSENT;
      },
      act: () => {
        there = true;
      },
      undo: (ctx) => {
        seen.push(ctx.fact('before.a'));
      },
    };
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'] })];
    const store = new MemoryStore((record) => {
      if (record.type === 'step.acted') throw new Error('the process dies');
    });
    await runTiny(steps, { a: kind, gate: refusing }, { ...SWITCHOVER, store }).catch(() => undefined);
    expect(store.records.at(-1)?.type).toBe('step.intent');
    expect((await resumeTiny(store.records, { a: kind, gate: refusing }, SWITCHOVER)).outcome).toBe('aborted');
    expect(seen).toEqual(['three']);
  });

  it('is continued by a resume that finds it begun: never forward again', async () => {
    const { kinds, undone } = world(['a', 'b']);
    const steps = [tinyStep('a', compensable), tinyStep('b', { ...compensable, after: ['a'] }), tinyStep('gate', { gate: true, after: ['b'] })];
    const store = new MemoryStore((record) => {
      if (record.type === 'undo.done' && record.step === 'b') throw new Error('the process dies');
    });
    await runTiny(steps, { ...kinds, gate: refusing }, { ...SWITCHOVER, store }).catch(() => undefined);
    expect(undone).toEqual(['b']);
    const { outcome, told } = await resumeTiny(store.records, { ...kinds, gate: {} }, SWITCHOVER);
    expect(outcome).toBe('aborted');
    // The undo whose end is not known is made again.
    expect(undone).toEqual(['b', 'b', 'a']);
    expect(told.slice(store.records.length)).not.toContain('step.started gate');
  });

  it('says what stands in its way, what stays, and what a person does then', async () => {
    const { kinds } = world(['a', 'b']);
    const steps = [tinyStep('a', compensable), tinyStep('n', { after: ['a'] }), tinyStep('gate', { gate: true, after: ['n'], phase: 'data' }), tinyStep('b', { ...compensable, after: ['gate'] }), line];
    const crossed = await runTiny(steps, { ...kinds, n: new Thing().kind(), gate: refusing, line: {} }, SWITCHOVER);
    expect(crossed.state.steps.get('line')?.notUndone).toEqual({
      code: 'LINE_CROSSED',
      message: 'line: it has been made, although this journal does not say so, so that nothing is undone',
      next: ['another machine may hold the rest of the journal: dr resume there', expect.stringMatching(/^dr switchover --region \S+    starts again, from what is there$/)],
    });
    const made = await runTiny(steps, { ...kinds, n: new Thing().kind(), gate: refusing, b: { ...kinds.b, made: () => true }, line: new Thing().kind() }, SWITCHOVER);
    expect(made.state.steps.get('b')?.notUndone).toEqual({
      code: 'NOT_OURS',
      message: 'b: it has been done, and this journal does not say by whom, so that it is left as it is',
      next: ['another machine may hold the rest of the journal: dr resume there', 'else undo it by hand, then start again'],
    });
    expect(made.state.steps.get('n')?.notUndone).toEqual({ code: 'NO_UNDO', message: 'n: what it did cannot be taken back' });
  });

  it('is complete only when each undo is, whichever fails', async () => {
    const steps = [tinyStep('a', compensable), tinyStep('b', { ...compensable, after: ['a'] }), tinyStep('gate', { gate: true, after: ['b'] })];
    const stuck: Fake = { undo: () => Promise.reject(new Error('no')) };
    for (const name of ['a', 'b']) {
      const { kinds, undone } = world(['a', 'b']);
      const { outcome } = await runTiny(steps, { ...kinds, [name]: { ...kinds[name], ...stuck }, gate: refusing }, SWITCHOVER);
      expect([outcome, undone]).toEqual(['failed', [name === 'a' ? 'b' : 'a']]);
    }
  });

  it('keeps what an undo records, and says that all is as it was', async () => {
    const kind = new Thing().kind({ undo: (ctx) => ctx.record('fence.a', { verdict: 'undone' }) });
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'] })];
    const { records, state } = await runTiny(steps, { a: kind, gate: refusing }, SWITCHOVER);
    expect(records.find(({ type }) => type === 'undo.done')).toMatchObject({ because: 'as it was before', facts: { 'fence.a': { verdict: 'undone' } } });
    expect(state.facts.get('fence.a')).toEqual({ verdict: 'undone' });
    const plain = await runTiny(steps, { ...world(['a']).kinds, gate: refusing }, SWITCHOVER);
    expect(plain.records.find(({ type }) => type === 'undo.done')).not.toHaveProperty('facts');
  });

  it('tries again what has no answer in time, with a pause, and never what AWS has refused', async () => {
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'] })];
    const tries: number[] = [];
    const slow = new Thing().kind({ undo: (ctx) => (tries.push(ctx.effects.clock.now()), ctx.wait('aws', 10 * LIMITS.undoMs)) });
    const late = await runTiny(steps, { a: slow, gate: refusing }, SWITCHOVER);
    expect(late.state.steps.get('a')?.notUndone?.message).toContain('undo of a');
    expect([late.outcome, tries.map((at) => at - (tries[0] ?? 0))]).toEqual(['failed', Array.from({ length: LIMITS.undoAttempts }, (_, i) => i * (LIMITS.undoMs + LIMITS.pollMaxMs))]);
    let refusals = 0;
    const denied = () => new AwsError({ service: 'rds', operation: 'ModifyDBInstance', region: 'ap-northeast-2', code: 'AccessDenied', message: 'no', httpStatus: 403 });
    const { outcome } = await runTiny(steps, { a: new Thing().kind({ undo: () => ((refusals += 1), Promise.reject(denied())) }), gate: refusing }, SWITCHOVER);
    expect([outcome, refusals]).toEqual(['failed', 1]);
  });

  it('what stands on a twin is gone with it, and stays where the twin does', async () => {
    const steps = [tinyStep('twin', compensable), tinyStep('on', { ...compensable, undoneBy: 'twin', after: ['twin'] }), tinyStep('gate', { gate: true, after: ['on'] })];
    const { kinds, undone } = world(['twin', 'on']);
    const { outcome, told, records, state } = await runTiny(steps, { ...kinds, gate: refusing }, SWITCHOVER);
    expect([outcome, undone, told.slice(-4)]).toEqual(['aborted', ['twin'], ['undo.intent twin', 'undo.done twin', 'undo.done on', 'run.finished']]);
    expect(records.find((record) => record.type === 'undo.done' && record.step === 'on')).toMatchObject({ because: 'gone with what twin made' });
    expect(state.steps.get('on')?.state).toBe('undone');
    const stuck = await runTiny(steps, { ...world(['on']).kinds, twin: new Thing().kind({ undo: () => Promise.reject(new Error('no')) }), gate: refusing }, SWITCHOVER);
    expect([stuck.outcome, stuck.state.steps.get('on')?.state]).toEqual(['failed', 'done']);
    // Where the twin was there before, it is nothing of this run, and what was done on it is undone by itself.
    const own = world(['on']);
    const before = await runTiny(steps, { ...own.kinds, twin: { undo: () => undefined }, gate: refusing }, SWITCHOVER);
    expect([before.outcome, own.undone]).toEqual(['aborted', ['on']]);
  });

  it('is not held back by what somebody has done on a twin, nor does a drill that made data cross a line', async () => {
    const steps = [tinyStep('twin', compensable), tinyStep('gate', { gate: true, after: ['twin'], phase: 'data' }), tinyStep('on', { ...compensable, undoneBy: 'twin', after: ['gate'] })];
    const { kinds } = world(['twin', 'on']);
    expect((await runTiny(steps, { ...kinds, gate: refusing, on: { ...kinds.on, made: () => true } }, SWITCHOVER)).outcome).toBe('aborted');
    const copy = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), tinyStep('copy', { ...compensable, after: ['gate'], phase: 'data' })];
    const drilled = world(['a', 'copy']);
    const { outcome, state } = await runTiny(copy, { ...drilled.kinds, gate: refusing, copy: { ...drilled.kinds.copy, made: () => true } }, { plan: { verb: 'drill' } });
    expect([outcome, drilled.undone, state.steps.get('copy')?.notUndone?.code]).toEqual(['failed', ['a'], 'NOT_OURS']);
  });

  it('leaves no step without an answer where it is known who made it: found there, being made when it failed, or undone before', async () => {
    const made: Fake = { made: () => true };
    const steps = [tinyStep('found'), tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['found', 'a'], phase: 'data' })];
    const { kinds } = world(['a']);
    expect((await runTiny(steps, { ...kinds, found: made, gate: refusing }, SWITCHOVER)).outcome).toBe('aborted');
    const failing: Fake = { ...made, observe: () => ABSENT, act: () => Promise.reject(new Error('no')), undo: () => undefined };
    const failed = await runTiny(steps, { a: failing, found: {}, gate: refusing }, SWITCHOVER);
    expect([failed.outcome, failed.state.steps.get('a')?.state]).toEqual(['aborted', 'undone']);
    const store = new MemoryStore((record) => {
      if (record.type === 'run.finished') throw new Error('the process dies');
    });
    await runTiny(steps, { ...kinds, found: {}, gate: refusing }, { ...SWITCHOVER, store }).catch(() => undefined);
    expect(store.records.at(-1)).toMatchObject({ type: 'undo.done', step: 'a' });
    const again = await resumeTiny(store.records, { a: { ...made, undo: () => undefined }, found: {}, gate: refusing }, SWITCHOVER);
    expect([again.outcome, again.state.steps.get('a')?.notUndone]).toEqual(['aborted', undefined]);
  });

  it('is not taken where a step of no return is made in any other phase either', async () => {
    const { kinds } = world(['a']);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'], phase: 'data' }), { ...line, phase: 'traffic' as const }];
    const { state } = await runTiny(steps, { ...kinds, gate: refusing, line: { made: () => true } }, SWITCHOVER);
    expect(state.steps.get('line')?.notUndone?.code).toBe('LINE_CROSSED');
  });

  it('says what stays in the words of the step, by what it has recorded', async () => {
    const steps = [tinyStep('n'), tinyStep('a', { ...compensable, after: ['n'] }), tinyStep('gate', { gate: true, after: ['a'] })];
    const thing = new Thing();
    const n = thing.kind({ observe: (ctx) => (ctx.record('group', 'web'), thing.there ? REACHED : ABSENT), stays: ({ fact }) => `${fact('group') as string} stays large` });
    const { state } = await runTiny(steps, { ...world(['a']).kinds, n, gate: refusing }, SWITCHOVER);
    expect(state.steps.get('n')?.notUndone?.message).toBe('n: web stays large');
  });

  it('ends without a word in the journal where somebody has taken over', async () => {
    const store = new MemoryStore();
    const gone = superseded(RUN, undefined, undefined);
    const steps = [tinyStep('a', compensable), tinyStep('gate', { gate: true, after: ['a'] })];
    await expect(runTiny(steps, { a: new Thing().kind({ undo: () => Promise.reject(gone) }), gate: refusing }, { ...SWITCHOVER, store })).rejects.toBe(gone);
    expect(store.records.at(-1)?.type).toBe('undo.intent');
  });
});

describe('the way back by itself', () => {
  /** Rolls back a run of these records, which a person may have stopped. */
  async function back(records: readonly RunEvent[], kinds: Record<string, Fake>, stopped = false) {
    const clock = new VirtualClock();
    const journal = new Journal({ store: new MemoryStore(), clock, run: RUN, term: 1, records: chained(records) });
    const drain = new AbortController();
    if (stopped) drain.abort(new Error('stop'));
    const began = clock.now();
    const end = await clock.run(async () => leadBack(await loadRun(tinyParts(journal, kinds, clock, { drain: drain.signal }), () => undefined)));
    return { end, journal, took: clock.now() - began };
  }
  const crossing = { ...line, after: [] };
  const plan = (...steps: PlanStep[]) => started({ plan: planWith(steps, { verb: 'switchover', probes: [] }) });

  it('is refused once steps of no return intended to act: each is named', async () => {
    const intents = ['line', 'other'].map((step): RunEvent => ({ type: 'step.intent', step, attempt: 1, because: '' }));
    await expect(back([plan(crossing, { ...crossing, id: 'other' }), ...intents], { line: {} })).rejects.toThrow('nothing is undone after other, line');
  });

  it('looks at what others have made also in a run that was stopped', async () => {
    const { end, journal } = await back([plan(crossing)], { line: { made: () => true } }, true);
    expect([end, journal.state.steps.get('line')?.notUndone?.code]).toEqual(['failed', 'LINE_CROSSED']);
  });

  it('waits for such a look no longer than for a check', async () => {
    const { end, took } = await back([plan(crossing)], { line: { made: () => new Promise<boolean>(() => undefined) } });
    expect([end, took]).toEqual(['aborted', LIMITS.checkMs]);
  });
});
