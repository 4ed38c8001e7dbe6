import type { AwsCaller } from '../aws/caller.ts';
import { type CallOptions, outputOf } from '../aws/call-options.ts';
import { AwsError } from '../aws/errors.ts';
import { allPages } from '../aws/pages.ts';
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
  const [, bucket, prefix = '', region] = match ?? [];
  if (bucket === undefined || region === undefined || !REGION_SHAPE.test(region)) return undefined;
  return { bucket, region, prefix: prefix.replace(/^\/+|\/+$/g, '') };
}

const DIGITS = 12;

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
    const request = { ...this.#where, operation: 'ListObjectsV2' } as const;
    const found = await allPages(request, async (ContinuationToken) => {
      const input = { Bucket: this.#place.bucket, Prefix, ...(folders ? { Delimiter: '/' } : {}), ...(ContinuationToken === undefined ? {} : { ContinuationToken }) };
      const output = await outputOf(this.#aws, { ...request, input }, CALL);
      const items = folders ? output.CommonPrefixes?.map((p) => p.Prefix) : output.Contents?.map((o) => o.Key);
      return { items, next: output.NextContinuationToken };
    });
    const names = found.map((name) => (name ?? '').slice(Prefix.length).replace(/\/$/, ''));
    return names.sort();
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
    if (lock === undefined) return undefined;
    return (await this.#objects.read(this.#released(runbook, lock.term))) === undefined ? lock : undefined;
  }

  async #newest(runbook: string): Promise<LockRecord | undefined> {
    const term = await this.#newestTerm(runbook);
    if (term === undefined) return undefined;
    const text = await this.#objects.read(this.#lock(runbook, term));
    return text === undefined ? undefined : readLock(text, term);
  }

  async #newestTerm(runbook: string): Promise<number | undefined> {
    const names = await this.#objects.list(`locks/${runbook}`);
    const newest = names.filter((name) => /^\d+\.json$/.test(name)).at(-1);
    return newest === undefined ? undefined : Number.parseInt(newest, 10);
  }

  /** @throws DrError (busy) that says who holds it, or who was faster. */
  async lease({ lock, run, operator, now, ids, above = 0, force = false }: LeaseRequest): Promise<Lease> {
    const before = await this.#newest(lock);
    const holder = force === true || before === undefined ? undefined : await this.lockOf(lock);
    if (holder !== undefined && !takesFrom(force, holder) && isHeld(holder, operator)) await this.#respect(lock, holder, now);
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
        if (newest === undefined || newest <= term) return;
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
    return `locks/${runbook}/${String(term).padStart(DIGITS, '0')}.json`;
  }

  #released(runbook: string, term: number): string {
    return `locks/${runbook}/${String(term).padStart(DIGITS, '0')}.released`;
  }
}

/** One run's records and reports in the bucket. */
export class S3Run {
  readonly place: string;
  readonly #objects: Objects;
  readonly #run: string;
  /** Records that were read: their objects never change (invariant 1). */
  readonly #known = new Map<string, string>();

  constructor(objects: Objects, run: string) {
    if (!RUN_ID.test(run)) throw new DrError({ code: 'RUN_UNKNOWN', exit: 'usage', title: `"${run.slice(0, 80)}" is not the name of a run.` });
    this.#objects = objects;
    this.#run = run;
    this.place = objects.url(`runs/${run}`);
  }

  async read(): Promise<JournalRecord[]> {
    const names = (await this.#objects.list(`runs/${this.#run}/journal`)).filter((name) => /^\d+\.json$/.test(name));
    const texts = await Promise.all(names.map((name) => this.#text(name)));
    const records = texts.map((text, index) => this.#parsed(text ?? '', index + 1));
    verifyRecords(records, this.place);
    return records;
  }

  async #text(name: string): Promise<string | undefined> {
    const text = this.#known.get(name) ?? (await this.#objects.read(`runs/${this.#run}/journal/${name}`));
    if (text !== undefined) this.#known.set(name, text);
    return text;
  }

  /** @throws DrError (busy) when another runner has written a record of that number; AwsError. */
  async append(record: JournalRecord): Promise<void> {
    const key = `runs/${this.#run}/journal/${String(record.seq).padStart(DIGITS, '0')}.json`;
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
    const text = await this.#objects.read(`runs/${this.#run}/journal/${String(0).padStart(DIGITS, '0')}.json`);
    return text === undefined ? undefined : this.#parsed(text, 1);
  }

  async last(): Promise<JournalRecord | undefined> {
    const folder = `runs/${this.#run}/journal`;
    const name = (await this.#objects.list(folder)).filter((one) => /^\d+\.json$/.test(one)).at(-1);
    if (name === undefined) return undefined;
    return this.#parsed((await this.#objects.read(`${folder}/${name}`)) ?? '', Number.parseInt(name, 10) + 1);
  }

  #parsed(text: string, record: number): JournalRecord {
    try {
      return JSON.parse(text) as JournalRecord;
    } catch {
      throw damaged(this.place, record, 'it is not JSON');
    }
  }

  async addApproval(name: string, text: string): Promise<void> {
    await this.#objects.create(`runs/${this.#run}/approvals/${name}`, text);
  }

  async approvals(): Promise<readonly string[]> {
    const folder = `runs/${this.#run}/approvals`;
    const names = (await this.#objects.list(folder)).filter((name) => APPROVAL.test(name));
    if (names.length > LIMITS.approvalsRead) throw tooManyApprovals(this.#objects.url(folder), names.length);
    const texts = await Promise.all(names.map((name) => this.#objects.read(`${folder}/${name}`)));
    return texts.filter((text) => text !== undefined);
  }

  /** Keeps a report beside the journal. Returns its URL. */
  async save(name: string, content: string): Promise<string> {
    const key = `runs/${this.#run}/${name}`;
    await this.#objects.replace(key, content);
    return this.#objects.url(key);
  }
}
