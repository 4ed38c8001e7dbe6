import { withDeadline } from '../base/deadline.ts';
import type { Json } from '../base/json.ts';
import type { Effects } from '../effects/effects.ts';
import type { Operator } from '../journal/events.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunState } from '../journal/state.ts';
import type { AnyStepKind, PlanStep, StepContext, StepKind } from '../model/step.ts';
import { intendedChanges } from './acted.ts';

/** What a step may use besides looking: absent in checks and looks, which record nothing and wait for nobody. */
type StepTools = Pick<StepContext, 'record' | 'wait'>;

export interface Run {
  /** The steps of the plan in its order, their parameters complete. */
  readonly steps: readonly PlanStep[];
  readonly journal: Journal;
  readonly effects: Effects;
  /** Aborted at the first Ctrl-C: nothing new starts. */
  readonly drain: AbortSignal;
  kindOf(step: PlanStep): StepKind<Json>;
  context(effects: Effects, signal: AbortSignal, tools?: StepTools): StepContext;
}

interface Question {
  /** The longest that the answer may take, milliseconds. */
  ms: number;
  /** What is asked, for the error when no answer comes. Default: the step's id. */
  what?: string;
  /** Default: those of the run. */
  effects?: Effects;
  /** Cancels the question. Default: the run's drain. */
  cancel?: AbortSignal | undefined;
}

/** Puts one read-only question to the code of a step. @throws DeadlineError; what the step throws */
export function ask<T>(run: Run, step: PlanStep, question: Question, answer: (kind: StepKind<Json>, ctx: StepContext) => Promise<T>): Promise<T> {
  const { ms, what = step.id, effects = run.effects } = question;
  const cancel = 'cancel' in question ? question.cancel : run.drain;
  return withDeadline(run.effects.clock, ms, what, cancel, (signal) => answer(run.kindOf(step), run.context(effects, signal)));
}

const LOOKS_ONLY: StepTools = {
  record: () => undefined,
  wait: () => Promise.reject(new Error('a look does not wait')),
};

export interface RunParts {
  /** Has `run.started` (or `run.resumed`) as its last record. */
  journal: Journal;
  effects: Effects;
  /** The code of a step kind, by the name in the plan. */
  stepKind: (name: string) => Promise<AnyStepKind>;
  operator: Operator;
  /** Aborted when a person asks to stop. */
  drain: AbortSignal;
  /** Nothing is run: see `StepContext`. */
  preview?: true;
}

/** Loads the code of every step, and parses its parameters again: a saved plan may have been edited. @throws for an unknown step or invalid parameters */
export async function loadRun(parts: RunParts, impactAt: () => number | undefined): Promise<Run> {
  const { journal, effects, drain, operator } = parts;
  const { plan } = journal.state;
  const kinds = new Map<string, StepKind<Json>>();
  for (const { kind } of plan.steps) if (!kinds.has(kind)) kinds.set(kind, await parts.stepKind(kind));
  const kindOf = (step: PlanStep): StepKind<Json> => {
    const kind = kinds.get(step.kind);
    if (kind === undefined) throw new Error(`no code for ${step.kind}`);
    return kind;
  };
  const steps = plan.steps.map((step) => ({ ...step, params: kindOf(step).params.parse(step.params, { jitless: true }) }));
  const context = (given: Effects, signal: AbortSignal, tools: StepTools = LOOKS_ONLY): StepContext => ({
    effects: given,
    signal,
    runbook: plan.runbook.name,
    source: plan.source,
    target: plan.target,
    operator: operator.identity,
    ...factsOf(journal.state),
    impactAt,
    ...(parts.preview === undefined ? {} : { preview: parts.preview }),
    attempt: 0,
    askedBefore: false,
    intends: (resource, field) => intendedChanges(journal.state).some((change) => change.resource === resource && change.field === field),
    planned: steps,
    fact: (name) => journal.state.facts.get(name),
    ...tools,
  });
  return { steps, journal, effects, drain, kindOf, context };
}

function factsOf(state: RunState): Pick<StepContext, 'run' | 'acceptances' | 'impactNamed'> {
  const { run, plan, operator, initiatorKeys, acceptances } = state;
  return {
    run: { id: run, plan: plan.hash, verb: plan.verb, account: plan.account, initiator: { identity: operator.identity, user: operator.user, keys: initiatorKeys ?? [] } },
    acceptances,
    impactNamed: state.impactAt !== undefined && state.impactSource === undefined,
  };
}
