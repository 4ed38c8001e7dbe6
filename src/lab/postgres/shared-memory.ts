import { execFile } from 'node:child_process';

/**
 * PostgreSQL marks its data folder by a System V segment of a few bytes, and a server that was killed cannot remove it:
 * enough runs would use up the system's number of segments. Best effort: without `ipcrm` it stays until the next boot.
 */
export function removeSharedMemory(id: string | undefined): Promise<void> {
  if (id === undefined || !/^\d+$/.test(id) || process.platform === 'win32') return Promise.resolve();
  return new Promise((resolve) => {
    execFile('ipcrm', ['-m', id], { timeout: 2_000 }, () => resolve());
  });
}
