import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { replicationState } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { rpoFromLag } from '../../measure/rpo.ts';
import { allow, databasePart, READS, refused, regionName, stepKind } from '../common.ts';
import { outageAt } from '../outage.ts';
import type { StepContext } from '../../model/step.ts';
import { rpoFact } from './facts.ts';
import { foundWriter, intendsPromotion, isOf } from './found-writer.ts';
import { type Database, instanceNow, isWriter, lookRights, replicationStatus } from './instance.ts';
import { sampleLag } from './lag.ts';
import { decideLoss, type LossDecision } from './loss.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';

const params = z.strictObject({ ...databasePart, rpoMs: z.number().positive(), usersIn: z.array(regionName).optional() });
type Params = z.infer<typeof params>;

interface Lag extends Partial<Awaited<ReturnType<typeof sampleLag>>> {
  silence?: string;
}

/** CloudWatch that does not answer leaves the loss unknown, and that a person may accept: it must not stop them. */
async function lagOf(ctx: StepContext, p: Params): Promise<Lag> {
  try {
    return await sampleLag(ctx, p.region, p.id);
  } catch (error) {
    if (error instanceof AwsError) return { silence: error.message };
    throw error;
  }
}

/**
 * ReplicaLag of MySQL and MariaDB is Seconds_Behind_Source: by how much what has arrived is older than what is applied. That nothing arrives any more they
 * notice after replica_net_timeout, 60 s by default; until then the lag is 0.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_MySQL.Replication.ReadReplicas.Monitor.html
 * https://dev.mysql.com/doc/refman/8.4/en/replication-features-shutdowns.html
 */
const NET_TIMEOUT_MS = 60_000;
const NOT_IN_LAG = `; and ${formatDuration(NET_TIMEOUT_MS)}, in which this engine does not notice that nothing arrives. On a network that is too slow its lag says less than there is`;

function unseenOf(engine = ''): number {
  return /^(mysql|mariadb)/.test(engine) ? NET_TIMEOUT_MS : 0;
}

async function decide(ctx: StepContext, p: Params): Promise<LossDecision> {
  const instance = await instanceNow(ctx, p);
  const writer = instance !== undefined && isWriter(instance);
  const { newest, newestValid: lag, silence } = await lagOf(ctx, p);
  const unseen = unseenOf(instance?.Engine);
  const shown = writer && lag !== undefined && !isOf(instance, lag.sampledAt) ? undefined : lag;
  const newestValid = shown === undefined ? undefined : { ...shown, lagMs: shown.lagMs + unseen };
  // After the looks: a sample may be younger than the question.
  const now = ctx.effects.clock.now();
  const status = instance === undefined ? undefined : replicationStatus(instance);
  const own = intendsPromotion(ctx, p);
  const found = writer && !own ? await foundWriter(ctx, p) : undefined;
  // A copy that somebody else made a writer does not show how long its source lived. What a probe saw in an earlier start may have been another outage.
  const undated = found !== undefined && !ctx.impactNamed;
  const bound = rpoFromLag(p.name, newestValid, undated ? now : outageAt(ctx, newestValid?.sampledAt, now), now);
  if (writer && own) return { bound, refusal: undefined, because: `${p.id} is a writer: this run has promoted it` };
  const stopped = newest !== undefined && newest.lagMs < 0 ? `; ReplicaLag is −1: ${p.id} is not replicating` : '';
  const replication = status === undefined || replicationState(status).normal === true ? '' : `; replication has the status ${status}`;
  const evidence = `lag ${formatDuration(shown?.lagMs ?? 0)}, sample ${formatDuration(bound.ageMs ?? 0)} old${unseen === 0 ? '' : NOT_IN_LAG}${stopped}${replication}`;
  const unknown = `${silence ?? bound.because}${stopped}${replication}`;
  return decideLoss(
    { name: p.name, rpoMs: p.rpoMs, bound, measured: `the lag of ${p.id}`, unknown, evidence, act: writer ? 'a move to it' : 'a promotion', found },
    ctx.acceptances,
  );
}

/**
 * Bounds what the promotion loses and refuses what is over the RPO, or unknown. Records the bound as `rpo.<database>`.
 * In the check the outage may not have been seen yet: the bound then counts up to now.
 */
export const rpoGate = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const { refusal, because } = await decide(ctx, p);
    return refusal === undefined ? { state: 'ok', because } : refused(refusal);
  },
  observe: async (ctx, p) => {
    const { bound, refusal, because } = await decide(ctx, p);
    rpoFact.record(ctx, p.name, bound);
    return refusal === undefined ? { state: 'reached', because } : refused(refusal);
  },
});

export function rpoGateStep(ctx: PlanContext, { name, region, id }: Database, usersIn: string[] | undefined): StepDraft {
  return {
    step: 'rpoGate',
    phase: 'assess',
    ...READS,
    gate: true,
    title: `Data loss of ${name} against the RPO`,
    params: { name, region, id, rpoMs: ctx.objectives.rpoMs, ...(usersIn === undefined ? {} : { usersIn }) } satisfies Params,
    permissions: [lookRights(ctx, { region, id }), allow(['cloudwatch:GetMetricData'], ['*'])],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    limitMs: 30_000,
  };
}
