import { readdir } from 'node:fs/promises';
import type { AnyResourceKind } from './kind.ts';

/** Every file of this folder is one kind, named as in a runbook. Nothing else lists them. */
const FOLDER = new URL('./resources/', import.meta.url);

let files: Promise<ReadonlyMap<string, string>> | undefined;

/** File names by kind. Run from src they end in .ts, once built in .js. */
function kindFiles(): Promise<ReadonlyMap<string, string>> {
  files ??= readdir(FOLDER).then((names) => {
    const found = new Map<string, string>();
    for (const name of names.sort()) {
      const kind = /^([a-z0-9-]+)\.(?:ts|js)$/.exec(name)?.[1];
      if (kind !== undefined) found.set(kind, name);
    }
    return found;
  });
  return files;
}

/** Every kind there is, sorted. Loads none of them. */
export async function kindNames(): Promise<string[]> {
  return [...(await kindFiles()).keys()];
}

/** Loads the one kind that is asked for. Undefined when there is none of that name. */
export async function loadKind(name: string): Promise<AnyResourceKind | undefined> {
  const file = (await kindFiles()).get(name);
  if (file === undefined) return undefined;
  const module = (await import(new URL(file, FOLDER).href)) as { default: AnyResourceKind };
  return module.default;
}
