import { assertion, assertionSteps } from '../databases/assertions.ts';
import { databaseProductionStep, production } from '../databases/production.ts';
import { twinOf } from '../databases/twin.ts';
import type { World } from '../../simulator/world.ts';
import { caughtUp, caughtUpStep, recoveryGate, recoveryGateStep } from '../databases/recovery-gate.ts';
import { closeBackedUp, closeOldStep } from '../databases/close-old.ts';
import { type BackedUpParams, keepBackedUp, keepOldStep } from '../databases/keep-old.ts';
import { rdsSla } from '../slas.ts';
import { keyLooks } from '../keys.ts';
import { inspectBackups } from '../databases/backup-ready.ts';
import { findPoints, listBackups } from '../databases/recovery-points.ts';
import { replicate, replicateStep } from '../databases/replicate-backups.ts';
import { open, openStep, restore, restoreStep, restoreTwin, restoreTwinStep } from '../databases/restore.ts';
import { type RdsBackup, schema } from '../databases/backup-schema.ts';
import { hasGroups } from '../databases/restore-settings.ts';
import { assessBackups, backupsStep } from '../databases/backup-signal.ts';
import { allow, inRegion, regionsAt, warnIf } from '../common.ts';
import type { DrillContext, PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import { canary, canaryStep } from '../databases/canary.ts';
import { lintSqlEngine, loginOf, needLogin } from '../databases/login.ts';
import { fence, fenceStep } from '../databases/fence.ts';
import { fenceAgain, fenceAgainStep } from '../databases/fence-again.ts';
import { type Database, dbArn, instanceNow, rdsArns, sidesOf } from '../databases/instance.ts';
import { openWrites, openWritesStep } from '../databases/open-writes.ts';
import { quiesce, quiesceStep } from '../databases/quiesce.ts';
import { assessSourceApi, sourceApiStep } from '../databases/signals.ts';
import { needSingle } from '../databases/refusals.ts';
import { keptPattern } from '../databases/standby.ts';
import { simulateWayIn, wayInLooks, wayInRegions } from '../databases/way-in.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';
import { discoverBackups } from '../discovery/backup.ts';

/*
 * A database that exists in one region only. The others keep its backups, and an instance is restored from them.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
 */

async function observe(ctx: Parameters<ResourceKind<RdsBackup>['observe']>[0], db: RdsBackup): Promise<ResourceState> {
  needLogin(ctx, db);
  const id = inRegion(db.instances, ctx.target);
  const quarantine = db.fence?.quarantine[ctx.target];
  const instance = await instanceNow(ctx, { region: ctx.target, id });
  needSingle('rds-backup', ctx.target, instance);
  const closed = instance !== undefined && quarantine !== undefined && hasGroups(instance, [quarantine]).same;
  if (instance !== undefined && !closed) {
    return { activeIn: [ctx.target], because: `${id} is in ${ctx.target} and open`, facts: { here: 'open' } };
  }
  const here = closed ? `${id} in ${ctx.target} is closed` : `${id} is not in ${ctx.target}`;
  const others = Object.fromEntries(Object.entries(db.instances).filter(([region]) => region !== ctx.target));
  // Whose backups arrive here last is where it runs: the region itself is not asked, for it may be dead.
  const { usable } = await findPoints(ctx, ctx.target, others);
  const from = usable[0]?.sourceRegion;
  const facts = { here: closed ? 'closed' : 'absent', backupsOf: from };
  if (from !== undefined) return { activeIn: [from], because: `${here}; the newest recovery point there is of ${from}`, facts };
  const only = Object.keys(others).length === 1 ? Object.keys(others) : [];
  return { activeIn: only, because: `${here}, and there is no recovery point`, facts };
}

function plan(ctx: PlanContext, name: string, db: RdsBackup): StepDraft[] {
  const { copy, old } = sidesOf(ctx, name, db.instances);
  const quarantine = db.fence?.quarantine[ctx.source];
  // The backups of the active instance go to the region that waits.
  if (traitsOf(ctx.verb).rebuilds) {
    const rights = oldRights(ctx, copy, old, quarantine);
    return [
      ...closeOldStep(old, quarantine, { ...rights, permissions: [...rights.permissions, allow(['ec2:DescribeSecurityGroups'], ['*'])] }),
      keepOldStep(old, quarantine, rights),
      replicateStep(ctx, copy, old, inRegion(db.restore, ctx.source).retentionDays, db.kmsKeys?.[ctx.source]),
    ];
  }
  // Planned: writes are stopped, and the restore waits until the backups hold all of them. Users wait for all of it.
  if (isPlannedMove(ctx.verb)) {
    return [
      sourceApiStep(ctx, old),
      backupsStep(ctx, old),
      quiesceStep(ctx, old, loginOf(db)),
      caughtUpStep(ctx, copy, old, db.kmsKeys?.[ctx.target]),
      ...restored(ctx, copy, old, db),
    ];
  }
  // Unplanned: the loss is the age of the newest recovery point at the outage.
  return [
    sourceApiStep(ctx, old),
    backupsStep(ctx, old),
    recoveryGateStep(ctx, copy, old, db.kmsKeys?.[ctx.target]),
    fenceStep(ctx, old, quarantine),
    ...restored(ctx, copy, old, db),
    ...fenceAgainStep(ctx, old, quarantine, db.fence?.quarantine[ctx.target] === undefined ? 'restore' : 'open'),
  ];
}

function restored(ctx: PlanContext, copy: Database, old: Database, db: RdsBackup): StepDraft[] {
  const wanted = { settings: inRegion(db.restore, ctx.target), closedBy: db.fence?.quarantine[ctx.target], kmsKey: db.kmsKeys?.[ctx.target] };
  const steps = [restoreStep(ctx, copy, old, wanted), ...openStep(ctx, copy, old, wanted)];
  if (db.canary === undefined) return steps;
  const opened = wanted.closedBy === undefined ? 'restore' : 'open';
  // The read-only setting of a switchover is part of the database, and was restored with it.
  if (!isPlannedMove(ctx.verb)) return [...steps, canaryStep(ctx, copy, db.canary, opened, old)];
  return [...steps, openWritesStep(ctx, copy, db.canary, opened), canaryStep(ctx, copy, db.canary, 'openWrites', old)];
}

/** The newest recovery point is restored under a name of the drill, and written to. */
function drill(ctx: DrillContext, name: string, db: RdsBackup): StepDraft[] {
  const { copy, old } = sidesOf(ctx, name, db.instances);
  const steps = [
    databaseProductionStep(ctx, name, db.instances, old, db),
    recoveryGateStep(ctx, copy, old, db.kmsKeys?.[ctx.target]),
    restoreTwinStep(ctx, copy, old, { settings: inRegion(db.restore, ctx.target), kmsKey: db.kmsKeys?.[ctx.target] }),
  ];
  const twin = twinOf(ctx, copy);
  return db.canary === undefined ? steps : [...steps, canaryStep(ctx, twin, db.canary, 'restoreTwin', old), ...assertionSteps(ctx, twin, db)];
}

/** A free name is found by listing all instances that there are. */
function oldRights(ctx: PlanContext, active: Database, old: Database, quarantine: string | undefined): Pick<StepDraft, 'params' | 'permissions'> {
  const { region, id } = old;
  return {
    params: { ...old, active: { region: active.region, id: active.id }, ...(quarantine === undefined ? {} : { quarantine }) } satisfies BackedUpParams,
    permissions: [
      allow(['rds:DescribeDBInstances'], [dbArn(active.region, ctx.account, active.id), ...rdsArns(region, ctx.account, 'db:*')]),
      allow(['rds:ModifyDBInstance'], [dbArn(region, ctx.account, id), ...rdsArns(region, ctx.account, `db:${keptPattern(id)}`)]),
    ],
  };
}

function simulate(world: World, _name: string, db: RdsBackup, home: string): void {
  const source = { region: home, id: inRegion(db.instances, home) };
  for (const [region, settings] of Object.entries(db.restore)) {
    world.addDbSubnetGroup({ region, name: settings.subnetGroup });
    world.addDbParameterGroup({ region, name: settings.parameterGroup });
    if (settings.optionGroup !== undefined) world.state.dbOptionGroups.add({ region, name: settings.optionGroup });
    for (const id of settings.securityGroups) world.addSecurityGroup({ region, id, name: `database-${id}`, closed: false });
    const quarantine = db.fence?.quarantine[region];
    if (quarantine !== undefined) world.addSecurityGroup({ region, id: quarantine, name: 'quarantine', closed: true });
  }
  const { class: instanceClass, subnetGroup, parameterGroup, multiAz, retentionDays: backupRetentionDays, securityGroups } = inRegion(db.restore, home);
  world.addDbInstance({ ...source, instanceClass, subnetGroup, parameterGroup, multiAz, backupRetentionDays, securityGroups });
  for (const region of Object.keys(db.instances)) {
    const kmsKeyId = db.kmsKeys?.[region];
    world.state.keys.used(region, kmsKeyId);
    if (region !== home) world.addAutomatedBackup({ region, source, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) });
  }
  simulateWayIn(world, db, { [home]: source.id });
}

