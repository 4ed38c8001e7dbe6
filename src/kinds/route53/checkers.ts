import { AwsError } from '../../aws/errors.ts';
import type { RecordSet } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import { route53RegionFor } from '../../base/regions.ts';
import type { Signal } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';

/** Route 53 lets an account ask once a second: a caller that is refused asks again, for so long and so often. */
const AGAIN_MS = 1_000;
const TURNED_AWAY_MAX = 5;

/**
 * What Route 53's checkers say of a set's endpoint now; undefined for a set without a health check. One short look, and again where it
 * was throttled: a look that says nothing may be all that a failover lacks. Turns are rare: see `AwsRequest`.
 */
export async function checkersOf(ctx: Pick<StepContext, 'effects' | 'signal' | 'target'>, set: RecordSet | undefined, turn?: 'if-free' | 'patient'): Promise<Signal | undefined> {
  const id = set?.HealthCheckId;
  if (id === undefined) return undefined;
  for (let turnedAway = 1; ; turnedAway++) {
    const seen = await askCheckers(ctx, id, turn);
    if (!(seen instanceof AwsError)) return seen;
    if (!seen.isThrottle || turn === 'if-free' || turnedAway === TURNED_AWAY_MAX) return { vantage: 'health-checkers', says: 'unknown', because: seen.message };
    await ctx.effects.clock.sleep(AGAIN_MS, ctx.signal);
  }
}

/** One look at what the checkers say; the error of AWS as a value. */
export async function askCheckers(ctx: Pick<StepContext, 'effects' | 'signal' | 'target'>, id: string, turn: 'if-free' | 'patient' | undefined): Promise<Signal | AwsError> {
  try {
    const { output } = await ctx.effects.aws.call({
      service: 'route53',
      region: route53RegionFor(ctx.target),
      operation: 'GetHealthCheckStatus',
      input: { HealthCheckId: id },
      signal: ctx.signal,
      timeoutMs: LIMITS.signalMs,
      attempts: 1,
      ...(turn === undefined ? {} : { turn }),
    });
    return judge((output.HealthCheckObservations ?? []).map((o) => o.StatusReport?.Status ?? ''));
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

/**
 * Route 53 calls an endpoint healthy when more than 18 % of its checkers do.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */
function judge(reports: readonly string[]): Signal {
  const vantage = 'health-checkers';
  const good = reports.filter((status) => status.startsWith('Success')).length;
  if (reports.length === 0) return { vantage, says: 'unknown', because: 'no checker has reported' };
  const because = `${good} of ${reports.length} checkers reach it`;
  return { vantage, says: good / reports.length > 0.18 ? 'up' : 'down', because };
}
