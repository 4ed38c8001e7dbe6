/**
 * Where the downtime went: every millisecond of a window is given to exactly one cause.
 *
 * 1. The rows add up to the window, whatever the intervals are.
 * 2. Where waits overlap, the cause that stands first in `CAUSES` gets the time.
 * 3. What no interval covers is the tool's own share; nothing is hidden in a rest.
 */

/** In order of priority: what nothing could continue without, what traffic must wait for, what is only watched. A call in flight is last: waits make calls too. */
export const CAUSES = ['before', 'stopped', 'person', 'database', 'aws', 'dns', 'users', 'own', 'hold', 'call', 'tool'] as const;
type Cause = (typeof CAUSES)[number];

/** `[from, to)` in milliseconds since the epoch. */
export interface CauseInterval {
  cause: Exclude<Cause, 'tool'>;
  from: number;
  to: number;
}

interface BreakdownRow {
  cause: Cause;
  ms: number;
}

export interface Window {
  from: number;
  to: number;
}

/** One row a cause that took time, in the order of `CAUSES`, and always the tool. Empty, reversed or outside intervals count for nothing. In milliseconds. */
export function breakdown(window: Window, intervals: readonly CauseInterval[]): BreakdownRow[] {
  const from = Math.round(window.from);
  const to = Math.max(from, Math.round(window.to));
  const totals = new Map<Cause, number>();
  const active = new Map<Cause, number>();
  let cursor = from;
  const giveUntil = (at: number): void => {
    const cause = CAUSES.find((name) => (active.get(name) ?? 0) > 0) ?? 'tool';
    totals.set(cause, (totals.get(cause) ?? 0) + at - cursor);
    cursor = at;
  };
  for (const edge of edges(from, to, intervals)) {
    giveUntil(edge.at);
    active.set(edge.cause, (active.get(edge.cause) ?? 0) + edge.step);
  }
  giveUntil(to);
  return CAUSES.filter((cause) => cause === 'tool' || (totals.get(cause) ?? 0) > 0).map((cause) => ({
    cause,
    ms: totals.get(cause) ?? 0,
  }));
}

interface Edge {
  at: number;
  step: 1 | -1;
  cause: Cause;
}

function edges(from: number, to: number, intervals: readonly CauseInterval[]): Edge[] {
  const list: Edge[] = [];
  for (const interval of intervals) {
    const start = Math.max(from, Math.round(interval.from));
    const end = Math.min(to, Math.round(interval.to));
    // Also false for NaN.
    if (!(end > start)) continue;
    list.push({ at: start, step: 1, cause: interval.cause }, { at: end, step: -1, cause: interval.cause });
  }
  return list.sort((a, b) => a.at - b.at);
}
