import { EXIT, EXIT_MEANING, type ExitName } from '../base/exit-codes.ts';
import type { ShownError } from './shown-error.ts';

/**
 * What `--json` prints: one document on stdout, whatever happens.
 * `schema` names the command, and so the shape of `result`, e.g. `dr.output.validate/1`. A result can come with an exit other than `ok`,
 * e.g. a run that failed: then `ok` is false, and `error` says why in one line.
 */
interface Envelope {
  schema: string;
  ok: boolean;
  exit: ExitName;
  exitCode: number;
  result?: unknown;
  error?: { code: string; message: string; detail?: string; next: readonly string[]; stack?: string };
  warnings: readonly string[];
}

/** `lab:start` gives `dr.output.lab.start/1`. */
export function schemaOf(commandId: string | undefined): string {
  return `dr.output.${(commandId ?? 'error').replaceAll(/[:\s]/g, '.')}/1`;
}

/** Why a result comes with an exit other than `ok`, where the command says it better than the table of exit codes. */
export type ExitReason = Pick<NonNullable<Envelope['error']>, 'code' | 'message' | 'next'>;

export function resultEnvelope(schema: string, result: unknown, exit: ExitName, warnings: readonly string[], reason?: ExitReason): Envelope {
  const ok = exit === 'ok' || exit === 'changes';
  const error = ok ? {} : { error: reason ?? { code: exit.replaceAll(/[A-Z]/g, '_$&').toUpperCase(), message: EXIT_MEANING[exit], next: [] } };
  return { schema, ok, exit, exitCode: EXIT[exit], result, ...error, warnings };
}

export function errorEnvelope(schema: string, error: ShownError, warnings: readonly string[]): Envelope {
  return {
    schema,
    ok: false,
    exit: error.exit,
    exitCode: EXIT[error.exit],
    error: {
      code: error.code,
      message: error.title,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      next: error.next,
      ...(error.stack === undefined ? {} : { stack: error.stack }),
    },
    warnings,
  };
}

/** Maps become objects and sets arrays, so that what is inside is not lost. */
export function toJsonText(value: unknown, indentation = 2): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (inner instanceof Map) return Object.fromEntries(inner) as unknown;
      return inner instanceof Set ? [...(inner as Set<unknown>)] : inner;
    },
    indentation,
  );
}

/** Is `--json` among the arguments, before a `--`? Asked before flags are parsed, and when they cannot be. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}
