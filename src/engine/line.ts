import { formatDuration } from '../base/duration.ts';
import { LIMITS } from '../base/limits.ts';
import type { RunState } from '../journal/state.ts';
import type { PlanStep, Verdict } from '../model/step.ts';
import { ancestors, isGuard } from '../plan/graph.ts';
import { ask, type Run } from './run.ts';
import { isPlannedMove, traitsOf } from '../model/verb.ts';

/*
 * What carries a step over the line is true for a moment only.
 *
 * Invariants:
 * 1. While a step of no return is still to be made, a resume decides again what something still rests on.
 * 2. A planned move crosses the line only while its old writer takes no writes, as far as that answers: what stopped them may be an hour ago.
 * 3. A step of no return is not made when what it rests on was decided more than LIMITS.decisionAgeMs before: the run decides again, and
 *    refuses in its last round. The time that other steps spend on making what it needs does not count.
 */

export type Refused = Extract<Verdict, { state: 'refused' }>;

/** Signals, gates before the line, and the fence. */
export function isDecision(step: PlanStep): boolean {
  return !isGuard(step) && (step.gate || step.phase === 'assess' || step.phase === 'fence');
}

/** Where users and data are moved, or their twins are made; what comes after only looks, tells and tidies up. */
const MOVING: ReadonlySet<PlanStep['phase']> = new Set(['prepare', 'data', 'compute', 'traffic']);

/** Decisions on which something still rests: a step that moves users or data, and is not done. Made again by a resume. */
export function openDecisions(steps: readonly PlanStep[], state: RunState): PlanStep[] {
  const open = steps.filter((step) => MOVING.has(step.phase) && !isDecision(step) && !isGuard(step) && state.steps.get(step.id)?.state !== 'done');
  const rests = ancestors(steps, open.map((step) => step.id));
  return steps.filter((step) => isDecision(step) && rests.has(step.id));
}

/**
 * Capacity that was made before a resume, while users are still to be led to it. It is looked at again, and made again where it is gone: somebody may
 * have taken it away, or an abort whose records never came to where this journal is read.
 */
export function openCapacity(steps: readonly PlanStep[], state: RunState): PlanStep[] {
  const isOpen = ({ id }: PlanStep): boolean => state.steps.get(id)?.state !== 'done';
  if (state.resumedBy.length === 0 || !steps.some((step) => step.phase === 'traffic' && !isDecision(step) && isOpen(step))) return [];
  return steps.filter((step) => step.phase === 'compute' && step.origin !== 'custom' && !isGuard(step) && !isOpen(step));
}

/** An approval, or a custom step: it says nothing of the source, and takes its time. */
function isAboutPeople(step: PlanStep): boolean {
  return step.origin === 'custom' || step.approval !== undefined;
}

/** True while a step of no return has not been made, or the plan has none. An intent proves nothing, but a young one counts as made: it may not show yet. */
export async function lineIsAhead(run: Run): Promise<boolean> {
  const { effects, drain, journal } = run;
  const { state } = journal;
  const all = run.steps.filter((step) => step.reversibility === 'point-of-no-return');
  if (all.length === 0) return true;
  const open = all.filter((step) => state.steps.get(step.id)?.state !== 'done');
  const ahead = await Promise.all(
    open.map(async (step) => {
      const intendedAt = state.steps.get(step.id)?.intendedAt;
      if (intendedAt === undefined) return true;
      // An intent of the future was written by a machine whose clock is ahead: of unknown age, and none to wait for so long.
      const young = LIMITS.checkAgeMs - Math.max(0, effects.clock.now() - intendedAt);
      if (young >= 0) {
        // With decisions that are still good the step is observed, and asked for again. With old ones it would be refused: until it shows
        // whether it was made, it is waited for.
        if (oldDecision(run, step, effects.clock.now()) === undefined) return false;
        const because = `it was asked for, and what it rests on is old: waiting ${formatDuration(Math.ceil(young / 1000) * 1000)} until it is sure to show whether it was made`;
        await journal.append({ type: 'step.silent', step: step.id, because });
        await effects.clock.sleep(young + 1, drain);
      }
      try {
        const seen = await ask(run, step, { ms: LIMITS.checkMs }, (kind, ctx) => kind.observe(ctx, step.params));
        return seen.state === 'absent' || seen.state === 'refused';
      } catch {
        return false;
      }
    }),
  );
  return ahead.includes(true);
}

