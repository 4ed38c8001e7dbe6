import { messageOf } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import type { Effects } from '../effects/effects.ts';
import { assessOnly, type Obstacle, preview as previewOf, type Preview, previewSteps, type StepPreview } from '../engine/preview.ts';
import type { RunParts } from '../engine/run.ts';
import { JOURNAL_SCHEMA, type Operator } from '../journal/events.ts';
import { Journal } from '../journal/journal.ts';
import { busy, takeover } from '../journal/lease.ts';
import type { StateStore } from '../journal/state-store.ts';
import { MemoryStore } from '../journal/memory-store.ts';
import { knownKind, loadStepKind } from '../kinds/registry.ts';
import type { Plan } from '../model/plan.ts';
import { traitsOf } from '../model/verb.ts';
import type { Feasibility } from '../plan/feasibility.ts';
import type { Acceptances } from '../model/step.ts';
import { feasibilityNow } from './feasibility.ts';
import { historyOf } from './history.ts';
import { boundToLab } from './in-lab.ts';
import { endpointOverrides, liveEffects, runMode } from './live-effects.ts';
import { givesWay, heldByOthers } from './locks.ts';
import { chooseRunbook, planFor, type PlanRequest } from './make-plan.ts';
import { thisOperator } from './operator.ts';
import { openState, type StatePlace } from './state.ts';
import { toolVersion } from './version.ts';
import { AwsError } from '../aws/errors.ts';
import { TWIN } from '../kinds/twins.ts';
import { type Cost, costOf } from '../measure/prices.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';

export interface PreviewRequest {
  plan: Plan;
  identity: string;
  effects: Effects;
  state: StatePlace;
  acceptances: Acceptances;
  impactAt?: number | undefined;
  /** Aborted when the person no longer waits for it. */
  drain?: AbortSignal;
}

/** What stands for the id of a run that has not begun, in commands that are shown. */
const NO_RUN = 'RUN';

/** Would a run of this plan be refused now? Nothing is changed, and the state is only read. */
export function previewRun(request: PreviewRequest): Promise<Preview> {
  return lookedAtBy(request, previewOf);
}

/** The same, with the step that each warning comes from. */
export function previewRunSteps(request: PreviewRequest): Promise<StepPreview> {
  return lookedAtBy(request, previewSteps);
}

/** What the looks of the assessment record, each given up after `limitMs`. Nothing is changed, and no check is made. */
export async function assessedFacts(request: PreviewRequest, limitMs: number): Promise<ReadonlyMap<string, Json>> {
  return assessOnly((await begunInMemory(request)).parts, limitMs);
}

async function lookedAtBy<P extends Pick<Preview, 'refusals'>>(request: PreviewRequest, look: (parts: RunParts) => Promise<P>): Promise<P> {
  const { plan, effects, state } = request;
  const { parts, endpoints } = await begunInMemory(request);
  const [seen, held] = await Promise.all([look(parts), lockObstacles(openState(state, effects.aws), plan, endpoints, parts.operator)]);
  return { ...seen, refusals: [...held, ...seen.refusals] };
}

/** A run that has begun in memory only. */
async function begunInMemory({ plan, identity, effects, state, acceptances, impactAt, drain }: PreviewRequest): Promise<{ parts: RunParts; endpoints: readonly string[] }> {
  const { clock } = effects;
  const operator = thisOperator(identity);
  const mode = runMode(plan.account);
  const endpoints = endpointOverrides();
  const journal = new Journal({ store: new MemoryStore(), clock, run: NO_RUN, term: 0 });
  await journal.append({
    type: 'run.started',
    journal: JOURNAL_SCHEMA,
    plan,
    operator,
    tool: toolVersion(),
    mode,
    declaredAt: clock.now(),
    ...(impactAt === undefined ? {} : { impactAt }),
    confirmedBy: 'flag',
    acceptances,
    endpoints,
  });
  const known: Effects = { ...effects, history: historyOf(openState(state, effects.aws), journal.state, clock) };
  const bound = boundToLab({ effects: known, stepKind: loadStepKind }, journal.state);
  return { parts: { journal, ...bound, operator, drain: drain ?? new AbortController().signal }, endpoints };
}

/** One for each run that holds the application or a resource of it. */
async function lockObstacles(state: StateStore, plan: Plan, endpoints: readonly string[], operator: Operator): Promise<Obstacle[]> {
  try {
    const held = await heldByOthers(state, plan, endpoints, operator);
    return [...Map.groupBy(held.filter(({ holder }) => !givesWay(plan.verb, holder)), ({ holder }) => holder.run).values()].flatMap(([first]) => {
      if (first === undefined) return [];
      const { message, detail, next } = busy(first.lock, first.holder, ...takeover(first.holder));
      return [{ step: 'lock', title: message, held: [detail ?? '', ...next] }];
    });
  } catch (error) {
    return [{ step: 'lock', title: `Whether another run holds ${plan.runbook.name}`, error: messageOf(error) }];
  }
}

/** A plan, made now, whether a run of it would be refused now, and whether it can keep its RTO. Changes nothing. */
export async function planWithPreview(request: PlanRequest & { state: StatePlace }): Promise<{ plan: Plan; preview: Preview; feasibility?: Feasibility; twins?: PlannedTwins }> {
  const effects = request.effects ?? liveEffects();
  const loaded = await chooseRunbook(request);
  const { plan, observed } = await planFor(effects, loaded, request);
  const preview = await previewRun({ plan, identity: observed.identity, effects, state: request.state, acceptances: { approvedBy: [] } });
  const { signal } = new AbortController();
  if (traitsOf(plan.verb).drills) return { plan, preview, twins: await plannedTwins(effects, loaded, plan, signal) };
  if (!traitsOf(plan.verb).movesUsers) return { plan, preview };
  const feasibility = await feasibilityNow({ effects, loaded, plan, state: openState(request.state, effects.aws), signal });
  return { plan, preview, feasibility };
}

/** What a drill would make, and about what that costs while it is there. */
export interface PlannedTwins {
  twins: readonly { resource: string; what: string }[];
  cost: Cost;
}

/** Reads only; what gives no answer has no price. @throws what is no answer of AWS */
async function plannedTwins(effects: Effects, { runbook }: LoadedRunbook, plan: Plan, signal: AbortSignal): Promise<PlannedTwins> {
  const ctx = { effects, signal, target: plan.target };
  const rented = await Promise.all(runbook.resources.map(async ({ section, name, kind, resource }) => {
    try {
      return costOf((await (await knownKind(kind)).rents?.(ctx, resource)) ?? []);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return { usdPerHour: 0, unknown: [`${section}.${name}`] };
    }
  }));
  return {
    twins: plan.steps.flatMap(({ changes }) => changes.flatMap(({ resource, field, after }) => (field === TWIN ? [{ resource, what: after }] : []))),
    cost: { usdPerHour: rented.reduce((sum, one) => sum + one.usdPerHour, 0), unknown: [...new Set(rented.flatMap(({ unknown }) => unknown))] },
  };
}
