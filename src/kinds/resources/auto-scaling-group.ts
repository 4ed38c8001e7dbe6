import * as z from 'zod';
import { findGroup } from '../../aws/autoscaling.ts';
import { arnIn } from '../../base/arn.ts';
import { DrError } from '../../base/errors.ts';
import { servingTargets } from '../autoscaling/health.ts';
import { groupLaunches, groupSlas, inspectGroup } from '../autoscaling/ready.ts';
import { scaleIn } from '../autoscaling/scale-in.ts';
import { scaleOut } from '../autoscaling/scale-out.ts';
import { groupProductionStep, production } from '../autoscaling/production.ts';
import { rentedGroup, twinGroup, twinGroupStep } from '../autoscaling/twin.ts';
import { allow, inRegion, perRegion, regionsAt } from '../common.ts';
import type { PlanContext, ResourceKind, StepDraft } from '../../model/kind.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';
import { keyLooks } from '../keys.ts';
import { launchPartLooks } from '../ec2/launch-parts.ts';
import { discoverGroups } from '../discovery/group.ts';

/*
 * Capacity in an Auto Scaling group: grown in the region that becomes active, beside everything else.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html
 */

const groupName = z.string().min(1).max(255).regex(/^[^\s:/*]+$/, 'expected the name of an Auto Scaling group');

const size = z
  .strictObject({
    min: z.int().min(0).max(10_000).describe('Minimum size. Of `active`: with so many a failover leads users there once the rest is three minutes late'),
    desired: z.int().min(0).max(10_000).describe('Desired capacity'),
    max: z.int().min(0).max(10_000).describe('Maximum size'),
  })
  .refine((s) => s.min <= s.desired && s.desired <= s.max, { message: 'expected min ≤ desired ≤ max' });

const schema = z.strictObject({
  kind: z.literal('auto-scaling-group'),
  groups: perRegion(groupName).describe('Name of the group in each region'),
  active: size.describe('Size in the region that serves users'),
  standby: size.describe('Size in the region that waits'),
  scaleIn: z
    .enum(['reprotect', 'switchover'])
    .default('reprotect')
    .describe('When the region that was left shrinks to its standby size: by reprotect, or at the end of a switchover already'),
  drill: z
    .strictObject({ capacity: z.enum(['one', 'full']).describe('one: one instance; full: as many as `active` wants') })
    .optional()
    .describe('What a drill launches. Default: one instance'),
});

/** How many a drill launches: more than one costs more, and shows that the region has room for all. */
function twinSize({ drill, active }: AutoScalingGroup): number {
  return drill?.capacity === 'full' ? Math.max(1, active.desired) : 1;
}

type AutoScalingGroup = z.infer<typeof schema>;

type Sizes = z.infer<typeof size>;

const NOTHING: Sizes = { min: 0, desired: 0, max: 0 };

// These calls know no resource.
const read = allow(['autoscaling:DescribeAutoScalingGroups', 'elasticloadbalancing:DescribeTargetHealth'], ['*']);
const readShortage = allow(['autoscaling:DescribeScalingActivities', 'autoscaling:DescribeScheduledActions'], ['*']);

function update(ctx: PlanContext, region: string, name: string) {
  return allow(['autoscaling:UpdateAutoScalingGroup'], [arnIn(region, 'autoscaling', ctx.account, `autoScalingGroup:*:autoScalingGroupName/${name}`)]);
}

function plan(ctx: PlanContext, _name: string, group: AutoScalingGroup, state: { facts: object }): StepDraft[] {
  const several = ctx.strategy === 'active-active';
  if (traitsOf(ctx.verb).rebuilds) {
    // A region that is to serve again beside the others grows; one that is to wait shrinks.
    return several ? sharedAgain(ctx, group) : [scaleInStep(ctx, group, { shrinks: ctx.source, guard: ctx.target, healthy: group.active.min })];
  }
  const grown = (several ? ctx.survivors : [ctx.target]).map((region) => {
    const before = region === ctx.target && 'desired' in state.facts ? (state.facts as Sizes) : NOTHING;
    return { ...scaleOutStep(ctx, group, region, group.active, before), ...(region === ctx.target ? {} : { label: `scaleOut-${region}` }) };
  });
  return isPlannedMove(ctx.verb) && group.scaleIn === 'switchover' && !several ? [...grown, scaleInStep(ctx, group, { shrinks: ctx.source, guard: ctx.target, healthy: group.active.min })] : grown;
}

/**
 * A region comes back with what it takes to carry everybody, as any region that is sent users. Once all have their share
 * again, all shrink to what that takes: each while another is seen to be healthy.
 */
function sharedAgain(ctx: PlanContext, group: AutoScalingGroup): StepDraft[] {
  const grows = scaleOutStep(ctx, group, ctx.source, group.active, NOTHING);
  const others = ctx.survivors.filter((region) => region !== ctx.source);
  // While another region is still out, its users are with those that serve.
  const allIn = Object.keys(group.groups).every((region) => region === ctx.source || others.includes(region));
  if (!allIn) return [grows];
  // One after the other: what guards a region is not shrinking itself.
  const order = [ctx.source, ...others];
  const label = (region: string): string => `scaleIn-${region}`;
  const shrinks = order.map((region, i) => {
    const before = order[i - 1];
    const step = scaleInStep(ctx, group, { shrinks: region, guard: region === ctx.source ? ctx.target : ctx.source, healthy: group.standby.desired });
    return { ...step, label: label(region), ...(before === undefined ? {} : { after: [label(before)] }) };
  });
  return [grows, ...shrinks];
}

/** `before` is what was seen, or nothing where nobody could look. */
function scaleOutStep(ctx: PlanContext, group: AutoScalingGroup, region: string, size: Sizes, before: Sizes): StepDraft {
  const name = inRegion(group.groups, region);
  // Capacity is only ever added here: what is larger than wanted stays so.
  const wanted = { min: Math.max(before.min, size.min), desired: Math.max(before.desired, size.desired), max: Math.max(before.max, size.max) };
  return {
    step: 'scaleOut',
    phase: 'compute',
    reversibility: 'compensable',
    title: `Scale ${name} out to ${wanted.desired} and wait until its targets are healthy`,
    params: { region, group: name, ...wanted, ...(traitsOf(ctx.verb).sourceMayBeDead ? { enough: Math.max(1, size.min) } : {}) },
    controlPlanes: before.desired >= wanted.desired ? [] : [`autoscaling@${region}`, `ec2@${region}`],
    permissions: [update(ctx, region, name), read, readShortage],
    estimate: { p50: 120, p95: 300, basis: 'launch, boot and health checks of an instance; yours may differ' },
    limitMs: 1_800_000,
    changes: (['min', 'desired', 'max'] as const)
      .filter((field) => before[field] !== wanted[field])
      .map((field) => ({
        resource: `autoscaling:${region}:${name}`,
        field,
        before: before === NOTHING ? 'as it is' : String(before[field]),
        after: before === NOTHING ? `at least ${wanted[field]}` : String(wanted[field]),
      })),
  };
}

function scaleInStep(ctx: PlanContext, group: AutoScalingGroup, of: { shrinks: string; guard: string; healthy: number }): StepDraft {
  const region = of.shrinks;
  const name = inRegion(group.groups, region);
  const { standby } = group;
  const guard = { region: of.guard, group: inRegion(group.groups, of.guard), healthy: Math.max(1, of.healthy) };
  return {
    step: 'scaleIn',
    phase: 'protect',
    reversibility: 'compensable',
    title: `Shrink ${name} in ${region} to ${ctx.strategy === 'active-active' ? 'the size for its own share' : 'its standby size'} of ${standby.desired}`,
    params: { region, group: name, ...standby, guard },
    controlPlanes: [`autoscaling@${region}`],
    permissions: [update(ctx, region, name), read],
    estimate: { p50: 2, p95: 10, basis: 'one request; instances end after their draining' },
    limitMs: 300_000,
    changes: (['min', 'desired', 'max'] as const).map((field) => ({
      resource: `autoscaling:${region}:${name}`,
      field,
      before: 'as it is',
      after: field === 'max' ? String(standby.max) : `at most ${standby[field]}`,
    })),
  };
}

const kind: ResourceKind<AutoScalingGroup> = {
  section: 'compute',
  strategies: ['backup-restore', 'pilot-light', 'warm-standby', 'active-active'],
  summary: 'Auto Scaling group: scaled out, then waited for until its targets are healthy',
  schema,
  ids: ({ groups }) => [{ type: 'autoscaling:group', path: ['groups'], ids: groups, alike: { what: 'Auto Scaling group', changed: 'scaled', otherwise: 'to another size', keys: ['active', 'standby'] } }],
  regions: (group) => regionsAt(group.groups, 'groups'),
  lint: (group) =>
    group.active.desired < group.standby.desired
      ? [{ path: ['active'], severity: 'error', message: 'the active size is smaller than the standby size' }]
      : [],

  observe: async (ctx, group) => {
    const name = inRegion(group.groups, ctx.target);
    const found = await findGroup(ctx.effects.aws, ctx.target, name, { signal: ctx.signal });
    if (found === undefined) {
      throw new DrError({
        code: 'GROUP_NOT_FOUND',
        exit: 'refused',
        title: `There is no Auto Scaling group "${name}" in ${ctx.target}.`,
        next: ['check the name under `groups` in the runbook, and the account of your credentials'],
      });
    }
    const facts = { min: found.MinSize, desired: found.DesiredCapacity, max: found.MaxSize };
    return { activeIn: [], because: `${name} has ${facts.desired} instances wanted`, facts };
  },

  looks: () => [allow(['autoscaling:DescribeAutoScalingGroups'], ['*'])],
  inspect: (ctx, _name, group) => inspectGroup(ctx, group),
  slas: async (ctx, group, region) => groupSlas(await findGroup(ctx.effects.aws, region, inRegion(group.groups, region), { signal: ctx.signal })),
  targets: async (ctx, group, region) => {
    const found = await findGroup(ctx.effects.aws, region, inRegion(group.groups, region), { signal: ctx.signal });
    return found === undefined ? [] : servingTargets(ctx, region, found);
  },
  launches: (ctx, _name, group) => groupLaunches(ctx, group),
  targetGroups: async (ctx, group) => (await findGroup(ctx.effects.aws, ctx.target, inRegion(group.groups, ctx.target), { signal: ctx.signal }))?.TargetGroupARNs ?? [],
  inspectRights: (at) => [
    read,
    readShortage,
    allow(['ec2:DescribeLaunchTemplateVersions', 'ec2:DescribeImages', 'ec2:DescribeInstanceTypeOfferings', 'ec2:DescribeSnapshots', 'ec2:DescribeCapacityReservations'], ['*']),
    keyLooks(at.target, at.account),
    ...launchPartLooks(at),
  ],
  plan,
  drill: (ctx, name, group) => [groupProductionStep(name, group.groups), twinGroupStep(ctx, ctx.target, inRegion(group.groups, ctx.target), twinSize(group))],
  rents: (ctx, group) => rentedGroup(ctx, ctx.target, inRegion(group.groups, ctx.target), twinSize(group)),
  steps: { production, twinGroup, scaleOut, scaleIn },

  discover: discoverGroups,
  simulate: (world, _name, group, home, strategy) => {
    for (const [region, name] of Object.entries(group.groups)) {
      // Where all serve, each has what it needs for its own share.
      const { min, desired, max } = region === home && strategy !== 'active-active' ? group.active : group.standby;
      world.addAutoScalingGroup({ region, name, min, desired, max, targetGroups: [name] });
    }
  },
};

export default kind;
