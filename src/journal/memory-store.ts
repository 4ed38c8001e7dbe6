import type { JournalRecord } from './events.ts';
import type { JournalStore } from './journal.ts';

/** A journal in memory, for simulated runs. `onAppend` may throw: a crash at that record. */
export class MemoryStore implements JournalStore {
  readonly records: JournalRecord[] = [];
  readonly #onAppend: (record: JournalRecord) => void;

  constructor(onAppend: (record: JournalRecord) => void = () => undefined) {
    this.#onAppend = onAppend;
  }

  read(): Promise<JournalRecord[]> {
    return Promise.resolve([...this.records]);
  }

  append(record: JournalRecord): Promise<void> {
    this.#onAppend(record);
    this.records.push(record);
    return Promise.resolve();
  }
}
