import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import type { HttpRequest, HttpSample } from '../../src/effects/effects.ts';
import { watchProbes } from '../../src/engine/probes.ts';
import type { RunEvent } from '../../src/journal/events.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { PlanProbe } from '../../src/model/plan.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { tinyEffects } from './tiny.ts';

/* What is sampled while a run goes, and what of it is journaled. */

const PROBE: PlanProbe = { name: 'site', http: 'http://site', status: 200, everyMs: 1_000, holdMs: 0 };

/** Samples answer one after the other, the last again and again, each after its `ms`. Times count from 0. */
function setUp(answers: readonly Partial<HttpSample>[], { probes = [PROBE], fails }: { probes?: PlanProbe[]; fails?: Error } = {}) {
  const clock = new VirtualClock(0);
  const events: RunEvent[] = [];
  const asked: { at: number; request: HttpRequest }[] = [];
  const request = async (one: HttpRequest): Promise<HttpSample> => {
    const answer: HttpSample = { status: 200, body: '', address: '192.0.2.1', ms: 10, ...answers[Math.min(asked.push({ at: clock.now(), request: one }), answers.length) - 1] };
    await clock.sleep(answer.ms, one.signal).catch(() => undefined);
    return one.signal?.aborted === true ? { ...answer, status: 0, error: 'aborted' } : answer;
  };
  const journal = { append: (event: RunEvent) => (fails === undefined ? Promise.resolve(void events.push(event)) : Promise.reject(fails)) } as unknown as Journal;
  const begin = () => watchProbes(probes, tinyEffects(clock, { http: { request } }), journal);
  return { clock, events, asked, begin };
}

/** Samples for so long, then stops. */
async function watched(answers: readonly Partial<HttpSample>[], forMs: number, succeeded?: boolean) {
  const { clock, events, asked, begin } = setUp(answers);
  const good = await clock.run(async () => {
    const watch = begin();
    await clock.sleep(forMs);
    return succeeded === undefined ? watch.stop() : watch.stop(succeeded);
  });
  return { good, events, askedAt: asked.map(({ at }) => at), requests: asked.map(({ request }) => request), now: clock.now() };
}

const changed = (up: boolean, sampledAt: number, more: object = {}) => ({ type: 'probe.changed', probe: 'site', up, status: up ? 200 : 503, address: '192.0.2.1', sampledAt, ...(up ? {} : { error: 'status 503 from 192.0.2.1, expected 200' }), ...more });
const summary = (samples: number, failed: number, lastUp: boolean) => ({ type: 'probe.summary', probe: 'site', samples, failed, lastUp });
const BAD = { status: 503 };

describe('a probe', () => {
  it('is asked again and again until the run ends, and only changes are journaled', async () => {
    const { events, askedAt, requests } = await watched([{}, {}, BAD, BAD, {}], 4_500);
    expect(askedAt).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    expect(events).toEqual([changed(true, 10), changed(false, 2_000), changed(true, 4_010), summary(5, 2, true)]);
    expect(requests[0]).toMatchObject({ url: 'http://site', timeoutMs: LIMITS.probeMs });
  });

  it('a good answer counts from when it came, a bad one from when it was asked for', async () => {
    expect((await watched([{ ms: 300 }], 500)).events[0]).toEqual(changed(true, 300));
    expect((await watched([{ ...BAD, ms: 300 }], 500)).events[0]).toEqual(changed(false, 0));
  });

  it('whose answer takes longer than its interval is asked for again at once', async () => {
    expect((await watched([{ ms: 1_500 }], 3_500)).askedAt).toEqual([0, 1_500, 3_000]);
    expect((await watched([{ ms: 1_000 }], 2_500)).askedAt).toEqual([0, 1_000, 2_000]);
  });

  it('whose address is not known says none', async () => {
    const { events } = await watched([{ address: undefined }], 500);
    expect(events[0]).not.toHaveProperty('address');
    expect(events[0]).not.toHaveProperty('error');
  });

  it('an answer that the end of the run cut short is none', async () => {
    const { events, now } = await watched([{}, { ms: 1_500 }], 1_200);
    expect(events).toEqual([changed(true, 10), summary(1, 0, true)]);
    expect(now).toBe(1_200);
    expect((await watched([{ ms: 1_500 }], 1_200)).events).toEqual([]);
  });

  it('that was bad last is asked once more after a run that succeeded, and only then', async () => {
    const success = await watched([{}, BAD, {}], 1_500, true);
    expect(success.events).toEqual([changed(true, 10), changed(false, 1_000), changed(true, 1_510), summary(3, 1, true)]);
    expect(success.requests.at(-1)?.signal).toBeUndefined();
    expect((await watched([{}, BAD, BAD], 1_500, true)).events.at(-1)).toEqual(summary(3, 2, false));
    expect((await watched([{}, BAD, {}], 1_500, false)).events.at(-1)).toEqual(summary(2, 1, false));
    expect((await watched([{}, BAD, {}], 1_500)).events.at(-1)).toEqual(summary(2, 1, false));
    expect((await watched([{}], 1_500, true)).askedAt).toEqual([0, 1_000]);
  });

  it('says at the end whether it is good; one that never answered says nothing', async () => {
    const good = async (...[answers, ms, succeeded]: Parameters<typeof watched>) => (await watched(answers, ms, succeeded)).good;
    expect(await good([{}], 1_500)).toBe(true);
    expect(await good([{}, BAD], 1_500)).toBe(false);
    expect(await good([{}, BAD, {}], 1_500, true)).toBe(true);
    expect(await good([{}, BAD, BAD], 1_500, true)).toBe(false);
    expect(await good([{ ms: 5_000 }], 1_000)).toBe(true);
  });

  it('does not hold the end of the run up', async () => {
    expect((await watched([{}], 1_200)).now).toBe(1_200);
  });
});

it('several probes are sampled side by side, each at its own pace', async () => {
  const { clock, asked, events, begin } = setUp([{}], { probes: [PROBE, { ...PROBE, name: 'api', http: 'http://api', everyMs: 2_000 }] });
  await clock.run(async () => {
    const watch = begin();
    await clock.sleep(2_500);
    await watch.stop();
  });
  expect(asked.map(({ at, request }) => `${request.url} ${at}`).sort()).toEqual(['http://api 0', 'http://api 2000', 'http://site 0', 'http://site 1000', 'http://site 2000']);
  const counts = new Map(events.flatMap((event) => (event.type === 'probe.summary' ? [[event.probe, event.samples] as const] : [])));
  expect(counts).toEqual(new Map([['site', 3], ['api', 2]]));
});

it('a journal that fails is reported when the sampling ends', async () => {
  const { clock, asked, begin } = setUp([{}], { fails: new Error('the disk is full') });
  await clock.run(async () => {
    const watch = begin();
    await clock.sleep(5_000);
    await expect(watch.stop()).rejects.toThrow('the disk is full');
  });
  expect(asked).toHaveLength(1);
});
