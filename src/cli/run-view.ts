import { leftTwinsLine } from '../app/left-twins.ts';
import type { Standing } from '../app/standing.ts';
import { iso } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { changeOf, pastTheLine } from '../journal/requests.ts';
import { isOver, keptUntil, type RunState } from '../journal/state.ts';
import { plural } from '../base/plural.ts';
import type { PlanStep } from '../model/step.ts';
import { requestLines } from '../report/requests.ts';
import { requestEvidence } from '../report/step-evidence.ts';
import { modeTag, nextLabel, resumeCommand, routeText } from './names.ts';
import { budgetLine } from './presenters/sentences.ts';
import { stepTree } from './step-tree.ts';
import { endOf } from './step-end.ts';
import { columns, fit, indent, type Painter, width } from './text.ts';
import { stepsAtWork, waitingText } from './waiting.ts';

/** In one word: how a run ended, or that it has not. */
export function standing(state: RunState): string {
  if (state.outcome !== undefined) return state.outcome;
  return state.interrupted ? 'interrupted' : 'unfinished';
}

/** Can a resume continue with it? A run without an end may still be running; its lock tells the resume. */
export function resumable(state: RunState): boolean {
  return !isOver(state);
}

/** In words: whether somebody works on it now, who, and since when. */
function standingText({ state, holder, seen, now }: Standing): string {
  if (isOver(state)) return standing(state);
  if (holder === undefined) return state.outcome === undefined && !state.interrupted ? 'stopped without finishing' : `stopped: ${standing(state)}`;
  const who = `process ${holder.pid} on ${holder.host}, for ${formatDuration(Math.max(0, now - Date.parse(holder.since)))}`;
  return seen ? `running (${who})` : `held by ${who}; whether it still runs cannot be seen from this machine`;
}

