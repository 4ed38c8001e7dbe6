import { describe, expect, it } from 'vitest';
import { makeWorld, SEOUL, TOKYO, type Fixture } from './fixture.ts';

const HOME = { region: SEOUL, id: 'archive' };
const MINUTE_MS = 60_000;

function makeArchive(): Fixture {
  const fixture = makeWorld();
  const { world } = fixture;
  world.addSecurityGroup({ region: TOKYO, id: 'sg-app', name: 'app', closed: false });
  world.addDbSubnetGroup({ region: TOKYO, name: 'archive' });
  world.addDbParameterGroup({ region: TOKYO, name: 'archive-pg17' });
  world.addDbInstance({ ...HOME, instanceClass: 'db.r6g.xlarge', multiAz: true, backupRetentionDays: 14 });
  world.addAutomatedBackup({ region: TOKYO, source: HOME, retentionDays: 14 });
  return fixture;
}

async function backup(fixture: Fixture, id = HOME.id) {
  const { DBInstanceAutomatedBackups } = await fixture.call('rds', TOKYO, 'DescribeDBInstanceAutomatedBackups', { Filters: [{ Name: 'db-instance-id', Values: [id] }] });
  const [found] = DBInstanceAutomatedBackups ?? [];
  if (found === undefined) throw new Error('no backup');
  return found;
}

const latest = async (fixture: Fixture) => (await backup(fixture)).RestoreWindow?.LatestTime?.getTime() ?? Number.NaN;

