import type { AwsCaller } from '../../src/aws/caller.ts';
import type { Clock } from '../../src/base/clock.ts';
import { DrError } from '../../src/base/errors.ts';
import type { Ids } from '../../src/base/ids.ts';
import type { JournalRecord, Operator } from '../../src/journal/events.ts';
import type { JournalStore } from '../../src/journal/journal.ts';
import type { LocalState } from '../../src/journal/local-state.ts';
import { MirroredState } from '../../src/journal/mirrored-state.ts';
import { S3State } from '../../src/journal/s3-state.ts';
import type { RunStore, StateStore } from '../../src/journal/state-store.ts';
import { givesWay } from '../../src/app/locks.ts';
import { preempts } from '../../src/model/verb.ts';
import { forState, type Process } from './process.ts';
import { BUCKET } from './shapes.ts';

/*
 * Where journal and lock lie: a folder that never fails, which all share, or a bucket of the simulated world through
 * the tool's own code, with a copy on each machine.
 */

export interface Asked {
  run: string;
  process: Process;
  operator: Operator;
  clock: Clock;
  ids: Ids;
  /** AWS as this process reaches it. */
  aws: AwsCaller;
  /** Takes it from the run that holds it. */
  force: boolean;
}

/** A run that a process may write on. */
export interface Held {
  term: number;
  store: JournalStore;
  records: JournalRecord[];
  /** Signed approvals that were put into the run's state, unread. */
  approvals(): Promise<readonly string[]>;
  /** What earlier runs of the same state did, as far as this process can read it. */
  state: StateStore;
  release(): Promise<void>;
}

export interface Desk {
  /** @throws DrError (busy); AwsError when it does not answer. */
  take(asked: Asked): Promise<Held>;
  /** Everything that is written of a run, wherever it lies. */
  all(run: string): readonly JournalRecord[];
  /** What the machine at which somebody works has of a run. */
  at(host: string, run: string): readonly JournalRecord[];
  /** Somebody on another machine puts a file beside the journal. @throws AwsError when it is not taken. */
  addApproval(run: string, name: string, text: string): Promise<void>;
  /** A person moves the copy of a machine away that has parted from the bucket. */
  forget(host: string, run: string): void;
}

const LOCK = 'shop';

/** A record of a lower term than the application's is refused, at once. `noLock`: by nobody. */
export class SharedFolder implements Desk {
  readonly #records = new Map<string, JournalRecord[]>();
  readonly #approvals = new Map<string, string[]>();
  readonly #noLock: boolean;
  readonly #sameTerm: boolean;
  #term = 0;
  #holder: Process | undefined;

  constructor(noLock: boolean, sameTerm = false) {
    this.#sameTerm = sameTerm;
    this.#noLock = noLock;
  }

  take({ run, process, force }: Asked): Promise<Held> {
    if (this.#holder !== undefined && !this.#holder.dead && !force && !preempts(process.verb, this.#holder.verb)) return Promise.reject(busy());
    if (!this.#sameTerm || this.#term === 0) this.#term += 1;
    this.#holder = process;
    const term = this.#term;
    const records = this.#records.get(run) ?? [];
    this.#records.set(run, records);
    const assertHeld = (): void => {
      if (term < this.#term && !this.#noLock) throw new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'superseded', next: [] });
    };
    const append = (record: JournalRecord): void => {
      assertHeld();
      records.push(record);
    };
    const store: JournalStore = { read: () => Promise.resolve([...records]), append: (record) => Promise.resolve().then(() => append(record)), assertHeld: () => Promise.resolve().then(assertHeld) };
    const release = (): Promise<void> => {
      if (this.#holder === process) this.#holder = undefined;
      return Promise.resolve();
    };
    const approvals = () => Promise.resolve([...(this.#approvals.get(run) ?? [])]);
    return Promise.resolve({ term, store, records: [...records], approvals, state: this.#state(), release });
  }

  all(run: string): readonly JournalRecord[] {
    return this.#records.get(run) ?? [];
  }

  at(_host: string, run: string): readonly JournalRecord[] {
    return this.all(run);
  }

  addApproval(run: string, _name: string, text: string): Promise<void> {
    this.#approvals.set(run, [...(this.#approvals.get(run) ?? []), text]);
    return Promise.resolve();
  }

  #state(): StateStore {
    const run = (id: string) => ({ first: () => Promise.resolve(this.all(id)[0]), last: () => Promise.resolve(this.all(id).at(-1)), read: () => Promise.resolve([...this.all(id)]) });
    return { place: 'folder', runs: () => Promise.resolve([...this.#records.keys()]), run } as unknown as StateStore;
  }

  forget(): void {
    // There is one folder, and nothing in it that was refused.
  }
}

/** The tool's own state in S3. The copy of each machine is kept in memory. */
export class Bucket implements Desk {
  readonly #world: AwsCaller;
  readonly #copies = new Map<string, JournalRecord[]>();
  #holder: Process | undefined;

  /** `world`: AWS as a machine reaches it that does nothing else. */
  constructor(world: AwsCaller) {
    this.#world = world;
  }

  async take({ run, process, operator, clock, ids, aws, force }: Asked): Promise<Held> {
    const copies = { run: (id: string) => this.#copy(process, id) } as unknown as LocalState;
    const state = new MirroredState(copies, new S3State(forState(aws), BUCKET), clock);
    const known = (await state.runs()).includes(run);
    const above = known ? ((await state.run(run).read()).at(-1)?.term ?? 0) : 0;
    // The tool sees by itself that a process of its own machine is gone.
    const gone = this.#holder !== undefined && this.#holder.dead && this.#holder.host === process.host;
    const lease = await state.lease({ lock: LOCK, run, operator, now: clock.now(), ids, above, force: (holder) => force || gone || givesWay(process.verb, holder) });
    this.#holder = process;
    const store = state.run(run, () => lease.assertHeld());
    const records = known ? await store.read() : [];
    const release = async (): Promise<void> => {
      await store.close();
      await lease.release();
    };
    return { term: lease.term, store, records, approvals: () => store.approvals(), state, release };
  }

  /** What the machines have is not less than what the bucket has. */
  all(run: string): readonly JournalRecord[] {
    const copies = [...this.#copies].filter(([key]) => key.endsWith(`/${run}`)).map(([, records]) => records);
    return copies.sort((a, b) => b.length - a.length)[0] ?? [];
  }

  at(host: string, run: string): readonly JournalRecord[] {
    return this.#copies.get(`${host}/${run}`) ?? [];
  }

  addApproval(run: string, name: string, text: string): Promise<void> {
    return new S3State(this.#world, BUCKET).run(run).addApproval(name, text);
  }

  forget(host: string, run: string): void {
    this.#copies.delete(`${host}/${run}`);
  }

  #copy(process: Process, run: string): Partial<RunStore> {
    const key = `${process.host}/${run}`;
    const records = this.#copies.get(key) ?? [];
    this.#copies.set(key, records);
    return {
      folder: key,
      read: () => Promise.resolve([...records]),
      approvals: () => Promise.resolve([]),
      append: (record) => {
        records.push(record);
        return Promise.resolve();
      },
      setAside: ([first]) => Promise.resolve(void records.splice(first?.seq ?? records.length)),
      publish: () => Promise.resolve(undefined),
      close: () => Promise.resolve(undefined),
    };
  }
}

function busy(): DrError {
  return new DrError({ code: 'RUN_IN_PROGRESS', exit: 'busy', title: 'Another run holds shop.', next: [] });
}
