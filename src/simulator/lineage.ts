import type { Commits } from './commits.ts';
import { rekey } from './database-driver.ts';

/** Commits of one writer, and how many of them an instance holds. */
export interface LedgerEntry {
  /** `region/id#n` of the instance that acknowledged them, as it was called when it was made. */
  origin: string;
  acknowledged: number;
  held: number;
}

/**
 * What every instance holds of what every writer ever acknowledged, across promotions, restores and new names: so that a
 * row that is lost anywhere on the way is counted.
 */
export class Lineage {
  private readonly origins: { name: string; commits: Commits }[] = [];
  private readonly own = new Map<string, Commits>();
  private readonly inherited = new Map<string, { commits: Commits; upTo: number }[]>();

  born(key: string, commits: Commits): void {
    this.own.set(key, commits);
    this.inherited.delete(key);
    this.origins.push({ name: `${key}#${this.origins.length + 1}`, commits });
  }

  /** From now on an instance writes for itself, upon what its source held up to a time. */
  inherit(key: string, source: string, upTo: number): void {
    const before = (this.inherited.get(source) ?? []).map((part) => ({ ...part, upTo: Math.min(part.upTo, upTo) }));
    const commits = this.own.get(source);
    this.inherited.set(key, commits === undefined ? before : [...before, { commits, upTo }]);
  }

  rename(from: string, to: string): void {
    rekey(this.own, from, to);
    rekey(this.inherited, from, to);
  }

  ledger(key: string, now: number): LedgerEntry[] {
    return this.origins.map(({ name, commits }) => {
      const part = this.inherited.get(key)?.find((p) => p.commits === commits);
      const upTo = this.own.get(key) === commits ? now : (part?.upTo ?? Number.NEGATIVE_INFINITY);
      return { origin: name, acknowledged: commits.between(Number.NEGATIVE_INFINITY, now), held: commits.between(Number.NEGATIVE_INFINITY, upTo) };
    });
  }
}
