import { findGroup, type Group, recentActivities } from '../../aws/autoscaling.ts';
import { findImages, findTemplateVersion } from '../../aws/ec2.ts';
import { imageState } from '../../aws/states/ec2.ts';
import { inRegion } from '../common.ts';
import { notOffered } from '../ec2/offered.ts';
import { lookedAll, peek } from '../inspect.ts';
import { BALANCER_SLA, computeSla } from '../slas.ts';
import { finder, type Finding } from '../../model/finding.ts';
import type { InspectContext, Sla } from '../../model/kind.ts';
import type { Warning } from '../../model/step.ts';
import { countOf, healthyCapacity } from './health.ts';
import { lastFailure } from './launches.ts';

/*
 * Can the group grow, and would it be large enough? Its launch template and image are looked at: AWS says only when it launches that
 * one of them is gone.
 */

const GUIDE = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide';

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
    () => capacity(ctx, ctx.target, group),
    () => launches(ctx, ctx.target, group),
    () => Promise.resolve(there.value === undefined ? [] : comparison(ctx, resource, group, there.value)),
  ];
  return [...here.findings, ...there.findings, ...(await lookedAll(at(ctx.target), looks))];
}

/** The templates that a group launches from. */
function templatesOf(group: Group) {
  const mixed = group.MixedInstancesPolicy?.LaunchTemplate;
  const overrides = (mixed?.Overrides ?? []).map((override) => override.LaunchTemplateSpecification);
  return [group.LaunchTemplate, mixed?.LaunchTemplateSpecification, ...overrides].filter((one) => one?.LaunchTemplateId !== undefined || one?.LaunchTemplateName !== undefined);
}

async function template(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const { error } = finder({ resource: `autoscaling:${region}:${name}`, region });
  const options = { signal: ctx.signal };
  const types: string[] = (group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? []).flatMap(({ InstanceType }) => InstanceType ?? []);
  const findings = await Promise.all(templatesOf(group).map(async (spec): Promise<Finding[]> => {
    const which = spec?.LaunchTemplateId === undefined ? { LaunchTemplateName: spec?.LaunchTemplateName ?? '' } : { LaunchTemplateId: spec.LaunchTemplateId };
    const shown = `${spec?.LaunchTemplateId ?? spec?.LaunchTemplateName ?? ''} version ${spec?.Version ?? '$Default'}`;
    const found = await findTemplateVersion(ctx.effects.aws, region, which, spec?.Version ?? '$Default', options);
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
  const zones = new Map((group.AvailabilityZones ?? []).map((zone) => [zone, types]));
  return [...findings.flat(), ...(await notOffered(ctx, { resource: `autoscaling:${region}:${name}`, region }, zones))];
}

/** What it is to have now, in service and healthy. */
async function capacity(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const { warning } = finder({ resource: `autoscaling:${region}:${name}`, region });
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

async function launches(ctx: InspectContext, region: string, group: Group): Promise<Finding[]> {
  const name = group.AutoScalingGroupName ?? '';
  const failure = lastFailure(await recentActivities(ctx.effects.aws, region, name, { signal: ctx.signal }));
  if (failure === undefined) return [];
  const { warning } = finder({ resource: `autoscaling:${region}:${name}`, region });
  return [warning('launch-failed', { observed: `the last launch of ${name} failed: ${failure}`, wanted: 'launches that succeed', consequence: 'a failover would wait for instances that do not come', mend: 'correct what AWS names', page: `${GUIDE}/CHAP_Troubleshooting.html` })];
}

/** Of the two sides, and of what the runbook asks for. */
function comparison(ctx: InspectContext, { active }: Groups, group: Group, source: Group): Finding[] {
  const name = group.AutoScalingGroupName ?? '';
  const { warning } = finder({ resource: `autoscaling:${ctx.target}:${name}`, region: ctx.target });
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

/** Of its instances, and of the load balancer that they stand behind. */
export function groupSlas(group: Group | undefined): Sla[] {
  if (group === undefined) return [];
  return [computeSla(group.AvailabilityZones?.length ?? 0), ...((group.TargetGroupARNs ?? []).length > 0 ? [BALANCER_SLA] : [])];
}
