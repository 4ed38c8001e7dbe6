import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');
export const BIN = join(ROOT, 'bin', 'dr.js');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Before the script, e.g. `--import`. */
  nodeArgs?: readonly string[];
}

/** Runs the built command in its own process, without colour, terminal or the environment's own settings. */
export function dr(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (!existsSync(join(ROOT, 'dist', 'cli', 'main.js'))) throw new Error('dist/ is missing: npm run build');
  return run(process.execPath, [...(options.nodeArgs ?? []), BIN, ...args], options);
}

export function run(command: string, args: readonly string[], { cwd = ROOT, env = {} }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const base = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' };
    const child = spawn(command, args, { cwd, env: { ...base, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
