import { findReservation, hasKeyPair, type Image, securityGroupsOf, snapshotKeys, type TemplateVersion, zonesOffering } from '../../aws/ec2.ts';
import { rolesInProfile } from '../../aws/iam.ts';
import { globalArn, nameInArn } from '../../base/arn.ts';
import { iamRegionFor, partitionOf } from '../../base/regions.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { InspectContext, InspectPlace } from '../../model/kind.ts';
import type { Looking, Permission } from '../../model/step.ts';
import { allow } from '../common.ts';
import { ifAllowed } from '../inspect.ts';
import { reservationState } from '../../aws/states/capacity.ts';
import { plural } from '../../base/plural.ts';

/* What a launch template names beside its image. AWS says only at a launch that it is not there; key pairs and security groups are forgotten in copies. */

const KEY_PAIRS = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/delete-key-pair.html';
const FAILURES = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html';
const PROFILES = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html';

type LaunchData = NonNullable<TemplateVersion['LaunchTemplateData']>;

export function launchPartLooks({ target, account }: Pick<InspectPlace, 'target' | 'account'>): Permission[] {
  return [
    allow(['ec2:DescribeKeyPairs', 'ec2:DescribeSecurityGroups'], ['*']),
    allow(['iam:GetInstanceProfile'], [globalArn(partitionOf(target), 'iam', 'instance-profile/*', account)]),
  ];
}

export async function launchPartFindings(ctx: Looking, about: About, data: LaunchData | undefined, of: string): Promise<Finding[]> {
  if (data === undefined) return [];
  const found = await Promise.all([ifAllowed(about, () => keyPair(ctx, about, data, of)), ifAllowed(about, () => securityGroups(ctx, about, data, of)), ifAllowed(about, () => profile(ctx, about, data, of))]);
  return found.flat();
}

function missing(about: About, rule: string, observed: string, wanted: string, mend: string, page: string): Finding {
  return finder(about).error(rule, { observed, wanted, consequence: 'no instance can be launched', mend, page });
}

async function keyPair(ctx: Looking, about: About, { KeyName: name }: LaunchData, of: string): Promise<Finding[]> {
  const { region } = about;
  if (name === undefined || (await hasKeyPair(ctx.effects.aws, region, name, { signal: ctx.signal }))) return [];
  return [missing(about, 'launch-key-pair', `the key pair ${name} of the launch template of ${of} is not in ${region}`, 'a key pair that is there', `aws ec2 import-key-pair --region ${region} --key-name ${name} --public-key-material fileb://…, or a version of the template without it`, KEY_PAIRS)];
}

async function securityGroups(ctx: Looking, about: About, { SecurityGroupIds, NetworkInterfaces }: LaunchData, of: string): Promise<Finding[]> {
  const { region } = about;
  const ids = [...new Set([...(SecurityGroupIds ?? []), ...(NetworkInterfaces ?? []).flatMap(({ Groups }) => Groups ?? [])])];
  const seen = await securityGroupsOf(ctx.effects.aws, region, ids, { signal: ctx.signal });
  const gone = ids.filter((id) => !seen.has(id));
  if (gone.length === 0) return [];
  return [missing(about, 'launch-security-group', `security groups of the launch template of ${of} are not in ${region}: ${gone.join(', ')}`, 'security groups that are there', 'make a version of the template that names groups of that region', FAILURES)];
}

/** Profiles are of the account, and not of a region. One without a role launches nothing either. */
async function profile(ctx: Looking, about: About, { IamInstanceProfile: named }: LaunchData, of: string): Promise<Finding[]> {
  const name = named?.Name ?? (named?.Arn === undefined ? undefined : nameInArn(named.Arn).split('/').at(-1));
  if (name === undefined) return [];
  const roles = await rolesInProfile(ctx.effects.aws, iamRegionFor(about.region), name, { signal: ctx.signal });
  if (roles !== undefined && roles.length > 0) return [];
  const observed = `the instance profile ${name} of the launch template of ${of} ${roles === undefined ? 'does not exist' : 'has no role'}`;
  const mend = roles === undefined ? `aws iam create-instance-profile --instance-profile-name ${name}, and add the role of the instances` : `aws iam add-role-to-instance-profile --instance-profile-name ${name} --role-name …`;
  return [missing(about, 'launch-profile', observed, 'an instance profile with a role', mend, PROFILES)];
}

