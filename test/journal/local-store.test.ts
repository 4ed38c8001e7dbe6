import { execFileSync } from 'node:child_process';
import { appendFile, chmod, copyFile, type FileHandle, mkdir, mkdtemp, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { RUN_ID, runId, systemIds } from '../../src/base/ids.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { Journal } from '../../src/journal/journal.ts';
import { listRunIds, LocalStore, runFolder } from '../../src/journal/local-store.ts';
import { chained, OPERATOR, RUN, started, tickingClock } from './fixture.ts';

let folder = '';
let state = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-store-'));
  state = join(folder, 'state');
  path = join(state, 'runs', RUN, 'journal.jsonl');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const THREE = chained([started(), { type: 'checks.green' }, { type: 'step.started', step: 'one' }]);

async function written(records: readonly JournalRecord[] = THREE): Promise<LocalStore> {
  const store = new LocalStore(state, RUN);
  for (const record of records) await store.append(record);
  await store.close();
  return new LocalStore(state, RUN);
}

it('reads all approvals or none: of some nobody knows what the others say', async () => {
  const store = new LocalStore(state, RUN);
  const name = (n: number) => `${String(n).padStart(32, '0')}.json`;
  for (let n = 0; n < LIMITS.approvalsRead; n++) await store.addApproval(name(n), 'rubbish');
  expect(await store.approvals()).toHaveLength(LIMITS.approvalsRead);
  await store.addApproval(name(LIMITS.approvalsRead), 'rubbish');
  expect(await errorOf(store.approvals())).toMatchObject({ code: 'TOO_MANY_APPROVALS', exit: 'refused', message: `There are ${LIMITS.approvalsRead + 1} files in ${join(state, 'runs', RUN, 'approvals')}; at most ${LIMITS.approvalsRead} are read.` });
});

it('a pipe or a huge file among the approvals is none, and is not waited for', async () => {
  const store = new LocalStore(state, RUN);
  await store.addApproval(`${'1'.repeat(32)}.json`, 'rubbish');
  execFileSync('mkfifo', [join(state, 'runs', RUN, 'approvals', `${'2'.repeat(32)}.json`)]);
  await writeFile(join(state, 'runs', RUN, 'approvals', `${'3'.repeat(32)}.json`), 'x'.repeat(LIMITS.smallFileBytes + 1));
  expect(await store.approvals()).toEqual(['rubbish', '', '']);
});

async function errorOf(work: Promise<unknown>): Promise<DrError> {
  const error: unknown = await work.then(() => undefined, (e: unknown) => e);
  expect(error).toBeInstanceOf(DrError);
  return error as DrError;
}

describe('LocalStore', () => {
  it('has written a record only once the disk has it', async () => {
    const store = new LocalStore(state, RUN);
    await store.append(THREE[0] as JournalRecord);
    const probe = await open(path, 'r');
    const disk = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync');
    await probe.close();
    onTestFinished(() => disk.mockRestore());
    const { promise: synced, resolve } = Promise.withResolvers<undefined>();
    disk.mockReturnValueOnce(synced);
    let done = false;
    const writing = store.append(THREE[1] as JournalRecord).then(() => (done = true));
    await vi.waitFor(() => expect(disk).toHaveBeenCalled());
    await new Promise((turn) => setImmediate(turn));
    expect(done).toBe(false);
    resolve(undefined);
    await writing;
    disk.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
    expect(await errorOf(store.append(THREE[2] as JournalRecord))).toMatchObject({ code: 'STATE_UNUSABLE', exit: 'journal', detail: expect.stringContaining('EIO') as string });
    await store.close();
  });

  it('gives back what was appended, one JSON record a line', async () => {
    const store = await written();
    expect(store.path).toBe(path);
    expect(await store.read()).toEqual(THREE);
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines.at(-1)).toBe('');
    expect(lines.slice(0, 3).map((line) => (JSON.parse(line) as JournalRecord).seq)).toEqual([0, 1, 2]);
  });

  it('makes a folder and a file that only their owner may read', async () => {
    await written();
    for (const folder of [state, join(state, 'runs'), join(state, 'runs', RUN)]) expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('makes nothing by reading', async () => {
    expect(await new LocalStore(state, RUN).read()).toEqual([]);
    await expect(stat(state)).rejects.toThrow('ENOENT');
    expect(await listRunIds(state)).toEqual([]);
  });

  it('leaves out a last line that was torn by a crash; the next runner writes into a file of its own', async () => {
    await written();
    const whole = await readFile(path, 'utf8');
    for (const torn of ['{', '{"type":"step.don', JSON.stringify(THREE[2])]) {
      await writeFile(path, whole + torn);
      const store = new LocalStore(state, RUN);
      const records = await store.read();
      expect(records).toEqual(THREE);
      const journal = new Journal({ store, clock: tickingClock(), run: RUN, term: 2, records });
      await journal.append({ type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } });
      await store.close();
      const after = await new LocalStore(state, RUN).read();
      expect(after.map((r) => r.type)).toEqual(['run.started', 'checks.green', 'step.started', 'run.resumed']);
      expect(await readFile(path, 'utf8')).toBe(whole + torn);
      await rm(path.replace('.jsonl', '.2.jsonl'));
    }
  });

  it('torn anywhere, keeps every record that was whole', async () => {
    await written();
    const bytes = await readFile(path);
    const ends = [...bytes.entries()].flatMap(([i, byte]) => (byte === 0x0a ? [i + 1] : []));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length }), async (length) => {
        await writeFile(path, bytes.subarray(0, length));
        const records = await new LocalStore(state, RUN).read();
        // The newline at its end is no part of a record.
        expect(records).toHaveLength(ends.filter((end) => end - 1 <= length).length);
      }),
      { numRuns: 60 },
    );
  });

  it('a damaged line is named by file and line, with what to do', async () => {
    await written();
    const lines = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, [lines[0], lines[1]?.slice(0, 40), ...lines.slice(2)].join('\n'));
    const error = await errorOf(new LocalStore(state, RUN).read());
    expect(error).toMatchObject({
      code: 'JOURNAL_DAMAGED',
      exit: 'journal',
      message: `The journal is damaged at ${path}:2.`,
      detail: 'Record 2: it is not JSON. Nothing was done.',
    });
    expect(error.next[0]).toBe('keep the file: it is evidence');
  });

  it.each<[string, (line: string) => string, string]>([
    ['an edited value', (line) => line.replace('"checks.green"', '"checks.greeN"'), 'its content was changed after it was written'],
    ['an empty line', () => '', 'it is not JSON'],
    ['null', () => 'null', 'it is not a record'],
    ['a number', () => '7', 'it is not a record'],
    ['a list', () => '[]', 'it is not a record'],
    ['an object that is no record', () => '{}', 'its content was changed after it was written'],
  ])('%s in the middle', async (_name, change, why) => {
    await written();
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[1] = change(lines[1] ?? '');
    await writeFile(path, lines.join('\n'));
    expect(await errorOf(new LocalStore(state, RUN).read())).toMatchObject({ code: 'JOURNAL_DAMAGED', message: `The journal is damaged at ${path}:2.`, detail: `Record 2: ${why}. Nothing was done.` });
  });

  it('a line that was taken out, or an end that was added', async () => {
    await written();
    const lines = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, [lines[0], ...lines.slice(2)].join('\n'));
    expect((await errorOf(new LocalStore(state, RUN).read())).detail).toBe('Record 2: it does not follow the record before it. Nothing was done.');
    await writeFile(path, lines.join('\n'));
    await appendFile(path, `${JSON.stringify({ type: 'run.finished', outcome: 'succeeded' })}\n`);
    expect((await errorOf(new LocalStore(state, RUN).read())).message).toBe(`The journal is damaged at ${path}:4.`);
  });

  it('a folder that cannot be used is an error that says so', async () => {
    await writeFile(state, 'a file, not a folder');
    const store = new LocalStore(state, RUN);
    expect(await errorOf(store.read())).toMatchObject({ code: 'JOURNAL_UNREADABLE', exit: 'journal' });
    for (const work of [() => store.append(THREE[0] as JournalRecord), () => listRunIds(state)]) {
      const error = await errorOf(work());
      expect(error).toMatchObject({ code: 'STATE_UNUSABLE', exit: 'journal', message: `The state folder ${state} cannot be used.`, next: ['give another folder: --state DIR'] });
      expect(error.detail).toContain('ENOTDIR');
    }
  });

  it.skipIf(process.getuid?.() === 0)('a folder without permission is an error that says so', async () => {
    await mkdir(state);
    await chmod(state, 0o500);
    expect((await errorOf(new LocalStore(state, RUN).append(THREE[0] as JournalRecord))).code).toBe('STATE_UNUSABLE');
  });

  it('asks its guard before every write, and writes nothing when that says no', async () => {
    let asked = 0;
    const store = new LocalStore(state, RUN, () => {
      asked += 1;
      return asked > 2 ? Promise.reject(new Error('superseded')) : Promise.resolve();
    });
    const [one, two, three] = THREE as [JournalRecord, JournalRecord, JournalRecord];
    await store.append(one);
    await store.append(two);
    await expect(store.append(three)).rejects.toThrow('superseded');
    await store.close();
    expect(await new LocalStore(state, RUN).read()).toEqual([one, two]);
  });

  it('asks for all that the run holds before an intent and before the end, and otherwise for its application', async () => {
    const asked: boolean[] = [];
    const store = new LocalStore(state, RUN, (all) => {
      asked.push(all);
      return Promise.resolve();
    });
    const intent = { type: 'step.intent', step: 'a', attempt: 1, because: '' } as const;
    const undo = { type: 'undo.intent', step: 'a' } as const;
    const end = { type: 'run.finished', outcome: 'succeeded' } as const;
    for (const record of chained([started(), { type: 'checks.green' }, intent, undo, end])) await store.append(record);
    await store.assertHeld();
    await store.close();
    expect(asked).toEqual([false, false, true, true, true, true]);
  });

  describe('a journal that somebody takes away or changes while it is written', () => {
    const cases: [string, string, () => Promise<unknown>][] = [
      ['its folder is removed', 'is gone', () => rm(join(state, 'runs', RUN), { recursive: true })],
      ['the state folder is moved away', 'is gone', () => rename(state, join(folder, 'elsewhere'))],
      ['its end is cut off', 'was changed by somebody else', () => truncate(path, 10)],
      ['another file takes its place, as an editor does it', 'was changed by somebody else', () => copyFile(path, `${path}~`).then(() => rename(`${path}~`, path))],
      ['somebody adds a line', 'was changed by somebody else', () => appendFile(path, '{}\n')],
    ];

    it.each(cases)('%s: the next record is refused', async (_name, words, change) => {
      const store = new LocalStore(state, RUN);
      await store.append(THREE[0] as JournalRecord);
      await store.append(THREE[1] as JournalRecord);
      await change();
      const error = await errorOf(store.append(THREE[2] as JournalRecord));
      expect(error).toMatchObject({ code: 'JOURNAL_CHANGED', exit: 'journal', message: `The journal ${path} ${words}.`, detail: `Run ${RUN} has stopped: what it does would not be recorded.` });
      expect(error.next[0]).toBe(`put the file back as it was, then: dr resume ${RUN}`);
      await store.close();
    });
  });

  it('refuses a record over the limit before it is written', async () => {
    const [first] = chained([started({ tool: { name: 'x'.repeat(LIMITS.journalRecordBytes), version: '', node: '' } })]);
    await expect(new LocalStore(state, RUN).append(first as JournalRecord)).rejects.toThrow(`over the limit of ${LIMITS.journalRecordBytes}`);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});

