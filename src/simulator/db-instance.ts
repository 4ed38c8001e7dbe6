/** One DB instance and what DescribeDBInstances shows of it at a time. Rows are never changed in place. */
import { sha256 } from '../base/json.ts';
import { remembered } from '../base/remembered.ts';
import type { OutputOf } from '../aws/operations.ts';
import type { DbRef } from './database-driver.ts';
import { NOTHING_PENDING, pendingView, type DbSettings, type Pending, settingsOf, settingsView, together } from './db-settings.ts';
import type { DbInstanceSeed } from './seeds.ts';
import { defaultKey } from './keys.ts';

export type DbInstanceView = NonNullable<OutputOf<'rds', 'DescribeDBInstances'>['DBInstances']>[number];

/** What takes its time, and ends when the real database behind the model, if there is one, has done its part too. */
export interface Work {
  readonly startedAt: number;
  readonly endsAt: number;
  readonly driverDone: boolean;
}

interface Promotion extends Work {
  readonly backupRetentionDays: number;
}

export interface Change extends Pending {
  readonly groups?: readonly string[] | undefined;
  readonly parameterGroup?: string | undefined;
  readonly deletionProtection?: boolean | undefined;
}

export interface Modification extends Change {
  readonly startedAt: number;
  readonly endsAt: number;
}

export interface DbInstance {
  readonly ref: DbRef;
  readonly arn: string;
  readonly engine: 'postgres' | 'mysql';
  readonly instanceClass: string;
  readonly multiAz: boolean;
  readonly backupRetentionDays: number;
  readonly groups: readonly string[];
  readonly endpoint: { readonly address: string; readonly port: number };
  readonly createdAt: number;
  readonly source: DbRef | undefined;
  readonly promotion: Promotion | undefined;
  readonly modification: Modification | undefined;
  /** It is being made, out of a backup or as a replica. */
  readonly creation: Work | undefined;
  readonly subnetGroup: string;
  readonly parameterGroup: string;
  /** Its parameter group waits for a reboot. */
  readonly pendingReboot: boolean;
  readonly reboot: Work | undefined;
  readonly deletion?: { readonly startedAt: number };
  /** Sessions from before its groups were closed: anyone who has one continues writing. */
  readonly oldSessions: boolean;
  readonly publiclyAccessible: boolean;
  readonly deletionProtection: boolean;
  readonly kmsKeyId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly settings: DbSettings;
  /** What waits for the maintenance window. */
  readonly pending: Pending;
  /** Until then it has just been made, and RDS is still at work on it. */
  readonly busyUntil: number;
  /** Where neither a promotion nor a modification is under way. */
  readonly status: string;
}

/** Shares of `promotionMs`. */
const STAGES = { silent: 0.15, modifying: 0.6, rebooting: 0.85 } as const;
/** Share of `restoreMs` that a restored instance is `creating`; then it takes writes, and is `backing-up`. */
const CREATING_SHARE = 0.8;
/** Share of a change during which the status does not show it: of 14 recorded answers to ModifyDBInstance 13 still say `available`. */
const UNSEEN_SHARE = 0.15;
/** Share of a change of class or name after which the instance is down. */
const DOWN_SHARE = 0.7;
/** Share of a reboot during which the instance still shuts down, and its sessions still write. */
const SHUTDOWN_SHARE = 0.2;
const HOUR_MS = 3_600_000;
/** RDS uploads logs every five minutes. */
const RESTORABLE_MS = 300_000;

/**
 * Statuses in which it cannot be reached, is not there, or its engine does not run. In every other one the engine serves, and a writer takes writes.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
 */
const CLOSED: ReadonlySet<string> = new Set([
  'creating', 'deleting', 'failed', 'inaccessible-encryption-credentials', 'inaccessible-encryption-credentials-recoverable', 'incompatible-create',
  'incompatible-parameters', 'incompatible-restore', 'insufficient-capacity', 'rebooting', 'restore-error', 'starting', 'stopped', 'upgrade_failed',
  // "During the storage upgrade, your database engine isn't available": https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.UpgradeFileSystem.html
  'storage-config-upgrade',
]);

