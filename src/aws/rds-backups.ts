import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type AutomatedBackup = NonNullable<OutputOf<'rds', 'DescribeDBInstanceAutomatedBackups'>['DBInstanceAutomatedBackups']>[number];
export type DbSnapshot = NonNullable<OutputOf<'rds', 'DescribeDBSnapshots'>['DBSnapshots']>[number];
type OptionGroup = NonNullable<OutputOf<'rds', 'DescribeOptionGroups'>['OptionGroupsList']>[number];
type SubnetGroup = NonNullable<OutputOf<'rds', 'DescribeDBSubnetGroups'>['DBSubnetGroups']>[number];

/**
 * Automated backups of instances of these identifiers that are kept in `region`, replicated ones too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html
 * @throws AwsError
 */
export async function automatedBackups(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<AutomatedBackup[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBInstanceAutomatedBackups' } as const;
  return allPages(request, async (Marker) => {
    const input = { Filters: [{ Name: 'db-instance-id', Values: [...ids] }], ...(Marker === undefined ? {} : { Marker }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.DBInstanceAutomatedBackups, next: output.Marker };
  });
}

/**
 * Snapshots of an instance of that identifier that are kept in `region`, copies of other regions too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
 * @throws AwsError
 */
export async function dbSnapshots(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<DbSnapshot[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBSnapshots' } as const;
  return allPages(request, async (Marker) => {
    const input = { DBInstanceIdentifier: id, ...(Marker === undefined ? {} : { Marker }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.DBSnapshots, next: output.Marker };
  });
}

/** Undefined if there is none of that name. @throws AwsError */
export async function findSubnetGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<SubnetGroup | undefined> {
  const input = { DBSubnetGroupName: name };
  const found = await orNone(() => outputOf(aws, { service: 'rds', region, operation: 'DescribeDBSubnetGroups', input }, options));
  return found === undefined ? undefined : (found.DBSubnetGroups?.[0] ?? {});
}

/** @throws AwsError */
export async function hasParameterGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<boolean> {
  return (await parameterFamily(aws, region, name, options)) !== undefined;
}

/** What a parameter group is for, e.g. `postgres17`; empty if AWS does not say it, undefined if there is no such group. @throws AwsError */
export async function parameterFamily(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<string | undefined> {
  const input = { DBParameterGroupName: name };
  const found = await orNone(() => outputOf(aws, { service: 'rds', region, operation: 'DescribeDBParameterGroups', input }, options));
  return found === undefined ? undefined : (found.DBParameterGroups?.[0]?.DBParameterGroupFamily ?? '');
}

/**
 * Undefined if there is none of that name.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOptionGroups.html
 * @throws AwsError
 */
export async function findOptionGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<OptionGroup | undefined> {
  const found = await orNone(() => outputOf(aws, { service: 'rds', region, operation: 'DescribeOptionGroups', input: { OptionGroupName: name } }, options));
  return found?.OptionGroupsList?.[0];
}

async function orNone<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof AwsError && /^(DBSubnet|DBParameter|Option)GroupNotFound(Fault)?$/.test(error.code)) return undefined;
    throw error;
  }
}
