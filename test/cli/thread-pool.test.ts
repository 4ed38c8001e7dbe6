import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'dr.js');

/** Needs threads when the program has nothing else to do any more, and counts what it has got. */
const COUNT = `import { pbkdf2 } from 'node:crypto'; import { readdirSync } from 'node:fs';
process.once('beforeExit', () => {
  let left = 64;
  for (let n = 0; n < 64; n++) pbkdf2('a', 'b', 50_000, 32, 'sha512', () => { if (left-- === 64) console.error('threads', readdirSync('/proc/self/task').length); });
});`;

it.skipIf(!existsSync('/proc/self/task'))('the command has threads for name look-ups that hang', () => {
  const { UV_THREADPOOL_SIZE: _, ...env } = process.env;
  const { stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(COUNT)}`, BIN, 'no-such-verb'], { env, encoding: 'utf8' });
  expect(Number(/threads (\d+)/.exec(stderr)?.[1])).toBeGreaterThan(60);
});
