import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The folder that holds the journals of all runs: the flag, `$DR_STATE`, `$XDG_STATE_HOME/dr`, `~/.local/state/dr`.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function stateDir(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  if (flag !== undefined && flag !== '') return resolve(flag);
  if (env.DR_STATE !== undefined && env.DR_STATE !== '') return resolve(env.DR_STATE);
  const base = env.XDG_STATE_HOME ?? '';
  return join(base === '' ? join(homedir(), '.local', 'state') : resolve(base), 'dr');
}
