import * as z from 'zod';
import { findGroup, type Group, isBeingDeleted } from '../../aws/autoscaling.ts';
import { findTemplateVersion } from '../../aws/ec2.ts';
import { AwsError } from '../../aws/errors.ts';
import type { AnyGroup } from '../../aws/list-account.ts';
import { arnIn } from '../../base/arn.ts';
import { partitionOf } from '../../base/regions.ts';
import type { Rented } from '../../measure/prices.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import type { Looking, Observation, Refusal, StepContext, Verdict } from '../../model/step.ts';
import { allow, refused, regionName, stepKind } from '../common.ts';
import { deleteTwin, type FoundTwin, isTwinName, mayNotDelete, nameTaken, notOurTwin, runOfTwin, type Suspect, TWIN, TWIN_NAMES, twinAccepted, twinName, twinTags } from '../twins.ts';
import { countOf, inService } from './health.ts';
import { launchTrouble } from './launches.ts';

/*
 * The twin of an Auto Scaling group: one instance (or as many as a failover brings up) of the same launch template, in the same subnets, and in no target group: no user is
 * ever led to it.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
 */

const NAME_MAX = 255;

const params = z.strictObject({
  region: regionName,
  /** Of the twin, and of the group that it is the twin of. */
  group: z.string(),
  of: z.string(),
  /** A name of a twin that nobody ever gives: by it the right to delete is asked for. */
  nobody: z.string(),
  /** Instances, or units of a group with weights. */
  size: z.int().min(1).default(1),
});
type Params = z.infer<typeof params>;

function resourceOf({ region, group }: Pick<Params, 'region' | 'group'>): string {
  return `autoscaling:${region}:${group}`;
}

function find(ctx: StepContext, region: string, name: string): Promise<Group | undefined> {
  return findGroup(ctx.effects.aws, region, name, { signal: ctx.signal });
}

function suspect(p: Params, group: Group): Suspect {
  return { name: group.AutoScalingGroupName ?? '', resource: resourceOf(p), tags: group.Tags };
}

function stranger(ctx: StepContext, p: Params, group: Group): Refusal | undefined {
  const why = notOurTwin(ctx, suspect(p, group));
  return why === undefined ? undefined : nameTaken(`${p.group} exists in ${p.region} already: ${why}`);
}

/** What tells how an instance is launched, as the group has it. */
function launchOf({ LaunchTemplate: template, MixedInstancesPolicy: policy, LaunchConfigurationName: configuration }: Group) {
  if (policy !== undefined) {
    const { LaunchTemplateSpecification: own, Overrides: others } = policy.LaunchTemplate ?? {};
    const Overrides = others?.map((other) => ({ ...other, LaunchTemplateSpecification: byId(other.LaunchTemplateSpecification) }));
    return { MixedInstancesPolicy: { ...policy, LaunchTemplate: { LaunchTemplateSpecification: byId(own), Overrides } } };
  }
  if (template !== undefined) return { LaunchTemplate: byId(template) };
  return configuration === undefined ? undefined : { LaunchConfigurationName: configuration };
}

/** AWS shows the id and the name of a template, and takes one of them. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplateSpecification.html */
function byId(template: Group['LaunchTemplate']): Group['LaunchTemplate'] {
  return template && { LaunchTemplateId: template.LaunchTemplateId, Version: template.Version };
}

