import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { APPROVED, endState, envelopeOf, runsIn, SEOUL, stage, type Stage, TOKYO } from './stage.ts';
import { streaming } from './streaming.ts';

/*
 * Several real processes of `dr` in one lab: twins that are kept, killed drills and the sweep, what people add to a drill that has passed,
 * and at last a failover that begins while a drill is at work.
 */

const CRASH = ['--import', fileURLToPath(new URL('./crash-at.mjs', import.meta.url))];
const DRILL = ['drill', '--region', TOKYO, '--confirm', 'shop'];

interface Swept {
  left: number;
  found: { resource: string; standing: string; run: string; cost: { usdPerDay: number; withoutPrice: string[] } }[];
}

let on: Stage;
/** The drill that was kept, and then passed. */
let passed = '';
beforeAll(async () => {
  on = await stage();
}, 120_000);
afterAll(() => on.close());

const json = async (...args: string[]): Promise<{ code: number | null; result: unknown }> => {
  const { code, stdout, stderr } = await on.dr([...args, '--json']);
  if (stdout === '') throw new Error(stderr);
  return { code, result: (JSON.parse(stdout) as { result: unknown }).result };
};
const sweep = async () => (await json('drill', 'sweep')) as { code: number | null; result: Swept };
/** As the lab shows it. How long users waited on a busy machine is no part of it. */
async function production(): Promise<unknown> {
  const { usersServedBy: _, ...rest } = (await endState(on)) as Record<string, unknown>;
  return rest;
}
const twins = async () => [...new Set(JSON.stringify(await on.lab.status()).match(/dr-drill-[0-9a-f]{8}-[\w-]+/g) ?? [])].sort();

it('twins that are kept are there for other processes to see, and a clean-up ends the drill as it went', { timeout: 120_000 }, async () => {
  const before = await production();
  const kept = envelopeOf(await on.dr([...DRILL, '--keep', '2h', '--json']));
  expect([kept.exit, kept.exitCode]).toEqual(['leftBehind', EXIT.leftBehind]);
  expect(kept.result.summary.join('\n')).toContain('its twins are kept until');
  passed = kept.result.run;
  expect((await twins()).length).toBeGreaterThan(2);
  expect((await on.dr(['status'])).stdout).toContain(`To delete its twins: dr drill clean ${passed}`);
  const listed = await sweep();
  expect([listed.code, listed.result.left]).toEqual([EXIT.leftBehind, listed.result.found.length]);
  expect([...new Set(listed.result.found.map(({ standing, run }) => `${standing} ${run}`))]).toEqual([`kept ${passed}`]);
  expect(listed.result.found.map(({ resource }) => resource.split(':')[0]).sort()).toEqual(['autoscaling', 'rds', 'route53']);
  expect(listed.result.found.find(({ resource }) => resource.startsWith('rds'))?.cost.usdPerDay).toBeGreaterThan(1);
  const cleaned = envelopeOf(await on.dr(['drill', 'clean', '--json']));
  expect([cleaned.exit, cleaned.result.run, cleaned.result.standing]).toEqual(['ok', passed, 'succeeded']);
  expect(await twins()).toEqual([]);
  expect(await production()).toEqual(before);
  const due = await json('drill', '--region', TOKYO, '--due', '1d');
  expect(due).toMatchObject({ code: 0, result: { due: false, run: passed } });
});

