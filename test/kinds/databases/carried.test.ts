import { expect, it } from 'vitest';
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
