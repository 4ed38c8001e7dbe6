import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import type { DbInstance } from '../../aws/rds.ts';
import { dbInstanceState, type DbInstanceState, servesOrPasses } from '../../aws/states/db-instance.ts';
import { LIMITS } from '../../base/limits.ts';
import { fact } from '../../model/fact.ts';
import type { Observation, StepContext } from '../../model/step.ts';

/*
 * AWS takes a change, a reboot, a new name or a replica of a DB instance only while nothing else is under way, and may show
 * `available` all the same. Such a refusal passes: it is waited out, in every step that changes an instance.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RebootDBInstance.html#API_RebootDBInstance_Errors
 */

/** One act asks so often, LIMITS.awsBackoffMaxMs apart; then the looks decide whether there is another attempt. Shorter than LIMITS.actMs. */
const TIMES = 5;

/** "Something is under way", in the words of RDS. */
export function isBusy(error: unknown): error is AwsError {
  return error instanceof AwsError && error.code.startsWith('InvalidDBInstanceState');
}

/** AWS's words by `<region>.<id>`; empty since it accepted a change. */
const refusedFact = fact('refused', z.string());
const keyOf = (p: { region: string; id: string }): string => `${p.region}.${p.id}`;

/**
 * Asks for a change of an instance, again and again while AWS refuses it for what is under way.
 * @throws AwsError of any other refusal, or without an answer
 */
export async function whenFree(ctx: StepContext, p: { region: string; id: string }, ask: () => Promise<unknown>): Promise<void> {
  for (let times = 1; ; times++) {
    try {
      await ask();
      if (refusalOf(ctx, p) !== undefined) refusedFact.record(ctx, keyOf(p), '');
      return;
    } catch (error) {
      // What was under way may have been its new name, asked for by an earlier attempt.
      if (times > 1 && error instanceof AwsError && error.code.startsWith('DBInstanceNotFound')) return;
      if (!isBusy(error)) throw error;
      refusedFact.record(ctx, keyOf(p), error.message);
      if (times >= TIMES) return;
    }
    await ctx.wait('aws', LIMITS.awsBackoffMaxMs);
  }
}

/** What AWS said when it last refused a change of it; undefined when it has accepted the last one. */
export function refusalOf(ctx: Pick<StepContext, 'fact'>, p: { region: string; id: string }): string | undefined {
  const words = refusedFact.read(ctx, keyOf(p));
  return words === '' ? undefined : words;
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
