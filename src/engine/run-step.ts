import { formatDuration } from '../base/duration.ts';
import { DeadlineError, withDeadline } from '../base/deadline.ts';
import { CallError, messageOf } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { anyStop } from '../base/stop.ts';
import type { StepOutcome } from '../journal/events.ts';
import { isSuperseded } from '../journal/lease.ts';
import type { StepState } from '../journal/state.ts';
import type { Observation, PlanStep, Refusal, StepContext, StepKind, WaitCause } from '../model/step.ts';
import { isGuard } from '../plan/graph.ts';
import { errorRecord, toErrorRecord } from './error-records.ts';
import type { Happening, StepEnd, StepOptions } from './step-parts.ts';
import { type StepTrace, traceStep, waitOf } from './trace.ts';
import type { Run } from './run.ts';
import { END_STATES, transition } from './transitions.ts';

/*
 * Drives one step through the transition table.
 *
 * Invariants:
 * 1. The intent is durable before the act; an intent that cannot be written means no act.
 * 2. Looks (observe, verify) may be cancelled at any time; an act that has begun is let finish, then journaled.
 * 3. Every wait ends at the step's limit.
 * 4. Each request that changes something is sent only while this runner is not superseded: asked right before it, at every attempt. What was
 *    seen before the intent is looked at again if more than LIMITS.intentMs have passed: the runner may have stood still in between (a laptop
 *    that sleeps, a machine that is moved). Once a request of an act may have been made, its act continues.
 * 5. A guard ends with the run: at once while it only looks; what it has begun to change, and what it stands against and was last seen, gets
 *    LIMITS.guardEndMs. Its last look is no older than LIMITS.guardFreshMs. Where that is still there then, the guard has failed.
 */

/** A request that is intended must not be sent any more. */
class NoLonger extends Error {}

const NO_SIGN = 'AWS accepted the request, and nothing shows of it';

/** So often the last look before a request is made again where its answers come late. */
const HOLD_TURNS = 3;

export function runStep(run: Run, step: PlanStep, options: StepOptions): Promise<StepEnd> {
  return new StepRunner(run, step, options).run();
}

class StepRunner {
  readonly #run: Run;
  readonly #step: PlanStep;
  readonly #options: StepOptions;
  readonly #kind: StepKind<Json>;
  readonly #trace: StepTrace;
  readonly #facts: Record<string, Json> = {};
  #state: StepState = 'waiting';
  /** Counted on from before a resume, so that the journal numbers every attempt once. */
  #attempt = 0;
  readonly #attemptsBefore: number;
  /** Made once: each signal of two stays with both for as long as they are there. */
  readonly #overOrDrain: AbortSignal;
  /** The last sentence about it, and not that of a look that was cut off by the end of the step's time. */
  #seen = '';
  #startedAt = 0;
  #requestedAt = 0;
  #recheckedAt = 0;
  /** Why the request that is intended must not be sent any more. */
  #refusal: Refusal | undefined;
  #answeredAt = 0;
  #silenceTold = false;
  /** AWS's reasons for a wait that were told. */
  readonly #told = new Set<string>();
  #waitingFor: WaitCause | undefined;
  /** When a guard first saw that everything else has ended. */
  #overAt: number | undefined;
  /** When the last look ended that was not cut short. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Of a guard: the last look that was answered showed what it stands against. */
  #unsafe = false;

  constructor(run: Run, step: PlanStep, options: StepOptions) {
    this.#run = run;
    this.#step = step;
    this.#options = options;
    this.#kind = run.kindOf(step);
    this.#trace = traceStep(run.effects, { assertHeld: () => this.#mayChange(), stillHeld: () => run.journal.stillHeld() });
    this.#attempt = run.journal.state.steps.get(step.id)?.attempts ?? 0;
    this.#attemptsBefore = this.#attempt;
    this.#overOrDrain = options.over === undefined ? run.drain : anyStop(run.effects.clock, [run.drain, options.over]);
  }

