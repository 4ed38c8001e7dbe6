import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import { elsewhere, groupsUnfit, openQuarantine, placeOf, quarantineRefusal, quarantineUnfit } from '../../../src/kinds/databases/vpc.ts';
import { SEOUL } from '../context.ts';
import { type Shown, smallRds } from './small-rds.ts';

/* Security groups that AWS would refuse, and a quarantine that keeps nobody out. */

const PLACE = { name: 'orders', vpc: 'vpc-1' };
const INSTANCE: DbInstance = { DBInstanceIdentifier: 'orders', DBSubnetGroup: { VpcId: 'vpc-1' } };

function looking(groups: Shown['groups'], answers: Shown['answers'] = {}) {
  const { aws, calls } = smallRds({ groups, answers });
  const signal = new AbortController().signal;
  return { ctx: { effects: { aws }, signal } as never, calls, signal };
}

it('an instance is in the VPC of its subnet group, if AWS shows one', () => {
  expect(placeOf(INSTANCE)).toEqual(PLACE);
  expect(placeOf({})).toEqual({ name: '', vpc: undefined });
});

it('a group is elsewhere by its VPC; what is not shown is not judged', () => {
  const groups = new Map([['sg-1', { vpc: 'vpc-1', inbound: 0 }], ['sg-2', { vpc: 'vpc-2', inbound: 0 }], ['sg-3', { vpc: undefined, inbound: 0 }]]);
  expect(elsewhere(PLACE, groups)).toEqual(['the security group sg-2 is in vpc-2, and orders is in vpc-1']);
  expect(elsewhere({ ...PLACE, vpc: undefined }, groups)).toEqual([]);
});

it('groups that do not exist are named once each, and then those of another VPC', async () => {
  const { ctx, calls, signal } = looking({ 'sg-1': { vpc: 'vpc-1' }, 'sg-2': { vpc: 'vpc-2' } });
  expect(await groupsUnfit(ctx, SEOUL, PLACE, ['sg-2', 'sg-9', 'sg-1', 'sg-9'])).toEqual([`the security group sg-9 does not exist in ${SEOUL}`, 'the security group sg-2 is in vpc-2, and orders is in vpc-1']);
  expect(calls.map((call) => [call.region, call.signal === signal])).toEqual([[SEOUL, true], [SEOUL, true], [SEOUL, true]]);
});

describe('a quarantine', () => {
  it.each<[string, Shown['groups'], string[]]>([
    ['is one', { 'sg-1': { vpc: 'vpc-1' } }, []],
    ['does not exist', {}, [`the security group sg-1 does not exist in ${SEOUL}`]],
    ['is in another VPC', { 'sg-1': { vpc: 'vpc-2' } }, ['the security group sg-1 is in vpc-2, and orders is in vpc-1']],
    ['lets somebody in', { 'sg-1': { vpc: 'vpc-1', inbound: 1 } }, ['the security group sg-1 has 1 inbound rule, and keeps nobody out']],
    ['lets more in, from another VPC', { 'sg-1': { vpc: 'vpc-2', inbound: 2 } }, ['the security group sg-1 is in vpc-2, and orders is in vpc-1', 'the security group sg-1 has 2 inbound rules, and keeps nobody out']],
  ])('%s', async (_what, groups, unfit) => {
    const { ctx, calls, signal } = looking(groups);
    expect(await quarantineUnfit(ctx, SEOUL, INSTANCE, 'sg-1')).toEqual(unfit);
    expect(calls).toMatchObject([{ region: SEOUL, input: { GroupIds: ['sg-1'] } }]);
    expect(calls[0]?.signal).toBe(signal);
    const refusal = await quarantineRefusal(ctx, SEOUL, INSTANCE, 'sg-1');
    expect(refusal).toEqual(
      unfit.length === 0
        ? undefined
        : {
            rule: 'quarantine',
            observed: unfit.join('; '),
            threshold: 'a security group without inbound rules in the VPC of orders',
            consequence: 'AWS refuses the quarantine, or it keeps nobody out: the old writer stays open',
            override: `none: make a security group without inbound rules in that VPC, and name it in the runbook: fence: { quarantine: { ${SEOUL}: sg-… } }`,
          },
    );
  });

  it('whose rules AWS does not show may let anybody in', async () => {
    const { ctx } = looking({}, { DescribeSecurityGroups: { SecurityGroups: [{ GroupId: 'sg-1', VpcId: 'vpc-1' }] } });
    expect(await quarantineUnfit(ctx, SEOUL, INSTANCE, 'sg-1')).toEqual(['AWS does not show the inbound rules of the security group sg-1']);
    expect(openQuarantine('sg-1', new Map([['sg-2', { vpc: undefined, inbound: 1 }]]))).toEqual([]);
  });
});
