import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { findInstances } from '../../aws/ec2.ts';
import { ec2InstanceState } from '../../aws/states/capacity.ts';
import { allow, inRegion, perRegion, regionsAt, warnIf } from '../common.ts';
import { BALANCER_SLA, computeSla } from '../slas.ts';
import { inspectInstances, instanceLaunches } from '../ec2/ready.ts';
import { dryRun, dryRunStep, inspectDryRun } from '../ec2/dry-run.ts';
import { instancesProductionStep, production } from '../ec2/production.ts';
import { registeredTargets, registerTargets } from '../ec2/register.ts';
import { drillCapacity, instanceId, targets, twinCount, types, WITHOUT_TARGETS } from '../ec2/schema.ts';
import { startInstances } from '../ec2/start.ts';
import { stopInstances } from '../ec2/stop.ts';
import { twinInstances, twinInstancesStep } from '../ec2/twin.ts';
import type { DrillContext, PlanContext, ResourceKind, StepDraft } from '../../model/kind.ts';
import { arnIn } from '../../base/arn.ts';
import { traitsOf } from '../../model/verb.ts';
import { discoverInstances } from '../discovery/instances.ts';

/* Instances that are there in every region: running where users are, stopped where they wait. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html */

const ids = z.array(instanceId).max(100, 'expected at most 100 instances');

const schema = z.strictObject({
  kind: z.literal('ec2-instances'),
  instances: perRegion(ids.min(1, 'expected at least one instance')).describe('Ids of the instances in each region'),
  spares: perRegion(ids).optional().describe('Stopped instances in other zones, started in place of those whose zone has no capacity'),
  types: types.optional(),
  targets: targets.optional().describe('Where the instances are registered; without it their own status is all that is waited for'),
  drill: drillCapacity,
});

type Ec2Instances = z.infer<typeof schema>;

/** From which the instances of a simulated world were launched. */
const IMAGE = 'ami-00000000000000000';

const read = allow(['ec2:DescribeInstances', 'ec2:DescribeInstanceStatus', 'elasticloadbalancing:DescribeTargetHealth'], ['*']);

function instanceArns(ctx: PlanContext, region: string, ids: readonly string[]): string[] {
  return ids.map((id) => arnIn(region, 'ec2', ctx.account, `instance/${id}`));
}

function plan(ctx: PlanContext, name: string, resource: Ec2Instances): StepDraft[] {
  return traitsOf(ctx.verb).rebuilds ? [stopStep(ctx, name, resource)] : startSteps(ctx, name, resource);
}

function startSteps(ctx: PlanContext, name: string, resource: Ec2Instances): StepDraft[] {
  const region = ctx.target;
  const wanted = inRegion(resource.instances, region);
  const spares = resource.spares?.[region] ?? [];
  const arns = instanceArns(ctx, region, [...wanted, ...spares]);
  const group = resource.targets?.groups[region];
  const start: StepDraft = {
    step: 'start',
    phase: 'compute',
    reversibility: 'compensable',
    title: `Start ${plural(wanted.length, 'instance')} of ${name} in ${region}`,
    params: { name, region, ids: wanted, spares, types: resource.types ?? [] },
    controlPlanes: [`ec2@${region}`],
    permissions: [allow(['ec2:StartInstances', 'ec2:StopInstances', 'ec2:ModifyInstanceAttribute'], arns), read],
    estimate: { p50: 120, p95: 300, basis: 'boot and both status checks' },
    limitMs: 1_800_000,
    changes: wanted.map((id) => ({ resource: `ec2:${region}:${id}`, field: 'state', before: 'stopped', after: 'running' })),
  };
  if (group === undefined) return [start];
  const port = resource.targets?.port;
  const register: StepDraft = {
    step: 'register',
    phase: 'compute',
    after: ['start'],
    reversibility: 'reversible',
    title: `Healthy targets of ${name}: ${wanted.length}`,
    params: { name, region, targetGroup: group, ...(port === undefined ? {} : { port }), wanted: wanted.length, ids: [...wanted, ...spares] },
    controlPlanes: [`elasticloadbalancing@${region}`],
    permissions: [allow(['elasticloadbalancing:RegisterTargets'], [group]), allow(['elasticloadbalancing:DescribeTargetGroups'], ['*']), read],
    estimate: { p50: 30, p95: 120, basis: 'registration and health checks of the target group' },
    limitMs: 1_800_000,
    changes: [],
  };
  return [start, register];
}

/** Beside the stopped instances, which stay as they are: what is on their disks is not tried. */
function drill(ctx: DrillContext, name: string, resource: Ec2Instances): StepDraft[] {
  const region = ctx.target;
  const wanted = inRegion(resource.instances, region);
  const size = twinCount(resource.drill, wanted.length);
  const regions = Object.entries(resource.instances).map(([one, mine]) => ({ region: one, which: { by: 'ids' as const, ids: [...mine, ...(resource.spares?.[one] ?? [])] } }));
  return [
    instancesProductionStep(name, regions, [allow(['ec2:DescribeInstances'], ['*'])]),
    size > 0
      ? twinInstancesStep(ctx, name, { from: { by: 'instances', ids: [...wanted] }, size, types: resource.types ?? [] })
      : dryRunStep({ name, region, count: wanted.length, asks: { for: 'start', ids: [...wanted] } }, [allow(['ec2:StartInstances'], instanceArns(ctx, region, wanted))]),
  ];
}

