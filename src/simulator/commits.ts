/** Acknowledged by the source and missing in what was made of it. */
export interface Loss {
  commits: number;
  /** From the last commit that had arrived to the last that was acknowledged; 0 if none is missing. */
  ms: number;
  /** Everything committed up to then had arrived. */
  recoveredUpTo: number;
}

/** What a source acknowledged after the time up to which its commits had arrived. */
export function lossAfter(source: Commits | undefined, upTo: number, now: number): Loss {
  const commits = source?.between(upTo, now) ?? 0;
  const last = source?.lastBefore(now) ?? upTo;
  return { commits, ms: commits === 0 ? 0 : last - upTo, recoveredUpTo: upTo };
}

const PER_SECOND = 10;
/** Times during which a writer took writes that are remembered. */
const INTERVALS_MAX = 256;

/** What users had acknowledged by one instance, by time: a steady rate while it takes writes. */
export class Commits {
  private intervals: { from: number; to: number | undefined }[] = [];

  accepting(accepts: boolean, now: number): void {
    const last = this.intervals.at(-1);
    const open = last !== undefined && last.to === undefined;
    if (accepts === open) return;
    if (open) last.to = now;
    else this.intervals = [...this.intervals.slice(1 - INTERVALS_MAX), { from: now, to: undefined }];
  }

  /** Acknowledged in (after, until]. */
  between(after: number, until: number): number {
    let count = 0;
    for (const { from, to } of this.intervals) {
      const start = Math.max(after, from);
      const end = Math.min(until, to ?? until);
      if (end > start) count += this.ticks(end) - this.ticks(start);
    }
    return count;
  }

  lastBefore(until: number): number | undefined {
    for (let i = this.intervals.length - 1; i >= 0; i--) {
      const interval = this.intervals[i];
      if (interval === undefined) break;
      const at = (this.ticks(Math.min(until, interval.to ?? until)) * 1000) / PER_SECOND;
      if (at > interval.from) return at;
    }
    return undefined;
  }

  private ticks(at: number): number {
    return Math.floor((at * PER_SECOND) / 1000);
  }
}
