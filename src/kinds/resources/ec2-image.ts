import { plural } from '../../base/plural.ts';
import { allow, inRegion, READS, regionsAt, warnIf } from '../common.ts';
import { imageGate, newestImage } from '../ec2/image-gate.ts';
import { gateParams, imageLaunches, inspectImage } from '../ec2/image-ready.ts';
import { findTemplateVersion } from '../../aws/ec2.ts';
import type { Rented } from '../../measure/prices.ts';
import { dryRun, dryRunStep, inspectDryRun } from '../ec2/dry-run.ts';
import { type Ec2Image, schema, templateName } from '../ec2/image-schema.ts';
import { launch } from '../ec2/launch.ts';
import { launchPartLooks } from '../ec2/launch-parts.ts';
import { COMPUTE_TAG, existingIn, RUNBOOK_TAG, TEMPLATE_TAG, TEMPLATE_VERSION_TAG } from '../ec2/ours.ts';
import { instancesProductionStep, production } from '../ec2/production.ts';
import { registeredTargets, registerTargets } from '../ec2/register.ts';
import { twinCount, WITHOUT_TARGETS } from '../ec2/schema.ts';
import { twinInstances, twinInstancesStep } from '../ec2/twin.ts';
import { stopInstances } from '../ec2/stop.ts';
import { BALANCER_SLA, computeSla } from '../slas.ts';
import type { DrillContext, PlanContext, ResourceKind, StepDraft } from '../../model/kind.ts';
import { keyLooks } from '../keys.ts';
import { arnIn } from '../../base/arn.ts';
import type { World } from '../../simulator/world.ts';
import { traitsOf } from '../../model/verb.ts';
import { discoverImages } from '../discovery/image.ts';
import type { Conditions, Permission } from '../../model/step.ts';

/*
 * Instances that do not exist before they are needed: launched from a template and an image that was copied into the region before.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html
 */

/** These calls know no resource. */
function reads(resource: Ec2Image, region: string, ...actions: string[]) {
  const existing = { tag: [], targets: ['elasticloadbalancing:DescribeTargetHealth'], template: ['ec2:DescribeLaunchTemplateVersions'] }[existingIn(resource, region).by];
  return allow([...new Set(['ec2:DescribeInstances', ...existing, ...actions])], ['*']);
}

function plan(ctx: PlanContext, name: string, resource: Ec2Image): StepDraft[] {
  return traitsOf(ctx.verb).rebuilds ? [stopStep(ctx, name, resource)] : launchSteps(ctx, name, resource);
}

/** The gate chooses image and version as in a failover; from them a twin is launched, or AWS is asked whether one might be. */
function drill(ctx: DrillContext, name: string, resource: Ec2Image): StepDraft[] {
  const region = ctx.target;
  const template = inRegion(resource.template, region);
  const size = twinCount(resource.drill, resource.count);
  const regions = Object.keys(resource.template).map((one) => ({ region: one, which: { by: 'rule' as const, existing: existingIn(resource, one) } }));
  const from = { by: 'template' as const, template, image: inRegion(resource.image, region), subnets: resource.subnets?.[region] ?? [] };
  return [
    instancesProductionStep(name, regions, Object.keys(resource.template).map((one) => reads(resource, one))),
    gateStep(name, resource, region),
    size > 0
      ? twinInstancesStep(ctx, name, { from, size, types: resource.types ?? [] })
      : dryRunStep({ name, region, count: resource.count, asks: { for: 'launch', template } }, [...launchRights(ctx, name, resource), reads(resource, region)]),
  ];
}

/** The type that the template says. @throws AwsError */
async function rents(ctx: Parameters<NonNullable<ResourceKind<Ec2Image>['rents']>>[0], resource: Ec2Image): Promise<Rented[]> {
  const count = twinCount(resource.drill, resource.count);
  if (count === 0) return [];
  const template = inRegion(resource.template, ctx.target);
  const version = await findTemplateVersion(ctx.effects.aws, ctx.target, templateName(template), String(template.version), { signal: ctx.signal });
  return [{ what: 'instance', class: version?.LaunchTemplateData?.InstanceType, count }];
}

function gateStep(name: string, resource: Ec2Image, region: string): StepDraft {
  return {
    step: 'imageGate',
    phase: 'assess',
    gate: true,
    ...READS,
    title: `Image and launch template of ${name} in ${region}`,
    params: gateParams(name, resource, region),
    permissions: [reads(resource, region, 'ec2:DescribeImages', 'ec2:DescribeLaunchTemplateVersions')],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    limitMs: 30_000,
  };
}

