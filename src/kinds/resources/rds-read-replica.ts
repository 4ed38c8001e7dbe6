import * as z from 'zod';
import { findDbInstance } from '../../aws/rds.ts';
import { DrError } from '../../base/errors.ts';
import type { World } from '../../simulator/world.ts';
import { allow, dbInstanceId, envName, inRegion, perRegion, securityGroupId, sqlName } from '../common.ts';
import type { PlanContext, ResourceKind, ResourceState, StepDraft } from '../kind.ts';
import type { Change } from '../step.ts';
import { canary } from '../rds/canary.ts';
import { fence } from '../rds/fence.ts';
import { dbArn, isWriter, sourceRegion } from '../rds/instance.ts';
import { promote } from '../rds/promote.ts';
import { rpoGate } from '../rds/rpo-gate.ts';
import { assessReplication, assessSourceApi } from '../rds/signals.ts';

/*
 * A database with one writable instance and a cross-region read replica.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html
 */

const schema = z.strictObject({
  kind: z.literal('rds-read-replica'),
  instances: perRegion(dbInstanceId).describe('DB instance identifier in each region'),
  rpo: z
    .strictObject({ method: z.literal('replica-lag') })
    .default({ method: 'replica-lag' })
    .describe('How the loss of a promotion is bounded: by the CloudWatch metric ReplicaLag'),
  fence: z
    .strictObject({ quarantine: perRegion(securityGroupId) })
    .optional()
    .describe('A security group without inbound rules in each region: an old writer that still answers is put into it'),
  canary: z
    .strictObject({
      database: sqlName,
      table: sqlName,
      userEnv: envName,
      passwordEnv: envName,
    })
    .optional()
    .describe('A row written and read back after the promotion'),
});

type RdsReadReplica = z.infer<typeof schema>;

async function observe(ctx: Parameters<ResourceKind<RdsReadReplica>['observe']>[0], db: RdsReadReplica): Promise<ResourceState> {
  const id = inRegion(db.instances, ctx.target);
  const instance = await findDbInstance(ctx.effects.aws, ctx.target, id, { signal: ctx.signal });
  if (instance === undefined) {
    throw new DrError({
      code: 'DATABASE_NOT_FOUND',
      exit: 'refused',
      title: `There is no DB instance "${id}" in ${ctx.target}.`,
      detail: 'Without it there is nothing to promote.',
      next: [
        'check the name under `instances` in the runbook, and the account of your credentials',
        `aws rds describe-db-instances --region ${ctx.target} --query 'DBInstances[].DBInstanceIdentifier'`,
      ],
    });
  }
  const writer = isWriter(instance);
  const from = sourceRegion(instance);
  const instanceClass = instance.DBInstanceClass ?? 'unknown';
  return {
    activeIn: writer ? [ctx.target] : from === undefined ? [] : [from],
    because: writer ? `${id} in ${ctx.target} is not a replica` : `${id} in ${ctx.target} is a replica of ${instance.ReadReplicaSourceDBInstanceIdentifier ?? ''}`,
    facts: { role: writer ? 'writer' : 'replica', source: from, instanceClass },
  };
}

function plan(ctx: PlanContext, name: string, db: RdsReadReplica, state: ResourceState): StepDraft[] {
  const id = inRegion(db.instances, ctx.target);
  const oldId = inRegion(db.instances, ctx.source);
  const steps = [
    ...assessSteps(ctx, name, id, oldId),
    fenceStep(ctx, name, db, oldId),
    promoteStep(ctx, name, id, oldId, state),
  ];
  return db.canary === undefined ? steps : [...steps, canaryStep(ctx, name, id, db.canary)];
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
      params: { signal: `rds-api.${name}`, region: ctx.source, id: oldId },
      permissions: [describe(ctx.source, oldId)],
      estimate: { p50: 2, p95: 3, basis: 'limit of one look at a region that may be dead' },
    },
    {
      ...look,
      step: 'assessReplication',
      title: `Does ${id} still replicate?`,
      params: { signal: `replication.${name}`, region: ctx.target, id },
      permissions: [describe(ctx.target, id), metric],
      estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    },
    {
      ...look,
      step: 'rpoGate',
      gate: true,
      title: `Loss of ${name} is within the RPO`,
      params: { name, region: ctx.target, id, rpoMs: ctx.objectives.rpoMs },
      permissions: [describe(ctx.target, id), metric],
      estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    },
  ];
}

