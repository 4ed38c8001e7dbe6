import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { DrError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { loadRun } from '../../src/engine/run.ts';
import { runStep } from '../../src/engine/run-step.ts';
import type { StepOptions } from '../../src/engine/step-parts.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { Observation, PlanStep, StepContext, Verdict } from '../../src/model/step.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { planStep, planWith, RUN, started } from '../journal/fixture.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, tinyParts } from './tiny.ts';

/* One step alone, with what the engine gives it in the hands of the test. */

const PROMOTE = { service: 'rds', operation: 'PromoteReadReplica', region: 'ap-northeast-1' } as const;
const failure = (code: string, httpStatus?: number) => new AwsError({ ...PROMOTE, code, message: 'no', httpStatus });
const LOST = () => failure('NoAnswer');
const THROTTLED = () => failure('Throttling', 400);
const DENIED = () => failure('AccessDenied', 403);
const GONE = () => new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'somebody has taken over' });
const UNSAFE: Observation = { state: 'pending', because: 'on its way', waitingFor: 'aws', unsafe: true };
const OK: Verdict = { state: 'ok', because: 'fine' };

interface World {
  clock: VirtualClock;
  store: MemoryStore;
  /** Requests that reached AWS, milliseconds since the beginning. */
  sent: number[];
  /** Milliseconds since the beginning. */
  now: () => number;
  over: AbortController;
  drain: AbortController;
  told: string[];
}

interface Parts {
  step?: Partial<PlanStep>;
  /** Ends when `over` is aborted. */
  guard?: boolean;
  options?: Partial<StepOptions>;
  recheck?: (world: World, asked: number) => Promise<Verdict | 'again'> | Verdict | 'again';
  /** What AWS answers to a change. */
  answer?: (sent: number, now: number) => Error | undefined;
  /** How long the answer about the lock takes. */
  lockMs?: (asked: number) => number;
  /** Somebody can be asked, and does not answer for an hour. */
  asksPerson?: boolean;
  /** Records from before a resume. */
  before?: readonly JournalRecord[];
}

async function drive(fake: (world: World) => Fake, parts: Parts = {}) {
  const clock = new VirtualClock();
  const began = clock.now();
  const world: World = { clock, store: new MemoryStore(), sent: [], now: () => clock.now() - began, over: new AbortController(), drain: new AbortController(), told: [] };
  const { store } = world;
  const lock = { asked: 0 };
  store.assertHeld = async () => {
    lock.asked += 1;
    const ms = parts.lockMs?.(lock.asked) ?? 0;
    if (ms > 0) await clock.sleep(ms);
    if (store.superseded !== undefined) throw store.superseded;
  };
  const call = () => {
    const count = world.sent.push(world.now());
    const error = parts.answer?.(count, world.now());
    return error === undefined ? Promise.resolve({ output: { DBInstance: { DBInstanceIdentifier: 'shop' }, DBInstances: [] }, requestId: 'rq' }) : Promise.reject(error);
  };
  const aws = reliableCaller({ call } as unknown as AwsCaller, { clock, ids: new SeededIds(1), limits: { attempts: 1 } });
  const step = planStep('it', { kind: 'it', limitMs: 3_600_000, ...(parts.guard === true ? { beside: ['line'], optional: true } : {}), ...parts.step });
  store.records.push(...(parts.before ?? []));
  const journal = new Journal({ store, clock, run: RUN, term: 1, ...(parts.before === undefined ? {} : { records: parts.before }) });
  let rechecks = 0;
  const tries = { made: 0, last: '' };
  const work = clock.run(async () => {
    if (parts.before === undefined) await journal.append(started({ plan: planWith([step]) }));
    const run = await loadRun(tinyParts(journal, { it: fake(world) }, clock, { effects: { aws, ...(parts.asksPerson === true ? { person: { confirm: (_word: string, _what: string, signal: AbortSignal) => clock.sleep(3_600_000, signal) } } : {}) }, drain: world.drain.signal }), () => undefined);
    return runStep(run, step, {
      ...(parts.guard === true ? { over: world.over.signal } : {}),
      tries,
      recheck: async () => (await parts.recheck?.(world, (rechecks += 1))) ?? ((rechecks += parts.recheck === undefined ? 1 : 0), OK),
      decideAgain: () => void world.told.push('decide again'),
      underWay: () => void world.told.push('under way'),
      pastTheLine: () => false,
      patienceMs: () => LIMITS.silenceMaxMs,
      ...parts.options,
    });
  });
  const end = await work.catch((error: unknown) => error);
  const records = store.records.slice(parts.before?.length ?? 0);
  const of = <T extends JournalRecord['type']>(type: T) => records.filter((record): record is Extract<JournalRecord, { type: T }> => record.type === type);
  return { end, records, of, types: records.map(({ type }) => type).filter((type) => type.startsWith('step.')), last: records.at(-1), took: world.now(), sent: world.sent, told: world.told, tries, locks: lock.asked, rechecks, waits: () => (records.at(-1) as { waits?: { cause: string; from: number; to: number }[] }).waits ?? [] };
}

