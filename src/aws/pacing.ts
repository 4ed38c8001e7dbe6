import type { Clock } from '../base/clock.ts';
import type { InputOf, Service } from './operations.ts';

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
export const OPERATION_RATES: Record<string, Rate> = {
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

/** Hands out turns, one bucket a service and region, on the given clock. */
export class Pacer {
  private readonly clock: Clock;
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Waits until this call may go. Turns are given in the order of asking. `changes` as of `changesOf`. */
  async turn(service: Service, region: string, operation: string, signal?: AbortSignal, changes = 0): Promise<void> {
    let waitMs = this.take(`${service}@${region}`, RATES[service] ?? GENEROUS);
    const own = OPERATION_RATES[`${service}.${operation}`];
    if (own) waitMs = Math.max(waitMs, this.take(`${service}.${operation}@${region}`, own));
    if (changes > 0) waitMs = Math.max(waitMs, this.take(`changes of ${service}`, CHANGE_RATE, changes));
    if (waitMs > 0) await this.clock.sleep(waitMs, signal);
  }

  /** Takes tokens, on credit if there are none; the wait in milliseconds until they are there. */
  private take(key: string, rate: Rate, count = 1): number {
    const now = this.clock.now();
    const bucket = this.buckets.get(key) ?? { tokens: rate.burst, at: now };
    const dripped = (Math.max(0, now - bucket.at) / 1000) * rate.perSecond;
    const tokens = Math.min(rate.burst, bucket.tokens + dripped) - count;
    this.buckets.set(key, { tokens, at: now });
    return tokens >= 0 ? 0 : Math.ceil((-tokens / rate.perSecond) * 1000);
  }
}
