import { execFileSync, fork } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalRecord, RunEvent } from '../../src/journal/events.ts';
import { systemIds } from '../../src/base/ids.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { Journal } from '../../src/journal/journal.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { chained, OPERATOR, RUN, started, tickingClock } from './fixture.ts';

let state = '';
let folder = '';

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'dr-terms-'));
  folder = join(state, 'runs', RUN);
});

afterEach(() => rm(state, { recursive: true, force: true }));

const RESUMED: RunEvent = { type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } };
const read = () => new LocalStore(state, RUN).read();
const line = (record: JournalRecord | undefined) => JSON.stringify(record);

/** Two records of term 1, and the third that its runner is about to write when it is stopped. */
async function stopped(): Promise<{ late: JournalRecord; store: LocalStore }> {
  const [first, second, late] = chained([started(), { type: 'checks.green' }, { type: 'step.started', step: 'one' }]) as [JournalRecord, JournalRecord, JournalRecord];
  const store = new LocalStore(state, RUN);
  await store.append(first);
  await store.append(second);
  return { late, store };
}

async function takeOver(term = 2): Promise<Journal> {
  const store = new LocalStore(state, RUN);
  const journal = new Journal({ store, clock: tickingClock(), run: RUN, term, records: await store.read() });
  await journal.append(RESUMED);
  await store.close();
  return journal;
}

describe('a runner that was stopped and continues', () => {
  it('writes behind the records of anyone who took over: they do not count, and stay in its own file', async () => {
    const { late, store } = await stopped();
    await takeOver();
    const before = await read();
    await store.append(late);
    await store.close();
    expect(await read()).toEqual(before);
    expect(await new LocalStore(state, RUN).last()).toEqual(before.at(-1));
    expect(await readFile(join(folder, 'journal.jsonl'), 'utf8')).toContain(line(late));
  });

  it('writes after the journal was read and before anything else was written', async () => {
    const { late, store } = await stopped();
    const next = new LocalStore(state, RUN);
    const journal = new Journal({ store: next, clock: tickingClock(), run: RUN, term: 2, records: await next.read() });
    await store.append(late);
    await journal.append(RESUMED);
    await Promise.all([store.close(), next.close()]);
    expect((await read()).map(({ type, term }) => [type, term])).toEqual([['run.started', 1], ['checks.green', 1], ['run.resumed', 2]]);
  });

  it.each([10, 200])('writes the first %i bytes of a line before the take-over, and the rest after it', async (bytes) => {
    const { late, store } = await stopped();
    await store.close();
    const text = `${line(late)}\n`;
    await appendFile(join(folder, 'journal.jsonl'), text.slice(0, bytes));
    await takeOver();
    const between = await read();
    await appendFile(join(folder, 'journal.jsonl'), text.slice(bytes));
    expect(await read()).toEqual(between);
    expect((await takeOver(7)).state.records).toBe(4);
    expect((await readdir(folder)).sort()).toEqual(['journal.2.jsonl', 'journal.7.jsonl', 'journal.jsonl']);
  });

  it('has torn its line where it does not count any more: garbage there damages nothing', async () => {
    await (await stopped()).store.close();
    await takeOver();
    const between = await read();
    await appendFile(join(folder, 'journal.jsonl'), 'rest of a line"}\n');
    expect(await read()).toEqual(between);
  });
});

describe('a process that is stopped in the middle of a write', () => {
  it('continues after a take-over: its late record damages nothing, and it stops at the next one', { timeout: 60_000 }, async () => {
    const child = fork(fileURLToPath(new URL('./stopped-process.ts', import.meta.url)), [state], { execArgv: [] });
    try {
      const ends = new Promise<unknown>((resolve) => child.once('message', resolve));
      while (!execFileSync('ps', ['-o', 'state=', '-p', String(child.pid)], { encoding: 'utf8' }).startsWith('T')) await new Promise((resolve) => setTimeout(resolve, 20));
      const store = new LocalState(state);
      const lease = await store.lease({ lock: 'shop', run: RUN, operator: OPERATOR, now: 0, ids: systemIds, above: 1, force: true });
      await takeOver(lease.term);
      const before = await read();
      child.kill('SIGCONT');
      expect(await ends).toEqual(['written', 'written', 'SUPERSEDED']);
      expect(await read()).toEqual(before);
      expect(before.map(({ type, term }) => [type, term])).toEqual([['run.started', 1], ['run.resumed', 2]]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('journals of older versions', () => {
  it('hold all terms in one file: one that a stopped runner wrote behind can be read again', async () => {
    const { late, store } = await stopped();
    await store.close();
    const { state: after } = await takeOver();
    const old = join(folder, 'journal.jsonl');
    await appendFile(old, await readFile(join(folder, 'journal.2.jsonl'), 'utf8'));
    await rm(join(folder, 'journal.2.jsonl'));
    expect((await read()).at(-1)?.hash).toBe(after.head);
    await appendFile(old, `${line(late)}\n`);
    expect((await read()).at(-1)?.hash).toBe(after.head);
    await takeOver(3);
    expect((await read()).map(({ term }) => term)).toEqual([1, 1, 2, 3]);
  });
});

describe('the end of a file', () => {
  it('a whole last record without its newline counts; half a record, or one that does not follow, does not', async () => {
    const { late, store } = await stopped();
    await store.close();
    const path = join(folder, 'journal.jsonl');
    await appendFile(path, line(late));
    expect(await read()).toHaveLength(3);
    expect(await new LocalStore(state, RUN).last()).toEqual(late);
    await appendFile(path, `\n${line(late)}`);
    expect(await read()).toHaveLength(3);
  });

  it('a lower term that ends too early is damage', async () => {
    const { late, store } = await stopped();
    await store.append(late);
    await store.close();
    await takeOver();
    const path = join(folder, 'journal.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).split('\n').slice(0, 2).join('\n') + '\n');
    await expect(read()).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', message: `The journal is damaged at ${join(folder, 'journal.2.jsonl')}:1.` });
  });
});

describe('what is no file', () => {
  it.each<[string, (path: string) => unknown]>([
    ['a folder', (path) => mkdir(path)],
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ])('%s called journal.jsonl is an error, and blocks nothing', async (_name, make) => {
    await mkdir(folder, { recursive: true });
    await make(join(folder, 'journal.jsonl'));
    for (const work of [() => read(), () => new LocalStore(state, RUN).last()]) await expect(work()).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE', exit: 'journal', detail: 'It is not a file.' });
  });
});