function fenceStep(ctx: PlanContext, name: string, db: RdsReadReplica, oldId: string): StepDraft {
  const group = db.fence?.quarantine[ctx.source];
  const arn = dbArn(ctx.source, ctx.account, oldId);
  const changes: Change[] =
    group === undefined
      ? []
      : [{ resource: `rds:${ctx.source}:${oldId}`, field: 'VpcSecurityGroups', before: 'as it is', after: `${group} (if its API answers)` }];
  return {
    step: 'fence',
    phase: 'fence',
    reversibility: 'compensable',
    title: `Fence the old writer ${oldId} in ${ctx.source}`,
    params: { name, region: ctx.source, id: oldId, ...(group === undefined ? {} : { group }) },
    // What the source still answers is used, and never needed.
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [arn])],
    estimate: { p50: 1, p95: 60, basis: 'nothing to change where the region is dead; a security group change takes under a minute' },
    limitMs: 120_000,
    changes,
  };
}

function promoteStep(ctx: PlanContext, name: string, id: string, oldId: string, state: ResourceState): StepDraft {
  return {
    step: 'promote',
    phase: 'data',
    reversibility: 'point-of-no-return',
    title: `Promote ${id} to a writer of its own`,
    params: { name, region: ctx.target, id },
    controlPlanes: [`rds@${ctx.target}`],
    permissions: [allow(['rds:DescribeDBInstances', 'rds:PromoteReadReplica'], [dbArn(ctx.target, ctx.account, id)])],
    estimate: { p50: 300, p95: 900, basis: 'AWS: "can take several minutes or longer"; grows with transactions to apply' },
    limitMs: 3_600_000,
    changes: [
      {
        resource: `rds:${ctx.target}:${id}`,
        field: 'role',
        before: state.facts.role === 'writer' ? 'writer' : `replica of ${oldId}`,
        after: 'writer',
      },
    ],
  };
}

function canaryStep(ctx: PlanContext, name: string, id: string, settings: NonNullable<RdsReadReplica['canary']>): StepDraft {
  return {
    step: 'canary',
    phase: 'data',
    after: ['promote'],
    reversibility: 'reversible',
    title: `Write a row to ${id} and read it back`,
    params: { name, region: ctx.target, id, ...settings },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, id)])],
    estimate: { p50: 1, p95: 10, basis: 'one connection, one insert, one select' },
    limitMs: 300_000,
    changes: [{ resource: `rds:${ctx.target}:${id}`, field: `table ${settings.table}`, before: '', after: 'one canary row' }],
  };
}

function simulate(world: World, _name: string, db: RdsReadReplica, home: string): void {
  for (const region of Object.keys(db.instances)) {
    const group = db.fence?.quarantine[region];
    if (group !== undefined) world.addSecurityGroup({ region, id: group, name: 'quarantine', closed: true });
  }
  world.addDbInstance({ region: home, id: inRegion(db.instances, home) });
  for (const [region, id] of Object.entries(db.instances)) {
    if (region !== home) world.addDbInstance({ region, id, replicaOf: { region: home, id: inRegion(db.instances, home) } });
  }
}

const kind: ResourceKind<RdsReadReplica> = {
  section: 'databases',
  strategies: ['pilot-light', 'warm-standby'],
  summary: 'RDS instance with a cross-region read replica: promoted by PromoteReadReplica',
  schema,
  regions: (db) => [
    { path: ['instances'], regions: Object.keys(db.instances) },
    ...(db.fence === undefined ? [] : [{ path: ['fence', 'quarantine'], regions: Object.keys(db.fence.quarantine) }]),
  ],
  lint: (db) =>
    db.fence === undefined
      ? [{ path: [], severity: 'warning', message: 'without `fence` an old writer whose API still answers cannot be quarantined' }]
      : [],
  observe,
  plan,
  steps: { assessSourceApi, assessReplication, rpoGate, fence, promote, canary },
  simulate,
};

export default kind;
