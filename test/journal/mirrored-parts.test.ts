import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/errors.ts';
import { DrError } from '../../src/base/errors.ts';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import { superseded } from '../../src/journal/lease.ts';
import type { LocalState } from '../../src/journal/local-state.ts';
import { MirroredState } from '../../src/journal/mirrored-state.ts';
import type { S3State } from '../../src/journal/s3-state.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { started } from './fixture.ts';

/* The rules between the copy on this machine and the bucket, each for itself: what is asked for, when, and what is said. */

const RUN = '20261120T000000Z-shop-failover-000001';
const GREEN: RunEvent = { type: 'checks.green' };
const INTENT: RunEvent = { type: 'step.intent', step: 's', attempt: 1, because: 'b' };

function chain(...events: RunEvent[]): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const event of events) records.push(seal(event, { seq: records.length, run: RUN, term: 1, at: 0, prev: records.at(-1)?.hash ?? '0'.repeat(64) }));
  return records;
}

const RECORDS = chain(GREEN, GREEN, GREEN, GREEN);
const refusal = (code: string) => new AwsError({ service: 's3', region: 'ap-northeast-1', operation: 'PutObject', code, message: code, httpStatus: code === 'NoAnswer' ? undefined : 403 });

/** A place for records: what it holds, what it was asked, and what it answers instead. */
class Place {
  readonly folder = '/copy';
  readonly place = 's3://state/dr/runs/x';
  readonly records: JournalRecord[];
  readonly asked: string[] = [];
  readonly aside: JournalRecord[] = [];
  error: Error | undefined;

  constructor(records: readonly JournalRecord[]) {
    this.records = [...records];
  }

  #ask<T>(what: string, answer: () => T): Promise<T> {
    this.asked.push(what);
    return this.error === undefined ? Promise.resolve(answer()) : Promise.reject(this.error);
  }

  read = () => this.#ask('read', () => [...this.records]);
  append = (record: JournalRecord) => this.#ask(`append ${record.seq}`, () => void this.records.push(record));
  save = (name: string) => this.#ask(`save ${name}`, () => `s3://${name}`);
  first = () => this.#ask('first', () => this.records[0]);
  close = () => Promise.resolve();
  setAside = (records: JournalRecord[]) => Promise.resolve(void this.aside.push(...records));
}

function setUp({ here = [], there = [] }: { here?: readonly JournalRecord[]; there?: readonly JournalRecord[] } = {}) {
  const clock = new VirtualClock();
  const [local, remote] = [new Place(here), new Place(there)];
  const said: string[] = [];
  const guarded: boolean[] = [];
  const guard: { error?: Error } = {};
  const state = new MirroredState({ run: () => local } as unknown as LocalState, { place: 's3://state/dr', run: () => remote, runs: () => Promise.resolve([RUN]), lockOf: (lock: string) => Promise.resolve({ lock }) } as unknown as S3State, clock);
  const run = state.run(RUN, (all) => {
    guarded.push(all);
    return guard.error === undefined ? Promise.resolve() : Promise.reject(guard.error);
  }, (text) => void said.push(text));
  const assertHeld = () => run.assertHeld?.() ?? Promise.reject(new Error('no lock'));
  return { clock, local, remote, said, guarded, guard, state, run, assertHeld };
}

describe('what the bucket alone knows', () => {
  it('is asked there: runs, locks, the first record', async () => {
    const { state, run } = setUp({ there: RECORDS });
    expect(await state.runs()).toEqual([RUN]);
    expect(await state.lockOf('shop')).toEqual({ lock: 'shop' });
    expect(await run.first()).toEqual(RECORDS[0]);
  });

  it('is not needed by a run that nobody guards', async () => {
    const { state } = setUp();
    await state.run(RUN).append(chain(INTENT)[0] as JournalRecord);
  });
});

