import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { findDbInstance } from '../../aws/rds.ts';
import { cannotWrite, dbInstanceState, replicationState } from '../../aws/states/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import { allow, instanceSchema, noCheck, READS, stepKind } from '../common.ts';
import { RECEIVING_MS, type Signal, signalSeen } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';
import { type Database, lookRights, replicationStatus, replicationTrouble } from './instance.ts';
import { sampleLag } from './lag.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';

const params = z.strictObject({
  signal: z.string(),
  ...instanceSchema.shape,
  /** Replication with more lag than that does not count as up. */
  maxLagMs: z.number().positive().optional(),
});
type Params = z.infer<typeof params>;

/** What was seen of the source so short a time ago need not be asked again. Milliseconds. */
const JUST_NOW_MS = 60_000;

/** `at`: when it was seen, ms since the epoch. False where that is not known, or in the future. */
export function seenJustNow(ctx: StepContext, at: number | undefined): boolean {
  const age = at === undefined ? Number.NaN : ctx.effects.clock.now() - at;
  return age >= 0 && age < JUST_NOW_MS;
}

/** One short look at an API that may be dead: no retry, for its silence is the answer. */
export async function lookAtSource(ctx: StepContext, p: Pick<Params, 'region' | 'id'>): Promise<Signal> {
  const vantage = 'source-api';
  try {
    const look = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
    const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, look);
    if (instance === undefined) return { vantage, says: 'unknown', because: `${p.region} answers, but has no ${p.id}` };
    const state = dbInstanceState(instance.DBInstanceStatus);
    const because = `${p.id} is ${state.shown}`;
    if (cannotWrite(state)) return { vantage, says: 'down', because };
    // What may take writes lives. Only what surely serves is a source that may be left in good order.
    return { vantage, says: state.listed ? 'up' : 'unknown', because, ...(state.writes === 'yes' ? {} : { unsettled: true }) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.unreachable) return { vantage, says: 'down', because: `the RDS API of ${p.region} gives no answer`, silent: true, at: ctx.effects.clock.now() };
    return { vantage, says: 'unknown', because: error.message };
  }
}

export const assessSourceApi = stepKind<Params>({
  params,
  check: noCheck,
  observe: async (ctx, p) => signalSeen(ctx, p.signal, await lookAtSource(ctx, p)),
});

type Link = Pick<Params, 'region' | 'id' | 'maxLagMs'>;

/** What replication says, seen from the copy. */
export async function lookAtReplication(ctx: StepContext, p: Link): Promise<Signal> {
  try {
    return await askLink(ctx, p);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { vantage: 'replication', says: 'unknown', notAsked: true, because: error.message };
  }
}

async function askLink(ctx: StepContext, p: Link): Promise<Signal> {
  const vantage = 'replication';
  // Of the signals from elsewhere it is the one that is always there: a throttle or a reset must not silence it.
  const options = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 4 };
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, options);
  if (instance === undefined) return { vantage, says: 'unknown', because: `there is no ${p.id} in ${p.region}` };
  const status = replicationStatus(instance);
  if (status === undefined) return { vantage, says: 'unknown', because: `${p.id} shows no replication` };
  const state = replicationState(status);
  // In an outage the reason is the outage.
  const why = p.maxLagMs === undefined ? '' : replicationTrouble(instance);
  if (state.receives !== 'yes') return { vantage, says: state.byTrouble ? 'down' : 'unknown', because: `replication of ${p.id} has the status ${state.shown}${why}` };
  const { newest } = await sampleLag(ctx, p.region, p.id);
  if (newest === undefined) return { vantage, says: 'unknown', because: 'no ReplicaLag sample was found' };
  const age = ctx.effects.clock.now() - newest.sampledAt;
  // The sample is older than the status: replication may have come back since.
  if (newest.lagMs < 0) return { vantage, says: 'unknown', because: `${p.id} is ${state.shown}, although its newest lag sample, ${formatDuration(age)} old, says that it was not replicating` };
  if (age > RECEIVING_MS) return { vantage, says: 'down', because: `ReplicaLag stopped ${formatDuration(age)} ago` };
  const livedAt = newest.sampledAt - newest.lagMs;
  // Of a source that is lost the lag grows with the time: only lag and age together tell when something came from it last.
  const alive = age + newest.lagMs <= RECEIVING_MS ? { receiving: true, livedAt } : { livedAt };
  if (p.maxLagMs !== undefined && newest.lagMs > p.maxLagMs) {
    return { vantage, says: 'down', because: `${p.id} lags ${formatDuration(newest.lagMs)} behind, more than ${formatDuration(p.maxLagMs)}` };
  }
  return { vantage, says: 'up', ...alive, because: `${p.id} is ${state.shown}, lag ${formatDuration(newest.lagMs)}, ${formatDuration(age)} ago` };
}

export const assessReplication = stepKind<Params>({
  params,
  check: noCheck,
  observe: async (ctx, p) => signalSeen(ctx, p.signal, await lookAtReplication(ctx, p)),
});

const LOOK = { ...READS, phase: 'assess', limitMs: 30_000 } as const;

export function sourceApiSignal(name: string): string {
  return `rds-api.${name}`;
}

/** `seconds`: until an answer. A region that may be dead is given up after two. */
export function sourceApiStep(ctx: PlanContext, { name, region, id }: Database, seconds = 2): StepDraft {
  const signal = sourceApiSignal(name);
  return {
    ...LOOK,
    step: 'assessSourceApi',
    title: `Does the RDS API of ${region} answer for ${id}?`,
    signal,
    params: { signal, region, id } satisfies Params,
    permissions: [lookRights(ctx, { region, id })],
    estimate: { p50: seconds, p95: 3, basis: 'limit of one look at a region that may be dead' },
  };
}

export function replicationStep(ctx: PlanContext, { name, region, id }: Database, maxLagMs?: number): StepDraft {
  const signal = `replication.${name}`;
  return {
    ...LOOK,
    step: 'assessReplication',
    title: `Does ${id} still replicate?`,
    signal,
    params: { signal, region, id, ...(maxLagMs === undefined ? {} : { maxLagMs }) } satisfies Params,
    permissions: [lookRights(ctx, { region, id }), allow(['cloudwatch:GetMetricData'], ['*'])],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
  };
}
