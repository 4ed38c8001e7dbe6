import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import type { AnyDbInstance } from '../../aws/list-account.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState, servesOrPasses } from '../../aws/states/rds.ts';
import type { Rented } from '../../measure/prices.ts';
import type { DrillContext, StepDraft } from '../../model/kind.ts';
import type { Observation, Refusal, StepContext, Verdict } from '../../model/step.ts';
import { allow, dbInstanceId, refused, regionName, stepKind } from '../common.ts';
import { deleteTwin, type FoundTwin, isTwinName, mayNotDelete, nameTaken, notOurTwin, runOfTwin, type Suspect, TWIN, TWIN_NAMES, twinAccepted, twinName, twinTags } from '../twins.ts';
import { carriedSettings } from './carried.ts';
import { isBusy, notReady, orRefused, whenFree } from './change.ts';
import { type Database, instanceNow, lookRights, rdsArns, rdsResource, viaRds } from './instance.ts';
import { arnIn } from '../../base/arn.ts';
import { partitionOf } from '../../base/regions.ts';

/*
 * The twin of a standby: a read replica of it in its own region. What a drill promotes and writes to, while the standby continues following
 * production.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.Replication.ReadReplicas.html
 */

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html */
export const TWIN_ID_MAX = 63;

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  /** Of the twin. */
  id: dbInstanceId,
  /** The standby, in the same region. */
  of: dbInstanceId,
  instanceClass: z.string().optional(),
  /** A name of a twin that nobody ever gives: by it the right to delete is asked for. */
  nobody: dbInstanceId,
});
type Params = z.infer<typeof params>;

export function twinOf(ctx: DrillContext, copy: Database): Database {
  return { ...copy, id: twinName(ctx, copy.id, TWIN_ID_MAX) };
}

function suspectOf(region: string, instance: DbInstance): Suspect {
  const name = instance.DBInstanceIdentifier ?? '';
  return { name, resource: rdsResource(region, name), tags: instance.TagList };
}

/** Proves that an instance is a twin that this run has made. Asked before anything is changed on it that would be of no return elsewhere. */
export function notTheTwin(ctx: StepContext, region: string, instance: DbInstance): Refusal | undefined {
  const why = notOurTwin(ctx, suspectOf(region, instance));
  return why === undefined ? undefined : nameTaken(`${instance.DBInstanceIdentifier ?? ''} exists in ${region} already: ${why}`);
}

/** What AWS asks of the source of a replica, as far as it is shown. */
function unfitSource(p: Params, source: DbInstance | undefined): Refusal | undefined {
  const no = (observed: string, threshold: string, override: string): Refusal => ({
    rule: 'twin-source',
    observed,
    threshold,
    consequence: `AWS makes no replica of ${p.of}, and the drill would have nothing to promote`,
    override,
  });
  const state = dbInstanceState(source?.DBInstanceStatus);
  if (source === undefined || !servesOrPasses(state)) {
    return no(`${p.of} in ${p.region} is ${source === undefined ? 'not found' : state.shown}`, 'a standby that runs', 'none: mend the standby: a failover could not use it either');
  }
  if ((source.BackupRetentionPeriod ?? 0) === 0) {
    const how = `aws rds modify-db-instance --region ${p.region} --db-instance-identifier ${p.of} --backup-retention-period 1 --apply-immediately`;
    return no(`${p.of} keeps no automated backups`, 'automated backups of the standby: AWS needs them for a replica of a replica', `none: ${how}    which also spares the full backup after a promotion`);
  }
  const engine = source.Engine ?? '';
  const version = source.EngineVersion ?? '';
  if (engine === 'postgres' && isOlder(version, 14, 1)) return no(`${p.of} is PostgreSQL ${version}`, 'PostgreSQL 14.1 or newer, for a replica of a replica', 'none: upgrade the engine');
  if (!['postgres', 'mysql', 'mariadb'].includes(engine)) return no(`${p.of} is ${engine === '' ? 'of an unknown engine' : engine}`, 'PostgreSQL, MySQL or MariaDB, for a replica of a replica', 'none: this engine has no drill yet');
  return undefined;
}

