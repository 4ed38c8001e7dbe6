import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';
import { chainBreak, seal } from '../../src/journal/chain.ts';
import type { JournalRecord, Operator, RunOutcome } from '../../src/journal/events.ts';
import { parseS3Place, S3State } from '../../src/journal/s3-state.ts';

const RUN = '20261120T000000Z-shop-failover-000001';
const alice: Operator = { identity: 'arn:aws:sts::1:assumed-role/alice', user: 'alice', host: 'a', pid: 1 };
const bob: Operator = { ...alice, user: 'bob', host: 'b' };

function setUp() {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: ['ap-northeast-1'] });
  world.addBucket({ region: 'ap-northeast-1', name: 'shop-dr-state' });
  const place = parseS3Place('s3://shop-dr-state/dr?region=ap-northeast-1');
  if (place === undefined) throw new Error('not a place');
  return { clock, world, state: new S3State(world, place) };
}

function records(count: number): JournalRecord[] {
  const made: JournalRecord[] = [];
  for (let seq = 0; seq < count; seq++) {
    made.push(seal({ type: 'checks.green' }, { seq, run: RUN, term: 1, at: seq, prev: made.at(-1)?.hash ?? '0'.repeat(64) }));
  }
  return made;
}

async function errorOf(work: Promise<unknown>): Promise<DrError> {
  const error: unknown = await work.then(() => undefined, (e: unknown) => e);
  if (!(error instanceof DrError)) throw new Error(`expected a DrError, got ${String(error)}`);
  return error;
}

