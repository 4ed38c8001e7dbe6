import type { RunState } from '../journal/state.ts';
import { visible } from './format.ts';

/** What a run that rolled back has undone, and what not, and why: lines for a terminal. None for a run that only went forward. */
export function wayBackLines(state: RunState): string[] {
  if (state.leadingBack === undefined) return [];
  const runs = [...state.steps.values()];
  const optional = new Set(state.plan.steps.flatMap((step) => (step.optional ? [step.id] : [])));
  const undone = runs.filter((step) => step.state === 'undone').map((step) => `undone      ${step.id}`);
  const left = runs.flatMap((step) => (step.notUndone === undefined ? [] : [`${step.notUndone.code === 'NO_UNDO' && optional.has(step.id) ? 'stays     ' : 'not undone'}  ${step.id}: ${step.notUndone.message}`]));
  const lines = undone.length + left.length === 0 ? ['nothing had been changed'] : [...left, ...undone];
  // Not cut to the width of a terminal: why something is left is what a person must read to the end.
  return ['Rolled back:', ...lines.map((line) => visible(`  ${line}`))];
}
