import type { RunState } from '../../journal/state.ts';

/** A step of the slowest way through a run, and how long it was waited for. */
export interface Decided {
  step: string;
  title: string;
  ms: number;
}

/** From the step that ended last back to the start, each time to the step that was waited for longest. */
export function decidedBy(state: RunState): Decided[] {
  const planned = new Map(state.plan.steps.map((step) => [step.id, step]));
  const endOf = (id: string): number => state.steps.get(id)?.endedAt ?? 0;
  const latest = (ids: readonly string[]): string | undefined => ids.toSorted((a, b) => endOf(b) - endOf(a))[0];
  const required = state.plan.steps.filter((step) => !step.optional && step.beside === undefined && step.phase !== 'protect').map(({ id }) => id);
  const way: Decided[] = [];
  for (let id = latest(required); id !== undefined; ) {
    const step = planned.get(id);
    const before = latest(step?.after ?? []);
    const ms = endOf(id) - (before === undefined ? state.startedAt : endOf(before));
    if (ms > 0 && step !== undefined) way.push({ step: id, title: step.title, ms });
    id = before;
  }
  return way.reverse();
}