describe('a copy that is read', () => {
  it.each([[0, chain(INTENT, GREEN)], [1, chain(GREEN, INTENT, GREEN)]])('and has parted from the bucket at record %i is refused, with what to do', async (index, there) => {
    const { run } = setUp({ here: chain(GREEN, GREEN), there });
    await expect(run.read()).rejects.toMatchObject({
      code: 'JOURNAL_DIVERGED',
      exit: 'journal',
      message: 'The copy of the journal in /copy is another than the one in s3://state/dr/runs/x.',
      detail: `They part at record ${index + 1}: two runners wrote on. Nothing was done.`,
      next: ['keep both: they are evidence', 'rename the folder here, then: dr resume    continues from the bucket'],
    });
  });

  it('is no answer where the bucket clearly says no; where it is silent, it is', async () => {
    const { run, remote } = setUp({ here: RECORDS });
    remote.error = refusal('AccessDenied');
    await expect(run.read()).rejects.toMatchObject({ code: 'AccessDenied' });
    remote.error = refusal('NoAnswer');
    expect(await run.read()).toEqual(RECORDS);
  });

  it('is the longer one of the two; without any here a silent bucket is no answer', async () => {
    expect(await setUp({ here: RECORDS.slice(0, 1), there: RECORDS }).run.read()).toEqual(RECORDS);
    expect(await setUp({ here: RECORDS, there: RECORDS.slice(0, 1) }).run.read()).toEqual(RECORDS);
    const { run, remote } = setUp();
    remote.error = refusal('NoAnswer');
    await expect(run.read()).rejects.toMatchObject({ code: 'NoAnswer' });
  });

  it('is all of it for the runner that writes: the bucket is asked no more', async () => {
    const { run, local, remote } = setUp();
    await run.append(RECORDS[0] as JournalRecord);
    await run.append(RECORDS[1] as JournalRecord);
    expect(await run.read()).toEqual(RECORDS.slice(0, 2));
    expect(remote.asked).toEqual(['append 0', 'append 1']);
    expect(local.asked).toEqual(['read', 'append 0', 'append 1', 'read']);
  });

  it('is brought up to the bucket before this machine continues: with what it lacks, and with that alone', async () => {
    const { run, local, remote } = setUp({ here: RECORDS.slice(0, 1), there: RECORDS.slice(0, 3) });
    await run.append(RECORDS[3] as JournalRecord);
    expect(local.records).toEqual(RECORDS);
    expect(remote.records).toEqual(RECORDS);
  });

  it('that has all of it does not ask the bucket for more', async () => {
    const { run, remote } = setUp({ here: RECORDS.slice(0, 3), there: RECORDS.slice(0, 3) });
    await run.append(RECORDS[3] as JournalRecord);
    expect(remote.asked).toEqual(['append 3']);
  });
});

describe('a bucket that has gone away', () => {
  it('is tried again after a while, with one warning, and gets everything in order', async () => {
    const { clock, run, remote, said } = setUp();
    await clock.run(async () => {
      await run.append(RECORDS[0] as JournalRecord);
      remote.error = refusal('NoAnswer');
      await run.append(RECORDS[1] as JournalRecord);
      expect(said).toEqual(['Warning: s3://state/dr/runs/x takes no records (no answer). The run continues; its journal is in /copy.']);
      await clock.sleep(4_999);
      await run.append(RECORDS[2] as JournalRecord);
      expect(remote.asked).toEqual(['append 0', 'append 1']);
      await clock.sleep(1);
      await run.append(RECORDS[3] as JournalRecord);
      expect(remote.asked).toEqual(['append 0', 'append 1', 'append 1']);
      expect(said).toHaveLength(1);
      remote.error = undefined;
      expect(await run.sendRest?.()).toBe(3);
      expect(said.slice(1)).toEqual(['s3://state/dr/runs/x answers again: it has every record now.']);
      expect(remote.records).toEqual(RECORDS);
      expect(await run.sendRest?.()).toBe(0);
      expect(await run.close()).toBeUndefined();
      expect(said).toHaveLength(2);
    });
  });

  it('of what is still missing, it is said how many', async () => {
    const { run, remote } = setUp({ here: RECORDS, there: RECORDS.slice(0, 1) });
    await run.read();
    remote.error = refusal('AccessDenied');
    expect(await run.sendRest?.()).toBe(0);
    expect(await run.close()).toBe(`3 records are only in /copy (s3://state/dr/runs/x: AccessDenied). Send them from this machine: dr resume ${RUN}`);
  });

  it('keeps no report, and a fault of this tool is not taken for that', async () => {
    const { run, remote } = setUp();
    expect(await run.publish('report.json', '{}')).toBe('s3://report.json');
    remote.error = new TypeError('a defect');
    await expect(run.publish('report.json', '{}')).rejects.toThrow('a defect');
    remote.error = refusal('NoAnswer');
    expect(await run.publish('report.json', '{}')).toBeUndefined();
    expect(await run.close()).toBe(`the report is only in /copy. Send it from this machine: dr report ${RUN}`);
    await run.append(RECORDS[0] as JournalRecord);
    expect(await run.close()).toBe(`1 records are only in /copy (s3://state/dr/runs/x: no answer). Send them from this machine: dr resume ${RUN}; the report is only in /copy. Send it from this machine: dr report ${RUN}`);
  });

  it('lets no run begin: it is not there when the first record is to be written', async () => {
    const { run, remote } = setUp();
    remote.error = refusal('NoAnswer');
    await expect(run.append(chain(started())[0] as JournalRecord)).rejects.toMatchObject({ code: 'NoAnswer' });
  });
});

