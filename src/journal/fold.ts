import type { Json } from '../base/json.ts';
import { DrError } from '../base/errors.ts';
import { JOURNAL_SCHEMA, type JournalRecord, type NoteEvent, type StepOutcome } from './events.ts';
import { readablePlan, saysOf, seenOf } from './old-journals.ts';
import type { ProbeChange, ProbeRun, RunState, StepRun } from './state.ts';

/*
 * From journal records to the state of a run. Pure in what it computes: the same records give the same state.
 * The state is changed in place, so that following a run of ten thousand steps costs a constant time a record.
 */

/** Changes of one probe that are kept; a flapping probe must not fill the memory. */
const PROBE_CHANGES = 1_000;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The state after one more record. `state` is undefined for the first, which must be `run.started`.
 * The given state is changed and returned.
 * @throws Error when the first record is of another type, or a record names a step that the plan lacks.
 */
export function fold(state: RunState | undefined, record: JournalRecord): RunState {
  const next: Mutable<RunState> = state ?? start(record);
  if (isNote(record)) applyNote(next, record);
  else {
    next.lastAt = record.at;
    if (state !== undefined) apply(next, record);
  }
  next.notedAt = record.at;
  next.term = record.term;
  next.records += 1;
  next.head = record.hash;
  return next;
}

const NOTES: ReadonlySet<string> = new Set(['issue.added', 'issue.closed', 'impact.stated', 'run.signed'] satisfies NoteEvent['type'][]);

/** Written by a person after the end. */
export function isNote(record: JournalRecord): record is Extract<JournalRecord, NoteEvent> {
  return NOTES.has(record.type);
}

function applyNote(state: Mutable<RunState>, record: Extract<JournalRecord, NoteEvent>): void {
  const { at, by } = record;
  if (record.type === 'issue.added') {
    state.issues = [...state.issues, { ...record.issue, number: state.issues.length + 1, at, by }];
  } else if (record.type === 'issue.closed') {
    state.issues = state.issues.map((issue) => (issue.number === record.number ? { ...issue, closed: { at, by, note: record.note } } : issue));
  } else if (record.type === 'impact.stated') {
    state.impactAt = record.impactAt;
    state.impactSource = `dr report --impact-at, by ${by.user}@${by.host}`;
  } else {
    const { text, signature } = record;
    state.signatures = [...state.signatures, { text, signature, at, by, before: { head: state.head, records: state.records, outcome: state.outcome } }];
  }
}

/** Folds a whole journal. @throws Error when it is empty. */
export function foldAll(records: readonly JournalRecord[]): RunState {
  let state: RunState | undefined;
  for (const record of records) state = fold(state, record);
  if (state === undefined) throw new Error('the journal is empty');
  return state;
}

/** What a newer version means by its records is not known here. A journal without a version is older than versions. */
function refuseNewer({ journal, run, tool }: Extract<JournalRecord, { type: 'run.started' }>): void {
  if (journal === undefined || journal === JOURNAL_SCHEMA) return;
  throw new DrError({
    code: 'JOURNAL_OF_OTHER_VERSION',
    exit: 'journal',
    title: `The journal of run ${run} has the version ${journal}; this version of dr reads ${JOURNAL_SCHEMA}.`,
    detail: `It was begun by dr ${tool.version}.`,
    next: ['use the version of dr that began it'],
  });
}

function start(record: JournalRecord): RunState {
  if (record.type !== 'run.started') throw new Error(`a journal starts with run.started, not ${record.type}`);
  refuseNewer(record);
  const { type: _type, journal: _journal, seq: _seq, at: _at, prev: _prev, hash: _hash, ...started } = record;
  return {
    ...started,
    plan: readablePlan(started.plan),
    resumedBy: [],
    startedAt: record.at,
    lastAt: record.at,
    notedAt: record.at,
    interrupted: false,
    checksGreen: false,
    steps: new Map(record.plan.steps.map((step) => [step.id, newStep(step.id)])),
    facts: new Map(),
    probes: new Map(record.plan.probes.map((p) => [p.name, { name: p.name, changes: [], samples: 0, failed: 0 }])),
    issues: [],
    signatures: [],
    records: 0,
    head: record.hash,
  };
}

