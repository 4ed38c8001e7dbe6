/*
 * What a step has seen is a fact of its journal, and a resume reads it. Nobody knows what was in between: looks count together only if they
 * follow one another.
 */

/** Milliseconds. More than the longest wait between two looks of one run, and what they take. */
const TOGETHER_MS = 60_000;

/** Whether a look at `now` follows on that at `last`. */
export function follows(last: number | undefined, now: number): boolean {
  return last !== undefined && now >= last && now - last < TOGETHER_MS;
}
