import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { PersonPort } from '../effects/effects.ts';

/**
 * The person at the terminal, for manual steps. They type the step's name and Enter; several steps may wait at once.
 * `say` shows a line without disturbing what is drawn.
 */
export function terminalPerson(input: Readable, say: (text: string) => void): PersonPort {
  const waiting = new Map<string, Set<() => void>>();
  let lines: Interface | undefined;
  const listen = (): void => {
    if (lines !== undefined) return;
    // No output: what is drawn on the terminal belongs to the presenter. Ctrl-C stays a signal.
    lines = createInterface({ input, terminal: false });
    // The terminal has gone: nobody will type any more, and the run continues.
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      const word = line.trim();
      const found = waiting.get(word);
      if (found !== undefined) for (const resolve of found) resolve();
      else if (word !== '') say(`"${word.slice(0, 80)}" is not what is waited for: ${[...waiting.keys()].join(', ')}`);
    });
  };
  const forget = (word: string, resolve: () => void): void => {
    const others = waiting.get(word);
    others?.delete(resolve);
    if (others?.size === 0) waiting.delete(word);
    if (waiting.size > 0) return;
    // An open interface would keep the process alive.
    lines?.close();
    lines = undefined;
    input.pause();
  };
  return {
    confirm: (word, what, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const onAbort = (): void => {
          forget(word, done);
          reject(signal.reason as Error);
        };
        const done = (): void => {
          signal.removeEventListener('abort', onAbort);
          forget(word, done);
          resolve();
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.set(word, (waiting.get(word) ?? new Set()).add(done));
        listen();
        say(`${what}\nWhen it is done, type ${word} and press Enter.`);
      }),
  };
}
