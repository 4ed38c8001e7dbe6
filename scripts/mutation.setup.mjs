// Loads the files that are mutated before any test does. Kinds are loaded when a test first asks for one: what a module
// computes as it is loaded would else count as seen by that one test alone.
import { globSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
for (const pattern of JSON.parse(process.env.DR_MUTATION_FILES ?? '[]')) {
  for (const file of globSync(pattern, { cwd: root })) await import(/* @vite-ignore */ resolve(root, file));
}
