import { DrError } from '../base/errors.ts';
import { partsOfRunId } from '../base/ids.ts';
import type { Effects } from '../effects/effects.ts';
import type { StateStore } from '../journal/state-store.ts';
import { isOver, type RunState } from '../journal/state.ts';
import type { Acceptances } from '../model/step.ts';
import { refuseClaims } from './approve.ts';
import { withHeldRun } from './held-run.ts';
import { refuseHalfLab } from './in-lab.ts';
import { endpointOverrides, liveEffects } from './live-effects.ts';
import { evidenceOf, type RunResult, type RunWatchers, runToTheEnd, saveReport } from './run-to-the-end.ts';
import { leftOutLine, listAllRuns, loadRun } from './runs.ts';
import { openState, shownPlace, type StatePlace } from './state.ts';

export interface ResumeRequest extends RunWatchers {
  /** Default: the newest run that has not succeeded. */
  run?: string;
  state: StatePlace;
  /** Takes the application from the run that holds it: the person who says so gives a reason. */
  takeOver?: boolean;
  /** What is said now, on top of what was said before. */
  acceptances: Acceptances;
  /** When the outage began, as a person says now. Milliseconds since the epoch. */
  impactAt?: number;
  effects?: Effects;
}

/** Continues with a run: every step that is not done is observed, and acted on only where the wanted state is missing. */
export async function resume(request: ResumeRequest): Promise<RunResult> {
  const effects = request.effects ?? liveEffects();
  const run = request.run ?? (await newestOpenRun(request.state, request.onMessage));
  const rest = await sendRest(openState(request.state, effects.aws), run);
  if (rest !== undefined) return rest;
  const mayTake = (state: RunState): Promise<void> => (isOver(state) ? Promise.reject(over(state)) : Promise.resolve());
  return withHeldRun({ ...request, run, effects, mayTake }, async ({ journal, state, store, operator, stopped }) => {
    refuseClaims(journal.state.plan, request.acceptances, run);
    refuseHalfLab(journal.state.mode, endpointOverrides());
    const acceptances = merge(journal.state.acceptances, request.acceptances);
    await journal.append({ type: 'run.resumed', operator, acceptances, ...stopped, ...(request.impactAt === undefined ? {} : { impactAt: request.impactAt }) });
    return runToTheEnd({ ...request, journal, state, store, effects, operator });
  });
}

/** Of a run that is over, what the bucket did not take then. Undefined where nothing was left to send. */
async function sendRest(place: StateStore, run: string): Promise<RunResult | undefined> {
  const { store, state, records } = await loadRun(place, run);
  const sent = isOver(state) ? ((await store.sendRest?.()) ?? 0) : 0;
  if (sent === 0) return undefined;
  const report = await saveReport(store, evidenceOf(state, records));
  return { state, exit: 'ok', report, summary: [`${sent} records and the report of run ${run} were sent to ${place.place}.`] };
}

function over(state: RunState): DrError {
  const { run, outcome, plan } = state;
  return new DrError({
    code: 'RUN_ENDED',
    exit: 'usage',
    title: `Run ${run} ${outcome === 'aborted' ? 'was rolled back' : outcome === 'succeeded' ? 'has succeeded' : 'is over, and nothing is left of it'}: there is nothing to resume.`,
    next: outcome === 'aborted' ? [`dr ${plan.verb} --region ${plan.target}    starts again`, `dr report ${run}`] : [`dr report ${run}`],
  });
}

/**
 * The newest run that is not over. What cannot be read is left out, and `say` is called. @throws DrError when there is none, or when a run
 * that cannot be read may be the one that is meant: it is newer, and of the same application.
 */
export async function newestOpenRun(place: StatePlace, say: (text: string) => void = () => undefined, which: (state: RunState) => boolean = () => true, what = 'resumed'): Promise<string> {
  const { runs, damaged } = await listAllRuns(place);
  const open = runs.find((run) => !isOver(run) && which(run));
  if (open === undefined && damaged[0] !== undefined) throw damaged[0].error;
  const doubtful = damaged.find(({ run }) => open !== undefined && run > open.run && partsOfRunId(run)?.runbook === open.plan.runbook.name);
  if (doubtful !== undefined) throw doubtful.error;
  for (const run of damaged) say(`Warning: ${leftOutLine(run)}`);
  if (open !== undefined) return open.run;
  throw new DrError({
    code: 'NOTHING_TO_RESUME',
    exit: 'usage',
    title: `There is no run that could be ${what}.`,
    detail: `State: ${shownPlace(place)}`,
    next: ['dr history    lists the runs'],
  });
}

/** What holds for a resume: what was said before, and what is said now. */
export function merge(before: Acceptances, now: Acceptances): Acceptances {
  // `again` holds for one resume only: what is unclear afterwards has to be looked at again. So does the word that the source is down:
  // like every other decision it is made again, for the source may be back.
  const { again: _once, sourceDown: _then, ...lasting } = before;
  const done = union(before.done, now.done);
  return { ...lasting, ...now, approvedBy: union(before.approvedBy, now.approvedBy), ...(done.length === 0 ? {} : { done }) };
}

function union(before: readonly string[] = [], now: readonly string[] = []): string[] {
  return [...new Set([...before, ...now])];
}