  async run(): Promise<StepEnd> {
    const { journal, drain, effects } = this.#run;
    this.#startedAt = effects.clock.now();
    this.#answeredAt = this.#startedAt;
    await this.#move({ event: 'start', because: '' });
    while (!END_STATES.has(this.#state)) {
      if (drain.aborted) return 'interrupted';
      const happening = this.#over() ?? (await this.#next());
      // Cut short: the loop says by what.
      if (happening === undefined) continue;
      await this.#move(happening);
      if (happening.event === 'pending' || happening.event === 'unclear') {
        await this.#pause(happening.waitingFor ?? 'aws');
        await journal.stillHeld();
      }
    }
    return journal.state.steps.get(this.#step.id)?.state as StepEnd;
  }

  /** The end of a guard, once everything else has ended, it has looked, and nothing of its own is under way. */
  #over(): Happening | undefined {
    if (this.#options.over?.aborted !== true || this.#state === 'acting') return undefined;
    const now = this.#run.effects.clock.now();
    this.#overAt ??= now;
    // A hold is a wait for a sign of life, and no reason to stay.
    const underWay = (this.#unsafe || this.#attempt > this.#attemptsBefore) && this.#waitingFor !== 'hold';
    if (underWay && now - this.#overAt < LIMITS.guardEndMs) return undefined;
    if (this.#unsafe) return { event: 'impossible', because: this.#seen, error: errorRecord('STILL_OPEN', this.#seen, ['dr resume']) };
    return this.#isStale() ? undefined : { event: 'over', because: this.#seen };
  }

  /** Nothing was seen yet, or so long ago that it says nothing of now: this process may have stood still. */
  #isStale(): boolean {
    return this.#run.effects.clock.now() - this.#lookedAt > LIMITS.guardFreshMs;
  }

  /** Ends a look or a pause early. */
  #wake(): AbortSignal {
    // What a guard still waits for when all else has ended it looks at, and does not only ask to be woken.
    return this.#isStale() || this.#unsafe || this.#attempt > this.#attemptsBefore ? this.#run.drain : this.#overOrDrain;
  }

  /** What happens next in this state; undefined when the run is being drained, or has ended. */
  #next(): Promise<Happening | undefined> {
    if (this.#state === 'acting') return this.#act();
    if (this.#timeLeft() <= 0) {
      const seconds = Math.round(this.#step.limitMs / 1000);
      const because = `not reached within its limit of ${seconds} s; ${this.#seen}`;
      return Promise.resolve({ event: 'time-up', because, error: { code: 'STEP_TIMED_OUT', message: because } });
    }
    return this.#look();
  }

  async #look(): Promise<Happening | undefined> {
    const { effects } = this.#run;
    const step = this.#step;
    const wake = this.#wake();
    try {
      const seen = await withDeadline(effects.clock, this.#timeLeft(), step.id, wake, (signal) =>
        this.#observe(this.#context(signal)),
      );
      this.#lookedAt = effects.clock.now();
      return await this.#judge(seen);
    } catch (error) {
      if (isSuperseded(error)) throw error;
      if (wake.aborted) return undefined;
      this.#lookedAt = effects.clock.now();
      const failed = this.#lookFailed(error);
      if (failed.event === 'unclear') await this.#tellSilence(failed.because);
      return failed;
    }
  }

  #judge(seen: Observation): Happening | Promise<Happening | undefined> {
    this.#answeredAt = this.#run.effects.clock.now();
    this.#silenceTold = false;
    this.#unsafe = isGuard(this.#step) && (seen.state === 'absent' || (seen.state === 'pending' && seen.unsafe === true));
    switch (seen.state) {
      case 'reached':
        return { event: 'reached', because: seen.because, marks: { ...(seen.simulated === true ? { simulated: true } : {}), ...(seen.says === undefined ? {} : { says: seen.says }) } };
      case 'pending':
        if (this.#attempt > 0) this.#options.underWay();
        return this.#waits(seen);
      case 'refused':
        return { event: 'refused', because: seen.refusal.observed, refusal: seen.refusal };
      case 'impossible':
        return { event: 'impossible', because: seen.because, error: errorRecord('IMPOSSIBLE', seen.because, seen.next) };
      case 'paused':
        if (seen.decideAgain === true) this.#options.decideAgain();
        return { event: 'paused', because: seen.because };
      case 'absent':
        return seen.further === true && this.#state === 'verifying' ? { event: 'further', because: seen.because } : this.#absent(seen.because);
    }
  }

  /** Each reason once: people must not wait for the end of a wait to learn what keeps it. */
  async #waits({ because, waitingFor, reason }: Extract<Observation, { state: 'pending' }>): Promise<Happening> {
    if (reason !== undefined && !this.#told.has(reason) && this.#told.size < LIMITS.reasonsTold) {
      this.#told.add(reason);
      await this.#run.journal.append({ type: 'step.silent', step: this.#step.id, because });
    }
    return { event: 'pending', because, waitingFor };
  }

  async #absent(because: string): Promise<Happening | undefined> {
    const { effects } = this.#run;
    if (this.#state === 'verifying') {
      // AWS's reads lag behind its writes: an accepted request gets some time to show.
      if (effects.clock.now() - this.#requestedAt < LIMITS.settleMs) return { event: 'pending', because, waitingFor: 'aws' };
      return { event: 'absent', because, error: errorRecord('NO_SIGN', `${NO_SIGN}: ${because}`) };
    }
    if (this.#kind.act === undefined) return { event: 'pending', because, waitingFor: 'aws' };
    // A resume is a person's decision: it may try as often again. A guard tries for as long as there is something to guard.
    const { made, awaySince = effects.clock.now(), last } = this.#options.tries;
    if (!isGuard(this.#step) && (made >= LIMITS.stepAttempts || effects.clock.now() - awaySince >= LIMITS.turnedAwayMs)) {
      return { event: 'impossible', because, error: errorRecord('ATTEMPTS_USED_UP', `${because} (after ${this.#attempt} attempts${last})`) };
    }
    const refusal = await this.#recheck();
    // The run's drain has been asked for, and ends the step.
    if (refusal === 'again') return undefined;
    return refusal === undefined ? { event: 'absent', because } : { event: 'refused', because: refusal.observed, refusal };
  }

  async #recheck(): Promise<Refusal | 'again' | undefined> {
    const verdict = await this.#options.recheck();
    this.#recheckedAt = this.#run.effects.clock.now();
    if (verdict === 'again') return verdict;
    return verdict.state === 'refused' ? verdict.refusal : undefined;
  }

  #isLate(since: number): boolean {
    return this.#run.effects.clock.now() - since > LIMITS.intentMs;
  }

  /** Right before each attempt of a request that changes something. @throws when it must not be sent */
  async #mayChange(): Promise<void> {
    const { clock } = this.#run.effects;
    for (let turn = 1; turn <= HOLD_TURNS; turn++) {
      const open = this.#state === 'acting' && !this.#trace.maySent();
      if (open && this.#isLate(this.#recheckedAt)) {
        const refusal = await this.#recheck();
        if (refusal === 'again') throw new NoLonger('the run decides again');
        this.#refusal = refusal;
      }
      if (this.#refusal !== undefined) throw new NoLonger(this.#refusal.observed);
      const askedAt = clock.now();
      await this.#run.journal.assertHeld();
      if (!this.#isLate(askedAt) && !(open && this.#isLate(this.#recheckedAt))) return;
    }
    throw new DeadlineError(LIMITS.intentMs, 'the last look before the request');
  }

  #observe(ctx: StepContext): Promise<Observation> {
    const kind = this.#kind;
    const { params } = this.#step;
    const verified = this.#state === 'verifying' ? kind.verify?.(ctx, params) : undefined;
    return verified ?? kind.observe(ctx, params);
  }

  /** Once, and again only after an answer: a long wait without a message looks like a hang. */
  async #tellSilence(why: string): Promise<void> {
    const { effects, journal } = this.#run;
    const step = this.#step;
    const silentMs = effects.clock.now() - this.#answeredAt;
    if (this.#silenceTold || silentMs < LIMITS.silenceToldMs) return;
    this.#silenceTold = true;
    await journal.append({ type: 'step.silent', step: step.id, because: `no answer for ${Math.round(silentMs / 1000)} s, still asking: ${why}` });
  }

  #lookFailed(error: unknown): Happening {
    const silentMs = this.#run.effects.clock.now() - this.#answeredAt;
    if (silentMs > this.#options.patienceMs()) {
      const because = `no answer for ${Math.round(silentMs / 60_000)} minutes; ${messageOf(error)}`;
      return { event: 'impossible', because, error: errorRecord('NO_ANSWER', because) };
    }
    if (error instanceof DeadlineError) return { event: 'unclear', because: error.message };
    if (error instanceof CallError && error.kind !== 'terminal') return { event: 'unclear', because: error.message };
    if (error instanceof CallError && this.#mayPass(error, silentMs)) {
      return { event: 'unclear', because: `${error.message}. The run waits for the right to look: log in again (aws sso login), or restore the permission` };
    }
    return { event: 'impossible', because: messageOf(error), error: toErrorRecord(error) };
  }

  /** A session that ends must not end a recovery that has changed something: a person gets the time to log in. */
  #mayPass(error: CallError, silentMs: number): boolean {
    const begun = this.#options.pastTheLine() || this.#attempt > 0;
    return begun && error.isRightMissing && silentMs <= LIMITS.deniedMs;
  }

