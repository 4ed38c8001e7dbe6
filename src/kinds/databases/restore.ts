import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { type DbInstanceState, dbInstanceState, needsPerson } from '../../aws/states/rds.ts';
import type { PastMove } from '../../effects/effects.ts';
import { allow, databasePart, dbInstanceId, instanceSchema, refused, securityGroupId, stepKind } from '../common.ts';
import { lastsFor, lastsNot } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, Refusal, StepContext, Verdict } from '../../model/step.ts';
import { modifyWhenFree, orRefused, refusalOf, whenFree } from './change.ts';
import { offerFor } from './offered.ts';
import { isOwnOptionGroup } from './option-group.ts';
import { thatMade } from './found-writer.ts';
import { type Database, dbArn, instanceNow, rdsArns, rdsResource, rightsTo } from './instance.ts';
import { type NewInstance, quotaFor } from './quota.ts';
import { restoredSourceLives, sourceAgainRights, weighRestored } from './source-again.ts';
import { stillWriter } from './writer.ts';
import { carriesToken, readChoice, RESTORE_TAG } from './recovery-gate.ts';
import { findPoints, keyRights, listBackups, type RecoveryPoint } from './recovery-points.ts';
import { restoreSettings, type RestoreSettings } from './backup-schema.ts';
import { differences, hasGroups, otherStorage, unfitSettings, withoutSettings } from './restore-settings.ts';
import type { DrillContext, PlanContext, StepDraft } from '../../model/kind.ts';
import { TWIN, twinAccepted, twinName, twinTags } from '../twins.ts';
import { deleteTwinDatabase, isTwinOf, TWIN_ID_MAX, twinMayNotDelete, twinOf } from './twin.ts';
import { isPlannedMove, traitsOf } from '../../model/verb.ts';

/*
 * A restore makes a new instance and changes nothing that is there. Where the runbook names a quarantine group it is made closed: the line is not the
 * restore but its opening, by which the copy may take its first write. Without one it is open as soon as it is there, and the restore itself is the line.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
 */

const params = z.strictObject({
  ...databasePart,
  settings: restoreSettings,
  /** The original, whose recovery points are looked at. */
  source: instanceSchema.optional(),
  closedBy: securityGroupId.optional(),
  /** Where it is the line, in a failover: what may be lost. */
  rpoMs: z.number().positive().optional(),
  /** It is a twin of a drill, and this is the name by which the right to delete it is asked for: nobody ever gives it. */
  nobody: dbInstanceId.optional(),
});
type Params = z.infer<typeof params>;

/** Made open it is the line itself; a twin is none. */
function isLine(p: Params): boolean {
  return p.closedBy === undefined && p.nobody === undefined;
}

/** Field of the change that a restore is. */
const MADE = 'instance';

function isOurs(ctx: StepContext, p: Params, instance: DbInstance): boolean {
  return carriesToken(instance, readChoice(ctx, p.name));
}

async function stranger(ctx: StepContext, p: Pick<Params, 'region' | 'id'>, instance: DbInstance): Promise<{ state: 'refused'; refusal: Refusal }> {
  const earlier = (instance.TagList ?? []).some((tag) => tag.Key === RESTORE_TAG);
  const { run, complete = false, leftFor } = (earlier ? await restoredBy(ctx, p) : undefined) ?? {};
  const since = leftFor === undefined ? '' : `; a later run moved users to ${leftFor}`;
  const by = run === undefined ? 'restored by another run' : `restored by another run; the run ${run} began to restore it, and has ${complete ? 'succeeded' : 'not ended'}${since}`;
  // Users are served by it: a new name would take it away from them.
  const done = complete && leftFor === undefined ? `none: this run has nothing left to do; dr status ${run ?? ''} shows the one that succeeded` : undefined;
  const resume = complete ? '' : run === undefined ? (earlier ? 'dr resume, if that run is unfinished; else ' : '') : `dr resume ${run}; or `;
  return refused({
    rule: 'restore-target',
    observed: `${p.id} in ${p.region} exists already (${instance.DBInstanceStatus ?? 'unknown'}), ${earlier ? by : 'and no run of dr made it'}`,
    threshold: 'a free identifier',
    consequence: 'users would get whatever is in it; it is not overwritten, and not deleted',
    override: done ?? `${resume}keep it under another name: aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.id} --new-db-instance-identifier ${p.id}-kept --apply-immediately`,
  });
}

