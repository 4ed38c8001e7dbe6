import { securityGroupVpcs } from '../../aws/ec2.ts';
import { type DbInstance } from '../../aws/rds.ts';
import type { CallOptions } from '../../aws/call-options.ts';
import type { Refusal, StepContext } from '../../model/step.ts';

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

/** The place of an instance that is there. */
export function placeOf(instance: DbInstance): Place {
  return { name: instance.DBInstanceIdentifier ?? '', vpc: instance.DBSubnetGroup?.VpcId };
}

/** Groups that are in another VPC than the instance; a VPC that AWS does not show is not judged. */
export function elsewhere({ name, vpc }: Place, groups: ReadonlyMap<string, string | undefined>): string[] {
  if (vpc === undefined) return [];
  return [...groups].flatMap(([id, other]) => (other === undefined || other === vpc ? [] : [`the security group ${id} is in ${other}, and ${name} is in ${vpc}`]));
}

/**
 * Why AWS would refuse an instance of this place these security groups: they do not exist, or are in another VPC. Empty if it would not.
 * @throws AwsError
 */
export async function groupsUnfit(ctx: StepContext, region: string, place: Place, ids: readonly string[], options: CallOptions = { signal: ctx.signal }): Promise<string[]> {
  const groups = await securityGroupVpcs(ctx.effects.aws, region, ids, options);
  const missing = [...new Set(ids)].filter((id) => !groups.has(id)).map((id) => `the security group ${id} does not exist in ${region}`);
  return [...missing, ...elsewhere(place, groups)];
}

/** Refuses a quarantine group that the instance cannot be given. @throws AwsError */
export async function quarantineRefusal(ctx: StepContext, region: string, instance: DbInstance, group: string): Promise<Refusal | undefined> {
  const unfit = await groupsUnfit(ctx, region, placeOf(instance), [group]);
  if (unfit.length === 0) return undefined;
  return {
    rule: 'quarantine',
    observed: unfit.join('; '),
    threshold: `a quarantine group in the VPC of ${instance.DBInstanceIdentifier ?? ''}`,
    consequence: 'AWS refuses the quarantine, and the old writer stays open',
    override: `none: make a security group without inbound rules in that VPC, and name it in the runbook: fence: { quarantine: { ${region}: sg-… } }`,
  };
}
