import type { Figures, Verdict } from './one.ts';

/** Percentiles in milliseconds; null: more rehearsals than that did not recover, or were not measured. */
export interface Distribution {
  p50: number | null;
  p95: number | null;
  p99: number | null;
  min: number | null;
  max: number | null;
  /** Rehearsals with a value, of all. */
  measured: number;
}

/** How sure a share is: the interval that holds the true one in 95 of 100 cases, by Wilson. */
export interface Share {
  of: number;
  share: number;
  low: number;
  high: number;
}

interface DecidingStep {
  step: string;
  title: string;
  /** Milliseconds of the way to recovery that went into it. */
  p50: number;
  p95: number;
  /** In so many of the recovered rehearsals it took the largest part. */
  largestIn: number;
}

export interface Summary {
  runs: number;
  recovered: Share;
  rto: Distribution & { objectiveMs: number; met: Share };
  rpo: Distribution & { objectiveMs: number; met: Share | null };
  /** What users really lost, as only a simulation knows. */
  trueLoss: Distribution;
  deciding: readonly DecidingStep[];
  /** Why rehearsals did not recover, the most frequent first; `observed` by the first of them. */
  unrecovered: readonly { because: string; runs: number; seed: number; observed?: string }[];
  /** Seeds to replay: the slowest, and those that did not recover. */
  worst: readonly { seed: number; outcome: string; rtoMs: number | null; because?: string }[];
  /** How often a person had to start it again. */
  resumed: Share;
}

/** The value that this share of all is not above, by nearest rank; what has no value counts as larger than every value. */
export function percentile(sorted: readonly number[], of: number, share: number): number | null {
  return sorted[Math.max(1, Math.ceil(of * share)) - 1] ?? null;
}

export function distribution(values: readonly number[], of: number): Distribution {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => percentile(sorted, of, share);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), min: sorted[0] ?? null, max: values.length === of ? (sorted.at(-1) ?? null) : null, measured: values.length };
}

const Z = 1.96;

/** https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { of, share: 0, low: 0, high: 1 };
  const p = count / of;
  const middle = (p + (Z * Z) / (2 * of)) / (1 + (Z * Z) / of);
  const half = (Z * Math.sqrt((p * (1 - p)) / of + (Z * Z) / (4 * of * of))) / (1 + (Z * Z) / of);
  return { of, share: p, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

const WORST = 5;
const DECIDING = 8;

export function summarize(all: readonly Figures[], objectives: { rtoMs: number; rpoMs: number }): Summary {
  const runs = all.length;
  const values = (of: (one: Figures) => number | undefined) => all.map(of).filter((value) => value !== undefined);
  const count = (is: (one: Figures) => boolean) => shareOf(all.filter(is).length, runs);
  const is = (verdict: Verdict) => (one: Verdict) => one === verdict;
  const rpoApplies = !all.every(({ rpo }) => is('not applicable')(rpo));
  const broken = all.filter(({ outcome }) => outcome !== 'succeeded');
  const reasons = Map.groupBy(broken, ({ because, outcome }) => because ?? outcome);
  const slow = all.toSorted((a, b) => (b.rtoMs ?? Number.POSITIVE_INFINITY) - (a.rtoMs ?? Number.POSITIVE_INFINITY) || a.seed - b.seed);
  return {
    runs,
    recovered: count(({ outcome }) => outcome === 'succeeded'),
    rto: { ...distribution(values(({ rtoMs }) => rtoMs), runs), objectiveMs: objectives.rtoMs, met: count(({ rto }) => rto === 'met') },
    rpo: { ...distribution(values(({ rpoMs }) => rpoMs), runs), objectiveMs: objectives.rpoMs, met: rpoApplies ? count(({ rpo }) => rpo === 'met' || rpo === 'not applicable') : null },
    trueLoss: distribution(values(({ trueLossMs }) => trueLossMs), runs),
    deciding: decidingOf(all),
    unrecovered: [...reasons].map(([because, list]) => ({ because, runs: list.length, seed: list[0]?.seed ?? 0, ...(list[0]?.observed === undefined ? {} : { observed: list[0].observed }) })).sort((a, b) => b.runs - a.runs),
    worst: slow.slice(0, WORST).map(({ seed, outcome, rtoMs, because }) => ({ seed, outcome, rtoMs: rtoMs ?? null, ...(because === undefined ? {} : { because }) })),
    resumed: count(({ starts }) => starts > 1),
  };
}

/** Steps by the time that the way to recovery spent in them. */
function decidingOf(all: readonly Figures[]): DecidingStep[] {
  const times = new Map<string, { title: string; ms: number[]; largest: number }>();
  const recovered = all.filter(({ decided }) => decided.length > 0);
  for (const { decided } of recovered) {
    const largest = decided.reduce((a, b) => (b.ms > a.ms ? b : a));
    for (const { step, title, ms } of decided) {
      const known = times.get(step) ?? { title, ms: [], largest: 0 };
      known.ms.push(ms);
      if (step === largest.step) known.largest += 1;
      times.set(step, known);
    }
  }
  return [...times]
    .map(([step, { title, ms, largest }]) => {
      const sorted = ms.toSorted((a, b) => a - b);
      // In a rehearsal where it was not waited for it took nothing.
      const at = (share: number) => sorted[Math.ceil(recovered.length * share) - 1 - (recovered.length - sorted.length)] ?? 0;
      return { step, title, p50: at(0.5), p95: at(0.95), largestIn: largest };
    })
    .sort((a, b) => b.p50 - a.p50 || b.p95 - a.p95)
    .slice(0, DECIDING);
}
