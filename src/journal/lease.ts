import { link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { iso } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { type Ids, partsOfRunId, RUN_ID } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { NoPlainFile, readPlain } from '../base/plain-file.ts';
import { traitsOf, type Verb, VERBS } from '../model/verb.ts';
import type { JournalRecord, Machine, Operator } from './events.ts';
import { unusable } from './unusable.ts';

/*
 * Who may act on an application: the claim with the highest term, `locks/<runbook>.<term>.json`.
 *
 * Invariants:
 * 1. A claim is made whole and only where there is none of its term: of many who try at once, one gets it.
 * 2. Terms only grow. A claim is never taken over, it is followed by one of the next term.
 * 3. Older claims go lowest first: a runner that finds its own claim there, and none of the next term, is the holder.
 */

/** Who holds an application: what a claim says. */
export interface LockRecord {
  run: string;
  term: number;
  /** Random: tells the claim of this process from any other. */
  token: string;
  user: string;
  host: string;
  pid: number;
  /** As in `Operator`. */
  machine?: Machine;
  /** ISO 8601. */
  since: string;
  /** The run has ended, and holds the application no more. */
  released?: true;
}

/** Who asks for a lock, for which run. */
export interface LeaseRequest {
  lock: string;
  run: string;
  operator: Operator;
  /** Milliseconds since the epoch. */
  now: number;
  ids: Ids;
  /** The term of the journal that is to be written on: the new one is higher. */
  above?: number;
  /** Takes it from the run that holds it: a decision of a person, or where the one run goes before the other. Asked of the very claim that is followed. */
  force?: boolean | ((holder: LockRecord) => boolean);
}

/** The right to act on one application until somebody takes over. */
export interface Lease {
  readonly term: number;
  /** @throws DrError (busy) when another run has taken over. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the lock of an application in the state folder. The term grows each time, and is higher than `above`, the term
 * of a journal that is to be written on: its locks may have been left behind on another machine, or removed.
 * A lock whose process is gone from this machine is taken over, and that of a run which is over (`runIsOver`); any other is respected,
 * unless `force` says otherwise.
 * @throws DrError (busy) that says who holds it; STATE_UNUSABLE.
 */
export async function acquireLease(
  stateDir: string,
  { lock: runbook, run, operator, now, ids, above = 0, force = false }: LeaseRequest,
  runIsOver: (run: string) => Promise<boolean> = () => Promise.resolve(false),
): Promise<Lease> {
  const folder = join(stateDir, 'locks');
  // A journal that is to be written on has begun.
  const usable = <T>(work: Promise<T>): Promise<T> => usableFor(stateDir, work, above > 0 ? run : undefined);
  await usable(mkdir(folder, { recursive: true, mode: 0o700 }));
  const { lock: before } = await usable(highest(folder, runbook));
  if (before?.released === undefined && before !== undefined && !takesFrom(force, before) && isHeld(before, operator) && !(await runIsOver(before.run))) {
    throw busy(runbook, before, ...takeover(before), removal(folder, runbook, before.term));
  }
  const mine = claimOf(run, Math.max(before?.term ?? 0, above) + 1, operator, now, ids);
  const made = await usable(claim(folder, runbook, mine));
  const { lock: after, below } = await usable(highest(folder, runbook));
  if (!made || after?.token !== mine.token) {
    if (made) await usable(rm(claimPath(folder, runbook, mine.term), { force: true }));
    throw busy(runbook, after ?? mine);
  }
  for (const old of below) await usable(rm(claimPath(folder, runbook, old), { force: true }));
  return leaseOf(stateDir, folder, runbook, mine);
}

export function takesFrom(force: NonNullable<LeaseRequest['force']>, holder: LockRecord): boolean {
  return typeof force === 'function' ? force(holder) : force;
}

async function usableFor<T>(stateDir: string, work: Promise<T>, run: string | undefined): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof DrError ? error : unusable(stateDir, error, run);
  }
}