/** The run that has not ended, else the newest; `leftFor`: where a later one has moved users. Undefined also if earlier runs cannot be read: then the refusal names none. */
async function restoredBy(ctx: StepContext, p: Pick<Params, 'region' | 'id'>): Promise<(Pick<PastMove, 'run' | 'complete'> & { leftFor: string | undefined }) | undefined> {
  try {
    const all = (await ctx.effects.history?.moves(0)) ?? [];
    const made = thatMade(all, ctx, rdsResource(p.region, p.id), MADE);
    const move = made.find(({ complete }) => !complete) ?? made[0];
    const [newest] = all;
    return move === undefined ? undefined : { ...move, leftFor: newest === undefined || newest.target === ctx.target ? undefined : newest.target };
  } catch {
    ctx.signal.throwIfAborted();
    return undefined;
  }
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const instance = await instanceNow(ctx, p);
  if (instance !== undefined && !isOurs(ctx, p, instance)) return stranger(ctx, p, instance);
  const unable = instance === undefined && p.nobody !== undefined ? await twinMayNotDelete(ctx, { region: p.region, id: p.id, nobody: p.nobody }) : undefined;
  if (unable !== undefined) return refused(unable);
  const point = instance === undefined ? await newestPoint(ctx, p) : undefined;
  const wrong = needsOptions(p, point);
  if (wrong !== undefined) return refused(wrong);
  // Once it is there, it says itself what it runs.
  const runs = instance === undefined ? { engine: point?.engine, version: point?.version } : { engine: instance.Engine, version: instance.EngineVersion };
  const { missing, unfit, zones } = await unfitSettings(ctx, p.region, p.settings, p.closedBy, runs);
  const { multiAz, iamAuthentication } = p.settings;
  const offer = instance === undefined && missing.length === 0 ? await offerFor(ctx, { region: p.region, id: p.id, ...runs, instanceClass: p.settings.class, multiAz, iamAuthentication, zones }) : { unfit: [], warnings: [] };
  unfit.push(...offer.unfit);
  if (missing.length === 0 && unfit.length === 0) {
    const room = instance === undefined ? await quotaFor(ctx, { region: p.region, id: p.id, storageGib: point?.storageGib }, await besides(ctx, p)) : { warnings: [] };
    return room.refusal === undefined ? { state: 'ok', because: `${p.id} is free, and everything it needs is in ${p.region}`, warnings: [...room.warnings, ...offer.warnings] } : refused(room.refusal);
  }
  if (missing.length === 0) {
    return refused({
      rule: 'restore-settings',
      observed: unfit.join('; '),
      threshold: 'security groups of the VPC of the subnet group, a parameter group and an option group for the engine and major version of the data, and a class that RDS offers for it there',
      consequence: `AWS refuses the restore of ${p.name}`,
      override: `none: correct \`restore\` or \`fence.quarantine\` for ${p.region} in the runbook`,
    });
  }
  return refused({
    rule: 'restore-settings',
    observed: `${p.region} does not have ${missing.join(', ')}`,
    threshold: 'every group that `restore` names',
    consequence: `${p.name} could not be restored, or only with AWS's defaults`,
    override: `none: make what is missing in ${p.region}, or correct \`restore\` in the runbook`,
  });
}

/**
 * Options such as Timezone or TDE cannot be removed from a database: a restore must name a group that has them, and option groups
 * belong to one region.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html#USER_RestoreFromSnapshot.Options
 */
function needsOptions(p: Params, point: RecoveryPoint | undefined): Refusal | undefined {
  const needs = point?.optionGroup;
  if (p.source === undefined || p.settings.optionGroup !== undefined || !isOwnOptionGroup(needs)) return undefined;
  return {
    rule: 'restore-settings',
    observed: `the newest recovery point of ${p.source.id} needs an option group (the original has ${needs}), and \`restore\` names none for ${p.region}`,
    threshold: '`optionGroup` under `restore`, unless the original has a default one',
    consequence: `AWS refuses the restore of ${p.name}, or restores it without its options`,
    override: `none: make an option group with the same options in ${p.region}, and add it to the runbook: restore: { ${p.region}: { optionGroup: NAME } }`,
  };
}

