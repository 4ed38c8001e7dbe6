import type { ExitName } from './exit-codes.ts';

interface DrErrorParts {
  /** Stable, upper-case, e.g. `RUNBOOK_NOT_FOUND`. */
  code: string;
  exit: ExitName;
  /** What happened, one sentence. */
  title: string;
  /** Why, or what was observed; may be several lines. */
  detail?: string;
  /** What to do next: commands to paste, or one-line advice. */
  next?: readonly string[];
  cause?: unknown;
}

/** An error that a user can act on. Anything else that is thrown is a bug of ours. */
export class DrError extends Error {
  readonly code: string;
  readonly exit: ExitName;
  readonly detail: string | undefined;
  readonly next: readonly string[];

  constructor(parts: DrErrorParts) {
    super(parts.title, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'DrError';
    this.code = parts.code;
    this.exit = parts.exit;
    this.detail = parts.detail;
    this.next = parts.next ?? [];
  }
}

/**
 * What a failed request to the outside means for the one who sent it.
 * - `retryable`: it did not happen, and may work if tried again
 * - `terminal`: it did not happen, and will not
 * - `unknown`: it may have happened. Observe again, never repeat blindly.
 */
export type CallErrorKind = 'retryable' | 'terminal' | 'unknown';

/** A request to the outside that failed. */
export abstract class CallError extends Error {
  /** The code of the answer, e.g. `Throttling`. */
  abstract readonly code: string;
  abstract readonly kind: CallErrorKind;
  abstract readonly requestId: string | undefined;
  /** Refused because something else is under way, and has to end first. */
  abstract readonly isPassing: boolean;
  /** Refused for its login or for a permission: a person can give that. */
  abstract readonly isRightMissing: boolean;
}

/** The message of anything thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
