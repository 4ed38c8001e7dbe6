import type { PlanStep } from '../model/step.ts';
import { isGuard } from './graph.ts';

/** The chain of steps that decides how long a plan takes. Seconds on real AWS. */
export interface CriticalPath {
  steps: readonly string[];
  p50: number;
  /** Sum of the steps' own p95: an upper bound, for they will not all be slow at once. */
  p95: number;
}

/** The longest chain by p50, with the longest by p95 as its upper figure. Steps come in topological order. */
export function criticalPath(plan: { steps: readonly PlanStep[] }): CriticalPath {
  const steps = plan.steps.filter((step) => !isGuard(step));
  const typical = longest(steps, (step) => step.estimate.p50);
  const slow = longest(steps, (step) => step.estimate.p95);
  return { steps: typical.path, p50: typical.seconds, p95: slow.seconds };
}

function longest(steps: readonly PlanStep[], cost: (step: PlanStep) => number): { path: string[]; seconds: number } {
  const best = new Map<string, { seconds: number; before: string | undefined }>();
  let end: string | undefined;
  for (const step of steps) {
    let before: string | undefined;
    let seconds = 0;
    for (const id of step.after) {
      const there = best.get(id)?.seconds ?? 0;
      if (before === undefined || there > seconds) [before, seconds] = [id, there];
    }
    best.set(step.id, { seconds: seconds + cost(step), before });
    if (end === undefined || seconds + cost(step) > (best.get(end)?.seconds ?? 0)) end = step.id;
  }
  const path: string[] = [];
  for (let id = end; id !== undefined; id = best.get(id)?.before) path.unshift(id);
  return { path, seconds: end === undefined ? 0 : (best.get(end)?.seconds ?? 0) };
}
