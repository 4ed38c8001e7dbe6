import type { Clock } from './clock.ts';
import { PlainSignal, stopController } from './stop.ts';

/** Thrown when `withDeadline` runs out of time. */
export class DeadlineError extends Error {
  readonly ms: number;

  constructor(ms: number, what: string) {
    super(`${what}: no answer within ${ms} ms`);
    this.ms = ms;
    this.name = 'DeadlineError';
  }
}

/** Ends the timer of work that is done. Made once: nobody sees it, and an error's stack costs more than the call. */
const DONE = new Error('done');

function nothing(): void {
  // The timer of work that is done.
}

/**
 * Runs `work` with a signal that is aborted after `ms` of `clock`, or when `outer` is.
 * Never takes longer than `ms`, even if `work` ignores its signal.
 * @throws DeadlineError when the time is up; the outer signal's reason when that is aborted.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  what: string,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = stopController(clock);
  let over: (() => void) | undefined;
  let relay: (() => void) | undefined;
  try {
    // Ended by hand and not by listening to the signal: every call to AWS goes through here, and listeners cost more than the rest of it.
    return await new Promise<T>((resolve, reject) => {
      const end = (reason: Error): void => {
        controller.abort(reason);
        reject(reason);
      };
      over = alarm(clock, ms, () => end(new DeadlineError(ms, what)));
      if (outer !== undefined) {
        relay = () => end(outer.reason as Error);
        outer.addEventListener('abort', relay, { once: true });
      }
      work(controller.signal).then(resolve, reject);
    });
  } finally {
    over?.();
    if (relay !== undefined) outer?.removeEventListener('abort', relay);
  }
}

/** Calls `ring` after `ms` of the clock, unless the function returned is called before. */
function alarm(clock: Clock, ms: number, ring: () => void): () => void {
  if (clock.alarm !== undefined) return clock.alarm(ms, ring);
  const timer = new PlainSignal();
  clock.sleep(ms, timer).then(ring, nothing);
  return () => timer.stop(DONE);
}

/** An answer that others wait for too: an abort ends the waiting, and not the work. @throws the signal's reason */
export function withSignal<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
