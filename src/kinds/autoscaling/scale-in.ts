import * as z from 'zod';
import { findGroup, type Group, isBeingDeleted } from '../../aws/autoscaling.ts';
import { plural } from '../../base/plural.ts';
import { lastSide, regionName, stepKind } from '../common.ts';
import { found, missing } from '../looks.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { countOf, healthyCapacity, inService } from './health.ts';

/* A region that waits shrinks to its standby size: never below it, and only while the region that serves users is seen to be healthy at its own size. */

const params = z.strictObject({
  region: regionName,
  group: z.string(),
  min: z.int(),
  desired: z.int(),
  max: z.int(),
  /** The side that must carry the users. `healthy` in the unit of its sizes. */
  guard: z.strictObject({ region: regionName, group: z.string(), healthy: z.int().min(1) }),
});
type Params = z.infer<typeof params>;

/** Only ever less than now: what is smaller already stays so. */
function wanted(p: Params, group: Group): { min: number; desired: number; max: number } {
  const now = { min: group.MinSize, desired: group.DesiredCapacity, max: group.MaxSize };
  const desired = Math.min(now.desired, p.desired);
  return { min: Math.min(now.min, p.min, desired), desired, max: Math.max(p.max, desired) };
}

/** AWS lowers the desired capacity, and terminates no instance that is protected: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html */
function keptWords(p: Params, group: Group): string {
  const kept = inService({ ...group, Instances: group.Instances.filter(({ ProtectedFromScaleIn }) => ProtectedFromScaleIn === true) });
  if (kept.units <= group.DesiredCapacity) return '';
  return `; ${plural(kept.instances, 'instance')} stay, and cost, until nobody protects them from scale-in: aws autoscaling set-instance-protection --region ${p.region} --auto-scaling-group-name ${p.group} --no-protected-from-scale-in --instance-ids …`;
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const options = { signal: ctx.signal };
  const group = await findGroup(ctx.effects.aws, p.region, p.group, options);
  const what = `${p.region}.${p.group}`;
  if (group === undefined) return missing(ctx, what, `${p.group} is not in ${p.region}`);
  found(ctx, what);
  const want = wanted(p, group);
  if (group.MinSize === want.min && group.DesiredCapacity === want.desired && group.MaxSize === want.max) {
    return { state: 'reached', because: `${p.group} in ${p.region} has the desired capacity ${want.desired}, its standby size${keptWords(p, group)}` };
  }
  const other = await findGroup(ctx.effects.aws, p.guard.region, p.guard.group, options);
  const carrying = other === undefined || isBeingDeleted(other) ? undefined : await healthyCapacity(ctx, p.guard.region, other);
  const shown = other === undefined ? 'it is not there' : carrying === undefined ? 'it is being deleted' : `${countOf(other, carrying, p.guard.healthy)} are ${carrying.where}`;
  if (carrying !== undefined && carrying.units >= p.guard.healthy) {
    return { state: 'absent', because: `${p.group}: desired capacity ${group.DesiredCapacity}; ${p.guard.region} carries the users: ${shown}` };
  }
  const why = carrying === undefined || carrying.why === '' ? '' : `; ${carrying.why}`;
  return lastSide(p, { observed: `${p.guard.group} in ${p.guard.region}: ${shown}${why}`, threshold: `${p.guard.healthy} healthy instances` });
}

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
