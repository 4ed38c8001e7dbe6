import { formatDuration } from '../../base/duration.ts';
import type { RpoBound } from '../../measure/rpo.ts';
import type { Acceptances, Refusal } from '../step.ts';

/** What a gate knows of a loss, in the words of its method. */
export interface LossCase {
  /** Name of the database in the runbook. */
  name: string;
  rpoMs: number;
  bound: RpoBound;
  /** What is unknown when there is no bound, e.g. `the lag of shop-orders-tokyo`. */
  measured: string;
  /** Why there is no bound. */
  unknown: string;
  /** What the bound rests on, e.g. `lag 2.0 s, sample 12 s old`. */
  evidence: string;
  /** What would lose the writes: `a promotion`, `a restore`. */
  act: string;
}

/** Without a refusal the gate is open. */
export interface LossDecision {
  bound: RpoBound;
  refusal: Refusal | undefined;
  because: string;
}

/**
 * Weighs a bound on loss against the RPO and what a named person has accepted: the same for every way of measuring.
 * A loss that is unknown is refused, never taken for zero.
 */
export function decideLoss(loss: LossCase, accepted: Pick<Acceptances, 'dataLossSeconds' | 'reason'>): LossDecision {
  const { bound, name, rpoMs } = loss;
  const seconds = accepted.dataLossSeconds;
  const reason = `accepted: ${accepted.reason ?? ''}`;
  if (bound.boundMs === undefined) {
    if (seconds === 'unknown') return { bound, refusal: undefined, because: `loss of ${name} is unknown; ${reason}` };
    return { bound, because: '', refusal: unknownLoss(loss) };
  }
  const words = `at most ${formatDuration(bound.boundMs)} of writes are lost (${loss.evidence})`;
  if (bound.boundMs <= rpoMs) return { bound, refusal: undefined, because: words };
  if (seconds === 'unknown' || (seconds !== undefined && bound.boundMs <= seconds * 1000)) {
    return { bound, refusal: undefined, because: `${words}; ${reason}` };
  }
  return { bound, because: '', refusal: tooMuch(loss, bound.boundMs, words) };
}

function unknownLoss(loss: LossCase): Refusal {
  return {
    rule: 'rpo-gate',
    observed: `${loss.measured} is unknown: ${loss.unknown}`,
    ageMs: loss.bound.ageMs,
    threshold: `RPO ${formatDuration(loss.rpoMs)}`,
    consequence: `${loss.act} would lose an unknown amount of acknowledged writes of ${loss.name}, silently`,
    override: '--accept-data-loss unknown --reason "…"',
  };
}

function tooMuch(loss: LossCase, boundMs: number, observed: string): Refusal {
  // Loss grows no more once the source is down: a little room for the seconds until the person has typed it. Where it counts up to the
  // decision it grows until the next one.
  const { outageAt, sampledAt, ageMs } = loss.bound;
  const growing = sampledAt !== undefined && ageMs !== undefined && outageAt >= sampledAt + ageMs;
  const seconds = Math.ceil(boundMs / 1000 / 30) * 30 + (growing ? 180 : 30);
  return {
    rule: 'rpo-gate',
    observed,
    ageMs: loss.bound.ageMs,
    threshold: `RPO ${formatDuration(loss.rpoMs)}`,
    consequence: `up to ${formatDuration(boundMs)} of acknowledged writes of ${loss.name} would be lost`,
    override: `--accept-data-loss ${seconds}s --reason "…"`,
  };
}
