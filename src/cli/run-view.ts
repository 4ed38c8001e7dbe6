import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { changeOf, pastTheLine } from '../journal/requests.ts';
import type { RunState } from '../journal/state.ts';
import { requestLines } from '../report/requests.ts';
import { requestEvidence } from '../report/step-evidence.ts';
import { modeTag, resumeCommand, routeText } from './names.ts';
import { budgetLine } from './presenters/sentences.ts';
import { stepTree } from './step-tree.ts';
import type { Painter } from './style.ts';
import { columns } from './text.ts';

/** In one word: how a run ended, or that it has not. */
export function standing(state: RunState): string {
  if (state.outcome !== undefined) return state.outcome;
  return state.interrupted ? 'interrupted' : 'unfinished';
}

/** Can a resume go on with it? A run without an end may still be running; its lock tells the resume. */
export function resumable(state: RunState): boolean {
  return state.outcome !== 'succeeded' && state.outcome !== 'aborted';
}

/** Where a run stands, with everything a person needs to decide what to do next. */
export function statusText(state: RunState, paint: Painter): string {
  const { plan } = state;
  const rows = columns([
    ['run', `${state.run}${modeTag(state.mode)}`],
    ['what', `${plan.verb} of ${plan.runbook.name}, ${routeText(plan)}`],
    ['stands', standing(state)],
    ['started', `${iso(state.startedAt)} by ${state.operator.user}@${state.operator.host} (${state.operator.identity})`],
    [state.endedAt === undefined ? 'last record' : 'ended', `${iso(state.lastAt)}, after ${formatDuration(state.lastAt - state.startedAt)}`],
    ...(state.leadingBack === undefined ? [] : [['leads back', `since ${iso(state.leadingBack.at)}: ${state.leadingBack.because}`]]),
    ...(state.resumedBy.length === 0 ? [] : [['resumed', `${state.resumedBy.length} times`]]),
  ]);
  const requests = requestLines(requestEvidence(state), undefined).map((line) => paint('red', line));
  const next = resumable(state) ? [`${paint('bold', 'To continue:')} ${resumeCommand(state.run)}`] : [];
  const report = `${paint('bold', 'Report:')} dr report ${state.run}`;
  return [rows.join('\n'), ...(requests.length === 0 ? [] : [requests.join('\n')]), stepTree(state, state.lastAt, paint), budgetLine(state, state.lastAt), [...next, report].join('\n')].join('\n\n');
}

/** A table of runs, in the order given. */
export function historyText(states: readonly RunState[]): string {
  if (states.length === 0) return 'No run yet.';
  const rows = states.map((state) => [
    state.run,
    state.plan.runbook.name,
    state.plan.verb,
    routeText(state.plan, (region) => region),
    state.mode,
    standing(state),
    formatDuration(state.lastAt - state.startedAt),
    state.operator.user,
  ]);
  return columns([['RUN', 'RUNBOOK', 'VERB', 'REGIONS', 'MODE', 'STANDS', 'TOOK', 'BY'], ...rows]).join('\n');
}

/** A run as `--json` gives it. Times in ISO 8601, lengths in milliseconds. */
export function runJson(state: RunState): object {
  const { plan } = state;
  return {
    run: state.run,
    mode: state.mode,
    standing: standing(state),
    verb: plan.verb,
    runbook: plan.runbook,
    source: plan.source,
    target: plan.target,
    account: plan.account,
    plan: plan.hash,
    objectives: plan.objectives,
    operator: state.operator,
    declaredAt: iso(state.declaredAt),
    startedAt: iso(state.startedAt),
    lastAt: iso(state.lastAt),
    ...(state.endedAt === undefined ? {} : { endedAt: iso(state.endedAt) }),
    pastPointOfNoReturn: pastTheLine(state),
    requests: requestEvidence(state),
    steps: plan.steps.map((step) => stepJson(state, step.id, step.phase, step.title)),
    probes: [...state.probes.values()].map((probe) => ({
      name: probe.name,
      samples: probe.samples,
      failed: probe.failed,
      changes: probe.changes.map((change) => ({ ...change, at: iso(change.at) })),
    })),
    records: state.records,
    head: state.head,
    ...(resumable(state) ? { resume: resumeCommand(state.run) } : {}),
  };
}

function stepJson(state: RunState, id: string, phase: string, title: string): object {
  const run = state.steps.get(id);
  if (run === undefined) return { id, phase, title, state: 'waiting' };
  return {
    id,
    phase,
    title,
    state: run.state,
    check: run.check,
    because: run.because,
    already: run.already,
    ...(run.simulated === true ? { simulated: true } : {}),
    attempts: run.attempts,
    change: changeOf(run),
    ...(run.intendedAt === undefined ? {} : { requestedAt: iso(run.intendedAt) }),
    ...(run.startedAt === undefined ? {} : { startedAt: iso(run.startedAt) }),
    ...(run.endedAt === undefined ? {} : { endedAt: iso(run.endedAt) }),
    ...(run.warnings.length === 0 ? {} : { warnings: run.warnings }),
    ...(run.error === undefined ? {} : { error: run.error }),
    ...(run.refusal === undefined ? {} : { refusal: run.refusal }),
    ...(run.notUndone === undefined ? {} : { notUndone: run.notUndone }),
    requestIds: run.calls.flatMap((call) => call.requestId ?? []),
  };
}
