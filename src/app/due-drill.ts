import type { RunMode } from '../journal/events.ts';
import { isOver, type RunState } from '../journal/state.ts';
import { traitsOf } from '../model/verb.ts';
import { type LeftTwins, twinsLeftBy } from './left-twins.ts';
import { chooseRunbook } from './make-plan.ts';
import { listAllRuns } from './runs.ts';
import type { StatePlace } from './state.ts';

interface DueQuestion {
  runbook?: string;
  runbooks: string;
  region: string;
  state: StatePlace;
  /** A drill in a lab is no drill on AWS. */
  mode: RunMode;
  /** Milliseconds. */
  withinMs: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * The newest drill into a region that passed within that time, of exactly this runbook; undefined where a drill is due. A runbook that
 * was changed since has no drill, and runs that cannot be read count for nothing. A live drill counts when users were back in time.
 */
export async function passedDrill({ region, state, mode, withinMs, now, ...choice }: DueQuestion): Promise<RunState | undefined> {
  const { sha256 } = await chooseRunbook(choice);
  const { runs } = await listAllRuns(state);
  return runs.find((run) => (passed(run) ? run.plan.target : passedLive(run, runs)) === region && run.mode === mode && run.plan.runbook.sha256 === sha256 && now - run.lastAt <= withinMs);
}

/** Drills of the application whose twins were kept until now: their clean-up is due. */
export async function dueCleanUps({ state, mode, now, region: _region, ...choice }: DueQuestion): Promise<LeftTwins[]> {
  const { runbook } = await chooseRunbook(choice);
  const { runs } = await listAllRuns(state);
  return runs.flatMap((run) => {
    const left = run.mode === mode && run.plan.runbook.name === runbook.name ? twinsLeftBy(run) : undefined;
    return left?.keptUntil !== undefined && left.keptUntil <= now ? [left] : [];
  });
}

/** Where users were meanwhile, of the way home of a live drill that came to its end in time; undefined of any other run. */
function passedLive({ live, outcome, lastAt }: RunState, runs: readonly RunState[]): string | undefined {
  if (live?.part !== 'home' || outcome !== 'succeeded' || lastAt > live.backBy) return undefined;
  return runs.some((run) => run.live?.id === live.id && run.live.part === 'out' && run.outcome === 'succeeded') ? live.away : undefined;
}

function passed(run: RunState): boolean {
  return traitsOf(run.plan.verb).drills && run.outcome === 'succeeded' && isOver(run);
}
