import { iso } from '../base/clock.ts';
import { LIMITS } from '../base/limits.ts';
import { anyStop, stopController } from '../base/stop.ts';
import type { RunOutcome } from '../journal/events.ts';
import type { RunState } from '../journal/state.ts';
import type { PlanStep, Verdict } from '../model/step.ts';
import { drillProblems, makesTwin } from '../plan/drill.ts';
import { isGuard, planProblems } from '../plan/graph.ts';
import { actedSteps, stepsPastTheLine } from './acted.ts';
import { check, runChecks } from './checks.ts';
import { dataGone, END_STATE_GONE, sayWhatIsGone, stillThere } from './end-look.ts';
import { watchOver } from './guards.ts';
import { lineIsAhead, oldDecision, openCapacity, openDecisions, type Refused, writesAgain } from './line.ts';
import { impactOf, watchProbes } from './probes.ts';
import { loadRun, type Run, type RunParts } from './run.ts';
import { runStep } from './run-step.ts';
import type { StepEnd, Tries } from './step-parts.ts';
import { runGraph } from './schedule.ts';
import { leadBack } from './undo.ts';
import { isPlannedMove, traitsOf } from '../model/verb.ts';

/*
 * Runs a plan, or the rest of one. Knows no AWS and no wall clock.
 *
 * Invariants:
 * 1. No mutation before every check of the plan is green, and younger than LIMITS.checkAgeMs.
 * 2. No step past the line before every gate is done: the plan's own edges say so, and it is refused if they do not.
 * 3. A step that is done stays done: a resume does not run it again. Before the line it decides again, though: what was
 *    seen of the source, and the fence, may be hours old by then. So does a run that has waited long for a person, or for AWS right before
 *    the line: at most ROUNDS times, and every reason to refuse still refuses.
 * 4. A switchover that is refused or fails before the line rolls itself back; so does a run that a person aborts; so does a drill however it
 *    ends, also after Ctrl-C, and one that is resumed. Only the twins that a person wants to look at stay until they say so.
 * 5. Guards run beside the rest and end after it; how they end changes nothing of how the run ends.
 * 6. Success is declared when the end state, looked at once more after all else, is there (end-look.ts).
 * 7. Whatever happens, the journal ends with run.finished or run.interrupted, unless it cannot be written.
 */

/** Executes what is left of the journal's plan. Returns how it ended. @throws when the journal cannot be written. */
export async function execute(parts: RunParts): Promise<RunOutcome | 'interrupted'> {
  const { journal, effects } = parts;
  const { plan } = journal.state;
  const problems = [...planProblems(plan.steps), ...(traitsOf(plan.verb).drills ? drillProblems(plan.steps) : [])];
  if (problems.length > 0) throw new Error(`the plan is not sound: ${problems.join('; ')}`);
  const run = await loadRun(parts, () => impactOf(journal.state));
  const probes = watchProbes(plan.probes, effects, journal);
  try {
    const wasLedBack = journal.state.leadingBack !== undefined;
    const forward = wasLedBack ? 'interrupted' : await goForward(run);
    const kept = keepTwins(journal.state, forward);
    if (kept !== undefined) {
      await probes.stop();
      const until = effects.clock.now() + kept.ms;
      await journal.append({ type: 'drill.kept', until, ended: kept.ended });
      await journal.append({ type: 'run.interrupted', signal: `its twins are kept until ${iso(until)}` });
      return 'interrupted';
    }
    if (!wasLedBack && ledBack(journal.state, forward)) {
      const drills = traitsOf(plan.verb).drills;
      await journal.append({ type: 'undo.started', because: drills ? `the drill is over (${forward}): its twins are deleted` : `${plan.verb} ${forward} before the line`, ...(drills ? { ended: journal.state.kept?.ended ?? forward } : {}) });
    }
    const back = journal.state.leadingBack !== undefined;
    let end = back ? endOf(journal.state, await leadBack(run)) : forward;
    let seenAt = effects.clock.now();
    let seesUsersServed = await probes.stop(end === 'succeeded');
    // Its own probe is bad, or this machine may have stood still since: success is of what is there now.
    while (!back && end === 'succeeded' && (!seesUsersServed || effects.clock.now() - seenAt > LIMITS.endFreshMs)) {
      end = await stillThere(run);
      seenAt = effects.clock.now();
      seesUsersServed = true;
    }
    await journal.append(
      end === 'interrupted' ? { type: 'run.interrupted', signal: whyInterrupted(journal.state, parts.drain) } : { type: 'run.finished', outcome: end },
    );
    return end;
  } finally {
    await probes.stop().catch(() => undefined);
  }
}

/** A step that waits for a person names itself: a run that is interrupted can be resumed. */
function whyInterrupted(state: RunState, drain: AbortSignal): string {
  const paused = [...state.steps.values()].filter((step) => step.state === 'paused');
  const stopped = drain.reason instanceof Error ? drain.reason.message : 'stop requested';
  return paused.length === 0 ? stopped : `a person is needed for ${paused.map((step) => step.id).join(', ')}`;
}

/** A drill that was cut short is not continued: what it measured would be of two halves. */
function goForward(run: Run): Promise<RunOutcome | 'interrupted'> {
  const { plan, resumedBy } = run.journal.state;
  return traitsOf(plan.verb).drills && resumedBy.length > 0 ? Promise.resolve('interrupted') : runAll(run);
}

/** For how long the twins of a drill stay, whose steps are over, one way or the other. Undefined where nobody wants that, or nothing was made. */
function keepTwins(state: RunState, end: RunOutcome | 'interrupted'): { ms: number; ended: RunOutcome } | undefined {
  const { plan, acceptances } = state;
  const ms = acceptances.keepTwinsMs;
  if (!traitsOf(plan.verb).drills || ms === undefined || (end !== 'succeeded' && end !== 'failed')) return undefined;
  return actedSteps(state).some(makesTwin) ? { ms, ended: end } : undefined;
}

