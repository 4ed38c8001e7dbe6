/**
 * The RTO clock: when a run reached what, seen from outside, and what follows from it.
 *
 * 1. A time that nobody measured is `undefined` with the reason, never a guess and never zero.
 * 2. The application must have been seen down before it can be seen to recover.
 * 3. Good again means: every probe that was down is up, after the last bad sample of any of them.
 * 4. Only a run that succeeded has an RTO. Another one has a time to failure.
 * 5. When the first sample was already bad, the outage began at or before it: figures from there are "at least".
 */

export const RTO_PHASES = [
  'impact',
  'detected',
  'declared',
  'started',
  'data-ready',
  'traffic-switched',
  'first-good',
  'verified',
] as const;
export type RtoPhase = (typeof RTO_PHASES)[number];

/** What one outside-in observer saw: its changes between up and down, the first sample being one. */
export interface ProbeTrack {
  name: string;
  changes: readonly { at: number; up: boolean }[];
}

/** A step as the clock sees it. Times in milliseconds since the epoch. */
export interface TimedStep {
  id: string;
  phase: string;
  done: boolean;
  optional: boolean;
  startedAt?: number | undefined;
  endedAt?: number | undefined;
}

export interface RtoInput {
  probes: readonly ProbeTrack[];
  /** Other observers, e.g. the lab's client: they know when it was down, and they alarm nobody. */
  observers?: readonly ProbeTrack[];
  /** When the outage began, if somebody knows better than the probes; `source` says who. */
  impact?: { at: number; source: string } | undefined;
  detected?: { at: number; source: string } | undefined;
  declaredAt: number;
  startedAt: number;
  steps: readonly TimedStep[];
  outcome: 'succeeded' | 'failed' | 'refused' | 'aborted' | undefined;
  /** End of the run, or the time of its last record. */
  endedAt: number;
}

/** A point in time, or why there is none. */
interface Milestone {
  phase: RtoPhase;
  /** Undefined: not measured, and `because` is the reason. */
  at: number | undefined;
  /** It happened at this time or earlier. */
  atOrBefore: boolean;
  because: string;
}

/** A length of time in milliseconds, or why there is none. */
export interface Figure {
  ms: number | undefined;
  /** The true figure may be larger. */
  atLeast: boolean;
  because: string;
}

export interface Rto {
  /** One for each of `RTO_PHASES`, in that order. */
  milestones: readonly Milestone[];
  /** First bad to good again as the observers saw it, no matter who brought it back. */
  downtime: Figure & { from: number | undefined; to: number | undefined };
  fromImpact: Figure;
  fromStart: Figure;
  /** Only of a run that failed or refused: from its start to its end. */
  toFailure: Figure | undefined;
}

export function measureRto(input: RtoInput): Rto {
  const impact = findImpact(input);
  const dataReady = phaseEnd(input.steps, 'data', 'data-ready');
  const traffic = phaseEnd(input.steps, 'traffic', 'traffic-switched');
  const again = goodAgain(input);
  const firstGood = findFirstGood(input, again, traffic);
  const milestones: Milestone[] = [
    impact,
    findDetected(input),
    known('declared', input.declaredAt, 'the run was confirmed'),
    known('started', input.startedAt, 'the first record of the run'),
    dataReady,
    traffic,
    firstGood,
    phaseEnd(input.steps, 'verify', 'verified'),
  ];
  return {
    milestones,
    downtime: { ...between(impact, again), from: impact.at, to: again.at },
    fromImpact: rto(input, between(impact, firstGood)),
    fromStart: rto(input, between(known('started', input.startedAt, ''), firstGood)),
    toFailure: timeToFailure(input),
  };
}

function known(phase: RtoPhase, at: number, because: string): Milestone {
  return { phase, at, atOrBefore: false, because };
}

function unknown(phase: RtoPhase, because: string): Milestone {
  return { phase, at: undefined, atOrBefore: false, because };
}

function allTracks(input: RtoInput): ProbeTrack[] {
  return [...input.probes, ...(input.observers ?? [])];
}

/** The earliest bad sample of the tracks. `first`: no sample of that track came before it. */
function firstBad(tracks: readonly ProbeTrack[]): { at: number; probe: string; first: boolean } | undefined {
  let best: { at: number; probe: string; first: boolean } | undefined;
  for (const track of tracks) {
    const index = track.changes.findIndex((change) => !change.up);
    const change = track.changes[index];
    if (change === undefined) continue;
    if (best === undefined || change.at < best.at) best = { at: change.at, probe: track.name, first: index === 0 };
  }
  return best;
}

