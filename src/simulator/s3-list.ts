import type { InputOf, OutputOf } from '../aws/operations.ts';
import type { Bucket } from './buckets.ts';
import { type Call, keyIn, tokenOf } from './call.ts';
import { lowerBound } from './table.ts';

const KEYS_MAX = 1000;

/** A page of a bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjects(bucket: Bucket, input: InputOf<'s3', 'ListObjectsV2'>, call: Call): OutputOf<'s3', 'ListObjectsV2'> {
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

/** The key up to and with the first delimiter after the prefix. */
function folderOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined || delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}
