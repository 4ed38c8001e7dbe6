import { planFor } from '../make-plan.ts';
import { notRun } from '../in-lab.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import { loadStepKind } from '../../kinds/registry.ts';
import type { Acceptances, AnyStepKind } from '../../model/step.ts';
import type { Plan } from '../../model/plan.ts';
import { drawDurations, type DurationName, DURATIONS, timingsOf } from '../../rehearsal/durations.ts';
import type { Account } from '../../rehearsal/account.ts';
import { continueRun, loadSteps, type Played, startRun } from '../../rehearsal/play.ts';
import { type Kept, throughResolver } from '../../rehearsal/resolver.ts';
import { type Stage, stageOf } from '../../rehearsal/stage.ts';
import { runClock } from '../../report/clock-evidence.ts';
import { databaseEvidence } from '../../report/data-evidence.ts';
import { objectivesOf } from '../../report/objectives.ts';
import type { LoadedRunbook } from '../../runbook/runbook.ts';
import { Random } from '../../simulator/random.ts';
import type { Fault } from '../../simulator/seeds.ts';
import type { World } from '../../simulator/world.ts';
import type { Clock } from '../../base/clock.ts';
import type { HttpPort } from '../../effects/effects.ts';
import { LIMITS } from '../../base/limits.ts';
import type { RunState } from '../../journal/state.ts';
import { judgeSample } from '../../measure/probe.ts';

export interface Rehearsal {
  loaded: LoadedRunbook;
  source: string;
  target: string;
  /** What a person knows better than the defaults. */
  durations: Readonly<Partial<Record<DurationName, { p50: number; p95: number }>>>;
  /** What an account has; absent: the world is made from the runbook alone. */
  account?: Account | undefined;
  /** How the application of the lost region fails its users. Default: silent. */
  lostApplications?: 'silent' | 'refuses' | undefined;
  /** Without: AWS answers as it should. */
  faults: boolean;
  /** Figures alone are wanted: the records of the run get no hashes, which cost a tenth of a rehearsal. */
  figuresOnly?: boolean;
}

/** One rehearsed failover. Times in milliseconds. */
export interface Figures {
  seed: number;
  outcome: string;
  /** How often a person started it: once, and again after each refusal. */
  starts: number;
  /** From the loss of the region to the first good answer; undefined: not recovered, or not measured. */
  rtoMs?: number;
  /** The bound on lost writes that the run would have reported. */
  rpoMs?: number;
  rto: Verdict;
  rpo: Verdict;
  /** What was lost, as only a simulation knows. */
  trueLossMs?: number;
  /** Why it did not recover: step and rule, the same text for the same reason. */
  because?: string;
  observed?: string;
  /** How long the slowest way through the plan spent in each step. */
  decided: readonly Decided[];
}

export interface Way {
  stage: Stage;
  source: string;
  target: string;
}

/** What is made otherwise than in a plain rehearsal. All of it inside of simulated time. */
export interface Planted {
  /** While all is still well. */
  before?: (way: Way) => Promise<void> | void;
  /** Instead of the loss of the region. */
  instead?: (way: Way) => void;
  /** Begun with the run, beside it. */
  during?: (way: Way) => void;
  /** What a person does about it, once the run has said what is wrong. */
  mend?: (way: Way) => void;
  nobodyAgrees?: true;
  /** A run that stops before the point of no return is not resumed: it has been seen. */
  once?: true;
}

export interface OneRehearsal {
  stage: Stage;
  /** Something in the target takes writes that took none before: the line is crossed, whatever the journal says. */
  crossed: boolean;
  figures: Figures;
  /** Undefined: there was no plan. */
  played?: Played;
}

export type Verdict = 'met' | 'missed' | 'not measured' | 'not applicable';

const OPERATOR = { identity: 'arn:aws:sts::000000000000:assumed-role/rehearsal/operator', user: 'rehearsal', host: 'simulated', pid: 1 };

/** Everybody who may agree has agreed: what their signatures take is part of the time to decide. */
function acceptancesOf({ runbook }: LoadedRunbook): Acceptances {
  return { approvedBy: [...new Set(runbook.approvals.flatMap(({ from }) => from.map(({ name }) => name)))] };
}

/**
 * The runbook as it is rehearsed. Signatures are of people: a name on the command line stands for them. Probes are sampled as often as
 * the result can show: where a promotion takes minutes, every five seconds at most.
 */
