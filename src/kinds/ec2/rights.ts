import { allow, inRegion } from '../common.ts';
import type { PlanContext } from '../../model/kind.ts';
import type { Conditions, Permission } from '../../model/step.ts';
import type { Ec2Image } from './image-schema.ts';
import { COMPUTE_TAG, RUNBOOK_TAG } from './tags.ts';
import { arnIn } from '../../base/arn.ts';

/** Only instances that runs of this runbook have launched for this resource. */
export function launchedOnly(ctx: PlanContext, name: string): Conditions {
  return { StringEquals: { [`aws:ResourceTag/${RUNBOOK_TAG}`]: [ctx.runbook], [`aws:ResourceTag/${COMPUTE_TAG}`]: [name] } };
}

/**
 * A launch makes instances, volumes and interfaces, whose ids are new, and takes security groups and key from the
 * template: which, only the template knows. So it may be made from that template only, and with the tags of this runbook.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html
 */
export function launchRights(ctx: PlanContext, name: string, resource: Ec2Image): Permission[] {
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
