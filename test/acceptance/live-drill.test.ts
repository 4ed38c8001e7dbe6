import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { APPROVED, endState, envelopeOf, runsIn, SEOUL, stage, type Stage, TOKYO } from './stage.ts';

/* A live drill as real processes against one lab: users are moved there and back. */

const LIVE = ['drill', '--live', '--region', TOKYO, '--back-within', '6h'];

let on: Stage;
beforeAll(async () => {
  on = await stage();
}, 120_000);
afterAll(() => on.close());

it('is not begun without its own words, nor in a window that is too short', { timeout: 120_000 }, async () => {
  const named = await on.dr([...LIVE, '--confirm', 'shop', ...APPROVED, '--json']);
  expect([named.code, envelopeOf(named).error?.code]).toEqual([EXIT.declined, 'CONFIRMATION_MISMATCH']);
  const short = envelopeOf(await on.dr(['drill', '--live', '--region', TOKYO, '--back-within', '20m', '--confirm', 'live shop', ...APPROVED, '--json']));
  expect([short.exit, short.error?.code]).toEqual(['refused', 'LIVE_WINDOW']);
  expect((await on.dr(['drill', '--live', '--region', TOKYO, '--confirm', 'live shop'])).code).toBe(EXIT.usage);
  expect(await runsIn(on.state)).toEqual([]);
});

it('moves users to the region and home again; nothing is lost, and it counts as a drill', { timeout: 300_000 }, async () => {
  const before = (await endState(on)) as { records: unknown };
  const ended = envelopeOf(await on.dr([...LIVE, '--confirm', 'live shop', ...APPROVED, '--json']));
  expect(ended.result.summary.slice(0, 3), ended.result.summary.join('\n')).toEqual(['LIVE DRILL of shop: users were moved there and back.', expect.stringContaining('Users are in ap-northeast-2'), expect.stringContaining('within the window')]);
  expect((await runsIn(on.state)).map((run) => run.split('-').at(-2)).sort()).toEqual(['reprotect', 'reprotect', 'switchover', 'switchover']);
  const { users, world } = await on.lab.status();
  expect(users.lastGood?.region).toBe(SEOUL);
  expect(world.databases.filter(({ acceptsWrites }) => acceptsWrites).map(({ region }) => region)).toEqual([SEOUL]);
  expect(((await endState(on)) as { records: unknown }).records).toEqual(before.records);
  expect((await on.lab.ledger()).loss).toMatchObject({ lost: 0, notChecked: 0 });
  const due = await on.dr(['drill', '--region', TOKYO, '--due', '1d', '--json']);
  expect([due.code, due.stdout]).toEqual([0, expect.stringContaining('"due": false')]);
  const report = await on.dr(['history']);
  expect(report.code, report.stderr).toBe(0);
});