type Act = NonNullable<Fake['act']>;

const promote = async (ctx: StepContext): Promise<void> => {
  await ctx.effects.aws.call({ ...PROMOTE, input: { DBInstanceIdentifier: 'shop' }, signal: ctx.signal });
};
/** The given answers one after the other, the last again and again. */
function answers<T>(...list: T[]): () => T {
  let next = 0;
  return () => list[Math.min(next++, list.length - 1)] as T;
}

describe('the journal of a step', () => {
  it('has of each record what belongs to it, and nothing else', async () => {
    const { records } = await drive(() => ({ observe: answers<Observation>(ABSENT, REACHED), act: () => undefined }));
    const own = records.slice(1).map(({ seq: _s, run: _r, term: _t, at: _a, prev: _p, hash: _h, ...event }) => event);
    expect(own).toEqual([
      { type: 'step.started', step: 'it' },
      { type: 'step.intent', step: 'it', attempt: 1, because: 'it is missing' },
      { type: 'step.acted', step: 'it', attempt: 1, calls: [] },
      { type: 'step.done', step: 'it', already: false, because: 'it is there', calls: [], callCount: 0, waits: [] },
    ]);
  });

  it('has facts only where there are some', async () => {
    const { of } = await drive(() => ({ observe: answers<Observation>(ABSENT, REACHED), act: (ctx) => ctx.record('a', 1) }));
    expect(of('step.intent')[0]).not.toHaveProperty('facts');
    expect(of('step.acted')[0]).toMatchObject({ facts: { a: 1 } });
  });

  it('says for whom it waited: as the look says, and for AWS where it says nothing', async () => {
    const dns: Observation = { state: 'pending', because: 'on its way', waitingFor: 'dns' };
    const causes = async (observe: NonNullable<Fake['observe']>) => (await drive(() => ({ observe }))).waits().map(({ cause }) => cause);
    expect(await causes(answers<Observation>(dns, dns, REACHED))).toEqual(['dns']);
    const looks = answers<() => Observation>(() => { throw THROTTLED(); }, () => REACHED);
    expect(await causes(() => looks()())).toEqual(['aws']);
    expect(await causes(answers<Observation>(ABSENT, REACHED))).toEqual(['aws']);
    const { waits } = await drive(() => ({ observe: answers<Observation>(ABSENT), act: () => undefined, verify: answers<Observation>(ABSENT, ABSENT, REACHED) }));
    expect(waits().map(({ cause }) => cause)).toEqual(['aws']);
  });

  it('ends in what was seen last, and not in a look that the end of its time cut off', async () => {
    const never = () => new Promise<never>(() => undefined);
    const looks = answers<() => Promise<Observation>>(() => Promise.resolve({ ...PENDING, because: 'on its way' }), never);
    expect((await drive(() => ({ observe: () => looks()() }), { step: { limitMs: 60_000 } })).last).toMatchObject({ because: 'not reached within its limit of 60 s; on its way' });
    expect((await drive(() => ({ observe: never }), { step: { limitMs: 60_000 } })).last).toMatchObject({ because: 'not reached within its limit of 60 s; it: no answer within 60000 ms' });
    expect((await drive(() => ({ observe: () => ABSENT, act: () => undefined, verify: never }), { step: { limitMs: 60_000 } })).last).toMatchObject({ because: 'not reached within its limit of 60 s; the request was accepted' });
    const unclear = answers<() => Promise<Observation>>(() => Promise.resolve({ ...PENDING, because: 'on its way' }), () => Promise.reject(THROTTLED()));
    expect((await drive(() => ({ observe: () => unclear()() }), { step: { limitMs: 60_000 } })).last).toMatchObject({ because: expect.stringContaining('; rds.PromoteReadReplica in ap-northeast-1: Throttling: no') as string });
  });

  it('says how long there was no answer', async () => {
    const { last } = await drive(() => ({ observe: () => Promise.reject(LOST()) }), { options: { patienceMs: () => 600_000 } });
    expect(last).toMatchObject({ type: 'step.failed', error: { code: 'NO_ANSWER', message: 'no answer for 10 minutes; rds.PromoteReadReplica in ap-northeast-1: NoAnswer: no' } });
  });

  it('a right to look that is missing ends it before anything was changed, and is waited for behind the line', async () => {
    const looks = () => {
      let made = 0;
      return () => ((made += 1) < 3 ? Promise.reject(DENIED()) : Promise.resolve(REACHED));
    };
    expect((await drive(() => ({ observe: looks() }))).end).toBe('failed');
    expect((await drive(() => ({ observe: looks() }), { options: { pastTheLine: () => true } })).end).toBe('done');
  });

  it('says once that there was no answer from its beginning on', async () => {
    const { of } = await drive(({ now }) => ({ observe: () => (now() < 60_000 ? Promise.reject(LOST()) : Promise.resolve(REACHED)) }));
    expect(of('step.silent')).toMatchObject([{ because: expect.stringMatching(/^no answer for 1\d s, still asking: rds\.PromoteReadReplica .*NoAnswer/) as string }]);
  });

  it('says nothing of silence where an answer came, and it was a no', async () => {
    const { types } = await drive(({ clock }) => ({ observe: () => clock.sleep(LIMITS.silenceToldMs + 5_000).then(() => Promise.reject(DENIED())) }));
    expect(types).toEqual(['step.started', 'step.failed']);
  });
});

