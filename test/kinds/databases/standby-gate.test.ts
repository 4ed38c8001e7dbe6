import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import { noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';

const PARAMS = { name: 'orders', region: SEOUL, id: 'old', writer: `arn:aws:rds:${TOKYO}:111122223333:db:new`, quarantine: 'sg-0aaaaaaaaaaaaaaaa' };
const WRITER = { DBInstanceIdentifier: 'new', DBInstanceArn: PARAMS.writer, DBInstanceStatus: 'available', BackupRetentionPeriod: 7 };
const OLD = {
  DBInstanceIdentifier: 'old', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:old`, DBInstanceStatus: 'available', DBInstanceClass: 'db.r6g.large', MultiAZ: false, PubliclyAccessible: false, DeletionProtection: true,
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0bbbbbbbbbbbbbbbb' }],
};
const SETTINGS = { instanceClass: 'db.r6g.large', securityGroups: ['sg-0bbbbbbbbbbbbbbbb'], multiAz: false, publiclyAccessible: false, deletionProtection: false };
const fact = (settings: object = {}): Record<string, Json> => ({ [`standby.orders.${SEOUL}`]: { kept: 'old-old-1', settings: { ...SETTINGS, ...settings } } });

/** `there`: what the two regions show; an error is thrown where the old instance is asked for. */
async function gate(there: { writer?: object | undefined; old?: object | Error; others?: readonly object[]; vpcs?: Record<string, string>; quotas?: Record<string, [used: number, max: number]>; planned?: readonly Record<string, Json>[] }, facts: Record<string, Json> = {}, params: Record<string, Json> = {}) {
  const asked: unknown[] = [];
  const one = (region: string, instance: object | undefined) => (instance === undefined ? Promise.reject(noInstance(region)) : Promise.resolve({ output: { DBInstances: [instance] }, requestId: undefined }));
  const aws = {
    call: (request: { region: string; operation: string; input: { DBInstanceIdentifier?: string; GroupIds?: string[] } }) => {
      const group = request.input.GroupIds?.[0];
      if (group !== undefined) return Promise.resolve({ output: { SecurityGroups: [{ GroupId: group, VpcId: there.vpcs?.[group] ?? 'vpc-1' }] }, requestId: undefined });
      if (request.operation === 'DescribeAccountAttributes' && there.quotas !== undefined) return Promise.resolve({ output: { AccountQuotas: Object.entries(there.quotas).map(([AccountQuotaName, [Used, Max]]) => ({ AccountQuotaName, Used, Max })) }, requestId: undefined });
      if (request.operation === 'DescribeDBSubnetGroups') return Promise.resolve({ output: { DBSubnetGroups: [{ DBSubnetGroupName: 'orders', VpcId: 'vpc-1' }] }, requestId: undefined });
      asked.push([request.region, request.input.DBInstanceIdentifier]);
      if (request.region === TOKYO) return one(TOKYO, request.input.DBInstanceIdentifier !== 'new' ? undefined : 'writer' in there ? there.writer : WRITER);
      if (request.input.DBInstanceIdentifier === undefined) return Promise.resolve({ output: { DBInstances: there.others ?? [] }, requestId: undefined });
      return there.old instanceof Error ? Promise.reject(there.old) : one(SEOUL, there.old);
    },
  };
  const step = await stepOf('rds-read-replica.standbyGate', { ...PARAMS, ...params }, { effects: { aws } as never, facts, planned: (there.planned ?? []).map((more) => ({ kind: 'rds-read-replica.standbyGate', params: { ...PARAMS, ...more } })) });
  return { ...step, asked };
}

const failure = (unreachable: boolean) => new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: SEOUL, code: unreachable ? 'NoAnswer' : 'AccessDenied', message: 'said' });

describe('a standby may be rebuilt', () => {
  it('where the old instance is there, and says how it was', async () => {
    const because = `old in ${SEOUL} is available, and can be renamed`;
    const step = await gate({ old: OLD });
    expect(await step.check()).toEqual({ state: 'ok', because });
    expect(await step.observe()).toEqual({ state: 'reached', because });
    expect(step.asked.slice(0, 2)).toEqual([[TOKYO, 'new'], [SEOUL, 'old']]);
  });

  it('where its name is free already, and this run wrote down how it was', async () => {
    expect(await (await gate({}, fact())).check()).toEqual({ state: 'ok', because: `the name old is free in ${SEOUL}` });
  });

  it('where an earlier run has kept it under another name', async () => {
    const kept = { ...OLD, DBInstanceIdentifier: 'old-old-20261119', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:old-old-20261119` };
    expect(await (await gate({ others: [kept] })).check()).toEqual({ state: 'ok', because: `the name old is free in ${SEOUL}` });
    const closed = { ...kept, VpcSecurityGroups: [{ VpcSecurityGroupId: PARAMS.quarantine }] };
    expect(await (await gate({ others: [closed] })).check()).toMatchObject({ state: 'refused', refusal: { observed: 'old-old-20261119 has no security group but the quarantine, so that its own are not known' } });
  });

  it('where it follows the writer already, whatever else', async () => {
    const follower = { ...OLD, DBInstanceStatus: 'creating', ReadReplicaSourceDBInstanceIdentifier: PARAMS.writer, VpcSecurityGroups: [] };
    expect(await (await gate({ old: follower })).check()).toEqual({ state: 'ok', because: 'old follows the writer already' });
  });

  it('with groups of the runbook, where its own are not known', async () => {
    const closed = { ...OLD, VpcSecurityGroups: [{ VpcSecurityGroupId: PARAMS.quarantine }] };
    expect(await (await gate({ old: closed })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-settings', observed: 'old has no security group but the quarantine, so that its own are not known' } });
    expect(await (await gate({ old: closed }, {}, { securityGroups: ['sg-0cccccccccccccccc'] })).check()).toMatchObject({ state: 'ok' });
    expect(await (await gate({}, fact({ securityGroups: [] }))).check()).toMatchObject({ state: 'refused', refusal: { observed: 'old has no security group but the quarantine, so that its own are not known' } });
  });
});

