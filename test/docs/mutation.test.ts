import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

const { GROUPS } = (await import(new URL('../../scripts/mutation-groups.mjs', import.meta.url).href)) as { GROUPS: Record<string, { mutate: string[]; tests: string[] }> };
const mutated = Object.values(GROUPS).flatMap(({ mutate }) => mutate.flatMap((pattern) => globSync(pattern)));

/** They hold types, load, compose or tell, and decide nothing. */
const DECIDES_NOTHING = new Set([
  'src/engine/run.ts',
  ...['events', 'local-state', 'memory-store', 'old-journals', 'state-store', 'unusable'].map((name) => `src/journal/${name}.ts`),
  'src/approvals/private-key.ts',
  'src/measure/prices.ts',
  'src/kinds/common.ts',
  ...['gather', 'notify-slack', 'notify-sns'].map((name) => `src/kinds/common-steps/${name}.ts`),
]);

/** A name, or each name in braces, finds a file. */
const finds = (pattern: string): boolean => globSync(pattern).length >= (/\{(.*)\}/.exec(pattern)?.[1]?.split(',').length ?? 1);

describe('the groups of the mutation test', () => {
  it('name files and tests that are there, each file once', () => {
    expect(Object.values(GROUPS).flatMap(({ mutate, tests }) => [...mutate, ...tests]).filter((pattern) => !finds(pattern))).toEqual([]);
    expect(mutated.filter((file, i) => mutated.indexOf(file) !== i)).toEqual([]);
  });

  it('hold the whole core: engine, journal, approvals, measure, and each file of kinds/ that says how a step stands', () => {
    const core = globSync('src/{engine,journal,approvals,measure}/*.ts');
    const kinds = globSync('src/kinds/**/*.ts').filter((file) => /state: '(reached|impossible|refused)'|\brefused\(/.test(readFileSync(file, 'utf8')));
    expect([...core, ...kinds].filter((file) => !mutated.includes(file) && !DECIDES_NOTHING.has(file))).toEqual([]);
    expect([...DECIDES_NOTHING].filter((file) => !globSync(file).length || mutated.includes(file)).map((file) => basename(file))).toEqual([]);
  });

  it('are all in docs/mutation.md', () => {
    const text = readFileSync('docs/mutation.md', 'utf8');
    expect(Object.keys(GROUPS).filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
