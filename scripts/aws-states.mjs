// Writes docs/aws-states.md from the tables in the code. Needs Node 22.18 or later, which reads TypeScript itself.
import { writeFile } from 'node:fs/promises';
import { statesDocument } from '../src/aws/states/document.ts';

await writeFile(new URL('../docs/aws-states.md', import.meta.url), statesDocument());
