import { AwsError, NO_ANSWER } from '../aws/errors.ts';
import type { Clock } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import type { JournalRecord } from './events.ts';
import { isSuperseded, type Lease, type LeaseRequest, type LockRecord } from './lease.ts';
import type { LocalState } from './local-state.ts';
import type { S3Run, S3State } from './s3-state.ts';
import type { Guard, RunStore, StateStore } from './state-store.ts';

/*
 * State in a bucket, with a copy on this machine.
 *
 * Invariants:
 * 1. A record is durable on this machine before it goes to the bucket; it counts as written then.
 * 2. A bucket that goes away in the middle stops nothing, whether it is silent or says no: what is missing there is sent, in order, when
 *    it is back. A no at the start refuses the run.
 * 3. A bucket that holds another record under the same number means that somebody has taken over: this runner stops.
 *    What was refused, and what it did not send any more, is kept beside the journal: the copy stays the beginning of what
 *    the bucket has.
 * 4. A run begins only with the bucket there: without it nobody could know that the application is held.
 */
export class MirroredState implements StateStore {
  readonly place: string;
  readonly #local: LocalState;
  readonly #remote: S3State;
  readonly #clock: Clock;

  constructor(local: LocalState, remote: S3State, clock: Clock) {
    this.place = remote.place;
    this.#local = local;
    this.#remote = remote;
    this.#clock = clock;
  }

  runs(): Promise<string[]> {
    return this.#remote.runs();
  }

