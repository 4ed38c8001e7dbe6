import { inOrder } from '../../base/graph.ts';
import { resolve } from 'node:path';
import { DrError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { findRunbooks, runbookName } from '../../runbook/find.ts';
import { folderProblems } from '../../runbook/folder.ts';
import { loadRunbook } from '../../runbook/load.ts';
import { formatProblem } from '../../runbook/problem.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';

export interface FleetChoice {
  runbooks: string;
  region: string;
  /** The region to leave, where it cannot be inferred. */
  from?: string | undefined;
  /** Names to take, and no other. Undefined: all that have the region. An empty list is refused. */
  only?: readonly string[] | undefined;
  except?: readonly string[] | undefined;
}

export interface FleetMember {
  loaded: LoadedRunbook;
  /** Names of the fleet that must have succeeded before. */
  needs: readonly string[];
}

/** What a choice gives: members in an order in which they could be moved one by one, and what is to be said of the rest. */
interface ChosenFleet {
  members: readonly FleetMember[];
  /** One sentence each. */
  notes: readonly string[];
}

/**
 * The runbooks of a folder that can be active in a region. Nothing is left out silently, and no empty choice means all.
 * @throws DrError: unknown name, nothing chosen, a runbook that cannot be read, a folder that is not sound.
 */
export async function chooseFleet(choice: FleetChoice): Promise<ChosenFleet> {
  const { loaded, broken } = await readFolder(choice.runbooks);
  const all = [...loaded.map((l) => l.runbook.name), ...broken.map((b) => b.name)];
  for (const flag of ['only', 'except'] as const) {
    if (choice[flag]?.length === 0) throw usage('FLEET_EMPTY', `--${flag} names nothing.`, [`--${flag} ${all.slice(0, 2).join(',') || 'NAME'}`]);
    for (const name of choice[flag] ?? []) if (!all.includes(name)) throw unknownName(flag, name, all, choice.runbooks);
  }
  const wanted = (name: string) => (choice.only?.includes(name) ?? true) && !(choice.except?.includes(name) ?? false);
  mustBeSound(broken.filter(({ name }) => wanted(name)));
  const chosen = loaded.filter(({ runbook }) => wanted(runbook.name));
  const here = chosen.filter(({ runbook }) => runbook.regions.some(({ id }) => id === choice.region));
  const elsewhere = chosen.filter((l) => !here.includes(l));
  if (choice.only !== undefined && elsewhere[0] !== undefined) {
    throw usage('REGION_UNKNOWN', `${elsewhere[0].runbook.name} has no region ${choice.region}.`, [`it has: ${elsewhere[0].runbook.regions.map((r) => r.id).join(', ')}`]);
  }
  if (here.length === 0) {
    const known = [...new Set(chosen.flatMap(({ runbook }) => runbook.regions.map(({ id }) => id)))].sort();
    const left = choice.except === undefined ? '' : ' that --except leaves';
    throw usage('FLEET_EMPTY', `No runbook in ${choice.runbooks}${left} has the region ${choice.region}.`, known.length === 0 ? ['dr validate'] : known.map((id) => `--region ${id}`));
  }
  const problems = await folderProblems(loaded, broken.map((b) => b.name));
  const lines = here.flatMap(({ path }) => (problems.get(path) ?? []).map((p) => formatProblem(path, p)));
  if (lines.length > 0) throw folderInvalid(lines, []);
  const members = membersOf(here);
  return { members, notes: [...elsewhere.map((l) => `${l.runbook.name} has no region ${choice.region}`), ...dependencyNotes(members, all)] };
}

interface Broken {
  path: string;
  name: string;
  lines: string[];
}

async function readFolder(dir: string): Promise<{ loaded: LoadedRunbook[]; broken: Broken[] }> {
  const paths = await findRunbooks(dir);
  const read = await Promise.all(paths.map((path) => loadRunbook(path).catch((error: unknown) => brokenBy(path, error))));
  const loaded = read.filter((r): r is LoadedRunbook => 'runbook' in r);
  const first = new Map<string, string>();
  for (const { path, runbook } of loaded) {
    const other = first.get(runbook.name);
    if (other !== undefined) throw folderInvalid([`${path}:1:1 runbook: ${other} has the name ${runbook.name} already`], []);
    first.set(runbook.name, path);
  }
  return { loaded, broken: read.filter((r): r is Broken => !('runbook' in r)) };
}

async function brokenBy(path: string, error: unknown): Promise<Broken> {
  if (!(error instanceof DrError)) throw error;
  return { path, name: (await runbookName(path)) ?? path, lines: (error.detail ?? error.message).split('\n') };
}

/** A runbook that cannot be read stands for an application that would be forgotten. */
function mustBeSound(broken: readonly Broken[]): void {
  if (broken.length === 0) return;
  throw folderInvalid(broken.flatMap((b) => b.lines), [`--except ${broken.map((b) => b.name).join(',')}    continues without, and leaves them where they are`]);
}

function folderInvalid(lines: readonly string[], next: readonly string[]): DrError {
  return new DrError({
    code: 'RUNBOOK_INVALID',
    exit: 'runbook',
    title: 'The folder of runbooks is not sound.',
    detail: lines.slice(0, 50).join('\n'),
    next: ['dr validate DIR', ...next],
  });
}

/** Each after those that it depends on, else by name. */
function membersOf(here: readonly LoadedRunbook[]): FleetMember[] {
  const byName = new Map(here.map((loaded) => [loaded.runbook.name, loaded]));
  const needsOf = (name: string) => byName.get(name)?.runbook.dependsOn.filter((other) => byName.has(other)) ?? [];
  return inOrder([...byName.keys()].sort(), needsOf).flatMap((name) => {
    const loaded = byName.get(name);
    return loaded === undefined ? [] : [{ loaded, needs: needsOf(name) }];
  });
}

function dependencyNotes(members: readonly FleetMember[], all: readonly string[]): string[] {
  const taken = new Set(members.map((m) => m.loaded.runbook.name));
  return members.flatMap(({ loaded: { runbook } }) =>
    runbook.dependsOn
      .filter((name) => !taken.has(name) && all.includes(name))
      .map((name) => `${runbook.name} depends on ${name}, which is not among those that are moved: it is taken to be in place`),
  );
}

function unknownName(flag: string, name: string, all: readonly string[], dir: string): DrError {
  const near = nearest(name, all);
  return usage('RUNBOOK_NOT_FOUND', `--${flag} ${name}: there is no such runbook in ${resolve(dir)}.`, [
    near === undefined ? `there are: ${all.slice(0, 30).join(', ')}` : `did you mean ${near}?`,
  ]);
}

function usage(code: string, title: string, next: readonly string[]): DrError {
  return new DrError({ code, exit: 'usage', title, next });
}