export function rehearsable(loaded: LoadedRunbook, durations: Rehearsal['durations']): LoadedRunbook {
  const approvals = loaded.runbook.approvals.map((approval) => ({ ...approval, from: approval.from.map(({ name }) => ({ name, keys: [] })) }));
  const leastMs = Math.min(5_000, (durations.promotionMs ?? DURATIONS.promotionMs).p50 / 60);
  const probes = loaded.runbook.probes.map((probe) => ({ ...probe, everyMs: Math.max(probe.everyMs, Math.min(leastMs, Math.max(probe.everyMs, probe.holdMs / 2))) }));
  return { ...loaded, runbook: { ...loaded.runbook, approvals, probes } };
}

/** A step that reaches something that no simulated world has: it is passed over. */
function onlySimulated(plan: Plan): (name: string) => Promise<AnyStepKind> {
  const outside = new Set(plan.steps.filter((step) => step.outside !== undefined).map(({ kind }) => kind));
  return async (name) => (outside.has(name) ? notRun(await loadStepKind(name), 'simulated: not run in a rehearsal') : loadStepKind(name));
}

/** The stage of a seed, the region lost, and a failover of it. The same seed gives the same figures. */
export async function rehearseOnce(rehearsal: Rehearsal, seed: number, planted: Planted = {}): Promise<OneRehearsal> {
  const { loaded, source, target } = rehearsal;
  const random = new Random(seed);
  const drawn = drawDurations(random, rehearsal.durations);
  const { account } = rehearsal;
  const lagMs = account === undefined || rehearsal.durations.lagMs !== undefined ? drawn.lagMs : undefined;
  const calmMs = CALM_MS + Math.max(lagMs ?? 0, account === undefined ? 0 : pastOf(account));
  const stage = await stageOf(loaded, { seed, timings: timingsOf(drawn), calmMs, account, lostApplications: rehearsal.lostApplications, inMemory: true, prepare: (world) => lagMs !== undefined && lagging(world, lagMs) });
  if (rehearsal.faults) layFaults(stage.world, random, target);
  const { clock, world } = stage;
  const effects = { ...stage.effects, http: throughResolver(stage.effects.http, stage.effects.dns, clock, drawn.resolverMs) };
  const users = watchUsers(throughResolver(stage.effects.http, stage.effects.dns, clock, drawn.resolverMs, usersOf(source, stage, drawn.resolverMs)), loaded, clock);
  // Where one region serves, the probes of the run itself see it down.
  const watched = loaded.runbook.strategy === 'active-active';
  const way = { stage, source, target };
  if (planted.before !== undefined) await clock.run(async () => planted.before?.(way));
  const had = new Set(takingWrites(stage, target));
  const crossed = () => takingWrites(stage, target).some((id) => !had.has(id));
  const lostAt = clock.now();
  const plan = await clock.run(async () => {
    if (planted.instead === undefined) world.breakRegion(source);
    else planted.instead(way);
    if (watched) users.begin();
    await clock.sleep(drawn.decideMs);
    return planned(() => planFor(effects, loaded, { verb: 'failover', region: target, from: source }).then(({ plan: made }) => made), clock);
  });
  if (plan instanceof DrError) {
    users.stop();
    return { stage, crossed: false, figures: { seed, outcome: 'no-plan', starts: 0, rto: 'not measured', rpo: 'not measured', because: plan.message, decided: [] } };
  }
  await loadSteps(plan);
  const start = { acceptances: planted.nobodyAgrees === true ? { approvedBy: [] } : acceptancesOf(loaded), run: `rehearsal-${seed}`, operator: OPERATOR, impactAt: lostAt, effects, stepKind: onlySimulated(plan), unkept: rehearsal.figuresOnly === true };
  const played = await clock.run(async () => {
    planted.during?.(way);
    let last = await startRun(stage, plan, { ...start });
    const untouched = !crossed();
    for (let resumes = 0; resumes < RESUMES_MAX && mayResume(last) && !(planted.once === true && untouched); resumes++) {
      await clock.sleep(REST_MS);
      planted.mend?.(way);
      last = await continueRun(stage, last.records, { ...start, term: resumes + 2 });
    }
    users.stop();
    return last;
  });
  return { stage, crossed: crossed(), figures: figuresOf(stage, rehearsal, seed, lostAt, played, users), played };
}

