import * as z from 'zod';
import { fact, type FactSource } from '../../model/fact.ts';
import type { StepContext } from '../../model/step.ts';

/* The verdict on an old writer, recorded as the fact `fence.<database>`: the step that carries data over the line, bounds the loss or reports reads it here. */

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

const fenceFact = fact('fence', schema);

export function recordFence(ctx: Pick<StepContext, 'record'>, database: string, verdict: FenceVerdict): void {
  fenceFact.record(ctx, database, verdict);
}

/** Undefined when none was recorded. */
export function fenceOf(from: FactSource, database: string): FenceVerdict | undefined {
  if (!fenceFact.has(from, database)) return undefined;
  return fenceFact.read(from, database) ?? { verdict: 'unknown', because: 'the recorded verdict cannot be read' };
}

/** The old instance has its new name: that took a restart, and with it every session from before the quarantine. */
export function sessionsEnded(ctx: StepContext, name: string): void {
  const fence = fenceOf(ctx, name);
  if (fence?.verdict !== 'closed') return;
  recordFence(ctx, name, { verdict: 'fenced', because: `${fence.because}, and its new name took a restart, which ended every session`, at: ctx.effects.clock.now() });
}

export function fencedIn(state: Parameters<typeof fenceFact.keys>[0]): string[] {
  return fenceFact.keys(state);
}
