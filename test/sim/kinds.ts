import { readdir } from 'node:fs/promises';
import { loadKind, loadStepKind } from '../../src/kinds/registry.ts';
import type { AnyStepKind } from '../../src/model/step.ts';

/** The code of every step, loaded before time begins: loading a module is no simulated work. */
const kinds = new Map<string, AnyStepKind>();

export async function preload(): Promise<void> {
  if (kinds.size > 0) return;
  const add = async (name: string): Promise<void> => {
    kinds.set(name, await loadStepKind(name));
  };
  const names = async (folder: string) => (await readdir(new URL(`../../src/kinds/${folder}`, import.meta.url))).map((file) => file.replace(/\.ts$/, ''));
  for (const resource of await names('resources')) for (const step of Object.keys((await loadKind(resource))?.steps ?? {})) await add(`${resource}.${step}`);
  for (const step of await names('common-steps')) await add(`run.${step}`);
  for (const step of await names('custom')) await add(`own.${step}`).catch(() => undefined);
}

export async function kindOf(name: string): Promise<AnyStepKind> {
  const known = kinds.get(name) ?? (await loadStepKind(name));
  kinds.set(name, known);
  return known;
}
