/** S3 buckets and objects. Rows are never changed in place. */
import { createHash } from 'node:crypto';
import type { Core } from './core.ts';
import { Table } from './table.ts';

export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly objects: Table<StoredObject>;
  readonly busyUntil: Map<string, number>;
}

export class Buckets {
  private readonly core: Core;
  private readonly buckets = new Map<string, Bucket>();
  /** Told of each write and removal. */
  onWrite: (bucket: string, key: string, now: number) => void = () => undefined;

  constructor(core: Core) {
    this.core = core;
  }

  add(seed: { region: string; name: string }): void {
    if (!this.core.regions.includes(seed.region)) throw new Error(`bucket ${seed.name}: the world has no region ${seed.region}`);
    const known = this.buckets.get(seed.name);
    if (known?.region === seed.region) return;
    if (known !== undefined) throw new Error(`bucket ${seed.name} exists already, in ${known.region}: names are global`);
    this.buckets.set(seed.name, { ...seed, objects: new Table(), busyUntil: new Map() });
  }

  get(name: string): Bucket | undefined {
    return this.buckets.get(name);
  }

  put(bucket: Bucket, key: string, parts: Omit<StoredObject, 'etag' | 'modifiedAt'>, now: number): StoredObject {
    const etag = `"${createHash('md5').update(parts.body).digest('hex')}"`;
    const stored = { ...parts, etag, modifiedAt: now };
    bucket.objects.set(key, stored, now);
    this.written(bucket, key, now);
    return stored;
  }

  delete(bucket: Bucket, key: string, now: number): void {
    bucket.objects.delete(key, now);
    this.written(bucket, key, now);
  }

  private written(bucket: Bucket, key: string, now: number): void {
    for (const [other, until] of bucket.busyUntil) if (until <= now) bucket.busyUntil.delete(other);
    if (this.core.timings.callMs > 0) bucket.busyUntil.set(key, now + this.core.timings.callMs / 2);
    this.onWrite(bucket.name, key, now);
  }
}
