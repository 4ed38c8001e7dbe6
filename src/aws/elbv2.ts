import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import { listed } from './pages.ts';
import { targetState } from './states/capacity.ts';

export interface TargetHealth {
  id: string;
  port: number | undefined;
  state: ReturnType<typeof targetState>;
  /** AWS's reason, e.g. `Target.Timeout (Request timed out)`. None for a healthy target. */
  reason: string | undefined;
  /** No listener uses its group, or its zone is not enabled in the load balancer: no wait mends that. */
  notInUse: boolean;
}

export function healthyAmong(targets: readonly TargetHealth[]): number {
  return targets.filter(({ state }) => state.healthy === 'yes').length;
}

/** How many instances or addresses are healthy at every port at which they are registered: each port of one is a target of its own. */
export function healthyIds(targets: readonly TargetHealth[]): number {
  return [...Map.groupBy(targets, ({ id }) => id).values()].filter((ports) => ports.every(({ state }) => state.healthy === 'yes')).length;
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
 */
export async function targetHealth(aws: AwsCaller, region: string, targetGroup: string, options?: CallOptions): Promise<TargetHealth[]> {
  const request = { service: 'elbv2', region, operation: 'DescribeTargetHealth', input: { TargetGroupArn: targetGroup } } as const;
  const output = await outputOf(aws, request, options);
  // With what every answer has, see `answers.ts`.
  const described = output.TargetHealthDescriptions as { Target: { Id: string; Port?: number }; TargetHealth: { State: string; Reason?: string; Description?: string } }[];
  return described.map(({ Target: target, TargetHealth: health }) => ({
    id: target.Id,
    port: target.Port,
    state: targetState(health.State),
    reason: reasonOf(health),
    notInUse: health.Reason === 'Target.NotInUse',
  }));
}

function reasonOf({ Reason, Description }: { Reason?: string | undefined; Description?: string | undefined }): string | undefined {
  return Reason === undefined || Description === undefined ? (Reason ?? Description) : `${Reason} (${Description})`;
}

/** The load balancers that send users to these target groups. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html */
export async function balancersOf(aws: AwsCaller, region: string, targetGroups: readonly string[], options?: CallOptions): Promise<string[]> {
  if (targetGroups.length === 0) return [];
  const { TargetGroups = [] } = await outputOf(aws, { service: 'elbv2', region, operation: 'DescribeTargetGroups', input: { TargetGroupArns: [...new Set(targetGroups)] } }, options);
  return [...new Set(TargetGroups.flatMap(({ LoadBalancerArns }) => LoadBalancerArns ?? []))];
}

/** What the targets of a target group are: `instance`, `ip`, `lambda` or `alb`; undefined where AWS does not say. */
export async function targetTypeOf(aws: AwsCaller, region: string, targetGroup: string, options?: CallOptions): Promise<string | undefined> {
  const { TargetGroups = [] } = await outputOf(aws, { service: 'elbv2', region, operation: 'DescribeTargetGroups', input: { TargetGroupArns: [targetGroup] } }, options);
  return TargetGroups.find(({ TargetGroupArn }) => TargetGroupArn === targetGroup)?.TargetType;
}

/** A listener that ends TLS, with the ARNs of all its certificates, the default one first. */
interface SecureListener {
  arn: string;
  port: number | undefined;
  certificates: string[];
}

/**
 * The listeners of a load balancer that have certificates.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListeners.html
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeListenerCertificates.html
 */
export async function secureListeners(aws: AwsCaller, region: string, balancer: string, options?: CallOptions): Promise<SecureListener[]> {
  const request = { service: 'elbv2', region, operation: 'DescribeListeners', input: { LoadBalancerArn: balancer } } as const;
  const listeners = await listed(aws, request, ({ Listeners }) => Listeners, options);
  const secure = listeners.filter(({ Protocol }) => Protocol === 'HTTPS' || Protocol === 'TLS');
  return Promise.all(secure.map(async ({ ListenerArn: arn = '', Port: port }) => {
    const more = { service: 'elbv2', region, operation: 'DescribeListenerCertificates', input: { ListenerArn: arn } } as const;
    const found = await listed(aws, more, ({ Certificates }) => Certificates, options);
    const inOrder = [...found.filter(({ IsDefault }) => IsDefault === true), ...found];
    return { arn, port, certificates: [...new Set(inOrder.flatMap(({ CertificateArn }) => CertificateArn ?? []))] };
  }));
}
