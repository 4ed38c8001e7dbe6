import type { CommandRequest } from '../effects/effects.ts';
import type { DbRef } from './database-driver.ts';

/** What custom steps did outside of AWS, and what a program answers. */
export interface Ran {
  readonly commands: { argv: readonly string[]; env: Readonly<Record<string, string>>; at: number }[];
  readonly statements: (DbRef & { text: string; at: number })[];
  /** Default: exit code 0, no output, at once. */
  answer(request: CommandRequest): { code?: number; output?: string; ms?: number };
}
