import { DescribeInstancesCommand, DescribeSecurityGroupsCommand, EC2Client, ModifyInstanceAttributeCommand, RunInstancesCommand, StartInstancesCommand } from '@aws-sdk/client-ec2';
import { DescribeDBInstanceAutomatedBackupsCommand, DescribeDBInstancesCommand, DescribeDBParameterGroupsCommand, DescribeDBSnapshotsCommand, DescribeDBSubnetGroupsCommand, RDSClient, RestoreDBInstanceToPointInTimeCommand } from '@aws-sdk/client-rds';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

/* What the steps make of AWS's errors, as the SDK throws them. */

const rds = mockClient(RDSClient);
const ec2 = mockClient(EC2Client);
afterAll(() => {
  rds.restore();
  ec2.restore();
});
const aws = sdkCaller();

beforeEach(() => useEnvironment(awsEnvironment({})));
afterEach(() => {
  rds.reset();
  ec2.reset();
  restoreEnvironment();
});

const thrown = (name: string, httpStatusCode: number) => Object.assign(new Error('said by the service'), { name, Code: name, $metadata: { httpStatusCode, requestId: 'rq' } });

const settings = { class: 'db.r6g.large', subnetGroup: 'archive', securityGroups: ['sg-0b10000000000000b'], parameterGroup: 'archive-pg17', multiAz: true, retentionDays: 14 };
const RESTORE: Json = { name: 'documents', region: TOKYO, id: 'archive-tokyo', settings, closedBy: 'sg-0b20000000000000b' };
const CHOICE: Json = { point: { method: 'restorable-time', from: 'arn:backup', sourceRegion: SEOUL, at: 1 }, token: 'cafe' };
const restore = () => stepOf('rds-backup.restore', RESTORE, { effects: { aws }, facts: { 'recovery.documents': CHOICE } });

