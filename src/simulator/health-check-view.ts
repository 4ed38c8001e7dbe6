import { sha256 } from '../base/json.ts';
import { remembered } from '../base/remembered.ts';
import type { OutputOf } from '../aws/operations.ts';
import type { HealthCheckSeed } from './seeds.ts';

type CheckView = NonNullable<OutputOf<'route53', 'GetHealthCheck'>['HealthCheck']>;
type Observation = NonNullable<OutputOf<'route53', 'GetHealthCheckStatus'>['HealthCheckObservations']>[number];

export type HealthCheck = Readonly<Required<HealthCheckSeed>> & {
  /** 1 when it was made, and one more with each update. */
  readonly version: number;
  /** Of a disabled check: what its checkers saw last, and when. */
  readonly left?: { readonly seen: Seen; readonly at: number };
};

/** What a checker got when it last asked; `status` 0 for no answer. */
export interface Seen {
  readonly passes: boolean;
  readonly status: number;
  readonly address: string;
}

const CHECKERS = ['us-east-1', 'us-west-1', 'us-west-2', 'eu-west-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1', 'sa-east-1'] as const;
const REASONS: Record<number, string> = { 200: 'OK', 404: 'Not Found', 503: 'Service Unavailable' };

export function checkFromSeed(seed: HealthCheckSeed): HealthCheck {
  const failureThreshold = seed.failureThreshold ?? 3;
  if (!Number.isInteger(failureThreshold) || failureThreshold < 1 || failureThreshold > 10) {
    throw new Error(`health check ${seed.id}: a failure threshold lies between 1 and 10, not ${failureThreshold}`);
  }
  return { inverted: false, disabled: false, intervalSeconds: 30, ...seed, failureThreshold, version: 1 };
}

export function checkView(check: HealthCheck): CheckView {
  const { watches } = check;
  if (watches.kind === 'checks') {
    const HealthCheckConfig = { Type: 'CALCULATED' as const, HealthThreshold: watches.threshold, ChildHealthChecks: [...watches.of], Inverted: check.inverted, Disabled: check.disabled };
    return { Id: check.id, CallerReference: `lab-${check.id}`, HealthCheckVersion: check.version, HealthCheckConfig };
  }
  const target =
    watches.kind === 's3-object'
      ? { FullyQualifiedDomainName: `${watches.bucket}.s3.${watches.region}.amazonaws.com`, ResourcePath: `/${watches.key}`, Type: 'HTTPS' as const, Port: 443 }
      : {
          FullyQualifiedDomainName: watches.address ?? `app.${watches.region}.example.com`,
          Port: 80,
          ...(watches.shallow === true ? { Type: 'TCP' as const } : { Type: 'HTTP' as const, ResourcePath: '/healthz' }),
        };
  return {
    Id: check.id,
    CallerReference: `lab-${check.id}`,
    HealthCheckVersion: check.version,
    HealthCheckConfig: {
      ...target,
      RequestInterval: check.intervalSeconds,
      FailureThreshold: check.failureThreshold,
      MeasureLatency: false,
      Inverted: check.inverted,
      Disabled: check.disabled,
      EnableSNI: target.Type === 'HTTPS',
    },
  };
}

/** Of an address that nobody has: one for each text. */
const octetOf = remembered((text) => Number.parseInt(sha256(text).slice(0, 2), 16));

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckObservation.html */
export function observations(check: HealthCheck, now: Seen, at: number): Observation[] {
  const interval = check.intervalSeconds * 1000;
  const checked = new Date(Math.floor((check.left?.at ?? at) / interval) * interval);
  const seen = check.left?.seen ?? now;
  return CHECKERS.map((Region) => ({
    Region,
    IPAddress: `15.177.${octetOf(Region)}.${octetOf(check.id)}`,
    StatusReport: { Status: reportOf(check, seen), CheckedTime: checked },
  }));
}

function reportOf(check: HealthCheck, seen: Seen): string {
  if (seen.status === 0) {
    return 'Failure: Connection timed out. The endpoint or the internet connection is down, or requests are being blocked by your firewall.';
  }
  const result = seen.passes ? 'Success' : 'Failure';
  const shallow = check.watches.kind === 'region-endpoint' && check.watches.shallow === true;
  const what = shallow ? 'TCP connection established' : `HTTP Status Code ${seen.status}, ${REASONS[seen.status] ?? ''}`;
  return `${result}: ${what}. Resolved IP: ${seen.address}`;
}
