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
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  try {
    await run(argv, { root });
  } catch (error) {
    // Loaded only when needed: start-up is counted in files.
    const { renderError, shownError } = await import('./shown-error.ts');
    const { painterFor } = await import('./style.ts');
    const shown = shownError(error, { debug: (process.env.DEBUG ?? '') !== '' });
    process.exitCode = EXIT[shown.exit];
    if (wantsJson(argv)) process.stdout.write(`${toJsonText(errorEnvelope(schemaOf(undefined), shown, []))}\n`);
    else process.stderr.write(renderError(shown, painterFor(process.stderr)));
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** `dr history | head`: the reader has gone (EPIPE), or the terminal has (EIO). A run must go on all the same, so this is no reason to end. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