describe('rds-backup.open', () => {
  const { closedBy: _, ...OPEN } = RESTORE as { [key: string]: Json };
  const closed = { DBInstanceIdentifier: 'archive-tokyo', DBInstanceStatus: 'available', TagList: [{ Key: 'dr:restore', Value: 'cafe' }], VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0b20000000000000b', Status: 'active' }] };
  const open = { ...closed, VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0b10000000000000b', Status: 'adding' }] };
  const opening = (instances: object[], params: { [key: string]: Json } = {}, facts: Record<string, Json> = {}) => {
    if (instances.length === 0) rds.on(DescribeDBInstancesCommand).rejects(thrown('DBInstanceNotFound', 404));
    else rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: instances });
    return stepOf('rds-backup.open', { ...OPEN, ...params }, { effects: { aws }, facts: { 'recovery.documents': CHOICE, ...facts } });
  };

  it.each([{}, { rpoMs: 60_000 }])('lets nobody in without a verdict on the old writer, planned or not: %o', async (params) => {
    const refusal = { rule: 'fence', observed: 'no step of this run has said whether the old writer of documents takes writes' };
    expect(await (await opening([closed], params)).observe()).toMatchObject({ state: 'refused', refusal });
  });

  it('does with one', async () => {
    expect(await (await opening([closed], {}, { 'fence.documents': { verdict: 'read-only', because: '' } })).observe()).toEqual({ state: 'absent', because: 'archive-tokyo is closed' });
  });

  it.each([
    [1, 'refused'],
    [-1, 'absent'],
  ])('looks at the backups once more where a person has said that the source is down: written %i min after the impact', async (minutes, state) => {
    const clock = new VirtualClock();
    const impactAt = clock.now() - 2 * 60_000;
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [closed] });
    rds.on(DescribeDBSnapshotsCommand).resolves({ DBSnapshots: [] });
    const backup = { DBInstanceAutomatedBackupsArn: 'arn:backup', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`, DBInstanceIdentifier: 'archive', Status: 'replicating', RestoreWindow: { LatestTime: new Date(impactAt + minutes * 60_000) }, Engine: 'postgres' };
    rds.on(DescribeDBInstanceAutomatedBackupsCommand).resolves({ DBInstanceAutomatedBackups: [backup] });
    const facts = { 'recovery.documents': CHOICE, 'fence.documents': { verdict: 'attested', because: '' } };
    const step = await stepOf('rds-backup.open', { ...OPEN, source: { region: SEOUL, id: 'archive' } }, { clock, effects: { aws }, facts, impactAt, acceptances: { sourceDown: 'kim' } });
    expect(await step.direct('observe')).toMatchObject({ state });
  });

  it('has been made once users are let in, by whomever; not while it is closed, nor where there is nothing', async () => {
    const stranger = { ...open, TagList: [] };
    expect([await (await opening([open])).made(), await (await opening([stranger])).made(), await (await opening([closed])).made(), await (await opening([])).made()]).toEqual([true, true, false, false]);
  });
});

describe('rds-backup.restore', () => {
  it('names the option group of the runbook, and is refused without one where the original needs it', async () => {
    const named = { ...settings, optionGroup: 'archive-oracle', iamAuthentication: true, publiclyAccessible: true };
    rds.on(RestoreDBInstanceToPointInTimeCommand).resolves({});
    await (await stepOf('rds-backup.restore', { ...(RESTORE as object), settings: named }, { effects: { aws }, facts: { 'recovery.documents': CHOICE } })).act();
    expect(rds.commandCalls(RestoreDBInstanceToPointInTimeCommand)[0]?.args[0].input).toMatchObject({ OptionGroupName: 'archive-oracle', EnableIAMDatabaseAuthentication: true, PubliclyAccessible: true });

    rds.on(DescribeDBInstancesCommand).rejects(thrown('DBInstanceNotFound', 404));
    rds.on(DescribeDBSnapshotsCommand).resolves({ DBSnapshots: [] });
    const backup = { DBInstanceAutomatedBackupsArn: 'arn:backup', DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`, Status: 'replicating', RestoreWindow: { LatestTime: new Date(1) }, Engine: 'oracle-se2', OptionGroupName: 'archive-oracle' };
    rds.on(DescribeDBInstanceAutomatedBackupsCommand).resolves({ DBInstanceAutomatedBackups: [backup] });
    const step = await stepOf('rds-backup.restore', { ...(RESTORE as object), source: { region: SEOUL, id: 'archive' } }, { effects: { aws } });
    expect(await step.direct('check')).toMatchObject({ state: 'refused', refusal: { rule: 'restore-settings', observed: expect.stringContaining('the original has archive-oracle') as string } });
  });

  it('is refused with a security group, or a quarantine, of another VPC than its subnet group', async () => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown('DBInstanceNotFound', 404));
    rds.on(DescribeDBSubnetGroupsCommand).resolves({ DBSubnetGroups: [{ DBSubnetGroupName: 'archive', VpcId: 'vpc-1' }] });
    rds.on(DescribeDBParameterGroupsCommand).resolves({ DBParameterGroups: [{ DBParameterGroupName: 'archive-pg17' }] });
    ec2.on(DescribeSecurityGroupsCommand).callsFake(async ({ GroupIds: [id] = [] }: { GroupIds?: string[] }) => ({ SecurityGroups: [{ GroupId: id, VpcId: id === 'sg-0b20000000000000b' ? 'vpc-2' : 'vpc-1' }] }));
    const observed = 'the security group sg-0b20000000000000b is in vpc-2, and the subnet group archive is in vpc-1';
    expect(await (await restore()).direct('check')).toMatchObject({ state: 'refused', refusal: { rule: 'restore-settings', observed } });
  });

  it('says everything that AWS would set a default for', async () => {
    rds.on(RestoreDBInstanceToPointInTimeCommand).resolves({});
    await (await restore()).act();
    expect(rds.commandCalls(RestoreDBInstanceToPointInTimeCommand).map((call) => call.args[0].input)).toEqual([
      {
        TargetDBInstanceIdentifier: 'archive-tokyo',
        SourceDBInstanceAutomatedBackupsArn: 'arn:backup',
        UseLatestRestorableTime: true,
        DBInstanceClass: 'db.r6g.large',
        DBSubnetGroupName: 'archive',
        DBParameterGroupName: 'archive-pg17',
        VpcSecurityGroupIds: ['sg-0b20000000000000b'],
        MultiAZ: true,
        BackupRetentionPeriod: 14,
        PubliclyAccessible: false,
        Tags: [
          { Key: 'dr:restore', Value: 'cafe' },
          { Key: 'dr:runbook', Value: 'shop' },
        ],
      },
    ]);
  });

  it('an instance that exists already is for the next look to judge; a clear no is passed on', async () => {
    rds.on(RestoreDBInstanceToPointInTimeCommand).rejectsOnce(thrown('DBInstanceAlreadyExists', 400)).rejects(thrown('StorageQuotaExceeded', 400));
    const step = await restore();
    await step.act();
    await expect(step.act()).rejects.toMatchObject({ code: 'StorageQuotaExceeded', kind: 'terminal' });
  });

  it('a lost answer is unknown, and never taken for no', async () => {
    rds.on(RestoreDBInstanceToPointInTimeCommand).rejects(thrown('InternalFailure', 500));
    await expect((await restore()).act()).rejects.toMatchObject({ kind: 'unknown' });
  });

  const shown = (more: object) => ({
    DBInstanceIdentifier: 'archive-tokyo',
    DBInstanceStatus: 'available',
    DBInstanceClass: 'db.r6g.large',
    DBSubnetGroup: { DBSubnetGroupName: 'archive' },
    DBParameterGroups: [{ DBParameterGroupName: 'archive-pg17', ParameterApplyStatus: 'in-sync' }],
    VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0b20000000000000b', Status: 'active' }],
    MultiAZ: true,
    BackupRetentionPeriod: 14,
    TagList: [{ Key: 'dr:restore', Value: 'cafe' }],
    ...more,
  });

  it.each([
    [{ MultiAZ: false, BackupRetentionPeriod: 1 }, 'archive-tokyo was restored otherwise than asked: Multi-AZ is false, not true; backup retention is 1, not 14'],
    [{ DBSubnetGroup: { DBSubnetGroupName: 'default' } }, 'archive-tokyo was restored otherwise than asked: subnet group is default, not archive'],
    [{ DBParameterGroups: [{ DBParameterGroupName: 'default.postgres17' }] }, 'archive-tokyo was restored otherwise than asked: parameter group is default.postgres17, not archive-pg17'],
    [{ VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-default', Status: 'active' }] }, 'archive-tokyo was restored otherwise than asked: its security groups are not sg-0b20000000000000b'],
    [{ DBInstanceStatus: 'incompatible-restore' }, 'archive-tokyo is incompatible-restore'],
  ])('is not done with %j', async (more, because) => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [shown(more)] });
    expect(await (await restore()).observe()).toMatchObject({ state: 'impossible', because });
  });

  it('is done with all of it', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [shown({})] });
    expect(await (await restore()).observe()).toMatchObject({ state: 'reached' });
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [shown({ TagList: [{ Key: 'dr:restore', Value: 'another run' }] })] });
    expect(await (await restore()).observe()).toMatchObject({ state: 'refused', refusal: { rule: 'restore-target', observed: 'archive-tokyo in ap-northeast-1 exists already (available), restored by another run' } });
  });

  it('of which another run has made the instance leads to that run, if it has not ended', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [shown({ TagList: [{ Key: 'dr:restore', Value: 'another run' }] })] });
    const move = { run: 'run-1', verb: 'failover', source: SEOUL, target: TOKYO, at: 1, complete: false, by: 'kim', changed: [{ resource: `rds:${TOKYO}:archive-tokyo`, field: 'instance' }] };
    const history = { moves: () => Promise.resolve([{ ...move, run: 'run-2', complete: true }, move]), madeBy: () => Promise.resolve(undefined) };
    const step = await stepOf('rds-backup.restore', RESTORE, { effects: { aws, history }, facts: { 'recovery.documents': CHOICE } });
    expect(await step.observe()).toMatchObject({
      state: 'refused',
      refusal: { observed: expect.stringContaining('the run run-1 began to restore it, and has not ended') as string, override: expect.stringMatching(/^dr resume run-1; or keep it under another name: /) as string },
    });
  });
});

