import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { observe } from '../../src/app/observe.ts';
import { DrError, messageOf } from '../../src/base/errors.ts';
import { execute } from '../../src/engine/execute.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { Journal, type JournalStore, verifyRecords } from '../../src/journal/journal.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import type { Acceptances, AnyStepKind } from '../../src/kinds/step.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import type { Bug } from './bugs.ts';
import type { Broken } from './history.ts';
import { Process, tagged } from './process.ts';
import { BOSS, type Go, type Person, type Scenario, scenarioOf } from './scenario.ts';
import { instanceOf, TOKYO } from './shapes.ts';
import { play, stageOf, type Stage } from './stage.ts';
import { Watch } from './watch.ts';

/*
 * One scenario from its beginning to its end: people start the tool, it dies, they start it again.
 */

export interface Played {
  seed: number;
  broken: readonly Broken[];
  gaps: readonly string[];
  /** How the last run ended, in one word. */
  end: string;
  records: number;
  /** How often the tool was started. */
  starts: number;
  lines(): string[];
}

/** Who holds the application, and the journal of its open run. */
interface Desk {
  term: number;
  holder: Process | undefined;
  run: { plan: Plan; records: JournalRecord[] } | undefined;
}

type Ended = 'succeeded' | 'failed' | 'refused' | 'aborted' | 'interrupted' | 'died' | 'superseded' | 'busy' | 'no-plan' | 'active';

const RUN = '20261120T000000Z-shop-failover-000001';
const MINUTE = 60_000;
/** No go may take longer: the sum of what a plan's steps may wait for. */
const GO_MS = 3 * 60 * MINUTE;
const GOES_MAX = 12;

export async function playSeed(seed: number, bug?: Bug): Promise<Played> {
  return playScenario(scenarioOf(seed), bug);
}

export async function playScenario(scenario: Scenario, bug?: Bug): Promise<Played> {
  const stage = await stageOf(scenario);
  await preload();
  const troupe = new Troupe(stage, bug);
  await stage.clock.run(() => troupe.play()).catch((error: unknown) => {
    stage.history.violate(20, `it never ends: ${messageOf(error)}`);
  });
  return { seed: scenario.seed, broken: stage.history.broken, gaps: [...stage.history.gaps], end: troupe.ends.join(' '), records: troupe.desk.run?.records.length ?? 0, starts: troupe.starts, lines: () => stage.history.lines() };
}

class Troupe {
  readonly #stage: Stage;
  readonly #bug: Bug | undefined;
  readonly #watch: Watch;
  readonly desk: Desk = { term: 0, holder: undefined, run: undefined };
  readonly ends: string[] = [];
  starts = 0;

  constructor(stage: Stage, bug: Bug | undefined) {
    this.#stage = stage;
    this.#bug = bug;
    this.#watch = new Watch(stage);
  }

