import * as z from 'zod';
import { fact, type FactSource, soleFact } from './fact.ts';
import type { Observation, StepContext } from './step.ts';

/*
 * Signals say whether the source region is down. Each is seen from another place, so that two of them are
 * independent: users (probes), the region's own API, the replication link seen from the target, Route 53's checkers.
 * A step that looks records its signal as a fact; the gate on the source weighs them.
 */

export const signalSchema = z.strictObject({
  /** From where it was seen: two signals of one vantage are not independent. */
  vantage: z.enum(['users', 'source-api', 'replication', 'health-checkers']),
  says: z.enum(['down', 'up', 'unknown']),
  because: z.string(),
  /** Of users: it was the source's own answer, and not another region's. */
  atSource: z.boolean().optional(),
  /** There was no answer at all: the same question need not be asked again. */
  silent: z.boolean().optional(),
  /** Of the source's API: when it was asked, ms since the epoch. */
  at: z.number().optional(),
  /** Of the source's API: the instance may take writes, and is in no state to be left in good order. */
  unsettled: z.boolean().optional(),
  /** Of replication: the replica receives from the source now, so that the source lives. */
  receiving: z.boolean().optional(),
  /** Of replication: AWS did not say, so that a replica may receive, or backups may arrive. */
  notAsked: z.boolean().optional(),
  /** Of replication: what has arrived shows that the source lived then, ms since the epoch. */
  livedAt: z.number().optional(),
});

export type Signal = z.infer<typeof signalSchema>;

/** A recorded signal, by its name, e.g. `users`. */
export const signalFact = fact('signal', signalSchema);

/** Records a signal, and ends the step that looked. */
export function signalSeen(ctx: StepContext, name: string, signal: Signal): Observation {
  signalFact.record(ctx, name, signal);
  return { state: 'reached', says: signal.says, because: `${signal.says}: ${signal.because}` };
}

/** What speaks against the word that a source is down. `refused` and `answers` are seen by the steps that ask for the database itself, and not by the signals. */
const SIGNS = {
  served: 'the source itself serves users',
  reached: "Route 53's checkers reach it",
  receives: 'a replica still receives from it',
  arrived: 'what was written after the impact has arrived from it',
  refused: 'AWS answers for the database, and refuses to close it',
  answers: 'its API answers again for a database that may take writes',
} as const;
const signSchema = z.enum(Object.keys(SIGNS) as [keyof typeof SIGNS, ...(keyof typeof SIGNS)[]]);
export type Sign = z.infer<typeof signSchema>;

const sourceVerdictSchema = z.strictObject({
  verdict: z.enum(['source-down', 'attested', 'not-down']),
  because: z.string(),
  /** The same in parts: the verdict alone, and what each signal says. */
  weighed: z.strictObject({ short: z.string(), signals: z.array(z.string()) }).optional(),
  signs: z.array(signSchema).optional(),
});

type SourceVerdict = z.infer<typeof sourceVerdictSchema>;

export const sourceVerdictFact = soleFact('source.verdict', sourceVerdictSchema);

/** This run was about to stop writes, or has. What users and health checkers see since then is its own doing. */
export const writesStoppedFact = soleFact('writes.stopped', z.boolean());

/** A refusal has shown that sign of life to people. By sign. */
const shownFact = fact('sign-shown', z.literal(true));

/** Shows signs of life to anyone who reads the refusal that is to follow. */
export function showSigns(ctx: Parameters<typeof shownFact.record>[0], signs: readonly Sign[]): void {
  for (const sign of signs) shownFact.record(ctx, sign, true);
}

/** Signs of life that no refusal of this run has shown: a person's word is about what they have seen, and holds for one start. */
export function notShown(ctx: FactSource, signs: readonly Sign[]): Sign[] {
  return [...new Set(signs)].filter((sign) => shownFact.read(ctx, sign) !== true);
}

/** e.g. `the source itself serves users`. */
export function wordsOf(signs: readonly Sign[]): string {
  return signs.map((sign) => SIGNS[sign]).join('; ');
}

