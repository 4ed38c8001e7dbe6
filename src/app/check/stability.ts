import type { Plan } from '../../model/plan.ts';
import { beforeUsers } from '../../plan/feasibility.ts';
import { AwsError } from '../../aws/errors.ts';
import { knownKind } from '../../kinds/registry.ts';
import type { Sla } from '../../model/kind.ts';
import type { Asking } from './run-findings.ts';

/*
 * How much a recovery leans on control planes: every change between the outage and users who are served is one that AWS may refuse or
 * be slow with, most of all on the day when a region is lost.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/static-stability.html
 */

export interface Stability {
  /**
   * - `static`: no control plane stands between the outage and users
   * - `regional`: control planes of the recovery region do
   * - `elsewhere`: one of another region does, too
   */
  grade: 'static' | 'regional' | 'elsewhere';
  /** Steps that change something before users are served. */
  changes: number;
  /** e.g. `rds@ap-northeast-1`, with how many of these steps need it. */
  planes: Readonly<Record<string, number>>;
}

export function stabilityOf(plan: Pick<Plan, 'steps' | 'target'>): Stability {
  const steps = beforeUsers(plan).filter((step) => step.phase !== 'assess' && step.phase !== 'fence');
  const changing = steps.filter((step) => step.changes.length > 0);
  const planes: Record<string, number> = {};
  for (const plane of steps.flatMap((step) => step.controlPlanes)) planes[plane] = (planes[plane] ?? 0) + 1;
  const elsewhere = Object.keys(planes).some((plane) => !plane.endsWith(`@${plan.target}`));
  return { grade: Object.keys(planes).length === 0 ? 'static' : elsewhere ? 'elsewhere' : 'regional', changes: changing.length, planes };
}

/*
 * What AWS's published agreements add up to. All of a region's parts must work; of two regions one. Three things make it an upper bound:
 * regions are taken to fail independently, a failover to take no time, and the application to add no trouble of its own.
 */

/** Percent of a month. */
export interface Availability {
  /** Of the source alone, and of both regions. */
  one: number;
  two: number;
  /** The parts of the source, the same once. */
  parts: readonly Sla[];
}

/** Undefined where a part cannot be seen. */
export async function availabilityOf(asking: Asking & { source: string }): Promise<Availability | undefined> {
  const [here, there] = await Promise.all([slasIn(asking, asking.source), slasIn(asking, asking.target)]);
  if (here === undefined || there === undefined) return undefined;
  const shared = product(here.filter(({ global }) => global === true));
  const alone = (parts: readonly Sla[]): number => product(parts.filter(({ global }) => global !== true));
  return { one: percent(shared * alone(here)), two: percent(shared * (1 - (1 - alone(here)) * (1 - alone(there)))), parts: here };
}

async function slasIn({ effects, loaded, signal, target }: Asking, region: string): Promise<Sla[] | undefined> {
  try {
    const found = await Promise.all(loaded.runbook.resources.map(async ({ kind, resource }) => (await knownKind(kind)).slas?.({ effects, signal, target }, resource, region) ?? []));
    return [...new Map(found.flat().map((sla) => [sla.what, sla])).values()];
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

function product(parts: readonly Sla[]): number {
  return parts.reduce((all, sla) => all * (sla.percent / 100), 1);
}

/** Seven places: of two regions the difference to 100 is small. */
function percent(share: number): number {
  return Number((share * 100).toFixed(7));
}
