import { createHash } from 'node:crypto';
import * as z from 'zod';
import { iso } from '../base/clock.ts';

/* What an approver signs: a text that a person can read, with one spelling only. It names the run, its plan and the gate, so that it counts for nothing else. */

export interface Subject {
  run: string;
  /** The plan's hash. */
  plan: string;
  application: string;
  account: string;
  verb: string;
  from: string;
  to: string;
  /** Id of the gate's step. */
  gate: string;
}

export interface Statement extends Subject {
  decision: 'approve' | 'reject';
  approver: string;
  /** Milliseconds since the epoch. */
  signed: number;
  expires: number;
}

export const VALID_MAX_MS = 24 * 3_600_000;
export const CLOCK_SKEW_MS = 5 * 60_000;

const HEAD = 'dr approval, version 1';
const LINES = ['run', 'plan', 'application', 'account', 'verb', 'from', 'to', 'gate', 'decision', 'approver', 'signed', 'expires'] as const;

export function statementText(statement: Statement): string {
  return signedText(HEAD, LINES, { ...statement, signed: iso(statement.signed), expires: iso(statement.expires) });
}

/** Reads a statement back. Undefined for a text that is not letter by letter what `statementText` writes. */
export function readStatement(text: string): Statement | undefined {
  const { decision, signed: signedAt, expires: expiresAt, ...subject } = readSignedText(text, LINES);
  if (decision !== 'approve' && decision !== 'reject') return undefined;
  const [signed, expires] = [Date.parse(signedAt), Date.parse(expiresAt)];
  if (Number.isNaN(signed) || Number.isNaN(expires)) return undefined;
  const statement: Statement = { ...subject, decision, signed, expires };
  return statementText(statement) === text ? statement : undefined;
}

const fileSchema = z.strictObject({ schema: z.literal('dr.approval/1'), text: z.string().max(4_096), signature: z.string().max(16_384) });

export interface SignedFile {
  text: string;
  signature: string;
}

export const FILE_MAX = 32_768;

export function fileText({ text, signature }: SignedFile): string {
  return `${JSON.stringify({ schema: 'dr.approval/1', text, signature }, null, 2)}\n`;
}

/** Undefined for anything but such a file. */
export function readFileText(content: string): SignedFile | undefined {
  if (content.length > FILE_MAX) return undefined;
  try {
    const { text, signature } = fileSchema.parse(JSON.parse(content));
    return { text, signature };
  } catch {
    return undefined;
  }
}

/** A name for the file: by its content, so that the same approval is kept once. */
export function fileName(file: SignedFile): string {
  return `${createHash('sha256').update(fileText(file)).digest('hex').slice(0, 32)}.json`;
}

/* Texts that people sign: a heading, then `name: value` lines in one order, with one spelling only, so that a text can be read back and compared letter by letter. */

/** The text, ending with a newline. A value has no line break: one line is one value. */
export function signedText<N extends string>(head: string, names: readonly N[], values: Readonly<Record<N, string>>): string {
  return `${[head, ...names.map((name) => `${name}: ${values[name]}`)].join('\n')}\n`;
}

/** The values of such a text; those that are missing are empty. Whether it is such a text, only writing it again shows. */
export function readSignedText<N extends string>(text: string, names: readonly N[]): Record<N, string> {
  const values = new Map(text.split('\n').slice(1).map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]));
  return Object.fromEntries(names.map((name) => [name, values.get(name) ?? ''])) as Record<N, string>;
}
