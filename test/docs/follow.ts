import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

/*
 * A page of docs/ is followed word for word in a copy of the tree: its files are written, its changes made, its commands run.
 */

const ROOT = join(import.meta.dirname, '..', '..');

/** A code block that names what is done with it, e.g. `ts file=src/x.ts`, `ts line=src/y.ts`, `diff edit=src/z.ts`, `sh`. */
export interface Block {
  what: string;
  path: string;
  text: string;
}

export class Followed {
  readonly folder: string;
  readonly page: string;
  readonly blocks: readonly Block[];

  private constructor(folder: string, page: string) {
    this.folder = folder;
    this.page = page;
    this.blocks = [...page.matchAll(/^```(?:ts|diff|sh) ?(?:(\w+)=(\S+))?\n([^]*?)^```$/gm)].map(([, what = 'run', path = '', text = '']) => ({ what, path, text }));
  }

  /** A copy with what it needs of the tree: code, tests, and what they are checked with. */
  static async page(name: string): Promise<Followed> {
    const folder = await mkdtemp(join(tmpdir(), 'dr-adding-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const part of ['src', 'test', 'runbooks', 'schema', 'scripts', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
      await cp(join(ROOT, part), join(folder, part), { recursive: true });
    }
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return new Followed(folder, await readFile(join(ROOT, 'docs', name), 'utf8'));
  }

  of(what: string): Block[] {
    return this.blocks.filter((block) => block.what === what);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8');
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  /** Lines with a minus become those with a plus; the others must be there as they are. */
  async edit({ path, text }: Block): Promise<void> {
    const lines = text.trimEnd().split('\n');
    const side = (sign: string) => lines.filter((line) => line.startsWith(sign) || line.startsWith(' ')).map((line) => line.slice(1)).join('\n');
    const before = await this.read(path);
    if (before.split(side('-')).length !== 2) throw new Error(`${path} has not once:\n${side('-')}`);
    await this.write(path, before.replace(side('-'), () => side('+')));
  }

  /** What a command prints. @throws Error with it if the command fails */
  async run(command: string): Promise<string> {
    const [program = '', ...args] = command.split(' ');
    try {
      return (await promisify(execFile)(program, args, { cwd: this.folder, env: { ...process.env, NODE_ENV: 'test' } })).stdout;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`${command}\n${stdout}${stderr}`);
    }
  }

  async commands(): Promise<void> {
    for (const { text } of this.of('run')) for (const command of text.trim().split('\n')) await this.run(command);
  }

  /** Path and hash of every file of src/. */
  async hashes(): Promise<Record<string, string>> {
    const names = (await readdir(join(this.folder, 'src'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const found: Record<string, string> = {};
    for (const entry of names) {
      const path = join(entry.parentPath, entry.name);
      found[path.slice(this.folder.length + 1)] = createHash('sha256').update(await readFile(path)).digest('hex');
    }
    return found;
  }
}
