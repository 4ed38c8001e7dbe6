import { iso } from '../base/clock.ts';
import { plural } from '../base/plural.ts';
import type { StateStore } from '../journal/state-store.ts';
import { isOver, keptUntil, leftBehind, type RunState } from '../journal/state.ts';
import { TWIN, TWIN_EXPIRES_MS } from '../kinds/twins.ts';
import type { Plan } from '../model/plan.ts';
import { traitsOf } from '../model/verb.ts';
import { runMode } from './live-effects.ts';
import { newestRunsOf, readable } from './runs.ts';
import { formatDuration } from '../base/duration.ts';
import { finder } from '../model/finding.ts';
import type { PathFinding } from './check/run-findings.ts';

/** A drill that has left something, or has not come to its end. */
export interface LeftTwins {
  run: string;
  /** Twins that it had begun to make, as plans name them. Undefined where its journal cannot be read. */
  twins?: readonly string[];
  /** When it began, milliseconds. */
  startedAt?: number;
  /** A person wants to look at them: until when, milliseconds. */
  keptUntil?: number;
}

/** What a drill may have left; undefined where it is over, and of any other run. */
export function twinsLeftBy(state: RunState): LeftTwins | undefined {
  if (!traitsOf(state.plan.verb).drills || isOver(state)) return undefined;
  const open = new Set(leftBehind(state).map(({ id }) => id));
  const twins = state.plan.steps.flatMap(({ id, changes }) => (open.has(id) ? changes.flatMap(({ resource, field }) => (field === TWIN ? [resource] : [])) : []));
  const until = keptUntil(state);
  return { run: state.run, twins, startedAt: state.startedAt, ...(until === undefined ? {} : { keptUntil: until }) };
}

/** What the newest drills of an application may have left, in the same world; a run that cannot be read says nothing. */
export async function leftByDrillsOf(store: StateStore, { runbook, account }: Pick<Plan, 'runbook' | 'account'>): Promise<LeftTwins[]> {
  const ids = await newestRunsOf(store, runbook.name);
  const runs = await Promise.all(ids.map((id) => readable(store, id)));
  return runs.flatMap((run) => (run?.mode === runMode(account) ? (twinsLeftBy(run) ?? []) : []));
}

/** Of drills that were stopped for another run, what they may have left. One whose journal cannot be read is named without its twins. */
export async function leftByStopped(store: StateStore, runs: readonly string[] = []): Promise<LeftTwins[]> {
  const left = await Promise.all(
    runs.map(async (run): Promise<LeftTwins | undefined> => {
      const state = await readable(store, run).catch(() => undefined);
      return state === undefined ? { run } : twinsLeftBy(state);
    }),
  );
  return left.filter((one) => one !== undefined);
}

/** In one line, with the command that deletes them. */
export function leftTwinsLine({ run, twins, keptUntil: until }: LeftTwins): string {
  const what = twins === undefined ? 'its twins may be there' : twins.length === 0 ? 'no twin of it was begun' : `${plural(twins.length, 'twin')} may be there: ${twins.join(', ')}`;
  const kept = until === undefined ? '' : `, kept until ${iso(until)}`;
  return `Drill ${run}: ${what}${kept}. Delete what is left, once this is over: dr drill clean ${run}`;
}

/* Twins that cost money, because their drill never came to its end. */

/** Drills of this state that are not over although their twins have expired, or were kept until now. */
export async function expiredTwins(state: StateStore, plan: Pick<Plan, 'runbook' | 'account'>, now: number): Promise<LeftTwins[]> {
  const left = await leftByDrillsOf(state, plan);
  return left.filter(({ startedAt = now, keptUntil }) => now > (keptUntil ?? startedAt + TWIN_EXPIRES_MS));
}

export function leftFindings(left: readonly LeftTwins[], name: string, now: number): PathFinding[] {
  return left.map(({ run, twins = [], startedAt = now, keptUntil }) => {
    const since = keptUntil === undefined ? `began ${formatDuration(now - startedAt)} ago and is not over` : `was to keep its twins until ${iso(keptUntil)}`;
    const said = { observed: `the drill ${run} ${since}: ${twins.length === 0 ? 'what it made' : twins.join(', ')} may be there`, wanted: `a drill whose twins are deleted within ${formatDuration(TWIN_EXPIRES_MS)}, or when the time is over for which they were kept`, consequence: 'what is left costs money', mend: `dr drill clean ${run}` };
    return { ...finder({ resource: `runbook:${name}`, region: '' }).warning('drill-left', said), path: [] };
  });
}
