import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/exit-codes.ts';
import { Journal } from '../../src/journal/journal.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { failedStory, RUN, T0 } from '../cli/fixture.ts';
import { dr } from './run-dr.ts';

let state = '';
let empty = '';
beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'dr-runs-'));
  empty = mkdtempSync(join(tmpdir(), 'dr-runs-'));
  const store = new LocalStore(state, RUN, () => Promise.resolve());
  let now = T0;
  const clock = { now: () => (now += 1000), sleep: () => Promise.resolve() };
  const journal = new Journal({ store, clock, run: RUN, term: 1, onRecord: () => undefined });
  for (const { seq: _s, run: _r, term: _t, at: _a, prev: _p, hash: _h, ...event } of failedStory().records) await journal.append(event);
  await store.close();
});
afterAll(() => {
  for (const folder of [state, empty]) rmSync(folder, { recursive: true, force: true });
});

describe('status', () => {
  it('says where the newest run stands, why, and how to continue', async () => {
    const { code, stdout, stderr } = await dr(['status', '--state', state]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const part of [RUN, 'Seoul (ap-northeast-2) → Tokyo (ap-northeast-1)', 'failed', '✔ Assess Seoul', '✖ Promote shop-orders-tokyo', 'RDS refused', `dr resume ${RUN}`]) {
      expect(stdout).toContain(part);
    }
  });

  it('finds the folder by DR_STATE, and gives the same as data', async () => {
    const { code, stdout } = await dr(['status', RUN, '--json'], { env: { DR_STATE: state } });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'dr.output.status/1',
      ok: true,
      result: { run: RUN, standing: 'failed', resume: `dr resume ${RUN}`, steps: [{ id: 'assess.source', state: 'done' }, {}, { state: 'failed', requestIds: ['req-1'] }, {}, {}] },
    });
  });

  it('refuses a run that is not there, without making anything', async () => {
    const unknown = await dr(['status', '20261120T101500Z-shop-failover-1a2b3d', '--state', state]);
    expect(unknown.code).toBe(EXIT.usage);
    expect(unknown.stderr).toContain(RUN);
    const none = await dr(['status', '--json', '--state', join(empty, 'none')]);
    expect(none.code).toBe(EXIT.usage);
    expect(JSON.parse(none.stdout)).toMatchObject({ ok: false, error: { code: 'RUN_UNKNOWN' } });
    expect(readdirSync(empty)).toEqual([]);
  });
});

describe('history', () => {
  it('lists runs, and says so when there is none', async () => {
    const some = await dr(['history', '--state', state]);
    expect(some.code).toBe(0);
    expect(some.stdout).toMatch(new RegExp(`^${RUN} +shop +failover +ap-northeast-2 → ap-northeast-1 +live +failed`, 'm'));
    const none = await dr(['history', '--state', empty]);
    expect(none).toEqual({ code: 0, stdout: 'No run yet.\n', stderr: '' });
  });
});

describe('abort', () => {
  it('without a run speaks of what it was asked for', async () => {
    const { code, stderr } = await dr(['abort', '--state', empty]);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('There is no run that could be rolled back.');
  });
});

describe('an acceptance without a reason', () => {
  it('is refused before anything is written', async () => {
    const { code, stderr } = await dr(['failover', '--accept-data-loss', '90s', '--region', 'ap-northeast-1', '--state', join(empty, 'x')]);
    expect(code).toBe(EXIT.usage);
    expect(stderr).toContain('--accept-data-loss needs --reason');
    expect(readdirSync(empty)).toEqual([]);
  });
});
