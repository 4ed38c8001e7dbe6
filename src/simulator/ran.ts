import type { CommandRequest } from '../effects/effects.ts';
import type { DbRef } from './database-driver.ts';

/** What custom steps did outside of AWS, and what a program answers. */
export interface Ran {
  readonly commands: { argv: readonly string[]; env: Readonly<Record<string, string>>; at: number }[];
  readonly statements: (DbRef & { text: string; at: number })[];
  /** Default: exit code 0, no output, at once. */
  answer(request: CommandRequest): { code?: number; output?: string; ms?: number };
}

export interface Published {
  topic: string;
  subject: string | undefined;
  message: string;
  at: number;
}

export interface Invocation {
  region: string;
  name: string;
  type: 'RequestResponse' | 'Event';
  payload: string;
  at: number;
}

const RECORDED_MAX = 1000;

/** The oldest of many is forgotten. */
export function record<T>(list: T[], one: T): void {
  list.push(one);
  if (list.length > RECORDED_MAX) list.shift();
}
