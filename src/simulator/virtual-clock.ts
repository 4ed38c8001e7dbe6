/**
 * Simulated time.
 * 1. Time moves only inside `run`, and only when nothing else can: all microtasks, immediates and file operations of the
 *    process have ended.
 * 2. It jumps to the earliest sleeper. Sleepers wake one by one, the earliest first, then in the order in which they went
 *    to sleep; what one of them sets off ends before the next wakes.
 * 3. Work that is pending with no sleeper is a deadlock, and is reported as one.
 * A clock whose work touches no file (`files: false`) does not ask for file operations: the question costs more than most of what it waits for.
 * Nothing of Node hears the signals of such work either: they are plain ones.
 * What else real time brings (sockets, real timers, import() of modules, chains of process.nextTick as in streams) is not waited for: do it
 * before `run`.
 */
import type { Clock, StopSignal } from '../base/clock.ts';
import { DueHeap } from './heap.ts';

interface Sleeper {
  readonly due: number;
  readonly seq: number;
  wake: (() => void) | undefined;
}

/** Turns of the event loop without any sleeper before pending work is called a deadlock. */
const IDLE_TURNS = 20_000;
const COMPACT_ABOVE = 256;
/** Sleepers that wake in one turn of the event loop: a turn costs more than most of what they do, and the process must hear its signals. */
const WOKEN_A_TURN = 32;

export class VirtualClock implements Clock {
  private time: number;
  private readonly sleepers = new DueHeap<Sleeper>();
  private cancelled = 0;
  private seq = 0;
  private readonly pending = new Set<(error: Error) => void>();
  private driving = false;
  private readonly files: boolean;
  readonly plainSignals: boolean;

  /** Begins at a time in milliseconds since the epoch. */
  constructor(startAt: number = Date.UTC(2026, 10, 20, 10, 0, 0), { files = true }: { files?: boolean } = {}) {
    this.time = startAt;
    this.files = files;
    this.plainSignals = !files;
  }

  now(): number {
    return this.time;
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.sleepers.size - this.cancelled;
  }

  sleep(ms: number, signal?: StopSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(asError(signal.reason));
      const onAbort = (): void => {
        sleeper.wake = undefined;
        this.cancelled += 1;
        reject(asError(signal?.reason));
      };
      const sleeper: Sleeper = {
        due: this.time + (ms > 0 ? ms : 0),
        seq: this.seq++,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.add(sleeper);
    });
  }

  alarm(ms: number, ring: () => void): () => void {
    const sleeper: Sleeper = { due: this.time + (ms > 0 ? ms : 0), seq: this.seq++, wake: ring };
    this.add(sleeper);
    return () => {
      if (sleeper.wake === undefined) return;
      sleeper.wake = undefined;
      this.cancelled += 1;
    };
  }

  private add(sleeper: Sleeper): void {
    if (this.cancelled > COMPACT_ABOVE && this.cancelled > this.sleepers.size / 2) this.compact();
    this.sleepers.push(sleeper);
  }

  /**
   * Runs `work` in simulated time until it settles. Calls may overlap: they share the time.
   * @throws Error when the work waits for something that no passing of time can bring.
   */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.pending.delete(reject);
        settle();
      };
      this.pending.add(reject);
      work().then(
        (value) => end(() => resolve(value)),
        (error: unknown) => end(() => reject(asError(error))),
      );
      if (!this.driving) void this.drive();
    });
  }

  private async drive(): Promise<void> {
    this.driving = true;
    let idle = 0;
    let woken = 0;
    while (this.pending.size > 0) {
      await (idle === 0 && woken % WOKEN_A_TURN !== 0 ? microtasksEnded() : turn());
      if ((this.files || idle > 0) && processBusy()) {
        await turn();
        idle = 0;
        continue;
      }
      if (this.pending.size === 0) break;
      if (this.wakeNext()) {
        idle = 0;
        woken += 1;
      } else if (++idle > IDLE_TURNS) this.deadlock();
    }
    this.driving = false;
  }

  private wakeNext(): boolean {
    for (let next = this.sleepers.pop(); next !== undefined; next = this.sleepers.pop()) {
      if (next.wake === undefined) {
        this.cancelled -= 1;
        continue;
      }
      if (next.due > this.time) this.time = next.due;
      const { wake } = next;
      next.wake = undefined;
      wake();
      return true;
    }
    return false;
  }

  private deadlock(): void {
    const error = new Error(
      `deadlock at ${new Date(this.time).toISOString()}: work is pending and nobody sleeps, so that no passing of time can end it`,
    );
    for (const reject of this.pending) reject(error);
    this.pending.clear();
  }

  private compact(): void {
    this.sleepers.keep((sleeper) => sleeper.wake !== undefined);
    this.cancelled = 0;
  }
}

/** Turns that clocks of this process are waiting for: they are not work. */
let turnsPending = 0;

/** Ticks run when no microtask is left. */
function microtasksEnded(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function turn(): Promise<void> {
  turnsPending += 1;
  return new Promise((resolve) =>
    setImmediate(() => {
      turnsPending -= 1;
      resolve();
    }),
  );
}

/** Something in the process will continue without any passing of simulated time. */
function processBusy(): boolean {
  let immediates = -turnsPending;
  for (const name of process.getActiveResourcesInfo()) {
    if (name.startsWith('FSReq') || name === 'CloseReq') return true;
    if (name === 'Immediate') immediates += 1;
  }
  return immediates > 0;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
