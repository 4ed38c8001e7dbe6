import { chmod, mkdtemp, readFile, realpath, rm, stat, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DrError } from '../base/errors.ts';

const MEMORY_FOLDER = '/dev/shm';
/** Two servers need a tenth of it. */
const MEMORY_BYTES = 2 * 1024 ** 3;

/**
 * A folder of the lab's own, in memory where there is plenty (a database is a thousand small files), else in the system's
 * temporary folder. `TMPDIR` goes before both. For root it must be one that the unprivileged user of
 * PostgreSQL can reach, so a private temporary folder is passed over.
 */
export async function makeLabFolder(): Promise<string> {
  const root = process.getuid?.() === 0;
  const tried: string[] = [];
  const memory = (await plentyOfMemory()) ? [MEMORY_FOLDER] : [];
  const wanted = process.env['TMPDIR'] === undefined ? [...memory, tmpdir()] : [tmpdir(), ...memory];
  for (const base of new Set([...wanted, '/tmp', '/var/tmp', MEMORY_FOLDER])) {
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

/** The folder must take a gigabyte or two, be backed by free memory, and let programs run from it: copies of them may be needed. */
async function plentyOfMemory(): Promise<boolean> {
  if (process.platform !== 'linux' || freemem() < 2 * MEMORY_BYTES) return false;
  try {
    const { bavail, bsize } = await statfs(MEMORY_FOLDER);
    const mount = (await readFile('/proc/mounts', 'utf8')).split('\n').find((line) => line.split(' ')[1] === MEMORY_FOLDER)?.split(' ');
    return bavail * bsize >= MEMORY_BYTES && mount?.[2] === 'tmpfs' && !(mount[3] ?? 'noexec').split(',').includes('noexec');
  } catch {
    return false;
  }
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
