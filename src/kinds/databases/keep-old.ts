import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState, servesOrPasses } from '../../aws/states/rds.ts';
import { LIMITS } from '../../base/limits.ts';
import { databasePart, instanceSchema, refused, securityGroupId, stepKind } from '../common.ts';
import type { Observation, StepContext, StepKind, Verdict } from '../../model/step.ts';
import { countRefusal, isAvailable, modifyWhenFree, notReady, orRefused } from './change.ts';
import { inRegionOf, keptFact } from './facts.ts';
import { follows, freeName, keptBefore, learn, standbyFact, standbyParams, type StandbyParams } from './standby.ts';
import { sessionsEnded } from './verdict.ts';
import { type Database, instanceNow, rdsResource } from './instance.ts';
import type { StepDraft } from '../../model/kind.ts';

/*
 * Of reprotect: the old instance gets another name and is kept, its data may exist nowhere else. It is in quarantine by then
 * (`close-old.ts`). Its endpoint goes with its name, and the reboot that comes with it ends every connection that a security group
 * lets live on. Then its name is free: for the new replica, or for the next restore.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RenameInstance.html
 */

/** An old instance. Without a quarantine group nothing but its new name keeps users out. */
interface Old {
  name: string;
  region: string;
  id: string;
  quarantine?: string | undefined;
}

/** In what the old instance of a replicated database differs from that of a restored one. */
interface Keeping<P extends Old> {
  params: z.ZodType<P>;
  check(ctx: StepContext, p: P): Promise<Verdict>;
  chosen(ctx: StepContext, p: P): string | undefined;
  /** Undefined where it is chosen; else what is waited for before. */
  choose(ctx: StepContext, p: P, kept: string, old: DbInstance): Observation | undefined;
  /** Nothing has the old name, and this run has chosen no new one. */
  missing(ctx: StepContext, p: P): Promise<Observation>;
  isNew?(instance: DbInstance, p: P): boolean;
  because(p: P): string;
}

function keeping<P extends Old>(k: Keeping<P>): StepKind<P> {
  return {
    params: k.params,
    check: (ctx, p) => k.check(ctx, p),
    observe: async (ctx, p) => {
      const kept = k.chosen(ctx, p);
      const old = await instanceNow(ctx, p);
      if (old === undefined) return kept === undefined ? k.missing(ctx, p) : renamed(ctx, p, kept, await instanceNow(ctx, { region: p.region, id: kept }));
      if (k.isNew?.(old, p) === true) return { state: 'reached', because: `${p.id} follows the writer already` };
      const not = notReady(p.id, dbInstanceState(old.DBInstanceStatus), ': only an available instance can be renamed');
      if (not !== undefined) return not;
      // A name that was chosen stays chosen: an attempt that is under way unseen must not be followed by one with another.
      const unknown = k.choose(ctx, p, kept ?? (await freeName(ctx, p)), old);
      if (unknown !== undefined) return unknown;
      return orRefused(ctx, p, { state: 'absent', because: k.because(p) }, 'to rename it');
    },
    act: async (ctx, p) => {
      const kept = k.chosen(ctx, p);
      if (kept === undefined) throw new Error(`no name was chosen for ${p.id}`);
      await rename(ctx, p.region, p.id, kept);
    },
    undo: async (ctx, p) => {
      const kept = k.chosen(ctx, p);
      if (kept === undefined) return;
      for (;;) {
        const [here, there] = await Promise.all([instanceNow(ctx, p), instanceNow(ctx, { region: p.region, id: kept })]);
        if (there === undefined && isAvailable(here)) return;
        if (there !== undefined && here !== undefined) throw new Error(`the name ${p.id} is taken${k.isNew === undefined ? '' : ' by the new replica'}; the old instance stays ${kept}`);
        if (isAvailable(there)) await rename(ctx, p.region, kept, p.id);
        await ctx.wait('aws', LIMITS.pollMaxMs);
      }
    },
  };
}

function renamed(ctx: StepContext, p: Old, kept: string, instance: DbInstance | undefined): Observation {
  const state = dbInstanceState(instance?.DBInstanceStatus);
  // It shows its new name when the rename is over; after the restart that this takes, what else is under way is no matter here.
  if (instance === undefined || state.rebooting === true || !servesOrPasses(state)) return { state: 'pending', because: `${kept} is ${instance === undefined ? 'not seen yet' : state.shown}`, waitingFor: 'aws' };
  sessionsEnded(ctx, p.name);
  return { state: 'reached', because: `${p.id} is kept as ${kept}` };
}

