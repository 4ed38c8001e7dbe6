import type { JournalRecord } from './events.ts';
import type { JournalStore } from './journal.ts';

/** A journal in memory, for simulated runs. `onAppend` may throw: a crash at that record. Once `superseded` is set, somebody has taken over. */
export class MemoryStore implements JournalStore {
  readonly records: JournalRecord[] = [];
  superseded: Error | undefined;
  readonly #onAppend: (record: JournalRecord) => void;

  constructor(onAppend: (record: JournalRecord) => void = () => undefined) {
    this.#onAppend = onAppend;
  }

  read(): Promise<JournalRecord[]> {
    return Promise.resolve([...this.records]);
  }

  assertHeld(): Promise<void> {
    return this.superseded === undefined ? Promise.resolve() : Promise.reject(this.superseded);
  }

  append(record: JournalRecord): Promise<void> {
    this.#onAppend(record);
    this.records.push(record);
    return Promise.resolve();
  }
}
