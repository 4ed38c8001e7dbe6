import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import type { HttpSample } from '../../src/effects/effects.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { chained, OPERATOR, planWith, started, T0 } from '../journal/fixture.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { type Fake, REACHED, REFUSAL, resumeTiny, runTiny, Thing, type TinyOptions, tinyStep } from './tiny.ts';

/* How a run ends, and what it leaves: drills and planned moves in particular. */

const DRILL = { plan: { verb: 'drill' } } as const;
const SWITCHOVER = { plan: { verb: 'switchover' } } as const;
const twin = tinyStep('twin', { reversibility: 'compensable', changes: [{ resource: 'rds:eu-west-1:dr-drill-1a-db', field: 'drill twin', before: '', after: 'a twin' }] });
const then = (parts: Parameters<typeof tinyStep>[1] = {}) => tinyStep('then', { after: ['twin'], ...parts });
const refusing: Fake = { observe: () => ({ state: 'refused', refusal: REFUSAL }) };
const impossible: Fake = { observe: () => ({ state: 'impossible', because: 'broken' }) };

const sample = (status: number): HttpSample => ({ status, body: '', address: '127.0.0.2', ms: 1 });

/** Further records of a chain. */
function behind(records: readonly JournalRecord[], events: readonly RunEvent[]): JournalRecord[] {
  const all = [...records];
  for (const event of events) {
    const last = all.at(-1) as JournalRecord;
    all.push(seal(event, { seq: last.seq + 1, run: last.run, term: last.term, at: last.at, prev: last.hash }));
  }
  return all.slice(records.length);
}

/** Something that is made, and how often it was taken back. */
function made(undo: () => Promise<void> = () => Promise.resolve()) {
  const thing = new Thing();
  let undone = 0;
  const kind = thing.kind({
    undo: async () => {
      undone += 1;
      await undo();
      thing.there = false;
    },
  });
  return { kind, thing, undone: () => undone };
}

async function drill(next: Fake, options: TinyOptions = {}, one = made()) {
  const run = await runTiny([twin, then()], { twin: one.kind, then: next }, { ...DRILL, ...options });
  const started = run.records.find(({ type }) => type === 'undo.started');
  return { ...run, one, started };
}

describe('a drill', () => {
  it('deletes its twins, and has ended as its steps did', async () => {
    for (const [next, outcome] of [[{}, 'succeeded'], [impossible, 'failed'], [refusing, 'refused']] as [Fake, string][]) {
      const run = await drill(next);
      expect([run.outcome, run.one.undone(), run.one.thing.there]).toEqual([outcome, 1, false]);
      expect(run.started).toMatchObject({ because: `the drill is over (${outcome}): its twins are deleted`, ended: outcome });
      expect(run.records.at(-1)).toMatchObject({ type: 'run.finished', outcome });
    }
  });

  it('that is stopped deletes them all the same, and counts as aborted', async () => {
    const stop = new AbortController();
    const run = await drill({ observe: () => (stop.abort(new Error('Ctrl-C')), REACHED) }, { drain: stop.signal });
    expect([run.outcome, run.one.undone(), run.started]).toMatchObject(['aborted', 1, { ended: 'interrupted' }]);
  });

  it('that leaves something behind has failed, whatever it showed', async () => {
    const run = await drill({}, {}, made(() => Promise.reject(new Error('no'))));
    expect(run.outcome).toBe('failed');
  });

  it('that has made nothing has nothing to take back', async () => {
    const run = await runTiny([twin], { twin: refusing }, DRILL);
    expect([run.outcome, run.told]).toEqual(['refused', ['run.started', 'check.passed twin', 'checks.green', 'step.started twin', 'step.refused twin', 'run.finished']]);
  });

  it('is not continued by a resume, which deletes only', async () => {
    const asked: string[] = [];
    const first = await runTiny([twin, then()], { twin: refusing, then: {} }, DRILL);
    const records = first.records.slice(0, 3);
    const run = await resumeTiny(records, { twin: { observe: () => (asked.push('twin'), REACHED) }, then: {} });
    expect([run.outcome, asked]).toEqual(['aborted', []]);
    expect(run.records.find(({ type }) => type === 'undo.started')).toMatchObject({ because: 'the drill is over (interrupted): its twins are deleted', ended: 'interrupted' });
  });

  it('that a person aborts has been aborted, and its way back is begun once, however often it is continued', async () => {
    const one = made();
    const cut = new MemoryStore((record) => {
      if (record.type === 'step.done') throw new Error('the machine dies');
    });
    await expect(runTiny([twin, then()], { twin: one.kind, then: {} }, { ...DRILL, store: cut })).rejects.toThrow('the machine dies');
    const store = new MemoryStore((record) => {
      if (record.type === 'undo.done') throw new Error('the machine dies');
    });
    const aborted = [...cut.records, ...behind(cut.records, [{ type: 'undo.started', because: 'aborted by a person', operator: OPERATOR }])];
    await expect(resumeTiny(aborted, { twin: one.kind, then: {} }, { store })).rejects.toThrow('the machine dies');
    const last = await resumeTiny(store.records, { twin: one.kind, then: {} });
    expect([last.outcome, last.told.filter((type) => type === 'undo.started').length]).toEqual(['aborted', 1]);
  });

  it('with a step that would change something else, or could not be taken back, is refused before anything', async () => {
    const foreign = tinyStep('a', { changes: [{ resource: 'rds:eu-west-1:shop', field: 'size', before: '1', after: '2' }] });
    const line = tinyStep('b', { reversibility: 'point-of-no-return' });
    await expect(runTiny([foreign, line], { a: {}, b: {} }, DRILL)).rejects.toThrow('a would change size of rds:eu-west-1:shop, which is no twin of a drill; b cannot be taken back, and a drill takes everything back');
    expect((await runTiny([foreign], { a: {} })).outcome).toBe('succeeded');
  });
});

