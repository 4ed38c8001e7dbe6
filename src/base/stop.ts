import type { Clock, StopSignal } from './clock.ts';

/*
 * What ends work early. On a clock whose work is simulated as a whole nothing of Node or of the SDK hears a signal, and one of our own does
 * the same for a tenth of the time: an AbortController makes an event for its listeners, and keeps weak references to all that follow it.
 */

/** An AbortController, or one of our own where the clock's work is simulated as a whole. */
export function stopController(clock: Clock): AbortController {
  return clock.plainSignals === true ? (new PlainController() as unknown as AbortController) : new AbortController();
}

/** Aborted as soon as one of them is, with its reason: `AbortSignal.any`, also of signals of our own. */
export function anyStop(clock: Clock, signals: readonly AbortSignal[]): AbortSignal {
  const plain = clock.plainSignals === true || signals.some((signal) => (signal as unknown) instanceof PlainSignal);
  if (!plain) return AbortSignal.any([...signals]);
  const one = new PlainSignal();
  for (const signal of signals as readonly (AbortSignal | PlainSignal)[]) {
    if (signal instanceof PlainSignal) signal.followedBy(one);
    else if (signal.aborted) one.stop(signal.reason);
    else signal.addEventListener('abort', () => one.stop(signal.reason), { once: true });
  }
  return one as unknown as AbortSignal;
}

/** A signal that only code of our own listens to: what an AbortSignal does, without its events. */
export class PlainSignal implements StopSignal {
  aborted = false;
  reason: unknown;
  #listeners: (() => void)[] | undefined;
  #followers: PlainSignal[] | undefined;

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  /** Each is notified once, as there is only one thing to tell. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listeners === undefined) this.#listeners = [listener];
    else if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const i = this.#listeners?.indexOf(listener) ?? -1;
    if (i >= 0) this.#listeners?.splice(i, 1);
  }

  /** That one is aborted with this one. */
  followedBy(other: PlainSignal): void {
    if (this.aborted) other.stop(this.reason);
    else (this.#followers ??= []).push(other);
  }

  /** Tells all listeners, in the order in which they came; those of its followers after its own. */
  stop(reason: unknown): void {
    const all: PlainSignal[] = [];
    this.#mark(reason, all);
    for (const signal of all) signal.#tell();
  }

  /** All are aborted before anybody is notified of any. */
  #mark(reason: unknown, all: PlainSignal[]): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    all.push(this);
    for (const follower of this.#followers ?? []) follower.#mark(reason, all);
    this.#followers = undefined;
  }

  #tell(): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    // One that leaves while others are notified is not notified.
    for (let next = listeners.shift(); next !== undefined; next = listeners.shift()) next();
  }
}

class PlainController {
  readonly signal = new PlainSignal();

  abort(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    this.signal.stop(reason);
  }
}
