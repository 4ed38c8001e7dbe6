import * as z from 'zod';
import { SECTIONS, type Section } from '../model/verb.ts';
import { KIND_NAMES, loadKind, loadOwnKind, OWN_KIND_NAMES } from '../kinds/registry.ts';
import { runbookSchema } from './schema.ts';

type JsonSchema = Record<string, unknown>;

/** The JSON Schema (draft 2020-12) that editors use, from the same source as the checks: the schema of the file with the schemas of all kinds in it. */
export async function runbookJsonSchema(): Promise<JsonSchema> {
  const { $schema, ...rest } = z.toJSONSchema(runbookSchema, { io: 'input' }) as JsonSchema;
  const properties = rest['properties'] as Record<string, JsonSchema>;
  const kinds = await kindSchemas();
  for (const section of SECTIONS) {
    properties[section] = { ...properties[section], minProperties: 1, additionalProperties: { oneOf: kinds[section] } };
  }
  properties['steps'] = { ...properties['steps'], minProperties: 1, additionalProperties: { oneOf: await ownSchemas() } };
  properties['regions'] = { ...properties['regions'], minProperties: 2 };
  return {
    $schema,
    // Stable: the same for every version that reads the same files.
    $id: 'urn:region-recovery:runbook:1',
    title: 'Runbook of dr',
    description: 'One application: what it is made of, and what each part is called in each region.',
    ...rest,
    anyOf: SECTIONS.map((section) => ({ required: [section] })),
  };
}

/** As it is written to `schema/runbook.json`. */
export async function runbookJsonSchemaText(): Promise<string> {
  return `${JSON.stringify(await runbookJsonSchema(), null, 2)}\n`;
}

async function ownSchemas(): Promise<JsonSchema[]> {
  const schemas: JsonSchema[] = [];
  for (const name of OWN_KIND_NAMES) {
    const kind = await loadOwnKind(name);
    if (kind === undefined) continue;
    const { $schema: _ours, ...schema } = z.toJSONSchema(kind.schema, { io: 'input' }) as JsonSchema;
    schemas.push(named(name, kind.summary, schema));
  }
  return schemas;
}

async function kindSchemas(): Promise<Record<Section, JsonSchema[]>> {
  const schemas: Record<Section, JsonSchema[]> = { databases: [], compute: [], traffic: [] };
  for (const name of KIND_NAMES) {
    const kind = await loadKind(name);
    if (kind === undefined) continue;
    const { $schema: _ours, ...schema } = z.toJSONSchema(kind.schema, { io: 'input' }) as JsonSchema;
    schemas[kind.section].push(named(name, kind.summary, schema));
  }
  return schemas;
}

/** A branch that editors show by its name; `kind` chooses it. */
function named(name: string, summary: string, schema: JsonSchema): JsonSchema {
  const properties = schema['properties'] as Record<string, JsonSchema>;
  properties['kind'] = { ...properties['kind'], description: `${name}: ${summary}` };
  return { title: name, description: summary, ...schema };
}
