import { expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import type { Json } from '../../../src/base/json.ts';
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
