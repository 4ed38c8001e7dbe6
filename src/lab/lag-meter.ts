import { setTimeout as sleep } from 'node:timers/promises';
import type { LabServer } from './server.ts';

const EVERY_MS = 100;
/** Looks at the writer that the replica has not reached yet. */
const OPEN_LOOKS = 600;

/**
 * Measures how far a replica is behind, so that the answer is never too good: at a time t the writer says where its log
 * ends; when the replica has received that, everything committed before t has arrived.
 * Lag is then counted from t to now, so it grows while the writer is dead or the link is cut.
 */
export class LagMeter {
  readonly #writer: LabServer;
  readonly #replica: LabServer;
  #looks: { at: number; position: bigint }[] = [];
  #caughtUpTo: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(writer: LabServer, replica: LabServer) {
    this.#writer = writer;
    this.#replica = replica;
  }

  start(): void {
    const next = async () => {
      await this.#look();
      if (!this.#stopped) this.#timer = setTimeout(() => void next(), EVERY_MS);
    };
    void next();
  }

  /** Resolves when there is a measurement, and at the latest after `ms`. */
  async measured(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (this.#caughtUpTo === undefined && performance.now() < until) await sleep(5);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  lagMs(): number | undefined {
    return this.#caughtUpTo === undefined ? undefined : Math.max(0, Date.now() - this.#caughtUpTo);
  }

  async #look(): Promise<void> {
    const at = Date.now();
    // Asked side by side: a dead writer must not hold up the question to the replica.
    const [writer, replica] = await Promise.allSettled([this.#writer.position(), this.#replica.position()]);
    if (writer.status === 'fulfilled' && writer.value.writable) {
      this.#looks = [...this.#looks.slice(1 - OPEN_LOOKS), { at, position: writer.value.at }];
    }
    // Promoted: its log is its own from now on.
    if (replica.status !== 'fulfilled' || replica.value.writable) return;
    const received = replica.value.at;
    const reached = this.#looks.findLast(({ position }) => position <= received);
    if (reached === undefined) return;
    this.#caughtUpTo = Math.max(this.#caughtUpTo ?? 0, reached.at);
    this.#looks = this.#looks.filter((look) => look.at > reached.at);
  }
}