function newStep(id: string): StepRun {
  return {
    id,
    state: 'waiting',
    check: 'none',
    warnings: [],
    because: '',
    attempts: 0,
    requests: 0,
    already: false,
    calls: [],
    callCount: 0,
    waits: [],
  };
}

function apply(state: Mutable<RunState>, record: Exclude<JournalRecord, NoteEvent>): void {
  switch (record.type) {
    case 'run.started':
      throw new Error('a journal holds one run.started');
    case 'run.resumed':
      state.resumedBy = [...state.resumedBy, record.operator];
      state.acceptances = record.acceptances;
      if (record.stoppedDrills !== undefined) state.stoppedDrills = [...new Set([...(state.stoppedDrills ?? []), ...record.stoppedDrills])];
      if (record.impactAt !== undefined) {
        state.impactAt = record.impactAt;
        delete state.impactSource;
      }
      state.interrupted = false;
      state.checksGreen = false;
      delete state.outcome;
      delete state.endedAt;
      for (const step of state.steps.values()) if (step.state !== 'done' && step.state !== 'undone') reset(step);
      return;
    case 'undo.started':
      state.leadingBack = { at: record.at, because: record.because, ...(record.operator === undefined ? {} : { by: record.operator }), ...endedOf(state, record) };
      state.interrupted = false;
      delete state.outcome;
      delete state.endedAt;
      return;
    case 'drill.kept':
      state.kept = { until: record.until, ended: record.ended };
      return;
    case 'checks.green':
      state.checksGreen = true;
      return;
    case 'probe.changed':
    case 'probe.summary':
      return applyProbe(state, record);
    case 'run.interrupted':
      state.interrupted = true;
      state.endedAt = record.at;
      return;
    case 'lab.measured':
      state.lab = record.truth;
      return;
    case 'run.finished':
      state.outcome = record.outcome;
      state.endedAt = record.at;
      return;
    default:
      return applyStep(state, stepOf(state, record.step), record);
  }
}

/** How a drill ended is said once: a run that cleans up after it says nothing of it. */
function endedOf({ leadingBack, kept }: RunState, { ended = leadingBack?.ended ?? kept?.ended }: Extract<JournalRecord, { type: 'undo.started' }>): { ended?: NonNullable<typeof ended> } {
  return ended === undefined ? {} : { ended };
}

/** A step that did not end is looked at again by a resume; what it did stays in the record. */
function reset(step: Mutable<StepRun>): void {
  step.state = 'waiting';
  step.check = 'none';
  delete step.error;
  delete step.refusal;
  delete step.endedAt;
}

function stepOf(state: RunState, id: string): Mutable<StepRun> {
  const step = state.steps.get(id);
  if (step === undefined) throw new Error(`the journal names a step that its plan lacks: ${id}`);
  return step;
}

type StepRecord = Extract<JournalRecord, { step: string }>;

