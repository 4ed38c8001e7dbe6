import { finder } from '../../model/finding.ts';
import { COUNTS_SECONDS, type Feasibility, secondsShown as shown, sumOf } from '../../plan/feasibility.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import type { PathFinding } from './run-findings.ts';

/** The RTO against the sum of what stands before users: refused where even the typical times are longer. */
export function rtoFindings({ runbook }: LoadedRunbook, target: string, feasibility: Feasibility): PathFinding[] {
  const { rto, p50, p95, verdict, steps } = feasibility;
  const find = finder({ resource: `runbook:${runbook.name}`, region: target });
  const path = ['objectives', 'rto'];
  const parts = { wanted: `users are served within the RTO of ${shown(rto)}`, mend: 'keep more ready, shorten what takes longest, or agree on another RTO' };
  if (verdict === 'missed') {
    return [{ ...find.error('rto-infeasible', { observed: `until users are served it takes ${shown(p50)}: ${sumOf(steps)}`, consequence: 'the objective cannot be met, however well the run goes', ...parts }), path }];
  }
  const measured = steps.every((step) => step.runs > 0 || step.p95 <= COUNTS_SECONDS);
  if (verdict === 'met' || !measured) return [];
  return [{ ...find.warning('rto-unproven', { observed: `by own runs it takes ${shown(p50)}, and up to ${shown(p95)}: ${sumOf(steps)}`, consequence: 'the objective is missed where several steps are slow', ...parts }), path }];
}
