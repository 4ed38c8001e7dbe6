import { describe, expect, it } from 'vitest';
import { instance, makeShop, makeWorld, REPLICA, SEOUL, TOKYO, WRITER } from './fixture.ts';

const KEY = `arn:aws:kms:${SEOUL}:000000000000:key/1`;

describe('the status of an instance', () => {
  it.each(['backing-up', 'storage-optimization', 'modifying', 'maintenance', 'upgrading', 'renaming', 'configuring-log-exports', 'storage-initialization', 'storage-full'])('%s: it serves, and RDS changes nothing', async (status) => {
    const shop = makeShop();
    shop.world.setDbStatus(WRITER, status);
    shop.world.setDbStatus(REPLICA, status);
    expect([(await instance(shop, WRITER)).DBInstanceStatus, shop.world.acceptsWrites(WRITER)]).toEqual([status, true]);
    expect((await instance(shop, REPLICA)).StatusInfos?.[0]).toMatchObject({ Status: 'replicating' });
    expect(await shop.refused('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id })).toMatchObject({ code: 'InvalidDBInstanceState' });
  });

  it.each(['stopped', 'failed', 'incompatible-parameters', 'storage-config-upgrade', 'inaccessible-encryption-credentials'])('%s: nobody writes, and nobody follows it', async (status) => {
    const shop = makeShop();
    shop.world.setDbStatus(WRITER, status);
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
    expect((await instance(shop, REPLICA)).StatusInfos?.[0]).toMatchObject({ Status: 'error' });
    shop.world.setDbStatus(WRITER, 'available');
    expect([shop.world.acceptsWrites(WRITER), (await instance(shop, REPLICA)).StatusInfos?.[0]?.Status]).toEqual([true, 'replicating']);
  });

  it('backing-up for as long as the first full backup takes, while writes are taken; not where backups were kept before', async () => {
    for (const [backupRetentionDays, status] of [[0, 'backing-up'], [3, 'available']] as const) {
      const { world, call, wait, ...rest } = makeWorld({ timings: { callMs: 0, promotionMs: 10_000, firstFullBackupMs: 3_600_000 } });
      world.addDbInstance(WRITER);
      world.addDbInstance({ ...REPLICA, replicaOf: WRITER, backupRetentionDays });
      await call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id, BackupRetentionPeriod: 7 });
      await wait(10_000);
      const promoted = await instance({ world, call, wait, ...rest }, REPLICA);
      expect([promoted.DBInstanceStatus, promoted.ReadReplicaSourceDBInstanceIdentifier, promoted.StatusInfos, world.acceptsWrites(REPLICA)]).toEqual([status, undefined, undefined, true]);
      await wait(3_600_000);
      expect((await instance({ world, call, wait, ...rest }, REPLICA)).DBInstanceStatus).toBe('available');
    }
  });

  it('available, and busy for a moment after its creation', async () => {
    const shop = makeShop({ timings: { callMs: 0, promotionMs: 1_000, replicaMs: 10_000, busyMs: 60_000 } });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(1_000);
    await shop.call('rds', SEOUL, 'CreateDBInstanceReadReplica', { DBInstanceIdentifier: 'copy', SourceDBInstanceIdentifier: `arn:aws:rds:${TOKYO}:000000000000:db:orders-tokyo`, KmsKeyId: KEY, VpcSecurityGroupIds: ['sg-app'] });
    await shop.wait(10_000);
    expect((await instance(shop, { region: SEOUL, id: 'copy' })).DBInstanceStatus).toBe('available');
    const reboot = await shop.refused('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: 'copy' });
    expect(reboot).toMatchObject({ code: 'InvalidDBInstanceState', message: expect.stringContaining('Instance cannot currently reboot due to an in-progress management operation.') as string });
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: 'copy', DeletionProtection: true })).toMatchObject({ code: 'InvalidDBInstanceState' });
    await shop.wait(60_000);
    await shop.call('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: 'copy' });
  });
});

