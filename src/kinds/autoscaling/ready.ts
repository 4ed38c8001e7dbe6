import { findGroup, type Group, recentActivities, scheduledActions } from '../../aws/autoscaling.ts';
import { findImages, findTemplateVersion, type TemplateVersion } from '../../aws/ec2.ts';
import { imageState } from '../../aws/states/capacity.ts';
import { inRegion } from '../common.ts';
import { launchPartFindings, notOffered, reservationFindings, volumeKeys } from '../ec2/launch-parts.ts';
import { ifAllowed, lookedAll, peek } from '../inspect.ts';
import { groupKeyFindings } from '../keys.ts';
import { BALANCER_SLA, computeSla } from '../slas.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { InspectContext, LaunchContext, Launches, Sla } from '../../model/kind.ts';
import type { Looking, Warning } from '../../model/step.ts';
import { countOf, healthyCapacity } from './health.ts';
import { lastFailure } from './launches.ts';

/* Can the group grow, and would it be large enough? Its launch template and image are looked at: AWS says only when it launches that one of them is gone. */

const GUIDE = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide';

type LaunchData = NonNullable<TemplateVersion['LaunchTemplateData']>;

interface Sizes {
  min: number;
  desired: number;
  max: number;
}

interface Groups {
  groups: Readonly<Record<string, string>>;
  active: Sizes;
  standby: Sizes;
}

export async function inspectGroup(ctx: InspectContext, resource: Groups): Promise<Finding[]> {
  const at = (region: string) => ({ resource: `autoscaling:${region}:${inRegion(resource.groups, region)}`, region });
  const find = (region: string) => findGroup(ctx.effects.aws, region, inRegion(resource.groups, region), { signal: ctx.signal });
  const [here, there] = await Promise.all([peek(at(ctx.target), () => find(ctx.target)), peek(at(ctx.source), () => find(ctx.source))]);
  const group = here.value;
  const looks = group === undefined ? [] : [
    () => template(ctx, ctx.target, group),
    () => keys(ctx, ctx.target, group),
    () => parts(ctx, ctx.target, group),
    () => reservations(ctx, ctx.target, group, resource.active.desired),
    () => capacity(ctx, ctx.target, group),
    () => launches(ctx, ctx.target, group),
    () => schedule(ctx, ctx.target, group, resource.active),
    () => Promise.resolve(there.value === undefined ? [] : comparison(ctx, resource, group, there.value)),
  ];
  return [...here.findings, ...there.findings, ...(await lookedAll(at(ctx.target), looks))];
}

function aboutGroup(region: string, group: Group) {
  return { resource: `autoscaling:${region}:${group.AutoScalingGroupName ?? ''}`, region };
}

type TemplateSpec = ReturnType<typeof templatesOf>[number];

function versionOf(ctx: Looking, region: string, spec: TemplateSpec) {
  const which = spec?.LaunchTemplateId === undefined ? { LaunchTemplateName: spec?.LaunchTemplateName ?? '' } : { LaunchTemplateId: spec.LaunchTemplateId };
  return findTemplateVersion(ctx.effects.aws, region, which, spec?.Version ?? '$Default', { signal: ctx.signal });
}

function templatesOf(group: Group) {
  const mixed = group.MixedInstancesPolicy?.LaunchTemplate;
  const overrides = (mixed?.Overrides ?? []).map((override) => override.LaunchTemplateSpecification);
  return [group.LaunchTemplate, mixed?.LaunchTemplateSpecification, ...overrides].filter((one) => one?.LaunchTemplateId !== undefined || one?.LaunchTemplateName !== undefined);
}

