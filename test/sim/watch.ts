import type { JournalRecord } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import { seenDownFact } from '../../src/kinds/outage.ts';
import type { Acceptances, PlanStep } from '../../src/model/step.ts';
import { isWriter } from '../../src/simulator/db-instance.ts';
import { describeRecord } from './describe.ts';
import { Eyes } from './eyes.ts';
import { LOOKS_LOST, looksLost, newestBackup } from './looks-lost.ts';
import type { MadeBy, Process } from './process.ts';
import { bystanderOf, instanceOf, regionsOf } from './shapes.ts';
import type { Stage } from './stage.ts';
import { asksForARight, judgeDrillCall } from './watch-drill.ts';
import { blindly, judgeLedBack, judgeSettled, judgeSuccess, larger, LAST_LOOK_MS } from './watch-end.ts';
import { judgeCrossing, TWO_TROUBLES } from './watch-line.ts';
import { Pages } from './watch-pages.ts';

/*
 * The invariants, asked of the history: at every call, every record and every few seconds. The watch looks into the
 * world, which the tool cannot, and believes nothing that the tool says of it.
 */

export interface SeenCall {
  service: string;
  region: string;
  operation: string;
  input: unknown;
  mutation: boolean;
  by: MadeBy | undefined;
  /** Its machine stood still between the tool's decision to make it and the request. */
  waited: boolean;
}

/** A request that changes something goes out so soon after the lock was asked for; SQL connects first. */
const LOCK_YOUNG_MS = 20_000;

/** Reads of the source are signals, or part of the fence; what traffic asks of it must not be needed. */
const MAY_ASK_SOURCE = /\.(assess[A-Za-z]*|uniqueKeys|fence|fence[A-Za-z]*|quarantine[A-Za-z]*|flipObject|raiseObject|clearObject|quiesce|positionGate)$/;
/** Before its line a restore asks once more whether the source answers, and a promotion that had to wait after the loss was decided. */
const MAY_LOOK_AT_SOURCE = /\.(promote|restore|open)$/;
/** A promotion that comes sooner asks nothing. A machine's clock may be off. */
const HAD_TO_WAIT_MS = 50_000;
/** Whatever removes something that holds data. */
const DESTROYS = /^(Delete|Terminate|Purge|Remove|Deregister)/;
/** Objects that switch users: they hold no data. */
const SWITCHES = /\.(flipObject|raiseObject|clearObject)$/;
/** A region that was dead for so long was no healthy source when writes were stopped. */
const DEAD_MS = 2 * 60_000;

/** The window of the flap guard: the default of a runbook. */
const FLAP_MS = 60 * 60_000;

/** Within that of its loss nobody can be asked to know it. */
const LOST_JUST_NOW_MS = 60_000;

/** A guard's pause, its looks, its calls, AWS's time to apply a security group, and what of a reboot passes before sessions end. */
const GUARD_MS = 90_000;

/** When a run first saw an outage, as its journal says, ms since the epoch. */
function firstSeen(state: RunState | undefined): number | undefined {
  if (state === undefined) return undefined;
  const failed = [...state.probes.values()].flatMap(({ changes }) => changes.flatMap((change) => (change.up ? [] : [change.at])));
  return seenDownFact.read(state) ?? (failed.length === 0 ? undefined : Math.min(...failed));
}

