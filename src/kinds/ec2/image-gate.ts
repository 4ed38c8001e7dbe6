import * as z from 'zod';
import { findImages, findTemplateVersion, type Image, type TemplateVersion } from '../../aws/ec2.ts';
import { imageState } from '../../aws/states/capacity.ts';
import { formatDuration } from '../../base/duration.ts';
import { refused, regionName, stepKind } from '../common.ts';
import { fact, type FactSource } from '../../model/fact.ts';
import type { Looking, Refusal, Verdict, Warning } from '../../model/step.ts';
import { imageSchema, templateName, templateSchema } from './image-schema.ts';
import { brief } from './launch-reasons.ts';
import { ALIVE, existingSchema, ourInstances } from './ours.ts';

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  template: templateSchema,
  image: imageSchema,
  existing: existingSchema,
  /** Subnets in which the instances are launched; without: where the template says, else in a default subnet. */
  subnets: z.array(z.string()).optional(),
  maxAgeMs: z.number().positive().optional(),
});
type Params = z.infer<typeof params>;

const choiceSchema = z.strictObject({
  image: z.string(),
  /** The version that `$Default` stood for when it was chosen. */
  version: z.string(),
  /** Part of the client tokens of this run's launches. */
  token: z.string(),
});

const launchFact = fact('launch', choiceSchema);

export function readLaunch(from: FactSource, name: string): z.infer<typeof choiceSchema> | undefined {
  return launchFact.read(from, name);
}

function createdAt(image: Image): number {
  return Date.parse(image.CreationDate ?? '');
}

/** The newest image that fits, and can be used; undefined where there is none. @throws AwsError */
export async function newestImage(ctx: Looking, p: Pick<Params, 'image' | 'region'>): Promise<Image | undefined> {
  const { id, name, tag } = p.image;
  const filters = [
    ...(name === undefined ? [] : [{ Name: 'name', Values: [name] }]),
    ...(tag === undefined ? [] : [{ Name: `tag:${tag.key}`, Values: [tag.value] }]),
  ];
  const which = id === undefined ? { Owners: ['self'], Filters: filters } : { ImageIds: [id] };
  const found = await findImages(ctx.effects.aws, p.region, which, { signal: ctx.signal });
  // One that is still being copied is newer, and of no use.
  const usable = id === undefined ? found.filter((image) => imageState(image.State).usable === 'yes') : found;
  return usable.toSorted((a, b) => createdAt(b) - createdAt(a))[0];
}

type Choice = { image: string; version: string; because: string; warnings: Warning[] };

async function decide(ctx: Looking, p: Params): Promise<Choice | Extract<Verdict, { state: 'refused' }>> {
  const [image, version] = await Promise.all([
    newestImage(ctx, p),
    findTemplateVersion(ctx.effects.aws, p.region, templateName(p.template), String(p.template.version), { signal: ctx.signal }),
  ]);
  const refuse = (observed: string, threshold: string, override: string) =>
    refused({ rule: 'image', observed, threshold, consequence: `${p.name} could not be launched in ${p.region}, or not as it runs now`, override });
  const wanted = p.image.id ?? [p.image.name, p.image.tag === undefined ? undefined : `${p.image.tag.key}=${p.image.tag.value}`].filter((t) => t !== undefined).join(', ');
  if (version?.VersionNumber === undefined) {
    const name = p.template.id ?? p.template.name ?? '';
    return refuse(`${p.region} has no launch template ${name} with version ${p.template.version}`, 'a launch template', `none: aws ec2 describe-launch-template-versions --region ${p.region}`);
  }
  if ((p.subnets ?? []).length > 0 && interfacesOf(version).length > 0) {
    return refuse(`version ${version.VersionNumber} of the launch template has network interfaces, and the runbook names subnets: EC2 takes only one of them in a launch`, 'subnets of the runbook, or network interfaces of the launch template', 'none: make a version of the template without network interfaces (their groups become its security groups), or take `subnets` out of the runbook and name the subnet in the interface');
  }
  if (image?.ImageId === undefined) return refuse(`${p.region} has no image ${wanted} that is available`, 'a copied image', `none: aws ec2 copy-image --region ${p.region} …`);
  const state = imageState(image.State);
  if (state.usable !== 'yes') {
    const reason = image.StateReason?.Message === undefined ? '' : `: ${brief(image.StateReason.Message)}`;
    const mend = state.coming === 'yes' ? 'none: wait until it is copied' : `none: copy the image into ${p.region} again, or name another one in the runbook`;
    return refuse(`the image ${image.ImageId} is ${state.shown}${reason}`, 'available', mend);
  }
  const ageMs = ctx.effects.clock.now() - createdAt(image);
  if (p.maxAgeMs !== undefined && !(ageMs <= p.maxAgeMs)) {
    const age = Number.isFinite(ageMs) ? `${formatDuration(ageMs)} old` : 'of unknown age';
    return refuse(`the image ${image.ImageId} is ${age}`, `at most ${formatDuration(p.maxAgeMs)} old`, `none: copy the current image into ${p.region}, or raise \`maxAge\` in the runbook`);
  }
  return { image: image.ImageId, version: String(version.VersionNumber), warnings: subnetWarnings(p, version), because: `${image.ImageId}${image.Name === undefined ? '' : ` (${image.Name})`}, ${ageWords(image, formatDuration(Math.max(0, ageMs)))}` };
}

