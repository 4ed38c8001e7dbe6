import { LIMITS } from '../base/limits.ts';
import { stopController } from '../base/stop.ts';
import type { RunState } from '../journal/state.ts';
import type { PlanStep } from '../model/step.ts';
import { isGuard } from '../plan/graph.ts';
import type { Run } from './run.ts';
import type { StepEnd } from './step-parts.ts';

/*
 * Guards run beside the graph.
 *
 * Invariants:
 * 1. A guard begins when one of the steps it stands beside was asked for, in this process or before a resume, or is done, or is
 *    seen to be under way after an intent: the process that asked may have died before it could say so.
 * 2. No step waits for a guard, and none of its ends is an end of the run.
 * 3. When everything else has ended the guards end too: see run-step.ts.
 * 4. A guard ends on a look that is young: where its machine has stood still since, it begins again.
 * 5. A run with a guard that has failed does not succeed: what the guard stands against was there at its last look.
 */

interface Guards {
  /** What a step intended is seen to be under way. */
  underWay(id: string): void;
  /** Everything else has ended. Resolves when the guards have. @throws what a guard threw: its journal failed */
  end(): Promise<void>;
}

/** Lets these guards run, each by `start`, until `end` is called. `steps`: those of the plan that are not done. */
export function watchOver(run: Run, steps: readonly PlanStep[], start: (guard: PlanStep, over: AbortSignal) => Promise<StepEnd>): Guards {
  const { journal, drain, effects } = run;
  const over = stopController(effects.clock);
  const asleep = new Set(steps.filter(isGuard));
  const watching: Promise<void>[] = [];
  const underWay = new Set<string>();
  const guard = async (step: PlanStep): Promise<void> => {
    do await start(step, over.signal);
    while (!drain.aborted && endedLongAgo(step));
  };
  /** This machine has stood still between the last look of the guard and now: what it stands against may be there. */
  const endedLongAgo = ({ id }: PlanStep): boolean => {
    const ended = journal.state.steps.get(id);
    return ended?.state === 'unmet' && effects.clock.now() - (ended.endedAt ?? 0) > LIMITS.guardFreshMs;
  };
  const beginDue = (): void => {
    if (over.signal.aborted || drain.aborted) return;
    for (const step of asleep) {
      if (!isAsked(step, journal.state, underWay)) continue;
      asleep.delete(step);
      const watch = guard(step);
      // The next append, or end(), reports a journal that fails.
      watch.catch(() => undefined);
      watching.push(watch);
    }
  };
  beginDue();
  journal.follow(beginDue);
  return {
    underWay: (id) => {
      underWay.add(id);
      beginDue();
    },
    end: async () => {
      over.abort(new Error('everything else has ended'));
      await Promise.all(watching);
    },
  };
}

/** One of the steps it stands beside was asked for, or is seen to be under way. */
function isAsked(step: PlanStep, state: RunState, underWay: ReadonlySet<string>): boolean {
  return (step.beside ?? []).some((id) => {
    const other = state.steps.get(id);
    return other?.state === 'done' || other?.requestedAt !== undefined || underWay.has(id);
  });
}
