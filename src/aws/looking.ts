import { canonicalJson } from '../base/json.ts';
import { withSignal } from '../base/deadline.ts';
import type { AwsAnswer, AwsCaller, AwsRequest } from './caller.ts';
import { AwsError } from './errors.ts';
import { MUTATIONS } from './operations.ts';

/** What has been asked. */
export interface Asked {
  service: string;
  region: string;
  operation: string;
}

/** A caller that only looks, and what it has asked so far. */
export interface LookingCaller {
  aws: AwsCaller;
  /** One entry a request that went out, in order. */
  asked: readonly Asked[];
}

interface Limits {
  /** Requests, at most. */
  calls: number;
  /** Ends all of it. */
  signal: AbortSignal;
}

type PlainRequest = Pick<AwsRequest, 'service' | 'region' | 'signal' | 'timeoutMs' | 'attempts'> & { operation: string; input: unknown };
type PlainCall = (request: PlainRequest) => Promise<AwsAnswer<unknown>>;

/** Nobody is in a hurry: what one look would give up on is asked again. */
const ATTEMPTS = 3;

/** The code of what this caller itself turns away. */
export const NOT_ASKED = 'NotAskedByCheck';

/**
 * Lays over a caller what makes a look safe every five minutes.
 *
 * 1. What changes something is never sent.
 * 2. The same question is asked once, and a region that gave no answer is not asked again for the same.
 * 3. After so many requests no more is sent.
 */
export function lookingCaller(inner: AwsCaller, { calls, signal }: Limits): LookingCaller {
  const asked: Asked[] = [];
  const known = new Map<string, Promise<AwsAnswer<unknown>>>();
  const send = inner.call.bind(inner) as unknown as PlainCall;
  const call: PlainCall = (request) => {
    const { service, region, operation, input } = request;
    const refuse = (message: string) => Promise.reject(new AwsError({ service, region, operation, code: NOT_ASKED, message, httpStatus: 400 }));
    if (MUTATIONS.has(`${service}.${operation}`)) return refuse('a check changes nothing');
    const key = canonicalJson(JSON.parse(JSON.stringify([service, region, operation, input])));
    const before = known.get(key);
    if (before !== undefined) return withSignal(before, request.signal);
    if (asked.length >= calls) return refuse(`the limit of ${calls} requests of one check is reached`);
    asked.push({ service, region, operation });
    const answer = send({ ...request, signal, timeoutMs: undefined, attempts: ATTEMPTS });
    known.set(key, answer);
    // A throttled question, and what was cut off from here, may be asked again.
    answer.catch((error: unknown) => (error instanceof AwsError && !error.isThrottle ? undefined : known.delete(key)));
    return withSignal(answer, request.signal);
  };
  return { aws: { call: call as unknown as AwsCaller['call'] }, asked };
}
