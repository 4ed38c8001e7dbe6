import type { Clock } from '../base/clock.ts';
import type { Service } from './operations.ts';

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
  'route53.GetHealthCheckStatus': { perSecond: 1, burst: 5 },
};

/** Hands out turns, one bucket a service and region, on the given clock. */
export class Pacer {
  private readonly clock: Clock;
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Waits until this call may go. Turns are given in the order of asking. */
  async turn(service: Service, region: string, operation: string, signal?: AbortSignal): Promise<void> {
    let waitMs = this.take(`${service}@${region}`, RATES[service] ?? GENEROUS);
    const own = OPERATION_RATES[`${service}.${operation}`];
    if (own) waitMs = Math.max(waitMs, this.take(`${service}.${operation}@${region}`, own));
    if (waitMs > 0) await this.clock.sleep(waitMs, signal);
  }

  /** Takes one token, on credit if there is none; the wait in milliseconds until it is there. */
  private take(key: string, rate: Rate): number {
    const now = this.clock.now();
    const bucket = this.buckets.get(key) ?? { tokens: rate.burst, at: now };
    const dripped = (Math.max(0, now - bucket.at) / 1000) * rate.perSecond;
    const tokens = Math.min(rate.burst, bucket.tokens + dripped) - 1;
    this.buckets.set(key, { tokens, at: now });
    return tokens >= 0 ? 0 : Math.ceil((-tokens / rate.perSecond) * 1000);
  }
}
