import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';

export type Certificate = NonNullable<OutputOf<'acm', 'DescribeCertificate'>['Certificate']>;

/**
 * A certificate of ACM by its ARN; undefined when it is not there.
 * https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html
 * @throws AwsError
 */
export async function findCertificate(aws: AwsCaller, region: string, arn: string, options?: CallOptions): Promise<Certificate | undefined> {
  try {
    return (await outputOf(aws, { service: 'acm', region, operation: 'DescribeCertificate', input: { CertificateArn: arn } }, options)).Certificate;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}