/**
 * The keys that a launch needs: those that the template names for its volumes, and those of the snapshots of the image. An account that
 * encrypts every new volume by default has one more, which is not asked for.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIEncryption.html
 * @throws AwsError
 */
export async function volumeKeys(ctx: Looking, region: string, template: LaunchData | undefined, image: Image | undefined): Promise<string[]> {
  const named = (template?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.KmsKeyId ?? []);
  const encrypted = (image?.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => (Ebs?.Encrypted === true ? (Ebs.SnapshotId ?? []) : []));
  const ofImage = await snapshotKeys(ctx.effects.aws, region, encrypted, { signal: ctx.signal });
  return [...new Set([...named, ...ofImage])];
}

const OFFERS_PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-discovery.html';

/** Zones in which none of the types could be launched: AWS does not offer every type everywhere. `wanted` names each zone with the types that it may have. */
export async function notOffered(ctx: InspectContext, about: About, wanted: ReadonlyMap<string, readonly string[]>): Promise<Finding[]> {
  const types = [...new Set([...wanted.values()].flat())].filter((type) => type !== '');
  const offered = await zonesOffering(ctx.effects.aws, about.region, types, { signal: ctx.signal });
  const without = [...wanted].filter(([zone, own]) => own.length > 0 && !own.some((type) => offered.get(type)?.has(zone) === true));
  return without.map(([zone, own]) => finder(about).warning('type-not-offered', {
    observed: `${zone} offers none of ${own.join(', ')}`,
    wanted: 'a zone that offers the type, or another type',
    consequence: without.length === wanted.size ? 'no instance can be launched' : 'fewer zones are left when one has no capacity',
    mend: 'name other types or zones',
    page: OFFERS_PAGE,
  }));
}

const RESERVATIONS_PAGE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-launch.html';

interface Bound {
  /** Ids of the reservations; a launch may use any of them. */
  ids: readonly string[];
  /** Types that would be launched; empty where nobody knows. */
  types: readonly string[];
  /** Instances that a failover would launch; undefined where nobody knows. */
  wanted: number | undefined;
  /** Without room in them, instances are launched on demand. */
  preferred?: boolean;
}

/** Capacity reservations that a launch is bound to: into one that is gone, or has too little left, AWS launches nothing. @throws AwsError */
export async function reservationFindings(ctx: Looking, about: About, { ids, types, wanted, preferred = false }: Bound): Promise<Finding[]> {
  if (ids.length === 0) return [];
  const { region } = about;
  const seen = await Promise.all(ids.map(async (id) => ({ id, found: await findReservation(ctx.effects.aws, region, id, { signal: ctx.signal }) })));
  const find = finder(about)[preferred ? 'warning' : 'error'];
  const rest = {
    consequence: preferred ? 'instances are launched on demand, where capacity is not promised' : 'launches fail: they are bound to the reservation',
    mend: `aws ec2 describe-capacity-reservations --region ${region} --capacity-reservation-ids ${ids.join(' ')}; then make it larger, or name another one in the launch template`,
    page: RESERVATIONS_PAGE,
  };
  const findings: Finding[] = [];
  let available = 0;
  for (const { id, found } of seen) {
    const state = reservationState(found?.State);
    if (found === undefined) findings.push(find('capacity-reservation', { observed: `the capacity reservation ${id} is not in ${region}`, wanted: 'a reservation that is active', ...rest }));
    else if (state.usable !== 'yes') findings.push(find('capacity-reservation', { observed: `the capacity reservation ${id} is ${state.shown}`, wanted: 'a reservation that is active', ...rest }));
    else if (types.length > 0 && found.InstanceType !== undefined && !types.includes(found.InstanceType)) findings.push(find('capacity-reservation', { observed: `the capacity reservation ${id} is of ${found.InstanceType}, and ${types.join(', ')} would be launched`, wanted: 'a reservation of the type that is launched', ...rest }));
    else available += found.AvailableInstanceCount ?? Number.POSITIVE_INFINITY;
  }
  if (findings.length === 0 && wanted !== undefined && available < wanted) findings.push(find('capacity-reservation', { observed: `${ids.join(', ')} has room for ${plural(available, 'instance')}, and a failover launches ${wanted}`, wanted: `room for ${plural(wanted, 'instance')}`, ...rest }));
  return findings;
}
