import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemIds } from '../../src/base/ids.ts';
import type { RunEvent } from '../../src/journal/events.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { chained, RUN, started } from './fixture.ts';

let folder = '';
let state: LocalState;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-state-'));
  state = new LocalState(folder);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Whether it lives cannot be known here. */
const ELSEWHERE = { identity: 'i', user: 'sam', host: 'ops-2', pid: 1 };
const lease = (run: string) => state.lease({ lock: 'shop', run, operator: ELSEWHERE, now: 0, ids: systemIds });
const NEXT = RUN.replace(/.$/, '0');

describe('the lock of a run that could not give it back', () => {
  const finished = (outcome: 'succeeded' | 'aborted' | 'failed' | 'refused'): RunEvent => ({ type: 'run.finished', outcome });
  it.each<[string, RunEvent, boolean]>([
    ['has succeeded', finished('succeeded'), true],
    ['was rolled back', finished('aborted'), true],
    ['has failed', finished('failed'), false],
    ['was refused', finished('refused'), false],
    ['is under way', { type: 'checks.green' }, false],
  ])('of one that %s', async (_, event, free) => {
    await lease(RUN);
    const store = state.run(RUN);
    for (const record of chained([started(), event])) await store.append(record);
    await store.close();
    if (free) expect((await lease(NEXT)).term).toBe(2);
    else await expect(lease(NEXT)).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
  });

  it('of one whose journal is damaged is respected, and of one that has written nothing', async () => {
    await lease(RUN);
    await expect(lease(NEXT)).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
    const store = state.run(RUN);
    for (const record of chained([started(), finished('succeeded')])) await store.append(record);
    await store.close();
    await appendFile(join(store.folder, 'journal.jsonl'), '{\n');
    await expect(lease(NEXT)).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
  });
});
