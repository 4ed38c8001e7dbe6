import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputIfThere, outputOf } from './call-options.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { listed } from './pages.ts';
import { ec2InstanceState, statusCheck } from './states/capacity.ts';

export type Ec2Instance = NonNullable<NonNullable<OutputOf<'ec2', 'DescribeInstances'>['Reservations']>[number]['Instances']>[number];
export type Image = NonNullable<OutputOf<'ec2', 'DescribeImages'>['Images']>[number];
export type TemplateVersion = NonNullable<OutputOf<'ec2', 'DescribeLaunchTemplateVersions'>['LaunchTemplateVersions']>[number];
export type Filter = NonNullable<InputOf<'ec2', 'DescribeInstances'>['Filters']>[number];

/** Instances by id, or by filters; an unknown id is an error of AWS. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
export function findInstances(aws: AwsCaller, region: string, which: { InstanceIds: string[] } | { Filters: Filter[] }, options?: CallOptions): Promise<Ec2Instance[]> {
  const request = { service: 'ec2', region, operation: 'DescribeInstances', input: which } as const;
  return listed(aws, request, ({ Reservations }) => Reservations?.flatMap(({ Instances = [] }) => Instances), options);
}

/** Which of the instances are up, and for people why others are not; empty where AWS shows nothing of them. */
export interface Up {
  ids: Set<string>;
  why: string;
}

