import { securityGroupsOf } from '../../aws/ec2.ts';
import { type DbInstance, findSubnetGroup } from '../../aws/rds.ts';
import { regionOfArn } from '../../base/arn.ts';
import { applyStatus, membershipStatus } from '../../aws/states/rds.ts';
import type { StepContext } from '../../model/step.ts';
import type { RestoreSettings } from './backup-schema.ts';
import { shownSettings } from './carried.ts';
import { zonesOf } from './offered.ts';
import { optionGroupUnfit, parameterGroupUnfit, type Runs } from './option-group.ts';
import { elsewhere } from './vpc.ts';

/**
 * What a restore leaves out unless the runbook says so, or in any case: the name that shownSettings gives it, what is shown of an instance without it, and its word.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
 */
const LEFT_OUT: readonly (readonly [setting: string, without: string, word: string])[] = [
  ['deletion protection', 'false', 'deletion protection'],
  ['log exports', 'none', 'log exports'],
  ['largest storage', 'none', 'storage autoscaling'],
  ['Performance Insights', 'false', 'Performance Insights'],
  ['monitoring interval', '0', 'enhanced monitoring'],
  ['domain', 'none', 'domain'],
];

/** What a restored instance does not have and its original may have had. Users are served without it: it is said, and ends no run. Empty, or a sentence. */
export function withoutSettings(instance: DbInstance): string {
  const shown = shownSettings(instance);
  const words = LEFT_OUT.filter(([setting, without]) => shown[setting] === without).map(([, , word]) => word);
  return words.length === 0 ? '' : `. Without ${words.join(', ')}: set what the original had`;
}

/**
 * AWS restores to gp3 where no type of storage is asked for, as its reference has it, and takes the IOPS from the backup. Empty, or a sentence.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
 */
export function otherStorage({ StorageType, Iops }: DbInstance, original: { storageType?: string | undefined; iops?: number | undefined } | undefined): string {
  const words = (type: string, iops: number | undefined): string => `${type}${iops === undefined ? '' : ` with ${iops} IOPS`}`;
  const { storageType, iops } = original ?? {};
  if (StorageType === undefined || storageType === undefined) return '';
  const slower = iops !== undefined && Iops !== undefined && Iops < iops;
  return StorageType === storageType && !slower ? '' : `. Its storage is ${words(StorageType, Iops)}, and that of the original was ${words(storageType, iops)}`;
}

/** What the original has, and a restore with these settings has not, in words; a restore brings it along in no case, or only if it is asked for it. */
export function notRestored(writer: DbInstance, wanted: RestoreSettings): string[] {
  const shown = shownSettings(writer);
  // Of the secret there is no copy elsewhere: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
  const secret = writer.MasterUserSecret === undefined ? [] : [`master password: RDS keeps it in Secrets Manager in ${regionOfArn(writer.DBInstanceArn) ?? 'the region of the writer'}, and does not keep that of the restored instance, which is what it was at the time of the recovery point`];
  const asked: Readonly<Record<string, string>> = { 'deletion protection': String(wanted.deletionProtection ?? false), 'log exports': (wanted.logExports ?? []).toSorted().join(', ') || 'none' };
  const others = LEFT_OUT.flatMap(([name, without]) => {
    const [is, was] = [asked[name] ?? without, shown[name]];
    return was === undefined || was === without || was === is ? [] : [`${name}: ${was} on the writer, ${is} once it is restored`];
  });
  return [...secret, ...others];
}

/** In what an instance differs from what was asked for, and what AWS does not show of that: unknown, and no difference. `restart`: it has its parameter group, and runs without it so far. */
export function differences(instance: DbInstance, wanted: RestoreSettings): { wrong: string[]; unknown: string[]; restart: boolean } {
  const parameters = instance.DBParameterGroups?.[0];
  const pairs: [what: string, is: string | undefined, asked: string][] = [
    ['class', instance.DBInstanceClass, wanted.class],
    ['subnet group', instance.DBSubnetGroup?.DBSubnetGroupName, wanted.subnetGroup],
    ['parameter group', parameters?.DBParameterGroupName, wanted.parameterGroup],
    ['Multi-AZ', instance.MultiAZ?.toString(), String(wanted.multiAz)],
    ['backup retention', instance.BackupRetentionPeriod?.toString(), String(wanted.retentionDays)],
  ];
  if (wanted.optionGroup !== undefined) pairs.push(['option group', instance.OptionGroupMemberships?.[0]?.OptionGroupName, wanted.optionGroup]);
  if (wanted.iamAuthentication !== undefined) pairs.push(['IAM authentication', instance.IAMDatabaseAuthenticationEnabled?.toString(), String(wanted.iamAuthentication)]);
  if (wanted.copyTagsToSnapshot !== undefined) pairs.push(['copying of tags to snapshots', instance.CopyTagsToSnapshot?.toString(), String(wanted.copyTagsToSnapshot)]);
  const wrong = pairs.flatMap(([what, is, asked]) => (is === undefined || is.toLowerCase() === asked ? [] : [`${what} is ${is}, not ${asked}`]));
  const unknown = pairs.flatMap(([what, is]) => (is === undefined ? [what] : []));
  const restart = applyStatus(parameters?.ParameterApplyStatus).needsReboot === 'yes';
  return { wrong, unknown: instance.VpcSecurityGroups === undefined ? [...unknown, 'security groups'] : unknown, restart };
}

/** Its security groups are exactly these. `settled`: and all of them are in force. */
export function hasGroups(instance: DbInstance, groups: readonly string[]): { same: boolean; settled: boolean } {
  const members = instance.VpcSecurityGroups ?? [];
  // What is being removed is not to stay.
  const staying = members.filter((m) => membershipStatus(m.Status).stays !== 'no').map((m) => m.VpcSecurityGroupId ?? '');
  const same = staying.length === new Set(groups).size && groups.every((id) => staying.includes(id));
  return { same, settled: same && members.every((m) => membershipStatus(m.Status).inForce === 'yes') };
}

/** What a restore names: what the region does not have, and what is there and does not fit: security groups of another VPC than the subnet group, a parameter or option group for something else than the data. @throws AwsError */
export async function unfitSettings(ctx: StepContext, region: string, wanted: RestoreSettings, closedBy: string | undefined, runs: Runs): Promise<{ missing: string[]; unfit: string[]; zones: string[] }> {
  const { aws } = ctx.effects;
  const options = { signal: ctx.signal };
  const ids = closedBy === undefined ? wanted.securityGroups : [...wanted.securityGroups, closedBy];
  const [subnets, parameters, groups] = await Promise.all([
    findSubnetGroup(aws, region, wanted.subnetGroup, options),
    parameterGroupUnfit(ctx, region, wanted.parameterGroup, runs, options),
    securityGroupsOf(aws, region, ids, options),
  ]);
  const place = { name: `the subnet group ${wanted.subnetGroup}`, vpc: subnets?.VpcId };
  const optionGroup = await optionGroupUnfit(ctx, region, wanted.optionGroup, { ...runs, place });
  const missing = [
    ...(subnets === undefined ? [place.name] : []),
    ...parameters.missing,
    ...[...new Set(ids)].filter((id) => !groups.has(id)).map((id) => `the security group ${id}`),
    ...optionGroup.missing,
  ];
  return { missing, zones: zonesOf(subnets), unfit: [...elsewhere(place, groups), ...parameters.unfit, ...optionGroup.unfit] };
}