/** In a planned move: the old writer takes writes again, no matter who allowed them, and they would be lost. No answer counts as no writes. */
export async function writesAgain(run: Run, step: PlanStep): Promise<Verdict | undefined> {
  const { state } = run.journal;
  const { verb } = state.plan;
  if (step.reversibility !== 'point-of-no-return' || !isPlannedMove(verb)) return undefined;
  const before = ancestors(run.steps, [step.id]);
  const stopped = run.steps.filter((s) => before.has(s.id) && s.phase === 'fence' && s.origin !== 'custom' && state.steps.get(s.id)?.state === 'done');
  const looks = await Promise.all(stopped.map((s) => ask(run, s, { ms: LIMITS.endFreshMs }, (kind, ctx) => kind.observe(ctx, s.params)).catch(() => undefined)));
  const again = looks.find((seen) => seen?.state === 'absent');
  if (again?.state !== 'absent') return undefined;
  return {
    state: 'refused',
    refusal: {
      rule: 'fence',
      observed: again.because,
      threshold: 'the old writer takes no writes until users are moved',
      consequence: 'what it takes from now on would be lost',
      override: `none: find out who lets it take writes, then start again: dr ${verb} --region ${state.plan.target}`,
    },
  };
}

/**
 * How long these steps were at work since a time, ms; what went on at once counts once. A step is not at work before it was last begun, nor
 * before all that it waits for has ended: the process may have died, or stood still.
 */
function workedSince(since: number, steps: readonly PlanStep[], run: RunState): number {
  const endOf = (id: string): number => run.steps.get(id)?.endedAt ?? 0;
  const spans = steps.flatMap((step) => {
    const { begunAt, endedAt } = run.steps.get(step.id) ?? {};
    return begunAt === undefined || endedAt === undefined ? [] : [{ from: Math.max(begunAt, ...step.after.map(endOf)), to: endedAt }];
  });
  let [worked, counted] = [0, since];
  for (const { from, to } of spans.sort((a, b) => a.from - b.from)) {
    worked += Math.max(0, to - Math.max(from, counted));
    counted = Math.max(counted, to);
  }
  return worked;
}

/**
 * The refusal of a step of no return whose decisions have grown old before it acts. What had to be made before it, or done by a
 * person, takes as long as it takes: meanwhile decisions do not age. In a planned move, where both sides are well, only the step's own
 * waiting counts. `startedAt`: of the step, in this process.
 */
export function oldDecision(run: Run, step: PlanStep, startedAt: number): Refused | undefined {
  if (step.reversibility !== 'point-of-no-return') return undefined;
  const { state } = run.journal;
  const now = run.effects.clock.now();
  const decisions = run.steps.filter((s) => isDecision(s) && !isAboutPeople(s) && s.phase !== 'traffic' && s.phase !== 'verify' && s.phase !== 'protect');
  const endedAt = (s: PlanStep) => state.steps.get(s.id)?.endedAt;
  const before = ancestors(run.steps, [step.id]);
  // Signatures make nothing younger: where they took their time, everything was decided again.
  const made = run.steps.filter((s) => before.has(s.id) && s.id !== step.id && s.approval === undefined && !decisions.includes(s));
  const ageOf = (decidedAt: number): number => (traitsOf(state.plan.verb).sourceMayBeDead ? now - decidedAt - workedSince(decidedAt, made, state) : now - Math.max(decidedAt, startedAt));
  const ages = decisions.map((s) => ({ title: s.title, ageMs: ageOf(endedAt(s) ?? now) }));
  const oldest = ages.sort((a, b) => b.ageMs - a.ageMs)[0];
  // It must be young enough when the request is sent, and not only now.
  if (oldest === undefined || oldest.ageMs <= LIMITS.decisionAgeMs - LIMITS.intentMs) return undefined;
  return {
    state: 'refused',
    refusal: {
      rule: 'decision-age',
      observed: `"${oldest.title}" was answered ${formatDuration(oldest.ageMs)} ago`,
      ageMs: oldest.ageMs,
      threshold: `at most ${formatDuration(LIMITS.decisionAgeMs)} before the point of no return, which may be ${formatDuration(LIMITS.intentMs)} from now`,
      consequence: 'the source may be back, and the loss another one, than when it was decided',
      override: 'dr resume: looks again, and decides again',
    },
  };
}
