import * as z from 'zod';
import { findGroup } from '../../aws/autoscaling.ts';
import { DrError } from '../../base/errors.ts';
import { scaleOut } from '../autoscaling/scale-out.ts';
import { allow, inRegion, perRegion } from '../common.ts';
import type { ResourceKind } from '../kind.ts';

/*
 * Capacity in an Auto Scaling group: grown in the region that becomes active, beside everything else.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html
 */

const groupName = z.string().min(1).max(255).regex(/^[^\s:/*]+$/, 'expected the name of an Auto Scaling group');

const size = z
  .strictObject({
    min: z.int().min(0).max(10_000),
    desired: z.int().min(0).max(10_000),
    max: z.int().min(0).max(10_000),
  })
  .refine((s) => s.min <= s.desired && s.desired <= s.max, { message: 'expected min ≤ desired ≤ max' });

const schema = z.strictObject({
  kind: z.literal('auto-scaling-group'),
  groups: perRegion(groupName).describe('Name of the group in each region'),
  active: size.describe('Size in the region that serves users'),
  standby: size.describe('Size in the region that waits'),
});

type AutoScalingGroup = z.infer<typeof schema>;

const kind: ResourceKind<AutoScalingGroup> = {
  section: 'compute',
  strategies: ['backup-restore', 'pilot-light', 'warm-standby', 'active-active'],
  summary: 'Auto Scaling group: scaled out, then waited for until its targets are healthy',
  schema,
  regions: (group) => [{ path: ['groups'], regions: Object.keys(group.groups) }],
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
    const facts = { min: found.MinSize ?? 0, desired: found.DesiredCapacity ?? 0, max: found.MaxSize ?? 0 };
    return { activeIn: [], because: `${name} has ${facts.desired} instances wanted`, facts };
  },

  plan: (ctx, _name, group, state) => {
    const name = inRegion(group.groups, ctx.target);
    const before = state.facts as { min: number; desired: number; max: number };
    // Capacity is only ever added here: what is larger than wanted stays so.
    const wanted = {
      min: Math.max(before.min, group.active.min),
      desired: Math.max(before.desired, group.active.desired),
      max: Math.max(before.max, group.active.max),
    };
    const arn = `arn:aws:autoscaling:${ctx.target}:${ctx.account}:autoScalingGroup:*:autoScalingGroupName/${name}`;
    return [
      {
        step: 'scaleOut',
        phase: 'compute',
        reversibility: 'compensable',
        title: `Scale ${name} out to ${wanted.desired} and wait until its targets are healthy`,
        params: { region: ctx.target, group: name, ...wanted },
        controlPlanes: before.desired >= wanted.desired ? [] : [`autoscaling@${ctx.target}`, `ec2@${ctx.target}`],
        permissions: [
          allow(['autoscaling:UpdateAutoScalingGroup'], [arn]),
          // These calls know no resource.
          allow(['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeScalingActivities', 'elasticloadbalancing:DescribeTargetHealth'], ['*']),
        ],
        estimate: { p50: 120, p95: 300, basis: 'launch, boot and health checks of an instance; yours may differ' },
        limitMs: 1_800_000,
        changes: (['min', 'desired', 'max'] as const)
          .filter((field) => before[field] !== wanted[field])
          .map((field) => ({
            resource: `autoscaling:${ctx.target}:${name}`,
            field,
            before: String(before[field]),
            after: String(wanted[field]),
          })),
      },
    ];
  },

  steps: { scaleOut },

  simulate: (world, _name, group, home) => {
    for (const [region, name] of Object.entries(group.groups)) {
      const { min, desired, max } = region === home ? group.active : group.standby;
      world.addAutoScalingGroup({ region, name, min, desired, max, targetGroups: [name] });
    }
  },
};

export default kind;
