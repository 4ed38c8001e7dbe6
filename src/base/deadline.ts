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
  const timer = new PlainSignal();
  let relay: (() => void) | undefined;
  try {
    // Ended by hand and not by listening to the signal: every call to AWS goes through here, and listeners cost more than the rest of it.
    return await new Promise<T>((resolve, reject) => {
      const end = (reason: Error): void => {
        controller.abort(reason);
        reject(reason);
      };
      clock.sleep(ms, timer).then(() => end(new DeadlineError(ms, what)), nothing);
      if (outer !== undefined) {
        relay = () => end(outer.reason as Error);
        outer.addEventListener('abort', relay, { once: true });
      }
      work(controller.signal).then(resolve, reject);
    });
  } finally {
    timer.stop(DONE);
    if (relay !== undefined) outer?.removeEventListener('abort', relay);
  }
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
