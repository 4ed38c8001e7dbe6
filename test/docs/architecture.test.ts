import { access, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { TRANSITIONS } from '../../src/engine/transitions.ts';
import { FLOORS, importsOf } from '../tidy/rules.ts';

const FILE = new URL('../../ARCHITECTURE.md', import.meta.url);
const BLOCK = /(<!-- transitions -->\n)[^]*?(<!-- \/transitions -->)/;

/** The transition table as a Mermaid state diagram. */
function transitionDiagram(): string {
  const rows = TRANSITIONS.map((row) => `    ${row.from} --> ${row.to}: ${row.on}${row.journal === undefined ? '' : ` (${row.journal})`}`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> waiting', ...rows, '    done --> [*]', '    refused --> [*]', '    failed --> [*]', '    paused --> [*]', '    unmet --> [*]', '```'].join('\n');
}

it('ARCHITECTURE.md shows the transition table as it is (UPDATE_DOCS=1 writes it)', async () => {
  const text = await readFile(FILE, 'utf8');
  const current = text.replace(BLOCK, (_all, open: string, close: string) => `${open}${transitionDiagram()}\n${close}`);
  if (process.env.UPDATE_DOCS === '1') await writeFile(FILE, current);
  else expect(text).toBe(current);
});

it('ARCHITECTURE.md lists the floors in their order', async () => {
  const [, table = ''] = /<!-- floors -->\n([^]*?)<!-- \/floors -->/.exec(await readFile(FILE, 'utf8')) ?? [];
  expect([...table.matchAll(/^\| `([a-z]+)\/`/gm)].map(([, floor]) => floor)).toEqual([...FLOORS]);
});

it('every file that ARCHITECTURE.md names is there', async () => {
  const text = await readFile(FILE, 'utf8');
  const named = [...text.matchAll(/`((?:src|test|docs)\/[\w./-]+|(?:kinds|effects|aws|journal|cli|base|engine|model)\/[\w/-]+\.ts)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(30);
  const missing: string[] = [];
  for (const path of named) {
    const url = new URL(`../../${/^(src|test|docs)\//.test(path) ? '' : 'src/'}${path}`, import.meta.url);
    await access(url).catch(() => missing.push(path));
  }
  expect(missing).toEqual([]);
});

it('the way of a request is at most twelve files, none twice, each imported by one above it', async () => {
  const [, list = ''] = /<!-- request -->\n([^]*?)<!-- \/request -->/.exec(await readFile(FILE, 'utf8')) ?? [];
  const paths = [...list.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, path = '']) => path);
  expect([paths[0], paths.at(-1)]).toEqual(['src/commands/failover.ts', 'src/engine/execute.ts']);
  expect(paths.length).toBeLessThanOrEqual(12);
  expect(new Set(paths).size).toBe(paths.length);
  const imports = await Promise.all(paths.map(async (path) => importsOf({ path, text: await readFile(new URL(`../../${path}`, import.meta.url), 'utf8') }).filter(({ typeOnly }) => !typeOnly).map(({ target }) => target)));
  const entered = (path: string, i: number) => imports.slice(0, i).some((targets) => targets.includes(path));
  expect(paths.filter((path, i) => i > 0 && !entered(path, i))).toEqual([]);
});
