import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState, type DbInstanceState, servesOrPasses } from '../../aws/states/rds.ts';
import type { InputOf } from '../../aws/operations.ts';
import { CallError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext } from '../../model/step.ts';

/*
 * AWS takes a change, a reboot, a new name or a replica of a DB instance only while nothing else is under way, and may show
 * `available` all the same. Such a refusal passes: it is waited out, in every step that changes an instance.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RebootDBInstance.html#API_RebootDBInstance_Errors
 */

/** One act asks so often, LIMITS.awsBackoffMaxMs apart; then a look decides whether there is another attempt. Shorter than LIMITS.actMs. */
const TIMES = 5;

/** Every request of an act was refused for what is under way: nothing was changed, and nothing is to be waited for but the next attempt. */
class StillBusy extends CallError {
  readonly kind = 'retryable';
  readonly isPassing = true;
  readonly isRightMissing = false;
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(error: AwsError) {
    super(error.message, { cause: error });
    this.code = error.code;
    this.requestId = error.requestId;
  }
}

/** "Something is under way", in the words of RDS. */
export function isBusy(error: unknown): error is AwsError {
  return error instanceof AwsError && error.code.startsWith('InvalidDBInstanceState');
}

/** What is under way may show late; what AWS still refuses after so many attempts and so long does not pass by itself. */
const REFUSED_TIMES = 5;
const REFUSED_MS = 300_000;

/** By `<region>.<id>`: AWS's words, how often it has refused, since when, and when last. Forgotten when it accepts a change. */
const refusedFact = fact('refused', z.object({ words: z.string(), times: z.number(), since: z.number(), last: z.number() }));
const keyOf = (p: Changed): string => `${p.region}.${p.id}`;

interface Changed {
  region: string;
  id: string;
}

/** Asks for a change again while AWS refuses it for what is under way. @throws CallError when refused to the end; AwsError of another refusal, or of no answer */
export async function whenFree(ctx: StepContext, p: Changed, ask: () => Promise<unknown>): Promise<void> {
  for (let times = 1; ; times++) {
    try {
      await ask();
      forgetRefusal(ctx, p);
      return;
    } catch (error) {
      // What was under way may have been its new name, asked for by an earlier attempt.
      if (times > 1 && error instanceof AwsError && error.code.startsWith('DBInstanceNotFound')) return;
      if (!isBusy(error)) throw error;
      countRefusal(ctx, p, error);
      if (times >= TIMES) throw new StillBusy(error);
    }
    await ctx.wait('aws', LIMITS.awsBackoffMaxMs);
  }
}

/** Changes settings of an instance, as `whenFree` does. */
export function modifyWhenFree(ctx: StepContext, p: Changed, settings: Omit<InputOf<'rds', 'ModifyDBInstance'>, 'DBInstanceIdentifier'>): Promise<void> {
  const input = { DBInstanceIdentifier: p.id, ...settings };
  return whenFree(ctx, p, () => ctx.effects.aws.call({ service: 'rds', region: p.region, operation: 'ModifyDBInstance', input, signal: ctx.signal }));
}

export function countRefusal(ctx: StepContext, p: Changed, { message: words }: AwsError): void {
  const now = ctx.effects.clock.now();
  const before = refusedFact.read(ctx, keyOf(p));
  // Refusals that are further apart are of two runs.
  const { times, since } = before !== undefined && now - Math.max(before.last, before.since) < REFUSED_MS ? before : { times: 0, since: now };
  refusedFact.record(ctx, keyOf(p), { words, times: times + 1, since, last: now });
}

function forgetRefusal(ctx: StepContext, p: Changed): void {
  if (refusedFact.has(ctx, keyOf(p))) refusedFact.forget(ctx, keyOf(p));
}

/** What AWS said when it last refused a change of it; undefined when it has accepted the last one. */
export function refusalOf(ctx: Pick<StepContext, 'fact'>, p: Changed): string | undefined {
  return refusedFact.read(ctx, keyOf(p))?.words;
}

/** The same, with its age in milliseconds, while that is no older than two refusals in a row may be apart. */
export function freshRefusal(ctx: StepContext, p: Changed): { words: string; ageMs: number } | undefined {
  const before = refusedFact.read(ctx, keyOf(p));
  const ageMs = ctx.effects.clock.now() - (before?.last ?? 0);
  return before === undefined || ageMs >= REFUSED_MS ? undefined : { words: before.words, ageMs };
}

/** Something is seen to be under way: how long AWS refuses counts from the end of that. */
export function waitedOut(ctx: StepContext, p: Changed): void {
  const before = refusedFact.read(ctx, keyOf(p));
  const now = ctx.effects.clock.now();
  if (before !== undefined) refusedFact.record(ctx, keyOf(p), { ...before, times: 0, since: now });
}

/** What a step sees, with AWS's words while it refuses the change: that ends unless something is under way. `to`: what is refused; `limitMs`: for how long. */
export function orRefused(ctx: StepContext, p: Changed, seen: Observation, to = 'to change it', limitMs = REFUSED_MS): Observation {
  const refusal = refusedFact.read(ctx, keyOf(p));
  if (refusal === undefined) return seen;
  if (seen.state === 'reached') forgetRefusal(ctx, p);
  if (seen.state !== 'absent' && seen.state !== 'pending') return seen;
  const because = `${seen.because}, and AWS refuses ${to}: ${refusal.words}`;
  const { times, since, last } = refusal;
  // A resume asks again.
  const lasts = times >= REFUSED_TIMES && last - since >= limitMs && ctx.effects.clock.now() - last < REFUSED_MS;
  if (seen.state === 'pending') {
    waitedOut(ctx, p);
    return { ...seen, because, reason: refusal.words };
  }
  if (!lasts) return { ...seen, because };
  forgetRefusal(ctx, p);
  return { state: 'impossible', because: `${because} (${times} times)`, next: [`aws rds describe-db-instances --region ${p.region} --db-instance-identifier ${p.id}`, 'when the cause is gone: dr resume'] };
}

/** Why an instance is not ready for a change yet; undefined when it is available. A state that AWS does not list may pass. */
export function notReady(id: string, state: DbInstanceState, hopeless = ''): Observation | undefined {
  if (state.ask === 'yes') return undefined;
  if (servesOrPasses(state) || state.passing === 'unknown') return { state: 'pending', because: `${id} is ${state.shown}`, waitingFor: 'aws' };
  return { state: 'impossible', because: `${id} is ${state.shown}${hopeless}` };
}

/** Available: nothing is under way, as far as AWS shows. */
export function isAvailable(instance: DbInstance | undefined): boolean {
  return instance !== undefined && dbInstanceState(instance.DBInstanceStatus).ask === 'yes';
}
