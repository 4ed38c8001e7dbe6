import type { InputOf, OutputOf } from '../aws/operations.ts';
import type { AutomatedBackup, Snapshot } from './backups.ts';
import { type Call, type ServiceModel } from './call.ts';
import type { DbRef } from './database-driver.ts';
import { dbArn, type DbInstance, type DbInstanceView, resourceId } from './db-instance.ts';
import { defaultOptionGroup, defined, type DbSettings, isDefaultGroup, settingsOf } from './db-settings.ts';
import { needAuthority, needOffer } from './rds-offers.ts';
import { needQuota } from './rds-quotas.ts';
import { needOptionGroup, needSecurityGroups, needSubnetGroup, pageSize, retention, settingsIn, storageOf, view } from './rds-rows.ts';
import type { DbInstanceSeed } from './seeds.ts';
import { defaultKey } from './keys.ts';

type BackupView = NonNullable<OutputOf<'rds', 'DescribeDBInstanceAutomatedBackups'>['DBInstanceAutomatedBackups']>[number];
type SnapshotView = NonNullable<OutputOf<'rds', 'DescribeDBSnapshots'>['DBSnapshots']>[number];
/** The security group that AWS gives to whatever names none: only its own members may come in. */
export const DEFAULT_GROUP = 'sg-00000000';
/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html */
const REPLICATIONS_MAX = 20;

/** Parameters that both ways to restore take. */
const RESTORE_INPUT = [
  'DBInstanceClass', 'DBSubnetGroupName', 'DBParameterGroupName', 'VpcSecurityGroupIds', 'MultiAZ', 'BackupRetentionPeriod', 'Tags', 'OptionGroupName',
  'EnableIAMDatabaseAuthentication', 'EnableCloudwatchLogsExports', 'CopyTagsToSnapshot', 'DeletionProtection', 'PubliclyAccessible', 'NetworkType',
  'CACertificateIdentifier', 'AutoMinorVersionUpgrade', 'AllocatedStorage', 'StorageType', 'Iops', 'StorageThroughput',
] as const;
type RestoreInput = Pick<InputOf<'rds', 'RestoreDBInstanceToPointInTime'>, (typeof RESTORE_INPUT)[number]>;