describe('a step that was superseded', () => {
  it('in a look throws it, and writes nothing more', async () => {
    const { end, types } = await drive(() => ({ observe: () => Promise.reject(GONE()) }));
    expect(end).toMatchObject({ code: 'SUPERSEDED' });
    expect(types).toEqual(['step.started']);
  });

  it('in an act throws it, and writes nothing more', async () => {
    const { end, types } = await drive(() => ({ observe: () => ABSENT, act: () => Promise.reject(GONE()) }));
    expect(end).toMatchObject({ code: 'SUPERSEDED' });
    expect(types).toEqual(['step.started', 'step.intent']);
  });

  it('while a person is asked waits no longer', async () => {
    const observe = async ({ store }: World, ctx: StepContext) => {
      store.superseded = GONE();
      await ctx.effects.person?.confirm('shop', 'the promotion', ctx.signal);
      return REACHED;
    };
    const { end, took } = await drive((world) => ({ observe: (ctx) => observe(world, ctx) }), { asksPerson: true });
    expect(end).toMatchObject({ code: 'SUPERSEDED' });
    expect(took).toBeLessThanOrEqual(2 * LIMITS.heldMs);
  });

  it('is interrupted, and nothing else, in a run that is to stop', async () => {
    const { end, types } = await drive(({ drain }) => ({ observe: () => (drain.abort(new Error('Ctrl-C')), PENDING) }));
    expect([end, types]).toEqual(['interrupted', ['step.started']]);
  });
});

