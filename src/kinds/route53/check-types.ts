import type { HealthCheckState, HealthCheckType } from '../../aws/route53.ts';

/*
 * Which health checks can be switched by UpdateHealthCheck. Disabled, every one of these counts as healthy, whatever its
 * endpoint, alarm or children say; disabled and inverted it counts as unhealthy.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_UpdateHealthCheck.html
 */

const SWITCHABLE = 'switchable';

/** What to do instead, for a type that cannot be switched. */
const TYPES: Readonly<Record<HealthCheckType, string>> = {
  HTTP: SWITCHABLE,
  HTTPS: SWITCHABLE,
  HTTP_STR_MATCH: SWITCHABLE,
  HTTPS_STR_MATCH: SWITCHABLE,
  TCP: SWITCHABLE,
  CLOUDWATCH_METRIC: SWITCHABLE,
  CALCULATED: SWITCHABLE,
  // Route 53 answers: "Update is not supported for this health check type." https://github.com/hashicorp/terraform-provider-aws/issues/44247
  RECOVERY_CONTROL: 'set the state of its routing control (aws route53-recovery-cluster update-routing-control-state), or set `switch: record`',
};

/** Why this health check cannot be switched, and what to do; undefined if it can be. */
export function notSwitchable({ type }: HealthCheckState): { observed: string; instead: string } | undefined {
  const instead = (TYPES as Readonly<Record<string, string | undefined>>)[type] ?? 'use a health check of an endpoint, an alarm or other checks, or set `switch: record`';
  if (instead === SWITCHABLE) return undefined;
  const known = Object.hasOwn(TYPES, type);
  return { observed: `is of the type ${type}, ${known ? 'which Route 53 does not let anybody disable or invert' : 'of which dr does not know whether it can be disabled and inverted'}`, instead };
}
