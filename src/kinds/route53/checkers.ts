import { AwsError } from '../../aws/errors.ts';
import type { OutputOf } from '../../aws/operations.ts';
import { type HealthCheckState, readHealthCheck, type RecordSet } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import { route53RegionFor } from '../../base/regions.ts';
import type { Signal } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';
import { blindTo } from './check-types.ts';

type Asking = Pick<StepContext, 'effects' | 'signal' | 'target'>;

/** Route 53 lets an account ask once a second: a caller that is refused asks again, for so long and so often. */
const AGAIN_MS = 1_000;
const TURNED_AWAY_MAX = 5;
/** The slowest checkers ask every 30 seconds: what is so much older is left over from when the check was enabled. */
const REPORT_MS = 300_000;

/** What Route 53's checkers say of a set's endpoint now; undefined without a health check. One short look, again where throttled. Turns: see `AwsRequest`. */
export async function checkersOf(ctx: Asking, set: RecordSet | undefined, turn?: 'if-free' | 'patient'): Promise<Signal | undefined> {
  const id = set?.HealthCheckId;
  if (id === undefined) return undefined;
  for (let turnedAway = 1; ; turnedAway++) {
    const seen = await askCheckers(ctx, id, turn);
    if (!(seen instanceof AwsError)) return seen.says === 'unknown' ? seen : ofEndpoint(ctx, id, set?.Name ?? '', seen);
    if (!seen.isThrottle || turn === 'if-free' || turnedAway === TURNED_AWAY_MAX) return { vantage: 'health-checkers', says: 'unknown', because: seen.message };
    await ctx.effects.clock.sleep(AGAIN_MS, ctx.signal);
  }
}

/** A check of something else or of its own name, an inverted or a disabled one says nothing of the endpoint, whatever is reported. Where that is not known, no outage is taken from it. */
async function ofEndpoint(ctx: Asking, id: string, name: string, seen: Signal): Promise<Signal> {
  const state = await stateOf(ctx, id);
  if (state instanceof AwsError) return seen.says === 'up' ? seen : { ...seen, says: 'unknown', because: `what the health check ${id} watches is not known: ${state.message}` };
  const why = blindTo(state, name);
  return why === undefined ? seen : { ...seen, says: 'unknown', because: `the health check ${id} ${why}` };
}

/**
 * Does Route 53 call it healthy? A disabled check passes, whatever its checkers report, and inversion comes last.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html
 */
export async function countsAsHealthy(ctx: Asking, id: string): Promise<Signal> {
  const state = await stateOf(ctx, id);
  if (state instanceof AwsError) return { vantage: 'health-checkers', says: 'unknown', because: state.message };
  const turned = (says: Signal['says']): Signal['says'] => (state.inverted && says !== 'unknown' ? (says === 'up' ? 'down' : 'up') : says);
  const inverted = state.inverted ? ', and it is inverted' : '';
  if (state.disabled) return { vantage: 'health-checkers', says: turned('up'), because: `its health check ${id} is disabled${inverted}` };
  const seen = await askCheckers(ctx, id, 'if-free');
  if (seen instanceof AwsError) return { vantage: 'health-checkers', says: 'unknown', because: seen.message };
  return { ...seen, says: turned(seen.says), because: `${seen.because}${inverted}` };
}

async function stateOf(ctx: Asking, id: string): Promise<HealthCheckState | AwsError> {
  try {
    return await readHealthCheck(ctx.effects.aws, id, { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 2 });
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

/** One look at what the checkers say; the error of AWS as a value. */
export async function askCheckers(ctx: Asking, id: string, turn: 'if-free' | 'patient' | undefined): Promise<Signal | AwsError> {
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
    return judge(output.HealthCheckObservations ?? [], ctx.effects.clock.now());
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}

type Observations = NonNullable<OutputOf<'route53', 'GetHealthCheckStatus'>['HealthCheckObservations']>;

/** Route 53 calls an endpoint healthy when more than that share of its checkers do. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html */
const HEALTHY_SHARE = 0.18;

/** A report that is old, or says neither, is none: what such checkers see may be either. */
function judge(observations: Observations, now: number): Signal {
  const vantage = 'health-checkers';
  const reports = observations.map(({ StatusReport: { Status: status = '', CheckedTime: at } = {} }) => (at !== undefined && now - at.getTime() > REPORT_MS ? '' : status));
  const [good, bad] = ['Success', 'Failure'].map((word) => reports.filter((status) => status.startsWith(word)).length) as [number, number];
  if (good + bad === 0) return { vantage, says: 'unknown', because: reports.length === 0 ? 'no checker has reported' : `none of ${reports.length} checkers says now whether it reaches it` };
  const all = reports.length;
  const silent = all - good - bad;
  const because = `${good} of ${all} checkers reach it${silent === 0 ? '' : `, and ${silent} do not say`}`;
  if (good / all > HEALTHY_SHARE) return { vantage, says: 'up', because };
  return { vantage, says: (good + silent) / all > HEALTHY_SHARE ? 'unknown' : 'down', because };
}
