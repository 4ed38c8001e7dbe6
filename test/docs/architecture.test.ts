import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { transitionDiagram } from '../../src/engine/diagram.ts';

const FILE = new URL('../../ARCHITECTURE.md', import.meta.url);
const BLOCK = /(<!-- transitions -->\n)[^]*?(<!-- \/transitions -->)/;

it('ARCHITECTURE.md shows the transition table as it is (UPDATE_DOCS=1 writes it)', async () => {
  const text = await readFile(FILE, 'utf8');
  const current = text.replace(BLOCK, (_all, open: string, close: string) => `${open}${transitionDiagram()}\n${close}`);
  if (process.env.UPDATE_DOCS === '1') await writeFile(FILE, current);
  else expect(text).toBe(current);
});
