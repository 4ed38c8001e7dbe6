import { formatDuration } from '../base/duration.ts';
import type { Refusal } from '../model/step.ts';
import { columns } from './text.ts';

/** Younger than that is now. */
const NOW_MS = 1_000;

/** All parts of a refusal, one a line. `sinceMs`: how long ago it was given; the observation is older by that. */
export function refusalLines(refusal: Refusal, sinceMs = 0): string[] {
  const ageMs = (refusal.ageMs ?? 0) + sinceMs;
  const age = refusal.ageMs === undefined && ageMs < NOW_MS ? 'just now' : `${formatDuration(ageMs)} ago`;
  return columns([
    ['rule', refusal.rule],
    ['observed', `${refusal.observed} (${age})`],
    ['threshold', refusal.threshold],
    ['consequence', refusal.consequence],
    ['override', refusal.override],
  ]);
}
