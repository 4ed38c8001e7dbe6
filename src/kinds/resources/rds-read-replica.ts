import { findDbInstance } from '../../aws/rds.ts';
import { DrError } from '../../base/errors.ts';
import type { World } from '../../simulator/world.ts';
import { allow, inRegion } from '../common.ts';
import type { ObserveContext, PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import { canary } from '../databases/canary.ts';
import { closeOld } from '../databases/close-old.ts';
import { fence } from '../databases/fence.ts';
import { fenceAgain } from '../databases/fence-again.ts';
import { dbArn, followers, isWriter, sourceRegion } from '../databases/instance.ts';
import { keepOld } from '../databases/keep-old.ts';
import { openWrites } from '../databases/open-writes.ts';
import { positionGate } from '../databases/position-gate.ts';
import { promote } from '../databases/promote.ts';
import { quiesce } from '../databases/quiesce.ts';
import { failoverSteps, switchoverSteps } from '../databases/replica-plan.ts';
import { type RdsReadReplica, schema } from '../databases/replica-schema.ts';
import { reprotectSteps } from '../databases/reprotect-plan.ts';
import { inSync, parameters, rebuild, restart } from '../databases/rebuild.ts';
import { resize } from '../databases/resize.ts';
import { rpoGate } from '../databases/rpo-gate.ts';
import { assessReplication, assessSourceApi } from '../databases/signals.ts';
import { standbyGate } from '../databases/standby-gate.ts';
import { needLogin } from '../databases/login.ts';
import { needSingle } from '../databases/refusals.ts';

/*
 * A database with one writable instance and a cross-region read replica.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html
 */

async function observe(ctx: ObserveContext, db: RdsReadReplica): Promise<ResourceState> {
  needLogin(ctx, db);
  const id = inRegion(db.instances, ctx.target);
  const instance = await findDbInstance(ctx.effects.aws, ctx.target, id, { signal: ctx.signal });
  needSingle('rds-read-replica', ctx.target, instance);
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
    ...(writer ? { standbys: followers(instance, db.instances) } : {}),
    facts: { role: writer ? 'writer' : 'replica', source: from, instanceClass },
  };
}

function plan(ctx: PlanContext, name: string, db: RdsReadReplica, state: ResourceState): StepDraft[] {
  switch (ctx.verb) {
    case 'failover':
      return failoverSteps(ctx, name, db, state);
    case 'switchover':
      return switchoverSteps(ctx, name, db, state);
    case 'reprotect':
      return reprotectSteps(ctx, name, db);
  }
}

/** The group that lets the application in, where the runbook names none. */
const OPEN_GROUP = 'sg-0cccccccccccccccc';

function simulate(world: World, _name: string, db: RdsReadReplica, home: string): void {
  const main = { region: home, id: inRegion(db.instances, home) };
  const regions = Object.keys(db.instances).sort((a, b) => Number(b === home) - Number(a === home));
  for (const region of regions) {
    const quarantine = db.fence?.quarantine[region];
    if (quarantine !== undefined) world.addSecurityGroup({ region, id: quarantine, name: 'quarantine', closed: true });
    const securityGroups = db.securityGroups?.[region] ?? [OPEN_GROUP];
    for (const id of securityGroups) world.addSecurityGroup({ region, id, name: 'application', closed: false });
    const instanceClass = db.instanceClass?.[region === home ? 'active' : 'standby'];
    world.addDbInstance({
      region,
      id: inRegion(db.instances, region),
      securityGroups,
      ...(instanceClass === undefined ? {} : { instanceClass }),
      ...(region === home ? {} : { replicaOf: main }),
    });
  }
}

const kind: ResourceKind<RdsReadReplica> = {
  section: 'databases',
  strategies: ['pilot-light', 'warm-standby'],
  summary: 'RDS instance with a cross-region read replica: promoted by PromoteReadReplica',
  schema,
  regions: (db) => [
    { path: ['instances'], regions: Object.keys(db.instances) },
    ...(db.securityGroups === undefined ? [] : [{ path: ['securityGroups'], regions: Object.keys(db.securityGroups) }]),
    ...(db.fence === undefined ? [] : [{ path: ['fence', 'quarantine'], regions: Object.keys(db.fence.quarantine) }]),
  ],
  lint: (db) =>
    db.fence === undefined
      ? [{ path: [], severity: 'warning', message: 'without `fence` an old writer whose API still answers cannot be quarantined' }]
      : [],
  ids: (db) => [{ type: 'rds:db', path: ['instances'], ids: db.instances }],
  login: (db) => db.canary,
  lossMethod: (db) => db.rpo.method,
  ownKeys: ['canary'],
  showsLoss: true,
  observe,
  looks: (at, db) => [allow(['rds:DescribeDBInstances'], [dbArn(at.target, at.account, inRegion(db.instances, at.target))])],
  plan,
  steps: {
    assessSourceApi,
    assessReplication,
    rpoGate,
    fence,
    fenceAgain,
    quiesce,
    positionGate,
    resize,
    promote,
    openWrites,
    canary,
    standbyGate,
    closeOld,
    keepOld,
    rebuild,
    parameters,
    restart,
    inSync,
  },
  simulate,
};

export default kind;
