import { withDeadline } from '../base/deadline.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { Effects } from '../effects/effects.ts';
import type { Journal } from '../journal/journal.ts';
import type { PlanStep, StepContext, StepKind, Verdict } from '../kinds/step.ts';
import { traceStep } from './instrument.ts';
import { inParallel } from './parallel.ts';
import { toErrorRecord } from './run-step.ts';

export interface CheckRuntime {
  steps: readonly { step: PlanStep; kind: StepKind<Json> }[];
  effects: Effects;
  journal: Journal;
  drain: AbortSignal;
  context(effects: Effects, signal: AbortSignal): StepContext;
}

/**
 * Makes the checks of all the steps, side by side, and journals each. Reads only.
 * Returns true when every one is green. A check that could not be made is not green: unknown means refuse.
 */
export async function runChecks(runtime: CheckRuntime): Promise<boolean> {
  const { journal, effects, drain } = runtime;
  const red: string[] = [];
  await inParallel(runtime.steps, LIMITS.checksInParallel, async ({ step, kind }) => {
    let verdict: Verdict;
    const trace = traceStep(effects);
    const waits = () => ({ waits: trace.all().waits });
    try {
      verdict = await withDeadline(effects.clock, LIMITS.checkMs, `check of ${step.id}`, drain, (signal) =>
        kind.check(runtime.context(trace.effects, signal), step.params),
      );
    } catch (error) {
      if (drain.aborted) return;
      if (!step.optional) red.push(step.id);
      return journal.append({ type: 'check.failed', step: step.id, error: toErrorRecord(error), ...waits() });
    }
    if (verdict.state === 'refused') {
      if (!step.optional) red.push(step.id);
      return journal.append({ type: 'check.refused', step: step.id, refusal: verdict.refusal, ...waits() });
    }
    const warnings = verdict.warnings === undefined ? {} : { warnings: verdict.warnings };
    return journal.append({ type: 'check.passed', step: step.id, because: verdict.because, ...warnings, ...waits() });
  });
  return red.length === 0 && !drain.aborted;
}
