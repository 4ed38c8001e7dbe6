import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import { seal } from '../../src/journal/chain.ts';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { MirroredState } from '../../src/journal/mirrored-state.ts';
import { parseS3Place, S3State } from '../../src/journal/s3-state.ts';
import type { Guard, RunStore } from '../../src/journal/state-store.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { started } from './fixture.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';

const RUN = '20261120T000000Z-shop-failover-000001';
const alice = { identity: 'a', user: 'alice', host: 'a', pid: 1 };
const bob = { identity: 'b', user: 'bob', host: 'b', pid: 1 };

const folders: string[] = [];
const copies: RunStore[] = [];

/** As a machine keeps them; some tests leave a run as a process does that dies. */
class Copies extends LocalState {
  override run(run: string, guard?: Guard): RunStore {
    const store = super.run(run, guard);
    copies.push(store);
    return store;
  }
}

afterEach(async () => {
  for (const store of copies.splice(0)) await store.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function setUp() {
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: ['ap-northeast-1'] });
  world.addBucket({ region: 'ap-northeast-1', name: 'state' });
  const place = parseS3Place('s3://state/dr?region=ap-northeast-1');
  if (place === undefined) throw new Error('not a place');
  const remote = new S3State(world, place);
  const machine = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dr-state-'));
    folders.push(folder);
    return new MirroredState(new Copies(folder), remote, clock);
  };
  return { clock, world, remote, here: await machine(), there: await machine() };
}

/** A chain of records of one run; the first is not a run.started, which the store does not look into. */
function chain(...events: RunEvent[]): JournalRecord[] {
  const records: JournalRecord[] = [];
  for (const event of events) {
    const seq = records.length;
    records.push(seal(event, { seq, run: RUN, term: 1, at: seq, prev: records.at(-1)?.hash ?? '0'.repeat(64) }));
  }
  return records;
}

const GREEN: RunEvent = { type: 'checks.green' };
const INTENT: RunEvent = { type: 'step.intent', step: 's', attempt: 1, because: 'b' };
const UNDO: RunEvent = { type: 'undo.intent', step: 's' };

async function errorOf(work: Promise<unknown>): Promise<DrError> {
  const error: unknown = await work.then(() => undefined, (e: unknown) => e);
  if (!(error instanceof DrError)) throw new Error(`expected a DrError, got ${String(error)}`);
  return error;
}

