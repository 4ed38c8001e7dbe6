import { DrError } from '../base/errors.ts';
import type { RunState } from '../journal/state.ts';
import { traitsOf } from '../model/verb.ts';
import { abort, type AbortRequest } from './abort.ts';
import { newestOpenRun } from './resume.ts';
import type { RunResult } from './run-to-the-end.ts';

/** Which drill is cleaned up after; nobody is asked, for only twins of that drill are deleted. */
export type CleanRequest = Omit<AbortRequest, 'confirm' | 'reason'>;

/**
 * Deletes what a drill has left behind. What it deletes proves that this drill has made it (`kinds/twins.ts`).
 * @throws DrError: no such drill, nothing left of it, held by another process
 */
export async function cleanDrill(request: CleanRequest): Promise<RunResult> {
  const run = request.run ?? (await newestOpenRun(request.state, request.onMessage, (state) => traitsOf(state.plan.verb).drills).catch(nothingLeft));
  return abort({ ...request, run, reason: 'the twins of the drill are deleted', confirm: async (state) => refuse(state) });
}

function nothingLeft(error: unknown): never {
  if (!(error instanceof DrError) || error.code !== 'NOTHING_TO_RESUME') throw error;
  throw new DrError({ code: 'NOTHING_LEFT', exit: 'usage', title: 'No drill of this state has left anything.', next: ['dr history    lists the runs; --state names another state'] });
}

function refuse(state: RunState): void {
  if (!traitsOf(state.plan.verb).drills) {
    throw new DrError({ code: 'NO_DRILL', exit: 'usage', title: `Run ${state.run} is a ${state.plan.verb}, and no drill.`, next: [`dr abort ${state.run}    rolls it back, before its point of no return`] });
  }
}
