import type { JournalRecord } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import { simulatedAddress } from '../../src/kinds/route53/simulate.ts';
import { readSignal, sourceVerdictSchema, SOURCE_VERDICT } from '../../src/kinds/signals.ts';
import type { MadeBy, Process } from './process.ts';
import { NAME, instanceOf, SEOUL, TOKYO } from './shapes.ts';
import { REGIONS, type Stage } from './stage.ts';

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
}

/** The source counts as healthy all the time when nothing was wrong with it for so long. */
const HEALTHY_MS = 15 * 60_000;

/** A decision that a promotion rests on is older than that. */
const OLD_MS = 5 * 60_000;

/** Reads of the source are signals, or part of the fence; what traffic asks of it must not be needed. */
const MAY_ASK_SOURCE = /\.(assess[A-Za-z]*|fence|fence[A-Za-z]*|quarantine[A-Za-z]*|flipObject|quiesce|positionGate)$/;
/** Whatever removes something that holds data. */
const DESTROYS = /^(Delete|Terminate|Purge|Remove|Deregister)/;

export class Watch {
  readonly #stage: Stage;
  /** The state of the run that each process works on, as its journal has it. */
  readonly #states = new Map<Process, () => RunState>();
  /** Records of the run since each process began. */
  readonly #session = new Map<Process, JournalRecord[]>();
  #term = 0;
  /** When each database was promoted. */
  readonly #promoted = new Map<string, number>();
  #sourceBadAt: number;
  #returned = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#sourceBadAt = Number.NEGATIVE_INFINITY;
  }

  /** A process has the application from now on. */
  holds(process: Process, state: () => RunState): void {
    this.#states.set(process, state);
    this.#session.set(process, []);
    this.#term = Math.max(this.#term, process.term);
  }

  /** A record is durable. */
  record(process: Process, record: JournalRecord): void {
    this.#session.get(process)?.push(record);
    this.#stage.history.note(process.name, () => describe(record));
    if (record.type === 'run.finished' && record.outcome === 'succeeded') this.#success(process);
    this.look();
  }

  beforeCall(process: Process, call: SeenCall): void {
    const state = this.#states.get(process)?.();
    if (state === undefined) return;
    if (state.plan.verb === 'failover' && call.service !== 'route53' && call.region === state.plan.source && !MAY_ASK_SOURCE.test(call.by?.kind ?? '')) {
      this.#broken(11, `${call.by?.kind ?? 'somebody'} asks ${call.service}.${call.operation} of the source region`);
    }
    if (call.mutation) this.#mutation(process, call, state);
  }

  #mutation(process: Process, call: SeenCall, state: RunState): void {
    const { by, operation } = call;
    const records = this.#session.get(process) ?? [];
    if (!records.some((r) => r.type === 'checks.green') && by?.part !== 'undo') this.#broken(13, `${operation} before every check was green`);
    if (process.term < this.#term) this.#broken(8, `${operation} by a runner that was superseded`);
    if (DESTROYS.test(operation) && !(operation === 'DeleteObject' && by?.kind.endsWith('flipObject'))) this.#broken(9, `${operation} removes what may be in use`);
    const intents = records.filter((r) => r.type === 'step.intent' && kindOfStep(state, r.step) === by?.kind);
    if (by?.part === 'act' ? intents.length === 0 : by?.part !== 'undo') this.#broken(25, `${operation} without an intent in the journal`);
    if (operation === 'PromoteReadReplica') this.#promotion(call, state);
    if (operation === 'UpdateAutoScalingGroup') this.#scaling(call);
    if (operation === 'ChangeResourceRecordSets' || (operation === 'PutObject' && by?.kind.endsWith('flipObject'))) this.#traffic(operation, state);
  }

  #promotion(call: SeenCall, state: RunState): void {
    const id = (call.input as { DBInstanceIdentifier?: string }).DBInstanceIdentifier ?? '';
    const database = this.#stage.databases.find((name) => instanceOf(name, TOKYO) === id);
    if (database === undefined || call.region !== state.plan.target) return this.#broken(18, `promotes ${id} in ${call.region}, which the plan does not name`);
    // Asked for again after an answer that was lost: AWS refuses it, and nothing more is lost by it.
    if (this.#promoted.has(database)) return;
    this.#fence(database, state);
    this.#loss(database, state);
    this.#young(database, state);
    if (this.#stage.clock.now() - this.#sourceBadAt > HEALTHY_MS && state.acceptances.sourceDown === undefined) {
      this.#broken(7, 'promotes although the source was healthy all the time, and nobody attested that it is down');
    }
  }

  #fence(database: string, state: RunState): void {
    const fact = state.facts.get(`fence.${database}`) as { verdict?: string } | undefined;
    if (fact?.verdict === undefined) return this.#broken(2, `promotes ${database} without a fence verdict`);
    const old = { region: SEOUL, id: instanceOf(database, SEOUL) };
    if (fact.verdict === 'fenced' && this.#stage.world.acceptsWrites(old)) this.#broken(1, `promotes ${database}, called fenced, while its old writer takes writes`);
    if (fact.verdict === 'attested' && state.acceptances.sourceDown === undefined) this.#broken(2, `promotes ${database} as attested by nobody`);
    if (fact.verdict === 'source-down') {
      const judged = sourceVerdictSchema.safeParse(state.facts.get(SOURCE_VERDICT));
      const signals = [...state.facts].filter(([name]) => name.startsWith('signal.')).map(([, value]) => readSignal(value));
      const down = new Set(signals.filter((s) => s?.says === 'down').map((s) => s?.vantage));
      if (!judged.success || judged.data.verdict !== 'source-down' || down.size < 2) this.#broken(2, `promotes ${database}: source-down by ${down.size} independent signals`);
    }
  }

  /** What the promotion rests on was decided a moment ago, not hours ago by somebody else. */
  #young(database: string, state: RunState): void {
    const now = this.#stage.clock.now();
    for (const step of state.steps.values()) {
      const basis = step.id === `databases.${database}.fence` || step.id === `databases.${database}.rpoGate` || step.id === 'assess.source';
      if (basis && now - (step.endedAt ?? 0) > OLD_MS) this.#broken(13, `promotes ${database} on ${step.id}, which was decided ${Math.round((now - (step.endedAt ?? 0)) / 60_000)} minutes ago`);
    }
  }

  #loss(database: string, state: RunState): void {
    const fact = state.facts.get(`rpo.${database}`) as { boundMs?: number | null } | undefined;
    if (fact === undefined) return this.#broken(3, `promotes ${database} without a recorded bound on loss`);
    const accepted = state.acceptances.dataLossSeconds;
    const bound = fact.boundMs ?? undefined;
    if (bound === undefined) {
      if (accepted !== 'unknown') this.#broken(4, `promotes ${database} with an unknown loss that nobody accepted`);
      return;
    }
    const { rpoMs } = state.plan.objectives;
    if (bound > rpoMs && accepted !== 'unknown' && (accepted === undefined || bound > accepted * 1000)) {
      this.#broken(5, `promotes ${database} with a loss of up to ${bound} ms, RPO ${rpoMs} ms, accepted ${String(accepted)}`);
    }
    const loss = this.#lossNow(database);
    // Who says falsely that the source is down says too that no more is written there.
    const fence = state.facts.get(`fence.${database}`) as { verdict?: string } | undefined;
    if (fence?.verdict === 'attested' && this.#stage.world.isAlive(SEOUL)) return;
    if (loss === undefined || loss <= bound) return;
    // Loss counts up to the impact that was seen. Nobody saw that the source lived again after it.
    if (this.#returned) this.#stage.history.gap('the source took writes again after the impact, and is left all the same: the bound does not count them');
    else this.#broken(3, `the bound of ${database} is ${bound} ms, and ${loss} ms of acknowledged writes are lost`);
  }

  /** What a promotion at this moment loses, milliseconds; undefined when it is promoted already. */
  #lossNow(database: string): number | undefined {
    const { world, clock } = this.#stage;
    const now = clock.now();
    const { databases } = world.state;
    const link = databases.link({ region: TOKYO, id: instanceOf(database, TOKYO) }, now);
    if (link === undefined || this.#promoted.has(database)) return undefined;
    const last = databases.position({ region: SEOUL, id: instanceOf(database, SEOUL) }, now);
    return Math.max(0, last - link.reached(now));
  }

  #scaling(call: SeenCall): void {
    const input = call.input as { AutoScalingGroupName?: string; DesiredCapacity?: number };
    const { world } = this.#stage;
    const group = world.state.groups.get(call.region, input.AutoScalingGroupName ?? '');
    if (group === undefined || input.DesiredCapacity === undefined || input.DesiredCapacity >= group.desired) return;
    const other = REGIONS.find((region) => region !== call.region);
    if (other === undefined || this.#status(other) !== 200) this.#broken(19, `${input.AutoScalingGroupName ?? ''} in ${call.region} is scaled down, and no other side is healthy`);
  }

  #traffic(operation: string, state: RunState): void {
    const { world, databases } = this.#stage;
    const { target, source } = state.plan;
    for (const database of databases) {
      if (!world.acceptsWrites({ region: target, id: instanceOf(database, target) })) this.#broken(14, `${operation} while ${database} takes no writes in ${target}`);
    }
    if (this.#status(source) === 200 && this.#status(target) !== 200) this.#broken(10, `${operation} leads users from a side that answers to one that does not`);
  }

  afterCall(_process: Process, call: SeenCall): void {
    if (call.operation !== 'PromoteReadReplica') return;
    const id = (call.input as { DBInstanceIdentifier?: string }).DBInstanceIdentifier ?? '';
    const database = this.#stage.databases.find((name) => instanceOf(name, TOKYO) === id);
    if (database === undefined) return;
    if (this.#promoted.has(database)) this.#broken(25, `${database} was promoted twice`);
    this.#promoted.set(database, this.#stage.clock.now());
  }

  #success(process: Process): void {
    const { world, databases, clock, scenario } = this.#stage;
    const state = this.#states.get(process)?.();
    if (state === undefined) return;
    const { target } = state.plan;
    for (const database of databases) {
      const ref = { region: target, id: instanceOf(database, target) };
      const row = world.state.databases.row(ref);
      if (row === undefined || row.source !== undefined || row.promotion !== undefined) this.#broken(15, `success, and ${ref.id} is not promoted to its end`);
      if (!world.state.databases.acceptsWrites(ref, clock.now())) this.#broken(15, `success, and ${ref.id} takes no writes`);
      if (scenario.shape.canary && state.facts.get(`canary.${database}`) === undefined) this.#broken(15, `success without a row written to ${database} and read back`);
    }
    if (this.#answered() !== target) this.#broken(15, `success, and ${NAME} does not answer with ${target}`);
    if (this.#status(target) !== 200) this.#broken(15, `success, and ${target} does not serve users`);
  }

  /** Looks at the world as it is now. */
  look(): void {
    const { world, clock } = this.#stage;
    const { values } = world.resolve(NAME, 'A');
    if (values.length === 0) this.#broken(10, `${NAME} answers nothing`);
    if (!world.isAlive(SEOUL)) this.#sourceBadAt = clock.now();
    else if (this.#sourceBadAt > Number.NEGATIVE_INFINITY) this.#returned = true;
    this.#twoWriters();
  }

  /** Something may look wrong with the source: its replication, or what others see of it. */
  sourceTroubled(): void {
    this.#sourceBadAt = this.#stage.clock.now();
  }

  #twoWriters(): void {
    const { world, history } = this.#stage;
    for (const database of this.#promoted.keys()) {
      const old = { region: SEOUL, id: instanceOf(database, SEOUL) };
      if (!world.acceptsWrites(old) || this.#answered() !== SEOUL) continue;
      const why = this.#excuse(database);
      if (why === undefined) this.#broken(1, `users write to the old writer of ${database} after its promotion`);
      else if (why !== '') history.gap(why);
    }
  }

  /** Why two writers are nobody's fault: empty where nobody is at work. */
  #excuse(database: string): string | undefined {
    const states = [...this.#states].filter(([process]) => !process.dead && process.term === this.#term).map(([, state]) => state());
    const working = states.filter((state) => state.outcome === undefined && !state.interrupted);
    const verdict = (state: RunState) => (state.facts.get(`fence.${database}`) as { verdict?: string } | undefined)?.verdict;
    if (working.length === 0) return '';
    if (working.some((state) => verdict(state) === 'attested')) return 'a named person said that the source is down, and it was not';
    if (this.#returned && working.some((state) => verdict(state) === 'source-down')) return 'the lost region came back after the promotion, before users were moved';
    return undefined;
  }

  #answered(): string | undefined {
    const address = this.#stage.world.resolve(NAME, 'A').values[0];
    return REGIONS.find((region) => simulatedAddress(REGIONS, region) === address);
  }

  /** HTTP status of a region's application; 0 when it gives no answer. */
  #status(region: string): number {
    const { world, clock } = this.#stage;
    const app = world.state.applications.at(simulatedAddress(REGIONS, region));
    return app === undefined ? 0 : world.state.applications.status(app, clock.now());
  }

  #broken(invariant: number, why: string): void {
    this.#stage.history.violate(invariant, why);
  }
}

function kindOfStep(state: RunState, id: string): string | undefined {
  return state.plan.steps.find((step) => step.id === id)?.kind;
}

function describe(record: JournalRecord): string {
  const step = 'step' in record ? ` ${record.step}` : '';
  const because = 'because' in record ? `: ${record.because}` : '';
  const refusal = 'refusal' in record ? `: ${record.refusal.rule}: ${record.refusal.observed}` : '';
  const error = 'error' in record && typeof record.error === 'object' ? `: ${record.error.code}: ${record.error.message}` : '';
  const outcome = record.type === 'run.finished' ? `: ${record.outcome}` : '';
  return `■ ${record.seq} ${record.type}${step}${because}${refusal}${error}${outcome}`;
}