/** The source waits again: its instances cost nothing while they are stopped. */
function stopStep(ctx: PlanContext, name: string, resource: Ec2Instances): StepDraft {
  const region = ctx.source;
  const mine = [...inRegion(resource.instances, region), ...(resource.spares?.[region] ?? [])];
  const there = inRegion(resource.instances, ctx.target);
  const group = resource.targets?.groups[ctx.target];
  return {
    step: 'stop',
    phase: 'protect',
    reversibility: 'compensable',
    title: `Stop the instances of ${name} in ${region}`,
    params: {
      name,
      region,
      ids: mine,
      guard: { region: ctx.target, wanted: there.length, ids: [...there, ...(resource.spares?.[ctx.target] ?? [])], ...(group === undefined ? {} : { targetGroup: group }) },
    },
    controlPlanes: [`ec2@${region}`],
    permissions: [allow(['ec2:StopInstances'], instanceArns(ctx, region, mine)), read],
    estimate: { p50: 30, p95: 120, basis: 'shutdown of an instance' },
    limitMs: 900_000,
    changes: mine.map((id) => ({ resource: `ec2:${region}:${id}`, field: 'state', before: 'as it is', after: 'stopped' })),
  };
}

const kind: ResourceKind<Ec2Instances> = {
  section: 'compute',
  strategies: ['backup-restore', 'pilot-light'],
  summary: 'EC2 instances that wait stopped: started, then waited for until their targets are healthy',
  schema,
  ids: (resource) => (resource.targets === undefined ? [] : [{ type: 'elbv2:target-group', path: ['targets', 'groups'], ids: resource.targets.groups }]),
  regions: ({ instances, spares, targets }) => [...regionsAt(instances, 'instances'), ...regionsAt(spares, 'spares'), ...regionsAt(targets?.groups, 'targets', 'groups')],
  lint: (resource) => [
    ...warnIf(resource.targets === undefined, WITHOUT_TARGETS),
    ...warnIf(resource.spares === undefined && resource.types === undefined, 'stopped instances hold no capacity: without `types` or `spares` a shortage ends the run'),
  ],
  observe: async (ctx, resource) => {
    const mine = inRegion(resource.instances, ctx.target);
    const found = await findInstances(ctx.effects.aws, ctx.target, { InstanceIds: mine }, { signal: ctx.signal });
    const running = found.filter((i) => ec2InstanceState(i).running === 'yes').length;
    // How many run says nothing of where users are.
    return { activeIn: [], because: `${running} of ${plural(mine.length, 'instance')} running in ${ctx.target}`, facts: { running } };
  },
  inspect: inspectInstances,
  dryRuns: (ctx, name, resource) => {
    const ids = [...inRegion(resource.instances, ctx.target)];
    return inspectDryRun(ctx, { name, region: ctx.target, count: ids.length, asks: { for: 'start', ids } });
  },
  launches: instanceLaunches,
  targetGroups: ({ target }, resource) => Promise.resolve([resource.targets?.groups[target] ?? []].flat()),
  slas: async (ctx, resource, region) => {
    const found = await findInstances(ctx.effects.aws, region, { InstanceIds: [...inRegion(resource.instances, region)] }, { signal: ctx.signal });
    return [computeSla(new Set(found.map(({ Placement }) => Placement?.AvailabilityZone)).size), ...(resource.targets === undefined ? [] : [BALANCER_SLA])];
  },
  targets: (ctx, resource, region) => registeredTargets(ctx, resource.targets, region),
  inspectRights: () => [allow(['ec2:DescribeInstances', 'ec2:DescribeInstanceTypeOfferings'], ['*'])],
  looks: () => [allow(['ec2:DescribeInstances'], ['*'])],
  plan,
  drill,
  rents: async (ctx, resource) => {
    const ids = inRegion(resource.instances, ctx.target);
    const size = twinCount(resource.drill, ids.length);
    const found = size === 0 ? [] : await findInstances(ctx.effects.aws, ctx.target, { InstanceIds: [...ids] }, { signal: ctx.signal });
    return ids.slice(0, size).map((id) => ({ what: 'instance', class: found.find(({ InstanceId }) => InstanceId === id)?.InstanceType, count: 1 }));
  },
  steps: { production, twinInstances, dryRun, start: startInstances, register: registerTargets, stop: stopInstances },
  discover: discoverInstances,
  simulate: (world, name, resource, home) => {
    for (const [region, list] of Object.entries(resource.instances)) {
      world.addImage({ region, id: IMAGE, name, ageMs: 30 * 86_400_000 });
      const spares = resource.spares?.[region] ?? [];
      const arn = resource.targets?.groups[region];
      // As people call them: by what they serve.
      const called = (suffix: string) => ({ tags: { Name: `${arn?.split('/')[1] ?? name}-${suffix}` } });
      list.forEach((id, i) => world.addEc2Instance({ region, id, zone: `${region}${'acd'[i % 3] ?? 'a'}`, stopped: region !== home, ...called(String(i + 1)) }));
      spares.forEach((id, i) => world.addEc2Instance({ region, id, zone: `${region}${'dca'[i % 3] ?? 'd'}`, stopped: true, ...called(`spare-${i + 1}`) }));
      if (arn !== undefined) world.addTargetGroup({ region, name: arn.split('/')[1] ?? arn, arn, targets: region === home ? list : [] });
    }
  },
};

export default kind;
