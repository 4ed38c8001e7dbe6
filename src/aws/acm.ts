import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputIfThere } from './call-options.ts';
import type { OutputOf } from './operations.ts';

export type Certificate = NonNullable<OutputOf<'acm', 'DescribeCertificate'>['Certificate']>;

/** Undefined when it is not there. https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html */
export async function findCertificate(aws: AwsCaller, region: string, arn: string, options?: CallOptions): Promise<Certificate | undefined> {
  const request = { service: 'acm', region, operation: 'DescribeCertificate', input: { CertificateArn: arn } } as const;
  return (await outputIfThere(aws, request, /^ResourceNotFoundException$/, options))?.Certificate;
}
