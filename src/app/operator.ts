import { execFile } from 'node:child_process';
import { hostname, userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Operator } from '../journal/events.ts';

/** Who runs this process. `identity` is the ARN that STS gave. */
export function thisOperator(identity: string): Operator {
  return { identity, user: userName(), host: hostname(), pid: process.pid };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as in containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The Git commit of the folder a runbook lies in; undefined where there is none, or no git. */
export async function gitCommit(path: string): Promise<{ commit: string; dirty: boolean } | undefined> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', ['-C', dirname(resolve(path)), ...args], { timeout: 2_000 })).stdout.trim();
  try {
    const [commit, changes] = await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain', '--', resolve(path))]);
    return { commit, dirty: changes !== '' };
  } catch {
    return undefined;
  }
}
