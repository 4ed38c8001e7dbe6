import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import { carriedSettings, notCarried, shownSettings } from '../../../src/kinds/databases/carried.ts';

it('a new replica gets what the old instance had, and nothing where that was the default', () => {
  expect(carriedSettings({ StorageType: 'gp3', AllocatedStorage: 100, Iops: 3000, OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-17' }], MonitoringInterval: 0 })).toEqual({});
  expect(
    carriedSettings({
      StorageType: 'io1', Iops: 16_000, MaxAllocatedStorage: 1000, Endpoint: { Port: 6432 }, OptionGroupMemberships: [{ OptionGroupName: 'shop-audit' }], IAMDatabaseAuthenticationEnabled: true, AutoMinorVersionUpgrade: false,
      EnabledCloudwatchLogsExports: ['postgresql'], MonitoringInterval: 15, MonitoringRoleArn: 'arn:role', TagList: [{ Key: 'cost', Value: '1' }, { Key: 'aws:x', Value: 'y' }],
    }),
  ).toEqual({
    StorageType: 'io1', Iops: 16_000, MaxAllocatedStorage: 1000, Port: 6432, OptionGroupName: 'shop-audit', EnableIAMDatabaseAuthentication: true, AutoMinorVersionUpgrade: false,
    EnableCloudwatchLogsExports: ['postgresql'], MonitoringInterval: 15, MonitoringRoleArn: 'arn:role', Tags: [{ Key: 'cost', Value: '1' }],
  });
});

it('what a new replica did not get is named; IAM authentication or an option group that is lost keeps clients out', () => {
  const wanted = shownSettings({ IAMDatabaseAuthenticationEnabled: true, OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-17' }], DeletionProtection: true, DomainMemberships: [{ Domain: 'd-1' }] });
  const replica = { IAMDatabaseAuthenticationEnabled: true, OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-18' }], DeletionProtection: false };
  expect(notCarried(wanted, replica)).toEqual({ differences: ['domain is none, not d-1', 'deletion protection is false, not true'], login: false });
  expect(notCarried(wanted, { ...replica, IAMDatabaseAuthenticationEnabled: false })).toMatchObject({ login: true });
  expect(notCarried(wanted, { ...replica, IAMDatabaseAuthenticationEnabled: false, PendingModifiedValues: { IAMDatabaseAuthenticationEnabled: true } })).toMatchObject({ login: false });
  expect(notCarried({ 'option group': 'shop-audit' }, replica)).toEqual({ differences: ['option group is default, not shop-audit'], login: true });
});

it('cores and threads that somebody has chosen go with the class that they are of', () => {
  const old = { DBInstanceClass: 'db.r6i.4xlarge', ProcessorFeatures: [{ Name: 'coreCount', Value: '4' }, { Name: 'threadsPerCore', Value: '1' }], DatabaseInsightsMode: 'advanced' as const };
  expect(carriedSettings(old)).toEqual({ ProcessorFeatures: old.ProcessorFeatures });
  expect(carriedSettings(old, 'db.r6i.large')).toEqual({});
  // CreateDBInstanceReadReplica takes no mode of Database Insights, and Oracle may need a licence for each core: what is lost is named.
  expect(notCarried(shownSettings(old), { DatabaseInsightsMode: 'standard' }).differences).toEqual(['processor features is none, not coreCount 4, threadsPerCore 1', 'Database Insights is standard, not advanced']);
});

describe('of each setting', () => {
  it.each<[DbInstance, object]>([
    [{}, {}],
    [{ OptionGroupMemberships: [] }, {}],
    [{ OptionGroupMemberships: [{ OptionGroupName: 'audit' }] }, { OptionGroupName: 'audit' }],
    [{ IAMDatabaseAuthenticationEnabled: false }, {}],
    [{ IAMDatabaseAuthenticationEnabled: true }, { EnableIAMDatabaseAuthentication: true }],
    [{ CopyTagsToSnapshot: false }, {}],
    [{ CopyTagsToSnapshot: true }, { CopyTagsToSnapshot: true }],
    [{ AutoMinorVersionUpgrade: true }, {}],
    [{ AutoMinorVersionUpgrade: false }, { AutoMinorVersionUpgrade: false }],
    [{ NetworkType: 'IPV4' }, {}],
    [{ NetworkType: 'DUAL' }, { NetworkType: 'DUAL' }],
    [{ Endpoint: {} }, {}],
    [{ Endpoint: { Port: 6432 } }, { Port: 6432 }],
    [{ CACertificateIdentifier: 'rds-ca-rsa4096-g1' }, { CACertificateIdentifier: 'rds-ca-rsa4096-g1' }],
    [{ DedicatedLogVolume: false }, {}],
    [{ DedicatedLogVolume: true }, { DedicatedLogVolume: true }],
    [{ EnabledCloudwatchLogsExports: [] }, {}],
    [{ EnabledCloudwatchLogsExports: ['audit', 'error'] }, { EnableCloudwatchLogsExports: ['audit', 'error'] }],
    [{ PerformanceInsightsEnabled: false, PerformanceInsightsKMSKeyId: 'key', PerformanceInsightsRetentionPeriod: 7 }, {}],
    [{ PerformanceInsightsEnabled: true }, { EnablePerformanceInsights: true }],
    [{ PerformanceInsightsEnabled: true, PerformanceInsightsKMSKeyId: 'key', PerformanceInsightsRetentionPeriod: 7 }, { EnablePerformanceInsights: true, PerformanceInsightsKMSKeyId: 'key', PerformanceInsightsRetentionPeriod: 7 }],
    [{ MonitoringRoleArn: 'arn:role' }, {}],
    [{ MonitoringInterval: 0, MonitoringRoleArn: 'arn:role' }, {}],
    [{ MonitoringInterval: 60 }, {}],
    [{ MonitoringInterval: 60, MonitoringRoleArn: 'arn:role' }, { MonitoringInterval: 60, MonitoringRoleArn: 'arn:role' }],
    [{ TagList: [{ Key: 'aws:cloudformation:stack-name', Value: 'x' }, { Value: 'without a key' }] }, {}],
    [{ TagList: [{ Key: 'cost', Value: '1' }, { Key: 'empty' }, { Key: 'not-aws:x', Value: 'y' }] }, { Tags: [{ Key: 'cost', Value: '1' }, { Key: 'empty', Value: '' }, { Key: 'not-aws:x', Value: 'y' }] }],
    [{ DBInstanceClass: 'a', ProcessorFeatures: [{ Name: 'coreCount' }, { Value: '1' }] }, { ProcessorFeatures: [{ Name: 'coreCount', Value: '' }, { Name: '', Value: '1' }] }],
    [{ MaxAllocatedStorage: 1000 }, { MaxAllocatedStorage: 1000 }],
    [{ StorageType: 'io1' }, { StorageType: 'io1' }],
    [{ StorageType: 'io2', Iops: 3000, StorageThroughput: 125 }, { StorageType: 'io2', Iops: 3000 }],
    [{ StorageType: 'gp3', AllocatedStorage: 399, Iops: 12_000, MaxAllocatedStorage: 1000 }, { MaxAllocatedStorage: 1000 }],
    [{ StorageType: 'gp3', Iops: 12_000 }, {}],
    [{ StorageType: 'gp3', AllocatedStorage: 400, Iops: 12_000, StorageThroughput: 500, MaxAllocatedStorage: 1000 }, { StorageType: 'gp3', Iops: 12_000, StorageThroughput: 500, MaxAllocatedStorage: 1000 }],
    [{ StorageType: 'gp3', AllocatedStorage: 400 }, { StorageType: 'gp3' }],
    [{ StorageType: 'gp2', AllocatedStorage: 400, Iops: 1200 }, {}],
  ])('%j is asked for as %j', (old, carried) => {
    expect(carriedSettings(old)).toEqual(carried);
  });

  it('what is shown has a name; what is not shown is not in it, but where that says that there is none', () => {
    expect(shownSettings({})).toEqual({ domain: 'none', 'largest storage': 'none', 'dedicated log volume': 'false', 'log exports': 'none', 'processor features': 'none', 'Performance Insights': 'false', 'monitoring interval': '0' });
    expect(
      shownSettings({
        OptionGroupMemberships: [{ OptionGroupName: 'audit' }], IAMDatabaseAuthenticationEnabled: true, CACertificateIdentifier: 'ca', DomainMemberships: [{ Domain: 'd-1' }, {}, { Domain: 'd-2' }], StorageType: 'io1', Iops: 1, MaxAllocatedStorage: 2,
        DedicatedLogVolume: true, EnabledCloudwatchLogsExports: ['b', 'a'], ProcessorFeatures: [{ Name: 'z', Value: '1' }, { Name: 'a', Value: '2' }, {}], DatabaseInsightsMode: 'standard', PerformanceInsightsEnabled: true, MonitoringInterval: 60,
        NetworkType: 'DUAL', DeletionProtection: false, BackupRetentionPeriod: 7, PreferredBackupWindow: '01:00-02:00', PreferredMaintenanceWindow: 'sun:03:00-sun:04:00',
      }),
    ).toEqual({
      'option group': 'audit', 'IAM authentication': 'true', 'CA certificate': 'ca', domain: 'd-1, , d-2', 'storage type': 'io1', IOPS: '1', 'largest storage': '2', 'dedicated log volume': 'true', 'log exports': 'a, b', 'processor features': ' , a 2, z 1',
      'Database Insights': 'standard', 'Performance Insights': 'true', 'monitoring interval': '60', 'network type': 'DUAL', 'deletion protection': 'false', 'backup retention in days': '7', 'backup window': '01:00-02:00', 'maintenance window': 'sun:03:00-sun:04:00',
    });
  });

  it.each<[string, Record<string, string>, DbInstance, { differences: string[]; login: boolean }]>([
    ['what is not shown of the new one is no difference', { 'IAM authentication': 'true' }, {}, { differences: [], login: false }],
    ['what the old one did not have keeps nobody out', { 'IAM authentication': 'false', 'option group': 'default' }, { IAMDatabaseAuthenticationEnabled: true, OptionGroupMemberships: [{ OptionGroupName: 'audit' }] }, { differences: ['IAM authentication is true, not false', 'option group is audit, not default'], login: false }],
    ['a pending IAM authentication is no pending option group', { 'option group': 'audit' }, { OptionGroupMemberships: [{ OptionGroupName: 'default:x' }], PendingModifiedValues: { IAMDatabaseAuthenticationEnabled: true } }, { differences: ['option group is default, not audit'], login: true }],
    ['one that is to be turned off is lost', { 'IAM authentication': 'true' }, { IAMDatabaseAuthenticationEnabled: false, PendingModifiedValues: { IAMDatabaseAuthenticationEnabled: false } }, { differences: ['IAM authentication is false, not true'], login: true }],
    ['other pending changes do not bring it', { 'IAM authentication': 'true' }, { IAMDatabaseAuthenticationEnabled: false, PendingModifiedValues: {} }, { differences: ['IAM authentication is false, not true'], login: true }],
    ['a replica is made without backups, whatever the old one had', { 'backup retention in days': '7' }, { BackupRetentionPeriod: 0 }, { differences: ['backup retention in days is 0, not 7'], login: false }],
    ['anything else keeps nobody out', { IOPS: '2' }, { Iops: 1 }, { differences: ['IOPS is 1, not 2'], login: false }],
  ])('%s', (_what, wanted, replica, lost) => {
    expect(notCarried(wanted, replica)).toEqual(lost);
  });
});