describe('rds-backup.recoveryGate', () => {
  const gate = () =>
    stepOf('rds-backup.recoveryGate', { name: 'documents', region: TOKYO, id: 'archive-tokyo', source: { region: SEOUL, id: 'archive' }, rpoMs: 1_800_000 }, { effects: { aws } });
  const backup = (more: object) => ({
    DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`,
    DBInstanceAutomatedBackupsArn: 'arn:backup',
    Status: 'active',
    RestoreWindow: { LatestTime: new Date(0) },
    Encrypted: true,
    KmsKeyId: `arn:aws:kms:${TOKYO}:111122223333:key/1`,
    ...more,
  });

  it.each([
    [{ KmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/1` }, 'automated backups of archive in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1'],
    [{ Encrypted: undefined, KmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/1` }, 'automated backups of archive in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1'],
    [{ Status: 'creating', RestoreWindow: {} }, 'automated backups of archive in ap-northeast-2 are creating'],
  ])('refuses %j', async (more, why) => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown('DBInstanceNotFound', 404));
    rds.on(DescribeDBInstanceAutomatedBackupsCommand).resolves({ DBInstanceAutomatedBackups: [backup(more)] });
    rds.on(DescribeDBSnapshotsCommand).resolves({ DBSnapshots: [] });
    expect(await (await gate()).observe()).toMatchObject({
      state: 'refused',
      refusal: { rule: 'rpo-gate', observed: `the recovery point of archive is unknown: no usable recovery point was found; not usable: ${why}` },
    });
  });

  it('reads every page, and takes no instance of the same name in another region', async () => {
    rds.on(DescribeDBInstanceAutomatedBackupsCommand).resolvesOnce({ Marker: 'm', DBInstanceAutomatedBackups: [backup({ DBInstanceArn: 'arn:aws:rds:eu-west-1:111122223333:db:archive' })] }).resolves({ DBInstanceAutomatedBackups: [backup({})] });
    rds.on(DescribeDBSnapshotsCommand).resolves({ DBSnapshots: [] });
    const step = await gate();
    await step.observe();
    expect(step.recorded['rpo.documents']).toMatchObject({ sampledAt: 0, method: 'restorable-time' });
  });

  it('passes on that it may not look', async () => {
    rds.on(DescribeDBInstanceAutomatedBackupsCommand).rejects(thrown('AccessDenied', 403));
    rds.on(DescribeDBSnapshotsCommand).resolves({ DBSnapshots: [] });
    await expect((await gate()).check()).rejects.toMatchObject({ code: 'AccessDenied' });
  });
});

describe('a shortage that EC2 answers with status 500', () => {
  const ids = ['i-0b00000000000b001'];
  const start = (types: string[]) => stepOf('ec2-instances.start', { name: 'batch', region: TOKYO, ids, spares: [], types }, { effects: { aws } });
  const stopped = { Reservations: [{ Instances: [{ InstanceId: ids[0], InstanceType: 'm6g.large' as const, State: { Name: 'stopped' as const }, Placement: { AvailabilityZone: 'ap-northeast-1a' } }] }] };

  it('is a clear no: the next type is tried', async () => {
    ec2.on(DescribeInstancesCommand).resolves(stopped);
    ec2.on(StartInstancesCommand).rejectsOnce(thrown('InsufficientInstanceCapacity', 500)).rejectsOnce(thrown('InsufficientInstanceCapacity', 500)).resolves({});
    ec2.on(ModifyInstanceAttributeCommand).resolves({});
    await (await start(['m7g.large'])).act();
    expect(ec2.commandCalls(ModifyInstanceAttributeCommand).map((c) => c.args[0].input.InstanceType?.Value)).toEqual(['m7g.large']);
  });

  it('without another type it is the end, with what was tried', async () => {
    ec2.on(DescribeInstancesCommand).resolves(stopped);
    ec2.on(StartInstancesCommand).rejects(thrown('InsufficientInstanceCapacity', 500));
    await expect((await start([])).act()).rejects.toMatchObject({
      code: 'NO_CAPACITY',
      message: 'ap-northeast-1 has no capacity for batch: no m6g.large in ap-northeast-1a for i-0b00000000000b001',
    });
  });

  it.each(['Unsupported', 'VcpuLimitExceeded', 'InstanceLimitExceeded', 'InsufficientFreeAddressesInSubnet'])('%s is one too, of this type or zone, and the error has AWS’s words', async (code) => {
    ec2.on(DescribeInstancesCommand).resolves(stopped);
    ec2.on(StartInstancesCommand).rejectsOnce(thrown(code, 400)).rejectsOnce(thrown(code, 400)).resolves({});
    ec2.on(ModifyInstanceAttributeCommand).resolves({});
    await (await start(['m7g.large'])).act();
    expect(ec2.commandCalls(ModifyInstanceAttributeCommand)).toHaveLength(1);
    ec2.on(StartInstancesCommand).rejects(thrown(code, 400));
    await expect((await start([])).act()).rejects.toMatchObject({ code: 'NO_CAPACITY', message: expect.stringContaining(`no m6g.large in ap-northeast-1a for i-0b00000000000b001 (ec2.StartInstances in ap-northeast-1: ${code}: `) as string });
  });

  it('says nothing of the region: it is neither silent nor unclear', async () => {
    ec2.on(StartInstancesCommand).rejects(thrown('InsufficientInstanceCapacity', 500));
    const error: unknown = await aws.call({ service: 'ec2', region: TOKYO, operation: 'StartInstances', input: { InstanceIds: ids } }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'InsufficientInstanceCapacity', kind: 'terminal', unreachable: false, isShortage: true });
  });

  it('any other 500 is unknown, and not repeated', async () => {
    ec2.on(DescribeInstancesCommand).resolves(stopped);
    ec2.on(StartInstancesCommand).rejects(thrown('InternalError', 500));
    await expect((await start(['m7g.large'])).act()).rejects.toMatchObject({ kind: 'unknown' });
    expect(ec2.commandCalls(StartInstancesCommand)).toHaveLength(1);
  });

  it('ec2-image asks again with another token, for the request is another', async () => {
    ec2.on(DescribeInstancesCommand).resolves({ Reservations: [] });
    ec2.on(RunInstancesCommand).rejectsOnce(thrown('InsufficientInstanceCapacity', 500)).resolves({});
    const params: Json = { name: 'api', region: TOKYO, count: 2, template: { name: 'archive-api', version: '$Default' }, existing: { by: 'tag', key: 'role', value: 'api' }, types: [], subnets: ['subnet-0b1000000000000ba', 'subnet-0b1000000000000bc'] };
    const step = await stepOf('ec2-image.launch', params, { effects: { aws }, facts: { 'launch.api': { image: 'ami-1', version: '3', token: 'beef' } } });
    await step.act();
    expect(ec2.commandCalls(RunInstancesCommand).map((c) => [c.args[0].input.ClientToken, c.args[0].input.SubnetId])).toEqual([
      ['dr-beef-2-0-0', 'subnet-0b1000000000000ba'],
      ['dr-beef-2-0-1', 'subnet-0b1000000000000bc'],
    ]);
  });
});
