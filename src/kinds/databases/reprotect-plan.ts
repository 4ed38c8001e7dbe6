import { allow, inRegion } from '../common.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { dbArn, rdsArns, viaRds } from './instance.ts';
import type { RdsReadReplica } from './replica-schema.ts';
import { keptPattern } from './standby.ts';
import { arnIn } from '../../base/arn.ts';
import { partitionOf } from '../../base/regions.ts';

/** The steps that make a standby again where the old primary was. Nothing is deleted, and the writer is only read from. */
export function reprotectSteps(ctx: PlanContext, name: string, db: RdsReadReplica): StepDraft[] {
  const id = inRegion(db.instances, ctx.source);
  const writer = dbArn(ctx.target, ctx.account, inRegion(db.instances, ctx.target).toLowerCase());
  const groups = db.securityGroups?.[ctx.source];
  const quarantine = db.fence?.quarantine[ctx.source];
  const params = {
    name,
    region: ctx.source,
    id,
    writer,
    ...(groups === undefined ? {} : { securityGroups: groups }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(db.instanceClass === undefined ? {} : { instanceClass: db.instanceClass.standby }),
  };
  return [...makeRoom(ctx, db, params, quarantine), ...finish(ctx, params)];
}

type Params = { name: string; region: string; id: string; writer: string };

/** What the steps share. The old instance gets another name; a free one is found by listing all that there are. */
function sharedBy(ctx: PlanContext, params: Params) {
  const arns = (...parts: string[]) => rdsArns(ctx.source, ctx.account, ...parts);
  const mine = [dbArn(ctx.source, ctx.account, params.id), ...arns(`db:${keptPattern(params.id)}`)];
  const look = allow(['rds:DescribeDBInstances'], [...arns('db:*'), params.writer]);
  // The parameter group is that of the old instance, which only AWS knows.
  const change = allow(['rds:ModifyDBInstance'], [...mine, ...arns('pg:*', 'og:*')]);
  const shared = { params, controlPlanes: [`rds@${ctx.source}`], reversibility: 'reversible', phase: 'data', changes: [] } as const;
  return { arns, mine, look, change, shared };
}

/** The old instance gives its name to the new one. */
function makeRoom(ctx: PlanContext, db: RdsReadReplica, params: Params, quarantine: string | undefined): StepDraft[] {
  const { arns, mine, look, change, shared } = sharedBy(ctx, params);
  const { id, writer } = params;
  const resource = `rds:${ctx.source}:${id}`;
  return [
    {
      ...shared,
      step: 'standbyGate',
      phase: 'assess',
      gate: true,
      title: `Can ${id} in ${ctx.source} be rebuilt as a replica?`,
      // The subnet group is that of the old instance.
      permissions: [look, allow(['rds:DescribeDBSubnetGroups'], arns('subgrp:*')), allow(['ec2:DescribeSecurityGroups'], ['*'])],
      estimate: { p50: 1, p95: 5, basis: 'a few API calls' },
      limitMs: 60_000,
    },
    ...(quarantine === undefined
      ? []
      : [
          {
            ...shared,
            step: 'closeOld',
            phase: 'fence' as const,
            reversibility: 'compensable' as const,
            title: `Put the old ${id} in ${ctx.source} into quarantine`,
            permissions: [look, change],
            estimate: { p50: 30, p95: 120, basis: 'a change of security groups' },
            limitMs: 1_800_000,
            changes: [{ resource, field: 'VpcSecurityGroups', before: 'as it is', after: quarantine }],
          },
        ]),
    {
      ...shared,
      step: 'keepOld',
      phase: 'fence',
      ...(quarantine === undefined ? {} : { after: ['closeOld'] }),
      reversibility: 'compensable',
      title: `Rename the old ${id} in ${ctx.source}, and keep it${quarantine === undefined ? ' (open: the runbook names no quarantine group)' : ''}`,
      permissions: [look, change],
      estimate: { p50: 120, p95: 600, basis: 'a new name takes a restart' },
      limitMs: 3_600_000,
      changes: [{ resource, field: 'DBInstanceIdentifier', before: id, after: `${id}-old-YYYYMMDD` }],
    },
    {
      ...shared,
      step: 'rebuild',
      title: `Make ${id} anew, as a replica of ${inRegion(db.instances, ctx.target)}`,
      permissions: [
        look,
        // Groups and key are those of the old instance, which only AWS knows. Copying encrypted data needs the key's grants.
        allow(['rds:CreateDBInstanceReadReplica'], [mine[0] ?? '', writer, ...arns('pg:*', 'og:*', 'subgrp:*')]),
        allow(['rds:AddTagsToResource'], mine.slice(0, 1)),
        // Enhanced monitoring, where the old instance has it: its role is known to AWS only.
        allow(['iam:PassRole'], [`arn:${partitionOf(ctx.source)}:iam::${ctx.account}:role/*`], { StringEquals: { 'iam:PassedToService': ['monitoring.rds.amazonaws.com'] } }),
        allow(['kms:CreateGrant', 'kms:DescribeKey'], [arnIn(ctx.source, 'kms', ctx.account, 'key/*')], viaRds(ctx.source)),
      ],
      estimate: { p50: 1800, p95: 7200, basis: 'a snapshot is taken and copied between the regions: grows with the data' },
      limitMs: 24 * 3_600_000,
      changes: [{ resource, field: 'instance', before: 'none', after: 'replica' }],
    },
  ];
}

/** The new one becomes what the old one was. */
function finish(ctx: PlanContext, params: Params): StepDraft[] {
  const { mine, look, change, shared } = sharedBy(ctx, params);
  const { id } = params;
  return [
    {
      ...shared,
      step: 'parameters',
      after: ['rebuild'],
      title: `Give ${id} the parameter group of the old one`,
      permissions: [look, change],
      estimate: { p50: 5, p95: 120, basis: 'one change, where it is another than the default' },
      limitMs: 1_800_000,
    },
    {
      ...shared,
      step: 'restart',
      after: ['parameters'],
      title: `Restart ${id} if its parameters wait for it`,
      permissions: [look, allow(['rds:RebootDBInstance'], mine.slice(0, 1))],
      estimate: { p50: 30, p95: 300, basis: 'one restart, where the parameter group was changed' },
      limitMs: 1_800_000,
    },
    {
      ...shared,
      params: { ...params, maxLagMs: ctx.objectives.rpoMs },
      controlPlanes: [],
      step: 'inSync',
      after: ['restart'],
      title: `${id} is in sync`,
      permissions: [look, allow(['cloudwatch:GetMetricData'], ['*'])],
      estimate: { p50: 180, p95: 1800, basis: 'the log since the snapshot, then a lag sample a minute' },
      limitMs: 24 * 3_600_000,
    },
  ];
}
