import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputIfThere, outputOf } from './call-options.ts';
import type { OutputOf } from './operations.ts';
import { listed } from './pages.ts';

export type KmsKey = NonNullable<OutputOf<'kms', 'DescribeKey'>['KeyMetadata']>;
type KmsGrant = NonNullable<OutputOf<'kms', 'ListGrants'>['Grants']>[number];

/** A key by its id, ARN or alias; undefined when the region has none. https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html */
export async function findKey(aws: AwsCaller, region: string, key: string, options?: CallOptions): Promise<KmsKey | undefined> {
  return (await outputIfThere(aws, { service: 'kms', region, operation: 'DescribeKey', input: { KeyId: key } }, /^NotFound/, options))?.KeyMetadata;
}

/** The key policy, as JSON. A key of another account does not show its policy. https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
export async function keyPolicy(aws: AwsCaller, region: string, key: string, options?: CallOptions): Promise<string> {
  return (await outputOf(aws, { service: 'kms', region, operation: 'GetKeyPolicy', input: { KeyId: key } }, options)).Policy ?? '';
}

/** What a principal was granted of a key. https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html */
export function grantsTo(aws: AwsCaller, region: string, key: string, principal: string, options?: CallOptions): Promise<KmsGrant[]> {
  return listed(aws, { service: 'kms', region, operation: 'ListGrants', input: { KeyId: key, GranteePrincipal: principal } }, ({ Grants }) => Grants, options);
}
