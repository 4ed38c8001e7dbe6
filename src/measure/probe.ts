import type { HttpSample } from '../effects/effects.ts';

interface Expectation {
  status: number;
  /** Must be part of the body. */
  body?: string | undefined;
}

/** How the error of a timeout begins: it is not said twice. */
const NO_ANSWER = 'no answer ';

/** Whether the answer is a good one, and the sentence that says why not. */
export function judgeSample(sample: HttpSample, expected: Expectation): { up: boolean; because: string } {
  const from = sample.address === undefined ? '' : ` from ${sample.address}`;
  if (sample.status === 0) {
    const why = sample.error ?? 'no reason given';
    return { up: false, because: why.startsWith(NO_ANSWER) ? `no answer${from} ${why.slice(NO_ANSWER.length)}` : `no answer${from}: ${why}` };
  }
  if (sample.status !== expected.status) {
    return { up: false, because: `status ${sample.status}${from}, expected ${expected.status}` };
  }
  if (expected.body !== undefined && !sample.body.includes(expected.body)) {
    return { up: false, because: `status ${sample.status}${from}, but the body does not contain the expected text` };
  }
  return { up: true, because: `status ${sample.status}${from} in ${Math.round(sample.ms)} ms` };
}
