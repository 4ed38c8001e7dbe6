import { plural } from '../../base/plural.ts';
import { sharedReads } from '../../aws/shared-reads.ts';
import { sharedRoute53 } from '../../aws/shared-route53.ts';
import { DrError, messageOf } from '../../base/errors.ts';
import type { ExitName } from '../../base/exit-codes.ts';
import { runId } from '../../base/ids.ts';
import type { Effects } from '../../effects/effects.ts';
import type { FleetRecord, LabTruth } from '../../journal/events.ts';
import type { Acceptances } from '../../model/step.ts';
import type { StateStore } from '../../journal/state-store.ts';
import { endpointOverrides, liveEffects } from '../live-effects.ts';
import { givesWay, heldOf, lockName } from '../locks.ts';
import { gitByFolder, type GitOf, thisOperator } from '../operator.ts';
import type { RunResult, RunWatchers } from '../run-to-the-end.ts';
import { runPlan } from '../start-run.ts';
import { openState, type StatePlace } from '../state.ts';
import { chooseFleet, type FleetChoice } from './choose.ts';
import { activeAlready, failed, type FleetOutcome, outcomeOf, runInTurn, worst } from './outcome.ts';
import { type FleetPreviews, type OnProgress, planFleet, type PlannedMember, previewFleet, type ReadyMember } from './plans.ts';
import { DEFAULT_VERB } from '../../model/verb.ts';
import { LIMITS } from '../../base/limits.ts';
import { judgeSample } from '../../measure/probe.ts';
import type { PlanProbe } from '../../model/plan.ts';

/*
 * Many applications in one go. Each keeps its own plan, journal, lease and report; they share one process and one caller,
 * so that API limits are shared.
 *
 * Invariants:
 * 1. One that fails holds back those that depend on it, and nobody else.
 * 2. Those that share a resource run one after the other: the second finds done what the first has done.
 * 3. Nothing runs that was not part of what a person confirmed.
 * 4. Nothing is asked or run while one of them cannot be planned: a person says first which ones stay where they are.
 */

export interface FleetPlan {
  region: string;
  from?: string | undefined;
  members: readonly PlannedMember[];
  /** What is to be said of those that are left out. */
  notes: readonly string[];
}

export interface FleetRequest extends FleetChoice, RunWatchers {
  state: StatePlace;
  acceptances: Acceptances;
  impactAt?: number;
  /** Asks the person. `look`: what would refuse each of them now. @throws DrError (declined). */
  confirm(plan: FleetPlan, look: () => Promise<FleetPreviews>): Promise<'typed' | 'flag' | 'lab'>;
  /** In the lab: what the users of one application saw, asked when its steps have ended. */
  measureOf?: (name: string) => Promise<LabTruth>;
  /** Hundreds take minutes: how far planning and checking are. */
  onProgress?: OnProgress;
  effects?: Effects;
  /** Which version a runbook is. Default: asks git, once a folder. */
  gitOf?: GitOf;
}

export interface FleetResult {
  id: string;
  region: string;
  outcomes: readonly FleetOutcome[];
  notes: readonly string[];
  /** The worst of all. */
  exit: ExitName;
  /** False where the world that they ran in is gone: its lab has ended. */
  resumable?: boolean;
}

/** One caller for all of them: what they ask at the same time is asked once, and of Route 53 together. */
export function sharing(effects: Effects): Effects {
  return { ...effects, aws: sharedRoute53(sharedReads(effects.aws, effects.clock), effects.clock) };
}

/** Chooses and plans, and says which application another run holds. Changes nothing. */
async function makeFleetPlan(choice: FleetChoice & { effects?: Effects; state: StatePlace; onProgress?: OnProgress }): Promise<FleetPlan> {
  const { members, notes } = await chooseFleet(choice);
  const effects = choice.effects ?? sharing(liveEffects());
  const planned = await planFleet(effects, members, choice, choice.onProgress);
  return { region: choice.region, from: choice.from, members: planned, notes: [...notes, ...(await lockNotes(openState(choice.state, effects.aws), planned))] };
}

