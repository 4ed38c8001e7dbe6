import { findInstances } from '../../aws/ec2.ts';
import { targetHealth } from '../../aws/elbv2.ts';
import type { InspectContext, ServingTarget } from '../../model/kind.ts';

/** What the load balancer of a region can send users to, where instances are registered one by one. @throws AwsError */
export async function registeredTargets(ctx: Pick<InspectContext, 'effects' | 'signal'>, targets: { groups: Readonly<Record<string, string>> } | undefined, region: string): Promise<ServingTarget[]> {
  const group = targets?.groups[region];
  if (group === undefined) return [];
  const options = { signal: ctx.signal };
  const health = await targetHealth(ctx.effects.aws, region, group, options);
  const ids = [...new Set(health.map(({ id }) => id).filter((id) => id.startsWith('i-')))];
  const instances = ids.length === 0 ? [] : await findInstances(ctx.effects.aws, region, { InstanceIds: ids }, options);
  const zones = new Map(instances.map(({ InstanceId = '', Placement }) => [InstanceId, Placement?.AvailabilityZone]));
  return health.map(({ id, state, reason }) => ({ id, zone: zones.get(id), healthy: state.healthy === 'yes', because: `${state.shown}${reason === undefined ? '' : `: ${reason}`}` }));
}