function launchSteps(ctx: PlanContext, name: string, resource: Ec2Image): StepDraft[] {
  const region = ctx.target;
  const template = inRegion(resource.template, region);
  const existing = existingIn(resource, region);
  const steps: StepDraft[] = [
    gateStep(name, resource, region),
    {
      step: 'launch',
      phase: 'compute',
      reversibility: 'compensable',
      title: `Bring up ${plural(resource.count, 'instance')} of ${name} in ${region}`,
      params: { name, region, count: resource.count, template, existing, types: resource.types ?? [], subnets: resource.subnets?.[region] ?? [] },
      controlPlanes: [`ec2@${region}`],
      permissions: [...launchRights(ctx, name, resource), reads(resource, region, 'ec2:DescribeInstanceStatus')],
      estimate: { p50: 120, p95: 300, basis: 'launch, boot and both status checks' },
      limitMs: 1_800_000,
      changes: [{ resource: `ec2:${region}:${name}`, field: 'instances', before: 'those that run', after: `at least ${resource.count}` }],
    },
  ];
  const group = resource.targets?.groups[region];
  if (group === undefined) return steps;
  const port = resource.targets?.port;
  steps.push({
    step: 'register',
    phase: 'compute',
    after: ['launch'],
    reversibility: 'reversible',
    title: `Healthy targets of ${name}: ${resource.count}`,
    params: { name, region, targetGroup: group, ...(port === undefined ? {} : { port }), wanted: resource.count, existing },
    controlPlanes: [`elasticloadbalancing@${region}`],
    permissions: [allow(['elasticloadbalancing:RegisterTargets'], [group]), reads(resource, region, 'elasticloadbalancing:DescribeTargetHealth', 'elasticloadbalancing:DescribeTargetGroups')],
    estimate: { p50: 30, p95: 120, basis: 'registration and health checks of the target group' },
    limitMs: 1_800_000,
    changes: [],
  });
  return steps;
}

/** Only what runs of this runbook have launched is stopped, and nothing is terminated: it may hold what nobody has looked at. The next failover may use it. */
function stopStep(ctx: PlanContext, name: string, resource: Ec2Image): StepDraft {
  const region = ctx.source;
  const group = resource.targets?.groups[ctx.target];
  return {
    step: 'stop',
    phase: 'protect',
    reversibility: 'compensable',
    title: `Stop what runs of dr launched of ${name} in ${region}`,
    params: { name, region, guard: { region: ctx.target, wanted: resource.count, existing: existingIn(resource, ctx.target), ...(group === undefined ? {} : { targetGroup: group }) } },
    controlPlanes: [`ec2@${region}`],
    permissions: [allow(['ec2:StopInstances'], [arnIn(region, 'ec2', ctx.account, 'instance/*')], launchedOnly(ctx, name)), reads(resource, ctx.target, 'ec2:DescribeInstanceStatus', 'elasticloadbalancing:DescribeTargetHealth')],
    estimate: { p50: 30, p95: 120, basis: 'shutdown of an instance' },
    limitMs: 900_000,
    changes: [{ resource: `ec2:${region}:${name}`, field: 'launched instances', before: 'as they are', after: 'stopped' }],
  };
}

const HOUR_MS = 3_600_000;

function simulate(world: World, name: string, resource: Ec2Image, home: string): void {
  for (const region of Object.keys(resource.template)) {
    const template = inRegion(resource.template, region);
    const image = inRegion(resource.image, region);
    const ageMs = Math.min(HOUR_MS, resource.maxAge ?? HOUR_MS);
    const tags = image.tag === undefined ? {} : { tags: { [image.tag.key]: image.tag.value } };
    const imageId = image.id ?? `ami-0${world.options.regions.indexOf(region)}23456789abcdef`;
    world.addImage({ region, id: imageId, name: (image.name ?? name).replaceAll('*', '1'), ageMs, ...tags });
    const version = typeof template.version === 'number' ? template.version : 1;
    const templateId = template.id ?? `lt-0${world.options.regions.indexOf(region)}23456789abcdef`;
    world.addLaunchTemplate({ region, id: templateId, name: template.name ?? name, type: 'm6g.large', imageId, version });
    (resource.subnets?.[region] ?? []).forEach((subnet, i) => world.addSubnet({ region, id: subnet, zone: `${region}${'acd'[i % 3] ?? 'a'}` }));
    const arn = resource.targets?.groups[region];
    // As people launch them: no run of dr has put its tags on them.
    const ids = region === home ? Array.from({ length: resource.count }, (_, i) => `i-0${String(i).padStart(8, '0')}`) : [];
    const own = resource.existing === undefined ? {} : { [resource.existing.key]: resource.existing.value };
    for (const id of ids) world.addEc2Instance({ region, id, imageId, tags: { [TEMPLATE_TAG]: templateId, [TEMPLATE_VERSION_TAG]: String(version), ...own } });
    if (arn !== undefined) world.addTargetGroup({ region, name: arn.split('/')[1] ?? arn, arn, targets: ids });
  }
}

