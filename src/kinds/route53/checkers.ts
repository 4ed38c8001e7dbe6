import { AwsError } from '../../aws/errors.ts';
import { type RecordSet, ROUTE53_REGION } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Signal } from '../signals.ts';
import type { StepContext } from '../step.ts';

/** What Route 53's checkers say of a set's endpoint now; undefined for a set without a health check. One short look. Turns are rare: see `AwsRequest`. */
export async function checkersOf(ctx: Pick<StepContext, 'effects' | 'signal'>, set: RecordSet | undefined, turn?: 'if-free' | 'patient'): Promise<Signal | undefined> {
  const id = set?.HealthCheckId;
  if (id === undefined) return undefined;
  try {
    const { output } = await ctx.effects.aws.call({
      service: 'route53',
      region: ROUTE53_REGION,
      operation: 'GetHealthCheckStatus',
      input: { HealthCheckId: id },
      signal: ctx.signal,
      timeoutMs: LIMITS.signalMs,
      attempts: 1,
      ...(turn === undefined ? {} : { turn }),
    });
    return judge((output.HealthCheckObservations ?? []).map((o) => o.StatusReport?.Status ?? ''));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { vantage: 'health-checkers', says: 'unknown', because: error.message };
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
