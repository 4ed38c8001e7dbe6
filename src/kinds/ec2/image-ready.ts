import { findTemplateVersion } from '../../aws/ec2.ts';
import { type Finding, findingOf } from '../../model/finding.ts';
import type { InspectContext, LaunchContext, Launches } from '../../model/kind.ts';
import { inRegion } from '../common.ts';
import { ifAllowed, looked } from '../inspect.ts';
import { keyFindings } from '../keys.ts';
import { launchPartFindings, reservationFindings, volumeKeys } from './launch-parts.ts';
import { imageRefusal, newestImage } from './image-gate.ts';
import { type Ec2Image, templateName } from './image-schema.ts';
import { ALIVE, existingIn, ourInstances } from './ours.ts';
import type { Looking } from '../../model/step.ts';

/* Can the instances be launched when they are needed? What the gate of a run refuses is not said again here. */

export function gateParams(name: string, resource: Ec2Image, region: string) {
  return {
    name,
    region,
    template: inRegion(resource.template, region),
    image: inRegion(resource.image, region),
    existing: existingIn(resource, region),
    subnets: resource.subnets?.[region] ?? [],
    ...(resource.maxAge === undefined ? {} : { maxAgeMs: resource.maxAge }),
  };
}

export async function inspectImage(ctx: InspectContext, name: string, resource: Ec2Image): Promise<Finding[]> {
  const found = await Promise.all([wayHome(ctx, name, resource), launchable(ctx, name, resource)]);
  return found.flat();
}

/** The region that is active now must be able to launch, too. */
function wayHome(ctx: InspectContext, name: string, resource: Ec2Image): Promise<Finding[]> {
  const about = { resource: `ec2:${ctx.source}:${name}`, region: ctx.source };
  return looked(about, async () => {
    const refusal = await imageRefusal(ctx, gateParams(name, resource, ctx.source));
    return refusal === undefined ? [] : [{ ...findingOf(refusal, about), severity: 'warning' }];
  });
}

function launchable(ctx: InspectContext, name: string, resource: Ec2Image): Promise<Finding[]> {
  const about = { resource: `ec2:${ctx.target}:${name}`, region: ctx.target };
  return ifAllowed(about, async () => {
    const [data, image, [asked]] = await Promise.all([templateData(ctx, ctx.target, resource), newestImage(ctx, gateParams(name, resource, ctx.target)), imageLaunches(ctx, name, resource)]);
    const keys = await volumeKeys(ctx, ctx.target, data, image);
    const reserved = data?.CapacityReservationSpecification?.CapacityReservationTarget?.CapacityReservationId;
    const looks = [
      launchPartFindings(ctx, about, data, name),
      ...keys.map((key) => keyFindings(ctx, about, key, `the volumes of ${name}`)),
      ...(reserved === undefined ? [] : [reservationFindings(ctx, about, { ids: [reserved], types: asked?.types ?? [], wanted: asked?.count })]),
    ];
    return (await Promise.all(looks)).flat();
  });
}

async function templateData(ctx: Looking, region: string, resource: Ec2Image) {
  const template = inRegion(resource.template, region);
  return (await findTemplateVersion(ctx.effects.aws, region, templateName(template), String(template.version), { signal: ctx.signal }))?.LaunchTemplateData;
}

/** What a failover would launch beside what is there, of the type of the template or one of `types`. @throws AwsError */
export async function imageLaunches(ctx: LaunchContext, name: string, resource: Ec2Image): Promise<Launches[]> {
  const region = ctx.target;
  const [data, there] = await Promise.all([templateData(ctx, region, resource), ourInstances(ctx, { name, region, existing: existingIn(resource, region) }, ALIVE)]);
  const types = [...new Set([...(data?.InstanceType === undefined ? [] : [data.InstanceType]), ...(resource.types ?? [])])];
  const count = resource.count - there.length;
  return data?.InstanceMarketOptions !== undefined || types.length === 0 || count <= 0 ? [] : [{ types, count }];
}