describe('whether somebody has taken over', () => {
  it('is asked of all that the run holds, and of a silent bucket only now and then', async () => {
    const { clock, guarded, guard, assertHeld } = setUp();
    await clock.run(async () => {
      guard.error = refusal('NoAnswer');
      await assertHeld();
      await clock.sleep(4_999);
      await assertHeld();
      expect(guarded).toEqual([true]);
      await clock.sleep(1);
      await assertHeld();
      expect(guarded).toEqual([true, true]);
    });
  });

  it.each<[RunEvent, boolean[]]>([[INTENT, [true]], [{ type: 'undo.intent', step: 's' }, [true]], [GREEN, []]])('is asked before a record that announces a change, and before no other: %j', async (event, asked) => {
    const { run, guarded, guard, local } = setUp();
    await run.append(chain(event)[0] as JournalRecord);
    expect(guarded).toEqual(asked);
    guard.error = superseded('shop', undefined);
    if (asked.length > 0) await expect(run.append(chain(GREEN, event)[1] as JournalRecord)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(local.records).toHaveLength(1);
  });

  it('is not known before the run has begun, where the bucket says no', async () => {
    const { run, guard, assertHeld } = setUp();
    guard.error = refusal('AccessDenied');
    await expect(assertHeld()).rejects.toMatchObject({ code: 'AccessDenied' });
    await run.append(RECORDS[0] as JournalRecord);
    await assertHeld();
  });

  it('ends what is sent: what the bucket lacks is kept beside the copy, and nothing is said of it', async () => {
    const { run, local, remote, said, guard, assertHeld } = setUp();
    await run.append(RECORDS[0] as JournalRecord);
    remote.error = refusal('NoAnswer');
    await run.append(RECORDS[1] as JournalRecord);
    guard.error = superseded('shop', undefined);
    await expect(assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });
    remote.error = undefined;
    expect(await run.close()).toBeUndefined();
    expect(local.aside).toEqual([RECORDS[1]]);
    expect(remote.records).toEqual([RECORDS[0]]);
    expect(said).toHaveLength(1);
  });

  it('another refusal of the lock ends nothing of that: the bucket still gets what it lacks', async () => {
    const { run, local, remote, guard, assertHeld } = setUp();
    await run.append(RECORDS[0] as JournalRecord);
    remote.error = refusal('NoAnswer');
    await run.append(RECORDS[1] as JournalRecord);
    for (const error of [new DrError({ code: 'STATE_UNUSABLE', exit: 'refused', title: 'no' }), new TypeError('a defect')]) {
      guard.error = error;
      await expect(assertHeld()).rejects.toBe(error);
    }
    remote.error = undefined;
    await run.close();
    expect(local.aside).toEqual([]);
    expect(remote.records).toEqual(RECORDS.slice(0, 2));
  });

  it('is seen by a record that another one wrote: what was refused is kept, and nothing else', async () => {
    const { run, local, remote } = setUp();
    await run.append(RECORDS[0] as JournalRecord);
    remote.error = new TypeError('a defect');
    await expect(run.append(RECORDS[1] as JournalRecord)).rejects.toThrow('a defect');
    expect(local.aside).toEqual([]);
    remote.error = superseded('shop', undefined);
    await expect(run.append(RECORDS[2] as JournalRecord)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    expect(local.aside).toEqual(RECORDS.slice(1, 3));
  });
});
