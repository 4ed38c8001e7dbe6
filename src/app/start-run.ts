import { DrError } from '../base/errors.ts';
import { runId } from '../base/ids.ts';
import type { Effects } from '../effects/effects.ts';
import type { Preview } from '../engine/preview.ts';
import { traceStep } from '../engine/trace.ts';
import { Journal } from '../journal/journal.ts';
import { type FleetRecord, JOURNAL_SCHEMA, type LiveDrillRecord, type WaitRecord } from '../journal/events.ts';
import type { Acceptances } from '../model/step.ts';
import type { Plan } from '../model/plan.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { leftByDrillsOf, leftTwinsLine } from './left-twins.ts';
import { endpointOverrides, liveEffects, runMode } from './live-effects.ts';
import type { Direction } from './observe.ts';
import { chooseRunbook, type MadePlan, planFor, readPlan, refuseStale } from './make-plan.ts';
import { labIdOf, refuseHalfLab } from './in-lab.ts';
import { type RunResult, runToTheEnd, type RunWatchers, thenGiveBack } from './run-to-the-end.ts';
import { leaseAll, stoppedDrills } from './locks.ts';
import { initiatorKeys, refuseClaims } from './approve.ts';
import { gitCommit, thisOperator } from './operator.ts';
import { previewRun } from './preview.ts';
import { openState, type StatePlace } from './state.ts';
import { toolVersion } from './version.ts';
import { traitsOf } from '../model/verb.ts';
import { loadSdk } from '../aws/clients.ts';
import { OPERATIONS, type Service } from '../aws/operations.ts';
import { loadSql } from '../effects/postgres.ts';
import { loadStepKind } from '../kinds/registry.ts';

/** What starts a run of any verb. `region` is needed unless `planFile` is given, or a reprotect finds it by itself. */
export interface StartRequest extends RunWatchers, Direction {
  runbook?: string;
  runbooks: string;
  state: StatePlace;
  planFile?: string;
  acceptances: Acceptances;
  /** When users began to suffer, as a person or an alarm says; milliseconds since the epoch. */
  impactAt?: number;
  /** Asks the person for `impactAt` if nobody has said it; undefined: they do not know. */
  askImpact?(plan: Plan): Promise<number | undefined>;
  /** Asks the person. `look` tells what would refuse the run now. @throws DrError (declined). */
  confirm(plan: Plan, look: () => Promise<Preview>): Promise<'typed' | 'flag' | 'lab'>;
  effects?: Effects;
  /** Of a live drill: asked when the plan is confirmed. */
  live?(): LiveDrillRecord;
  /** As in `ConfirmedPlan`. */
  gitOf?: typeof gitCommit;
}

export async function startRun(request: StartRequest): Promise<RunResult> {
  const effects = request.effects ?? liveEffects();
  const asked = { from: effects.clock.now(), trace: traceStep(effects) };
  const chosen = await chosenOf(request);
  const planned = planOf(request, chosen, asked.trace.effects);
  // Beside AWS's answers, for users wait.
  const git = (request.gitOf ?? gitCommit)(chosen.loaded.path);
  const { plan, observed } = await planned;
  if (traitsOf(plan.verb).drills) await sayLeft(request, plan, effects);
  const planning = { from: asked.from, to: effects.clock.now(), waits: asked.trace.all().waits };
  const impactAt = request.impactAt ?? (await request.askImpact?.(plan));
  const { state, acceptances } = request;
  const look = (): Promise<Preview> => {
    // A person reads and types meanwhile.
    if (request.effects === undefined) void loadAhead(plan);
    return previewRun({ plan, identity: observed.identity, effects, state, acceptances, impactAt });
  };
  const confirmedBy = await request.confirm(plan, look);
  const impact = impactAt === undefined ? {} : { impactAt };
  const live = request.live === undefined ? {} : { live: request.live() };
  return runPlan({ ...request, live: undefined, ...live, ...impact, effects, plan, identity: observed.identity, planned: planning, confirmedBy, gitOf: () => git, declaredAt: effects.clock.now() });
}

/** A later drill says what an earlier one of the application may have left: it is not its own, and costs money. */
async function sayLeft({ state, onMessage }: StartRequest, plan: Plan, { aws }: Effects): Promise<void> {
  for (const left of await leftByDrillsOf(openState(state, aws), plan)) onMessage?.(leftTwinsLine(left));
}

interface ConfirmedPlan extends RunWatchers {
  plan: Plan;
  identity: string;
  /** When it was planned, and for whom that waited. */
  planned: { from: number; to: number; waits: readonly WaitRecord[] };
  confirmedBy: 'typed' | 'flag' | 'lab';
  /** Milliseconds: when it was confirmed. */
  declaredAt: number;
  state: StatePlace;
  acceptances: Acceptances;
  impactAt?: number;
  /** Who says so. Default: `--impact-at`. */
  impactSource?: string;
  effects: Effects;
  fleet?: FleetRecord;
  live?: LiveDrillRecord | undefined;
  /** Which version of the runbook that is. Default: asks git. */
  gitOf?: typeof gitCommit;
}

