import { findDbInstance } from '../../aws/rds.ts';
import type { World } from '../../simulator/world.ts';
import { caughtUp, recoveryGate } from '../databases/recovery-gate.ts';
import { closeBackedUp } from '../databases/close-old.ts';
import { keepBackedUp } from '../databases/keep-old.ts';
import { failoverSteps, namesOf, readBackups, reprotectSteps, switchoverSteps } from '../databases/backup-plan.ts';
import { findPoints } from '../databases/recovery-points.ts';
import { replicate } from '../databases/replicate-backups.ts';
import { open, restore } from '../databases/restore.ts';
import { type RdsBackup, schema } from '../databases/backup-schema.ts';
import { hasGroups } from '../databases/restore-settings.ts';
import { assessBackups } from '../databases/backup-signal.ts';
import { allow, inRegion } from '../common.ts';
import type { PlanContext, ResourceKind, ResourceState, StepDraft } from '../../model/kind.ts';
import { canary } from '../databases/canary.ts';
import { fence } from '../databases/fence.ts';
import { fenceAgain } from '../databases/fence-again.ts';
import { dbArn } from '../databases/instance.ts';
import { openWrites } from '../databases/open-writes.ts';
import { quiesce } from '../databases/quiesce.ts';
import { assessSourceApi } from '../databases/signals.ts';
import { needLogin } from '../databases/login.ts';
import { needSingle } from '../databases/refusals.ts';

/*
 * A database that exists in one region only. The others keep its backups, and an instance is restored from them.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReplicateBackups.html
 */

async function observe(ctx: Parameters<ResourceKind<RdsBackup>['observe']>[0], db: RdsBackup): Promise<ResourceState> {
  needLogin(ctx, db);
  const id = inRegion(db.instances, ctx.target);
  const quarantine = db.fence?.quarantine[ctx.target];
  const instance = await findDbInstance(ctx.effects.aws, ctx.target, id, { signal: ctx.signal });
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
  const names = namesOf(ctx, name, db);
  switch (ctx.verb) {
    case 'failover':
      return failoverSteps(ctx, names);
    case 'switchover':
      return switchoverSteps(ctx, names);
    case 'reprotect':
      return reprotectSteps(ctx, names);
  }
}

function simulate(world: World, _name: string, db: RdsBackup, home: string): void {
  const source = { region: home, id: inRegion(db.instances, home) };
  for (const [region, settings] of Object.entries(db.restore)) {
    world.addDbSubnetGroup({ region, name: settings.subnetGroup });
    world.addDbParameterGroup({ region, name: settings.parameterGroup });
    if (settings.optionGroup !== undefined) world.addDbOptionGroup({ region, name: settings.optionGroup });
    for (const id of settings.securityGroups) world.addSecurityGroup({ region, id, name: `database-${id}`, closed: false });
    const quarantine = db.fence?.quarantine[region];
    if (quarantine !== undefined) world.addSecurityGroup({ region, id: quarantine, name: 'quarantine', closed: true });
  }
  const { class: instanceClass, subnetGroup, parameterGroup, multiAz, retentionDays: backupRetentionDays, securityGroups } = inRegion(db.restore, home);
  world.addDbInstance({ ...source, instanceClass, subnetGroup, parameterGroup, multiAz, backupRetentionDays, securityGroups });
  for (const region of Object.keys(db.instances)) {
    const kmsKeyId = db.kmsKeys?.[region];
    if (region !== home) world.addAutomatedBackup({ region, source, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) });
  }
}

const kind: ResourceKind<RdsBackup> = {
  section: 'databases',
  strategies: ['backup-restore'],
  summary: 'RDS instance restored in another region from replicated automated backups or copied snapshots',
  schema,
  regions: (db) => [
    { path: ['instances'], regions: Object.keys(db.instances) },
    { path: ['restore'], regions: Object.keys(db.restore) },
    ...(db.kmsKeys === undefined ? [] : [{ path: ['kmsKeys'], regions: Object.keys(db.kmsKeys) }]),
    ...(db.fence === undefined ? [] : [{ path: ['fence', 'quarantine'], regions: Object.keys(db.fence.quarantine) }]),
  ],
  lint: (db) => [
    ...(db.fence === undefined
      ? [{ path: [], severity: 'warning' as const, message: 'without `fence` a restored instance is open as soon as it is there, so the restore itself is the point of no return' }]
      : []),
    ...(db.kmsKeys === undefined
      ? [{ path: [], severity: 'warning' as const, message: 'without `kmsKeys` reprotect cannot replicate the backups of an encrypted instance' }]
      : []),
  ],
  ids: (db) => [{ type: 'rds:db', path: ['instances'], ids: db.instances }],
  login: (db) => db.canary,
  lossMethod: (db) => db.rpo.method,
  ownKeys: ['canary'],
  observe,
  looks: (at, db) => [allow(['rds:DescribeDBInstances'], [dbArn(at.target, at.account, inRegion(db.instances, at.target))]), readBackups(at.target, at.account)],
  plan,
  steps: { assessSourceApi, assessBackups, recoveryGate, fence, fenceAgain, quiesce, caughtUp, restore, open, openWrites, canary, closeOld: closeBackedUp, keepOld: keepBackedUp, replicate },
  simulate,
};

export default kind;
