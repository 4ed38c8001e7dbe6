import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DrError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { findRunbooks, runbookName } from '../runbook/find.ts';
import { sharedIds, folderProblems } from '../runbook/folder.ts';
import { loadRunbook } from '../runbook/load.ts';
import { RunbookError, sortProblems, type Problem } from '../runbook/problem.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';

/** What was found in one file. `ok` is false as soon as one problem is an error. */
export interface ValidateResult {
  path: string;
  ok: boolean;
  /** Sorted by line and column. A file that cannot be read has one problem, at 1:1. */
  problems: readonly Problem[];
}

/** A checked file, and the name it gives itself when it is valid. */
interface Checked extends ValidateResult {
  name?: string;
  loaded?: LoadedRunbook;
}

/**
 * Checks any number of runbooks, offline. A folder stands for the YAML files directly in it.
 * @throws DrError (usage) when no path is given: nothing never means everything.
 */
export async function validate(paths: readonly string[]): Promise<ValidateResult[]> {
  if (paths.length === 0) {
    throw new DrError({
      code: 'NO_RUNBOOKS_GIVEN',
      exit: 'usage',
      title: 'No file or folder to check',
      next: ['dr validate runbooks/'],
    });
  }
  const results: Checked[] = [];
  for (const path of paths) results.push(...(await validatePath(path)));
  return withFolders(withUniqueNames(results), await folderFindings(results)).map(({ path, ok, problems }) => ({ path, ok, problems }));
}

async function validatePath(path: string): Promise<Checked[]> {
  const isFolder = await stat(path).then((s) => s.isDirectory(), () => false);
  if (!isFolder) return [await validateFile(path)];
  try {
    const files = await findRunbooks(path);
    if (files.length === 0) return [failed(path, 'the folder holds no runbook (*.yaml, *.yml)')];
    return await Promise.all(files.map(validateFile));
  } catch (error) {
    if (error instanceof DrError) return [failed(path, textOf(error))];
    throw error;
  }
}

async function validateFile(path: string): Promise<Checked> {
  try {
    const loaded = await loadRunbook(path);
    return { path, ok: true, problems: loaded.warnings, name: loaded.runbook.name, loaded };
  } catch (error) {
    if (error instanceof RunbookError) return { path, ok: false, problems: error.problems };
    if (error instanceof DrError) return failed(path, textOf(error));
    throw error;
  }
}

/** Runs are locked and confirmed by name: in one folder a name stands for one application. */
function withUniqueNames(results: readonly Checked[]): Checked[] {
  const first = new Map<string, string>();
  return results.map((result) => {
    if (result.name === undefined) return result;
    const key = `${dirname(resolve(result.path))}\n${result.name}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, result.path);
    if (other === undefined || resolve(other) === resolve(result.path)) return result;
    const message = `runbook: ${other} has the name ${result.name} already`;
    return { ...result, ok: false, problems: sortProblems([{ line: 1, col: 1, message, severity: 'error' }, ...result.problems]) };
  });
}

/** What only the whole folder tells, by path. A file that is checked alone is compared with its neighbours, whose own problems are not shown. */
async function folderFindings(results: readonly Checked[]): Promise<Map<string, Problem[]>> {
  const found = new Map<string, Problem[]>();
  const checked = results.flatMap(({ loaded }) => loaded ?? []);
  for (const [dir, loaded] of Map.groupBy(checked, ({ path }) => dirname(resolve(path)))) {
    const paths = new Set(loaded.map(({ path }) => resolve(path)));
    const others = (await findRunbooks(dir)).filter((path) => !paths.has(resolve(path)));
    const neighbours = await thoseThatMatter(loaded, others);
    const read = await Promise.all(neighbours.map((path) => loadRunbook(path).catch(() => undefined)));
    const broken = await Promise.all([...neighbours.filter((_, i) => read[i] === undefined), ...unreadIn(results, dir)].map(runbookName));
    const problems = await folderProblems([...loaded, ...read.filter((r) => r !== undefined)], broken.filter((name) => name !== undefined));
    for (const { path } of loaded) if (problems.has(path)) found.set(path, problems.get(path) ?? []);
  }
  return found;
}

/** A neighbour is read whole where these depend on others, or where it names a database, record or group of theirs: reading costs time. */
async function thoseThatMatter(loaded: readonly LoadedRunbook[], neighbours: readonly string[]): Promise<readonly string[]> {
  if (loaded.some(({ runbook }) => runbook.dependsOn.length > 0)) return neighbours;
  const ids = await sharedIds(loaded);
  // What is larger than a runbook may be is none.
  const textAt = async (path: string): Promise<string> => ((await stat(path)).size > LIMITS.runbookBytes ? '' : readFile(path, 'utf8'));
  const texts = await Promise.all(neighbours.map((path) => textAt(path).catch(() => '')));
  return neighbours.filter((_, i) => ids.some((id) => texts[i]?.includes(id)));
}

/** Files of the folder that were checked and could not be read as runbooks. */
function unreadIn(results: readonly Checked[], dir: string): string[] {
  return results.filter(({ path, loaded }) => loaded === undefined && dirname(resolve(path)) === dir).map(({ path }) => path);
}

function withFolders(results: readonly Checked[], found: ReadonlyMap<string, Problem[]>): Checked[] {
  return results.map((result) => {
    const more = found.get(result.path);
    return more === undefined ? result : { ...result, ok: false, problems: sortProblems([...more, ...result.problems]) };
  });
}

function failed(path: string, message: string): Checked {
  return { path, ok: false, problems: [{ line: 1, col: 1, message, severity: 'error' }] };
}

function textOf(error: DrError): string {
  return [error.message, error.detail, ...error.next].filter((part) => part !== undefined).join('; ');
}
