import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '@oclif/core';
import { parse } from '@oclif/core/parser';
import { describe, expect, it } from 'vitest';
import { dr, ROOT } from './run-dr.ts';

/* What help shows as an example is a command line that the command takes. */

const files = globSync('src/commands/**/*.ts', { cwd: ROOT }).sort();
const idOf = (file: string): string => file.replace(/^src\/commands\/|\.ts$/g, '').replaceAll('/', ' ');

/** The words of `dr …` in an example, without what a shell does around it. */
function wordsOf(example: string): string[] {
  const line = /<%= config\.bin %> (.*)/.exec(example.replace(/^eval "\$\((.*)\)"$/, '$1'))?.[1] ?? '';
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  const end = words.findIndex((word) => /^(>>?|\|)$/.test(word));
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replaceAll('"', ''));
}

describe.each(files)('%s', (file) => {
  it('has examples, and takes each of them', async () => {
    const id = idOf(file);
    const { default: command } = (await import(join(ROOT, file))) as { default: typeof Command };
    const examples = (id === 'help' ? [] : command.examples).map((example) => (typeof example === 'string' ? example : example.command));
    if (id !== 'help') expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const words = wordsOf(example);
      const own = id.split(' ');
      if (words.slice(0, own.length).join(' ') !== id) continue;
      const argv = words.slice(own.length);
      const parsed = parse(argv, { flags: { ...command.baseFlags, ...command.flags }, args: command.args, strict: command.strict } as never);
      await expect(parsed.then(() => 'taken', (error: unknown) => `${example}: ${String(error)}`)).resolves.toBe('taken');
    }
  });
});

it('an example of each command is one of its own', async () => {
  for (const file of files) {
    const { default: command } = (await import(join(ROOT, file))) as { default: typeof Command };
    const own = (idOf(file) === 'help' ? [] : command.examples).filter((example) => wordsOf(typeof example === 'string' ? example : example.command).join(' ').startsWith(idOf(file)));
    if (idOf(file) !== 'help') expect([idOf(file), own.length > 0]).toEqual([idOf(file), true]);
  }
});

it.each(['evidence', 'rehearse', 'failover'])('help of %s has a summary and lists that are broken at words; only examples are as they are', async (id) => {
  const { stdout } = await dr([id, '--help'], { env: { OCLIF_COLUMNS: '80' } });
  const [text = ''] = stdout.split('EXAMPLES');
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