async function template(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const { error } = finder(aboutGroup(region, group));
  const options = { signal: ctx.signal };
  const types: string[] = (group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? []).flatMap(({ InstanceType }) => InstanceType ?? []);
  const findings = await Promise.all(templatesOf(group).map(async (spec): Promise<Finding[]> => {
    const shown = `${spec?.LaunchTemplateId ?? spec?.LaunchTemplateName ?? ''} version ${spec?.Version ?? '$Default'}`;
    const found = await versionOf(ctx, region, spec);
    if (found === undefined) {
      return [error('launch-template', { observed: `${name} launches from the template ${shown}, which is not in ${region}`, wanted: 'a launch template that is there', consequence: 'no instance can be launched', mend: `aws ec2 describe-launch-template-versions --region ${region}; then: aws autoscaling update-auto-scaling-group --region ${region} --auto-scaling-group-name ${name} --launch-template …`, page: `${GUIDE}/ts-as-launch-template.html` })];
    }
    types.push(...(found.LaunchTemplateData?.InstanceType === undefined ? [] : [found.LaunchTemplateData.InstanceType]));
    const id = found.LaunchTemplateData?.ImageId;
    // Another form of name, e.g. a parameter of Systems Manager, is resolved at the launch.
    if (id === undefined || !id.startsWith('ami-')) return [];
    const [image] = await findImages(ctx.effects.aws, region, { ImageIds: [id] }, options);
    if (image !== undefined && imageState(image.State).usable === 'yes') return [];
    const state = image === undefined ? `not in ${region}, or not shared with this account` : imageState(image.State).shown;
    return [error('launch-image', { observed: `the image ${id} of the launch template ${shown} is ${state}`, wanted: 'an image that is available', consequence: 'no instance can be launched', mend: `copy the image into ${region}: aws ec2 copy-image --region ${region} …, and make a new version of the template with it`, page: `${GUIDE}/ts-as-ami.html` })];
  }));
  if (group.LaunchConfigurationName !== undefined) {
    findings.push([finder(aboutGroup(region, group)).warning('launch-configuration', { observed: `${name} launches from the launch configuration ${group.LaunchConfigurationName}, at which nothing looks: whether its image, key pair, security groups and volumes are there is not known`, wanted: 'a launch template', consequence: 'AWS says only at a launch that a part of it is gone', mend: `make a launch template of it; then: aws autoscaling update-auto-scaling-group --region ${region} --auto-scaling-group-name ${name} --launch-template …`, page: `${GUIDE}/migrate-to-launch-templates.html` })]);
  }
  const zones = new Map((group.AvailabilityZones ?? []).map((zone) => [zone, types]));
  return [...findings.flat(), ...(await notOffered(ctx, aboutGroup(region, group), zones))];
}

async function launchData(ctx: Looking, region: string, group: Group) {
  const found = await Promise.all(templatesOf(group).map((spec) => versionOf(ctx, region, spec)));
  return found.flatMap((version) => version?.LaunchTemplateData ?? []);
}

async function keys(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const about = aboutGroup(region, group);
  return ifAllowed(about, async () => {
    const found = await Promise.all((await launchData(ctx, region, group)).map(async (data) => {
      const [image] = data.ImageId?.startsWith('ami-') === true ? await findImages(ctx.effects.aws, region, { ImageIds: [data.ImageId] }, { signal: ctx.signal }) : [];
      return volumeKeys(ctx, region, data, image);
    }));
    const each = [...new Set(found.flat())].map((key) => groupKeyFindings(ctx, about, key, `the volumes of ${group.AutoScalingGroupName ?? ''}`, group.ServiceLinkedRoleARN));
    return (await Promise.all(each)).flat();
  });
}

async function parts(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const data = await launchData(ctx, region, group);
  return (await Promise.all(data.map((one) => launchPartFindings(ctx, aboutGroup(region, group), one, name)))).flat();
}

