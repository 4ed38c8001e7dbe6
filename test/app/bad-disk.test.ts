import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { abort } from '../../src/app/abort.ts';
import type { RunResult } from '../../src/app/run-to-the-end.ts';
import { DrError } from '../../src/base/errors.ts';
import type { RunOutcome } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { verifyRecords } from '../../src/journal/journal.ts';
import { LocalStore } from '../../src/journal/local-store.ts';
import { SEOUL, TOKYO } from '../engine/simulated.ts';
import { bench, type Bench, stopAt } from './fixture.ts';

/*
 * A failover whose state folder fills up, becomes read-only, or loses half a write, at every write that it makes: locks, journal and report,
 * through the code that start and resume use. A real folder, with the faults in front of it.
 */

type Fault = 'is full from there on' | 'is read-only from there on' | 'loses half of one write';
const CODES: Record<Fault, string> = { 'is full from there on': 'ENOSPC', 'is read-only from there on': 'EROFS', 'loses half of one write': 'EIO' };

/** What changes a folder; `open` only with flags that may write. */
const CHANGES = ['link', 'mkdir', 'rename', 'rm', 'truncate', 'writeFile'] as const;
const READS: ReadonlySet<unknown> = new Set(['r', undefined]);

class BadDisk {
  writes = 0;
  readonly #fault: Fault | undefined;
  readonly #at: number;

  constructor(fault?: Fault, at = Number.POSITIVE_INFINITY) {
    this.#fault = fault;
    this.#at = at;
  }

  /** One write: whether it goes well. */
  takes(): boolean {
    this.writes += 1;
    return this.#fault === 'loses half of one write' ? this.writes !== this.#at : this.writes < this.#at;
  }

