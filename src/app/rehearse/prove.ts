import { formatDuration } from '../../base/duration.ts';
import type { RunState } from '../../journal/state.ts';
import { rpoFact } from '../../kinds/databases/facts.ts';
import { type OneRehearsal, type Rehearsal, rehearseOnce, takingWrites } from './one.ts';
import { TROUBLES, type Trouble } from './troubles.ts';

export interface Proof {
  name: string;
  what: string;
  must: Trouble['must'];
  /**
   * - refused: before the point of no return, or there was no plan
   * - recovered: with everything as it should be; `helped` says how often a person had to start it again
   * - unnoticed: it succeeded although it had to be refused, or with something wrong that nobody said
   * - stuck: it did not come to an end that is one
   * - not applicable: the runbook has nothing that it is about
   */
  end: 'refused' | 'recovered' | 'unnoticed' | 'stuck' | 'not applicable';
  ok: boolean;
  because: string;
  /** Starts of the tool. */
  starts: number;
}

const SEED = 1;

/** Each trouble that fits the runbook, in a world of its own. The loss of the region comes on top of it, where nothing else is said. */
export async function prove(rehearsal: Rehearsal, troubles: readonly Trouble[] = TROUBLES): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const trouble of troubles) {
    const about = { fits: true };
    const before: Trouble['before'] = (way) => {
      about.fits = trouble.fits({ ...way, approvals: rehearsal.loaded.runbook.approvals.length, rpoMs: rehearsal.loaded.runbook.objectives.rpoMs });
      return about.fits ? trouble.before?.(way) : undefined;
    };
    // Nothing is drawn but the seed's own: a proof is a yes or a no.
    const one = await rehearseOnce({ ...rehearsal, faults: false, durations: { ...steady, ...rehearsal.durations } }, SEED, { ...trouble, before, ...(trouble.must === 'refused' ? { once: true as const } : {}) });
    proofs.push(about.fits ? judge(trouble, one, rehearsal) : { ...named(trouble), end: 'not applicable', ok: true, because: 'the runbook has nothing that it is about', starts: 0 });
  }
  return proofs;
}

/** A person decides at once. */
const steady = { decideMs: { p50: 60_000, p95: 60_000 }, lagMs: { p50: 1_000, p95: 1_000 } } as const;

function named({ name, what, must }: Trouble): Pick<Proof, 'name' | 'what' | 'must'> {
  return { name, what, must };
}

function judge(trouble: Trouble, one: OneRehearsal, rehearsal: Rehearsal): Proof {
  const { figures, played } = one;
  const base = { ...named(trouble), starts: figures.starts };
  if (played === undefined) return { ...base, end: 'refused', ok: true, because: `there is no plan: ${figures.because ?? ''}` };
  if (played.outcome !== 'succeeded') {
    if (!one.crossed) return { ...base, end: 'refused', ok: true, because: figures.because ?? played.outcome };
    return { ...base, end: 'stuck', ok: false, because: `it stopped past the point of no return, and ${figures.starts - 1} resumes did not end it: ${figures.because ?? played.outcome}` };
  }
  if (trouble.must === 'refused') return { ...base, end: 'unnoticed', ok: false, because: 'the failover went through as if nothing were wrong' };
  const wrong = whatIsWrong(one, played.state, rehearsal);
  if (wrong !== undefined) return { ...base, end: 'unnoticed', ok: false, because: wrong };
  const helped = figures.starts > 1 ? `, once a person had mended it and resumed (${figures.starts} starts)` : '';
  return { ...base, end: 'recovered', ok: true, because: `users are served${figures.rtoMs === undefined ? '' : ` ${formatDuration(figures.rtoMs)} after the loss`}${helped}` };
}

/** Looked at in the world itself, whatever the run says. */
function whatIsWrong({ stage, figures }: OneRehearsal, state: RunState, { source, target, loaded }: Rehearsal): string | undefined {
  const { world } = stage;
  const [old, fresh] = [world.isAlive(source) ? takingWrites(stage, source) : [], takingWrites(stage, target)];
  if (loaded.runbook.strategy !== 'active-active' && old.length > 0 && fresh.length > 0) return `two writers: ${old.join(', ')} of ${source} takes writes, and so does ${fresh.join(', ')}`;
  const [probe] = loaded.runbook.probes;
  if (probe !== undefined) {
    const address = world.resolve(new URL(probe.http).hostname, 'A').values[0];
    const app = address === undefined ? undefined : world.state.applications.at(address);
    if (app === undefined || world.state.applications.status(app, world.now()) !== 200) return `users who ask for ${probe.http} get no good answer, and the run says that it succeeded`;
  }
  const bounds = rpoFact.all(state).flatMap(({ value }) => (value.boundMs === undefined ? [] : [value.boundMs]));
  // A run that says "not measured" promises nothing.
  if (figures.rpo === 'met' && figures.trueLossMs !== undefined && bounds.length > 0 && figures.trueLossMs > Math.max(...bounds)) {
    return `${formatDuration(figures.trueLossMs)} of writes are lost, and the run says at most ${formatDuration(Math.max(...bounds))}`;
  }
  return undefined;
}
