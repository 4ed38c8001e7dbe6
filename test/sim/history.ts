import { iso } from '../../src/base/clock.ts';

/** What happened, in order: calls, records, faults, and what the watch found broken. Text is made only when it is read. */
export interface Entry {
  at: number;
  actor: string;
  text: () => string;
}

export interface Broken {
  /** Number of the invariant, as in docs/simulation.md. */
  invariant: number;
  at: number;
  why: string;
}

export class History {
  readonly entries: Entry[] = [];
  readonly broken: Broken[] = [];
  /** Known, and named in docs/simulation.md: what the tool does not hold yet, or cannot. */
  readonly gaps = new Set<string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(actor: string, text: () => string): void {
    this.entries.push({ at: this.#now(), actor, text });
  }

  /** The first time is noted; what stays broken is no news. */
  violate(invariant: number, why: string): void {
    if (this.broken.some((b) => b.invariant === invariant && b.why === why)) return;
    this.broken.push({ invariant, at: this.#now(), why });
    this.note('WATCH', () => `INVARIANT ${invariant} BROKEN: ${why}`);
  }

  gap(what: string): void {
    if (this.gaps.has(what)) return;
    this.gaps.add(what);
    this.note('watch', () => `known gap: ${what}`);
  }

  /** The whole story, one line an entry. */
  lines(): string[] {
    return this.entries.map(({ at, actor, text }) => `${iso(at).slice(11, 23)}  ${actor.padEnd(12)} ${text()}`);
  }
}
