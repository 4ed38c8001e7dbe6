import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATE_TABLES } from '../../src/aws/states/document.ts';
import { COMMON_STEPS, KIND_NAMES, knownKind, OWN_KIND_NAMES } from '../../src/kinds/registry.ts';
import { VERBS } from '../../src/model/verb.ts';
import * as rules from './rules.ts';

const root = join(import.meta.dirname, '..', '..');

function read(pattern: string): rules.SourceText[] {
  return globSync(pattern, { cwd: root, exclude: ['node_modules/**', 'dist/**'] }).map((path) => ({
    path: path.split(sep).join('/'),
    text: readFileSync(join(root, path), 'utf8'),
  }));
}

const sources = read('src/**/*.ts');
const everything = [
  ...sources,
  ...['test/**/*.ts', 'bin/*.js', 'scripts/**/*', '{docs,src}/**/*.md', '*.md', '*.json', '*.js', '*.ts', 'runbooks/*', 'schema/*', '.ci/*'].flatMap(read),
];

describe('src/', () => {
  it('is read at all', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.flatMap(rules.importsOf).length).toBeGreaterThan(100);
  });

  it.each([
    ['imports only from the same floor or below', rules.upwardImports],
    ['has no circle of imports', rules.importCycles],
    ['has no barrel', rules.barrels],
    ['touches the AWS SDK only in aws/, and lazily', rules.sdkImports],
    ['knows no AWS in engine/', rules.engineImports],
    ['has no file over the limit', rules.longFiles],
    ['has no function over the limit', rules.longFunctions],
    ['decides nothing by the words of a sentence', rules.sentencesRead],
    ['knows no time and no chance but the injected ones where it must not', rules.impurities],
  ])('%s', (_name, rule) => {
    expect(rule(sources)).toEqual([]);
  });
});

/** They compare still. The list only gets shorter. */
const NOT_YET = /^src\/(simulator|lab)\//;

describe('the states of AWS', () => {
  it('are asked of their table', () => {
    const statuses = new Set(STATE_TABLES.flatMap(({ states }) => Object.keys(states)));
    expect(rules.statusTexts(sources.filter(({ path }) => !NOT_YET.test(path)), statuses)).toEqual([]);
  });
});

describe('kinds, facts and ids', () => {
  it('are known by name in kinds/ and plan/ only', async () => {
    const steps = Object.keys(COMMON_STEPS).map((name) => `run.${name}`);
    expect(rules.kindTexts(sources, new Set([...KIND_NAMES, ...OWN_KIND_NAMES.map((name) => `own.${name}`), ...steps, ...(await stepSuffixes())]))).toEqual([]);
  });
});

/** `.promote`: the end of a step's kind. */
async function stepSuffixes(): Promise<string[]> {
  const kinds = await Promise.all(KIND_NAMES.map((name) => knownKind(name)));
  return kinds.flatMap(({ steps }) => Object.keys(steps).map((step) => `.${step}`));
}

describe('verbs', () => {
  it('are asked for their traits', () => {
    expect(rules.verbTexts(sources, new Set(VERBS))).toEqual([]);
  });
});

describe('the project', () => {
  it('is written in the plain English of the field', () => {
    // Decisions are dated, and stay as they were written.
    const written = everything.filter(({ path }) => /\.(ts|md|yaml|js|mjs)$/.test(path) && !path.startsWith('docs/decisions/') && !path.startsWith('test/tidy/'));
    expect(rules.bannedPhrases(written)).toEqual([]);
  });

  it('names no path of a machine', () => {
    expect(rules.machinePaths(everything)).toEqual([]);
  });
});