describe('state in S3', () => {
  it.each(['s3://b', 's3://bucket/x', 'bucket/x', 's3://Bad_Bucket?region=ap-northeast-1', 's3://bucket?region=nowhere'])('does not take %s for a place', (text) => {
    expect(parseS3Place(text)).toBeUndefined();
  });

  it('keeps a journal, one object a record, and reads it back in order', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const written = records(12);
      const run = state.run(RUN);
      for (const record of written) await run.append(record);
      const read = await state.run(RUN).read();
      expect(read).toEqual(written);
      expect(read.map((record, i) => chainBreak(record, read[i - 1]))).toEqual(written.map(() => undefined));
      expect(await state.runs()).toEqual([RUN]);
    });
  });

  it('lets only one of two runners write a record number', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const [first, second] = records(2);
      if (first === undefined || second === undefined) throw new Error('no records');
      await state.run(RUN).append(first);
      const other = { ...first, term: 2, hash: 'other' };
      expect(await errorOf(state.run(RUN).append(other))).toMatchObject({ code: 'SUPERSEDED', exit: 'busy', detail: 'A runner with term 1 writes its journal now: it has taken over.' });
      // The same record again is a lost answer, not another runner.
      await state.run(RUN).append(first);
      expect(await state.run(RUN).read()).toEqual([first]);
    });
  });

  it('takes a write whose answer was lost for written', async () => {
    const { clock, world, state } = setUp();
    await clock.run(async () => {
      world.addFault({ service: 's3', operation: 'PutObject', effect: { kind: 'answer-lost' }, times: 1 });
      const [first] = records(1);
      if (first === undefined) throw new Error('no record');
      await state.run(RUN).append(first);
      expect(await state.run(RUN).read()).toEqual([first]);
    });
  });

  it('gives an application to one runner, and after its release to the next with a higher term', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const lease = await state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids: new SeededIds(1) });
      expect(lease.term).toBe(1);
      const refused = await errorOf(state.lease({ lock: 'shop', run: RUN, operator: bob, now: clock.now(), ids: new SeededIds(2) }));
      expect(refused).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
      expect(refused.detail).toContain('alice on a');
      await lease.release();
      expect((await state.lease({ lock: 'shop', run: RUN, operator: bob, now: clock.now(), ids: new SeededIds(3) })).term).toBe(2);
    });
  });

  it('stops a runner whose application was taken over', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const lease = await state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids: new SeededIds(1) });
      const run = state.run(RUN);
      const [first] = records(1);
      if (first === undefined) throw new Error('no record');
      await lease.assertHeld();
      await run.append(first);
      await state.lease({ lock: 'shop', run: RUN, operator: bob, now: clock.now(), ids: new SeededIds(2), force: true });
      expect(await errorOf(lease.assertHeld())).toMatchObject({ code: 'SUPERSEDED' });
      expect(await state.run(RUN).read()).toEqual([first]);
    });
  });

  it('lets one of many take it from a run that gives way to them, and not from each other', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const drill = await state.lease({ lock: 'shop', run: 'a drill', operator: alice, now: clock.now(), ids: new SeededIds(1) });
      const force = ({ run }: { run: string }) => run === 'a drill';
      const tries = await Promise.allSettled(Array.from({ length: 9 }, (_, i) => state.lease({ lock: 'shop', run: RUN, operator: { ...bob, pid: i }, now: clock.now(), ids: new SeededIds(i + 2), force })));
      expect(tries.filter((t) => t.status === 'fulfilled')).toHaveLength(1);
      expect(await errorOf(drill.assertHeld())).toMatchObject({ code: 'SUPERSEDED' });
      expect(await errorOf(state.lease({ lock: 'shop', run: RUN, operator: bob, now: clock.now(), ids: new SeededIds(20), force }))).toMatchObject({ code: 'RUN_IN_PROGRESS' });
    });
  });

  it('lets one of many take a term', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const tries = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => state.lease({ lock: 'shop', run: RUN, operator: { ...bob, pid: i }, now: clock.now(), ids: new SeededIds(i) })),
      );
      expect(tries.filter((t) => t.status === 'fulfilled')).toHaveLength(1);
    });
  });

  it('frees the lock of a process that is gone from this machine, and of no other of its name', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const dead = spawnSync(process.execPath, ['-e', '0']).pid;
      const here = { ...alice, machine: { start: 'boot', startedAt: 0 } };
      await state.lease({ lock: 'shop', run: RUN, operator: { ...here, pid: dead }, now: clock.now(), ids: new SeededIds(1) });
      const twin = { ...alice, machine: { start: 'other boot', startedAt: 0 } };
      for (const operator of [twin, alice]) expect((await errorOf(state.lease({ lock: 'shop', run: RUN, operator, now: clock.now(), ids: new SeededIds(2) }))).code).toBe('RUN_IN_PROGRESS');
      expect((await state.lease({ lock: 'shop', run: RUN, operator: here, now: clock.now(), ids: new SeededIds(3) })).term).toBe(2);
    });
  });

  it.each<[RunOutcome, boolean]>([['succeeded', true], ['aborted', true], ['failed', false], ['refused', false]])('a run that has %s, and could not give its lock back, holds nothing: %s', async (outcome, free) => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const ids = new SeededIds(1);
      await state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids });
      await state.run(RUN).append(seal({ type: 'run.finished', outcome }, { seq: 0, run: RUN, term: 1, at: 0, prev: '0'.repeat(64) }));
      const next = state.lease({ lock: 'shop', run: RUN.replace('000001', '000002'), operator: bob, now: clock.now(), ids });
      if (free) expect((await next).term).toBe(2);
      else expect((await errorOf(next)).next.at(-1)).toContain(`dr takeover ${RUN}`);
    });
  });

  it('frees a lock whose run has written nothing, after a while; one that has begun only by a take-over', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const ids = new SeededIds(1);
      const dead = await state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids });
      const other = { lock: 'shop', run: RUN.replace('000001', '000002'), operator: bob, ids };
      const early = await errorOf(state.lease({ ...other, now: clock.now() }));
      expect(early.code).toBe('RUN_IN_PROGRESS');
      expect(early.next.at(-1)).toMatch(/^the same command again after \S+Z {4}that run has written nothing yet/);
      await clock.sleep(LIMITS.beginMs + 1);
      expect((await state.lease({ ...other, now: clock.now() })).term).toBe(2);
      await expect(dead.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });

      await state.run(other.run).append({ ...(records(1)[0] as JournalRecord), run: other.run });
      await clock.sleep(LIMITS.beginMs + 1);
      const begun = await errorOf(state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids }));
      expect(begun.next.at(-1)).toContain(`dr takeover ${other.run}`);
    });
  });

  it('a term is above that of the journal, also where a lower lock is there: a runner is superseded by any higher term, not by the next alone', async () => {
    const { clock, state } = setUp();
    await clock.run(async () => {
      const ids = new SeededIds(1);
      const first = await state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids });
      const later = await state.lease({ lock: 'shop', run: RUN, operator: bob, now: clock.now(), ids, force: true, above: 7 });
      expect(later.term).toBe(8);
      expect(await errorOf(first.assertHeld())).toMatchObject({ code: 'SUPERSEDED' });
      await later.assertHeld();
    });
  });

  it('respects a lock of which it cannot be read when it was taken', async () => {
    const { clock, world, state } = setUp();
    await clock.run(async () => {
      const lock = { run: RUN, token: 'x', user: 'alice', host: 'a', pid: 1, since: 'long ago' };
      await world.call({ service: 's3', region: 'ap-northeast-1', operation: 'PutObject', input: { Bucket: 'shop-dr-state', Key: 'dr/locks/shop/000000000003.json', Body: JSON.stringify(lock) } });
      await clock.sleep(LIMITS.beginMs * 10);
      const refused = await errorOf(state.lease({ lock: 'shop', run: RUN.replace('000001', '000002'), operator: bob, now: clock.now(), ids: new SeededIds(1) }));
      expect(refused).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
      expect(refused.next.at(-1)).toMatch(/^the same command again {4}that run/);
    });
  });

  it('reads all pages of a long journal, and finds the newest of many locks', async () => {
    const { clock, world, state } = setUp();
    await clock.run(async () => {
      const written = records(1_003);
      const put = (Key: string, Body: string) => world.call({ service: 's3', region: 'ap-northeast-1', operation: 'PutObject', input: { Bucket: 'shop-dr-state', Key, Body } });
      for (const record of written) await put(`dr/runs/${RUN}/journal/${String(record.seq).padStart(12, '0')}.json`, JSON.stringify(record));
      for (let term = 1; term <= 1_001; term++) await put(`dr/locks/shop/${String(term).padStart(12, '0')}.json`, JSON.stringify({ run: RUN, token: 'x', user: 'alice', host: 'a', pid: 1, since: '2026-11-20T00:00:00Z' }));
      expect(await state.run(RUN).read()).toHaveLength(1_003);
      expect(await state.run(RUN).last()).toEqual(written.at(-1));
      expect(await state.lockOf('shop')).toMatchObject({ term: 1_001 });
    });
  });

  it.each(['AccessDenied', 'NoSuchBucket', 'InvalidObjectState'])('what the bucket does not let anyone read (%s) is not missing', async (code) => {
    const { clock, world, state } = setUp();
    await clock.run(async () => {
      await state.lease({ lock: 'shop', run: RUN, operator: alice, now: clock.now(), ids: new SeededIds(1) });
      const back = world.addFault({ service: 's3', operation: 'GetObject', effect: { kind: 'error', httpStatus: 403, code } });
      for (const look of [state.lockOf('shop'), state.run(RUN).first(), state.lease({ lock: 'shop', run: RUN, operator: bob, now: clock.now(), ids: new SeededIds(2) })]) {
        await expect(look).rejects.toMatchObject({ code });
      }
      back();
      expect(await state.lockOf('shop')).toMatchObject({ user: 'alice', term: 1 });
    });
  });

  it('after a lost answer only the very same content counts as written: what another one wrote meanwhile is theirs', async () => {
    const { clock, world, state } = setUp();
    await clock.run(async () => {
      const [first] = records(1);
      if (first === undefined) throw new Error('no record');
      await state.run(RUN).append(first);
      world.addFault({ service: 's3', operation: 'PutObject', effect: { kind: 'reset' } });
      expect(await errorOf(state.run(RUN).append({ ...first, term: 2, hash: 'other' }))).toMatchObject({ code: 'SUPERSEDED' });
    });
  });
});