describe('what a step says while it looks', () => {
  it('that what it intended is under way, and not what it only found', async () => {
    expect((await drive(() => ({ observe: answers<Observation>(PENDING, REACHED) }))).told).toEqual([]);
    expect((await drive(() => ({ observe: answers<Observation>(ABSENT), act: () => undefined, verify: answers<Observation>(PENDING, REACHED) }))).told).toEqual(['under way']);
  });

  it('that the run decides again, where a person took long', async () => {
    expect(await drive(() => ({ observe: () => ({ state: 'paused', because: 'nobody is there', decideAgain: true }) }))).toMatchObject({ end: 'paused', told: ['decide again'] });
    expect(await drive(() => ({ observe: () => ({ state: 'paused', because: 'nobody is there' }) }))).toMatchObject({ end: 'paused', told: [] });
  });

  it('that another change is due counts only behind a change', async () => {
    const { types, sent } = await drive(() => ({ observe: answers<Observation>({ ...ABSENT, further: true } as Observation, REACHED), act: promote }));
    expect([types, sent.length]).toEqual([['step.started', 'step.intent', 'step.acted', 'step.done'], 1]);
  });

  it('whether it was asked for before: in an act the attempt itself does not count', async () => {
    const seen: [string, boolean, number][] = [];
    const saw = (what: string, ctx: StepContext) => void seen.push([what, ctx.askedBefore, ctx.attempt]);
    const lost = (sent: number) => (sent === 1 ? LOST() : undefined);
    await drive(() => ({
      observe: (ctx) => (saw('look', ctx), ABSENT),
      act: async (ctx) => {
        saw('act', ctx);
        await promote(ctx);
      },
      verify: (ctx) => (saw('verify', ctx), REACHED),
    }), { answer: lost });
    expect(seen).toEqual([['look', false, 0], ['act', false, 1], ['look', true, 1], ['act', true, 2], ['verify', true, 2]]);
  });
});

describe('how often a step looks', () => {
  const p50 = { estimate: { p50: 300, p95: 900, basis: 'test' } };
  /** The longest pause between two looks of the first two minutes. */
  const longest = (looks: readonly number[]) => Math.max(...looks.slice(1).flatMap((at, i) => (at < 120_000 ? [at - (looks[i] ?? 0)] : [])));

  it('before a change a tenth of the wait, whatever a change takes', async () => {
    const looks: number[] = [];
    await drive(({ now }) => ({ observe: () => (looks.push(now()) && now() > 120_000 ? REACHED : PENDING) }), { step: p50 });
    expect(longest(looks)).toBe(LIMITS.pollMaxMs);
  });

  it('after a change a tenth of the wait where it waits for anything else than AWS', async () => {
    const looks: number[] = [];
    await drive(({ now }) => ({ observe: () => ABSENT, act: () => undefined, verify: () => (looks.push(now()) && now() > 120_000 ? REACHED : { state: 'pending', because: 'on its way', waitingFor: 'dns' }) }), { step: p50 });
    expect(longest(looks)).toBe(LIMITS.pollMaxMs);
  });

  it('after a change less often, for the first half of its usual time', async () => {
    const looks: number[] = [];
    await drive(({ now }) => ({ observe: () => ABSENT, act: () => undefined, verify: () => (looks.push(now()) && now() > 120_000 ? REACHED : PENDING) }), { step: p50 });
    expect(longest(looks)).toBe(LIMITS.pollEarlyMaxMs);
  });
});

