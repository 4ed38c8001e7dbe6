import { canonicalJson, type Json, sha256 } from '../base/json.ts';
import { iso } from '../base/clock.ts';
import type { PlanContext, ResourceState, StepDraft } from '../model/kind.ts';
import { traitsOf, type Verb } from '../model/verb.ts';
import type { LoadedRunbook, RunbookResource } from '../runbook/runbook.ts';
import { linkSteps, type Places } from './graph.ts';
import { approvalSteps, assessSteps, flapGuardStep, notifySteps, type ResourceStep, verifySteps } from './common-steps.ts';
import { placedSteps } from './custom-steps.ts';
import { type Plan, PLAN_SCHEMA } from '../model/plan.ts';
import { stepId } from '../model/step-id.ts';

export interface ObservedResource extends RunbookResource {
  state: ResourceState;
  /** The steps that its kind contributes; undefined in a drill that does not practise it. */
  draft(ctx: PlanContext): StepDraft[] | undefined;
}

export interface CompileInput {
  loaded: LoadedRunbook;
  verb: Verb;
  source: string;
  target: string;
  /** reprotect: all regions whose standby is rebuilt, the source first. */
  rebuild?: readonly string[];
  /** reprotect: the region that a person named with `--standby`. */
  standby?: string | undefined;
  account: string;
  /** Of a drill whose plan was made before: the mark of its twins. */
  drillMark?: string | undefined;
  /** Milliseconds since the epoch. */
  now: number;
  resources: readonly ObservedResource[];
}

export function compilePlan(input: CompileInput): Plan {
  const { runbook } = input.loaded;
  const { verb, source, target, account } = input;
  const { name, strategy, objectives } = runbook;
  const others = runbook.regions.map((r) => r.id).filter((id) => id !== target);
  // Where several regions answer, one that is out of every answer carries no load, and may be dead.
  const usersIn = [...new Set(input.resources.filter((r) => r.section === 'traffic').flatMap((r) => r.state.activeIn))];
  const answering = strategy === 'active-active' ? usersIn : [];
  const serves = (region: string) => answering.length === 0 || answering.includes(region);
  const drill = traitsOf(verb).drills ? { drill: { mark: input.drillMark ?? drillMark(input) } } : {};
  const context = (left: string): PlanContext => {
    const survivors = [target, ...others.filter((id) => id !== left && serves(id))];
    return { runbook: name, verb, strategy, source: left, target, survivors, usersIn, objectives, account, ...drill };
  };
  const drafted = input.resources.flatMap((resource) => [
    ...resourceSteps(resource, context(source)),
    // Each further region is rebuilt by steps of its own, which say so in their names.
    ...(input.rebuild ?? []).filter((region) => region !== source).flatMap((region) => resourceSteps(resource, context(region), region)),
  ]);
  const resources = drafted.map(({ step }) => step);
  const placed = placedSteps(runbook, context(source));
  const assess = [...assessSteps(runbook, verb, source, drafted), ...flapGuardStep(runbook, verb)];
  const assessed = [...resources, ...assess].filter((step) => step.phase === 'assess').map((step) => step.id);
  // What a drill does is taken back at its end: nobody has to answer for it before.
  const approvals = traitsOf(verb).drills ? { steps: [], first: [] } : approvalSteps(runbook, [...resources, ...placed.steps], assessed);
  const places: Places = new Map([...approvals.first.map((id) => [id, 'before'] as const), ...placed.places]);
  const own = [
    ...assess,
    ...approvals.steps,
    ...verifySteps(runbook, verb, drafted),
    ...notifySteps(runbook, verb, source, target),
  ];
  const rest: Omit<Plan, 'hash'> = {
    schema: PLAN_SCHEMA,
    runbook: { name: runbook.name, sha256: input.loaded.sha256, path: input.loaded.path },
    verb,
    strategy: runbook.strategy,
    source,
    target,
    ...(input.standby === undefined ? {} : { standby: input.standby }),
    account,
    ...(drill.drill === undefined ? {} : { drill: { ...drill.drill, skipped: skipped(input, context(source)) } }),
    madeAt: iso(input.now),
    objectives: runbook.objectives,
    probes: runbook.probes,
    steps: linkSteps([...resources, ...own, ...placed.steps], verb, places),
    ...findingsOf(input, usersIn),
    fingerprint: fingerprint(input),
  };
  return { ...rest, hash: planHash(rest) };
}

