import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord, Operator } from '../../src/journal/events.ts';
import { parseS3Place, S3State } from '../../src/journal/s3-state.ts';
import { SeededIds } from '../../src/simulator/random.ts';

/* Each rule of the state in a bucket for itself: what the bucket holds, what it is asked for, and what is made of its answer. */

const REGION = 'ap-northeast-1';
const RUN = '20261120T000000Z-shop-failover-000001';
const alice: Operator = { identity: 'a', user: 'alice', host: 'a', pid: 1 };
const wish = (more: object = {}) => ({ lock: 'shop', run: RUN, operator: alice, now: 0, ids: new SeededIds(1), ...more });
const lockText = (more: object = {}) => JSON.stringify({ run: RUN, token: 'x', user: 'bob', host: 'b', pid: 1, since: '2026-11-20T00:00:00Z', ...more });

/** A bucket that lists in the order in which its objects were put, and says what it was asked for. `refuse`: a code for an operation, or for a key. */
function bucket(objects: Record<string, string> = {}, prefix = 'dr') {
  const held = new Map(Object.entries(objects));
  const asked: string[] = [];
  const refuse = new Map<string, string>();
  /** Listed, and gone when they are read. */
  const gone = new Set<string>();
  const answer = (operation: string, { Key = '', Prefix = '', Delimiter, Body = '', IfNoneMatch }: Record<string, string | undefined>): object => {
    const fail = (code: string) => new AwsError({ service: 's3', region: REGION, operation, code, message: code });
    const code = refuse.get(operation) ?? refuse.get(Key);
    if (code !== undefined) throw fail(code);
    if (operation === 'ListObjectsV2') {
      const keys = [...held.keys()].filter((key) => key.startsWith(Prefix));
      const folders = new Set(keys.map((key) => `${Prefix}${key.slice(Prefix.length).split('/')[0]}/`));
      return { IsTruncated: false, ...(keys.length === 0 ? {} : Delimiter !== '/' ? { Contents: keys.map((one) => ({ Key: one })) } : { CommonPrefixes: [...folders].map((one) => ({ Prefix: one })) }) };
    }
    if (operation === 'GetObject') {
      const text = gone.has(Key) ? undefined : held.get(Key);
      if (text === undefined) throw fail('NoSuchKey');
      return { Body: { transformToString: () => Promise.resolve(text) }, ETag: '"1"', LastModified: new Date(0) };
    }
    if (IfNoneMatch === '*' && held.has(Key)) throw fail('PreconditionFailed');
    held.set(Key, Body);
    return { ETag: '"1"' };
  };
  const call = async ({ operation, input }: { operation: string; input: Record<string, string> }) => {
    asked.push(`${operation} ${input['Key'] ?? input['Prefix']}`);
    await Promise.resolve();
    return { output: answer(operation, input), requestId: undefined };
  };
  return { held, asked, refuse, gone, state: new S3State({ call } as unknown as AwsCaller, { region: REGION, bucket: 'state', prefix }) };
}

function records(count: number): JournalRecord[] {
  const made: JournalRecord[] = [];
  for (let seq = 0; seq < count; seq++) made.push(seal({ type: 'checks.green' }, { seq, run: RUN, term: 1, at: seq, prev: made.at(-1)?.hash ?? '0'.repeat(64) }));
  return made;
}

const journalKey = (seq: number) => `dr/runs/${RUN}/journal/${String(seq).padStart(12, '0')}.json`;
const journalOf = (written: readonly JournalRecord[]) => Object.fromEntries(written.map((record) => [journalKey(record.seq), JSON.stringify(record)]));

describe('the place', () => {
  it.each([
    ['s3://state?region=ap-northeast-1', ''],
    ['s3://state/?region=ap-northeast-1', ''],
    ['s3://state/dr?region=ap-northeast-1', 'dr'],
    ['s3://state///dr/x//?region=ap-northeast-1', 'dr/x'],
    ['s3://state/dr//x/?region=ap-northeast-1', 'dr//x'],
  ])('%s has the prefix "%s"', (text, prefix) => {
    expect(parseS3Place(text)).toEqual({ bucket: 'state', region: REGION, prefix });
  });

  it.each(['xs3://state?region=ap-northeast-1', 's3://state?region=ap-northeast-1/', 's3://state?region='])('%s is none', (text) => {
    expect(parseS3Place(text)).toBeUndefined();
  });

  it('is named as it was given, and a report by its address, with a prefix and without', async () => {
    expect(bucket().state.place).toBe('s3://state/dr?region=ap-northeast-1');
    expect(bucket().state.run(RUN).place).toBe(`s3://state/dr/runs/${RUN}`);
    const { state, held } = bucket({}, '');
    expect(await state.run(RUN).save('report.json', '1')).toBe(`s3://state/runs/${RUN}/report.json`);
    await state.run(RUN).save('report.json', '2');
    expect([...held]).toEqual([[`runs/${RUN}/report.json`, '2']]);
  });
});

