import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';

/** How much of a quota of RDS is used in a region. */
export interface RdsQuota {
  used: number;
  max: number;
}

/**
 * The quotas of the account in that region, by AWS's name, e.g. `DBInstances`.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
 * @throws AwsError
 */
export async function rdsQuotas(aws: AwsCaller, region: string, options?: CallOptions): Promise<ReadonlyMap<string, RdsQuota>> {
  const { AccountQuotas = [] } = await outputOf(aws, { service: 'rds', region, operation: 'DescribeAccountAttributes', input: {} }, options);
  return new Map(AccountQuotas.flatMap(({ AccountQuotaName: name, Used: used, Max: max }) => (name === undefined || used === undefined || max === undefined ? [] : [[name, { used, max }] as const])));
}
