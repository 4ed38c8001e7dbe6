import * as z from 'zod';
import type { RpoBound } from '../../measure/rpo.ts';
import type { StepContext } from '../step.ts';

const fenced = z.object({ verdict: z.string(), at: z.number() });
const bounded = z.object({ boundMs: z.number(), outageAt: z.number(), sampledAt: z.number(), ageMs: z.number() });

/**
 * The gate's bound, moved on to the time of the fence: an old writer that lives takes writes until it is cut off, and the
 * gate stands before that. Undefined where there is nothing to add.
 */
export function boundAtFence(ctx: Pick<StepContext, 'fact'>, name: string): RpoBound | undefined {
  const recorded = ctx.fact(`rpo.${name}`);
  const fence = fenced.safeParse(ctx.fact(`fence.${name}`)).data;
  const bound = bounded.safeParse(recorded).data;
  if (fence === undefined || bound === undefined || fence.at <= bound.outageAt) return undefined;
  // Counted up to the decision itself: the source was not known to have stopped by then.
  const open = bound.outageAt >= bound.sampledAt + bound.ageMs;
  if (fence.verdict !== 'fenced' && !open) return undefined;
  const because = 'as measured before the fence, and every second until the old writer was cut off';
  return { ...(recorded as unknown as RpoBound), boundMs: bound.boundMs + fence.at - bound.outageAt, outageAt: fence.at, because };
}
