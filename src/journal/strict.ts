import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { readPlain } from '../base/plain-file.ts';
import { isSealed } from './chain.ts';
import type { JournalRecord } from './events.ts';
import { JournalDamaged, verifyRecords } from './journal.ts';
import { journalFiles, readJournal } from './term-files.ts';

/*
 * A journal as an auditor reads it: every byte of its files counts, also those that a run would forgive, such as half a record at the end
 * of a file or the records of a runner that was superseded.
 */

interface StrictJournal {
  records: JournalRecord[];
  /** What is no fault, and worth knowing. */
  notes: string[];
}

/** What is wrong, at a record where one is to blame: counted from 1, in its file. */
export class BadRecord extends Error {
  readonly where: string;
  readonly record: number;

  constructor(where: string, record: number, why: string) {
    super(why);
    this.where = where;
    this.record = record;
  }
}

/** Reads the journal of a run's folder, or the copy of one from a bucket. @throws BadRecord for the first that is wrong; DrError where it cannot be read. */
export async function readStrictly(folder: string): Promise<StrictJournal> {
  const files = await journalFiles(folder);
  return files.length > 0 ? readFiles(folder, files) : { records: await readObjects(join(folder, 'journal')), notes: [] };
}

async function readFiles(folder: string, files: readonly string[]): Promise<StrictJournal> {
  const read = await Promise.all(files.map(async (path) => ({ path, ...linesOf(path, await bytesOf(path)) })));
  const placed = await readJournal(folder).catch((error: unknown) => {
    throw error instanceof JournalDamaged ? asBadRecord(error) : error;
  });
  const records = placed.map(({ record }) => record);
  const counted = new Set(records.map(({ hash }) => hash));
  const last = placed.at(-1)?.path;
  const notes = read.flatMap(({ path, own, torn }) => {
    const name = basename(path);
    // Where a runner died in the middle of a write, another one went on in a file of its own.
    if (torn > 0 && (last === undefined || path === last)) throw new BadRecord(name, own.length + 1, `the journal ends in the middle of a record (${torn} bytes)`);
    const aside = own.filter(({ hash }) => !counted.has(hash));
    followOn(name, own);
    return [
      ...(aside.length === 0 ? [] : [`${name}: ${aside.length} of its records do not count: their runner had been superseded`]),
      ...(torn === 0 ? [] : [`${name}: half a record at its end (${torn} bytes): its runner died while it wrote`]),
    ];
  });
  return { records, notes };
}

function bytesOf(path: string): Promise<Buffer> {
  return readPlain(path, LIMITS.journalBytes).catch((error: unknown) => {
    throw new BadRecord(basename(path), 1, `it cannot be read: ${messageOf(error)}`);
  });
}

/** Every whole line of a file, which must be spelled as it was written: a change that JSON forgives is a change. */
function linesOf(path: string, bytes: Buffer): { own: JournalRecord[]; torn: number } {
  const own: JournalRecord[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
    own.push(recordOf(basename(path), own.length + 1, bytes.subarray(start, end)));
    start = end + 1;
  }
  return { own, torn: bytes.length - start };
}

function recordOf(where: string, number: number, bytes: Buffer): JournalRecord {
  let record: JournalRecord;
  try {
    record = JSON.parse(bytes.toString('utf8')) as JournalRecord;
  } catch {
    throw new BadRecord(where, number, 'it is not JSON');
  }
  if (!isSealed(record)) throw new BadRecord(where, number, 'its content was changed after it was written');
  if (!Buffer.from(JSON.stringify(record)).equals(bytes)) throw new BadRecord(where, number, 'it is not spelled as it was written');
  return record;
}

/** Also records that do not count follow each other. */
function followOn(where: string, own: readonly JournalRecord[]): void {
  own.forEach((record, i) => {
    const before = own[i - 1];
    if (before !== undefined && record.term === before.term && record.prev !== before.hash) throw new BadRecord(where, i + 1, 'it does not follow the record before it');
  });
}

/** A copy of a bucket's folder: one object a record, named by its number. */
async function readObjects(folder: string): Promise<JournalRecord[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d+\.json$/.test(name)).sort();
  const records = await Promise.all(names.map(async (name, i) => recordOf(`journal/${name}`, i + 1, await bytesOf(join(folder, name)))));
  records.forEach(({ seq }, i) => {
    const name = names[i] ?? '';
    if (Number.parseInt(name, 10) !== seq) throw new BadRecord(`journal/${name}`, i + 1, `it is record ${seq + 1}, under the name of another`);
  });
  try {
    verifyRecords(records, 'journal');
  } catch (error) {
    throw error instanceof JournalDamaged ? asBadRecord(error) : error;
  }
  return records;
}

function asBadRecord({ where, line, why }: JournalDamaged): BadRecord {
  return new BadRecord(basename(where), line, why);
}
