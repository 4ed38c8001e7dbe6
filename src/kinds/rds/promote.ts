import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { type DbInstance, findDbInstance } from '../../aws/rds.ts';
import { nameInArn } from '../../base/arn.ts';
import { LIMITS } from '../../base/limits.ts';
import { dbInstanceId, refused, regionName, stepKind } from '../common.ts';
import type { Observation, Refusal, StepContext, Verdict } from '../step.ts';
import { foundWriter, intendsPromotion } from './found-writer.ts';
import { isPromoted, isWriter, sourceRegion } from './instance.ts';
import { stillWriter } from './still-writer.ts';
import { weighAtLine } from './weigh-at-line.ts';

/*
 * PromoteReadReplica: asynchronous, irreversible, without a lag check of its own, called in the replica's region.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
 */

const params = z.strictObject({
  name: z.string(),
  region: regionName,
  id: dbInstanceId,
  rpoMs: z.number().positive().optional(),
  /** Days that the runbook wants; without: those of the replica, else of a writer that can be asked. */
  retentionDays: z.int().min(1).max(35).optional(),
  /** The old writer. Whose replica it must be: a name may lead to another database. */
  source: z.strictObject({ region: regionName, id: dbInstanceId }),
  /** The old writer is sure to answer: a planned move. */
  planned: z.boolean(),
  /** Regions that traffic leads users to, where the target is a writer when the plan is made. */
  usersIn: z.array(regionName).optional(),
});
type Params = z.infer<typeof params>;

/** States in which AWS lets a promotion start, or in which one may be under way. */
const USABLE = new Set(['available', 'modifying', 'backing-up', 'rebooting', 'promoting']);

/** The refusal of a replica of something else; undefined for a writer. */
function notOurs(p: Params, instance: DbInstance): Refusal | undefined {
  const from = instance.ReadReplicaSourceDBInstanceIdentifier;
  if (from === undefined || from === '') return undefined;
  const id = nameInArn(from).toLowerCase();
  if (id === p.source.id.toLowerCase() && sourceRegion(instance) === p.source.region) return undefined;
  return {
    rule: 'replica-of',
    observed: `${p.id} replicates from ${from}`,
    threshold: `a replica of ${p.source.id} in ${p.source.region}`,
    consequence: 'another database would be promoted, and users led to its data',
    override: `none: correct \`instances\` of ${p.name} in the runbook, or make ${p.id} anew as a replica of ${p.source.id}`,
  };
}

async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal });
  const status = instance?.DBInstanceStatus ?? 'not found';
  if (instance === undefined || !USABLE.has(status)) {
    return refused({
      rule: 'replica-usable',
      observed: `${p.id} in ${p.region} is ${status}`,
      threshold: `one of ${[...USABLE].join(', ')}`,
      consequence: 'there is nothing that could be promoted',
      override: `none: mend the replica, or restore from a backup. aws rds describe-db-instances --region ${p.region} --db-instance-identifier ${p.id}`,
    });
  }
  const wrong = notOurs(p, instance);
  if (wrong !== undefined) return refused(wrong);
  const warnings: string[] = [];
  if (status === 'backing-up') warnings.push(`${p.id} is backing up: the promotion waits until that has ended`);
  if ((await retention(ctx, p, instance)) === undefined) {
    warnings.push(`AWS keeps backups of a promoted replica for one day: name \`retentionDays\` for ${p.name} in the runbook`);
  }
  return { state: 'ok', because: `${p.id} is ${status}`, ...(warnings.length > 0 ? { warnings } : {}) };
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal });
  if (instance === undefined) return { state: 'impossible', because: `${p.id} is not in ${p.region}` };
  const status = instance.DBInstanceStatus ?? 'unknown';
  if (isWriter(instance) && !intendsPromotion(ctx, p)) return judgeFound(ctx, p, status);
  if (isPromoted(instance)) return { state: 'reached', because: `${p.id} is available and replicates from nobody; its backups are kept for ${instance.BackupRetentionPeriod ?? 0} days` };
  const wrong = notOurs(p, instance);
  if (wrong !== undefined) return refused(wrong);
  if (status === 'available' && !isWriter(instance)) return weighAtLine(ctx, { name: p.name, rpoMs: p.rpoMs, measured: `the lag of ${p.id}`, act: 'a promotion' }) ?? { state: 'absent', because: `${p.id} is still a replica` };
  if (!USABLE.has(status)) return { state: 'impossible', because: `${p.id} is ${status}` };
  return { state: 'pending', because: `${p.id} is ${status}`, waitingFor: 'aws' };
}

/** A writer that somebody else has made: users are led to it only when a person has accepted what it lacks. */
async function judgeFound(ctx: StepContext, p: Params, status: string): Promise<Observation> {
  const found = await foundWriter(ctx, p);
  const no = weighAtLine(ctx, { name: p.name, rpoMs: p.rpoMs, measured: `the lag of ${p.id}`, act: 'a move to it', found });
  if (no !== undefined) return no;
  if (!USABLE.has(status)) return { state: 'impossible', because: `${p.id} is ${status}` };
  if (status !== 'available') return { state: 'pending', because: `${p.id} is ${status}`, waitingFor: 'aws' };
  return { state: 'reached', because: `${found.sentence}; accepted: ${ctx.acceptances.reason ?? ''}` };
}

/** How long the backups of the new writer are kept; undefined leaves it to AWS. */
async function retention(ctx: StepContext, p: Params, seen?: DbInstance): Promise<number | undefined> {
  if (p.retentionDays !== undefined) return p.retentionDays;
  const replica = seen ?? (await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal }));
  const own = replica?.BackupRetentionPeriod ?? 0;
  if (own > 0 || !p.planned) return own > 0 ? own : undefined;
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

/**
 * "Invalid state" means that something is under way, most likely the promotion that an earlier attempt asked for: AWS
 * may show `available` for a while after it has begun. The looks that follow decide.
 */
async function act(ctx: StepContext, p: Params): Promise<void> {
  const days = await retention(ctx, p);
  try {
    await ctx.effects.aws.call({
      service: 'rds',
      region: p.region,
      operation: 'PromoteReadReplica',
      input: { DBInstanceIdentifier: p.id, ...(days === undefined ? {} : { BackupRetentionPeriod: days }) },
      signal: ctx.signal,
    });
  } catch (error) {
    if (error instanceof AwsError && error.code.startsWith('InvalidDBInstanceState')) return;
    throw error;
  }
}

/** Promoted, or in a state that a promotion passes through. */
async function made(ctx: StepContext, p: Params): Promise<boolean> {
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, { signal: ctx.signal });
  return instance !== undefined && (isWriter(instance) || instance.DBInstanceStatus !== 'available');
}

export const promote = stepKind<Params>({ params, check, observe, act, made, holds: stillWriter });
