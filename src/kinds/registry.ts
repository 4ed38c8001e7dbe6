import { readdir } from 'node:fs/promises';
import { DrError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { AnyResourceKind } from './kind.ts';
import type { AnyOwnKind } from './own-steps/own-kind.ts';
import type { AnyStepKind } from './step.ts';

/*
 * Finds kinds by their file name: `resources/<kind>.ts` holds a kind of resource, `steps/<name>.ts` a step that
 * belongs to no resource (`run.<name>` in a plan), `own/<kind>.ts` a kind of own step (`own.<kind>` in a plan). Nothing
 * lists them, and only what a runbook names is loaded.
 */

type Folder = 'resources' | 'steps' | 'own';

const listings = new Map<string, Promise<ReadonlyMap<string, string>>>();

/** What was loaded stays loaded: a plan names the same kinds again and again. */
const modules = new Map<string, Promise<unknown>>();

/** The default export of a file that a listing named. */
function load(folder: Folder, file: string): Promise<unknown> {
  const path = `./${folder}/${file}`;
  let module = modules.get(path);
  if (module === undefined) {
    module = import(/* @vite-ignore */ path).then((loaded: { default: unknown }) => loaded.default);
    modules.set(path, module);
  }
  return module;
}

/** File names by kind. Run from src they end in .ts, once built in .js. */
function filesOf(folder: Folder): Promise<ReadonlyMap<string, string>> {
  let listing = listings.get(folder);
  if (listing === undefined) {
    listing = readdir(new URL(`./${folder}/`, import.meta.url)).then((names) => {
      const found = new Map<string, string>();
      for (const name of names.sort()) {
        const kind = /^([a-z0-9-]+)\.(?:ts|js)$/.exec(name)?.[1];
        if (kind !== undefined) found.set(kind, name);
      }
      return found;
    });
    listings.set(folder, listing);
  }
  return listing;
}

/** Every kind of resource there is, sorted. Loads none of them. */
export async function kindNames(): Promise<string[]> {
  return [...(await filesOf('resources')).keys()];
}

/** Loads the one kind that is asked for. Undefined when there is none of that name. */
export async function loadKind(name: string): Promise<AnyResourceKind | undefined> {
  // Only a name from the listing becomes part of a path.
  const file = (await filesOf('resources')).get(name);
  if (file === undefined) return undefined;
  return (await load('resources', file)) as AnyResourceKind;
}

/** Every kind of own step there is, sorted. */
export async function ownKindNames(): Promise<string[]> {
  return [...(await filesOf('own')).keys()];
}

/** Loads one kind of own step. Undefined when there is none of that name. */
export async function loadOwnKind(name: string): Promise<AnyOwnKind | undefined> {
  const file = (await filesOf('own')).get(name);
  return file === undefined ? undefined : ((await load('own', file)) as AnyOwnKind);
}

/** The code of a step by its name in a plan. @throws DrError when this version has no such step. */
export async function loadStepKind(name: string): Promise<AnyStepKind> {
  const [prefix = '', step = ''] = name.split('.');
  if (prefix === 'run') {
    const files = await filesOf('steps');
    const file = files.get(step);
    if (file === undefined) throw unknownStep(name, [...files.keys()].map((known) => `run.${known}`));
    return (await load('steps', file)) as AnyStepKind;
  }
  if (prefix === 'own') {
    const kind = await loadOwnKind(step);
    if (kind === undefined) throw unknownStep(name, (await ownKindNames()).map((known) => `own.${known}`));
    return kind.step;
  }
  const steps = (await loadKind(prefix))?.steps ?? {};
  const code = Object.hasOwn(steps, step) ? steps[step] : undefined;
  if (code === undefined) throw unknownStep(name, Object.keys(steps).map((known) => `${prefix}.${known}`));
  return code;
}

function unknownStep(name: string, known: readonly string[]): DrError {
  const near = nearest(name, known);
  return new DrError({
    code: 'STEP_UNKNOWN',
    exit: 'usage',
    title: `This version of dr has no step "${name}".`,
    ...(near === undefined ? {} : { detail: `The nearest is "${near}".` }),
    next: ['make the plan again with this version: dr plan --region REGION --out FILE'],
  });
}
