import { chmod, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DrError } from '../base/errors.ts';

/**
 * A folder of the lab's own, in the system's temporary folder. For root it must be one that the unprivileged user of
 * PostgreSQL can reach, so a private temporary folder is passed over.
 */
export async function makeLabFolder(): Promise<string> {
  const root = process.getuid?.() === 0;
  const tried: string[] = [];
  for (const base of new Set([tmpdir(), '/tmp', '/var/tmp', '/dev/shm'])) {
    try {
      const real = await realpath(base);
      if (root && !(await reachable(real))) throw new Error('not reachable for others');
      const folder = await mkdtemp(join(real, 'dr-lab-'));
      // Others may pass through, and not look: the data folders inside are private.
      await chmod(folder, 0o711);
      return folder;
    } catch (error) {
      tried.push(`${base}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new DrError({
    code: 'LAB_FOLDER',
    exit: 'lab',
    title: 'The lab found no temporary folder to write to.',
    detail: tried.join('\n'),
    next: ['TMPDIR=/some/writable/folder dr lab start'],
  });
}

async function reachable(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (dirname(at) === at) return true;
  }
}

export async function removeLabFolder(folder: string): Promise<void> {
  // A server that has just ended may still be writing its last file.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
