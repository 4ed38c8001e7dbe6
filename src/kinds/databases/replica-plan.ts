import { allow, inRegion } from '../common.ts';
import type { PlanContext, ResourceState, StepDraft } from '../../model/kind.ts';
import { fenceAgainStep, fenceStep } from './fence-plan.ts';
import { rdsResource, ROLE } from './found-writer.ts';
import { dbArn, rdsArns } from './instance.ts';
import type { RdsReadReplica } from './replica-schema.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';

/* The steps of a failover and of a switchover to a read replica. */

/** Unplanned: the loss is bounded by the lag, and the old writer is fenced if it still answers. */
export function failoverSteps(ctx: PlanContext, name: string, db: RdsReadReplica, state: ResourceState): StepDraft[] {
  const id = inRegion(db.instances, ctx.target);
  const oldId = inRegion(db.instances, ctx.source);
  return [
    ...assessSteps(ctx, name, id, oldId),
    rpoGateStep(ctx, name, id, state),
    fenceStep(ctx, name, oldId, db.fence?.quarantine[ctx.source]),
    ...promotion(ctx, name, db, state),
    ...writerSteps(ctx, name, id, db),
    ...fenceAgainStep(ctx, name, oldId, db.fence?.quarantine[ctx.source], 'promote'),
  ];
}

/** Planned: writes are stopped, and the replica is promoted once it has replayed all of them. */
export function switchoverSteps(ctx: PlanContext, name: string, db: RdsReadReplica, state: ResourceState): StepDraft[] {
  const id = inRegion(db.instances, ctx.target);
  const oldId = inRegion(db.instances, ctx.source);
  const [api, replication] = assessSteps(ctx, name, id, oldId);
  if (api === undefined || replication === undefined || db.canary === undefined) throw new Error('a switchover needs a login');
  return [
    api,
    // Writes stand still for as long as the replica lags: a large lag is no time for a switchover.
    { ...replication, params: { ...(replication.params as object), maxLagMs: ctx.objectives.rpoMs } },
    quiesceStep(ctx, name, oldId, db.canary),
    positionGateStep(ctx, name, id, oldId, db.canary),
    ...promotion(ctx, name, db, state),
    ...writerSteps(ctx, name, id, db),
  ];
}

/** The promotion, and before it the larger class: the restart that it takes would otherwise hit users. */
function promotion(ctx: PlanContext, name: string, db: RdsReadReplica, state: ResourceState): StepDraft[] {
  const id = inRegion(db.instances, ctx.target);
  const line = promoteStep(ctx, name, db, state);
  const wanted = db.instanceClass?.active;
  const has = state.facts.instanceClass;
  if (wanted === undefined || wanted === has) return [line];
  return [resizeStep(ctx, name, id, typeof has === 'string' ? has : 'unknown', wanted), { ...line, after: ['resize'] }];
}

function resizeStep(ctx: PlanContext, name: string, id: string, before: string, to: string): StepDraft {
  return {
    step: 'resize',
    phase: 'compute',
    reversibility: 'compensable',
    title: `Give ${id} the class ${to}`,
    params: { name, region: ctx.target, id, to },
    controlPlanes: [`rds@${ctx.target}`],
    permissions: [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [dbArn(ctx.target, ctx.account, id)])],
    estimate: { p50: 420, p95: 1200, basis: 'a change of class with a restart; Multi-AZ is faster' },
    limitMs: 3_600_000,
    changes: [{ resource: `rds:${ctx.target}:${id}`, field: 'DBInstanceClass', before, after: to }],
  };
}

function assessSteps(ctx: PlanContext, name: string, id: string, oldId: string): StepDraft[] {
  const look = { phase: 'assess', reversibility: 'reversible', controlPlanes: [], changes: [], limitMs: 30_000 } as const;
  const describe = (region: string, instance: string) =>
    allow(['rds:DescribeDBInstances'], [dbArn(region, ctx.account, instance)]);
  const metric = allow(['cloudwatch:GetMetricData'], ['*']);
  return [
    {
      ...look,
      step: 'assessSourceApi',
      title: `Does the RDS API of ${ctx.source} answer for ${oldId}?`,
      signal: `rds-api.${name}`,
      params: { signal: `rds-api.${name}`, region: ctx.source, id: oldId },
      permissions: [describe(ctx.source, oldId)],
      estimate: { p50: traitsOf(ctx.verb).sourceMayBeDead ? 2 : 1, p95: 3, basis: 'limit of one look at a region that may be dead' },
    },
    {
      ...look,
      step: 'assessReplication',
      title: `Does ${id} still replicate?`,
      signal: `replication.${name}`,
      params: { signal: `replication.${name}`, region: ctx.target, id },
      permissions: [describe(ctx.target, id), metric],
      estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    },
  ];
}

/** Of a target that is a writer already, where traffic leads users: what contradicts it. */
function contradiction(ctx: PlanContext, state: ResourceState): { usersIn?: string[] } {
  return state.facts.role === 'writer' ? { usersIn: [...(ctx.usersIn ?? [])] } : {};
}

function rpoGateStep(ctx: PlanContext, name: string, id: string, state: ResourceState): StepDraft {
  return {
    step: 'rpoGate',
    phase: 'assess',
    reversibility: 'reversible',
    gate: true,
    title: `Loss of ${name} is within the RPO`,
    params: { name, region: ctx.target, id, rpoMs: ctx.objectives.rpoMs, ...contradiction(ctx, state) },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, id)]), allow(['cloudwatch:GetMetricData'], ['*'])],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    limitMs: 30_000,
    changes: [],
  };
}

type Login = NonNullable<RdsReadReplica['canary']>;

