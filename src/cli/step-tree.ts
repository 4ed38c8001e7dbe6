import { iso } from '../base/clock.ts';
import { changeOf } from '../journal/requests.ts';
import type { RunState, StepRun } from '../journal/state.ts';
import { sourceVerdictFact } from '../model/signals.ts';
import { type Phase, PHASES, type PlanStep } from '../model/step.ts';
import { requestedText } from '../report/requests.ts';
import { againstEstimate } from './presenters/sentences.ts';
import { refusalLines } from './refusal-view.ts';
import { indent, type Painter, type Style } from './text.ts';
import { answerText, approvalWait } from './waiting.ts';
import { END_MARKS, endOf } from './step-end.ts';

/** The steps of a phase, in the order of the plan. */
export interface PhaseSteps {
  phase: Phase;
  steps: readonly PlanStep[];
}

/** Phases that have steps, in the order of `PHASES`. */
export function byPhase(steps: readonly PlanStep[]): PhaseSteps[] {
  return PHASES.map((phase) => ({ phase, steps: steps.filter((step) => step.phase === phase) })).filter(
    (group) => group.steps.length > 0,
  );
}

const MARKS: Record<StepRun['state'], [mark: string, style: Style]> = {
  waiting: ['·', 'dim'],
  observing: ['…', 'cyan'],
  acting: ['…', 'cyan'],
  verifying: ['…', 'cyan'],
  done: ['✔', 'green'],
  refused: ['✖', 'red'],
  failed: ['✖', 'red'],
  undone: ['↩', 'yellow'],
  paused: ['⏸', 'yellow'],
  unmet: ['–', 'yellow'],
};

/** Every phase and every step of a run as text, nothing left out. */
export function stepTree(state: RunState, now: number, paint: Painter): string {
  return byPhase(state.plan.steps)
    .map(({ phase, steps }) => [paint('bold', phase), ...steps.map((step) => stepLines(step, state, now, paint))].join('\n'))
    .join('\n');
}

function stepLines(step: PlanStep, state: RunState, now: number, paint: Painter): string {
  const run = state.steps.get(step.id);
  if (run === undefined) return '';
  const checkFailed = run.state === 'waiting' && (run.check === 'refused' || run.check === 'failed');
  const end = endOf(step, run, state);
  const [mark, style] = checkFailed ? MARKS.failed : end === undefined ? MARKS[run.state] : END_MARKS[end];
  const approval = approvalWait(step, run, state, now);
  if (approval !== undefined) return `  ${paint(style, mark)} ${approval.replace('\n', '\n      ')}`;
  const time = againstEstimate(step, run, state, now);
  const head = [`  ${paint(style, mark)} ${step.title}${end === 'skipped' || end === 'not made' ? `: ${end}` : ''}`, time === '' ? '' : paint('dim', `(${time})`)].filter((part) => part !== '');
  const lines = [head.join(' ')];
  const requested = changeOf(run) === 'requested' && (run.state === 'waiting' || run.state === 'observing');
  if (requested) lines.push(indent(paint('red', requestedText(run.intendedAt === undefined ? null : iso(run.intendedAt))), 6));
  if (run.because !== '' && !requested && (run.state !== 'waiting' || checkFailed)) lines.push(indent(paint('dim', signalPerLine(run.because, state)), 6));
  const old = run.state === 'waiting' && !checkFailed && !requested && run.answer !== undefined;
  if (old) lines.push(indent(paint('dim', `last answer: ${answerText(run, now)}`), 6));
  if (run.refusal !== undefined) lines.push(indent(refusalLines(run.refusal, Math.max(0, now - (run.endedAt ?? state.lastAt))).join('\n'), 6));
  for (const next of run.error?.next ?? []) lines.push(indent(next, 6));
  if (run.notUndone !== undefined && !(step.optional && run.notUndone.code === 'NO_UNDO')) lines.push(indent(paint('red', `not undone: ${run.notUndone.message}`), 6));
  return lines.join('\n');
}

/** The verdict on the source with each signal that was weighed on a line of its own; any other sentence as it is. */
function signalPerLine(because: string, state: RunState): string {
  const judged = sourceVerdictFact.read(state);
  return judged?.because === because && judged.weighed !== undefined ? [judged.weighed.short, ...judged.weighed.signals].join('\n') : because;
}
