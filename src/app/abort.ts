import { DrError } from '../base/errors.ts';
import type { Effects } from '../effects/effects.ts';
import { actedSteps, stepsPastTheLine } from '../engine/acted.ts';
import { isOver, type RunState } from '../journal/state.ts';
import type { PlanStep } from '../model/step.ts';
import { withHeldRun } from './held-run.ts';
import { liveEffects } from './live-effects.ts';
import { newestOpenRun } from './resume.ts';
import { type RunResult, type RunWatchers, runToTheEnd } from './run-to-the-end.ts';
import type { StatePlace } from './state.ts';
import { traitsOf } from '../model/verb.ts';

export interface AbortRequest extends RunWatchers {
  /** Default: the newest run that is not over. */
  run?: string;
  state: StatePlace;
  reason?: string | undefined;
  takeOver?: boolean;
  /** Asks the person, who is given what has acted, newest first. @throws DrError (declined). */
  confirm(state: RunState, acted: readonly PlanStep[]): Promise<void>;
  effects?: Effects;
}

/**
 * Leads a run back: undoes what has acted, newest first, and says what cannot be undone. Only before the line.
 * @throws DrError: over already, the line is crossed, held by somebody else, declined.
 */
export async function abort(request: AbortRequest): Promise<RunResult> {
  const effects = request.effects ?? liveEffects();
  const run = request.run ?? (await newestOpenRun(request.state, request.onMessage, undefined, 'rolled back'));
  const mayTake = async (state: RunState): Promise<void> => {
    refuse(state);
    await request.confirm(state, actedSteps(state));
  };
  return withHeldRun({ ...request, run, effects, mayTake }, async ({ journal, state, store, operator }) => {
    // Who held it until now may have crossed the line since.
    refuse(journal.state);
    await journal.append({ type: 'undo.started', because: request.reason ?? 'aborted by a person', operator });
    return runToTheEnd({ ...request, journal, state, store, effects, operator });
  });
}

function refuse(state: RunState): void {
  const { run, plan } = state;
  if (isOver(state)) {
    throw new DrError({
      code: 'RUN_ENDED',
      exit: 'usage',
      title: `Run ${run} ${state.outcome === 'aborted' ? 'was rolled back already' : state.outcome === 'succeeded' ? 'has succeeded' : 'is over, and nothing is left of it'}: there is nothing to abort.`,
      next: state.outcome === 'aborted' ? [`dr report ${run}`] : wayHome(state),
    });
  }
  const past = stepsPastTheLine(state);
  if (past.length === 0) return;
  throw new DrError({
    code: 'LINE_CROSSED',
    exit: 'refused',
    title: `Run ${run} has passed the point of no return: it cannot be rolled back.`,
    detail: past.map((step) => `${step.id}: ${step.title}`).join('\n'),
    next: [`dr resume ${run}    continues to the end`, ...(!traitsOf(plan.verb).movesUsers ? [] : wayHome(state).map((line) => `then ${line}`))],
  });
}

/** Back is a move of its own. */
function wayHome({ plan }: RunState): string[] {
  if (!traitsOf(plan.verb).movesUsers) return [];
  return [`dr reprotect --standby ${plan.source}`, `dr switchover --region ${plan.source}`];
}
