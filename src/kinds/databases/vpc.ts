import { type GroupSeen, securityGroupsOf } from '../../aws/ec2.ts';
import { type DbInstance } from '../../aws/rds.ts';
import type { CallOptions } from '../../aws/call-options.ts';
import type { Looking, Refusal } from '../../model/step.ts';

/*
 * An instance takes security groups of its own VPC only; its VPC is that of its subnet group. For others AWS answers "The DB instance
 * and EC2 security group are in different VPCs" (InvalidParameterCombination), after the first changes may have been made.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
 */

/** What decides the VPC of an instance, in words, and its VPC as far as AWS shows it. */
export interface Place {
  name: string;
  vpc: string | undefined;
}

export function placeOf(instance: DbInstance): Place {
  return { name: instance.DBInstanceIdentifier ?? '', vpc: instance.DBSubnetGroup?.VpcId };
}

/** Groups that are in another VPC than the instance; a VPC that AWS does not show is not judged. */
export function elsewhere({ name, vpc }: Place, groups: ReadonlyMap<string, GroupSeen>): string[] {
  if (vpc === undefined) return [];
  return [...groups].flatMap(([id, { vpc: other }]) => (other === undefined || other === vpc ? [] : [`the security group ${id} is in ${other}, and ${name} is in ${vpc}`]));
}

/** Why AWS would refuse an instance of this place these security groups: they do not exist, or are in another VPC. Empty if it would not. @throws AwsError */
export async function groupsUnfit(ctx: Looking, region: string, place: Place, ids: readonly string[], options: CallOptions = { signal: ctx.signal }): Promise<string[]> {
  return unfitOf(region, place, ids, await securityGroupsOf(ctx.effects.aws, region, ids, options));
}

function unfitOf(region: string, place: Place, ids: readonly string[], groups: ReadonlyMap<string, GroupSeen>): string[] {
  const missing = [...new Set(ids)].filter((id) => !groups.has(id)).map((id) => `the security group ${id} does not exist in ${region}`);
  return [...missing, ...elsewhere(place, groups)];
}

/** Why a group is no quarantine for the instance: AWS would refuse it, or it lets somebody in. Empty if it is one. @throws AwsError */
export async function quarantineUnfit(ctx: Looking, region: string, instance: DbInstance, group: string, options: CallOptions = { signal: ctx.signal }): Promise<string[]> {
  const groups = await securityGroupsOf(ctx.effects.aws, region, [group], options);
  return [...unfitOf(region, placeOf(instance), [group], groups), ...openQuarantine(group, groups)];
}

/** A group that does not exist is said elsewhere. Rules that are not shown are unknown, and not none. */
export function openQuarantine(group: string, groups: ReadonlyMap<string, GroupSeen>): string[] {
  const seen = groups.get(group);
  if (seen === undefined || seen.inbound === 0) return [];
  if (seen.inbound === undefined) return [`AWS does not show the inbound rules of the security group ${group}`];
  return [`the security group ${group} has ${seen.inbound} inbound ${seen.inbound === 1 ? 'rule' : 'rules'}, and keeps nobody out`];
}

export async function quarantineRefusal(ctx: Looking, region: string, instance: DbInstance, group: string): Promise<Refusal | undefined> {
  const unfit = await quarantineUnfit(ctx, region, instance, group);
  if (unfit.length === 0) return undefined;
  return {
    rule: 'quarantine',
    observed: unfit.join('; '),
    threshold: `a security group without inbound rules in the VPC of ${instance.DBInstanceIdentifier ?? ''}`,
    consequence: 'AWS refuses the quarantine, or it keeps nobody out: the old writer stays open',
    override: `none: make a security group without inbound rules in that VPC, and name it in the runbook: fence: { quarantine: { ${region}: sg-… } }`,
  };
}
