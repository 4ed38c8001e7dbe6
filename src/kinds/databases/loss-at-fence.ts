import { seenAliveFact } from '../outage.ts';
import type { RpoBound } from '../../measure/rpo.ts';
import type { StepContext } from '../../model/step.ts';
import { rpoFact } from './facts.ts';
import { fenceOf } from './verdict.ts';

/**
 * The gate's bound, moved on to the time of the fence: an old writer that lives takes writes until it is cut off, and the
 * gate stands before that. Likewise where only a person's word says that it is down. Undefined where there is nothing to add.
 */
export function boundAtFence(ctx: Pick<StepContext, 'fact' | 'impactNamed'>, name: string): RpoBound | undefined {
  const fence = fenceOf(ctx, name);
  const bound = rpoFact.read(ctx, name);
  if (fence?.at === undefined || bound?.boundMs === undefined || bound.sampledAt === undefined || bound.ageMs === undefined || fence.at <= bound.outageAt) return undefined;
  // Counted up to the decision itself: the source was not known to have stopped by then.
  const open = bound.outageAt >= bound.sampledAt + bound.ageMs;
  // A named person says that the source is down, and not since when: the impact is what this machine alone has seen.
  const since = fence.verdict === 'attested' && !ctx.impactNamed;
  // Seen to live after the impact: the gate stood beside the look that saw it.
  const seen = seenAliveFact.read(ctx);
  const lived = seen !== undefined && seen > bound.outageAt;
  if (fence.verdict !== 'fenced' && !since && !open && !lived) return undefined;
  const until = fence.verdict === 'fenced' ? 'the old writer was cut off' : 'it was decided: nobody else has seen when it stopped (--impact-at, if an alarm knows)';
  const because = `as measured before the fence, and every second until ${until}`;
  return { ...bound, boundMs: bound.boundMs + fence.at - bound.outageAt, outageAt: fence.at, because };
}