describe('what waits for the maintenance window', () => {
  it('waits through a promotion, and is made by the next ApplyImmediately, with its restart', async () => {
    const { world, call, wait, ...rest } = makeWorld({ timings: { callMs: 0, promotionMs: 1_000, modifyMs: 1_000, classMs: 100_000 } });
    const shop = { world, call, wait, ...rest };
    world.addSecurityGroup({ region: TOKYO, id: 'sg-app', name: 'app', closed: false });
    world.addDbInstance(WRITER);
    world.addDbInstance({ ...REPLICA, replicaOf: WRITER, securityGroups: ['sg-app'], pending: { instanceClass: 'db.r6g.xlarge', settings: { engineVersion: '17.6' } } });
    await call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await wait(1_000);
    const PendingModifiedValues = { DBInstanceClass: 'db.r6g.xlarge', EngineVersion: '17.6' };
    expect(await instance(shop, REPLICA)).toMatchObject({ DBInstanceStatus: 'available', PendingModifiedValues });
    // Security groups change at once: nothing else does.
    await call('rds', TOKYO, 'ModifyDBInstance', { DBInstanceIdentifier: REPLICA.id, VpcSecurityGroupIds: ['sg-app'] });
    await wait(1_000);
    expect(await instance(shop, REPLICA)).toMatchObject({ EngineVersion: '17.5', PendingModifiedValues });
    await call('rds', TOKYO, 'ModifyDBInstance', { DBInstanceIdentifier: REPLICA.id, VpcSecurityGroupIds: ['sg-app'], ApplyImmediately: true });
    await wait(80_000);
    expect(world.acceptsWrites(REPLICA)).toBe(false);
    await wait(20_000);
    expect(await instance(shop, REPLICA)).toMatchObject({ EngineVersion: '17.6', DBInstanceClass: 'db.r6g.xlarge', PendingModifiedValues: {} });
  });

  it('grows by changes that are not to be made at once', async () => {
    const shop = makeShop();
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, DBInstanceClass: 'db.r6g.large', MultiAZ: true });
    expect(await instance(shop, WRITER)).toMatchObject({ DBInstanceStatus: 'available', MultiAZ: false, PendingModifiedValues: { DBInstanceClass: 'db.r6g.large', MultiAZ: true } });
  });
});

describe('identifiers', () => {
  it('are found in any case, shown in lower case, and matched to the letter by CloudWatch', async () => {
    const { world, call, wait, ...rest } = makeWorld();
    world.addDbInstance({ region: SEOUL, id: 'Orders' });
    world.addDbInstance({ region: TOKYO, id: 'Orders-Tokyo', replicaOf: { region: SEOUL, id: 'ORDERS' } });
    expect((await instance({ world, call, wait, ...rest }, { region: TOKYO, id: 'ORDERS-TOKYO' })).DBInstanceIdentifier).toBe('orders-tokyo');
    expect(world.acceptsWrites({ region: SEOUL, id: 'ORDERS' })).toBe(true);
    await wait(600_000);
    const samples = async (Value: string) => {
      const at = rest.clock.now();
      const Metric = { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value }] };
      const { MetricDataResults } = await call('cloudwatch', TOKYO, 'GetMetricData', { StartTime: new Date(at - 300_000), EndTime: new Date(at), MetricDataQueries: [{ Id: 'lag', MetricStat: { Metric, Period: 60, Stat: 'Maximum' } }] });
      return MetricDataResults?.[0]?.Values?.length;
    };
    expect([await samples('orders-tokyo'), await samples('Orders-Tokyo')]).toEqual([5, 0]);
  });
});