describe('what else lies in the bucket', () => {
  it('is no run, and in an empty bucket there is none', async () => {
    expect(await bucket().state.runs()).toEqual([]);
    const later = RUN.replace('000001', '000002');
    expect(await bucket({ [`dr/runs/${later}/report.html`]: '', [`dr/runs/${RUN}/journal/x`]: '', 'dr/runs/notes/a.txt': '' }).state.runs()).toEqual([RUN, later]);
    expect(() => bucket().state.run('../x')).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN', exit: 'usage', message: '"../x" is not the name of a run.' }));
    expect(() => bucket().state.run('x'.repeat(100))).toThrow(`"${'x'.repeat(80)}" is not`);
  });

  it('is no term, and no record, whatever the order in which it is listed', async () => {
    const lock = (name: string) => `dr/locks/shop/${name}`;
    const names = ['000000000002.json', '000000000001.json', '000000000001.released', '000000000003.json.old', 'z4.json'];
    const { state } = bucket(Object.fromEntries(names.map((name) => [lock(name), lockText()])));
    expect(await state.lockOf('shop')).toMatchObject({ term: 2 });
    const written = records(3);
    const folder = `dr/runs/${RUN}/journal/`;
    const objects = { [`${folder}z3.json`]: '', ...journalOf(written.toReversed()), [`${folder}000000000003.json.old`]: '' };
    expect(await bucket(objects).state.run(RUN).read()).toEqual(written);
    expect(await bucket(objects).state.run(RUN).last()).toEqual(written[2]);
    expect(await bucket(objects).state.run(RUN).first()).toEqual(written[0]);
    expect(await bucket().state.run(RUN).first()).toBeUndefined();
  });
});

describe('a lock', () => {
  it('is given back for its application and its term only', async () => {
    const { state, held } = bucket();
    const lease = await state.lease(wish());
    await state.lease(wish({ lock: 'billing' }));
    await lease.release();
    expect([...held.keys()]).toEqual(['dr/locks/shop/000000000001.json', 'dr/locks/billing/000000000001.json', 'dr/locks/shop/000000000001.released']);
    expect(await state.lockOf('shop')).toBeUndefined();
    expect(await state.lockOf('billing')).toMatchObject({ term: 1 });
    await state.lease(wish());
    expect(await state.lockOf('shop')).toMatchObject({ term: 2 });
  });

  it('is given back whatever its application is called', async () => {
    const { state, held } = bucket();
    expect(await state.lockOf('json-api')).toBeUndefined();
    await (await state.lease(wish({ lock: 'json-api' }))).release();
    expect([...held.keys()]).toEqual(['dr/locks/json-api/000000000001.json', 'dr/locks/json-api/000000000001.released']);
    expect(await state.lockOf('json-api')).toBeUndefined();
  });

  it('of two who ask at once goes to one, and the other one learns to whom', async () => {
    const { state } = bucket();
    const tries = [alice, { ...alice, user: 'bob' }].map((operator, i) => state.lease(wish({ operator, ids: new SeededIds(i) })));
    const [first, second] = await Promise.allSettled(tries);
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { code: 'RUN_IN_PROGRESS', detail: expect.stringContaining('by alice on a') as string } });
  });

  it('is no longer held once it is gone from the bucket: the next one could take the same term', async () => {
    const { state, held } = bucket({ 'dr/locks/shop/000000000004.json': lockText() });
    const lease = await state.lease(wish({ force: true }));
    await lease.assertHeld();
    held.delete('dr/locks/shop/000000000005.json');
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED', exit: 'busy', detail: 'Its lock is gone.' });
    held.clear();
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED', detail: 'Its lock is gone.' });
  });

  it('says who has taken over; where that cannot be read, with which term', async () => {
    const { state, held, refuse } = bucket();
    const lease = await state.lease(wish());
    held.set('dr/locks/shop/000000000009.json', lockText());
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED', detail: `Run ${RUN} with term 9, by bob on b, has taken over.` });
    refuse.set('dr/locks/shop/000000000009.json', 'AccessDenied');
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED', detail: 'A runner with term 9 has taken over.' });
  });

  it('that is listed and cannot be found is somebody\'s', async () => {
    const { state, gone } = bucket({ 'dr/locks/shop/000000000003.json': lockText() });
    gone.add('dr/locks/shop/000000000003.json');
    expect(await state.lockOf('shop')).toMatchObject({ run: 'unknown', term: 3 });
    await expect(state.lease(wish())).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
  });

  it('of a run that has written nothing is respected up to the end of its time', async () => {
    const { state } = bucket({ 'dr/locks/shop/000000000003.json': lockText() });
    const freeAt = Date.parse('2026-11-20T00:00:00Z') + LIMITS.beginMs;
    await expect(state.lease(wish({ now: freeAt }))).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
    expect(await state.lease(wish({ now: freeAt + 1 }))).toMatchObject({ term: 4 });
  });

  it('asks for nothing more where a person takes it over', async () => {
    const { state, asked } = bucket({ 'dr/locks/shop/000000000003.json': lockText() });
    await state.lease(wish({ force: true }));
    expect(asked).toEqual(['ListObjectsV2 dr/locks/shop/', 'GetObject dr/locks/shop/000000000003.json', 'PutObject dr/locks/shop/000000000004.json']);
  });
});

