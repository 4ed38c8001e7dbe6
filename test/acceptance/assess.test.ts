import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Assessment } from '../../src/app/assess/assess.ts';
import { EXIT } from '../../src/base/exit-codes.ts';
import { until } from '../lab/helpers.ts';
import { BIN } from '../commands/run-dr.ts';
import { envelopeOf, SEOUL, type Stage, stage, TOKYO } from './stage.ts';

/*
 * What `dr assess` says through the SDK, real DNS and HTTP, before and after a region is lost; and whether the command that it gives is
 * one that works.
 */

const TIMEOUT_MS = 120_000;
let on: Stage;

beforeAll(async () => {
  on = await stage();
}, TIMEOUT_MS);
afterAll(() => on.close(), TIMEOUT_MS);

async function assessed(more: readonly string[] = []): Promise<{ code: number | null; result: Assessment; ms: number }> {
  const began = Date.now();
  const ran = await on.dr(['assess', '--region', TOKYO, '--json', ...more]);
  const { result } = envelopeOf(ran) as unknown as { result: { assessment: Assessment } };
  return { code: ran.code, result: result.assessment, ms: Date.now() - began };
}

it('a region is lost: it is named, and the command that is recommended moves the application', { timeout: TIMEOUT_MS }, async () => {
  await until('orders', async () => (await on.lab.ledger()).acknowledged >= 20, 30_000);
  // A machine that is short of processors gets some answers late, and says so.
  await until('all is well', async () => (await assessed()).result.ways[0]?.scope === 'nothing', 60_000);
  const calm = await assessed();
  expect(calm.result.ways.map(({ scope, recommendation }) => [scope, recommendation])).toEqual([['nothing', 'do-not-move']]);
  expect(calm.code).toBe(EXIT.ok);

  // Beside the lab and beside everything else, until Ctrl-C.
  const watch = spawn(process.execPath, [BIN, 'watch', '--region', TOKYO, '--every', '10s', '--looks', '1', '--heartbeat', '10s', '--notify'], { cwd: on.folder, env: { ...process.env, ...on.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [watch.stdout, watch.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  const ended = new Promise<number | null>((resolve) => watch.once('exit', resolve));
  await until('dr watch looks', async () => Promise.resolve(said.includes('Watching; Ctrl-C ends it.')), 60_000);

  const impact = await on.breakSeoul();
  await until('dr watch says so', async () => Promise.resolve(said.includes(`MOVE from ${SEOUL} to ${TOKYO} is recommended`)), 60_000);
  watch.kill('SIGINT');
  expect(await ended).toBe(EXIT.changes);
  expect(said).toContain('No longer watching.');
  expect(said).toMatch(/Command: dr failover --region ap-northeast-1 --runbook shop --impact-at \S+Z/);
  expect(said.split('is recommended').length).toBe(2);
  let lost = calm;
  await until('Route 53 sees it', async () => (lost = await assessed(['--impact-at', impact])).result.ways[0]?.recommendation === 'move', 60_000);
  console.log(`dr assess: ${calm.ms} ms while all is well, ${lost.ms} ms while ${SEOUL} swallows requests`);
  const [way] = lost.result.ways;
  expect([way?.scope, way?.recommendation, lost.code]).toEqual(['region', 'move', EXIT.changes]);
  expect(way?.failover?.refusedBy).toEqual([]);

  const [, ...words] = way?.failover?.command.split(' ') ?? [];
  const ran = await on.dr([...words, '--confirm', 'shop', '--json']);
  expect(envelopeOf(ran)).toMatchObject({ exit: 'ok', result: { standing: 'succeeded' } });
});
