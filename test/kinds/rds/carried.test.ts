import { expect, it } from 'vitest';
import { carriedSettings } from '../../../src/kinds/databases/carried.ts';

it('a new replica gets what the old instance had, and nothing where that was the default', () => {
  expect(carriedSettings({ StorageType: 'gp3', AllocatedStorage: 100, Iops: 3000, OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-17' }], MonitoringInterval: 0 })).toEqual({});
  expect(
    carriedSettings({
      StorageType: 'io1', Iops: 16_000, MaxAllocatedStorage: 1000, OptionGroupMemberships: [{ OptionGroupName: 'shop-audit' }], IAMDatabaseAuthenticationEnabled: true, AutoMinorVersionUpgrade: false,
      EnabledCloudwatchLogsExports: ['postgresql'], MonitoringInterval: 15, MonitoringRoleArn: 'arn:role', TagList: [{ Key: 'cost', Value: '1' }, { Key: 'aws:x', Value: 'y' }],
    }),
  ).toEqual({
    StorageType: 'io1', Iops: 16_000, MaxAllocatedStorage: 1000, OptionGroupName: 'shop-audit', EnableIAMDatabaseAuthentication: true, AutoMinorVersionUpgrade: false,
    EnableCloudwatchLogsExports: ['postgresql'], MonitoringInterval: 15, MonitoringRoleArn: 'arn:role', Tags: [{ Key: 'cost', Value: '1' }],
  });
});
