import type { InputOf } from '../aws/operations.ts';
import type { Call } from './call.ts';
import { defined, isDefaultGroup, type DbSettings } from './db-settings.ts';
import { dbArn, statusOf, viewOf, type DbInstance, type DbInstanceView } from './db-instance.ts';
import { VPC } from './security-groups.ts';

/* What the operations on DB instances share. */

/** By identifier or ARN. @throws AwsError DBInstanceNotFound */
export function find(name: string | undefined, call: Call, at?: number): DbInstance {
  if (name === undefined || name === '') {
    throw call.error('InvalidParameterValue', 400, 'The parameter DBInstanceIdentifier must be provided and must not be blank.');
  }
  const id = (name.startsWith('arn:') ? name.slice(name.lastIndexOf(':') + 1) : name).toLowerCase();
  const row = call.state.databases.row({ region: call.region, id }, at);
  if (row === undefined || (name.startsWith('arn:') && name.toLowerCase() !== dbArn(row.ref, call.state.core.account))) {
    throw call.error('DBInstanceNotFound', 404, `DBInstance ${name} not found.`);
  }
  return row;
}

/** @throws AwsError InvalidDBInstanceState */
export function refuseUnlessAvailable(row: DbInstance, call: Call, verb: string): void {
  const status = statusOf(row, call.now);
  if (status === 'available' && row.promotion === undefined && row.creation === undefined) {
    if (row.modification !== undefined) throw inProgress(row, call, verb);
    return;
  }
  const why = row.promotion === undefined ? `is in status ${status}` : 'is being promoted';
  throw call.error('InvalidDBInstanceState', 400, `DB Instance ${row.ref.id} ${why} and cannot be ${verb}; it must be available.`);
}

/** Nothing may be under way; a status of failure is no hindrance. @throws AwsError InvalidDBInstanceState */
export function refuseDeletion(row: DbInstance, call: Call): void {
  const status = statusOf(row, call.now);
  const busy = row.promotion !== undefined || row.creation !== undefined || row.modification !== undefined || row.reboot !== undefined;
  if (!busy && row.deletion === undefined) return;
  throw call.error('InvalidDBInstanceState', 400, row.deletion === undefined ? `Instance ${row.ref.id} is in status ${status} and cannot be deleted now.` : `Instance ${row.ref.id} is already being deleted.`);
}

/** RDS is still at work on an instance that has just been made. @throws AwsError InvalidDBInstanceState */
export function refuseWhileBusy(row: DbInstance, call: Call, verb: string): void {
  if (call.now < row.busyUntil) throw inProgress(row, call, verb);
}

/** As reported for a reboot: "Instance cannot currently reboot due to an in-progress management operation." */
function inProgress(row: DbInstance, call: Call, verb: string) {
  const what = verb === 'rebooted' ? 'Instance cannot currently reboot' : `Instance ${row.ref.id} cannot currently be ${verb}`;
  return call.error('InvalidDBInstanceState', 400, `${what} due to an in-progress management operation.`);
}

/** How many rows a page has. @throws AwsError InvalidParameterValue */
export function pageSize(maxRecords: number | undefined, call: Call): number {
  const size = maxRecords ?? 100;
  if (size < 20 || size > 100) throw call.error('InvalidParameterValue', 400, `Invalid value ${size} for MaxRecords. Must be between 20 and 100`);
  return size;
}

/** @throws AwsError InvalidParameterValue */
export function retention(days: number, call: Call): number {
  if (Number.isInteger(days) && days >= 0 && days <= 35) return days;
  throw call.error('InvalidParameterValue', 400, `Invalid backup retention period: ${days}. Must be between 0 and 35`);
}

export function view(row: DbInstance, call: Call): DbInstanceView {
  const { databases, core } = call.state;
  const mode = databases.link(row.ref, call.at)?.mode(call.at);
  return viewOf(row, call.at, {
    account: core.account,
    vpc: vpcOf(row.subnetGroup, call),
    replicas: databases.replicasOf(row.ref, call.at),
    replicationStatus: mode === 'stopped' ? 'stopped' : mode === 'silent' && row.promotion === undefined ? 'error' : 'replicating',
  });
}

/** That of a subnet group, which an instance in it is in too. */
export function vpcOf(subnetGroup: string, call: Call): string {
  return call.state.dbSubnetGroups.get(call.region, subnetGroup)?.vpc ?? VPC;
}

/**
 * Groups that are there, and in the VPC of the instance: that of its subnet group.
 * @throws AwsError InvalidParameterValue, InvalidParameterCombination
 */
export function needSecurityGroups(groups: readonly string[], subnetGroup: string, call: Call): void {
  const unknown = groups.find((id) => call.state.securityGroups.get(call.region, id) === undefined);
  if (unknown !== undefined) throw call.error('InvalidParameterValue', 400, `Invalid security group , groupId= ${unknown}, groupName=.`);
  const vpc = vpcOf(subnetGroup, call);
  const other = groups.map((id) => call.state.securityGroups.get(call.region, id)?.vpc ?? VPC).find((of) => of !== vpc);
  if (other === undefined) return;
  throw call.error('InvalidParameterCombination', 400, `The DB instance and EC2 security group are in different VPCs. The DB instance is in ${vpc} and the EC2 security group is in ${other}`);
}

