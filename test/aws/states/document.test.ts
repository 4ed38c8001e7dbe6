import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { STATE_TABLES, statesDocument } from '../../../src/aws/states/document.ts';

const ROOT = new URL('../../../', import.meta.url);

it('docs/aws-states.md is made from the tables: npm run aws-states', () => {
  expect(readFileSync(new URL('docs/aws-states.md', ROOT), 'utf8')).toBe(statesDocument());
});

it('has every table', () => {
  const dir = new URL('src/aws/states/', ROOT);
  const tables = readdirSync(dir).flatMap((name) => readFileSync(new URL(name, dir), 'utf8').match(/^export const \w+ = statesOf</gm) ?? []);
  expect(STATE_TABLES).toHaveLength(tables.length);
});
