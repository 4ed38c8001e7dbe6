import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '..', '..', 'bin', 'dr.js');

/** Uses a thread once the program has begun, which starts all there will be, and counts them at the end. */
const COUNT = `import { pbkdf2 } from 'node:crypto'; import { readdirSync } from 'node:fs';
const begun = setInterval(() => { if (globalThis.process.argv[1]?.endsWith('dr.js')) { clearInterval(begun); pbkdf2('a', 'b', 1, 32, 'sha512', () => {}); } }, 20);
process.once('exit', () => console.error('threads', readdirSync('/proc/self/task').length));`;

it.skipIf(!existsSync('/proc/self/task'))('the command has threads for name look-ups that hang', () => {
  const { UV_THREADPOOL_SIZE: _, ...env } = process.env;
  const { stderr } = spawnSync(process.execPath, ['--import', `data:text/javascript,${encodeURIComponent(COUNT)}`, BIN, 'no-such-verb'], { env, encoding: 'utf8' });
  expect(Number(/threads (\d+)/.exec(stderr)?.[1])).toBeGreaterThan(60);
});