  async #act(): Promise<Happening> {
    const { effects } = this.#run;
    const step = this.#step;
    const kind = this.#kind;
    const { tries } = this.#options;
    this.#trace.begin();
    this.#refusal = undefined;
    tries.made += 1;
    if (this.#isLate(this.#recheckedAt)) {
      const because = `${formatDuration(effects.clock.now() - this.#recheckedAt)} passed before the request could be sent`;
      return { event: 'unclear', because, error: errorRecord('TOO_LATE', because), unsent: true };
    }
    try {
      await withDeadline(effects.clock, this.#kind.actMs?.(step.params) ?? LIMITS.actMs, step.id, undefined, async (signal) =>
        kind.act?.(this.#context(signal), step.params),
      );
      this.#requestedAt = effects.clock.now();
      Object.assign(tries, { awaySince: undefined, last: `; ${NO_SIGN}` });
      return this.#refusedUnsent() ?? { event: 'acted', because: 'the request was accepted' };
    } catch (error) {
      if (isSuperseded(error)) throw error;
      const refused = this.#refusedUnsent();
      if (refused !== undefined) return refused;
      if (error instanceof DeadlineError || error instanceof NoLonger || (error instanceof CallError && error.kind !== 'terminal')) {
        const away = error instanceof CallError && error.kind === 'retryable';
        if (away) tries.made -= 1;
        Object.assign(tries, { awaySince: away && !error.isPassing ? (tries.awaySince ?? effects.clock.now()) : undefined, last: `; the last: ${messageOf(error)}` });
        return { event: 'unclear', because: messageOf(error), error: toErrorRecord(error), ...(this.#trace.maySent() ? {} : { unsent: true }) };
      }
      return { event: 'impossible', because: messageOf(error), error: toErrorRecord(error), ...(error instanceof CallError && !this.#trace.maySent() ? { unsent: true } : {}) };
    }
  }

  #refusedUnsent(): Happening | undefined {
    const refusal = this.#trace.maySent() ? undefined : this.#refusal;
    return refusal && { event: 'refused', because: `nothing was changed: ${refusal.observed}`, refusal, unsent: true };
  }

  async #move(happening: Happening): Promise<void> {
    const row = transition(this.#state, happening.event);
    if (row.journal === 'step.intent') this.#attempt += 1;
    await this.#write(row.journal, happening);
    this.#state = row.to;
    if (this.#seen === '' || happening.event !== 'unclear' || this.#timeLeft() > 0) this.#seen = happening.because;
    this.#waitingFor = happening.waitingFor;
  }

  async #write(type: string | undefined, happening: Happening): Promise<void> {
    const { journal } = this.#run;
    const step = this.#step;
    const { because } = happening;
    const error = happening.error ?? errorRecord('UNCLEAR', because);
    const unsent = happening.unsent === true ? { unsent: true as const } : {};
    switch (type) {
      case undefined:
        return;
      case 'step.started':
        return journal.append({ type, step: step.id });
      case 'step.intent':
        return journal.append({ type, step: step.id, attempt: this.#attempt, because, ...this.#ownFacts() });
      case 'step.acted':
        return journal.append({ type, step: step.id, attempt: this.#attempt, calls: this.#trace.takeCalls(), ...this.#ownFacts() });
      case 'step.unclear':
        return journal.append({ type, step: step.id, attempt: this.#attempt, error, calls: this.#trace.takeCalls(), ...unsent });
      case 'step.done':
        return journal.append({ type, already: this.#attempt === 0, ...happening.marks, ...this.#outcome(because) });
      case 'step.refused':
        if (happening.refusal === undefined) throw new Error('a refusal without its rule');
        return journal.append({ type, refusal: happening.refusal, ...unsent, ...this.#outcome(because) });
      case 'step.paused':
      case 'step.unmet':
        return journal.append({ type, ...this.#outcome(because) });
      case 'step.failed':
        return journal.append({ type, error, ...unsent, ...this.#outcome(because) });
      default:
        throw new Error(`a step does not journal ${type}`);
    }
  }

  #outcome(because: string): StepOutcome {
    const { calls, callCount, waits } = this.#trace.all();
    // Nobody waits for a guard.
    return { step: this.#step.id, because, ...this.#ownFacts(), calls, callCount, waits: this.#options.over === undefined ? waits : [] };
  }

  #ownFacts(): { facts?: Record<string, Json> } {
    return Object.keys(this.#facts).length === 0 ? {} : { facts: { ...this.#facts } };
  }

  /** A tenth of the wait so far, within limits. AWS seldom ends a change in less than half of its usual time: until then a quarter. */
  async #pause(cause: WaitCause): Promise<void> {
    const { clock } = this.#run.effects;
    const waited = clock.now() - (this.#requestedAt || this.#startedAt);
    const early = cause === 'aws' && this.#requestedAt > 0 ? this.#step.estimate.p50 * 500 - waited : 0;
    const next = early > 0 ? Math.min(waited / 4, LIMITS.pollEarlyMaxMs, early) : Math.min(waited / 10, LIMITS.pollMaxMs);
    const ms = Math.min(Math.max(LIMITS.pollMinMs, next), Math.max(1, this.#timeLeft()));
    // Cut short by a signal: what comes next is decided by that.
    await this.#trace.wait(cause, () => clock.sleep(ms, this.#wake())).catch(() => undefined);
  }

  #timeLeft(): number {
    return this.#startedAt + this.#step.limitMs - this.#run.effects.clock.now();
  }

  #context(signal: AbortSignal): StepContext {
    const { journal, effects } = this.#run;
    // Made for this look, and completed here: a copy of it would cost as much again.
    const context = this.#run.context(this.#trace.effects, signal, {
      record: (name, value) => {
        this.#facts[name] = value;
      },
      wait: waitOf(this.#trace, journal, effects.clock, signal),
    });
    // What the step itself has recorded is not in the journal before it ends.
    const requests = (journal.state.steps.get(this.#step.id)?.requests ?? 0) - (this.#state === 'acting' ? 1 : 0);
    return Object.assign(context, { attempt: this.#attempt, askedBefore: requests > 0, fact: (name: string) => this.#facts[name] ?? journal.state.facts.get(name) });
  }
}
