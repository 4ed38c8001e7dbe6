import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { passedDrill } from '../../src/app/due-drill.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { DRILL, drillable } from '../engine/drills.ts';
import { planOf, runPlan, SHOP, TOKYO } from '../engine/simulated.ts';

const DAY = 86_400_000;

it('a drill is due unless this very runbook has passed one into the region within the time', async () => {
  const sim = await drillable();
  const plan = await planOf(sim, DRILL);
  const { records, state } = await runPlan(sim, plan);
  expect(state.outcome).toBe('succeeded');
  const folder = await mkdtemp(join(tmpdir(), 'dr-due-'));
  const store = new LocalStore(folder, state.run);
  for (const record of records) await store.append(record);
  await store.close();
  const ask = (change: object) => passedDrill({ runbook: SHOP, runbooks: '', region: TOKYO, state: { folder }, mode: 'simulated', withinMs: 30 * DAY, now: state.lastAt + 29 * DAY, ...change });
  expect((await ask({}))?.run).toBe(state.run);
  expect(await ask({ now: state.lastAt + 31 * DAY })).toBeUndefined();
  expect(await ask({ region: 'ap-northeast-2' })).toBeUndefined();
  expect(await ask({ mode: 'live' })).toBeUndefined();
  expect(await ask({ runbook: SHOP.replace('shop.yaml', 'billing.yaml') })).toBeUndefined();
});
