import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { StatePlace } from '../app/state.ts';

/**
 * The folder that holds the journals of all runs: the flag, `$DR_STATE`, `$XDG_STATE_HOME/dr`, `~/.local/state/dr`.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function stateDir(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  for (const named of [flag, env.DR_STATE]) if (named !== undefined && named !== '' && !isBucket(named)) return resolve(named);
  const base = env.XDG_STATE_HOME ?? '';
  return join(base === '' ? join(homedir(), '.local', 'state') : resolve(base), 'dr');
}

/** The folder, or the bucket that was named with a folder for the copy on this machine. */
export function statePlace(flag: string | undefined, env: NodeJS.ProcessEnv): StatePlace {
  const named = flag ?? env.DR_STATE ?? '';
  return isBucket(named) ? { folder: stateDir(undefined, env), s3: named } : { folder: stateDir(flag, env) };
}

function isBucket(text: string): boolean {
  return text.startsWith('s3:');
}
