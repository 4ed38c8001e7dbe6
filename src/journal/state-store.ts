import type { Ids } from '../base/ids.ts';
import type { Operator } from './events.ts';
import type { JournalStore } from './journal.ts';
import type { Lease, LockRecord } from './lease.ts';

/** Where one run's records and reports lie. */
export interface RunStore extends JournalStore {
  /** A folder, or `s3://bucket/prefix/runs/RUN`. */
  readonly place: string;
  /** Keeps a file beside the journal. Returns where. */
  save(name: string, content: string): Promise<string>;
  /** Writes what is still to be written. */
  close(): Promise<void>;
}

/** Where runs, locks and reports lie: a folder, or a bucket of the recovery region. */
export interface StateStore {
  /** As `--state` names it. */
  readonly place: string;
  /** Names of the runs, oldest first. */
  runs(): Promise<string[]>;
  /** `guard` is asked before each write; it throws when this runner has been superseded. */
  run(run: string, guard?: () => Promise<void>): RunStore;
  /** Takes the lock of an application. @throws DrError (busy) that says who holds it. */
  lease(runbook: string, run: string, operator: Operator, now: number, ids: Ids): Promise<Lease>;
  lockOf(runbook: string): Promise<LockRecord | undefined>;
}
