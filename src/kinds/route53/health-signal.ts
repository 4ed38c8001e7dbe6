import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { listRecordSets, type RecordSet } from '../../aws/route53.ts';
import { LIMITS } from '../../base/limits.ts';
import { hostedZoneId, noCheck, stepKind } from '../common.ts';
import type { PlanContext, StepDraft } from '../../model/kind.ts';
import { type Signal, signalSeen } from '../../model/signals.ts';
import type { StepContext } from '../../model/step.ts';
import { answerFor, answerOf, answerSchema, answersWith } from './aim.ts';
import { checkersOf } from './checkers.ts';
import { addressesOfAnswer, beforeFact, findSet, keyOf, sourceAnswersFact } from './sets.ts';
import { recordKeys } from './shift-records.ts';

const params = z.strictObject({
  signal: z.string(),
  zone: hostedZoneId,
  records: recordKeys,
  /** The source's set, and what it answers where the runbook has it. */
  from: z.strictObject({ set: z.string().optional(), answer: answerSchema.optional() }).default({}),
  /** False where health checks watch a switch, and not the region: they are not asked. */
  watched: z.boolean(),
  /** No replica tells that the source is lost: then this look is waited for, however many others ask at the same time. */
  patient: z.boolean(),
});
type Params = z.infer<typeof params>;

/** Strategies without a replica, which would tell within minutes that the source is lost. */
export function isPatient({ strategy }: Pick<PlanContext, 'strategy'>): boolean {
  return strategy === 'active-active' || strategy === 'backup-restore';
}

/** What the source answers to each name, where the runbook says it; else this look finds it out. */
export function saidBy(records: readonly { name: string }[], answer: z.infer<typeof answerSchema> | undefined): NonNullable<StepDraft['sourceAnswers']> {
  return answer === undefined ? 'observed' : Object.fromEntries(records.map(({ name }) => [name, answer]));
}

const vantage = 'health-checkers';
const LOOKUPS = 16;

/** The source's set of the first name, where something of it has to be known. @throws AwsError */
async function sourceSet(ctx: StepContext, p: Params): Promise<RecordSet | undefined> {
  const [record] = p.records;
  const needed = p.watched || p.from.answer === undefined;
  if (!needed || p.from.set === undefined || record === undefined) return undefined;
  const options = { region: ctx.target, signal: ctx.signal, timeoutMs: LIMITS.signalMs, attempts: 1 };
  return findSet(await listRecordSets(ctx.effects.aws, p.zone, record.name, record.type, options), p.from.set);
}

async function look(ctx: StepContext, p: Params, set: RecordSet | undefined): Promise<Signal> {
  if (p.from.set === undefined) return { vantage, says: 'unknown', because: 'a simple record has no health check' };
  if (!p.watched) return { vantage, says: 'unknown', because: 'the health checks watch the switch, and not the region' };
  // A set that was moved already has the health check of the region that answers for it.
  const own = p.from.answer === undefined ? undefined : answerFor(p.from.answer, p.records[0]?.type)?.healthCheck;
  const moved = p.from.answer !== undefined && set !== undefined && !answersWith(set, p.from.answer);
  const asked = own !== undefined && set !== undefined ? { ...set, HealthCheckId: own } : moved ? undefined : set;
  return (await checkersOf(ctx, asked, p.patient ? 'patient' : undefined)) ?? { vantage, says: 'unknown', because: `set ${p.from.set} has no health check` };
}

/** With what the source answers the first name: it is asked there, also while the name leads users elsewhere. */
async function noteSource(ctx: StepContext, p: Params, set: RecordSet | undefined): Promise<void> {
  const [record] = p.records;
  if (record === undefined) return;
  const answer = p.from.answer === undefined ? (set === undefined ? undefined : answerOf(set)) : answerFor(p.from.answer, record.type);
  if (answer === undefined) return;
  const addresses = await addressesOfAnswer(ctx, answer);
  if (addresses.length > 0) sourceAnswersFact.record(ctx, keyOf(p.zone, record), addresses);
}

/** What users were led to before the run: where Route 53's API is silent, the move is recognised by it. */
async function noteAnswers(ctx: StepContext, p: Params): Promise<void> {
  for (let i = 0; i < p.records.length; i += LOOKUPS) {
    await Promise.all(
      p.records.slice(i, i + LOOKUPS).map(async (record) => {
        const answer = await ctx.effects.dns.resolve(record.name, record.type, LIMITS.dnsMs, ctx.signal).catch(() => undefined);
        beforeFact.record(ctx, keyOf(p.zone, record), { values: [...(answer?.values ?? [])], at: ctx.effects.clock.now() });
      }),
    );
  }
}

function unlessAws(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  throw error;
}

export const assessHealthCheck = stepKind<Params>({
  params,
  check: noCheck,
  observe: async (ctx, p) => {
    const [set] = await Promise.all([sourceSet(ctx, p).catch(unlessAws), noteAnswers(ctx, p)]);
    const silent: Signal | undefined = set instanceof AwsError ? { vantage, says: 'unknown', because: set.message } : undefined;
    const found = set instanceof AwsError ? undefined : set;
    const [signal] = await Promise.all([silent ?? look(ctx, p, found), noteSource(ctx, p, found)]);
    return signalSeen(ctx, p.signal, signal);
  },
});
