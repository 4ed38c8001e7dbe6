import { iso } from '../base/clock.ts';
import type { CallRecord, ErrorRecord, JournalRecord } from '../journal/events.ts';
import { changeOf, openRequests } from '../journal/requests.ts';
import type { RunState, StepRun } from '../journal/state.ts';
import type { PlanStep, Refusal } from '../model/step.ts';
import { isSkipped } from './changes.ts';
import { isoOrNull } from './clock-evidence.ts';
import type { Evidence, EvidenceStep } from './evidence-schema.ts';
import { traitsOf } from '../model/verb.ts';

/** Every step of the plan, in its order, whether it ran or not. */
export function stepEvidence(state: RunState, records: readonly JournalRecord[]): EvidenceStep[] {
  const acted = callsOfActs(records);
  return state.plan.steps.map((step) => oneStep(step, state.steps.get(step.id), state, acted.get(step.id) ?? []));
}

function oneStep(step: PlanStep, run: StepRun | undefined, state: RunState, acted: readonly CallRecord[]): EvidenceStep {
  const calls = mergeCalls(run?.calls ?? [], acted);
  return {
    id: step.id,
    title: step.title,
    kind: step.kind,
    outside: step.outside ?? null,
    phase: step.phase,
    reversibility: step.reversibility,
    gate: step.gate,
    optional: step.optional,
    state: isSkipped(step, run) ? 'skipped' : endState(run, state),
    says: run?.says ?? null,
    because: run?.because ?? '',
    answeredAt: isoOrNull(run?.answer?.at),
    check: run?.check ?? 'none',
    warnings: [...(run?.warnings ?? [])],
    startedAt: isoOrNull(run?.startedAt),
    endedAt: isoOrNull(run?.endedAt),
    ms: run?.startedAt === undefined || run.endedAt === undefined ? null : run.endedAt - run.startedAt,
    expected: { p50Ms: step.estimate.p50 * 1000, p95Ms: step.estimate.p95 * 1000, basis: step.estimate.basis },
    attempts: run?.attempts ?? 0,
    change: changeOf(run),
    requestedAt: isoOrNull(run?.intendedAt),
    acted: (run?.requests ?? 0) > 0,
    calls: calls.map((call) => ({
      service: call.service,
      region: call.region,
      operation: call.operation,
      requestId: call.requestId ?? null,
      at: iso(call.at),
      ms: call.ms,
      error: call.error ?? null,
    })),
    callCount: Math.max(run?.callCount ?? 0, calls.length),
    waits: (run?.waits ?? []).map((wait) => ({ cause: wait.cause, from: iso(wait.from), to: iso(wait.to) })),
    error: errorOf(run),
    refusal: run?.refusal === undefined ? null : refusalEvidence(run.refusal),
  };
}

function endState(run: StepRun | undefined, state: RunState): EvidenceStep['state'] {
  if (run?.simulated === true) return 'simulated';
  if (run?.state === 'done' || run?.state === 'failed' || run?.state === 'refused' || run?.state === 'undone' || run?.state === 'unmet') return run.state;
  if (changeOf(run) === 'requested') return 'unfinished';
  if (run === undefined || run.state === 'waiting') return 'not-run';
  return state.outcome === undefined ? 'unfinished' : 'not-run';
}

/** Calls journaled with each act: the only trace of a step whose process was killed before it ended. */
function callsOfActs(records: readonly JournalRecord[]): Map<string, CallRecord[]> {
  const calls = new Map<string, CallRecord[]>();
  for (const record of records) {
    if (record.type !== 'step.acted' && record.type !== 'step.unclear') continue;
    calls.set(record.step, [...(calls.get(record.step) ?? []), ...record.calls]);
  }
  return calls;
}

function mergeCalls(a: readonly CallRecord[], b: readonly CallRecord[]): CallRecord[] {
  const byKey = new Map<string, CallRecord>();
  for (const call of [...a, ...b]) {
    byKey.set([call.at, call.service, call.region, call.operation, call.requestId ?? ''].join(' '), call);
  }
  return [...byKey.values()].sort((x, y) => x.at - y.at);
}

/** Why it failed; for a step that the run could not take back, why not. */
function errorOf(run: StepRun | undefined): EvidenceStep['error'] {
  const error = run?.notUndone ?? run?.error;
  return error === undefined ? null : failureEvidence(error);
}

function failureEvidence(error: ErrorRecord): NonNullable<EvidenceStep['error']> {
  return { code: error.code, message: error.message, next: [...(error.next ?? [])] };
}

function refusalEvidence(refusal: Refusal): NonNullable<EvidenceStep['refusal']> {
  const { rule, observed, threshold, consequence, override } = refusal;
  return { rule, observed, ageMs: refusal.ageMs ?? null, threshold, consequence, override };
}

/** Requests whose end was not seen. What failed beside a run that has succeeded is shown by its step. */
export function requestEvidence(state: RunState): Evidence['requests'] {
  if (state.outcome === 'succeeded') return [];
  return openRequests(state).map(({ step, run }) => ({
    step: step.id,
    title: step.title,
    at: isoOrNull(run.intendedAt),
    pointOfNoReturn: step.reversibility === 'point-of-no-return',
    movesData: step.phase === 'data' && traitsOf(state.plan.verb).movesUsers,
    because: (run.notUndone ?? run.error)?.message ?? '',
  }));
}

/** Did this run send anything that changes something? */
export function hasActed(records: readonly JournalRecord[]): boolean {
  return records.some((record) => record.type === 'step.intent');
}