describe('names of runs', () => {
  const HOSTILE = ['..', '../../etc', '/etc/passwd', 'a/../../b', `${RUN}/..`, `${RUN}\n`, `${RUN}\0`, '', '.', 'C:\\x', `../${RUN}`, RUN.toUpperCase(), `${RUN}.`, '20261120T101500Z-..-failover-1a2b3c'];

  it.each(HOSTILE)('%j is refused, and reaches no file', (name) => {
    for (const work of [() => runFolder(state, name), () => new LocalStore(state, name)]) {
      expect(work).toThrow(DrError);
      expect(work).toThrow(/is not the name of a run/);
    }
  });

  it('whatever passes stays right below runs/', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{8}T\d{6}Z-[a-z0-9./\\-]{1,20}-[a-z]{1,8}-[0-9a-f]{6}$/)), (name) => {
        let folder: string;
        try {
          folder = runFolder(state, name);
        } catch {
          return;
        }
        expect(relative(join(state, 'runs'), folder)).toBe(name);
        expect(name).not.toMatch(/[./\\]/);
      }),
    );
  });

  it('are made so that they pass, and sort by time', () => {
    const ids = [1e12, 1.5e12, 1.9e12].map((now) => runId(systemIds, now, 'shop', 'failover'));
    for (const id of ids) expect(id).toMatch(RUN_ID);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('are listed oldest first; what is no run is left out', async () => {
    const ids = ['20261120T101500Z-shop-failover-1a2b3c', '20251120T101500Z-zoo-failover-1a2b3c', '20261119T101500Z-shop-failover-ffffff'];
    for (const name of [...ids, 'lost+found', '.DS_Store', '20261120T101500Z-shop-failover']) await mkdir(join(state, 'runs', name), { recursive: true });
    expect(await listRunIds(state)).toEqual(ids.toSorted());
  });
});