/** Databases of a region that take writes, as the world itself has it. */
export function takingWrites({ world }: Stage, region: string): string[] {
  return [...world.state.databases.all()].filter((row) => row.ref.region === region && world.acceptsWrites(row.ref)).map(({ ref }) => ref.id);
}

/** Where several regions answer, those users count that the lost one has: what their resolvers hold when it is lost. */
function usersOf(source: string, { world, clock, loaded }: Stage, keptMs: number): Map<string, Kept> {
  const [probe] = loaded.runbook.probes;
  if (probe === undefined) return new Map();
  const { hostname } = new URL(probe.http);
  for (let n = 0; n < ANSWERS_TRIED; n++) {
    const { values, ttl } = world.resolve(hostname, 'A');
    const [address] = values;
    if (address !== undefined && world.state.applications.at(address)?.region === source) return new Map([[hostname, { address, until: clock.now() + Math.max(ttl * 1000, keptMs) }]]);
  }
  return new Map();
}

/** More than a weight of a tenth needs. */
const ANSWERS_TRIED = 60;

/** A plan, or why a person who tries again and again gets none. */
async function planned(make: () => Promise<Plan>, clock: Stage['clock']): Promise<Plan | DrError> {
  for (let n = 0; ; n++) {
    try {
      return await make();
    } catch (error) {
      if (n >= RESUMES_MAX) return error instanceof DrError ? error : new DrError({ code: 'PLAN_FAILED', exit: 'bug', title: messageOf(error) });
      await clock.sleep(REST_MS);
    }
  }
}

/** A person who reads a refusal, or a failure, and runs `dr resume`: so often, each time after so long. */
const RESUMES_MAX = 4;
const REST_MS = 60_000;

/** Nothing that a person has to say is missing: they have said all that they may. */
function mayResume({ outcome }: Played): boolean {
  return outcome === 'refused' || outcome === 'failed';
}

/** How long all is well before, and for as long as a replica is behind: CloudWatch has a sample a minute, and a world that is younger than the lag knows none. */
const CALM_MS = 4 * 60_000;

/** Every replica of the world follows with that lag. */
function lagging(world: Stage['world'], lagMs: number): void {
  for (const row of world.state.databases.all()) if (row.source !== undefined && world.state.databases.link(row.ref, world.now())?.mode(world.now()) !== 'stopped') world.setReplication(row.ref, { lagMs });
}

/** How old a world has to be for what an account's replicas lack, milliseconds. The tool looks back three hours. */
function pastOf({ databases }: Account): number {
  const lags = Object.values(databases).flatMap((one) => (one?.replication === undefined ? [] : [Math.max(one.replication.lagMs ?? 0, one.replication.state === 'stopped' ? Math.min(one.replication.sinceMs ?? PAST_MAX_MS, PAST_MAX_MS) : 0)]));
  return Math.max(0, ...lags);
}

const PAST_MAX_MS = 4 * 3_600_000;

function figuresOf({ world }: Stage, { target }: Rehearsal, seed: number, lostAt: number, played: Played, users: UsersSeen): Figures {
  const { state, records, outcome } = played;
  const rto = runClock(state, records, { impact: { at: lostAt, source: 'the region was lost' } });
  const objectives = objectivesOf(state, rto, databaseEvidence(state), undefined);
  const verdict = (name: string) => objectives.find((one) => one.name === name);
  const [time, loss] = [verdict('RTO'), verdict('RPO')];
  const losses = [...world.state.databases.all()].filter((row) => row.ref.region === target).flatMap((row) => world.lossOf(row.ref) ?? []);
  const refused = [...state.steps.values()].find((step) => step.refusal !== undefined || step.state === 'failed' || step.check === 'failed');
  const because = refused === undefined ? undefined : `${refused.id}: ${refused.refusal?.rule ?? refused.error?.message ?? refused.because}`;
  const recovered = outcome === 'succeeded';
  // Where the tool never saw it down, its users may have, before the run began.
  const seenMs = time?.actualMs === null || time?.actualMs === undefined || time.atLeast ? users.backMs(lostAt) : time.actualMs;
  const starts = records.filter(({ type }) => type === 'run.started' || type === 'run.resumed').length;
  return {
    seed,
    outcome,
    starts,
    rto: !recovered ? 'missed' : seenMs === undefined ? 'not measured' : seenMs <= state.plan.objectives.rtoMs ? 'met' : 'missed',
    rpo: recovered ? (loss?.verdict ?? 'not measured') : 'missed',
    ...(recovered && seenMs !== undefined ? { rtoMs: Math.round(seenMs) } : {}),
    ...(recovered && loss?.actualMs !== null && loss?.actualMs !== undefined ? { rpoMs: Math.round(loss.actualMs) } : {}),
    ...(losses.length === 0 ? {} : { trueLossMs: Math.round(Math.max(...losses.map(({ ms }) => ms))) }),
    ...(recovered || because === undefined ? {} : { because }),
    ...(recovered || refused?.refusal === undefined ? {} : { observed: refused.refusal.observed }),
    decided: recovered ? decidedBy(state) : [],
  };
}

