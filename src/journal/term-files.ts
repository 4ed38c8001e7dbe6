import { open, readdir, truncate } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DrError, messageOf } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { readPlain } from '../base/plain-file.ts';
import { chainBreak, isSealed } from './chain.ts';
import type { JournalRecord } from './events.ts';
import { damaged } from './journal.ts';

/*
 * The files of one run's journal. Each term writes a file of its own, so a runner that was stopped, lost its lock and continues can write
 * only into its own file, however late, and however much of a line. See docs/decisions/2026-11-29-a-journal-file-per-term.md.
 *
 * Invariants:
 * 1. A file is written by one process only, and only at its end.
 * 2. The first record of a higher term says where the lower terms end: what they hold from that number on does not count.
 *    It stays in their files.
 */

/** The file of the runner that began the run. Journals of older versions hold all their terms in it. */
export const FIRST_FILE = 'journal.jsonl';
const LATER_FILE = /^journal\.(\d+)\.jsonl$/;

export function fileOfTerm(term: number): string {
  return `journal.${term}.jsonl`;
}

/** A record that counts, and where it lies: bytes from the start of the file. */
interface PlacedRecord {
  record: JournalRecord;
  path: string;
  start: number;
}

interface Line {
  path: string;
  /** From 1. */
  line: number;
  start: number;
  term: number;
  /** Undefined where it is not JSON. */
  record: JournalRecord | undefined;
  /** It has no newline at its end: it may be half of a record. */
  torn: boolean;
}

/** Paths of the journal's files, lowest term first. */
export async function journalFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(folder, messageOf(error));
  });
  const termOf = (name: string): number => Number(LATER_FILE.exec(name)?.[1] ?? -1);
  const mine = names.filter((name) => name === FIRST_FILE || LATER_FILE.test(name));
  return mine.sort((a, b) => termOf(a) - termOf(b)).map((name) => join(folder, name));
}

/** The records that count, in order. @throws DrError JOURNAL_DAMAGED, JOURNAL_UNREADABLE */
export async function readJournal(folder: string): Promise<PlacedRecord[]> {
  const files = await journalFiles(folder);
  const lines = await Promise.all(files.map(async (path) => linesOf(await readText(path), path)));
  return verified(highestTerms(lines.flat()));
}

/** The last record of the highest term. Nothing before it is looked at. @throws DrError JOURNAL_DAMAGED, JOURNAL_UNREADABLE */
export async function lastRecord(folder: string): Promise<JournalRecord | undefined> {
  for (const path of (await journalFiles(folder)).reverse()) {
    const text = await readText(path);
    const end = text.lastIndexOf('\n');
    const tail = parsed(text.slice(end + 1));
    if (isSealed(tail)) return tail;
    if (end < 0) continue;
    const record = parsed(text.slice(text.lastIndexOf('\n', end - 1) + 1, end));
    if (record === undefined) throw damaged(path, text.slice(0, end).split('\n').length, 'it is not JSON');
    return record;
  }
  return undefined;
}

/** The first record; undefined where there is no whole one yet. Nothing behind it is looked at. */
export async function firstRecord(folder: string): Promise<JournalRecord | undefined> {
  const text = await readText(join(folder, FIRST_FILE));
  const record = parsed(text.slice(0, Math.max(0, text.indexOf('\n'))));
  return isSealed(record) ? record : undefined;
}

/** Makes sure that the next record starts on a line of its own: half a record is cut off, a whole one gets its newline. */
export async function endLastLine(path: string): Promise<void> {
  const text = await readText(path);
  const end = text.lastIndexOf('\n') + 1;
  if (end === text.length) return;
  const tail = parsed(text.slice(end));
  if (!isSealed(tail)) return truncate(path, Buffer.byteLength(text.slice(0, end)));
  const file = await open(path, 'a');
  await file.appendFile('\n').finally(() => file.close());
}

/** Forces what a file holds to the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  await file.datasync().finally(() => file.close());
}

/** Empty where there is no file. */
async function readText(path: string): Promise<string> {
  try {
    return (await readPlain(path, LIMITS.journalBytes)).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw unreadable(path, messageOf(error));
  }
}

function linesOf(text: string, path: string): Line[] {
  let term = Number(LATER_FILE.exec(basename(path))?.[1] ?? 0);
  let start = 0;
  const texts = text.split('\n');
  return texts.flatMap((one, index) => {
    const from = start;
    start += Buffer.byteLength(one) + 1;
    const torn = index === texts.length - 1;
    const record = parsed(one);
    // Half a record was being written when the process died: it never counted.
    if (torn && !isSealed(record)) return [];
    if (typeof record?.term === 'number') term = record.term;
    return [{ path, line: index + 1, start: from, term, record, torn }];
  });
}

function highestTerms(lines: readonly Line[]): Line[] {
  const chain: Line[] = [];
  const terms = [...Map.groupBy(lines, ({ term }) => term)].sort(([a], [b]) => a - b);
  for (const [, own] of terms) {
    const from = own[0]?.record?.seq;
    if (typeof from === 'number' && from >= 0) chain.splice(from);
    chain.push(...own);
  }
  return chain;
}

function verified(lines: readonly Line[]): PlacedRecord[] {
  const chain: PlacedRecord[] = [];
  for (const { record, path, line, start, torn } of lines) {
    if (record === undefined) throw damaged(path, line, 'it is not JSON');
    const broken = chainBreak(record, chain.at(-1)?.record);
    // The newline is missing: it counts only where all else is right.
    if (broken !== undefined && torn) continue;
    if (broken !== undefined) throw damaged(path, line, broken);
    chain.push({ record, path, start });
  }
  return chain;
}

/** What a line holds, `null` and numbers included; undefined where it is not JSON. */
function parsed(line: string): JournalRecord | undefined {
  try {
    return JSON.parse(line) as JournalRecord;
  } catch {
    return undefined;
  }
}

function unreadable(path: string, why: string): DrError {
  return new DrError({
    code: 'JOURNAL_UNREADABLE',
    exit: 'journal',
    title: `The journal ${path} cannot be read.`,
    detail: why,
    next: [`ls -ld ${dirname(path)} ${path}    shows what it is, and who may read it`],
  });
}
