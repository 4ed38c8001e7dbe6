import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState, servesOrPasses } from '../../aws/states/rds.ts';
import { regionOfArn } from '../../base/arn.ts';
import { DrError } from '../../base/errors.ts';
import type { ObserveContext } from '../../model/kind.ts';
import type { Refusal } from '../../model/step.ts';
import { instanceNow, replicates } from './instance.ts';

/* What RDS would refuse, as far as DescribeDBInstances shows it, before anything is changed: one function for each operation. */

export interface Unfit {
  why: string;
  mend: string;
}

/**
 * What an instance is that AWS does not promote, rename, close and reboot by itself. Members of an Aurora or a Multi-AZ DB cluster are with their cluster;
 * an Aurora reader names no source, so that it would look like a writer. To RDS Custom these calls and settings do not apply.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
 */
export function apartOf(instance: DbInstance): string | undefined {
  const { DBClusterIdentifier: cluster = '', Engine: engine = '' } = instance;
  if (isCustom(instance)) return `an instance of RDS Custom (${engine})`;
  // DescribeDBInstances shows them, too: https://docs.aws.amazon.com/neptune/latest/apiref/API_DescribeDBInstances.html
  const other = engine === 'docdb' ? 'Amazon DocumentDB' : engine === 'neptune' ? 'Amazon Neptune' : undefined;
  if (other !== undefined) return `an instance of ${other}`;
  if (engine.startsWith('aurora')) return `a member of ${cluster === '' ? 'an Aurora cluster' : `the Aurora cluster ${cluster}`}`;
  return cluster === '' ? undefined : `a member of the Multi-AZ DB cluster ${cluster}`;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-custom.html */
function isCustom({ Engine: engine = '' }: DbInstance): boolean {
  return engine.startsWith('custom-');
}

/** Refuses a member of a cluster, or RDS Custom, under a kind that handles single instances. */
export function memberRefusal(kind: string, region: string, instance: DbInstance | undefined): Refusal | undefined {
  const apart = instance === undefined ? undefined : apartOf(instance);
  if (apart === undefined) return undefined;
  return {
    rule: 'standby-settings',
    observed: `${instance?.DBInstanceIdentifier ?? ''} in ${region} is named under ${kind}, but it is ${apart}`,
    threshold: 'a DB instance of RDS that belongs to no cluster, and not to RDS Custom',
    consequence: 'AWS refuses to promote, rename or replicate it by itself',
    override: 'none: clusters, RDS Custom, DocumentDB and Neptune are not supported. Name a single DB instance in the runbook, or use custom steps',
  };
}

/** The same before there is a plan. @throws DrError */
export function needSingle(kind: string, region: string, instance: DbInstance | undefined): void {
  const refusal = memberRefusal(kind, region, instance);
  if (refusal === undefined || instance === undefined) return;
  throw new DrError({ code: isCustom(instance) ? 'DATABASE_CUSTOM' : 'DATABASE_IN_CLUSTER', exit: 'refused', title: `${refusal.observed}.`, detail: `${refusal.consequence}.`, next: [refusal.override] });
}

/** The instance of the target. @throws DrError where it is not there, or not a single one. */
export async function neededInstance(ctx: ObserveContext, kind: string, id: string, without: { detail: string; next?: string }): Promise<DbInstance> {
  const instance = await instanceNow(ctx, { region: ctx.target, id });
  needSingle(kind, ctx.target, instance);
  if (instance !== undefined) return instance;
  const next = ['check the name under `instances` in the runbook, and the account of your credentials', ...(without.next === undefined ? [] : [without.next])];
  throw new DrError({ code: 'DATABASE_NOT_FOUND', exit: 'refused', title: `There is no DB instance "${id}" in ${ctx.target}.`, detail: without.detail, next });
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.RDS_Fea_Regions_DB-eng.Feature.CrossRegionReadReplicas.html */
const CROSS_REGION_ENGINES = /^(mysql|mariadb|postgres|oracle-ee(-cdb)?|sqlserver-ee|db2-(ae|se))$/;

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html#USER_ReadRepl.Overview.Differences */
function replicasMax(engine: string): number {
  if (/^(oracle|sqlserver)/.test(engine)) return 5;
  return engine.startsWith('db2') ? 3 : 15;
}

interface Wanted {
  /** Its region, and its identifier: one of that name that follows already is not counted. */
  region: string;
  id: string;
  kmsKeyId: string | undefined;
  /** GiB up to which its storage is to grow by itself. */
  maxStorageGib?: number | undefined;
}

/** Percent: storage may grow by itself to so much more than there is, or further. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html */
const ROOM_TO_GROW = 10;

/**
 * Would CreateDBInstanceReadReplica of `source` be refused? Undefined: not by what is shown.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
 */
export function replicaUnfit(source: DbInstance): Unfit | undefined {
  const id = source.DBInstanceIdentifier ?? '';
  const region = regionOfArn(source.DBInstanceArn) ?? '';
  const modify = `aws rds modify-db-instance --region ${region} --db-instance-identifier ${id}`;
  const { Engine: engine = '' } = source;
  const apart = apartOf(source);
  if (apart !== undefined) return { why: apart, mend: 'name a single DB instance in the runbook' };
  if (replicates(source)) return { why: 'a replica, and no writer', mend: `dr failover --region ${region} makes it the writer` };
  const state = dbInstanceState(source.DBInstanceStatus);
  if (!servesOrPasses(state)) return { why: state.shown, mend: 'once it is available again: dr reprotect' };
  if (engine !== '' && !CROSS_REGION_ENGINES.test(engine)) return { why: `of the engine ${engine}, of which RDS makes no replicas in another region`, mend: 'the kind rds-backup protects it by backups' };
  if ((source.BackupRetentionPeriod ?? 0) === 0) return { why: 'without automated backups', mend: `${modify} --backup-retention-period 7 --apply-immediately turns backups on` };
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations
  if (source.MasterUserSecret !== undefined && !engine.startsWith('sqlserver')) {
    return {
      why: 'a DB instance whose master password is managed in Secrets Manager, and RDS makes no replica of such an instance',
      mend: `${modify} --no-manage-master-user-password --master-user-password … --apply-immediately takes the password back; clients must learn the new one`,
    };
  }
  return undefined;
}

/** The same of what depends on the replica: its key, and whether there is room for it. */
export function newReplicaUnfit(source: DbInstance, wanted: Wanted): Unfit | undefined {
  const id = source.DBInstanceIdentifier ?? '';
  const others = (source.ReadReplicaDBInstanceIdentifiers ?? []).filter((name) => !name.toLowerCase().includes(`:${wanted.region}:`) || !name.toLowerCase().endsWith(`:${wanted.id.toLowerCase()}`));
  const max = replicasMax(source.Engine ?? '');
  if (others.length >= max) return { why: `the source of ${others.length} replicas already, and RDS allows ${max}`, mend: 'delete a replica that is not needed any more' };
  const least = Math.ceil(((source.AllocatedStorage ?? 0) * (100 + ROOM_TO_GROW)) / 100);
  if (wanted.maxStorageGib !== undefined && wanted.maxStorageGib < least) {
    return { why: `of ${source.AllocatedStorage ?? 0} GiB by now, and the storage of the old instance in ${wanted.region}, whose settings the new one gets, grows to ${wanted.maxStorageGib} GiB only: AWS wants ${least} or more`, mend: `aws rds modify-db-instance --region ${wanted.region} --db-instance-identifier ${wanted.id} --max-allocated-storage ${Math.max(least, source.MaxAllocatedStorage ?? 0)}` };
  }
  const keyRegion = regionOfArn(wanted.kmsKeyId);
  if (source.StorageEncrypted === true && keyRegion !== wanted.region) {
    const has = wanted.kmsKeyId === undefined ? 'shows no KMS key' : `has the KMS key ${wanted.kmsKeyId}`;
    return { why: `encrypted, and the old instance in ${wanted.region}, from which the key is taken, ${has}`, mend: `make the replica of ${id} once by hand, with --kms-key-id of a key in ${wanted.region}` };
  }
  // A replica is encrypted if, and only if, its source is.
  if (source.StorageEncrypted === false && wanted.kmsKeyId !== undefined) {
    return { why: 'not encrypted, and the old instance is: an encrypted replica needs an encrypted source', mend: `make the replica of ${id} once by hand, without a key` };
  }
  return undefined;
}

/**
 * Would StartDBInstanceAutomatedBackupsReplication of `source` into `region` be refused? Undefined: not by what is shown.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
 */
export function backupsUnfit(source: DbInstance, region: string, kmsKey: string | undefined): string | undefined {
  const state = dbInstanceState(source.DBInstanceStatus);
  const apart = apartOf(source);
  if (apart !== undefined) return apart;
  if (replicates(source)) return 'a replica, and no writer';
  if (!servesOrPasses(state)) return state.shown;
  if ((source.BackupRetentionPeriod ?? 0) === 0) return 'without automated backups';
  return source.StorageEncrypted === true && kmsKey === undefined ? `encrypted, and the runbook names no key in ${region}` : undefined;
}
