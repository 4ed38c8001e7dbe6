import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

it.skipIf(!existsSync('/dev/full'))('a full disk behind stdout and stderr ends nothing, and the exit code is that of the command', () => {
  const program = `
    import { goOnWithoutOutput } from ${JSON.stringify(MAIN)};
    goOnWithoutOutput();
    const say = () => [process.stdout, process.stderr].forEach((stream) => stream.write('a line\\n'));
    say();
    setTimeout(() => { say(); process.exitCode = 8; }, 20);`;
  const { status } = spawnSync('/bin/sh', ['-c', '"$0" --no-warnings --input-type=module -e "$1" > /dev/full 2> /dev/full', process.execPath, program]);
  expect(status).toBe(8);
});
