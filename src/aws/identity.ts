import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';

export interface Identity {
  account: string;
  arn: string;
}

/**
 * Who we are, asked of that region's own STS.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 * @throws AwsError
 */
export async function callerIdentity(aws: AwsCaller, region: string, options?: CallOptions): Promise<Identity> {
  const request = { service: 'sts', region, operation: 'GetCallerIdentity', input: {} } as const;
  const output = await outputOf(aws, request, options);
  const { Account: account = '', Arn: arn = '' } = output;
  return { account, arn };
}
