import { uptime } from 'node:os';
import { steadyNow } from './steady.ts';

/** What a sleeper asks of the signal that wakes it: every `AbortSignal` is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Time as a dependency: the engine, the steps and the simulator read no other clock.
 * All times are milliseconds since the Unix epoch.
 */
export interface Clock {
  now(): number;
  /**
   * Resolves after `ms`; rejects with the signal's reason when aborted first.
   */
  sleep(ms: number, signal?: StopSignal): Promise<void>;
  /** Calls `ring` after `ms`, unless the function returned is called before: a sleep without a promise. Left out where a sleep does. */
  alarm?(ms: number, ring: () => void): () => void;
  /** All that runs on it is simulated: signals need not be Node's own; see `stop.ts`. */
  readonly plainSignals?: boolean;
}

/** The machine's own clock, as it was when the process began: nobody sets it in the middle of a run. Whole milliseconds. */
export const systemClock: Clock = {
  now: steadyNow({ wall: () => Date.now(), monotonic: () => performance.now(), uptime: () => uptime() * 1_000 }),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(asError(signal.reason));
      const onAbort = () => {
        clearTimeout(timer);
        reject(asError(signal?.reason));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** ISO 8601 in UTC with milliseconds. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