/** The same plan, and what would refuse each of its members now. */
export async function fleetPlanWithPreviews(choice: FleetChoice & { state: StatePlace; onProgress?: OnProgress }): Promise<{ plan: FleetPlan; previews: FleetPreviews }> {
  const effects = sharing(liveEffects());
  const plan = await makeFleetPlan({ ...choice, effects });
  return { plan, previews: await previewFleet(effects, plan.members, { state: choice.state, acceptances: { approvedBy: [] } }, choice.onProgress) };
}

/** The application's own lock alone: of many applications all locks would be thousands of requests. Their runs ask for the rest. */
async function lockNotes(state: StateStore, members: readonly PlannedMember[]): Promise<string[]> {
  const operator = thisOperator('');
  try {
    const notes = await Promise.all(members.map(async (member) => {
      if (member.state !== 'planned') return [];
      const held = await heldOf(state, [lockName(member.name, member.plan.account, endpointOverrides())], operator);
      const { verb } = member.plan;
      return held.map(({ holder, holder: { run, user, host } }) => givesWay(verb, holder) ? `${member.name} is held by the drill ${run}, which gives way; its twins stay: dr drill clean ${run}` : `${member.name} is held by run ${run} (${user} on ${host}) and would not begin: dr status ${run}`);
    }));
    return notes.flat();
  } catch (error) {
    return [`whether another run holds one of them could not be checked: ${messageOf(error)}`];
  }
}

export async function fleetFailover(request: FleetRequest): Promise<FleetResult> {
  const effects = sharing(request.effects ?? liveEffects());
  const plan = await makeFleetPlan({ ...request, effects });
  mustBePlanned(plan, request);
  if (plan.members.every((m) => m.state === 'there')) return { id: '', region: plan.region, outcomes: plan.members.flatMap((m) => endedBefore(m) ?? []), notes: plan.notes, exit: 'ok' };
  const { state, acceptances, impactAt } = request;
  const confirmedBy = await request.confirm(plan, () => previewFleet(effects, plan.members, { state, acceptances, impactAt }, request.onProgress));
  const declaredAt = effects.clock.now();
  const gitOf = request.gitOf ?? gitByFolder();
  const fleet = fleetRecord(runId(effects.ids, declaredAt, 'fleet', DEFAULT_VERB), plan);
  const impact = watchWaiting(plan.members, effects, request.impactAt);
  return runMembers(plan, fleet, request.drain, (member) =>
    runPlan({ ...request, ...whatWasPlanned(member), ...impact.of(member.name), ...measured(request, member.name), effects, confirmedBy, declaredAt, fleet, gitOf }),
  ).finally(() => impact.stop());
}

function measured({ measureOf }: FleetRequest, name: string): Pick<RunWatchers, 'measureLab'> {
  return measureOf === undefined ? {} : { measureLab: () => measureOf(name) };
}

/** Of a planned member, what its run is given. */
export function whatWasPlanned({ plan, identity, planned }: ReadyMember) {
  return { plan, identity, planned };
}

/** The command line that moves the others; those that depend on what cannot be planned stay with it. Undefined if no other is left. */
export function othersOf({ members }: FleetPlan, { only, except = [] }: Pick<FleetChoice, 'only' | 'except'>): string | undefined {
  const stay = new Set(members.filter((m) => m.state === 'failed').map((m) => m.name));
  // Members come after those that they depend on.
  for (const { name, needs } of members) if (needs.some((other) => stay.has(other))) stay.add(name);
  const go = members.filter((m) => !stay.has(m.name));
  if (go.every((m) => m.state === 'there')) return undefined;
  return only === undefined ? `--except ${[...except, ...stay].join(',')}` : `--only ${go.map((m) => m.name).join(',')}`;
}

