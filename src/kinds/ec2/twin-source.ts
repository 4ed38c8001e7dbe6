import * as z from 'zod';
import { type Ec2Instance, findImages, findInstances, findTemplateVersion, type Image, type TemplateVersion } from '../../aws/ec2.ts';
import { ec2InstanceState, imageState } from '../../aws/states/capacity.ts';
import type { Looking, Refusal, StepContext } from '../../model/step.ts';
import { newestImage, readLaunch } from './image-gate.ts';
import { imageSchema, templateName, templateSchema } from './image-schema.ts';
import type { LaunchWish } from './launch-request.ts';
import { instanceId, instanceType } from './schema.ts';

/* What twins of instances are launched from: template and image of a failover, or what stopped instances have; what is on their disks is on no image. */

const twinSource = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('template'), template: templateSchema, image: imageSchema, subnets: z.array(z.string()) }),
  z.strictObject({ by: z.literal('instances'), ids: z.array(instanceId).min(1) }),
]);

export const twinParts = { name: z.string(), region: z.string(), from: twinSource, size: z.int().min(1), types: z.array(instanceType) };
type Parts = z.infer<z.ZodObject<typeof twinParts>>;
type Made = Omit<LaunchWish, 'tags' | 'token'>;

/** The originals, in the order of the runbook, that nobody has terminated. @throws AwsError where one does not exist */
async function originals(ctx: Looking, region: string, ids: readonly string[]): Promise<Ec2Instance[]> {
  const found = await findInstances(ctx.effects.aws, region, { InstanceIds: [...ids] }, { signal: ctx.signal });
  return found.filter((instance) => ec2InstanceState(instance).gone === 'no').toSorted((a, b) => ids.indexOf(a.InstanceId ?? '') - ids.indexOf(b.InstanceId ?? ''));
}

/** The requests that make the twins; of stopped instances one for each. @throws Error where the gate has chosen nothing, or an original is gone */
export async function twinLaunches(ctx: StepContext, p: Parts): Promise<Made[]> {
  // Whatever a template says: nobody could delete a twin that is protected.
  const deletable = { DisableApiTermination: false };
  if (p.from.by === 'template') {
    const choice = readLaunch(ctx, p.name);
    if (choice === undefined) throw new Error(`no image of ${p.name} was chosen`);
    const what = { LaunchTemplate: { ...templateName(p.from.template), Version: choice.version }, ImageId: choice.image, ...deletable };
    return [{ region: p.region, what, count: p.size, types: [undefined, ...p.types], subnets: p.from.subnets.length === 0 ? [undefined] : p.from.subnets }];
  }
  const found = (await originals(ctx, p.region, p.from.ids)).slice(0, p.size);
  if (found.length < p.size) throw new Error(`${p.size} instances of ${p.name} are not in ${p.region} any more`);
  return found.map((instance) => {
    const { ImageId, SubnetId, InstanceType: own } = instance;
    if (ImageId === undefined || SubnetId === undefined || own === undefined) throw new Error(`${instance.InstanceId ?? ''} does not show its image, subnet and type any more`);
    return { region: p.region, what: { ImageId, SecurityGroupIds: groupsOf(instance), ...deletable }, count: 1, types: [own, ...p.types.filter((type) => type !== own)], subnets: [SubnetId] };
  });
}

function groupsOf({ SecurityGroups: groups = [] }: Ec2Instance): string[] {
  return groups.flatMap(({ GroupId }) => GroupId ?? []);
}

/** Why no twin can be launched from it, or none of which nothing would stay; undefined where one can. @throws AwsError */
export async function unfitSource(ctx: Looking, p: Parts): Promise<Refusal | undefined> {
  const options = { signal: ctx.signal };
  if (p.from.by === 'template') {
    const { template } = p.from;
    const [version, image] = await Promise.all([findTemplateVersion(ctx.effects.aws, p.region, templateName(template), String(template.version), options), newestImage(ctx, { region: p.region, image: p.from.image })]);
    // That they are there is asked by the gate.
    return notWhollyGone(p, template.id ?? template.name ?? '', version?.LaunchTemplateData, image);
  }
  const found = (await originals(ctx, p.region, p.from.ids)).slice(0, p.size);
  if (found.length < p.size) return noTwin(p, { rule: 'twin-source', observed: `${found.length} of ${p.from.ids.length} instances of ${p.name} are there`, threshold: 'instances that can be started', override: 'none: correct `instances` in the runbook' });
  for (const instance of found) {
    const { InstanceId: id = '', ImageId: ami, SubnetId: subnet } = instance;
    if (ami === undefined || subnet === undefined || groupsOf(instance).length === 0) return noTwin(p, { rule: 'twin-source', observed: `${id} does not show its image, its subnet and its security groups`, threshold: 'an instance that shows how it was launched', override: ASK_ONLY });
    const [image] = await findImages(ctx.effects.aws, p.region, { ImageIds: [ami] }, options);
    const state = image === undefined ? undefined : imageState(image.State);
    if (state?.usable !== 'yes') return noTwin(p, { rule: 'twin-source', observed: `the image ${ami} of ${id} is ${state === undefined ? 'not there any more' : state.shown}`, threshold: 'an image from which an instance can be launched', override: ASK_ONLY });
    const stays = notWhollyGone(p, ami, undefined, image);
    if (stays !== undefined) return stays;
  }
  return undefined;
}

const ASK_ONLY = 'none: `drill: { capacity: none }` in the runbook launches nothing, and asks AWS whether it might';

function noTwin({ name }: Parts, said: Omit<Refusal, 'consequence'>): Refusal {
  return { ...said, consequence: `the drill could launch no twin of ${name} and leave nothing` };
}

/**
 * What would be left of a twin that is terminated, or what only one instance can have. A root volume goes with its instance unless it is said
 * otherwise; of another volume it has to be said.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/preserving-volumes-on-termination.html
 */
function notWhollyGone(p: Parts, of: string, template: TemplateVersion['LaunchTemplateData'], image: Image | undefined): Refusal | undefined {
  const no = (observed: string, threshold: string) => noTwin(p, { rule: 'twin-leaves', observed, threshold, override: ASK_ONLY });
  const interfaces = template?.NetworkInterfaces ?? [];
  if (interfaces.some((one) => one.NetworkInterfaceId !== undefined || one.PrivateIpAddress !== undefined || (one.PrivateIpAddresses ?? []).length > 0)) {
    return no(`${of} names a network interface or an address, which only one instance can have`, 'a launch that takes nothing from a failover');
  }
  if (interfaces.some((one) => one.DeleteOnTermination === false)) return no(`${of} has a network interface that stays when its instance is terminated`, 'network interfaces that go with the twin');
  const said = new Map<string, boolean | undefined>();
  for (const { DeviceName: device = '', Ebs: ebs } of [...(image?.BlockDeviceMappings ?? []), ...(template?.BlockDeviceMappings ?? [])]) {
    if (ebs !== undefined) said.set(device, ebs.DeleteOnTermination ?? said.get(device));
  }
  const stays = [...said].filter(([device, goes]) => (device === image?.RootDeviceName ? goes === false : goes !== true)).map(([device]) => device);
  return stays.length === 0 ? undefined : no(`the volume ${stays.join(', ')} of ${of} stays when its instance is terminated, or nothing says that it goes`, 'volumes that go with the twin');
}
