import * as z from 'zod';
import { findDbInstance } from '../../aws/rds.ts';
import { dbInstanceState } from '../../aws/states/db-instance.ts';
import { LIMITS } from '../../base/limits.ts';
import { dbInstanceId, refused, regionName, securityGroupId, stepKind } from '../common.ts';
import { sessionsEnded } from './close-old.ts';
import { isAvailable, notReady } from './change.ts';
import { inRegionOf, keptFact } from './facts.ts';
import { rename, renameBack, staysOpen } from './keep-old.ts';
import { freeName } from './standby.ts';
import type { Observation, StepContext, Verdict } from '../../model/step.ts';

/*
 * Of reprotect: the old instance of the region that waits gets another name and is kept, its data may exist nowhere
 * else. Then its name is free for the next restore, and its endpoint leads nobody to old data.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
 */

const params = z.strictObject({ name: z.string(), region: regionName, id: dbInstanceId, active: z.strictObject({ region: regionName, id: dbInstanceId }), quarantine: securityGroupId.optional() });
type Params = z.infer<typeof params>;

type Named = Pick<Params, 'name' | 'region' | 'id' | 'active'>;

/** The name that was chosen for it. */
export function chosen(ctx: StepContext, p: Named): string | undefined {
  return keptFact.read(ctx, inRegionOf(p));
}

async function observe(ctx: StepContext, p: Params): Promise<Observation> {
  const options = { signal: ctx.signal };
  const kept = chosen(ctx, p);
  const old = await findDbInstance(ctx.effects.aws, p.region, p.id, options);
  if (old === undefined) {
    const renamed = kept === undefined ? undefined : await findDbInstance(ctx.effects.aws, p.region, kept, options);
    if (kept === undefined) return { state: 'reached', because: `the name ${p.id} is free in ${p.region}` };
    if (isAvailable(renamed)) {
      sessionsEnded(ctx, p.name);
      return { state: 'reached', because: `${p.id} is kept as ${kept}` };
    }
    return { state: 'pending', because: `${kept} is ${renamed?.DBInstanceStatus ?? 'not seen yet'}`, waitingFor: 'aws' };
  }
  const not = notReady(p.id, dbInstanceState(old.DBInstanceStatus), ': only an available instance can be renamed');
  if (not !== undefined) return not;
  // A name that was chosen stays chosen: an attempt that is under way unseen must not be followed by one with another.
  keptFact.record(ctx, inRegionOf(p), kept ?? (await freeName(ctx, { name: p.name, region: p.region, id: p.id, writer: 'arn:' })));
  return { state: 'absent', because: `${p.id} in ${p.region} has the name that the next restore needs` };
}

async function undo(ctx: StepContext, p: Params): Promise<void> {
  const kept = chosen(ctx, p);
  if (kept === undefined) return;
  const options = { signal: ctx.signal };
  for (;;) {
    const here = await findDbInstance(ctx.effects.aws, p.region, p.id, options);
    const there = await findDbInstance(ctx.effects.aws, p.region, kept, options);
    if (there === undefined && isAvailable(here)) return;
    if (there !== undefined && here !== undefined) throw new Error(`the name ${p.id} is taken; the old instance stays ${kept}`);
    if (isAvailable(there)) await renameBack(ctx, p.region, kept, p.id);
    await ctx.wait('aws', LIMITS.pollMaxMs);
  }
}

/** Quarantine and a new name take an instance away from whoever uses it: there must be another one that users are on. */
export async function activeIsThere(ctx: StepContext, p: Named): Promise<Verdict> {
  const active = await findDbInstance(ctx.effects.aws, p.active.region, p.active.id, { signal: ctx.signal });
  const state = dbInstanceState(active?.DBInstanceStatus);
  if (active !== undefined && state.writes === 'yes') return { state: 'ok', because: `${p.active.id} in ${p.active.region} is ${state.shown}` };
  return refused({
    rule: 'keep-old',
    observed: `${p.active.id} in ${p.active.region} is ${active === undefined ? 'not there' : state.shown}`,
    threshold: 'an active instance that takes writes',
    consequence: `${p.id} in ${p.region} may be the only one that holds the data in use`,
    override: 'none: wait until the active instance is available',
  });
}

export const keepOld = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    const verdict = await activeIsThere(ctx, p);
    return verdict.state === 'ok' && p.quarantine === undefined ? { ...verdict, warnings: [staysOpen(p)] } : verdict;
  },
  observe,
  act: async (ctx, p) => {
    const kept = chosen(ctx, p);
    if (kept === undefined) throw new Error(`no name was chosen for ${p.id}`);
    await rename(ctx, p.region, p.id, kept);
  },
  undo,
});
