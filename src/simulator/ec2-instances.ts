import { createHash } from 'node:crypto';
import type { InputOf, OutputOf } from '../aws/operations.ts';
import { canonicalJson } from '../base/json.ts';
import type { Call, ServiceModel } from './call.ts';
import { instanceState, isShown, isUp, type Image, type Instance } from './instances.ts';
import { noKeyPair, snapshotOf } from './ec2-offerings.ts';
import type { LaunchTemplateSeed } from './seeds.ts';

type VersionView = NonNullable<OutputOf<'ec2', 'DescribeLaunchTemplateVersions'>['LaunchTemplateVersions']>[number];

const STATE_CODES = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 } as const;

/** Instances by id, and launches: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html */
export const instanceOperations = {
  DescribeInstanceStatus: {
    accepts: ['InstanceIds', 'IncludeAllInstances'],
    handle(input, call) {
      const found = findAll(input.InstanceIds ?? [], call, call.at);
      const shown = input.IncludeAllInstances === true ? found : found.filter((i) => instanceState(i, call.at) === 'running');
      return {
        InstanceStatuses: shown.map((i) => {
          const Status = isUp(i, call.at) ? 'ok' : instanceState(i, call.at) === 'running' ? 'initializing' : 'not-applicable';
          return { InstanceId: i.id, AvailabilityZone: i.zone, InstanceState: stateView(i, call.at), InstanceStatus: { Status }, SystemStatus: { Status } };
        }),
      };
    },
  },

  StartInstances: {
    accepts: ['InstanceIds', 'DryRun'],
    handle(input, call) {
      if (input.DryRun === true) throw dryRun(call);
      const found = findAll(input.InstanceIds ?? [], call);
      const gone = found.find((i) => i.terminated);
      if (gone !== undefined) throw wrongState(gone, 'started', call);
      const stopping = found.find((i) => instanceState(i, call.now) === 'stopping');
      if (stopping !== undefined) throw wrongState(stopping, 'started', call);
      const before = found.map((i) => stateView(i, call.now));
      const shortage = call.state.instances.start(found, call.now);
      if (shortage !== undefined) throw noCapacity(shortage, call);
      return { StartingInstances: changes(found, before, call) };
    },
  },

  StopInstances: {
    accepts: ['InstanceIds'],
    handle(input, call) {
      const found = findAll(input.InstanceIds ?? [], call);
      const gone = found.find((i) => i.terminated);
      if (gone !== undefined) throw wrongState(gone, 'stopped', call);
      const before = found.map((i) => stateView(i, call.now));
      call.state.instances.stop(found, call.now);
      return { StoppingInstances: changes(found, before, call) };
    },
  },

  TerminateInstances: {
    accepts: ['InstanceIds', 'DryRun'],
    handle(input, call) {
      if (input.DryRun === true) throw dryRun(call);
      const found = findAll(input.InstanceIds ?? [], call);
      const before = found.map((i) => stateView(i, call.now));
      const kept = found.find((i) => i.protected && !i.terminated);
      // Those in other zones than a protected one are terminated all the same.
      const zones = new Set(found.filter((i) => i.protected && !i.terminated).map(({ zone }) => zone));
      call.state.instances.terminate(found.filter(({ zone }) => !zones.has(zone)), call.now);
      if (kept !== undefined) throw call.error('OperationNotPermitted', 400, `The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`);
      return { TerminatingInstances: changes(found, before, call) };
    },
  },

  ModifyInstanceAttribute: {
    accepts: ['InstanceId', 'InstanceType'],
    handle(input, call) {
      const [instance] = findAll([input.InstanceId ?? ''], call);
      const type = input.InstanceType?.Value;
      if (instance === undefined || type === undefined) throw call.unsupported('an attribute other than InstanceType');
      if (instanceState(instance, call.now) !== 'stopped') throw call.error('IncorrectInstanceState', 400, `The instance '${instance.id}' is not in the 'stopped' state.`);
      call.state.instances.put({ ...instance, type }, call.now);
      return {};
    },
  },

  DescribeImages: {
    accepts: ['ImageIds', 'Owners', 'Filters'],
    handle(input, call) {
      const all = call.state.instances.imagesIn(call.region);
      const ids = input.ImageIds ?? [];
      const missing = ids.find((id) => !all.some((image) => image.id === id));
      if (missing !== undefined) throw noImage(ids.filter((id) => !all.some((image) => image.id === id)), call);
      const chosen = all.filter((image) => ids.length === 0 || ids.includes(image.id)).filter((image) => passes(image, input.Filters, call));
      return {
        Images: chosen.map((image) => ({
          ImageId: image.id,
          Name: image.name,
          State: image.state,
          CreationDate: new Date(image.createdAt).toISOString(),
          OwnerId: call.state.core.account,
          RootDeviceName: '/dev/xvda',
          BlockDeviceMappings: image.keyId === undefined ? [...image.devices] : [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotOf(image.id), Encrypted: true, DeleteOnTermination: true } }],
          Tags: Object.entries(image.tags).map(([Key, Value]) => ({ Key, Value })),
        })),
      };
    },
  },

  DescribeLaunchTemplateVersions: {
    accepts: ['LaunchTemplateId', 'LaunchTemplateName', 'Versions'],
    handle(input, call) {
      if (input.LaunchTemplateId === undefined && input.LaunchTemplateName === undefined) return { LaunchTemplateVersions: defaultVersions(input.Versions ?? [], call) };
      const template = findTemplate(input, call);
      const versions = (input.Versions ?? []).map((v) => (v === '$Default' || v === '$Latest' ? String(template.version ?? 1) : v));
      const wrong = versions.find((v) => v !== String(template.version ?? 1));
      if (wrong !== undefined) throw call.error('InvalidLaunchTemplateId.VersionNotFound', 400, `Could not find the specified version ${wrong} for the launch template with ID ${template.id}.`);
      return { LaunchTemplateVersions: [versionView(template)] };
    },
  },

  RunInstances: {
    accepts: ['LaunchTemplate', 'ImageId', 'InstanceType', 'SubnetId', 'SecurityGroupIds', 'DisableApiTermination', 'MinCount', 'MaxCount', 'ClientToken', 'TagSpecifications', 'DryRun'],
    handle(input, call) {
      if (input.DryRun === true) throw dryRun(call);
      const params = createHash('sha256').update(canonicalJson(input)).digest('hex');
      const key = `${call.region}/${input.ClientToken ?? ''}`;
      const known = input.ClientToken === undefined ? undefined : call.state.instances.launches.get(key);
      if (known !== undefined && known.params !== params) {
        throw call.error('IdempotentParameterMismatch', 400, 'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).');
      }
      const launched = known === undefined ? launch(input, call) : findAll(known.ids, call);
      if (launched.some(({ terminated }) => terminated)) {
        throw call.error('IdempotentInstanceTerminated', 400, 'The request to launch an instance uses the same client token as a previous request for which the instance has been terminated.');
      }
      if (input.ClientToken !== undefined) call.state.instances.launches.set(key, { params, ids: launched.map((i) => i.id) });
      return { ReservationId: launched[0]?.id.replace('i-', 'r-'), OwnerId: call.state.core.account, Instances: launched.map((i) => instanceView(i, call.now)) };
    },
  },
} satisfies Partial<ServiceModel<'ec2'>>;

