import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runbookInLab } from '../../src/app/lab-failover.ts';
import { EXAMPLE_RUNBOOK } from '../../src/runbook/find.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'runbooks');

async function folderWith(...names: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-own-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const name of names) await cp(join(EXAMPLES, name), join(folder, name));
  return folder;
}

it('a lab practises the only runbook of the folder: what a newcomer has just written', async () => {
  const folder = await folderWith('billing.yaml');
  expect((await runbookInLab({ runbooks: folder })).runbook.name).toBe('billing');
});

it('without one, and in the folder of the examples, it practises the example', async () => {
  for (const runbooks of [join(await folderWith(), 'none'), await folderWith(), EXAMPLES]) expect((await runbookInLab({ runbooks })).path).toBe(EXAMPLE_RUNBOOK);
});

it('of several of your own it asks which one', async () => {
  const folder = await folderWith('billing.yaml', 'archive.yaml');
  await expect(runbookInLab({ runbooks: folder })).rejects.toMatchObject({ exit: 'usage' });
  expect((await runbookInLab({ runbooks: folder, runbook: 'archive' })).runbook.name).toBe('archive');
});