function neverDown(tracks: readonly ProbeTrack[]): string {
  return tracks.some((track) => track.changes.length > 0)
    ? 'the application was never seen down'
    : 'no probe took a sample';
}

function findImpact(input: RtoInput): Milestone {
  const bad = firstBad(allTracks(input));
  if (input.impact !== undefined && (bad === undefined || input.impact.at <= bad.at)) {
    return known('impact', input.impact.at, input.impact.source);
  }
  if (bad === undefined) return unknown('impact', neverDown(allTracks(input)));
  if (!bad.first) return known('impact', bad.at, `first failed sample of ${bad.probe}`);
  return {
    phase: 'impact',
    at: bad.at,
    atOrBefore: true,
    because: `the first sample of ${bad.probe} was already bad, so it began then or before; --impact-at TIME says when`,
  };
}

/** A probe detects an outage only if it saw the application up before. */
function findDetected(input: RtoInput): Milestone {
  if (input.detected !== undefined) return known('detected', input.detected.at, input.detected.source);
  const bad = firstBad(input.probes);
  if (bad === undefined) return unknown('detected', neverDown(input.probes));
  if (bad.first) return unknown('detected', `${bad.probe} was down from its first sample on: when it was noticed is not known`);
  return known('detected', bad.at, `first failed sample of ${bad.probe}`);
}

/** When the last required step of a phase was done. */
function phaseEnd(steps: readonly TimedStep[], phase: string, name: RtoPhase): Milestone {
  const required = steps.filter((step) => step.phase === phase && !step.optional);
  if (required.length === 0) return unknown(name, `the plan has no ${phase} step`);
  let last = { at: Number.NEGATIVE_INFINITY, id: '' };
  for (const step of required) {
    if (!step.done || step.endedAt === undefined) return unknown(name, `step ${step.id} was not seen to end`);
    if (step.endedAt > last.at) last = { at: step.endedAt, id: step.id };
  }
  return known(name, last.at, `step ${last.id} was done`);
}

/** First good sample after the last bad one of every observer that saw it down. */
function goodAgain(input: RtoInput): Milestone {
  const down = allTracks(input).filter((track) => track.changes.some((change) => !change.up));
  if (down.length === 0) return unknown('first-good', neverDown(allTracks(input)));
  let best = { at: Number.NEGATIVE_INFINITY, probe: '' };
  for (const track of down) {
    // Not simply the last change: after a resume the first sample of the new process is recorded as one, too.
    const next = track.changes[track.changes.findLastIndex((change) => !change.up) + 1];
    if (next === undefined) return unknown('first-good', `${track.name} was still down at its last sample`);
    if (next.at > best.at) best = { at: next.at, probe: track.name };
  }
  return known('first-good', best.at, `first good sample of ${best.probe} after the last bad one`);
}

/** Users may move before their step is recorded as done: a good sample counts from the *start* of traffic. One before that came from the old region. */
function findFirstGood(input: RtoInput, again: Milestone, traffic: Milestone): Milestone {
  if (again.at === undefined) return again;
  const moves = input.steps.filter((step) => step.phase === 'traffic' && !step.optional);
  if (moves.length === 0) return again;
  const { at: switched } = traffic;
  if (switched === undefined) return unknown('first-good', `traffic was not switched: ${traffic.because}`);
  const moving = Math.min(...moves.map((step) => step.startedAt ?? switched));
  if (again.at >= moving) return again;
  return known('first-good', switched, 'probes were good again before traffic was moved: counted from the switch');
}

function between(from: Milestone, to: Milestone): Figure {
  if (to.at === undefined) return { ms: undefined, atLeast: false, because: to.because };
  if (from.at === undefined) return { ms: undefined, atLeast: false, because: from.because };
  if (to.at < from.at) {
    return { ms: undefined, atLeast: false, because: `the application answered before the run ${from.phase}` };
  }
  return { ms: to.at - from.at, atLeast: from.atOrBefore, because: from.atOrBefore ? from.because : to.because };
}

function rto(input: RtoInput, figure: Figure): Figure {
  if (input.outcome === 'succeeded') return figure;
  const because =
    input.outcome === undefined
      ? 'the run has not finished'
      : `the run ${input.outcome === 'failed' ? 'failed' : `was ${input.outcome}`}: it has a time to failure, not an RTO`;
  return { ms: undefined, atLeast: false, because };
}

function timeToFailure(input: RtoInput): Figure | undefined {
  if (input.outcome === undefined || input.outcome === 'succeeded') return undefined;
  return { ms: Math.max(0, input.endedAt - input.startedAt), atLeast: false, because: 'start of the run to its end' };
}
