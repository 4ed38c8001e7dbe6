import type { Clock } from '../base/clock.ts';
import { DeadlineError, withDeadline } from '../base/deadline.ts';
import type { Ids } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { mustBeAnswer } from './answers.ts';
import type { AwsAnswer, AwsCaller, PlainCall, PlainRequest } from './caller.ts';
import { AwsError, NO_ANSWER } from './errors.ts';
import type { Service } from './operations.ts';
import { changesOf, Pacer } from './pacing.ts';

/** Each may be left out; all times in milliseconds. */
interface CallLimits {
  callMs: number;
  attempts: number;
  backoffMs: number;
  backoffMaxMs: number;
}

export interface Attempt {
  service: Service;
  region: string;
  operation: string;
  /** Counted from 1. */
  attempt: number;
  startedAt: number;
  endedAt: number;
  requestId: string | undefined;
  /** Undefined when it succeeded. */
  error: AwsError | undefined;
  /** The pause before the next attempt; undefined when this was the last. */
  retryInMs: number | undefined;
}

export interface ReliableOptions {
  clock: Clock;
  /** Where the jitter comes from. */
  ids: Ids;
  limits?: Partial<CallLimits>;
  /** Told of every attempt that was made, in order. What it throws is a defect and is thrown on. */
  onAttempt?: (attempt: Attempt) => void;
}

/**
 * Lays a deadline, retries and pacing over any caller. Knows no clock but the one it is given.
 *
 * 1. No attempt lasts longer than its timeout, whatever `inner` does.
 * 2. Only what did not happen and may work later (`AwsError.kind === 'retryable'`) is tried again. A mutation
 *    without an answer is thrown at once, as `unknown`.
 * 3. The pause before an attempt doubles and is jittered between half and all of it.
 * 4. `before` is asked after every wait, right before an attempt.
 * 5. An answer that lacks what makes it one (`answers.ts`) is none.
 * 6. An aborted signal ends everything with the signal's reason.
 */
export function reliableCaller(inner: AwsCaller, options: ReliableOptions): AwsCaller {
  const limits: CallLimits = {
    callMs: options.limits?.callMs ?? LIMITS.awsCallMs,
    attempts: options.limits?.attempts ?? LIMITS.awsAttempts,
    backoffMs: options.limits?.backoffMs ?? LIMITS.awsBackoffMs,
    backoffMaxMs: options.limits?.backoffMaxMs ?? LIMITS.awsBackoffMaxMs,
  };
  const pacer = new Pacer(options.clock);
  const innerCall = inner.call.bind(inner) as unknown as PlainCall;

  const call: PlainCall = async (request) => {
    const attempts = Math.max(1, request.attempts ?? limits.attempts);
    for (let attempt = 1; ; attempt++) {
      // What AWS has turned away has cost it nothing.
      const changes = attempt === 1 ? changesOf(request.service, request.operation, request.input) : 0;
      const paceMs = pacer.turn(request.service, request.region, request.operation, changes);
      if (paceMs > 0) await options.clock.sleep(paceMs, request.signal);
      if (request.before !== undefined) await request.before();
      const startedAt = options.clock.now();
      const result = await attemptOnce(innerCall, request, options.clock, request.timeoutMs ?? limits.callMs);
      const error = result instanceof AwsError ? result : undefined;
      const again = error?.kind === 'retryable' && attempt < attempts;
      const retryInMs = again ? backoff(limits, attempt, options.ids) : undefined;
      const { service, region, operation } = request;
      const requestId = result.requestId;
      const endedAt = options.clock.now();
      options.onAttempt?.({ service, region, operation, attempt, startedAt, endedAt, requestId, error, retryInMs });
      if (!(result instanceof AwsError)) return result;
      if (retryInMs === undefined) throw result;
      await options.clock.sleep(retryInMs, request.signal);
    }
  };
  return { call: call as unknown as AwsCaller['call'] };
}

/** The answer or the AwsError; throws only the signal's reason and what is a defect. */
async function attemptOnce(inner: PlainCall, request: PlainRequest, clock: Clock, timeoutMs: number): Promise<AwsAnswer<unknown> | AwsError> {
  const { service, region, operation } = request;
  const what = `${service}.${operation} in ${region}`;
  try {
    const answer = await withDeadline(clock, timeoutMs, what, request.signal, (signal) =>
      inner({ ...request, signal, timeoutMs }),
    );
    mustBeAnswer(request, answer);
    return answer;
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof AwsError) return error;
    if (!(error instanceof DeadlineError)) throw error;
    const message = `no answer within ${error.ms} ms`;
    return new AwsError({ service, region, operation, code: NO_ANSWER, message, cause: error });
  }
}

function backoff(limits: CallLimits, attempt: number, ids: Ids): number {
  const whole = Math.min(limits.backoffMaxMs, limits.backoffMs * 2 ** (attempt - 1));
  const random = Number.parseInt(ids.hex(4), 16) / 2 ** 32;
  return Math.round(whole * (0.5 + random / 2));
}
