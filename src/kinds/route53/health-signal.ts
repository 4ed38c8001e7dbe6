import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { ROUTE53_REGION } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import { dnsName, hostedZoneId, recordType, stepKind } from '../common.ts';
import { type Signal, signalFact } from '../signals.ts';
import type { StepContext } from '../step.ts';
import { DNS_BEFORE, findSet, setsOf } from './sets.ts';

const params = z.strictObject({ signal: z.string(), zone: hostedZoneId, name: dnsName, type: recordType, set: z.string() });
type Params = z.infer<typeof params>;

const QUICK = { timeoutMs: LIMITS.signalMs, attempts: 1 };

async function look(ctx: StepContext, p: Params): Promise<Signal> {
  const vantage = 'health-checkers';
  try {
    const sets = await setsOf(ctx.effects.aws, { zone: p.zone, record: p }, { signal: ctx.signal, ...QUICK });
    const id = findSet(sets, p.set)?.HealthCheckId;
    if (id === undefined) return { vantage, says: 'unknown', because: `set ${p.set} has no health check` };
    const { output } = await ctx.effects.aws.call({
      service: 'route53',
      region: ROUTE53_REGION,
      operation: 'GetHealthCheckStatus',
      input: { HealthCheckId: id },
      signal: ctx.signal,
      ...QUICK,
    });
    return judge((output.HealthCheckObservations ?? []).map((o) => o.StatusReport?.Status ?? ''));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { vantage, says: 'unknown', because: error.message };
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

export const assessHealthCheck = stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'reads only' } as const),
  observe: async (ctx, p) => {
    const before = await ctx.effects.dns.resolve(p.name, p.type, LIMITS.dnsMs, ctx.signal).catch(() => undefined);
    if (before !== undefined) ctx.record(`${DNS_BEFORE}.${p.name}`, before.values);
    const signal = await look(ctx, p);
    ctx.record(signalFact(p.signal), signal);
    return { state: 'reached', because: `${signal.says}: ${signal.because}` };
  },
});
