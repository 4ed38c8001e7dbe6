import { formatDuration } from '../base/duration.ts';
import type { Plan } from '../model/plan.ts';
import type { Estimate, PlanStep } from '../model/step.ts';
import { isGuard } from './graph.ts';

/* Can the RTO be met? The longest chain of steps until users are served, by what own runs have measured, else by AWS's documented times. Pure. */

/** Seconds. */
interface TimedStep {
  step: string;
  title: string;
  p50: number;
  p95: number;
  /** Where the figures come from, for people. */
  basis: string;
  /** Own runs that they were measured in; 0: not measured. */
  runs: number;
}

export interface Feasibility {
  /** Seconds of the objective. */
  rto: number;
  /** The chain that decides it, typical times. */
  steps: readonly TimedStep[];
  /** Seconds until users are served: typical, and an upper bound (not all steps are slow at once). */
  p50: number;
  p95: number;
  /** Seconds of that which users wait for DNS, typical. */
  dns: number;
  /**
   * - `met`: also the upper bound is within the objective
   * - `unproven`: the typical time is within it, the upper bound is not
   * - `missed`: even the typical time is longer
   */
  verdict: 'met' | 'unproven' | 'missed';
}

/** Steps that stand before users are served: all up to traffic. */
export function beforeUsers(plan: Pick<Plan, 'steps'>): PlanStep[] {
  return plan.steps.filter((step) => !isGuard(step) && !step.optional && step.phase !== 'verify' && step.phase !== 'protect');
}

interface KnownTimes {
  /** Seconds that it took in own runs, by id. */
  measured: ReadonlyMap<string, readonly number[]>;
  /** Estimates made from what was observed, by id: they are taken where nothing was measured. */
  observed: ReadonlyMap<string, Estimate>;
}

const NOTHING_KNOWN: KnownTimes = { measured: new Map(), observed: new Map() };

export function feasibilityOf(plan: Pick<Plan, 'steps' | 'objectives'>, known: KnownTimes = NOTHING_KNOWN): Feasibility {
  const times = new Map<string, TimedStep>();
  const steps = beforeUsers(plan).map((step) => {
    const time = timeOf(step, known);
    times.set(step.id, time);
    return { ...step, estimate: { p50: time.p50, p95: time.p95, basis: time.basis } };
  });
  const path = criticalPath({ steps });
  const chain = path.steps.flatMap((id) => times.get(id) ?? []);
  const traffic = new Set(steps.filter((step) => step.phase === 'traffic').map(({ id }) => id));
  const rto = plan.objectives.rtoMs / 1000;
  const dns = chain.filter(({ step }) => traffic.has(step)).reduce((sum, { p50 }) => sum + p50, 0);
  return { rto, steps: chain, p50: path.p50, p95: path.p95, dns, verdict: path.p50 > rto ? 'missed' : path.p95 > rto ? 'unproven' : 'met' };
}

function timeOf({ id, title, estimate }: PlanStep, { measured, observed }: KnownTimes): TimedStep {
  const seconds = (measured.get(id) ?? []).toSorted((a, b) => a - b);
  if (seconds.length > 0) {
    return { step: id, title, p50: rank(seconds, 0.5), p95: rank(seconds, 0.95), basis: `measured in ${seconds.length} own ${seconds.length === 1 ? 'run' : 'runs'}`, runs: seconds.length };
  }
  const { p50, p95, basis } = observed.get(id) ?? estimate;
  return { step: id, title, p50, p95, basis, runs: 0 };
}

/** The value at that share of a sorted list, by the nearest rank. */
function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Shorter steps decide nothing, seconds. */
export const COUNTS_SECONDS = 5;

/** The sum, with where each part comes from. */
export function sumOf(steps: readonly TimedStep[]): string {
  const large = steps.filter(({ p50 }) => p50 >= COUNTS_SECONDS);
  const rest = steps.filter(({ p50 }) => p50 < COUNTS_SECONDS).reduce((sum, { p50 }) => sum + p50, 0);
  const said = large.map(({ step, p50, basis }) => `${secondsShown(p50)} ${step} (${basis})`);
  return [...said, ...(rest > 0 ? [`${secondsShown(rest)} for all others`] : [])].join(' + ');
}

export function secondsShown(seconds: number): string {
  return formatDuration(Math.round(seconds) * 1000);
}

/** The chain of steps that decides how long a plan takes. Seconds on real AWS. */
export interface CriticalPath {
  steps: readonly string[];
  p50: number;
  /** Sum of the steps' own p95: an upper bound, for they will not all be slow at once. */
  p95: number;
}

/** The longest chain by p50, with the longest by p95 as its upper figure. Steps come in topological order. */
export function criticalPath(plan: { steps: readonly PlanStep[] }): CriticalPath {
  const steps = plan.steps.filter((step) => !isGuard(step));
  const typical = longest(steps, (step) => step.estimate.p50);
  const slow = longest(steps, (step) => step.estimate.p95);
  return { steps: typical.path, p50: typical.seconds, p95: slow.seconds };
}

function longest(steps: readonly PlanStep[], cost: (step: PlanStep) => number): { path: string[]; seconds: number } {
  const best = new Map<string, { seconds: number; before: string | undefined }>();
  let end: string | undefined;
  for (const step of steps) {
    let before: string | undefined;
    let seconds = 0;
    for (const id of step.after) {
      const there = best.get(id)?.seconds ?? 0;
      if (before === undefined || there > seconds) [before, seconds] = [id, there];
    }
    best.set(step.id, { seconds: seconds + cost(step), before });
    if (end === undefined || seconds + cost(step) > (best.get(end)?.seconds ?? 0)) end = step.id;
  }
  const path: string[] = [];
  for (let id = end; id !== undefined; id = best.get(id)?.before) path.unshift(id);
  return { path, seconds: end === undefined ? 0 : (best.get(end)?.seconds ?? 0) };
}
