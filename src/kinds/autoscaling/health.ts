import { plural } from '../../base/plural.ts';
import type { Group } from '../../aws/autoscaling.ts';
import { targetHealth, whyNotHealthy } from '../../aws/elbv2.ts';
import { healthStatus, lifecycleState } from '../../aws/states/capacity.ts';
import type { ServingTarget } from '../../model/kind.ts';
import type { Looking } from '../../model/step.ts';

/*
 * What a group has. Its sizes count capacity units: an instance counts as many as its weight says, and one if there are no weights.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups-instance-weighting.html
 */

type Instance = Group['Instances'][number];

export interface Capacity {
  /** Capacity units: the same unit as the sizes of the group. */
  units: number;
  instances: number;
  /** For people: `in service`, or `healthy in TARGET GROUP`. */
  where: string;
  /** For people: what is known of the rest; empty when nothing is. */
  why: string;
}

/** Units of one instance; undefined when AWS does not say: a group may count in vCPUs or in memory. */
function unitsOf(group: Group, { WeightedCapacity }: Instance): number | undefined {
  if (WeightedCapacity === undefined) return (group.DesiredCapacityType ?? 'units') === 'units' ? 1 : undefined;
  const units = Number(WeightedCapacity);
  return Number.isFinite(units) ? units : undefined;
}

function isInService(instance: Instance): boolean {
  return lifecycleState(instance.LifecycleState).serves === 'yes' && healthStatus(instance.HealthStatus).healthy === 'yes';
}

function sum(group: Group, instances: readonly Instance[]): Pick<Capacity, 'units' | 'instances'> {
  return { units: instances.reduce((units, instance) => units + (unitsOf(group, instance) ?? 0), 0), instances: instances.length };
}

export function inService(group: Group): Capacity {
  const reasons = group.Instances.flatMap((instance) => {
    const { LifecycleState, HealthStatus, InstanceId = 'an instance' } = instance;
    const state = lifecycleState(LifecycleState);
    if (state.coming !== 'yes') return [`${InstanceId} is ${state.shown}`];
    if (state.held !== undefined) return [`${InstanceId} is ${state.shown}: ${state.held}`];
    if (state.serves === 'yes' && !isInService(instance)) return [`${InstanceId} is ${healthStatus(HealthStatus).shown}`];
    return unitsOf(group, instance) === undefined ? [`AWS does not say how many ${group.DesiredCapacityType ?? 'units'} ${InstanceId} counts`] : [];
  });
  return { ...sum(group, group.Instances.filter(isInService)), where: 'in service', why: reasons.slice(0, 3).join(', ') };
}

/**
 * What users can be sent to: the instances in service that every target group of the group calls healthy. A load balancer sends
 * users only to targets that its own checks call healthy.
 * @throws AwsError
 */
export async function healthyCapacity(ctx: Looking, region: string, group: Group): Promise<Capacity> {
  let least = inService(group);
  const serving = group.Instances.filter(isInService);
  for (const arn of group.TargetGroupARNs ?? []) {
    const targets = await targetHealth(ctx.effects.aws, region, arn, { signal: ctx.signal });
    // The target group may have targets of other groups, and an instance at more than one port.
    const healthy = serving.filter(({ InstanceId }) => {
      const its = targets.filter(({ id }) => id === InstanceId);
      return its.length > 0 && its.every(({ state }) => state.healthy === 'yes');
    });
    const has = sum(group, healthy);
    if (has.units >= least.units) continue;
    const why = whyNotHealthy(targets.filter(({ id }) => serving.some(({ InstanceId }) => InstanceId === id)));
    least = { ...has, where: `healthy in ${arn.split('/')[1] ?? arn}`, why };
  }
  return least;
}

/** Instances in service that no load balancer sends users to: no listener uses their target group, or their zone is not enabled. @throws AwsError */
export async function unusedTargets(ctx: Looking, region: string, group: Group): Promise<string | undefined> {
  const serving = new Set(group.Instances.filter(isInService).map(({ InstanceId }) => InstanceId));
  for (const arn of serving.size === 0 ? [] : (group.TargetGroupARNs ?? [])) {
    const unused = (await targetHealth(ctx.effects.aws, region, arn, { signal: ctx.signal })).filter(({ id, notInUse }) => notInUse && serving.has(id));
    if (unused.length > 0) return `no load balancer uses ${plural(unused.length, 'target')} of ${group.AutoScalingGroupName ?? ''} in ${arn.split('/')[1] ?? arn}: ${whyNotHealthy(unused)}`;
  }
  return undefined;
}

/** For people: `2 of 6 instances`, or `4 of 6 units (2 instances)` of a group with weights. */
export function countOf(group: Group, has: Pick<Capacity, 'units' | 'instances'>, wanted?: number): string {
  const unit = group.DesiredCapacityType ?? 'units';
  const weighted = unit !== 'units' || group.Instances.some(({ WeightedCapacity }) => WeightedCapacity !== undefined);
  const count = wanted === undefined ? String(has.units) : `${has.units} of ${wanted}`;
  return weighted ? `${count} ${unit} (${plural(has.instances, 'instance')})` : `${count} ${(wanted ?? has.units) === 1 ? 'instance' : 'instances'}`;
}

/** Each instance of the group: healthy where it is in service and every target group calls it so. @throws AwsError */
export async function servingTargets(ctx: Looking, region: string, group: Group): Promise<ServingTarget[]> {
  const arns = group.TargetGroupARNs ?? [];
  const seen = (await Promise.all(arns.map((arn) => targetHealth(ctx.effects.aws, region, arn, { signal: ctx.signal })))).flat();
  return group.Instances.map((instance) => {
    const { InstanceId: id = 'an instance', AvailabilityZone: zone } = instance;
    const its = seen.filter((target) => target.id === id);
    const bad = its.filter(({ state }) => state.healthy !== 'yes');
    const own = `${lifecycleState(instance.LifecycleState).shown}, ${healthStatus(instance.HealthStatus).shown}`;
    const because = bad.length > 0 ? whyNotHealthy(bad) : its.length === 0 && arns.length > 0 ? `${id} is in no target group` : `${id} is ${own}`;
    return { id, zone, healthy: isInService(instance) && bad.length === 0 && (its.length > 0 || arns.length === 0), because };
  });
}
