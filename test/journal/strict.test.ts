import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { BadRecord, readStrictly } from '../../src/journal/strict.ts';
import { chained, RUN, started, T0 } from './fixture.ts';

/* A journal as an auditor reads it: every byte counts. */

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-strict-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const THREE = chained([started(), { type: 'checks.green' }, { type: 'step.started', step: 'one' }]) as [JournalRecord, JournalRecord, JournalRecord];
const line = (record: unknown) => `${JSON.stringify(record)}\n`;
const whole = THREE.map(line).join('');
const put = (name: string, text: string) => writeFile(join(folder, name), text);
const behind = (before: JournalRecord, term: number) => seal({ type: 'checks.green' }, { seq: before.seq + 1, run: RUN, term, at: T0 + 9000, prev: before.hash });

const seen = async () => {
  const { records, notes } = await readStrictly(folder);
  return { seqs: records.map(({ seq }) => seq), notes };
};
const wrong = async (): Promise<unknown[]> => {
  const error: unknown = await readStrictly(folder).catch((thrown: unknown) => thrown);
  return error instanceof BadRecord ? [error.where, error.record, error.message] : ['no bad record', error];
};

describe('files that are read for an audit', () => {
  it('are whole, and there is nothing to note', async () => {
    await put('journal.jsonl', whole);
    expect(await seen()).toEqual({ seqs: [0, 1, 2], notes: [] });
  });

  it('must be spelled as they were written, line by line', async () => {
    await put('journal.jsonl', whole.replace('"type":"checks.green"', '"type": "checks.green"'));
    expect(await wrong()).toEqual(['journal.jsonl', 2, 'it is not spelled as it was written']);
    await put('journal.jsonl', `${line(THREE[0])}garbage\n`);
    expect(await wrong()).toEqual(['journal.jsonl', 2, 'it is not JSON']);
    await put('journal.jsonl', line(THREE[0]) + line({ ...THREE[1], at: 0 }));
    expect(await wrong()).toEqual(['journal.jsonl', 2, 'its content was changed after it was written']);
    await put('journal.jsonl', line(THREE[0]) + line(THREE[2]));
    expect(await wrong()).toEqual(['journal.jsonl', 2, 'it does not follow the record before it']);
  });

  it('must not end in the middle of a record, which a run would forgive', async () => {
    await put('journal.jsonl', whole.slice(0, -5));
    expect(await wrong()).toEqual(['journal.jsonl', 3, `the journal ends in the middle of a record (${Buffer.byteLength(line(THREE[2])) - 5} bytes)`]);
    await put('journal.jsonl', whole.slice(0, -1));
    expect(await wrong()).toMatchObject(['journal.jsonl', 3, expect.stringContaining('in the middle')]);
    await put('journal.jsonl', 'half');
    expect(await wrong()).toEqual(['journal.jsonl', 1, 'the journal ends in the middle of a record (4 bytes)']);
  });

  it('may hold half a record, or records that do not count, where another runner went on: it is noted', async () => {
    await put('journal.jsonl', `${whole}half`);
    await put('journal.2.jsonl', line(behind(THREE[1], 2)));
    expect(await seen()).toEqual({ seqs: [0, 1, 2], notes: ['journal.jsonl: 1 of its records do not count: their runner had been superseded', 'journal.jsonl: half a record at its end (4 bytes): its runner died while it wrote'] });
    await put('journal.jsonl', line(THREE[0]) + line(THREE[1]));
    expect(await seen()).toEqual({ seqs: [0, 1, 2], notes: [] });
  });

  it('must follow one another also where they do not count', async () => {
    const stray = seal({ type: 'checks.green' }, { seq: 3, run: RUN, term: 1, at: T0 + 9000, prev: 'a'.repeat(64) });
    await put('journal.jsonl', whole + line(stray));
    await put('journal.2.jsonl', line(behind(THREE[1], 2)));
    expect(await wrong()).toEqual(['journal.jsonl', 4, 'it does not follow the record before it']);
  });

  it('of an older version may hold a higher term in the middle of a file', async () => {
    const two = behind(THREE[1], 2);
    await put('journal.jsonl', line(THREE[0]) + line(THREE[1]) + line(two));
    expect(await seen()).toEqual({ seqs: [0, 1, 2], notes: [] });
    await put('journal.jsonl', whole + line(two));
    expect(await seen()).toEqual({ seqs: [0, 1, 2], notes: ['journal.jsonl: 1 of its records do not count: their runner had been superseded'] });
  });

  it('must be as they were written also where they do not count', async () => {
    await put('journal.jsonl', line(THREE[0]) + line(THREE[1]) + line({ ...THREE[2], at: 0 }));
    await put('journal.2.jsonl', line(behind(THREE[1], 2)));
    expect(await wrong()).toEqual(['journal.jsonl', 3, 'its content was changed after it was written']);
  });
});

describe('a copy of a bucket', () => {
  const object = (name: string, text: string) => writeFile(join(folder, 'journal', name), text);
  beforeEach(() => mkdir(join(folder, 'journal')));

  it('has one object a record, named by its number; nothing else there is read', async () => {
    for (const [i, record] of THREE.entries()) await object(`00000${i}.json`, JSON.stringify(record));
    for (const other of ['notes.json', '1.json.old', 'x1.json']) await object(other, 'x');
    expect(await seen()).toEqual({ seqs: [0, 1, 2], notes: [] });
  });

  it('is wrong where a record is not as written, is missing, or lies under the name of another', async () => {
    await object('000000.json', line(THREE[0]));
    expect(await wrong()).toEqual(['journal/000000.json', 1, 'it is not spelled as it was written']);
    await object('000000.json', JSON.stringify(THREE[0]));
    await object('000001.json', JSON.stringify(THREE[2]));
    expect(await wrong()).toEqual(['journal/000001.json', 2, 'it is record 3, under the name of another']);
    await rm(join(folder, 'journal', '000001.json'));
    await object('000002.json', JSON.stringify(THREE[2]));
    expect(await wrong()).toEqual(['journal', 2, 'it does not follow the record before it']);
  });

  it('that is not there holds nothing', async () => {
    await rm(join(folder, 'journal'), { recursive: true });
    expect(await seen()).toEqual({ seqs: [], notes: [] });
  });
});