/** Two drills have different marks, so that the twins of one are never taken for those of another. */
function drillMark({ loaded, account, target, now }: CompileInput): string {
  return sha256(canonicalJson([loaded.runbook.name, account, target, now])).slice(0, 8);
}

/** What a drill does not practise: kinds without twins, and custom steps that do not say that they run in one. */
function skipped({ loaded, resources, verb }: CompileInput, context: PlanContext): string[] {
  const steps = loaded.runbook.steps.filter(({ frame }) => !frame.verbs.includes(verb));
  return [
    ...resources.filter((resource) => resource.draft(context) === undefined).map(({ section, name }) => `${section}.${name}`),
    ...steps.map(({ name }) => `steps.${name}`),
  ];
}

/** Where data and users disagree: a target that takes writes already, while users are led elsewhere. */
function findingsOf({ verb, source, target, resources }: CompileInput, usersIn: readonly string[]): Pick<Plan, 'findings'> {
  if (!traitsOf(verb).movesUsers) return {};
  const here = resources.filter((r) => r.section === 'databases' && r.state.activeIn.includes(target));
  const users = usersIn.length === 0 ? `${source} is left` : `traffic leads users to ${usersIn.join(' and ')}`;
  const findings = here.map(
    (r) => `databases.${r.name}: ${r.state.because}, but ${users}. What it lacks is unknown, so the run refuses it unless its own journal shows that it made it, or a person accepts the loss by name.`,
  );
  return findings.length === 0 ? {} : { findings };
}

/** The plan's name: SHA-256 over everything in it but the hash itself. */
export function planHash(plan: Omit<Plan, 'hash'> & { hash?: string }): string {
  const { hash: _, ...rest } = plan;
  return sha256(canonicalJson(rest));
}

/** When this changes, what the plan was made from has changed: it is stale. */
function fingerprint(input: CompileInput): string {
  const seen: Json = input.resources.map((r) => ({ name: `${r.section}.${r.name}`, active: r.state.activeIn, facts: r.state.facts }));
  const { verb, account, source, target, rebuild = [] } = input;
  return sha256(canonicalJson({ runbook: input.loaded.sha256, verb, account, source, target, rebuild, seen }));
}

function resourceSteps(resource: ObservedResource, context: PlanContext, further?: string): ResourceStep[] {
  const id = (step: string) => stepId(resource, further === undefined ? step : `${step}-${further}`);
  return (resource.draft(context) ?? []).map(({ step, label, after = [], beside, undoneBy, gate = false, optional = false, env = [], sourceAnswers, ...draft }) => ({
    ...(sourceAnswers === undefined ? {} : { sourceAnswers }),
    step: {
      ...inItsRegion(draft),
      id: id(label ?? step),
      kind: `${resource.kind}.${step}`,
      origin: 'resource',
      gate,
      optional,
      env,
      after: after.map(id),
      ...(beside === undefined ? {} : { beside: beside.map(id) }),
      ...(undoneBy === undefined ? {} : { undoneBy: id(undoneBy) }),
    },
  }));
}

/** See `StepDraft.region`. */
function inItsRegion<D extends Pick<StepDraft, 'region' | 'params'>>(draft: D): D {
  const { region } = { region: undefined, ...(draft.params as { region?: unknown } | null) };
  return draft.region === undefined && typeof region === 'string' ? { ...draft, region } : draft;
}
