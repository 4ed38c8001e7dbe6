import type { DbInstance } from '../../aws/rds.ts';
import type { Json } from '../../base/json.ts';
import { isOwnOptionGroup } from './option-group.ts';

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html: IOPS and throughput of a smaller gp3 volume cannot be chosen. */
const GP3_FROM_GIB = 400;

/**
 * Settings of an instance that a new replica does not get by itself, as parameters of CreateDBInstanceReadReplica: AWS takes its
 * defaults for what is left out. What is at its default is not sent.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
 */
export function carriedSettings(old: DbInstance, instanceClass = old.DBInstanceClass): Record<string, Json> {
  const carried: Record<string, Json> = { ...storage(old) };
  const optionGroup = old.OptionGroupMemberships?.[0]?.OptionGroupName;
  if (isOwnOptionGroup(optionGroup)) carried.OptionGroupName = optionGroup;
  if (old.IAMDatabaseAuthenticationEnabled === true) carried.EnableIAMDatabaseAuthentication = true;
  if (old.CopyTagsToSnapshot === true) carried.CopyTagsToSnapshot = true;
  if (old.AutoMinorVersionUpgrade === false) carried.AutoMinorVersionUpgrade = false;
  if (old.NetworkType === 'DUAL') carried.NetworkType = 'DUAL';
  // Left out, it is that of the source.
  if (old.Endpoint?.Port !== undefined) carried.Port = old.Endpoint.Port;
  if (old.CACertificateIdentifier !== undefined) carried.CACertificateIdentifier = old.CACertificateIdentifier;
  // Cores and threads are of one class; AWS shows them only where somebody has chosen them.
  const processor = (old.ProcessorFeatures ?? []).map(({ Name = '', Value = '' }) => ({ Name, Value }));
  if (processor.length > 0 && instanceClass === old.DBInstanceClass) carried.ProcessorFeatures = processor;
  if (old.DedicatedLogVolume === true) carried.DedicatedLogVolume = true;
  const { EnabledCloudwatchLogsExports: exports = [], MonitoringInterval: interval = 0 } = old;
  if (exports.length > 0) carried.EnableCloudwatchLogsExports = [...exports];
  if (old.PerformanceInsightsEnabled === true) {
    carried.EnablePerformanceInsights = true;
    if (old.PerformanceInsightsKMSKeyId !== undefined) carried.PerformanceInsightsKMSKeyId = old.PerformanceInsightsKMSKeyId;
    if (old.PerformanceInsightsRetentionPeriod !== undefined) carried.PerformanceInsightsRetentionPeriod = old.PerformanceInsightsRetentionPeriod;
  }
  if (interval > 0 && old.MonitoringRoleArn !== undefined) {
    carried.MonitoringInterval = interval;
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

/** What is shown of an instance, by name: to compare a new replica with the old instance. What is not shown is not in it. */
export function shownSettings(shown: DbInstance): Record<string, string> {
  const values: Record<string, string | number | boolean | undefined> = {
    'option group': ownGroup(shown.OptionGroupMemberships?.[0]?.OptionGroupName),
    'IAM authentication': shown.IAMDatabaseAuthenticationEnabled,
    'CA certificate': shown.CACertificateIdentifier,
    domain: (shown.DomainMemberships ?? []).map(({ Domain }) => Domain ?? '').join(', ') || 'none',
    'storage type': shown.StorageType,
    IOPS: shown.Iops,
    'largest storage': shown.MaxAllocatedStorage ?? 'none',
    'dedicated log volume': shown.DedicatedLogVolume ?? false,
    'log exports': [...(shown.EnabledCloudwatchLogsExports ?? [])].sort().join(', ') || 'none',
    'processor features': (shown.ProcessorFeatures ?? []).map(({ Name = '', Value = '' }) => `${Name} ${Value}`).sort().join(', ') || 'none',
    'Database Insights': shown.DatabaseInsightsMode,
    'Performance Insights': shown.PerformanceInsightsEnabled ?? false,
    'monitoring interval': shown.MonitoringInterval ?? 0,
    'network type': shown.NetworkType,
    'deletion protection': shown.DeletionProtection,
    // AWS makes a replica without backups. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
    'backup retention in days': shown.BackupRetentionPeriod,
    'backup window': shown.PreferredBackupWindow,
    'maintenance window': shown.PreferredMaintenanceWindow,
  };
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}

/** The name of AWS's own group has the engine's version in it. */
function ownGroup(name: string | undefined): string | undefined {
  return name?.startsWith('default:') === true ? 'default' : name;
}

/** Without these clients that could log in to the old instance cannot log in to the new one. */
const LOGIN = ['option group', 'IAM authentication'];

/** How a new replica differs from what the old instance was, in words. `login`: clients may not be able to log in. */
export function notCarried(wanted: Readonly<Record<string, string>>, replica: DbInstance): { differences: string[]; login: boolean } {
  const is = shownSettings(replica);
  const names = Object.keys(wanted).filter((name) => is[name] !== undefined && is[name] !== wanted[name]);
  // A group or an authentication that the old one did not have keeps nobody out.
  const lost = names.filter((name) => LOGIN.includes(name) && wanted[name] !== 'default' && wanted[name] !== 'false');
  const pending = replica.PendingModifiedValues?.IAMDatabaseAuthenticationEnabled === true;
  return { differences: names.map((name) => `${name} is ${is[name] ?? ''}, not ${wanted[name] ?? ''}`), login: lost.some((name) => !(pending && name === 'IAM authentication')) };
}