async function restored(fixture: Fixture, more: object = {}) {
  const { DBInstanceAutomatedBackupsArn: SourceDBInstanceAutomatedBackupsArn } = await backup(fixture);
  await fixture.call('rds', TOKYO, 'RestoreDBInstanceToPointInTime', { SourceDBInstanceAutomatedBackupsArn, TargetDBInstanceIdentifier: 'copy', UseLatestRestorableTime: true, ...more });
  return async () => (await fixture.call('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: 'copy' })).DBInstances?.[0];
}

describe('replicated automated backups', () => {
  it('move in steps of five minutes, and stand still while their source is dead', async () => {
    const fixture = makeArchive();
    const first = await latest(fixture);
    expect(fixture.clock.now() - first).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(fixture.clock.now() - first).toBeLessThan(7 * MINUTE_MS);
    await fixture.wait(5 * MINUTE_MS);
    expect((await latest(fixture)) - first).toBe(5 * MINUTE_MS);
    fixture.world.breakRegion(SEOUL);
    const frozen = await latest(fixture);
    await fixture.wait(60 * MINUTE_MS);
    expect(await latest(fixture)).toBe(frozen);
    fixture.world.healRegion(SEOUL);
    await fixture.wait(10 * MINUTE_MS);
    expect(await latest(fixture)).toBeGreaterThan(frozen);
  });

  it('AWS sets its defaults for what a restore leaves out', async () => {
    const fixture = makeArchive();
    const look = await restored(fixture);
    expect(await look()).toMatchObject({ DBInstanceStatus: 'creating' });
    expect((await look())?.Endpoint).toBeUndefined();
    await fixture.wait(20 * MINUTE_MS);
    expect(await look()).toMatchObject({
      DBInstanceStatus: 'available',
      DBInstanceClass: 'db.r6g.xlarge',
      DBSubnetGroup: { DBSubnetGroupName: 'default' },
      DBParameterGroups: [{ DBParameterGroupName: 'default.postgres17' }],
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-00000000' }],
      MultiAZ: false,
      BackupRetentionPeriod: 14,
    });
    // The trap: it is there and available, and the application cannot reach it.
    expect(fixture.world.acceptsWrites({ region: TOKYO, id: 'copy' })).toBe(false);
  });

  it('takes writes once it is there, with what was given', async () => {
    const fixture = makeArchive();
    const look = await restored(fixture, { VpcSecurityGroupIds: ['sg-app'], DBSubnetGroupName: 'archive', DBParameterGroupName: 'archive-pg17', MultiAZ: true, BackupRetentionPeriod: 7 });
    const writes: boolean[] = [];
    for (const minutes of [1, 10, 2]) {
      await fixture.wait(minutes * MINUTE_MS);
      writes.push(fixture.world.acceptsWrites({ region: TOKYO, id: 'copy' }));
    }
    expect(writes).toEqual([false, false, true]);
    expect(await look()).toMatchObject({ DBInstanceStatus: 'backing-up', MultiAZ: true });
    expect(fixture.world.lossOf({ region: TOKYO, id: 'copy' })?.ms).toBeGreaterThan(0);
  });

  it('refuses what AWS refuses', async () => {
    const fixture = makeArchive();
    const { DBInstanceAutomatedBackupsArn: arn } = await backup(fixture);
    const refused = async (more: object) =>
      (await fixture.refused('rds', TOKYO, 'RestoreDBInstanceToPointInTime', { SourceDBInstanceAutomatedBackupsArn: arn, TargetDBInstanceIdentifier: 'copy', UseLatestRestorableTime: true, ...more })).code;
    expect(await refused({ SourceDBInstanceAutomatedBackupsArn: 'arn:none' })).toBe('DBInstanceAutomatedBackupNotFound');
    expect(await refused({ DBSubnetGroupName: 'none' })).toBe('DBSubnetGroupNotFoundFault');
    expect(await refused({ DBParameterGroupName: 'none' })).toBe('DBParameterGroupNotFound');
    expect(await refused({ VpcSecurityGroupIds: ['sg-none'] })).toBe('InvalidParameterValue');
    fixture.world.addSecurityGroup({ region: TOKYO, id: 'sg-elsewhere', name: 'elsewhere', closed: false, vpc: 'vpc-2' });
    expect(await refused({ VpcSecurityGroupIds: ['sg-elsewhere'] })).toBe('InvalidParameterCombination');
    expect(await refused({ UseLatestRestorableTime: undefined })).toBe('InvalidParameterCombination');
    expect(await refused({ UseLatestRestorableTime: undefined, RestoreTime: new Date(fixture.clock.now()) })).toBe('InvalidRestoreFault');
    expect(await refused({ LicenseModel: 'x' })).toBe('SimulatorUnsupported');
    expect(await refused({ StorageType: 'io1' })).toBe('InvalidParameterCombination');
    expect(await refused({ OptionGroupName: 'none' })).toBe('OptionGroupNotFoundFault');
    await restored(fixture);
    expect(await refused({})).toBe('DBInstanceAlreadyExists');
    fixture.world.addDbSnapshot({ region: TOKYO, id: 'half', source: HOME, ageMs: 1000, status: 'creating' });
    expect((await fixture.refused('rds', TOKYO, 'RestoreDBInstanceFromDBSnapshot', { DBInstanceIdentifier: 'other', DBSnapshotIdentifier: 'half' })).code).toBe('InvalidDBSnapshotState');
  });

  it('a replication starts in the destination, needs its key, and is usable later', async () => {
    const fixture = makeArchive();
    await restored(fixture, { VpcSecurityGroupIds: ['sg-app'] });
    const SourceDBInstanceArn = `arn:aws:rds:${TOKYO}:000000000000:db:copy`;
    const start = (more: object) => fixture.refused('rds', SEOUL, 'StartDBInstanceAutomatedBackupsReplication', { SourceDBInstanceArn, ...more });
    expect((await start({})).message).toContain('KMS key of the destination');
    expect((await start({ KmsKeyId: `arn:aws:kms:${TOKYO}:000000000000:key/1` })).code).toBe('KMSKeyNotAccessibleFault');
    const KmsKeyId = `arn:aws:kms:${SEOUL}:000000000000:key/1`;
    await fixture.call('rds', SEOUL, 'StartDBInstanceAutomatedBackupsReplication', { SourceDBInstanceArn, KmsKeyId });
    expect((await start({ KmsKeyId })).code).toBe('InvalidDBInstanceAutomatedBackupState');
    const look = async () => (await fixture.call('rds', SEOUL, 'DescribeDBInstanceAutomatedBackups', { DBInstanceIdentifier: 'copy' })).DBInstanceAutomatedBackups?.[0];
    expect(await look()).toMatchObject({ Status: 'creating', RestoreWindow: {} });
    await fixture.wait(15 * MINUTE_MS);
    expect(await look()).toMatchObject({ Status: 'active', Region: TOKYO, KmsKeyId });
  });
});

describe('instances by id, and launches', () => {
  const ids = ['i-00000001', 'i-00000002'];
  function makeFleet(): Fixture {
    const fixture = makeWorld();
    ids.forEach((id, i) => fixture.world.addEc2Instance({ region: TOKYO, id, zone: `${TOKYO}${'ac'[i] ?? 'a'}`, stopped: true, bootMs: 100_000 }));
    fixture.world.addTargetGroup({ region: TOKYO, name: 'web', arn: 'arn:web' });
    fixture.world.addImage({ region: TOKYO, id: 'ami-1', name: 'api-1', ageMs: 1000 });
    fixture.world.addLaunchTemplate({ region: TOKYO, id: 'lt-1', name: 'api', type: 'm6g.large', imageId: 'ami-1' });
    return fixture;
  }
  const status = async (fixture: Fixture) =>
    (await fixture.call('ec2', TOKYO, 'DescribeInstanceStatus', { InstanceIds: ids, IncludeAllInstances: true })).InstanceStatuses?.map((s) => [s.InstanceState?.Name, s.InstanceStatus?.Status]);
  const health = async (fixture: Fixture) => (await fixture.call('elbv2', TOKYO, 'DescribeTargetHealth', { TargetGroupArn: 'arn:web' })).TargetHealthDescriptions?.map((t) => t.TargetHealth?.State);

  it('boot, pass their checks, and become healthy targets; a stopped one is unused', async () => {
    const fixture = makeFleet();
    const targets = { TargetGroupArn: 'arn:web', Targets: ids.map((Id) => ({ Id })) };
    expect(await health(fixture)).toEqual([]);
    expect((await fixture.refused('elbv2', TOKYO, 'RegisterTargets', targets)).code).toBe('InvalidTarget');
    await fixture.call('ec2', TOKYO, 'StartInstances', { InstanceIds: ids });
    expect(await status(fixture)).toEqual([['pending', 'not-applicable'], ['pending', 'not-applicable']]);
    await fixture.wait(40_000);
    expect(await status(fixture)).toEqual([['running', 'initializing'], ['running', 'initializing']]);
    await fixture.call('elbv2', TOKYO, 'RegisterTargets', targets);
    expect(await health(fixture)).toEqual(['initial', 'initial']);
    await fixture.wait(85_000);
    expect(await status(fixture)).toEqual([['running', 'ok'], ['running', 'ok']]);
    expect(await health(fixture)).toEqual(['healthy', 'healthy']);
    await fixture.call('ec2', TOKYO, 'StopInstances', { InstanceIds: [ids[0] ?? ''] });
    expect(await health(fixture)).toEqual(['unused', 'healthy']);
  });

  it('a shortage starts none of the ids, with status 500', async () => {
    const fixture = makeFleet();
    fixture.world.state.instances.setCapacity({ region: TOKYO, zone: `${TOKYO}c`, type: 'm6g.large' }, 0);
    expect(await fixture.refused('ec2', TOKYO, 'StartInstances', { InstanceIds: ids })).toMatchObject({ code: 'InsufficientInstanceCapacity', httpStatus: 500 });
    expect(await status(fixture)).toEqual([['stopped', 'not-applicable'], ['stopped', 'not-applicable']]);
    await fixture.call('ec2', TOKYO, 'ModifyInstanceAttribute', { InstanceId: ids[1] ?? '', InstanceType: { Value: 'm7g.large' } });
    await fixture.call('ec2', TOKYO, 'StartInstances', { InstanceIds: ids });
    expect((await fixture.refused('ec2', TOKYO, 'ModifyInstanceAttribute', { InstanceId: ids[1] ?? '', InstanceType: { Value: 'm6g.large' } })).code).toBe('IncorrectInstanceState');
  });

  it('a client token launches once, and only the same request', async () => {
    const fixture = makeFleet();
    const input = { LaunchTemplate: { LaunchTemplateName: 'api', Version: '1' }, MinCount: 2, MaxCount: 2, ClientToken: 't-1' };
    const run = async () => (await fixture.call('ec2', TOKYO, 'RunInstances', input)).Instances?.map((i) => i.InstanceId);
    const first = await run();
    if (first === undefined) throw new Error('nothing was launched');
    expect(first).toHaveLength(2);
    expect(await run()).toEqual(first);
    expect((await fixture.refused('ec2', TOKYO, 'RunInstances', { ...input, MinCount: 1, MaxCount: 1 })).code).toBe('IdempotentParameterMismatch');
    const found = await fixture.call('ec2', TOKYO, 'DescribeInstances', { Filters: [{ Name: 'client-token', Values: ['t-1'] }] });
    expect(found.Reservations?.map(({ ReservationId, Instances }) => [ReservationId, Instances?.map((i) => i.InstanceId).sort()])).toEqual([[first[0]?.replace('i-', 'r-'), first.toSorted()]]);
  });

  it('a terminated one is gone for ever, is shown for an hour, and its token launches nothing again', async () => {
    const fixture = makeFleet();
    const input = { LaunchTemplate: { LaunchTemplateName: 'api', Version: '1' }, MinCount: 1, MaxCount: 1, ClientToken: 't-2' };
    const [launched] = (await fixture.call('ec2', TOKYO, 'RunInstances', input)).Instances ?? [];
    const InstanceIds = [launched?.InstanceId ?? ''];
    expect((await fixture.call('ec2', TOKYO, 'TerminateInstances', { InstanceIds })).TerminatingInstances?.[0]).toMatchObject({ PreviousState: { Name: 'pending' }, CurrentState: { Code: 32, Name: 'shutting-down' } });
    const shown = async () => (await fixture.call('ec2', TOKYO, 'DescribeInstances', { Filters: [{ Name: 'client-token', Values: ['t-2'] }] })).Reservations?.flatMap((r) => r.Instances ?? []).map((i) => i.State?.Name);
    await fixture.wait(60_000);
    expect(await shown()).toEqual(['terminated']);
    expect((await fixture.call('ec2', TOKYO, 'TerminateInstances', { InstanceIds })).TerminatingInstances?.[0]?.CurrentState?.Name).toBe('terminated');
    for (const operation of ['StartInstances', 'StopInstances'] as const) expect((await fixture.refused('ec2', TOKYO, operation, { InstanceIds })).code).toBe('IncorrectInstanceState');
    expect((await fixture.refused('ec2', TOKYO, 'RunInstances', input)).code).toBe('IdempotentInstanceTerminated');
    await fixture.wait(3_600_000);
    expect(await shown()).toEqual([]);
    expect((await fixture.refused('ec2', TOKYO, 'TerminateInstances', { InstanceIds })).code).toBe('InvalidInstanceID.NotFound');
  });

  it('a protected one is not terminated, nor one of its zone in the same request; those in other zones are', async () => {
    const fixture = makeFleet();
    fixture.world.addEc2Instance({ region: TOKYO, id: 'i-00000003', zone: `${TOKYO}a`, protected: true });
    const all = [...ids, 'i-00000003'];
    expect((await fixture.refused('ec2', TOKYO, 'TerminateInstances', { InstanceIds: all })).code).toBe('OperationNotPermitted');
    const states = await fixture.call('ec2', TOKYO, 'DescribeInstances', { InstanceIds: all });
    expect(states.Reservations?.flatMap((r) => r.Instances ?? []).map((i) => [i.InstanceId, i.State?.Name]).sort()).toEqual([['i-00000001', 'stopped'], ['i-00000002', 'shutting-down'], ['i-00000003', 'running']]);
  });

  it('a dry run does nothing, and says with status 412 that it might', async () => {
    const fixture = makeFleet();
    const before = fixture.world.snapshot().instances;
    const DryRun = true;
    const launch = { LaunchTemplate: { LaunchTemplateName: 'api', Version: '1' }, MinCount: 1, MaxCount: 1, ClientToken: 't-3' };
    for (const refusal of [fixture.refused('ec2', TOKYO, 'RunInstances', { ...launch, DryRun }), fixture.refused('ec2', TOKYO, 'StartInstances', { InstanceIds: ids, DryRun }), fixture.refused('ec2', TOKYO, 'TerminateInstances', { InstanceIds: ids, DryRun })]) {
      expect(await refusal).toMatchObject({ code: 'DryRunOperation', httpStatus: 412 });
    }
    expect(fixture.world.snapshot().instances).toEqual(before);
    fixture.world.addFault({ service: 'ec2', operation: 'StartInstances', effect: { kind: 'error', httpStatus: 403, code: 'UnauthorizedOperation' } });
    expect((await fixture.refused('ec2', TOKYO, 'StartInstances', { InstanceIds: ids, DryRun })).code).toBe('UnauthorizedOperation');
    // The token was not used up.
    expect((await fixture.call('ec2', TOKYO, 'RunInstances', launch)).Instances).toHaveLength(1);
  });
});
