import { type FileHandle, mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import { CHAIN_START, seal } from '../../src/journal/chain.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import { endLastLine, fileOfTerm, firstRecord, journalFiles, lastRecord, readJournal, syncFile } from '../../src/journal/term-files.ts';
import { chained, RUN, started, T0 } from './fixture.ts';

/* The files of a journal, byte by byte: what of them counts, and where it lies. */

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// Not one byte a character: places are counted in bytes.
const THREE = chained([started(), { type: 'step.started', step: 'one' }, { type: 'step.silent', step: 'one', because: 'noch nicht fertig: größer' }]) as [JournalRecord, JournalRecord, JournalRecord];
const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const whole = THREE.map(line).join('');
const put = (name: string, text: string) => writeFile(join(folder, name), text);
const seqs = async () => (await readJournal(folder)).map(({ record }) => record.seq);

/** A record behind another one, written under a term. */
function behind(before: JournalRecord, term: number, event: RunEvent = { type: 'checks.green' }): JournalRecord {
  return seal(event, { seq: before.seq + 1, run: RUN, term, at: T0 + 9000, prev: before.hash });
}

describe('the files of a journal', () => {
  it('are those of its terms, lowest first; nothing else in the folder is one', async () => {
    for (const name of ['journal.10.jsonl', 'journal.2.jsonl', 'journal.jsonl', 'journal.1.jsonl', 'journal.refused-3.jsonl', 'journal.2.jsonl.old', 'my-journal.2.jsonl', 'report.json']) await put(name, '');
    expect((await journalFiles(folder)).map((path) => path.slice(folder.length + 1))).toEqual(['journal.jsonl', 'journal.1.jsonl', 'journal.2.jsonl', 'journal.10.jsonl']);
    expect(await journalFiles(join(folder, 'none'))).toEqual([]);
  });

  it('give each record with the bytes from which on it lies there', async () => {
    await put('journal.jsonl', whole);
    const placed = await readJournal(folder);
    const starts = [0, Buffer.byteLength(line(THREE[0])), Buffer.byteLength(line(THREE[0]) + line(THREE[1]))];
    expect(placed).toEqual(THREE.map((record, i) => ({ record, path: join(folder, 'journal.jsonl'), start: starts[i] })));
  });

  it('count by their terms, wherever they lie: a lower term ends where the next one begins', async () => {
    const [first, second, third] = THREE;
    const ofTwo = behind(first, 2);
    const ofThree = behind(ofTwo, 3);
    // An older version wrote all terms into one file.
    await put('journal.jsonl', [first, second, third, ofThree].map(line).join(''));
    await put('journal.2.jsonl', line(ofTwo));
    expect((await readJournal(folder)).map(({ record }) => record.hash)).toEqual([first, ofTwo, ofThree].map(({ hash }) => hash));
  });

  it('of a higher term that begin behind the end are damaged: what was between is not there', async () => {
    await put('journal.jsonl', line(THREE[0]));
    await put('journal.3.jsonl', line(behind(THREE[2], 3)));
    await expect(readJournal(folder)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', where: join(folder, 'journal.3.jsonl'), line: 1 });
  });

  it('of a higher term may begin again from the first record', async () => {
    const again = seal(started(), { seq: 0, run: RUN, term: 2, at: T0, prev: CHAIN_START });
    await put('journal.jsonl', whole);
    await put('journal.2.jsonl', line(again));
    expect((await readJournal(folder)).map(({ record }) => record.term)).toEqual([2]);
  });

  it.each([['a negative number', -1], ['a text', 'x'], ['no number', undefined]])('whose first record of a term has %s are damaged, and cut nothing off', async (_, seq) => {
    await put('journal.jsonl', whole);
    await put('journal.2.jsonl', line({ ...behind(THREE[2], 2), seq }));
    await expect(readJournal(folder)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', where: join(folder, 'journal.2.jsonl'), line: 1 });
  });

  it('that are not JSON belong to the term of their file, and are damage there', async () => {
    await put('journal.jsonl', whole);
    await put('journal.2.jsonl', 'garbage\n');
    await expect(readJournal(folder)).rejects.toMatchObject({ where: join(folder, 'journal.2.jsonl'), line: 1, why: 'it is not JSON' });
    const second = behind(THREE[0], 2);
    await put('journal.jsonl', `${line(THREE[0])}garbage\n`);
    await put('journal.2.jsonl', line(second));
    // Behind it another runner went on: what the first one left does not count.
    expect(await seqs()).toEqual([0, 1]);
    await put('journal.2.jsonl', `${line(second)}garbage\n`);
    await put('journal.3.jsonl', line(behind(second, 3)));
    expect(await seqs()).toEqual([0, 1, 2]);
  });

  it('with half a record at the end are read without it; one that is whole counts, and one that was changed does not', async () => {
    await put('journal.jsonl', whole.slice(0, -5));
    expect(await seqs()).toEqual([0, 1]);
    await put('journal.jsonl', whole.slice(0, -1));
    expect(await seqs()).toEqual([0, 1, 2]);
    await put('journal.jsonl', `${line(THREE[0])}${JSON.stringify({ ...THREE[1], at: 0 })}`);
    expect(await seqs()).toEqual([0]);
    await put('journal.jsonl', `${line(THREE[0])}${line({ ...THREE[1], at: 0 })}`);
    await expect(readJournal(folder)).rejects.toMatchObject({ line: 2, why: 'its content was changed after it was written' });
    await put('journal.jsonl', `${line(THREE[0])}${JSON.stringify(THREE[2])}`);
    expect(await seqs()).toEqual([0]);
    await put('journal.jsonl', `${whole}\n`);
    await expect(readJournal(folder)).rejects.toMatchObject({ line: 4, why: 'it is not JSON' });
  });
});

describe('the last record', () => {
  const last = async (text: string, name = 'journal.jsonl') => (await put(name, text), (await lastRecord(folder))?.seq);

  it('is that of the last whole line, or of a line that is whole without its end', async () => {
    expect([await last(whole), await last(whole.slice(0, -1)), await last(whole.slice(0, -5)), await last(line(THREE[0])), await last(line(THREE[0]).slice(0, -1))]).toEqual([2, 2, 1, 0, 0]);
    expect(await last(`${line(THREE[0])}${JSON.stringify({ ...THREE[1], at: 0 })}`)).toBe(0);
  });

  it('is that of the highest term that has one', async () => {
    await put('journal.jsonl', whole);
    expect(await last(line(behind(THREE[2], 2)), 'journal.2.jsonl')).toBe(3);
    expect(await last('half', 'journal.2.jsonl')).toBe(2);
    expect(await last('', 'journal.2.jsonl')).toBe(2);
  });

  it('is not known where there is none, and a line that is no JSON is named', async () => {
    expect(await lastRecord(folder)).toBeUndefined();
    expect(await last('')).toBeUndefined();
    await put('journal.jsonl', `${line(THREE[0])}garbage\nhalf`);
    await expect(lastRecord(folder)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', where: join(folder, 'journal.jsonl'), line: 2, why: 'it is not JSON' });
  });
});

describe('the first record', () => {
  const first = async (text: string) => (await put('journal.jsonl', text), (await firstRecord(folder))?.seq);

  it('is known once it is whole and as it was written', async () => {
    expect([await first(whole), await first(line(THREE[0])), await first(line(THREE[0]).slice(0, -1)), await first(''), await first('garbage\n'), await first(line({ ...THREE[0], at: 0 })), await first('null\n')]).toEqual([0, 0, undefined, undefined, undefined, undefined, undefined]);
  });
});

describe('before a runner writes into a file', () => {
  const ended = async (text: string) => {
    await put('journal.jsonl', text);
    await endLastLine(join(folder, 'journal.jsonl'));
    return readFile(join(folder, 'journal.jsonl'), 'utf8');
  };

  it('half a record is cut off, also one with letters of several bytes, and one that was changed', async () => {
    expect(await ended(whole.slice(0, -5))).toBe(line(THREE[0]) + line(THREE[1]));
    expect(await ended(`${whole}{"half":"ö`)).toBe(whole);
    expect(await ended(`${whole}${JSON.stringify({ ...behind(THREE[2], 1), at: 0 })}`)).toBe(whole);
    expect(await ended('{"half"')).toBe('');
  });

  it('a whole record gets its end, and what has one stays', async () => {
    expect(await ended(whole.slice(0, -1))).toBe(whole);
    expect(await ended(whole)).toBe(whole);
    expect(await ended('')).toBe('');
    await endLastLine(join(folder, 'none'));
  });
});

it('a file of a term has its number, and what it holds is forced to the disk as it is', async () => {
  const name = fileOfTerm(2);
  expect(name).toBe('journal.2.jsonl');
  await put(name, whole);
  const probe = await open(join(folder, name), 'r');
  const disk = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync');
  await probe.close();
  onTestFinished(() => disk.mockRestore());
  await syncFile(join(folder, name));
  expect([disk.mock.calls.length, await readFile(join(folder, name), 'utf8')]).toEqual([1, whole]);
  await expect(syncFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('what is no file, or larger than any journal, is not opened: it is named, with what shows more', async () => {
  const path = join(folder, 'journal.jsonl');
  await mkdir(path);
  expect(await readJournal(folder).catch((error: unknown) => error)).toMatchObject({ code: 'JOURNAL_UNREADABLE', exit: 'journal', message: `The journal ${path} cannot be read.`, detail: 'It is not a file.', next: [`ls -ld ${folder} ${path}    shows what it is, and who may read it`] });
  await rm(path, { recursive: true });
  await writeFile(path, '');
  await truncate(path, LIMITS.journalBytes + 1);
  await expect(readJournal(folder)).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE', detail: `It has ${LIMITS.journalBytes + 1} bytes; at most ${LIMITS.journalBytes} are read.` });
  await rm(path);
  await expect(readJournal(join(folder, 'x'))).resolves.toEqual([]);
  await writeFile(join(folder, 'file'), '');
  await expect(readJournal(join(folder, 'file'))).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE', detail: expect.stringContaining('ENOTDIR') as string });
});
