import { plural } from '../../base/plural.ts';
import { iso } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import type { JournalRecord } from '../../journal/events.ts';
import type { ProbeRun, RunState, StepRun } from '../../journal/state.ts';
import { utcSecond } from '../../report/requests.ts';
import type { PlanStep } from '../../model/step.ts';
import { changeMade } from '../../report/changes.ts';
import { endOf } from '../step-end.ts';
import { modeTag, nextLabel, resumeCommand, routeText } from '../names.ts';
import { refusalLines } from '../refusal-view.ts';
import { traitsOf } from '../../model/verb.ts';

/** How a line is to be taken. */
export type Tone = 'info' | 'good' | 'bad' | 'warn';

interface Sentence {
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
      return { tone: 'good', text: `all ${state.steps.size} checks passed` };
    case 'undo.started':
      return { tone: 'warn', text: `rolling back: ${record.because}` };
    case 'probe.changed':
      return record.up
        ? { tone: 'good', text: `probe ${record.probe}: up${via(record.address)}` }
        : { tone: 'bad', text: `probe ${record.probe}: down${via(record.address)}, ${record.error ?? `status ${record.status}`}` };
    case 'drill.kept':
      return { tone: 'warn', text: `the steps of the drill are over (${record.ended}); its twins are kept until ${iso(record.until)}` };
    case 'probe.summary':
    case 'lab.measured':
      return undefined;
    case 'run.interrupted':
      return { tone: 'warn', text: `stopped: ${record.signal}. ${nextLabel(state)} ${resumeCommand(state)}` };
    case 'run.finished':
      return { tone: record.outcome === 'succeeded' ? 'good' : 'bad', text: `run ${record.run} ${record.outcome}` };
    case 'issue.added':
      return { tone: 'info', text: `issue: ${record.issue.title} (${record.issue.owner}, due ${record.issue.due})` };
    case 'issue.closed':
      return { tone: 'info', text: `issue ${record.number} closed: ${record.note}` };
    case 'impact.stated':
      return { tone: 'info', text: `users began to suffer at ${iso(record.impactAt)}, as ${record.by.user}@${record.by.host} says` };
    case 'run.signed':
      return { tone: 'info', text: `run ${record.run} signed off` };
    default:
      return stepSentence(record, state);
  }
}

function startSentence(state: RunState): string {
  const { plan } = state;
  const what = `${plan.verb} of ${plan.runbook.name}${modeTag(state.mode)}`;
  return `run ${state.run}: ${what}, ${routeText(plan)}, ${plural(plan.steps.length, 'step')}`;
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
      return { tone: 'info', text: `${id}: requesting${record.attempt > 1 ? ` (attempt ${record.attempt})` : ''}: ${record.because}` };
    case 'step.acted':
      return undefined;
    case 'step.unclear':
      return { tone: 'warn', text: `${id}: ${record.unsent === true ? 'nothing was changed' : 'no clear answer'}, looking again: ${record.error.message}` };
    case 'step.silent':
      return { tone: 'warn', text: `${id}: ${record.because}` };
    case 'step.done':
      return doneSentence(record, state);
    case 'step.refused':
      return { tone: 'bad', text: [`${id}: refused${record.unsent === true ? ', nothing was changed' : ''}`, ...refusalLines(record.refusal)].join('\n') };
    case 'undo.intent':
      return { tone: 'info', text: `${id}: undoing` };
    case 'undo.done':
      return { tone: 'good', text: `${id}: undone: ${record.because}` };
    case 'undo.failed':
      return staysAsMeant(record, state) ? { tone: 'info', text: `${id}: ${record.error.message}` } : { tone: 'bad', text: `${id}: not undone: ${record.error.message}` };
    case 'step.paused':
    case 'step.unmet':
      return { tone: 'warn', text: `${id}: ${record.because}` };
    case 'step.failed':
      return { tone: 'bad', text: [`${id}: failed: ${record.error.message}`, ...(record.error.next ?? [])].join('\n') };
  }
}

/** A message that was sent is no failed undo. */
function staysAsMeant({ step: id, error }: Extract<StepRecord, { type: 'undo.failed' }>, state: RunState): boolean {
  return error.code === 'NO_UNDO' && state.plan.steps.some((step) => step.id === id && step.optional);
}

/** What a step that has ended did: it made a change, or did not, or only looked. */
function doneSentence({ step: id, because }: Extract<StepRecord, { type: 'step.done' }>, state: RunState): Sentence {
  const step = state.plan.steps.find((one) => one.id === id);
  const run = state.steps.get(id);
  const end = step === undefined || run === undefined ? undefined : endOf(step, run, state);
  switch (end) {
    case 'simulated':
      return { tone: 'warn', text: `${id}: ${because}` };
    // A signal is its answer: `done: down` would be read twice.
    case 'down':
    case 'up':
    case 'unknown':
    case 'not judged':
      return { tone: 'info', text: `${id}: ${because}` };
    case 'skipped':
    case 'not made':
      return { tone: 'info', text: `${id}: ${end}: ${because}` };
    default:
      return { tone: 'good', text: `${id}: ${step === undefined ? 'done' : doneWord(step, state)}: ${because}` };
  }
}

