import type { Clock } from '../base/clock.ts';
import { withSignal } from '../base/deadline.ts';
import type { AwsAnswer, AwsRequest } from './caller.ts';

/** How long one waits for others to ask, milliseconds. */
const WINDOW_MS = 100;

/** One who waits for an answer. */
export interface Waiting<I, O> {
  input: I;
  resolve: (answer: AwsAnswer<O>) => void;
  reject: (error: unknown) => void;
  gone: () => boolean;
  before?: (() => Promise<void>) | undefined;
}

/** Collects what is asked for within a moment, and while the last of it is being dealt with. */
export class Queue<I, O> {
  readonly #clock: Clock;
  readonly #work: (all: Waiting<I, O>[]) => Promise<void>;
  #waiting: Waiting<I, O>[] = [];
  #busy = false;

  constructor(clock: Clock, work: (all: Waiting<I, O>[]) => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  add(input: I, signal: AbortSignal | undefined, before?: AwsRequest['before']): Promise<AwsAnswer<O>> {
    const answer = new Promise<AwsAnswer<O>>((resolve, reject) => {
      this.#waiting.push({ input, resolve, reject, before, gone: () => signal?.aborted === true });
    });
    if (!this.#busy) void this.#run();
    return withSignal(answer, signal);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      await this.#clock.sleep(WINDOW_MS);
      // Nothing is sent for a caller that has left in the meantime.
      const all = this.#waiting.filter((one) => !one.gone());
      this.#waiting = [];
      if (all.length === 0) continue;
      await this.#work(all).catch((error: unknown) => {
        for (const { reject } of all) reject(error);
      });
    }
    this.#busy = false;
  }
}
