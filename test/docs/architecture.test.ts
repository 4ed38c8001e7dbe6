import { access, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { transitionDiagram } from '../../src/engine/diagram.ts';
import { FLOORS } from '../tidy/rules.ts';

const FILE = new URL('../../ARCHITECTURE.md', import.meta.url);
const BLOCK = /(<!-- transitions -->\n)[^]*?(<!-- \/transitions -->)/;

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
