import type { Clock } from '../base/clock.ts';
import { CallError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { anyStop, stopController } from '../base/stop.ts';
import { type Effects, isMutation, type PersonPort } from '../effects/effects.ts';
import type { CallRecord, WaitRecord } from '../journal/events.ts';
import type { Journal } from '../journal/journal.ts';
import type { StepContext, WaitCause } from '../model/step.ts';
import { guardedHttp, guardedSql } from './guarded.ts';

/** What a step did to the outside, collected while it runs. */
export interface StepTrace {
  effects: Effects;
  /** Calls since the last `take`, for the record of an act; they also count for `all`. */
  takeCalls(): CallRecord[];
  /** The step's last calls, at most `LIMITS.callsJournaledPerStep`, and how many there were. */
  all(): { calls: CallRecord[]; callCount: number; waits: WaitRecord[] };
  /** An act begins: what was sent before it does not count for `maySent`. */
  begin(): void;
  /** Whether a request that changes something may have been made since `begin`. One that AWS is known to have turned away or refused was not. */
  maySent(): boolean;
  /** Waits for somebody other than the tool. */
  wait<T>(cause: WaitCause, work: () => Promise<T>): Promise<T>;
}

/** Says whether this runner may continue: both throw once somebody has taken over. */
type Hold = Pick<Journal, 'assertHeld' | 'stillHeld'>;

const NOBODY_ELSE: Hold = { assertHeld: () => Promise.resolve(), stillHeld: () => Promise.resolve() };

/**
 * Wraps effects so that every call and every wait of a step is known to its journal record. `hold` is asked right before
 * each request that changes something, before each further attempt of it, and while a person is waited for; what it
 * throws ends the request, and the wait.
 */
export function traceStep(effects: Effects, hold: Hold = NOBODY_ELSE): StepTrace {
  const { clock } = effects;
  const { permission, begin, maySent } = permissions(hold);
  let fresh: CallRecord[] = [];
  const calls: CallRecord[] = [];
  let callCount = 0;
  const waits: WaitRecord[] = [];

  const wait = async <T>(cause: WaitCause, work: () => Promise<T>): Promise<T> => {
    const from = clock.now();
    try {
      return await work();
    } finally {
      noteWait(waits, { cause, from, to: clock.now() });
    }
  };

  const note = (call: CallRecord): void => {
    callCount += 1;
    calls.push(call);
    if (calls.length > LIMITS.callsJournaledPerStep) calls.shift();
    fresh.push(call);
    if (fresh.length > LIMITS.callsJournaledPerStep) fresh.shift();
  };

  const aws: Effects['aws'] = {
    call: (request) =>
      wait('aws', async () => {
        const at = clock.now();
        const record = { service: request.service, region: request.region, operation: request.operation, at };
        const changes = isMutation(request) ? permission() : undefined;
        try {
          const answer = await effects.aws.call(changes === undefined ? request : { ...request, before: changes.before });
          const id = answer.requestId === undefined ? {} : { requestId: answer.requestId };
          note({ ...record, ms: clock.now() - at, ...id });
          return answer;
        } catch (error) {
          if (error instanceof CallError && error.kind !== 'unknown') changes?.turnedAway();
          const code = error instanceof CallError ? error.code : 'Aborted';
          const id = error instanceof CallError && error.requestId !== undefined ? { requestId: error.requestId } : {};
          note({ ...record, ms: clock.now() - at, ...id, error: code });
          throw error;
        }
      }),
  };

  return {
    effects: {
      ...effects,
      aws,
      ...otherPorts(effects, { wait, mayChange: () => permission().before(), hold }),
      ...(effects.person === undefined ? {} : { person: personWaitedFor(effects.person, { clock, hold, wait }) }),
    },
    takeCalls: () => {
      const taken = fresh;
      fresh = [];
      return taken;
    },
    // Copies: a look that was given up may still end, and a record does not change once it is sealed.
    all: () => ({ calls: [...calls], callCount, waits: waits.map((one) => ({ ...one })) }),
    begin,
    maySent,
    wait,
  };
}

/** Who asks before a request, and what may have been sent since. */
function permissions(hold: Hold): Pick<StepTrace, 'begin' | 'maySent'> & { permission: () => { before: () => Promise<void>; turnedAway: () => void } } {
  let requests: { sent: boolean }[] = [];
  return {
    begin: () => (requests = []),
    maySent: () => requests.some(({ sent }) => sent),
    /** For one request: `before` is awaited right before each of its attempts. */
    permission: () => {
      const one = { sent: false };
      requests.push(one);
      const before = async (): Promise<void> => {
        // A further attempt: the one before it was turned away.
        one.sent = false;
        await hold.assertHeld();
        one.sent = true;
      };
      return { before, turnedAway: () => (one.sent = false) };
    },
  };
}

/** How a step waits, however long: a runner that was superseded meanwhile does not continue. A state that is slow to answer makes no wait longer. */
export function waitOf(trace: StepTrace, hold: Pick<Hold, 'stillHeld'>, clock: Clock, signal: AbortSignal): StepContext['wait'] {
  return async (cause, ms) => {
    const lost: { error?: Error } = {};
    let left = ms;
    do {
      hold.stillHeld().catch((error: unknown) => (lost.error = error instanceof Error ? error : new Error(String(error))));
      await trace.wait(cause, () => clock.sleep(Math.min(left, LIMITS.heldMs), signal));
      if (lost.error !== undefined) throw lost.error;
      left -= LIMITS.heldMs;
    } while (left > 0);
  };
}

function otherPorts(effects: Effects, { wait, mayChange, hold }: { wait: StepTrace['wait']; mayChange: () => Promise<void>; hold: Hold }): Pick<Effects, 'http' | 'dns' | 'sql' | 'process'> {
  const http = guardedHttp(effects.http);
  const sql = guardedSql(effects.sql);
  const changing = <T>(cause: WaitCause, work: () => Promise<T>): Promise<T> => wait(cause, () => mayChange().then(work));
  return {
    http: { request: (request) => ((request.method ?? 'GET') === 'GET' ? wait : changing)('users', () => http.request(request)) },
    dns: { resolve: (...args) => wait('dns', () => effects.dns.resolve(...args)) },
    sql: {
      canary: (...args) => wait('database', () => sql.canary(...args)),
      setReadOnly: (...args) => changing('database', () => sql.setReadOnly(...args)),
      position: (...args) => wait('database', () => sql.position(...args)),
      statement: (...args) => changing('own', () => sql.statement(...args)),
    },
    // It may run for hours: who has taken over may be about to run it again, or to take back what it does.
    process: { run: (request) => changing('own', () => whileHeld(effects.clock, hold, request.signal, (signal) => effects.process.run({ ...request, signal }))) },
  };
}

/** A person is asked for only as long as this runner may continue: nobody's answer is to be lost on one that was superseded. */
function personWaitedFor(person: PersonPort, { clock, hold, wait }: { clock: Clock; hold: Hold; wait: StepTrace['wait'] }): PersonPort {
  return { confirm: (word, what, signal) => wait('person', () => whileHeld(clock, hold, signal, (asked) => person.confirm(word, what, asked))) };
}

/** What takes long is stopped once this runner may not continue. @throws what `hold` says then, however the work has ended */
async function whileHeld<T>(clock: Clock, hold: Pick<Hold, 'stillHeld'>, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = stopController(clock);
  const lost: { error?: Error } = {};
  const watch = async (): Promise<never> => {
    for (;;) {
      await clock.sleep(LIMITS.heldMs, over.signal);
      await hold.stillHeld().catch((error: unknown) => Promise.reject((lost.error = error instanceof Error ? error : new Error(String(error)))));
    }
  };
  watch().catch((error: unknown) => over.abort(error));
  try {
    const result = await work(signal === undefined ? over.signal : anyStop(clock, [signal, over.signal]));
    if (lost.error === undefined) return result;
  } catch (error) {
    if (lost.error === undefined) throw error;
  } finally {
    over.abort();
  }
  throw lost.error;
}

/** Adjoining waits for the same cause become one; the list stays bounded, and what is left out counts as the tool's own. */
function noteWait(waits: WaitRecord[], wait: WaitRecord): void {
  const last = waits.at(-1);
  if (last?.cause === wait.cause && wait.from <= last.to && wait.from >= last.from) {
    last.to = Math.max(last.to, wait.to);
  } else if (wait.to > wait.from && waits.length < LIMITS.waitsJournaledPerStep) {
    waits.push(wait);
  }
}
