// One job of a CI: checks the runbooks, drills one of them, and leaves reports where the CI finds them. Used by action.yml and docs/ci/.
//   DR_REGION      region that would become active
//   DR_RUNBOOK     name of the runbook
//   DR_RUNBOOKS    folder of the runbooks (runbooks)
//   DR_STATE       s3://bucket/prefix?region=R, or a folder that outlives the job
//   DR_DUE         a test that met its objectives may be that old (30d)
//   DR_OUT         folder for reports (dr-reports)
//   DR_LAB=1       in a lab of its own, instead of on AWS
// Ends with the exit code of the first command that did not end well: `dr --help` lists them.
import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = process.env.DR_BIN ?? fileURLToPath(new URL('../bin/dr.js', import.meta.url));
const { DR_REGION: region = '', DR_RUNBOOK: runbook = '', DR_RUNBOOKS: runbooks = 'runbooks', DR_DUE: due = '30d', DR_OUT: out = 'dr-reports' } = process.env;
const lab = process.env.DR_LAB === '1';
const onGithub = process.env.GITHUB_ACTIONS === 'true';
mkdirSync(out, { recursive: true });

if (region === '' || runbook === '') end(2, 'DR_REGION and DR_RUNBOOK name what is drilled.');

const validated = json('validate', runbooks);
for (const { path, problems } of validated.result?.files ?? []) for (const problem of problems) annotate(problem.severity, problem.message, { file: relative('.', path), line: problem.line, col: problem.col });
if (validated.exitCode !== 0) end(validated.exitCode, validated.error?.message ?? 'A runbook is not valid.');

if (!lab) {
  const checked = dr('check', '--runbooks', runbooks, '--runbook', runbook, '--region', region, '--format', 'junit');
  writeFileSync(join(out, 'check.junit.xml'), checked.stdout);
  if (checked.status !== 0) end(checked.status, `A failover of ${runbook} to ${region} would not be ready: see check.junit.xml.`);
}

const drilled = json('drill', '--runbooks', runbooks, '--runbook', runbook, '--region', region, ...(lab ? ['--lab'] : ['--confirm', runbook]));
const run = drilled.result?.run;
for (const line of drilled.result?.summary ?? []) console.log(line);
if (run === undefined) end(drilled.exitCode, [drilled.error?.message, drilled.error?.detail, ...(drilled.error?.next ?? [])].filter(Boolean).join('\n'));

const reported = json('report', run, '--format', 'markdown', '--format', 'junit', '--format', 'csv');
for (const file of Object.values(reported.result ?? {})) if (existsSync(file)) copyFileSync(file, join(out, basename(file)));
const summary = join(out, 'report.md');
if (process.env.GITHUB_STEP_SUMMARY && existsSync(summary)) appendFileSync(process.env.GITHUB_STEP_SUMMARY, readFileSync(summary));

const { applications = [] } = json('history', '--due', due).result ?? {};
for (const { name, mode, overdue } of applications) if (name === runbook && overdue !== null) annotate('warning', `${name} (${mode}): ${overdue}`);
if (drilled.exitCode !== 0) end(drilled.exitCode, `Run ${run}: ${drilled.error?.message ?? drilled.exit}`);
console.log(`Run ${run} has met its objectives. Reports: ${out}`);

function dr(...args) {
  const { status, stdout } = spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 256 * 2 ** 20 });
  return { status: status ?? 1, stdout };
}

function json(...args) {
  const { status, stdout } = dr(...args, '--json');
  try {
    return JSON.parse(stdout);
  } catch {
    return { exitCode: status === 0 ? 1 : status, error: { message: `dr ${args[0]} printed no JSON` } };
  }
}

/** At the line of the runbook, where the CI can show it. https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotate(severity, message, place = {}) {
  const level = severity === 'error' ? 'error' : 'warning';
  const at = Object.entries(place).map(([name, value]) => `${name}=${escaped(String(value)).replaceAll(':', '%3A').replaceAll(',', '%2C')}`);
  const text = place.file === undefined ? message : `${place.file}:${place.line}:${place.col} ${message}`;
  console.log(onGithub ? `::${level} ${at.join(',')}::${escaped(message)}` : `${level}: ${text}`);
}

function escaped(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function end(code, message) {
  if (message !== '') annotate('error', message);
  process.exit(code);
}