describe('twins that a person wants to look at', () => {
  const KEEP = { acceptances: { keepTwinsMs: 3_600_000 } };

  it.each<[Fake, string]>([[{}, 'succeeded'], [impossible, 'failed']])('stay for as long as they say, until a resume deletes them (%#)', async (next, ended) => {
    const run = await drill(next, KEEP);
    expect([run.outcome, run.one.undone(), run.started]).toEqual(['interrupted', 0, undefined]);
    const [kept, end] = run.records.slice(-2) as [{ until: number; at: number }, object];
    expect(kept).toMatchObject({ type: 'drill.kept', ended, until: kept.at + 3_600_000 });
    expect(end).toMatchObject({ type: 'run.interrupted', signal: `its twins are kept until ${new Date(kept.until).toISOString()}` });
    const back = await resumeTiny(run.records, { twin: run.one.kind, then: next });
    expect([back.outcome, run.one.undone()]).toEqual([ended, 1]);
    expect(back.records.find(({ type }) => type === 'undo.started')).toMatchObject({ ended });
  });

  it('do not stay where the drill was refused or stopped', async () => {
    expect(await drill(refusing, KEEP)).toMatchObject({ outcome: 'refused' });
    const stop = new AbortController();
    expect(await drill({ observe: () => (stop.abort(new Error('Ctrl-C')), REACHED) }, { ...KEEP, drain: stop.signal })).toMatchObject({ outcome: 'aborted' });
  });

  it('stay also where the drill has done something else besides', async () => {
    const own = tinyStep('own', { origin: 'custom', reversibility: 'compensable', changes: [{ resource: 'x', field: 'cache', before: '', after: 'warm' }] });
    expect((await runTiny([twin, own], { twin: made().kind, own: made().kind }, { ...DRILL, ...KEEP })).outcome).toBe('interrupted');
  });

  it('are none where a drill made no twin, nor in any other run', async () => {
    const own = tinyStep('own', { origin: 'custom', reversibility: 'compensable', changes: [{ resource: 'x', field: 'cache', before: '', after: 'warm' }] });
    expect((await runTiny([own], { own: made().kind }, { ...DRILL, ...KEEP })).outcome).toBe('succeeded');
    expect((await runTiny([twin], { twin: made().kind }, KEEP)).outcome).toBe('succeeded');
  });
});

