import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type DbProxy = NonNullable<OutputOf<'rds', 'DescribeDBProxies'>['DBProxies']>[number];
export type DbProxyTarget = NonNullable<OutputOf<'rds', 'DescribeDBProxyTargets'>['Targets']>[number];

/**
 * A proxy by its name; undefined when RDS says that there is none.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html
 * @throws AwsError
 */
export async function findProxy(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<DbProxy | undefined> {
  try {
    const { DBProxies } = await outputOf(aws, { service: 'rds', region, operation: 'DescribeDBProxies', input: { DBProxyName: name } }, options);
    return DBProxies?.find(({ DBProxyName }) => DBProxyName?.toLowerCase() === name.toLowerCase());
  } catch (error) {
    if (error instanceof AwsError && error.code === 'DBProxyNotFoundFault') return undefined;
    throw error;
  }
}

/**
 * What a proxy leads to, and whether it reaches that.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxyTargets.html
 * @throws AwsError
 */
export async function proxyTargets(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<DbProxyTarget[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBProxyTargets' } as const;
  return allPages(request, async (Marker) => {
    const { Targets, Marker: next } = await outputOf(aws, { ...request, input: { DBProxyName: name, ...(Marker === undefined ? {} : { Marker }) } }, options);
    return { items: Targets, next };
  });
}