/** @throws DrError with the reason for each that cannot be planned. */
function mustBePlanned(plan: FleetPlan, choice: Pick<FleetChoice, 'only' | 'except'>): void {
  const failed = plan.members.flatMap((m) => (m.state === 'failed' ? [m] : []));
  if (failed.length === 0) return;
  const can = plan.members.filter((m) => m.state === 'planned').length;
  const others = othersOf(plan, choice);
  throw new DrError({
    code: 'FLEET_NOT_PLANNED',
    exit: worst(failed.map((m) => m.error.exit)),
    title: `${can} of ${plural(plan.members.length, 'application')} can be moved to ${plan.region}. Nothing was done.`,
    detail: failed.map((m) => `${m.name} cannot be planned: ${m.error.message}`).join('\n'),
    next: [
      ...(others === undefined ? [] : [`dr failover --region ${plan.region} ${others}    moves the others and leaves these where they are`]),
      `dr plan --region ${plan.region} --runbook ${failed[0]?.name ?? 'NAME'}    shows one of them in full`,
    ],
  });
}

/** What every journal of the fleet says of all of it. Members that were there already are not part of it. */
function fleetRecord(id: string, plan: FleetPlan): FleetRecord {
  const members = plan.members.filter((m) => m.state !== 'there').map(({ name, loaded, needs, follows }) => ({ name, path: loaded.path, sha256: loaded.sha256, needs, follows }));
  return { id, region: plan.region, ...(plan.from === undefined ? {} : { from: plan.from }), members };
}

async function runMembers(plan: FleetPlan, fleet: FleetRecord, drain: AbortSignal, run: (member: ReadyMember) => Promise<RunResult>): Promise<FleetResult> {
  const ready = new Map(plan.members.flatMap((m) => (m.state === 'planned' ? [[m.name, m] as const] : [])));
  const outcomes = await runInTurn(plan.members.map((m) => ({ ...m, ended: endedBefore(m) })), drain, (name) => {
    const member = ready.get(name);
    if (member === undefined) throw new Error(`${name} has no plan`);
    return outcomeOf(name, run(member));
  });
  return { id: fleet.id, region: plan.region, outcomes, notes: plan.notes, exit: worst(outcomes.map((o) => o.exit)) };
}

function endedBefore(member: PlannedMember): FleetOutcome | undefined {
  if (member.state === 'planned') return undefined;
  return member.state === 'there' ? activeAlready(member.name, member.because) : failed(member.name, member.error);
}

/** When users of a waiting application began to suffer, as far as it was seen. */
interface WaitingImpact {
  of(name: string): { impactAt?: number; impactSource?: string };
  stop(): void;
}

/**
 * Watches the probes of those that have to wait for others, from the beginning. A run that begins minutes after the outage
 * would otherwise have to count the loss of data up to its own beginning, and would be refused for it.
 */
function watchWaiting(members: readonly PlannedMember[], effects: Effects, said: number | undefined): WaitingImpact {
  const end = new AbortController();
  const seen = new Map<string, number>();
  const waiting = said === undefined ? members.filter((m) => m.needs.length + m.follows.length > 0) : [];
  for (const member of waiting) {
    if (member.state !== 'planned') continue;
    for (const probe of member.plan.probes) void watchUntilBad(probe, effects, end.signal, (at) => seen.set(member.name, Math.min(at, seen.get(member.name) ?? at)));
  }
  return {
    of: (name) => {
      const impactAt = seen.get(name);
      return impactAt === undefined ? {} : { impactAt, impactSource: 'first failed probe while it waited for others' };
    },
    stop: () => end.abort(new Error('all of them have ended')),
  };
}

async function watchUntilBad(probe: PlanProbe, effects: Effects, signal: AbortSignal, bad: (at: number) => void): Promise<void> {
  const { clock, http } = effects;
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    const at = clock.now();
    const sample = await http.request({ url: probe.http, timeoutMs: LIMITS.probeMs, signal });
    if (!judgeSample(sample, probe).up) {
      // A sample that was cut off by the end says nothing.
      if (!ended()) bad(at);
      return;
    }
    await clock.sleep(Math.max(1, probe.everyMs - (clock.now() - at)), signal).catch(() => undefined);
  }
}