describe('right before a request', () => {
  const act = (waitMs: number): Act => async (ctx) => {
    await ctx.wait('own', waitMs);
    await promote(ctx);
  };

  it('the run is asked again where the last look is old, and a refusal is one: nothing was sent', async () => {
    const { end, last, sent, rechecks } = await drive(() => ({ observe: () => ABSENT, act: act(16_000) }), { recheck: (_, asked) => (asked === 1 ? OK : { state: 'refused', refusal: REFUSAL }) });
    expect([end, sent, rechecks]).toEqual(['refused', [], 2]);
    expect(last).toMatchObject({ type: 'step.refused', because: 'nothing was changed: this was seen', refusal: REFUSAL, unsent: true });
  });

  it('where the run decides again nothing is sent, and the journal says so', async () => {
    const again = ({ drain }: World): 'again' => (drain.abort(new Error('the run decides again')), 'again');
    const before = await drive(() => ({ observe: () => ABSENT, act: act(0) }), { recheck: again });
    expect([before.end, before.sent, before.types]).toEqual(['interrupted', [], ['step.started']]);
    const within = await drive(() => ({ observe: () => ABSENT, act: act(16_000) }), { recheck: (world, asked) => (asked === 1 ? OK : again(world)) });
    expect([within.end, within.sent]).toEqual(['interrupted', []]);
    expect(within.last).toMatchObject({ type: 'step.unclear', unsent: true, error: { message: 'the run decides again' } });
  });

  it('and an act that swallows the refusal is refused all the same', async () => {
    const swallow: Act = async (ctx) => {
      await ctx.wait('own', 16_000);
      await promote(ctx).catch(() => undefined);
    };
    const { end, sent, last } = await drive(() => ({ observe: () => ABSENT, act: swallow }), { recheck: (_, asked) => (asked === 1 ? OK : { state: 'refused', refusal: REFUSAL }) });
    expect([end, sent]).toEqual(['refused', []]);
    expect(last).toMatchObject({ because: 'nothing was changed: this was seen' });
  });

  it('it is not asked again while that look is young', async () => {
    expect(await drive(() => ({ observe: answers<Observation>(ABSENT, REACHED), act: act(14_000) }))).toMatchObject({ end: 'done', rechecks: 1, sent: [14_000] });
    expect(await drive(() => ({ observe: answers<Observation>(ABSENT, REACHED), act: act(16_000) }))).toMatchObject({ end: 'done', rechecks: 2, sent: [16_000] });
  });

  it('once one request of an act may have been made the act continues: its later ones ask for the lock alone', async () => {
    const twice: Act = async (ctx) => {
      await promote(ctx);
      await ctx.wait('own', 20_000);
      await promote(ctx);
    };
    expect(await drive(() => ({ observe: answers<Observation>(ABSENT, REACHED), act: twice }))).toMatchObject({ end: 'done', rechecks: 1, sent: [0, 20_000] });
  });

  it('a change within a look asks for the lock alone', async () => {
    const looks = { made: 0 };
    const observe = async (ctx: StepContext) => {
      if ((looks.made += 1) === 1) await promote(ctx);
      return REACHED;
    };
    expect(await drive(() => ({ observe }))).toMatchObject({ end: 'done', rechecks: 0, sent: [0] });
  });

  it('a look that grew old while the lock was asked for is made again', async () => {
    const { end, rechecks, sent, locks } = await drive(() => ({ observe: answers<Observation>(ABSENT, REACHED), act: act(6_000) }), { lockMs: (asked) => (asked === 2 ? 10_000 : 0) });
    expect([end, rechecks, sent]).toEqual(['done', 2, [16_000]]);
    expect(locks).toBeGreaterThanOrEqual(3);
  });

  it('three answers that come late are enough: it is not sent, and looked at again', async () => {
    const { of, sent } = await drive(({ now }) => ({ observe: () => (now() > 100_000 ? REACHED : ABSENT), act: promote, actMs: 120_000 }), { lockMs: () => 16_000 });
    expect(of('step.unclear')[0]).toMatchObject({ unsent: true, error: { code: 'NO_ANSWER', message: `the last look before the request: no answer within ${LIMITS.intentMs} ms` } });
    expect([sent, (of('step.unclear')[0]?.at ?? 0) - (of('step.intent')[0]?.at ?? 0)]).toEqual([[], 3 * 16_000]);
  });

  it('an intent that took long to write is too old to act on', async () => {
    const { of, sent } = await drive(({ store, clock, now }) => {
      const append = store.append.bind(store);
      store.append = async (record: JournalRecord) => {
        await append(record);
        if (record.type === 'step.intent' && record.attempt === 1) await clock.sleep(62_000);
      };
      return { observe: () => (now() > 70_000 ? REACHED : ABSENT), act: promote };
    });
    expect(of('step.unclear')[0]).toMatchObject({ unsent: true, error: { code: 'TOO_LATE', message: '1m 2s passed before the request could be sent' } });
    expect(sent.length).toBeLessThanOrEqual(1);
  });
});

