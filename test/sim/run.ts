import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { callerIdentity } from '../../src/aws/identity.ts';
import { historyOf } from '../../src/app/history.ts';
import { observe } from '../../src/app/observe.ts';
import { merge } from '../../src/app/resume.ts';
import { onAwsTime } from '../../src/aws/aws-time.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { DrError, messageOf } from '../../src/base/errors.ts';
import { END_STATE_GONE } from '../../src/engine/end-look.ts';
import { execute } from '../../src/engine/execute.ts';
import { stepsPastTheLine } from '../../src/engine/acted.ts';
import type { JournalRecord, Operator } from '../../src/journal/events.ts';
import { foldAll } from '../../src/journal/fold.ts';
import { isOver } from '../../src/journal/state.ts';
import { Journal, type JournalStore, verifyRecords } from '../../src/journal/journal.ts';
import type { Acceptances, AnyStepKind } from '../../src/model/step.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/model/plan.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { Approvers } from './approvers.ts';
import type { Bug } from './bugs.ts';
import { Bucket, type Desk, SharedFolder } from './desk.ts';
import { Eyes } from './eyes.ts';
import { Driller, type Job, type Parts } from './driller.ts';
import type { Broken } from './history.ts';
import { kindOf, preload } from './kinds.ts';
import { scenarioOf } from './make-scenario.ts';
import { lastGo, lateMs, lossAskedFor, saysEverything, together, wordOf } from './people.ts';
import { isCutOff, Process, tagged } from './process.ts';
import type { Chapter, Go, Person, Scenario } from './scenario.ts';
import { play, skewed, stageOf, type Stage, turnTo } from './stage.ts';
import { Watch } from './watch.ts';
import { larger } from './watch-end.ts';

/*
 * One scenario from its beginning to its end: people start the tool, it dies, they start it again.
 */

export interface Played {
  seed: number;
  broken: readonly Broken[];
  gaps: readonly string[];
  /** How each start ended, by whom. */
  end: string;
  records: number;
  /** How often the tool was started. */
  starts: number;
  /** Verbs that were played, in their order. */
  verbs: readonly string[];
  lines(): string[];
}

type Ended = 'succeeded' | 'failed' | 'refused' | 'aborted' | 'interrupted' | 'died' | 'superseded' | 'busy' | 'no-plan' | 'no-state' | 'no-abort' | 'active';

const MINUTE = 60_000;
/** A person who waits for a standby to be rebuilt stops waiting then, and presses Ctrl-C. */
const PATIENCE_MS = 60 * MINUTE;
/** No go may take longer: the sum of what a plan's steps may wait for. */
const GO_MS = 3 * 60 * MINUTE;
const GOES_MAX = 12;

export async function playSeed(seed: number, bug?: Bug): Promise<Played> {
  const scenario = scenarioOf(seed);
  return bug?.needs?.(scenario) === false ? { seed, broken: [], gaps: [], end: '', records: 0, starts: 0, verbs: [], lines: () => [] } : playScenario(scenario, bug);
}

export async function playScenario(scenario: Scenario, bug?: Bug): Promise<Played> {
  await preload();
  const stage = await stageOf(scenario);
  const troupe = new Troupe(stage, bug);
  await stage.clock.run(() => troupe.play()).catch((error: unknown) => {
    stage.history.violate(20, `it never ends: ${messageOf(error)}`);
  });
  const { history } = stage;
  return { seed: scenario.seed, broken: history.broken, gaps: [...history.gaps], end: troupe.ends.join(' '), records: troupe.records, starts: troupe.starts, verbs: troupe.verbs, lines: () => history.lines() };
}

class Troupe {
  readonly #stage: Stage;
  readonly #bug: Bug | undefined;
  readonly #watch: Watch;
  readonly #eyes: Eyes;
  readonly #desk: Desk;
  readonly #approvers: Approvers;
  /** The run of this chapter, and which of it has begun. */
  #job: Job;
  readonly #driller: Driller | undefined;
  #runs: string[] = [];
  readonly ends: string[] = [];
  /** A run of this chapter has succeeded. */
  #recovered = false;
  readonly verbs: string[] = [];
  starts = 0;
  /** A run was rolled back in part: what it made is in the way of a new one until a person moves it. */
  #partly = false;
  /** The last go failed on what had been made and was changed by somebody since. */
  #gone = false;
  /** Nobody has taken over from the process that ended last. */
  #newest = false;
  /** Processes that have not ended. */
  #working = 0;

