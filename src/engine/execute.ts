import { withDeadline } from '../base/deadline.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Effects } from '../effects/effects.ts';
import type { Operator, RunOutcome } from '../journal/events.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunState } from '../journal/state.ts';
import type { Initiator } from '../kinds/approvals/people.ts';
import type { AnyStepKind, PlanStep, StepContext, StepKind, Verdict } from '../kinds/step.ts';
import { isGuard, planProblems } from '../plan/graph.ts';
import { runChecks } from './checks.ts';
import { dataGone, END_STATE_GONE, type EndRuntime, stillThere } from './end-look.ts';
import { watchOver } from './guards.ts';
import { lineIsAhead, oldDecision, openDecisions, type LineRuntime, writesAgain } from './line.ts';
import { watchProbes } from './probes.ts';
import { runStep, type StepEnd, type StepRuntime } from './run-step.ts';
import { runGraph } from './schedule.ts';
import { actedSteps, intendedChanges, leadBack, stepsPastTheLine } from './undo.ts';

/*
 * Runs a plan, or the rest of one. Knows no AWS and no wall clock.
 *
 * Invariants:
 * 1. No mutation before every check of the plan is green, and younger than LIMITS.checkAgeMs.
 * 2. No step past the line before every gate is done: the plan's own edges say so, and it is refused if they do not.
 * 3. A step that is done stays done: a resume does not run it again. Before the line it decides afresh, though: what was
 *    seen of the source, and the fence, may be hours old by then. So does a run that has waited long for a person.
 * 4. A switchover that is refused or fails before the line leads itself back; so does a run that a person aborts.
 * 5. Guards run beside the rest and end after it; how they end changes nothing of how the run ends.
 * 6. Success is told when the end state, looked at once more after all else, is there (end-look.ts).
 * 7. Whatever happens, the journal ends with run.finished or run.interrupted, unless it cannot be written.
 */

export interface ExecuteOptions {
  /** Has `run.started` (or `run.resumed`) as its last record. */
  journal: Journal;
  effects: Effects;
  /** The code of a step kind, by the name in the plan. */
  stepKind: (name: string) => Promise<AnyStepKind>;
  operator: Operator;
  /** Aborted when a person asks to stop. */
  drain: AbortSignal;
}

/** Executes what is left of the journal's plan. Returns how it ended. @throws when the journal cannot be written. */
export async function execute(options: ExecuteOptions): Promise<RunOutcome | 'interrupted'> {
  const { journal, effects } = options;
  const { plan } = journal.state;
  const problems = planProblems(plan.steps);
  if (problems.length > 0) throw new Error(`the plan is not sound: ${problems.join('; ')}`);
  const kinds = await loadKinds(plan.steps, options);
  const probes = watchProbes(plan.probes, effects, journal, firstFailure(journal.state));
  try {
    const context = contextMaker(options, probes.impactAt);
    const forward = journal.state.leadingBack === undefined ? await runAll(options, kinds, context) : undefined;
    if (forward !== undefined && ledBack(journal.state, forward)) {
      await journal.append({ type: 'undo.started', because: `${journal.state.plan.verb} ${forward} before the line` });
    }
    const back = forward === undefined || journal.state.leadingBack !== undefined;
    const end = back ? await leadBack({ effects, journal, context, kindOf: (step) => kindOf(kinds, step) }) : forward;
    await probes.stop(end === 'succeeded');
    await journal.append(
      end === 'interrupted' ? { type: 'run.interrupted', signal: whyInterrupted(journal.state, options.drain) } : { type: 'run.finished', outcome: end },
    );
    return end;
  } finally {
    await probes.stop().catch(() => undefined);
  }
}

/** A step that waits for a person names itself: a run that is interrupted can be gone on with. */
function whyInterrupted(state: RunState, drain: AbortSignal): string {
  const paused = [...state.steps.values()].filter((step) => step.state === 'paused');
  const stopped = drain.reason instanceof Error ? drain.reason.message : 'stop requested';
  return paused.length === 0 ? stopped : `a person is needed for ${paused.map((step) => step.id).join(', ')}`;
}

/** A planned move must not leave the application half way: what acted is undone, unless the line is crossed. */
function ledBack(state: RunState, end: RunOutcome | 'interrupted'): boolean {
  if (state.plan.verb !== 'switchover' || (end !== 'refused' && end !== 'failed')) return false;
  // Everything was done, and is not there any more: that is not mended by undoing it.
  const gone = [...state.steps.values()].some((step) => step.error?.code === END_STATE_GONE);
  return !gone && actedSteps(state).length > 0 && stepsPastTheLine(state).length === 0;
}

/** How often a run decides afresh by itself. */
const ROUNDS = 3;

async function runAll(options: ExecuteOptions, kinds: Kinds, context: ContextMaker): Promise<RunOutcome | 'interrupted'> {
  for (let round = 1; ; round++) {
    const asked: true[] = [];
    const end = await runOnce(options, kinds, context, () => void asked.push(true));
    if (end !== 'interrupted' || asked.length === 0 || options.drain.aborted || round === ROUNDS) return end;
  }
}