/** A run that was rolled back was aborted; a drill, which always is, ends as it ended before. */
function endOf({ plan, leadingBack }: RunState, back: 'aborted' | 'failed'): RunOutcome {
  const ended = leadingBack?.ended;
  if (back === 'failed' || !traitsOf(plan.verb).drills || ended === undefined || ended === 'interrupted') return back;
  return ended;
}

/** A planned move must not leave the application half way: what acted is undone, unless the line is crossed. A drill leaves nothing. */
function ledBack(state: RunState, end: RunOutcome | 'interrupted'): boolean {
  if (traitsOf(state.plan.verb).drills) return actedSteps(state).length > 0 || state.resumedBy.length > 0;
  if (!traitsOf(state.plan.verb).rollsBack || (end !== 'refused' && end !== 'failed')) return false;
  // Everything was done, and is not there any more: that is not mended by undoing it.
  const gone = [...state.steps.values()].some((step) => step.error?.code === END_STATE_GONE);
  return !gone && actedSteps(state).length > 0 && stepsPastTheLine(state).length === 0;
}

/** How often a run decides, the first time included: for an hour in which AWS says "not now" right before the line. */
const ROUNDS = 12;

/** From the checks to the end of the graph. */
interface Round {
  /** No other comes after it: what is too old is refused. */
  readonly last: boolean;
  /** It ends to decide again. */
  again: boolean;
  /** Aborted where what is under way need not be waited for first: looks end, acts that have begun do not. */
  readonly over: AbortController;
  /** Of each step, in all rounds: another one is no person's decision to try as often again. */
  readonly tries: ReadonlyMap<string, Tries>;
}

async function runAll(run: Run): Promise<RunOutcome | 'interrupted'> {
  const tries = new Map<string, Tries>(run.steps.map(({ id }) => [id, { made: 0, last: '' }]));
  for (let number = 1; ; number++) {
    const round: Round = { last: number === ROUNDS, again: false, over: stopController(run.effects.clock), tries };
    const end = await runOnce(run, round);
    if (end !== 'interrupted' || !round.again || run.drain.aborted || round.last) return end;
  }
}

async function runOnce(run: Run, round: Round): Promise<RunOutcome | 'interrupted'> {
  const { journal, effects, drain, steps } = run;
  const ahead = await lineIsAhead(run);
  const open = new Set([...(ahead ? openDecisions(steps, journal.state) : []), ...openCapacity(steps, journal.state)]);
  const done = new Set(steps.filter((s) => journal.state.steps.get(s.id)?.state === 'done' && !open.has(s)).map((s) => s.id));
  const todo = steps.filter((s) => !done.has(s.id));
  if (!(await runChecks(run, todo))) return drain.aborted ? 'interrupted' : 'refused';
  await journal.append({ type: 'checks.green' });
  const checkedAt = effects.clock.now();
  // A run that decides again has no decision that is older than its own start.
  const mayBeOld = () => !ahead || effects.clock.now() - checkedAt > LIMITS.decisionAgeMs - LIMITS.intentMs;
  const pastTheLine = () => stepsPastTheLine(journal.state).length > 0;
  const patienceMs = () => (isPlannedMove(journal.state.plan.verb) && !pastTheLine() ? LIMITS.silenceMs : LIMITS.silenceMaxMs);

  const drainRound = anyStop(effects.clock, [drain, round.over.signal]);
  const ofRound: Run = { ...run, drain: drainRound };
  const decideAgain = (): void => void (round.again = true);
  /** What is too old to carry a step over the line is decided again; in the last round it is refused. */
  const again = async (step: PlanStep, no: Refused): Promise<Refused | 'again'> => {
    if (round.last || drain.aborted) return no;
    await journal.append({ type: 'step.silent', step: step.id, because: `${no.refusal.observed}: the run decides again` });
    decideAgain();
    round.over.abort(new Error('the run decides again'));
    return 'again';
  };

  const start = (step: PlanStep, over?: AbortSignal): Promise<StepEnd> => {
    const startedAt = effects.clock.now();
    const tooOld = (): Refused | undefined => (mayBeOld() ? oldDecision(run, step, startedAt) : undefined);
    const checkAgain = async (): Promise<Verdict | undefined> => (effects.clock.now() - checkedAt <= LIMITS.checkAgeMs ? undefined : check(run, step));
    const tries = round.tries.get(step.id) ?? { made: 0, last: '' };
    const recheck = async (): Promise<Verdict | 'again'> => {
      const before = tooOld();
      if (before !== undefined) return again(step, before);
      const no = (await writesAgain(run, step)) ?? (await dataGone(run, step, tries.last !== '')) ?? (await checkAgain());
      if (no?.state === 'refused') return no;
      // Last, for the looks take their time.
      const after = tooOld();
      return after === undefined ? (no ?? { state: 'ok', because: 'checked a moment ago' }) : again(step, after);
    };
    // A guard stands beside all rounds of what it guards: it ends when everything else has.
    return runStep(over === undefined ? ofRound : run, step, { over, tries, recheck, decideAgain, pastTheLine, patienceMs, underWay: () => guards.underWay(step.id) });
  };
  const guards = watchOver(run, todo, start);
  const end = await runGraph(steps.filter((step) => !isGuard(step)), done, LIMITS.stepsInParallel, drainRound, (step) => start(step)).finally(() => guards.end());
  if (end === 'failed') await sayWhatIsGone(run);
  if (end !== 'done') return end;
  return steps.some((step) => isGuard(step) && journal.state.steps.get(step.id)?.state === 'failed') ? 'failed' : stillThere(run);
}