  error(path: string): Error {
    const code = CODES[this.#fault ?? 'loses half of one write'];
    return Object.assign(new Error(`${code}: the disk of this test, ${path}`), { code });
  }

  get leavesHalf(): boolean {
    return this.#fault !== 'is read-only from there on';
  }
}

const real = { ...fs };
let disk: BadDisk | undefined;
let folder = '';

const concerns = (path: unknown): path is string => disk !== undefined && typeof path === 'string' && path.startsWith(folder);

function hook(): void {
  for (const name of CHANGES) {
    Object.assign(fs, {
      [name]: (path: unknown, ...rest: unknown[]) => {
        const go = () => (real[name] as (...all: unknown[]) => Promise<unknown>)(path, ...rest);
        return !concerns(path) || disk?.takes() !== false ? go() : Promise.reject(disk.error(path));
      },
    });
  }
  Object.assign(fs, {
    open: async (path: string, flags?: string | number, mode?: number) => {
      const writes = concerns(path) && !READS.has(flags);
      if (writes && disk?.takes() === false) throw disk.error(path);
      const file = await real.open(path, flags, mode);
      if (!writes) return file;
      for (const name of ['appendFile', 'writeFile'] as const) {
        const whole = file[name].bind(file);
        file[name] = async (text: never, ...rest: never[]) => {
          if (disk?.takes() !== false) return whole(text, ...rest);
          if (disk.leavesHalf) await whole((text as string).slice(0, Math.floor((text as string).length / 2)) as never);
          throw disk.error(path);
        };
      }
      for (const name of ['datasync', 'sync'] as const) {
        const whole = file[name].bind(file);
        file[name] = () => (disk?.takes() !== false ? whole() : Promise.reject(disk.error(path)));
      }
      return file;
    },
  });
  syncBuiltinESMExports();
}

afterEach(() => {
  Object.assign(fs, real);
  syncBuiltinESMExports();
  disk = undefined;
});

/** The process that wrote these locks is gone. */
async function processGone(b: Bench): Promise<void> {
  const names = await real.readdir(b.state, { recursive: true }).catch(() => []);
  for (const name of names.filter((one) => one.startsWith('locks'))) {
    const path = join(b.state, name);
    const text = await real.readFile(path, 'utf8').catch(() => '');
    if (text.includes(`"pid":${process.pid}`)) await real.writeFile(path, text.replace(`"pid":${process.pid}`, '"pid":4194304'));
  }
}

const codeOf = (error: unknown): string => (error instanceof DrError ? error.code : `not a DrError: ${String(error)}`);

type Go = (b: Bench) => Promise<RunResult>;

interface Scene {
  /** What comes before, on a good disk. */
  before?: Go;
  /** What meets the fault. */
  go: Go;
  /** What a person does once there is room. */
  then: Go;
  outcome: RunOutcome;
  writer: { region: string; id: string };
}

const DONE = { region: TOKYO, id: 'shop-orders-tokyo' };
const resumed: Go = (b) => b.goOn();
const aborted: Go = (b) => b.sim.clock.run(() => abort({ state: { folder: b.state }, effects: b.sim.effects, drain: new AbortController().signal, onRecord: () => undefined, reason: 'changed our minds', confirm: () => Promise.resolve() }));

const SCENES: Record<string, Scene> = {
  'of a failover': { go: (b) => b.start(), then: resumed, outcome: 'succeeded', writer: DONE },
  'of a resume': { before: (b) => b.start(stopAt((r) => r.type === 'step.acted' && r.step.endsWith('.promote'))), go: resumed, then: resumed, outcome: 'succeeded', writer: DONE },
  'of an abort': { before: (b) => b.start({ verb: 'switchover', ...stopAt((r) => r.type === 'step.done' && r.step.endsWith('.quiesce')) }), go: aborted, then: aborted, outcome: 'aborted', writer: { region: SEOUL, id: 'shop-orders' } },
};

interface Story {
  /** What each command ended with: an exit, or the code of an error. */
  ends: string[];
  writes: number;
  outcomes: (RunOutcome | undefined)[];
  promotions: number;
  writer: boolean;
}

async function play(scene: Scene, fault?: Fault, at?: number): Promise<Story> {
  const b = await bench({ alive: scene.outcome === 'aborted' });
  folder = b.state;
  await scene.before?.(b);
  await processGone(b);
  disk = new BadDisk(fault, at);
  hook();
  const ends: string[] = [];
  const go = async (work: Go): Promise<void> => {
    ends.push(await work(b).then((result) => result.exit, codeOf));
    await processGone(b);
  };
  await go(scene.go);
  const { writes } = disk;
  disk = undefined;
  if (ends[0] === 'STATE_UNUSABLE') await go(scene.then);
  // The run had not begun, or its last record is there: the disk had only not said so.
  if (ends[1] === 'NOTHING_TO_RESUME' && scene.before === undefined) await go((one) => one.start());
  const runs = await real.readdir(join(b.state, 'runs'));
  const journals = await Promise.all(runs.map((run) => new LocalStore(b.state, run).read()));
  for (const records of journals) verifyRecords(records, 'the journal');
  const promotions = journals.flat().flatMap((r) => (r.type === 'step.acted' ? r.calls : [])).filter((c) => c.operation === 'PromoteReadReplica' && c.error === undefined).length;
  const outcomes = journals.filter((records) => records.length > 0).map((records) => foldAll(records).outcome);
  return { ends, writes, outcomes, promotions, writer: b.sim.world.acceptsWrites(scene.writer) };
}

/** Every place takes minutes: DR_TEST_SWEEP=all. */
const STRIDE = process.env.DR_TEST_SWEEP === 'all' ? 1 : 13;

describe.each(Object.entries(SCENES))('the state folder %s', (_name, scene) => {
  it.each(Object.keys(CODES) as Fault[])('%s: a clear error, nothing twice, and the next command comes to the end', async (fault) => {
    const whole = await play(scene);
    expect(whole).toMatchObject({ ends: [scene.outcome === 'aborted' ? 'failed' : 'ok'], outcomes: [scene.outcome], writer: true });
    const [first = 'ok'] = whole.ends;
    const seen = new Set<string>();
    for (let at = 1 + (whole.writes % STRIDE); at <= whole.writes; at += STRIDE) {
      const { ends, outcomes, promotions, writer } = await play(scene, fault, at);
      seen.add(ends[0] ?? '');
      expect({ at, ends, outcomes, writer, twice: promotions > 1 }).toEqual({
        at,
        ends: expect.toSatisfy((all: string[]) => all[0] === first || (all[0] === 'STATE_UNUSABLE' && [first, 'NOTHING_TO_RESUME', 'ALREADY_ACTIVE'].includes(all.at(-1) ?? ''))) as string[],
        outcomes: [scene.outcome],
        writer: true,
        twice: false,
      });
    }
    expect([...seen].sort()).toEqual(['STATE_UNUSABLE', first].sort());
  });
});
