import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DrError, messageOf } from '../base/errors.ts';
import { RUN_ID } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { JournalRecord } from './events.ts';
import { damaged, verifyRecords } from './journal.ts';
import type { RunStore } from './state-store.ts';

/** Where approvals lie below the folder of their run, and what their files are called. */
const APPROVALS = 'approvals';
export const APPROVAL = /^[0-9a-f]{32}\.json$/;

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

/** A journal in a folder: one JSON record a line, each forced to the disk before `append` returns. */
export class LocalStore implements RunStore {
  readonly folder: string;
  readonly path: string;
  readonly #stateDir: string;
  readonly #guard: () => Promise<void>;
  #file: FileHandle | undefined;

  /** `guard` is asked before every write; it throws when this runner has been superseded. */
  constructor(stateDir: string, run: string, guard: () => Promise<void> = () => Promise.resolve()) {
    this.#stateDir = stateDir;
    this.folder = runFolder(stateDir, run);
    this.path = join(this.folder, 'journal.jsonl');
    this.#guard = guard;
  }

  async read(): Promise<JournalRecord[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw unusable(this.#stateDir, error);
    }
    const records = parseLines(text, this.path);
    verifyRecords(records, this.path);
    return records;
  }

  async append(record: JournalRecord): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    if (Buffer.byteLength(line) > LIMITS.journalRecordBytes) {
      throw new Error(`a journal record of ${line.length} bytes is over the limit of ${LIMITS.journalRecordBytes}`);
    }
    await this.#guard();
    try {
      this.#file ??= await this.#open();
      await this.#file.appendFile(line);
      await this.#file.datasync();
    } catch (error) {
      throw unusable(this.#stateDir, error);
    }
  }

  assertHeld(): Promise<void> {
    return this.#guard();
  }

  async last(): Promise<JournalRecord | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw unusable(this.#stateDir, error);
    });
    const end = text.lastIndexOf('\n');
    if (end < 0) return undefined;
    const line = text.slice(text.lastIndexOf('\n', end - 1) + 1, end);
    try {
      return JSON.parse(line) as JournalRecord;
    } catch {
      throw damaged(this.path, text.slice(0, end).split('\n').length, 'it is not JSON');
    }
  }

  async addApproval(name: string, text: string): Promise<void> {
    const folder = join(this.folder, APPROVALS);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = join(folder, `.${name}.${process.pid}`);
      await writeFile(temporary, text, { mode: 0o600, flush: true });
      await rename(temporary, join(folder, name));
    } catch (error) {
      throw unusable(this.#stateDir, error);
    }
  }

  async approvals(): Promise<readonly string[]> {
    const folder = join(this.folder, APPROVALS);
    try {
      const names = (await readdir(folder)).filter((name) => APPROVAL.test(name)).sort();
      if (names.length > LIMITS.approvalsRead) throw tooManyApprovals(folder, names.length);
      return await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error instanceof DrError ? error : unusable(this.#stateDir, error);
    }
  }

  async setAside(from: number): Promise<string> {
    await this.close();
    const kept = join(this.folder, `journal.refused-${from}.jsonl`);
    try {
      const lines = (await readFile(this.path, 'utf8')).split('\n').slice(0, -1);
      const stays = lines.slice(0, from).map((line) => `${line}\n`).join('');
      // First kept, then cut off: whatever happens in between, nothing is lost.
      await writeFile(kept, lines.slice(from).map((line) => `${line}\n`).join(''), { mode: 0o600, flag: 'a', flush: true });
      await truncate(this.path, Buffer.byteLength(stays));
    } catch (error) {
      throw unusable(this.#stateDir, error);
    }
    return kept;
  }

  /** The reports lie in `folder` already. */
  publish(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async close(): Promise<undefined> {
    await this.#file?.close();
    this.#file = undefined;
    return undefined;
  }

  /** A line torn by a crash is cut off, so that the next record starts on a line of its own. */
  async #open(): Promise<FileHandle> {
    await mkdir(join(this.path, '..'), { recursive: true, mode: 0o700 });
    const text = await readFile(this.path).catch(() => Buffer.alloc(0));
    const end = text.lastIndexOf(0x0a) + 1;
    if (end < text.length) await truncate(this.path, end);
    return open(this.path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
  }
}

function parseLines(text: string, path: string): JournalRecord[] {
  const lines = text.split('\n');
  // What stands behind the last newline was being written when the process died: it never counted.
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as JournalRecord;
    } catch {
      throw damaged(path, index + 1, 'it is not JSON');
    }
  });
}

function unusable(stateDir: string, cause: unknown): DrError {
  return new DrError({
    code: 'STATE_UNUSABLE',
    exit: 'journal',
    title: `The state folder ${stateDir} cannot be used.`,
    detail: messageOf(cause),
    next: ['give another folder: --state DIR'],
    cause,
  });
}
