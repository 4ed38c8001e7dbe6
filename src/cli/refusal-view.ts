import { formatDuration } from '../base/duration.ts';
import type { Refusal } from '../model/step.ts';
import { columns } from './text.ts';

/** All parts of a refusal, one a line. */
export function refusalLines(refusal: Refusal): string[] {
  const age = refusal.ageMs === undefined ? 'just now' : `${formatDuration(refusal.ageMs)} ago`;
  return columns([
    ['rule', refusal.rule],
    ['observed', `${refusal.observed} (${age})`],
    ['threshold', refusal.threshold],
    ['consequence', refusal.consequence],
    ['override', refusal.override],
  ]);
}
