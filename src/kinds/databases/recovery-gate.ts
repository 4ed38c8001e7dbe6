import * as z from 'zod';
import { CLOCK_MAY_BE_OFF_MS } from '../../aws/aws-time.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { formatDuration } from '../../base/duration.ts';
import { rpoFromRecoveryPoint } from '../../measure/rpo.ts';
import { databasePart, instanceSchema, READS, refused, stepKind } from '../common.ts';
import { keyStateLooks } from '../keys.ts';
import { outageAt } from '../outage.ts';
import { fact, type FactSource } from '../../model/fact.ts';
import { rpoFact } from './facts.ts';
import { decideLoss, type LossDecision } from './loss.ts';
import { quiescedAt } from './quiesce.ts';
import type { StepContext } from '../../model/step.ts';
import { describePoint, findPoints, listBackups, type RecoveryPoint, recoveryPointSchema } from './recovery-points.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { type Database, instanceNow, rdsResource } from './instance.ts';

const params = z.strictObject({
  ...databasePart,
  source: instanceSchema,
  rpoMs: z.number().positive(),
});
type Params = z.infer<typeof params>;

/** What the gate has chosen; `token` marks what this run makes of it, so that a resume knows it again. */
const choiceSchema = z.strictObject({ point: recoveryPointSchema, token: z.string() });
type Choice = z.infer<typeof choiceSchema>;

const choiceFact = fact('recovery', choiceSchema);

export function readChoice(from: FactSource, name: string): Choice | undefined {
  return choiceFact.read(from, name);
}

export const RESTORE_TAG = 'dr:restore';

export function carriesToken(instance: DbInstance, choice: Choice | undefined): boolean {
  return choice !== undefined && (instance.TagList ?? []).some((tag) => tag.Key === RESTORE_TAG && tag.Value === choice.token);
}

/** The choice from which this run has begun to restore: a gate that decides again after a crash must not choose again. */
async function begun(ctx: StepContext, p: { name: string; region: string; id: string }): Promise<Choice | undefined> {
  const choice = readChoice(ctx, p.name);
  if (choice === undefined) return undefined;
  const instance = await instanceNow(ctx, p);
  return instance !== undefined && carriesToken(instance, choice) ? choice : undefined;
}

/** One token a run: an attempt whose answer was lost is known again by it. */
function choose(ctx: StepContext, name: string, point: RecoveryPoint): void {
  choiceFact.record(ctx, name, { point, token: readChoice(ctx, name)?.token ?? ctx.effects.ids.hex(8) });
}

/** What is chosen here is restored. */
const ASKS_KEYS = { asksKeys: true };

async function decide(ctx: StepContext, p: Params): Promise<{ decision: LossDecision; point: RecoveryPoint | undefined }> {
  const { usable, rejected } = await findPoints(ctx, p.region, { [p.source.region]: p.source.id }, ASKS_KEYS);
  const point = usable[0];
  const now = ctx.effects.clock.now();
  const measured = rpoFromRecoveryPoint(p.name, point?.method ?? 'restorable-time', point?.at, outageAt(ctx, point?.at, now), now);
  const bound = point?.account === undefined ? measured : { ...measured, boundMs: undefined, because: `there is only ${describePoint(point, now)}, and whose data it holds is not proven: nothing of this account is of the same instance` };
  const others = rejected.length === 0 ? '' : `; not usable: ${rejected.join('; ')}`;
  const decision = decideLoss(
    {
      name: p.name,
      rpoMs: p.rpoMs,
      bound,
      measured: `the recovery point of ${p.source.id}`,
      unknown: `${bound.because}${others}`,
      evidence: point === undefined ? '' : `${describePoint(point, now)}${others}`,
      act: 'a restore',
    },
    ctx.acceptances,
  );
  return { decision, point };
}

function nothingToRestore(p: Params, rejected: string) {
  return refused({
    rule: 'recovery-point',
    observed: rejected,
    threshold: `one recovery point of ${p.source.id} in ${p.region}`,
    consequence: `there is nothing from which ${p.name} could be restored`,
    override: `none: copy a snapshot into ${p.region}. aws rds describe-db-snapshots --region ${p.region}`,
  });
}