/** Groups called `default` are AWS's own, in every region. */
export function needParameterGroup(name: string, call: Call): void {
  if (isDefaultGroup(name) || call.state.dbParameterGroups.get(call.region, name) !== undefined) return;
  throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${name} not found.`);
}

export function needSubnetGroup(name: string, call: Call): void {
  if (name === 'default' || call.state.dbSubnetGroups.get(call.region, name) !== undefined) return;
  throw call.error('DBSubnetGroupNotFoundFault', 404, `DB subnet group '${name}' does not exist.`);
}

/** It is of the region, and for the engine, its major version and the VPC of the instance. */
export function needOptionGroup(name: string, { engine, version, subnetGroup }: { engine: string; version: string; subnetGroup: string }, call: Call): void {
  if (isDefaultGroup(name)) return;
  const group = call.state.dbOptionGroups.get(call.region, name.toLowerCase());
  if (group === undefined) throw call.error('OptionGroupNotFoundFault', 404, `Specified OptionGroupName: ${name} not found.`);
  const { engine: forEngine = 'postgres', majorVersion = '17', vpc } = group;
  if (forEngine !== engine || !`${version}.`.startsWith(`${majorVersion}.`)) {
    throw call.error('InvalidParameterCombination', 400, `The option group ${name} is for ${forEngine} ${majorVersion}, and cannot be used with ${engine} ${version}.`);
  }
  if (vpc !== undefined && vpc !== vpcOf(subnetGroup, call)) throw call.error('InvalidParameterCombination', 400, `The option group ${name} is for ${vpc}.`);
}

type StorageInput = Pick<InputOf<'rds', 'ModifyDBInstance'>, 'StorageType' | 'Iops' | 'StorageThroughput' | 'AllocatedStorage'>;

/** A gp3 volume that is smaller has 3,000 IOPS, and no others. */
const GP3_FROM_GIB = 400;

type SettingsInput = Pick<
  InputOf<'rds', 'ModifyDBInstance'>,
  | 'AutoMinorVersionUpgrade' | 'CACertificateIdentifier' | 'CopyTagsToSnapshot' | 'EnableIAMDatabaseAuthentication' | 'EnablePerformanceInsights' | 'MaxAllocatedStorage'
  | 'MonitoringInterval' | 'MonitoringRoleArn' | 'NetworkType' | 'PerformanceInsightsRetentionPeriod'
>;

/** What a request says of settings that need no look at the rest. */
export function settingsIn(input: SettingsInput) {
  return defined({
    autoMinorVersionUpgrade: input.AutoMinorVersionUpgrade,
    caCertificate: input.CACertificateIdentifier,
    copyTagsToSnapshot: input.CopyTagsToSnapshot,
    iamAuthentication: input.EnableIAMDatabaseAuthentication,
    maxAllocatedStorage: input.MaxAllocatedStorage,
    monitoringInterval: input.MonitoringInterval,
    monitoringRole: input.MonitoringRoleArn,
    networkType: input.NetworkType,
    performanceInsights: input.EnablePerformanceInsights,
    performanceInsightsDays: input.PerformanceInsightsRetentionPeriod,
  });
}

/**
 * Storage as it was asked for, upon what there is.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
 */
export function storageOf(input: StorageInput, before: DbSettings, engine: string, call: Call): Partial<DbSettings> {
  const { StorageType: type, Iops: iops, StorageThroughput: throughput } = input;
  const size = input.AllocatedStorage ?? before.allocatedStorage;
  if (size < before.allocatedStorage) throw call.error('InvalidParameterValue', 400, `Requested storage size (${size}) cannot be smaller than the current storage size (${before.allocatedStorage}).`);
  const becomes = type ?? before.storageType;
  const provisioned = becomes === 'io1' || becomes === 'io2';
  if (provisioned && iops === undefined && before.storageType !== becomes) throw call.error('InvalidParameterCombination', 400, `You must specify IOPS for storage type ${becomes}.`);
  if (becomes === 'gp3' && size < GP3_FROM_GIB && (iops !== undefined || throughput !== undefined)) {
    throw call.error('InvalidParameterCombination', 400, `You can't specify IOPS or storage throughput for engine ${engine} and a storage size less than ${GP3_FROM_GIB}.`);
  }
  const fresh = type !== undefined && type !== before.storageType;
  const none = becomes === 'gp2' || becomes === 'standard';
  return {
    ...defined({ storageType: type, iops, storageThroughput: throughput, allocatedStorage: input.AllocatedStorage }),
    ...(fresh && none ? { iops: 0, storageThroughput: 0 } : {}),
  };
}
