import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { watchdog } from '../../src/lab/watchdog.ts';
import { alive } from './helpers.ts';

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) if (alive(pid)) process.kill(pid, 'SIGKILL');
});

/** A process that calls itself so. */
async function named(name: string): Promise<number> {
  const child = spawn('bash', ['-c', 'exec -a "$0" sleep 60', name], { stdio: 'ignore' });
  await once(child, 'spawn');
  started.push(child.pid ?? 0);
  return child.pid ?? 0;
}

// A lab that is cut short while it makes its databases: what works then has no file with its process id yet.
it('ends what was being started in the folder, and nobody else who only names it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dr-lab-'));
  try {
    const dismiss = watchdog(folder);
    const [initdb, boot, reader, other] = await Promise.all([
      named(`/opt/native/bin/initdb -D ${folder}/cluster-1/data-0`), named(`/opt/native/bin/postgres --boot -D ${folder}/cluster-2/data-0`),
      named(`tail -f ${folder}/log`), named('/opt/native/bin/postgres -D /var/lib/another'),
    ]);
    await dismiss();
    await expect.poll(() => [initdb, boot].map(alive)).toEqual([false, false]);
    expect([reader, other].map(alive)).toEqual([true, true]);
    expect(existsSync(folder)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