  run(run: string, guard: Guard = () => Promise.resolve(), say: (text: string) => void = () => undefined): RunStore {
    return new MirroredRun({ run, local: this.#local.run(run), remote: this.#remote.run(run), guard, clock: this.#clock, say });
  }

  lease(request: LeaseRequest): Promise<Lease> {
    return this.#remote.lease(request);
  }

  lockOf(lock: string): Promise<LockRecord | undefined> {
    return this.#remote.lockOf(lock);
  }
}

/** Between two tries to reach a bucket that has gone away. */
const RETRY_MS = 5_000;

interface MirrorParts {
  run: string;
  local: RunStore;
  remote: S3Run;
  guard: Guard;
  clock: Clock;
  say: (text: string) => void;
}

class MirroredRun implements RunStore {
  readonly folder: string;
  readonly #parts: MirrorParts;
  readonly #local: RunStore;
  readonly #remote: S3Run;
  readonly #clock: Clock;
  /** On this machine, and not yet in the bucket. */
  #missing: JournalRecord[] = [];
  /** Since when the bucket does not take records, and what it answered. */
  #away: { since: number; why: string } | undefined;
  /** The lock is not asked for before then: the bucket did not answer. */
  #silentUntil = 0;
  #begun = false;
  /** The report is only on this machine. */
  #reportUnsent = false;
  /** Somebody has taken over: nothing more is sent. */
  #lost = false;

  constructor(parts: MirrorParts) {
    this.folder = parts.local.folder;
    this.#parts = parts;
    this.#local = parts.local;
    this.#remote = parts.remote;
    this.#clock = parts.clock;
  }

  async read(): Promise<JournalRecord[]> {
    const here = await this.#local.read();
    // The runner that writes has all of it here.
    if (this.#begun) return here;
    const there = await this.#remote.read().catch((error: unknown) => {
      if (isSilent(error) && here.length > 0) return undefined;
      throw error;
    });
    if (there === undefined) return here;
    const parting = here.findIndex((record, i) => there[i] !== undefined && there[i].hash !== record.hash);
    if (parting >= 0) throw diverged(this.folder, this.#remote.place, parting + 1);
    this.#missing = here.slice(there.length);
    return here.length >= there.length ? here : there;
  }

  async append(record: JournalRecord): Promise<void> {
    if (!this.#begun) await this.#catchUp(record);
    // Before a mutation the lock is asked for; any other record is fenced by its own number.
    if (record.type === 'step.intent' || record.type === 'undo.intent') await this.assertHeld();
    await this.#local.append(record);
    this.#missing.push(record);
    if (this.#away !== undefined && this.#clock.now() - this.#away.since < RETRY_MS) return;
    await this.#send();
  }

  async assertHeld(): Promise<void> {
    if (this.#clock.now() < this.#silentUntil) return;
    try {
      await this.#parts.guard(true);
    } catch (error) {
      // A bucket that is away lets nobody take over. A runner that alone is cut off from it continues: a failover must not end with its state.
      if (!(this.#begun ? error instanceof AwsError : isSilent(error))) {
        this.#lost ||= isSuperseded(error);
        throw error;
      }
      this.#silentUntil = this.#clock.now() + RETRY_MS;
    }
  }

  first(): Promise<JournalRecord | undefined> {
    return this.#remote.first();
  }

  last(): Promise<JournalRecord | undefined> {
    return this.#remote.last();
  }

  addApproval(name: string, text: string): Promise<void> {
    return this.#remote.addApproval(name, text);
  }

  /** Those of the bucket: while it is away nobody knows whether one was taken back. */
  approvals(): Promise<readonly string[]> {
    return this.#remote.approvals();
  }

  async publish(name: string, text: string): Promise<string | undefined> {
    try {
      return await this.#remote.save(name, text);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      this.#reportUnsent = true;
      return undefined;
    }
  }

  async close(): Promise<string | undefined> {
    if (this.#lost) await this.#setAside();
    await this.#send();
    await this.#local.close();
    const { run } = this.#parts;
    const lines = [
      ...(this.#away === undefined ? [] : [`${this.#missing.length} records are only in ${this.folder} (${this.#remote.place}: ${this.#away.why}). Send them from this machine: dr resume ${run}`]),
      ...(this.#reportUnsent ? [`the report is only in ${this.folder}. Send it from this machine: dr report ${run}`] : []),
    ];
    return lines.length === 0 ? undefined : lines.join('; ');
  }

  async sendRest(): Promise<number> {
    const before = this.#missing.length;
    await this.#send();
    return before - this.#missing.length;
  }

  /** On another machine the copy here is behind: it is brought up to what the bucket has. */
  async #catchUp(next: JournalRecord): Promise<void> {
    const here = await this.#local.read();
    if (next.seq > here.length) for (const record of (await this.#remote.read()).slice(here.length)) await this.#local.append(record);
    this.#begun = true;
  }

  /** What the bucket refused, or is not to be sent any more, goes out of the copy and stays on this machine. */
  async #setAside(): Promise<void> {
    this.#away = undefined;
    await this.#local.setAside?.(this.#missing.splice(0));
  }

  async #send(): Promise<void> {
    try {
      for (let record = this.#missing[0]; record !== undefined; record = this.#missing[0]) {
        await this.#remote.append(record);
        this.#missing.shift();
      }
      if (this.#away !== undefined) this.#parts.say(`${this.#remote.place} answers again: it has every record now.`);
      this.#away = undefined;
    } catch (error) {
      const beginning = this.#missing[0]?.type === 'run.started';
      if (isSuperseded(error)) await this.#setAside();
      if (!(error instanceof AwsError) || beginning) throw error;
      const why = error.code === NO_ANSWER ? 'no answer' : error.code;
      if (this.#away === undefined) this.#parts.say(`Warning: ${this.#remote.place} takes no records (${why}). The run continues; its journal is in ${this.folder}.`);
      this.#away = { since: this.#clock.now(), why };
    }
  }
}

/** The bucket gives no usable answer; anything that it says clearly is not this. */
function isSilent(error: unknown): boolean {
  return error instanceof AwsError && error.kind !== 'terminal';
}

function diverged(folder: string, place: string, record: number): DrError {
  return new DrError({
    code: 'JOURNAL_DIVERGED',
    exit: 'journal',
    title: `The copy of the journal in ${folder} is another than the one in ${place}.`,
    detail: `They part at record ${record}: two runners wrote on. Nothing was done.`,
    next: ['keep both: they are evidence', 'rename the folder here, then: dr resume    continues from the bucket'],
  });
}