function applyStep(state: RunState, step: Mutable<StepRun>, record: StepRecord): void {
  switch (record.type) {
    case 'check.passed':
      step.check = 'passed';
      if (step.answer === undefined) step.because = seenOf(record);
      step.warnings = record.warnings ?? [];
      return;
    case 'check.refused':
      step.check = 'refused';
      step.because = record.refusal.observed;
      step.refusal = record.refusal;
      return;
    case 'check.failed':
      step.check = 'failed';
      step.because = record.error.message;
      step.error = record.error;
      return;
    case 'step.started':
      step.state = 'observing';
      step.startedAt ??= record.at;
      step.begunAt = record.at;
      return;
    case 'step.intent':
      step.state = 'acting';
      step.attempts = record.attempt;
      step.requests += 1;
      // What was seen before it is no news once it is requested.
      step.because = `requested, result not yet known (before it: ${record.because})`;
      step.intendedAt ??= record.at;
      delete step.reachedAt;
      keepFacts(state, record.facts);
      return;
    case 'step.acted':
      step.state = 'verifying';
      step.because = 'the request was accepted, result not yet known';
      step.requestedAt ??= record.at;
      keepFacts(state, record.facts);
      return;
    case 'step.unclear':
      step.state = 'observing';
      step.because = `${record.unsent === true ? 'nothing was changed' : 'requested, result not yet known'}: ${record.error.message}`;
      if (record.unsent === true) return notSent(step);
      step.requestedAt ??= record.at;
      return;
    case 'step.silent':
      step.because = record.because;
      return;
    case 'undo.intent':
      return;
    case 'undo.done':
      step.state = 'undone';
      step.because = record.because;
      delete step.intendedAt;
      delete step.requestedAt;
      delete step.reachedAt;
      delete step.notUndone;
      step.requests = 0;
      keepFacts(state, record.facts);
      step.calls = [...step.calls, ...(record.calls ?? [])];
      return;
    case 'undo.failed':
      step.notUndone = record.error;
      step.calls = [...step.calls, ...(record.calls ?? [])];
      return;
    default:
      return end(state, step, record);
  }
}

/** The last intent came to nothing. What was intended before it, and may have been made, stays. */
function notSent(step: Mutable<StepRun>): void {
  step.requests -= 1;
  if (step.requests === 0) delete step.intendedAt;
}

const ENDS: ReadonlySet<string> = new Set(['step.done', 'step.refused', 'step.failed', 'step.paused', 'step.unmet']);

function end(
  state: RunState,
  step: Mutable<StepRun>,
  record: Extract<JournalRecord, { type: 'step.done' | 'step.refused' | 'step.failed' | 'step.paused' | 'step.unmet' }>,
): void {
  if (!ENDS.has(record.type)) throw new Error(`the journal holds a record that is not known here: ${record.type}`);
  step.endedAt = record.at;
  keepOutcome(state, step, record);
  if (record.type === 'step.done') {
    step.state = 'done';
    step.reachedAt = record.at;
    step.already = record.already;
    if (record.simulated === true) step.simulated = true;
    const says = record.says ?? saysOf(state.plan, record);
    if (says === undefined) delete step.says;
    else step.says = says;
  } else if (record.type === 'step.refused') {
    step.state = 'refused';
    step.refusal = record.refusal;
    if (record.unsent === true) notSent(step);
  } else if (record.type === 'step.paused') {
    step.state = 'paused';
  } else if (record.type === 'step.unmet') {
    step.state = 'unmet';
  } else {
    step.state = 'failed';
    step.error = record.error;
    if (record.unsent === true) notSent(step);
  }
}

function keepOutcome(state: RunState, step: Mutable<StepRun>, outcome: StepOutcome): void {
  step.because = outcome.because;
  if (outcome.because !== '') step.answer = { because: outcome.because, at: state.lastAt };
  step.calls = [...step.calls, ...(outcome.calls ?? [])];
  step.callCount += outcome.callCount ?? outcome.calls?.length ?? 0;
  step.waits = [...step.waits, ...(outcome.waits ?? [])];
  keepFacts(state, outcome.facts);
}

function keepFacts(state: RunState, facts: StepOutcome['facts']): void {
  const kept = state.facts as Map<string, Json>;
  for (const [name, value] of Object.entries(facts ?? {})) kept.set(name, value);
}

function applyProbe(state: RunState, record: Extract<JournalRecord, { probe: string }>): void {
  const probe = state.probes.get(record.probe) as Mutable<ProbeRun> | undefined;
  if (probe === undefined) throw new Error(`the journal names a probe that its plan lacks: ${record.probe}`);
  if (record.type === 'probe.summary') {
    probe.samples += record.samples;
    probe.failed += record.failed;
    return;
  }
  const change: ProbeChange = {
    at: record.sampledAt,
    up: record.up,
    status: record.status,
    ...(record.address === undefined ? {} : { address: record.address }),
    ...(record.error === undefined ? {} : { error: record.error }),
  };
  if (probe.changes.length < PROBE_CHANGES) (probe.changes as ProbeChange[]).push(change);
}
