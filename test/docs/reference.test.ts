import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { KIND_NAMES, OWN_KIND_NAMES } from '../../src/kinds/registry.ts';

const ROOT = join(import.meta.dirname, '..', '..');

it('docs/reference is current; if not: npm run build && npm run reference', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', join(ROOT, 'scripts', 'reference.mjs'), '--check']).catch((error: unknown) => error as { stdout: string });
  expect(stdout).toBe('');
});

it('what is supported names every kind', async () => {
  const page = await readFile(join(ROOT, 'docs', 'reference', 'README.md'), 'utf8');
  expect([...KIND_NAMES, ...OWN_KIND_NAMES].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
