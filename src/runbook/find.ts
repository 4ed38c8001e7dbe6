import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { DrError, messageOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { nearest } from '../base/nearest.ts';
import { readPlain } from '../base/plain-file.ts';
import { fileURLToPath } from 'node:url';

const YAML_FILE = /\.ya?ml$/;

/** The YAML files directly in a folder, sorted by name. Hidden files are left out. @throws DrError (RUNBOOK_NOT_FOUND) when there is no such folder. */
export async function findRunbooks(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    const files = entries.filter((e) => !e.isDirectory() && YAML_FILE.test(e.name) && !e.name.startsWith('.'));
    return files.map((e) => join(dir, e.name)).sort();
  } catch (cause) {
    throw new DrError({
      code: 'RUNBOOK_NOT_FOUND',
      exit: 'runbook',
      title: `There is no folder of runbooks ${dir}`,
      ...((cause as NodeJS.ErrnoException).code === 'ENOENT' ? {} : { detail: messageOf(cause) }),
      next: ['give the folder that holds your runbooks', ...firstRunbook(dir)],
      cause,
    });
  }
}

/**
 * The path of one runbook: a path is taken as it is; a name is a file of the folder (`shop` is `shop.yaml`), or the
 * file that says `runbook: shop`.
 * @throws DrError (RUNBOOK_NOT_FOUND, RUNBOOK_AMBIGUOUS)
 */
export async function findRunbook(dir: string, nameOrPath: string): Promise<string> {
  if (nameOrPath.includes('/') || nameOrPath.includes(sep) || YAML_FILE.test(nameOrPath)) return nameOrPath;
  const files = await findRunbooks(dir);
  const named: string[] = [];
  for (const file of files) if ((await runbookName(file)) === nameOrPath) named.push(file);
  const found = named.length > 0 ? named : files.filter((file) => fileName(file) === nameOrPath);
  if (found.length > 1) {
    throw new DrError({
      code: 'RUNBOOK_AMBIGUOUS',
      exit: 'runbook',
      title: `More than one file is the runbook ${nameOrPath}`,
      detail: found.join('\n'),
      next: ['give the path of the one that is meant, or rename the other one'],
    });
  }
  if (found[0] !== undefined) return found[0];
  throw await notFound(join(dir, `${nameOrPath}.yaml`));
}

/** The error for a file that is not there; names the runbooks beside it. */
export async function notFound(path: string): Promise<DrError> {
  const dir = dirname(path);
  const there = await findRunbooks(dir).catch(() => undefined);
  const near = nearest(fileName(path), (there ?? []).map(fileName));
  const detail =
    there === undefined
      ? `the folder ${dir} does not exist`
      : there.length === 0
        ? `${dir} holds no runbook (*.yaml, *.yml)`
        : `${dir} holds: ${there.slice(0, 30).map((file) => basename(file)).join(', ')}${there.length > 30 ? ', …' : ''}`;
  const meant = there?.find((file) => fileName(file) === near);
  return new DrError({
    code: 'RUNBOOK_NOT_FOUND',
    exit: 'runbook',
    title: isRunbook(path) ? `There is no runbook ${path}` : `There is no file or folder ${path}`,
    detail,
    next: meant === undefined ? [] : [`did you mean ${meant}?`],
  });
}

/** By its ending; without one it may be a folder. */
function isRunbook(path: string): boolean {
  return YAML_FILE.test(path);
}

/** Without folder and ending. */
function fileName(file: string): string {
  return basename(file).replace(YAML_FILE, '');
}

/** What the file calls itself, read without parsing it: a broken file still has a name. */
export async function runbookName(file: string): Promise<string | undefined> {
  const text = await readPlain(file, LIMITS.runbookBytes).then(String, () => '');
  return /^runbook:[ \t]*["']?([a-z0-9][a-z0-9-]{0,39})["']?[ \t]*(?:#.*)?\r?$/m.exec(text)?.[1];
}

/** The runbook files of some paths; a folder stands for the YAML files directly in it. @throws DrError where there are none. */
export async function runbookFiles(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      const isFolder = await stat(path).then((s) => s.isDirectory(), () => false);
      return isFolder ? findRunbooks(path) : [path];
    }),
  );
  const files = [...new Set(lists.flat())];
  if (files.length > 0) return files;
  throw new DrError({ code: 'RUNBOOK_NOT_FOUND', exit: 'runbook', title: `There is no runbook in ${paths.join(', ')}.`, next: ['name files or folders'] });
}

/** The runbook that comes with `dr`, from src/ and from dist/ alike. */
export const EXAMPLE_RUNBOOK = fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url));

/** How to get a first runbook. */
function firstRunbook(folder: string): string[] {
  return [`dr init --help    writes one for each application that it finds in an account`, `mkdir -p ${folder} && cp ${EXAMPLE_RUNBOOK} ${folder}    an example to edit`];
}
