import { AwsError } from '../../aws/errors.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { membershipStatus } from '../../aws/states/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import type { StepContext } from '../../model/step.ts';
import { whenFree } from './change.ts';

/**
 * How far an instance is in quarantine: `closed` when the group is its only one and in force, `closing` while AWS applies it.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_VpcSecurityGroupMembership.html
 */
export function quarantineOf(instance: DbInstance, group: string): 'closed' | 'closing' | 'open' {
  const groups = instance.VpcSecurityGroups ?? [];
  const isIt = (id: string | undefined) => id === group;
  const only = groups.length > 0 && groups.every((g) => isIt(g.VpcSecurityGroupId));
  if (only && groups.every((g) => membershipStatus(g.Status).inForce === 'yes')) return 'closed';
  const asked = groups.some((g) => isIt(g.VpcSecurityGroupId)) && groups.every((g) => isIt(g.VpcSecurityGroupId) || membershipStatus(g.Status).stays === 'no');
  return asked ? 'closing' : 'open';
}

/** Asks for the quarantine. A region that dies meanwhile, or a change that is under way, is for the next look to find. */
export async function askForQuarantine(ctx: StepContext, region: string, id: string, group: string): Promise<void> {
  try {
    await insistOnQuarantine(ctx, region, id, group);
  } catch (error) {
    if (error instanceof AwsError && error.unreachable) return;
    throw error;
  }
}

/**
 * The same, where a request without an answer is to be made again as soon as nothing shows of it. Security groups are changed as soon as
 * possible by themselves; `ApplyImmediately` would apply every other change that waits for the maintenance window too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
 * @throws AwsError
 */
export async function insistOnQuarantine(ctx: StepContext, region: string, id: string, group: string): Promise<void> {
  const options = { signal: ctx.signal, timeoutMs: LIMITS.awsCallMs, attempts: 1 };
  const input = { DBInstanceIdentifier: id, VpcSecurityGroupIds: [group] };
  await whenFree(ctx, { region, id }, () => ctx.effects.aws.call({ service: 'rds', region, operation: 'ModifyDBInstance', input, ...options }));
}

export function groupsOf(instance: DbInstance): string[] {
  return (instance.VpcSecurityGroups ?? []).flatMap((g) => g.VpcSecurityGroupId ?? []);
}
