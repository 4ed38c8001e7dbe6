import type { AwsCaller } from '../aws/caller.ts';
import { type CallOptions, outputOf } from '../aws/call-options.ts';
import { AwsError } from '../aws/errors.ts';
import { listed } from '../aws/pages.ts';
import { iso } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { RUN_ID } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { JournalRecord } from './events.ts';
import { damaged, verifyRecords } from './journal.ts';
import { APPROVAL, tooManyApprovals } from './local-store.ts';
import { busy, claimOf, endsTheRun, isHeld, type Lease, type LeaseRequest, type LockRecord, readLock, superseded, takeover, takesFrom, writerOf } from './lease.ts';
import { REGION_SHAPE } from '../base/regions.ts';

/*
 * State in a bucket of the recovery region, so that another person on another machine can continue.
 *
 * Invariants:
 * 1. One object a record, written with If-None-Match: of two runners that write the same number, one is refused.
 * 2. The lock of an application is its highest term; a term is taken by making its object with If-None-Match, so no two
 *    can take the same one. A release is an object of its own: nothing is ever deleted or overwritten.
 * 3. Nothing is read but this bucket: no control plane, and no region but the bucket's.
 * 4. Where the bucket has Object Lock with a default retention, S3 itself keeps every record for that long: nothing here needs
 *    to delete, and a report that is written again is a new version.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
 */

interface S3Place {
  region: string;
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
}

/** `s3://bucket/prefix?region=ap-northeast-1`; undefined for anything else. */
export function parseS3Place(text: string): S3Place | undefined {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?\?region=([a-z0-9-]+)$/.exec(text);
  const [, bucket, prefix = '', region = ''] = match ?? [];
  if (bucket === undefined || !REGION_SHAPE.test(region)) return undefined;
  return { bucket, region, prefix: prefix.replace(/^\/+|\/+$/g, '') };
}

/** The name of a term, or of a record: all of one length, so that their order is that of the numbers. */
const numbered = (count: number): string => `${String(count).padStart(12, '0')}.json`;
const NUMBERED = /^\d+\.json$/;

/** Short: every record waits for it, and a bucket that is away must not stop a run. */
const CALL: CallOptions = { timeoutMs: LIMITS.signalMs, attempts: 2 };

/** The few S3 calls of a state store. */
class Objects {
  readonly #aws: AwsCaller;
  readonly #place: S3Place;
  readonly #where: { service: 's3'; region: string };

  constructor(aws: AwsCaller, place: S3Place) {
    this.#aws = aws;
    this.#place = place;
    this.#where = { service: 's3', region: place.region };
  }

  url(key: string): string {
    return `s3://${this.#place.bucket}/${this.#key(key)}`;
  }

