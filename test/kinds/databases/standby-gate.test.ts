import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, type Call, type Shown, smallRds } from './small-rds.ts';

const PARAMS = { name: 'orders', region: SEOUL, id: 'old', writer: `arn:aws:rds:${TOKYO}:111122223333:db:new`, quarantine: 'sg-0aaaaaaaaaaaaaaaa' };
const WRITER = { DBInstanceIdentifier: 'new', DBInstanceArn: PARAMS.writer, DBInstanceStatus: 'available', BackupRetentionPeriod: 7 };
const OLD = {
  DBInstanceIdentifier: 'old', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:old`, DBInstanceStatus: 'available', DBInstanceClass: 'db.r6g.large', MultiAZ: false, PubliclyAccessible: false, DeletionProtection: true,
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0bbbbbbbbbbbbbbbb' }],
};
const SETTINGS = { instanceClass: 'db.r6g.large', securityGroups: ['sg-0bbbbbbbbbbbbbbbb'], multiAz: false, publiclyAccessible: false, deletionProtection: false };
const fact = (settings: object = {}): Record<string, Json> => ({ [`standby.orders.${SEOUL}`]: { kept: 'old-old-1', settings: { ...SETTINGS, ...settings } } });

interface There extends Pick<Shown, 'answers'> {
  writer?: object | undefined;
  /** Of the name; an error is thrown where it is asked for. */
  old?: object | Error;
  others?: readonly object[];
  writers?: readonly object[];
  vpcs?: Record<string, string>;
  quotas?: Record<string, [used: number, max: number]>;
  /** Steps of the plan: of this kind, unless another is named. */
  planned?: readonly Record<string, Json>[];
  signal?: AbortSignal;
}

/** What the two regions show. Every security group is there, in `vpc-1` unless said otherwise; and so is the subnet group `orders`. */
async function gate({ old, others = [], writers = [], vpcs = {}, quotas = {}, planned, signal, answers = {}, ...there }: There, facts: Record<string, Json> = {}, params: Record<string, Json> = {}) {
  const writer = 'writer' in there ? there.writer : WRITER;
  const { aws, calls } = smallRds({
    instances: { [TOKYO]: [...(writer === undefined ? [] : [writer]), ...writers], [SEOUL]: [...(old === undefined || old instanceof Error ? [] : [old]), ...others] },
    answers: {
      DescribeDBInstances: ({ region, input }) => (region === SEOUL && input['DBInstanceIdentifier'] === 'old' && old instanceof Error ? old : undefined),
      DescribeSecurityGroups: ({ input: { GroupIds: [id] = [] } }: { input: { GroupIds?: string[] } }) => ({ SecurityGroups: [{ GroupId: id, VpcId: vpcs[id ?? ''] ?? 'vpc-1', IpPermissions: [] }] }),
      DescribeDBSubnetGroups: { DBSubnetGroups: [{ DBSubnetGroupName: 'orders', VpcId: 'vpc-1', Subnets: [{ SubnetAvailabilityZone: { Name: 'a' } }] }] },
      DescribeAccountAttributes: { AccountQuotas: Object.entries(quotas).map(([AccountQuotaName, [Used, Max]]) => ({ AccountQuotaName, Used, Max })) },
      ...answers,
    },
  });
  const steps = planned?.map(({ kind = 'rds-read-replica.standbyGate', ...more }) => ({ kind: kind as string, params: { ...PARAMS, ...more } }));
  const step = await stepOf('rds-read-replica.standbyGate', { ...PARAMS, ...params }, { effects: { aws }, facts, ...(steps === undefined ? {} : { planned: steps }), ...(signal === undefined ? {} : { signal }) });
  const asked = () => calls.flatMap(({ region, operation, input }) => (operation === 'DescribeDBInstances' ? [[region, input['DBInstanceIdentifier']]] : []));
  return { ...step, asked, calls };
}

const refusal = async (there: There, facts: Record<string, Json> = {}, params: Record<string, Json> = {}) => {
  const verdict = await (await gate(there, facts, params)).check();
  return verdict.state === 'refused' ? verdict.refusal : verdict;
};

const failure = (unreachable: boolean) => new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: SEOUL, code: unreachable ? 'NoAnswer' : 'AccessDenied', message: 'said' });

describe('a standby may be rebuilt', () => {
  it('where the old instance is there, and says how it was', async () => {
    const because = `old in ${SEOUL} is available, and can be renamed`;
    const step = await gate({ old: OLD });
    expect(await step.check()).toEqual({ state: 'ok', because, warnings: [] });
    expect(await step.observe()).toEqual({ state: 'reached', because });
    expect(step.asked().slice(0, 2)).toEqual([[TOKYO, 'new'], [SEOUL, 'old']]);
  });

  it('where its name is free already, and this run wrote down how it was', async () => {
    expect(await (await gate({}, fact())).check()).toEqual({ state: 'ok', because: `the name old is free in ${SEOUL}`, warnings: [] });
  });

  it('where an earlier run has kept it under another name', async () => {
    const kept = { ...OLD, DBInstanceIdentifier: 'old-old-20261119', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:old-old-20261119` };
    expect(await (await gate({ others: [kept] })).check()).toEqual({ state: 'ok', because: `the name old is free in ${SEOUL}`, warnings: [] });
    const closed = { ...kept, VpcSecurityGroups: [{ VpcSecurityGroupId: PARAMS.quarantine }] };
    expect(await (await gate({ others: [closed] })).check()).toMatchObject({ state: 'refused', refusal: { observed: 'old-old-20261119 has no security group but the quarantine, so that its own are not known' } });
  });

  it('where it follows the writer already, whatever else', async () => {
    const follower = { ...OLD, DBInstanceStatus: 'creating', ReadReplicaSourceDBInstanceIdentifier: PARAMS.writer, VpcSecurityGroups: [] };
    expect(await (await gate({ old: follower })).check()).toEqual({ state: 'ok', because: 'old follows the writer already', warnings: [] });
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

  it('of those that are not there yet: not one that follows its writer already, nor another step of the plan; what is not seen counts', async () => {
    const quotas: Record<string, [number, number]> = { DBInstances: [9, 10] };
    const follower = { DBInstanceIdentifier: 'images', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: images.writer };
    expect(await (await gate({ quotas, planned: [own, images], others: [follower] }, fact())).check()).toMatchObject({ state: 'ok' });
    expect(await refusal({ quotas, planned: [own, images], others: [{ ...follower, ReadReplicaSourceDBInstanceIdentifier: PARAMS.writer }] }, fact())).toMatchObject({ rule: 'quota' });
    expect(await (await gate({ quotas, planned: [own, { ...images, kind: 'rds-read-replica.keepOld' }] }, fact())).check()).toMatchObject({ state: 'ok' });
    const silent = ({ input }: Call) => (input['DBInstanceIdentifier'] === 'images' ? failure(true) : undefined);
    expect(await refusal({ quotas, planned: [own, images], answers: { DescribeDBInstances: silent } }, fact())).toMatchObject({ rule: 'quota' });
    const bug = ({ input }: Call) => (input['DBInstanceIdentifier'] === 'images' ? new Error('a bug') : undefined);
    await expect((await gate({ quotas, planned: [own, images], answers: { DescribeDBInstances: bug } }, fact())).check()).rejects.toThrow('a bug');
  });

  it('of another region only the same writer counts, and nothing else is asked for there', async () => {
    const unlike = await gate({ planned: [own, { ...images, region: 'eu-west-1' }] }, fact());
    await unlike.check();
    expect(unlike.asked().filter(([region]) => region === 'eu-west-1')).toEqual([]);
    const same = await gate({ quotas: { DBInstances: [9, 10] }, planned: [own, { ...third, id: 'old' }] }, fact());
    expect(await same.check()).toMatchObject({ state: 'ok' });
    expect(same.calls.filter(({ region }) => region === 'eu-west-1')).toMatchObject([{ attempts: 2, timeoutMs: LIMITS.signalMs, input: { DBInstanceIdentifier: 'old' } }]);
  });

  it('storage is counted of all of them, as their writers have it', async () => {
    const writers = [{ DBInstanceIdentifier: 'images-new', DBInstanceStatus: 'available', AllocatedStorage: 30 }];
    const there = { writer: { ...WRITER, AllocatedStorage: 20 }, writers, planned: [own, images] };
    expect(await refusal({ ...there, quotas: { AllocatedStorage: [51, 100] } }, fact())).toMatchObject({ observed: `51 of 100 GiB of storage are in use in ${SEOUL}, and old, images need 50` });
    expect(await (await gate({ ...there, quotas: { AllocatedStorage: [50, 100] } }, fact())).check()).toMatchObject({ state: 'ok' });
  });

  it('replicas are counted of one writer, in whatever region', async () => {
    const quotas: Record<string, [number, number]> = { ReadReplicasPerMaster: [1, 1] };
    expect(await (await gate({ quotas, planned: [own, images] }, fact())).check()).toMatchObject({ state: 'ok' });
    for (const more of [third, { ...third, id: 'old' }]) expect(await refusal({ quotas, planned: [own, more] }, fact())).toMatchObject({ rule: 'quota', observed: 'the writer has 1 read replicas, and may have 1' });
    expect(await refusal({ quotas, writer: { ...WRITER, ReadReplicaDBInstanceIdentifiers: ['a'] } }, fact())).toMatchObject({ rule: 'quota' });
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
    expect(step.asked()).toEqual([[TOKYO, 'new'], [TOKYO, 'new']]);
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

const OFFER = { DBInstanceClass: 'db.r6g.large', EngineVersion: '17.5', StorageType: 'gp3', MultiAZCapable: false, SupportsIAMDatabaseAuthentication: false, SupportsPerformanceInsights: false, AvailabilityZones: [{ Name: 'a' }, { Name: 'b' }] };
const RUNS = { ...WRITER, Engine: 'postgres', EngineVersion: '17.5' };
const offers = (more: object = {}): NonNullable<Shown['answers']> => ({
  DescribeOrderableDBInstanceOptions: ({ input }) => ({ OrderableDBInstanceOptions: [{ ...OFFER, ...more }].filter((offer) => [undefined, offer.EngineVersion].includes(input['EngineVersion'] as string | undefined)) }),
  DescribeCertificates: awsError('DescribeCertificates', 'CertificateNotFound', SEOUL, 404),
});
const OF = `RDS does not offer db.r6g.large in ${SEOUL}`;
const ORDERS = { DBSubnetGroup: { DBSubnetGroupName: 'orders', VpcId: 'vpc-1' } };

describe('what RDS does not offer, or the region does not have, is found before the old instance is touched', () => {
  it.each<[string, object, object, string]>([
    ['the storage', { StorageType: 'io2' }, {}, `${OF} with the storage io2`],
    ['Multi-AZ', { MultiAZ: true }, {}, `${OF} as Multi-AZ`],
    ['the zone of its subnets', ORDERS, { AvailabilityZones: [{ Name: 'b' }] }, `RDS offers db.r6g.large in ${SEOUL} in none of the zones a`],
    ['IAM authentication', { IAMDatabaseAuthenticationEnabled: true }, {}, `${OF} with IAM authentication`],
    ['Performance Insights', { PerformanceInsightsEnabled: true }, {}, `${OF} with Performance Insights`],
    ['the certificate authority', { CACertificateIdentifier: 'rds-ca-2019' }, {}, `${SEOUL} does not have the certificate authority rds-ca-2019`],
    ['the version', {}, { EngineVersion: '16.3' }, `RDS does not offer db.r6g.large for postgres 17.5 in ${SEOUL}`],
    ['two of them', { CACertificateIdentifier: 'rds-ca-2019', MultiAZ: true }, {}, `${SEOUL} does not have the certificate authority rds-ca-2019; ${OF} as Multi-AZ`],
  ])('%s', async (_what, old, offer, observed) => {
    expect(await refusal({ writer: RUNS, old: { ...OLD, ...old }, answers: offers(offer) })).toEqual({
      rule: 'standby-settings',
      observed,
      threshold: `what RDS offers in ${SEOUL} for what new runs`,
      consequence: 'AWS refuses the new replica old, after the old instance is closed and renamed',
      override: `none: name a class that is offered (instanceClass: { standby: … } of orders in the runbook), or change the old instance, from which the settings are taken: aws rds modify-db-instance --region ${SEOUL} --db-instance-identifier old …. aws rds describe-orderable-db-instance-options --region ${SEOUL} --engine postgres shows what there is`,
    });
  });

  it('what AWS does not tell of it is a warning, and so is a version that is offered no more', async () => {
    const silent = { DescribeOrderableDBInstanceOptions: awsError('DescribeOrderableDBInstanceOptions', 'AccessDenied', SEOUL, 403), DescribeAccountAttributes: awsError('DescribeAccountAttributes', 'AccessDenied', SEOUL, 403) };
    const step = await gate({ writer: RUNS, old: OLD, answers: silent });
    expect(await step.check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'offer-unknown' }, { rule: 'quota-unknown' }] });
    expect(await step.observe()).toEqual({ state: 'reached', because: `old in ${SEOUL} is available, and can be renamed` });
    expect(await (await gate({ writer: RUNS, old: OLD, answers: offers({ EngineVersion: '17.6' }) })).check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'engine-not-offered' }] });
  });

  it('and what it offers is taken', async () => {
    expect(await (await gate({ writer: RUNS, old: { ...OLD, ...ORDERS, StorageType: 'gp3' }, answers: offers() })).check()).toMatchObject({ state: 'ok' });
  });

  const named = { ...ORDERS, OptionGroupMemberships: [{ OptionGroupName: 'audit' }], DBParameterGroups: [{ DBParameterGroupName: 'tuned' }] };
  const groups = (option: object | Error, family: string | Error): NonNullable<Shown['answers']> => ({
    ...offers(),
    DescribeOptionGroups: option instanceof Error ? option : { OptionGroupsList: [{ OptionGroupName: 'audit', ...option }] },
    DescribeDBParameterGroups: family instanceof Error ? family : { DBParameterGroups: [{ DBParameterGroupName: 'tuned', DBParameterGroupFamily: family }] },
  });
  const fits = { EngineName: 'postgres', MajorEngineVersion: '17' };
  it.each<[string, object | Error, string | Error, string]>([
    ['no option group of its name', awsError('DescribeOptionGroups', 'OptionGroupNotFoundFault', SEOUL, 404), 'postgres17', `the option group audit does not exist in ${SEOUL}`],
    ['no parameter group of its name', fits, awsError('DescribeDBParameterGroups', 'DBParameterGroupNotFound', SEOUL, 404), `the parameter group tuned does not exist in ${SEOUL}`],
    ['groups of another major version', { ...fits, MajorEngineVersion: '16' }, 'postgres16', 'the option group audit is for postgres 16, and the data is of version 17.5; the parameter group tuned is for postgres16, and the data is of postgres 17.5'],
    ['an option group of another VPC', { ...fits, VpcId: 'vpc-2' }, 'postgres17', 'the option group audit is for vpc-2, and the subnet group orders is in vpc-1'],
  ])('%s', async (_what, option, family, observed) => {
    expect(await refusal({ writer: RUNS, old: { ...OLD, ...named }, answers: groups(option, family) })).toEqual({
      rule: 'standby-settings',
      observed,
      threshold: 'option group and parameter group of the old old for what new runs',
      consequence: 'AWS refuses the new replica old, after the old instance is closed and renamed',
      override: `none: make a group that fits (aws rds create-option-group or create-db-parameter-group --region ${SEOUL} …), upgrade the old instance, and give it the group: aws rds modify-db-instance --region ${SEOUL} --db-instance-identifier old …`,
    });
  });

  it('and groups that fit are taken', async () => {
    expect(await (await gate({ writer: RUNS, old: { ...OLD, ...named }, answers: groups(fits, 'postgres17') })).check()).toMatchObject({ state: 'ok' });
  });
});