async function newestPoint(ctx: StepContext, { region, source }: Params): Promise<RecoveryPoint | undefined> {
  return source === undefined ? undefined : (await findPoints(ctx, region, { [source.region]: source.id })).usable[0];
}

const RESTORES = ['rds-backup.restore', 'rds-backup.restoreTwin'];

/** What else the plan restores in that region, and is not there yet. */
async function besides(ctx: StepContext, { region, id }: Params): Promise<NewInstance[]> {
  const others = (ctx.planned ?? []).flatMap((step) => (RESTORES.includes(step.kind) ? (params.safeParse(step.params).data ?? []) : [])).filter((other) => other.region === region && other.id !== id);
  const made = await Promise.all(others.map(async (other) => ((await instanceNow(ctx, other)) === undefined ? [{ region, id: other.id, storageGib: (await newestPoint(ctx, other))?.storageGib }] : [])));
  return made.flat();
}

/** So long AWS is asked again for what it does not show of an instance that serves. Milliseconds. */
const UNSHOWN_MS = 60_000;

/** What is not shown is no difference yet, and no proof. */
function notShownYet(ctx: StepContext, p: Params, unknown: readonly string[]): Observation {
  const because = `AWS does not show ${unknown.join(', ')} of ${p.id}`;
  if (lastsFor(ctx, `unshown.${p.name}`) < UNSHOWN_MS) return { state: 'pending', because, waitingFor: 'aws' };
  return { state: 'impossible', because, next: [`aws rds describe-db-instances --region ${p.region} --db-instance-identifier ${p.id}, then: dr resume`] };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return (isLine(p) ? weighRestored(ctx, p) : undefined) ?? { state: 'absent', because: `${p.id} is not in ${p.region}` };
  if (!isOurs(ctx, p, instance)) return stranger(ctx, p, instance);
  const state = dbInstanceState(instance.DBInstanceStatus);
  if (needsPerson(state)) return { state: 'impossible', because: `${p.id} is ${state.shown}` };
  if (state.writes !== 'yes') return { state: 'pending', because: `${p.id} is ${state.shown}`, waitingFor: 'aws' };
  const { wrong, unknown, restart } = differences(instance, p.settings);
  if (unknown.length > 0) return notShownYet(ctx, p, unknown);
  const groups = p.closedBy === undefined ? p.settings.securityGroups : [p.closedBy];
  if (!hasGroups(instance, groups).same && !hasGroups(instance, p.settings.securityGroups).same) wrong.push(`its security groups are not ${groups.join(', ')}`);
  // What it was asked for may still be on its way.
  if (wrong.length > 0 && state.ask !== 'yes') return { state: 'pending', because: `${p.id} is ${state.shown}: ${wrong.join('; ')}`, waitingFor: 'aws' };
  if (wrong.length > 0) {
    return {
      state: 'impossible',
      because: `${p.id} was restored otherwise than asked: ${wrong.join('; ')}`,
      next: [`aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.id} --apply-immediately …, then: dr resume`],
    };
  }
  if (restart) return restartFor(ctx, p, state);
  lastsNot(ctx, unapplied(p));
  // Made open, it has no step that opens it: this is the last look before users are led to it.
  const lives = isLine(p) ? await restoredSourceLives(ctx, p) : undefined;
  if (lives !== undefined) return lives;
  restoredFact.record(ctx, p.name, { id: p.id, region: p.region, from: readChoice(ctx, p.name)?.point.from ?? '' });
  const without = p.nobody === undefined ? `${otherStorage(instance, readChoice(ctx, p.name)?.point)}${withoutSettings(instance)}` : '';
  return { state: 'reached', because: `${p.id} is ${state.shown} with the settings of the runbook${p.closedBy === undefined ? '' : ', and still closed'}${without}` };
}

/** So long a restart may take to show in the state of its parameters. Milliseconds. */
const UNAPPLIED_MS = 300_000;
const unapplied = (p: Params): string => `unapplied.${p.name}`;
/** `due` with the intent, so that the act knows which of its two requests it is to make. */
const restartFact = fact('restart', z.enum(['due', 'asked']));

