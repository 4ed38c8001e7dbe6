import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rehearse } from '../../src/app/rehearse/rehearse.ts';
import { LAB_TIMINGS } from '../../src/lab/lab-world.ts';
import type { Evidence } from '../../src/report/evidence-schema.ts';
import { BIN, type Ran, ROOT } from '../commands/run-dr.ts';
import { Family } from './processes.ts';
import { envelopeOf, runsIn, TOKYO } from './stage.ts';
import { asShown, hasTerminal, inTerminal } from './terminal.ts';

/*
 * `dr failover --region ap-northeast-1 --lab`, as a newcomer runs it: one process, everything in it, nothing left.
 */

const MAIN_JOB = ['failover', '--region', TOKYO, '--lab'];
const JOB_MS = 120_000;
const NOBODY = 65_534;
/** Where Node keeps the compiled code of every program. */
const CODE_CACHE = 'node-compile-cache';

interface Job extends Ran {
  /** Files that are left in the temporary folder. */
  files: string[];
  /** Those that were ever seen there. */
  seen: Set<string>;
  /** Processes that are left. */
  left: number[];
  processes: number;
}

const homes: string[] = [];
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

/** An empty HOME with a TMPDIR of its own. */
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'dr-home-'));
  homes.push(home);
  mkdirSync(join(home, 'tmp'));
  chmodSync(home, 0o755);
  chmodSync(join(home, 'tmp'), 0o1777);
  return home;
}

/** The example with a short hold, for the jobs that are not about figures. */
function brisk(home: string): string[] {
  const folder = join(home, 'runbooks');
  mkdirSync(folder);
  writeFileSync(join(folder, 'shop.yaml'), readFileSync(join(ROOT, 'runbooks', 'shop.yaml'), 'utf8').replace('hold: 5s', 'hold: 300ms'));
  return ['--runbooks', folder];
}