describe('a replica and its settings', () => {
  const make = async (input: object) => {
    const { world, call, wait, ...rest } = makeWorld({ timings: { callMs: 0, replicaMs: 1_000 } });
    world.addDbInstance({ ...WRITER, settings: { iamAuthentication: true, optionGroup: 'audited', storageType: 'io1', iops: 5000, copyTagsToSnapshot: true, logExports: ['postgresql'] }, tags: { team: 'shop' }, deletionProtection: true });
    world.state.dbOptionGroups.add({ region: TOKYO, name: 'audited-tokyo' });
    const shop = { world, call, wait, ...rest };
    const base = { DBInstanceIdentifier: 'copy', SourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:000000000000:db:orders`, KmsKeyId: KEY.replace(SEOUL, TOKYO) };
    await call('rds', TOKYO, 'CreateDBInstanceReadReplica', { ...base, ...input });
    await wait(1_000);
    return instance(shop, { region: TOKYO, id: 'copy' });
  };

  it('has AWS defaults where nothing was said, and not what its source has', async () => {
    expect(await make({})).toMatchObject({
      IAMDatabaseAuthenticationEnabled: false,
      OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-17' }],
      StorageType: 'gp3',
      CopyTagsToSnapshot: false,
      DeletionProtection: false,
      TagList: [],
      AllocatedStorage: 100,
    });
  });

  it('has what was said', async () => {
    const asked = { EnableIAMDatabaseAuthentication: true, OptionGroupName: 'audited-tokyo', StorageType: 'io1', Iops: 5000, CopyTagsToSnapshot: true, Tags: [{ Key: 'team', Value: 'shop' }], EnableCloudwatchLogsExports: ['postgresql'], DeletionProtection: true };
    expect(await make(asked)).toMatchObject({
      IAMDatabaseAuthenticationEnabled: true,
      OptionGroupMemberships: [{ OptionGroupName: 'audited-tokyo' }],
      StorageType: 'io1',
      Iops: 5000,
      CopyTagsToSnapshot: true,
      TagList: [{ Key: 'team', Value: 'shop' }],
      EnabledCloudwatchLogsExports: ['postgresql'],
      DeletionProtection: true,
    });
  });

  it('is not made of an instance whose password Secrets Manager keeps', async () => {
    const shop = makeWorld();
    shop.world.addDbInstance({ ...WRITER, settings: { managedPassword: true } });
    expect((await instance(shop, WRITER)).MasterUserSecret).toMatchObject({ SecretStatus: 'active' });
    const input = { DBInstanceIdentifier: 'copy', SourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:000000000000:db:orders`, KmsKeyId: KEY.replace(SEOUL, TOKYO) };
    expect(await shop.refused('rds', TOKYO, 'CreateDBInstanceReadReplica', input)).toMatchObject({ code: 'InvalidParameterValue', message: expect.stringContaining('ManageMasterUserPassword') as string });
  });

  it('a snapshot with an option group of another region is restored with one only', async () => {
    const shop = makeShop({ timings: { callMs: 0, restoreMs: 1_000 } });
    shop.world.addDbSnapshot({ region: TOKYO, id: 'nightly', source: WRITER, ageMs: 1_000, optionGroup: 'tz' });
    const restore = { DBInstanceIdentifier: 'restored', DBSnapshotIdentifier: `arn:aws:rds:${TOKYO}:000000000000:snapshot:nightly`, VpcSecurityGroupIds: ['sg-app'] };
    expect(await shop.refused('rds', TOKYO, 'RestoreDBInstanceFromDBSnapshot', restore)).toMatchObject({ code: 'InvalidParameterValue', message: expect.stringContaining('requires a target option group') as string });
    shop.world.state.dbOptionGroups.add({ region: TOKYO, name: 'tz-tokyo' });
    await shop.call('rds', TOKYO, 'RestoreDBInstanceFromDBSnapshot', { ...restore, OptionGroupName: 'tz-tokyo' });
    await shop.wait(1_000);
    expect((await instance(shop, { region: TOKYO, id: 'restored' })).OptionGroupMemberships?.[0]?.OptionGroupName).toBe('tz-tokyo');
  });
});

it('a replica that somebody else made a writer: nothing arrives any more, and the loss grows', async () => {
  const shop = makeShop();
  shop.world.detachReplica(REPLICA);
  const detached = await instance(shop, REPLICA);
  expect([detached.ReadReplicaSourceDBInstanceIdentifier, detached.StatusInfos, shop.world.acceptsWrites(REPLICA)]).toEqual([undefined, undefined, true]);
  expect((await instance(shop, WRITER)).ReadReplicaDBInstanceIdentifiers).toEqual([]);
  await shop.wait(3_600_000);
  expect(shop.world.lossOf(REPLICA)?.commits).toBeGreaterThan(36_000);
});
