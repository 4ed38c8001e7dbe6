import { listManyRecordSets, readHealthCheck } from '../../aws/route53.ts';
import type { InspectContext } from '../../model/kind.ts';
import type { Estimate } from '../../model/step.ts';
import type { Traffic } from './ready.ts';
import { recordsOf } from './schema.ts';

/*
 * How long users take to follow, from the records as they are: resolvers keep an answer for its TTL. By a health check it first has to
 * fail: interval × threshold.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */

/** An alias has the TTL of what it leads to: 60 s for a load balancer. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html */
const ALIAS_TTL = 60;
/** Health checks that are read, at most. */
const CHECKS = 8;

/** The step in which the move is waited for, as all kinds of traffic call it. */
const SETTLE = 'settle';

export async function routingTiming(ctx: Pick<InspectContext, 'effects' | 'signal' | 'target'>, t: Traffic): Promise<Record<string, Estimate>> {
  const options = { region: ctx.target, signal: ctx.signal };
  const sets = (await listManyRecordSets(ctx.effects.aws, t.zone, recordsOf(t), options)).flat();
  if (sets.length === 0) return {};
  const ttl = Math.max(...sets.map((set) => set.TTL ?? ALIAS_TTL));
  if (t.switch === undefined || t.switch === 'record') return { [SETTLE]: { p50: ttl, p95: ttl, basis: `TTL ${ttl} s` } };
  const ids = [...new Set(sets.flatMap((set) => set.HealthCheckId ?? []))].slice(0, CHECKS);
  const states = await Promise.all(ids.map((id) => readHealthCheck(ctx.effects.aws, id, options)));
  const fails = Math.max(0, ...states.map((state) => state.failsAfterSeconds ?? 0));
  return { [SETTLE]: { p50: fails + ttl, p95: fails + ttl, basis: `health check ${fails} s (interval × threshold) + TTL ${ttl} s` } };
}
