import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { iso } from '../base/clock.ts';
import { DrError, messageOf } from '../base/errors.ts';
import type { Ids } from '../base/ids.ts';
import type { Operator } from './events.ts';

/** Who holds an application: what the lock file says. */
export interface LockRecord {
  run: string;
  term: number;
  /** Random: tells two holders of one term apart. */
  token: string;
  user: string;
  host: string;
  pid: number;
  /** ISO 8601. */
  since: string;
}

/** The right to act on one application until somebody takes over. */
export interface Lease {
  readonly term: number;
  /** @throws DrError (busy) when another run has taken over. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the lock of an application in the state folder. The term grows by one each time.
 * A lock whose process is gone from this host is taken over; any other is respected.
 * @throws DrError (busy) that says who holds it.
 */
export async function acquireLease(
  stateDir: string,
  runbook: string,
  run: string,
  operator: Operator,
  now: number,
  ids: Ids,
): Promise<Lease> {
  const folder = join(stateDir, 'locks');
  const path = join(folder, `${runbook}.json`);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new DrError({
      code: 'STATE_UNUSABLE',
      exit: 'journal',
      title: `The state folder ${stateDir} cannot be used.`,
      detail: messageOf(error),
      next: ['give another folder: --state DIR'],
    });
  });
  const before = await readLock(path);
  if (before !== undefined && (before.host !== operator.host || isAlive(before.pid))) throw busy(runbook, before);
  const term = Math.max(before?.term ?? 0, await readTerm(folder, runbook)) + 1;
  const { user, host, pid } = operator;
  const mine: LockRecord = { run, term, token: ids.hex(8), user, host, pid, since: iso(now) };
  await place(path, mine, before !== undefined);
  const held = await readLock(path);
  if (held?.token !== mine.token) throw busy(runbook, held ?? mine);
  await replaceFile(join(folder, `${runbook}.term`), `${term}\n`, mine.token);
  return {
    term,
    assertHeld: async () => {
      const current = await readLock(path);
      if (current?.token !== mine.token) throw superseded(runbook, current);
    },
    release: async () => {
      const current = await readLock(path);
      if (current?.token === mine.token) await rm(path, { force: true });
    },
  };
}

/** The lock of an application, if there is one. */
export function lockOf(stateDir: string, runbook: string): Promise<LockRecord | undefined> {
  return readLock(join(stateDir, 'locks', `${runbook}.json`));
}

/** Whether a process of this host still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A new lock is made exclusively; a dead one is replaced in one step. */
async function place(path: string, lock: LockRecord, replace: boolean): Promise<void> {
  const text = `${JSON.stringify(lock)}\n`;
  if (replace) return replaceFile(path, text, lock.token);
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await file.close();
  } catch (error) {
    // Somebody was faster: the caller reads whose lock it is.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function replaceFile(path: string, text: string, token: string): Promise<void> {
  const temporary = `${path}.${token}`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  await rename(temporary, path);
}

async function readLock(path: string): Promise<LockRecord | undefined> {
  // A lock is made with one short write, but a reader may come between its creation and that write.
  for (let attempt = 0; attempt < 20; attempt++) {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    if (text.endsWith('\n')) return JSON.parse(text) as LockRecord;
  }
  return { run: 'unknown', term: 0, token: '', user: 'unknown', host: '', pid: 0, since: 'unknown' };
}

async function readTerm(folder: string, runbook: string): Promise<number> {
  const text = await readFile(join(folder, `${runbook}.term`), 'utf8').catch(() => '0');
  return Number.parseInt(text, 10) || 0;
}

function busy(runbook: string, lock: LockRecord): DrError {
  return new DrError({
    code: 'RUN_IN_PROGRESS',
    exit: 'busy',
    title: `Another run holds ${runbook}.`,
    detail: `Run ${lock.run}, term ${lock.term}, by ${lock.user} on ${lock.host} (process ${lock.pid}) since ${lock.since}.`,
    next: [`dr status ${lock.run}    shows where it stands`],
  });
}

function superseded(runbook: string, lock: LockRecord | undefined): DrError {
  return new DrError({
    code: 'SUPERSEDED',
    exit: 'busy',
    title: `This run no longer holds ${runbook}: it stops before it changes anything more.`,
    detail:
      lock === undefined
        ? 'Its lock is gone.'
        : `Run ${lock.run} with term ${lock.term}, by ${lock.user} on ${lock.host}, has taken over.`,
  });
}