export class Watch {
  readonly #stage: Stage;
  readonly #eyes: Eyes;
  /** The state of the run that each process works on, as its journal has it. */
  readonly #states = new Map<Process, () => RunState>();
  /** Records of the run since each process began. */
  readonly #session = new Map<Process, JournalRecord[]>();
  /** True time at which each step was last done. */
  readonly #doneAt = new Map<string, number>();
  /** Databases of the beginning, by region. */
  readonly #born: ReadonlyMap<string, number>;
  #term = 0;
  /** When it was taken. */
  #takenAt = 0;
  /** When each database went over the line. */
  readonly #promoted = new Map<string, number>();
  /** Programs of the user's that were started; `away`: the bucket did not take the records of that process then. */
  readonly #programs: { text: string; away: boolean }[] = [];
  #sourceBadAt = Number.NEGATIVE_INFINITY;
  #deadSince: number | undefined;
  /** When each region was last seen to live, and when one of them was last seen to be dead. */
  readonly #aliveAt = new Map<string, number>();
  #oneDeadAt = Number.NEGATIVE_INFINITY;
  #returned = false;
  /** Since when everybody at work can see the source and change it. */
  #openSince: number | undefined;
  /** For how long that was so when a guard last gave up. */
  #openAtEnd = 0;
  /** The largest loss that somebody accepted: anyone who continues behind the line accepts nothing again. */
  #accepted: Acceptances['dataLossSeconds'];
  readonly #attestedBy = new Set<string>();
  #partly = false;
  /** Some process had records that the bucket did not take. */
  #unsent = false;
  /** A source that lives looked like a region that is lost when it was last judged. */
  #looksLost = false;
  /** Databases whose copy was made a writer while their source looked lost. */
  readonly #lookedLost = new Set<string>();
  /** Moves of the application, oldest first, by the run that made them. */
  readonly #moves: { run: string; at: number; target: string }[] = [];
  readonly #pages = new Pages();
  /** Since when two instances of a database take writes, with users on the old one, and who is at work. */
  readonly #bothSince = new Map<string, { by: string; since: number }>();

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#eyes = new Eyes(stage);
    this.#born = new Map(regionsOf(stage.scenario.shape).map((region) => [region, this.#old(region, stage.zero)]));
  }

  /** A chapter begins: what was true of the one before holds no more. */
  begin(): void {
    this.#states.clear();
    this.#session.clear();
    this.#doneAt.clear();
    this.#promoted.clear();
    this.#programs.length = 0;
    this.#sourceBadAt = Number.NEGATIVE_INFINITY;
    this.#returned = false;
    this.#accepted = undefined;
    this.#partly = false;
    this.#attestedBy.clear();
    this.#unsent = false;
    this.#looksLost = false;
    this.#lookedLost.clear();
    this.#deadSince = undefined;
    this.#openSince = undefined;
    this.#openAtEnd = 0;
  }

  /** A process has the application from now on. */
  holds(process: Process, state: () => RunState, before: number | undefined): void {
    if (before !== undefined && process.term <= before) this.#broken(8, `term ${process.term} is given upon a journal of term ${before}`);
    this.#states.set(process, state);
    this.#session.set(process, []);
    if (process.term > this.#term) this.#takenAt = this.#stage.clock.now();
    this.#term = Math.max(this.#term, process.term);
  }

  /** A run of this chapter was rolled back in part, and said so: what a later one finds is not its doing. */
  leftPartly(): void {
    this.#partly = true;
  }

  /** True while nobody has taken over from it. */
  isNewest(process: Process): boolean {
    return process.term === this.#term;
  }

  /** A record is durable. */
  record(process: Process, record: JournalRecord): void {
    this.#session.get(process)?.push(record);
    if (this.#stage.scenario.state === 'folder' && process.term < this.#term) this.#broken(25, `a record of term ${process.term} is written behind one of term ${this.#term}`);
    if (process.unsent) this.#unsent = true;
    this.#stage.history.note(process.name, () => describeRecord(record));
    if (process.verb !== 'drill' && (record.type === 'run.started' || record.type === 'run.resumed')) {
      this.#accepted = larger(this.#accepted, record.acceptances.dataLossSeconds);
      this.#attestedBy.add(record.acceptances.sourceDown ?? '');
    }
    if (record.type === 'step.done' || record.type === 'step.intent') this.#opens(process, record);
    if (record.type === 'step.done') this.#done(process, record.step);
    if (this.#stage.scenario.pages !== undefined) this.#wholeLists(process, record);
    if (record.type === 'step.unmet') this.#openAtEnd = this.#openSince === undefined ? 0 : this.#stage.clock.now() - this.#openSince;
    if (record.type === 'run.finished') this.#finished(process, record.outcome);
    this.look();
  }

  /** What the checks, a step of no return, or success rests on was read to its end. */
  #wholeLists(process: Process, record: JournalRecord): void {
    const state = this.#states.get(process)?.();
    if (state === undefined) return;
    const decides = (record.type === 'step.intent' && stepOf(state, record.step)?.reversibility === 'point-of-no-return') || (record.type === 'run.finished' && record.outcome === 'succeeded');
    if (record.type !== 'checks.green' && !decides) return;
    const left = decides ? this.#pages.ofAll(process, state, this.#stage.clock.now()) : this.#pages.ofChecks(process);
    for (const what of left) this.#broken(29, `${record.type}, and ${what} was not read to its end`);
  }

  /** A restored copy is about to be opened, or was made open: what has arrived by then shows that its source lives, and is no excuse any more. */
  #opens(process: Process, { type, step: id }: { type: string; step: string }): void {
    const state = this.#states.get(process)?.();
    const seenAt = firstSeen(state);
    const kind = state === undefined ? undefined : stepOf(state, id)?.kind;
    const closed = state?.plan.steps.some((step) => step.kind === 'rds-backup.open') === true;
    if (seenAt === undefined || !(type === 'step.intent' ? kind === 'rds-backup.open' : kind === 'rds-backup.restore' && !closed)) return;
    const database = this.#stage.databases.find((name) => id.split('.')[1] === name);
    if (database !== undefined && newestBackup(this.#stage, this.#eyes, database) > seenAt) this.#looksLost = false;
  }

  #done(process: Process, id: string): void {
    this.#doneAt.set(id, this.#stage.clock.now());
    const state = this.#states.get(process)?.();
    if (process.verb !== 'drill' && id === 'assess.source') this.#looksLost = looksLost(this.#stage, this.#eyes, firstSeen(state));
    if (state !== undefined && stepOf(state, id)?.kind.endsWith('.settle') === true) judgeSettled(this.#stage, this.#eyes, state, id);
  }

  /** The source was lost, and back: between two looks of the watch maybe, for a few seconds. */
  #wasBack(): boolean {
    const { chapter, zero, clock } = this.#stage;
    return this.#returned || chapter.happenings.some((h) => h.what === 'region-back' && h.region === chapter.source && zero + h.at <= clock.now());
  }

  #finished(process: Process, outcome: string): void {
    const state = this.#states.get(process)?.();
    if (state === undefined) return;
    const end = { stage: this.#stage, eyes: this.#eyes, state, returned: this.#wasBack(), accepted: this.#accepted, looksLost: this.#looksLost, justLost: this.#justLost(state, process.heldUp()), openFor: this.#openAtEnd, wellFor: this.#stage.clock.now() - this.#oneDeadAt };
    if (process.verb === 'drill') return;
    if (outcome === 'succeeded') judgeSuccess(end);
    if (outcome === 'aborted') judgeLedBack(end, this.#promoted, this.#partly);
  }

  /** A region that has to be well for success was lost between the last look at everything and the record of it. */
  #justLost({ plan }: RunState, heldUpMs: number): boolean {
    const needed = plan.verb === 'reprotect' ? [plan.source, plan.target] : [plan.target];
    return needed.some((region) => !this.#stage.world.isAlive(region) && this.#stage.clock.now() - (this.#aliveAt.get(region) ?? 0) < LAST_LOOK_MS + heldUpMs);
  }

  beforeCall(process: Process, call: SeenCall): void {
    if (this.#stage.scenario.pages !== undefined) this.#pages.asked(process, call);
    if (call.by?.part === 'state') return;
    const state = this.#states.get(process)?.();
    if (state === undefined) return;
    if (state.plan.verb === 'failover' && call.service !== 'route53' && call.region === state.plan.source && !MAY_ASK_SOURCE.test(call.by?.kind ?? '') && !this.#looksAgain(process, call)) {
      this.#broken(11, `${call.by?.kind ?? 'somebody'} asks ${call.service}.${call.operation} of the source region`);
    }
    const { scenario, chapter } = this.#stage;
    // A drill looks at all of production, so as to see that it leaves it as it is.
    if (call.region === bystanderOf(scenario.shape, chapter) && (process.verb !== 'drill' || call.mutation)) this.#broken(18, `${call.by?.kind ?? 'somebody'} asks ${call.service}.${call.operation} of ${call.region}, which the run has nothing to do with`);
    if (call.mutation) this.#mutation(process, call, state);
  }

  /** Right before the line, whether its database answers. */
  #looksAgain(process: Process, { operation, by }: SeenCall): boolean {
    const kind = by?.kind ?? '';
    if (operation !== 'DescribeDBInstances' || !MAY_LOOK_AT_SOURCE.test(kind)) return false;
    const fencedAt = Math.max(...[...this.#doneAt].flatMap(([id, at]) => (id.endsWith('.fence') ? [at] : [])));
    const now = this.#stage.clock.now();
    // A machine that has stood still since it saw that recorded it late.
    return !kind.endsWith('.promote') || now - fencedAt >= HAD_TO_WAIT_MS || process.stoodStill(now, HAD_TO_WAIT_MS);
  }

  /** A row is written to a database: in a drill only to its own, but where each region writes to its own row. */
  canary(process: Process, { host, port }: { host: string; port: number }): void {
    const id = this.#stage.world.state.databases.atEndpoint(host, port)?.id ?? host;
    if (process.verb === 'drill' && this.#stage.scenario.shape.strategy !== 'active-active' && !id.startsWith('dr-drill-')) this.#broken(26, `a drill writes a row to ${id}`);
  }

  #mutation(process: Process, call: SeenCall, state: RunState): void {
    const { by, operation } = call;
    if (process.verb === 'drill' && asksForARight(this.#stage, call)) return;
    const records = this.#session.get(process) ?? [];
    if (!records.some((r) => r.type === 'checks.green') && by?.part !== 'undo') this.#broken(13, `${operation} before every check was green`);
    if (process.term < this.#term) this.#superseded(process, call);
    const lockAge = this.#stage.clock.now() - process.lockAt;
    if (!call.waited && this.#stage.scenario.state === 'folder' && lockAge > LOCK_YOUNG_MS) this.#broken(8, `${operation} ${Math.round(lockAge / 1000)} s after the lock was asked for`);
    if (process.verb === 'drill') judgeDrillCall(this.#stage, call);
    else if (DESTROYS.test(operation) && !(operation === 'DeleteObject' && SWITCHES.test(by?.kind ?? ''))) this.#broken(9, `${operation} removes what may be in use`);
    const intent = by?.part === 'undo' ? 'undo.intent' : 'step.intent';
    const intents = records.filter((r) => r.type === intent && stepOf(state, r.step)?.kind === by?.kind);
    const mayAct = by?.part === 'act' || by?.part === 'undo';
    if (!mayAct || intents.length === 0) this.#broken(25, `${operation} without an intent in the journal`);
    if (by?.part !== 'undo' && process.verb !== 'drill') this.#forward(call, state);
  }

  #forward(call: SeenCall, state: RunState): void {
    const { operation, by } = call;
    const step = state.plan.steps.find((s) => s.kind === by?.kind);
    if (operation === 'PromoteReadReplica' || (step?.reversibility === 'point-of-no-return' && step.phase === 'data' && call.service === 'rds')) this.#crossing(call, state);
    if (operation === 'UpdateAutoScalingGroup') this.#scaling(call);
    if (step?.phase === 'traffic' || SWITCHES.test(by?.kind ?? '')) this.#traffic(operation, state);
    if (operation === 'SetReadOnly' && (call.input as { on?: boolean }).on === true) this.#planned(state);
  }

  /**
   * With a bucket, what it had asked about before somebody took over may still be on its way. Where the bucket does not
   * answer it cannot know of any other.
   */
  #superseded(process: Process, call: SeenCall): void {
    if (call.waited) return this.#stage.history.gap('a machine stood still between asking for the lock and its request, and somebody took over meanwhile');
    if (this.#stage.scenario.state === 'bucket') {
      if (process.askedAt <= this.#takenAt) return;
      if (process.stateAway) return this.#stage.history.gap('the bucket went away after a take-over, and who was superseded could not know');
    }
    this.#broken(8, `${call.operation} by a runner that was superseded`);
  }

  /** Back and forth within the hour only by a person's word. */
  #again(state: RunState): void {
    const { run, plan, acceptances } = state;
    if (plan.verb === 'reprotect') return;
    const now = this.#stage.clock.now();
    const other = this.#moves.findLast((move) => move.run !== run);
    const soon = other !== undefined && other.target !== plan.target && now - other.at < FLAP_MS;
    if (soon && acceptances.flap === undefined) this.#broken(23, `moves back to ${plan.target} ${Math.round((now - other.at) / 60_000)} minutes after it was left, and nobody acknowledged that`);
    this.#moves.push({ run, at: now, target: plan.target });
  }

  #crossing(call: SeenCall, state: RunState): void {
    const input = call.input as { DBInstanceIdentifier?: string; TargetDBInstanceIdentifier?: string };
    const id = input.TargetDBInstanceIdentifier ?? input.DBInstanceIdentifier ?? '';
    const database = this.#stage.databases.find((name) => instanceOf(name, state.plan.target) === id);
    if (database === undefined || call.region !== state.plan.target) return this.#broken(18, `promotes ${id} in ${call.region}, which the plan does not name`);
    // Asked for again after an answer that was lost: AWS refuses it, and nothing more is lost by it.
    if (this.#promoted.has(database)) return;
    this.#again(state);
    const sourceBadAt = this.#sourceBadAt;
    const { clock } = this.#stage;
    judgeCrossing({ stage: this.#stage, eyes: this.#eyes, database, state, sourceBadAt, returned: this.#wasBack(), deadSince: this.#deadSince, attestedBy: this.#attestedBy, looksLost: this.#looksLost, twoTroubles: this.#twoTroubles(clock.now()), doneAt: (step) => this.#doneAt.get(step), stoodStill: call.waited || this.#atWork().some((process) => process.stoodStill(clock.now(), 1_000)) });
  }

  #scaling(call: SeenCall): void {
    const input = call.input as { AutoScalingGroupName?: string; DesiredCapacity?: number };
    const group = this.#stage.world.state.groups.get(call.region, input.AutoScalingGroupName ?? '');
    if (group === undefined || input.DesiredCapacity === undefined || input.DesiredCapacity >= group.desired) return;
    const others = regionsOf(this.#stage.scenario.shape).filter((region) => region !== call.region);
    if (others.some((region) => this.#eyes.status(region) === 200)) return;
    const { world, clock, history } = this.#stage;
    // A look and the request that rests on it are some seconds apart.
    const justLost = others.some((region) => !world.isAlive(region) && clock.now() - (this.#aliveAt.get(region) ?? 0) < LAST_LOOK_MS);
    if (justLost) history.gap('a region was lost while the other side was scaled down');
    else this.#broken(19, `${input.AutoScalingGroupName ?? ''} in ${call.region} is scaled down, and no other side is healthy`);
  }

  #traffic(operation: string, state: RunState): void {
    const { plan } = state;
    const stage = this.#stage;
    const shared = stage.scenario.shape.strategy === 'active-active';
    const back = shared && plan.verb === 'reprotect';
    const [from, to] = back ? [plan.target, plan.source] : [plan.source, plan.target];
    if (!stage.world.isAlive(to)) {
      // A look and the request that rests on it are some seconds apart, and more where it is throttled. In a failover users have nowhere better to be.
      const unseen = stage.clock.now() - (this.#aliveAt.get(to) ?? 0) < LOST_JUST_NOW_MS || (plan.verb === 'failover' && !stage.world.isAlive(from));
      const promoted = stage.databases.every((database) => {
        const row = stage.world.state.databases.row(this.#eyes.ref(database, to));
        return row !== undefined && isWriter(row, stage.clock.now());
      });
      if (unseen && promoted) return stage.history.gap('a region was lost while users were being led to it');
    }
    for (const database of stage.databases) {
      if (!this.#eyes.takesWrites(database, to)) this.#broken(14, `${operation} while ${database} takes no writes in ${to}`);
    }
    if (this.#eyes.status(from) !== 200 || this.#eyes.status(to) === 200) return;
    if (plan.verb === 'failover' && stage.databases.some((database) => blindly(stage, state, database))) return stage.history.gap('a named person said that the source is down, had not seen it, and it was not');
    this.#broken(10, `${operation} leads users from a side that answers to one that does not`);
  }

  /** A switchover is for a source that is well. */
  #planned(state: RunState): void {
    const dead = this.#deadSince;
    if (state.plan.verb === 'switchover' && dead !== undefined && this.#stage.clock.now() - dead > DEAD_MS) this.#broken(7, 'a switchover stops writes in a region that has been dead for minutes');
  }

  /** A program of the user's is started: twice only if it does no harm, or a person says so. */
  program(process: Process, text: string): void {
    const state = this.#states.get(process)?.();
    const known = this.#programs.filter((one) => one.text === text && !/pause|go-on/.test(text));
    if (known.length > 0 && !(state?.acceptances.again ?? []).some((name) => name.endsWith('jobs'))) {
      if (known.every(({ away }) => away)) this.#stage.history.gap('a program was run while the bucket was away, and run again by another machine that could not know');
      else this.#broken(21, `${text} is run twice`);
    }
    this.#programs.push({ text, away: process.unsent });
  }

  /** A runner has an answer that it still waits for. */
  got(process: Process, call: SeenCall, output: unknown): void {
    if (this.#stage.scenario.pages !== undefined) this.#pages.answered(process, call, output, this.#stage.clock.now());
  }

  afterCall(process: Process, call: SeenCall): void {
    if (process.verb === 'drill') return;
    const input = call.input as { DBInstanceIdentifier?: string; TargetDBInstanceIdentifier?: string };
    const opened = call.by?.kind.endsWith('.open') === true && call.mutation;
    const restored = /^RestoreDBInstance/.test(call.operation) && !this.#stage.scenario.shape.fence;
    if (call.operation !== 'PromoteReadReplica' && !opened && !restored) return;
    const id = input.TargetDBInstanceIdentifier ?? input.DBInstanceIdentifier ?? '';
    const database = this.#stage.databases.find((name) => instanceOf(name, this.#stage.chapter.target) === id);
    if (database === undefined) return;
    if (this.#promoted.has(database) && !opened) this.#broken(25, `${database} was promoted twice`);
    this.#promoted.set(database, this.#stage.clock.now());
    if (this.#looksLost) this.#lookedLost.add(database);
  }

  /** Looks at the world as it is now. */
  look(): void {
    const { world, clock, chapter } = this.#stage;
    for (const region of [chapter.source, chapter.target]) {
      if (world.isAlive(region)) this.#aliveAt.set(region, clock.now());
      else if (chapter.verb === 'reprotect' || region === chapter.target) this.#oneDeadAt = clock.now();
    }
    if (this.#eyes.silent()) this.#broken(10, 'the name answers nothing');
    if (!world.isAlive(chapter.source)) {
      this.#sourceBadAt = clock.now();
      this.#deadSince ??= clock.now();
    } else {
      if (this.#deadSince !== undefined) this.#returned = true;
      this.#deadSince = undefined;
      if (this.#troubled()) this.#sourceBadAt = clock.now();
    }
    this.#openSince = world.isAlive(chapter.source) && !this.#unreachable() && !this.#halfDead() ? (this.#openSince ?? clock.now()) : undefined;
    this.#twoWriters();
  }

  #halfDead(): boolean {
    const { chapter, zero, clock } = this.#stage;
    const now = clock.now() - zero;
    return chapter.happenings.some((h) => h.what === 'half-dead' && h.api !== 'well' && h.at <= now && now <= h.until);
  }

  /** Something may look wrong with the source: its replication, or what others see of it. */
  #troubled(): boolean {
    const { chapter, zero, clock, scenario } = this.#stage;
    const now = clock.now() - zero;
    if (scenario.lagUnknown) return true;
    return chapter.happenings.some((h) => h.at <= now && (h.what === 'fault' ? now <= h.until && h.fault.region !== bystanderOf(scenario.shape, chapter) : h.what === 'half-dead' || h.what === 'status' ? now <= h.until : h.what === 'lag' || h.what === 'replication-stopped'));
  }

  /** What must be so when everybody has gone home. */
  end(): void {
    for (const [region, count] of this.#born) {
      if (this.#old(region, this.#stage.zero) < count) this.#broken(9, `a database of ${region} is gone`);
    }
  }

  /** Instances of a region that were there when the scenario began, whatever they are called now. */
  #old(region: string, before: number): number {
    let count = 0;
    for (const row of this.#stage.world.state.databases.table(region).values()) if (row.createdAt < before) count += 1;
    return count;
  }

  #twoWriters(): void {
    const { history, chapter } = this.#stage;
    for (const database of this.#promoted.keys()) {
      const used = this.#eyes.hasOldSessions(database, chapter.source) || this.#eyes.answers().has(chapter.source);
      if (!used || !this.#eyes.takesWrites(database, chapter.source)) {
        this.#bothSince.delete(database);
        continue;
      }
      const why = this.#excuse(database);
      if (why === undefined) this.#broken(1, `users write to the old writer of ${database} after its promotion`);
      else if (why !== '') history.gap(why);
    }
  }

  /** Nothing tells that from a region that is lost, where no health check watches it. As it was when the line was crossed. */
  #twoTroubles(at: number): boolean {
    const { scenario, chapter, databases, world, zero } = this.#stage;
    const now = at - zero;
    const last = (one: string) => chapter.happenings.findLast((h) => (h.what === 'replication-stopped' || h.what === 'replication-on') && h.database === one && h.at <= now);
    const stood = scenario.lagUnknown || databases.every((name) => last(name)?.what === 'replication-stopped');
    return scenario.cutOff !== undefined && scenario.shape.switch === 'object' && world.isAlive(chapter.source) && stood;
  }

  #atWork(): Process[] {
    return [...this.#states.keys()].filter((process) => process.verb !== 'drill' && !process.dead && !process.over && process.term === this.#term);
  }

  /** Why two writers are nobody's fault: empty where nobody is at work. */
  #excuse(database: string): string | undefined {
    const states = this.#atWork().flatMap((process) => this.#states.get(process)?.() ?? []);
    const working = states.filter((state) => state.outcome === undefined && !state.interrupted);
    const verdict = (state: RunState) => (state.facts.get(`fence.${database}`) as { verdict?: string } | undefined)?.verdict;
    if (working.length === 0) return '';
    if (working.some((state) => blindly(this.#stage, state, database))) return 'a named person said that the source is down, had not seen it, and it was not';
    if (this.#twoTroubles(this.#promoted.get(database) ?? 0) && working.some((state) => verdict(state) === 'source-down')) return TWO_TROUBLES;
    if (this.#looksLost && working.some((state) => verdict(state) === 'source-down')) return LOOKS_LOST;
    const leadsUsers = (state: RunState) => state.plan.steps.some(({ id, phase }) => phase === 'traffic' && state.steps.get(id)?.intendedAt !== undefined);
    if (!this.#stage.scenario.shape.fence && this.#lookedLost.has(database) && !working.some(leadsUsers)) return 'a copy was made open while its source looked lost, which lives: no user is led to the copy, and nothing can close either of them';
    // What the bucket did not take while it was away, anyone who continues elsewhere does not know.
    const known = (state: RunState) => verdict(state) === 'source-down' || verdict(state) === 'attested' || (verdict(state) === undefined && this.#unsent);
    if (!this.#returned || !working.some(known)) return undefined;
    if (!this.#stage.scenario.shape.fence) return 'the lost region came back before users were moved, and the runbook names no quarantine group';
    const now = this.#stage.clock.now();
    if (this.#atWork().some((process) => process.stoodStill(now, GUARD_MS))) return 'the lost region came back while the machine at work stood still: its guard could not close it';
    if (this.#unreachable()) this.#bothSince.delete(database);
    if (this.#unreachable()) return 'the lost region came back before users were moved, and its RDS API was in trouble: nothing could close it';
    if (this.#unchangeable(database)) this.#bothSince.delete(database);
    if (this.#unchangeable(database)) return 'the lost region came back before users were moved, and AWS refuses every change of its database while it has such a status: nothing could close it';
    return this.#closing(database) ? 'the lost region came back before users were moved: writes of at most a minute, until the guard had closed it' : undefined;
  }

  /** The RDS API of the source is made to fail, or anyone who is at work is cut off from it. */
  #unreachable(): boolean {
    const { chapter, zero, clock } = this.#stage;
    const now = clock.now() - zero;
    if (this.#atWork().some((process) => process.cutOffFrom(chapter.source, this.#stage))) return true;
    return chapter.happenings.some((h) => h.what === 'fault' && h.fault.service === 'rds' && h.fault.region === chapter.source && h.at <= now && now <= h.until);
  }

  /** The old writer has a status in which AWS changes no instance, and did not get it from the tool. */
  #unchangeable(database: string): boolean {
    const { chapter, zero, clock } = this.#stage;
    const now = clock.now() - zero;
    return chapter.happenings.some((h) => h.what === 'status' && h.region === chapter.source && h.database === database && h.at <= now && now <= h.until);
  }

  /** A guard is given its time, by each process that is at work. */
  #closing(database: string): boolean {
    const at = this.#atWork().map((process) => process.name).join();
    const now = this.#stage.clock.now();
    const both = this.#bothSince.get(database);
    if (both?.by !== at) this.#bothSince.set(database, { by: at, since: now });
    return both?.by !== at || now - both.since <= GUARD_MS;
  }

  #broken(invariant: number, why: string): void {
    this.#stage.history.violate(invariant, why);
  }
}

function stepOf(state: RunState, id: string): PlanStep | undefined {
  return state.plan.steps.find((step) => step.id === id);
}
