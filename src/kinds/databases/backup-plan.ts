import { allow, inRegion } from '../common.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { fenceAgainStep, fenceStep } from './fence-plan.ts';
import { rdsResource } from './found-writer.ts';
import { dbArn, rdsArns, viaRds } from './instance.ts';
import { keptPattern } from './standby.ts';
import type { Permission } from '../../model/step.ts';
import { GROUPS, MADE } from './restore.ts';
import type { RdsBackup } from './backup-schema.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';

/** What the steps of one database have in common. */
interface Names {
  name: string;
  /** In the target. */
  id: string;
  /** In the source. */
  oldId: string;
  db: RdsBackup;
}

export function namesOf(ctx: PlanContext, name: string, db: RdsBackup): Names {
  return { name, id: inRegion(db.instances, ctx.target), oldId: inRegion(db.instances, ctx.source), db };
}

const LOOK = { phase: 'assess', reversibility: 'reversible', controlPlanes: [], changes: [], limitMs: 30_000 } as const;
/** Backups are listed by a filter, so that AWS asks for the right to list them all; these are reads. */
export function readBackups(region: string, account: string) {
  return allow(['rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBSnapshots'], rdsArns(region, account, 'auto-backup:*', 'db:*', 'snapshot:*'));
}

function readTargetBackups(ctx: PlanContext) {
  return readBackups(ctx.target, ctx.account);
}

/** RDS takes the caller's own right to the key. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html */
function keyRights(region: string, key: string | undefined): Permission[] {
  return key === undefined ? [] : [allow(['kms:DescribeKey', 'kms:CreateGrant'], [key], viaRds(region))];
}

function signalSteps(ctx: PlanContext, n: Names): StepDraft[] {
  const source = { region: ctx.source, id: n.oldId };
  return [
    {
      ...LOOK,
      step: 'assessSourceApi',
      title: `Does the RDS API of ${ctx.source} answer for ${n.oldId}?`,
      signal: `rds-api.${n.name}`,
      params: { signal: `rds-api.${n.name}`, ...source },
      permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.source, ctx.account, n.oldId)])],
      estimate: { p50: 2, p95: 3, basis: 'limit of one look at a region that may be dead' },
    },
    {
      ...LOOK,
      step: 'assessBackups',
      title: `Do backups of ${n.oldId} still arrive in ${ctx.target}?`,
      signal: `backups.${n.name}`,
      params: { signal: `backups.${n.name}`, region: ctx.target, source },
      permissions: [readTargetBackups(ctx)],
      estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    },
  ];
}

function gateStep(ctx: PlanContext, n: Names): StepDraft {
  return {
    ...LOOK,
    step: 'recoveryGate',
    gate: true,
    title: `Newest recovery point of ${n.name} is within the RPO`,
    oldWriter: rdsResource(ctx.source, n.oldId),
    params: { name: n.name, region: ctx.target, id: n.id, source: { region: ctx.source, id: n.oldId }, rpoMs: ctx.objectives.rpoMs },
    permissions: [readTargetBackups(ctx)],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
  };
}

