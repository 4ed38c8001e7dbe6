import type { Clock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { CHAIN_START, chainBreak, type Seal, seal } from './chain.ts';
import type { JournalRecord, RunEvent } from './events.ts';
import { fold, foldAll } from './fold.ts';
import { superseded, writerOf } from './lease.ts';
import type { RunState } from './state.ts';

export interface JournalStore {
  /** The records so far, in order; the last, torn by a crash in the middle of a write, is left out. */
  read(): Promise<JournalRecord[]>;
  /** Returns only once the record is durable. @throws when it is not, or when a higher term holds the application. */
  append(record: JournalRecord): Promise<void>;
  /** @throws DrError (busy) when somebody has taken over. Left out: nobody can. */
  assertHeld?(): Promise<void>;
}

/**
 * One run's journal: appends events one after another, and folds them as it goes.
 *
 * Invariants:
 * 1. A record is folded and shown only after it is durable.
 * 2. Records are written in the order of the calls of `append`.
 * 3. After a failed write nothing more is written: every later `append` fails too, so nothing more is done.
 * 4. Nothing is written behind a record of a higher term: a runner that takes a lock and stands still before it reads may find one.
 */
export class Journal {
  readonly #store: JournalStore;
  readonly #clock: Clock;
  readonly #run: string;
  readonly #term: number;
  readonly #onRecord: ((record: JournalRecord, state: RunState) => void)[];
  readonly #seal: Seal;
  #last: JournalRecord | undefined;
  #state: RunState | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  /** When it was last asked whether somebody has taken over. */
  #heldAt = 0;

  constructor(options: {
    store: JournalStore;
    clock: Clock;
    run: string;
    term: number;
    onRecord?: (record: JournalRecord, state: RunState) => void;
    /** What the store holds already, for a resume. */
    records?: readonly JournalRecord[];
    /** Default: with the hash that binds a record to all before it. */
    seal?: Seal;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#run = options.run;
    this.#term = options.term;
    this.#seal = options.seal ?? seal;
    this.#onRecord = options.onRecord === undefined ? [] : [options.onRecord];
    if (options.records !== undefined && options.records.length > 0) {
      this.#last = options.records.at(-1);
      this.#state = foldAll(options.records);
    }
  }

  /** @throws Error before the first record. */
  get state(): RunState {
    if (this.#state === undefined) throw new Error('the run has not started');
    return this.#state;
  }

  /** Calls it for each further record, once that is durable. */
  follow(listen: (record: JournalRecord, state: RunState) => void): void {
    this.#onRecord.push(listen);
  }

  /** Makes the event durable. @throws DrError when that fails; then nothing may be done on its account. */
  append(event: RunEvent): Promise<void> {
    const written = this.#tail.then(() => this.#write(event));
    this.#tail = written;
    written.catch(() => undefined);
    return written;
  }

  /** Asked by what waits, at most every LIMITS.heldMs: a runner that was superseded learns it while the state can be asked. @throws as `assertHeld` */
  async stillHeld(): Promise<void> {
    await this.#tail;
    if (this.#clock.now() - this.#heldAt >= LIMITS.heldMs) await this.assertHeld();
  }

  /** Asked right before anything is changed. @throws DrError (busy) when somebody has taken over; then nothing more is written either. */
  async assertHeld(): Promise<void> {
    this.#heldAt = this.#clock.now();
    try {
      await this.#store.assertHeld?.();
    } catch (error) {
      this.#tail = Promise.reject(error instanceof Error ? error : new Error(String(error)));
      this.#tail.catch(() => undefined);
      throw error;
    }
  }

  async #write(event: RunEvent): Promise<void> {
    const last = this.#last;
    if (last !== undefined && last.term > this.#term) throw superseded(this.#run, undefined, writerOf(last.term));
    const record = this.#seal(event, {
      seq: last === undefined ? 0 : last.seq + 1,
      run: this.#run,
      term: this.#term,
      at: Math.max(this.#clock.now(), last?.at ?? 0),
      prev: last?.hash ?? CHAIN_START,
    });
    await this.#store.append(record);
    this.#last = record;
    this.#state = fold(this.#state, record);
    for (const listen of this.#onRecord) listen(record, this.#state);
  }
}

/** Checks number, hash and chain of every record. @throws DrError naming the first bad one. */
export function verifyRecords(records: readonly JournalRecord[], where: string): void {
  let before: JournalRecord | undefined;
  for (const record of records) {
    const broken = chainBreak(record, before);
    if (broken !== undefined) throw damaged(where, (before?.seq ?? -1) + 2, broken);
    before = record;
  }
}

/** A journal that cannot be trusted. */
export class JournalDamaged extends DrError {
  /** File, or place in a bucket. */
  readonly where: string;
  /** From 1. */
  readonly line: number;
  readonly why: string;

  constructor(where: string, line: number, why: string) {
    super({
      code: 'JOURNAL_DAMAGED',
      exit: 'journal',
      title: `The journal is damaged at ${where}:${line}.`,
      detail: `Record ${line}: ${why}. Nothing was done.`,
      next: [
        'keep the file: it is evidence',
        'dr plan --region REGION    shows what is left to do, from what AWS says now',
        'dr failover --region REGION    starts a new run; steps whose end state is there are skipped',
      ],
    });
    this.where = where;
    this.line = line;
    this.why = why;
  }
}

/** The error for a journal that cannot be trusted. `line` counts from 1. */
export function damaged(where: string, line: number, why: string): JournalDamaged {
  return new JournalDamaged(where, line, why);
}
