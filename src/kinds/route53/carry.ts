import * as z from 'zod';
import { findGroup, isBeingDeleted } from '../../aws/autoscaling.ts';
import { healthyAmong, targetHealth } from '../../aws/elbv2.ts';
import { AwsError } from '../../aws/errors.ts';
import { listRecordSets } from '../../aws/route53.ts';
import { formatDuration } from '../../base/duration.ts';
import { healthyCapacity } from '../autoscaling/health.ts';
import { hostedZoneId, refused, regionName, stepKind } from '../common.ts';
import { follows } from '../looks.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';
import { checkersOf } from './checkers.ts';
import { findSet } from './sets.ts';
import { recordKeys } from './shift-records.ts';

/* Do the regions that stay carry the load? Seen from their targets, where the runbook names them, else from the health checks of their sets. */

const healthy = z.int().min(1).max(10_000).describe('Healthy targets that are needed');

/** What must be healthy in a region before it takes more users. */
export const capacitySchema = z.union([
  z.strictObject({ autoScalingGroup: z.string().min(1).max(255).describe('Name of the Auto Scaling group'), healthy }),
  z.strictObject({ targetGroup: z.string().startsWith('arn:').describe('ARN of the target group'), healthy }),
]);

const params = z.strictObject({
  /** Unique in the plan: names the facts of this step. */
  key: z.string(),
  zone: hostedZoneId,
  records: recordKeys,
  survivors: z.array(z.strictObject({ region: regionName, set: z.string(), capacity: capacitySchema.optional() })).min(1),
  /** What nobody can see does not pass: for a planned drain there is time to mend that. */
  mustKnow: z.boolean(),
  /** How long it must stay good without a break, milliseconds; 0 for a gate. */
  holdMs: z.int().min(0),
});
type Params = z.infer<typeof params>;
type Survivor = Params['survivors'][number];

/** How long a gate waits for what is on its way, and a hold for what has broken. */
const PATIENCE_MS = 120_000;

interface Health {
  says: 'good' | 'bad' | 'unknown';
  because: string;
}

async function healthOf(ctx: StepContext, p: Params, survivor: Survivor): Promise<Health> {
  const { region, capacity, set } = survivor;
  const options = { region: ctx.target, signal: ctx.signal };
  if (capacity === undefined) {
    const [record] = p.records;
    if (record === undefined) return { says: 'unknown', because: `${region}: nothing to look at` };
    const health = await checkersOf(ctx, findSet(await listRecordSets(ctx.effects.aws, p.zone, record.name, record.type, options), set));
    if (health === undefined || health.says === 'unknown') return { says: 'unknown', because: `${region}: ${health?.because ?? `set ${set} has no health check, and the runbook names no capacity`}` };
    return { says: health.says === 'up' ? 'good' : 'bad', because: `${region}: ${health.because}` };
  }
  const healthy = 'targetGroup' in capacity ? await healthyTargets(ctx, region, capacity.targetGroup) : await healthyInGroup(ctx, region, capacity.autoScalingGroup);
  if (typeof healthy === 'string') return { says: 'bad', because: `${region}: ${healthy}` };
  return { says: healthy >= capacity.healthy ? 'good' : 'bad', because: `${region}: ${healthy} of ${capacity.healthy} are healthy` };
}

async function healthyTargets(ctx: StepContext, region: string, arn: string): Promise<number> {
  const targets = await targetHealth(ctx.effects.aws, region, arn, { signal: ctx.signal });
  return healthyAmong(targets);
}

async function healthyInGroup(ctx: StepContext, region: string, name: string): Promise<number | string> {
  const group = await findGroup(ctx.effects.aws, region, name, { signal: ctx.signal });
  if (group === undefined) return `there is no Auto Scaling group ${name}`;
  if (isBeingDeleted(group)) return `the Auto Scaling group ${name} is being deleted`;
  return (await healthyCapacity(ctx, region, group)).units;
}

/** The worst of all survivors. A region that does not answer is a bad one. */
async function look(ctx: StepContext, p: Params): Promise<Health> {
  const seen = await Promise.all(
    p.survivors.map((survivor) =>
      healthOf(ctx, p, survivor).catch((error: unknown): Health => {
        if (error instanceof AwsError) return { says: survivor.capacity === undefined ? 'unknown' : 'bad', because: `${survivor.region}: ${error.message}` };
        throw error;
      }),
    ),
  );
  const has = (word: Health['says']): boolean => seen.some((health) => health.says === word);
  const says = has('bad') ? 'bad' : has('unknown') ? 'unknown' : 'good';
  return { says: says === 'unknown' && !p.mustKnow ? 'good' : says, because: seen.map((health) => health.because).join('; ') };
}

function refusal(p: Params, observed: string) {
  return refused({
    rule: 'survivors-carry',
    observed,
    threshold: 'every region that stays has what it needs to carry the load',
    consequence: 'users would be sent where nobody can serve them',
    override: p.survivors.some((s) => s.capacity === undefined)
      ? 'name `capacity` for each region in the runbook, or give its set a health check'
      : 'scale the regions that stay, or lower `healthy` in the runbook if fewer carry the load',
  });
}

/** Capacity may be on its way when checks are made: only what cannot be asked at all stops the run here. */
async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  const seen = await look(ctx, p);
  if (seen.says === 'unknown') return refusal(p, seen.because);
  return { state: 'ok', because: seen.because, ...(seen.says === 'bad' ? { warnings: [{ rule: 'carry', observed: `not yet enough: ${seen.because}`, wanted: 'regions that stay and can carry the load', mend: 'scale them, or lower `healthy` in the runbook if fewer carry the load' }] } : {}) };
}

/** Since when every look has said the same, and the last of them, ms. */
const spanFact = fact('carry', z.object({ goodSince: z.number().optional(), badSince: z.number().optional(), last: z.number().optional() }));

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const noted = spanFact.read(ctx, p.key) ?? {};
  const { says, because } = await look(ctx, p);
  const now = ctx.effects.clock.now();
  const before = follows(noted.last, now) ? noted : {};
  const good = says === 'good';
  const since = (good ? before.goodSince : before.badSince) ?? now;
  spanFact.record(ctx, p.key, { goodSince: good ? since : undefined, badSince: good ? undefined : since, last: now });
  if (good && now - since >= p.holdMs) {
    return { state: 'reached', because: p.holdMs === 0 ? because : `good for ${formatDuration(p.holdMs)}: ${because}` };
  }
  if (!good && now - since >= PATIENCE_MS) return refusal(p, because);
  return { state: 'pending', because, waitingFor: good ? 'hold' : 'aws' };
}

/** A gate before the first users are moved, and a hold between the steps of a drain. */
export const carry = stepKind<Params>({ params, check, observe });
