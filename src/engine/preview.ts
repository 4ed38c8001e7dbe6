import { withDeadline } from '../base/deadline.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Observation, PlanStep, Refusal, Warning } from '../model/step.ts';
import { runChecks } from './checks.ts';
import { loadRun, type Run, type RunParts } from './run.ts';
import { runGraph } from './schedule.ts';
import type { StepEnd } from './step-parts.ts';

/*
 * What a run of a plan would be refused for if it began now. Reads only: checks, and the looks of steps that have no act.
 *
 * Invariants:
 * 1. No act of any step is called.
 * 2. The checks and looks are those of a run, in its order, with the facts that earlier looks record.
 * 3. A gate behind something that only a run can do or wait for is not evaluated, and is named.
 */

/** One step that would refuse, or whose check gave no answer. */
export interface Obstacle {
  step: string;
  title: string;
  refusal?: Refusal;
  /** Why its check could not be made: a run refuses that, too. */
  error?: string;
  /** It is no step: another run holds what this one needs. Who, and what to do. */
  held?: readonly string[];
}

export interface Preview {
  /** In the order of the plan; empty: nothing that can be known now would refuse the run. */
  refusals: readonly Obstacle[];
  /** Gates that only a run evaluates. */
  notEvaluated: readonly { step: string; title: string }[];
  /** What checks warn of, e.g. that a run will wait for an approval. */
  warnings: readonly string[];
}

/** The same with the step that each warning comes from. */
export interface StepPreview extends Omit<Preview, 'warnings'> {
  warned: readonly { step: PlanStep; warnings: readonly Warning[] }[];
}

/** The journal of `parts` lies in memory, and has `run.started` as its only record. */
export async function preview(parts: RunParts): Promise<Preview> {
  const { warned, ...seen } = await previewSteps(parts);
  return { ...seen, warnings: [...new Set(warned.flatMap(({ warnings }) => warnings.map(({ observed }) => observed)))] };
}

export async function previewSteps(parts: RunParts): Promise<StepPreview> {
  const { journal } = parts;
  const run = await loadRun({ ...parts, preview: true }, () => journal.state.impactAt);
  const warnings = new Map<string, readonly Warning[]>();
  await runChecks(run, run.steps, ({ id }, found) => void warnings.set(id, found));
  const decisions = decisionsOf(run);
  await runGraph(decisions, new Set(), LIMITS.stepsInParallel, parts.drain, (step) => lookOnce(run, step));
  const seen = (step: PlanStep) => journal.state.steps.get(step.id);
  const refusals = run.steps.flatMap((step): Obstacle[] => {
    const { id, title } = step;
    const state = seen(step);
    if (step.optional || state === undefined) return [];
    if (state.refusal !== undefined) return [{ step: id, title, refusal: state.refusal }];
    return state.check === 'failed' ? [{ step: id, title, error: state.because }] : [];
  });
  const refused = new Set(refusals.map(({ step }) => step));
  return {
    refusals,
    notEvaluated: run.steps.filter((step) => step.gate && seen(step)?.state !== 'done' && !refused.has(step.id)).map(({ id, title }) => ({ step: id, title })),
    warned: run.steps.map((step) => ({ step, warnings: warnings.get(step.id) ?? [] })),
  };
}

/** The facts that looks and gates of the assessment record, without the checks of any step. What has not answered within `limitMs` has recorded nothing. */
export async function assessOnly(parts: RunParts, limitMs: number): Promise<ReadonlyMap<string, Json>> {
  const { journal } = parts;
  const run = await loadRun({ ...parts, preview: true }, () => journal.state.impactAt);
  await runGraph(decisionsOf(run), new Set(), LIMITS.stepsInParallel, parts.drain, (step) => lookOnce(run, step, limitMs));
  return journal.state.facts;
}

/** Signals and gates of the assessment that wait for nothing but one another. */
function decisionsOf(run: Run): PlanStep[] {
  const ids = new Set<string>();
  return run.steps.filter((step) => {
    const decides = (step.phase === 'assess' || step.gate) && step.beside === undefined && run.kindOf(step).act === undefined && step.after.every((id) => ids.has(id));
    if (decides) ids.add(step.id);
    return decides;
  });
}

/** Thrown where a look waits for a person or for a custom wait: only a run does. */
class NeedsRun extends Error {}

async function lookOnce(run: Run, step: PlanStep, limitMs: number = LIMITS.checkMs): Promise<StepEnd> {
  const { journal, effects, drain } = run;
  const facts: Record<string, Json> = {};
  const tools = {
    record: (name: string, value: Json) => void (facts[name] = value),
    wait: (cause: string, ms: number) => (cause === 'person' || cause === 'own' ? Promise.reject(new NeedsRun()) : effects.clock.sleep(ms)),
  };
  let seen: Observation;
  try {
    seen = await withDeadline(effects.clock, limitMs, step.id, drain, (signal) => run.kindOf(step).observe(run.context(effects, signal, tools), step.params));
  } catch {
    // Unknown: a run looks again until its limit.
    return 'paused';
  }
  const outcome = { step: step.id, facts };
  if (seen.state === 'refused') {
    await journal.append({ type: 'step.refused', because: seen.refusal.observed, refusal: seen.refusal, ...outcome });
    // The others are to be known, too: what waits for this one is not evaluated.
    return 'paused';
  }
  if (seen.state !== 'reached') return 'paused';
  await journal.append({ type: 'step.done', because: seen.because, already: true, ...outcome });
  return 'done';
}