async function runOnce(options: ExecuteOptions, kinds: Kinds, context: ContextMaker, decideAgain: () => void): Promise<RunOutcome | 'interrupted'> {
  const { journal, effects, drain } = options;
  // What a schema fills in by itself is not in the plan.
  const steps = journal.state.plan.steps.map((step) => ({ ...step, params: kindOf(kinds, step).params.parse(step.params) }));
  const tell = (step: PlanStep, because: string) => journal.append({ type: 'step.silent', step: step.id, because }).then(() => undefined);
  const line: LineRuntime = { steps, state: () => journal.state, effects, drain, tell, kindOf: (step) => kindOf(kinds, step), context: (e, s) => context(e, s, NO_TOOLS) };
  const ahead = await lineIsAhead(line);
  const again = new Set(ahead ? openDecisions(steps, journal.state) : []);
  const done = new Set(steps.filter((s) => journal.state.steps.get(s.id)?.state === 'done' && !again.has(s)).map((s) => s.id));
  const todo = steps.filter((s) => !done.has(s.id)).map((step) => ({ step, kind: kindOf(kinds, step) }));
  const green = await runChecks({ steps: todo, effects, journal, drain, context: (e, s) => context(e, s, NO_TOOLS) });
  if (!green) return drain.aborted ? 'interrupted' : 'refused';
  await journal.append({ type: 'checks.green' });
  const checkedAt = effects.clock.now();
  // Whoever decides afresh has no decision that is older than its own start.
  const mayBeOld = () => !ahead || effects.clock.now() - checkedAt > LIMITS.decisionAgeMs - LIMITS.intentMs;

  const data = steps.filter((step) => step.phase === 'data' && kindOf(kinds, step).holds !== undefined);
  const ends: EndRuntime = { steps, data, effects, journal, drain, kindOf: (step) => kindOf(kinds, step), context: (e, s) => context(e, s, NO_TOOLS) };
  const run = (step: PlanStep, over?: AbortSignal): Promise<StepEnd> => {
    const kind = kindOf(kinds, step);
    const startedAt = effects.clock.now();
    const recheck = async (): Promise<Verdict> => {
      const no = (mayBeOld() ? oldDecision(line, step, startedAt) : undefined) ?? (await writesAgain(line, step)) ?? (await dataGone(ends, step));
      if (no !== undefined) return no;
      if (effects.clock.now() - checkedAt <= LIMITS.checkAgeMs) return { state: 'ok', because: 'checked a moment ago' };
      return withDeadline(effects.clock, LIMITS.checkMs, `check of ${step.id}`, drain, (signal) =>
        kind.check(context(effects, signal, NO_TOOLS), step.params),
      );
    };
    const patienceMs = () => (journal.state.plan.verb === 'switchover' && stepsPastTheLine(journal.state).length === 0 ? LIMITS.silenceMs : LIMITS.silenceMaxMs);
    return runStep({ step, kind, effects, journal, drain, patienceMs, underWay: () => guards.underWay(step.id), ...(over === undefined ? {} : { over }), recheck, decideAgain, context });
  };
  const guards = watchOver({ guards: todo.map(({ step }) => step).filter(isGuard), state: () => journal.state, clock: effects.clock, drain, run });
  const end = await runGraph(steps.filter((step) => !isGuard(step)), done, LIMITS.stepsInParallel, drain, (step) => {
    guards.begins(step.id);
    return run(step);
  }).finally(() => guards.end());
  if (end !== 'done') return end;
  return stillThere(ends);
}

type Kinds = ReadonlyMap<string, StepKind<Json>>;
type ContextMaker = StepRuntime['context'];

/** Checks decide; they leave nothing behind and wait for nobody. */
const NO_TOOLS: Pick<StepContext, 'record' | 'wait'> = {
  record: () => undefined,
  wait: () => Promise.reject(new Error('a check does not wait')),
};

async function loadKinds(steps: readonly PlanStep[], options: ExecuteOptions): Promise<Kinds> {
  const kinds = new Map<string, StepKind<Json>>();
  for (const step of steps) {
    // Parameters were made by the kind itself, and are parsed here again: a saved plan may have been edited.
    const kind = kinds.get(step.kind) ?? (await options.stepKind(step.kind));
    kind.params.parse(step.params);
    kinds.set(step.kind, kind);
  }
  return kinds;
}

function kindOf(kinds: Kinds, step: PlanStep): StepKind<Json> {
  const kind = kinds.get(step.kind);
  if (kind === undefined) throw new Error(`no code for ${step.kind}`);
  return kind;
}

/** Impact as far as the journal knows it: what a person said, else the first failed sample of any probe. */
function firstFailure(state: RunState): number | undefined {
  if (state.impactAt !== undefined) return state.impactAt;
  const times = [...state.probes.values()].flatMap((p) => p.changes.filter((c) => !c.up).map((c) => c.at));
  return times.length === 0 ? undefined : Math.min(...times);
}

function initiatorOf({ operator, initiatorKeys }: RunState): Initiator {
  return { identity: operator.identity, user: operator.user, keys: initiatorKeys };
}

function contextMaker(options: ExecuteOptions, impactAt: () => number | undefined): ContextMaker {
  const { journal, operator } = options;
  const { plan } = journal.state;
  return (effects, signal, tools) => ({
    effects,
    signal,
    runbook: plan.runbook.name,
    source: plan.source,
    target: plan.target,
    operator: operator.identity,
    run: { id: journal.state.run, plan: plan.hash, verb: plan.verb, account: plan.account, initiator: initiatorOf(journal.state) },
    acceptances: journal.state.acceptances,
    impactAt,
    impactNamed: journal.state.impactAt !== undefined && journal.state.impactSource === undefined,
    attempt: 0,
    intends: (resource, field) => intendedChanges(journal.state).some((change) => change.resource === resource && change.field === field),
    fact: (name) => journal.state.facts.get(name),
    ...tools,
  });
}