export function isClosedStatus(status: string): boolean {
  return CLOSED.has(status);
}

export function instanceFromSeed(seed: DbInstanceSeed, account: string, now: number): DbInstance {
  const engine = seed.engine ?? 'postgres';
  return {
    ref: { region: seed.region, id: seed.id },
    arn: dbArn({ region: seed.region, id: seed.id }, account),
    engine,
    instanceClass: seed.instanceClass ?? 'db.m6g.large',
    multiAz: seed.multiAz ?? false,
    backupRetentionDays: seed.backupRetentionDays ?? (seed.replicaOf === undefined ? 7 : 0),
    groups: seed.securityGroups ?? [],
    endpoint: seed.endpoint ?? { address: addressOf({ region: seed.region, id: seed.id }, account), port: engine === 'postgres' ? 5432 : 3306 },
    createdAt: now - HOUR_MS,
    source: seed.replicaOf,
    promotion: undefined,
    modification: undefined,
    creation: undefined,
    subnetGroup: seed.subnetGroup ?? 'default',
    parameterGroup: seed.parameterGroup ?? (engine === 'postgres' ? 'default.postgres17' : 'default.mysql8.4'),
    pendingReboot: false,
    reboot: undefined,
    oldSessions: false,
    publiclyAccessible: seed.publiclyAccessible ?? false,
    deletionProtection: seed.deletionProtection ?? false,
    kmsKeyId: seed.kmsKeyId ?? defaultKey(seed.region, account),
    tags: seed.tags ?? {},
    settings: settingsOf(engine, seed.settings),
    pending: seed.pending ?? NOTHING_PENDING,
    busyUntil: 0,
    status: seed.status ?? 'available',
  };
}

/** The host name that AWS gives an instance. It changes with the identifier. */
export function addressOf(ref: DbRef, account: string): string {
  const tail = sha256(`${account}/${ref.region}`).slice(0, 12);
  return `${ref.id}.c${tail}.${ref.region}.rds.amazonaws.com`;
}

export function dbArn(ref: DbRef, account: string): string {
  return `arn:aws:rds:${ref.region}:${account}:db:${ref.id}`;
}

export const resourceId = remembered((arn: string) => `db-${sha256(arn).slice(0, 26).toUpperCase()}`);

/** How far it is, 0 to 1; it does not come to `stage` before the real database has done its part. */
function progress(work: Work, stage: number, at: number): number {
  const length = work.endsAt - work.startedAt;
  const passed = length > 0 ? (at - work.startedAt) / length : 1;
  return work.driverDone ? passed : Math.min(passed, stage - 0.01);
}

const promoted = (promotion: Promotion, at: number): number => progress(promotion, STAGES.modifying, at);
const created = (creation: Work, at: number): number => progress(creation, CREATING_SHARE, at);

function timeOf(share: number, { startedAt, endsAt }: Pick<Work, 'startedAt' | 'endsAt'>): number {
  return startedAt + share * (endsAt - startedAt);
}

/** When a promoted instance takes its first write. */
export function writableAt(promotion: Promotion): number {
  return timeOf(STAGES.rebooting, promotion);
}

/** When a restored instance takes its first write, and a new replica begins to replicate. */
export function openAt(creation: Work): number {
  return timeOf(CREATING_SHARE, creation);
}

/** When a modification takes the instance down; undefined when it does not. */
export function downAt(modification: Modification): number | undefined {
  const { instanceClass, newId, settings } = modification;
  return instanceClass === undefined && newId === undefined && settings?.engineVersion === undefined ? undefined : timeOf(DOWN_SHARE, modification);
}

/** When the last session of an instance that is rebooted ends. */
export function shutDownAt(reboot: Work): number {
  return timeOf(SHUTDOWN_SHARE, reboot);
}

