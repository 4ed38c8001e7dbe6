import * as z from 'zod';
import { findGroup, type Group } from '../../aws/autoscaling.ts';
import type { Json } from '../../base/json.ts';
import type { StepDraft } from '../../model/kind.ts';
import { allow, regionName } from '../common.ts';
import { productionKind, productionStep } from '../production.ts';

const params = z.strictObject({ key: z.string(), groups: z.array(z.strictObject({ region: regionName, name: z.string() })) });
type Params = z.infer<typeof params>;

/** Without what scaling policies move: desired capacity and instances. */
function configuration(group: Group | undefined): Json {
  if (group === undefined) return 'not there';
  const { MinSize: min, MaxSize: max, LaunchTemplate: template, LaunchConfigurationName: launch, TargetGroupARNs: targets, VPCZoneIdentifier: subnets, SuspendedProcesses: suspended } = group;
  return {
    min,
    max,
    'launch template': template === undefined ? (launch ?? null) : `${template.LaunchTemplateId ?? ''} ${template.Version ?? ''}`,
    'target groups': [...(targets ?? [])].sort(),
    subnets: subnets ?? null,
    'suspended processes': (suspended ?? []).map(({ ProcessName }) => ProcessName ?? '').sort(),
  };
}

export const production = productionKind<Params>(params, (ctx, { groups }) =>
  Object.fromEntries(groups.map(({ region, name }) => [`${name} in ${region}`, async () => configuration(await findGroup(ctx.effects.aws, region, name, { signal: ctx.signal }))])),
);

export function groupProductionStep(name: string, groups: Readonly<Record<string, string>>): StepDraft {
  const all = Object.entries(groups).map(([region, group]) => ({ region, name: group }));
  return productionStep(`the compute ${name}`, { key: `compute.${name}`, groups: all } satisfies Params, [allow(['autoscaling:DescribeAutoScalingGroups'], ['*'])]);
}
