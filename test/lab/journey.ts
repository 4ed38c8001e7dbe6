import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abort } from '../../src/app/abort.ts';
import type { Direction } from '../../src/app/observe.ts';
import type { RunResult } from '../../src/app/run-to-the-end.ts';
import { startRun } from '../../src/app/start-run.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { type LabHandle, spawnLab } from '../../src/lab/spawn.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import { until } from './helpers.ts';

/** A lab in a process of its own, and every verb against it through the SDK, as `dr` in another terminal would. */
export class Journey {
  readonly lab: LabHandle;
  readonly loaded: LoadedRunbook;
  readonly records: JournalRecord[] = [];
  readonly #state: string;
  readonly #before: NodeJS.ProcessEnv;

  private constructor(lab: LabHandle, loaded: LoadedRunbook, state: string, before: NodeJS.ProcessEnv) {
    this.lab = lab;
    this.loaded = loaded;
    this.#state = state;
    this.#before = before;
  }

  static async begin(path: string): Promise<Journey> {
    const loaded = await loadRunbook(path);
    const before = { ...process.env };
    const lab = await spawnLab({ runbook: loaded, ownedByParent: true });
    // The SDK reads the process's own environment.
    Object.assign(process.env, lab.env);
    return new Journey(lab, loaded, await mkdtemp(join(tmpdir(), 'dr-journey-')), before);
  }

  async end(): Promise<void> {
    await this.lab.stop();
    process.env = this.#before;
    await rm(this.#state, { recursive: true });
  }

  /** Runs a verb to its end. `seen` is called with every record, as soon as it is durable. */
  run(direction: Direction, options: { drain?: AbortSignal; seen?: (record: JournalRecord) => void; acceptances?: Partial<Acceptances> } = {}): Promise<RunResult> {
    const approvedBy = this.loaded.runbook.approvals.flatMap(({ from, quorum }) => from.slice(0, quorum).map(({ name }) => name));
    // A journey goes there and back within minutes, and says so.
    const acknowledged = { flap: 'the test', reason: 'a journey in the lab' };
    return startRun({
      ...direction,
      runbook: this.loaded.path,
      runbooks: join(this.loaded.path, '..'),
      state: { folder: this.#state },
      acceptances: { approvedBy, ...acknowledged, ...options.acceptances },
      confirm: () => Promise.resolve('lab'),
      drain: options.drain ?? new AbortController().signal,
      onRecord: (record) => {
        this.records.push(record);
        options.seen?.(record);
      },
    });
  }

  /** Rolls back the run that was stopped last. */
  abort(): Promise<RunResult> {
    return abort({
      state: { folder: this.#state },
      reason: 'the test',
      confirm: () => Promise.resolve(),
      drain: new AbortController().signal,
      onRecord: (record) => this.records.push(record),
    });
  }

  async servedAnywhere(more: number): Promise<void> {
    const { acknowledged } = await this.lab.ledger();
    await until('users are served', async () => (await this.lab.ledger()).acknowledged >= acknowledged + more, 20_000);
  }

  /** Resolves when users get orders through in a region, and have got `more` since they were asked. */
  async servedIn(region: string, more = 20): Promise<void> {
    const { acknowledged } = await this.lab.ledger();
    await until(`users are served in ${region}`, async () => {
      const now = await this.lab.ledger();
      return now.lastGood?.region === region && now.acknowledged >= acknowledged + more;
    }, 20_000);
  }

  /** The record sets as Route 53 has them, in an order of their own. Which of them answers now may be a matter of chance. */
  async recordSets(): Promise<object[]> {
    const { world } = await this.lab.status();
    const key = ({ name, type, setIdentifier }: (typeof world.records)[number]) => [name, type, setIdentifier].join(' ');
    return world.records.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).map(({ answered: _, ...set }) => set);
  }

  /** What runs: instances by id, and groups with their sizes. */
  async running(): Promise<object> {
    const { instances, groups } = (await this.lab.status()).world;
    return {
      instances: instances.filter(({ state }) => state === 'running').map(({ region, id }) => `${region}/${id}`).sort(),
      groups: groups.map(({ region, name, min, max, desired }) => `${region}/${name}: ${min}..${max}, ${desired}`).sort(),
    };
  }

  /** Whether the old instances that are kept can be reached: `open`, or `closed` by a quarantine. */
  async keptDoors(): Promise<string[]> {
    return (await this.lab.status()).databases.filter(({ id }) => id.includes('-old-')).map(({ door }) => door);
  }

  /** `region/id: state` of every database server, in order. */
  async roles(): Promise<string[]> {
    return (await this.lab.status()).databases.map(({ region, id, state }) => `${region}/${id}: ${state}`).sort();
  }
}

/** What went wrong in a run, for the message of a test. */
export function trouble(result: RunResult): object[] {
  return [...result.state.steps.values()]
    .filter(({ state }) => state !== 'done' && state !== 'unmet')
    .map(({ id, state, because, refusal, error }) => ({ id, state, because, refusal, error }));
}
