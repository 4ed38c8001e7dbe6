import type { RpoBound } from '../../measure/rpo.ts';
import { refused } from '../common.ts';
import type { Observation, StepContext } from '../../model/step.ts';
import { rpoFact } from './facts.ts';
import { boundAtFence } from './loss-at-fence.ts';
import type { FoundWriter } from './found-writer.ts';
import { decideLoss } from './loss.ts';
import { fenceOf, type FenceVerdict } from './verdict.ts';

/** What lets data go over the line. */
const STOPPED: readonly FenceVerdict['verdict'][] = ['fenced', 'source-down', 'attested', 'read-only'];

/** A step over the line, and what it would lose. */
export interface AtLine {
  /** Name of the database in the runbook. */
  name: string;
  /** Absent in a planned move: nothing is lost there. */
  rpoMs?: number | undefined;
  /** What is unknown when there is no bound, e.g. `the lag of shop-orders-tokyo`. */
  measured: string;
  /** What would lose the writes: `a promotion`, `a restore`. */
  act: string;
  /** The target is a writer that this run has not made. */
  found?: FoundWriter | undefined;
}

/**
 * Whether anything is known of the old writer, then what the gate found, and the fence has added, against what is accepted now: a
 * resume may accept less than the run began with. Undefined where the line may be crossed.
 */
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
    override: 'none: begin anew, so that the old writer is asked',
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
