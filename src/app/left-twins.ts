import { plural } from '../base/plural.ts';
import type { StateStore } from '../journal/state-store.ts';
import { isOver, leftBehind, type RunState } from '../journal/state.ts';
import { TWIN } from '../kinds/twins.ts';
import { traitsOf } from '../model/verb.ts';
import { readable } from './runs.ts';

/** A drill that has left something, or has not come to its end. */
export interface LeftTwins {
  run: string;
  /** Twins that it had begun to make, as plans name them. Undefined where its journal cannot be read. */
  twins?: readonly string[];
  /** When it began, milliseconds. */
  startedAt?: number;
}

/** What a drill may have left; undefined where it is over, and of any other run. */
export function twinsLeftBy(state: RunState): LeftTwins | undefined {
  if (!traitsOf(state.plan.verb).drills || isOver(state)) return undefined;
  const open = new Set(leftBehind(state).map(({ id }) => id));
  const twins = state.plan.steps.flatMap(({ id, changes }) => (open.has(id) ? changes.flatMap(({ resource, field }) => (field === TWIN ? [resource] : [])) : []));
  return { run: state.run, twins, startedAt: state.startedAt };
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
export function leftTwinsLine({ run, twins }: LeftTwins): string {
  const what = twins === undefined ? 'its twins may be there' : twins.length === 0 ? 'no twin of it was begun' : `${plural(twins.length, 'twin')} may be there: ${twins.join(', ')}`;
  return `Drill ${run}: ${what}. Delete what is left, once this is over: dr drill clean ${run}`;
}
