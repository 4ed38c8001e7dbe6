import type { JournalRecord } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { isOver, leftBehind } from '../../src/journal/state.ts';
import type { Verb } from '../../src/model/verb.ts';
import { instanceName } from '../engine/drills.ts';
import type { DrillGo, DrillScenario } from './drill-draw.ts';
import { BOSS, type Go, type Person } from './scenario.ts';
import { instanceOf, TOKYO } from './shapes.ts';
import type { Stage } from './stage.ts';

/*
 * The drill of a scenario: somebody starts it, it dies or gives way, somebody resumes it or cleans up, from this machine or another one.
 *
 * 26. A drill changes nothing that is not its own: each request that changes something names its own twins (watch-drill.ts), and where
 *     nothing else is at work, production is as it was.
 * 27. Nothing of its own is left after its clean-up.
 * 28. No clean-up deletes what the drill did not make.
 */

/** A run of the application, and the one of it that has begun. */
export interface Job {
  verb: Verb;
  source: string;
  target: string;
  open: string | undefined;
}

export interface Parts {
  stage: Stage;
  drill: DrillScenario;
  /** One process. Returns how it ended. */
  go(person: Person, go: Go, job: Job): Promise<string>;
  /** Everything that is written of a run. */
  records(run: string): readonly JournalRecord[];
}

/** So often the clean-up is tried when all is calm. */
const TRIES = 6;
const REST_MS = 60_000;
/** What was asked for is over by then. */
const SETTLED_MS = 180_000;
const TWINS = 'dr-drill-';
const STRANGE = 'i-0feedfeedfeedfeed';

