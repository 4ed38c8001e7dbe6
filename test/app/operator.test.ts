import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { gitByFolder, gitCommit } from '../../src/app/operator.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'dr-git-'));
  folders.push(made);
  return made;
}

const git = (at: string, ...args: string[]): string =>
  execFileSync('git', ['-C', at, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** A repository with runbooks in a folder of it, all committed. */
function repository(...names: string[]): string {
  const root = folder();
  mkdirSync(join(root, 'runbooks'));
  for (const name of names) writeFileSync(join(root, 'runbooks', name), `name: ${name}\n`.repeat(10));
  git(root, 'init', '-q');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'first');
  return root;
}

it('names the commit of a runbook, and says which files were changed since: edited, renamed, added, and none else', async () => {
  const root = repository('shop.yaml', 'two words.yaml', 'old.yaml', 'clean.yaml');
  const commit = git(root, 'rev-parse', 'HEAD');
  const at = (name: string) => join(root, 'runbooks', name);
  writeFileSync(at('two words.yaml'), 'name: other\n');
  git(root, 'mv', 'runbooks/old.yaml', 'runbooks/new.yaml');
  writeFileSync(at('added.yaml'), 'name: added\n');
  const gitOf = gitByFolder();
  const dirty: Record<string, boolean | undefined> = {};
  for (const name of ['shop.yaml', 'clean.yaml', 'two words.yaml', 'new.yaml', 'added.yaml']) {
    const found = await gitOf(at(name));
    expect(found?.commit).toBe(commit);
    dirty[name] = found?.dirty;
  }
  expect(dirty).toEqual({ 'shop.yaml': false, 'clean.yaml': false, 'two words.yaml': true, 'new.yaml': true, 'added.yaml': true });
});

it('knows a runbook in a conflict as changed', async () => {
  const root = repository('shop.yaml');
  const path = join(root, 'runbooks', 'shop.yaml');
  git(root, 'checkout', '-q', '-b', 'side');
  writeFileSync(path, 'name: side\n');
  git(root, 'commit', '-q', '-a', '-m', 'side');
  git(root, 'checkout', '-q', '-');
  writeFileSync(path, 'name: main\n');
  git(root, 'commit', '-q', '-a', '-m', 'main');
  expect(() => git(root, 'merge', 'side')).toThrow();
  expect(await gitCommit(path)).toEqual({ commit: git(root, 'rev-parse', 'HEAD'), dirty: true });
});

it('knows no commit in a folder without git, and in a repository without one', async () => {
  const bare = folder();
  expect(await gitCommit(join(bare, 'shop.yaml'))).toBeUndefined();
  git(bare, 'init', '-q');
  expect(await gitCommit(join(bare, 'shop.yaml'))).toBeUndefined();
});
