import { isGuard } from '../plan/graph.ts';
import { formatDuration } from '../base/duration.ts';
import type { RunState, StepRun } from '../journal/state.ts';
import type { PlanStep } from '../model/step.ts';

export function stepsAtWork(state: RunState): { step: PlanStep; run: StepRun }[] {
  return state.plan.steps.flatMap((step) => {
    const run = state.steps.get(step.id);
    return run !== undefined && (run.state === 'observing' || run.state === 'acting' || run.state === 'verifying') ? [{ step, run }] : [];
  });
}

/**
 * `Waiting for approval: 0 of 1 (alice@example.com), 14m left.` and, in a line of its own, `They run: dr approve RUN`. Undefined of any other step. `approved`: how many
 * have signed, where that was looked up; of a gate that one person opens it is known, for it still waits.
 */
export function approvalWait(step: PlanStep, run: StepRun, state: RunState, now: number, approved?: number): string | undefined {
  if (step.approval === undefined || run.state !== 'observing') return undefined;
  const { from, quorum, waitMs } = step.approval;
  const have = approved ?? (quorum === 1 ? 0 : undefined);
  const left = waitMs - (now - (run.begunAt ?? now));
  const count = have === undefined ? `${quorum} needed` : `${have} of ${quorum}`;
  return `Waiting for approval: ${count} (${from.map(({ name }) => name).join(', ')}), ${left > 0 ? `${formatDuration(Math.ceil(left / 1000) * 1000)} left` : 'time is up'}.\nThey run: dr approve ${state.run}`;
}

/** What a step waits for, for how long of at most how long, and what was last recorded of it. */
export function waitingText(step: PlanStep, run: StepRun, state: RunState, now: number, approved?: number): string {
  const approval = approvalWait(step, run, state, now, approved);
  if (approval !== undefined) return approval;
  if (isGuard(step)) return `${step.title}: watching until the run ends`;
  const waited = formatDuration(Math.max(0, now - (run.begunAt ?? now)));
  const last = run.state === 'observing' ? lastOfProbes(step, state) : run.because;
  return `${step.title}: waiting ${waited} of at most ${formatDuration(step.limitMs)}${last === '' ? '' : `; last: ${last}`}`;
}

/** What users see is what a step of the verify phase waits for. */
function lastOfProbes(step: PlanStep, state: RunState): string {
  if (step.phase !== 'verify') return '';
  return [...state.probes.values()].flatMap(({ name, changes }) => {
    const last = changes.at(-1);
    return last === undefined ? [] : [`${name} ${last.up ? 'up' : (last.error ?? `status ${last.status}`)}`];
  }).join(', ');
}

/** The last answer of a step with its age; before it has one, what its check saw. */
export function answerText(run: StepRun | undefined, now: number): string {
  if (run?.answer !== undefined) return `${run.answer.because} (${formatDuration(Math.max(0, now - run.answer.at))} ago)`;
  return run === undefined || run.because === '' ? 'not looked at yet' : run.because;
}
