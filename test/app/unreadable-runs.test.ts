import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listAllRuns, loadRun } from '../../src/app/runs.ts';
import { openState } from '../../src/app/state.ts';
import { newestOpenRun } from '../../src/app/resume.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { chained, started } from '../journal/fixture.ts';
import { type Bench, bench, refusalOf, stopAt } from './fixture.ts';

const lines = (records: readonly JournalRecord[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const unknown = { type: 'step.postponed', step: 'one', because: 'b' } as never;

/** What an unreadable journal may be, made at a path. */
const KINDS: readonly [string, string, (path: string) => unknown][] = [
  ['a record type of a newer version', 'JOURNAL_NOT_UNDERSTOOD', (path) => writeFile(path, lines(chained([started(), unknown])))],
  ['a newer version of the journal', 'JOURNAL_OF_OTHER_VERSION', (path) => writeFile(path, lines(chained([started({ journal: 'dr.journal/2' })])))],
  ['a folder', 'JOURNAL_UNREADABLE', (path) => mkdir(path)],
  ['a pipe', 'JOURNAL_UNREADABLE', (path) => execFileSync('/usr/bin/mkfifo', [path])],
  ['damaged', 'JOURNAL_DAMAGED', (path) => writeFile(path, '7\n')],
];

async function leave(b: Bench, run: string, make: (path: string) => unknown): Promise<void> {
  await rm(join(b.state, 'runs', run), { recursive: true, force: true });
  await mkdir(join(b.state, 'runs', run), { recursive: true });
  await make(join(b.state, 'runs', run, 'journal.jsonl'));
}

/** Newer than any run of a bench. */
const otherRun = (name: string) => `20991120T101500Z-${name}-failover-1a2b3c`;

describe('a run whose journal cannot be read', () => {
  it.each(KINDS)('%s: is left out of lists with a warning, and named it is the error', async (_name, code, make) => {
    const b = await bench();
    const { state } = await b.start(stopAt((r) => r.type === 'checks.green'));
    const bad = otherRun('zoo');
    await leave(b, bad, make);
    const { runs, damaged } = await listAllRuns({ folder: b.state });
    expect([runs.map(({ run }) => run), damaged.map(({ run, error }) => [run, error.code])]).toEqual([[state.run], [[bad, code]]]);
    const said: string[] = [];
    expect(await newestOpenRun({ folder: b.state }, (text) => said.push(text))).toBe(state.run);
    expect(said).toEqual([expect.stringContaining(`Warning: run ${bad} is left out: `)]);
    expect((await loadRun(openState({ folder: b.state }), undefined, ({ run }) => said.push(run))).state.run).toBe(state.run);
    expect(said.at(-1)).toBe(bad);
    expect(await refusalOf(loadRun(openState({ folder: b.state }), bad))).toMatchObject({ code, exit: 'journal' });
  });

  it.each(KINDS)('%s: keeps no other application from failing over, and its own only while it may be recent', async (_name, _code, make) => {
    const b = await bench();
    await leave(b, otherRun('zoo'), make);
    await leave(b, '20200101T000000Z-shop-failover-1a2b3c', make);
    const free = await b.start();
    expect(free).toMatchObject({ exit: 'ok' });
  });

  it('of the application itself, and recent: refused', async () => {
    const b = await bench();
    await leave(b, otherRun('shop'), (path) => mkdir(path));
    const { exit, state } = await b.start();
    expect(exit).toBe('refused');
    expect(state.steps.get('assess.flap-guard')?.refusal).toMatchObject({ rule: 'flap-guard', observed: expect.stringMatching(/^the runs of the last 1h cannot be read: The journal .* cannot be read\.$/) as string });
  });

  it('its start says that it is one of another account: not refused', async () => {
    const b = await bench();
    await leave(b, otherRun('shop'), (path) => writeFile(path, lines(chained([started(), unknown]))));
    expect((await b.start()).exit).toBe('ok');
    expect(await readFile(join(b.state, 'runs', otherRun('shop'), 'journal.jsonl'), 'utf8')).toContain('step.postponed');
  });
});
