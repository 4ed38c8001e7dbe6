import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import type { Json } from '../../../src/base/json.ts';
import { follows, found, lastsFor, lastsNot, missing } from '../../../src/kinds/looks.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf, TOKYO } from '../context.ts';

/* What was seen before a resume is not what is there now. */

const ZONE = 'Z0123456789ABCDEFGHIJ';
const NAME = 'shop.example.com';
const SETTLE = { key: 'storefront', zone: ZONE, records: [{ name: NAME, type: 'A' }], to: { set: 'tokyo', answer: { values: ['127.0.0.3'] } } };

it('names that were all right are looked up again when somebody asks once more', async () => {
  let answers = '127.0.0.3';
  const at = { effects: { dns: { resolve: () => Promise.resolve({ values: [answers], ttl: 60 }) } } };
  const step = await stepOf('route53-failover.settle', SETTLE, at);
  expect((await step.observe()).state).toBe('reached');
  answers = '127.0.0.2';
  expect(await step.observe()).toMatchObject({ state: 'pending', because: expect.stringContaining('still answers 127.0.0.2') as string });
});

it('where Route 53 draws lots, as many answers in a row must be right as were asked for', async () => {
  const drawn = ['127.0.0.3', '127.0.0.3', '127.0.0.2'];
  let asked = 0;
  const resolve = () => Promise.resolve({ values: [drawn[asked++ % drawn.length] ?? ''], ttl: 60 });
  const step = await stepOf('route53-weighted.settle', { ...SETTLE, samples: 3 }, { effects: { dns: { resolve } } });
  expect(await step.observe()).toMatchObject({ state: 'pending', because: expect.stringContaining('still answers 127.0.0.2') as string });
  drawn.pop();
  expect((await step.observe()).state).toBe('reached');
});

it('some that were right before a pause are looked up again after it, and not in the same run', async () => {
  const asked: string[] = [];
  let wrong = true;
  const resolve = (name: string) => {
    asked.push(name);
    return Promise.resolve({ values: [wrong && name.startsWith('two') ? '127.0.0.2' : '127.0.0.3'], ttl: 60 });
  };
  const clock = new VirtualClock();
  const records = ['one.example.com', 'two.example.com'].map((name) => ({ name, type: 'A' }));
  const step = await stepOf('route53-failover.settle', { ...SETTLE, records }, { clock, effects: { dns: { resolve } } });
  expect((await step.observe()).state).toBe('pending');
  asked.length = 0;
  expect((await step.observe()).state).toBe('pending');
  expect(asked).toEqual(['two.example.com']);
  await clock.run(() => clock.sleep(600_000));
  wrong = false;
  asked.length = 0;
  expect((await step.observe()).state).toBe('reached');
  expect(asked).toEqual(['one.example.com', 'two.example.com']);
});

it('a hold between the steps of a drain begins again after a pause: nobody looked in between', async () => {
  const aws = { call: () => Promise.resolve({ output: { TargetHealthDescriptions: [1, 2].map((n) => ({ Target: { Id: `i-${n}` }, TargetHealth: { State: 'healthy' } })) } }) } as unknown as AwsCaller;
  const clock = new VirtualClock();
  const capacity = { targetGroup: `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/shop/0123456789abcdef`, healthy: 2 };
  const params: Json = { key: 'drain', zone: ZONE, records: SETTLE.records, survivors: [{ region: TOKYO, set: 'tokyo', capacity }], mustKnow: true, holdMs: 30_000 };
  const step = await stepOf('route53-weighted.hold', params, { clock, effects: { aws } });
  const after = async (ms: number) => {
    await clock.run(() => clock.sleep(ms));
    return (await step.observe()).state;
  };
  expect(await after(0)).toBe('pending');
  expect(await after(600_000)).toBe('pending');
  expect(await after(20_000)).toBe('pending');
  expect(await after(20_000)).toBe('reached');
});

describe('looks that follow one another', () => {
  const SINCE = 1_000_000;
  function contextAt(clock: VirtualClock, facts: Record<string, Json> = {}) {
    const recorded = new Map<string, Json>(Object.entries(facts));
    return { recorded, ctx: { effects: { clock }, fact: (name: string) => recorded.get(name), record: (name: string, value: Json) => void recorded.set(name, value) } as unknown as StepContext };
  }

  it('are less than a minute apart, and never the wrong way round', () => {
    expect(follows(undefined, SINCE)).toBe(false);
    expect([0, 59_999, 60_000, -1].map((later) => follows(SINCE, SINCE + later))).toEqual([true, true, false, false]);
  });

  it('count together from the first of them on', async () => {
    const clock = new VirtualClock(SINCE);
    const { ctx, recorded } = contextAt(clock);
    const after = async (ms: number) => (await clock.run(() => clock.sleep(ms)), lastsFor(ctx, 'x'));
    expect([await after(0), await after(50_000), await after(50_000), await after(60_000)]).toEqual([0, 50_000, 100_000, 0]);
    expect(recorded.get('lasts.x')).toEqual({ since: SINCE + 160_000, last: SINCE + 160_000 });
    lastsNot(ctx, 'x');
    expect(await after(1)).toBe(0);
  });

  it('what was there and is missing is asked for again for half a minute; what is found once is not missing', async () => {
    const clock = new VirtualClock(SINCE);
    const { ctx, recorded } = contextAt(clock);
    const after = async (ms: number) => (await clock.run(() => clock.sleep(ms)), missing(ctx, 'db', 'it is not there'));
    const pending = { state: 'pending', because: 'it is not there; it was there before, so AWS is asked again', waitingFor: 'aws' };
    expect([await after(0), await after(29_999), await after(1)]).toEqual([pending, pending, { state: 'impossible', because: 'it is not there' }]);
    found(ctx, 'db');
    expect(await after(1)).toEqual(pending);
    recorded.clear();
    found(ctx, 'other');
    expect(recorded.size).toBe(0);
  });
});
