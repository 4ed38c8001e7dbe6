import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type DbInstance = NonNullable<OutputOf<'rds', 'DescribeDBInstances'>['DBInstances']>[number];

/**
 * The instance of that identifier or ARN in that region; undefined when RDS says that there is none (DBInstanceNotFound), and
 * never because an answer does not show it.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
 * @throws AwsError
 */
export async function findDbInstance(
  aws: AwsCaller,
  region: string,
  id: string,
  options?: CallOptions,
): Promise<DbInstance | undefined> {
  const input = { DBInstanceIdentifier: id };
  try {
    const output = await outputOf(aws, { service: 'rds', region, operation: 'DescribeDBInstances', input }, options);
    return output.DBInstances?.find((instance) => isNamed(instance, id));
  } catch (error) {
    if (error instanceof AwsError && /^DBInstanceNotFound(Fault)?$/.test(error.code)) return undefined;
    throw error;
  }
}

/** RDS stores identifiers in lower case, and finds them however they are written. */
function isNamed(instance: DbInstance, id: string): boolean {
  return instance.DBInstanceIdentifier?.toLowerCase() === id.split(':').at(-1)?.toLowerCase();
}

/** All instances of a region. @throws AwsError */
export async function listDbInstances(aws: AwsCaller, region: string, options?: CallOptions): Promise<DbInstance[]> {
  return allPages({ service: 'rds', region, operation: 'DescribeDBInstances' }, async (Marker) => {
    const input = Marker === undefined ? {} : { Marker };
    const output = await outputOf(aws, { service: 'rds', region, operation: 'DescribeDBInstances', input }, options);
    return { items: output.DBInstances, next: output.Marker };
  });
}
