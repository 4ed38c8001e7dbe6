import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Interfaces } from '@oclif/core';
import { run } from '@oclif/core/run';
import { EXIT } from '../base/exit-codes.ts';
import { errorEnvelope, schemaOf, toJsonText, wantsJson } from './envelope.ts';

/** After the last command has ended, sockets that somebody forgot keep the process alive no longer than this. */
const LINGER_MS = 1_000;

/**
 * The whole program: parses, runs, shows what went wrong outside of a command, sets `process.exitCode`.
 * @param root folder of package.json
 */
export async function main(argv: string[], root: string): Promise<void> {
  goOnWithoutOutput();
  try {
    const words = globalsLast(argv);
    await run(words, { root, pjson: packageFor(words[0] ?? '', root) });
  } catch (error) {
    // Loaded only when needed: start-up is counted in files.
    const { renderError, shownError } = await import('./shown-error.ts');
    const { painterFor } = await import('./text.ts');
    const shown = shownError(error, { debug: (process.env.DEBUG ?? '') !== '' });
    process.exitCode = EXIT[shown.exit];
    if (wantsJson(argv)) process.stdout.write(`${toJsonText(errorEnvelope(schemaOf(undefined), shown, []))}\n`);
    else process.stderr.write(renderError(shown, painterFor(process.stderr)));
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** A command of dr's own needs no plugin, and finding plugins takes time. Anyone who is shown all commands, or has mistyped one, gets theirs too. */
function packageFor(command: string, root: string): Interfaces.PJSON {
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON;
  const folder = join(root, 'dist', 'commands', command);
  const isOwn = /^[a-z]+$/.test(command) && command !== 'help' && (existsSync(`${folder}.js`) || existsSync(folder));
  return isOwn ? { ...pjson, oclif: { ...pjson.oclif, plugins: [] } } : pjson;
}

/** Flags that every command takes may stand before its name: oclif wants them behind it. */
export function globalsLast(argv: readonly string[]): string[] {
  let n = 0;
  for (;;) {
    const word = argv[n] ?? '';
    if (word === '--json' || word.startsWith('--state=')) n += 1;
    else if (word === '--state' && argv[n + 1] !== undefined) n += 2;
    else break;
  }
  return n === argv.length ? [...argv] : [...argv.slice(n), ...argv.slice(0, n)];
}

/**
 * The reader has gone (EPIPE), the terminal has (EIO), the disk is full (ENOSPC): whatever the reason, a run continues without its output,
 * and its exit code stays that of the run. The journal says the rest.
 */
export function goOnWithoutOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
