import type { LabBackup, LabServer } from './server.ts';

/** Between two looks at a log; what AWS does every five minutes. */
const SHIP_EVERY_MS = 250;
const UNDER_WAY_MS = 100;
const FIRST_MS = 20_000;

/** Everything acknowledged before `at` lies before `position`, and is elsewhere from `arrivesAt` on. */
interface Point {
  at: number;
  position: bigint;
  arrivesAt: number;
}

/** Keeps the backup of one writer in another region: what it has not sent when its region dies is not there. */
export class BackupKeeper {
  readonly #begin: () => Promise<LabBackup>;
  #backup: LabBackup | undefined;
  #points: Point[] = [];
  #timer: NodeJS.Timeout | undefined;
  #under: Promise<void> = Promise.resolve();
  #sending = new AbortController();
  #stopped = false;

  constructor(begin: () => Promise<LabBackup>) {
    this.#begin = begin;
  }

  start(): void {
    const next = async () => {
      this.#under = this.#look();
      await this.#under;
      if (!this.#stopped) this.#timer = setTimeout(() => void next(), SHIP_EVERY_MS);
    };
    void next();
  }

  /** Resolves when there is something to restore from. @throws Error when there is nothing for long. */
  async first(): Promise<void> {
    const until = performance.now() + FIRST_MS;
    while (this.restorableUpTo() === undefined) {
      if (performance.now() > until) throw new Error(`no backup within ${FIRST_MS / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Its source is gone; what is under way is lost. */
  pause(): void {
    this.#sending.abort();
    const now = Date.now();
    this.#points = this.#points.filter((point) => point.arrivesAt <= now);
  }

  resume(): void {
    this.#sending = new AbortController();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#under;
  }

  restorableUpTo(): number | undefined {
    const now = Date.now();
    return this.#points.findLast((point) => point.arrivesAt <= now)?.at;
  }

  /** A server with everything acknowledged until `upTo`, and as little more as there can be. @throws Error when that has not arrived. */
  restore(name: string, upTo: number): Promise<LabServer> {
    const now = Date.now();
    const point = this.#points.find(({ at, arrivesAt }) => at >= upTo && arrivesAt <= now);
    if (this.#backup === undefined || point === undefined) {
      return Promise.reject(new Error(`${name}: the backups do not reach until ${new Date(upTo).toISOString()}`));
    }
    return this.#backup.restore(name, point.position);
  }

  async #look(): Promise<void> {
    const { signal } = this.#sending;
    if (signal.aborted) return;
    try {
      this.#backup ??= await this.#begin();
      const at = Date.now();
      const position = await this.#backup.ship();
      // A source that died in between has sent nothing.
      if (isSending(signal)) this.#points.push({ at, position, arrivesAt: Date.now() + UNDER_WAY_MS });
    } catch {
      // It does not run, or is no writer now: the restorable time stands still, which is how that shows.
    }
  }
}

function isSending(signal: AbortSignal): boolean {
  return !signal.aborted;
}
