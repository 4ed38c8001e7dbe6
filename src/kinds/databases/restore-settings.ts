import { securityGroupsOf } from '../../aws/ec2.ts';
import { type DbInstance, findSubnetGroup } from '../../aws/rds.ts';
import { applyStatus, membershipStatus } from '../../aws/states/rds.ts';
import type { StepContext } from '../../model/step.ts';
import type { RestoreSettings } from './backup-schema.ts';
import { zonesOf } from './offered.ts';
import { optionGroupUnfit, parameterGroupUnfit, type Runs } from './option-group.ts';
import { elsewhere } from './vpc.ts';

export function differences(instance: DbInstance, wanted: RestoreSettings): string[] {
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
  const found = pairs.filter(([, is, asked]) => is?.toLowerCase() !== asked).map(([what, is, asked]) => `${what} is ${is ?? 'unknown'}, not ${asked}`);
  if (applyStatus(parameters?.ParameterApplyStatus).needsReboot === 'yes') found.push('its parameters wait for a reboot');
  return found;
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
