import { LIMITS } from '../base/limits.ts';
import type { PlanStep, Verdict, Warning } from '../model/step.ts';
import { traceStep } from './trace.ts';
import { inParallel } from './schedule.ts';
import { ask, type Run } from './run.ts';
import { toErrorRecord } from './error-records.ts';

/**
 * Makes the checks of these steps, side by side, and journals each. Reads only.
 * Returns true when every one is green. A check that could not be made is not green: unknown means refuse.
 * @param onWarnings told of what a check warns of, with what is wanted: the journal keeps what was observed
 */
export async function runChecks(run: Run, steps: readonly PlanStep[], onWarnings?: (step: PlanStep, warnings: readonly Warning[]) => void): Promise<boolean> {
  const { journal, effects, drain } = run;
  const red: string[] = [];
  await inParallel(steps, LIMITS.checksInParallel, async (step) => {
    let verdict: Verdict;
    const trace = traceStep(effects);
    const waits = () => ({ waits: trace.all().waits });
    try {
      verdict = await check(run, step, trace.effects);
    } catch (error) {
      if (drain.aborted) return;
      if (!step.optional) red.push(step.id);
      return journal.append({ type: 'check.failed', step: step.id, error: toErrorRecord(error), ...waits() });
    }
    if (verdict.state === 'refused') {
      if (!step.optional) red.push(step.id);
      return journal.append({ type: 'check.refused', step: step.id, refusal: verdict.refusal, ...waits() });
    }
    const warnings = verdict.warnings === undefined ? {} : { warnings: verdict.warnings.map(({ observed }) => observed) };
    onWarnings?.(step, verdict.warnings ?? []);
    return journal.append({ type: 'check.passed', step: step.id, because: verdict.because, ...warnings, ...waits() });
  });
  return red.length === 0 && !drain.aborted;
}

/** One check. @throws what it throws; DeadlineError */
export function check(run: Run, step: PlanStep, effects = run.effects): Promise<Verdict> {
  return ask(run, step, { ms: LIMITS.checkMs, what: `check of ${step.id}`, effects }, (kind, ctx) => kind.check(ctx, step.params));
}
