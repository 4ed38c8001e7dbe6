import { describe, expect, it } from 'vitest';
import type { InputOf } from '../../src/aws/operations.ts';
import { makeShop, SEOUL, TOKYO } from './fixture.ts';

const Bucket = 'dr-tokyo';

describe('S3', () => {
  it('stores, describes, reads and removes an object', async () => {
    const { call, refused } = makeShop();
    const { ETag } = await call('s3', TOKYO, 'PutObject', { Bucket, Key: 'a/b', Body: 'grüezi', ContentType: 'text/plain', Metadata: { term: '3' } });
    expect(await call('s3', TOKYO, 'HeadObject', { Bucket, Key: 'a/b' })).toMatchObject({ ContentLength: 7, ETag, ContentType: 'text/plain', Metadata: { term: '3' } });
    const { Body } = await call('s3', TOKYO, 'GetObject', { Bucket, Key: 'a/b' });
    expect(await Body?.transformToString()).toBe('grüezi');
    const again = await call('s3', TOKYO, 'GetObject', { Bucket, Key: 'a/b' });
    const chunks: Uint8Array[] = [];
    for await (const chunk of again.Body as AsyncIterable<Uint8Array>) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('grüezi');
    await call('s3', TOKYO, 'DeleteObject', { Bucket, Key: 'a/b' });
    await call('s3', TOKYO, 'DeleteObject', { Bucket, Key: 'a/b' });
    expect(await refused('s3', TOKYO, 'HeadObject', { Bucket, Key: 'a/b' })).toMatchObject({ code: 'NotFound', httpStatus: 404, kind: 'terminal' });
    expect(await refused('s3', TOKYO, 'GetObject', { Bucket, Key: 'a/b' })).toMatchObject({ code: 'NoSuchKey', httpStatus: 404 });
  });

  it('keeps what was written when the caller uses its buffer again', async () => {
    const { call } = makeShop();
    const bytes = new TextEncoder().encode('first');
    await call('s3', TOKYO, 'PutObject', { Bucket, Key: 'k', Body: bytes });
    bytes.fill(0);
    expect(await (await call('s3', TOKYO, 'GetObject', { Bucket, Key: 'k' })).Body?.transformToString()).toBe('first');
  });

  it('creates only where nothing is, and replaces only what was read', async () => {
    const { call, refused } = makeShop();
    const put = (more: Partial<InputOf<'s3', 'PutObject'>>) => ({ Bucket, Key: 'lock', Body: 'x', ...more });
    const { ETag } = await call('s3', TOKYO, 'PutObject', put({ IfNoneMatch: '*' }));
    expect(await refused('s3', TOKYO, 'PutObject', put({ IfNoneMatch: '*' }))).toMatchObject({ code: 'PreconditionFailed', httpStatus: 412, kind: 'terminal' });
    await call('s3', TOKYO, 'PutObject', put({ IfMatch: ETag, Body: 'y' }));
    expect(await refused('s3', TOKYO, 'PutObject', put({ IfMatch: ETag }))).toMatchObject({ code: 'PreconditionFailed' });
    expect(await refused('s3', TOKYO, 'DeleteObject', { Bucket, Key: 'lock', IfMatch: ETag })).toMatchObject({ code: 'PreconditionFailed' });
    expect(await refused('s3', TOKYO, 'PutObject', put({ Key: 'none', IfMatch: ETag }))).toMatchObject({ code: 'NoSuchKey', httpStatus: 404 });
  });

  it('lets one of several that create at the same time win, the others get 409', async () => {
    const { clock, world } = makeShop();
    const create = (Body: string) => world.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: { Bucket, Key: 'term-1', Body, IfNoneMatch: '*' } });
    const outcomes = await clock.run(() => Promise.allSettled(['a', 'b', 'c'].map(create)));
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code: string; httpStatus: number }).code : 'won'))).toEqual(['won', 'ConditionalRequestConflict', 'ConditionalRequestConflict']);
    const late = await clock.run(() => create('d').catch((error: unknown) => error));
    expect(late).toMatchObject({ code: 'PreconditionFailed' });
  });

  it('lists by prefix, delimiter and page', async () => {
    const { call } = makeShop();
    for (const Key of ['j/2', 'j/10', 'j/sub/x', 'j/sub/y', 'k', 'a']) await call('s3', TOKYO, 'PutObject', { Bucket, Key });
    const list = async (input: Partial<InputOf<'s3', 'ListObjectsV2'>>) => await call('s3', TOKYO, 'ListObjectsV2', { Bucket, ...input });
    const keys = (page: Awaited<ReturnType<typeof list>>) => [...(page.Contents ?? []).map((object) => object.Key), ...(page.CommonPrefixes ?? []).map((folder) => folder.Prefix)];
    expect(keys(await list({}))).toEqual(['a', 'j/10', 'j/2', 'j/sub/x', 'j/sub/y', 'k']);
    expect(keys(await list({ Prefix: 'j/', Delimiter: '/' }))).toEqual(['j/10', 'j/2', 'j/sub/']);
    expect(keys(await list({ Prefix: 'j/', StartAfter: 'j/2' }))).toEqual(['j/sub/x', 'j/sub/y']);
    const seen: unknown[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await list({ Delimiter: '/', MaxKeys: 1, ContinuationToken });
      seen.push(...keys(page));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(['a', 'j/', 'k']);
    expect(await list({ Prefix: 'none' })).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  it('knows in which region a bucket is', async () => {
    const { refused } = makeShop();
    expect(await refused('s3', SEOUL, 'HeadObject', { Bucket, Key: 'k' })).toMatchObject({ code: 'PermanentRedirect', httpStatus: 301 });
    expect(await refused('s3', TOKYO, 'GetObject', { Bucket: 'none', Key: 'k' })).toMatchObject({ code: 'NoSuchBucket', httpStatus: 404 });
    expect(await refused('s3', TOKYO, 'HeadObject', { Bucket: 'none', Key: 'k' })).toMatchObject({ code: 'NotFound', httpStatus: 404 });
    expect(await refused('s3', TOKYO, 'GetObject', { Bucket, Key: 'k', VersionId: 'v' })).toMatchObject({ code: 'SimulatorUnsupported' });
  });
});
