import { hasKeyPair, securityGroupsOf, type TemplateVersion } from '../../aws/ec2.ts';
import { rolesInProfile } from '../../aws/iam.ts';
import { globalArn, nameInArn } from '../../base/arn.ts';
import { iamRegionFor, partitionOf } from '../../base/regions.ts';
import { type About, finder, type Finding } from '../../model/finding.ts';
import type { InspectContext, InspectPlace } from '../../model/kind.ts';
import type { Permission } from '../../model/step.ts';
import { allow } from '../common.ts';
import { ifAllowed } from '../inspect.ts';

/*
 * What a launch template names beside its image: key pair, security groups, instance profile. AWS takes a template that names what is not
 * there, and says so only when it launches. Key pairs and security groups are of one region: they are forgotten where a template is copied.
 */

const KEY_PAIRS = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/delete-key-pair.html';
const FAILURES = 'https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html';
const PROFILES = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html';

type Looking = Pick<InspectContext, 'effects' | 'signal'>;
type LaunchData = NonNullable<TemplateVersion['LaunchTemplateData']>;

/** What the looks of `launchPartFindings` need, beside the template itself. */
export function launchPartLooks({ target, account }: Pick<InspectPlace, 'target' | 'account'>): Permission[] {
  return [
    allow(['ec2:DescribeKeyPairs', 'ec2:DescribeSecurityGroups'], ['*']),
    allow(['iam:GetInstanceProfile'], [globalArn(partitionOf(target), 'iam', 'instance-profile/*', account)]),
  ];
}

/** `of`: what launches with it, for people. */
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
