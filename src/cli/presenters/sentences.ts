import { formatDuration } from '../../base/duration.ts';
import type { JournalRecord } from '../../journal/events.ts';
import type { RunState, StepRun } from '../../journal/state.ts';
import type { PlanStep } from '../../kinds/step.ts';
import { changeMade, isSkipped } from '../../report/changes.ts';
import { modeTag, resumeCommand, routeText } from '../names.ts';
import { refusalLines } from '../refusal-view.ts';

/** How a line is to be taken. */
export type Tone = 'info' | 'good' | 'bad' | 'warn';

export interface Sentence {
  tone: Tone;
  text: string;
}

/** What a record means to a person; undefined for records that change nothing for them. */
export function sentence(record: JournalRecord, state: RunState): Sentence | undefined {
  switch (record.type) {
    case 'run.started':
      return { tone: 'info', text: startSentence(state) };
    case 'run.resumed':
      return { tone: 'info', text: `run ${record.run} resumed by ${record.operator.user}@${record.operator.host}` };
    case 'checks.green':
      return { tone: 'good', text: `all ${state.steps.size} checks are green` };
    case 'undo.started':
      return { tone: 'warn', text: `leading back: ${record.because}` };
    case 'probe.changed':
      return record.up
        ? { tone: 'good', text: `probe ${record.probe}: up${via(record.address)}` }
        : { tone: 'bad', text: `probe ${record.probe}: down${via(record.address)}, ${record.error ?? `status ${record.status}`}` };
    case 'probe.summary':
    case 'lab.measured':
      return undefined;
    case 'run.interrupted':
      return { tone: 'warn', text: `interrupted by ${record.signal}; go on with: ${resumeCommand(record.run)}` };
    case 'run.finished':
      return { tone: record.outcome === 'succeeded' ? 'good' : 'bad', text: `run ${record.run} ${record.outcome}` };
    default:
      return stepSentence(record, state);
  }
}

function startSentence(state: RunState): string {
  const { plan } = state;
  const what = `${plan.verb} of ${plan.runbook.name}${modeTag(state.mode)}`;
  return `run ${state.run}: ${what}, ${routeText(plan)}, ${plan.steps.length} steps`;
}

type StepRecord = Extract<JournalRecord, { step: string }>;

function stepSentence(record: StepRecord, state: RunState): Sentence | undefined {
  const id = record.step;
  switch (record.type) {
    case 'check.passed':
      if ((record.warnings ?? []).length === 0) return undefined;
      return { tone: 'warn', text: `${id}: ${record.warnings?.join('; ')}` };
    case 'check.refused':
      return { tone: 'bad', text: [`${id}: check refused`, ...refusalLines(record.refusal)].join('\n') };
    case 'check.failed':
      return { tone: 'bad', text: `${id}: check failed: ${record.error.message}` };
    case 'step.started':
      return { tone: 'info', text: `${id}: ${titleOf(state, id)}` };
    case 'step.intent':
      return { tone: 'info', text: `${id}: acting${record.attempt > 1 ? ` (attempt ${record.attempt})` : ''}: ${record.because}` };
    case 'step.acted':
      return undefined;
    case 'step.unclear':
      return { tone: 'warn', text: `${id}: no clear answer, looking again: ${record.error.message}` };
    case 'step.silent':
      return { tone: 'warn', text: `${id}: ${record.because}` };
    case 'step.done':
      if (record.simulated === true) return { tone: 'warn', text: `${id}: ${record.because}` };
      return { tone: doneText(state, id) === 'skipped' ? 'info' : 'good', text: `${id}: ${doneText(state, id)}: ${record.because}` };
    case 'step.refused':
      return { tone: 'bad', text: [`${id}: refused`, ...refusalLines(record.refusal)].join('\n') };
    case 'undo.intent':
      return { tone: 'info', text: `${id}: undoing` };
    case 'undo.done':
      return { tone: 'good', text: `${id}: undone: ${record.because}` };
    case 'undo.failed':
      return { tone: 'bad', text: `${id}: not undone: ${record.error.message}` };
    case 'step.paused':
    case 'step.unmet':
      return { tone: 'warn', text: `${id}: ${record.because}` };
    case 'step.failed':
      return { tone: 'bad', text: [`${id}: failed: ${record.error.message}`, ...(record.error.next ?? [])].join('\n') };
  }
}

