import { iso } from '../base/clock.ts';
import type { CallRecord, JournalRecord, LabTruth, WaitRecord } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import { breakdown, type CauseInterval, type Window } from '../measure/breakdown.ts';
import { isGuard } from '../plan/graph.ts';
import { type Figure, measureRto, type ProbeTrack, type Rto, type RtoPhase } from '../measure/rto.ts';
import type { Evidence } from './evidence-schema.ts';

export interface GivenTimes {
  impact?: { at: number; source: string } | undefined;
  detected?: { at: number; source: string } | undefined;
}

const LABELS: Record<RtoPhase, string> = {
  impact: 'impact',
  detected: 'detected',
  declared: 'declared',
  started: 'started',
  'data-ready': 'data ready',
  'traffic-switched': 'traffic switched',
  'first-good': 'served again',
  verified: 'verified',
};

/** The RTO clock of a run; in the lab, its client is one more observer, whose last good response is the impact. */
export function runClock(state: RunState, records: readonly JournalRecord[], given: GivenTimes, lab?: LabTruth): Rto {
  const client = lab === undefined ? undefined : clientTrack(lab);
  const clientImpact =
    lab?.lastGoodAt === undefined ? undefined : { at: lab.lastGoodAt, source: "the last good response of the lab's client" };
  return measureRto({
    probes: probeTracks(state, records),
    observers: client === undefined ? [] : [client],
    impact: given.impact ?? clientImpact,
    detected: given.detected,
    declaredAt: state.declaredAt,
    startedAt: state.startedAt,
    steps: state.plan.steps.map((step) => {
      const run = state.steps.get(step.id);
      return {
        id: step.id,
        phase: step.phase,
        optional: step.optional,
        done: run?.state === 'done',
        startedAt: run?.startedAt,
        endedAt: run?.endedAt,
      };
    }),
    outcome: state.outcome,
    endedAt: state.endedAt ?? state.lastAt,
  });
}

function clientTrack(lab: LabTruth): ProbeTrack | undefined {
  if (lab.lastGoodAt === undefined) return undefined;
  const changes = [
    { at: lab.lastGoodAt, up: true },
    { at: lab.lastGoodAt, up: false },
  ];
  if (lab.firstGoodAt !== undefined) changes.push({ at: lab.firstGoodAt, up: true });
  return { name: "the lab's client", changes };
}

/** From the records: the folded state keeps only so many changes of a flapping probe. */
function probeTracks(state: RunState, records: readonly JournalRecord[]): ProbeTrack[] {
  return state.plan.probes.map(({ name }) => ({
    name,
    changes: records.flatMap((r) => (r.type === 'probe.changed' && r.probe === name ? [{ at: r.sampledAt, up: r.up }] : [])),
  }));
}

/** Times between the last record of one process and the resume by the next. */
function stoppedTimes(records: readonly JournalRecord[]): Window[] {
  const stopped: Window[] = [];
  records.forEach((record, i) => {
    const before = records[i - 1];
    if (record.type === 'run.resumed' && before !== undefined) stopped.push({ from: before.at, to: record.at });
  });
  return stopped;
}

/** Until the command was typed nobody ran anything; making the plan is the tool's time, and AWS's; then a person confirms. */
function beforeTheRun(window: Window, { planning, startedAt, declaredAt }: RunState): CauseInterval[] {
  if (planning === undefined) return [{ cause: 'before', from: Math.min(window.from, startedAt), to: startedAt }];
  return [
    { cause: 'before', from: Math.min(window.from, planning.from), to: planning.from },
    ...planning.waits,
    { cause: 'person', from: planning.to, to: declaredAt },
  ];
}

/** Where `window` went, from everything the journal says about waiting. */
export function runBreakdown(window: Window, state: RunState, records: readonly JournalRecord[]): Evidence['downtime']['breakdown'] {
  const intervals: CauseInterval[] = beforeTheRun(window, state);
  for (const gap of stoppedTimes(records)) intervals.push({ cause: 'stopped', ...gap });
  const guards = new Set(state.plan.steps.filter(isGuard).map((step) => step.id));
  for (const record of records) {
    // Nobody waits for a guard.
    if ('step' in record && guards.has(record.step)) continue;
    const waits: readonly WaitRecord[] = 'waits' in record ? (record.waits ?? []) : [];
    const calls: readonly CallRecord[] = 'calls' in record ? (record.calls ?? []) : [];
    intervals.push(...waits);
    for (const call of calls) intervals.push({ cause: 'call', from: call.at, to: call.at + call.ms });
  }
  return breakdown(window, intervals);
}

export function clockEvidence(rto: Rto, state: RunState): Evidence['clock'] {
  return {
    phases: rto.milestones.map((m) => ({
      phase: m.phase,
      label: LABELS[m.phase],
      at: isoOrNull(m.at),
      atOrBefore: m.atOrBefore,
      because: m.because,
    })),
    rtoFromImpact: figureEvidence(rto.fromImpact),
    rtoFromStart: figureEvidence(rto.fromStart),
    timeToFailure: rto.toFailure === undefined ? null : figureEvidence(rto.toFailure),
    startedAt: iso(state.startedAt),
    endedAt: isoOrNull(state.endedAt),
    lastAt: iso(state.lastAt),
  };
}

/** The downtime that the observers saw, and where it went. */
export function downtimeEvidence(rto: Rto, state: RunState, records: readonly JournalRecord[]): Evidence['downtime'] {
  const { from, to } = rto.downtime;
  const rows = from === undefined || to === undefined || to < from ? [] : runBreakdown({ from, to }, state, records);
  return {
    ...figureEvidence(rto.downtime),
    from: isoOrNull(from),
    to: isoOrNull(to),
    breakdown: rows,
    stopped: stoppedTimes(records).map((gap) => ({ from: iso(gap.from), to: iso(gap.to) })),
  };
}

function figureEvidence(figure: Figure): Evidence['clock']['rtoFromImpact'] {
  return { ms: figure.ms ?? null, atLeast: figure.atLeast, because: figure.because };
}

/** ISO 8601, or null for what is not known. */
export function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : iso(at);
}