describe('what may have been sent', () => {
  const after = async (act: Act, answer?: Parts['answer']) => (await drive(() => ({ observe: () => ABSENT, act }), { ...(answer === undefined ? {} : { answer }) })).last;

  it('nothing, where AWS refused the only request', async () => {
    expect(await after(promote, DENIED)).toMatchObject({ type: 'step.failed', unsent: true });
  });

  it('something, where an earlier request of the act was accepted', async () => {
    const twice: Act = async (ctx) => {
      await promote(ctx);
      await promote(ctx);
    };
    const last = await after(twice, (sent) => (sent === 2 ? DENIED() : undefined));
    expect(last).toMatchObject({ type: 'step.failed', error: { code: 'AccessDenied' } });
    expect(last).not.toHaveProperty('unsent');
  });

  it('unknown, where the code of the step failed: before a request or after it', async () => {
    const defect = () => Promise.reject(new TypeError('a defect'));
    const late: Act = async (ctx) => {
      await promote(ctx);
      await defect();
    };
    for (const act of [defect, late]) {
      const last = await after(act);
      expect(last).toMatchObject({ type: 'step.failed', error: { code: 'BUG' } });
      expect(last).not.toHaveProperty('unsent');
    }
  });

  it('is asked of each attempt for itself', async () => {
    const { of } = await drive(({ sent }) => ({ observe: () => (sent.length >= 2 ? REACHED : ABSENT), act: promote }), { answer: (sent) => (sent === 1 ? LOST() : THROTTLED()) });
    const [first, second] = of('step.unclear');
    expect(first).not.toHaveProperty('unsent');
    expect(second).toMatchObject({ unsent: true });
  });
});

describe('attempts', () => {
  it('that are used up say how the last one ended: accepted, without a sign of it', async () => {
    const { last, end } = await drive(() => ({ observe: () => ABSENT, act: () => undefined }));
    expect([end, last]).toMatchObject(['failed', { error: { code: 'ATTEMPTS_USED_UP', message: `it is missing (after ${LIMITS.stepAttempts} attempts; AWS accepted the request, and nothing shows of it)` } }]);
  });

  it('that have to wait for something else at AWS may take longer than those that are too many', async () => {
    const busy = failure('ScalingActivityInProgress', 400);
    const { end, took } = await drive(({ now }) => ({ observe: () => (now() > 2 * LIMITS.turnedAwayMs ? REACHED : ABSENT), act: promote }), { answer: () => busy });
    expect(end).toBe('done');
    expect(took).toBeGreaterThan(2 * LIMITS.turnedAwayMs);
  });

  it('that AWS turned away before one that it accepted do not count on', async () => {
    const quarter = LIMITS.turnedAwayMs - 60_000;
    let accepted = false;
    const answer = (_: number, now: number) => (now < quarter || accepted ? THROTTLED() : void (accepted = true));
    const { end, types } = await drive(({ now }) => ({ observe: () => (now() > 2 * quarter ? REACHED : ABSENT), act: promote }), { answer });
    expect([end, types.filter((type) => type === 'step.acted')]).toEqual(['done', ['step.acted']]);
  });
});