describe('a mode that AWS does not show of a primary', () => {
  it.each([['oracle-ee', 'a licence of Active Data Guard, or a mounted replica'], ['db2-se', 'the mode that the standby had']])('of %s: the new replica is open for reading, which is said', async (Engine, wanted) => {
    const observed = `the new old is made open for reading, AWS's default for ${Engine}; whether the standby before was mounted, AWS does not show any more`;
    const verdict = await (await gate({ old: OLD, writer: { ...WRITER, Engine } })).check();
    expect(verdict).toMatchObject({ state: 'ok', warnings: [{ rule: 'replica-mode', observed, wanted, mend: expect.stringContaining('--replica-mode mounted') as string }] });
  });

  it('is none of PostgreSQL', async () => {
    expect(await (await gate({ old: OLD, writer: { ...WRITER, Engine: 'postgres' } })).check()).toMatchObject({ state: 'ok', warnings: [] });
  });
});

describe('what people read where a standby may not be rebuilt', () => {
  const settings = (observed: string, threshold: string, consequence: string, override: string) => ({ rule: 'standby-settings', observed, threshold, consequence, override });
  const source = (observed: string, mend: string) => ({ rule: 'standby-source', observed: `new in ${TOKYO} is ${observed}`, threshold: 'a writer that RDS can make a replica of, and that keeps automated backups', consequence: 'there is nothing that a standby could follow', override: `none: ${mend}` });

  it.each<[string, There, object]>([
    ['no writer', { writer: undefined }, source('not there', 'correct `instances` in the runbook: it names what AWS does not have')],
    ['a silent region', { old: failure(true) }, { rule: 'standby-region', observed: `the RDS API of ${SEOUL} gives no answer`, threshold: 'a region that answers', consequence: `no standby can be made in ${SEOUL}`, override: `none: wait until ${SEOUL} is back, then: dr reprotect. With a third region: dr reprotect --standby REGION` }],
    ['a member of a cluster', { old: { ...OLD, DBClusterIdentifier: 'c' } }, { rule: 'standby-settings', observed: `old in ${SEOUL} is named under rds-read-replica, but it is a member of the Multi-AZ DB cluster c` }],
    ['a state that does not pass', { old: { ...OLD, DBInstanceStatus: 'stopped' } }, settings(`old in ${SEOUL} is stopped`, 'an instance that is available: only such a one can be renamed', 'its name would not become free for the new replica', `none: bring it to available, or rename it by hand. aws rds start-db-instance --region ${SEOUL} --db-instance-identifier old`)],
    ['storage that is full', { old: { ...OLD, DBInstanceStatus: 'storage-full' } }, { override: `none: bring it to available, or rename it by hand. aws rds modify-db-instance --allocated-storage … --region ${SEOUL} --db-instance-identifier old` }],
    ['a state that only its reason tells how to end', { old: { ...OLD, DBInstanceStatus: 'failed' } }, { override: `none: bring it to available, or rename it by hand. aws rds describe-db-instances --region ${SEOUL} --db-instance-identifier old` }],
    ['nothing to take settings from', {}, settings(`there is neither old nor a kept old-old-… in ${SEOUL}`, 'an old instance, from which class, subnet group, parameter group, security groups and key are taken', 'the new replica would get AWS’s defaults, and nobody could connect to it', `make it once by hand: aws rds create-db-instance-read-replica --region ${SEOUL} --db-instance-identifier old --source-db-instance-identifier ${PARAMS.writer} --source-region ${TOKYO} --db-subnet-group-name … --vpc-security-group-ids … --kms-key-id …`)],
    ['half an answer', { others: [{ DBInstanceIdentifier: 'old-old-20261119', DBInstanceStatus: 'available', DBInstanceClass: 'db.r6g.large', MultiAZ: true }] }, settings(`AWS does not show PubliclyAccessible, DeletionProtection of old-old-20261119 in ${SEOUL}`, 'an old instance that is shown as a whole: the new replica gets its settings', 'the new replica would get others, and nobody would notice before the next failover', `none: try again. aws rds describe-db-instances --region ${SEOUL} --db-instance-identifier old-old-20261119 shows what there is`)],
    ['no groups', { old: { ...OLD, VpcSecurityGroups: [] } }, settings('old has no security group but the quarantine, so that its own are not known', 'the security groups of the new replica', 'nobody could connect to it', `add to the database in the runbook: securityGroups: { ${SEOUL}: [sg-…] }`)],
    ['groups, and a subnet group, that are not there', { old: { ...OLD, ...ORDERS }, answers: { DescribeDBSubnetGroups: awsError('DescribeDBSubnetGroups', 'DBSubnetGroupNotFoundFault', SEOUL, 404), DescribeSecurityGroups: awsError('DescribeSecurityGroups', 'InvalidGroup.NotFound', SEOUL, 400) } }, settings(`the subnet group orders does not exist in ${SEOUL}; the security group sg-0bbbbbbbbbbbbbbbb does not exist in ${SEOUL}`, 'a subnet group, and security groups of its VPC', 'AWS refuses the new replica old', `none: correct the security groups of the database in the runbook: securityGroups: { ${SEOUL}: [sg-…] }`)],
    ['a group of another VPC than the old instance, where that shows no subnet group', { old: { ...OLD, DBSubnetGroup: { VpcId: 'vpc-9' } } }, { observed: `the security group sg-0bbbbbbbbbbbbbbbb is in vpc-1, and old is in vpc-9` }],
    ['storage that cannot grow as far as the writer has', { writer: { ...WRITER, AllocatedStorage: 200 }, old: { ...OLD, MaxAllocatedStorage: 219 } }, { rule: 'standby-source', observed: expect.stringContaining('grows to 219 GiB only') }],
  ])('%s', async (_what, there, said) => {
    expect(await refusal(there)).toEqual(expect.objectContaining(said));
  });

  const KEY = `arn:aws:kms:${SEOUL}:111122223333:key/1`;
  const encrypted = { writer: { ...WRITER, StorageEncrypted: true }, old: { ...OLD, KmsKeyId: KEY } };
  it('a key that cannot be used; one that KMS does not show to these credentials is there all the same', async () => {
    const key = (KeyState: string) => ({ answers: { DescribeKey: { KeyMetadata: { KeyId: '1', KeyState } } } });
    expect(await refusal({ ...encrypted, ...key('Disabled') })).toEqual(source(`encrypted, and of the old instance, from which the key is taken, its key ${KEY} is Disabled`, `aws kms describe-key --region ${SEOUL} --key-id ${KEY}; one that is disabled: aws kms enable-key`));
    for (const answers of [key('Enabled'), { answers: { DescribeKey: awsError('DescribeKey', 'NotFoundException', SEOUL, 400) } }]) expect(await (await gate({ ...encrypted, ...answers })).check()).toMatchObject({ state: 'ok' });
  });
});

