import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { superseded } from '../../src/journal/lease.ts';
import type { PlanStep } from '../../src/model/step.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { ABSENT, type Fake, PENDING, REACHED, REFUSAL, resumeTiny, runTiny, Thing, tinyStep } from './tiny.ts';

const noAnswer = () => Promise.reject(new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: 'ap-northeast-1', code: 'NoAnswer', message: 'read ECONNRESET' }));

type Holds = Required<Fake>['holds'];

/** Answers one after the other, the last again and again. */
function inTurn(...answers: Holds[]) {
  let asked = 0;
  const holds: Holds = (ctx) => answers[Math.min(asked++, answers.length - 1)]?.(ctx) ?? REACHED;
  return { holds, asked: () => asked };
}

describe('the last look at an end state', () => {
  it('success is declared after it, and after everything else', async () => {
    const order: string[] = [];
    const a: Fake = { holds: () => (order.push('a holds'), REACHED) };
    const { outcome, told } = await runTiny([tinyStep('a'), tinyStep('b', { after: ['a'] })], { a, b: { observe: () => (order.push('b'), REACHED) } });
    expect([outcome, order]).toEqual(['succeeded', ['b', 'a holds']]);
    expect(told.at(-1)).toBe('run.finished');
  });

  it('what is gone by then has failed, and a resume continues it', async () => {
    const thing = new Thing();
    const a = thing.kind({ holds: () => (thing.there ? REACHED : { state: 'impossible', because: 'it is not there any more' }) });
    const b: Fake = { observe: () => { thing.there = false; return REACHED; } };
    const first = await runTiny([tinyStep('a'), tinyStep('b', { after: ['a'] })], { a, b });
    expect(first.outcome).toBe('failed');
    expect(first.told.slice(-2)).toEqual(['step.failed a', 'run.finished']);
    expect(first.state.steps.get('a')).toMatchObject({ state: 'failed', error: { code: 'END_STATE_GONE', message: 'it was so, and at the end of the run it is not: it is not there any more', next: ['dr resume'] } });
    expect(first.took).toBeLessThan(LIMITS.endPollMs);
    const second = await resumeTiny(first.records, { a, b });
    expect([second.outcome, thing.there, thing.acts]).toEqual(['succeeded', true, 2]);
  });

  it('where users are led elsewhere by then, the step that led them last is made again by a resume, and no other', async () => {
    const [half, whole, own, elsewhere] = [new Thing(), new Thing(), new Thing(), new Thing()];
    const at = (id: string, ...after: string[]) => tinyStep(id, { phase: 'traffic', after });
    const steps = [at('elsewhere'), at('half'), at('whole', 'half'), at('own.tell', 'whole'), at('settle', 'own.tell'), tinyStep('end', { phase: 'protect', after: ['settle'] })];
    const settle: Fake = { holds: () => (whole.there ? REACHED : { state: 'impossible', because: 'it leads to Seoul' }) };
    // Anyone who has been superseded, and could not learn it, rolls them back half way.
    let meddled = false;
    const end: Fake = { observe: () => { if (!meddled) [half.there, whole.there, own.there, elsewhere.there, meddled] = [false, false, false, false, true]; return REACHED; } };
    const kinds = { half: half.kind(), whole: whole.kind(), 'own.tell': own.kind(), elsewhere: elsewhere.kind(), settle, end };
    const first = await runTiny(steps, kinds);
    expect(first.told.slice(-3)).toEqual(['step.failed settle', 'step.failed whole', 'run.finished']);
    expect(first.state.steps.get('whole')).toMatchObject({ state: 'failed', error: { code: 'END_STATE_GONE', message: 'it was made, and somebody has changed it since: it leads to Seoul' } });
    const second = await resumeTiny(first.records, kinds);
    expect([second.outcome, half.acts, whole.acts, own.acts, elsewhere.acts]).toEqual(['succeeded', 1, 2, 1, 1]);
  });

  it.each<[string, Fake, boolean]>([
    ['is there still', { observe: () => REACHED }, false],
    ['cannot be seen', { observe: noAnswer }, false],
    ['is gone', { observe: () => ABSENT }, true],
  ])('the step that led users is made again only where what it made %s', async (_name, { observe }, again) => {
    const mover = new Thing();
    let over = false;
    const kinds = {
      mover: { ...mover.kind(), observe: (...args: Parameters<Required<Fake>['observe']>) => (over ? observe?.(...args) ?? REACHED : mover.kind().observe?.(...args) ?? REACHED) },
      settle: { holds: () => { over = true; return { state: 'impossible' as const, because: 'no' }; } },
    };
    const steps = [tinyStep('mover', { phase: 'traffic' }), tinyStep('settle', { phase: 'traffic', after: ['mover'] })];
    const { told } = await runTiny(steps, kinds);
    expect(told.filter((line) => line.startsWith('step.failed'))).toEqual(again ? ['step.failed settle', 'step.failed mover'] : ['step.failed settle']);
  });

  it('only a mover of traffic is made again, only for a step of traffic, and not a look that stands between', async () => {
    const failedOf = async (middle: readonly PlanStep[], kinds: Record<string, Fake>, last: Partial<PlanStep>) => {
      const things = new Map(middle.filter(({ id }) => kinds[id] === undefined).map(({ id }) => [id, new Thing()]));
      const undo = (): void => things.forEach((thing) => (thing.there = false));
      const made = Object.fromEntries([...things].map(([id, thing]) => [id, thing.kind()]));
      const end: Fake = { holds: () => { undo(); return { state: 'impossible', because: 'no' }; } };
      const { told } = await runTiny([...middle, tinyStep('end', { phase: 'traffic', after: [middle.at(-1)?.id ?? ''], ...last })], { ...made, ...kinds, end });
      return told.filter((line) => line.startsWith('step.failed'));
    };
    const flip = tinyStep('flip', { phase: 'traffic' });
    expect(await failedOf([flip], {}, {})).toEqual(['step.failed end', 'step.failed flip']);
    expect(await failedOf([flip], {}, { phase: 'verify' })).toEqual(['step.failed end']);
    expect(await failedOf([tinyStep('size')], {}, {})).toEqual(['step.failed end']);
    let looks = 0;
    const watch: Fake = { observe: () => ((looks += 1) > 1 ? ABSENT : REACHED) };
    expect(await failedOf([flip, tinyStep('watch', { phase: 'traffic', after: ['flip'] })], { watch }, {})).toEqual(['step.failed end', 'step.failed flip']);
    const broken: Fake = { observe: () => ABSENT, act: () => Promise.reject(new Error('AWS says no')) };
    expect(await failedOf([{ ...flip, optional: true }], { flip: broken }, {})).toEqual(['step.failed flip', 'step.failed end']);
  });

  it('ends at once where somebody has taken over', async () => {
    const clock = new VirtualClock();
    const run = runTiny([tinyStep('a')], { a: { holds: () => Promise.reject(superseded('shop', undefined)) } }, { clock });
    await expect(run).rejects.toMatchObject({ code: 'SUPERSEDED' });
  });

  it.each<[string, Holds, string]>([
    ['says not now', () => PENDING, 'on its way'],
    ['is missing', () => ABSENT, 'it is missing'],
    ['refuses', () => ({ state: 'refused', refusal: REFUSAL }), 'this was seen'],
    ['gives no answer', noAnswer, 'ECONNRESET'],
    ['never ends', () => new Promise(() => undefined), 'no answer within'],
  ])('one that %s is asked for a while, and no longer', async (_name, holds, seen) => {
    const { outcome, state, took } = await runTiny([tinyStep('a')], { a: { holds } });
    expect(outcome).toBe('failed');
    expect(state.steps.get('a')?.because).toContain(seen);
    expect(took).toBeGreaterThan(LIMITS.endLookMs - 2 * LIMITS.endPollMs);
    expect(took).toBeLessThan(LIMITS.endLookMs + LIMITS.endPollMs);
  });

  it('one that says so in time holds', async () => {
    const a = inTurn(noAnswer, () => PENDING, () => REACHED);
    const { outcome, took } = await runTiny([tinyStep('a')], { a });
    expect([outcome, a.asked(), took]).toEqual(['succeeded', 3, 2 * LIMITS.endPollMs]);
  });

  it('what one said while another had no answer yet is asked again: all say so at about the same time', async () => {
    const clock = new VirtualClock();
    let lost = false;
    const seoul: Fake = { holds: () => (lost ? { state: 'impossible', because: 'its region is lost' } : REACHED) };
    const slow = inTurn(noAnswer, () => {
      lost = true;
      return clock.sleep(LIMITS.endFreshMs).then(() => REACHED);
    }, () => REACHED);
    const { outcome, state } = await runTiny([tinyStep('seoul'), tinyStep('tokyo')], { seoul, tokyo: { holds: slow.holds } }, { clock });
    expect([outcome, state.steps.get('seoul')?.because]).toEqual(['failed', 'it was so, and at the end of the run it is not: its region is lost']);
    expect(state.steps.get('tokyo')?.state).toBe('done');
  });

  it.each([
    [LIMITS.endFreshMs, 1],
    [LIMITS.endFreshMs + 1, 2],
  ])('what the slowest of them says %d ms after the first asks the first %d times', async (ms, times) => {
    const clock = new VirtualClock();
    const quick = inTurn(() => REACHED);
    const slow = inTurn(() => clock.sleep(ms).then(() => REACHED));
    const { outcome } = await runTiny([tinyStep('quick'), tinyStep('slow')], { quick: { holds: quick.holds }, slow: { holds: slow.holds } }, { clock });
    expect([outcome, quick.asked(), slow.asked()]).toEqual(['succeeded', times, 1]);
  });

  it('answers that never come together are no success, after a while', async () => {
    const clock = new VirtualClock();
    const slow: Holds = () => clock.sleep(LIMITS.endFreshMs + 1).then(() => REACHED);
    const late = inTurn(() => REACHED, slow);
    const { outcome, state, took } = await runTiny([tinyStep('a'), tinyStep('b')], { a: { holds: late.holds }, b: { holds: slow } }, { clock });
    expect(outcome).toBe('failed');
    expect([...state.steps.values()].filter((step) => step.state === 'failed').map((step) => step.because)).toEqual([expect.stringContaining('took too long to say so of all at once') as string]);
    expect(took).toBeGreaterThan(LIMITS.endLookMs);
    expect(took).toBeLessThan(LIMITS.endLookMs + 2 * LIMITS.endFreshMs);
  });

  it.each([
    [LIMITS.endFreshMs, 'succeeded', 1],
    [LIMITS.endFreshMs + 1, 'failed', 2],
  ])('a machine that stood still for %d ms after it has %s: success is of what is there now', async (ms, outcome, looks) => {
    const clock = new VirtualClock();
    const seoul = inTurn(() => REACHED, () => ({ state: 'impossible', because: 'its region is lost' }));
    const store = new MemoryStore();
    const append = store.append.bind(store);
    store.append = (record) => (record.type === 'probe.summary' ? clock.sleep(ms) : Promise.resolve()).then(() => append(record));
    const probes = [{ name: 'home', http: 'http://shop.example.com/', status: 200, everyMs: 1_000, holdMs: 1_000 }];
    const run = await runTiny([tinyStep('seoul')], { seoul: { observe: () => clock.sleep(2_000).then(() => REACHED), holds: seoul.holds } }, { clock, store, plan: { probes } });
    expect([run.outcome, seoul.asked(), run.told.at(-1)]).toEqual([outcome, looks, 'run.finished']);
  });

  it.each<[string, boolean, string, number]>([
    ['whose probe is bad at the end', false, 'failed', 2],
    ['whose probe is good', true, 'succeeded', 1],
  ])('a run %s: success is of what is there now', async (_what, up, outcome, looks) => {
    const clock = new VirtualClock();
    let ended = false;
    const servers = inTurn(() => { ended = true; return REACHED; }, () => ({ state: 'impossible', because: 'its servers have failed' }));
    const request = () => clock.sleep(1).then(() => ({ status: up || !ended ? 200 : 503, body: '', address: '127.0.0.3', ms: 1 }));
    const slow: Fake = { holds: () => clock.sleep(8_000).then(() => REACHED) };
    const probes = [{ name: 'home', http: 'http://shop.example.com/', status: 200, everyMs: 1_000, holdMs: 1_000 }];
    const run = await runTiny([tinyStep('servers'), tinyStep('slow')], { servers: { holds: servers.holds }, slow }, { clock, effects: { http: { request } }, plan: { probes } });
    expect([run.outcome, servers.asked()]).toEqual([outcome, looks]);
    if (!up) expect(run.state.steps.get('servers')?.error?.message).toContain('its servers have failed');
  });

  it('is cut short by Ctrl-C, and then nothing has failed', async () => {
    const clock = new VirtualClock();
    const drain = new AbortController();
    const holds = (): typeof PENDING => { drain.abort(new Error('Ctrl-C')); return PENDING; };
    const { outcome, state } = await runTiny([tinyStep('a')], { a: { holds } }, { clock, drain: drain.signal });
    expect([outcome, state.steps.get('a')?.state]).toEqual(['interrupted', 'done']);
  });

  it('that fails leads nothing back: everything was done', async () => {
    const thing = new Thing();
    let undone = 0;
    const moved = thing.kind({ holds: () => ({ state: 'impossible', because: 'gone' }), undo: () => void (undone += 1) });
    const { outcome, told } = await runTiny([tinyStep('a', { reversibility: 'compensable' })], { a: moved }, { plan: { verb: 'switchover' } });
    expect([outcome, undone, told.includes('undo.started')]).toEqual(['failed', 0, false]);
  });

  it('is not asked of a step that is not done, and may fail', async () => {
    const a = inTurn(() => REACHED);
    const failing: Fake = { observe: () => ({ state: 'impossible', because: 'no' }), holds: a.holds };
    const { outcome } = await runTiny([tinyStep('a', { optional: true }), tinyStep('b')], { a: failing, b: {} });
    expect([outcome, a.asked()]).toEqual(['succeeded', 0]);
  });

  it('is not asked of a run that does not succeed', async () => {
    const a = inTurn(() => REACHED);
    const { outcome } = await runTiny([tinyStep('a'), tinyStep('b', { after: ['a'] })], { a, b: { observe: () => ({ state: 'impossible', because: 'no' }) } });
    expect([outcome, a.asked()]).toEqual(['failed', 0]);
  });
});

