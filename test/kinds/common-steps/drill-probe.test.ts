import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { HttpRequest, HttpSample } from '../../../src/effects/effects.ts';
import { stepOf } from '../context.ts';

/* What a drill asks of the standby, at the address of its own record. */

const AT = '192.0.2.3';
const RECORD = { 'drill.record.Z1AB.A.shop.example.com': 'dr-drill-1-a.shop.example.com' };

async function ask(kind: string, params: Record<string, Json>, sample: Partial<HttpSample> = {}, { facts = RECORD, resolves = [AT] }: { facts?: Record<string, Json>; resolves?: string[] } = {}) {
  const asked: HttpRequest[] = [];
  const request = (one: HttpRequest): Promise<HttpSample> => {
    asked.push(one);
    return Promise.resolve({ status: 200, body: 'hello', address: AT, ms: 1, ...sample });
  };
  const step = await stepOf(kind, { zones: ['Z1AB'], ...params }, { facts, effects: { http: { request }, dns: { resolve: () => Promise.resolve({ values: resolves, ttl: 60 }) } } });
  return { seen: await step.observe(), asked };
}

describe('run.drill-probe', () => {
  const probe = (more: object = {}) => ({ probe: { name: 'home', http: 'http://shop.example.com/', status: 200, everyMs: 1_000, holdMs: 5_000, ...more } });
  const look = (status: number, more: object = {}, at: Parameters<typeof ask>[3] = {}) => ask('run.drill-probe', probe(more), { status, ...(status === 0 ? { error: 'ECONNREFUSED' } : {}) }, at);

  it.each([
    ['answers as users want it', 200, {}, { state: 'reached', because: `${AT} answers with status 200` }],
    ['answers as the runbook expects of a standby', 503, { standbyStatus: 503 }, { state: 'reached', because: `${AT} answers with status 503, as the runbook expects of the standby` }],
    ['answers otherwise than the runbook expects', 200, { standbyStatus: 503 }, { state: 'pending', because: `${AT} answers with status 200, and the runbook expects 503 of the standby`, waitingFor: 'users' }],
    ['answers, and nothing says how it is to', 503, {}, { state: 'reached', says: 'not judged', because: `not judged: ${AT} answers with status 503, not 200. That users would get 200 after a failover is not shown: a standby whose database is a replica may answer so` }],
    ['does not answer', 0, {}, { state: 'pending', because: `${AT} gives no HTTP answer: ECONNREFUSED`, waitingFor: 'users' }],
  ] as const)('the standby %s', async (_what, status, more, seen) => {
    expect((await look(status, more)).seen).toEqual(seen);
  });

  it('is asked by the name of users, at the address of the drill', async () => {
    expect((await look(200)).asked).toMatchObject([{ url: 'http://shop.example.com/', at: AT }]);
  });

  it('is not asked where no record of the drill leads there', async () => {
    const { seen, asked } = await look(200, {}, { facts: {} });
    expect(seen).toEqual({ state: 'reached', says: 'not judged', because: 'not judged: no record of this drill leads to the standby, so it was not asked' });
    expect(asked).toEqual([]);
  });

  it('waits for a record that does not resolve', async () => {
    expect((await look(200, {}, { resolves: [] })).seen).toMatchObject({ state: 'pending', waitingFor: 'dns' });
  });
});

describe('run.drill-assertion', () => {
  const look = (more: Record<string, Json>, sample: Partial<HttpSample> = {}, at: Parameters<typeof ask>[3] = {}) => ask('run.drill-assertion', { name: 'home', http: 'http://shop.example.com/x', ...more }, sample, at);
  const not = (why: string) => ({ state: 'impossible', because: `the assertion home does not hold: of ${AT} ${why}` });
  const holds = { state: 'reached', because: `home holds: ${AT} answers with status 200` };
  const headers = { 'X-Side': 'tokyo' };

  it.each([
    ['its status', { status: 200 }, {}, holds],
    ['another status', { status: 200 }, { status: 503 }, not('the status is 503, not 200')],
    ['a text in it', { contains: 'ell' }, {}, holds],
    ['a text that is not in it', { contains: 'bye' }, {}, not('the answer (status 200) does not contain "bye"')],
    ['a header, under its name in any case', { headers }, { headers: { 'x-side': 'tokyo' } }, holds],
    ['another value of a header', { headers }, { headers: { 'x-side': 'seoul' } }, not('the header X-Side is "seoul", not "tokyo"')],
    ['a header that is not there', { headers }, { headers: { other: 'tokyo' } }, not('the header X-Side is not there, not "tokyo"')],
    ['an answer without headers', { headers }, {}, not('the header X-Side is not there, not "tokyo"')],
    ['any status, where none is named', { contains: 'hello' }, { status: 404 }, { ...holds, because: `home holds: ${AT} answers with status 404` }],
  ] as [string, Record<string, Json>, Partial<HttpSample>, object][])('%s', async (_what, more, sample, seen) => {
    expect((await look(more, sample)).seen).toEqual(seen);
  });

  it('waits for an answer', async () => {
    expect((await look({ status: 200 }, { status: 0, error: 'ECONNREFUSED' })).seen).toEqual({ state: 'pending', because: `${AT} gives no HTTP answer: ECONNREFUSED`, waitingFor: 'users' });
  });

  it('is refused where nobody can be asked', async () => {
    expect((await look({ status: 200 }, {}, { facts: {} })).seen).toEqual({ state: 'refused', refusal: {
      rule: 'drill-assertion', observed: 'home cannot be asked: no record of this drill leads to the standby for shop.example.com', threshold: 'a name that `traffic` of the runbook leads to a region',
      consequence: 'nothing is known of what users would get after a failover', override: 'none: correct `http` of the assertion home in the runbook',
    } });
  });
});
