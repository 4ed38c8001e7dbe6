import { plural } from '../../base/plural.ts';
import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { type DbInstance, findDbInstance, parametersOf } from '../../aws/rds.ts';
import { type DbInstanceState, dbInstanceState } from '../../aws/states/rds.ts';
import { nameInArn } from '../../base/arn.ts';
import { LIMITS } from '../../base/limits.ts';
import { allow, databasePart, instanceSchema, refused, regionName, stepKind } from '../common.ts';
import type { Observation, Refusal, StepContext, Verdict } from '../../model/step.ts';
import { lastsFor, lastsNot } from '../looks.ts';
import { countRefusal, freshRefusal, isBusy, orRefused, waitedOut, whenFree } from './change.ts';
import { type FoundWriter, foundWriter, intendsPromotion, ROLE } from './found-writer.ts';
import { type Database, instanceNow, isPromoted, isWriter, lookRights, rdsArns, rdsResource, replicates, rightsTo, sourceOf, sourceRegion } from './instance.ts';
import { loginSchema, recordLinePosition } from './line-position.ts';
import { promotionFindings } from './promotion-ready.ts';
import { replicatedSourceLives, sourceAgainRights } from './source-again.ts';
import { stillWriter } from './writer.ts';
import { weighAtLine } from './loss.ts';
import { notTheTwin } from './twin.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { isPlannedMove } from '../../model/verb.ts';
import { envOf, loginTo, type NamedLogin } from './login.ts';

/*
 * PromoteReadReplica: asynchronous, irreversible, without a lag check of its own, called in the replica's region.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
 */

const params = z.strictObject({
  ...databasePart,
  rpoMs: z.number().positive().optional(),
  /** Days that the runbook wants; without: those of the replica, else of a writer that can be asked. */
  retentionDays: z.int().min(1).max(35).optional(),
  /** The old writer. Whose replica it must be: a name may lead to another database. */
  source: instanceSchema,
  /** The old writer is sure to answer: a planned move. */
  planned: z.boolean(),
  /** By which the replica's last position is read before it is promoted. */
  login: loginSchema.optional(),
  usersIn: z.array(regionName).optional(),
  /** It is a twin of a drill: nothing of production is lost with it, and it must prove that it is one. */
  twin: z.literal(true).optional(),
});
type Params = z.infer<typeof params>;

/** A backup is waited out; where AWS documents nothing, the promotion is tried. What needs a person first, or is no engine, cannot be promoted. */
function isUsable(state: DbInstanceState): boolean {
  if (state.promote === 'no') return state.writes === 'yes';
  return !state.listed || state.writes === 'yes' || state.passing === 'yes';
}

/** The answer names neither a source nor a status: it says nothing of what the instance is. */
function showsNoRole(instance: DbInstance): boolean {
  return !isWriter(instance) && !replicates(instance);
}

/** A promotion, or another change, may be under way: what is asked for now would be refused, or asked for twice. */
function isUnderWay(state: DbInstanceState, asked: boolean): boolean {
  if (state.promote === 'no' || state.changing === true) return true;
  return state.listed ? state.writes !== 'yes' : asked;
}

/** The refusal of a replica of something else; undefined for a writer. */
function notOurs(p: Params, instance: DbInstance): Refusal | undefined {
  const from = sourceOf(instance);
  if (from === undefined) return undefined;
  const id = nameInArn(from).toLowerCase();
  if (id === p.source.id.toLowerCase() && sourceRegion(instance) === p.source.region) return undefined;
  return {
    rule: 'replica-of',
    observed: `${p.id} replicates from ${from}`,
    threshold: `a replica of ${p.source.id} in ${p.source.region}`,
    consequence: 'another database would be promoted, and users led to its data',
    override: `none: correct \`instances\` of ${p.name} in the runbook, or recreate ${p.id} as a replica of ${p.source.id}`,
  };
}

const READ_ONLY = ['read_only', 'super_read_only', 'innodb_read_only'];

