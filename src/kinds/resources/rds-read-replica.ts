import { findDbInstance } from '../../aws/rds.ts';
import type { World } from '../../simulator/world.ts';
import { allow, inRegion, regionsAt, warnIf } from '../common.ts';
import type { DrillContext, ObserveContext, PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import { assertion, assertionSteps } from '../databases/assertions.ts';
import { canary, canaryStep } from '../databases/canary.ts';
import { lintSqlEngine, loginOf, loginTo, needLogin } from '../databases/login.ts';
import { closeOld, closeOldStep } from '../databases/close-old.ts';
import { fence, fenceStep } from '../databases/fence.ts';
import { fenceAgain, fenceAgainStep } from '../databases/fence-again.ts';
import { type Database, dbArn, followers, isWriter, rdsArns, sidesOf, sourceRegion } from '../databases/instance.ts';
import { keepOld, keepOldStep } from '../databases/keep-old.ts';
import { databaseSlas } from '../databases/sides.ts';
import { keyLooks } from '../keys.ts';
import { replicaPosition } from '../databases/position-ready.ts';
import { inspectReplica } from '../databases/replica-ready.ts';
import { openWrites, openWritesStep } from '../databases/open-writes.ts';
import { positionGate, positionGateStep } from '../databases/position-gate.ts';
import { databaseProductionStep, production } from '../databases/production.ts';
import { promote, promoteStep, promoteTwinStep } from '../databases/promote.ts';
import { quiesce, quiesceStep } from '../databases/quiesce.ts';
import { type RdsReadReplica, schema } from '../databases/replica-schema.ts';
import { inSync, inSyncStep, parameters, parametersStep, rebuild, rebuildStep, restart, restartStep } from '../databases/rebuild.ts';
import { resize, resizeStep } from '../databases/resize.ts';
import { rpoGate, rpoGateStep } from '../databases/rpo-gate.ts';
import { assessReplication, assessSourceApi, replicationStep, sourceApiStep } from '../databases/signals.ts';
import { standbyGate, standbyGateStep } from '../databases/standby-gate.ts';
import { neededInstance } from '../databases/refusals.ts';
import { rentedDatabase, twin as makeTwin, twinOf, twinStep } from '../databases/twin.ts';
import { rebuildOf } from '../databases/standby.ts';
import { discoverReplicas } from '../discovery/replica.ts';
import { simulateWayIn, wayInLooks, wayInRegions } from '../databases/way-in.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';

/* A database with one writable instance and a cross-region read replica. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html */

async function observe(ctx: ObserveContext, db: RdsReadReplica): Promise<ResourceState> {
  needLogin(ctx, db);
  const id = inRegion(db.instances, ctx.target);
  const instance = await neededInstance(ctx, 'rds-read-replica', id, {
    detail: 'Without it there is nothing to promote.',
    next: `aws rds describe-db-instances --region ${ctx.target} --query 'DBInstances[].DBInstanceIdentifier'`,
  });
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
  const { copy, old } = sidesOf(ctx, name, db.instances);
  const quarantine = db.fence?.quarantine[ctx.source];
  // A standby again where the old primary was. Nothing is deleted, and the writer is only read from.
  if (traitsOf(ctx.verb).rebuilds) {
    const rebuilt = rebuildOf(ctx, name, db);
    const rights = { params: rebuilt.shared.params, permissions: [rebuilt.look, rebuilt.change] };
    return [
      standbyGateStep(ctx, rebuilt),
      ...closeOldStep(old, quarantine, rights),
      keepOldStep(old, quarantine, rights),
      rebuildStep(ctx, rebuilt),
      parametersStep(rebuilt),
      restartStep(rebuilt),
      inSyncStep(ctx, rebuilt),
    ];
  }
  // Planned: writes are stopped, and the replica is promoted once it has replayed all of them.
  if (isPlannedMove(ctx.verb)) {
    const login = loginOf(db);
    return [
      sourceApiStep(ctx, old, 1),
      // Writes stand still for as long as the replica lags: a large lag is no time for a switchover.
      replicationStep(ctx, copy, ctx.objectives.rpoMs),
      quiesceStep(ctx, old, login),
      positionGateStep(ctx, copy, old, login),
      ...promotion(ctx, copy, old, db, state),
      ...bySql(ctx, copy, db),
    ];
  }
  // Unplanned: the loss is bounded by the lag, and the old writer is fenced if it still answers.
  return [
    sourceApiStep(ctx, old),
    replicationStep(ctx, copy),
    rpoGateStep(ctx, copy, contradiction(ctx, state)),
    fenceStep(ctx, old, quarantine),
    ...promotion(ctx, copy, old, db, state),
    ...bySql(ctx, copy, db),
    ...fenceAgainStep(ctx, old, quarantine, 'promote'),
  ];
}

/** The same on a replica of the standby: what is promoted, opened and written to is the twin. What would be lost now is that of the standby. */
function drill(ctx: DrillContext, name: string, db: RdsReadReplica): StepDraft[] {
  const { copy } = sidesOf(ctx, name, db.instances);
  const twin = twinOf(ctx, copy);
  const steps = [
    databaseProductionStep(ctx, name, db.instances, copy, db),
    rpoGateStep(ctx, copy, undefined),
    twinStep(ctx, copy, db.instanceClass?.active),
    promoteTwinStep(ctx, twin, copy, { retentionDays: db.retentionDays, login: db.canary }),
  ];
  if (db.canary === undefined) return steps;
  return [...steps, { ...openWritesStep(ctx, twin, db.canary, 'promote'), undoneBy: 'twin' }, { ...canaryStep(ctx, twin, db.canary, 'openWrites'), params: { ...loginTo(twin, db.canary), table: db.canary.table, made: true } }, ...assertionSteps(ctx, twin, db)];
}

/** The promotion, and before it the larger class: the restart that it takes would otherwise hit users. */
function promotion(ctx: PlanContext, copy: Database, old: Database, db: RdsReadReplica, state: ResourceState): StepDraft[] {
  const wanted = { retentionDays: db.retentionDays, login: db.canary, usersIn: contradiction(ctx, state) };
  const to = db.instanceClass?.active;
  const has = state.facts.instanceClass;
  if (to === undefined || to === has) return [promoteStep(ctx, copy, old, wanted)];
  return [resizeStep(ctx, copy, typeof has === 'string' ? has : 'unknown', to), promoteStep(ctx, copy, old, { ...wanted, after: ['resize'] })];
}

function bySql(ctx: PlanContext, copy: Database, { canary }: RdsReadReplica): StepDraft[] {
  return canary === undefined ? [] : [openWritesStep(ctx, copy, canary, 'promote'), canaryStep(ctx, copy, canary, 'openWrites')];
}

/** Of a target that is a writer already: where traffic leads users, which contradicts it. */
function contradiction(ctx: PlanContext, state: ResourceState): string[] | undefined {
  return state.facts.role === 'writer' ? [...(ctx.usersIn ?? [])] : undefined;
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
      ...(region !== home ? { replicaOf: main } : db.retentionDays === undefined ? {} : { backupRetentionDays: db.retentionDays }),
    });
  }
  simulateWayIn(world, db, { [home]: main.id });
}