export class Driller {
  readonly #parts: Parts;
  readonly job: Job;
  #before = '';
  #ends: (() => void)[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    const { source, target } = parts.stage.chapter;
    this.job = { verb: 'drill', source, target, open: undefined };
  }

  /** The drill, its deaths and what follows, as drawn. */
  async work(signal?: AbortSignal): Promise<void> {
    const { stage, drill } = this.#parts;
    const { clock, world, history } = stage;
    if (drill.when === 'before') this.#before = fingerprint(stage);
    await clock.sleep(drill.startsAt, signal);
    this.#ends = drill.faults.map((fault) => world.addFault({ ...fault, ...(fault.service === 'route53' ? {} : { region: this.job.target }) }));
    for (const fault of drill.faults) history.note('fault', () => `of the drill: ${fault.service ?? ''}.${fault.operation ?? '*'} ${JSON.stringify(fault.effect)}, ${fault.times ?? 0} times`);
    // A failover beside it ends in calm, too.
    const calmAt = stage.zero + stage.chapter.calmAt;
    if (drill.when === 'beside') clock.sleep(Math.max(0, calmAt - clock.now()), signal).then(() => this.#calm(), () => this.#calm());
    for (const [i, go] of drill.goes.entries()) {
      if (this.#isOver() || signal?.aborted === true) return;
      if (go.clean && this.job.open === undefined) continue;
      await this.#go(go);
      if (i === 0 && drill.stranger?.late === true) this.strange();
      await clock.sleep(go.restMs, signal);
    }
  }

  /** All is calm: somebody cleans up, until nothing is left. */
  async finish(): Promise<void> {
    const { stage } = this.#parts;
    this.#calm();
    for (let n = 0; n < TRIES && this.job.open !== undefined && !this.#isOver(); n++) {
      // Nobody else is at work any more: a lock that could not be given back is taken from the run that held it.
      await this.#go({ host: n % 2 === 0 ? 'desk' : 'ci', clean: true, restMs: REST_MS }, n > 0);
      await stage.clock.sleep(REST_MS);
    }
    await stage.clock.sleep(SETTLED_MS);
    this.#judge();
  }

  #calm(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Its plan is made, and its run begins. */
  begins(): void {
    if (this.#parts.drill.stranger?.late === false) this.strange();
  }

  /** Somebody makes something that looks like a twin. */
  strange(): void {
    const { stage, drill } = this.#parts;
    const mark = this.#mark();
    if (drill.stranger === undefined || mark === undefined) return;
    const { sameName, tags } = drill.stranger;
    const begins = `${TWINS}${sameName ? mark : '00000000'}`;
    if (drill.stranger.what === 'instance') {
      const name = `${begins}-api`;
      stage.history.note('world', () => `somebody launches ${name}, tagged ${JSON.stringify(tags)}`);
      stage.world.addEc2Instance({ region: this.job.target, id: STRANGE, tags: { ...tags, Name: name } });
      stage.strangers.add(instanceName({ id: STRANGE, name }));
      return;
    }
    const id = `${begins}-${instanceOf('orders', TOKYO)}`;
    const ref = { region: this.job.target, id };
    if (stage.world.state.databases.row(ref, stage.world.now()) !== undefined) return;
    stage.history.note('world', () => `somebody makes ${id}, tagged ${JSON.stringify(tags)}`);
    stage.world.addDbInstance({ ...ref, tags });
    stage.strangers.add(id);
  }

  #mark(): string | undefined {
    const first = this.job.open === undefined ? undefined : this.#parts.records(this.job.open)[0];
    return first?.type === 'run.started' ? first.plan.drill?.mark : undefined;
  }

  async #go({ host, clean, death, drainMs, pause, restMs }: DrillGo, takesOver = false): Promise<void> {
    const { stage } = this.#parts;
    const person: Person = { name: host === 'ci' ? 'ci' : 'carol', host, startsAt: 0, goes: [], takesOver, insists: false };
    const go: Go = { acceptances: { approvedBy: [BOSS] }, ...(clean ? { abort: true as const } : {}), ...(death === undefined ? {} : { death }), ...(drainMs === undefined ? {} : { drainMs }), ...(pause === undefined ? {} : { pause }), restMs };
    const end = await this.#parts.go(person, go, this.job);
    stage.history.note(person.name, () => `goes home from the drill: ${end}`);
  }

  #isOver(): boolean {
    const records = this.job.open === undefined ? [] : this.#parts.records(this.job.open);
    return records.length > 0 && isOver(foldAll(records));
  }

  /** Twins, a record and the record of its owner among them, that the run names, and does not know as its own, because the bucket was away when they were made. */
  #unknown(): number {
    const { chapter, scenario } = this.#parts.stage;
    const away = scenario.state === 'bucket' && chapter.happenings.some((h) => h.what === 'fault' && h.fault.service === 's3');
    if (!away || this.job.open === undefined) return 0;
    return [...foldAll(this.#parts.records(this.job.open)).steps.values()].filter(({ notUndone }) => notUndone?.code === 'NOT_OURS').length;
  }

  #judge(): void {
    const { stage, drill } = this.#parts;
    const { world, history, strangers } = stage;
    if (!world.isAlive(this.job.target)) return;
    const names = twinsOf(stage);
    const left = names.filter((name) => !strangers.has(name));
    if (left.length > 0 && left.length <= 2 * this.#unknown()) history.gap('a drill made a twin while the bucket was away: a clean-up by another machine does not know of it, names it and leaves it');
    else if (left.length > 0) history.violate(27, `left of the drill: ${left.join(', ')}`);
    if (this.job.open !== undefined && !this.#isOver()) {
      const open = leftBehind(foldAll(this.#parts.records(this.job.open))).map(({ id, notUndone }) => `${id}: ${notUndone?.message ?? 'not undone'}`);
      // What has the name of a twin and belongs to somebody else stays, and the run says so.
      if (strangers.size === 0) history.violate(27, `the clean-up of the drill does not end: ${open.join('; ')}`);
    }
    for (const name of strangers) if (!names.includes(name)) history.violate(28, `${name}, which somebody else has made, is gone`);
    if (drill.when === 'before' && fingerprint(stage) !== this.#before) history.violate(26, 'production is not as it was before the drill');
  }
}

function twinsOf({ world }: Stage): string[] {
  world.tick();
  const { databases, groups, records, instances } = world.snapshot();
  return [...databases.map(({ id }) => id), ...groups.map(({ name }) => name), ...records.map(({ name }) => name), ...instances.map(instanceName)].filter((name) => name.startsWith(TWINS));
}

/** What of production a drill must leave as it is. */
function fingerprint({ world }: Stage): string {
  world.tick();
  const { databases, groups, records, instances, applications } = world.snapshot();
  return JSON.stringify({
    databases: databases.filter(({ id }) => !id.startsWith(TWINS)).map(({ region, id, role, source, acceptsWrites, securityGroups }) => ({ region, id, role, source, acceptsWrites, securityGroups })),
    groups: groups.filter(({ name }) => !name.startsWith(TWINS)),
    instances: instances.filter(({ name = '' }) => !name.startsWith(TWINS)),
    records: records.filter(({ name }) => !name.startsWith(TWINS)).map(({ name, setIdentifier, failover, weight, values }) => ({ name, setIdentifier, failover, weight, values })),
    applications,
  });
}
