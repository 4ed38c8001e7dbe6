import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

export type KmsKey = NonNullable<OutputOf<'kms', 'DescribeKey'>['KeyMetadata']>;
export type KmsGrant = NonNullable<OutputOf<'kms', 'ListGrants'>['Grants']>[number];

/**
 * A key by its id, ARN or alias; undefined when the region has none.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
 * @throws AwsError
 */
export async function findKey(aws: AwsCaller, region: string, key: string, options?: CallOptions): Promise<KmsKey | undefined> {
  try {
    return (await outputOf(aws, { service: 'kms', region, operation: 'DescribeKey', input: { KeyId: key } }, options)).KeyMetadata;
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('NotFound')) return undefined;
    throw error;
  }
}

/**
 * The key policy, as JSON. A key of another account does not show its policy.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
 * @throws AwsError
 */
export async function keyPolicy(aws: AwsCaller, region: string, key: string, options?: CallOptions): Promise<string> {
  return (await outputOf(aws, { service: 'kms', region, operation: 'GetKeyPolicy', input: { KeyId: key } }, options)).Policy ?? '';
}

/**
 * What a principal was granted of a key.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
 * @throws AwsError
 */
export async function grantsTo(aws: AwsCaller, region: string, key: string, principal: string, options?: CallOptions): Promise<KmsGrant[]> {
  const request = { service: 'kms', region, operation: 'ListGrants' } as const;
  return allPages(request, async (Marker) => {
    const input = { KeyId: key, GranteePrincipal: principal, ...(Marker === undefined ? {} : { Marker }) };
    const { Grants, Truncated, NextMarker } = await outputOf(aws, { ...request, input }, options);
    return { items: Grants, next: Truncated === true ? NextMarker : undefined };
  });
}