/** What signals say against the word that the source is down. `begunBy`: the outage had begun by then, ms since the epoch. */
export function signsOfLife(signals: readonly Signal[], begunBy?: number): Sign[] {
  const up = (vantage: Signal['vantage']) => signals.filter((s) => s.vantage === vantage && s.says === 'up');
  const signs: Record<Sign, boolean> = {
    served: up('users').some((s) => s.atSource === true),
    reached: up('health-checkers').length > 0,
    receives: signals.some((s) => s.receiving === true),
    arrived: up('replication').some((s) => (s.livedAt ?? Number.NEGATIVE_INFINITY) > (begunBy ?? Number.POSITIVE_INFINITY)),
    refused: false,
    answers: false,
  };
  return signSchema.options.filter((sign) => signs[sign]);
}

/** While a replica shows that it received within that time, its source lives. Two missed minutes of a one-minute metric are borne. */
export const RECEIVING_MS = 180_000;

/** What users get, seen by them or for them. */
const SERVING = ['users', 'health-checkers'] as const;
/** Not seen from the machine that runs `dr`. */
const ELSEWHERE = ['replication', 'health-checkers'] as const;

/**
 * Weighs signals. Two vantages must say down, and no single trouble other than the loss of the source may explain both:
 * one of them tells what users get (an API that is silent and a replication that stands still are what trouble of RDS alone
 * looks like, or a cut between the regions), and one of them is seen from elsewhere (a laptop that reaches neither users'
 * endpoint nor the API may itself be cut off). Nor is it down while it answers users itself, or Route 53's checkers, all over the
 * world, reach it. Nor while a copy of a database still receives from it and its API does not answer: nobody could fence it then.
 * Anything else needs a named person. `begunBy`: the outage had begun by then, ms since the epoch.
 */
export function judgeSource(signals: readonly Signal[], attestedBy: string | undefined, begunBy?: number): SourceVerdict {
  const up = new Set(signals.filter((s) => s.says === 'up').map((s) => s.vantage));
  // Of one vantage that says both, something works: no region is lost by halves.
  const down = new Set(signals.filter((s) => s.says === 'down' && !up.has(s.vantage)).map((s) => s.vantage));
  const each = signals.map((s) => `${s.vantage}: ${s.says} (${s.because})`);
  const signs = signsOfLife(signals, begunBy);
  const against = signs.length === 0 ? {} : { signs };
  const said = (short: string) => ({ because: `${short}. ${each.join('; ') || 'no signal was seen'}`, weighed: { short, signals: each } });
  const short = whyNotDown(down, signs) ?? whyAlive(signals, signs);
  if (short === undefined) return { verdict: 'source-down', ...said(`${down.size} independent signals say down`) };
  if (attestedBy !== undefined) return { verdict: 'attested', ...said(`attested by ${attestedBy}`), ...against };
  return { verdict: 'not-down', ...said(short), ...against };
}

function whyNotDown(down: ReadonlySet<Signal['vantage']>, signs: readonly Sign[]): string | undefined {
  if (down.size < 2) return `${down.size} of at least 2 independent signals say down`;
  if (signs.includes('served')) return SIGNS.served;
  if (signs.includes('reached')) return "Route 53's checkers reach it: where it was lost a moment ago, they see it within a minute (dr resume)";
  if (!SERVING.some((v) => down.has(v))) return "neither users nor Route 53's checkers see it down: trouble of RDS alone, or of the link between the regions, looks the same";
  if (!ELSEWHERE.some((v) => down.has(v))) return 'only this machine sees it down, and its own network may be the trouble: what others see changes within three minutes (dr resume)';
  return undefined;
}

/** Why a database of the source is known to live although users are down; undefined where it is not known. Where its API answers, the fence decides. */
function whyAlive(signals: readonly Signal[], signs: readonly Sign[]): string | undefined {
  const apis = signals.filter((s) => s.vantage === 'source-api');
  if (apis.length > 0 && apis.every((s) => s.says !== 'unknown' && s.silent !== true)) return undefined;
  if (signs.includes('receives')) return RECEIVES;
  if (signals.some((s) => s.notAsked === true)) return 'whether anything still arrives from the source could not be asked (dr resume asks again)';
  return signs.includes('arrived') ? 'backups of what was written after the impact have arrived, so that a database of the source lives: if it was lost since, that shows within fifteen minutes (dr resume)' : undefined;
}

/** What a person reads where a replica receives from an old writer that cannot be fenced. */
export const RECEIVES = 'a replica still receives from the source, so that its database lives: if it was lost a moment ago, replication shows that within three minutes (dr resume)';