/**
 * Some restored instances wait for a restart to use their parameter group, and AWS makes none by itself. Nobody uses it yet: it is restarted once.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithParamGroups.html
 */
function restartFor(ctx: StepContext, p: Params, state: DbInstanceState): Observation {
  const because = `the parameters of ${p.id} wait for a reboot`;
  if (state.ask !== 'yes') return { state: 'pending', because: `${p.id} is ${state.shown}: ${because}`, waitingFor: 'aws' };
  if (restartFact.read(ctx, p.name) !== 'asked') {
    restartFact.record(ctx, p.name, 'due');
    return orRefused(ctx, p, { state: 'absent', because, further: true }, 'to reboot it');
  }
  if (lastsFor(ctx, unapplied(p)) < UNAPPLIED_MS) return { state: 'pending', because: `${because}, which was asked for`, waitingFor: 'aws' };
  return { state: 'impossible', because: `${because}, also after one`, next: [`aws rds reboot-db-instance --region ${p.region} --db-instance-identifier ${p.id}, then: dr resume`] };
}

async function restart(ctx: StepContext, p: Params): Promise<void> {
  const input = { DBInstanceIdentifier: p.id };
  await whenFree(ctx, p, () => ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'RebootDBInstance', input, signal: ctx.signal }));
  restartFact.record(ctx, p.name, 'asked');
}

const restoredFact = fact('restored', z.object({ id: z.string(), region: z.string(), from: z.string() }));

async function act(ctx: StepContext, p: Params): Promise<void> {
  if (restartFact.read(ctx, p.name) === 'due') return restart(ctx, p);
  const choice = readChoice(ctx, p.name);
  if (choice === undefined) throw new Error(`no recovery point of ${p.name} was chosen`);
  // All of it, for AWS sets a default for whatever is left out.
  const settings = {
    DBInstanceClass: p.settings.class,
    DBSubnetGroupName: p.settings.subnetGroup,
    DBParameterGroupName: p.settings.parameterGroup,
    VpcSecurityGroupIds: p.closedBy === undefined ? p.settings.securityGroups : [p.closedBy],
    MultiAZ: p.settings.multiAz,
    BackupRetentionPeriod: p.settings.retentionDays,
    PubliclyAccessible: p.settings.publiclyAccessible ?? false,
    ...(p.settings.optionGroup === undefined ? {} : { OptionGroupName: p.settings.optionGroup }),
    ...(p.settings.iamAuthentication === undefined ? {} : { EnableIAMDatabaseAuthentication: p.settings.iamAuthentication }),
    // A twin is deleted at the end of its drill: nothing may protect it from that.
    ...(p.nobody === undefined && p.settings.deletionProtection === true ? { DeletionProtection: true } : {}),
    ...(p.settings.logExports === undefined ? {} : { EnableCloudwatchLogsExports: p.settings.logExports }),
    ...(p.settings.copyTagsToSnapshot === undefined ? {} : { CopyTagsToSnapshot: p.settings.copyTagsToSnapshot }),
    Tags: [
      { Key: RESTORE_TAG, Value: choice.token },
      ...(p.nobody === undefined ? [{ Key: 'dr:runbook', Value: ctx.runbook }] : twinTags(ctx)),
    ],
  };
  const call = { service: 'rds', region: p.region, signal: ctx.signal } as const;
  try {
    if (choice.point.method === 'restorable-time') {
      // Not the time that was chosen: what has arrived since then need not be lost.
      const source = { SourceDBInstanceAutomatedBackupsArn: choice.point.from, UseLatestRestorableTime: true };
      await ctx.effects.aws.call({ ...call, operation: 'RestoreDBInstanceToPointInTime', input: { TargetDBInstanceIdentifier: p.id, ...source, ...settings } });
    } else {
      const source = { DBSnapshotIdentifier: choice.point.from };
      await ctx.effects.aws.call({ ...call, operation: 'RestoreDBInstanceFromDBSnapshot', input: { DBInstanceIdentifier: p.id, ...source, ...settings } });
    }
  } catch (error) {
    // Somebody was quicker, maybe an attempt of ours without an answer: the looks that follow decide.
    if (error instanceof AwsError && error.code.startsWith('DBInstanceAlreadyExists')) return;
    throw error;
  }
}

