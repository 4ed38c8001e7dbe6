import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import type { StepContext } from '../step.ts';

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
export function fenceOf(fact: (name: string) => Json | undefined, database: string): FenceVerdict | undefined {
  const recorded = fact(`${PREFIX}${database}`) ?? undefined;
  return recorded === undefined ? undefined : (schema.safeParse(recorded).data ?? { verdict: 'unknown', because: 'the recorded verdict cannot be read' });
}

/** All that are known, by the name of their database. */
export function fencesIn(facts: ReadonlyMap<string, Json>): [string, FenceVerdict][] {
  return [...facts.keys()].flatMap((name) => {
    if (!name.startsWith(PREFIX)) return [];
    const database = name.slice(PREFIX.length);
    const found = fenceOf((key) => facts.get(key), database);
    return found === undefined ? [] : [[database, found]];
  });
}
