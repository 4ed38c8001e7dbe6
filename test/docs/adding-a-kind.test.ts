import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

/*
 * Follows docs/adding-a-kind.md word for word in a copy of the tree: writes its files, runs its commands.
 */

const ROOT = join(import.meta.dirname, '..', '..');
let copy: string;
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'dr-adding-'));
  // What it needs of the tree: code, tests, and what they are checked with.
  for (const name of ['src', 'test', 'runbooks', 'schema', 'scripts', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

/** Path and hash of every file of a folder. */
async function hashes(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const found: Record<string, string> = {};
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    found[path.slice(folder.length + 1)] = createHash('sha256').update(await readFile(path)).digest('hex');
  }
  return found;
}

it('adds two kinds, each with one file of src/, its line in the registry, its test, and the schema', async () => {
  const page = await readFile(join(ROOT, 'docs', 'adding-a-kind.md'), 'utf8');
  const files = [...page.matchAll(/^```ts file=(\S+)\n([^]*?)^```$/gm)].map(([, path = '', text = '']) => ({ path, text }));
  const lines = [...page.matchAll(/^```ts line=(\S+)\n([^]*?)^```$/gm)].map(([, path = '', text = '']) => ({ path, text }));
  expect(lines.map(({ path }) => path)).toEqual(['src/kinds/registry.ts', 'src/kinds/registry.ts']);
  const commands = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, text = '']) => text.trim().split('\n'));
  const added = ['kinds/resources/rds-pair.ts', 'kinds/resources/s3-marker.ts'];
  expect(files.map(({ path }) => path).sort()).toEqual([...added.map((path) => `src/${path}`), 'test/kinds/rds-pair.test.ts', 'test/kinds/s3-marker.test.ts']);
  expect(commands).toHaveLength(3);

  const listed = join(copy, 'src', 'kinds', 'registry.ts');
  const text = lines.map((line) => line.text).join('');
  await writeFile(listed, (await readFile(listed, 'utf8')).replace(/^const RESOURCES.*\{\n/m, (head) => head + text));
  const before = await hashes(join(copy, 'src'));
  for (const { path, text } of files) {
    // Said in the text, not only in the block.
    expect(page).toContain(`\`${path}\``);
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), text);
  }
  for (const command of commands) {
    const [program = '', ...args] = command.split(' ');
    await promisify(execFile)(program, args, { cwd: copy, env: { ...process.env, NODE_ENV: 'test' } }).catch((error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command}\n${stdout}${stderr}`);
    });
  }
  const after = await hashes(join(copy, 'src'));
  expect(Object.keys(after).filter((path) => !(path in before)).sort()).toEqual(added);
  expect(Object.keys(before).filter((path) => after[path] !== before[path])).toEqual([]);
  const schema = await readFile(join(copy, 'schema', 'runbook.json'), 'utf8');
  for (const name of ['s3-marker', 'rds-pair']) expect(schema).toContain(`"title": "${name}"`);
}, 300_000);