/** Backups of RDS across regions: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html */
export const backupOperations = {
  DescribeDBInstanceAutomatedBackups: {
    accepts: ['DBInstanceIdentifier', 'DBInstanceAutomatedBackupsArn', 'Filters', 'MaxRecords', 'Marker'],
    handle(input, call) {
      const filter = idFilter(input.Filters, call);
      const all = [...own(call), ...call.state.backups.in(call.region)]
        .filter((b) => b.createdAt <= call.at)
        .filter((b) => input.DBInstanceIdentifier === undefined || b.source.id === input.DBInstanceIdentifier.toLowerCase())
        .filter((b) => input.DBInstanceAutomatedBackupsArn === undefined || b.arn === input.DBInstanceAutomatedBackupsArn)
        .filter((b) => filter === undefined || filter.includes(b.source.id) || filter.includes(b.sourceArn))
        .sort((a, b) => (a.arn < b.arn ? -1 : 1));
      if (input.DBInstanceAutomatedBackupsArn !== undefined && all.length === 0) throw noBackup(input.DBInstanceAutomatedBackupsArn, call);
      const { page, next } = call.pageOf(all, (b) => b.arn, input.Marker, pageSize(input.MaxRecords, call));
      return { DBInstanceAutomatedBackups: page.map((b) => backupView(b, call)), ...(next === undefined ? {} : { Marker: next }) };
    },
  },

  DescribeDBSnapshots: {
    accepts: ['DBInstanceIdentifier', 'DBSnapshotIdentifier', 'MaxRecords', 'Marker'],
    handle(input, call) {
      const all = call.state.backups
        .snapshotsIn(call.region)
        .filter((s) => input.DBInstanceIdentifier === undefined || s.source.id === input.DBInstanceIdentifier.toLowerCase())
        .filter((s) => input.DBSnapshotIdentifier === undefined || isSnapshot(s, input.DBSnapshotIdentifier, call))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      if (input.DBSnapshotIdentifier !== undefined && all.length === 0) throw noSnapshot(input.DBSnapshotIdentifier, call);
      const { page, next } = call.pageOf(all, (s) => s.id, input.Marker, pageSize(input.MaxRecords, call));
      return { DBSnapshots: page.map((s) => snapshotView(s, call)), ...(next === undefined ? {} : { Marker: next }) };
    },
  },

  RestoreDBInstanceToPointInTime: {
    accepts: ['SourceDBInstanceAutomatedBackupsArn', 'TargetDBInstanceIdentifier', 'UseLatestRestorableTime', 'RestoreTime', ...RESTORE_INPUT],
    handle(input, call) {
      const arn = input.SourceDBInstanceAutomatedBackupsArn;
      if (arn === undefined) throw call.unsupported('a restore from an instance');
      const backup = call.state.backups.in(call.region).find((b) => b.arn === arn);
      if (backup === undefined) throw noBackup(arn, call);
      const latest = call.state.backups.latestTime(backup, call.now);
      const wanted = input.RestoreTime?.getTime();
      if ((wanted === undefined) === (input.UseLatestRestorableTime !== true)) {
        throw call.error('InvalidParameterCombination', 400, 'Specify either RestoreTime or UseLatestRestorableTime');
      }
      if (latest === undefined || (wanted !== undefined && wanted > latest)) {
        throw call.error('InvalidRestoreFault', 400, 'The specified time is not within the restore window.');
      }
      const upTo = wanted ?? latest;
      return { DBInstance: restore(input.TargetDBInstanceIdentifier, input, { source: backup.source, upTo, kmsKeyId: backup.kmsKeyId, days: backup.retentionDays, optionGroup: optionGroupOf(backup.source, call) }, call) };
    },
  },

  RestoreDBInstanceFromDBSnapshot: {
    accepts: ['DBInstanceIdentifier', 'DBSnapshotIdentifier', ...RESTORE_INPUT],
    handle(input, call) {
      const snapshot = call.state.backups.snapshotsIn(call.region).find((s) => isSnapshot(s, input.DBSnapshotIdentifier ?? '', call));
      if (snapshot === undefined) throw noSnapshot(input.DBSnapshotIdentifier ?? '', call);
      if (snapshot.status !== 'available') {
        throw call.error('InvalidDBSnapshotState', 400, `Cannot restore from the DB snapshot ${snapshot.id} because it is ${snapshot.status}`);
      }
      const { source, takenAt: upTo, kmsKeyId } = snapshot;
      return { DBInstance: restore(input.DBInstanceIdentifier, input, { source, upTo, kmsKeyId, days: 1, optionGroup: snapshot.optionGroup ?? optionGroupOf(source, call) }, call) };
    },
  },

  StartDBInstanceAutomatedBackupsReplication: {
    // The SDK adds a signed URL by itself; AWS needs it in some partitions only.
    accepts: ['SourceDBInstanceArn', 'BackupRetentionPeriod', 'KmsKeyId', 'PreSignedUrl'],
    handle(input, call) {
      const arn = input.SourceDBInstanceArn ?? '';
      const [, , , region = '', , , id = ''] = arn.split(':');
      const source = { region, id };
      const row = call.state.databases.row(source);
      if (region === call.region) throw call.error('InvalidParameterValue', 400, 'The source DB instance must be in a different AWS Region.');
      if (row === undefined || arn !== dbArn(source, call.state.core.account)) throw call.error('DBInstanceNotFound', 404, `DBInstance ${arn} not found.`);
      if (!call.state.core.alive(region) || row.backupRetentionDays === 0) {
        throw call.error('InvalidDBInstanceState', 400, `The automated backups of ${id} cannot be replicated: they are not available.`);
      }
      if (input.KmsKeyId === undefined) throw call.error('InvalidParameterValue', 400, 'A KMS key of the destination Region is needed for an encrypted source.');
      call.state.keys.used(call.region, input.KmsKeyId);
      if (input.KmsKeyId.split(':')[3] !== call.region) throw call.error('KMSKeyNotAccessibleFault', 400, `The KMS key ${input.KmsKeyId} is not accessible in ${call.region}.`);
      needKey(input.KmsKeyId, call);
      const kept = call.state.backups.in(call.region);
      if (kept.some((b) => b.sourceArn === arn && b.stoppedAt === undefined)) {
        throw call.error('InvalidDBInstanceAutomatedBackupState', 400, `The automated backups of ${arn} are replicated already.`);
      }
      if (kept.filter((b) => b.stoppedAt === undefined).length >= REPLICATIONS_MAX) {
        throw call.error('DBInstanceAutomatedBackupQuotaExceeded', 400, 'The quota for retained automated backups was exceeded.');
      }
      const backup = call.state.backups.add({
        region: call.region,
        source,
        kmsKeyId: input.KmsKeyId,
        retentionDays: input.BackupRetentionPeriod ?? 7,
        fresh: true,
      });
      return { DBInstanceAutomatedBackup: backupView(backup, call) };
    },
  },
} satisfies Partial<ServiceModel<'rds'>>;

