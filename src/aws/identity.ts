import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';

/** Who we are, asked of that region's own STS. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export async function callerIdentity(aws: AwsCaller, region: string, options?: CallOptions): Promise<{ account: string; arn: string }> {
  const output = await outputOf(aws, { service: 'sts', region, operation: 'GetCallerIdentity', input: {} }, options);
  // With what every answer has, see `answers.ts`.
  const { Account: account, Arn: arn } = output as { Account: string; Arn: string };
  return { account, arn };
}
