import type { AwsCaller } from '../aws/caller.ts';
import { AwsError } from '../aws/errors.ts';
import { iso } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import { type Ids, RUN_ID } from '../base/ids.ts';
import type { JournalRecord, Operator } from './events.ts';
import { damaged, verifyRecords } from './journal.ts';
import { busy, type Lease, type LockRecord, superseded } from './lease.ts';
import type { RunStore, StateStore } from './state-store.ts';

/*
 * State in a bucket of the recovery region, so that another person on another machine can go on.
 *
 * Invariants:
 * 1. One object a record, written with If-None-Match: of two runners that write the same number, one is refused.
 * 2. The lock of an application is its highest term; a term is taken by making its object with If-None-Match, so no two
 *    can take the same one. A release is an object of its own: nothing is ever deleted or overwritten.
 * 3. Nothing is read but this bucket: no control plane, and no region but the bucket's.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */

export interface S3Place {
  region: string;
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
}

/** `s3://bucket/prefix?region=ap-northeast-1`; undefined for anything else. */
export function parseS3Place(text: string): S3Place | undefined {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9!_.*'()/-]*))?\?region=([a-z]{2}(?:-[a-z]+)+-\d)$/.exec(text);
  const [, bucket, prefix = '', region] = match ?? [];
  if (bucket === undefined || region === undefined) return undefined;
  return { bucket, region, prefix: prefix.replace(/^\/+|\/+$/g, '') };
}

const DIGITS = 12;

/** The few S3 calls of a state store. */
class Objects {
  readonly #aws: AwsCaller;
  readonly #place: S3Place;

  constructor(aws: AwsCaller, place: S3Place) {
    this.#aws = aws;
    this.#place = place;
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
      const { output } = await this.#aws.call({ service: 's3', region: this.#place.region, operation: 'GetObject', input });
      return await output.Body?.transformToString();
    } catch (error) {
      if (error instanceof AwsError && error.code === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  /** Names below a folder, sorted: whole keys, or with `folders` the folders right below it. */
  async list(folder: string, folders = false): Promise<string[]> {
    const names: string[] = [];
    const Prefix = `${this.#key(folder)}/`;
    let token: string | undefined;
    do {
      const { output } = await this.#aws.call({
        service: 's3',
        region: this.#place.region,
        operation: 'ListObjectsV2',
        input: {
          Bucket: this.#place.bucket,
          Prefix,
          ...(folders ? { Delimiter: '/' } : {}),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        },
      });
      const found = folders ? (output.CommonPrefixes ?? []).map((p) => p.Prefix) : (output.Contents ?? []).map((o) => o.Key);
      names.push(...found.map((name) => (name ?? '').slice(Prefix.length).replace(/\/$/, '')));
      token = output.NextContinuationToken;
    } while (token !== undefined);
    return names.sort();
  }

  async #put(key: string, text: string, onlyNew: boolean): Promise<void> {
    const input = { Bucket: this.#place.bucket, Key: this.#key(key), Body: text, ...(onlyNew ? { IfNoneMatch: '*' } : {}) };
    await this.#aws.call({ service: 's3', region: this.#place.region, operation: 'PutObject', input });
  }

  #key(key: string): string {
    return this.#place.prefix === '' ? key : `${this.#place.prefix}/${key}`;
  }
}

/** State in S3, through the one door to AWS. */
export class S3State implements StateStore {
  readonly place: string;
  readonly #objects: Objects;

  constructor(aws: AwsCaller, place: S3Place) {
    this.place = `s3://${place.bucket}/${place.prefix}?region=${place.region}`;
    this.#objects = new Objects(aws, place);
  }

  async runs(): Promise<string[]> {
    return (await this.#objects.list('runs', true)).filter((name) => RUN_ID.test(name));
  }

  run(run: string, guard: () => Promise<void> = () => Promise.resolve()): RunStore {
    return new S3Run(this.#objects, run, guard);
  }

  async lockOf(runbook: string): Promise<LockRecord | undefined> {
    const names = await this.#objects.list(`locks/${runbook}`);
    const newest = names.filter((name) => /^\d+\.json$/.test(name)).at(-1);
    if (newest === undefined) return undefined;
    const text = await this.#objects.read(`locks/${runbook}/${newest}`);
    return text === undefined ? undefined : (JSON.parse(text) as LockRecord);
  }

  async lease(runbook: string, run: string, operator: Operator, now: number, ids: Ids): Promise<Lease> {
    const before = await this.lockOf(runbook);
    const released = before !== undefined && (await this.#objects.read(this.#released(runbook, before.term))) !== undefined;
    if (before !== undefined && !released) throw busy(runbook, before);
    return this.take(runbook, run, operator, now, ids, (before?.term ?? 0) + 1);
  }

  /** Takes a term, whoever holds the one before. @throws DrError (busy) when somebody was faster. */
  async take(runbook: string, run: string, operator: Operator, now: number, ids: Ids, term: number): Promise<Lease> {
    const { user, host, pid } = operator;
    const mine: LockRecord = { run, term, token: ids.hex(8), user, host, pid, since: iso(now) };
    if (!(await this.#objects.create(this.#lock(runbook, term), JSON.stringify(mine)))) {
      throw busy(runbook, (await this.lockOf(runbook)) ?? mine);
    }
    return {
      term,
      assertHeld: async () => {
        const next = await this.#objects.read(this.#lock(runbook, term + 1));
        if (next !== undefined) throw superseded(runbook, JSON.parse(next) as LockRecord);
      },
      release: async () => {
        await this.#objects.create(this.#released(runbook, term), mine.token);
      },
    };
  }

  #lock(runbook: string, term: number): string {
    return `locks/${runbook}/${String(term).padStart(DIGITS, '0')}.json`;
  }

  #released(runbook: string, term: number): string {
    return `locks/${runbook}/${String(term).padStart(DIGITS, '0')}.released`;
  }
}

class S3Run implements RunStore {
  readonly place: string;
  readonly #objects: Objects;
  readonly #run: string;
  readonly #guard: () => Promise<void>;

  constructor(objects: Objects, run: string, guard: () => Promise<void>) {
    if (!RUN_ID.test(run)) throw new DrError({ code: 'RUN_UNKNOWN', exit: 'usage', title: `"${run.slice(0, 80)}" is not the name of a run.` });
    this.#objects = objects;
    this.#run = run;
    this.#guard = guard;
    this.place = objects.url(`runs/${run}`);
  }

  async read(): Promise<JournalRecord[]> {
    const names = (await this.#objects.list(`runs/${this.#run}/journal`)).filter((name) => /^\d+\.json$/.test(name));
    const texts = await Promise.all(names.map((name) => this.#objects.read(`runs/${this.#run}/journal/${name}`)));
    const records = texts.map((text, index) => {
      try {
        return JSON.parse(text ?? '') as JournalRecord;
      } catch {
        throw damaged(this.place, index + 1, 'it is not JSON');
      }
    });
    verifyRecords(records, this.place);
    return records;
  }

  async append(record: JournalRecord): Promise<void> {
    await this.#guard();
    const key = `runs/${this.#run}/journal/${String(record.seq).padStart(DIGITS, '0')}.json`;
    if (await this.#objects.create(key, JSON.stringify(record))) return;
    throw superseded(this.#run, undefined);
  }

  async save(name: string, content: string): Promise<string> {
    const key = `runs/${this.#run}/${name}`;
    await this.#objects.replace(key, content);
    return this.#objects.url(key);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