const kind: ResourceKind<RdsReadReplica> = {
  section: 'databases',
  strategies: ['pilot-light', 'warm-standby'],
  summary: 'RDS instance with a cross-region read replica: promoted by PromoteReadReplica',
  schema,
  regions: (db) => [
    ...regionsAt(db.instances, 'instances'),
    ...regionsAt(db.securityGroups, 'securityGroups'),
    ...regionsAt(db.fence?.quarantine, 'fence', 'quarantine'),
    ...wayInRegions(db),
  ],
  lint: (db) => [
    ...warnIf(db.fence === undefined, 'without `fence` an old writer whose API still answers cannot be quarantined'),
    ...lintSqlEngine(db),
  ],
  ids: (db) => [{ type: 'rds:db', path: ['instances'], ids: db.instances }],
  login: (db) => db.canary,
  lossMethod: (db) => db.rpo.method,
  ownKeys: ['canary'],
  showsLoss: true,
  observe,
  looks: (at, db) => [allow(['rds:DescribeDBInstances'], [dbArn(at.target, at.account, inRegion(db.instances, at.target))])],
  inspect: inspectReplica,
  position: (ctx, name, db) => replicaPosition(ctx, { name, region: ctx.target, id: inRegion(db.instances, ctx.target) }, db.canary),
  slas: (ctx, db, region) => databaseSlas(ctx, region, inRegion(db.instances, region)),
  inspectRights: (at, db) => [
    allow(['rds:DescribeDBInstances'], [dbArn(at.source, at.account, inRegion(db.instances, at.source))]),
    ...[at.source, at.target].map((region) => allow(['rds:DescribeDBParameters'], rdsArns(region, at.account, 'pg:*'))),
    allow(['ec2:DescribeSecurityGroups', 'cloudwatch:GetMetricData'], ['*']),
    keyLooks(at.target, at.account),
    ...wayInLooks(at, db),
  ],
  plan,
  drill,
  rents: async ({ effects, signal, target }, db) => {
    const standby = await findDbInstance(effects.aws, target, inRegion(db.instances, target), { signal });
    return [rentedDatabase({ ...standby, MultiAZ: false, ...(db.instanceClass === undefined ? {} : { DBInstanceClass: db.instanceClass.active }) })];
  },
  steps: {
    assertion,
    production,
    twin: makeTwin,
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
  discover: discoverReplicas,
  simulate,
};

export default kind;
