import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DrError } from '../base/errors.ts';
import { RUN_ID } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { NoPlainFile, readPlain } from '../base/plain-file.ts';
import type { JournalRecord } from './events.ts';
import type { Guard, RunStore } from './state-store.ts';
import { endLastLine, fileOfTerm, FIRST_FILE, firstRecord, journalFiles, lastRecord, readJournal, syncFile } from './term-files.ts';
import { unusable } from './unusable.ts';

/** Where approvals lie below the folder of their run, and what their files are called. */
const APPROVALS = 'approvals';
export const APPROVAL = /^[0-9a-f]{32}\.json$/;

/** What is not recorded by a runner that has lost anything of what its run holds. */
const ASKS_ALL: ReadonlySet<JournalRecord['type']> = new Set(['step.intent', 'undo.intent', 'run.finished'] as const);

/** What is no file is no approval. One that cannot be read may be a rejection: that is an error. */
async function approvalText(path: string): Promise<string> {
  try {
    return (await readPlain(path, LIMITS.smallFileBytes)).toString('utf8');
  } catch (error) {
    if (error instanceof NoPlainFile) return '';
    throw error;
  }
}

/** Of some files nobody knows what the others say: one of them may be a rejection. */
export function tooManyApprovals(place: string, count: number): DrError {
  return new DrError({
    code: 'TOO_MANY_APPROVALS',
    exit: 'refused',
    title: `There are ${count} files in ${place}; at most ${LIMITS.approvalsRead} are read.`,
    next: ['take away what is no approval of this run; what was signed stays valid'],
  });
}

/** Where local runs lie below the state folder: `runs/<run id>/journal.jsonl`. */
export function runFolder(stateDir: string, run: string): string {
  if (!RUN_ID.test(run)) {
    throw new DrError({
      code: 'RUN_UNKNOWN',
      exit: 'usage',
      title: `"${run.slice(0, 80)}" is not the name of a run.`,
      next: ['dr history    lists the runs'],
    });
  }
  return join(stateDir, 'runs', run);
}

/** Names of the local runs, oldest first. An absent folder holds none. */
export async function listRunIds(stateDir: string): Promise<string[]> {
  try {
    const names = await readdir(join(stateDir, 'runs'));
    return names.filter((name) => RUN_ID.test(name)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unusable(stateDir, error);
  }
}

/** The file that is written on, and how long this runner has made it. */
interface OpenFile {
  readonly term: number;
  readonly file: FileHandle;
  readonly path: string;
  size: number;
}

/**
 * What is written to a file that was removed, or whose beginning was cut off, is no record: nobody will read it.
 * @throws DrError where the file is not what this runner has made it
 */
async function refuseChanged({ file, path, size }: OpenFile, run: string): Promise<void> {
  const mine = await file.stat();
  const there = await stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (there?.ino === mine.ino && there.dev === mine.dev && mine.size === size) return;
  throw new DrError({
    code: 'JOURNAL_CHANGED',
    exit: 'journal',
    title: `The journal ${path} ${there === undefined ? 'is gone' : 'was changed by somebody else'}.`,
    detail: `Run ${run} has stopped: what it does would not be recorded.`,
    next: [`put the file back as it was, then: dr resume ${run}`, 'dr plan --region REGION    shows what is left to do, from what AWS says now'],
  });
}

/** A journal in a folder: one JSON record a line, each forced to the disk before `append` returns, each term in a file of its own (`term-files.ts`). */
export class LocalStore implements RunStore {
  readonly folder: string;
  readonly path: string;
  readonly #stateDir: string;
  readonly #run: string;
  readonly #guard: Guard;
  #open: OpenFile | undefined;

  /** `guard` is asked before every write. */
  constructor(stateDir: string, run: string, guard: Guard = () => Promise.resolve()) {
    this.#stateDir = stateDir;
    this.#run = run;
    this.folder = runFolder(stateDir, run);
    this.path = join(this.folder, 'journal.jsonl');
    this.#guard = guard;
  }

  async read(): Promise<JournalRecord[]> {
    return (await readJournal(this.folder)).map(({ record }) => record);
  }

  async append(record: JournalRecord): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    if (Buffer.byteLength(line) > LIMITS.journalRecordBytes) {
      throw new Error(`a journal record of ${line.length} bytes is over the limit of ${LIMITS.journalRecordBytes}`);
    }
    await this.#guard(ASKS_ALL.has(record.type));
    try {
      const open = await this.#fileOf(record);
      await refuseChanged(open, this.#run);
      await open.file.appendFile(line);
      open.size += Buffer.byteLength(line);
      await open.file.datasync();
    } catch (error) {
      throw error instanceof DrError ? error : unusable(this.#stateDir, error, record.seq === 0 ? undefined : this.#run);
    }
  }

  assertHeld(): Promise<void> {
    return this.#guard(true);
  }

  first(): Promise<JournalRecord | undefined> {
    return firstRecord(this.folder);
  }

  last(): Promise<JournalRecord | undefined> {
    return lastRecord(this.folder);
  }

  async addApproval(name: string, text: string): Promise<void> {
    const folder = join(this.folder, APPROVALS);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = join(folder, `.${name}.${process.pid}`);
      await writeFile(temporary, text, { mode: 0o600, flush: true });
      await rename(temporary, join(folder, name));
    } catch (error) {
      throw unusable(this.#stateDir, error, this.#run);
    }
  }

  async approvals(): Promise<readonly string[]> {
    const folder = join(this.folder, APPROVALS);
    try {
      const names = (await readdir(folder)).filter((name) => APPROVAL.test(name)).sort();
      if (names.length > LIMITS.approvalsRead) throw tooManyApprovals(folder, names.length);
      return await Promise.all(names.map((name) => approvalText(join(folder, name))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error instanceof DrError ? error : unusable(this.#stateDir, error, this.#run);
    }
  }

  async setAside(records: readonly JournalRecord[]): Promise<void> {
    await this.close();
    const [first] = records;
    if (first === undefined) return;
    const terms = new Set(records.map(({ term }) => term));
    try {
      const aside = (await readJournal(this.folder)).filter(({ record }) => record.seq >= first.seq && terms.has(record.term));
      // First kept, then cut off: whatever happens in between, nothing is lost.
      const kept = aside.map(({ record }) => `${JSON.stringify(record)}\n`).join('');
      await writeFile(join(this.folder, `journal.refused-${first.seq}.jsonl`), kept, { mode: 0o600, flag: 'a', flush: true });
      for (const [path, cut] of Map.groupBy(aside, ({ path }) => path)) await truncate(path, Math.min(...cut.map(({ start }) => start)));
    } catch (error) {
      throw error instanceof DrError ? error : unusable(this.#stateDir, error, this.#run);
    }
  }

  /** The reports lie in `folder` already. */
  publish(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async close(): Promise<undefined> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
    return undefined;
  }

  /** The file of the record's term; no other runner ever writes to it. */
  async #fileOf({ seq, term }: JournalRecord): Promise<OpenFile> {
    if (this.#open?.term === term) return this.#open;
    await this.close();
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const first = seq === 0 ? term : (await firstRecord(this.folder))?.term;
    const path = join(this.folder, first === undefined || first === term ? FIRST_FILE : fileOfTerm(term));
    await endLastLine(path);
    // What this runner has read and builds on must not be less durable than what it writes.
    for (const other of await journalFiles(this.folder)) if (other !== path) await syncFile(other);
    const file = await open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
    this.#open = { term, file, path, size: (await file.stat()).size };
    return this.#open;
  }
}