describe('a planned move', () => {
  it('that is refused or fails before its line says so, and takes back what it did', async () => {
    for (const [next, word] of [[refusing, 'refused'], [impossible, 'failed']] as [Fake, string][]) {
      const one = made();
      const run = await runTiny([twin, then()], { twin: one.kind, then: next }, SWITCHOVER);
      expect([run.outcome, one.undone()]).toEqual(['aborted', 1]);
      const started = run.records.find(({ type }) => type === 'undo.started');
      expect(started).toMatchObject({ because: `switchover ${word} before the line` });
      expect(started).not.toHaveProperty('ended');
    }
  });

  it('that is stopped can be continued: nothing is taken back', async () => {
    const stop = new AbortController();
    const one = made();
    const run = await runTiny([twin, then()], { twin: one.kind, then: { observe: () => (stop.abort(new Error('Ctrl-C')), REACHED) } }, { ...SWITCHOVER, drain: stop.signal });
    expect([run.outcome, one.undone(), run.records.at(-1)]).toMatchObject(['interrupted', 0, { signal: 'Ctrl-C' }]);
  });

  it('that has reached all, and finds it gone in the end, is not mended by taking it back', async () => {
    const one = made();
    const run = await runTiny([twin, then()], { twin: { ...one.kind, holds: () => ({ state: 'impossible', because: 'it is gone' }) }, then: {} }, SWITCHOVER);
    expect([run.outcome, one.undone()]).toEqual(['failed', 0]);
  });
});

describe('a run that ends', () => {
  it('early says who is needed, or what stopped it', async () => {
    const paused: Fake = { observe: () => ({ state: 'paused', because: 'wait' }) };
    const both = await runTiny([tinyStep('a'), tinyStep('b')], { a: paused, b: paused });
    expect(both.records.at(-1)).toMatchObject({ type: 'run.interrupted', signal: 'a person is needed for a, b' });
    const stop = new AbortController();
    const stopped = await runTiny([tinyStep('a')], { a: { observe: () => (stop.abort('text'), REACHED) } }, { drain: stop.signal });
    expect(stopped.records.at(-1)).toMatchObject({ signal: 'stop requested' });
  });

  it('looks once more at what it reached where the last sample of a probe took long', async () => {
    const run = async (ms: number) => {
      const clock = new VirtualClock();
      let holds = 0;
      let bad = true;
      const http = {
        request: async () => {
          if (bad) {
            bad = false;
            return sample(500);
          }
          await clock.sleep(ms);
          return sample(200);
        },
      };
      const probes = [{ name: 'home', http: 'http://x', status: 200, everyMs: 3_600_000, holdMs: 0 }];
      const seen = await runTiny([tinyStep('a')], { a: { ...new Thing().kind(), holds: () => ((holds += 1), REACHED) } }, { clock, effects: { http }, plan: { probes } });
      return [seen.outcome, holds];
    };
    expect(await run(LIMITS.endFreshMs)).toEqual(['succeeded', 1]);
    expect(await run(LIMITS.endFreshMs + 1)).toEqual(['succeeded', 2]);
  });

  it('a drill does not: its twins are gone by then', async () => {
    const clock = new VirtualClock();
    let samples = 0;
    const http = { request: async (): Promise<HttpSample> => ((samples += 1) === 1 ? sample(500) : (await clock.sleep(60_000), sample(200))) };
    const probes = [{ name: 'home', http: 'http://x', status: 200, everyMs: 3_600_000, holdMs: 0 }];
    const one = made();
    const onTwin: Fake = { holds: () => (one.thing.there ? REACHED : { state: 'impossible', because: 'gone' }) };
    const run = await runTiny([twin, then()], { twin: one.kind, then: onTwin }, { clock, effects: { http }, plan: { ...DRILL.plan, probes } });
    expect([run.outcome, samples]).toEqual(['succeeded', 2]);
  });

  it('by a journal that fails samples no probe any more', async () => {
    const clock = new VirtualClock();
    let samples = 0;
    const http = { request: () => ((samples += 1), Promise.resolve(sample(200))) };
    const probes = [{ name: 'home', http: 'http://x', status: 200, everyMs: 1_000, holdMs: 0 }];
    const store = new MemoryStore((record) => {
      if (record.type === 'step.started') throw new Error('the disk is full');
    });
    await expect(runTiny([tinyStep('a')], { a: {} }, { clock, store, effects: { http }, plan: { probes } })).rejects.toThrow('the disk is full');
    const before = samples;
    await clock.run(() => clock.sleep(60_000));
    expect(samples).toBe(before);
  });

  it('because nobody answers waits for an hour; a planned move before its line for a quarter of one', async () => {
    const silent = () => Promise.reject(new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: 'eu-west-1', code: 'NoAnswer', message: 'read ECONNRESET' }));
    const late = (parts: object) => tinyStep('late', { limitMs: 36_000_000, ...parts });
    const took = async (steps: Parameters<typeof runTiny>[0], options: TinyOptions) => (await runTiny(steps, { gate: {}, line: new Thing().kind(), late: { observe: silent } }, options)).took;
    const line = [tinyStep('gate', { gate: true, phase: 'data' }), tinyStep('line', { reversibility: 'point-of-no-return', phase: 'data', after: ['gate'] })];
    const [before, failover, behindIt] = [await took([late({})], SWITCHOVER), await took([late({})], {}), await took([...line, late({ after: ['line'] })], SWITCHOVER)];
    expect(before).toBeGreaterThan(LIMITS.silenceMs);
    expect(before).toBeLessThan(LIMITS.silenceMs + 60_000);
    for (const ms of [failover, behindIt]) expect(ms).toBeGreaterThan(LIMITS.silenceMaxMs);
  });
});

