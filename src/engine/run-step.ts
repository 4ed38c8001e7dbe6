import { AwsError } from '../aws/errors.ts';
import { DeadlineError, withDeadline } from '../base/deadline.ts';
import { DrError, messageOf } from '../base/errors.ts';
import type { Json } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import type { ErrorRecord, StepOutcome } from '../journal/events.ts';
import type { Journal } from '../journal/journal.ts';
import type { StepState } from '../journal/state.ts';
import type { Observation, PlanStep, Refusal, StepContext, StepKind, Verdict, WaitCause } from '../kinds/step.ts';
import { type StepTrace, traceStep } from './instrument.ts';
import { END_STATES, type StepEvent, transition } from './transitions.ts';
import type { Effects } from '../effects/effects.ts';

/*
 * Drives one step through the transition table.
 *
 * Invariants:
 * 1. The intent is durable before the act; an intent that cannot be written means no act.
 * 2. Looks (observe, verify) may be cancelled at any time; an act that has begun is let finish, then journaled.
 * 3. Every wait ends at the step's limit.
 */

/** How a step left the engine's hands. An interrupted step is looked at afresh by a resume. */
export type StepEnd = 'done' | 'refused' | 'failed' | 'paused' | 'interrupted';

export interface StepRuntime {
  step: PlanStep;
  kind: StepKind<Json>;
  effects: Effects;
  journal: Journal;
  /** Aborted at the first Ctrl-C: nothing new is started. */
  drain: AbortSignal;
  /** Asked before each act: a check that is too old is made again, and may refuse. */
  recheck(): Promise<Verdict>;
  /** Told when a person was waited for so long that what was decided before has to be decided again. */
  decideAgain(): void;
  context(effects: Effects, signal: AbortSignal, tools: Pick<StepContext, 'record' | 'wait'>): StepContext;
}

interface Happening {
  event: StepEvent;
  because: string;
  waitingFor?: WaitCause;
  refusal?: Refusal;
  error?: ErrorRecord;
}

/** Runs one step to an end of the table, or until it is interrupted. */
export function runStep(runtime: StepRuntime): Promise<StepEnd> {
  return new StepRunner(runtime).run();
}

class StepRunner {
  readonly #runtime: StepRuntime;
  readonly #kind: StepKind<Json>;
  readonly #trace: StepTrace;
  readonly #facts: Record<string, Json> = {};
  #state: StepState = 'waiting';
  /** Counted on from before a resume, so that the journal numbers every attempt once. */
  #attempt = 0;
  readonly #attemptsBefore: number;
  /** The last sentence about it. */
  #seen = '';
  #startedAt = 0;
  #actedAt = 0;

  constructor(runtime: StepRuntime) {
    this.#runtime = runtime;
    this.#kind = runtime.kind;
    this.#trace = traceStep(runtime.effects);
    this.#attemptsBefore = runtime.journal.state.steps.get(runtime.step.id)?.attempts ?? 0;
    this.#attempt = this.#attemptsBefore;
  }

