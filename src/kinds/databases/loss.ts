import { formatDuration } from '../../base/duration.ts';
import type { RpoBound } from '../../measure/rpo.ts';
import type { Acceptances, Observation, Refusal, StepContext } from '../../model/step.ts';
import type { FoundWriter } from './found-writer.ts';
import { seenAliveFact } from '../outage.ts';
import { refused } from '../common.ts';
import { rpoFact } from './facts.ts';
import { fenceOf, type FenceVerdict } from './verdict.ts';

/** What a gate knows of a loss, in the words of its method. */
export interface LossCase {
  /** Name of the database in the runbook. */
  name: string;
  rpoMs: number;
  bound: RpoBound;
  /** What is unknown when there is no bound, e.g. `the lag of shop-orders-tokyo`. */
  measured: string;
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

/** Weighs a bound on loss against the RPO and what a named person has accepted, however it was measured. An unknown loss is refused. */
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
  const words = `${seen}at most ${formatDuration(bound.boundMs)} of writes would be lost (${loss.evidence})`;
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

/** The gate's bound at the time of the fence: an old writer that lives, or is down only by a person's word, takes writes until then. Undefined: nothing to add. */
export function boundAtFence(ctx: Pick<StepContext, 'fact' | 'impactNamed'>, name: string): RpoBound | undefined {
  const fence = fenceOf(ctx, name);
  const bound = rpoFact.read(ctx, name);
  if (fence?.at === undefined || bound?.boundMs === undefined || bound.sampledAt === undefined || bound.ageMs === undefined || fence.at <= bound.outageAt) return undefined;
  // Counted up to the decision itself: the source was not known to have stopped by then.
  const open = bound.outageAt >= bound.sampledAt + bound.ageMs;
  // A named person says that the source is down, and not since when: the impact is what this machine alone has seen.
  const since = fence.verdict === 'attested' && !ctx.impactNamed;
  // Seen to live after the impact: the gate stood beside the look that saw it.
  const seen = seenAliveFact.read(ctx);
  const lived = seen !== undefined && seen > bound.outageAt;
  if (fence.verdict !== 'fenced' && !since && !open && !lived) return undefined;
  const until = fence.verdict === 'fenced' ? 'the old writer was cut off' : 'it was decided: nobody else has seen when it stopped (--impact-at, if an alarm knows)';
  const because = `as measured before the fence, and every second until ${until}`;
  return { ...bound, boundMs: bound.boundMs + fence.at - bound.outageAt, outageAt: fence.at, because };
}

/** What lets data go over the line. */
const STOPPED: readonly FenceVerdict['verdict'][] = ['fenced', 'source-down', 'attested', 'read-only'];

interface AtLine {
  name: string;
  /** Absent in a planned move: nothing is lost there. */
  rpoMs?: number | undefined;
  /** What is unknown when there is no bound, e.g. `the lag of shop-orders-tokyo`. */
  measured: string;
  act: string;
  found?: FoundWriter | undefined;
}

/** What is known of the old writer and of the loss, against what is accepted now, which may be less than before. Undefined: the line may be crossed. */
export function weighAtLine(ctx: StepContext, line: AtLine): Observation | undefined {
  const fence = fenceOf(ctx, line.name);
  if (fence === undefined || !STOPPED.includes(fence.verdict)) return unfenced(line, fence);
  const later = boundAtFence(ctx, line.name);
  if (later !== undefined) rpoFact.record(ctx, line.name, later);
  const found = later ?? rpoFact.read(ctx, line.name);
  if (line.rpoMs === undefined) return line.found === undefined ? undefined : notPlanned(line, line.found);
  const bound = found ?? unmeasured(line);
  const { refusal } = decideLoss({ ...line, rpoMs: line.rpoMs, bound, unknown: bound.because, evidence: bound.because }, ctx.acceptances);
  return refusal === undefined ? undefined : refused(refusal);
}

/** The plan puts the fence before the line; who asks it again here needs no faith in the plan. */
function unfenced({ name, act }: AtLine, fence: FenceVerdict | undefined): Observation {
  return refused({
    rule: 'fence',
    observed: fence === undefined ? `no step of this run has said whether the old writer of ${name} takes writes` : `the old writer of ${name} may take writes: ${fence.because}`,
    threshold: 'a verdict on the old writer',
    consequence: `two writers may accept orders at once after ${act}, and their data can no longer be joined`,
    override: 'none: start again, so that the old writer is asked',
  });
}

/** A planned move loses nothing, and of a writer that somebody else has made that cannot be proven. */
function notPlanned({ name }: AtLine, found: FoundWriter): Observation {
  return refused({
    rule: 'rpo-gate',
    observed: found.sentence,
    threshold: 'a replica that has replayed every write',
    consequence: `users would get what is in it, without an unknown amount of acknowledged writes of ${name}`,
    override: found.run === undefined ? 'none: make it a replica again; a failover may accept the loss by name' : `dr resume ${found.run}, which began the promotion`,
  });
}

function unmeasured({ name }: AtLine): RpoBound {
  return { database: name, method: 'none', boundMs: undefined, lagMs: undefined, sampledAt: undefined, ageMs: undefined, outageAt: 0, because: 'no gate of this run has measured it' };
}