export async function runPlan(request: ConfirmedPlan): Promise<RunResult> {
  const { effects, plan, declaredAt } = request;
  if (request.fleet === undefined) refuseClaims(plan, request.acceptances);
  const operator = thisOperator(request.identity);
  const startedAt = effects.clock.now();
  const run = runId(effects.ids, startedAt, plan.runbook.name, plan.verb);
  const endpoints = endpointOverrides();
  refuseHalfLab(runMode(plan.account), endpoints);
  const state = openState(request.state, effects.aws);
  const { stopped, onPreempted } = stoppedDrills(request.onMessage);
  const lease = await leaseAll(state, plan, endpoints, { run, operator, now: startedAt, ids: effects.ids, onPreempted });
  const store = state.run(run, lease.guard, request.onMessage);
  const journal = new Journal({ store, clock: effects.clock, run, term: lease.term, onRecord: request.onRecord });
  return thenGiveBack(store, lease, async () => {
    const git = await (request.gitOf ?? gitCommit)(plan.runbook.path);
    await journal.append({
      type: 'run.started',
      journal: JOURNAL_SCHEMA,
      plan,
      operator,
      tool: toolVersion(),
      mode: runMode(plan.account),
      ...labIdOf(runMode(plan.account)),
      declaredAt,
      planning: request.planned,
      ...(request.impactAt === undefined ? {} : { impactAt: request.impactAt }),
      ...(request.impactSource === undefined ? {} : { impactSource: request.impactSource }),
      confirmedBy: request.confirmedBy,
      ...(request.fleet === undefined ? {} : { fleet: request.fleet }),
      ...(request.live === undefined ? {} : { live: request.live }),
      ...stopped(),
      acceptances: request.acceptances,
      ...initiatorKeys(plan),
      endpoints,
      ...(git === undefined ? {} : { git }),
    });
    return runToTheEnd({ ...request, journal, state, store, effects, operator });
  });
}

/** The runbook of a run, with the plan if one was saved. */
interface Chosen {
  loaded: LoadedRunbook;
  saved?: Plan;
}

async function chosenOf(request: StartRequest): Promise<Chosen> {
  if (request.planFile === undefined) return { loaded: await chooseRunbook(request) };
  const saved = await readPlan(request.planFile);
  if (saved.verb !== request.verb) {
    throw new DrError({
      code: 'OTHER_VERB',
      exit: 'usage',
      title: `The plan in ${request.planFile} is one for a ${saved.verb}.`,
      next: [`dr ${saved.verb} --plan ${request.planFile}`],
    });
  }
  return { saved, loaded: await loadRunbook(saved.runbook.path) };
}

async function planOf(request: StartRequest, { loaded, saved }: Chosen, effects: Effects): Promise<MadePlan> {
  if (saved === undefined) return planFor(effects, loaded, request);
  const { verb, target: region, standby } = saved;
  const from = traitsOf(verb).rebuilds ? {} : { from: saved.source };
  const made = await planFor(effects, loaded, { verb, region, standby, ...from, drillMark: saved.drill?.mark });
  if (saved.account !== made.plan.account) {
    throw new DrError({
      code: 'WRONG_ACCOUNT',
      exit: 'refused',
      title: `The plan is for account ${saved.account}; your credentials are for ${made.plan.account}.`,
      next: ['export AWS_PROFILE=…'],
    });
  }
  refuseStale(saved, made.plan);
  return { ...made, plan: saved };
}

/**
 * Loads the code that a run of this plan needs, while something else is waited for: each client of the SDK takes 15 to 300 ms, and users
 * would wait for it. What cannot be loaded is an error where it is used.
 */
export async function loadAhead(plan: Pick<Plan, 'steps'>): Promise<void> {
  const kinds = [...new Set(plan.steps.map(({ kind }) => kind))];
  const hasLogins = plan.steps.some(({ env }) => env.length > 0);
  await Promise.allSettled([...kinds.map(loadStepKind), ...servicesOf(plan).map(loadSdk), ...(hasLogins ? [loadSql()] : [])]);
}

/** The services that a run of this plan calls, by the permissions of its steps and the identity that it asks for first. Sorted. */
export function servicesOf({ steps }: Pick<Plan, 'steps'>): Service[] {
  const prefixes = steps.flatMap(({ permissions }) => permissions.flatMap(({ actions }) => actions.map((action) => action.split(':', 1)[0] ?? '')));
  const named = [...prefixes, 'sts'].map((prefix) => (prefix === 'elasticloadbalancing' ? 'elbv2' : prefix));
  return [...new Set(named)].filter((name): name is Service => Object.hasOwn(OPERATIONS, name)).sort();
}
