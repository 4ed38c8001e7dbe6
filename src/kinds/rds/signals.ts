import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { findDbInstance } from '../../aws/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { LIMITS } from '../../base/limits.ts';
import { dbInstanceId, regionName, stepKind } from '../common.ts';
import { type Signal, signalFact } from '../signals.ts';
import type { Observation, StepContext } from '../step.ts';
import { replicationStatus } from './instance.ts';
import { sampleLag } from './lag.ts';

const params = z.strictObject({
  signal: z.string(),
  region: regionName,
  id: dbInstanceId,
  /** Replication with more lag than that does not count as up. */
  maxLagMs: z.number().positive().optional(),
});
type Params = z.infer<typeof params>;

const ok = () => Promise.resolve({ state: 'ok', because: 'reads only' } as const);

function note(ctx: StepContext, name: string, signal: Signal): Observation {
  ctx.record(signalFact(name), signal);
  return { state: 'reached', because: `${signal.says}: ${signal.because}` };
}

/** One short look at an API that may be dead: no retry, for its silence is the answer. */
async function lookAtSource(ctx: StepContext, p: Params): Promise<Signal> {
  const vantage = 'source-api';
  try {
    const look = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
    const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, look);
    if (instance === undefined) return { vantage, says: 'unknown', because: `${p.region} answers, but has no ${p.id}` };
    const status = instance.DBInstanceStatus ?? 'unknown';
    const says = status === 'available' ? 'up' : 'down';
    return { vantage, says, because: `${p.id} is ${status}` };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.unreachable) return { vantage, says: 'down', because: `the RDS API of ${p.region} gives no answer`, silent: true };
    return { vantage, says: 'unknown', because: error.message };
  }
}

export const assessSourceApi = stepKind<Params>({
  params,
  check: ok,
  observe: async (ctx, p) => note(ctx, p.signal, await lookAtSource(ctx, p)),
});

/** A lag sample older than that says that the metric has stopped: two missed minutes of a one-minute metric. */
const METRIC_STOPPED_MS = 180_000;

async function lookAtReplication(ctx: StepContext, p: Params): Promise<Signal> {
  const vantage = 'replication';
  // Of the signals from elsewhere it is the one that is always there: a throttle or a reset must not silence it.
  const options = { signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 4 };
  const instance = await findDbInstance(ctx.effects.aws, p.region, p.id, options);
  const status = instance === undefined ? 'not found' : replicationStatus(instance);
  if (status === undefined) return { vantage, says: 'unknown', because: `${p.id} shows no replication` };
  if (status !== 'replicating') return { vantage, says: 'down', because: `replication of ${p.id} is ${status}` };
  const { newest } = await sampleLag(ctx, p.region, p.id);
  if (newest === undefined) return { vantage, says: 'unknown', because: 'no ReplicaLag sample was found' };
  const age = ctx.effects.clock.now() - newest.sampledAt;
  if (newest.lagMs < 0) return { vantage, says: 'down', because: `${p.id} reports that it is not replicating` };
  if (age > METRIC_STOPPED_MS) return { vantage, says: 'down', because: `ReplicaLag stopped ${formatDuration(age)} ago` };
  if (p.maxLagMs !== undefined && newest.lagMs > p.maxLagMs) {
    return { vantage, says: 'down', because: `${p.id} lags ${formatDuration(newest.lagMs)} behind, more than ${formatDuration(p.maxLagMs)}` };
  }
  return { vantage, says: 'up', because: `${p.id} is replicating, lag ${formatDuration(newest.lagMs)}, ${formatDuration(age)} ago` };
}

export const assessReplication = stepKind<Params>({
  params,
  check: ok,
  observe: async (ctx, p) => {
    try {
      return note(ctx, p.signal, await lookAtReplication(ctx, p));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return note(ctx, p.signal, { vantage: 'replication', says: 'unknown', because: error.message });
    }
  },
});
