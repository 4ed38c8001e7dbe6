import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime, userInfo } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Machine, Operator } from '../journal/events.ts';

/** Who runs this process. `identity` is the ARN that STS gave. */
export function thisOperator(identity: string): Operator {
  const machine = thisMachine();
  return { identity, user: userName(), host: hostname(), pid: process.pid, ...(machine === undefined ? {} : { machine }) };
}

export function thisMachine(): Machine | undefined {
  const startedAt = Math.round(Date.now() - uptime() * 1_000);
  try {
    if (process.platform === 'darwin') return { start: execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8', timeout: 2_000 }).trim(), startedAt };
    const start = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`;
    const id = machineId();
    return { start, startedAt, ...(id === undefined ? {} : { id }) };
  } catch {
    return undefined;
  }
}

/** https://www.freedesktop.org/software/systemd/man/latest/machine-id.html. Most containers have none. */
function machineId(): string | undefined {
  try {
    return /^[0-9a-f]{32}$/.exec(readFileSync('/etc/machine-id', 'utf8').trim())?.[0];
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

/** What stands before the path of an entry: https://git-scm.com/docs/git-status#_porcelain_format_version_2 */
const BEFORE_PATH = /^(?:1 (?:\S+ ){7}|2 (?:\S+ ){8}|u (?:\S+ ){9}|[?!] )/;

/** One process, not two: users wait for it. */
async function gitFolder(folder: string): Promise<{ commit: string; dirty: ReadonlySet<string> } | undefined> {
  try {
    const { stdout } = await promisify(execFile)('git', ['-C', folder, 'status', '--porcelain=v2', '--branch', '-z', '--', '.'], { timeout: 2_000 });
    const entries = stdout.split('\0');
    const commit = /^# branch\.oid ([0-9a-f]+)$/.exec(entries[0] ?? '')?.[1];
    // A renamed file has its old path as an entry of its own.
    return commit === undefined ? undefined : { commit, dirty: new Set(entries.slice(1).map((entry) => basename(entry.replace(BEFORE_PATH, '')))) };
  } catch {
    return undefined;
  }
}