/** Something has the name: there was nothing before. */
async function made(ctx: StepContext, p: Params): Promise<boolean> {
  return (await instanceNow(ctx, p)) !== undefined;
}

export const restore = stepKind<Params>({ params, check, observe, act, made, holds: stillWriter });

/** The same as a twin: it is deleted at the end, and so it is no line. */
export const restoreTwin = stepKind<Params>({
  params,
  check,
  observe,
  act: async (ctx, p) => {
    await act(ctx, p);
    twinAccepted(ctx, rdsResource(p.region, p.id));
  },
  undo: deleteTwinDatabase,
  made: async (ctx, p) => isTwinOf(ctx, await instanceNow(ctx, p)),
});

/** A drill restores to its own name, open as a failover would in the end. The time of it counts: it is what a failover waits for. */
export function restoreTwinStep(ctx: DrillContext, copy: Database, old: Database, wanted: Omit<Wanted, 'closedBy'>): StepDraft {
  const twin = twinOf(ctx, copy);
  const { params: p, permissions, ...draft } = restoreStep(ctx, twin, old, { ...wanted, closedBy: undefined });
  const exact = dbArn(twin.region, ctx.account, twin.id);
  const own = rightsTo(ctx, twin.region, twin.id);
  return {
    ...draft,
    step: 'restoreTwin',
    reversibility: 'compensable',
    params: { ...(p as Params), nobody: twinName(ctx, 'nobody', TWIN_ID_MAX) } satisfies Params,
    permissions: [...permissions.map((one) => ({ ...one, resources: one.resources.map((arn) => (arn === exact ? own : arn)) })), allow(['rds:DeleteDBInstance'], [own])],
    changes: [{ resource: rdsResource(twin.region, twin.id), field: TWIN, before: 'none', after: `restored from the newest recovery point of ${old.id}` }],
  };
}

const openParams = params.omit({ closedBy: true });
type OpenParams = z.infer<typeof openParams>;

/** Field of the change that opening is. */
const GROUPS = 'VpcSecurityGroups';

