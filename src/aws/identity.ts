import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';

/** Who we are, asked of that region's own STS. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export async function callerIdentity(aws: AwsCaller, region: string, options?: CallOptions): Promise<{ account: string; arn: string }> {
  const { Account: account = '', Arn: arn = '' } = await outputOf(aws, { service: 'sts', region, operation: 'GetCallerIdentity', input: {} }, options);
  return { account, arn };
}
