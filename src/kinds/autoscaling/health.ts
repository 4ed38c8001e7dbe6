import type { Group } from '../../aws/autoscaling.ts';
import { targetHealth } from '../../aws/elbv2.ts';
import type { StepContext } from '../../model/step.ts';

export function inServiceIds(group: Group): string[] {
  return (group.Instances ?? [])
    .filter((i) => i.LifecycleState === 'InService' && i.HealthStatus?.toLowerCase() === 'healthy')
    .map((i) => i.InstanceId ?? '');
}

/**
 * How many of a group's instances users can be sent to: those in service that every target group calls healthy. A load
 * balancer sends users only to targets that its own checks call healthy.
 */
export async function healthyCount(ctx: StepContext, region: string, group: Group): Promise<{ count: number; where: string }> {
  const inService = inServiceIds(group);
  let least = { count: inService.length, where: 'in service' };
  for (const arn of group.TargetGroupARNs ?? []) {
    const health = await targetHealth(ctx.effects.aws, region, arn, { signal: ctx.signal });
    const healthy = health.filter((h) => h.state === 'healthy').length;
    if (healthy < least.count) least = { count: healthy, where: `healthy in ${arn.split('/')[1] ?? arn}` };
  }
  return least;
}
