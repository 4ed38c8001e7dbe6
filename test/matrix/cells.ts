import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from './table.ts';

export const RUNBOOKS = join(import.meta.dirname, '..', '..', 'runbooks');
/** Where `npm run matrix` reads what was seen. */
const FILE = process.env['DR_MATRIX_FILE'];

/** Runs what a cell says, and notes how it ended. @throws what it throws. */
export async function cell(of: Omit<Cell, 'outcome' | 'note'>, run: () => Promise<string>): Promise<void> {
  const write = (outcome: Cell['outcome'], note: string) => {
    if (FILE !== undefined) appendFileSync(FILE, `${JSON.stringify({ ...of, outcome, note } satisfies Cell)}\n`);
  };
  let note: string;
  try {
    note = await run();
  } catch (error) {
    write('fail', '');
    throw error;
  }
  write('pass', note);
}
