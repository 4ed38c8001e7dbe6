import type { Clock } from '../base/clock.ts';
import { nameOf, type InputOf, type Service } from './operations.ts';

/** A token bucket: `perSecond` tokens drip in, at most `burst` are kept. */
export interface Rate {
  perSecond: number;
  burst: number;
}

const GENEROUS: Rate = { perSecond: 50, burst: 100 };

/**
 * Rates that we keep to by ourselves, below what AWS throttles at.
 * Route 53 allows 10 requests a second and account with a burst of 50, five before 2026; half of it is left to
 * whatever else runs in the account during an outage.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests
 */
export const RATES: Partial<Record<Service, Rate>> = {
  route53: { perSecond: 5, burst: 50 },
  elbv2: { perSecond: 20, burst: 40 },
  autoscaling: { perSecond: 20, burst: 40 },
};

/** Rates of single operations, kept in addition to their service's. */
const OPERATION_RATES: Record<string, Rate> = {
  'route53.GetHealthCheckStatus': { perSecond: 1, burst: 4 },
};

/**
 * Route 53 limits the number of changes too, whatever the number of requests. AWS's figures are not known to us, so that
 * `Throttling` may still come; it is tried again.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
 */
export const CHANGE_RATE: Rate = { perSecond: 100, burst: 1000 };

/** What a call costs of `CHANGE_RATE`; 0 for all that change no record. */
export function changesOf(service: Service, operation: string, input: unknown): number {
  if (service !== 'route53' || operation !== 'ChangeResourceRecordSets') return 0;
  const { ChangeBatch: batch } = input as InputOf<'route53', 'ChangeResourceRecordSets'>;
  return (batch?.Changes ?? []).reduce((sum, change) => sum + elementsOf(change), 0);
}

/** Record elements of a change, as the limit of a batch counts them: an UPSERT twice. An alias has none and counts as one. */
export function elementsOf(change: { Action?: string | undefined; ResourceRecordSet?: { ResourceRecords?: readonly unknown[] | undefined } | undefined }): number {
  return (change.Action === 'UPSERT' ? 2 : 1) * Math.max(1, change.ResourceRecordSet?.ResourceRecords?.length ?? 0);
}

interface Bucket {
  tokens: number;
  at: number;
  readonly rate: Rate;
}

/** Hands out turns, one bucket a service and region, on the given clock. */
export class Pacer {
  private readonly clock: Clock;
  private readonly buckets = new Map<string, Bucket>();
  /** The same buckets, by what is asked for: names are put together once. */
  private readonly byRegion = new Map<string, Map<string, Bucket[]>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Takes a turn: how long to wait until this call may go, milliseconds. Turns are given in the order of asking. `changes` as of `changesOf`. */
  turn(service: Service, region: string, operation: string, changes = 0): number {
    let waitMs = 0;
    for (const bucket of this.bucketsOf(service, region, operation)) waitMs = Math.max(waitMs, this.take(bucket));
    if (changes > 0) waitMs = Math.max(waitMs, this.take(this.bucket(`changes of ${service}`, CHANGE_RATE), changes));
    return waitMs;
  }

  private bucketsOf(service: Service, region: string, operation: string): readonly Bucket[] {
    const ofRegion = this.byRegion.get(region) ?? new Map<string, Bucket[]>();
    const name = nameOf(service, operation);
    const known = ofRegion.get(name);
    if (known !== undefined) return known;
    const own = OPERATION_RATES[name];
    const found = [this.bucket(`${service}@${region}`, RATES[service] ?? GENEROUS), ...(own === undefined ? [] : [this.bucket(`${name}@${region}`, own)])];
    this.byRegion.set(region, ofRegion.set(name, found));
    return found;
  }

  private bucket(key: string, rate: Rate): Bucket {
    const known = this.buckets.get(key);
    if (known !== undefined) return known;
    const bucket = { tokens: rate.burst, at: this.clock.now(), rate };
    this.buckets.set(key, bucket);
    return bucket;
  }

  /** Takes tokens, on credit if there are none; the wait in milliseconds until they are there, 0 or less where they are. */
  private take(bucket: Bucket, count = 1): number {
    const now = this.clock.now();
    const { perSecond, burst } = bucket.rate;
    const dripped = (Math.max(0, now - bucket.at) / 1000) * perSecond;
    const tokens = Math.min(burst, bucket.tokens + dripped) - count;
    bucket.tokens = tokens;
    bucket.at = now;
    return Math.ceil((-tokens / perSecond) * 1000);
  }
}