/** Restore, opening and canary. */
function restoreSteps(ctx: PlanContext, n: Names): StepDraft[] {
  const { id, name, db } = n;
  const settings = inRegion(db.restore, ctx.target);
  const closedBy = db.fence?.quarantine[ctx.target];
  const arn = dbArn(ctx.target, ctx.account, id);
  const arns = (...parts: string[]) => rdsArns(ctx.target, ctx.account, ...parts);
  const groups = arns(`subgrp:${settings.subnetGroup.toLowerCase()}`, `pg:${settings.parameterGroup.toLowerCase()}`);
  const data = { phase: 'data', controlPlanes: [`rds@${ctx.target}`] } as const;
  const params = { name, region: ctx.target, id, settings };
  // Weighed once more at the line.
  const atLine = traitsOf(ctx.verb).sourceMayBeDead ? { ...params, rpoMs: ctx.objectives.rpoMs } : params;
  const steps: StepDraft[] = [
    {
      ...data,
      step: 'restore',
      ...(isPlannedMove(ctx.verb) ? { after: ['caughtUp'] } : {}),
      // Open at once, its first write is the restore's doing: then that is the line.
      reversibility: closedBy === undefined ? 'point-of-no-return' : 'compensable',
      title: `Restore ${id} from the newest recovery point${closedBy === undefined ? '' : ', closed'}`,
      params: { ...(closedBy === undefined ? atLine : { ...params, closedBy }), source: { region: ctx.source, id: n.oldId } },
      permissions: [
        allow(['rds:DescribeDBInstances', 'rds:AddTagsToResource'], [arn]),
        readTargetBackups(ctx),
        // Which backup is the newest, and the option group in it, is only known then.
        allow(['rds:RestoreDBInstanceToPointInTime', 'rds:RestoreDBInstanceFromDBSnapshot'], [arn, ...groups, ...arns('og:*', 'snapshot:*', 'auto-backup:*')]),
        allow(['rds:DescribeDBSubnetGroups', 'rds:DescribeDBParameterGroups'], groups),
        allow(['ec2:DescribeSecurityGroups'], ['*']),
        ...keyRights(ctx.target, db.kmsKeys?.[ctx.target]),
      ],
      estimate: { p50: 900, p95: 3600, basis: 'a new instance and its volume; grows with the logs that are replayed' },
      limitMs: 6 * 3_600_000,
      changes: [{ resource: rdsResource(ctx.target, id), field: MADE, before: 'none', after: `${settings.class}, ${settings.multiAz ? 'Multi-AZ' : 'Single-AZ'}` }],
    },
  ];
  if (closedBy !== undefined) {
    steps.push({
      ...data,
      step: 'open',
      after: ['restore'],
      reversibility: 'point-of-no-return',
      title: `Open ${id} to the application: from here on it goes its own way`,
      params: atLine,
      permissions: [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [arn])],
      estimate: { p50: 30, p95: 120, basis: 'a change of security groups; longer where the first backup must end before it' },
      limitMs: 6 * 3_600_000,
      changes: [{ resource: rdsResource(ctx.target, id), field: GROUPS, before: closedBy, after: settings.securityGroups.join(', ') }],
    });
  }
  const opened = closedBy === undefined ? 'restore' : 'open';
  if (db.canary !== undefined && isPlannedMove(ctx.verb)) steps.push(openWritesStep(ctx, n, db.canary, opened));
  if (db.canary !== undefined) {
    steps.push({
      phase: 'data',
      controlPlanes: [],
      step: 'canary',
      after: [isPlannedMove(ctx.verb) ? 'openWrites' : opened],
      reversibility: 'reversible',
      title: `Write a row to ${id} and read it back`,
      env: envOf(db.canary),
      params: { name, region: ctx.target, id, made: true, ...db.canary },
      permissions: [allow(['rds:DescribeDBInstances'], [arn])],
      estimate: { p50: 1, p95: 10, basis: 'one connection, one insert, one select' },
      limitMs: 300_000,
      changes: [{ resource: `rds:${ctx.target}:${id}`, field: `table ${db.canary.table}`, before: '', after: 'one canary row' }],
    });
  }
  return steps;
}

type Login = NonNullable<RdsBackup['canary']>;

function envOf({ userEnv, passwordEnv }: Login): string[] {
  return [userEnv, passwordEnv];
}

function loginOf({ database, userEnv, passwordEnv }: Login) {
  return { database, userEnv, passwordEnv };
}

/** The read-only setting of a switchover is part of the database, and was restored with it. */
function openWritesStep(ctx: PlanContext, n: Names, login: Login, after: string): StepDraft {
  return {
    step: 'openWrites',
    phase: 'data',
    after: [after],
    reversibility: 'reversible',
    title: `Make sure that ${n.id} takes writes`,
    env: envOf(login),
    params: { name: n.name, region: ctx.target, id: n.id, ...loginOf(login) },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, n.id)])],
    estimate: { p50: 1, p95: 10, basis: 'one ALTER DATABASE' },
    limitMs: 300_000,
    changes: [{ resource: `rds:${ctx.target}:${n.id}`, field: `database ${login.database}`, before: 'read-only', after: 'read and write' }],
  };
}

function quiesceStep(ctx: PlanContext, n: Names, login: Login): StepDraft {
  return {
    step: 'quiesce',
    phase: 'fence',
    reversibility: 'compensable',
    title: `Stop writes to ${n.oldId} in ${ctx.source}`,
    env: envOf(login),
    params: { name: n.name, region: ctx.source, id: n.oldId, ...loginOf(login) },
    controlPlanes: [],
    permissions: [allow(['rds:DescribeDBInstances'], [dbArn(ctx.source, ctx.account, n.oldId)])],
    estimate: { p50: 1, p95: 20, basis: 'one ALTER DATABASE, then the end of every session' },
    limitMs: 120_000,
    changes: [{ resource: `rds:${ctx.source}:${n.oldId}`, field: `database ${login.database}`, before: 'read and write', after: 'read-only, sessions ended' }],
  };
}

/** Writes stand still while it waits: when the backups do not come, better back to where it was. */
const CAUGHT_UP_LIMIT_MS = 3_600_000;

function caughtUpStep(ctx: PlanContext, n: Names): StepDraft {
  return {
    step: 'caughtUp',
    phase: 'data',
    reversibility: 'reversible',
    gate: true,
    title: `Backups in ${ctx.target} hold every write of ${n.oldId}`,
    oldWriter: rdsResource(ctx.source, n.oldId),
    params: { name: n.name, region: ctx.target, id: n.id, source: { region: ctx.source, id: n.oldId } },
    controlPlanes: [],
    permissions: [readTargetBackups(ctx)],
    estimate: { p50: 360, p95: 1200, basis: 'AWS moves the newest restorable time about every five minutes; its copy comes later' },
    limitMs: CAUGHT_UP_LIMIT_MS,
    changes: [],
  };
}

