import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/base/limits.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { Journal, type JournalStore, verifyRecords } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { chained, OPERATOR, RUN, started, T0, tickingClock } from './fixture.ts';

function setUp(store: JournalStore = new MemoryStore(), shown: string[] = []) {
  const journal = new Journal({ store, clock: tickingClock(), run: RUN, term: 1, onRecord: (r, s) => shown.push(`${r.type}@${s.records}`) });
  return { journal, shown };
}

/** Each write takes until it is let through. */
class SlowStore implements JournalStore {
  readonly durable: JournalRecord[] = [];
  readonly waiting: { record: JournalRecord; done: () => void; fail: (error: Error) => void }[] = [];
  read = () => Promise.resolve([...this.durable]);
  append(record: JournalRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ record, fail: reject, done: () => resolve(void this.durable.push(record)) });
    });
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('Journal', () => {
  it('has no state before its first record', () => {
    expect(() => setUp().journal.state).toThrow('the run has not started');
  });

  it('shows and folds a record only once it is durable', async () => {
    const store = new SlowStore();
    const { journal, shown } = setUp(store);
    const written = journal.append(started());
    await settle();
    expect(shown).toEqual([]);
    expect(() => journal.state).toThrow('has not started');
    store.waiting[0]?.done();
    await written;
    expect(shown).toEqual(['run.started@1']);
    expect(journal.state.records).toBe(1);
  });

  it('writes in the order of the calls, one at a time, though the writes are slow', async () => {
    const store = new SlowStore();
    const { journal, shown } = setUp(store);
    const all = Promise.all([journal.append(started()), journal.append({ type: 'checks.green' }), journal.append({ type: 'step.started', step: 'one' })]);
    for (let i = 0; i < 3; i++) {
      await settle();
      expect(store.waiting).toHaveLength(i + 1);
      store.waiting[i]?.done();
    }
    await all;
    expect(store.durable.map((r) => r.seq)).toEqual([0, 1, 2]);
    expect(shown).toEqual(['run.started@1', 'checks.green@2', 'step.started@3']);
    expect(() => verifyRecords(store.durable, 'j')).not.toThrow();
  });

  it('writes nothing behind a record of a higher term, which a runner that stood still before it read may find', async () => {
    const store = new MemoryStore();
    const records = chained([started()], 3);
    const journal = new Journal({ store, clock: tickingClock(), run: RUN, term: 2, records });
    await expect(journal.append({ type: 'checks.green' })).rejects.toMatchObject({ code: 'SUPERSEDED', exit: 'busy', detail: 'A runner with term 3 writes its journal now: it has taken over.' });
    expect(store.records).toEqual([]);
  });

  it('writes nothing more after a failed write: every later append fails with the same error', async () => {
    const store = new SlowStore();
    const { journal, shown } = setUp(store);
    const appends = [journal.append(started()), journal.append({ type: 'checks.green' }), journal.append({ type: 'step.started', step: 'one' })];
    await settle();
    store.waiting[0]?.done();
    await settle();
    store.waiting[1]?.fail(new Error('disk full'));
    const ends = await Promise.allSettled(appends);
    expect(ends.map((e) => e.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expect(journal.append({ type: 'run.finished', outcome: 'failed' })).rejects.toThrow('disk full');
    expect(store.waiting).toHaveLength(2);
    expect(shown).toEqual(['run.started@1']);
    expect(journal.state.records).toBe(1);
  });

  it('never goes back in time', async () => {
    const times = [T0 + 5000, T0, T0 + 6000];
    const store = new MemoryStore();
    const journal = new Journal({ store, clock: { now: () => times.shift() ?? 0, sleep: () => Promise.resolve() }, run: RUN, term: 1 });
    await journal.append(started());
    await journal.append({ type: 'checks.green' });
    await journal.append({ type: 'run.finished', outcome: 'succeeded' });
    expect(store.records.map((r) => r.at)).toEqual([T0 + 5000, T0 + 5000, T0 + 6000]);
  });

  it('continues from records that are there, under a higher term', async () => {
    const records = chained([started(), { type: 'checks.green' }]);
    const store = new MemoryStore();
    store.records.push(...records);
    const journal = new Journal({ store, clock: tickingClock(), run: RUN, term: 2, records });
    expect(journal.state.records).toBe(2);
    await journal.append({ type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } });
    expect(store.records.at(-1)).toMatchObject({ seq: 2, term: 2, prev: records[1]?.hash });
    expect(() => verifyRecords(store.records, 'j')).not.toThrow();
    expect(journal.state).toEqual(foldAll(store.records));
  });

  it('an event that the plan cannot hold is an error of the append', async () => {
    const { journal } = setUp();
    await journal.append(started());
    await expect(journal.append({ type: 'step.started', step: 'four' })).rejects.toThrow('a step that its plan lacks: four');
  });
});

describe('a journal whose run others may take over', () => {
  function held(answers: (Error | undefined)[] = []) {
    const asked: number[] = [];
    let now = T0;
    const store: JournalStore = Object.assign(new MemoryStore(), {
      assertHeld: () => {
        asked.push(now - T0);
        const answer = answers.shift();
        return answer === undefined ? Promise.resolve() : Promise.reject(answer);
      },
    });
    const journal = new Journal({ store, clock: { now: () => now, sleep: () => Promise.resolve() }, run: RUN, term: 1 });
    return { store, journal, asked, later: (ms: number) => void (now += ms) };
  }

  it('is asked for at most every ten seconds by what waits, and each time before a change', async () => {
    const { journal, asked, later } = held();
    await journal.stillHeld();
    later(LIMITS.heldMs - 1);
    await journal.stillHeld();
    later(1);
    await journal.stillHeld();
    expect(asked).toEqual([0, LIMITS.heldMs]);
    await journal.assertHeld();
    await journal.assertHeld();
    expect(asked).toHaveLength(4);
    later(LIMITS.heldMs - 1);
    await journal.stillHeld();
    expect(asked).toHaveLength(4);
  });

  it('writes nothing more once somebody has taken over, and says so to all that waits', async () => {
    const gone = new Error('taken over');
    const { journal, store, later } = held([undefined, gone]);
    await journal.append(started());
    await journal.assertHeld();
    await expect(journal.assertHeld()).rejects.toBe(gone);
    await expect(journal.append({ type: 'checks.green' })).rejects.toBe(gone);
    later(1);
    await expect(journal.stillHeld()).rejects.toBe(gone);
    expect(await store.read()).toHaveLength(1);
  });

  it('makes an error of what is none', async () => {
    const { journal } = held(['no' as unknown as Error]);
    await expect(journal.assertHeld()).rejects.toBe('no');
    await expect(journal.append(started())).rejects.toEqual(new Error('no'));
  });

  it('is held where its store knows nobody else', async () => {
    const { journal } = setUp(new SlowStore());
    await expect(journal.assertHeld()).resolves.toBeUndefined();
  });

  it('shows each further record to who follows it', async () => {
    const { journal } = setUp();
    await journal.append(started());
    const seen: string[] = [];
    journal.follow((record, state) => seen.push(`${record.type} ${state.records}`));
    await journal.append({ type: 'checks.green' });
    expect(seen).toEqual(['checks.green 2']);
  });

  it('begins where the store holds nothing yet', async () => {
    const store = new MemoryStore();
    const journal = new Journal({ store, clock: tickingClock(), run: RUN, term: 1, records: [] });
    await journal.append(started());
    expect(store.records[0]).toMatchObject({ seq: 0 });
  });
});

it('a damaged journal is named by its place, with what to do', () => {
  const [first, second] = chained([started(), { type: 'checks.green' }]);
  const bad = { ...second, at: 0 } as JournalRecord;
  const thrown = (records: readonly (JournalRecord | undefined)[]) => {
    let seen: unknown;
    try {
      verifyRecords(records as JournalRecord[], 'journal.jsonl');
    } catch (error) {
      seen = error;
    }
    return seen;
  };
  expect(thrown([first, bad])).toMatchObject({
    code: 'JOURNAL_DAMAGED', exit: 'journal', message: 'The journal is damaged at journal.jsonl:2.', detail: 'Record 2: its content was changed after it was written. Nothing was done.', where: 'journal.jsonl', line: 2, why: 'its content was changed after it was written',
    next: ['keep the file: it is evidence', 'dr plan --region REGION    shows what is left to do, from what AWS says now', 'dr failover --region REGION    starts a new run; steps whose end state is there are skipped'],
  });
  expect(thrown([bad])).toMatchObject({ line: 1 });
});

describe('MemoryStore', () => {
  it('keeps what was appended, gives copies, and crashes where it is given to', async () => {
    const store = new MemoryStore((record) => {
      if (record.seq === 1) throw new Error('crash');
    });
    const { journal } = setUp(store);
    await journal.append(started());
    await expect(journal.append({ type: 'checks.green' })).rejects.toThrow('crash');
    const read = await store.read();
    expect(read.map((r) => r.type)).toEqual(['run.started']);
    read.pop();
    expect(store.records).toHaveLength(1);
  });
});