  async play(): Promise<void> {
    const { clock, scenario } = this.#stage;
    const over = new AbortController();
    const tick = async (): Promise<void> => {
      while (!over.signal.aborted) {
        this.#watch.look();
        await clock.sleep(5_000, over.signal);
      }
    };
    const ticking = tick().catch(() => undefined);
    const playing = play(this.#stage, over.signal).catch(() => undefined);
    if (scenario.happenings.some((h) => h.what !== 'capacity' && h.what !== 'region-lost')) this.#watch.sourceTroubled();
    await Promise.all(scenario.people.map((person) => this.#work(person)));
    over.abort(new Error('over'));
    await Promise.all([ticking, playing]);
    this.#finally();
  }

  async #work(person: Person): Promise<void> {
    const { clock, zero, scenario } = this.#stage;
    await clock.sleep(person.startsAt);
    let said: Acceptances = { approvedBy: [] };
    for (let n = 0; n < GOES_MAX; n++) {
      const go = person.goes[n] ?? lastGo(person, scenario);
      const calmly = n >= person.goes.length && clock.now() >= zero + scenario.calmAt;
      if (n >= person.goes.length && !calmly) await clock.sleep(Math.max(0, zero + scenario.calmAt - clock.now()) + 1_000);
      said = { ...said, ...go.acceptances, approvedBy: [...new Set([...said.approvedBy, ...go.acceptances.approvedBy])] };
      const end = await this.#go(person, go, said);
      this.ends.push(`${person.name}:${end}`);
      this.#stage.history.note(person.name, () => `goes home: ${end}`);
      if (end === 'succeeded' || end === 'active' || end === 'superseded') return;
      if (end === 'busy' && person.name !== 'alice') return;
      if (n >= person.goes.length) {
        this.#liveness(person, end);
        return;
      }
      await clock.sleep(go.restMs);
    }
  }

  /** When all is calm and a person says what is asked for, the application is recovered. */
  #liveness(person: Person, end: Ended): void {
    if (end === 'busy' || end === 'no-plan') return;
    const { world, history } = this.#stage;
    const lost = !world.isAlive('ap-northeast-2');
    if (person.insists && lost) history.violate(21, `calm, everything was said, and the last go ended ${end}`);
    else if (end !== 'refused') history.violate(20, `calm, and the last go ended ${end}`);
  }

  async #go(person: Person, go: Go, acceptances: Acceptances): Promise<Ended> {
    const { clock, history } = this.#stage;
    const { desk } = this;
    if (desk.holder !== undefined && !desk.holder.dead && !person.takesOver) return 'busy';
    this.starts += 1;
    const before = desk.holder;
    desk.term += 1;
    const process = new Process(`${person.name}/${desk.term}`, desk.term, go.death);
    desk.holder = process;
    history.note(process.name, () => `starts with ${JSON.stringify(acceptances)}${before === undefined || before.dead ? '' : `, and takes over from ${before.name}`}`);
    const drain = new AbortController();
    const timer = new AbortController();
    if (go.drainMs !== undefined) {
      clock.sleep(go.drainMs, timer.signal).then(
        () => drain.abort(new Error('Ctrl-C')),
        () => undefined,
      );
    }
    const late = clock.sleep(GO_MS, timer.signal).then(
      (): Ended => {
        history.violate(20, `a run has not ended after ${GO_MS / MINUTE} minutes`);
        process.kill('it never ends', this.#stage);
        return 'died';
      },
      () => new Promise<never>(() => undefined),
    );
    try {
      return await Promise.race([this.#run(process, acceptances, drain.signal), late]);
    } catch (error) {
      return this.#thrown(error, process);
    } finally {
      timer.abort(new Error('done'));
      if (desk.holder === process) desk.holder = undefined;
    }
  }

  #thrown(error: unknown, process: Process): Ended {
    if (process.dead) return 'died';
    if (error instanceof DrError && error.code === 'SUPERSEDED') return 'superseded';
    if (error instanceof DrError && error.code === 'ALREADY_ACTIVE') return 'active';
    this.#stage.history.note(process.name, () => `throws: ${messageOf(error)}`);
    if (error instanceof DrError && !process.begun) return 'no-plan';
    this.#stage.history.violate(20, `a run ends with an error: ${messageOf(error)}`);
    return 'failed';
  }

  async #run(process: Process, acceptances: Acceptances, drain: AbortSignal): Promise<Ended> {
    const stage = this.#stage;
    const { desk } = this;
    const { clock } = stage;
    const inner = this.#bug?.aws?.(stage.world, stage) ?? stage.world;
    const aws = reliableCaller(process.caller(stage, this.#watch, inner), { clock, ids: new SeededIds(stage.scenario.seed + process.term) });
    const effects = { ...stage.effects, aws };
    const operator = { identity: `arn:aws:sts::000000000000:assumed-role/ops/${process.name}`, user: process.name, host: process.name, pid: process.term };
    const known = desk.run;
    const plan = known?.plan ?? (await this.#plan(effects));
    const run = (desk.run ??= { plan, records: [] });
    const store = this.#store(process, run.records);
    const records = [...run.records];
    const journal = new Journal({ store, clock, run: RUN, term: process.term, records, onRecord: (record) => this.#watch.record(process, record) });
    process.begun = true;
    this.#watch.holds(process, () => journal.state);
    if (records.length === 0) {
      await journal.append({ type: 'run.started', plan, operator, tool: { name: 'test', version: '0', node: '0' }, mode: 'simulated', declaredAt: clock.now(), confirmedBy: 'flag', acceptances, endpoints: [] });
    } else {
      await journal.append({ type: 'run.resumed', operator, acceptances: { ...journal.state.acceptances, ...acceptances } });
    }
    return execute({ journal, effects, stepKind: (name) => this.#stepKind(name), operator, drain });
  }

  async #plan(effects: Stage['effects']): Promise<Plan> {
    const { loaded, clock } = this.#stage;
    const observed = await observe(effects, loaded, { verb: 'failover', region: TOKYO });
    const plan = compilePlan({ loaded, verb: 'failover', source: observed.source, target: observed.target, account: observed.account, now: clock.now(), resources: observed.resources });
    return this.#bug?.plan?.(plan) ?? plan;
  }

  async #stepKind(name: string): Promise<AnyStepKind> {
    const kind = kinds.get(name) ?? (await loadStepKind(name));
    return tagged(name, this.#bug?.step?.(name, kind, this.#stage) ?? kind);
  }

  /** What every process writes to: a record of a lower term than the application's is refused. */
  #store(process: Process, records: JournalRecord[]): JournalStore {
    const append = (record: JournalRecord): Promise<void> => {
      process.beforeRecord(this.#stage);
      if (process.term < this.desk.term && this.#bug?.noLock !== true) throw new DrError({ code: 'SUPERSEDED', exit: 'busy', title: 'superseded', next: [] });
      records.push(record);
      return Promise.resolve();
    };
    const store: JournalStore = { read: () => Promise.resolve([...records]), append: (record) => Promise.resolve().then(() => append(record)) };
    return this.#bug?.store?.(store, records) ?? store;
  }

  /** What must be so when everybody has gone home. */
  #finally(): void {
    const { history, world, databases } = this.#stage;
    const records = this.desk.run?.records ?? [];
    try {
      verifyRecords(records, 'the journal');
    } catch (error) {
      history.violate(25, `the chain of the journal is broken: ${error instanceof DrError ? (error.detail ?? '') : messageOf(error)}`);
    }
    for (const region of ['ap-northeast-2', TOKYO]) {
      for (const database of databases) {
        if (world.state.databases.row({ region, id: instanceOf(database, region) }) === undefined) history.violate(9, `${instanceOf(database, region)} is gone`);
      }
    }
  }
}

/** After the person's own ideas: what the tool asks for, without a death. */
function lastGo(person: Person, _scenario: Scenario): Go {
  const asked: Acceptances = { approvedBy: [BOSS], ...(person.insists ? { dataLossSeconds: 'unknown' as const, sourceDown: 'alice', reason: 'decided' } : {}) };
  return { acceptances: asked, restMs: 1_000 };
}

const kinds = new Map<string, AnyStepKind>();

/** Loading a module is no simulated work. */
async function preload(): Promise<void> {
  if (kinds.size > 0) return;
  const names = ['assessSourceApi', 'assessReplication', 'rpoGate', 'fence', 'promote', 'openWrites', 'canary'].map((step) => `rds-read-replica.${step}`);
  names.push('auto-scaling-group.scaleOut', ...['assessHealthCheck', 'flip', 'flipObject', 'settle'].map((step) => `route53-failover.${step}`));
  names.push('run.assess-users', 'run.judge-source', 'run.approval', 'run.hold-probe', 'run.notify-sns', 'run.gather');
  for (const name of names) {
    const kind = await loadStepKind(name).catch(() => undefined);
    if (kind !== undefined) kinds.set(name, kind);
  }
}
