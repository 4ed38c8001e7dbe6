import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { KIND_NAMES, loadKind } from '../../src/kinds/registry.ts';
import { runbookJsonSchema, runbookJsonSchemaText } from '../../src/runbook/json-schema.ts';

test('schema/runbook.json is current; if not: npm run schema', async () => {
  expect(await readFile('schema/runbook.json', 'utf8')).toBe(await runbookJsonSchemaText());
});

describe('the schema', () => {
  test('is draft 2020-12, strict, and has every kind in its section', async () => {
    const schema = await runbookJsonSchema();
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema['additionalProperties']).toBe(false);
    expect(schema['required']).toEqual(['runbook', 'owner', 'strategy', 'objectives', 'regions']);
    const properties = schema['properties'] as Record<string, { additionalProperties?: { oneOf?: { title: string }[] } }>;
    for (const name of KIND_NAMES) {
      const kind = await loadKind(name);
      const titles = properties[kind?.section ?? '']?.additionalProperties?.oneOf?.map((branch) => branch.title);
      expect(titles).toContain(name);
    }
  });

  test('has a description for every key that people write', async () => {
    const missing: string[] = [];
    const walk = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { properties } = node as { properties?: Record<string, Record<string, unknown>> };
      for (const [key, child] of Object.entries(properties ?? {})) {
        if (child['description'] === undefined) missing.push(`${path}.${key}`);
      }
      for (const [key, child] of Object.entries(node)) walk(child, `${path}.${key}`);
    };
    walk(await runbookJsonSchema(), '');
    expect(missing).toEqual([]);
  });
});

test('a kind is named as its file', async () => {
  for (const name of KIND_NAMES) {
    const kind = await loadKind(name);
    expect(kind?.schema.safeParse({ kind: name }).error?.issues.some((issue) => issue.path[0] === 'kind')).toBe(false);
    expect(kind?.schema.safeParse({ kind: 'other' }).error?.issues.some((issue) => issue.path[0] === 'kind')).toBe(true);
  }
});
