import { messageOf } from '../base/errors.ts';
import { withEnd } from '../base/with-end.ts';
import type { Lease } from '../journal/lease.ts';
import type { RunStore } from '../journal/state-store.ts';
import type { RunResult } from './run-to-the-end.ts';

/** Does the work of a run, then closes its journal and gives its locks back. If that fails, the result has a warning line. */
export function thenGiveBack(store: RunStore, lease: Lease, work: () => Promise<RunResult>): Promise<RunResult> {
  const giveBack = async (): Promise<void> => {
    const closed = await store.close().then(() => undefined, (error: unknown) => ({ error }));
    await lease.release();
    if (closed !== undefined) throw closed.error;
  };
  return withEnd(work, giveBack, (error, result) => ({ ...result, summary: [...result.summary, notGivenBack(error, result.state.run)] }));
}

function notGivenBack(error: unknown, run: string): string {
  return `Warning: the lock of run ${run} could not be given back: ${messageOf(error)}. If another run finds it held: dr takeover ${run}`;
}
