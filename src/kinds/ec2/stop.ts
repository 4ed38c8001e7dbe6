import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { findInstances } from '../../aws/ec2.ts';
import { healthyIds, targetHealth } from '../../aws/elbv2.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { lastSide, regionName, stepKind } from '../common.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { ALIVE, existingSchema, launchedFilters, ourInstances, RUNNING } from './ours.ts';
import { instanceId, targetGroupArn } from './schema.ts';

/** Stops what waits: capacity of a region is only taken away while another one is seen to carry the users. */
const params = z.strictObject({
  name: z.string(),
  region: regionName,
  /** By id; without: those that runs of this runbook have launched there. */
  ids: z.array(instanceId).optional(),
  guard: z.strictObject({
    region: regionName,
    targetGroup: targetGroupArn.optional(),
    ids: z.array(instanceId).optional(),
    existing: existingSchema.optional(),
    wanted: z.int().min(1),
  }),
});
type Params = z.infer<typeof params>;

async function alive(ctx: StepContext, name: string, region: string, ids: readonly string[] | undefined): Promise<string[]> {
  const which = ids === undefined ? { Filters: launchedFilters(ctx.runbook, name, ALIVE) } : { InstanceIds: [...ids] };
  const found = await findInstances(ctx.effects.aws, region, which, { signal: ctx.signal });
  return found.filter((i) => ec2InstanceState(i).alive === 'yes').map((i) => i.InstanceId ?? '');
}

/** Targets where there is a target group, else running instances. */
async function carrying(ctx: StepContext, p: Params): Promise<number> {
  const { region, targetGroup, ids, existing } = p.guard;
  if (targetGroup === undefined && existing !== undefined) return (await ourInstances(ctx, { name: p.name, region, existing }, RUNNING)).length;
  if (targetGroup === undefined) return (await alive(ctx, p.name, region, ids)).length;
  const health = await targetHealth(ctx.effects.aws, region, targetGroup, { signal: ctx.signal });
  return healthyIds(health);
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const running = await alive(ctx, p.name, p.region, p.ids);
  if (running.length === 0) return { state: 'reached', because: `no instance of ${p.name} runs in ${p.region}` };
  const healthy = await carrying(ctx, p);
  if (healthy >= p.guard.wanted) return { state: 'absent', because: `${plural(running.length, 'instance')} running in ${p.region}; ${p.guard.region} has ${healthy} healthy` };
  return lastSide(p, { observed: `${p.guard.region} has ${plural(healthy, 'healthy instance')} of ${p.name}`, threshold: String(p.guard.wanted) });
}

export const stopInstances = stepKind<Params>({
  params,
  check: () => Promise.resolve({ state: 'ok', because: 'the other side is looked at right before' } as const),
  observe,
  act: async (ctx, p) => {
    const ids = await alive(ctx, p.name, p.region, p.ids);
    if (ids.length === 0) return;
    await ctx.effects.aws.call({ service: 'ec2', region: p.region, operation: 'StopInstances', input: { InstanceIds: ids }, signal: ctx.signal });
  },
});