describe('of several standbys in one plan', () => {
  const own = {};
  const images = { name: 'images', id: 'images', writer: `arn:aws:rds:${TOKYO}:111122223333:db:images-new` };
  const third = { region: 'eu-west-1', id: 'third' };

  it('room is counted for all of them, and not for the one that is asked twice', async () => {
    const quotas: Record<string, [number, number]> = { DBInstances: [9, 10] };
    expect(await (await gate({ quotas, planned: [own] }, fact())).check()).toMatchObject({ state: 'ok' });
    expect(await (await gate({ quotas, planned: [own, images] }, fact())).check()).toMatchObject({ state: 'refused', refusal: { rule: 'quota', observed: `9 of 10 DB instances are in use in ${SEOUL}, and this plan makes 2: old, images` } });
    expect(await (await gate({ quotas: { DBInstances: [8, 10] }, planned: [own, images] }, fact())).check()).toMatchObject({ state: 'ok' });
  });

  it('replicas are counted of one writer, in whatever region', async () => {
    const quotas: Record<string, [number, number]> = { ReadReplicasPerMaster: [1, 1] };
    expect(await (await gate({ quotas, planned: [own, images] }, fact())).check()).toMatchObject({ state: 'ok' });
    expect(await (await gate({ quotas, planned: [own, third] }, fact())).check()).toMatchObject({ state: 'refused', refusal: { rule: 'quota', observed: 'the writer has 1 read replicas, and may have 1' } });
  });
});

describe('it may not', () => {
  it.each<[string, object | undefined, string]>([
    ['without a writer', undefined, 'new in ap-northeast-1 is not there'],
    ['of a replica', { ...WRITER, ReadReplicaSourceDBInstanceIdentifier: 'x' }, 'new in ap-northeast-1 is a replica, and no writer'],
    ['of one in no state', { ...WRITER, DBInstanceStatus: undefined }, 'new in ap-northeast-1 is in no known status'],
    ['of one that is stopped', { ...WRITER, DBInstanceStatus: 'stopped' }, 'new in ap-northeast-1 is stopped'],
    ['of one that says nothing of backups', { ...WRITER, BackupRetentionPeriod: undefined }, 'new in ap-northeast-1 is without automated backups'],
  ])('%s', async (_what, writer, observed) => {
    const step = await gate({ writer, old: OLD });
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-source', observed } });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-source', observed } });
    // Anyone who has no writer needs not ask for the other side.
    expect(step.asked).toEqual([[TOKYO, 'new'], [TOKYO, 'new']]);
  });

  it('where the old instance is in no state that passes', async () => {
    for (const [status, said] of [['stopped', 'stopped'], [undefined, 'in no known status']] as const) {
      expect(await (await gate({ old: { ...OLD, DBInstanceStatus: status } })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-settings', observed: `old in ${SEOUL} is ${said}` } });
    }
    expect(await (await gate({ old: { ...OLD, DBInstanceStatus: 'modifying' } })).check()).toMatchObject({ state: 'ok', because: `old in ${SEOUL} is modifying, and can be renamed` });
  });

  it.each(['DBInstanceClass', 'MultiAZ', 'PubliclyAccessible', 'DeletionProtection'])('where AWS does not show %s of the old instance: it is neither off nor a default', async (field) => {
    const { [field]: _, ...old } = OLD as Record<string, unknown>;
    expect(await (await gate({ old })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-settings', observed: `AWS does not show ${field} of old in ${SEOUL}` } });
    // What this run has seen of it is enough.
    expect(await (await gate({ old }, fact())).check()).toMatchObject({ state: 'ok' });
  });

  it('but for the class, where the runbook names one', async () => {
    const { DBInstanceClass: _, ...old } = OLD;
    expect(await (await gate({ old }, {}, { instanceClass: 'db.r6g.large' })).check()).toMatchObject({ state: 'ok' });
  });

  it('where its region is silent; any other error is one', async () => {
    expect(await (await gate({ old: failure(true) })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-region' } });
    await expect((await gate({ old: failure(false) })).check()).rejects.toMatchObject({ code: 'AccessDenied' });
    await expect((await gate({ old: new Error('a bug') })).check()).rejects.toThrow('a bug');
  });

  it('with a security group, or a quarantine, of another VPC: AWS would refuse it after the old instance is renamed', async () => {
    const old = { ...OLD, DBSubnetGroup: { DBSubnetGroupName: 'orders', VpcId: 'vpc-1' } };
    const own = await gate({ old, vpcs: { 'sg-0cccccccccccccccc': 'vpc-2' } }, {}, { securityGroups: ['sg-0cccccccccccccccc'] });
    expect(await own.check()).toMatchObject({ state: 'refused', refusal: { rule: 'standby-settings', observed: 'the security group sg-0cccccccccccccccc is in vpc-2, and the subnet group orders is in vpc-1' } });
    const closing = await gate({ old, vpcs: { [PARAMS.quarantine]: 'vpc-3' } });
    expect(await closing.check()).toMatchObject({ state: 'refused', refusal: { rule: 'quarantine', observed: `the security group ${PARAMS.quarantine} is in vpc-3, and old is in vpc-1` } });
  });
});