const kind: ResourceKind<Ec2Image> = {
  section: 'compute',
  strategies: ['backup-restore', 'pilot-light'],
  summary: 'EC2 instances launched from a template and a copied image when they are needed',
  schema,
  ids: (resource) => (resource.targets === undefined ? [] : [{ type: 'elbv2:target-group', path: ['targets', 'groups'], ids: resource.targets.groups }]),
  regions: (resource) => [
    ...regionsAt(resource.template, 'template'),
    ...regionsAt(resource.image, 'image'),
    ...regionsAt(resource.subnets, 'subnets'),
    ...regionsAt(resource.targets?.groups, 'targets', 'groups'),
  ],
  lint: (resource) => [
    ...warnIf(resource.targets === undefined, WITHOUT_TARGETS),
    ...warnIf(resource.maxAge === undefined, 'without `maxAge` an image that was copied years ago passes'),
  ],
  observe: async (ctx, resource) => {
    const template = inRegion(resource.template, ctx.target);
    return Promise.resolve({ activeIn: [], because: `instances of ${template.id ?? template.name ?? ''} are launched when they are needed`, facts: {} });
  },
  inspect: inspectImage,
  dryRuns: async (ctx, name, resource) => {
    const template = inRegion(resource.template, ctx.target);
    const image = (await newestImage(ctx, gateParams(name, resource, ctx.target)))?.ImageId;
    return image === undefined ? [] : inspectDryRun(ctx, { name, region: ctx.target, count: resource.count, asks: { for: 'launch', template } }, { image, version: String(template.version) });
  },
  launches: imageLaunches,
  targetGroups: ({ target }, resource) => Promise.resolve([resource.targets?.groups[target] ?? []].flat()),
  slas: (_ctx, resource, region) => Promise.resolve([computeSla(resource.subnets?.[region]?.length ?? 1), ...(resource.targets === undefined ? [] : [BALANCER_SLA])]),
  targets: (ctx, resource, region) => registeredTargets(ctx, resource.targets, region),
  inspectRights: (at, resource) => [reads(resource, at.target, 'ec2:DescribeImages', 'ec2:DescribeLaunchTemplateVersions', 'ec2:DescribeSnapshots', 'ec2:DescribeCapacityReservations'), keyLooks(at.target, at.account), ...launchPartLooks(at)],
  plan,
  drill,
  rents,
  steps: { production, imageGate, twinInstances, dryRun, launch, register: registerTargets, stop: stopInstances },
  discover: discoverImages,
  simulate,
};

export default kind;

/** Only instances that runs of this runbook have launched for this resource. */
function launchedOnly(ctx: PlanContext, name: string): Conditions {
  return { StringEquals: { [`aws:ResourceTag/${RUNBOOK_TAG}`]: [ctx.runbook], [`aws:ResourceTag/${COMPUTE_TAG}`]: [name] } };
}

/**
 * A launch makes instances, volumes and interfaces, whose ids are new, and takes security groups and key from the
 * template: which, only the template knows. So it may be made from that template only, and with the tags of this runbook.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html
 */
function launchRights(ctx: PlanContext, name: string, resource: Ec2Image): Permission[] {
  const region = ctx.target;
  const arn = (part: string) => arnIn(region, 'ec2', ctx.account, part);
  const template = arn(`launch-template/${inRegion(resource.template, region).id ?? '*'}`);
  const byTemplate = { ArnLike: { 'ec2:LaunchTemplate': [template] } };
  const tagged = { StringEquals: { [`aws:RequestTag/${RUNBOOK_TAG}`]: [ctx.runbook], [`aws:RequestTag/${COMPUTE_TAG}`]: [name] } };
  const image = arnIn(region, 'ec2', '', `image/${inRegion(resource.image, region).id ?? '*'}`);
  // Without subnets in the runbook the template names one.
  const subnets = (resource.subnets?.[region] ?? ['*']).map((id) => arn(`subnet/${id}`));
  const others = ['volume/*', 'network-interface/*', 'security-group/*', 'key-pair/*'].map(arn);
  return [
    allow(['ec2:RunInstances'], [arn('instance/*')], { ...byTemplate, ...tagged }),
    allow(['ec2:RunInstances'], [image, template, ...subnets, ...others, arnIn(region, 'ec2', '', 'snapshot/*')], byTemplate),
    allow(['ec2:CreateTags'], [arn('instance/*')], { StringEquals: { 'ec2:CreateAction': ['RunInstances'] } }),
    allow(['ec2:StartInstances', 'ec2:StopInstances'], [arn('instance/*')], launchedOnly(ctx, name)),
  ];
}
