import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BIN, ROOT, run } from '../commands/run-dr.ts';

/*
 * README, "From an empty folder to a green rehearsal": every line as it stands, in one shell, in an empty folder.
 */

it('runs line by line, each with success', { timeout: 300_000 }, async () => {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = /^## From an empty folder to a green rehearsal\n([^]*?)^## /m.exec(text)?.[1] ?? '';
  const lines = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
  expect(lines.length).toBeGreaterThan(7);
  const home = await mkdtemp(join(tmpdir(), 'dr-first-'));
  onTestFinished(async () => {
    await run(process.execPath, [BIN, 'lab', 'stop'], { env: { HOME: home } });
    await rm(home, { recursive: true, force: true });
  });
  const shell = `dr() { '${process.execPath}' '${BIN}' "$@"; }\n`;
  const script = shell + lines.map((line, i) => `${line}\necho "line ${i}: $?"\n`).join('');
  const ran = await run('bash', ['-c', script], { cwd: home, env: { HOME: home } });
  const codes = [...ran.stdout.matchAll(/^line \d+: (\d+)$/gm)].map(([, code]) => Number(code));
  expect(lines.map((line, i) => ({ line, code: codes[i] })).filter(({ code }) => code !== 0), ran.stderr).toEqual([]);
  expect(ran.stdout).toContain('runbooks/shop.yaml: written');
  expect(ran.stdout).toMatch(/Simulated: 100 failovers of shop/);
  expect(ran.stdout).toContain('Each was refused or recovered from, in simulation.');
  const page = await readFile(join(home, 'rehearsal.html'), 'utf8');
  expect(page).toContain('Simulated');
  expect(page).toContain('<svg');
});