describe('a journal', () => {
  it('of which a record lacks, is changed or is no record, is damaged, and it is said where', async () => {
    const written = records(3);
    const where = `s3://state/dr/runs/${RUN}`;
    const read = (change: (held: Map<string, string>, gone: Set<string>) => unknown) => {
      const { state, held, gone } = bucket(journalOf(written));
      change(held, gone);
      return state.run(RUN);
    };
    const damage = (line: number, why: string | RegExp) => ({ code: 'JOURNAL_DAMAGED', exit: 'journal', where, line, why: typeof why === 'string' ? why : (expect.stringMatching(why) as string) });
    await expect(read((held) => held.delete(journalKey(1))).read()).rejects.toMatchObject(damage(2, /./));
    await expect(read((held) => held.set(journalKey(2), JSON.stringify({ ...written[2], at: 7 }))).read()).rejects.toMatchObject(damage(3, /./));
    await expect(read((held) => held.set(journalKey(2), '<html>')).read()).rejects.toMatchObject(damage(3, 'it is not JSON'));
    await expect(read((held) => held.set(journalKey(2), '<html>')).last()).rejects.toMatchObject(damage(3, 'it is not JSON'));
    await expect(read((held) => held.set(journalKey(0), '<html>')).first()).rejects.toMatchObject(damage(1, 'it is not JSON'));
    await expect(read((_held, gone) => gone.add(journalKey(2))).last()).rejects.toMatchObject(damage(3, 'it is not JSON'));
  });

  it('is asked for each record once: none of them ever changes', async () => {
    const { state, asked, held } = bucket(journalOf(records(2)));
    const run = state.run(RUN);
    await run.read();
    held.set(journalKey(2), JSON.stringify(records(3)[2]));
    expect(await run.read()).toEqual(records(3));
    expect(asked.filter((one) => one.startsWith('GetObject'))).toEqual([0, 1, 2].map((seq) => `GetObject ${journalKey(seq)}`));
  });

  it('that another one writes ends this runner, also where nobody can read who it is', async () => {
    const [first] = records(1) as [JournalRecord];
    const append = (there: string) => bucket({ [journalKey(0)]: there }).state.run(RUN).append(first);
    await expect(append('<html>')).rejects.toMatchObject({ code: 'SUPERSEDED', exit: 'busy', detail: 'Its lock is gone.' });
    await expect(append(JSON.stringify({ ...first, term: 4 }))).rejects.toMatchObject({ code: 'SUPERSEDED', detail: 'A runner with term 4 writes its journal now: it has taken over.' });
    await append(JSON.stringify(first));
  });
});

describe('a write', () => {
  const append = async (codes: Record<string, string>) => {
    const { state, refuse, asked } = bucket();
    for (const [operation, code] of Object.entries(codes)) refuse.set(operation, code);
    const error: unknown = await state.run(RUN).append(records(1)[0] as JournalRecord).catch((one: unknown) => one);
    return { error, asked: asked.map((one) => one.split(' ')[0]) };
  };

  it('that was refused was not made, and nothing more is asked', async () => {
    expect(await append({ PutObject: 'AccessDenied' })).toMatchObject({ error: { code: 'AccessDenied', operation: 'PutObject' }, asked: ['PutObject'] });
  });

  it('whose answer was lost, and of which nothing is there, was not made', async () => {
    expect(await append({ PutObject: 'NoAnswer' })).toMatchObject({ error: { code: 'NoAnswer', operation: 'PutObject' }, asked: ['PutObject', 'GetObject'] });
  });

  it('whose answer was lost is in doubt for as long as nobody can look', async () => {
    expect(await append({ PutObject: 'NoAnswer', GetObject: 'SlowDown' })).toMatchObject({ error: { code: 'SlowDown' } });
  });
});

describe('approvals', () => {
  it('lie below their run, each once', async () => {
    const { state, held } = bucket();
    await state.run(RUN).addApproval('a.json', 'first');
    await state.run(RUN).addApproval('a.json', 'second');
    expect([...held]).toEqual([[`dr/runs/${RUN}/approvals/a.json`, 'first']]);
  });

  const key = (i: number) => `dr/runs/${RUN}/approvals/${i.toString(16).padStart(32, '0')}.json`;
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [key(i), String(i)]));

  it('are read by their names; what is gone meanwhile, or is none, is left out', async () => {
    const { state, gone } = bucket({ ...many(3), [`dr/runs/${RUN}/approvals/readme.txt`]: 'x' });
    gone.add(key(1));
    expect(await state.run(RUN).approvals()).toEqual(['0', '2']);
  });

  it('are read all or not at all', async () => {
    expect(await bucket(many(LIMITS.approvalsRead)).state.run(RUN).approvals()).toHaveLength(LIMITS.approvalsRead);
    await expect(bucket(many(LIMITS.approvalsRead + 1)).state.run(RUN).approvals()).rejects.toMatchObject({ code: 'TOO_MANY_APPROVALS', exit: 'refused', message: expect.stringContaining(`s3://state/dr/runs/${RUN}/approvals`) as string });
  });
});