/**
 * A parameter group of MySQL or MariaDB with a fixed `read_only`: the promotion ends, and the instance takes no writes. The default
 * is {TrueIfReplica}, which ends with the promotion.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_MySQL.Replication.ReadReplicas.html
 */
async function staysReadOnly(ctx: StepContext, p: Params, instance: DbInstance): Promise<Refusal | undefined> {
  const group = instance.DBParameterGroups?.[0]?.DBParameterGroupName;
  if (!/^(mysql|mariadb)/.test(instance.Engine ?? '') || group === undefined) return undefined;
  const set = await parametersOf(ctx.effects.aws, p.region, group, READ_ONLY, { signal: ctx.signal });
  const on = Object.entries(set).filter(([, value]) => /^(1|on|true)$/i.test(value));
  if (on.length === 0) return undefined;
  return {
    rule: 'replica-usable',
    observed: `${p.id} uses the parameter group ${group}, which sets ${on.map(([name, value]) => `${name}=${value}`).join(', ')}`,
    threshold: 'a parameter group that lets it take writes once it is promoted: read_only={TrueIfReplica}, the default',
    consequence: `${p.id} would stay read-only after the promotion, and users could write nothing`,
    override: `none: aws rds modify-db-parameter-group --region ${p.region} --db-parameter-group-name ${group} --parameters ${on.map(([name]) => `ParameterName=${name},ParameterValue='{TrueIfReplica}',ApplyMethod=immediate`).join(' ')}`,
  };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  if (p.twin === true) return { state: 'ok', because: `${p.id} is made by this run` };
  const instance = await instanceNow(ctx, p);
  const state = dbInstanceState(instance?.DBInstanceStatus);
  const status = state.shown;
  if (instance === undefined || !isUsable(state) || showsNoRole(instance)) {
    return refused({
      rule: 'replica-usable',
      observed: `${p.id} in ${p.region} is ${instance === undefined ? 'not found' : status}`,
      threshold: 'a status in which AWS may promote it, or that leads to one',
      consequence: 'there is nothing that could be promoted',
      override: `none: mend the replica, or restore from a backup. aws rds describe-db-instances --region ${p.region} --db-instance-identifier ${p.id}`,
    });
  }
  const wrong = notOurs(p, instance);
  if (wrong !== undefined) return refused(wrong);
  const readOnly = await staysReadOnly(ctx, p, instance);
  if (readOnly !== undefined) return refused(readOnly);
  const wanted = { now: ctx.effects.clock.now(), proven: p.login !== undefined, retentionDays: await retention(ctx, p, instance) };
  const warnings = promotionFindings(p, instance, wanted);
  return { state: 'ok', because: `${p.id} is ${status}`, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** A promotion that AWS refuses for so long, of a replica that shows nothing else under way, ends in AWS's words. */
const REFUSED_MS = 600_000;

/** So long a retention that the promotion has set may wait, of a writer that is available: AWS makes it at once. Milliseconds. */
const RETENTION_MS = 300_000;

/** The same retention waits for the maintenance window, as somebody asked for it before: users take no notice of it. */
function retentionStays(ctx: StepContext, p: Params, instance: DbInstance, state: DbInstanceState): boolean {
  const what = `retention.${p.name}`;
  if (state.ask === 'yes' && isPromoted(instance, undefined)) return lastsFor(ctx, what) >= RETENTION_MS;
  lastsNot(ctx, what);
  return false;
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region}` };
  const stranger = p.twin === true ? notTheTwin(ctx, p.region, instance) : undefined;
  if (stranger !== undefined) return refused(stranger);
  const state = dbInstanceState(instance.DBInstanceStatus);
  const asked = intendsPromotion(ctx, p);
  if (isWriter(instance) && !asked) return judgeFound(ctx, p, state);
  const waits = !isPromoted(instance, p.retentionDays);
  if (!waits || retentionStays(ctx, p, instance, state)) {
    const days = instance.BackupRetentionPeriod === undefined ? 'an unknown number of days' : plural(instance.BackupRetentionPeriod, 'day');
    const later = waits ? `, and a change to ${plural(p.retentionDays ?? 0, 'day')} waits for its maintenance window` : '';
    return { state: 'reached', because: `${p.id} is a standalone primary (status ${state.shown}); its backups are kept for ${days}${later}` };
  }
  const wrong = notOurs(p, instance);
  if (wrong !== undefined) return refused(wrong);
  if (!isUsable(state)) return { state: 'impossible', because: `${p.id} is ${state.shown}` };
  if (isWriter(instance) || showsNoRole(instance) || isUnderWay(state, asked)) {
    return { state: 'pending', because: `${p.id} is ${state.shown}`, waitingFor: 'aws', ...(asked ? {} : { reason: state.shown }) };
  }
  // AWS does not promote it in this state, as it has said: that ends, and is waited for.
  const busy = state.promote !== 'yes' && state.passing === 'yes' ? freshRefusal(ctx, p) : undefined;
  if (busy !== undefined) waitedOut(ctx, p);
  if (busy !== undefined) return { state: 'pending', because: `${p.id} is ${state.shown}, and AWS refuses to promote it: ${busy.words}`, waitingFor: 'aws', reason: busy.words };
  const no = p.twin === true ? undefined : await weighed(ctx, p, { act: 'a promotion' }, asked);
  if (no !== undefined) return no;
  // Once, so that it is durable with the intent: after that a promotion may be under way.
  if (!asked) await recordLinePosition(ctx, p);
  return orRefused(ctx, p, { state: 'absent', because: `${p.id} is still a replica` }, 'to promote it', REFUSED_MS);
}

/** What may be lost, and whether the source lives after all. Undefined: the line may be crossed. */
async function weighed(ctx: StepContext, p: Params, as: { act: string; found?: FoundWriter | undefined }, asked = false): Promise<Observation | undefined> {
  const weigh = () => weighAtLine(ctx, { name: p.name, rpoMs: p.rpoMs, measured: `the lag of ${p.id}`, ...as });
  return weigh() ?? (asked ? undefined : await replicatedSourceLives(ctx, p, weigh));
}

/** A writer that this run has not made: users are moved to it if another run of this failover made it, or a person has accepted what it lacks. */
async function judgeFound(ctx: StepContext, p: Params, state: DbInstanceState): Promise<Observation> {
  const found = await foundWriter(ctx, p);
  const no = await weighed(ctx, p, { act: 'a move to it', found });
  if (no !== undefined) return no;
  if (!isUsable(state)) return { state: 'impossible', because: `${p.id} is ${state.shown}` };
  if (state.writes !== 'yes') return { state: 'pending', because: `${p.id} is ${state.shown}`, waitingFor: 'aws' };
  return { state: 'reached', because: found === undefined ? `${p.id} is ${state.shown}: another application of this failover, which shares it, has promoted it` : `${found.sentence}; accepted: ${ctx.acceptances.reason ?? ''}` };
}

/** How long the backups of the new writer are kept; undefined leaves it to AWS. */
async function retention(ctx: StepContext, p: Params, seen?: DbInstance): Promise<number | undefined> {
  if (p.retentionDays !== undefined) return p.retentionDays;
  const replica = seen ?? (await instanceNow(ctx, p));
  const own = replica?.BackupRetentionPeriod;
  if (own !== undefined && own > 0) return own;
  if (!p.planned) return undefined;
  try {
    const old = await findDbInstance(ctx.effects.aws, p.source.region, p.source.id, { signal: ctx.signal, timeoutMs: LIMITS.awsCallMs, attempts: 1 });
    const days = old?.BackupRetentionPeriod ?? 0;
    return days > 0 ? days : undefined;
  } catch (error) {
    // It has died meanwhile. Nothing is to wait for the number.
    if (error instanceof AwsError && error.saysNothing) return undefined;
    throw error;
  }
}

/** "Invalid state": something is under way. Asked again where no earlier request can have been made; else it most likely is the promotion, and looks decide. */
async function act(ctx: StepContext, p: Params): Promise<void> {
  const days = await retention(ctx, p);
  const input = { DBInstanceIdentifier: p.id, ...(days === undefined ? {} : { BackupRetentionPeriod: days }) };
  const ask = () => ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'PromoteReadReplica', input, signal: ctx.signal });
  if (!ctx.askedBefore) return whenFree(ctx, p, ask);
  try {
    await ask();
  } catch (error) {
    if (!isBusy(error)) throw error;
    countRefusal(ctx, p, error);
  }
}

/** Promoted, or in a state that a promotion passes through. */
async function made(ctx: StepContext, p: Params): Promise<boolean> {
  // It was a writer when the plan was made.
  if (p.usersIn !== undefined) return false;
  const instance = await instanceNow(ctx, p);
  if (instance === undefined) return false;
  const state = dbInstanceState(instance.DBInstanceStatus);
  return isWriter(instance) || state.changing === true || state.writes !== 'yes';
}

export const promote = stepKind<Params>({ params, check, observe, act, made, holds: stillWriter });

/** What the runbook, and the look before the plan, say of a promotion. */
interface Wanted {
  after?: readonly string[] | undefined;
  retentionDays?: number | undefined;
  login?: NamedLogin | undefined;
  usersIn?: string[] | undefined;
}

export function promoteStep(ctx: PlanContext, copy: Database, old: Database, { after, retentionDays, login, usersIn }: Wanted): StepDraft {
  const planned = isPlannedMove(ctx.verb);
  const { region, id } = copy;
  const resource = rdsResource(region, id);
  return {
    step: 'promote',
    ...(after === undefined ? {} : { after }),
    oldWriter: rdsResource(old.region, old.id),
    ...(login === undefined ? {} : { env: envOf(login) }),
    phase: 'data',
    reversibility: 'point-of-no-return',
    title: `Promote ${id} to primary`,
    params: {
      ...copy,
      source: { region: old.region, id: old.id },
      planned,
      ...(planned ? {} : { rpoMs: ctx.objectives.rpoMs }),
      ...(retentionDays === undefined ? {} : { retentionDays }),
      ...(login === undefined ? {} : { login: loginTo({}, login) }),
      ...(usersIn === undefined ? {} : { usersIn }),
    } satisfies Params,
    controlPlanes: [`rds@${region}`],
    permissions: [
      allow(['rds:DescribeDBInstances', 'rds:PromoteReadReplica'], [rightsTo(ctx, region, id)]),
      // Of MySQL and MariaDB: whether it takes writes then. Its parameter group is known to AWS only.
      allow(['rds:DescribeDBParameters'], rdsArns(region, ctx.account, 'pg:*')),
      allow(['cloudwatch:GetMetricData'], ['*']),
      ...(planned ? [lookRights(ctx, old)] : sourceAgainRights(ctx, old)),
    ],
    estimate: { p50: 300, p95: 900, basis: 'AWS: "can take several minutes or longer"; grows with transactions to apply' },
    limitMs: 3_600_000,
    changes: [
      { resource, field: ROLE, before: usersIn === undefined ? `replica of ${old.id}` : 'a writer already, by whose hand is not known', after: 'writer' },
      ...(retentionDays === undefined ? [] : [{ resource, field: 'BackupRetentionPeriod', before: 'as it is', after: plural(retentionDays, 'day') }]),
    ],
  };
}

/** The promotion of a twin: the same act, and no line, for the twin is deleted at the end. `copy`: the standby that it replicates from. */
export function promoteTwinStep(ctx: PlanContext, twin: Database, copy: Database, { retentionDays, login }: Pick<Wanted, 'retentionDays' | 'login'>): StepDraft {
  const { oldWriter: _, params: p, ...draft } = promoteStep(ctx, twin, copy, { retentionDays, login });
  return { ...draft, reversibility: 'compensable', undoneBy: 'twin', params: { ...(p as Params), twin: true } satisfies Params };
}
