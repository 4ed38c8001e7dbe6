import * as z from 'zod';
import { findDbInstance } from '../../aws/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import type { Json } from '../../base/json.ts';
import { type RpoBound, rpoFromLag } from '../../measure/rpo.ts';
import { dbInstanceId, refused, regionName, stepKind } from '../common.ts';
import type { Refusal, StepContext } from '../step.ts';
import { isWriter, replicationStatus } from './instance.ts';
import { sampleLag } from './lag.ts';

const params = z.strictObject({ name: z.string(), region: regionName, id: dbInstanceId, rpoMs: z.number().positive() });
type Params = z.infer<typeof params>;

interface Decision {
  bound: RpoBound;
  /** Undefined: the gate is open. */
  refusal: Refusal | undefined;
  because: string;
}

async function decide(ctx: StepContext, p: Params): Promise<Decision> {
  const now = ctx.effects.clock.now();
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal });
  const { newest, newestValid } = await sampleLag(ctx, p.region, p.id);
  const status = instance === undefined ? undefined : replicationStatus(instance);
  const bound = rpoFromLag(p.name, newestValid, ctx.impactAt() ?? now, now);
  if (instance !== undefined && isWriter(instance)) {
    return { bound, refusal: undefined, because: `${p.id} is a writer already: nothing more is lost by this run` };
  }
  const stopped = newest !== undefined && newest.lagMs < 0 ? `; ReplicaLag is −1: ${p.id} is not replicating` : '';
  const replication = status === undefined || status === 'replicating' ? '' : `; replication is ${status}`;
  const accepted = ctx.acceptances.dataLossSeconds;
  if (bound.boundMs === undefined) {
    if (accepted === 'unknown') return { bound, refusal: undefined, because: `loss of ${p.name} is unknown; accepted: ${ctx.acceptances.reason ?? ''}` };
    return { bound, because: '', refusal: unknownLoss(p, `${bound.because}${stopped}${replication}`, bound.ageMs) };
  }
  const words = `at most ${formatDuration(bound.boundMs)} of writes are lost (lag ${formatDuration(bound.lagMs ?? 0)}, sample ${formatDuration(bound.ageMs ?? 0)} old${stopped}${replication})`;
  if (bound.boundMs <= p.rpoMs) return { bound, refusal: undefined, because: words };
  if (accepted === 'unknown' || (accepted !== undefined && bound.boundMs <= accepted * 1000)) {
    return { bound, refusal: undefined, because: `${words}; accepted: ${ctx.acceptances.reason ?? ''}` };
  }
  return { bound, because: '', refusal: tooMuch(p, words, bound) };
}

function unknownLoss(p: Params, observed: string, ageMs: number | undefined): Refusal {
  return {
    rule: 'rpo-gate',
    observed: `the lag of ${p.id} is unknown: ${observed}`,
    ageMs,
    threshold: `RPO ${formatDuration(p.rpoMs)}`,
    consequence: `a promotion would lose an unknown amount of acknowledged writes of ${p.name}, silently`,
    override: '--accept-data-loss unknown --reason "…"',
  };
}

function tooMuch(p: Params, observed: string, bound: RpoBound): Refusal {
  // Loss grows no more once the source is down: a little room for the seconds until the person has typed it.
  const seconds = Math.ceil((bound.boundMs ?? 0) / 1000 / 30) * 30 + 30;
  return {
    rule: 'rpo-gate',
    observed,
    ageMs: bound.ageMs,
    threshold: `RPO ${formatDuration(p.rpoMs)}`,
    consequence: `up to ${formatDuration(bound.boundMs ?? 0)} of acknowledged writes of ${p.name} would be lost`,
    override: `--accept-data-loss ${seconds}s --reason "…"`,
  };
}

/**
 * Bounds what the promotion loses and refuses what is over the RPO, or unknown. Records the bound as `rpo.<database>`.
 * In the check the outage may not have been seen yet: the bound then counts up to now.
 */
export const rpoGate = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const { refusal, because } = await decide(ctx, p);
    return refusal === undefined ? { state: 'ok', because } : refused(refusal);
  },
  observe: async (ctx, p) => {
    const { bound, refusal, because } = await decide(ctx, p);
    ctx.record(`rpo.${p.name}`, bound as unknown as Json);
    return refusal === undefined ? { state: 'reached', because } : refused(refusal);
  },
});
