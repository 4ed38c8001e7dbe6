import { recentSamples } from '../../aws/cloudwatch.ts';
import type { LagSample } from '../../measure/rpo.ts';
import type { Looking } from '../../model/step.ts';

const PERIOD_SECONDS = 60;
const WINDOW_MS = 3 * 3_600_000;

/**
 * The newest lag samples of a replica, from CloudWatch in the replica's region. `newest` may be negative: RDS
 * writes −1 while it does not replicate. `newestValid` is the newest that says something: what had arrived at its
 * time stays arrived, so it bounds the loss however old it is.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.Monitoring.html
 */
export async function sampleLag(
  ctx: Looking,
  region: string,
  id: string,
): Promise<{ newest: LagSample | undefined; newestValid: LagSample | undefined }> {
  const now = ctx.effects.clock.now();
  const samples = await recentSamples(
    ctx.effects.aws,
    region,
    {
      namespace: 'AWS/RDS',
      metric: 'ReplicaLag',
      dimensions: { DBInstanceIdentifier: id },
      periodSeconds: PERIOD_SECONDS,
      statistic: 'Maximum',
    },
    { fromMs: now - WINDOW_MS, toMs: now },
    // Also three that hang leave time in a check to say so.
    { signal: ctx.signal, attempts: 3 },
  );
  // The timestamp is the start of its minute, and the maximum of that minute is at least the lag at the start:
  // everything committed before (start − maximum) had arrived.
  const lags = samples.map((s) => ({ lagMs: s.value * 1000, sampledAt: s.timestamp }));
  return { newest: lags[0], newestValid: lags.find((s) => s.lagMs >= 0) };
}

/** Two weeks in steps of five minutes: CloudWatch keeps those for 63 days, and gives them in one answer. */
const HISTORY = { ms: 14 * 86_400_000, periodSeconds: 300 } as const;

/** The largest lag of each five minutes of the last two weeks, milliseconds, smallest first. What was not replicating counts as endless. @throws AwsError */
export async function lagHistory(ctx: Looking, region: string, id: string): Promise<number[]> {
  const toMs = ctx.effects.clock.now();
  const metric = { namespace: 'AWS/RDS', metric: 'ReplicaLag', dimensions: { DBInstanceIdentifier: id }, periodSeconds: HISTORY.periodSeconds, statistic: 'Maximum' } as const;
  const samples = await recentSamples(ctx.effects.aws, region, metric, { fromMs: toMs - HISTORY.ms, toMs }, { signal: ctx.signal });
  return samples.map(({ value }) => (value < 0 ? Number.POSITIVE_INFINITY : value * 1000)).sort((a, b) => a - b);
}