function envOf({ userEnv, passwordEnv }: Login): string[] {
  return [userEnv, passwordEnv];
}

function loginOf({ database, userEnv, passwordEnv }: Login) {
  return { database, userEnv, passwordEnv };
}

function quiesceStep(ctx: PlanContext, name: string, oldId: string, login: Login): StepDraft {
  return {
    step: 'quiesce',
    phase: 'fence',
    reversibility: 'compensable',
    title: `Stop writes to ${oldId} in ${ctx.source}`,
    env: envOf(login),
    params: { name, region: ctx.source, id: oldId, ...loginOf(login) },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.source, ctx.account, oldId)])],
    estimate: { p50: 1, p95: 20, basis: 'one ALTER DATABASE, then the end of every session' },
    limitMs: 120_000,
    changes: [{ resource: `rds:${ctx.source}:${oldId}`, field: `database ${login.database}`, before: 'read and write', after: 'read-only, sessions ended' }],
  };
}

/** Writes stand still while it waits: better back to where it was than longer. */
const POSITION_LIMIT_MS = 180_000;

function positionGateStep(ctx: PlanContext, name: string, id: string, oldId: string, login: Login): StepDraft {
  return {
    step: 'positionGate',
    phase: 'data',
    reversibility: 'reversible',
    gate: true,
    title: `${id} has replayed every write of ${oldId}`,
    env: envOf(login),
    params: { name, region: ctx.target, id, ...loginOf(login), source: { region: ctx.source, id: oldId } },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, id), dbArn(ctx.source, ctx.account, oldId)])],
    estimate: { p50: 2, p95: 30, basis: 'the lag of the replica, without new writes' },
    limitMs: POSITION_LIMIT_MS,
    changes: [],
  };
}

/** What is done to the new writer by SQL, where there is a login. */
function writerSteps(ctx: PlanContext, name: string, id: string, db: RdsReadReplica): StepDraft[] {
  if (db.canary === undefined) return [];
  return [openWritesStep(ctx, name, id, db.canary), canaryStep(ctx, name, id, db.canary)];
}

function openWritesStep(ctx: PlanContext, name: string, id: string, login: Login): StepDraft {
  return {
    step: 'openWrites',
    phase: 'data',
    after: ['promote'],
    reversibility: 'reversible',
    title: `Make sure that ${id} takes writes`,
    env: envOf(login),
    params: { name, region: ctx.target, id, ...loginOf(login) },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, id)])],
    estimate: { p50: 1, p95: 10, basis: 'one look; one ALTER DATABASE after a switchover' },
    limitMs: 300_000,
    changes: isPlannedMove(ctx.verb) ? [{ resource: `rds:${ctx.target}:${id}`, field: `database ${login.database}`, before: 'read-only', after: 'read and write' }] : [],
  };
}

function promoteStep(ctx: PlanContext, name: string, db: RdsReadReplica, state: ResourceState): StepDraft {
  const id = inRegion(db.instances, ctx.target);
  const oldId = inRegion(db.instances, ctx.source);
  const { retentionDays } = db;
  const planned = isPlannedMove(ctx.verb);
  return {
    step: 'promote',
    oldWriter: rdsResource(ctx.source, oldId),
    ...(db.canary === undefined ? {} : { env: envOf(db.canary) }),
    phase: 'data',
    reversibility: 'point-of-no-return',
    title: `Promote ${id} to a writer of its own`,
    params: {
      name,
      region: ctx.target,
      id,
      source: { region: ctx.source, id: oldId },
      planned,
      ...(planned ? {} : { rpoMs: ctx.objectives.rpoMs }),
      ...(retentionDays === undefined ? {} : { retentionDays }),
      ...(db.canary === undefined ? {} : { login: loginOf(db.canary) }),
      ...contradiction(ctx, state),
    },
    controlPlanes: [`rds@${ctx.target}`],
    permissions: [
      allow(['rds:DescribeDBInstances', 'rds:PromoteReadReplica'], [dbArn(ctx.target, ctx.account, id)]),
      // Of MySQL and MariaDB: whether it takes writes then. Its parameter group is known to AWS only.
      allow(['rds:DescribeDBParameters'], rdsArns(ctx.target, ctx.account, 'pg:*')),
      allow(['cloudwatch:GetMetricData'], ['*']),
      ...(planned ? [allow(['rds:DescribeDBInstances'], [dbArn(ctx.source, ctx.account, oldId)])] : []),
    ],
    estimate: { p50: 300, p95: 900, basis: 'AWS: "can take several minutes or longer"; grows with transactions to apply' },
    limitMs: 3_600_000,
    changes: [
      {
        resource: rdsResource(ctx.target, id),
        field: ROLE,
        before: state.facts.role === 'writer' ? 'a writer already, by whose hand is not known' : `replica of ${oldId}`,
        after: 'writer',
      },
      ...(retentionDays === undefined ? [] : [{ resource: `rds:${ctx.target}:${id}`, field: 'BackupRetentionPeriod', before: 'as it is', after: `${retentionDays} days` }]),
    ],
  };
}

function canaryStep(ctx: PlanContext, name: string, id: string, settings: NonNullable<RdsReadReplica['canary']>): StepDraft {
  return {
    step: 'canary',
    phase: 'data',
    after: ['openWrites'],
    reversibility: 'reversible',
    title: `Write a row to ${id} and read it back`,
    env: envOf(settings),
    params: { name, region: ctx.target, id, ...settings },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, id)])],
    estimate: { p50: 1, p95: 10, basis: 'one connection, one insert, one select' },
    limitMs: 300_000,
    changes: [{ resource: `rds:${ctx.target}:${id}`, field: `table ${settings.table}`, before: '', after: 'one canary row' }],
  };
}