function isOlder(version: string, major: number, minor: number): boolean {
  const [has = 0, then = 0] = version.split('.').map(Number);
  return Number.isNaN(has) || has < major || (has === major && then < minor);
}

export function twinMayNotDelete(ctx: StepContext, p: Pick<Params, 'region' | 'id' | 'nobody'>): Promise<Refusal | undefined> {
  return mayNotDelete(ctx, () => askToDelete(ctx, { region: p.region, id: p.nobody }), { twin: p.id, right: 'rds:DeleteDBInstance on db:' });
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const there = await instanceNow(ctx, p);
  const stranger = there === undefined ? undefined : notTheTwin(ctx, p.region, there);
  if (stranger !== undefined) return refused(stranger);
  const source = await instanceNow(ctx, { region: p.region, id: p.of });
  const unfit = unfitSource(p, source) ?? (there === undefined ? await twinMayNotDelete(ctx, p) : undefined);
  return unfit === undefined ? { state: 'ok', because: `${p.of} can have a replica, and ${p.id} is free` } : refused(unfit);
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return orRefused(ctx, { region: p.region, id: p.of }, { state: 'absent', because: `there is no ${p.id} in ${p.region}` }, 'to make a replica of it');
  const stranger = notTheTwin(ctx, p.region, instance);
  if (stranger !== undefined) return refused(stranger);
  return notReady(p.id, dbInstanceState(instance.DBInstanceStatus)) ?? { state: 'reached', because: `${p.id} is a replica of ${p.of}` };
}

async function act(ctx: StepContext, p: Params): Promise<void> {
  const source = await instanceNow(ctx, { region: p.region, id: p.of });
  if (source === undefined) throw new Error(`${p.of} is not in ${p.region} any more`);
  const groups = (source.VpcSecurityGroups ?? []).flatMap((group) => group.VpcSecurityGroupId ?? []);
  const subnetGroup = source.DBSubnetGroup?.DBSubnetGroupName;
  const input = {
    ...carriedSettings(source),
    DBInstanceIdentifier: p.id,
    SourceDBInstanceIdentifier: p.of,
    DBInstanceClass: p.instanceClass ?? source.DBInstanceClass,
    MultiAZ: false,
    DeletionProtection: false,
    PubliclyAccessible: source.PubliclyAccessible ?? false,
    VpcSecurityGroupIds: groups,
    ...(subnetGroup === undefined ? {} : { DBSubnetGroupName: subnetGroup }),
    Tags: twinTags(ctx, source.TagList ?? []),
  };
  try {
    await whenFree(ctx, { region: p.region, id: p.of }, () => ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'CreateDBInstanceReadReplica', input, signal: ctx.signal }));
  } catch (error) {
    // Made by an earlier attempt: the looks that follow decide.
    if (error instanceof AwsError && error.code.startsWith('DBInstanceAlreadyExists')) return;
    throw error;
  }
  twinAccepted(ctx, rdsResource(p.region, p.id));
}

/** No last snapshot, and no backups that stay. What is not there any more is deleted. */
async function askToDelete(ctx: StepContext, { region, id }: { region: string; id: string }): Promise<boolean> {
  const input = { DBInstanceIdentifier: id, SkipFinalSnapshot: true, DeleteAutomatedBackups: true };
  try {
    await ctx.effects.aws.call({ service: 'rds', region, operation: 'DeleteDBInstance', input, signal: ctx.signal });
    return true;
  } catch (error) {
    const gone = error instanceof AwsError && error.code.startsWith('DBInstanceNotFound');
    // What is under way ends: it is asked for again.
    if (!gone && !isBusy(error)) throw error;
    return gone;
  }
}

