import { DrError, messageOf } from '../base/errors.ts';
import { EXIT, type ExitName } from '../base/exit-codes.ts';

/** An error as it travels between the lab's process and others. */
export interface PlainError {
  code: string;
  exit: string;
  title: string;
  detail?: string | undefined;
  next: readonly string[];
}

export function toPlain(error: unknown): PlainError {
  if (!(error instanceof DrError)) return { code: 'LAB_FAILED', exit: 'lab', title: messageOf(error), next: [] };
  const { code, exit, message, detail, next } = error;
  return { code, exit, title: message, detail, next };
}

export function fromPlain(error: PlainError): DrError {
  const exit = error.exit in EXIT ? (error.exit as ExitName) : 'lab';
  const { code, title, detail, next } = error;
  return new DrError({ code, exit, title, next, ...(detail === undefined ? {} : { detail }) });
}
