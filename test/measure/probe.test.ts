import { expect, it } from 'vitest';
import type { HttpSample } from '../../src/effects/effects.ts';
import { judgeSample } from '../../src/measure/probe.ts';

const sample = (more: Partial<HttpSample>): HttpSample => ({ status: 200, body: 'all is well', address: '192.0.2.1', ms: 41.6, ...more });

it.each<[string, Partial<HttpSample>, { status: number; body?: string }, boolean, string]>([
  ['the status that is expected', {}, { status: 200 }, true, 'status 200 from 192.0.2.1 in 42 ms'],
  ['and the text', {}, { status: 200, body: 'well' }, true, 'status 200 from 192.0.2.1 in 42 ms'],
  ['from an address that is not known', { address: undefined }, { status: 200 }, true, 'status 200 in 42 ms'],
  ['another status', { status: 503 }, { status: 200 }, false, 'status 503 from 192.0.2.1, expected 200'],
  ['another status that is good elsewhere', { status: 200 }, { status: 204 }, false, 'status 200 from 192.0.2.1, expected 204'],
  ['without the text', {}, { status: 200, body: 'better' }, false, 'status 200 from 192.0.2.1, but the body does not contain the expected text'],
  ['no answer', { status: 0, error: 'connection refused' }, { status: 200 }, false, 'no answer from 192.0.2.1: connection refused'],
  ['no answer in time', { status: 0, error: 'no answer within 2000 ms' }, { status: 200 }, false, 'no answer from 192.0.2.1 within 2000 ms'],
  ['no answer, and no address', { status: 0, error: 'getaddrinfo ENOTFOUND', address: undefined }, { status: 200 }, false, 'no answer: getaddrinfo ENOTFOUND'],
  ['no answer, and nobody knows why', { status: 0 }, { status: 200 }, false, 'no answer from 192.0.2.1: no reason given'],
  ['no answer is never what was expected', { status: 0 }, { status: 0 }, false, 'no answer from 192.0.2.1: no reason given'],
])('%s', (_, answer, expected, up, because) => {
  expect(judgeSample(sample(answer), expected)).toEqual({ up, because });
});
