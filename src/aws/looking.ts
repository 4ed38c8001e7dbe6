import { canonicalJson } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { withSignal } from '../base/deadline.ts';
import type { AwsAnswer, AwsCaller, PlainCall, PlainRequest } from './caller.ts';
import { AwsError } from './errors.ts';
import { MUTATIONS } from './operations.ts';

export interface Asked {
  service: string;
  region: string;
  operation: string;
  /**
   * - `given`: an answer, or a clear refusal: the service is there
   * - `silent`: none, or trouble of the service itself
   * - `unclear`: nothing can be said of the service: too many requests, or what answers is not AWS
   * Absent: still waited for.
   */
  answer?: 'given' | 'silent' | 'unclear';
}

/** A caller that only looks, and what it has asked so far. */
interface LookingCaller {
  aws: AwsCaller;
  /** One entry a request that went out, in order. */
  asked: readonly Asked[];
}

interface Limits {
  /** Requests, at most. */
  calls: number;
  /** Ends all of it. */
  signal: AbortSignal;
  /** People wait, and a region may be dead: each request keeps the limits of its own look, and ends after `LIMITS.hurriedMs` at the latest. */
  hurried?: boolean;
}

/** Where nobody is in a hurry, what one look would give up on is asked again. */
const ATTEMPTS = 3;
const HURRIED_ATTEMPTS = 2;

/** The code of what this caller itself turns away. */
export const NOT_ASKED = 'NotAskedByCheck';

/**
 * Lays over a caller what makes a look safe every five minutes.
 *
 * 1. What changes something is never sent; but to EC2, where it says itself that it is to do nothing (`DryRun`).
 * 2. The same question is asked once, and a region that gave no answer is not asked again for the same.
 * 3. After so many requests no more is sent.
 */
export function lookingCaller(inner: AwsCaller, { calls, signal, hurried }: Limits): LookingCaller {
  const asked: Asked[] = [];
  const known = new Map<string, Promise<AwsAnswer<unknown>>>();
  const send = inner.call.bind(inner) as unknown as PlainCall;
  const call: PlainCall = (request) => {
    const { service, region, operation, input } = request;
    const refuse = (message: string) => Promise.reject(new AwsError({ service, region, operation, code: NOT_ASKED, message, httpStatus: 400 }));
    if (MUTATIONS.has(`${service}.${operation}`) && !isDryRun(service, input)) return refuse('a check changes nothing');
    const key = canonicalJson(JSON.parse(JSON.stringify([service, region, operation, input])));
    const before = known.get(key);
    if (before !== undefined) return withSignal(before, request.signal);
    if (asked.length >= calls) return refuse(`the limit of ${calls} requests of one check is reached`);
    const entry: Asked = { service, region, operation };
    asked.push(entry);
    const answer = send({ ...request, signal, ...(hurried === true ? inAHurry(request) : { timeoutMs: undefined, attempts: ATTEMPTS }) });
    known.set(key, answer);
    answer.then(
      () => (entry.answer = 'given'),
      (error: unknown) => (entry.answer = error instanceof AwsError ? answerIn(error) : 'silent'),
    );
    // A throttled question, and what was cut off from here, may be asked again.
    answer.catch((error: unknown) => (error instanceof AwsError && !error.isThrottle ? undefined : known.delete(key)));
    return withSignal(answer, request.signal);
  };
  return { aws: { call: call as unknown as AwsCaller['call'] }, asked };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html */
function isDryRun(service: string, input: unknown): boolean {
  return service === 'ec2' && (input as { DryRun?: unknown }).DryRun === true;
}

function inAHurry({ timeoutMs, attempts }: Pick<PlainRequest, 'timeoutMs' | 'attempts'>): Pick<PlainRequest, 'timeoutMs' | 'attempts'> {
  return { timeoutMs: Math.min(timeoutMs ?? LIMITS.hurriedMs, LIMITS.hurriedMs), attempts: Math.min(attempts ?? HURRIED_ATTEMPTS, HURRIED_ATTEMPTS) };
}

function answerIn(error: AwsError): NonNullable<Asked['answer']> {
  if (error.isThrottle || error.isCredentials || error.isClock) return 'unclear';
  if (error.unreachable) return 'silent';
  return error.saysNothing ? 'unclear' : 'given';
}
