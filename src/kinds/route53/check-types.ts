import type { HealthCheckState, HealthCheckType } from '../../aws/route53.ts';
import { refused } from '../common.ts';
import type { StepContext, Verdict, Warning } from '../../model/step.ts';

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

/** Those that watch an endpoint of their own. */
const ENDPOINTS: readonly string[] = ['HTTP', 'HTTPS', 'HTTP_STR_MATCH', 'HTTPS_STR_MATCH', 'TCP'] satisfies HealthCheckType[];

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/**
 * Why a check says nothing of the endpoint that its set leads to; undefined where it does. Of a calculated check Route 53's API tells no status at all.
 * One that looks up the name of its own set watches whatever that name leads to, e.g. the other side once users are there.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHealthCheckStatus.html
 */
export function blindTo({ type, disabled, inverted, looksUp }: HealthCheckState, name: string): string | undefined {
  if (!ENDPOINTS.includes(type)) return `is of the type ${type}, and watches no endpoint`;
  if (isOwnName({ looksUp }, name)) return `looks up ${plain(name)}, the name of its own record: it watches whichever side that leads to`;
  if (disabled) return 'is disabled: nobody checks its endpoint';
  return inverted ? 'is inverted: it fails while all is well, so that it watches something else' : undefined;
}

/** AWS calls the results of such a check unpredictable. https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html */
export function isOwnName({ looksUp }: Pick<HealthCheckState, 'looksUp'>, name: string): boolean {
  return looksUp !== undefined && plain(looksUp) === plain(name);
}

const TURN = 'turn the routing control of the target On, and that of the source Off, in a custom step before traffic: aws route53-recovery-cluster update-routing-control-states --endpoint-url …';

/**
 * A set that is to answer, and whose health is the state of an ARC routing control. Route 53's API does not tell that state: a custom step may turn it, and
 * nothing else of a run does. `surely`: it answers nobody now, so that it is most likely Off.
 * https://docs.aws.amazon.com/r53recovery/latest/dg/routing-control.create-health-check.html
 */
export function routingControls(ctx: Pick<StepContext, 'planned'>, surely: boolean, towards: readonly { id: string; set: string; state: HealthCheckState }[]): { refusal?: Verdict; warnings: Warning[] } {
  const controlled = towards.filter(({ state }) => state.type === 'RECOVERY_CONTROL');
  if (controlled.length === 0) return { warnings: [] };
  const observed = controlled.map(({ id, set }) => `the health check ${id} of ${set} is an ARC routing control: Route 53 answers with ${set} only while that is On, which dr neither sees nor changes`).join('; ');
  if (!surely || (ctx.planned ?? []).some(({ kind }) => kind.startsWith('own.'))) {
    return { warnings: [{ rule: 'routing-control', observed, mend: TURN, wanted: 'a custom step that turns it On before users are moved', page: 'https://docs.aws.amazon.com/r53recovery/latest/dg/routing-control.html' }] };
  }
  return { warnings: [], refusal: refused({ rule: 'health-check', observed, threshold: 'a health check that dr can read, or a custom step that turns the routing control', consequence: 'Route 53 would continue to send users to the other side', override: `none: ${TURN}` }) };
}
