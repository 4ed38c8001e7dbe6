// Writes schema/runbook.json from the schemas in the code. Needs Node 22.18 or later, which reads TypeScript itself.
import { mkdir, writeFile } from 'node:fs/promises';
import { runbookJsonSchemaText } from '../src/runbook/json-schema.ts';

const file = new URL('../schema/runbook.json', import.meta.url);
await mkdir(new URL('.', file), { recursive: true });
await writeFile(file, await runbookJsonSchemaText());
