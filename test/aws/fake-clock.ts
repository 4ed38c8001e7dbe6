import type { Clock } from '../../src/base/clock.ts';

interface Sleeper {
  at: number;
  wake: () => void;
}

/** Time continues only in `advance`, from sleeper to sleeper. */
export class FakeClock implements Clock {
  private time = 0;
  private sleepers: Sleeper[] = [];

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper: Sleeper = { at: this.time + ms, wake: resolve };
      const abort = () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.sleepers.push(sleeper);
    });
  }

  /** How many sleep now. */
  get waiting(): number {
    return this.sleepers.length;
  }

  /** Wakes one sleeper after the other until `work` is done; its outcome. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const outcome = work.finally(() => (state.done = true));
    outcome.catch(() => undefined);
    for (;;) {
      await settle();
      if (state.done) return outcome;
      const next = this.sleepers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) throw new Error('nobody sleeps, and the work is not done');
      this.sleepers = this.sleepers.filter((sleeper) => sleeper !== next);
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
  }
}

/** Lets every promise that can continue do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
