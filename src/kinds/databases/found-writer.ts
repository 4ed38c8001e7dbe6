import type { DbInstance } from '../../aws/rds.ts';
import { messageOf } from '../../base/errors.ts';
import type { PastMove } from '../../effects/effects.ts';
import type { StepContext } from '../../model/step.ts';
import { rdsResource } from './instance.ts';

/* A target that is a writer was promoted by this run only if its journal holds the intent: else users may have written to the source for weeks. */

/** Field of the change that a promotion is: a plan shows it, and a journal holds the intent of it. */
export const ROLE = 'role';

interface Target {
  region: string;
  id: string;
  /** Regions that traffic leads users to, where the plan was made with a target that is a writer. */
  usersIn?: readonly string[] | undefined;
}

/** A writer in the target that this run has not made: to be judged, and no end state. */
export interface FoundWriter {
  sentence: string;
  /** An earlier run of the same move that holds the intent to promote it, and has not ended. */
  run: string | undefined;
}

/** This run, or the one that it resumes or takes over, has intended to promote the instance. */
export function intendsPromotion(ctx: StepContext, { region, id }: Target): boolean {
  return ctx.intends(rdsResource(region, id), ROLE);
}

/** Asked of a writer that this run has not promoted. Undefined if another application of the same failover has: it shares the database. */
export async function foundWriter(ctx: StepContext, p: Target): Promise<FoundWriter | undefined> {
  const users = p.usersIn === undefined || p.usersIn.length === 0 ? `this run moves users away from ${ctx.source}` : `users are still led to ${p.usersIn.join(' and ')}`;
  const identity = 'it is a standalone primary, so whose data it holds cannot be proven';
  const { run, together, silence } = await earlierRun(ctx, p);
  if (together) return undefined;
  const by = run === undefined ? '' : `; the run ${run} began to promote it`;
  return { sentence: `${p.id} is already a writer, this run did not promote it, and ${users}; ${identity}${by}${silence}`, run };
}

interface EarlierRun {
  run?: string | undefined;
  /** It has ended this promotion, and moves its application in the same failover as this run. */
  together?: boolean;
  silence: string;
}

/** A run of the same failover that has promoted it; else the newest run of the same move that began to, and has not come to its end. */
async function earlierRun(ctx: StepContext, { region, id }: Target): Promise<EarlierRun> {
  const { history } = ctx.effects;
  if (history === undefined) return { silence: '' };
  const resource = rdsResource(region, id);
  try {
    const other = await history.madeBy(resource, ROLE);
    const run = other ?? thatMade(await history.moves(0), ctx, resource, ROLE).find(({ complete }) => !complete)?.run;
    return { run, together: other !== undefined, silence: '' };
  } catch (error) {
    ctx.signal.throwIfAborted();
    return { silence: `; earlier runs cannot be read: ${messageOf(error)}` };
  }
}

/** Of some moves those to the same region that hold the intent of a change. */
export function thatMade(moves: readonly PastMove[], { target }: Pick<StepContext, 'target'>, resource: string, field: string): PastMove[] {
  return moves.filter((m) => m.target === target && m.changed.some((c) => c.resource === resource && c.field === field));
}

/** A sample that is older than the instance is of another one that had its name; of an unknown age of the instance nothing is known. */
export function isOf(instance: DbInstance, sampledAt: number): boolean {
  const createdAt = instance.InstanceCreateTime?.getTime();
  return createdAt !== undefined && createdAt <= sampledAt;
}