/** The date of a copy is that of the copying: how old what was copied is AWS does not tell here. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/CopyingAMIs.html */
function ageWords({ SourceImageId: source }: Image, age: string): string {
  return source === undefined ? `${age} old` : `copied ${age} ago from ${source}`;
}

/** A request that has network interfaces, of its own or of its template, may name no subnet. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html */
function interfacesOf(version: TemplateVersion) {
  return version.LaunchTemplateData?.NetworkInterfaces ?? [];
}

/** Where nobody names a subnet EC2 takes a default one: an account that has deleted its default VPC has none. */
function subnetWarnings(p: Params, version: TemplateVersion): Warning[] {
  if ((p.subnets ?? []).length > 0 || interfacesOf(version).some(({ SubnetId, NetworkInterfaceId }) => SubnetId !== undefined || NetworkInterfaceId !== undefined)) return [];
  return [{ rule: 'launch-subnet', observed: `neither the runbook nor version ${version.VersionNumber ?? ''} of the launch template names a subnet for ${p.name}: EC2 launches in the default VPC of ${p.region}, and nothing where that was deleted`, wanted: 'a subnet that is named', mend: `name \`subnets\` of ${p.name} in the runbook`, page: 'https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html' }];
}

/** Why no instance could be launched with these; undefined where it could. @throws AwsError */
export async function imageRefusal(ctx: Looking, p: Params): Promise<Refusal | undefined> {
  const choice = await decide(ctx, p);
  return 'refusal' in choice ? choice.refusal : undefined;
}

/** Chooses the image and the version of the launch template. Records them as `launch.<compute>`. */
export const imageGate = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const choice = await decide(ctx, p);
    if ('refusal' in choice) return choice;
    const older = (await ourInstances(ctx, p, ALIVE)).filter((i) => i.ImageId !== choice.image);
    const warnings = [...choice.warnings, ...older.map((i) => ({ rule: 'image-older', observed: `${i.InstanceId ?? ''} runs ${i.ImageId ?? 'an unknown image'}, not ${choice.image}: it counts, and is not replaced`, wanted: `instances that run ${choice.image}`, mend: `aws ec2 terminate-instances --region ${p.region} --instance-ids ${i.InstanceId ?? ''}, so that a run launches it again; or accept what it runs` }))];
    return { state: 'ok', because: choice.because, ...(warnings.length === 0 ? {} : { warnings }) };
  },
  observe: async (ctx, p) => {
    const choice = await decide(ctx, p);
    if ('refusal' in choice) return choice;
    // Decided again after a crash: the same choice keeps its token, so that nothing is launched twice.
    const known = readLaunch(ctx, p.name);
    const same = known?.image === choice.image && known.version === choice.version;
    launchFact.record(ctx, p.name, { image: choice.image, version: choice.version, token: same ? known.token : ctx.effects.ids.hex(8) });
    return { state: 'reached', because: choice.because };
  },
});
