import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';

/** One target of a group. */
export interface TargetHealth {
  id: string;
  port: number | undefined;
  /** As AWS says it: `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`, … */
  state: string;
  reason: string | undefined;
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
    state: description.TargetHealth?.State ?? 'unknown',
    reason: description.TargetHealth?.Reason,
  }));
}
