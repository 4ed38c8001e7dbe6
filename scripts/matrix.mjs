// Runs every runbook in every verb, in the lab and in the simulator, and writes what was seen into README.md. It takes a
// few minutes. Needs Node 22.18 or later, which reads TypeScript itself.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seal, tableOf, withTable } from '../test/matrix/table.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'dr-matrix-'));
const file = join(folder, 'cells.jsonl');
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const ran = spawnSync(process.execPath, [vitest, 'run', '--config', join('test', 'matrix', 'vitest.config.ts')], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, DR_MATRIX_FILE: file },
});
const cells = (await readFile(file, 'utf8')).trim().split('\n').map((line) => JSON.parse(line));
await rm(folder, { recursive: true });
const table = tableOf(cells);
const readme = join(root, 'README.md');
await writeFile(readme, withTable(await readFile(readme, 'utf8'), table, await seal(table, join(root, 'runbooks'))));
console.log(table);
process.exitCode = ran.status ?? 1;
