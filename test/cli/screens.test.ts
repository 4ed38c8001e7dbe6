import { readFile, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/app/run-to-the-end.ts';
import { confirmationText } from '../../src/cli/confirm.ts';
import { firstScreen, historyText, lastScreen, statusText } from '../../src/cli/run-view.ts';
import { PlainPresenter } from '../../src/cli/presenters/plain.ts';
import { endLines } from '../../src/cli/run-command.ts';
import { fit, width } from '../../src/cli/text.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { fold, foldAll } from '../../src/journal/fold.ts';
import type { RunState } from '../../src/journal/state.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { criticalPath } from '../../src/plan/feasibility.ts';
import { person } from '../approvals/signers.ts';
import { bench, type Bench, stopAt } from '../app/fixture.ts';

/*
 * Whole runs as people see them: at terminals of three widths and in a log, in files that are read like a page. A whole failover, one that is
 * interrupted, one that waits for approval, one that is refused. Colours are left out: they carry nothing alone.
 */

const WIDTHS = [60, 80, 140] as const;
const plain = (_style: unknown, words: string): string => words;
const PROMOTE = 'databases.orders.promote';

interface Scene {
  result: RunResult;
  records: readonly JournalRecord[];
}

const OPERATOR = { identity: 'arn:aws:sts::000000000000:assumed-role/lab/operator', user: 'kim', host: 'laptop', pid: 30_304 };
const FOLDER = '/home/kim/.local/state/dr/runs';

/** With the names of no machine and no folder: lines are broken by their length. */
function unnamed(state: RunState): RunState {
  return { ...state, operator: OPERATOR, plan: { ...state.plan, runbook: { ...state.plan.runbook, path: 'runbooks/shop.yaml' } } };
}

async function scene(b: Bench, more: Parameters<Bench['start']>[0]): Promise<Scene> {
  const result = await b.start(more);
  const { run } = result.state;
  const report = { html: `${FOLDER}/${run}/report.html`, json: `${FOLDER}/${run}/report.json` };
  return { result: { ...result, state: unnamed(result.state), report }, records: await new LocalStore(b.state, run).read() };
}

/** What a terminal of that width shows of a run from its start to its end, and what `dr status` and `dr history` say of it then. */
function screen({ result, records }: Scene, room: number): string {
  const { state } = result;
  const begun = foldAll(records.slice(0, 1));
  const asked = { plan: state.plan, expected: criticalPath(state.plan), acceptances: state.acceptances, given: undefined };
  const parts = {
    'before it begins': fit(confirmationText(asked), room),
    'while it runs': firstScreen(begun, room, plain),
    'its end': [lastScreen(state, [], room, plain), fit(endLines(result).join('\n'), room)].join('\n'),
    'dr status': fit(statusText({ state, now: state.lastAt + 60_000, seen: false }, plain), room),
    'dr history': historyText([state], state.lastAt + 60_000, room),
  };
  return Object.entries(parts).map(([title, text]) => `══ ${title}\n${text}\n`).join('\n');
}

/** What a log gets. */
async function log({ result, records }: Scene): Promise<string> {
  const out = new PassThrough();
  const presenter = new PlainPresenter(out);
  let state;
  for (const record of records) {
    state = fold(state, record);
    presenter.onRecord(record, state);
  }
  await presenter.close();
  out.end(`${endLines(result).join('\n')}\n`);
  return textOf(out);
}

const page = (name: string) => join(import.meta.dirname, 'screens', name);

/** No line is wider, unless an id, a path or a command alone is. */
function tooWide(text: string, room: number): string[] {
  return text.split('\n').filter((line) => width(line) > room && /\S .*\S/.test(line.trim()) && !/^ *dr [a-z]/.test(line));
}

/** Made once, by the first test that shows it. */
const made = new Map<string, Promise<Scene>>();
const ann = person('ann@example.com');
const STAGES: Record<string, () => Promise<Scene>> = {
  whole: async () => scene(await bench(), {}),
  interrupted: async () => scene(await bench(), stopAt((record) => record.type === 'step.acted' && record.step === PROMOTE)),
  refused: async () => scene(await bench({ alive: true }), { acceptances: { approvedBy: [] } }),
  waiting: async () => {
    const b = await bench();
    const path = join(b.runbooks, 'shop.yaml');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/^approvals:\n( .*\n)+/m, `approvals:\n  - before: point-of-no-return\n    from: [{ name: ann@example.com, keys: ["${ann.line}"] }]\n    quorum: 1\n    wait: 15m\n`));
    return scene(b, { acceptances: { approvedBy: [] }, ...stopAt((record) => record.type === 'step.started' && record.step === 'assess.approval') });
  },
};

function shown(name: string): Promise<Scene> {
  const one = made.get(name) ?? STAGES[name]?.() ?? Promise.reject(new Error(`there is no ${name}`));
  made.set(name, one);
  return one;
}

describe.each(['whole', 'interrupted', 'refused'])('a failover: %s', (name) => {
  it.each(WIDTHS)('at %i columns', async (room) => {
    const text = screen(await shown(name), room);
    expect(tooWide(text, room)).toEqual([]);
    await expect(text).toMatchFileSnapshot(page(`${name}.${room}.txt`));
  });

  it('without a terminal', async () => {
    await expect(await log(await shown(name))).toMatchFileSnapshot(page(`${name}.log.txt`));
  });
});

describe('a failover that waits for approval', () => {
  it.each(WIDTHS)('at %i columns', async (room) => {
    const { records } = await shown('waiting');
    // As it stood before it was stopped.
    const gate = records.findIndex((record) => record.type === 'step.started' && record.step === 'assess.approval');
    const state = unnamed(foldAll(records.slice(0, gate + 1)));
    const holder = { run: state.run, term: 1, token: 'x', user: 'kim', host: 'laptop', pid: 30_304, since: new Date(state.startedAt).toISOString() };
    const text = fit(statusText({ state, now: state.lastAt + 60_000, holder, seen: true, approved: 0 }, plain), room);
    expect(tooWide(text, room)).toEqual([]);
    await expect(text).toMatchFileSnapshot(page(`waiting.${room}.txt`));
  });

  it('without a terminal', async () => {
    const { records } = await shown('waiting');
    const out = new PassThrough();
    const presenter = new PlainPresenter(out);
    let state;
    for (const record of records.filter(({ type }) => type !== 'run.interrupted' && type !== 'run.finished')) {
      state = fold(state, record);
      presenter.onRecord(record, state);
    }
    presenter.beat((records.at(-1)?.at ?? 0) + 60_000);
    await presenter.close();
    out.end();
    await expect(await textOf(out)).toMatchFileSnapshot(page('waiting.log.txt'));
  });
});
