import type { Plan } from '../../model/plan.ts';
import { beforeUsers } from '../../plan/feasibility.ts';

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