  /** False when the object exists already. A lost answer is no doubt: the same content counts as made. */
  async create(key: string, text: string): Promise<boolean> {
    try {
      await this.#put(key, text, true);
      return true;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code !== 'PreconditionFailed' && error.kind !== 'unknown') throw error;
      const there = await this.read(key);
      if (there === undefined) throw error;
      return there === text;
    }
  }

  async replace(key: string, text: string): Promise<void> {
    await this.#put(key, text, false);
  }

  async read(key: string): Promise<string | undefined> {
    try {
      const input = { Bucket: this.#place.bucket, Key: this.#key(key) };
      const { Body } = await outputOf(this.#aws, { ...this.#where, operation: 'GetObject', input }, CALL);
      return await Body?.transformToString();
    } catch (error) {
      if (error instanceof AwsError && error.code === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  /** Names below a folder, sorted: whole keys, or with `folders` the folders right below it. */
  async list(folder: string, folders = false): Promise<string[]> {
    const Prefix = `${this.#key(folder)}/`;
    const input = { Bucket: this.#place.bucket, Prefix, ...(folders ? { Delimiter: '/' } : {}) };
    const found = await listed(
      this.#aws,
      { ...this.#where, operation: 'ListObjectsV2', input },
      ({ CommonPrefixes, Contents }) => (folders ? CommonPrefixes?.map((p) => p.Prefix) : Contents?.map((o) => o.Key)),
      CALL,
    );
    const names = found.map((name) => (name ?? '').slice(Prefix.length).replace(/\/$/, ''));
    return names.sort();
  }

  async numbered(folder: string): Promise<string[]> {
    return (await this.list(folder)).filter((name) => NUMBERED.test(name));
  }

  async #put(key: string, text: string, onlyNew: boolean): Promise<void> {
    // A bucket with Object Lock takes no object without a digest, whatever the environment tells the SDK to leave out.
    const input = { Bucket: this.#place.bucket, Key: this.#key(key), Body: text, ChecksumAlgorithm: 'CRC32' as const, ...(onlyNew ? { IfNoneMatch: '*' } : {}) };
    await outputOf(this.#aws, { ...this.#where, operation: 'PutObject', input }, CALL);
  }

  #key(key: string): string {
    return this.#place.prefix === '' ? key : `${this.#place.prefix}/${key}`;
  }
}

/** State in S3, through the one door to AWS. */
export class S3State {
  readonly place: string;
  readonly #objects: Objects;

  constructor(aws: AwsCaller, place: S3Place) {
    this.place = `s3://${place.bucket}/${place.prefix}?region=${place.region}`;
    this.#objects = new Objects(aws, place);
  }

  async runs(): Promise<string[]> {
    return (await this.#objects.list('runs', true)).filter((name) => RUN_ID.test(name));
  }

  run(run: string): S3Run {
    return new S3Run(this.#objects, run);
  }

  async lockOf(runbook: string): Promise<LockRecord | undefined> {
    const lock = await this.#newest(runbook);
    return lock === undefined || (await this.#isReleased(runbook, lock)) ? undefined : lock;
  }

  async #newest(runbook: string): Promise<LockRecord | undefined> {
    const term = await this.#newestTerm(runbook);
    return term === undefined ? undefined : readLock((await this.#objects.read(this.#lock(runbook, term))) ?? '', term);
  }

  async #newestTerm(runbook: string): Promise<number | undefined> {
    const newest = (await this.#objects.numbered(`locks/${runbook}`)).at(-1);
    return newest === undefined ? undefined : Number.parseInt(newest, 10);
  }

  async #isReleased(runbook: string, { term }: LockRecord): Promise<boolean> {
    return (await this.#objects.read(this.#released(runbook, term))) !== undefined;
  }

  /** @throws DrError (busy) that says who holds it, or who was faster. */
  async lease({ lock, run, operator, now, ids, above = 0, force = false }: LeaseRequest): Promise<Lease> {
    const before = await this.#newest(lock);
    if (before !== undefined && !takesFrom(force, before) && isHeld(before, operator) && !(await this.#isReleased(lock, before))) {
      await this.#respect(lock, before, now);
    }
    const term = Math.max(before?.term ?? 0, above) + 1;
    const mine = claimOf(run, term, operator, now, ids);
    if (!(await this.#objects.create(this.#lock(lock, term), JSON.stringify(mine)))) {
      throw busy(lock, (await this.#newest(lock)) ?? mine);
    }
    return {
      term,
      assertHeld: async () => {
        // A term is taken once: the list alone decides, so nothing can happen between two questions.
        const newest = await this.#newestTerm(lock);
        if (newest === term) return;
        // Where its lock was taken out of the bucket, somebody else may take a term that is no higher.
        if (newest === undefined || newest < term) throw superseded(lock, undefined);
        throw superseded(lock, await this.#newest(lock).catch(() => undefined), `A runner with term ${newest} has taken over.`);
      },
      release: async () => {
        await this.#objects.create(this.#released(lock, term), mine.token);
      },
    };
  }

  /**
   * A lock is respected, unless the run that holds it is over and could not give it back: nothing more is done in it. Or it has
   * written nothing for LIMITS.beginMs: it died before it began, and no `dr takeover` knows it. Should it live after all, it is
   * told to be superseded before it changes anything.
   * @throws DrError (busy)
   */
  async #respect(lock: string, holder: LockRecord, now: number): Promise<void> {
    const last = RUN_ID.test(holder.run) ? await this.run(holder.run).last() : undefined;
    if (endsTheRun(last)) return;
    const begun = !RUN_ID.test(holder.run) || last !== undefined;
    if (begun) throw busy(lock, holder, ...takeover(holder));
    const freeAt = Date.parse(holder.since) + LIMITS.beginMs;
    if (!(now > freeAt)) throw busy(lock, holder, `the same command again${Number.isNaN(freeAt) ? '' : ` after ${iso(freeAt)}`}    that run has written nothing yet: if it is gone, its lock is free then`);
  }

  #lock(runbook: string, term: number): string {
    return `locks/${runbook}/${numbered(term)}`;
  }

  #released(runbook: string, term: number): string {
    return this.#lock(runbook, term).replace(/json$/, 'released');
  }
}

/** One run's records and reports in the bucket. */
export class S3Run {
  readonly place: string;
  readonly #objects: Objects;
  readonly #run: string;
  readonly #folder: string;
  /** Records that were read: their objects never change (invariant 1). */
  readonly #known = new Map<string, JournalRecord>();

  constructor(objects: Objects, run: string) {
    if (!RUN_ID.test(run)) throw new DrError({ code: 'RUN_UNKNOWN', exit: 'usage', title: `"${run.slice(0, 80)}" is not the name of a run.` });
    this.#objects = objects;
    this.#run = run;
    this.#folder = `runs/${run}`;
    this.place = objects.url(this.#folder);
  }

  async read(): Promise<JournalRecord[]> {
    const names = await this.#objects.numbered(`${this.#folder}/journal`);
    const records = await Promise.all(names.map((name) => this.#record(name)));
    verifyRecords(records, this.place);
    return records;
  }

  /** @throws DrError (busy) when another runner has written a record of that number; AwsError. */
  async append(record: JournalRecord): Promise<void> {
    const key = this.#key(numbered(record.seq));
    if (await this.#objects.create(key, JSON.stringify(record))) return;
    throw superseded(this.#run, undefined, await this.#writerOf(key));
  }

  /** Who wrote a record that was to be ours, in words; undefined where it cannot be read. */
  async #writerOf(key: string): Promise<string | undefined> {
    try {
      const { term } = JSON.parse((await this.#objects.read(key)) ?? '') as JournalRecord;
      return writerOf(term);
    } catch {
      return undefined;
    }
  }

  async first(): Promise<JournalRecord | undefined> {
    const name = numbered(0);
    const text = await this.#objects.read(this.#key(name));
    return text === undefined ? undefined : this.#parsed(text, name);
  }

  async last(): Promise<JournalRecord | undefined> {
    const name = (await this.#objects.numbered(`${this.#folder}/journal`)).at(-1);
    return name === undefined ? undefined : this.#record(name);
  }

  async #record(name: string): Promise<JournalRecord> {
    const record = this.#known.get(name) ?? this.#parsed((await this.#objects.read(this.#key(name))) ?? '', name);
    this.#known.set(name, record);
    return record;
  }

  #key(name: string): string {
    return `${this.#folder}/journal/${name}`;
  }

  #parsed(text: string, name: string): JournalRecord {
    try {
      return JSON.parse(text) as JournalRecord;
    } catch {
      throw damaged(this.place, Number.parseInt(name, 10) + 1, 'it is not JSON');
    }
  }

  async addApproval(name: string, text: string): Promise<void> {
    await this.#objects.create(`${this.#folder}/approvals/${name}`, text);
  }

  async approvals(): Promise<readonly string[]> {
    const folder = `${this.#folder}/approvals`;
    const names = (await this.#objects.list(folder)).filter((name) => APPROVAL.test(name));
    if (names.length > LIMITS.approvalsRead) throw tooManyApprovals(this.#objects.url(folder), names.length);
    const texts = await Promise.all(names.map((name) => this.#objects.read(`${folder}/${name}`)));
    return texts.filter((text) => text !== undefined);
  }

  /** Keeps a report beside the journal. Returns its URL. */
  async save(name: string, content: string): Promise<string> {
    const key = `${this.#folder}/${name}`;
    await this.#objects.replace(key, content);
    return this.#objects.url(key);
  }
}
