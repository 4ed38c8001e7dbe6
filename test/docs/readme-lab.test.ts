import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { BIN, ROOT, run } from '../commands/run-dr.ts';

/*
 * README, "The lab in another terminal": every line as it stands, in one shell. What a person would type is given with --confirm.
 */

const SHELL = `
dr() {
  local more=""
  case "$*" in *--lab*) ;; failover*) more="--confirm shop" ;; esac
  '${process.execPath}' '${BIN}' "$@" $more
}
command -v aws >/dev/null || aws() { echo "no AWS CLI here: $*"; }
`;

it('runs line by line', { timeout: 400_000 }, async () => {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = /^## The lab in another terminal\n([^]*?)^## /m.exec(text)?.[1] ?? '';
  const lines = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block = '']) => block.trim().split('\n'));
  expect(lines.length).toBeGreaterThan(8);
  const home = await mkdtemp(join(tmpdir(), 'dr-readme-'));
  onTestFinished(async () => {
    await run(process.execPath, [BIN, 'lab', 'stop'], { env: { HOME: home } });
    await rm(home, { recursive: true, force: true });
  });
  const script = SHELL + lines.map((line, i) => `${line}\necho "line ${i}: $?"\n`).join('');
  const ran = await run('bash', ['-c', script], { env: { HOME: home } });
  const codes = [...ran.stdout.matchAll(/^line \d+: (\d+)$/gm)].map(([, code]) => Number(code));
  const bad = lines.map((line, i) => ({ line, code: codes[i] })).filter(({ code }) => code !== 0);
  // Nobody said when the impact was: a probe that was down from its first sample measures no RTO.
  expect(bad.filter(({ line, code }) => !(line.startsWith('dr failover') && code === EXIT.notMeasured)), ran.stderr).toEqual([]);
  expect(ran.stdout).toContain('shop runs in ap-northeast-1');
});