/** The newest usable recovery point, its age weighed against the RPO: `recovery.<database>` and `rpo.<database>`. Acceptance passes a loss, never the lack of a point. */
export const recoveryGate = stepKind<Params>({
  params,
  check: async (ctx, p) => {
    if ((await begun(ctx, p)) !== undefined) return { state: 'ok', because: `this run restores ${p.id} already` };
    const { decision, point } = await decide(ctx, p);
    if (decision.refusal !== undefined) return refused(decision.refusal);
    return point === undefined ? nothingToRestore(p, decision.bound.because) : { state: 'ok', because: decision.because };
  },
  observe: async (ctx, p) => {
    const known = await begun(ctx, p);
    if (known !== undefined) return { state: 'reached', because: `this run restores ${p.id} already: ${describePoint(known.point, ctx.effects.clock.now())}` };
    const { decision, point } = await decide(ctx, p);
    rpoFact.record(ctx, p.name, decision.bound);
    if (decision.refusal !== undefined) return refused(decision.refusal);
    if (point === undefined) return nothingToRestore(p, decision.bound.because);
    choose(ctx, p.name, point);
    return { state: 'reached', because: decision.because };
  },
});

const waitParams = params.omit({ rpoMs: true });
type WaitParams = z.infer<typeof waitParams>;

/** Of a switchover: waits until the newest restorable time is past the end of writes: the loss is none. Records `rpo.<database>` and `recovery.<database>`. */
export const caughtUp = stepKind<WaitParams>({
  params: waitParams,
  check: async (ctx, p) => {
    const { usable, rejected } = await findPoints(ctx, p.region, { [p.source.region]: p.source.id }, ASKS_KEYS);
    const moving = usable.find((point) => point.method === 'restorable-time');
    if (moving !== undefined) return { state: 'ok', because: describePoint(moving, ctx.effects.clock.now()) };
    return refused({
      rule: 'switchover-backup',
      observed: usable.length === 0 ? `no usable automated backups of ${p.source.id} in ${p.region}${rejected.length > 0 ? `: ${rejected.join('; ')}` : ''}` : 'only snapshots',
      threshold: 'replicated automated backups: only they reach the last write',
      consequence: 'a switchover from a snapshot would lose every write since it was taken',
      override: `none: replicate the automated backups into ${p.region} first`,
    });
  },
  observe: async (ctx, p) => {
    if ((await begun(ctx, p)) !== undefined) return { state: 'reached', because: `this run restores ${p.id} already` };
    const since = quiescedAt(ctx, p.name)?.since;
    if (since === undefined) return { state: 'impossible', because: `it was not recorded when the writes of ${p.name} stopped` };
    const { usable } = await findPoints(ctx, p.region, { [p.source.region]: p.source.id });
    const point = usable.find((found) => found.method === 'restorable-time');
    const now = ctx.effects.clock.now();
    if (point === undefined || point.at < since + CLOCK_MAY_BE_OFF_MS) {
      const behind = point === undefined ? 'there is no restorable time' : `the newest restorable time is ${formatDuration(since + CLOCK_MAY_BE_OFF_MS - point.at)} before what is surely after the last write`;
      return { state: 'pending', because: behind, waitingFor: 'aws' };
    }
    rpoFact.record(ctx, p.name, rpoFromRecoveryPoint(p.name, 'restorable-time', point.at, since, now));
    choose(ctx, p.name, point);
    return { state: 'reached', because: `everything written before the writes stopped can be restored: ${describePoint(point, now)}` };
  },
});

export function recoveryGateStep(ctx: PlanContext, copy: Database, old: Database, kmsKey?: string): StepDraft {
  return {
    step: 'recoveryGate',
    phase: 'assess',
    ...READS,
    gate: true,
    title: `Newest recovery point of ${copy.name} against the RPO`,
    oldWriter: rdsResource(old.region, old.id),
    params: { ...copy, source: { region: old.region, id: old.id }, rpoMs: ctx.objectives.rpoMs } satisfies Params,
    permissions: [listBackups(copy.region, ctx.account), keyStateLooks(copy.region, ctx.account, kmsKey)],
    estimate: { p50: 1, p95: 3, basis: 'two API calls' },
    limitMs: 30_000,
  };
}

/** Writes stand still while it waits: if the backups do not come, to roll back is better. */
const CAUGHT_UP_LIMIT_MS = 3_600_000;

export function caughtUpStep(ctx: PlanContext, copy: Database, old: Database, kmsKey?: string): StepDraft {
  return {
    step: 'caughtUp',
    phase: 'data',
    ...READS,
    gate: true,
    title: `Backups in ${copy.region} hold every write of ${old.id}`,
    oldWriter: rdsResource(old.region, old.id),
    params: { ...copy, source: { region: old.region, id: old.id } } satisfies WaitParams,
    permissions: [listBackups(copy.region, ctx.account), keyStateLooks(copy.region, ctx.account, kmsKey)],
    estimate: { p50: 360, p95: 1200, basis: 'AWS moves the newest restorable time about every five minutes; its copy comes later' },
    limitMs: CAUGHT_UP_LIMIT_MS,
  };
}
