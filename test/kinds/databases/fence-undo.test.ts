import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { noInstance, SEOUL, stepOf } from '../context.ts';

/* A run that is rolled back gives the old writer its security groups again. */

const CLOSED = 'sg-0aaaaaaaaaaaaaaaa';
const [ONE, TWO] = ['sg-0bbbbbbbbbbbbbbbb', 'sg-0cccccccccccccccc'];
const BEFORE: Record<string, Json> = { 'groups-before.orders': [ONE, TWO] };
const shown = (groups: Record<string, string>, status = 'available') => ({
  DBInstanceIdentifier: 'writer', DBInstanceStatus: status, VpcSecurityGroups: Object.entries(groups).map(([VpcSecurityGroupId, Status]) => ({ VpcSecurityGroupId, Status })),
});

/** `looks`: what is seen at one look after another; the last stays. */
async function fence(looks: readonly (object | undefined)[], facts: Record<string, Json> = BEFORE, kind = 'rds-read-replica.fence') {
  const asked: unknown[] = [];
  let look = 0;
  const aws = {
    call: ({ operation, service, region, input }: { operation: string; service: string; region: string; input: object }) => {
      if (operation === 'DescribeDBInstances') {
        const seen = looks[Math.min(look++, looks.length - 1)];
        return seen === undefined ? Promise.reject(noInstance(region)) : Promise.resolve({ output: { DBInstances: [seen] }, requestId: undefined });
      }
      asked.push([service, region, operation, input]);
      return Promise.resolve({ output: {}, requestId: undefined });
    },
  };
  const params = { name: 'orders', region: SEOUL, id: 'writer', group: CLOSED };
  return { ...(await stepOf(kind, params, { effects: { aws } as never, facts })), asked };
}

const GIVEN_BACK = ['rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: 'writer', VpcSecurityGroupIds: [ONE, TWO] }];
const waited = (waits: readonly { from: number; to: number }[]): number => waits.reduce((sum, { from, to }) => sum + to - from, 0);
const UNDONE = { 'fence.orders': { verdict: 'undone', because: `writer has its security groups again: ${ONE}, ${TWO}` } };

describe('the fence, rolled back', () => {
  it('asks for the groups that it had, and waits until they are active', async () => {
    const step = await fence([shown({ [CLOSED]: 'active' }), shown({ [ONE]: 'adding', [TWO]: 'adding' }), shown({ [ONE]: 'active', [TWO]: 'adding' }), shown({ [ONE]: 'active', [TWO]: 'active' })]);
    await step.undo();
    expect(step.asked).toEqual([GIVEN_BACK]);
    expect(waited(step.waits())).toBe(15_000);
    expect(step.waits()).toMatchObject([{ cause: 'aws' }]);
    expect(step.recorded).toEqual(UNDONE);
  });

  it('asks for nothing where it never was closed', async () => {
    const step = await fence([shown({ [TWO]: 'active', [ONE]: 'active' })]);
    await step.undo();
    expect(step.asked).toEqual([]);
    expect(step.waits()).toEqual([]);
    expect(step.recorded).toEqual(UNDONE);
  });

  it('asks again where some are missing or others are there; not while AWS is at work', async () => {
    const done = shown({ [ONE]: 'active', [TWO]: 'active' });
    const other = shown({ [ONE]: 'active', 'sg-0dddddddddddddddd': 'active' });
    for (const seen of [shown({ [ONE]: 'active' }), shown({}), { DBInstanceIdentifier: 'writer', DBInstanceStatus: 'available' }, other, shown({ [ONE]: 'active', [TWO]: 'active', [CLOSED]: 'active' })]) {
      const step = await fence([seen, done]);
      await step.undo();
      expect(step.asked).toEqual([GIVEN_BACK]);
    }
    const busy = await fence([shown({ [CLOSED]: 'active' }, 'starting'), shown({ [CLOSED]: 'active' }), done]);
    await busy.undo();
    expect(busy.asked).toEqual([GIVEN_BACK]);
    expect(waited(busy.waits())).toBe(10_000);
  });

  it('says what stands in the way', async () => {
    const closed = [shown({ [CLOSED]: 'active' })];
    await expect((await fence(closed, {})).undo()).rejects.toThrow('the security groups it had are not known');
    await expect((await fence(closed, { 'groups-before.orders': 'sg-1' })).undo()).rejects.toThrow('the security groups it had are not known');
    await expect((await fence(closed, { 'groups-before.orders': [] })).undo()).rejects.toThrow('writer had no security group to give back');
    await expect((await fence([undefined])).undo()).rejects.toThrow(`writer is not in ${SEOUL} any more`);
  });
});

describe('the fence, before it acts', () => {
  it('journals the groups that an undo gives back', async () => {
    const step = await fence([shown({ [ONE]: 'active', [TWO]: 'active' })], {});
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    expect(step.recorded).toMatchObject({ 'groups-before.orders': [ONE, TWO] });
  });

  it('of one in no state that AWS names, and without a group, is none', async () => {
    const params = { name: 'orders', region: SEOUL, id: 'writer' };
    const aws = { call: () => Promise.resolve({ output: { DBInstances: [{ DBInstanceIdentifier: 'writer' }] }, requestId: undefined }) };
    const step = await stepOf('rds-read-replica.fence', params, { effects: { aws } as never });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: expect.stringContaining('its API answers that it is in no known status') as string } });
    await expect(step.act()).rejects.toThrow('nothing to quarantine with');
    await expect(step.undo()).rejects.toThrow('the security groups it had are not known');
  });
});

describe('the guard that closes an old writer which is there again', () => {
  const guard = (looks: readonly (object | undefined)[], facts: Record<string, Json> = BEFORE) => fence(looks, facts, 'rds-read-replica.fenceAgain');

  it('journals the groups, and gives them back: of a run that is rolled back before its copy took over nobody else takes writes', async () => {
    const seen = await guard([shown({ [ONE]: 'active', [TWO]: 'active' })], {});
    expect(await seen.observe()).toMatchObject({ state: 'absent' });
    expect(seen.recorded).toMatchObject(BEFORE);
    const step = await guard([shown({ [CLOSED]: 'active' }), shown({ [ONE]: 'active', [TWO]: 'active' })]);
    await step.undo();
    expect(step.asked).toEqual([GIVEN_BACK]);
    expect(step.recorded).toEqual(UNDONE);
  });
});
