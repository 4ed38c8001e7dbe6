import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seal, tableIn, tableOf, VERBS, withTable, type Cell } from '../matrix/table.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RUNBOOKS = join(ROOT, 'runbooks');

const cells = (outcome: Cell['outcome']): Cell[] =>
  VERBS.flatMap((verb) => (['lab', 'simulator'] as const).map((world) => ({ runbook: 'a.yaml', strategy: 'pilot-light', verb, world, outcome, note: '' })));

describe('the table of strategies and verbs', () => {
  it('in README.md was written by a run of the runbooks as they are (npm run matrix)', async () => {
    const { table, hash } = tableIn(await readFile(join(ROOT, 'README.md'), 'utf8'));
    expect(hash).toBe(await seal(table, RUNBOOKS));
    expect(table).not.toContain('✗');
  });

  it('has another hash when somebody corrects it by hand', async () => {
    const written = withTable('a\n<!-- matrix -->\n<!-- /matrix -->\nb\n', tableOf(cells('fail')), await seal(tableOf(cells('fail')), RUNBOOKS));
    const { table, hash } = tableIn(written);
    expect(hash).toBe(await seal(table, RUNBOOKS));
    expect(hash).not.toBe(await seal(tableIn(written.replaceAll('✗', '✓')).table, RUNBOOKS));
    expect(withTable(written, tableOf(cells('pass')), 'f'.repeat(64))).toBe(`a\n<!-- matrix sha256:${'f'.repeat(64)} -->\n${tableOf(cells('pass'))}\n<!-- /matrix -->\nb\n`);
  });

  it('is not written while anything is missing', () => {
    expect(() => tableOf(cells('pass').slice(1))).toThrow('nothing was run for a.yaml, failover, lab');
  });
});
