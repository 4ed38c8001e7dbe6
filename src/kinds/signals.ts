import * as z from 'zod';
import type { Json } from '../base/json.ts';

/*
 * Signals say whether the source region is down. Each is seen from another place, so that two of them are
 * independent: users (probes), the region's own API, the replication link seen from the target, Route 53's checkers.
 * A signal step records its signal as the fact `signal.<name>`; `run.judge-source` weighs them.
 */

export const signalSchema = z.strictObject({
  /** From where it was seen: two signals of one vantage are not independent. */
  vantage: z.enum(['users', 'source-api', 'replication', 'health-checkers']),
  says: z.enum(['down', 'up', 'unknown']),
  because: z.string(),
  /** There was no answer at all: the same question need not be asked again. */
  silent: z.boolean().optional(),
});

export type Signal = z.infer<typeof signalSchema>;

/** The fact under which a signal is recorded. */
export function signalFact(name: string): string {
  return `signal.${name}`;
}

/** A recorded signal; undefined when it was not recorded or is not one. */
export function readSignal(fact: Json | undefined): Signal | undefined {
  const parsed = signalSchema.safeParse(fact);
  return parsed.success ? parsed.data : undefined;
}

/** The verdict on the source region, recorded as the fact `source.verdict`. */
export const sourceVerdictSchema = z.strictObject({
  verdict: z.enum(['source-down', 'attested', 'not-down']),
  because: z.string(),
});

export type SourceVerdict = z.infer<typeof sourceVerdictSchema>;

export const SOURCE_VERDICT = 'source.verdict';

/** Fact: this run was about to stop writes, or has. What users and health checkers see since then is its own doing. */
export const WRITES_STOPPED = 'writes.stopped';

/**
 * Weighs signals: two vantages that say down make the source down; anything else does not. Nor do they while users are
 * served and Route 53's checkers reach it: an API that is silent and a replication that stands still are no outage then.
 */
export function judgeSource(signals: readonly Signal[], attestedBy: string | undefined): SourceVerdict {
  const down = new Set(signals.filter((s) => s.says === 'down').map((s) => s.vantage));
  const words = signals.map((s) => `${s.vantage}: ${s.says} (${s.because})`).join('; ') || 'no signal was seen';
  const up = new Set(signals.filter((s) => s.says === 'up').map((s) => s.vantage));
  const serves = (['users', 'health-checkers'] as const).every((vantage) => up.has(vantage) && !down.has(vantage));
  if (down.size >= 2 && !serves) return { verdict: 'source-down', because: `${down.size} independent signals say down. ${words}` };
  if (attestedBy !== undefined) return { verdict: 'attested', because: `attested by ${attestedBy}. ${words}` };
  if (serves && down.size >= 2) return { verdict: 'not-down', because: `users are served, and Route 53's checkers reach it. ${words}` };
  return { verdict: 'not-down', because: `${down.size} of at least 2 independent signals say down. ${words}` };
}