async function job(home: string, command: readonly string[], env: Record<string, string> = {}): Promise<Job> {
  const [program = '', ...args] = command;
  const base = { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: join(home, 'tmp') };
  const child = spawn(program, args, { cwd: ROOT, env: { ...base, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const family = new Family(child.pid ?? 0);
  const tmp = (): string[] => readdirSync(join(home, 'tmp')).filter((name) => name !== CODE_CACHE);
  const seen = new Set<string>();
  const looking = setInterval(() => tmp().forEach((name) => seen.add(name)), 100);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  clearInterval(looking);
  return { code, stdout, stderr, files: tmp(), seen, left: family.left(), processes: family.size };
}

const dr = (...args: string[]): string[] => [process.execPath, BIN, ...args];

function nothingIsLeft({ files, seen, left, processes }: Job): void {
  expect({ files, left }).toEqual({ files: [], left: [] });
  // There was something to leave: a folder, and dr, the lab and its watchdog at least.
  expect([...seen].join()).toMatch(/^dr-lab-\w+$/);
  expect(processes).toBeGreaterThan(2);
}

function evidenceOf(ran: Ran): Evidence {
  const { result } = envelopeOf(ran);
  return JSON.parse(readFileSync(result.report.json, 'utf8')) as Evidence;
}

const sum = (rows: readonly { ms: number }[]): number => rows.reduce((total, { ms }) => total + ms, 0);

function figuresHold(evidence: Evidence): { downtime: number; own: number } {
  const { lab } = evidence;
  if (lab === null || lab.clientDowntimeMs === null) throw new Error('the client measured nothing');
  expect(evidence.test.kind).toBe('lab');
  expect(evidence.verdict.word).toBe('met');
  // Every millisecond of the downtime is given to somebody.
  expect(sum(lab.breakdown)).toBe(lab.clientDowntimeMs);
  expect(sum(evidence.downtime.breakdown)).toBe(evidence.downtime.ms);
  expect(Date.parse(lab.firstGoodAt ?? '') - Date.parse(lab.lastGoodAt ?? '')).toBe(lab.clientDowntimeMs);
  // The truth about loss, and the bound that is never below it.
  const [database] = evidence.databases;
  expect(lab.lost).toBeLessThan(lab.acknowledged);
  expect(database?.rpo.boundMs).toBeGreaterThanOrEqual(lab.lostSpanMs);
  expect(lab.boundHolds).toBe(true);
  const own = lab.breakdown.find(({ cause }) => cause === 'tool')?.ms ?? Number.NaN;
  return { downtime: lab.clientDowntimeMs, own };
}

/**
 * What a rehearsal says of the same failover, given the lab's durations, the promotion and a request as that failover had them, and that the
 * addresses of the lab's dead application refuse connections.
 */
async function rehearsedMs({ steps }: Evidence): Promise<number> {
  const promotion = steps.find(({ id }) => id === 'databases.orders.promote');
  const answered = steps.flatMap(({ calls }) => calls).filter(({ error }) => error === null).map(({ ms }) => ms).sort((a, b) => a - b);
  const { modifyMs, rebootMs, insyncMs, instanceWarmUpMs, targetMs } = LAB_TIMINGS;
  const given = {
    decide: 0,
    lag: 200,
    resolver: 1_000,
    modify: modifyMs,
    reboot: rebootMs,
    insync: insyncMs,
    instanceWarmUp: instanceWarmUpMs,
    target: targetMs,
    promotion: Date.parse(promotion?.endedAt ?? '') - Date.parse(promotion?.requestedAt ?? ''),
    call: answered[Math.floor(answered.length / 2)],
  };
  const durations = Object.entries(given).map(([name, ms]) => `${name}=${ms ?? ''}ms`);
  const { summary } = await rehearse({ runbook: join(ROOT, 'runbooks', 'shop.yaml'), runbooks: join(ROOT, 'runbooks'), region: TOKYO, runs: 11, seed: 1, threads: 1, durations, faults: false, assertions: [], lostApplications: 'refuses' });
  return summary.rto.p50 ?? Number.NaN;
}

describe('the main job', () => {
  it('brings the shop back, measures it, and leaves nothing; a second one after it, too', { timeout: 2 * JOB_MS }, async () => {
    const home = newHome();
    const state = join(home, '.local', 'state', 'dr');
    const first = await job(home, dr(...MAIN_JOB, '--json'));
    // stdout is the one document; the progress is on stderr.
    expect({ code: first.code, stderr: first.code === 0 ? '' : first.stderr }).toEqual({ code: 0, stderr: '' });
    expect(first.stderr).toMatch(/ databases\.orders\.promote: done in /);
    nothingIsLeft(first);
    const evidence = evidenceOf(first);
    const { downtime, own } = figuresHold(evidence);
    const rows = evidence.lab?.breakdown.map(({ cause, ms }) => `${cause} ${ms}`).join(', ') ?? '';
    console.log(`main job: downtime ${downtime} ms (${rows}); ${evidence.lab?.lost} of ${evidence.lab?.acknowledged} orders lost, ${evidence.lab?.lostSpanMs} ms, bound ${evidence.databases[0]?.rpo.boundMs} ms`);
    // Wanted, with a TTL of one second, on a machine that is not busy: no more than 10 s and 1 s.
    console.log(`main job: downtime ${downtime <= 10_000 ? 'within' : 'MORE THAN'} 10 s, own share ${own <= 1_000 ? 'within' : 'MORE THAN'} 1 s`);

    const before = evidence.lab?.breakdown.find(({ cause }) => cause === 'before')?.ms ?? 0;
    const rehearsed = await rehearsedMs(evidence);
    // Printed, and not held to a bound: how long the lab takes is the machine's. docs/rehearsal.md says where they differ.
    const measured = downtime - before - own;
    console.log(`main job: ${measured} ms without the tool's own share, rehearsed ${rehearsed} ms, ${(rehearsed / measured).toFixed(2)} of it`);
    expect(rehearsed).toBeGreaterThan(0);

    const again = await job(home, dr(...MAIN_JOB, ...brisk(home)));
    expect({ code: again.code, said: again.stdout.split('\n')[0] }).toEqual({ code: 0, said: '[LAB] a two-region lab on one machine; no AWS account was involved' });
    nothingIsLeft(again);
    expect(await runsIn(state)).toHaveLength(2);
  });

  it('runs twice at once in one state folder', { timeout: JOB_MS }, async () => {
    const home = newHome();
    const args = [...MAIN_JOB, ...brisk(home)];
    const both = { DR_STATE: join(home, 'state') };
    for (const one of await Promise.all([job(home, dr(...args), both), job(newHome(), dr(...args), both)])) {
      expect({ code: one.code, stderr: one.code === 0 ? '' : one.stderr }).toEqual({ code: 0, stderr: '' });
      nothingIsLeft(one);
    }
    expect(await runsIn(both.DR_STATE)).toHaveLength(2);
  });

  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const reachable = process.getuid?.() === 0 && spawnSync(asNobody[0] ?? '', [...asNobody.slice(1), process.execPath, BIN, '--version'], { stdio: 'ignore' }).status === 0;

  it.skipIf(!reachable)('runs as an ordinary user', { timeout: JOB_MS }, async () => {
    const home = newHome();
    const runbooks = brisk(home);
    chownSync(home, NOBODY, NOBODY);
    const ran = await job(home, [...asNobody, ...dr(...MAIN_JOB, ...runbooks)]);
    expect({ code: ran.code, stderr: ran.code === 0 ? '' : ran.stderr }).toEqual({ code: 0, stderr: '' });
    nothingIsLeft(ran);
    expect(await runsIn(join(home, '.local', 'state', 'dr'))).toHaveLength(1);
  });

  it.skipIf(!hasTerminal)('draws a tree where there is a terminal, and ends with the summary', { timeout: JOB_MS }, async () => {
    const home = newHome();
    const { code, stdout, files, left } = await job(home, inTerminal(dr(...MAIN_JOB, ...brisk(home))), { TERM: 'xterm-256color' });
    expect({ code, files, left }).toEqual({ code: 0, files: [], left: [] });
    // The tree is drawn over itself: the cursor goes up, and lines are cleared.
    expect(stdout).toMatch(/\u001b\[\d*A/);
    expect(stdout).toMatch(/\u001b\[\d*[JK]/);
    const shown = asShown(stdout);
    const tree = shown.slice(0, shown.lastIndexOf('[LAB] a two-region lab'));
    for (const phase of ['assess', 'fence', 'data', 'compute', 'traffic', 'verify', 'protect']) expect(tree).toContain(phase);
    expect(tree).toMatch(/✔.*Promote shop-orders-tokyo/);
    const summary = shown.slice(tree.length).trimEnd().split('\n');
    expect(summary[1]).toContain('shop runs in ap-northeast-1 (Tokyo) again');
    expect(summary.at(-1)).toMatch(/^Report: .*report\.html$/);
    // Given back as it was: the cursor is shown again.
    if (stdout.includes('\u001b[?25l')) expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'));
  });
});