/**
 * Of all templates: by `$Default` or `$Latest` alone. One page: the templates of a simulated world are few.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
 */
function defaultVersions(versions: readonly string[], call: Call): VersionView[] {
  const wrong = versions.find((version) => version !== '$Default' && version !== '$Latest');
  if (versions.length === 0 || wrong !== undefined) throw call.error('InvalidParameterCombination', 400, 'Without a launch template only $Latest and $Default can be asked for');
  return call.state.instances.templatesIn(call.region).map(versionView);
}

function versionView(template: LaunchTemplateSeed): VersionView {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: template.version ?? 1,
    DefaultVersion: true,
    LaunchTemplateData: { ...template.data, InstanceType: template.type as 'm6g.large', ...(template.imageId === undefined ? {} : { ImageId: template.imageId }) },
  };
}

function launch(input: InputOf<'ec2', 'RunInstances'>, call: Call): Instance[] {
  const { instances } = call.state;
  const template = input.LaunchTemplate === undefined ? undefined : findTemplate(input.LaunchTemplate, call);
  const image = instances.imagesIn(call.region).find((i) => i.id === (input.ImageId ?? template?.imageId));
  if (image === undefined) throw call.error('InvalidAMIID.NotFound', 400, `The image id '[${input.ImageId ?? ''}]' does not exist`);
  if (image.state !== 'available') throw call.error('InvalidAMIID.Unavailable', 400, `The image ID '${image.id}' is not available (${image.state}).`);
  const zone = input.SubnetId === undefined ? undefined : instances.zoneOf(call.region, input.SubnetId);
  if (input.SubnetId !== undefined && zone === undefined) throw call.error('InvalidSubnetID.NotFound', 400, `The subnet ID '${input.SubnetId}' does not exist`);
  refuseParts(template?.data, call);
  const strange = (input.SecurityGroupIds ?? template?.data?.SecurityGroupIds ?? []).find((id) => call.state.securityGroups.get(call.region, id) === undefined && !instances.hasSecurityGroup(call.region, id));
  if (strange !== undefined) throw call.error('InvalidGroup.NotFound', 400, `The security group '${strange}' does not exist`);
  const count = input.MaxCount ?? 1;
  if (input.MinCount !== count) throw call.unsupported('a MinCount other than MaxCount');
  // Of every template: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instances-from-launch-template.html
  const ofTemplate: Record<string, string> = template === undefined ? {} : { 'aws:ec2launchtemplate:id': template.id, 'aws:ec2launchtemplate:version': String(template.version ?? 1) };
  const asked = Object.fromEntries((input.TagSpecifications ?? []).flatMap((s) => (s.Tags ?? []).map((t) => [t.Key ?? '', t.Value ?? ''])));
  const tags = { ...asked, ...ofTemplate };
  // The default of AWS is another type; the tool always says one.
  const type = input.InstanceType ?? template?.type;
  if (type === undefined) throw call.unsupported('a launch without a type');
  // What the request says takes the place of what the template says: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instances-from-launch-template.html
  const isProtected = input.DisableApiTermination ?? template?.data?.DisableApiTermination ?? false;
  const wish = { region: call.region, zone, subnet: input.SubnetId, securityGroups: input.SecurityGroupIds, type, imageId: image.id, count, token: input.ClientToken, protected: isProtected, tags };
  const fresh = instances.run(wish, call.now);
  if (!Array.isArray(fresh)) throw noCapacity(fresh, call);
  return fresh;
}

