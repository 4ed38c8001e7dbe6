import * as z from 'zod';
import { findGroup, type Group, recentActivities } from '../../aws/autoscaling.ts';
import { targetHealth } from '../../aws/elbv2.ts';
import { refused, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext, Verdict } from '../step.ts';

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
      override: `aws autoscaling resume-processes --region ${p.region} --auto-scaling-group-name ${p.group}`,
    });
  }
  const warnings = (group.TargetGroupARNs ?? []).length === 0 ? [`${p.group} feeds no target group: health is the instances' own`] : [];
  return { state: 'ok', because: `${p.group} wants ${group.DesiredCapacity ?? 0} of at most ${group.MaxSize ?? 0}`, warnings };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const group = await findGroup(ctx.effects.aws, p.region, p.group, { signal: ctx.signal });
  if (group === undefined) return { state: 'impossible', because: `${p.group} is not in ${p.region}` };
  const sized = (group.MinSize ?? 0) >= p.min && (group.DesiredCapacity ?? 0) >= p.desired && (group.MaxSize ?? 0) >= p.max;
  if (!sized) return { state: 'absent', because: `${p.group} wants ${group.DesiredCapacity ?? 0}, not ${p.desired}` };
  const inService = inServiceIds(group);
  if (inService.length < p.desired) {
    const shortage = await findShortage(ctx, p);
    if (shortage !== undefined) return shortage;
    return { state: 'pending', because: `${inService.length} of ${p.desired} instances are in service`, waitingFor: 'aws' };
  }
  return targets(ctx, p, group);
}

function inServiceIds(group: Group): string[] {
  return (group.Instances ?? [])
    .filter((i) => i.LifecycleState === 'InService' && i.HealthStatus?.toLowerCase() === 'healthy')
    .map((i) => i.InstanceId ?? '');
}

/** A load balancer sends users only to targets that its own checks call healthy. */
async function targets(ctx: StepContext, p: Params, group: Group): Promise<Observation> {
  for (const arn of group.TargetGroupARNs ?? []) {
    const health = await targetHealth(ctx.effects.aws, p.region, arn, { signal: ctx.signal });
    const healthy = health.filter((h) => h.state === 'healthy').length;
    if (healthy < p.desired) {
      return { state: 'pending', because: `${healthy} of ${p.desired} targets are healthy in ${arn.split('/')[1] ?? arn}`, waitingFor: 'aws' };
    }
  }
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

async function act(ctx: StepContext, p: Params): Promise<void> {
  await ctx.effects.aws.call({
    service: 'autoscaling',
    region: p.region,
    operation: 'UpdateAutoScalingGroup',
    input: { AutoScalingGroupName: p.group, MinSize: p.min, MaxSize: p.max, DesiredCapacity: p.desired },
    signal: ctx.signal,
  });
}

/** Raises min, desired and max in one call, then waits for instances in service and healthy targets. Never lowers. */
export const scaleOut = stepKind<Params>({ params, check, observe, act });
