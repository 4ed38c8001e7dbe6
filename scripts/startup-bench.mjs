// Prints what start-up costs: medians of paired runs against a Node script that does nothing.
// Usage: npm run bench:startup [-- RUNS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const runs = Number(process.argv[2] ?? 15);
const folder = mkdtempSync(join(tmpdir(), 'dr-bench-'));
const empty = join(folder, 'empty.mjs');
writeFileSync(empty, '');

const dr = join(root, 'bin', 'dr.js');
const cases = {
  'dr --help': { args: [dr, '--help'], limit: 2 },
  'dr validate FILE': { args: [dr, 'validate', join(root, 'runbooks', 'shop.yaml')], limit: 6 },
};

function timed(args) {
  const from = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  return { ms: Number(process.hrtime.bigint() - from) / 1e6, status };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  for (const [name, { args, limit }] of Object.entries(cases)) {
    timed(args); // fills the compile cache
    const pairs = Array.from({ length: runs }, () => ({ base: timed([empty]), run: timed(args) }));
    const failed = pairs.filter((pair) => pair.run.status !== 0).length;
    const ratio = median(pairs.map((pair) => pair.run.ms / pair.base.ms));
    const ms = (of) => median(pairs.map((pair) => pair[of].ms)).toFixed(0);
    console.log(
      `${name}: ${ms('run')} ms, an empty script ${ms('base')} ms: ${ratio.toFixed(1)} x (limit ${limit} x)` +
        (failed > 0 ? `; ${failed} of ${runs} runs failed` : ''),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