/** What a step that has ended did: it made a change, or did not, or only looked. */
function doneText(state: RunState, id: string): string {
  const step = state.plan.steps.find((one) => one.id === id);
  if (step === undefined) return 'done';
  if (isSkipped(step, state.steps.get(id))) return 'skipped';
  const made = step.changes.length === 0 ? 'made' : changeMade(step, state).made;
  return made === 'no change needed' || made === 'not made' ? made : `done in ${elapsedText(state, id)}`;
}

function via(address: string | undefined): string {
  return address === undefined ? '' : ` at ${address}`;
}

function titleOf(state: RunState, id: string): string {
  return state.plan.steps.find((step) => step.id === id)?.title ?? id;
}

function elapsedText(state: RunState, id: string): string {
  const step = state.steps.get(id);
  return step === undefined ? '' : formatDuration(elapsedMs(step, state.lastAt) ?? 0);
}

/** Milliseconds from start to end, or to `now`; undefined for a step that has not started. */
export function elapsedMs(step: StepRun, now: number): number | undefined {
  return step.startedAt === undefined ? undefined : Math.max(0, (step.endedAt ?? now) - step.startedAt);
}

/** An expectation of a second or two tells nobody anything. Seconds. */
const WORTH_SAYING_S = 3;

/** `3.1 s of about 5m`; estimates are for AWS, so a run elsewhere says so. */
export function againstEstimate(step: PlanStep, run: StepRun, state: RunState, now: number): string {
  const elapsed = elapsedMs(run, now);
  if (elapsed === undefined) return '';
  if (step.estimate.p50 < WORTH_SAYING_S) return formatDuration(elapsed);
  const expected = formatDuration(step.estimate.p50 * 1000);
  return `${formatDuration(elapsed)} of about ${expected}${state.mode === 'live' ? '' : ' on AWS'}`;
}

/** The RTO budget and the probes, in one line. The clock starts at impact, else at the declaration. */
export function budgetLine(state: RunState, now: number): string {
  const probes = [...state.probes.values()].map((probe) => {
    const last = probe.changes.at(-1);
    if (last === undefined) return `${probe.name} no sample yet`;
    return `${probe.name} ${last.up ? 'up' : 'DOWN'} for ${formatDuration(Math.max(0, now - last.at))}`;
  });
  return [`RTO ${formatDuration(state.plan.objectives.rtoMs)}: ${budget(state, now)}`, ...probes].join(' · ');
}

/** What users have waited so far. A bound on the run's view only: the report measures. */
function budget(state: RunState, now: number): string {
  const seenDown = [...state.probes.values()].filter((probe) => probe.changes.some((change) => !change.up));
  const impact = Math.min(...seenDown.flatMap((probe) => probe.changes.filter((change) => !change.up).map((change) => change.at)));
  const back = seenDown.map((probe) => probe.changes.at(-1)).filter((change) => change?.up === true);
  if (seenDown.length > 0 && back.length === seenDown.length) {
    return `users were back after ${formatDuration(Math.max(...back.map((change) => change?.at ?? 0)) - impact)}`;
  }
  const used = Math.max(0, now - (seenDown.length > 0 ? impact : state.declaredAt));
  const left = state.plan.objectives.rtoMs - used;
  const rest = left >= 0 ? `${formatDuration(left)} left` : `exceeded by ${formatDuration(-left)}`;
  return `${formatDuration(used)} since ${seenDown.length > 0 ? 'impact' : 'declared'}, ${rest}`;
}
