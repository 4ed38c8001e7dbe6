import * as z from 'zod';
import { fact } from '../model/fact.ts';
import type { Observation, StepContext } from '../model/step.ts';

/* What a step has seen is a fact of its journal, and a resume reads it. Nobody knows what was in between: looks count together only if they follow one another. */

/** Milliseconds. More than the longest wait between two looks of one run, and what they take. */
const TOGETHER_MS = 60_000;

export function follows(last: number | undefined, now: number): boolean {
  return last !== undefined && now >= last && now - last < TOGETHER_MS;
}

const lastsFact = fact('lasts', z.object({ since: z.number(), last: z.number() }));

/** For how long something has been so while this run looked, the present look included. Milliseconds. `what`: unique in a run. */
export function lastsFor(ctx: StepContext, what: string): number {
  const now = ctx.effects.clock.now();
  const before = lastsFact.read(ctx, what);
  const since = before !== undefined && follows(before.last, now) ? before.since : now;
  lastsFact.record(ctx, what, { since, last: now });
  return now - since;
}

export function lastsNot(ctx: StepContext, what: string): void {
  if (lastsFact.has(ctx, what)) lastsFact.forget(ctx, what);
}

/** So long something that was there must be seen to be missing. Milliseconds. */
const MISSING_MS = 30_000;

/** What a check has seen is not shown any more: that is no end of a run, which may be over the line, before it lasts. `what`: unique in a run. */
export function missing(ctx: StepContext, what: string, because: string): Observation {
  return lastsFor(ctx, `missing.${what}`) < MISSING_MS ? { state: 'pending', because: `${because}; it was there before, so AWS is asked again`, waitingFor: 'aws' } : { state: 'impossible', because };
}

export function found(ctx: StepContext, what: string): void {
  lastsNot(ctx, `missing.${what}`);
}
