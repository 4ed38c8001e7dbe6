import type { Clock } from '../base/clock.ts';

interface Rounds<R> {
  /** The pause between two looks, ms. */
  everyMs: number;
  clock: Clock;
  until: AbortSignal;
  look: () => Promise<R>;
  onRound: (seen: R) => Promise<void> | void;
  /** A look that could not be made: the next one is made all the same. */
  onError: (error: unknown) => void;
}

/** One look after the other until it is aborted. What the end itself breaks off is no error. */
export async function rounds<R>({ everyMs, clock, until, look, onRound, onError }: Rounds<R>): Promise<void> {
  const over = (): boolean => until.aborted;
  while (!over()) {
    try {
      await onRound(await look());
    } catch (error) {
      if (!over()) onError(error);
    }
    await clock.sleep(everyMs, until).catch(() => undefined);
  }
}
