import { canonicalJson, type Json, sha256 } from '../base/json.ts';
import { iso } from '../base/clock.ts';
import { DrError } from '../base/errors.ts';
import type { PlanContext, ResourceState, StepDraft, Strategy, Verb } from '../kinds/kind.ts';
import type { PlanStep } from '../kinds/step.ts';
import type { LoadedRunbook, RunbookResource } from '../runbook/runbook.ts';
import { linkSteps } from './graph.ts';
import { approvalStep, assessSteps, notifySteps, verifySteps } from './own-steps.ts';
import { type Plan, PLAN_SCHEMA } from './plan.ts';

/** A resource with what was seen of it. */
export interface ObservedResource extends RunbookResource {
  state: ResourceState;
  /** The steps that its kind contributes. */
  draft(ctx: PlanContext): StepDraft[];
}

export interface CompileInput {
  loaded: LoadedRunbook;
  verb: Verb;
  source: string;
  target: string;
  account: string;
  /** Milliseconds since the epoch. */
  now: number;
  resources: readonly ObservedResource[];
}

/** Strategies that can be compiled. Their steps come from the kinds; the order of phases is the same for all of them. */
const COMPILED: ReadonlySet<Strategy> = new Set(['warm-standby']);

/** Makes a plan. Pure. @throws DrError when the strategy cannot be compiled. */
export function compilePlan(input: CompileInput): Plan {
  const { runbook } = input.loaded;
  if (!COMPILED.has(runbook.strategy)) {
    throw new DrError({
      code: 'STRATEGY_NOT_SUPPORTED',
      exit: 'runbook',
      title: `This version of dr cannot run the strategy ${runbook.strategy}.`,
      detail: `It runs: ${[...COMPILED].join(', ')}.`,
      next: ['set `strategy: warm-standby` if that is what the standby region is'],
    });
  }
  const { verb, source, target, account } = input;
  const survivors = [target, ...runbook.regions.map((r) => r.id).filter((id) => id !== target && id !== source)];
  const { name, strategy, objectives } = runbook;
  const context: PlanContext = { runbook: name, verb, strategy, source, target, survivors, objectives, account };
  const resources = input.resources.flatMap((resource) => resourceSteps(resource, context));
  const own = [
    ...assessSteps(runbook, source, resources),
    ...approvalStep(runbook),
    ...verifySteps(runbook),
    ...notifySteps(runbook, target),
  ];
  const rest: Omit<Plan, 'hash'> = {
    schema: PLAN_SCHEMA,
    runbook: { name: runbook.name, sha256: input.loaded.sha256, path: input.loaded.path },
    verb,
    strategy: runbook.strategy,
    source,
    target,
    account,
    madeAt: iso(input.now),
    objectives: runbook.objectives,
    probes: runbook.probes,
    steps: linkSteps([...resources, ...own]),
    fingerprint: fingerprint(input),
  };
  return { ...rest, hash: planHash(rest) };
}

/** The plan's name: SHA-256 over everything in it but the hash itself. */
export function planHash(plan: Omit<Plan, 'hash'> & { hash?: string }): string {
  const { hash: _, ...rest } = plan;
  return sha256(canonicalJson(rest));
}

/** When this changes, what the plan was made from has changed: it is stale. */
function fingerprint(input: CompileInput): string {
  const seen: Json = input.resources.map((r) => ({ name: `${r.section}.${r.name}`, active: r.state.activeIn, facts: r.state.facts }));
  return sha256(canonicalJson({ runbook: input.loaded.sha256, account: input.account, source: input.source, target: input.target, seen }));
}

function resourceSteps(resource: ObservedResource, context: PlanContext): PlanStep[] {
  const id = (step: string) => `${resource.section}.${resource.name}.${step}`;
  return resource.draft(context).map(({ step, after = [], gate = false, optional = false, ...draft }) => ({
    ...draft,
    id: id(step),
    kind: `${resource.kind}.${step}`,
    gate,
    optional,
    after: after.map(id),
  }));
}