/* What AWS does on a bad day besides losing a region: throttling, lost answers, slow answers. Nothing that a run should not bear. */

/** Of ten rehearsals so many have troubles of AWS in the target region. */
const SHARE = 0.3;
const TROUBLES: readonly { effect: Fault['effect']; times: number }[] = [
  { effect: { kind: 'throttle' }, times: 3 },
  { effect: { kind: 'throttle' }, times: 8 },
  { effect: { kind: 'reset' }, times: 2 },
  { effect: { kind: 'answer-lost' }, times: 1 },
  { effect: { kind: 'slow', ms: 3_000 }, times: 10 },
  { effect: { kind: 'error', httpStatus: 503, code: 'ServiceUnavailable' }, times: 3 },
];
const SERVICES = ['rds', 'autoscaling', 'route53', 'cloudwatch', 'ec2'] as const;

/** Every draw is made, whatever comes of it: one more trouble moves nothing else of a seed. */
function layFaults(world: World, random: Random, target: string): void {
  const [share, which, service] = [random.next(), random.below(TROUBLES.length), random.below(SERVICES.length)];
  const trouble = TROUBLES[which];
  const name = SERVICES[service];
  if (share >= SHARE || trouble === undefined || name === undefined) return;
  world.addFault({ ...(name === 'route53' ? {} : { region: target }), service: name, ...trouble });
}

/** What users saw of the application, from the loss of the region on. */
interface UsersSeen {
  /** Inside of simulated time. */
  begin(): void;
  stop(): void;
  /** From `since` to the first good answer after the last bad one; undefined: they never saw it down, or it is down still. Milliseconds. */
  backMs(since: number): number | undefined;
}

/** Between two looks: as exact as an RTO of minutes has to be. */
const EVERY_MS = 10_000;

/** Users who ask the first probe's page all the time. Without a probe nobody knows what users see. */
function watchUsers(http: HttpPort, { runbook }: LoadedRunbook, clock: Clock): UsersSeen {
  const [probe] = runbook.probes;
  let on = probe !== undefined;
  let down = false;
  let backAt: number | undefined;
  const look = async (): Promise<void> => {
    while (on && probe !== undefined) {
      const sample = await http.request({ url: probe.http, timeoutMs: LIMITS.probeMs });
      if (!judgeSample(sample, probe).up) [down, backAt] = [true, undefined];
      else if (down) backAt ??= clock.now();
      await clock.sleep(EVERY_MS);
    }
  };
  return {
    begin: () => void look(),
    stop: () => {
      on = false;
    },
    backMs: (since) => (down && backAt !== undefined ? backAt - since : undefined),
  };
}

/** A step of the slowest way through a run, and how long it was waited for. */
interface Decided {
  step: string;
  title: string;
  ms: number;
}

/** From the step that ended last back to the start, each time to the step that was waited for longest. */
function decidedBy(state: RunState): Decided[] {
  const planned = new Map(state.plan.steps.map((step) => [step.id, step]));
  const endOf = (id: string): number => state.steps.get(id)?.endedAt ?? 0;
  const latest = (ids: readonly string[]): string | undefined => ids.toSorted((a, b) => endOf(b) - endOf(a))[0];
  const required = state.plan.steps.filter((step) => !step.optional && step.beside === undefined && step.phase !== 'protect').map(({ id }) => id);
  const way: Decided[] = [];
  for (let id = latest(required); id !== undefined; ) {
    const step = planned.get(id);
    const before = latest(step?.after ?? []);
    const ms = endOf(id) - (before === undefined ? state.startedAt : endOf(before));
    if (ms > 0 && step !== undefined) way.push({ step: id, title: step.title, ms });
    id = before;
  }
  return way.reverse();
}