function doneWord(step: PlanStep, state: RunState): string {
  if (step.gate) return 'passed';
  if (step.changes.length > 0 && changeMade(step, state).made === 'no change needed') return 'no change needed';
  return ['done', elapsedText(state, step.id)].filter((part) => part !== '').join(' in ');
}

function via(address: string | undefined): string {
  return address === undefined ? '' : ` at ${address}`;
}

function titleOf(state: RunState, id: string): string {
  return state.plan.steps.find((step) => step.id === id)?.title ?? id;
}

function elapsedText(state: RunState, id: string): string {
  const step = state.steps.get(id);
  const elapsed = step === undefined ? 0 : (elapsedMs(step, state.lastAt) ?? 0);
  return elapsed < INSTANT_MS ? '' : formatDuration(elapsed);
}

/** Milliseconds from start to end, or to `now`; undefined for a step that has not started. */
function elapsedMs(step: StepRun, now: number): number | undefined {
  return step.startedAt === undefined ? undefined : Math.max(0, (step.endedAt ?? now) - step.startedAt);
}

/** Shorter than this it would read as 0.0 s. */
const INSTANT_MS = 100;

/** An expectation of a second or two tells nobody anything. Seconds. */
const WORTH_SAYING_S = 3;

/** `3.1 s of about 5m`, at its end `28 s, expected about 5m`; estimates are for AWS, so a run elsewhere says so. */
export function againstEstimate(step: PlanStep, run: StepRun, state: RunState, now: number): string {
  const elapsed = elapsedMs(run, now);
  if (elapsed === undefined) return '';
  if (step.estimate.p50 < WORTH_SAYING_S) return elapsed < INSTANT_MS ? '' : formatDuration(elapsed);
  if (elapsed < INSTANT_MS) return '';
  const expected = formatDuration(step.estimate.p50 * 1000);
  const where = state.mode === 'live' ? '' : ' on AWS';
  if (run.endedAt === undefined) return `${formatDuration(elapsed)} of about ${expected}${where}`;
  // Of what is over, `28 s of about 5m` would read as not done.
  return formatDuration(elapsed) === expected ? expected : `${formatDuration(elapsed)}, expected about ${expected}${where}`;
}

/**
 * The RTO budget and the probes, in one line. The clock starts at impact, else at the declaration; a reprotect has none. `watched`: somebody
 * takes samples up to `now`; else what was last seen is shown with its time.
 */
export function budgetLine(state: RunState, now: number, watched = true): string {
  const probes = [...state.probes.values()].map((probe) => {
    const last = probe.changes.at(-1);
    if (last === undefined) return `${probe.name} no sample yet`;
    const word = last.up ? 'up' : 'DOWN';
    if (!watched) return `${probe.name} ${word} when last seen, at ${utcSecond(iso(state.lastAt))}`;
    return `${probe.name} ${word} for ${formatDuration(Math.max(0, now - streakStart(probe)))}`;
  });
  const rto = !traitsOf(state.plan.verb).movesUsers ? [] : [`RTO ${formatDuration(state.plan.objectives.rtoMs)}: ${budget(state, now)}`];
  return [...rto, ...probes].join(' · ');
}

/** Since when it was the same: the first sample of each process that watches is recorded as a change. */
function streakStart({ changes }: ProbeRun): number {
  const last = changes.at(-1);
  const other = changes.findLastIndex((change) => change.up !== last?.up);
  return changes[other + 1]?.at ?? 0;
}

/** What users have waited so far. A bound on the run's view only: the report measures. */
function budget(state: RunState, now: number): string {
  const seenDown = [...state.probes.values()].filter((probe) => probe.changes.some((change) => !change.up));
  const first = Math.min(...seenDown.flatMap((probe) => probe.changes.filter((change) => !change.up).map((change) => change.at)));
  const impact = state.impactAt ?? first;
  // Down at the first sample: it began then or before.
  const atLeast = state.impactAt === undefined && seenDown.some((probe) => probe.changes[0]?.up === false);
  const back = seenDown.map((probe) => probe.changes.at(-1)).filter((change) => change?.up === true);
  const least = atLeast ? 'at least ' : '';
  if (seenDown.length > 0 && back.length === seenDown.length) {
    return `probes good again ${least}${formatDuration(Math.max(...back.map((change) => change?.at ?? 0)) - impact)} after impact${atLeast ? NAME_IMPACT : ''}`;
  }
  const known = seenDown.length > 0 || state.impactAt !== undefined;
  const used = Math.max(0, now - (known ? impact : state.declaredAt));
  const left = state.plan.objectives.rtoMs - used;
  const rest = left >= 0 ? `${atLeast ? 'at most ' : ''}${formatDuration(left)} left` : `exceeded by ${least}${formatDuration(-left)}`;
  const up = [...state.probes.values()].some((probe) => probe.changes.length > 0);
  return `${least}${formatDuration(used)} since ${known ? 'impact' : `it was confirmed${up ? ' (probes see no impact)' : ''}`}, ${rest}${atLeast ? NAME_IMPACT : ''}`;
}

/** What makes a lower bound a measurement. */
const NAME_IMPACT = ' (name when it began: --impact-at)';
