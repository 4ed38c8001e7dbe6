import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a table says of one runbook, one verb and one world. */
export interface Cell {
  /** File name below `runbooks/`. */
  runbook: string;
  strategy: string;
  verb: MatrixVerb;
  world: 'lab' | 'simulator';
  outcome: 'pass' | 'fail';
  /** A few words: what was seen. */
  note: string;
}

export const VERBS = ['failover', 'switchover', 'reprotect', 'abort'] as const;
export type MatrixVerb = (typeof VERBS)[number];

const ORDER = ['backup-restore', 'pilot-light', 'warm-standby', 'active-active'];
const OPEN = /<!-- matrix(?: [^>]*)?-->/;
const CLOSE = '<!-- /matrix -->';
const NOTE = [
  '`npm run matrix` runs all of it and writes this table. Lab: real PostgreSQL with users on it; `hold` and',
  '`between` are shortened to 2 s. Simulator: how long it took, and in parentheses what the plan expected (p50).',
].join('\n');

/** Runbooks of a folder, by file name. */
export async function runbooksIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
}

/** The lines between the markers. @throws Error when a cell is missing. */
export function tableOf(cells: readonly Cell[]): string {
  const runbooks = [...new Map(cells.map(({ runbook, strategy }) => [runbook, strategy]))].sort(([, a], [, b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const rows = runbooks.flatMap(([runbook, strategy]) =>
    (['lab', 'simulator'] as const).map((world) => {
      const shown = VERBS.map((verb) => {
        const cell = cells.find((c) => c.runbook === runbook && c.verb === verb && c.world === world);
        if (cell === undefined) throw new Error(`nothing was run for ${runbook}, ${verb}, ${world}`);
        return `${cell.outcome === 'pass' ? '✓' : '✗'} ${cell.note}`.trim();
      });
      return `| ${strategy} | [${runbook}](runbooks/${runbook}) | ${world} | ${shown.join(' | ')} |`;
    }),
  );
  return [`| strategy | runbook | world | ${VERBS.join(' | ')} |`, `|---|---|---|${'---|'.repeat(VERBS.length)}`, ...rows, '', NOTE].join('\n');
}

/** Binds a table to the runbooks that it was made from: another table, or another runbook, has another hash. */
export async function seal(table: string, folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of await runbooksIn(folder)) hash.update(`${name}\0`).update(await readFile(join(folder, name)));
  return hash.update('\0').update(table).digest('hex');
}

/** The README with another table between its markers. @throws Error when it has no markers. */
export function withTable(readme: string, table: string, hash: string): string {
  const { before, after } = parts(readme);
  return `${before}<!-- matrix sha256:${hash} -->\n${table}\n${CLOSE}${after}`;
}

/** The table of a README and the hash that stands with it. */
export function tableIn(readme: string): { table: string; hash: string | undefined } {
  const { marker, table } = parts(readme);
  return { table: table.trim(), hash: /sha256:([0-9a-f]{64})/.exec(marker)?.[1] };
}

function parts(readme: string): { before: string; marker: string; table: string; after: string } {
  const marker = OPEN.exec(readme);
  const end = readme.indexOf(CLOSE);
  if (marker === null || end < marker.index) throw new Error(`README.md has no <!-- matrix --> and ${CLOSE}`);
  const from = marker.index + marker[0].length;
  return { before: readme.slice(0, marker.index), marker: marker[0], table: readme.slice(from, end), after: readme.slice(end + CLOSE.length) };
}