  async run(): Promise<StepEnd> {
    const { journal, drain, step, effects } = this.#runtime;
    this.#startedAt = effects.clock.now();
    await this.#move({ event: 'start', because: '' });
    while (!END_STATES.has(this.#state)) {
      if (drain.aborted) return 'interrupted';
      const happening = await this.#next();
      if (happening === undefined) return 'interrupted';
      await this.#move(happening);
      if (happening.event === 'pending' || happening.event === 'unclear') {
        if (!(await this.#pause(happening.waitingFor ?? 'aws'))) return 'interrupted';
      }
    }
    return journal.state.steps.get(step.id)?.state as StepEnd;
  }

  /** What happens next in this state; undefined when the run is being drained. */
  #next(): Promise<Happening | undefined> {
    if (this.#state === 'acting') return this.#act();
    if (this.#timeLeft() <= 0) {
      const seconds = Math.round(this.#runtime.step.limitMs / 1000);
      const because = `not reached within its limit of ${seconds} s; ${this.#seen}`;
      return Promise.resolve({ event: 'time-up', because, error: { code: 'STEP_TIMED_OUT', message: because } });
    }
    return this.#look();
  }

  async #look(): Promise<Happening | undefined> {
    const { effects, drain, step } = this.#runtime;
    try {
      const seen = await withDeadline(effects.clock, this.#timeLeft(), step.id, drain, (signal) =>
        this.#observe(this.#context(signal)),
      );
      return await this.#judge(seen);
    } catch (error) {
      if (drain.aborted) return undefined;
      return this.#lookFailed(error);
    }
  }

  #judge(seen: Observation): Happening | Promise<Happening> {
    switch (seen.state) {
      case 'reached':
        return { event: 'reached', because: seen.because };
      case 'pending':
        return { event: 'pending', because: seen.because, waitingFor: seen.waitingFor };
      case 'refused':
        return { event: 'refused', because: seen.refusal.observed, refusal: seen.refusal };
      case 'impossible':
        return { event: 'impossible', because: seen.because, error: errorRecord('IMPOSSIBLE', seen.because, seen.next) };
      case 'paused':
        if (seen.decideAgain === true) this.#runtime.decideAgain();
        return { event: 'paused', because: seen.because };
      case 'absent':
        return this.#absent(seen.because);
    }
  }

  async #absent(because: string): Promise<Happening> {
    const { effects } = this.#runtime;
    if (this.#state === 'verifying') {
      // AWS's reads lag behind its writes: an accepted request gets some time to show.
      if (effects.clock.now() - this.#actedAt < LIMITS.settleMs) return { event: 'pending', because, waitingFor: 'aws' };
      return { event: 'absent', because, error: errorRecord('NO_SIGN', because) };
    }
    if (this.#kind.act === undefined) return { event: 'pending', because, waitingFor: 'aws' };
    // A resume is a person's decision: it may try as often again.
    if (this.#attempt - this.#attemptsBefore >= LIMITS.stepAttempts) {
      return { event: 'impossible', because, error: errorRecord('ATTEMPTS_USED_UP', `${because} (after ${this.#attempt} attempts)`) };
    }
    const verdict = await this.#runtime.recheck();
    if (verdict.state === 'refused') {
      return { event: 'refused', because: verdict.refusal.observed, refusal: verdict.refusal };
    }
    return { event: 'absent', because };
  }

  #observe(ctx: StepContext): Promise<Observation> {
    const kind = this.#kind;
    const { params } = this.#runtime.step;
    const verified = this.#state === 'verifying' ? kind.verify?.(ctx, params) : undefined;
    return verified ?? kind.observe(ctx, params);
  }

  #lookFailed(error: unknown): Happening {
    if (error instanceof DeadlineError) return { event: 'unclear', because: error.message };
    if (error instanceof AwsError && error.kind !== 'terminal') return { event: 'unclear', because: error.message };
    return { event: 'impossible', because: messageOf(error), error: toErrorRecord(error) };
  }

  async #act(): Promise<Happening> {
    const { effects, step } = this.#runtime;
    const kind = this.#kind;
    try {
      await withDeadline(effects.clock, this.#kind.actMs?.(step.params) ?? LIMITS.actMs, step.id, undefined, async (signal) =>
        kind.act?.(this.#context(signal), step.params),
      );
      this.#actedAt = effects.clock.now();
      return { event: 'acted', because: 'the request was accepted' };
    } catch (error) {
      if (error instanceof DeadlineError || (error instanceof AwsError && error.kind !== 'terminal')) {
        return { event: 'unclear', because: messageOf(error), error: toErrorRecord(error) };
      }
      return { event: 'impossible', because: messageOf(error), error: toErrorRecord(error) };
    }
  }

  async #move(happening: Happening): Promise<void> {
    const row = transition(this.#state, happening.event);
    if (row.journal === 'step.intent') this.#attempt += 1;
    await this.#write(row.journal, happening);
    this.#state = row.to;
    this.#seen = happening.because;
  }

  async #write(type: string | undefined, happening: Happening): Promise<void> {
    const { journal, step } = this.#runtime;
    const attempt = this.#attempt;
    const { because } = happening;
    const error = happening.error ?? errorRecord('UNCLEAR', because);
    switch (type) {
      case undefined:
        return;
      case 'step.started':
        return journal.append({ type, step: step.id });
      case 'step.intent':
        return journal.append({ type, step: step.id, attempt, because, ...this.#ownFacts() });
      case 'step.acted':
        return journal.append({ type, step: step.id, attempt, calls: this.#trace.takeCalls(), ...this.#ownFacts() });
      case 'step.unclear':
        return journal.append({ type, step: step.id, attempt, error, calls: this.#trace.takeCalls() });
      case 'step.done':
        return journal.append({ type, already: this.#attempt === 0, ...this.#outcome(because) });
      case 'step.refused':
        if (happening.refusal === undefined) throw new Error('a refusal without its rule');
        return journal.append({ type, refusal: happening.refusal, ...this.#outcome(because) });
      case 'step.paused':
        return journal.append({ type, ...this.#outcome(because) });
      case 'step.failed':
        return journal.append({ type, error, ...this.#outcome(because) });
      default:
        throw new Error(`a step does not journal ${type}`);
    }
  }

  #outcome(because: string): StepOutcome {
    return { step: this.#runtime.step.id, because, ...this.#ownFacts(), ...this.#trace.all() };
  }

  #ownFacts(): { facts?: Record<string, Json> } {
    return Object.keys(this.#facts).length === 0 ? {} : { facts: { ...this.#facts } };
  }

  /** A tenth of the wait so far, within limits: a long wait is not polled to death, a short one not slept through. */
  async #pause(cause: WaitCause): Promise<boolean> {
    const { clock } = this.#runtime.effects;
    const waited = clock.now() - (this.#actedAt || this.#startedAt);
    const ms = Math.min(LIMITS.pollMaxMs, Math.max(LIMITS.pollMinMs, waited / 10), Math.max(1, this.#timeLeft()));
    try {
      await this.#trace.wait(cause, () => clock.sleep(ms, this.#runtime.drain));
      return true;
    } catch {
      return false;
    }
  }

  #timeLeft(): number {
    return this.#startedAt + this.#runtime.step.limitMs - this.#runtime.effects.clock.now();
  }

  #context(signal: AbortSignal): StepContext {
    const { clock } = this.#runtime.effects;
    const context = this.#runtime.context(this.#trace.effects, signal, {
      record: (name, value) => {
        this.#facts[name] = value;
      },
      wait: (cause, ms) => this.#trace.wait(cause, () => clock.sleep(ms, signal)),
    });
    // What the step itself has recorded is not in the journal before it ends.
    return { ...context, attempt: this.#attempt, fact: (name) => this.#facts[name] ?? context.fact(name) };
  }
}

function errorRecord(code: string, message: string, next?: readonly string[]): ErrorRecord {
  return { code, message, ...(next === undefined ? {} : { next }) };
}

/** Anything thrown, as it goes into the journal. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof AwsError) return errorRecord(error.code, error.message);
  if (error instanceof DrError) return errorRecord(error.code, error.message, error.next);
  if (error instanceof DeadlineError) return errorRecord('NO_ANSWER', error.message);
  return errorRecord('BUG', messageOf(error));
}
