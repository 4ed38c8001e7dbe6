/**
 * How far a replica has come, as a function of time.
 * With lag L it holds at time t what its source committed up to t - L. It never goes back, and stands still while the
 * source is dead or replication is stopped.
 */

/** Changes of lag or state that are remembered, for metrics of the past. */
const SEGMENTS_MAX = 64;

interface Segment {
  readonly from: number;
  /** `stopped`: not replicating, the metric says -1. `silent`: no metric at all. */
  readonly mode: 'replicating' | 'stopped' | 'silent';
  readonly lagMs: number;
  readonly base: number;
}

export class Replication {
  private segments: Segment[];

  constructor(lagMs: number, now: number) {
    this.segments = [{ from: Number.NEGATIVE_INFINITY, mode: 'replicating', lagMs, base: Number.NEGATIVE_INFINITY }];
    if (!Number.isFinite(lagMs) || lagMs < 0) throw new Error(`a lag is a number of milliseconds, not ${lagMs} (at ${now})`);
  }

  /** Everything committed up to then has arrived by `at`. */
  reached(at: number): number {
    return reachedIn(this.segmentAt(at), at);
  }

  mode(at: number): Segment['mode'] {
    return this.segmentAt(at).mode;
  }

  /** Lag that the metric shows at a time, milliseconds; -1 when not replicating; undefined when there is no metric. */
  metric(at: number): number | undefined {
    const segment = this.segmentAt(at);
    if (segment.mode === 'silent') return undefined;
    return segment.mode === 'stopped' ? -1 : at - reachedIn(segment, at);
  }

  /** From now on. Without `lagMs` the lag stays as it was set. */
  change(now: number, mode: Segment['mode'], lagMs?: number): void {
    const last = this.segmentAt(now);
    const next: Segment = { from: now, mode, lagMs: lagMs ?? last.lagMs, base: reachedIn(last, now) };
    const kept = this.segments.filter((segment) => segment.from < now);
    this.segments = [...kept, next].slice(-SEGMENTS_MAX);
  }

  private segmentAt(at: number): Segment {
    for (let i = this.segments.length - 1; i > 0; i--) {
      const segment = this.segments[i];
      if (segment !== undefined && segment.from <= at) return segment;
    }
    return this.segments[0] as Segment;
  }
}

function reachedIn(segment: Segment, at: number): number {
  return segment.mode === 'replicating' ? Math.max(segment.base, at - segment.lagMs) : segment.base;
}
