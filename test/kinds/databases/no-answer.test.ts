import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { noInstance, SEOUL, stepOf } from '../context.ts';

/* What answers for the old writer's region is no answer of RDS: neither a fence nor a sign that the region is down. */

const PARAMS = { name: 'orders', region: SEOUL, id: 'writer', group: 'sg-0aaaaaaaaaaaaaaaa' };
const NOT_DOWN: Record<string, Json> = { 'source.verdict': { verdict: 'not-down', because: 'one signal only' } };

function answering(output: object) {
  return { aws: { call: () => Promise.resolve({ output, requestId: undefined }) } } as never;
}

const WRONG: [string, object][] = [
  ['nothing in it', {}],
  ['an empty list', { DBInstances: [] }],
  ['another instance', { DBInstances: [{ DBInstanceIdentifier: 'writer2' }] }],
  ['an instance without a name', { DBInstances: [{ DBInstanceStatus: 'available' }] }],
];

describe.each(WRONG)('an answer with %s', (_what, output) => {
  it('is no fence', async () => {
    const step = await stepOf('rds-read-replica.fence', PARAMS, { effects: answering(output), facts: NOT_DOWN });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'fence' } });
    expect(step.recorded).toEqual({});
  });

  it('does not send the guard away', async () => {
    const step = await stepOf('rds-read-replica.fenceAgain', PARAMS, { effects: answering(output) });
    expect(await step.observe()).toMatchObject({ state: 'pending', waitingFor: 'hold' });
  });

  it('says nothing about the region', async () => {
    const step = await stepOf('rds-read-replica.assessSourceApi', { signal: 'rds-api.orders', region: SEOUL, id: 'writer' }, { effects: answering(output) });
    await step.observe();
    expect(step.recorded).toMatchObject({ 'signal.rds-api.orders': { says: 'unknown', because: expect.stringContaining('MalformedAnswer') as string } });
    expect(JSON.stringify(step.recorded)).not.toContain('silent');
  });
});

it('only DBInstanceNotFound says that it is not there', async () => {
  const effects = { aws: { call: () => Promise.reject(noInstance(SEOUL)) } } as never;
  const step = await stepOf('rds-read-replica.fence', PARAMS, { effects });
  expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining(`${SEOUL} answers that there is no writer`) as string } });
});
