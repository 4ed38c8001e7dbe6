import { OPERATIONS, type Service } from '../../aws/operations.ts';
import { iamRegionFor, route53RegionFor } from '../../base/regions.ts';
import type { WireMessage } from './message.ts';

/** Names under which services are signed, where they are not their own. */
const SIGNED_AS: Readonly<Record<string, Service>> = { elasticloadbalancing: 'elbv2', monitoring: 'cloudwatch' };

function serviceOf(signingName: string): Service | undefined {
  if (Object.hasOwn(SIGNED_AS, signingName)) return SIGNED_AS[signingName];
  return Object.hasOwn(OPERATIONS, signingName) ? (signingName as Service) : undefined;
}

export interface Scope {
  region: string;
  signingName: string;
  /** Undefined when it is a service that is not served. */
  service: Service | undefined;
}

/**
 * Region and service out of the credential scope of a SigV4 signature, in the header or in a presigned URL. The
 * signature itself is not checked: anyone who reaches the loopback interface may use it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function scopeOf(message: WireMessage): Scope | undefined {
  const credential =
    /\bCredential=([^,\s]+)/.exec(message.headers.authorization ?? '')?.[1] ?? message.query.get('X-Amz-Credential');
  const [, region, signingName] = /\/\d{8}\/([\w-]{1,64})\/([\w-]{1,64})\/aws4_request$/.exec(credential ?? '') ?? [];
  if (region === undefined || signingName === undefined) return undefined;
  const service = serviceOf(signingName);
  // With an endpoint of their own, clients sign Route 53 and IAM for their region; they are controlled from one place all the same.
  const from = service === 'route53' ? route53RegionFor(region) : service === 'iam' ? iamRegionFor(region) : region;
  return { region: from, signingName, service };
}