interface Origin {
  source: DbRef;
  upTo: number;
  kmsKeyId: string;
  days: number;
  optionGroup: string | undefined;
}

/** KMSKeyNotAccessibleFault of https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html#API_RestoreDBInstanceFromDBSnapshot_Errors */
export function needKey(key: string, call: Call): void {
  if (!call.state.keys.usable(call.region, key)) throw call.error('KMSKeyNotAccessibleFault', 400, `The specified KMS key [${key}] does not exist, is not enabled or you do not have permissions to access it.`);
}

/** Makes an instance out of a backup, with AWS's defaults for everything that was not said. */
function restore(name: string | undefined, input: RestoreInput, from: Origin, call: Call): DbInstanceView {
  const { databases, securityGroups, core } = call.state;
  const { region } = call;
  const id = (name ?? '').toLowerCase();
  if (!/^[a-z](?:-?[a-z0-9])*$/.test(id)) throw call.error('InvalidParameterValue', 400, `The parameter DBInstanceIdentifier is not a valid identifier: ${name ?? ''}`);
  if (databases.row({ region, id }) !== undefined) throw call.error('DBInstanceAlreadyExists', 400, 'DB instance already exists');
  needKey(from.kmsKeyId, call);
  const original = databases.row(from.source);
  const subnetGroup = input.DBSubnetGroupName ?? 'default';
  needSubnetGroup(subnetGroup, call);
  const engine = original?.engine ?? 'postgres';
  const { DBParameterGroupName: parameterGroup } = input;
  if (parameterGroup !== undefined && call.state.dbParameterGroups.get(region, parameterGroup) === undefined) {
    throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${parameterGroup} not found.`);
  }
  const groups = input.VpcSecurityGroupIds ?? [DEFAULT_GROUP];
  if (groups.includes(DEFAULT_GROUP)) securityGroups.add({ region, id: DEFAULT_GROUP, name: 'default', closed: true });
  needSecurityGroups(groups, subnetGroup, call);
  const backupRetentionDays = retention(input.BackupRetentionPeriod ?? from.days, call);
  const seed: DbInstanceSeed = {
    region,
    id,
    engine,
    settings: restoredSettings(input, original, { ...from, subnetGroup }, call),
    publiclyAccessible: input.PubliclyAccessible ?? false,
    deletionProtection: input.DeletionProtection ?? false,
    instanceClass: input.DBInstanceClass ?? original?.instanceClass ?? 'db.m6g.large',
    multiAz: input.MultiAZ ?? false,
    backupRetentionDays,
    securityGroups: groups,
    subnetGroup,
    ...defined({ parameterGroup }),
    kmsKeyId: from.kmsKeyId,
    tags: Object.fromEntries((input.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
  };
  const runs = runsOf(from.source, call);
  needOffer({ engine: runs.Engine, version: runs.EngineVersion, instanceClass: seed.instanceClass ?? '', multiAz: input.MultiAZ ?? false }, call);
  needAuthority(input.CACertificateIdentifier, call);
  needQuota({ storageGib: input.AllocatedStorage ?? original?.settings.allocatedStorage ?? 100 }, call);
  if (core.driver !== undefined && core.driver.restore === undefined) throw call.unsupported('a restore with these databases behind the model');
  return view(databases.restore(seed, from.source, from.upTo, call.now), call);
}

/** What is not said is AWS's default, but for storage, engine and an option group of the same Region. */
function restoredSettings(input: RestoreInput, original: DbInstance | undefined, from: { source: DbRef; optionGroup: string | undefined; subnetGroup: string }, call: Call): Partial<DbSettings> {
  const engine = original?.engine ?? 'postgres';
  const { optionGroup: had } = from;
  const own = had !== undefined && !isDefaultGroup(had);
  // Option groups are of one Region, and its options are persistent: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html#USER_CopySnapshot.Options
  if (own && input.OptionGroupName === undefined && from.source.region !== call.region) {
    throw call.error('InvalidParameterValue', 400, `The snapshot requires a target option group with the following options: [${had}]`);
  }
  const optionGroup = input.OptionGroupName ?? (own ? had : defaultOptionGroup(engine));
  const before = original?.settings ?? settingsOf(engine, undefined);
  needOptionGroup(optionGroup, { engine, version: before.engineVersion, subnetGroup: from.subnetGroup }, call);
  const { engineVersion, allocatedStorage, storageType, iops, storageThroughput } = before;
  return defined({
    engineVersion, allocatedStorage, storageType, iops, storageThroughput,
    ...storageOf(input, before, engine, call),
    ...settingsIn(input),
    optionGroup,
    logExports: input.EnableCloudwatchLogsExports,
  });
}

/** That of the source now: **laxer** for one that was upgraded since. */
function runsOf(source: DbRef, call: Call): { Engine: string; EngineVersion: string } {
  const { engine = 'postgres', settings } = call.state.databases.row(source) ?? {};
  return { Engine: engine, EngineVersion: (settings ?? settingsOf(engine, undefined)).engineVersion };
}

function optionGroupOf(source: DbRef, call: Call): string | undefined {
  return call.state.databases.row(source)?.settings.optionGroup;
}

function isSnapshot(snapshot: Snapshot, name: string, call: Call): boolean {
  return snapshot.id.toLowerCase() === name.toLowerCase() || `arn:aws:rds:${snapshot.region}:${call.state.core.account}:snapshot:${snapshot.id}` === name;
}

/** Each instance that keeps backups has those of its own region. */
function own(call: Call): AutomatedBackup[] {
  const { databases, core } = call.state;
  const table = databases.table(call.region);
  return table.keys(call.at).flatMap((id) => {
    const row = table.get(id, call.at);
    if (row === undefined || row.backupRetentionDays === 0 || row.source !== undefined || row.creation !== undefined) return [];
    const { ref: source, createdAt, backupRetentionDays: retentionDays } = row;
    const arn = `arn:aws:rds:${call.region}:${core.account}:auto-backup:ab-own-${id}`;
    return [{ region: call.region, source, sourceArn: row.arn, arn, kmsKeyId: defaultKey(call.region, core.account), retentionDays, createdAt, readyAt: createdAt, stoppedAt: undefined }];
  });
}

function backupView(backup: AutomatedBackup, call: Call): BackupView {
  const latest = call.state.backups.latestTime(backup, call.at);
  return {
    DBInstanceArn: backup.sourceArn,
    DbiResourceId: resourceId(backup.sourceArn),
    Region: backup.source.region,
    DBInstanceIdentifier: backup.source.id,
    RestoreWindow: latest === undefined ? {} : { EarliestTime: new Date(backup.createdAt), LatestTime: new Date(latest) },
    AllocatedStorage: 100,
    Status: latest === undefined ? 'creating' : backup.stoppedAt !== undefined ? 'retained' : 'active',
    ...runsOf(backup.source, call),
    Encrypted: true,
    OptionGroupName: optionGroupOf(backup.source, call) ?? defaultOptionGroup('postgres'),
    KmsKeyId: backup.kmsKeyId,
    BackupRetentionPeriod: backup.retentionDays,
    DBInstanceAutomatedBackupsArn: backup.arn,
  };
}

function snapshotView(snapshot: Snapshot, call: Call): SnapshotView {
  const { account } = call.state.core;
  return {
    DBSnapshotIdentifier: snapshot.id,
    DBInstanceIdentifier: snapshot.source.id,
    // A copy is made later than the data it holds.
    SnapshotCreateTime: new Date(snapshot.takenAt + 600_000),
    OriginalSnapshotCreateTime: new Date(snapshot.takenAt),
    ...runsOf(snapshot.source, call),
    Status: snapshot.status,
    SnapshotType: 'manual',
    PercentProgress: snapshot.status === 'available' ? 100 : 50,
    Encrypted: true,
    OptionGroupName: snapshot.optionGroup ?? optionGroupOf(snapshot.source, call) ?? defaultOptionGroup('postgres'),
    KmsKeyId: snapshot.kmsKeyId,
    DBSnapshotArn: `arn:aws:rds:${snapshot.region}:${account}:snapshot:${snapshot.id}`,
    SourceDBSnapshotIdentifier: `arn:aws:rds:${snapshot.source.region}:${account}:snapshot:${snapshot.id}`,
    SourceRegion: snapshot.source.region,
    DbiResourceId: resourceId(dbArn(snapshot.source, account)),
  };
}

function idFilter(filters: readonly { Name?: string | undefined; Values?: string[] | undefined }[] | undefined, call: Call): string[] | undefined {
  const other = filters?.find((f) => f.Name !== 'db-instance-id');
  if (other !== undefined) throw call.unsupported(`the filter ${other.Name ?? ''}`);
  return filters === undefined || filters.length === 0 ? undefined : filters.flatMap((f) => f.Values ?? []);
}

function noBackup(name: string, call: Call) {
  return call.error('DBInstanceAutomatedBackupNotFound', 404, `Automated backup ${name} not found.`);
}

function noSnapshot(name: string, call: Call) {
  return call.error('DBSnapshotNotFound', 404, `DBSnapshot ${name} not found.`);
}
