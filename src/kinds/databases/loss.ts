import { formatDuration } from '../../base/duration.ts';
import type { RpoBound } from '../../measure/rpo.ts';
import type { Acceptances, Refusal } from '../../model/step.ts';
import type { FoundWriter } from './found-writer.ts';

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
  /** A writer that this run has not made: then a person accepts the loss by name, however small it is. */
  found?: FoundWriter | undefined;
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
  const { name, rpoMs, found } = loss;
  // Whatever is no number is unknown, and never small enough.
  const bound = Number.isFinite(loss.bound.boundMs) ? loss.bound : { ...loss.bound, boundMs: undefined };
  const seen = found === undefined ? '' : `${found.sentence}; `;
  const seconds = accepted.dataLossSeconds;
  const reason = `accepted: ${accepted.reason ?? ''}`;
  if (bound.boundMs === undefined) {
    if (seconds === 'unknown') return { bound, refusal: undefined, because: `${seen}loss of ${name} is unknown; ${reason}` };
    return { bound, because: '', refusal: unknownLoss(loss, seen) };
  }
  const words = `${seen}at most ${formatDuration(bound.boundMs)} of writes are lost (${loss.evidence})`;
  if (found === undefined && bound.boundMs <= rpoMs) return { bound, refusal: undefined, because: words };
  if (seconds === 'unknown' || (seconds !== undefined && bound.boundMs <= seconds * 1000)) {
    return { bound, refusal: undefined, because: `${words}; ${reason}` };
  }
  return { bound, because: '', refusal: tooMuch(loss, bound.boundMs, words) };
}

function unknownLoss(loss: LossCase, seen: string): Refusal {
  return {
    rule: 'rpo-gate',
    observed: `${seen}${loss.measured} is unknown: ${loss.unknown}`,
    ageMs: loss.bound.ageMs,
    threshold: threshold(loss),
    consequence: `${loss.act} would lose an unknown amount of acknowledged writes of ${loss.name}, silently`,
    override: override(loss, 'unknown'),
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
    threshold: threshold(loss),
    consequence: `up to ${formatDuration(boundMs)} of acknowledged writes of ${loss.name} would be lost`,
    override: override(loss, `${seconds}s`),
  };
}

function threshold({ found, rpoMs }: LossCase): string {
  const rpo = `RPO ${formatDuration(rpoMs)}`;
  return found === undefined ? rpo : `a replica, or a writer that this run has promoted; ${rpo}`;
}

function override({ found }: LossCase, loss: string): string {
  const accept = `--accept-data-loss ${loss} --reason "…"`;
  return found?.run === undefined ? accept : `dr resume ${found.run}, which began the promotion; or ${accept}`;
}