export function deleteTwinDatabase(ctx: StepContext, p: { region: string; id: string }): Promise<void> {
  return deleteTwin<DbInstance>(ctx, rdsResource(p.region, p.id), {
    find: () => instanceNow(ctx, p),
    suspect: (instance) => suspectOf(p.region, instance),
    isGoing: (instance) => dbInstanceState(instance.DBInstanceStatus).going === true,
    ask: () => askToDelete(ctx, p),
  });
}

const PRICED: ReadonlySet<string> = new Set(['postgres', 'mysql', 'mariadb']);

/** What an instance of RDS rents. Of an engine with licences the class says nothing of the price. */
export function rentedDatabase({ DBInstanceClass: name, Engine: engine = '', AllocatedStorage, StorageType: storage = 'gp2', MultiAZ }: Partial<DbInstance>): Rented {
  const shown = PRICED.has(engine) ? name : `${name ?? 'a class'} of ${engine === '' ? 'an unknown engine' : engine}`;
  return { what: 'database', class: shown, count: MultiAZ === true ? 2 : 1, storageGb: storage.startsWith('gp') ? AllocatedStorage : undefined };
}

export function foundDatabase(region: string, instance: AnyDbInstance): FoundTwin | undefined {
  const { DBInstanceIdentifier: name = '', TagList: tags, InstanceCreateTime: made } = instance;
  const run = runOfTwin(tags);
  if (run === undefined && !isTwinName(name)) return undefined;
  return {
    resource: rdsResource(region, name),
    name,
    where: region,
    run,
    madeAt: made?.getTime(),
    going: dbInstanceState(instance.DBInstanceStatus).going === true,
    rented: [rentedDatabase(instance)],
    byHand: `aws rds delete-db-instance --region ${region} --db-instance-identifier ${name} --skip-final-snapshot`,
  };
}

export function isTwinOf(ctx: StepContext, instance: DbInstance | undefined): boolean {
  return runOfTwin(instance?.TagList) === ctx.run.id;
}

export const twin = stepKind<Params>({ params, check, observe, act, undo: deleteTwinDatabase, made: async (ctx, p) => isTwinOf(ctx, await instanceNow(ctx, p)) });

export function twinStep(ctx: DrillContext, copy: Database, instanceClass: string | undefined): StepDraft {
  const { name, region, id } = twinOf(ctx, copy);
  const own = rdsArns(region, ctx.account, `db:${TWIN_NAMES}`);
  const standby = lookRights(ctx, copy);
  return {
    step: 'twin',
    phase: 'prepare',
    reversibility: 'compensable',
    title: `Make ${id}, a replica of ${copy.id}`,
    params: { name, region, id, of: copy.id, nobody: twinName(ctx, 'nobody', TWIN_ID_MAX), ...(instanceClass === undefined ? {} : { instanceClass }) } satisfies Params,
    controlPlanes: [`rds@${region}`],
    permissions: [
      allow(['rds:DescribeDBInstances'], [...own, ...standby.resources]),
      allow(['rds:CreateDBInstanceReadReplica'], [...own, ...standby.resources, ...rdsArns(region, ctx.account, 'pg:*', 'og:*', 'subgrp:*')]),
      allow(['rds:AddTagsToResource', 'rds:DeleteDBInstance'], own),
      allow(['iam:PassRole'], [`arn:${partitionOf(region)}:iam::${ctx.account}:role/*`], { StringEquals: { 'iam:PassedToService': ['monitoring.rds.amazonaws.com'] } }),
      allow(['kms:CreateGrant', 'kms:DescribeKey'], [arnIn(region, 'kms', ctx.account, 'key/*')], viaRds(region)),
    ],
    estimate: { p50: 900, p95: 3600, basis: 'a snapshot of the standby: grows with the data' },
    limitMs: 6 * 3_600_000,
    changes: [{ resource: rdsResource(region, id), field: TWIN, before: 'none', after: `replica of ${copy.id}` }],
  };
}
