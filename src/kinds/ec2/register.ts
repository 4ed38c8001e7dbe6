import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { findInstances } from '../../aws/ec2.ts';
import { unlessAws } from '../../aws/errors.ts';
import { healthyIds, targetHealth, targetTypeOf, whyNotHealthy } from '../../aws/elbv2.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { refused, regionName, stepKind } from '../common.ts';
import type { Looking, Observation, StepContext } from '../../model/step.ts';
import { existingSchema, ourInstances, RUNNING } from './ours.ts';
import { instanceId, targetGroupArn } from './schema.ts';
import type { ServingTarget } from '../../model/kind.ts';

/*
 * A load balancer whose target group has no healthy target sends users nowhere, and an alias record to it counts as
 * unhealthy: traffic waits for these targets.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  targetGroup: targetGroupArn,
  port: z.int().optional(),
  wanted: z.int().min(1),
  ids: z.array(instanceId).optional(),
  existing: existingSchema.optional(),
});
type Params = z.infer<typeof params>;

/** Of the types of a target group, the one that takes ids of instances. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html */
const INSTANCES = 'instance';

async function running(ctx: StepContext, p: Params): Promise<string[]> {
  const { name, region, existing, ids = [] } = p;
  const found =
    existing === undefined ? await findInstances(ctx.effects.aws, region, { InstanceIds: ids }, { signal: ctx.signal }) : await ourInstances(ctx, { name, region, existing }, RUNNING);
  return found.filter((i) => ec2InstanceState(i).running === 'yes').map((i) => i.InstanceId ?? '');
}

async function unregistered(ctx: StepContext, p: Params): Promise<{ missing: string[]; health: Awaited<ReturnType<typeof targetHealth>> }> {
  const [ids, health] = await Promise.all([running(ctx, p), targetHealth(ctx.effects.aws, p.region, p.targetGroup, { signal: ctx.signal })]);
  const known = new Set(health.filter(({ state }) => state.leaving !== true).map((h) => h.id));
  return { missing: ids.filter((id) => !known.has(id)), health };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const { missing, health } = await unregistered(ctx, p);
  if (missing.length > 0) return { state: 'absent', because: `${plural(missing.length, 'instance')} not registered yet` };
  return enoughHealthy(p, health);
}

function enoughHealthy(p: Params, health: Awaited<ReturnType<typeof targetHealth>>): Observation {
  const healthy = healthyIds(health);
  const group = p.targetGroup.split('/')[1] ?? p.targetGroup;
  if (healthy >= p.wanted) return { state: 'reached', because: `${healthy} targets are healthy in ${group}` };
  const why = whyNotHealthy(health);
  return { state: 'pending', because: `${healthy} of ${p.wanted} targets are healthy in ${group}${why === '' ? '' : `; ${why}`}`, waitingFor: 'aws' };
}

export const registerTargets = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const options = { signal: ctx.signal };
    const [health, type] = await Promise.all([targetHealth(ctx.effects.aws, p.region, p.targetGroup, options), targetTypeOf(ctx.effects.aws, p.region, p.targetGroup, options).catch(unlessAws)]);
    if (type !== undefined && type !== INSTANCES) return refused({ rule: 'target-type', observed: `${p.targetGroup.split('/')[1] ?? ''} takes targets of the type ${type}, and instances are registered by their ids`, threshold: `a target group of the type ${INSTANCES}`, consequence: 'the load balancer would refuse the instances, after the point of no return', override: 'none: the type of a target group cannot be changed. Make one of that type, give it the listener, and name it under `targets` in the runbook' });
    return { state: 'ok', because: `${p.targetGroup.split('/')[1] ?? ''} has ${plural(health.length, 'target')}` };
  },
  observe,
  holds: async (ctx, p) => enoughHealthy(p, await targetHealth(ctx.effects.aws, p.region, p.targetGroup, { signal: ctx.signal })),
  act: async (ctx, p) => {
    const { missing } = await unregistered(ctx, p);
    if (missing.length === 0) return;
    const Targets = missing.map((Id) => ({ Id, ...(p.port === undefined ? {} : { Port: p.port }) }));
    await ctx.effects.aws.call({ service: 'elbv2', region: p.region, operation: 'RegisterTargets', input: { TargetGroupArn: p.targetGroup, Targets }, signal: ctx.signal });
  },
});

/** What the load balancer of a region can send users to, where instances are registered one by one. @throws AwsError */
export async function registeredTargets(ctx: Looking, targets: { groups: Readonly<Record<string, string>> } | undefined, region: string): Promise<ServingTarget[]> {
  const group = targets?.groups[region];
  if (group === undefined) return [];
  const options = { signal: ctx.signal };
  const health = await targetHealth(ctx.effects.aws, region, group, options);
  const ids = [...new Set(health.map(({ id }) => id).filter((id) => id.startsWith('i-')))];
  const instances = ids.length === 0 ? [] : await findInstances(ctx.effects.aws, region, { InstanceIds: ids }, options);
  const zones = new Map(instances.map(({ InstanceId = '', Placement }) => [InstanceId, Placement?.AvailabilityZone]));
  return health.map(({ id, state, reason }) => ({ id, zone: zones.get(id), healthy: state.healthy === 'yes', because: `${state.shown}${reason === undefined ? '' : `: ${reason}`}` }));
}
