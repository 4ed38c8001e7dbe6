import { DeadlineError } from '../base/deadline.ts';
import { CallError, DrError, messageOf } from '../base/errors.ts';
import type { ErrorRecord } from '../journal/events.ts';

export function errorRecord(code: string, message: string, next?: readonly string[]): ErrorRecord {
  return { code, message, ...(next === undefined ? {} : { next }) };
}

export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof CallError) return errorRecord(error.code, error.message);
  if (error instanceof DrError) return errorRecord(error.code, error.message, error.next);
  if (error instanceof DeadlineError) return errorRecord('NO_ANSWER', error.message);
  return errorRecord('BUG', messageOf(error));
}
