import type { DbInstance } from '../../aws/rds.ts';
import type { Conditions } from '../step.ts';
import { arnIn, nameInArn, regionOfArn } from '../../base/arn.ts';
import { dnsSuffixOf } from '../../base/regions.ts';

/** An instance that replicates from nobody. One that is being promoted counts as a replica until AWS has let go. */
export function isWriter(instance: DbInstance): boolean {
  return (instance.ReadReplicaSourceDBInstanceIdentifier ?? '') === '' && (instance.StatusInfos ?? []).length === 0;
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
 * Promotion is over when all four hold. `available` alone is not enough: AWS shows it right after the request too.
 */
export function isPromoted(instance: DbInstance): boolean {
  return (
    instance.DBInstanceStatus === 'available' &&
    isWriter(instance) &&
    Object.values(instance.PendingModifiedValues ?? {}).every((value) => value === undefined)
  );
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
