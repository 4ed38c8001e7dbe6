import { type DbInstance, findDbInstance } from '../../aws/rds.ts';
import { dbInstanceState } from '../../aws/states/rds.ts';
import type { Conditions, Permission, StepContext } from '../../model/step.ts';
import { arnIn, nameInArn, regionOfArn } from '../../base/arn.ts';
import { dnsSuffixOf } from '../../base/regions.ts';
import { allow, inRegion } from '../common.ts';
import type { ObserveContext, PlanContext } from '../../model/kind.ts';
import { isTwinName, TWIN_NAMES } from '../twins.ts';

/**
 * An instance that replicates from nobody: AWS leaves the source out of its answer then. An answer that shows no status says nothing.
 * One that is being promoted counts as a replica until AWS has let go.
 */
export function isWriter(instance: DbInstance): boolean {
  return (instance.DBInstanceStatus ?? '') !== '' && !replicates(instance);
}

/** As AWS shows it now. @throws AwsError */
export function instanceNow(ctx: Pick<StepContext | ObserveContext, 'effects' | 'signal'>, { region, id }: { region: string; id: string }): Promise<DbInstance | undefined> {
  return findDbInstance(ctx.effects.aws, region, id, { signal: ctx.signal });
}

/** It names a source, or shows a replication. */
export function replicates(instance: DbInstance): boolean {
  return sourceOf(instance) !== undefined || (instance.StatusInfos ?? []).length > 0;
}

/** The instance or the Multi-AZ DB cluster that it replicates from, as AWS names it. */
export function sourceOf(instance: DbInstance): string | undefined {
  return [instance.ReadReplicaSourceDBInstanceIdentifier, instance.ReadReplicaSourceDBClusterIdentifier].find((name) => (name ?? '') !== '');
}

/**
 * The region of a replica's source: in its ARN when it is another region, else the instance's own.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
 */
export function sourceRegion(instance: DbInstance): string | undefined {
  const source = instance.ReadReplicaSourceDBInstanceIdentifier;
  if (source === undefined || source === '') return undefined;
  return regionOfArn(source.startsWith('arn:') ? source : instance.DBInstanceArn);
}

/**
 * What users need of a promotion: it replicates from nobody, and its status is one in which it takes writes. The first backup may continue
 * for hours, and a change that waits for the maintenance window for days. Only what the promotion itself has set is waited for:
 * `retentionDays`, where it was asked, for a restart follows.
 */
export function isPromoted(instance: DbInstance, retentionDays: number | undefined): boolean {
  const state = dbInstanceState(instance.DBInstanceStatus);
  const waits = retentionDays !== undefined && instance.PendingModifiedValues?.BackupRetentionPeriod === retentionDays && state.backingUp !== true;
  return isWriter(instance) && state.writes === 'yes' && !waits;
}

/** Changes that wait for a restart or for the maintenance window, as `field value`. */
export function pendingChanges(instance: DbInstance): string[] {
  return Object.entries(instance.PendingModifiedValues ?? {}).flatMap(([field, value]: [string, unknown]) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [field === 'MasterUserPassword' ? field : `${field} ${value}`];
    return typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? [field] : [];
  });
}

/** A database of a runbook in one region: what a step of a plan is about. */
export interface Database {
  name: string;
  region: string;
  id: string;
}

export function sidesOf(ctx: PlanContext, name: string, instances: Readonly<Record<string, string>>): { copy: Database; old: Database } {
  const at = (region: string): Database => ({ name, region, id: inRegion(instances, region) });
  return { copy: at(ctx.target), old: at(ctx.source) };
}

export function lookRights(ctx: PlanContext, ...instances: readonly { region: string; id: string }[]): Permission {
  return allow(['rds:DescribeDBInstances'], instances.map(({ region, id }) => rightsTo(ctx, region, id)));
}

/** The ARN of an instance in a permission. Names of twins are of one drill, and a policy is for all of them. */
export function rightsTo({ account }: Pick<PlanContext, 'account'>, region: string, id: string): string {
  return dbArn(region, account, isTwinName(id) ? TWIN_NAMES : id);
}

export function dbArn(region: string, account: string, id: string): string {
  // RDS keeps identifiers in lower case, and IAM compares to the letter.
  return arnIn(region, 'rds', account, `db:${id.toLowerCase()}`);
}

/** ARNs of an RDS resource type in a region, for calls whose exact resource AWS chooses or that list. */
export function rdsArns(region: string, account: string, ...parts: string[]): string[] {
  return parts.map((part) => arnIn(region, 'rds', account, part));
}

/** A key may be used through RDS of that region only. https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html */
export function viaRds(region: string): Conditions {
  return { StringEquals: { 'kms:ViaService': [`rds.${region}.${dnsSuffixOf(region)}`] } };
}

/** What the RDS API says about replication, e.g. `replicating`, or why it stopped. */
export function replicationStatus(instance: DbInstance): string | undefined {
  return instance.StatusInfos?.find((info) => info.StatusType === 'read replication')?.Status;
}

/** Why it stopped, in AWS's words: only an error has them. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstanceStatusInfo.html */
export function replicationTrouble(instance: DbInstance): string {
  const message = instance.StatusInfos?.find((info) => info.StatusType === 'read replication')?.Message ?? '';
  return message === '' ? '' : `: ${message}`;
}

/**
 * Regions whose instance of the runbook replicates from this one. RDS names replicas of other regions by ARN.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
 */
export function followers(instance: DbInstance, instances: Readonly<Record<string, string>>): string[] {
  const named = instance.ReadReplicaDBInstanceIdentifiers ?? [];
  return Object.entries(instances).flatMap(([region, id]) =>
    named.some((name) => regionOfArn(name) === region && nameInArn(name).toLowerCase() === id.toLowerCase()) ? [region] : [],
  );
}

export function rdsResource(region: string, id: string): string {
  return `rds:${region}:${id}`;
}
