import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import type { StepContext } from '../../model/step.ts';

/*
 * The verdict on an old writer, recorded as the fact `fence.<database>`: whoever carries data over the line, bounds the loss or
 * reports reads it here.
 */

const schema = z.object({
  /** `closed`: nobody can come in, and who was in still is. `undone`: it takes writes again. `unknown`: what was recorded is none of these. */
  verdict: z.enum(['fenced', 'source-down', 'attested', 'read-only', 'closed', 'undone', 'unknown']),
  because: z.string(),
  /** When it was so, ms since the epoch. */
  at: z.number().optional(),
  /** When it answered again although its copy had taken over. */
  returnedAt: z.number().optional(),
});

export type FenceVerdict = z.infer<typeof schema>;

const PREFIX = 'fence.';

export function recordFence(ctx: Pick<StepContext, 'record'>, database: string, verdict: FenceVerdict): void {
  ctx.record(`${PREFIX}${database}`, verdict);
}

/** Undefined when none was recorded. */
export function fenceOf(ctx: Pick<StepContext, 'fact'>, database: string): FenceVerdict | undefined {
  const recorded = ctx.fact(`${PREFIX}${database}`) ?? undefined;
  return recorded === undefined ? undefined : (schema.safeParse(recorded).data ?? { verdict: 'unknown', because: 'the recorded verdict cannot be read' });
}

/** All that were recorded in a run. */
export function fencesIn(facts: ReadonlyMap<string, Json>): FenceVerdict[] {
  const ctx = { fact: (name: string) => facts.get(name) };
  return [...facts.keys()].flatMap((name) => (name.startsWith(PREFIX) ? (fenceOf(ctx, name.slice(PREFIX.length)) ?? []) : []));
}
