import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { Verb } from '../../../src/model/verb.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, fakeAws, NO_ANSWER } from './fake.ts';

/* A switch that is an object: what is asked, what is written, and when silence counts as an answer. */

const AT = new Date(1_800_000_000_000);
const THERE = { Body: {}, ETag: 'e', LastModified: AT };
const GONE = awsError('NoSuchKey');
const URL = 's3://shop-dr/active';

async function flip(present: boolean, object: unknown, { verb = 'failover', params = {} }: { verb?: Verb; params?: Record<string, Json> } = {}) {
  const fake = fakeAws({ GetObject: object, PutObject: {}, DeleteObject: {} });
  const step = await stepOf('route53-failover.flipObject', { region: TOKYO, bucket: 'shop-dr', key: 'active', present, ...params }, { run: { verb }, effects: { aws: fake.aws } });
  return { ...step, ...fake };
}

it.each([
  [true, THERE, 'reached', `${URL} is there`],
  [true, GONE, 'absent', `${URL} is not there`],
  [false, THERE, 'absent', `${URL} is there`],
  [false, GONE, 'reached', `${URL} is not there`],
])('wanted there: %s %#', async (present, object, state, because) => {
  const step = await flip(present, object);
  expect(await step.check()).toEqual({ state: 'ok', because });
  expect(await step.observe()).toEqual({ state, because });
  expect(step.recorded).toEqual(state === 'reached' && present ? { 'object.since.shop-dr/active': AT.getTime() } : {});
});

it('one that is to go away is asked for shortly: its region may be gone', async () => {
  const [there, gone] = [await flip(true, THERE), await flip(false, THERE)];
  await there.check();
  await gone.observe();
  expect([there.calls, gone.calls]).toMatchObject([[{ region: TOKYO, timeoutMs: undefined, attempts: undefined }], [{ timeoutMs: 2_000, attempts: 2 }]]);
});

describe('writing', () => {
  const WRITTEN = { operation: 'PutObject', region: TOKYO, input: { Bucket: 'shop-dr', Key: 'active', Body: `shop: written by dr for ${TOKYO}\n`, ContentType: 'text/plain' } };
  const DELETED = { operation: 'DeleteObject', region: TOKYO, input: { Bucket: 'shop-dr', Key: 'active' } };

  it.each([[true, WRITTEN, DELETED], [false, DELETED, WRITTEN]])('makes it so, and undo the reverse: %s', async (present, done, undone) => {
    const step = await flip(present, GONE);
    await step.act();
    expect(step.recorded).toEqual({ 'object.changed.shop-dr/active': true });
    await step.undo();
    expect(step.calls).toMatchObject([done, undone]);
    expect(step.calls.map(({ input }) => Object.keys(input).length)).toEqual([Object.keys(done.input).length, Object.keys(undone.input).length]);
  });
});

describe('a bucket that does not answer', () => {
  const silence = `${TOKYO} does not answer for ${URL}: what cannot be read does not count as there, for the health check either`;

  it('is taken for an object that is not there, in a failover only, and only where it is to go away', async () => {
    const step = await flip(false, NO_ANSWER);
    expect(await step.check()).toEqual({ state: 'ok', because: silence, warnings: [{
      rule: 'object-left', observed: `take ${URL} away before ${TOKYO} comes back: aws s3 rm ${URL}, or dr reprotect`, wanted: `no object that brings ${TOKYO} back by itself`, mend: `aws s3 rm ${URL}, or dr reprotect`,
    }] });
    expect(await step.observe()).toEqual({ state: 'reached', because: silence });
  });

  it.each([
    ['it is to be there', true, 'failover', NO_ANSWER],
    ['in a planned move', false, 'switchover', NO_ANSWER],
    ['in a rebuild', false, 'reprotect', NO_ANSWER],
    ['it refuses', false, 'failover', awsError('AccessDenied', { httpStatus: 403 })],
  ] as const)('is refused where %s', async (_what, present, verb, error) => {
    const step = await flip(present, error, { verb });
    expect(await step.check()).toEqual({ state: 'refused', refusal: {
      rule: 'watched-object', observed: error.message, threshold: `s3://shop-dr in ${TOKYO} can be read and written`,
      consequence: 'traffic could not be switched', override: 'mend bucket, policy or credentials, or set `switch: record`',
    } });
    await expect(step.observe()).rejects.toBe(error);
  });

  it('what is no error of AWS is no silence', async () => {
    const step = await flip(false, Object.assign(new Error('broken'), { unreachable: true }), { params: { region: SEOUL } });
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { observed: 'broken' } });
    await expect(step.observe()).rejects.toThrow('broken');
  });
});