async function reservations(ctx: InspectContext, region: string, group: Group, desired: number): Promise<Finding[]> {
  const about = aboutGroup(region, group);
  return ifAllowed(about, async () => {
    const own = group.CapacityReservationSpecification;
    const data = await launchData(ctx, region, group);
    const ofTemplates = data.flatMap(({ CapacityReservationSpecification: spec }) => spec?.CapacityReservationTarget?.CapacityReservationId ?? []);
    const ids = [...new Set(own?.CapacityReservationTarget?.CapacityReservationIds ?? ofTemplates)];
    const [asked] = asksFor(group, data, desired);
    const bound = [own, ...data.map(({ CapacityReservationSpecification: spec }) => spec)].find((spec) => spec?.CapacityReservationPreference === 'capacity-reservations-only');
    if (ids.length === 0 && bound !== undefined) {
      const where = bound.CapacityReservationTarget === undefined ? 'any open one that fits' : 'those of a resource group';
      return [finder(about).warning('capacity-reservation', { observed: `${group.AutoScalingGroupName ?? ''} launches into capacity reservations only, ${where}: whether there is room in them is not known`, wanted: 'reservations that are named by their ids', consequence: 'without room in them nothing is launched', mend: `aws ec2 describe-capacity-reservations --region ${region} --filters Name=state,Values=active shows the room`, page: `${GUIDE}/use-ec2-capacity-reservations.html` })];
    }
    return reservationFindings(ctx, about, { ids, types: asked?.types ?? [], wanted: asked?.count, preferred: own?.CapacityReservationPreference === 'capacity-reservations-first' });
  });
}

/** The instances that a group would launch on demand to get there; none where it counts in units, or launches Spot Instances: what AWS chooses then nobody knows before. */
function asksFor(group: Group, data: readonly LaunchData[], desired: number): Launches[] {
  const { LaunchTemplate: template, InstancesDistribution: share } = group.MixedInstancesPolicy ?? {};
  const overrides = template?.Overrides ?? [];
  const weighed = overrides.some(({ WeightedCapacity }) => WeightedCapacity !== undefined) || (group.DesiredCapacityType ?? 'units') !== 'units';
  const spot = (share?.OnDemandPercentageAboveBaseCapacity ?? 100) < 100 || data.some(({ InstanceMarketOptions }) => InstanceMarketOptions !== undefined);
  const named = overrides.flatMap(({ InstanceType }) => InstanceType ?? []);
  const types: string[] = named.length > 0 ? named : data.flatMap(({ InstanceType }) => InstanceType ?? []);
  const count = desired - group.Instances.length;
  return weighed || spot || types.length === 0 || count <= 0 ? [] : [{ types, count }];
}

export async function groupLaunches(ctx: LaunchContext, resource: Groups): Promise<Launches[]> {
  const group = await findGroup(ctx.effects.aws, ctx.target, inRegion(resource.groups, ctx.target), { signal: ctx.signal });
  return group === undefined ? [] : asksFor(group, await launchData(ctx, ctx.target, group), resource.active.desired);
}

async function capacity(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const { warning } = finder(aboutGroup(region, group));
  const findings: Finding[] = [];
  if ((group.TargetGroupARNs ?? []).length === 0) {
    const { rule, ...said } = noTargetGroup(region, name);
    findings.push(warning(rule, said));
  }
  const serving = await healthyCapacity(ctx, region, group);
  if (serving.units < group.DesiredCapacity) {
    const why = serving.why === '' ? '' : `; ${serving.why}`;
    findings.push(warning('standby-capacity', { observed: `${name}: ${countOf(group, serving, group.DesiredCapacity)} are ${serving.where}${why}`, wanted: `${group.DesiredCapacity} that are healthy, as the group is set`, consequence: 'what does not serve now will not serve in a failover', mend: `aws autoscaling describe-scaling-activities --region ${region} --auto-scaling-group-name ${name} --max-items 5`, page: `${GUIDE}/CHAP_Troubleshooting.html` }));
  }
  return findings;
}

export function noTargetGroup(region: string, group: string): Warning {
  return {
    rule: 'target-group',
    observed: `${group} feeds no target group: health is the instances' own`,
    wanted: 'a target group whose health checks say that the application answers',
    mend: `aws autoscaling attach-load-balancer-target-groups --region ${region} --auto-scaling-group-name ${group} --target-group-arns …`,
    page: `${GUIDE}/autoscaling-load-balancer.html`,
  };
}

