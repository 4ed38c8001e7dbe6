import { AwsError } from '../../aws/errors.ts';
import { type DbInstance, findDbInstance } from '../../aws/rds.ts';
import { dbInstanceState } from '../../aws/states/db-instance.ts';
import { LIMITS } from '../../base/limits.ts';
import { stepKind } from '../common.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { isAvailable, notReady, whenFree } from './change.ts';
import { sessionsEnded } from './close-old.ts';
import { inRegionOf } from './facts.ts';
import { atStandby, follows, freeName, keptBefore, settingsOf, standbyFact, standbyParams, type StandbyParams } from './standby.ts';

/*
 * Renames the old primary and keeps it: its data may exist nowhere else. It is in quarantine by then (`close-old.ts`). Its
 * endpoint goes with its name, and the reboot that comes with it ends every connection that a security group lets live on.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
 */

async function observe(ctx: StepContext, p: StandbyParams): Promise<Observation> {
  const known = standbyFact.read(ctx, inRegionOf(p));
  const old = await atStandby(ctx, p);
  if (old === undefined) return nameIsFree(ctx, p, known?.kept ?? undefined);
  if (follows(old, p)) return { state: 'reached', because: `${p.id} follows the writer already` };
  const not = notReady(p.id, dbInstanceState(old.DBInstanceStatus));
  if (not !== undefined) return not;
  // A name that was chosen stays chosen: an attempt that is under way unseen must not be followed by one with another.
  const kept = known?.kept ?? (await freeName(ctx, p));
  standbyFact.record(ctx, inRegionOf(p), { kept, settings: known?.settings ?? settingsOf(old, p) });
  return { state: 'absent', because: `${p.id} has the name that the new replica needs` };
}

async function nameIsFree(ctx: StepContext, p: StandbyParams, kept: string | undefined): Promise<Observation> {
  if (kept === undefined) {
    const before = await keptBefore(ctx, p);
    if (before === undefined) return { state: 'impossible', because: `there is neither ${p.id} nor a kept one in ${p.region}` };
    standbyFact.record(ctx, inRegionOf(p), { kept: before.DBInstanceIdentifier ?? null, settings: settingsOf(before, p) });
    return { state: 'reached', because: `${p.id} is kept as ${before.DBInstanceIdentifier ?? ''}` };
  }
  const renamed = await findDbInstance(ctx.effects.aws, p.region, kept, { signal: ctx.signal });
  if (isAvailable(renamed)) {
    sessionsEnded(ctx, p.name);
    return { state: 'reached', because: `${p.id} is kept as ${kept}` };
  }
  return { state: 'pending', because: `${kept} is ${renamed?.DBInstanceStatus ?? 'not seen yet'}`, waitingFor: 'aws' };
}

/** Without a quarantine group nothing but its new name keeps users out. */
export function staysOpen(p: { region: string; id: string }): string {
  return `the old ${p.id} takes writes from whoever learns its new name: the runbook names no fence.quarantine for ${p.region}`;
}

/** Gives an instance another name. */
export async function rename(ctx: StepContext, region: string, from: string, to: string): Promise<void> {
  const input = { DBInstanceIdentifier: from, NewDBInstanceIdentifier: to, ApplyImmediately: true };
  await whenFree(ctx, { region, id: from }, () => ctx.effects.aws.call({ service: 'rds', region, operation: 'ModifyDBInstance', input, signal: ctx.signal }));
}

/**
 * The same in an undo, which asks until it sees the old name. AWS may show the instance as it was, and `available`, for a while after it
 * has begun: a name that is taken is then most likely the one that was asked for, and the next looks decide.
 */
export async function renameBack(ctx: StepContext, region: string, from: string, to: string): Promise<void> {
  try {
    await rename(ctx, region, from, to);
  } catch (error) {
    if (!(error instanceof AwsError && error.code.startsWith('DBInstanceAlreadyExists'))) throw error;
  }
}

async function act(ctx: StepContext, p: StandbyParams): Promise<void> {
  const kept = standbyFact.read(ctx, inRegionOf(p))?.kept;
  if (kept === undefined || kept === null) throw new Error('no name was chosen for the old instance');
  await rename(ctx, p.region, p.id, kept);
}

async function undo(ctx: StepContext, p: StandbyParams): Promise<void> {
  const kept = standbyFact.read(ctx, inRegionOf(p))?.kept ?? undefined;
  if (kept === undefined) return;
  const look = (id: string): Promise<DbInstance | undefined> => findDbInstance(ctx.effects.aws, p.region, id, { signal: ctx.signal });
  for (;;) {
    const [here, there] = await Promise.all([look(p.id), look(kept)]);
    if (there === undefined && isAvailable(here)) return;
    if (there !== undefined && here !== undefined) throw new Error(`the name ${p.id} is taken by the new replica; the old instance stays ${kept}`);
    if (isAvailable(there)) await renameBack(ctx, p.region, kept, p.id);
    await ctx.wait('aws', LIMITS.pollMaxMs);
  }
}

export const keepOld = stepKind<StandbyParams>({
  params: standbyParams,
  check: (_, p) => Promise.resolve({ state: 'ok', because: 'the gate has looked at it', ...(p.quarantine === undefined ? { warnings: [staysOpen(p)] } : {}) } as const),
  observe,
  act,
  undo,
});
