import { Readable } from 'node:stream';
import type { InputOf, OutputOf } from '../aws/operations.ts';
import type { Bucket, StoredObject } from './buckets.ts';
import { type Call, keyIn, type ServiceModel, tokenOf } from './call.ts';
import { lowerBound } from './table.ts';

type Body = NonNullable<OutputOf<'s3', 'GetObject'>['Body']>;

const KEY_BYTES_MAX = 1024;
const KEYS_MAX = 1000;

/** S3: https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html */
export const s3: ServiceModel<'s3'> = {
  HeadObject: {
    accepts: ['Bucket', 'Key'],
    handle(input, call) {
      // A HEAD answer has no body: neither NoSuchKey nor NoSuchBucket can be read in it.
      const bucket = call.state.buckets.get(input.Bucket ?? '') === undefined ? undefined : bucketOf(input.Bucket, call);
      const stored = bucket?.objects.get(keyOf(input.Key, call), call.at);
      if (stored === undefined) throw call.error('NotFound', 404, 'Not Found');
      return describe(stored);
    },
  },

  GetObject: {
    accepts: ['Bucket', 'Key', 'IfMatch'],
    handle(input, call) {
      const stored = bucketOf(input.Bucket, call).objects.get(keyOf(input.Key, call), call.at);
      if (stored === undefined) throw call.error('NoSuchKey', 404, 'The specified key does not exist.');
      if (input.IfMatch !== undefined && !matches(input.IfMatch, stored)) throw preconditionFailed(call);
      return { ...describe(stored), Body: bodyOf(stored.body) };
    },
  },

  PutObject: {
    accepts: ['Bucket', 'Key', 'Body', 'IfNoneMatch', 'IfMatch', 'ContentType', 'ContentLength', 'Metadata', 'ChecksumAlgorithm'],
    handle(input, call) {
      const bucket = bucketOf(input.Bucket, call);
      const key = keyOf(input.Key, call);
      const body = bytesOf(input.Body, call);
      if (input.IfNoneMatch !== undefined && input.IfNoneMatch !== '*') {
        throw call.error('NotImplemented', 501, 'A header you provided implies functionality that is not implemented');
      }
      if (input.IfMatch === '*' || (input.IfMatch !== undefined && input.IfNoneMatch !== undefined)) {
        throw call.error('NotImplemented', 501, 'A header you provided implies functionality that is not implemented');
      }
      guard(bucket, key, input, call);
      const stored = call.state.buckets.put(bucket, key, {
        body,
        contentType: input.ContentType ?? 'binary/octet-stream',
        metadata: { ...input.Metadata },
      }, call.now);
      return { ETag: stored.etag, ServerSideEncryption: 'AES256' };
    },
  },

  DeleteObject: {
    accepts: ['Bucket', 'Key', 'IfMatch'],
    handle(input, call) {
      const bucket = bucketOf(input.Bucket, call);
      const key = keyOf(input.Key, call);
      guard(bucket, key, input, call);
      call.state.buckets.delete(bucket, key, call.now);
      return {};
    },
  },

  ListObjectsV2: {
    accepts: ['Bucket', 'Prefix', 'Delimiter', 'MaxKeys', 'StartAfter', 'ContinuationToken'],
    handle(input, call) {
      return listObjects(bucketOf(input.Bucket, call), input, call);
    },
  },
};

function bucketOf(name: string | undefined, call: Call): Bucket {
  const bucket = call.state.buckets.get(name ?? '');
  if (bucket === undefined) throw call.error('NoSuchBucket', 404, 'The specified bucket does not exist');
  if (bucket.region !== call.region) {
    throw call.error('PermanentRedirect', 301, `The bucket you are attempting to access must be addressed using the specified endpoint: s3.${bucket.region}.amazonaws.com. Please send all future requests to this endpoint.`);
  }
  return bucket;
}

function keyOf(key: string | undefined, call: Call): string {
  if (key === undefined || key === '') throw call.error('InvalidRequest', 400, 'The object key is empty');
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw call.error('KeyTooLongError', 400, 'Your key is too long');
  return key;
}

/** Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
function guard(bucket: Bucket, key: string, condition: Pick<InputOf<'s3', 'PutObject'>, 'IfMatch' | 'IfNoneMatch'>, call: Call): void {
  if (condition.IfMatch === undefined && condition.IfNoneMatch === undefined) return;
  if ((bucket.busyUntil.get(key) ?? 0) > call.now) {
    throw call.error('ConditionalRequestConflict', 409, 'The conditional request cannot succeed due to a conflicting operation against this resource.');
  }
  const stored = bucket.objects.get(key);
  if (condition.IfNoneMatch !== undefined && stored !== undefined) throw preconditionFailed(call);
  if (condition.IfMatch === undefined) return;
  if (stored === undefined) throw call.error('NoSuchKey', 404, 'The specified key does not exist.');
  if (!matches(condition.IfMatch, stored)) throw preconditionFailed(call);
}

function matches(etag: string, stored: StoredObject): boolean {
  return etag === '*' || etag.replaceAll('"', '') === stored.etag.replaceAll('"', '');
}

function preconditionFailed(call: Call): Error {
  return call.error('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold');
}

function describe(stored: StoredObject): OutputOf<'s3', 'HeadObject'> {
  return {
    AcceptRanges: 'bytes',
    // Second by second, as the HTTP header has it.
    LastModified: new Date(Math.floor(stored.modifiedAt / 1000) * 1000),
    ContentLength: stored.body.byteLength,
    ETag: stored.etag,
    ContentType: stored.contentType,
    Metadata: { ...stored.metadata },
    ServerSideEncryption: 'AES256',
  };
}

function bytesOf(body: InputOf<'s3', 'PutObject'>['Body'], call: Call): Uint8Array {
  if (body === undefined) return new Uint8Array();
  if (typeof body === 'string') return new TextEncoder().encode(body);
  // A copy: the caller may use its buffer again.
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  throw call.unsupported('a body that is a stream');
}

/** A stream with the SDK's three ways to read it whole. */
function bodyOf(bytes: Uint8Array): Body {
  const stream = Readable.from([Buffer.from(bytes)], { objectMode: false });
  return Object.assign(stream, {
    transformToByteArray: () => Promise.resolve(Uint8Array.from(bytes)),
    transformToString: (encoding?: string) => Promise.resolve(Buffer.from(bytes).toString((encoding ?? 'utf8') as BufferEncoding)),
    transformToWebStream: () => Readable.toWeb(stream),
  });
}

/** A page of a bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
function listObjects(bucket: Bucket, input: InputOf<'s3', 'ListObjectsV2'>, call: Call): OutputOf<'s3', 'ListObjectsV2'> {
  const prefix = input.Prefix ?? '';
  const max = input.MaxKeys ?? KEYS_MAX;
  if (!Number.isInteger(max) || max < 0) throw call.error('InvalidArgument', 400, 'Argument maxKeys must be an integer between 0 and 2147483647');
  const limit = Math.min(max, call.state.core.pages?.keys ?? KEYS_MAX);
  const after = input.ContinuationToken === undefined ? input.StartAfter : keyIn(input.ContinuationToken);
  const contents: NonNullable<OutputOf<'s3', 'ListObjectsV2'>['Contents']> = [];
  const folders = new Set<string>();
  let last: string | undefined;
  let truncated = false;
  const keys = bucket.objects.keys(call.at);
  for (let i = lowerBound(keys, prefix); i < keys.length; i++) {
    const key = keys[i] ?? '';
    if (!key.startsWith(prefix)) break;
    const stored = bucket.objects.get(key, call.at);
    if (stored === undefined) continue;
    const folder = folderOf(key, prefix, input.Delimiter);
    const name = folder ?? key;
    if ((after !== undefined && name <= after) || (folder !== undefined && folders.has(folder))) continue;
    if (contents.length + folders.size >= limit) {
      truncated = true;
      break;
    }
    last = name;
    if (folder !== undefined) folders.add(folder);
    else contents.push({ Key: key, LastModified: new Date(stored.modifiedAt), ETag: stored.etag, Size: stored.body.byteLength, StorageClass: 'STANDARD' });
  }
  const more = truncated && last !== undefined;
  return {
    Name: bucket.name,
    Prefix: prefix,
    MaxKeys: limit,
    KeyCount: contents.length + folders.size,
    IsTruncated: more,
    ...(contents.length > 0 ? { Contents: contents } : {}),
    ...(folders.size > 0 ? { CommonPrefixes: [...folders].map((Prefix) => ({ Prefix })) } : {}),
    ...(input.Delimiter === undefined ? {} : { Delimiter: input.Delimiter }),
    ...(input.StartAfter === undefined ? {} : { StartAfter: input.StartAfter }),
    ...(input.ContinuationToken === undefined ? {} : { ContinuationToken: input.ContinuationToken }),
    ...(more ? { NextContinuationToken: tokenOf(last ?? '') } : {}),
  };
}

function folderOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined || delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}