async function schedule(ctx: InspectContext, region: string, group: Group, active: Sizes): Promise<Finding[]> {
  const about = aboutGroup(region, group);
  return ifAllowed(about, async () => (await scheduleWarnings(ctx, region, group.AutoScalingGroupName ?? '', active)).map(({ rule, ...said }) => finder(about).warning(rule, said)));
}

/** Scheduled actions that make the group smaller than the active side has to be, e.g. at night. When they are next due only AWS knows. @throws AwsError */
export async function scheduleWarnings(ctx: Looking, region: string, name: string, active: Sizes): Promise<Warning[]> {
  const smaller = (await scheduledActions(ctx.effects.aws, region, name, { signal: ctx.signal })).filter(({ MinSize: min, DesiredCapacity: desired, MaxSize: max }) => (min ?? active.min) < active.min || (desired ?? active.min) < active.min || (max ?? active.desired) < active.desired);
  if (smaller.length === 0) return [];
  const size = (what: string, value: number | undefined): string[] => (value === undefined ? [] : [`${what} ${value}`]);
  const words = smaller.slice(0, 3).map(({ ScheduledActionName: action = '', MinSize, DesiredCapacity, MaxSize, Recurrence, StartTime }) => `${action} sets ${[...size('min', MinSize), ...size('desired', DesiredCapacity), ...size('max', MaxSize)].join(', ')} (${Recurrence ?? StartTime?.toISOString() ?? 'at a time that AWS does not show'})`);
  return [{
    rule: 'scheduled-scaling',
    observed: `scheduled actions make ${name} smaller than the active side is to be: ${words.join('; ')}${smaller.length > 3 ? `; and ${smaller.length - 3} more` : ''}`,
    wanted: `no schedule that sets less than ${active.min} while users are here`,
    mend: `once the application is active here: aws autoscaling suspend-processes --region ${region} --auto-scaling-group-name ${name} --scaling-processes ScheduledActions`,
    page: `${GUIDE}/ec2-auto-scaling-scheduled-scaling.html`,
  }];
}

async function launches(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const failure = lastFailure(await recentActivities(ctx.effects.aws, region, name, { signal: ctx.signal }));
  if (failure === undefined) return [];
  const { warning } = finder(aboutGroup(region, group));
  return [warning('launch-failed', { observed: `the last launch of ${name} failed: ${failure}`, wanted: 'launches that succeed', consequence: 'a failover would wait for instances that do not come', mend: 'correct what AWS names', page: `${GUIDE}/CHAP_Troubleshooting.html` })];
}

function comparison(ctx: InspectContext, { active }: Groups, group: Group, source: Group): Finding[] {
  const name = group.AutoScalingGroupName ?? '';
  const { warning } = finder(aboutGroup(ctx.target, group));
  const findings: Finding[] = [];
  if (source.DesiredCapacity > active.desired) {
    findings.push(warning('active-size', { observed: `${source.AutoScalingGroupName ?? ''} in ${ctx.source} wants ${source.DesiredCapacity} now, and the runbook brings up ${active.desired}`, wanted: 'at least what serves users now', consequence: 'the recovered application would be smaller than the one that was lost', mend: 'raise `active` of the group in the runbook' }));
  }
  const [zones, others] = [group.AvailabilityZones?.length ?? 0, source.AvailabilityZones?.length ?? 0];
  if (zones > 0 && zones < others && zones < 2) {
    findings.push(warning('zones', { observed: `${name} launches in ${zones} zone, and the active side in ${others}`, wanted: 'two zones or more', consequence: 'a shortage in one zone, or its loss, stops the recovery', mend: `aws autoscaling update-auto-scaling-group --region ${ctx.target} --auto-scaling-group-name ${name} --vpc-zone-identifier …`, page: `${GUIDE}/auto-scaling-benefits.html` }));
  }
  return findings;
}

export function groupSlas(group: Group | undefined): Sla[] {
  if (group === undefined) return [];
  return [computeSla(group.AvailabilityZones?.length ?? 0), ...((group.TargetGroupARNs ?? []).length > 0 ? [BALANCER_SLA] : [])];
}