describe('a run that decides again', () => {
  const again = (looks: string[], id = 'a'): Fake => ({ observe: () => (looks.push(id), { state: 'paused', because: 'too old', decideAgain: true }) });

  it('does so a dozen times at most, and can be resumed then', async () => {
    const looks: string[] = [];
    const run = await runTiny([tinyStep('a')], { a: again(looks) });
    expect([run.outcome, looks.length, run.told.filter((type) => type === 'checks.green').length]).toEqual(['interrupted', 12, 12]);
  });

  it('because its decisions grow old right before the line is refused in the last round, and asks for nothing', async () => {
    let acts = 0;
    const steps = [tinyStep('gate', { gate: true, phase: 'data' }), tinyStep('line', { reversibility: 'point-of-no-return', phase: 'data', after: ['gate'], limitMs: 36_000_000 })];
    const line: Fake = { observe: async (ctx) => (await ctx.wait('aws', LIMITS.decisionAgeMs + 1), { state: 'absent', because: 'missing' }), act: () => void (acts += 1) };
    const run = await runTiny(steps, { gate: {}, line });
    expect([run.outcome, acts, run.told.filter((type) => type === 'checks.green').length, run.told.filter((type) => type === 'step.silent line').length]).toEqual(['refused', 0, 12, 11]);
  });

  it('does not where something has failed, where a person is waited for, or where it is to stop', async () => {
    const looks: string[] = [];
    const failed = await runTiny([tinyStep('a'), tinyStep('b')], { a: again(looks), b: impossible });
    expect([failed.outcome, looks.length]).toEqual(['failed', 1]);
    const paused: Fake = { observe: () => (looks.push('p'), { state: 'paused', because: 'a person' }) };
    expect([(await runTiny([tinyStep('a')], { a: paused })).outcome, looks.length]).toEqual(['interrupted', 2]);
    const stop = new AbortController();
    const stopped: Fake = { observe: () => (stop.abort(new Error('stop')), looks.push('s'), { state: 'paused', because: 'too old', decideAgain: true }) };
    expect([(await runTiny([tinyStep('a')], { a: stopped }, { drain: stop.signal })).outcome, looks.length]).toEqual(['interrupted', 3]);
  });
});

describe('when an outage began, for a run that is resumed', () => {
  const change = (up: boolean, at: number): RunEvent => ({ type: 'probe.changed', probe: 'home-page', up, status: up ? 200 : 500, address: '127.0.0.2', sampledAt: at });
  async function impactOf(events: readonly RunEvent[], impactAt?: number) {
    let seen: unknown;
    const probes = [{ name: 'home-page', http: 'http://x', status: 200, everyMs: 3_600_000, holdMs: 0 }];
    const records = chained([started({ plan: planWith([tinyStep('a')], { probes }), ...(impactAt === undefined ? {} : { impactAt }) }), ...events]);
    await resumeTiny(records, { a: { observe: (ctx) => ((seen = ctx.impactAt()), REACHED) } }, { clock: new VirtualClock(T0 + 60_000) });
    return seen;
  }

  it('is the first failed sample since the last good one, or what a person said', async () => {
    const times = [change(true, T0 + 1), change(false, T0 + 2), change(true, T0 + 3), change(false, T0 + 4)];
    expect(await impactOf(times)).toBe(T0 + 4);
    expect(await impactOf(times, T0 - 5)).toBe(T0 - 5);
    expect(await impactOf([])).toBeUndefined();
  });
});

it('a run that fails says what of its data is not there any more', async () => {
  const made = tinyStep('data', { phase: 'data' });
  const run = await runTiny([made, tinyStep('b', { after: ['data'] })], { data: { holds: () => ({ state: 'impossible', because: 'it is gone' }) }, b: impossible });
  expect(run.records.find(({ type }) => type === 'step.silent')).toMatchObject({ step: 'data', because: 'it was so, and when the run failed it was not: it is gone' });
});
