import { formatDuration } from '../../base/duration.ts';
import { partsOfRunId } from '../../base/ids.ts';
import type { StateStore } from '../../journal/state-store.ts';
import { isOver } from '../../journal/state.ts';
import { TWIN_EXPIRES_MS } from '../../kinds/twins.ts';
import { finder } from '../../model/finding.ts';
import type { Plan } from '../../model/plan.ts';
import { type LeftTwins, twinsLeftBy } from '../left-twins.ts';
import { runMode } from '../live-effects.ts';
import { readable } from '../runs.ts';
import type { PathFinding } from './run-findings.ts';

/* Twins that cost money, because their drill never came to its end. */

/** Newest runs that are read. */
const RUNS = 20;

/** Drills of this state that began before the expiry of their twins, and are not over. */
export async function expiredTwins(state: StateStore, { runbook, account }: Pick<Plan, 'runbook' | 'account'>, now: number): Promise<LeftTwins[]> {
  const ids = (await state.runs().catch(() => [])).filter((id) => partsOfRunId(id)?.runbook === runbook.name).slice(-RUNS);
  const runs = await Promise.all(ids.map((id) => readable(state, id)));
  return runs.flatMap((run) => {
    if (run === undefined || isOver(run) || run.mode !== runMode(account) || now - run.startedAt <= TWIN_EXPIRES_MS) return [];
    return twinsLeftBy(run) ?? [];
  });
}

export function leftFindings(left: readonly LeftTwins[], name: string, now: number): PathFinding[] {
  return left.map(({ run, twins = [], startedAt = now }) => {
    const said = { observed: `the drill ${run} began ${formatDuration(now - startedAt)} ago and is not over: ${twins.length === 0 ? 'what it made' : twins.join(', ')} may be there`, wanted: `a drill whose twins are deleted within ${formatDuration(TWIN_EXPIRES_MS)}`, consequence: 'what is left costs money', mend: `dr drill clean ${run}` };
    return { ...finder({ resource: `runbook:${name}`, region: '' }).warning('drill-left', said), path: [] };
  });
}
