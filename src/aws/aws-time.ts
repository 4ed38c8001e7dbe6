import type { Clock } from '../base/clock.ts';
import type { AwsCaller } from './caller.ts';

/*
 * AWS's time on a machine whose clock is wrong. What is lost is bounded by comparing times of AWS (a lag sample, a
 * restorable time) with times of this machine: one that is two minutes behind would call a loss of two minutes nothing.
 *
 * The first answer says what time it is at AWS (its Date header). A clock that is off by no more than that header can
 * show is left alone. After that, one answer moves nothing that most others do not say: a region that is being lost, or a proxy, may have
 * another time.
 */

/** How far a clock may be off: a Date header has whole seconds, and the answer takes its time. Milliseconds. */
export const CLOCK_MAY_BE_OFF_MS = 2_000;

/** An answer that took longer tells too little. */
const QUICK_MS = 1_000;
/** On average so much of a second is cut off a Date header. */
const CUT_OFF_MS = 500;
/** Answers that decide together: the newest. */
const ASKED = 5;

type PlainCall = (request: unknown) => Promise<{ at?: number | undefined }>;

/** The caller, and the clock that it corrects with every quick answer. */
export function onAwsTime(inner: AwsCaller, clock: Clock): { aws: AwsCaller; clock: Clock } {
  let ahead = 0;
  let newest: number[] = [];
  const plain = inner.call.bind(inner) as unknown as PlainCall;
  const call: PlainCall = async (request) => {
    const began = clock.now();
    const answer = await plain(request);
    const ended = clock.now();
    if (answer.at !== undefined && ended >= began && ended - began <= QUICK_MS) {
      const seen = answer.at + CUT_OFF_MS - (began + ended) / 2;
      newest = [...newest, seen].slice(-ASKED);
      const alike = newest.filter((one) => Math.abs(one - seen) <= CLOCK_MAY_BE_OFF_MS);
      if (Math.abs(seen - ahead) > CLOCK_MAY_BE_OFF_MS && alike.length * 2 > newest.length) ahead = Math.round(seen);
    }
    return answer;
  };
  return {
    aws: { call: call as unknown as AwsCaller['call'] },
    clock: { now: () => clock.now() + ahead, sleep: (ms, signal) => clock.sleep(ms, signal) },
  };
}