/** The instances whose status checks have all passed. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html */
export async function instancesUp(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<Up> {
  if (ids.length === 0) return { ids: new Set(), why: '' };
  const input = { InstanceIds: [...ids] };
  const output = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeInstanceStatus', input }, options);
  const all = (output.InstanceStatuses ?? []).map((s) => {
    const running = ec2InstanceState({ State: s.InstanceState });
    // AWS checks the EBS volumes only of some instances.
    const volumes = statusCheck(s.AttachedEbsStatus?.Status);
    const checks = [['instance', statusCheck(s.InstanceStatus?.Status)], ['system', statusCheck(s.SystemStatus?.Status)], ...(s.AttachedEbsStatus === undefined || volumes.none === true ? [] : [['attached EBS', volumes] as const])] as const;
    const failing = checks.filter(([, check]) => check.passed !== 'yes').map(([what, check]) => `its ${what} check is ${check.shown}`);
    return { id: s.InstanceId ?? '', up: running.running === 'yes' && failing.length === 0, why: running.running === 'yes' ? failing.join(', ') : running.shown };
  });
  const down = all.filter(({ up }) => !up);
  const more = down.length > 2 ? `, and ${down.length - 2} more` : '';
  return { ids: new Set(all.flatMap(({ id, up }) => (up ? [id] : []))), why: `${down.slice(0, 2).map(({ id, why }) => `${id}: ${why}`).join('; ')}${more}` };
}

/** Images of the account, by id or by filters; none for an id that does not exist. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html */
export async function findImages(
  aws: AwsCaller,
  region: string,
  which: { ImageIds: string[] } | { Owners: string[]; Filters: Filter[] },
  options?: CallOptions,
): Promise<Image[]> {
  return (await outputIfThere(aws, { service: 'ec2', region, operation: 'DescribeImages', input: which }, /^InvalidAMIID\./, options))?.Images ?? [];
}

/** One version of a launch template; undefined when there is none. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html */
export async function findTemplateVersion(
  aws: AwsCaller,
  region: string,
  template: { LaunchTemplateId: string } | { LaunchTemplateName: string },
  version: string,
  options?: CallOptions,
): Promise<TemplateVersion | undefined> {
  const input = { ...template, Versions: [version] };
  const request = { service: 'ec2', region, operation: 'DescribeLaunchTemplateVersions', input } as const;
  return (await outputIfThere(aws, request, /^InvalidLaunchTemplate/, options))?.LaunchTemplateVersions?.[0];
}

/**
 * The zones of a region that offer each of these instance types; a type that none offers is not in the map.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
 */
export async function zonesOffering(aws: AwsCaller, region: string, types: readonly string[], options?: CallOptions): Promise<Map<string, Set<string>>> {
  const offered = new Map<string, Set<string>>();
  if (types.length === 0) return offered;
  const input = { LocationType: 'availability-zone' as const, Filters: [{ Name: 'instance-type', Values: [...new Set(types)].sort() }] };
  const request = { service: 'ec2', region, operation: 'DescribeInstanceTypeOfferings', input } as const;
  // With what every answer has, see `answers.ts`.
  const found = await listed(aws, request, (output) => output.InstanceTypeOfferings as { InstanceType: string; Location: string }[], options);
  for (const { InstanceType: type, Location: zone } of found) offered.set(type, (offered.get(type) ?? new Set()).add(zone));
  return offered;
}

export interface GroupSeen {
  vpc: string | undefined;
  /** Inbound rules; undefined if AWS does not show them. */
  inbound: number | undefined;
}

/**
 * Each security group of these ids. A group that does not exist is not in the map.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
 */
export async function securityGroupsOf(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<Map<string, GroupSeen>> {
  const seen = new Map<string, GroupSeen>();
  // One by one: of several ids AWS names only the first that does not exist.
  for (const id of new Set(ids)) {
    const input = { GroupIds: [id] };
    const request = { service: 'ec2', region, operation: 'DescribeSecurityGroups', input } as const;
    const output = await outputIfThere(aws, request, /^InvalidGroup\.NotFound$/, options);
    const group = output?.SecurityGroups?.[0];
    if (group !== undefined) seen.set(id, { vpc: group.VpcId, inbound: group.IpPermissions?.length });
  }
  return seen;
}

/** The vCPUs of each instance type, as AWS makes it by default. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html */
export async function vcpusOf(aws: AwsCaller, region: string, types: readonly string[], options?: CallOptions): Promise<Map<string, number>> {
  const request = { service: 'ec2', region, operation: 'DescribeInstanceTypes' } as const;
  const names = [...new Set(types)].sort() as NonNullable<InputOf<'ec2', 'DescribeInstanceTypes'>['InstanceTypes']>;
  const vcpus = new Map<string, number>();
  // At most 100 names in one request.
  for (let at = 0; at < names.length; at += 100) {
    const output = await outputOf(aws, { ...request, input: { InstanceTypes: names.slice(at, at + 100) } }, options);
    // With what every answer has, see `answers.ts`.
    const found = output.InstanceTypes as { InstanceType: string; VCpuInfo: { DefaultVCpus: number } }[];
    for (const { InstanceType: type, VCpuInfo: info } of found) vcpus.set(type, info.DefaultVCpus);
  }
  return vcpus;
}

type CapacityReservation = NonNullable<OutputOf<'ec2', 'DescribeCapacityReservations'>['CapacityReservations']>[number];

/** Undefined when there is none. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeCapacityReservations.html */
export async function findReservation(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<CapacityReservation | undefined> {
  const input = { CapacityReservationIds: [id] };
  const request = { service: 'ec2', region, operation: 'DescribeCapacityReservations', input } as const;
  const output = await outputIfThere(aws, request, /^InvalidCapacityReservationId/, options);
  return output?.CapacityReservations?.find(({ CapacityReservationId }) => CapacityReservationId === id);
}

/** Whether a region has a key pair of that name. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html */
export async function hasKeyPair(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<boolean> {
  const input = { KeyNames: [name] };
  const request = { service: 'ec2', region, operation: 'DescribeKeyPairs', input } as const;
  return (await outputIfThere(aws, request, /^InvalidKeyPair\.NotFound$/, options)) !== undefined;
}

/**
 * The keys that snapshots are encrypted with; none for a snapshot that is not encrypted, or that this account may not see.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
 */
export async function snapshotKeys(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<string[]> {
  if (ids.length === 0) return [];
  const input = { SnapshotIds: [...ids] };
  const request = { service: 'ec2', region, operation: 'DescribeSnapshots', input } as const;
  const output = await outputIfThere(aws, request, /^InvalidSnapshot\.NotFound$/, options);
  return [...new Set((output?.Snapshots ?? []).flatMap(({ KmsKeyId }) => KmsKeyId ?? []))];
}

export type NetworkPath = NonNullable<OutputOf<'ec2', 'DescribeNetworkInsightsPaths'>['NetworkInsightsPaths']>[number];
export type NetworkAnalysis = NonNullable<OutputOf<'ec2', 'DescribeNetworkInsightsAnalyses'>['NetworkInsightsAnalyses']>[number];

/**
 * A path of Reachability Analyzer by its id; undefined when there is none.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html
 */
export async function findNetworkPath(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<NetworkPath | undefined> {
  const input = { NetworkInsightsPathIds: [id] };
  const request = { service: 'ec2', region, operation: 'DescribeNetworkInsightsPaths', input } as const;
  const output = await outputIfThere(aws, request, /^InvalidNetworkInsightsPathId\.NotFound$/, options);
  return output?.NetworkInsightsPaths?.find(({ NetworkInsightsPathId }) => NetworkInsightsPathId === id);
}

/**
 * Every analysis of a path, the newest first. AWS documents no order. One without a date is the oldest.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsAnalyses.html
 */
export async function analysesOf(aws: AwsCaller, region: string, path: string, options?: CallOptions): Promise<NetworkAnalysis[]> {
  const request = { service: 'ec2', region, operation: 'DescribeNetworkInsightsAnalyses', input: { NetworkInsightsPathId: path } } as const;
  const all = await listed(aws, request, ({ NetworkInsightsAnalyses }) => NetworkInsightsAnalyses, options);
  return all.toSorted((a, b) => (b.StartDate?.getTime() ?? 0) - (a.StartDate?.getTime() ?? 0));
}
