import type { DbInstance } from '../../aws/rds.ts';
import type { Json } from '../../base/json.ts';

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html: IOPS and throughput of a smaller gp3 volume cannot be chosen. */
const GP3_FROM_GIB = 400;

/**
 * Settings of an instance that a new replica does not get by itself, as parameters of CreateDBInstanceReadReplica: AWS takes its
 * defaults for what is left out. What is at its default is not sent.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
 */
export function carriedSettings(old: DbInstance): Record<string, Json> {
  const carried: Record<string, Json> = { ...storage(old) };
  const optionGroup = old.OptionGroupMemberships?.[0]?.OptionGroupName;
  if (optionGroup !== undefined && !optionGroup.startsWith('default:')) carried.OptionGroupName = optionGroup;
  if (old.IAMDatabaseAuthenticationEnabled === true) carried.EnableIAMDatabaseAuthentication = true;
  if (old.CopyTagsToSnapshot === true) carried.CopyTagsToSnapshot = true;
  if (old.AutoMinorVersionUpgrade === false) carried.AutoMinorVersionUpgrade = false;
  if (old.NetworkType === 'DUAL') carried.NetworkType = 'DUAL';
  if ((old.EnabledCloudwatchLogsExports ?? []).length > 0) carried.EnableCloudwatchLogsExports = [...(old.EnabledCloudwatchLogsExports ?? [])];
  if (old.PerformanceInsightsEnabled === true) {
    carried.EnablePerformanceInsights = true;
    if (old.PerformanceInsightsKMSKeyId !== undefined) carried.PerformanceInsightsKMSKeyId = old.PerformanceInsightsKMSKeyId;
    if (old.PerformanceInsightsRetentionPeriod !== undefined) carried.PerformanceInsightsRetentionPeriod = old.PerformanceInsightsRetentionPeriod;
  }
  if ((old.MonitoringInterval ?? 0) > 0 && old.MonitoringRoleArn !== undefined) {
    carried.MonitoringInterval = old.MonitoringInterval ?? 0;
    carried.MonitoringRoleArn = old.MonitoringRoleArn;
  }
  // Those of AWS itself cannot be set.
  const tags = (old.TagList ?? []).filter((tag) => tag.Key !== undefined && !tag.Key.startsWith('aws:'));
  if (tags.length > 0) carried.Tags = tags.map(({ Key = '', Value = '' }) => ({ Key, Value }));
  return carried;
}

function storage({ StorageType: type, Iops: iops, StorageThroughput: throughput, AllocatedStorage: size = 0, MaxAllocatedStorage: max }: DbInstance): Record<string, Json> {
  const grows: Record<string, Json> = max === undefined ? {} : { MaxAllocatedStorage: max };
  if (type === 'io1' || type === 'io2') return { ...grows, StorageType: type, ...(iops === undefined ? {} : { Iops: iops }) };
  if (type !== 'gp3' || size < GP3_FROM_GIB) return grows;
  return { ...grows, StorageType: type, ...(iops === undefined ? {} : { Iops: iops }), ...(throughput === undefined ? {} : { StorageThroughput: throughput }) };
}
