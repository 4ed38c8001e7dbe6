import { iso } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import type { StateStore } from '../../journal/state-store.ts';
import { TWIN_EXPIRES_MS } from '../../kinds/twins.ts';
import { finder } from '../../model/finding.ts';
import type { Plan } from '../../model/plan.ts';
import { leftByDrillsOf, type LeftTwins } from '../left-twins.ts';
import type { PathFinding } from './run-findings.ts';

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
