import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { OutputOf } from './operations.ts';

export type ServiceQuota = NonNullable<OutputOf<'servicequotas', 'GetServiceQuota'>['Quota']>;

/**
 * A quota of the account as it is applied in a region, with the metric that tells how much of it is used.
 * https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
 */
export async function serviceQuota(aws: AwsCaller, region: string, service: string, code: string, options?: CallOptions): Promise<ServiceQuota> {
  const input = { ServiceCode: service, QuotaCode: code };
  return (await outputOf(aws, { service: 'servicequotas', region, operation: 'GetServiceQuota', input }, options)).Quota ?? {};
}
