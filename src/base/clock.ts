import { uptime } from 'node:os';

/** What a sleeper asks of the signal that wakes it: every `AbortSignal` is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Time as a dependency: the engine, the steps and the simulator read no other clock. All times are milliseconds since the Unix epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted first. */
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

/*
 * A clock of the machine that nobody sets while a process runs: by NTP, by a person, by a hypervisor that moves the machine. Set forward, an outage
 * of a minute would be reported as one of an hour; set back, a decision of ten minutes ago would look young at the point of no return.
 * Where a machine has slept that is no jump: the time has passed.
 */

/** Where times are read, milliseconds. */
interface TimeSources {
  /** Since the Unix epoch, as the machine has it now. */
  readonly wall: () => number;
  /** Since some moment; nobody can set it. It may stand still while the machine sleeps. */
  readonly monotonic: () => number;
  /** Since the machine was started, the time that it slept included; to a second or so. */
  readonly uptime: () => number;
}

/** The wall clock may run this much faster or slower than the other between two looks: it is being set right bit by bit. */
const SLEW = 0.001;
/** Less is no jump. An uptime may be in whole seconds. */
const JUMP_MS = 1_500;

/** The wall clock as it was when it was first read, from then on without its jumps. */
export function steadyNow({ wall, monotonic, uptime }: TimeSources): () => number {
  let last = { wall: wall(), monotonic: monotonic(), uptime: uptime() };
  let ahead = 0;
  return () => {
    const [now, passed] = [wall(), monotonic()];
    const [went, ran] = [now - last.wall, passed - last.monotonic];
    if (Math.abs(went - ran) > JUMP_MS + ran * SLEW) {
      const up = uptime();
      // It stood still in a sleep, which the uptime counts.
      const really = Math.max(ran, up - last.uptime);
      if (Math.abs(went - really) > JUMP_MS + really * SLEW) ahead += Math.round(really - went);
      last = { wall: now, monotonic: passed, uptime: up };
    } else {
      last = { wall: now, monotonic: passed, uptime: last.uptime + ran };
    }
    return now + ahead;
  };
}
