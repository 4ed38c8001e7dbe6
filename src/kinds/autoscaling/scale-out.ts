import * as z from 'zod';
import { findGroup, type Group, recentActivities } from '../../aws/autoscaling.ts';
import { DrError } from '../../base/errors.ts';
import { refused, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { healthyCount, inServiceIds } from './health.ts';

const params = z.strictObject({
  region: regionName,
  group: z.string(),
  min: z.int(),
  desired: z.int(),
  max: z.int(),
});
type Params = z.infer<typeof params>;

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  const suspended = (group?.SuspendedProcesses ?? []).map((s) => s.ProcessName).filter((n) => n === 'Launch' || n === 'AddToLoadBalancer');
  if (group === undefined || suspended.length > 0) {
    return refused({
      rule: 'capacity',
      observed: group === undefined ? `${p.group} is not in ${p.region}` : `${p.group} has suspended processes: ${suspended.join(', ')}`,
      threshold: 'a group that can launch instances',
      consequence: 'users would be sent to a region without capacity',
      override: group === undefined ? 'correct `groups` in the runbook, or make the group' : `aws autoscaling resume-processes --region ${p.region} --auto-scaling-group-name ${p.group}`,
    });
  }
  const warnings = (group.TargetGroupARNs ?? []).length === 0 ? [`${p.group} feeds no target group: health is the instances' own`] : [];
  return { state: 'ok', because: `${p.group} wants ${group.DesiredCapacity ?? 0} of at most ${group.MaxSize ?? 0}`, warnings };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  if (group === undefined) return { state: 'impossible', because: `${p.group} is not in ${p.region}` };
  const sized = (group.MinSize ?? 0) >= p.min && (group.DesiredCapacity ?? 0) >= p.desired && (group.MaxSize ?? 0) >= p.max;
  // Journaled before the act, so that its undo knows them whatever happens. A later attempt finds what the first has set.
  if (!sized && ctx.fact(sizesFact(p)) === undefined) ctx.record(sizesFact(p), sizesOf(group));
  if (!sized) return { state: 'absent', because: `${p.group} wants ${group.DesiredCapacity ?? 0}, not ${p.desired}` };
  const inService = inServiceIds(group);
  if (inService.length < p.desired) {
    const shortage = await findShortage(ctx, p);
    if (shortage !== undefined) return shortage;
    return { state: 'pending', because: `${inService.length} of ${p.desired} instances are in service`, waitingFor: 'aws' };
  }
  const { count, where } = await healthyCount(ctx, p.region, group);
  if (count < p.desired) return { state: 'pending', because: `${count} of ${p.desired} targets are ${where}`, waitingFor: 'aws' };
  return { state: 'reached', because: `${p.desired} instances are in service and healthy` };
}

/** An older failure says nothing about now. */
const RECENT_MS = 600_000;

/** A shortage stands in a failed activity long before a wait for instances would end. */
async function findShortage(ctx: StepContext, p: Params): Promise<Observation | undefined> {
  const activities = await recentActivities(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  const newest = activities[0];
  const age = ctx.effects.clock.now() - (newest?.StartTime?.getTime() ?? 0);
  if (newest?.StatusCode !== 'Failed' || age > RECENT_MS) return undefined;
  const message = newest.StatusMessage ?? 'no reason given';
  if (!/insufficient|capacity|limit|quota|exceeded/i.test(message)) return undefined;
  return {
    state: 'impossible',
    because: `${p.group} cannot launch: ${message}`,
    next: [
      `add instance types or zones to ${p.group}, or free a quota, then: dr resume`,
      `aws autoscaling describe-scaling-activities --region ${p.region} --auto-scaling-group-name ${p.group} --max-items 5`,
    ],
  };
}

const sizes = z.strictObject({ min: z.int(), desired: z.int(), max: z.int() });

function sizesOf(group: Group | undefined): z.infer<typeof sizes> {
  return { min: group?.MinSize ?? 0, desired: group?.DesiredCapacity ?? 0, max: group?.MaxSize ?? 0 };
}

function sizesFact(p: Params): string {
  return `sizes.${p.region}.${p.group}`;
}

async function update(ctx: StepContext, p: Params, to: z.infer<typeof sizes>): Promise<void> {
  const input = { AutoScalingGroupName: p.group, MinSize: to.min, MaxSize: to.max, DesiredCapacity: to.desired };
  await ctx.effects.aws.call({ service: 'autoscaling', region: p.region, operation: 'UpdateAutoScalingGroup', input, signal: ctx.signal });
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  const now = sizesOf(group);
  await update(ctx, p, { min: Math.max(now.min, p.min), desired: Math.max(now.desired, p.desired), max: Math.max(now.max, p.max) });
}

/** Back to the recorded sizes, unless somebody has changed them since. */
async function undo(ctx: StepContext, p: Params): Promise<void> {
  const before = sizes.safeParse(ctx.fact(sizesFact(p))).data;
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  if (before === undefined || group === undefined) return;
  const is = sizesOf(group);
  if (is.min === before.min && is.desired === before.desired && is.max === before.max) return;
  const set = { min: Math.max(before.min, p.min), desired: Math.max(before.desired, p.desired), max: Math.max(before.max, p.max) };
  // Scaling policies move what is wanted, and nothing else.
  if (is.min !== set.min || is.max !== set.max) {
    throw new DrError({
      code: 'SIZE_CHANGED',
      exit: 'refused',
      title: `${p.group} in ${p.region} was resized by somebody else: it is left as it is.`,
      detail: `It was ${before.min}/${before.desired}/${before.max} (min/desired/max) before the run.`,
      next: [`aws autoscaling update-auto-scaling-group --region ${p.region} --auto-scaling-group-name ${p.group} --min-size ${before.min} --desired-capacity ${before.desired} --max-size ${before.max}`],
    });
  }
  await update(ctx, p, before);
}

/** Raises min, desired and max in one call, then waits for instances in service and healthy targets. Never lowers. */
export const scaleOut = stepKind<Params>({ params, check, observe, act, undo });