/**
 * What a template names is looked for when it launches. EC2 says so of a profile in these words; its list of errors has no code of its own for it.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html
 */
function refuseParts(data: LaunchTemplateSeed['data'], call: Call): void {
  const { KeyName: key, IamInstanceProfile: named } = data ?? {};
  if (key !== undefined && call.state.keyPairs.get(call.region, key) === undefined) throw noKeyPair([key], call);
  const profile = named?.Name ?? named?.Arn?.split('/').at(-1);
  if (profile === undefined) return;
  const found = call.state.profiles.get(profile);
  if (found === undefined) throw call.error('InvalidParameterValue', 400, `Value (${profile}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`);
  if (found.role === undefined) throw call.error('InvalidParameterValue', 400, `IAM Instance Profile "${profile}" has no associated IAM Roles`);
}

function findTemplate(named: { LaunchTemplateId?: string | undefined; LaunchTemplateName?: string | undefined }, call: Call) {
  const name = named.LaunchTemplateId ?? named.LaunchTemplateName ?? '';
  const template = call.state.instances.template(call.region, name);
  if (template !== undefined) return template;
  if (named.LaunchTemplateId === undefined) {
    throw call.error('InvalidLaunchTemplateName.NotFoundException', 400, `The specified launch template, with template name ${name}, does not exist.`);
  }
  throw call.error('InvalidLaunchTemplateId.NotFound', 400, `The specified launch template, with template ID ${name}, does not exist.`);
}

/** As EC2 says it: ids that cannot be ones are malformed, several that are not there are named together. */
export function noInstance(ids: readonly string[], call: Call): Error {
  const odd = ids.find((id) => !/^i-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id));
  if (odd !== undefined) return call.error('InvalidInstanceID.Malformed', 400, `Invalid id: "${odd}"`);
  return call.error('InvalidInstanceID.NotFound', 400, ids.length === 1 ? `The instance ID '${ids[0] ?? ''}' does not exist` : `The instance IDs '${ids.join(', ')}' do not exist`);
}

