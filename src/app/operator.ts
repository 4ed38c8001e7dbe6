import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Operator } from '../journal/events.ts';

/** Who runs this process. `identity` is the ARN that STS gave. */
export function thisOperator(identity: string): Operator {
  const machine = thisMachine();
  return { identity, user: userName(), host: hostname(), pid: process.pid, ...(machine === undefined ? {} : { machine }) };
}

/**
 * Where a process id is one process: this start of the kernel, and on Linux the namespace of process ids, which each container
 * has for itself. Undefined where the system does not tell.
 */
export function thisMachine(): string | undefined {
  try {
    if (process.platform === 'darwin') return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8', timeout: 2_000 }).trim();
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The version of a runbook: the Git commit of its folder, and whether the file was changed since. */
export type GitOf = (path: string) => Promise<{ commit: string; dirty: boolean } | undefined>;

/** The Git commit of the folder a runbook lies in; undefined where there is none, or no git. */
export const gitCommit: GitOf = (path) => gitByFolder()(path);

/** The same for many runbooks: git is asked once a folder. */
export function gitByFolder(): GitOf {
  const folders = new Map<string, Promise<{ commit: string; dirty: ReadonlySet<string> } | undefined>>();
  return async (path) => {
    const folder = dirname(resolve(path));
    const known = folders.get(folder) ?? gitFolder(folder);
    folders.set(folder, known);
    const found = await known;
    return found === undefined ? undefined : { commit: found.commit, dirty: found.dirty.has(basename(path)) };
  };
}

async function gitFolder(folder: string): Promise<{ commit: string; dirty: ReadonlySet<string> } | undefined> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', ['-C', folder, ...args], { timeout: 2_000 })).stdout;
  try {
    const [commit, changes] = await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain', '-z', '--', '.')]);
    // `XY path`, and for a renamed file its old path as an entry of its own.
    return { commit: commit.trim(), dirty: new Set(changes.split('\0').map((entry) => basename(entry.slice(3)))) };
  } catch {
    return undefined;
  }
}
