import * as z from 'zod';
import { type Ec2Instance, type Filter, findInstances, findTemplateVersion } from '../../aws/ec2.ts';
import { targetHealth } from '../../aws/elbv2.ts';
import { instanceStatesWhere } from '../../aws/states/capacity.ts';
import { inRegion } from '../common.ts';
import type { StepContext } from '../../model/step.ts';
import { runOfTwin } from '../twins.ts';
import { type Ec2Image, templateName, templateSchema } from './image-schema.ts';
import { targetGroupArn } from './schema.ts';

/*
 * Which instances of a region are those of a compute resource: what runs launched, by their tags, and what was there
 * before, by what the runbook says of it. Of the latter only those that serve users count: what else was launched from the
 * same template, and waits for no target group, may be anything.
 */

/** How those are recognised that no run has launched. */
export const existingSchema = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('tag'), key: z.string(), value: z.string() }),
  z.strictObject({ by: z.literal('targets'), targetGroup: targetGroupArn }),
  z.strictObject({ by: z.literal('template'), template: templateSchema }),
]);
type Existing = z.infer<typeof existingSchema>;

export function existingIn(resource: Ec2Image, region: string): Existing {
  if (resource.existing !== undefined) return { by: 'tag', ...resource.existing };
  const targetGroup = resource.targets?.groups[region];
  return targetGroup === undefined ? { by: 'template', template: inRegion(resource.template, region) } : { by: 'targets', targetGroup };
}

/** AWS puts it on everything that is launched from a template: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instances-from-launch-template.html */
export const TEMPLATE_TAG = 'aws:ec2launchtemplate:id';
export const TEMPLATE_VERSION_TAG = 'aws:ec2launchtemplate:version';
export const GROUP_TAG = 'aws:autoscaling:groupName';

export function tagOf(instance: Ec2Instance, key: string): string | undefined {
  return instance.Tags?.find((tag) => tag.Key === key)?.Value;
}

/** A run of this runbook launched it for this resource. */
export function isLaunched(ctx: Pick<StepContext, 'runbook'>, name: string, instance: Ec2Instance): boolean {
  return tagOf(instance, RUNBOOK_TAG) === ctx.runbook && tagOf(instance, COMPUTE_TAG) === name;
}

/** Values of AWS's filter `instance-state-name`. */
export const RUNNING = instanceStatesWhere(({ running }) => running === 'yes');
export const ALIVE = instanceStatesWhere(({ alive }) => alive === 'yes');
export const GONE = instanceStatesWhere(({ gone }) => gone === 'yes');
export const NOT_GONE = instanceStatesWhere(({ gone }) => gone === 'no');

type Asking = Pick<StepContext, 'effects' | 'signal' | 'runbook'>;

interface Ours {
  name: string;
  region: string;
  existing: Existing;
}

/** Both sorts, once each, in the order of their ids. @throws AwsError */
export async function ourInstances(ctx: Asking, of: Ours, states: readonly string[]): Promise<Ec2Instance[]> {
  const options = { signal: ctx.signal };
  const filters = await existingFilters(ctx, of);
  const [launched, existing] = await Promise.all([
    findInstances(ctx.effects.aws, of.region, { Filters: launchedFilters(ctx.runbook, of.name, states) }, options),
    filters === undefined ? [] : findInstances(ctx.effects.aws, of.region, { Filters: [...filters, { Name: 'instance-state-name', Values: [...states] }] }, options),
  ]);
  // What a group launched is the group's: it would start another one in its place. The twin of a drill is gone soon, and serves nobody.
  const free = existing.filter((instance) => tagOf(instance, GROUP_TAG) === undefined && runOfTwin(instance.Tags) === undefined);
  const byId = new Map([...launched, ...free].map((instance) => [instance.InstanceId ?? '', instance]));
  return [...byId.values()].toSorted((a, b) => ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1));
}

/** Undefined when there can be none. */
async function existingFilters(ctx: Asking, { region, existing }: Ours): Promise<Filter[] | undefined> {
  const options = { signal: ctx.signal };
  switch (existing.by) {
    case 'tag':
      return [{ Name: `tag:${existing.key}`, Values: [existing.value] }];
    case 'targets': {
      const targets = await targetHealth(ctx.effects.aws, region, existing.targetGroup, options);
      // A target may be an address as well. One that is being deregistered is there for a while only.
      const ids = targets.filter(({ id, state }) => id.startsWith('i-') && state.leaving !== true).map(({ id }) => id);
      return ids.length === 0 ? undefined : [{ Name: 'instance-id', Values: ids }];
    }
    case 'template': {
      const { template } = existing;
      const id = template.id ?? (await findTemplateVersion(ctx.effects.aws, region, templateName(template), String(template.version), options))?.LaunchTemplateId;
      return id === undefined ? undefined : [{ Name: `tag:${TEMPLATE_TAG}`, Values: [id] }];
    }
  }
}

/** Tags by which instances are known again that a run has launched. */
export const RUNBOOK_TAG = 'dr:runbook';
export const COMPUTE_TAG = 'dr:compute';

export function launchedTags(runbook: string, name: string): { Key: string; Value: string }[] {
  return [
    { Key: RUNBOOK_TAG, Value: runbook },
    { Key: COMPUTE_TAG, Value: name },
  ];
}

export function launchedFilters(runbook: string, name: string, states: readonly string[]): Filter[] {
  return [
    { Name: `tag:${RUNBOOK_TAG}`, Values: [runbook] },
    { Name: `tag:${COMPUTE_TAG}`, Values: [name] },
    { Name: 'instance-state-name', Values: [...states] },
  ];
}