const kind: ResourceKind<RdsBackup> = {
  section: 'databases',
  strategies: ['backup-restore'],
  summary: 'RDS instance restored in another region from replicated automated backups or copied snapshots',
  schema,
  regions: (db) => [
    ...regionsAt(db.instances, 'instances'),
    ...regionsAt(db.restore, 'restore'),
    ...regionsAt(db.kmsKeys, 'kmsKeys'),
    ...regionsAt(db.fence?.quarantine, 'fence', 'quarantine'),
    ...wayInRegions(db),
  ],
  lint: (db) => [
    ...warnIf(db.fence === undefined, 'without `fence` a restored instance is open as soon as it is there, so the restore itself is the point of no return'),
    ...warnIf(db.kmsKeys === undefined, 'without `kmsKeys` reprotect cannot replicate the backups of an encrypted instance'),
    ...lintSqlEngine(db),
  ],
  ids: (db) => [{ type: 'rds:db', path: ['instances'], ids: db.instances }],
  login: (db) => db.canary,
  lossMethod: (db) => db.rpo.method,
  ownKeys: ['canary'],
  observe,
  looks: (at, db) => [allow(['rds:DescribeDBInstances'], [dbArn(at.target, at.account, inRegion(db.instances, at.target))]), listBackups(at.target, at.account)],
  inspect: inspectBackups,
  // What a restore makes.
  slas: (_ctx, db, region) => Promise.resolve([rdsSla(inRegion(db.restore, region).multiAz)]),
  inspectRights: (at, db) => [
    allow(['rds:DescribeDBInstances'], [dbArn(at.source, at.account, inRegion(db.instances, at.source))]),
    allow(['ec2:DescribeSecurityGroups'], ['*']),
    keyLooks(at.target, at.account),
    ...wayInLooks(at, db),
    ...(db.proxy?.[at.target] === undefined ? [] : [allow(['rds:DescribeDBSubnetGroups'], rdsArns(at.target, at.account, `subgrp:${inRegion(db.restore, at.target).subnetGroup}`))]),
    // Backups are encrypted with the key that the runbook names, which may be another account's.
    ...(db.kmsKeys?.[at.target] === undefined ? [] : [allow(['kms:DescribeKey'], [db.kmsKeys[at.target] ?? ''])]),
  ],
  plan,
  drill,
  // How large the restored database is, is seen when it is there.
  rents: ({ target }, db) => Promise.resolve([{ what: 'database', class: inRegion(db.restore, target).class, count: inRegion(db.restore, target).multiAz ? 2 : 1 }]),
  steps: { assertion, production, restoreTwin, assessSourceApi, assessBackups, recoveryGate, fence, fenceAgain, quiesce, caughtUp, restore, open, openWrites, canary, closeOld: closeBackedUp, keepOld: keepBackedUp, replicate },
  discover: discoverBackups,
  simulate,
};

export default kind;
