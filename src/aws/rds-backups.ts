import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';

export type AutomatedBackup = NonNullable<OutputOf<'rds', 'DescribeDBInstanceAutomatedBackups'>['DBInstanceAutomatedBackups']>[number];
export type DbSnapshot = NonNullable<OutputOf<'rds', 'DescribeDBSnapshots'>['DBSnapshots']>[number];

/** Pages of 100: more backups of one instance than AWS keeps. */
const PAGES_MAX = 20;

/**
 * Automated backups of instances of these identifiers that are kept in `region`, replicated ones too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html
 * @throws AwsError
 */
export async function automatedBackups(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<AutomatedBackup[]> {
  const found: AutomatedBackup[] = [];
  let Marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const input = { Filters: [{ Name: 'db-instance-id', Values: [...ids] }], ...(Marker === undefined ? {} : { Marker }) };
    const output = await outputOf(aws, { service: 'rds', region, operation: 'DescribeDBInstanceAutomatedBackups', input }, options);
    found.push(...(output.DBInstanceAutomatedBackups ?? []));
    Marker = output.Marker;
    if (Marker === undefined || Marker === '') break;
  }
  return found;
}

/**
 * Snapshots of an instance of that identifier that are kept in `region`, copies of other regions too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
 * @throws AwsError
 */
export async function dbSnapshots(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<DbSnapshot[]> {
  const found: DbSnapshot[] = [];
  let Marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const input = { DBInstanceIdentifier: id, ...(Marker === undefined ? {} : { Marker }) };
    const output = await outputOf(aws, { service: 'rds', region, operation: 'DescribeDBSnapshots', input }, options);
    found.push(...(output.DBSnapshots ?? []));
    Marker = output.Marker;
    if (Marker === undefined || Marker === '') break;
  }
  return found;
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