describe('a guard, when everything else has ended', () => {
  /** Looks at `seen`, and everything else has ended from `overAt` on. */
  const guard = (seen: (world: World) => Observation | Promise<Observation>, overAt: number, fake: Partial<Fake> = {}, parts: Parts = {}) =>
    drive((world) => {
      void world.clock.run(() => world.clock.sleep(overAt)).then(() => world.over.abort(new Error('everything else has ended')));
      return { observe: () => seen(world), ...fake };
    }, { guard: true, step: { limitMs: 86_400_000 }, ...parts });

  it('ends at once, with what it saw, while it only looks; nobody waited for it', async () => {
    const { end, took, last } = await guard(() => PENDING, 30_001);
    expect([end, took]).toEqual(['unmet', 30_001]);
    expect(last).toMatchObject({ type: 'step.unmet', because: 'on its way', waits: [] });
    expect(last).not.toHaveProperty('error');
  });

  it('looks once before it ends, also where all had ended before it began', async () => {
    let looks = 0;
    const { end, took } = await guard(() => ((looks += 1), PENDING), 0);
    expect([end, took, looks > 0]).toEqual(['unmet', 0, true]);
  });

  it('stays for what it has begun to change, until that is there', async () => {
    let acted = false;
    const { end, took } = await guard(({ now }) => (now() > 100_000 ? REACHED : acted ? PENDING : ABSENT), 30_000, { act: () => void (acted = true) });
    expect(end).toBe('done');
    expect(took).toBeGreaterThan(100_000);
    expect(took).toBeLessThan(100_000 + LIMITS.pollMaxMs);
  });

  it('stays no longer than five minutes', async () => {
    let acted = false;
    const { end, took } = await guard(() => (acted ? PENDING : ABSENT), 30_000, { act: () => void (acted = true) });
    expect(end).toBe('unmet');
    expect(took).toBeGreaterThanOrEqual(30_000 + LIMITS.guardEndMs);
    expect(took).toBeLessThan(30_000 + LIMITS.guardEndMs + 2 * LIMITS.pollMaxMs);
  });

  it('stays no moment longer for a sign of life', async () => {
    let acted = false;
    const { end, took } = await guard(() => (acted ? { state: 'pending', because: 'on its way', waitingFor: 'hold' } : ABSENT), 30_000, { act: () => void (acted = true) });
    expect(end).toBe('unmet');
    expect(took).toBeLessThan(30_000 + 2 * LIMITS.pollMaxMs);
  });

  it.each<[string, Observation]>([['is seen', UNSAFE], ['is missing, and it cannot act', ABSENT]])('has failed after five minutes where what it stands against %s', async (_, seen) => {
    const { end, took, last } = await guard(() => seen, 30_000);
    expect(end).toBe('failed');
    expect(last).toMatchObject({ error: { code: 'STILL_OPEN', message: seen.state === 'absent' ? 'it is missing' : 'on its way', next: ['dr resume'] } });
    expect(took).toBeGreaterThanOrEqual(30_000 + LIMITS.guardEndMs);
    expect(took).toBeLessThan(30_000 + LIMITS.guardEndMs + 2 * LIMITS.pollMaxMs);
  });

  it('has not failed where that is gone before', async () => {
    const { end } = await guard(({ now }) => (now() > 60_000 ? PENDING : UNSAFE), 30_000);
    expect(end).toBe('unmet');
  });

  it('makes the act that it has written down, also when its time ends in between', async () => {
    const seen = ({ now, clock }: World): Observation | Promise<Observation> => (now() < 30_000 + LIMITS.guardEndMs - 5_000 ? UNSAFE : clock.sleep(10_000).then(() => ABSENT));
    const { types } = await guard(seen, 30_000, { act: () => undefined, verify: () => (UNSAFE) });
    expect(types).toEqual(['step.started', 'step.intent', 'step.acted', 'step.failed']);
  });

  it('does not stay for what it did before a resume', async () => {
    let acted = false;
    const first = await guard(() => (acted ? PENDING : ABSENT), 10_000, { act: () => void (acted = true) });
    const before = first.records.filter(({ type }) => type !== 'step.unmet');
    const { end, took } = await guard(() => PENDING, 30_000, { act: () => undefined }, { before });
    expect([end, took]).toEqual(['unmet', 30_000]);
  });
});
