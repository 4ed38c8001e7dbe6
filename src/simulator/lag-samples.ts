import type { Core } from './core.ts';
import { refKey, type DbRef } from './database-driver.ts';

/** Samples kept for each replica: 3 h of a 60 s metric, 3 min of a 1 s one. */
const SAMPLES_MAX = 180;

/** Lag as the database driver measured it, once a period. Empty without a driver: then the model computes it. */
export class LagSamples {
  private readonly core: Core;
  private readonly byKey = new Map<string, { at: number; lagMs: number }[]>();

  constructor(core: Core) {
    this.core = core;
  }

  /** Begins to sample, as long as there is a driver; only while `live`. */
  follow(ref: DbRef, live: (at: number) => boolean): void {
    const { driver } = this.core;
    if (driver === undefined) return;
    const samples: { at: number; lagMs: number }[] = [];
    this.byKey.set(refKey(ref), samples);
    const period = this.core.timings.metricPeriodMs;
    const sample = (due: number): void => {
      // Renamed, or another instance of that name: this one is followed no more.
      if (this.byKey.get(refKey(ref)) !== samples) return;
      const lagMs = live(due) ? driver.lagMs(ref) : undefined;
      // Measured now and stamped with the time it was due: late is older, never younger.
      if (lagMs !== undefined) samples.push({ at: due, lagMs });
      if (samples.length > SAMPLES_MAX) samples.shift();
      const now = Math.max(due, this.core.clock.now());
      this.core.agenda.at((Math.floor(now / period) + 1) * period, sample);
    };
    this.core.agenda.at(Math.floor(this.core.clock.now() / period) * period, sample);
  }

  /** Metrics belong to a name: under the new one there are none yet. */
  forget(ref: DbRef): void {
    this.byKey.delete(refKey(ref));
  }

  /** Oldest first; undefined when there is no driver. */
  of(ref: DbRef): readonly { at: number; lagMs: number }[] | undefined {
    return this.byKey.get(refKey(ref));
  }
}
