import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type AutomatedBackup = NonNullable<OutputOf<'rds', 'DescribeDBInstanceAutomatedBackups'>['DBInstanceAutomatedBackups']>[number];
export type DbSnapshot = NonNullable<OutputOf<'rds', 'DescribeDBSnapshots'>['DBSnapshots']>[number];

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

/** @throws AwsError */
export async function hasSubnetGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<boolean> {
  const input = { DBSubnetGroupName: name };
  return exists(() => outputOf(aws, { service: 'rds', region, operation: 'DescribeDBSubnetGroups', input }, options));
}

/** @throws AwsError */
export async function hasParameterGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<boolean> {
  const input = { DBParameterGroupName: name };
  return exists(() => outputOf(aws, { service: 'rds', region, operation: 'DescribeDBParameterGroups', input }, options));
}

async function exists(look: () => Promise<unknown>): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (error) {
    if (error instanceof AwsError && /^DB(Subnet|Parameter)GroupNotFound(Fault)?$/.test(error.code)) return false;
    throw error;
  }
}
