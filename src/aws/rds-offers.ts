import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { OutputOf } from './operations.ts';
import { allPages } from './pages.ts';

/** One combination of class, engine version, storage and zones that RDS makes an instance of. */
export type Offer = NonNullable<OutputOf<'rds', 'DescribeOrderableDBInstanceOptions'>['OrderableDBInstanceOptions']>[number];

/**
 * Everything of a class that RDS offers in a region for an engine, in a VPC; of one version where it is named. Empty where it offers nothing.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
 * @throws AwsError
 */
export async function offersOf(aws: AwsCaller, region: string, wanted: { engine: string; instanceClass: string; version?: string }, options?: CallOptions): Promise<Offer[]> {
  const request = { service: 'rds', region, operation: 'DescribeOrderableDBInstanceOptions' } as const;
  const { engine, instanceClass, version } = wanted;
  return allPages(request, async (Marker) => {
    const input = { Engine: engine, DBInstanceClass: instanceClass, Vpc: true, ...(version === undefined ? {} : { EngineVersion: version }), ...(Marker === undefined ? {} : { Marker }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.OrderableDBInstanceOptions, next: output.Marker };
  });
}

/** Whether a region has a certificate authority of RDS. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html @throws AwsError */
export async function hasAuthority(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<boolean> {
  try {
    await outputOf(aws, { service: 'rds', region, operation: 'DescribeCertificates', input: { CertificateIdentifier: id } }, options);
    return true;
  } catch (error) {
    if (error instanceof AwsError && /^CertificateNotFound(Fault)?$/.test(error.code)) return false;
    throw error;
  }
}