describe('state in a bucket with a copy on this machine', () => {
  it('lets an approver on another machine put an approval where the run sees it, once', async () => {
    const { clock, here, there } = await setUp();
    await clock.run(async () => {
      const name = `${'a'.repeat(32)}.json`;
      await there.run(RUN).addApproval(name, 'signed');
      await there.run(RUN).addApproval(name, 'another text under its name');
      expect(await here.run(RUN).approvals()).toEqual(['signed']);
      expect(await here.run(RUN.replace('000001', '000002')).approvals()).toEqual([]);
    });
  });

  it('knows the last record without the others', async () => {
    const { clock, here, there } = await setUp();
    await clock.run(async () => {
      expect(await there.run(RUN).last()).toBeUndefined();
      const records = chain(GREEN, GREEN, GREEN);
      const run = here.run(RUN);
      for (const record of records) await run.append(record);
      expect(await there.run(RUN).last()).toEqual(records[2]);
    });
  });

  it('lets another machine read what this one wrote, and continue from there', async () => {
    const { clock, here, there } = await setUp();
    await clock.run(async () => {
      const records = chain(GREEN, GREEN, GREEN);
      const run = here.run(RUN);
      for (const record of records.slice(0, 2)) await run.append(record);
      const other = there.run(RUN);
      expect(await other.read()).toEqual(records.slice(0, 2));
      await other.append(records[2] as JournalRecord);
      expect(await there.run(RUN).read()).toEqual(records);
      expect(await here.run(RUN).read()).toEqual(records);
    });
  });

  it('continues without the bucket, and sends what it lacks when it is back', async () => {
    const { clock, world, here, remote } = await setUp();
    await clock.run(async () => {
      const records = chain(GREEN, GREEN, INTENT, GREEN);
      const run = here.run(RUN);
      await run.append(records[0] as JournalRecord);
      const mend = world.addFault({ service: 's3', effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' } });
      for (const record of records.slice(1)) await run.append(record);
      expect(await run.read()).toEqual(records);
      mend();
      expect(await remote.run(RUN).read()).toEqual(records.slice(0, 1));
      await clock.sleep(10_000);
      expect(await run.close()).toBeUndefined();
      expect(await remote.run(RUN).read()).toEqual(records);
    });
  });

  it('says what could not be sent, and a later process sends it', async () => {
    const { clock, world, here, remote } = await setUp();
    await clock.run(async () => {
      const records = chain(GREEN, GREEN, GREEN);
      const run = here.run(RUN);
      await run.append(records[0] as JournalRecord);
      const mend = world.addFault({ service: 's3', effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' } });
      await run.append(records[1] as JournalRecord);
      expect(await run.close()).toMatch(/^1 records are only in .* \(s3:.*: ServiceUnavailable\)\. Send them from this machine: dr resume 20261120T000000Z-shop-failover-000001$/);
      mend();
      const later = here.run(RUN);
      expect(await later.read()).toEqual(records.slice(0, 2));
      await later.append(records[2] as JournalRecord);
      expect(await remote.run(RUN).read()).toEqual(records);
    });
  });

  it.each([['change', INTENT], ['undo', UNDO]])('stops before its next %s once somebody has taken over', async (_what, next) => {
    const { clock, here, there } = await setUp();
    await clock.run(async () => {
      const lease = await here.lease({ lock: 'shop', run: RUN, operator: alice, now: 0, ids: new SeededIds(1) });
      const run = here.run(RUN, () => lease.assertHeld());
      const records = chain(GREEN, next);
      await run.append(records[0] as JournalRecord);
      expect(await errorOf(there.lease({ lock: 'shop', run: RUN, operator: bob, now: 1, ids: new SeededIds(2) }))).toMatchObject({ code: 'RUN_IN_PROGRESS' });
      await there.lease({ lock: 'shop', run: RUN, operator: bob, now: 1, ids: new SeededIds(2), force: true });
      expect(await errorOf(run.append(records[1] as JournalRecord))).toMatchObject({ code: 'SUPERSEDED', exit: 'busy' });
      expect(await here.run(RUN).read()).toEqual(records.slice(0, 1));
    });
  });

  it('is asked before each change whether somebody has taken over; a bucket that is away says nothing', async () => {
    const { clock, world, here, there } = await setUp();
    await clock.run(async () => {
      const lease = await here.lease({ lock: 'shop', run: RUN, operator: alice, now: 0, ids: new SeededIds(1) });
      const run = here.run(RUN, () => lease.assertHeld());
      await run.assertHeld?.();
      await there.lease({ lock: 'shop', run: RUN, operator: bob, now: 1, ids: new SeededIds(2), force: true });
      const back = world.addFault({ service: 's3', effect: { kind: 'reset' } });
      await run.assertHeld?.();
      back();
      await clock.sleep(5_000);
      expect(await errorOf(run.assertHeld?.() ?? Promise.resolve())).toMatchObject({ code: 'SUPERSEDED' });
    });
  });

  it('stops when the bucket holds another record under its number, and keeps what was refused beside its copy', async () => {
    const { clock, here, there } = await setUp();
    await clock.run(async () => {
      const mine = chain(GREEN, GREEN);
      const run = here.run(RUN);
      await run.append(mine[0] as JournalRecord);
      const other = there.run(RUN);
      await other.read();
      await other.append(chain(GREEN, INTENT)[1] as JournalRecord);
      expect(await errorOf(run.append(mine[1] as JournalRecord))).toMatchObject({ code: 'SUPERSEDED' });
      const refused = await readFile(join(run.folder, 'journal.refused-1.jsonl'), 'utf8');
      expect(JSON.parse(refused)).toEqual(mine[1]);
      // The copy is the beginning of what the bucket has: this machine can continue from there.
      expect((await here.run(RUN).read()).map(({ type }) => type)).toEqual(['checks.green', 'step.intent']);
    });
  });

  it('sends nothing more once it was given that somebody has taken over: what the bucket lacks is kept here', async () => {
    const { clock, world, here, there, remote } = await setUp();
    await clock.run(async () => {
      const lease = await here.lease({ lock: 'shop', run: RUN, operator: alice, now: 0, ids: new SeededIds(1) });
      const run = here.run(RUN, () => lease.assertHeld());
      const records = chain(GREEN, GREEN, GREEN);
      await run.append(records[0] as JournalRecord);
      const back = world.addFault({ service: 's3', effect: { kind: 'reset' } });
      for (const record of records.slice(1)) await run.append(record);
      back();
      await there.lease({ lock: 'shop', run: RUN, operator: bob, now: 1, ids: new SeededIds(2), force: true });
      expect(await errorOf(run.assertHeld?.() ?? Promise.resolve())).toMatchObject({ code: 'SUPERSEDED' });
      await run.close();
      expect(await remote.run(RUN).read()).toEqual(records.slice(0, 1));
      const kept = await readFile(join(run.folder, 'journal.refused-1.jsonl'), 'utf8');
      expect(kept.trim().split('\n').map((line) => JSON.parse(line) as JournalRecord)).toEqual(records.slice(1));
      expect(await here.run(RUN).read()).toEqual(records.slice(0, 1));
    });
  });

  it('does not continue from a copy that has parted from the bucket without being told', async () => {
    const { clock, world, here, there } = await setUp();
    await clock.run(async () => {
      const run = here.run(RUN);
      const mine = chain(GREEN, GREEN);
      await run.append(mine[0] as JournalRecord);
      const back = world.addFault({ service: 's3', effect: { kind: 'reset' } });
      await run.append(mine[1] as JournalRecord);
      back();
      const other = there.run(RUN);
      await other.read();
      await other.append(chain(GREEN, INTENT)[1] as JournalRecord);
      expect(await errorOf(here.run(RUN).read())).toMatchObject({ code: 'JOURNAL_DIVERGED', exit: 'journal' });
    });
  });

  it.each(['AccessDenied', 'NoSuchBucket', 'ExpiredToken', 'InvalidAccessKeyId'])('continues in the middle when the bucket says %s, and tells how to send the rest', async (code) => {
    const { clock, world, here, remote } = await setUp();
    await clock.run(async () => {
      const lease = await here.lease({ lock: 'shop', run: RUN, operator: alice, now: 0, ids: new SeededIds(1) });
      const said: string[] = [];
      const run = here.run(RUN, () => lease.assertHeld(), (text) => said.push(text));
      const records = chain(GREEN, INTENT, GREEN);
      await run.append(records[0] as JournalRecord);
      const mend = world.addFault({ service: 's3', effect: { kind: 'error', httpStatus: 403, code } });
      await run.append(records[1] as JournalRecord);
      await run.assertHeld?.();
      await run.append(records[2] as JournalRecord);
      expect(await run.read()).toEqual(records);
      expect(await run.publish('report.json', '{}')).toBeUndefined();
      expect(await run.close()).toMatch(new RegExp(`^2 records are only in .* \\(s3:.*: ${code}\\)\\. Send them from this machine: dr resume ${RUN}; the report is only in .*dr report ${RUN}$`));
      expect(said).toEqual([expect.stringMatching(new RegExp(`^Warning: s3:.* takes no records \\(${code}\\)\\. The run continues; its journal is in /`))]);
      mend();
      const later = here.run(RUN);
      await later.read();
      expect(await later.sendRest?.()).toBe(2);
      expect(await remote.run(RUN).read()).toEqual(records);
    });
  });

  it('is not empty because the bucket is silent: without a copy here nothing is known of it', async () => {
    const { clock, world, here, there } = await setUp();
    await clock.run(async () => {
      await here.run(RUN).append(chain(GREEN)[0] as JournalRecord);
      const back = world.addFault({ service: 's3', effect: { kind: 'reset' } });
      expect(await here.run(RUN).read()).toHaveLength(1);
      await expect(there.run(RUN).read()).rejects.toMatchObject({ code: 'NoAnswer' });
      back();
      expect(await there.run(RUN).read()).toHaveLength(1);
    });
  });

  it('does not begin when the bucket says no', async () => {
    const { clock, world, here } = await setUp();
    await clock.run(async () => {
      world.addFault({ service: 's3', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
      await expect(here.run(RUN).append(chain(started())[0] as JournalRecord)).rejects.toMatchObject({ code: 'AccessDenied' });
    });
  });

  it('does not begin without the bucket', async () => {
    const { clock, world, here } = await setUp();
    await clock.run(async () => {
      world.addFault({ service: 's3', effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' } });
      const lease = here.lease({ lock: 'shop', run: RUN, operator: alice, now: 0, ids: new SeededIds(1) });
      await expect(lease).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    });
  });
});
