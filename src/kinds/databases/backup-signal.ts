import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { formatDuration } from '../../base/duration.ts';
import { instanceSchema, noCheck, READS, regionName, stepKind } from '../common.ts';
import { type Signal, signalSeen } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';
import { findPoints, listBackups } from './recovery-points.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import type { Database } from './instance.ts';

const params = z.strictObject({
  signal: z.string(),
  region: regionName,
  source: instanceSchema,
});
type Params = z.infer<typeof params>;

/**
 * AWS moves the newest restorable time about every five minutes, and a copy arrives later: one that is older than half an
 * hour has stopped. In between nothing can be told.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
 */
const MOVING_MS = 900_000;
const STOPPED_MS = 1_800_000;

/** What backups in a region say of a source elsewhere. The region that keeps them is asked, never that of the source. */
export async function lookAtBackups(ctx: StepContext, p: Omit<Params, 'signal'>): Promise<Signal> {
  const vantage = 'replication';
  try {
    const { usable } = await findPoints(ctx, p.region, { [p.source.region]: p.source.id });
    const newest = usable.find((point) => point.method === 'restorable-time');
    if (newest === undefined) return { vantage, says: 'unknown', because: `${p.region} keeps no automated backups of ${p.source.id}` };
    const age = ctx.effects.clock.now() - newest.at;
    const because = `the newest restorable time of ${p.source.id} is ${formatDuration(age)} old`;
    return { vantage, says: age > STOPPED_MS ? 'down' : age > MOVING_MS ? 'unknown' : 'up', because, livedAt: newest.at };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { vantage, says: 'unknown', notAsked: true, because: error.message };
  }
}

export const assessBackups = stepKind<Params>({
  params,
  check: noCheck,
  observe: async (ctx, p) => {
    return signalSeen(ctx, p.signal, await lookAtBackups(ctx, p));
  },
});

export function backupsStep(ctx: PlanContext, { name, region, id }: Database): StepDraft {
  const signal = `backups.${name}`;
  return {
    step: 'assessBackups',
    phase: 'assess',
    ...READS,
    title: `Do backups of ${id} still arrive in ${ctx.target}?`,
    signal,
    params: { signal, region: ctx.target, source: { region, id } } satisfies Params,
    permissions: [listBackups(ctx.target, ctx.account)],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    limitMs: 30_000,
  };
}