it('people add issues and sign off a drill, in commands of their own; a pack of the time holds it, and is verified', { timeout: 120_000 }, async () => {
  const key = join(on.folder, 'id_ed25519');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const added = await on.dr(['issue', 'add', passed, 'Give the replica a larger class', '--owner', 'alice@example.com', '--due', '2099-12-24']);
  expect([added.code, added.stderr]).toEqual([0, '']);
  expect((await on.dr(['issue', 'close', passed, '1', '--note', 'done'])).code).toBe(0);
  expect((await on.dr(['issue', 'close', passed, '7', '--note', 'done'])).code).toBe(EXIT.usage);
  const signed = await on.dr(['sign', passed, '--as', 'carol@example.com', '--key', key, '--confirm', 'shop', '--comment', 'seen']);
  expect(signed.code, signed.stderr).toBe(0);
  const declined = await on.dr(['sign', passed, '--as', 'carol@example.com', '--key', key, '--confirm', 'other']);
  expect(declined.code).toBe(EXIT.declined);
  const report = await on.dr(['report', passed, '--format', 'markdown', '--print']);
  for (const part of ['1. Give the replica a larger class (alice&#64;example.com, due 2099-12-24): closed: done', 'carol&#64;example.com | signed off']) expect(report.stdout).toContain(part);
  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);
  const pack = join(on.folder, 'pack');
  const packed = await on.dr(['evidence', '--from', day(-1), '--to', day(1), '--out', pack, '--key', key, '--as', 'carol@example.com']);
  expect(packed.code, packed.stderr).toBe(0);
  expect(await readdir(pack)).toEqual(expect.arrayContaining(['index.html', 'evidence.json', 'manifest.json']));
  expect(await readFile(join(pack, 'index.html'), 'utf8')).toContain(passed);
  expect((await on.dr(['verify', pack])).code).toBe(0);
  expect((await on.dr(['verify', join(on.state, 'runs', passed)])).code).toBe(0);
  await writeFile(join(pack, 'index.html'), (await readFile(join(pack, 'index.html'), 'utf8')).replace('shop', 'shoq'));
  expect((await on.dr(['verify', pack])).code).toBe(EXIT.notVerified);
});

it('a drill that was stopped by a signal in the middle of its clean-up is cleaned by another process', { timeout: 120_000 }, async () => {
  const env = { DR_TEST_CRASH: 'at:undo.started', DR_TEST_SIGNAL: 'SIGKILL' };
  expect((await on.dr([...DRILL, '--json'], { env, nodeArgs: CRASH })).code).toBeNull();
  const cleaned = envelopeOf(await on.dr(['drill', 'clean', '--json']));
  expect([cleaned.exit, cleaned.result.standing]).toEqual(['ok', 'succeeded']);
  expect(await twins()).toEqual([]);
});

it('a sweep deletes what a killed drill has left, and another drill says before that it is there', { timeout: 120_000 }, async () => {
  const env = { DR_TEST_CRASH: 'at:step.acted:databases.orders.promote' };
  expect((await on.dr([...DRILL, '--json'], { env, nodeArgs: CRASH })).code).toBeNull();
  const run = (await runsIn(on.state)).sort().at(-1) ?? '';
  const later = await on.dr(DRILL);
  expect(later.stderr).toContain(`Drill ${run}: `);
  expect((await twins()).length).toBeGreaterThan(0);
  const swept = await sweep();
  expect([swept.code, swept.result.left]).toEqual([0, 0]);
  expect([...new Set(swept.result.found.map((one) => `${one.standing} ${one.run}`))]).toEqual([`deleted ${run}`]);
  expect(await twins()).toEqual([]);
});

it('a failover takes the application from a drill that is at work, which stops, and is cleaned afterwards', { timeout: 120_000 }, async () => {
  // The drill stands still in the middle of its work, so that it is at work when the failover begins, however fast the machine is.
  const drill = streaming({ ...on, env: { ...on.env, DR_TEST_CRASH: 'at:step.acted:databases.orders.promote', DR_TEST_SIGNAL: 'SIGSTOP' } }, DRILL, { nodeArgs: CRASH });
  const { run } = await drill.until((record) => record.type === 'step.done' && record.step === 'databases.orders.twin');
  const impact = await on.breakSeoul();
  const failover = envelopeOf(await on.dr(['failover', '--region', TOKYO, '--confirm', 'shop', ...APPROVED, '--impact-at', impact, '--json']));
  expect([failover.exit, failover.result.standing]).toEqual(['ok', 'succeeded']);
  expect(failover.result.summary.join('\n')).toContain(`dr drill clean ${run}`);
  const changes = on.proxy.calls.length;
  drill.child.kill('SIGCONT');
  expect((await drill.ended).code).toBe(EXIT.busy);
  expect(on.proxy.calls.slice(changes).filter(({ operation }) => /^(Create|Delete|Modify|Promote|Change)/.test(operation))).toEqual([]);
  const cleaned = envelopeOf(await on.dr(['drill', 'clean', run, '--json']));
  // Production is not what it was: the failover has changed it, and the clean-up says so.
  expect([cleaned.exit, await twins()]).toEqual(['failed', []]);
  const { world } = await on.lab.status();
  expect(world.databases.find(({ region }) => region === TOKYO)?.role).toBe('writer');
  expect(world.databases.some(({ region, id }) => region === SEOUL && id.startsWith('dr-drill'))).toBe(false);
});