describe('before users are led to data that was made a while ago', () => {
  const steps = [tinyStep('data', { phase: 'data' }), tinyStep('slow', { after: ['data'], limitMs: 600_000 }), tinyStep('flip', { phase: 'traffic', after: ['slow'] })];
  const slow = (clock: VirtualClock, ms: number): Fake => ({ observe: () => clock.sleep(ms).then(() => REACHED) });

  async function after(ms: number, verb: 'failover' | 'switchover', ...answers: Holds[]) {
    const clock = new VirtualClock();
    const flip = new Thing();
    const asked = inTurn(...answers);
    const run = await runTiny(steps, { data: { holds: asked.holds }, slow: slow(clock, ms), flip: flip.kind() }, { clock, plan: { verb } });
    return { ...run, flips: flip.acts, asked: asked.asked() };
  }

  it('it is looked at again: what is gone holds the traffic back', async () => {
    const { outcome, flips, state } = await after(LIMITS.checkAgeMs + 1_000, 'failover', () => ({ state: 'impossible', because: 'shop-orders-tokyo is not there' }));
    expect([outcome, flips]).toEqual(['refused', 0]);
    expect(state.steps.get('flip')?.refusal).toMatchObject({ rule: 'data-gone', observed: 'since it was made: shop-orders-tokyo is not there' });
  });

  it('no answer is no yes in a planned move; in a failover users have nowhere better to be', async () => {
    const planned = await after(LIMITS.checkAgeMs + 1_000, 'switchover', noAnswer);
    expect(planned).toMatchObject({ outcome: 'refused', flips: 0 });
    expect(planned.state.steps.get('flip')?.refusal?.observed).toContain('ECONNRESET');
    expect(planned.took).toBeGreaterThan(LIMITS.endLookMs);
    const failover = await after(LIMITS.checkAgeMs + 1_000, 'failover', noAnswer);
    expect(failover).toMatchObject({ outcome: 'failed', flips: 1 });
    expect(failover.state.steps.get('data')).toMatchObject({ error: { code: 'END_STATE_GONE' } });
  });

  it('however young it is, it is looked at again once AWS has turned the step away', async () => {
    const clock = new VirtualClock();
    const thing = new Thing();
    const throttled = new AwsError({ service: 'route53', operation: 'ChangeResourceRecordSets', region: 'us-east-1', code: 'Throttling', httpStatus: 400, message: 'Rate exceeded' });
    const flip = thing.kind({ act: () => clock.sleep(LIMITS.endFreshMs).then(() => Promise.reject(throttled)) });
    const data: Fake = { holds: () => ({ state: 'impossible', because: 'shop-orders-tokyo is not there' }) };
    const { outcome, state } = await runTiny(steps, { data, slow: slow(clock, 1_000), flip }, { clock, plan: { verb: 'switchover' } });
    expect([outcome, state.steps.get('flip')?.refusal?.rule]).toEqual(['refused', 'data-gone']);
  });

  it('an answer that comes late is waited for', async () => {
    expect(await after(LIMITS.checkAgeMs + 1_000, 'switchover', noAnswer, () => PENDING, () => REACHED)).toMatchObject({ outcome: 'succeeded', flips: 1 });
  });

  it('all that is gone is said', async () => {
    const clock = new VirtualClock();
    const gone = (because: string): Fake => ({ holds: () => ({ state: 'impossible', because }) });
    const two = [tinyStep('one', { phase: 'data' }), tinyStep('two', { phase: 'data' }), tinyStep('slow', { after: ['one', 'two'], limitMs: 600_000 }), tinyStep('flip', { phase: 'traffic', after: ['slow'] })];
    const { state } = await runTiny(two, { one: gone('one is gone'), two: gone('two is gone'), slow: slow(clock, LIMITS.checkAgeMs + 1), flip: new Thing().kind() }, { clock });
    expect(state.steps.get('flip')?.refusal?.observed).toBe('since it was made: one is gone; two is gone');
  });

  it('one that is gone is enough, in a failover too', async () => {
    const clock = new VirtualClock();
    const two = [tinyStep('one', { phase: 'data' }), tinyStep('two', { phase: 'data' }), tinyStep('slow', { after: ['one', 'two'], limitMs: 600_000 }), tinyStep('flip', { phase: 'traffic', after: ['slow'] })];
    const { outcome, state } = await runTiny(two, { one: { holds: () => REACHED }, two: { holds: () => ({ state: 'impossible', because: 'two is gone' }) }, slow: slow(clock, LIMITS.checkAgeMs + 1), flip: new Thing().kind() }, { clock });
    expect([outcome, state.steps.get('flip')?.refusal?.observed]).toEqual(['refused', 'since it was made: two is gone']);
  });

  it('data that cannot say so, or was never made, holds nothing back', async () => {
    const passes = async (data: Fake, parts: Partial<PlanStep> = {}) => {
      const clock = new VirtualClock();
      const flip = new Thing();
      const { outcome, took } = await runTiny([{ ...tinyStep('data', { phase: 'data' }), ...parts }, ...steps.slice(1)], { data, slow: slow(clock, LIMITS.checkAgeMs + 1_000), flip: flip.kind() }, { clock, plan: { verb: 'switchover' } });
      return [outcome, flip.acts, took < LIMITS.checkAgeMs + LIMITS.endLookMs];
    };
    expect(await passes({})).toEqual(['succeeded', 1, true]);
    const failed: Fake = { observe: () => ({ state: 'impossible', because: 'no' }), holds: () => ({ state: 'impossible', because: 'gone' }) };
    expect(await passes(failed, { optional: true })).toEqual(['succeeded', 1, true]);
  });

  it('a look that is cut short by Ctrl-C refuses nothing', async () => {
    const clock = new VirtualClock();
    const drain = new AbortController();
    const flip = new Thing();
    const data: Fake = { holds: () => { drain.abort(new Error('Ctrl-C')); return PENDING; } };
    const { outcome, state } = await runTiny(steps, { data, slow: slow(clock, LIMITS.checkAgeMs + 1_000), flip: flip.kind() }, { clock, drain: drain.signal, plan: { verb: 'switchover' } });
    expect([outcome, flip.acts]).toEqual(['interrupted', 0]);
    expect(state.steps.get('flip')).not.toHaveProperty('refusal');
  });

  it('only data is asked, and only for traffic', async () => {
    const clock = new VirtualClock();
    const no = inTurn(() => ({ state: 'impossible', because: 'gone' }));
    const sized = tinyStep('data', { phase: 'compute' });
    const later = await runTiny([sized, ...steps.slice(1)], { data: { holds: no.holds }, slow: slow(clock, LIMITS.checkAgeMs + 1), flip: new Thing().kind() }, { clock });
    // The last look finds it.
    expect([later.state.steps.get('flip')?.state, no.asked()]).toEqual(['done', 1]);
    const other = new VirtualClock();
    const moved = steps.map((step) => (step.id === 'flip' ? { ...step, phase: 'compute' as const } : step));
    const untouched = await runTiny(moved, { data: { holds: no.holds }, slow: slow(other, LIMITS.checkAgeMs + 1), flip: new Thing().kind() }, { clock: other });
    expect(untouched.state.steps.get('flip')?.state).toBe('done');
  });

  it('what was made that long ago to the millisecond is young enough', async () => {
    const made = await after(LIMITS.checkAgeMs, 'switchover', () => REACHED);
    expect([made.outcome, made.asked]).toEqual(['succeeded', 1]);
  });

  it('what is there lets it pass, and what was made a moment ago is not asked', async () => {
    expect(await after(LIMITS.checkAgeMs + 1_000, 'switchover', () => REACHED)).toMatchObject({ outcome: 'succeeded', flips: 1, asked: 2 });
    expect(await after(1_000, 'switchover', () => REACHED)).toMatchObject({ outcome: 'succeeded', flips: 1, asked: 1 });
  });
});