async function askToDelete(ctx: StepContext, region: string, group: string): Promise<boolean> {
  try {
    await ctx.effects.aws.call({ service: 'autoscaling', region, operation: 'DeleteAutoScalingGroup', input: { AutoScalingGroupName: group, ForceDelete: true }, signal: ctx.signal });
    return true;
  } catch (error) {
    // It is gone, or AWS is still at work on it: the next look decides.
    if (!(error instanceof AwsError) || error.isRightMissing || error.kind !== 'terminal') throw error;
    const gone = error.message.includes('not found');
    if (!gone && !/is in progress|ResourceInUse|ScalingActivityInProgress/i.test(`${error.code} ${error.message}`)) throw error;
    return gone;
  }
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const there = await find(ctx, p.region, p.group);
  const no = there === undefined ? undefined : stranger(ctx, p, there);
  if (no !== undefined) return refused(no);
  const of = await find(ctx, p.region, p.of);
  if (of === undefined || launchOf(of) === undefined) {
    return refused({
      rule: 'twin-source',
      observed: of === undefined ? `${p.of} is not in ${p.region}` : `${p.of} shows neither a launch template nor a launch configuration`,
      threshold: 'a group that says how its instances are launched',
      consequence: 'the drill could launch nothing',
      override: 'none: correct `groups` in the runbook, or the group',
    });
  }
  const unable = there === undefined ? await mayNotDelete(ctx, () => askToDelete(ctx, p.region, p.nobody), { twin: p.group, right: 'autoscaling:DeleteAutoScalingGroup on autoScalingGroupName/' }) : undefined;
  return unable === undefined ? { state: 'ok', because: `${p.group} is free` } : refused(unable);
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const group = await find(ctx, p.region, p.group);
  if (group === undefined) return { state: 'absent', because: `there is no ${p.group} in ${p.region}` };
  const no = stranger(ctx, p, group);
  if (no !== undefined) return refused(no);
  const has = inService(group);
  if (has.units >= Math.max(1, group.DesiredCapacity)) return { state: 'reached', because: `${countOf(group, has)} of the template of ${p.of} are in service` };
  const trouble = await launchTrouble(ctx, p.region, p.group);
  const because = `${countOf(group, has, group.DesiredCapacity)} are in service${trouble === undefined ? '' : `; ${trouble.says}`}`;
  if (trouble?.ends === undefined) return { state: 'pending', because, waitingFor: 'aws' };
  return { state: 'impossible', because: `${p.of} could not launch either: ${trouble.says}` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const of = await find(ctx, p.region, p.of);
  const launch = of === undefined ? undefined : launchOf(of);
  if (of === undefined || launch === undefined) throw new Error(`${p.of} is not in ${p.region} any more`);
  const { VPCZoneIdentifier: subnets, AvailabilityZones: zones } = of;
  const tags = twinTags(ctx, of.Tags ?? []).map((tag) => ({ ...tag, PropagateAtLaunch: true }));
  const input = {
    AutoScalingGroupName: p.group,
    MinSize: 0,
    MaxSize: p.size,
    DesiredCapacity: p.size,
    ...launch,
    ...(subnets === undefined || subnets === '' ? { AvailabilityZones: zones } : { VPCZoneIdentifier: subnets }),
    HealthCheckType: 'EC2',
    Tags: tags,
  };
  try {
    await ctx.effects.aws.call({ service: 'autoscaling', region: p.region, operation: 'CreateAutoScalingGroup', input, signal: ctx.signal });
  } catch (error) {
    // Made by an earlier attempt: the looks that follow decide.
    if (error instanceof AwsError && error.code.startsWith('AlreadyExists')) return;
    throw error;
  }
  twinAccepted(ctx, resourceOf(p));
}

function undo(ctx: StepContext, p: Params): Promise<void> {
  return deleteTwin<Group>(ctx, resourceOf(p), {
    find: () => find(ctx, p.region, p.group),
    suspect: (group) => suspect(p, group),
    isGoing: isBeingDeleted,
    ask: () => askToDelete(ctx, p.region, p.group),
  });
}

/** A group that has the name or the tag of a twin. Its instances go with it. */
export function foundGroup(region: string, found: AnyGroup): FoundTwin | undefined {
  const { AutoScalingGroupName: group = '', Tags: tags, CreatedTime: made, Instances: instances = [], Status: status = '' } = found;
  const run = runOfTwin(tags);
  if (run === undefined && !isTwinName(group)) return undefined;
  return {
    resource: resourceOf({ region, group }),
    name: group,
    where: region,
    run,
    madeAt: made?.getTime(),
    going: status !== '',
    rented: instances.map(({ InstanceType: type }) => ({ what: 'instance', class: type, count: 1 })),
    byHand: `aws autoscaling delete-auto-scaling-group --region ${region} --auto-scaling-group-name ${group} --force-delete`,
  };
}

export const twinGroup = stepKind<Params>({ params, check, observe, act, undo, made: async (ctx, p) => runOfTwin((await find(ctx, p.region, p.group))?.Tags) === ctx.run.id });

/** What a group of that size would rent: the type that it runs, or would launch. @throws AwsError */
export async function rentedGroup({ effects, signal }: Looking, region: string, name: string, size: number): Promise<Rented[]> {
  const options = { signal };
  const group = await findGroup(effects.aws, region, name, options);
  const { LaunchTemplate: own, MixedInstancesPolicy: mixed, Instances: [running] = [] } = group ?? {};
  const first = mixed?.LaunchTemplate?.Overrides?.[0]?.InstanceType;
  const seen = running?.InstanceType ?? first;
  if (seen !== undefined) return [{ what: 'instance', class: seen, count: size }];
  const template = own ?? mixed?.LaunchTemplate?.LaunchTemplateSpecification;
  if (template?.LaunchTemplateId === undefined) return [{ what: 'instance', class: undefined, count: size }];
  const version = await findTemplateVersion(effects.aws, region, { LaunchTemplateId: template.LaunchTemplateId }, template.Version ?? '$Default', options);
  return [{ what: 'instance', class: version?.LaunchTemplateData?.InstanceType, count: size }];
}

export function twinGroupStep(ctx: DrillContext, region: string, of: string, size: number): StepDraft {
  const group = twinName(ctx, of, NAME_MAX);
  const own = [arnIn(region, 'autoscaling', ctx.account, `autoScalingGroup:*:autoScalingGroupName/${TWIN_NAMES}`)];
  const ec2 = (part: string) => arnIn(region, 'ec2', ctx.account, part);
  const parts = ['instance/*', 'volume/*', 'network-interface/*', 'security-group/*', 'key-pair/*', 'subnet/*', 'launch-template/*'].map(ec2);
  return {
    step: 'twinGroup',
    phase: 'compute',
    reversibility: 'compensable',
    title: `Launch ${size === 1 ? 'one instance' : `${size} instances`} as ${of} would, in ${group}`,
    params: { region, group, of, nobody: twinName(ctx, 'nobody', NAME_MAX), size } satisfies Params,
    controlPlanes: [`autoscaling@${region}`, `ec2@${region}`],
    permissions: [
      allow(['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeScalingActivities'], ['*']),
      allow(['autoscaling:CreateAutoScalingGroup', 'autoscaling:CreateOrUpdateTags', 'autoscaling:DeleteAutoScalingGroup'], own),
      // AWS asks it of anyone who names a launch template in a group.
      allow(['ec2:RunInstances'], [...parts, arnIn(region, 'ec2', '', 'image/*'), arnIn(region, 'ec2', '', 'snapshot/*')], { ArnLike: { 'ec2:LaunchTemplate': [ec2('launch-template/*')] } }),
      allow(['iam:PassRole'], [`arn:${partitionOf(region)}:iam::${ctx.account}:role/*`], { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com'] } }),
    ],
    estimate: { p50: 90, p95: 300, basis: 'launch of an instance; it is in no target group' },
    limitMs: 1_800_000,
    changes: [{ resource: resourceOf({ region, group }), field: TWIN, before: 'none', after: `${size === 1 ? 'one instance' : `${size} instances`} of the template of ${of}` }],
  };
}