function withWarning(p: Old, verdict: Verdict): Verdict {
  if (verdict.state !== 'ok' || p.quarantine !== undefined) return verdict;
  const observed = `the old ${p.id} takes writes from anyone who learns its new name: the runbook names no fence.quarantine for ${p.region}`;
  const warning = { rule: 'no-quarantine', observed, wanted: 'a security group without rules, that cuts the old writer off', mend: `name fence: { quarantine: { ${p.region}: sg-… } } for ${p.name} in the runbook` };
  return { ...verdict, warnings: [warning] };
}

/** AWS may show the old name, and `available`, for a while after a rename has begun: a name that is taken is most likely this run's. The next looks decide. */
async function rename(ctx: StepContext, region: string, from: string, to: string): Promise<void> {
  try {
    await modifyWhenFree(ctx, { region, id: from }, { NewDBInstanceIdentifier: to, ApplyImmediately: true });
  } catch (error) {
    if (!(error instanceof AwsError && error.code.startsWith('DBInstanceAlreadyExists'))) throw error;
    countRefusal(ctx, { region, id: from }, error);
  }
}

/** The old primary of a replica: the new one takes its name and its settings. */
export const keepOld = stepKind(
  keeping<StandbyParams>({
    params: standbyParams,
    check: (_, p) => Promise.resolve(withWarning(p, { state: 'ok', because: 'the gate has looked at it' })),
    chosen: (ctx, p) => standbyFact.read(ctx, inRegionOf(p))?.kept ?? undefined,
    choose: (ctx, p, kept, old) => learn(ctx, p, old, kept),
    missing: async (ctx, p) => {
      const before = await keptBefore(ctx, p);
      if (before === undefined) return { state: 'impossible', because: `there is neither ${p.id} nor a kept one in ${p.region}` };
      return learn(ctx, p, before, before.DBInstanceIdentifier ?? null) ?? { state: 'reached', because: `${p.id} is kept as ${before.DBInstanceIdentifier ?? ''}` };
    },
    isNew: follows,
    because: (p) => `${p.id} has the name that the new replica needs`,
  }),
);

export const backedUpParams = z.strictObject({
  ...databasePart,
  /** The instance that users are on. */
  active: instanceSchema,
  quarantine: securityGroupId.optional(),
});
export type BackedUpParams = z.infer<typeof backedUpParams>;

/** The old instance of a database that was restored elsewhere: the next restore takes its name. */
export const keepBackedUp = stepKind(
  keeping<BackedUpParams>({
    params: backedUpParams,
    check: async (ctx, p) => withWarning(p, await activeIsThere(ctx, p)),
    chosen: (ctx, p) => keptFact.read(ctx, inRegionOf(p)),
    choose: (ctx, p, kept) => {
      keptFact.record(ctx, inRegionOf(p), kept);
      return undefined;
    },
    missing: (_, p) => Promise.resolve({ state: 'reached', because: `the name ${p.id} is free in ${p.region}` }),
    because: (p) => `${p.id} in ${p.region} has the name that the next restore needs`,
  }),
);

/** Quarantine and a new name take an instance away from its users: there must be another one that they are on. */
export async function activeIsThere(ctx: StepContext, p: BackedUpParams): Promise<Verdict> {
  const active = await instanceNow(ctx, p.active);
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

export function keepOldStep({ region, id }: Database, quarantine: string | undefined, rights: Pick<StepDraft, 'params' | 'permissions'>): StepDraft {
  return {
    ...rights,
    step: 'keepOld',
    phase: 'fence',
    after: quarantine === undefined ? [] : ['closeOld'],
    reversibility: 'compensable',
    title: `Rename the old ${id} in ${region}, and keep it${quarantine === undefined ? ' (open: the runbook names no quarantine group)' : ''}`,
    controlPlanes: [`rds@${region}`],
    estimate: { p50: 120, p95: 600, basis: 'a new name takes a restart' },
    limitMs: 3_600_000,
    changes: [{ resource: rdsResource(region, id), field: 'DBInstanceIdentifier', before: id, after: `${id}-old-YYYYMMDD` }],
  };
}