  constructor(stage: Stage, bug: Bug | undefined) {
    this.#stage = stage;
    this.#bug = bug;
    this.#watch = new Watch(stage);
    this.#eyes = new Eyes(stage);
    this.#desk = stage.scenario.state === 'bucket' ? new Bucket(reliableCaller(stage.world, { clock: stage.clock, ids: new SeededIds(stage.scenario.seed) })) : new SharedFolder(bug?.noLock === true, bug?.sameTerm === true);
    this.#approvers = new Approvers(stage, this.#desk);
    this.#job = jobOf(stage.chapter);
    const { drill } = stage.scenario;
    const go: Parts['go'] = (person, next, job) => this.#go(person, next, next.acceptances, false, job);
    this.#driller = drill === undefined ? undefined : new Driller({ stage, drill, go, records: (run) => this.#desk.all(run) });
  }

  get records(): number {
    return this.#runs.reduce((sum, run) => sum + this.#desk.all(run).length, 0);
  }

  async play(): Promise<void> {
    for (const [i, chapter] of this.#stage.scenario.chapters.entries()) {
      if (i > 0) await turnTo(this.#stage, chapter);
      this.#job = jobOf(chapter);
      this.#partly = false;
      this.#watch.begin();
      const drill = i === 0 ? this.#driller : undefined;
      if (drill !== undefined) this.verbs.push('drill');
      const beside = this.#stage.scenario.drill?.when === 'beside';
      if (!beside) await this.#drillFirst(drill);
      this.verbs.push(chapter.verb);
      const moved = await this.#chapter(chapter, beside ? drill : undefined);
      if (beside) await drill?.finish();
      if (!moved) break;
    }
    this.#finally();
  }

  /** All is well but what the drill meets; then the chapter begins. */
  async #drillFirst(drill: Driller | undefined): Promise<void> {
    await drill?.work();
    await drill?.finish();
    this.#stage.zero = this.#stage.clock.now();
  }

