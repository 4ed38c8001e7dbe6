import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { listRunIds, LocalStore, runFolder, tooManyApprovals } from '../../src/journal/local-store.ts';
import { chained, RUN, started, T0 } from './fixture.ts';

/* The folder of a run: what is read of it, what is set aside, and what is said where it cannot be used. */

let state = '';
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'dr-folder-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

const THREE = chained([started(), { type: 'checks.green' }, { type: 'step.started', step: 'one' }]) as [JournalRecord, JournalRecord, JournalRecord];
const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const NAME = `${'a'.repeat(32)}.json`;

async function written(records: readonly JournalRecord[] = THREE): Promise<LocalStore> {
  const store = new LocalStore(state, RUN);
  for (const record of records) await store.append(record);
  return store;
}

const thrown = (work: () => unknown): unknown => {
  let error: unknown;
  try {
    work();
  } catch (seen) {
    error = seen;
  }
  return error;
};

describe('the folder of a run', () => {
  it('has the name of a run, and of nothing else', () => {
    expect(runFolder(state, RUN)).toBe(join(state, 'runs', RUN));
    expect(thrown(() => runFolder(state, `../${'x'.repeat(99)}`))).toMatchObject({ code: 'RUN_UNKNOWN', exit: 'usage', message: `"../${'x'.repeat(77)}" is not the name of a run.`, next: ['dr history    lists the runs'] });
  });

  it('is listed by name; where nothing can be listed, it is said', async () => {
    expect(await listRunIds(state)).toEqual([]);
    await mkdir(join(state, 'runs'));
    const earlier = RUN.replace('T10', 'T09');
    for (const name of [RUN, earlier, 'notes']) await mkdir(join(state, 'runs', name));
    expect(await listRunIds(state)).toEqual([earlier, RUN]);
    await rm(join(state, 'runs'), { recursive: true });
    await writeFile(join(state, 'runs'), '');
    await expect(listRunIds(state)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
  });

  it('that cannot be written says how to continue: another folder for a new run, room for one that has begun', async () => {
    await writeFile(join(state, 'runs'), '');
    const store = new LocalStore(state, RUN);
    await expect(store.append(THREE[0])).rejects.toMatchObject({ code: 'STATE_UNUSABLE', next: ['give another folder: --state DIR'] });
    const goOn = { code: 'STATE_UNUSABLE', next: [`make room or give access to ${state}, then: dr resume ${RUN}`] };
    await expect(store.append(THREE[1])).rejects.toMatchObject(goOn);
    await expect(store.addApproval(NAME, 'x')).rejects.toMatchObject(goOn);
    await expect(store.approvals()).rejects.toMatchObject(goOn);
  });
});

describe('a store of a folder', () => {
  it('knows its first and its last record, and has its reports where they lie', async () => {
    const store = await written();
    expect([(await store.first())?.seq, (await store.last())?.seq]).toEqual([0, 2]);
    expect([store.folder, store.path]).toEqual([join(state, 'runs', RUN), join(state, 'runs', RUN, 'journal.jsonl')]);
    await expect(store.publish()).resolves.toBeUndefined();
    await store.close();
    await expect(store.close()).resolves.toBeUndefined();
  });

  it('asks its guard for all that the run holds', async () => {
    const asked: boolean[] = [];
    const store = new LocalStore(state, RUN, (all) => (asked.push(all), Promise.resolve()));
    await store.assertHeld();
    for (const event of ['step.intent', 'undo.intent', 'run.finished', 'checks.green'] as const) await store.append(seal({ type: event, step: 'one', attempt: 1, because: '', outcome: 'failed' } as never, { seq: 0, run: RUN, term: 1, at: T0, prev: '' }));
    await store.close();
    expect(asked).toEqual([true, true, true, true, false]);
    await expect(new LocalStore(state, RUN).assertHeld()).resolves.toBeUndefined();
  });

  it('writes each term into a file of its own, the first one into that of the beginning', async () => {
    const second = seal({ type: 'checks.green' }, { seq: 3, run: RUN, term: 2, at: T0, prev: THREE[2].hash });
    const store = await written([...THREE, second]);
    await store.close();
    expect((await readdir(store.folder)).sort()).toEqual(['journal.2.jsonl', 'journal.jsonl']);
    expect((await store.read()).map(({ term }) => term)).toEqual([1, 1, 1, 2]);
    // One of the first term continues in the file of the beginning.
    const again = new LocalStore(state, RUN);
    await again.append(seal({ type: 'checks.green' }, { seq: 3, run: RUN, term: 1, at: T0, prev: THREE[2].hash }));
    await again.close();
    expect((await readdir(store.folder)).sort()).toEqual(['journal.2.jsonl', 'journal.jsonl']);
  });
});

describe('the disk', () => {
  /** How often each append waits for the disk. */
  async function syncs(appends: readonly (readonly [LocalStore, JournalRecord])[]): Promise<number[]> {
    const probe = await open(join(state, 'probe'), 'w');
    const disk = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync');
    await probe.close();
    onTestFinished(() => disk.mockRestore());
    const counts: number[] = [];
    for (const [store, record] of appends) {
      disk.mockClear();
      await store.append(record);
      counts.push(disk.mock.calls.length);
    }
    return counts;
  }
  const next = (seq: number, term: number) => seal({ type: 'checks.green' }, { seq, run: RUN, term, at: T0, prev: '' });

  it('has what a runner builds on before the first record of its own, once; and each record then', async () => {
    await (await written()).close();
    const [same, other] = [new LocalStore(state, RUN), new LocalStore(state, RUN)];
    expect(await syncs([[same, next(3, 1)], [same, next(4, 1)], [other, next(5, 2)], [other, next(6, 2)]])).toEqual([1, 1, 2, 1]);
    await same.close();
    await other.close();
  });

  it('has the records of a run whose beginning never reached it where the beginning belongs', async () => {
    const store = new LocalStore(state, RUN);
    await store.append(next(1, 2));
    await store.close();
    expect(await readdir(store.folder)).toEqual(['journal.jsonl']);
  });
});

describe('approvals', () => {
  it('are kept whole, by name, for their owner only; what is none is not read', async () => {
    const store = new LocalStore(state, RUN);
    expect(await store.approvals()).toEqual([]);
    const other = `${'b'.repeat(32)}.json`;
    await store.addApproval(other, 'second');
    await store.addApproval(NAME, 'first');
    for (const name of ['notes.txt', `${'a'.repeat(31)}.json`, `x${NAME}`, `${NAME}x`]) await writeFile(join(store.folder, 'approvals', name), 'no');
    expect(await store.approvals()).toEqual(['first', 'second']);
    expect((await stat(join(store.folder, 'approvals', NAME))).mode & 0o777).toBe(0o600);
    expect((await stat(join(store.folder, 'approvals'))).mode & 0o777).toBe(0o700);
    expect((await readdir(join(store.folder, 'approvals'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('of which there are too many are all left unread', () => {
    expect(tooManyApprovals('there', 201)).toMatchObject({ code: 'TOO_MANY_APPROVALS', exit: 'refused', message: 'There are 201 files in there; at most 200 are read.', next: ['take away what is no approval of this run; what was signed stays valid'] });
  });
});

describe('records that are set aside', () => {
  it('leave the journal, from the first of them on and of their terms only, and are kept beside it', async () => {
    const second = seal({ type: 'checks.green' }, { seq: 3, run: RUN, term: 2, at: T0, prev: THREE[2].hash });
    const third = seal({ type: 'checks.green' }, { seq: 4, run: RUN, term: 2, at: T0, prev: second.hash });
    const store = await written([...THREE, second, third]);
    await store.setAside([third]);
    expect((await store.read()).map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    expect(await readFile(join(store.folder, 'journal.refused-4.jsonl'), 'utf8')).toBe(line(third));
    expect((await stat(join(store.folder, 'journal.refused-4.jsonl'))).mode & 0o777).toBe(0o600);
    await store.setAside([THREE[1], second]);
    expect((await store.read()).map(({ seq }) => seq)).toEqual([0]);
    expect(await readFile(join(store.folder, 'journal.refused-1.jsonl'), 'utf8')).toBe([THREE[1], THREE[2], second].map(line).join(''));
  });

  it('are none where there are none, and are kept behind what was kept before', async () => {
    const store = await written();
    await store.setAside([]);
    expect((await readdir(store.folder)).filter((name) => name.includes('refused'))).toEqual([]);
    await writeFile(join(store.folder, 'journal.refused-2.jsonl'), 'before\n');
    await store.setAside([THREE[2]]);
    expect(await readFile(join(store.folder, 'journal.refused-2.jsonl'), 'utf8')).toBe(`before\n${line(THREE[2])}`);
    await rm(join(store.folder, 'journal.refused-2.jsonl'));
    await mkdir(join(store.folder, 'journal.refused-1.jsonl'));
    await expect(store.setAside([THREE[1]])).rejects.toMatchObject({ code: 'STATE_UNUSABLE', next: [`make room or give access to ${state}, then: dr resume ${RUN}`] });
    // What could not be kept was not cut off.
    expect((await store.read()).map(({ seq }) => seq)).toEqual([0, 1]);
  });

  it('stay where the journal is damaged: it is said as that', async () => {
    const store = await written();
    await store.close();
    await writeFile(store.path, 'garbage\n');
    await expect(store.setAside([THREE[2]])).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  });
});
