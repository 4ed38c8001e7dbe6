import { RUN_ID } from '../base/ids.ts';
import { acquireLease, endsTheRun, type Lease, type LeaseRequest, lockOf, type LockRecord } from './lease.ts';
import { listRunIds, LocalStore } from './local-store.ts';
import type { Guard, RunStore, StateStore } from './state-store.ts';

export class LocalState implements StateStore {
  readonly place: string;

  constructor(folder: string) {
    this.place = folder;
  }

  runs(): Promise<string[]> {
    return listRunIds(this.place);
  }

  run(run: string, guard?: Guard): RunStore {
    return new LocalStore(this.place, run, guard);
  }

  lease(request: LeaseRequest): Promise<Lease> {
    // What cannot be read may still be under way.
    const over = async (run: string): Promise<boolean> => RUN_ID.test(run) && endsTheRun(await this.run(run).last().catch(() => undefined));
    return acquireLease(this.place, request, over);
  }

  lockOf(lock: string): Promise<LockRecord | undefined> {
    return lockOf(this.place, lock);
  }
}