/** Where a run stands, with everything a person needs to decide what to do next. */
export function statusText(view: Standing, paint: Painter): string {
  const { state, holder, now } = view;
  const { plan } = state;
  const end = isOver(state) ? state.lastAt : now;
  const until = keptUntil(state);
  const rows = columns([
    ['run', `${state.run}${modeTag(state.mode)}`],
    ['what', `${plan.verb} of ${plan.runbook.name}, ${routeText(plan)}`],
    ['state', standingText(view)],
    ['started', `${iso(state.startedAt)} by ${state.operator.user}@${state.operator.host} (${state.operator.identity})`],
    [isOver(state) ? 'ended' : 'last record', `${iso(state.lastAt)}, ${isOver(state) ? `after ${formatDuration(state.lastAt - state.startedAt)}` : `${formatDuration(Math.max(0, now - state.lastAt))} ago`}`],
    ...(state.leadingBack === undefined ? [] : [['rolls back', `since ${iso(state.leadingBack.at)}: ${state.leadingBack.because}`]]),
    ...(until === undefined ? [] : [['twins', `kept until ${iso(until)}${until > now ? '' : `: their clean-up is due for ${formatDuration(now - until)}`}`]]),
    ...(state.resumedBy.length === 0 ? [] : [['resumed', plural(state.resumedBy.length, 'time')]]),
    ...(view.standby?.unprotectedSince === undefined ? [] : [['no standby', `since ${iso(view.standby.unprotectedSince)}: ${view.standby.because}`]]),
  ]);
  const requests = requestLines(requestEvidence(state), undefined).map((line) => paint('red', line));
  const report = `${paint('bold', 'Report:')} dr report ${state.run}`;
  const budget = budgetLine(state, end, holder !== undefined || isOver(state));
  const left = (view.left ?? []).map(leftTwinsLine);
  const parts = [rows.join('\n'), left.join('\n'), requests.join('\n'), atWork(view), stepTree(state, end, paint), budget, [...nextLines(view, paint), report].join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** What a terminal shows last of a run: every step, and the clock. `messages`: what was said meanwhile. */
export function lastScreen(state: RunState, messages: readonly string[], room: number | undefined, paint: Painter): string {
  return fit([stepTree(state, state.lastAt, paint), budgetLine(state, state.lastAt), ...messages].join('\n'), room);
}

/** What a terminal shows first of a run. The id stands alone, to be copied. */
export function firstScreen(state: RunState, room: number | undefined, paint: Painter): string {
  return `${fit(paint('bold', `${state.plan.verb} of ${state.plan.runbook.name}${modeTag(state.mode)}: ${routeText(state.plan)}`), room)}\nrun ${state.run}`;
}

/** The end of what was watched: where the run stands, and what to do next. */
export function endText(view: Standing, paint: Painter): string {
  const { run } = view.state;
  return [`Run ${run}: ${standingText(view)}`, ...nextLines(view, paint), `${paint('bold', 'Report:')} dr report ${run}`].join('\n');
}

/** What a run that continues waits for now, and what comes after it. */
function atWork({ state, holder, now, approved }: Standing): string {
  if (holder === undefined || isOver(state)) return '';
  const waits = stepsAtWork(state).map(({ step, run }) => indent(waitingText(step, run, state, now, approved).replace('\n', '\n  '), 2));
  const next = state.plan.steps.find((step) => step.beside === undefined && state.steps.get(step.id)?.state === 'waiting');
  return [...(waits.length === 0 ? [] : ['Now:', ...waits]), ...(next === undefined ? [] : [`Next: ${next.title}`])].join('\n');
}

/** A resume only where nobody holds the run. */
function nextLines({ state, holder, seen }: Standing, paint: Painter): string[] {
  if (isOver(state)) return [];
  if (holder === undefined) return [`${paint('bold', nextLabel(state))} ${resumeCommand(state)}`];
  if (seen) return [`It is running${stepsAtWork(state).some(({ step }) => step.approval !== undefined) ? ', and waits for people: see Now' : ': nothing to do'}. To stop it: Ctrl-C in its terminal, or kill -INT ${holder.pid}`];
  return [`If that process is gone for good: dr takeover ${state.run}`];
}

/** A table of runs, in the order given; where it does not fit, two lines a run. `room`: of the terminal, undefined: any. */
export function historyText(states: readonly RunState[], now: number, room?: number): string {
  if (states.length === 0) return 'No run yet.';
  const rows = states.map((state) => [
    state.run,
    state.plan.runbook.name,
    state.plan.verb,
    routeText(state.plan, (region) => region),
    state.mode,
    standing(state),
    state.outcome !== undefined ? formatDuration(state.lastAt - state.startedAt) : `${formatDuration(Math.max(0, now - state.startedAt))} so far`,
    state.operator.user,
  ]);
  const table = columns([['RUN', 'RUNBOOK', 'VERB', 'REGIONS', 'MODE', 'STATE', 'TOOK', 'BY'], ...rows]);
  if (room === undefined || table.every((line) => width(line) <= room)) return table.join('\n');
  return rows.map(([run = '', runbook, verb, regions, mode, state, took, by]) => `${run}\n${fit(indent(`${state}: ${verb} of ${runbook}, ${regions}, ${mode}, ${took}, by ${by}`, 2), room)}`).join('\n');
}

/** A run as `--json` gives it. Times in ISO 8601, lengths in milliseconds. */
export function runJson(state: RunState): { resume?: string; readonly [field: string]: unknown } {
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
    steps: plan.steps.map((step) => stepJson(state, step)),
    probes: [...state.probes.values()].map((probe) => ({
      name: probe.name,
      samples: probe.samples,
      failed: probe.failed,
      changes: probe.changes.map((change) => ({ ...change, at: iso(change.at) })),
    })),
    records: state.records,
    head: state.head,
    ...(resumable(state) ? { resume: resumeCommand(state) } : {}),
  };
}

function stepJson(state: RunState, step: PlanStep): object {
  const { id, phase, title, gate } = step;
  const run = state.steps.get(id);
  if (run === undefined) return { id, phase, title, gate, state: 'waiting' };
  const end = endOf(step, run, state);
  return {
    id,
    phase,
    title,
    gate,
    state: run.state,
    ...(end === undefined ? {} : { end }),
    ...(run.says === undefined ? {} : { says: run.says }),
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