function leaseOf(stateDir: string, folder: string, runbook: string, mine: LockRecord): Lease {
  const usable = <T>(work: Promise<T>): Promise<T> => usableFor(stateDir, work, mine.run);
  const path = claimPath(folder, runbook, mine.term);
  const isMine = async (): Promise<boolean> => {
    // In this order: a take-over first makes the claim of the next term, then takes away the older ones, also if terms jump.
    // Asked side by side, the own claim could be seen before all that and the next one after a further take-over has removed it.
    if (await exists(claimPath(folder, runbook, mine.term + 1))) return false;
    return (await readClaim(path, mine.term))?.token === mine.token;
  };
  return {
    term: mine.term,
    assertHeld: async () => {
      if (!(await usable(isMine()))) throw superseded(runbook, (await usable(highest(folder, runbook))).lock);
    },
    release: async () => {
      // The claim stays, so that the next term is a higher one.
      if (await usable(isMine())) await usable(replaceFile(path, { ...mine, released: true }, mine.token));
    },
  };
}

export async function lockOf(stateDir: string, runbook: string): Promise<LockRecord | undefined> {
  const { lock } = await usableFor(stateDir, highest(join(stateDir, 'locks'), runbook), undefined);
  return lock?.released === undefined ? lock : undefined;
}

/** What somebody writes who wants an application. */
export function claimOf(run: string, term: number, { user, host, pid, machine }: Operator, now: number, ids: Ids): LockRecord {
  return { run, term, token: ids.hex(8), user, host, pid, ...(machine === undefined ? {} : { machine }), since: iso(now) };
}

/**
 * Held, as far as can be known from here: a process of this machine that is gone holds nothing. Two machines may have one
 * host name, and what is not known to be gone holds.
 */
export function isHeld(lock: LockRecord, here: Pick<Operator, 'host' | 'machine'>): boolean {
  if (lock.released !== undefined) return false;
  const { machine: there } = lock;
  const { machine } = here;
  if (there === undefined || machine === undefined) return true;
  if (there.start === machine.start) return isAlive(lock.pid);
  // Restarted since: nothing has lived through that. A container on the same machine was not.
  // Within one start of the machine its clock may have been set: it says nothing there.
  const isSame = there.id !== undefined && there.id === machine.id && lock.host === here.host && bootOf(there) !== bootOf(machine);
  return !(isSame && machine.startedAt > Date.parse(lock.since));
}

/** What tells one start of a machine from another: all of `start` but the container. */
function bootOf({ start }: Machine): string {
  return start.split('/', 1)[0] ?? '';
}

/** By its last record: nothing more is done in that run, and a lock that it could not give back holds nothing. */
export function endsTheRun(last: JournalRecord | undefined): boolean {
  if (last === undefined || !('outcome' in last)) return false;
  return last.outcome === 'succeeded' || last.outcome === 'aborted';
}

/** Whether a process of this machine still runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function claimPath(folder: string, runbook: string, term: number): string {
  return join(folder, `${runbook}.${term}.json`);
}

/** Terms that are claimed, lowest first. */
async function termsOf(folder: string, runbook: string): Promise<number[]> {
  const names = await readdir(folder).catch(ifAbsent<string[]>([]));
  const terms = names.flatMap((name) => {
    const term = name.startsWith(`${runbook}.`) ? /^(\d+)\.json$/.exec(name.slice(runbook.length + 1))?.[1] : undefined;
    return term === undefined ? [] : [Number(term)];
  });
  return terms.sort((a, b) => a - b);
}

/** How often a list is read again because its last entry has gone meanwhile. */
const LOOKS = 20;

/** The claim of the highest term, and the terms below it. */
async function highest(folder: string, runbook: string): Promise<{ lock: LockRecord | undefined; below: readonly number[] }> {
  for (let look = 0; look < LOOKS; look++) {
    const below = await termsOf(folder, runbook);
    const term = below.pop();
    if (term === undefined) return { lock: undefined, below };
    const lock = await readClaim(claimPath(folder, runbook, term), term);
    if (lock !== undefined) return { lock, below };
  }
  throw new Error(`the locks of ${runbook} change all the time`);
}