/** Unplanned: the loss is the age of the newest recovery point at the outage. */
export function failoverSteps(ctx: PlanContext, n: Names): StepDraft[] {
  const opening = n.db.fence?.quarantine[ctx.target] === undefined ? 'restore' : 'open';
  const quarantine = n.db.fence?.quarantine[ctx.source];
  const fence = fenceStep(ctx, n.name, n.oldId, quarantine);
  return [...signalSteps(ctx, n), gateStep(ctx, n), fence, ...restoreSteps(ctx, n), ...fenceAgainStep(ctx, n.name, n.oldId, quarantine, opening)];
}

/** Planned: writes are stopped, and the restore waits until the backups hold all of them. Users wait for all of it. */
export function switchoverSteps(ctx: PlanContext, n: Names): StepDraft[] {
  if (n.db.canary === undefined) throw new Error('a switchover needs a login');
  return [...signalSteps(ctx, n), quiesceStep(ctx, n, n.db.canary), caughtUpStep(ctx, n), ...restoreSteps(ctx, n)];
}

/** The backups of the active instance go to the region that waits. */
export function reprotectSteps(ctx: PlanContext, n: Names): StepDraft[] {
  const kmsKey = n.db.kmsKeys?.[ctx.source];
  const { retentionDays } = inRegion(n.db.restore, ctx.source);
  const active = { region: ctx.target, id: n.id };
  const quarantine = n.db.fence?.quarantine[ctx.source];
  const old = {
    phase: 'fence',
    reversibility: 'compensable',
    params: { name: n.name, region: ctx.source, id: n.oldId, active, ...(quarantine === undefined ? {} : { quarantine }) },
    controlPlanes: [`rds@${ctx.source}`],
    permissions: [
      // A free name is found by listing all that there are.
      allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, n.id), ...rdsArns(ctx.source, ctx.account, 'db:*')]),
      allow(['rds:ModifyDBInstance'], [dbArn(ctx.source, ctx.account, n.oldId), ...rdsArns(ctx.source, ctx.account, `db:${keptPattern(n.oldId)}`)]),
    ],
  } as const;
  const closing: StepDraft = {
    ...old,
    permissions: [...old.permissions, allow(['ec2:DescribeSecurityGroups'], ['*'])],
    step: 'closeOld',
    title: `Put the old ${n.oldId} in ${ctx.source} into quarantine`,
    estimate: { p50: 30, p95: 120, basis: 'a change of security groups' },
    limitMs: 1_800_000,
    changes: [{ resource: `rds:${ctx.source}:${n.oldId}`, field: 'VpcSecurityGroups', before: 'as it is', after: quarantine ?? '' }],
  };
  return [
    ...(quarantine === undefined ? [] : [closing]),
    {
      ...old,
      step: 'keepOld',
      after: quarantine === undefined ? [] : ['closeOld'],
      title: `Rename the old ${n.oldId} in ${ctx.source}, and keep it${quarantine === undefined ? ' (open: the runbook names no quarantine group)' : ''}`,
      estimate: { p50: 120, p95: 600, basis: 'a new name takes a restart' },
      limitMs: 3_600_000,
      changes: [{ resource: `rds:${ctx.source}:${n.oldId}`, field: 'DBInstanceIdentifier', before: n.oldId, after: `${n.oldId}-old-YYYYMMDD` }],
    },
    {
      step: 'replicate',
      phase: 'data',
      reversibility: 'compensable',
      title: `Replicate the backups of ${n.id} to ${ctx.source}, until they arrive`,
      params: { name: n.name, region: ctx.source, active, retentionDays, ...(kmsKey === undefined ? {} : { kmsKey }) },
      controlPlanes: [`rds@${ctx.source}`],
      permissions: [
        allow(['rds:DescribeDBInstances'], [dbArn(ctx.target, ctx.account, n.id)]),
        allow(['rds:StartDBInstanceAutomatedBackupsReplication'], [dbArn(ctx.target, ctx.account, n.id), ...rdsArns(ctx.source, ctx.account, 'auto-backup:*')]),
        allow(['rds:DescribeDBInstanceAutomatedBackups'], rdsArns(ctx.source, ctx.account, 'auto-backup:*', 'db:*')),
        ...keyRights(ctx.source, kmsKey),
      ],
      estimate: { p50: 1200, p95: 7200, basis: 'the first snapshot and its copy; grows with the volume' },
      limitMs: 24 * 3_600_000,
      changes: [{ resource: `rds:${ctx.source}:${n.id}`, field: 'replicated backups', before: 'none', after: `${retentionDays} days` }],
    },
  ];
}