function noImage(ids: readonly string[], call: Call): Error {
  const odd = ids.find((id) => !/^ami-[0-9a-f]{8}(?:[0-9a-f]{9})?$/.test(id));
  if (odd !== undefined) return call.error('InvalidAMIID.Malformed', 400, `Invalid id: "${odd}" (expecting "ami-...")`);
  return call.error('InvalidAMIID.NotFound', 400, ids.length === 1 ? `The image id '[${ids[0] ?? ''}]' does not exist` : `The image ids '[${ids.join(', ')}]' do not exist`);
}

/**
 * Only the rights are looked at, which a fault may take too: whether the rest of the request would do is not documented.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
 */
function dryRun(call: Call): Error {
  if (call.state.policies.decide(`ec2:${call.operation}`) !== 'allowed') return call.error('UnauthorizedOperation', 403, `You are not authorized to perform this operation. User is not authorized to perform: ec2:${call.operation}`);
  return call.error('DryRunOperation', 412, 'Request would have succeeded, but DryRun flag is set.');
}

function findAll(ids: readonly string[], call: Call, at?: number): Instance[] {
  if (ids.length === 0) throw call.unsupported('a call that names no instance');
  const found = ids.map((id) => {
    const instance = call.state.instances.get(call.region, id, at);
    return instance !== undefined && isShown(instance, at ?? call.now) ? instance : undefined;
  });
  const missing = ids.find((_, i) => found[i] === undefined);
  if (missing !== undefined) throw noInstance(ids.filter((_, i) => found[i] === undefined), call);
  return found.filter((i) => i !== undefined);
}

/** EC2 answers 500, although nothing was started: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
function noCapacity(shortage: { zone: string; type: string }, call: Call) {
  return call.error(
    'InsufficientInstanceCapacity',
    500,
    `We currently do not have sufficient ${shortage.type} capacity in the Availability Zone you requested (${shortage.zone}).`,
  );
}

function wrongState(instance: Instance, verb: string, call: Call) {
  return call.error('IncorrectInstanceState', 400, `The instance '${instance.id}' is not in a state from which it can be ${verb}.`);
}

function stateView(instance: Instance, at: number): { Code: number; Name: keyof typeof STATE_CODES } {
  const Name = instanceState(instance, at);
  return { Code: STATE_CODES[Name], Name };
}

function changes(found: readonly Instance[], before: readonly { Code: number; Name: keyof typeof STATE_CODES }[], call: Call) {
  return found.map(({ id, region }, i) => {
    const now = call.state.instances.get(region, id);
    return { InstanceId: id, PreviousState: before[i], CurrentState: now === undefined ? undefined : stateView(now, call.now) };
  });
}

export function instanceView(instance: Instance, at: number) {
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    InstanceType: instance.type as 'm6g.large',
    State: stateView(instance, at),
    LaunchTime: new Date(instance.changedAt),
    Placement: { AvailabilityZone: instance.zone },
    SubnetId: instance.subnet,
    SecurityGroups: instance.securityGroups.map((GroupId) => ({ GroupId })),
    ...(instance.clientToken === undefined ? {} : { ClientToken: instance.clientToken }),
    Tags: Object.entries(instance.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

type Filters = readonly { Name?: string | undefined; Values?: string[] | undefined }[] | undefined;

const FILTERS = new Set(['name', 'instance-id', 'state', 'instance-state-name', 'client-token']);

export function refuseUnknownFilters(filters: Filters, call: Call): void {
  const unknown = filters?.find(({ Name = '' }) => !Name.startsWith('tag:') && !FILTERS.has(Name));
  if (unknown !== undefined) throw call.unsupported(`the filter ${unknown.Name ?? ''}`);
}

/** Whether something passes every filter; in a value `*` stands for any text and `?` for one character. */
export function passesFilters(filters: Filters, valueOf: (name: string) => string | undefined, call: Call): boolean {
  refuseUnknownFilters(filters, call);
  return (filters ?? []).every(({ Name = '', Values = [] }) => {
    const value = valueOf(Name);
    return Values.some((wanted) => value !== undefined && new RegExp(`^${wanted.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(value));
  });
}

function passes(image: Image, filters: Filters, call: Call): boolean {
  return passesFilters(filters, (name) => (name === 'name' ? image.name : name === 'state' ? image.state : image.tags[name.slice(4)]), call);
}
