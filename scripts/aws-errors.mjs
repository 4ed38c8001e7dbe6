// Writes docs/aws-errors.md from its table. Needs Node 22.18 or later, which reads TypeScript itself.
import { writeFile } from 'node:fs/promises';
import { errorsDocument } from '../test/aws/documented-errors.ts';

await writeFile(new URL('../docs/aws-errors.md', import.meta.url), errorsDocument());
