import { allow } from '../common.ts';
import type { PlanContext, StepDraft } from '../kind.ts';
import { dbArn } from './instance.ts';

/** A guard looks for as long as the run is open. */
const GUARD_LIMIT_MS = 7 * 24 * 3_600_000;

/** The old writer that was silent is fenced when it is seen again: from `crossing`, the step by which its copy takes over. */
export function fenceAgainStep(ctx: PlanContext, name: string, oldId: string, group: string | undefined, crossing: string): StepDraft[] {
  if (group === undefined) return [];
  return [
    {
      step: 'fenceAgain',
      phase: 'fence',
      beside: [crossing],
      optional: true,
      reversibility: 'compensable',
      title: `Fence ${oldId} if ${ctx.source} answers again`,
      params: { name, region: ctx.source, id: oldId, group },
      controlPlanes: [],
      permissions: [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [dbArn(ctx.source, ctx.account, oldId)])],
      estimate: { p50: 0, p95: 0, basis: 'runs beside the rest, and nothing waits for it' },
      limitMs: GUARD_LIMIT_MS,
      changes: [{ resource: `rds:${ctx.source}:${oldId}`, field: 'VpcSecurityGroups', before: 'as it is', after: `${group} (if it was not fenced, and is seen again)` }],
    },
  ];
}