  /** True when the move was made. `drill`: at work at the same time. */
  async #chapter({ people }: Chapter, drill: Driller | undefined): Promise<boolean> {
    const { clock } = this.#stage;
    const over = new AbortController();
    const drilling = drill?.work(over.signal).catch(() => undefined);
    const tick = async (): Promise<void> => {
      while (!over.signal.aborted) {
        this.#watch.look();
        await clock.sleep(5_000, over.signal);
      }
    };
    const ticking = tick().catch(() => undefined);
    // Only the end of the chapter ends it: a world that cannot continue as drawn is no world to judge in.
    const playing = play(this.#stage, over.signal).catch((error: unknown) => {
      if (!over.signal.aborted) this.#stage.history.violate(20, `the world itself could not continue: ${messageOf(error)}`);
    });
    const signing = this.#approvers.work(() => this.#job.open, over.signal).catch(() => undefined);
    this.#recovered = false;
    const ends = await Promise.all(people.map((person) => this.#work(person)));
    over.abort(new Error('over'));
    await Promise.all([ticking, playing, signing, drilling]);
    return ends.includes('succeeded');
  }

  async #work(person: Person): Promise<Ended> {
    const { clock, zero, chapter } = this.#stage;
    await clock.sleep(person.startsAt);
    let said: Acceptances = { approvedBy: [] };
    let end: Ended = 'busy';
    for (let n = 0; n < GOES_MAX; n++) {
      const last = n >= person.goes.length;
      const go = person.goes[n] ?? lastGo(person, larger(said.dataLossSeconds, this.#lossAskedFor(person)));
      const calmly = last && clock.now() >= zero + chapter.calmAt;
      if (last && !calmly) await clock.sleep(Math.max(0, zero + chapter.calmAt - clock.now()) + 1_000);
      said = together(said, await this.#says(person, go.acceptances));
      const signed = this.#stage.made.length;
      end = await this.#go(person, go, said, last);
      this.ends.push(`${person.name}:${end}`);
      if (end === 'succeeded') this.#recovered = true;
      const how = end;
      this.#stage.history.note(person.name, () => `goes home: ${how}`);
      if (end === 'succeeded' || end === 'active' || end === 'aborted') return end;
      // Of two who met at the same record the one who took over continues; nobody takes over from somebody who has just taken over.
      if (end === 'superseded' && (!this.#newest || this.#working > 0)) return end;
      if (end === 'busy' && person.name !== 'alice') return end;
      if (last) {
        // Its copy of the journal was moved away, or the bucket has just come back; or it starts again. What somebody else has changed meanwhile is made again.
        const unsigned = end === 'refused' && this.#job.open !== undefined && (this.#approvers.waits(this.#job.open) || this.#stage.made.length > signed);
        // A request that had to wait for AWS: the refusal says to resume, and a person does.
        const short = end === 'refused' && person.insists && larger(said.dataLossSeconds, this.#lossAskedFor(person)) !== said.dataLossSeconds;
        const again = unsigned || short || (end === 'refused' && said.sourceDown !== undefined && this.#signShown(person)) || (end === 'refused' && this.#tooOld(person)) || this.#gone || end === 'no-state' || end === 'superseded' || (end === 'failed' && this.#job.open === undefined);
        if (!again) break;
      }
      await clock.sleep(go.restMs);
    }
    this.#liveness(person, end);
    return end;
  }

  /** What somebody says with a start; they look before they say that the source is down. */
  async #says(person: Person, { sourceDown, ...rest }: Acceptances): Promise<Acceptances> {
    const stage = this.#stage;
    if (sourceDown === undefined) return rest;
    const word = wordOf(person, isCutOff(person.host, stage.chapter.source, stage), stage, this.#eyes);
    if (word === undefined) {
      stage.history.note(person.name, () => 'does not say that the source is down');
      return rest;
    }
    if (lateMs(person) > 0) await stage.clock.sleep(lateMs(person));
    stage.history.note(person.name, () => `says that the source is down, ${word.seen ? 'as seen' : 'and has not seen it'}`);
    stage.words.push(word);
    return { ...rest, sourceDown: person.name };
  }

  #lossAskedFor(person: Person): Acceptances['dataLossSeconds'] {
    return this.#job.open === undefined ? undefined : lossAskedFor(this.#desk.at(person.host, this.#job.open), person);
  }

  /** The last start was refused with a sign of life that its word did not know of: it is said again, or not. */
  #signShown({ host }: Person): boolean {
    const records = this.#job.open === undefined ? [] : this.#desk.at(host, this.#job.open);
    const begun = records.findLastIndex((record) => record.type === 'run.resumed' || record.type === 'run.started');
    return records.slice(begun).some((record) => record.type === 'step.refused' && Object.keys(record.facts ?? {}).some((name) => name.startsWith('sign-shown.')));
  }

  /** The run that is open was refused for decisions that had grown old. */
  #tooOld({ host }: Person): boolean {
    const records = this.#job.open === undefined ? [] : this.#desk.at(host, this.#job.open);
    const begun = records.findLastIndex((record) => record.type === 'run.resumed' || record.type === 'run.started');
    return records.slice(begun).some((record) => record.type === 'step.refused' && record.refusal.rule === 'decision-age');
  }

  /** When all is calm and a person says what is asked for, the application is recovered. */
  #liveness(person: Person, end: Ended): void {
    if (end === 'busy' || end === 'no-plan' || (this.#partly && end === 'refused')) return;
    // Somebody else's run has done it: nothing is left to do for an older one, which says so.
    if (end === 'refused' && this.#recovered) return;
    const { world, history, chapter } = this.#stage;
    const both = world.isAlive(chapter.source) && world.isAlive(chapter.target);
    if (chapter.verb === 'failover') {
      if (!world.isAlive(chapter.target)) return;
      if (saysEverything(person) && !world.isAlive(chapter.source)) history.violate(21, `calm, everything was said, and the last go ended ${end}`);
      else if (end !== 'refused') history.violate(20, `calm, and the last go ended ${end}`);
    } else if (both && end !== 'refused') {
      history.violate(21, `calm, both regions are well, and the last go of the ${chapter.verb} ended ${end}`);
    }
  }

  async #go(person: Person, go: Go, acceptances: Acceptances, last: boolean, job = this.#job): Promise<Ended> {
    const { clock, history } = this.#stage;
    this.starts += 1;
    const drills = job.verb === 'drill';
    if (!drills) {
      this.#newest = false;
      this.#gone = false;
      this.#working += 1;
    }
    const process = new Process(`${person.name}/${this.starts}`, person.host, go.death, go.pause, job.verb);
    history.note(process.name, () => `starts${go.abort === true ? ' to abort,' : ''} with ${JSON.stringify(acceptances)}`);
    const drain = new AbortController();
    const timer = new AbortController();
    const drainMs = go.drainMs ?? (job.verb === 'reprotect' ? PATIENCE_MS : undefined);
    if (drainMs !== undefined) {
      clock.sleep(drainMs, timer.signal).then(
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
      const force = person.takesOver || last;
      return await Promise.race([this.#run(process, { acceptances, abort: go.abort === true, drain: drain.signal, force }, job), late]);
    } catch (error) {
      return this.#thrown(error, process, job);
    } finally {
      timer.abort(new Error('done'));
      process.over = true;
      if (!drills) {
        this.#working -= 1;
        this.#newest = process.term > 0 && this.#watch.isNewest(process);
      }
    }
  }

  #thrown(error: unknown, process: Process, job: Job): Ended {
    if (process.dead) return 'died';
    if (error instanceof DrError) {
      if (error.code === 'SUPERSEDED') return 'superseded';
      if (error.code === 'ALREADY_ACTIVE' || error.code === 'ALREADY_PROTECTED') return 'active';
      if (error.code === 'RUN_IN_PROGRESS') return 'busy';
      if (error.code === 'JOURNAL_DIVERGED' && job.open !== undefined) this.#desk.forget(process.host, job.open);
    }
    this.#stage.history.note(process.name, () => `throws: ${messageOf(error)}`);
    if (!process.begun && this.#stage.scenario.state === 'bucket' && (error instanceof AwsError || (error instanceof DrError && error.exit === 'journal'))) return 'no-state';
    if ((error instanceof DrError || error instanceof AwsError) && !process.begun) return 'no-plan';
    this.#stage.history.violate(20, `a run ends with an error: ${messageOf(error)}`);
    return 'failed';
  }

  async #run(process: Process, way: { acceptances: Acceptances; abort: boolean; drain: AbortSignal; force: boolean }, job: Job): Promise<Ended> {
    const stage = this.#stage;
    const inner = this.#bug?.aws?.(stage.world, stage) ?? stage.world;
    const ids = new SeededIds(stage.scenario.seed + this.starts);
    const { aws: timed, clock } = onAwsTime(process.caller(stage, this.#watch, inner), skewed(stage.clock, stage.scenario.skew[process.host] ?? 0));
    const aws = reliableCaller(timed, { clock, ids });
    const effects = { ...stage.effects, ...process.ports(stage, this.#watch, stage.effects), clock, ids, aws };
    const operator = { identity: `arn:aws:sts::000000000000:assumed-role/ops/${process.name}`, user: process.name, host: process.host, pid: this.starts };
    const known = job.open;
    // Refused before anybody is superseded by it.
    if (way.abort && (known === undefined || stepsPastTheLine(foldAll(this.#desk.all(known))).length > 0)) return 'no-abort';
    // Every start asks who it is; the answer says too what time it is.
    await callerIdentity(aws, stage.chapter.target);
    const plan = known === undefined ? await this.#plan(effects, job) : undefined;
    const run = known ?? this.#name(job);
    const held = await this.#desk.take({ run, process, operator, clock, ids, aws, force: way.force && known !== undefined });
    process.term = held.term;
    try {
      const store = this.#store(process, held.store, run);
      const journal = new Journal({ store, clock, run, term: held.term, records: held.records, onRecord: (record) => this.#watch.record(process, record) });
      this.#watch.holds(process, () => journal.state, held.records.at(-1)?.term);
      if (plan !== undefined) {
        await journal.append({ type: 'run.started', plan, operator, tool: { name: 'test', version: '0', node: '0' }, mode: 'simulated', declaredAt: clock.now(), confirmedBy: 'flag', acceptances: way.acceptances, endpoints: [] });
        job.open = run;
        if (job.verb === 'drill') this.#driller?.begins();
      } else {
        const begun = await this.#goOn(journal, operator, way);
        if (begun !== undefined) return begun;
      }
      process.begun = true;
      const history = { moves: (since: number) => historyOf(held.state, journal.state, clock).moves(since), madeBy: () => Promise.resolve(undefined) };
      const end = await execute({ journal, effects: { ...effects, history, approvals: { files: () => held.approvals() } }, stepKind: (name) => this.#stepKind(name), operator, drain: way.drain });
      if (job.verb === 'drill') return end;
      this.#gone = end === 'failed' && [...journal.state.steps.values()].some(({ error }) => error?.code === END_STATE_GONE);
      // What was rolled back in part is not resumed: a new run looks at what is there.
      if (end === 'failed' && journal.state.leadingBack !== undefined) {
        job.open = undefined;
        this.#partly = true;
        this.#watch.leftPartly();
      }
      return end;
    } finally {
      if (!process.dead) await held.release().catch((error: unknown) => stage.history.note(process.name, () => `could not give back the lock: ${messageOf(error)}`));
    }
  }

  /** The first record of a resume or an abort; how it ended where there is nothing to continue with. */
  async #goOn(journal: Journal, operator: Operator, { acceptances, abort }: { acceptances: Acceptances; abort: boolean }): Promise<Ended | undefined> {
    const { state } = journal;
    if (isOver(state)) return 'active';
    if (abort && stepsPastTheLine(state).length > 0) return 'no-abort';
    if (abort) await journal.append({ type: 'undo.started', because: 'aborted by a person', operator });
    else await journal.append({ type: 'run.resumed', operator, acceptances: merge(state.acceptances, acceptances) });
    return undefined;
  }

  #name({ verb }: Job): string {
    const n = this.#runs.length + 1;
    const run = `20261120T0000${String(n).padStart(2, '0')}Z-shop-${verb}-${String(n).padStart(6, '0')}`;
    this.#runs.push(run);
    return run;
  }

  async #plan(effects: Stage['effects'], { verb, source, target }: Job): Promise<Plan> {
    const { loaded } = this.#stage;
    const observed = await observe(effects, loaded, verb === 'reprotect' ? { verb, region: target, standby: source } : { verb, region: target });
    const plan = compilePlan({
      loaded,
      verb,
      source: observed.source,
      target: observed.target,
      ...(observed.rebuild === undefined ? {} : { rebuild: observed.rebuild, standby: source }),
      account: observed.account,
      now: effects.clock.now(),
      resources: observed.resources,
    });
    return this.#bug?.plan?.(plan) ?? plan;
  }

  async #stepKind(name: string): Promise<AnyStepKind> {
    const kind = await kindOf(name);
    return tagged(name, this.#bug?.step?.(name, kind, this.#stage) ?? kind);
  }

  #store(process: Process, inner: JournalStore, run: string): JournalStore {
    const store: JournalStore = {
      read: () => inner.read(),
      append: (record) =>
        Promise.resolve().then(() => {
          process.beforeRecord(this.#stage);
          const standing = process.pauseBeforeRecord(this.#stage);
          return standing === undefined ? inner.append(record) : standing.then(() => inner.append(record));
        }),
      assertHeld: async () => {
        const asked = this.#stage.clock.now();
        await inner.assertHeld?.();
        process.lockAt = asked;
      },
    };
    return this.#bug?.store?.(store, this.#desk.all(run) as JournalRecord[]) ?? store;
  }

  /** What must be so when everybody has gone home. */
  #finally(): void {
    for (const run of this.#runs) {
      try {
        verifyRecords(this.#desk.all(run), 'the journal');
      } catch (error) {
        this.#stage.history.violate(25, `the chain of the journal is broken: ${error instanceof DrError ? (error.detail ?? '') : messageOf(error)}`);
      }
    }
    this.#watch.end();
  }
}

function jobOf({ verb, source, target }: Chapter): Job {
  return { verb, source, target, open: undefined };
}