/** No connection is accepted: it is made, rebooted, or under a change that needs a reboot. */
export function isDown(row: DbInstance, at: number): boolean {
  const from = row.modification === undefined ? undefined : downAt(row.modification);
  if ((row.reboot !== undefined && at >= shutDownAt(row.reboot)) || (from !== undefined && at >= from)) return true;
  return row.creation !== undefined && created(row.creation, at) < CREATING_SHARE;
}

/** Its role and state let it take writes; region and security groups are not looked at. */
export function isWriter(row: DbInstance, at: number): boolean {
  if (isClosedStatus(row.status) || row.deletion !== undefined) return false;
  if (isDown(row, at)) return false;
  if (row.creation !== undefined) return row.source === undefined && created(row.creation, at) >= CREATING_SHARE;
  if (row.promotion !== undefined) return promoted(row.promotion, at) >= STAGES.rebooting;
  return row.source === undefined;
}

export function statusOf(row: DbInstance, at: number): string {
  if (row.deletion !== undefined) return 'deleting';
  if (row.reboot !== undefined) return 'rebooting';
  if (row.modification !== undefined && at >= timeOf(UNSEEN_SHARE, row.modification)) return row.modification.newId === undefined ? 'modifying' : 'renaming';
  if (row.creation !== undefined) {
    if (created(row.creation, at) < CREATING_SHARE) return 'creating';
    return row.backupRetentionDays > 0 ? 'backing-up' : 'modifying';
  }
  if (row.promotion === undefined) return row.status;
  const passed = promoted(row.promotion, at);
  if (passed < STAGES.silent) return 'available';
  if (passed < STAGES.modifying) return 'modifying';
  if (passed < STAGES.rebooting) return 'rebooting';
  return row.promotion.backupRetentionDays > 0 ? 'backing-up' : 'modifying';
}

export function namedSource(row: DbInstance, at: number): DbRef | undefined {
  return row.promotion !== undefined && promoted(row.promotion, at) >= STAGES.modifying ? undefined : row.source;
}

/** BackupRetentionPeriod waits in PendingModifiedValues from the first visible change to the reboot. */
function pendingRetention(row: DbInstance, at: number): number | undefined {
  if (row.promotion === undefined || row.promotion.backupRetentionDays === row.backupRetentionDays) return undefined;
  const passed = promoted(row.promotion, at);
  return passed >= STAGES.silent && passed < STAGES.rebooting ? row.promotion.backupRetentionDays : undefined;
}

function retention(row: DbInstance, at: number): number {
  const { promotion } = row;
  return promotion !== undefined && promoted(promotion, at) >= STAGES.rebooting ? promotion.backupRetentionDays : row.backupRetentionDays;
}

function memberships(row: DbInstance): { VpcSecurityGroupId: string; Status: string }[] {
  const { modification } = row;
  const show = (id: string, Status: string) => ({ VpcSecurityGroupId: id, Status });
  const next = modification?.groups;
  if (next === undefined) return row.groups.map((id) => show(id, 'active'));
  return [
    ...next.map((id) => show(id, row.groups.includes(id) ? 'active' : 'adding')),
    ...row.groups.filter((id) => !next.includes(id)).map((id) => show(id, 'removing')),
  ];
}

function nothingPending({ pending, modification }: DbInstance, retained: number | undefined): boolean {
  return pending === NOTHING_PENDING && modification === undefined && retained === undefined;
}

interface Links {
  replicas: readonly DbRef[];
  replicationStatus: 'replicating' | 'error' | 'stopped';
  account: string;
  vpc: string;
}

interface Shown {
  readonly source: DbRef | undefined;
  readonly retained: number | undefined;
  readonly status: string;
  readonly backups: number;
  readonly restorableAt: number;
}

/** The last view of each row, and what it was made of: most looks see what the one before saw. */
const lastViews = new WeakMap<DbInstance, { shown: Shown; links: Links; view: DbInstanceView }>();

