import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { isNotInUse, targetState, type TargetMeaning } from './states/target-health.ts';
import type { Stated } from './states/table.ts';

/** One target of a group. */
export interface TargetHealth {
  id: string;
  port: number | undefined;
  state: Stated<TargetMeaning>;
  /** AWS's reason, e.g. `Target.Timeout (Request timed out)`. None for a healthy target. */
  reason: string | undefined;
  /** No load balancer will ever send it anything, as things stand. */
  notInUse: boolean;
}

/** How many are healthy. */
export function healthyAmong(targets: readonly TargetHealth[]): number {
  return targets.filter(({ state }) => state.healthy === 'yes').length;
}

/** Why targets are not healthy, for people: `i-1 is unhealthy: Target.Timeout (Request timed out)`. Empty when all are. */
export function whyNotHealthy(targets: readonly TargetHealth[]): string {
  const bad = targets.filter(({ state }) => state.healthy !== 'yes');
  const [first] = bad;
  if (first === undefined) return '';
  const more = bad.length === 1 ? '' : `, and ${bad.length - 1} more ${bad.length === 2 ? 'is' : 'are'} not healthy`;
  return `${first.id} is ${first.state.shown}: ${first.reason ?? 'AWS gives no reason'}${more}`;
}

/**
 * The health of every target of a target group; empty when none is registered.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
 * @throws AwsError
 */
export async function targetHealth(
  aws: AwsCaller,
  region: string,
  targetGroupArn: string,
  options?: CallOptions,
): Promise<TargetHealth[]> {
  const input = { TargetGroupArn: targetGroupArn };
  const output = await outputOf(aws, { service: 'elbv2', region, operation: 'DescribeTargetHealth', input }, options);
  return (output.TargetHealthDescriptions ?? []).map((description) => ({
    id: description.Target?.Id ?? '',
    port: description.Target?.Port,
    state: targetState(description.TargetHealth?.State),
    reason: reasonOf(description.TargetHealth ?? {}),
    notInUse: isNotInUse(description.TargetHealth?.Reason),
  }));
}

function reasonOf({ Reason, Description }: { Reason?: string | undefined; Description?: string | undefined }): string | undefined {
  return Reason === undefined || Description === undefined ? (Reason ?? Description) : `${Reason} (${Description})`;
}
