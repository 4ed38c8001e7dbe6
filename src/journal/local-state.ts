import { acquireLease, type Lease, lockOf, type LockRecord } from './lease.ts';
import { listRunIds, LocalStore } from './local-store.ts';
import type { LeaseRequest, RunStore, StateStore } from './state-store.ts';

/** State in a folder of this machine. */
export class LocalState implements StateStore {
  readonly place: string;

  constructor(folder: string) {
    this.place = folder;
  }

  runs(): Promise<string[]> {
    return listRunIds(this.place);
  }

  run(run: string, guard?: () => Promise<void>): RunStore {
    return new LocalStore(this.place, run, guard);
  }

  lease({ lock, run, operator, now, ids, above, force }: LeaseRequest): Promise<Lease> {
    return acquireLease(this.place, lock, run, operator, now, ids, above, force);
  }

  lockOf(lock: string): Promise<LockRecord | undefined> {
    return lockOf(this.place, lock);
  }
}
