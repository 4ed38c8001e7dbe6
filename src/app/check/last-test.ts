import { formatDuration } from '../../base/duration.ts';
import type { StateStore } from '../../journal/state-store.ts';
import { finder } from '../../model/finding.ts';
import type { Plan } from '../../model/plan.ts';
import { traitsOf } from '../../model/verb.ts';
import { runMode } from '../live-effects.ts';
import { newestRunsOf, readable } from '../runs.ts';
import type { PathFinding } from './run-findings.ts';

/* When it was last shown that this application recovers: by a drill, or by a move, that ended well. */

export interface LastTest {
  run: string;
  verb: string;
  /** Milliseconds since the epoch. */
  at: number;
}

const DAY_MS = 86_400_000;
/** A quarter: what auditors ask for, and `dr evidence` takes. */
const DUE_MS = 90 * DAY_MS;

/** Undefined where the newest runs hold none. */
export async function lastTest(state: StateStore, { runbook, account }: Pick<Plan, 'runbook' | 'account'>): Promise<LastTest | undefined> {
  const ids = await newestRunsOf(state, runbook.name);
  for (const id of ids.toReversed()) {
    const run = await readable(state, id);
    if (run === undefined || run.outcome !== 'succeeded' || run.mode !== runMode(account)) continue;
    const { movesUsers, drills } = traitsOf(run.plan.verb);
    if (movesUsers || drills) return { run: id, verb: run.plan.verb, at: run.lastAt };
  }
  return undefined;
}

/** Where nothing was ever tested in this state, nothing is said: the runs may lie elsewhere. */
export function staleTest(test: LastTest | undefined, name: string, now: number): PathFinding[] {
  if (test === undefined || now - test.at <= DUE_MS) return [];
  const said = { observed: `the last test that ended well, the ${test.verb} ${test.run}, is ${formatDuration(now - test.at)} old`, wanted: `one that is not older than ${formatDuration(DUE_MS)}`, consequence: 'what was shown then may be so no more', mend: 'dr drill' };
  return [{ ...finder({ resource: `runbook:${name}`, region: '' }).warning('test-overdue', said), path: [] }];
}
