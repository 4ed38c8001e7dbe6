import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { AwsError } from './errors.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { allPages } from './pages.ts';
import { ec2InstanceState, statusCheck } from './states/capacity.ts';

export type Ec2Instance = NonNullable<NonNullable<OutputOf<'ec2', 'DescribeInstances'>['Reservations']>[number]['Instances']>[number];
export type Image = NonNullable<OutputOf<'ec2', 'DescribeImages'>['Images']>[number];
export type TemplateVersion = NonNullable<OutputOf<'ec2', 'DescribeLaunchTemplateVersions'>['LaunchTemplateVersions']>[number];
export type Filter = NonNullable<InputOf<'ec2', 'DescribeInstances'>['Filters']>[number];

/**
 * Instances by id, or by filters; an unknown id is an error of AWS.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 * @throws AwsError
 */
export async function findInstances(
  aws: AwsCaller,
  region: string,
  which: { InstanceIds: string[] } | { Filters: Filter[] },
  options?: CallOptions,
): Promise<Ec2Instance[]> {
  const request = { service: 'ec2', region, operation: 'DescribeInstances' } as const;
  return allPages(request, async (NextToken) => {
    const input = { ...which, ...(NextToken === undefined ? {} : { NextToken }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.Reservations?.flatMap((r) => r.Instances ?? []), next: output.NextToken };
  });
}

/** Which of the instances are up, and for people why others are not; empty where AWS shows nothing of them. */
export interface Up {
  ids: Set<string>;
  why: string;
}

/**
 * The instances whose both status checks have passed.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
 * @throws AwsError
 */
export async function instancesUp(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<Up> {
  if (ids.length === 0) return { ids: new Set(), why: '' };
  const input = { InstanceIds: [...ids] };
  const output = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeInstanceStatus', input }, options);
  const all = (output.InstanceStatuses ?? []).map((s) => {
    const running = ec2InstanceState({ State: s.InstanceState });
    const checks = [['instance', statusCheck(s.InstanceStatus?.Status)], ['system', statusCheck(s.SystemStatus?.Status)]] as const;
    const failing = checks.filter(([, check]) => check.passed !== 'yes').map(([what, check]) => `its ${what} check is ${check.shown}`);
    return { id: s.InstanceId ?? '', up: running.running === 'yes' && failing.length === 0, why: running.running === 'yes' ? failing.join(', ') : running.shown };
  });
  const down = all.filter(({ up }) => !up);
  const more = down.length > 2 ? `, and ${down.length - 2} more` : '';
  return { ids: new Set(all.flatMap(({ id, up }) => (up ? [id] : []))), why: `${down.slice(0, 2).map(({ id, why }) => `${id}: ${why}`).join('; ')}${more}` };
}

/**
 * Images of the account, by id or by filters; none for an id that does not exist.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
 * @throws AwsError
 */
export async function findImages(
  aws: AwsCaller,
  region: string,
  which: { ImageIds: string[] } | { Owners: string[]; Filters: Filter[] },
  options?: CallOptions,
): Promise<Image[]> {
  try {
    const output = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeImages', input: which }, options);
    return output.Images ?? [];
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidAMIID.')) return [];
    throw error;
  }
}

/**
 * One version of a launch template; undefined when there is none.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
 * @throws AwsError
 */
export async function findTemplateVersion(
  aws: AwsCaller,
  region: string,
  template: { LaunchTemplateId: string } | { LaunchTemplateName: string },
  version: string,
  options?: CallOptions,
): Promise<TemplateVersion | undefined> {
  const input = { ...template, Versions: [version] };
  try {
    const output = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeLaunchTemplateVersions', input }, options);
    return output.LaunchTemplateVersions?.[0];
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidLaunchTemplate')) return undefined;
    throw error;
  }
}

/**
 * The zones of a region that offer each of these instance types; a type that none offers is not in the map.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html
 * @throws AwsError
 */
export async function zonesOffering(aws: AwsCaller, region: string, types: readonly string[], options?: CallOptions): Promise<Map<string, Set<string>>> {
  const offered = new Map<string, Set<string>>();
  if (types.length === 0) return offered;
  const request = { service: 'ec2', region, operation: 'DescribeInstanceTypeOfferings' } as const;
  const found = await allPages(request, async (NextToken) => {
    const input = { LocationType: 'availability-zone' as const, Filters: [{ Name: 'instance-type', Values: [...new Set(types)].sort() }], ...(NextToken === undefined ? {} : { NextToken }) };
    const output = await outputOf(aws, { ...request, input }, options);
    return { items: output.InstanceTypeOfferings, next: output.NextToken };
  });
  for (const { InstanceType: type = '', Location: zone = '' } of found) offered.set(type, (offered.get(type) ?? new Set()).add(zone));
  return offered;
}

/** A security group, as far as AWS shows it. */
export interface GroupSeen {
  vpc: string | undefined;
  /** Inbound rules; undefined if AWS does not show them. */
  inbound: number | undefined;
}

/**
 * Each security group of these ids. A group that does not exist is not in the map.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
 * @throws AwsError
 */
export async function securityGroupsOf(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<Map<string, GroupSeen>> {
  const seen = new Map<string, GroupSeen>();
  // One by one: of several ids AWS names only the first that does not exist.
  for (const id of new Set(ids)) {
    try {
      const { SecurityGroups } = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeSecurityGroups', input: { GroupIds: [id] } }, options);
      seen.set(id, { vpc: SecurityGroups?.[0]?.VpcId, inbound: SecurityGroups?.[0]?.IpPermissions?.length });
    } catch (error) {
      if (!(error instanceof AwsError) || error.code !== 'InvalidGroup.NotFound') throw error;
    }
  }
  return seen;
}

/**
 * The vCPUs of each instance type, as AWS makes it by default.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
 * @throws AwsError
 */
export async function vcpusOf(aws: AwsCaller, region: string, types: readonly string[], options?: CallOptions): Promise<Map<string, number>> {
  const request = { service: 'ec2', region, operation: 'DescribeInstanceTypes' } as const;
  const names = [...new Set(types)].sort() as NonNullable<InputOf<'ec2', 'DescribeInstanceTypes'>['InstanceTypes']>;
  const vcpus = new Map<string, number>();
  // At most 100 names in one request.
  for (let at = 0; at < names.length; at += 100) {
    const { InstanceTypes = [] } = await outputOf(aws, { ...request, input: { InstanceTypes: names.slice(at, at + 100) } }, options);
    for (const { InstanceType: type, VCpuInfo: info } of InstanceTypes) if (type !== undefined && info?.DefaultVCpus !== undefined) vcpus.set(type, info.DefaultVCpus);
  }
  return vcpus;
}

export type CapacityReservation = NonNullable<OutputOf<'ec2', 'DescribeCapacityReservations'>['CapacityReservations']>[number];

/**
 * A capacity reservation by its id; undefined when there is none.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeCapacityReservations.html
 * @throws AwsError
 */
export async function findReservation(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<CapacityReservation | undefined> {
  try {
    const { CapacityReservations } = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeCapacityReservations', input: { CapacityReservationIds: [id] } }, options);
    return CapacityReservations?.find(({ CapacityReservationId }) => CapacityReservationId === id);
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidCapacityReservationId')) return undefined;
    throw error;
  }
}

/**
 * Whether a region has a key pair of that name.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html
 * @throws AwsError
 */
export async function hasKeyPair(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<boolean> {
  try {
    const { KeyPairs = [] } = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeKeyPairs', input: { KeyNames: [name] } }, options);
    return KeyPairs.some(({ KeyName }) => KeyName === name);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'InvalidKeyPair.NotFound') return false;
    throw error;
  }
}

/**
 * The keys that snapshots are encrypted with; none for a snapshot that is not encrypted, or that this account may not see.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
 * @throws AwsError
 */
export async function snapshotKeys(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<string[]> {
  if (ids.length === 0) return [];
  try {
    const { Snapshots = [] } = await outputOf(aws, { service: 'ec2', region, operation: 'DescribeSnapshots', input: { SnapshotIds: [...ids] } }, options);
    return [...new Set(Snapshots.flatMap(({ KmsKeyId }) => KmsKeyId ?? []))];
  } catch (error) {
    if (error instanceof AwsError && error.code === 'InvalidSnapshot.NotFound') return [];
    throw error;
  }
}
