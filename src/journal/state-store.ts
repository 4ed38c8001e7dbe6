import type { JournalRecord } from './events.ts';
import type { JournalStore } from './journal.ts';
import type { Lease, LeaseRequest, LockRecord } from './lease.ts';

/** Where one run's records and reports lie. */
export interface RunStore extends JournalStore {
  /** On this machine: the journal, or a copy of it, and the reports. */
  readonly folder: string;
  /** Keeps a report where others find it too. Returns where; undefined when `folder` is that place. */
  publish(name: string, text: string): Promise<string | undefined>;
  /** The first record. What stands behind it is not looked at. @throws when it cannot be read. */
  first(): Promise<JournalRecord | undefined>;
  /** The last record; undefined of a run without one. What stands before it is not looked at. @throws when it cannot be read. */
  last(): Promise<JournalRecord | undefined>;
  /** Keeps a signed approval; one that is there already stays as it is. @throws where others could not find it. */
  addApproval(name: string, text: string): Promise<void>;
  /** Every approval that was kept, unread. */
  approvals(): Promise<readonly string[]>;
  /** Of a copy: moves these last records of their terms out of the journal, into a file beside it. */
  setAside?(records: readonly JournalRecord[]): Promise<void>;
  /** After `read`: sends the records that are only on this machine. Returns how many. */
  sendRest?(): Promise<number>;
  /** Writes what is still to be written. Returns what could not be, in words. */
  close(): Promise<string | undefined>;
}

/** Throws when this runner has been superseded. `all`: of anything that its run holds, as before a change; otherwise of its application, whose journal it writes. */
export type Guard = (all: boolean) => Promise<void>;

/** Where runs, locks and reports lie: a folder, or a bucket of the recovery region. */
export interface StateStore {
  /** As `--state` names it. */
  readonly place: string;
  /** Names of the runs, oldest first. */
  runs(): Promise<string[]>;
  /**
   * @param guard is asked before each write, and for all before a change or an end is recorded
   * @param say is called, for the person who watches, when the bucket goes away and when it is back
   */
  run(run: string, guard?: Guard, say?: (text: string) => void): RunStore;
  /** Takes the lock of an application. @throws DrError (busy) that says who holds it. */
  lease(request: LeaseRequest): Promise<Lease>;
  lockOf(lock: string): Promise<LockRecord | undefined>;
}
