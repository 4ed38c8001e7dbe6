import * as z from 'zod';
import { findGroup, type Group } from '../../aws/autoscaling.ts';
import { refused, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { healthyCount } from './health.ts';

/*
 * A region that waits shrinks to its standby size: never below it, and only while the region that serves users is seen
 * to be healthy at its own size.
 */

const params = z.strictObject({
  region: regionName,
  group: z.string(),
  min: z.int(),
  desired: z.int(),
  max: z.int(),
  /** The side that must carry the users. */
  guard: z.strictObject({ region: regionName, group: z.string(), healthy: z.int().min(1) }),
});
type Params = z.infer<typeof params>;

/** Only ever less than now: what is smaller already stays so. */
function wanted(p: Params, group: Group): { min: number; desired: number; max: number } {
  const now = { min: group.MinSize ?? 0, desired: group.DesiredCapacity ?? 0, max: group.MaxSize ?? 0 };
  const desired = Math.min(now.desired, p.desired);
  return { min: Math.min(now.min, p.min, desired), desired, max: Math.max(p.max, desired) };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const options = { signal: ctx.signal };
  const group = await findGroup(ctx.effects.aws, p.region, p.group, options);
  if (group === undefined) return { state: 'impossible', because: `${p.group} is not in ${p.region}` };
  const want = wanted(p, group);
  if (group.MinSize === want.min && group.DesiredCapacity === want.desired && group.MaxSize === want.max) {
    return { state: 'reached', because: `${p.group} in ${p.region} wants ${want.desired}, its standby size` };
  }
  const other = await findGroup(ctx.effects.aws, p.guard.region, p.guard.group, options);
  const carrying = other === undefined ? { count: 0, where: 'there' } : await healthyCount(ctx, p.guard.region, other);
  if (carrying.count >= p.guard.healthy) {
    return { state: 'absent', because: `${p.group} wants ${group.DesiredCapacity ?? 0}; ${p.guard.region} carries the users with ${carrying.count}` };
  }
  return refused({
    rule: 'last-healthy-side',
    observed: `${p.guard.group} in ${p.guard.region}: ${carrying.count} are ${carrying.where}`,
    threshold: `${p.guard.healthy} healthy instances`,
    consequence: `${p.region} may be the last side that can serve users`,
    override: `none: bring ${p.guard.region} up first, then: dr resume`,
  });
}

/** Lowers min, desired and max in one call. */
export const scaleIn = stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'the other side is looked at right before' } as const),
  observe,
  act: async (ctx, p) => {
    const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
    if (group === undefined) return;
    const want = wanted(p, group);
    const input = { AutoScalingGroupName: p.group, MinSize: want.min, MaxSize: want.max, DesiredCapacity: want.desired };
    await ctx.effects.aws.call({ service: 'autoscaling', region: p.region, operation: 'UpdateAutoScalingGroup', input, signal: ctx.signal });
  },
});