/** Undefined when there is none. One that cannot be understood is somebody's, and is respected. */
async function readClaim(path: string, term: number): Promise<LockRecord | undefined> {
  try {
    return readLock((await readPlain(path, LIMITS.smallFileBytes)).toString('utf8'), term);
  } catch (error) {
    if (error instanceof NoPlainFile) throw new Error(`${path}: ${error.message}`);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const lockSchema = z.looseObject({ run: z.string(), token: z.string(), user: z.string(), host: z.string(), pid: z.int(), since: z.string() });

/** The lock of that term in a file or an object. One that cannot be understood, or lacks a field, is somebody's, and is respected. */
export function readLock(text: string, term: number): LockRecord {
  try {
    return { ...(lockSchema.parse(JSON.parse(text)) as unknown as LockRecord), term };
  } catch {
    return { run: 'unknown', term, token: '', user: 'unknown', host: '', pid: 0, since: 'unknown' };
  }
}

/** False when somebody else has claimed that term. The file appears with its whole content. */
async function claim(folder: string, runbook: string, lock: LockRecord): Promise<boolean> {
  const path = claimPath(folder, runbook, lock.term);
  const temporary = `${path}.${lock.token}`;
  try {
    await writeFile(temporary, `${JSON.stringify(lock)}\n`, { mode: 0o600, flush: true });
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function replaceFile(path: string, lock: LockRecord, token: string): Promise<void> {
  const temporary = `${path}.${token}`;
  try {
    await writeFile(temporary, `${JSON.stringify(lock)}\n`, { mode: 0o600, flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, ifAbsent(false));
}

/** The value where a file is missing; any other error continues. */
function ifAbsent<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}

/** The verb of the run that holds a lock; undefined where the lock does not say which run that is. */
export function verbOfHolder({ run }: Pick<LockRecord, 'run'>): Verb | undefined {
  const verb = partsOfRunId(run)?.verb;
  return VERBS.find((one) => one === verb);
}

/** How a person takes over what a run holds; nothing where the lock does not say which. */
export function takeover(lock: LockRecord): string[] {
  const verb = verbOfHolder(lock);
  if (verb !== undefined && traitsOf(verb).drills) return [`dr drill clean ${lock.run} --takeover    stops that drill, and deletes its twins`];
  return RUN_ID.test(lock.run) ? [`dr takeover ${lock.run}    if that runner is gone for good`] : [];
}

function removal(folder: string, runbook: string, term: number): string {
  return `rm ${claimPath(folder, runbook, term)}    only if that process is gone for good, and you will not resume any of its runs`;
}

/** The error for an application that another run holds. `remedies`: what else can be done about it. */
export function busy(runbook: string, lock: LockRecord, ...remedies: readonly string[]): DrError {
  return new DrError({
    code: 'RUN_IN_PROGRESS',
    exit: 'busy',
    title: `Another run holds ${runbook}.`,
    detail: `Run ${lock.run}, term ${lock.term}, by ${lock.user} on ${lock.host} (process ${lock.pid}) since ${lock.since}.`,
    next: [`dr status ${lock.run}    shows where it stands`, ...remedies],
  });
}

/** In words: who has written where a superseded runner wanted to write. */
export function writerOf(term: number): string {
  return `A runner with term ${term} writes its journal now: it has taken over.`;
}

/** The error for a runner whose application somebody has taken over. `by`: who, where it is not the lock that says it. */
export function superseded(runbook: string, lock: LockRecord | undefined, by = 'Its lock is gone.'): DrError {
  return new DrError({
    code: 'SUPERSEDED',
    exit: 'busy',
    title: `This run no longer holds ${runbook}: it stops before it changes anything more.`,
    detail:
      lock === undefined
        ? by
        : `Run ${lock.run} with term ${lock.term}, by ${lock.user} on ${lock.host}, has taken over.`,
  });
}

/** Somebody has taken over: nothing more is done, and nothing more is written. */
export function isSuperseded(error: unknown): error is DrError {
  return error instanceof DrError && error.code === 'SUPERSEDED';
}