/** Lets the application in: from here on the restored copy takes writes of its own. */
export const open = stepKind<OpenParams>({
  params: openParams,
  check: () => Promise.resolve({ state: 'ok', because: 'the groups were looked at by the restore' } as const),
  observe: async (ctx, p) => {
    const instance = await instanceNow(ctx, p);
    if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region}` };
    if (!isOurs(ctx, p, instance)) return stranger(ctx, p, instance);
    const { same, settled } = hasGroups(instance, p.settings.securityGroups);
    const state = dbInstanceState(instance.DBInstanceStatus);
    if (needsPerson(state)) return { state: 'impossible', because: `${p.id} is ${state.shown}${same ? '' : ', and closed'}` };
    if (settled && state.writes === 'yes') return { state: 'reached', because: `${p.id} lets in ${p.settings.securityGroups.join(', ')}` };
    if (same) return { state: 'pending', because: `${p.id} is ${state.shown}; its security groups are being applied`, waitingFor: 'aws' };
    // A first backup may take hours, and AWS documents nothing against a change of groups meanwhile: it is tried once.
    const tried = refusalOf(ctx, p) !== undefined || ctx.intends(rdsResource(p.region, p.id), GROUPS);
    const mayAsk = state.ask === 'yes' || (state.writes === 'yes' && state.changing !== true && !tried);
    if (!mayAsk) return orRefused(ctx, p, { state: 'pending', because: `${p.id} is ${state.shown}, and closed`, waitingFor: 'aws' }, 'to open it');
    return weighRestored(ctx, p) ?? (await restoredSourceLives(ctx, p)) ?? orRefused(ctx, p, { state: 'absent', because: `${p.id} is closed` }, 'to open it');
  },
  act: async (ctx, p) => {
    // Without ApplyImmediately, see quarantine.ts.
    await modifyWhenFree(ctx, p, { VpcSecurityGroupIds: p.settings.securityGroups });
  },
  // Whichever run restored it: its groups let users in, or are being changed to.
  made: async (ctx, p) => {
    const instance = await instanceNow(ctx, p);
    return instance !== undefined && hasGroups(instance, p.settings.securityGroups).same;
  },
});

interface Wanted {
  settings: RestoreSettings;
  closedBy: string | undefined;
  kmsKey: string | undefined;
}

/** The loss is weighed once more at the line, where the source may be dead. */
function weighed(ctx: PlanContext): { rpoMs?: number } {
  return traitsOf(ctx.verb).sourceMayBeDead ? { rpoMs: ctx.objectives.rpoMs } : {};
}

export function restoreStep(ctx: PlanContext, copy: Database, old: Database, { settings, closedBy, kmsKey }: Wanted): StepDraft {
  const { region, id } = copy;
  const arn = dbArn(region, ctx.account, id);
  const arns = (...parts: string[]) => rdsArns(region, ctx.account, ...parts);
  const groups = arns(`subgrp:${settings.subnetGroup}`, `pg:${settings.parameterGroup}`);
  return {
    step: 'restore',
    phase: 'data',
    ...(isPlannedMove(ctx.verb) ? { after: ['caughtUp'] } : {}),
    // Open at once, its first write is the restore's doing: then that is the line.
    reversibility: closedBy === undefined ? 'point-of-no-return' : 'compensable',
    title: `Restore ${id} from the newest recovery point${closedBy === undefined ? '' : ', closed'}`,
    params: { ...copy, settings, ...(closedBy === undefined ? weighed(ctx) : { closedBy }), source: { region: old.region, id: old.id } } satisfies Params,
    controlPlanes: [`rds@${region}`],
    permissions: [
      allow(['rds:DescribeDBInstances', 'rds:AddTagsToResource', 'rds:RebootDBInstance'], [arn]),
      listBackups(region, ctx.account),
      // Which backup is the newest, and the option group in it, is only known then.
      allow(['rds:RestoreDBInstanceToPointInTime', 'rds:RestoreDBInstanceFromDBSnapshot'], [arn, ...groups, ...arns('og:*', 'snapshot:*', 'auto-backup:*')]),
      allow(['rds:DescribeDBSubnetGroups', 'rds:DescribeDBParameterGroups'], groups),
      ...(settings.optionGroup === undefined ? [] : [allow(['rds:DescribeOptionGroups'], arns(`og:${settings.optionGroup}`))]),
      allow(['ec2:DescribeSecurityGroups', 'rds:DescribeAccountAttributes', 'rds:DescribeOrderableDBInstanceOptions'], ['*']),
      ...keyRights(region, kmsKey),
      ...(closedBy === undefined ? sourceAgainRights(ctx, old) : []),
    ],
    estimate: { p50: 900, p95: 3600, basis: 'a new instance and its volume; grows with the logs that are replayed' },
    limitMs: 6 * 3_600_000,
    changes: [{ resource: rdsResource(region, id), field: MADE, before: 'none', after: `${settings.class}, ${settings.multiAz ? 'Multi-AZ' : 'Single-AZ'}; AWS's defaults where the runbook says nothing` }],
  };
}

export function openStep(ctx: PlanContext, copy: Database, old: Database, { settings, closedBy }: Wanted): StepDraft[] {
  if (closedBy === undefined) return [];
  const { region, id } = copy;
  return [
    {
      step: 'open',
      phase: 'data',
      after: ['restore'],
      reversibility: 'point-of-no-return',
      title: `Open ${id} to the application: from here on it goes its own way`,
      params: { ...copy, settings, ...weighed(ctx), source: { region: old.region, id: old.id } } satisfies OpenParams,
      controlPlanes: [`rds@${region}`],
      permissions: [allow(['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], [dbArn(region, ctx.account, id)]), listBackups(region, ctx.account), ...sourceAgainRights(ctx, old)],
      estimate: { p50: 30, p95: 120, basis: 'a change of security groups; longer where the first backup must end before it' },
      limitMs: 6 * 3_600_000,
      changes: [{ resource: rdsResource(region, id), field: GROUPS, before: closedBy, after: settings.securityGroups.join(', ') }],
    },
  ];
}
