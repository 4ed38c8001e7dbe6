import { DrError } from '../../../src/base/errors.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { JournalRecord } from '../../../src/journal/events.ts';
import { Journal } from '../../../src/journal/journal.ts';
import type { StateStore } from '../../../src/journal/state-store.ts';
import { OPERATOR, planStep, planWith, RUN, started, T0 } from '../fixture.ts';
import { operation } from './schedule.ts';

/*
 * What a runner does, with the real lease, stores and journal: it takes the lock, reads, writes the intent, asks once more, changes
 * something, and writes that it did. And what must hold, however the operations of several runners are mixed.
 */

const BEGINNING = started({ plan: planWith([planStep('one')], { probes: [] }) });

interface Written {
  record: JournalRecord;
  /** Terms that were given when it counted as written. */
  highest: number;
}

/** What runners were given, and what they did. */
export class Witness {
  /** Terms that were given, in order. */
  readonly given: number[] = [];
  readonly written: Written[] = [];
  /** By runner: the highest term given when it last asked whether it still holds. */
  readonly asked = new Map<string, number>();
  readonly broken: string[] = [];

  get highest(): number {
    return Math.max(0, ...this.given);
  }

  key(): string {
    return JSON.stringify([this.given, this.written.map(({ record, highest }) => [record.hash, highest]), [...this.asked]]);
  }

  gave(term: number): void {
    if (this.given.includes(term)) this.broken.push(`the term ${term} was given twice`);
    this.given.push(term);
  }

  /** Somebody was given that they still hold the lock. */
  holds(name: string, term: number): void {
    if (this.highest > term) this.broken.push(`${name} was given to hold term ${term} after term ${this.highest} was given`);
  }

  /** @param excused The bucket was silent to this runner: it cannot know, and continues. */
  acts(name: string, term: number, excused: boolean): void {
    const asked = this.asked.get(name) ?? 0;
    if (asked > term && !excused) this.broken.push(`${name} changed something with term ${term}, though it asked after term ${asked} was given`);
  }

  /** @throws Error where a record is missing that counted before any higher term was given */
  mustBeIn(records: readonly JournalRecord[]): void {
    const there = new Set(records.map(({ hash }) => hash));
    for (const { record, highest } of this.written) {
      if (record.term >= highest && !there.has(record.hash)) throw new Error(`record ${record.seq} of term ${record.term} counted as written and is not in the journal`);
    }
  }
}

export interface Part {
  name: string;
  state: StateStore;
  clock: Clock;
  witness: Witness;
  /** Takes the lock from the run that holds it. */
  force: boolean;
  /** How many changes it makes. */
  changes: number;
  /** Asked at an act: this runner could not ask. */
  excused: () => boolean;
}

/** From the lock to the end of a run, as `dr failover`, `dr resume` and `dr takeover` do it. */
export async function playRun(part: Part): Promise<void> {
  const { name, state, witness, clock } = part;
  let n = 0;
  const ids = { hex: (bytes: number) => `${name.charCodeAt(0).toString(16)}${(n++).toString(16)}`.padEnd(bytes * 2, '0') };
  try {
    const before = part.force ? await state.run(RUN).last() : undefined;
    if (part.force && before === undefined) return;
    const lease = await state.lease({ lock: 'shop', run: RUN, operator: { ...OPERATOR, user: name }, now: T0, ids, above: before?.term ?? 0, force: part.force });
    witness.gave(lease.term);
    const ask = async (): Promise<void> => {
      witness.asked.set(name, witness.highest);
      await lease.assertHeld();
      witness.holds(name, lease.term);
    };
    const store = state.run(RUN, ask);
    const records = part.force ? await store.read() : [];
    const journal = new Journal({ store, clock, run: RUN, term: lease.term, records, onRecord: (record) => witness.written.push({ record, highest: witness.highest }) });
    try {
      await journal.append(records.length === 0 ? BEGINNING : { type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } });
      for (let attempt = 1; attempt <= part.changes; attempt++) {
        await journal.append({ type: 'step.intent', step: 'one', attempt, because: name });
        await journal.assertHeld();
        await operation('changes something', () => witness.acts(name, lease.term, part.excused()));
      }
    } finally {
      await store.close();
    }
    await lease.release();
  } catch (error) {
    // Anyone who was superseded, or cannot reach the state, stops: that is how it should be.
    const known = error instanceof DrError || (error instanceof Error && error.name === 'AwsError');
    if (!known || (error instanceof DrError && error.exit === 'journal')) witness.broken.push(`${name}: ${String(error)}`);
  }
}