/** What DescribeDBInstances shows. Not to be changed. */
export function viewOf(row: DbInstance, at: number, links: Links): DbInstanceView {
  const shown: Shown = {
    source: namedSource(row, at),
    retained: pendingRetention(row, at),
    status: statusOf(row, at),
    backups: retention(row, at),
    restorableAt: Math.floor((at - RESTORABLE_MS) / RESTORABLE_MS) * RESTORABLE_MS,
  };
  const last = lastViews.get(row);
  if (last !== undefined && sameShown(last.shown, shown) && sameLinks(last.links, links)) return last.view;
  const view = freshView(row, shown, links);
  lastViews.set(row, { shown, links, view });
  return view;
}

function sameShown(a: Shown, b: Shown): boolean {
  return a.source === b.source && a.retained === b.retained && a.status === b.status && a.backups === b.backups && a.restorableAt === b.restorableAt;
}

function sameLinks(a: Links, b: Links): boolean {
  const same = a.replicationStatus === b.replicationStatus && a.account === b.account && a.vpc === b.vpc;
  return same && a.replicas.length === b.replicas.length && a.replicas.every((ref, i) => ref.id === b.replicas[i]?.id && ref.region === b.replicas[i].region);
}

function freshView(row: DbInstance, { source, retained, status, backups, restorableAt }: Shown, links: Links): DbInstanceView {
  const { region, id } = row.ref;
  const { account } = links;
  const name = (ref: DbRef): string => (ref.region === region ? ref.id : dbArn(ref, account));
  return {
    DBInstanceIdentifier: id,
    DBInstanceClass: row.instanceClass,
    Engine: row.engine,
    DBInstanceStatus: status,
    MasterUsername: 'dr',
    ...settingsView(row.settings, { region, account, arn: row.arn }),
    // There is none before the instance can be reached.
    ...(status === 'creating' ? {} : { Endpoint: { Address: row.endpoint.address, Port: row.endpoint.port, HostedZoneId: 'Z00000000000000000RDS' } }),
    InstanceCreateTime: new Date(row.createdAt),
    BackupRetentionPeriod: backups,
    ...(backups === 0 || status === 'creating' ? {} : { LatestRestorableTime: new Date(restorableAt) }),
    VpcSecurityGroups: memberships(row),
    AvailabilityZone: `${region}a`,
    PendingModifiedValues: nothingPending(row, retained) ? {} : pendingView({ ...together(row.pending, row.modification ?? NOTHING_PENDING), ...(retained === undefined ? {} : { backupRetentionDays: retained }) }),
    MultiAZ: row.multiAz,
    ...(row.multiAz ? { SecondaryAvailabilityZone: `${region}c` } : {}),
    ReadReplicaDBInstanceIdentifiers: links.replicas.map(name),
    StorageEncrypted: true,
    DbiResourceId: resourceId(row.arn),
    KmsKeyId: row.kmsKeyId,
    DBSubnetGroup: { DBSubnetGroupName: row.subnetGroup, SubnetGroupStatus: 'Complete', VpcId: links.vpc, Subnets: [] },
    DBParameterGroups: [{ DBParameterGroupName: row.parameterGroup, ParameterApplyStatus: row.pendingReboot ? 'pending-reboot' : 'in-sync' }],
    PubliclyAccessible: row.publiclyAccessible,
    DeletionProtection: row.deletionProtection,
    TagList: Object.entries(row.tags).map(([Key, Value]) => ({ Key, Value })),
    DBInstanceArn: row.arn,
    ...(source === undefined
      ? {}
      : {
          ReadReplicaSourceDBInstanceIdentifier: name(source),
          ...(status === 'creating' ? {} : { StatusInfos: [statusInfo(links.replicationStatus)] }),
        }),
  };
}

function statusInfo(status: 'replicating' | 'error' | 'stopped'): NonNullable<DbInstanceView['StatusInfos']>[number] {
  return {
    StatusType: 'read replication',
    Normal: status === 'replicating',
    Status: status,
    ...(status === 'error' ? { Message: 'Replication has stopped: the source does not answer' } : {}),
  };
}
