import { expect, it } from 'vitest';
import type { AwsCaller } from '../../../src/aws/caller.ts';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf } from '../context.ts';

/* Records that are as planned by a change whose id a run does not have: nobody knows since when, so that it gets its time. */

const set = (id: string, weight: number) => ({ Name: 'shop.example.com.', Type: 'A', SetIdentifier: id, Weight: weight, TTL: 60, ResourceRecords: [{ Value: '192.0.2.9' }] });
const aim = (seoul: number, tokyo: number): Json => ({ policy: 'weighted', weights: { seoul, tokyo } });
const PARAMS = { key: 'storefront.shift1', zone: 'Z0000SHOP', records: [{ name: 'shop.example.com', type: 'A' }], aim: aim(0, 10), before: aim(10, 0), towards: [] };

/** Route 53 with the weights of two sets; every change is INSYNC at once. */
async function shift(seoul: number, tokyo: number) {
  const clock = new VirtualClock();
  const weights = { seoul, tokyo };
  const sent: string[] = [];
  const call = ({ operation }: { operation: string }) => {
    if (operation === 'ListResourceRecordSets') return Promise.resolve({ output: { ResourceRecordSets: [set('seoul', weights.seoul), set('tokyo', weights.tokyo)], IsTruncated: false } });
    if (operation === 'GetChange') return Promise.resolve({ output: { ChangeInfo: { Id: '/change/C1', Status: 'INSYNC' } } });
    sent.push(operation);
    [weights.seoul, weights.tokyo] = [weights.tokyo, weights.seoul];
    return Promise.resolve({ output: { ChangeInfo: { Id: '/change/C1', Status: 'PENDING' } } });
  };
  const step = await stepOf('route53-weighted.shift', PARAMS, { clock, effects: { aws: { call } as unknown as AwsCaller } });
  const after = async (ms: number): Promise<string> => {
    await clock.run(() => clock.sleep(ms));
    return (await step.observe()).state;
  };
  return { ...step, after, sent, weights };
}

it('somebody else has just changed them: the step waits until every server of Route 53 is sure to have it', async () => {
  const step = await shift(0, 10);
  expect(await step.after(0)).toBe('pending');
  expect(await step.after(30_000)).toBe('pending');
  expect(await step.after(30_000)).toBe('reached');
  expect(step.sent).toEqual([]);
});

it('they were changed back in between: the time counts again', async () => {
  const step = await shift(0, 10);
  expect(await step.after(0)).toBe('pending');
  Object.assign(step.weights, { seoul: 10, tokyo: 0 });
  expect(await step.after(30_000)).toBe('absent');
  Object.assign(step.weights, { seoul: 0, tokyo: 10 });
  expect(await step.after(30_000)).toBe('pending');
  expect(await step.after(30_000)).toBe('pending');
  expect(await step.after(30_000)).toBe('reached');
});

it('however shortly they were: the time is that of this step alone', async () => {
  const step = await shift(0, 10);
  expect(await step.after(0)).toBe('pending');
  Object.assign(step.weights, { seoul: 10, tokyo: 0 });
  expect(await step.after(20_000)).toBe('absent');
  Object.assign(step.weights, { seoul: 0, tokyo: 10 });
  expect(await step.after(20_000)).toBe('pending');
  expect(await step.after(25_000)).toBe('pending');
  expect(Object.keys(step.recorded)).toContain(`lasts.as-planned.${PARAMS.key}`);
});

it('a change of its own is asked about by its id, and nothing more is waited for', async () => {
  const step = await shift(10, 0);
  await step.observe();
  await step.act();
  expect(await step.after(0)).toBe('reached');
  expect(step.sent).toHaveLength(1);
});

it('a way back that finds everything as it was before is over only when that is sure to be everywhere', async () => {
  const step = await shift(10, 0);
  const began = step.clock.now();
  await step.undo();
  expect(step.sent).toEqual([]);
  expect(step.clock.now() - began).toBe(60_000);
  const other = await shift(0, 10);
  await other.undo();
  expect(other.sent).toHaveLength(1);
  expect(other.clock.now() - began).toBeLessThan(60_000);
});
