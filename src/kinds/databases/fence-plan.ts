import { allow } from '../common.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import type { Change, Permission } from '../../model/step.ts';
import { dbArn } from './instance.ts';

/**
 * What a fence may take. A decision that carries a step over the line is old after LIMITS.decisionAgeMs: the signals before
 * the fence must not have grown old when it is done.
 */
const FENCE_LIMIT_MS = 240_000;

/** The old writer takes no more writes, as far as its API answers. */
export function fenceStep(ctx: PlanContext, name: string, oldId: string, group: string | undefined): StepDraft {
  return {
    step: 'fence',
    phase: 'fence',
    reversibility: 'compensable',
    title: `Fence the old writer ${oldId} in ${ctx.source}`,
    params: { name, region: ctx.source, id: oldId, ...(group === undefined ? {} : { group }) },
    // What the source still answers is used, and never needed.
    controlPlanes: [],
    permissions: cutOffRights(ctx, oldId, group),
    estimate: { p50: 1, p95: 180, basis: 'nothing to change where the region is dead; else a change of security groups takes under a minute, and a reboot one or two' },
    limitMs: FENCE_LIMIT_MS,
    changes: group === undefined ? [] : cutOffChanges(ctx, oldId, group, 'if its API answers'),
  };
}

function cutOffRights(ctx: PlanContext, oldId: string, group: string | undefined): Permission[] {
  const arn = dbArn(ctx.source, ctx.account, oldId);
  if (group === undefined) return [allow(['rds:DescribeDBInstances'], [arn])];
  return [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance', 'rds:RebootDBInstance'], [arn]), allow(['ec2:DescribeSecurityGroups'], ['*'])];
}

function cutOffChanges(ctx: PlanContext, oldId: string, group: string, condition: string): Change[] {
  const resource = `rds:${ctx.source}:${oldId}`;
  return [
    { resource, field: 'VpcSecurityGroups', before: 'as it is', after: `${group} (${condition})` },
    { resource, field: 'sessions', before: 'as they are', after: `ended by a reboot (${condition})` },
  ];
}

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
      permissions: cutOffRights(ctx, oldId, group),
      estimate: { p50: 0, p95: 0, basis: 'runs beside the rest, and nothing waits for it' },
      limitMs: GUARD_LIMIT_MS,
      changes: cutOffChanges(ctx, oldId, group, 'if it was not fenced, and is seen again'),
    },
  ];
}