describe('the gate asks', () => {
  it('with the signal of the run in every call, and a region that may be silent for a short look only', async () => {
    const signal = new AbortController().signal;
    const step = await gate({ old: { ...OLD, ...ORDERS }, planned: [{}, { id: 'images' }], signal });
    await step.check();
    expect(step.calls.length).toBeGreaterThan(6);
    expect(step.calls.filter((call) => call.signal !== signal)).toEqual([]);
    expect(step.calls.filter(({ region, operation }) => region === SEOUL && operation === 'DescribeDBInstances')).toMatchObject([{ attempts: 2, timeoutMs: LIMITS.signalMs }, { attempts: 2, timeoutMs: LIMITS.signalMs }]);
  });

  it('for nothing that an earlier run has kept, where this run knows how the old instance was', async () => {
    const step = await gate({ others: [{ ...OLD, DBInstanceIdentifier: 'old-old-20261119' }] }, fact());
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(step.asked()).toEqual([[TOKYO, 'new'], [SEOUL, 'old']]);
  });

  it('for no quarantine group where the runbook names none', async () => {
    const { quarantine: _, ...open } = PARAMS;
    const { aws, asked } = smallRds({ instances: { [TOKYO]: [WRITER], [SEOUL]: [OLD] }, groups: { 'sg-0bbbbbbbbbbbbbbbb': { vpc: 'vpc-1' } } });
    expect(await (await stepOf('rds-read-replica.standbyGate', open, { effects: { aws } })).check()).toMatchObject({ state: 'ok' });
    expect(asked('DescribeSecurityGroups')).toEqual([{ GroupIds: ['sg-0bbbbbbbbbbbbbbbb'] }]);
  });
});
