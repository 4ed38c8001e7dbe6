import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { isPatient, saidBy } from '../../../src/kinds/route53/health-signal.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf } from '../context.ts';
import { aliasOf, type Answers, fakeAws, listing, NAME, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* What Route 53's checkers say of the source, and what is noted of the names before anything is changed. */

const [OLD, NEW] = ['192.0.2.2', '192.0.2.3'];
const status = (...words: string[]) => ({ HealthCheckObservations: words.map((Status) => ({ StatusReport: { Status } })) });
const CHECK = { HealthCheck: { Id: 'hc', HealthCheckVersion: 1, HealthCheckConfig: { Type: 'HTTP', Disabled: false, Inverted: false } } };
const SETS = [setOf('seoul', OLD, { HealthCheckId: 'hc-seoul' }), setOf('tokyo', NEW, { HealthCheckId: 'hc-tokyo' })];

interface At {
  params?: Record<string, Json>;
  sets?: readonly RecordSet[] | Error;
  answers?: Answers;
  dns?: Record<string, string[]>;
}

async function look({ params = {}, sets = SETS, answers = {}, dns = { [NAME]: [OLD] } }: At = {}) {
  const clock = new VirtualClock(1_800_000_000_000);
  const fake = fakeAws({ ListResourceRecordSets: sets instanceof Error ? sets : listing(() => sets), GetHealthCheckStatus: status('Failure', 'Failure'), GetHealthCheck: CHECK, ...answers });
  const looked: string[] = [];
  const resolve = (name: string, type: string) => {
    looked.push(`${name} ${type}`);
    const values = dns[name];
    return values === undefined ? Promise.reject(new Error('no answer')) : Promise.resolve({ values: type === 'A' ? values : [], ttl: 60 });
  };
  const step = await stepOf('route53-failover.assessHealthCheck', { signal: 'hc', zone: ZONE, records: [RECORD], from: { set: 'seoul' }, watched: true, patient: false, ...params }, { clock, effects: { aws: fake.aws, dns: { resolve } } });
  const seen = await step.observe();
  return { ...step, ...fake, seen, looked, signal: step.recorded['signal.hc'], source: step.recorded[`source.answers.${ZONE}.A.${NAME}`], before: step.recorded[`dns.before.${ZONE}.A.${NAME}`], checks: fake.asked('GetHealthCheckStatus').map(({ input }) => input['HealthCheckId']) };
}

const unknown = (because: string) => ({ vantage: 'health-checkers', says: 'unknown', because });
const answer = (value: string, healthCheck?: string) => ({ values: [value], ttl: 60, ...(healthCheck === undefined ? {} : { healthCheck }) });

describe('the signal', () => {
  it('is what the checkers of the source’s set see', async () => {
    const { seen, signal, checks, calls } = await look();
    expect(seen).toEqual({ state: 'reached', says: 'down', because: 'down: 0 of 2 checkers reach it' });
    expect(signal).toEqual({ vantage: 'health-checkers', says: 'down', because: '0 of 2 checkers reach it' });
    expect(checks).toEqual(['hc-seoul']);
    expect(calls[0]).toMatchObject({ operation: 'ListResourceRecordSets', timeoutMs: 2_000, attempts: 1 });
  });

  it.each([
    ['a simple record', { params: { from: {} } }, unknown('a simple record has no health check'), []],
    ['health checks that watch the switch', { params: { watched: false } }, unknown('the health checks watch the switch, and not the region'), []],
    ['a set that is not there', { sets: [SETS[1] as RecordSet] }, unknown('set seoul has no health check'), []],
    ['a Route 53 that is silent', { sets: NO_ANSWER }, unknown(NO_ANSWER.message), []],
    ['a set without a health check', { sets: [setOf('seoul', OLD)] }, unknown('set seoul has no health check'), []],
  ])('of %s is unknown', async (_what, at, signal, checks) => {
    expect(await look(at)).toMatchObject({ signal, checks });
  });

  it('of a set that was moved already is not that of the region which answers for it', async () => {
    const from = { set: 'seoul', answer: answer('192.0.2.9') };
    expect(await look({ params: { from } })).toMatchObject({ signal: unknown('set seoul has no health check'), checks: [] });
    expect(await look({ params: { from: { set: 'seoul', answer: answer(OLD) } } })).toMatchObject({ checks: ['hc-seoul'] });
    expect(await look({ params: { from: { set: 'osaka', answer: answer(OLD) } } })).toMatchObject({ checks: [] });
  });

  it('is asked of the health check that the runbook names, also where the set was moved', async () => {
    const own = { set: 'seoul', answer: { A: answer('192.0.2.9', 'hc-own') } };
    expect(await look({ params: { from: own } })).toMatchObject({ signal: { says: 'down' }, checks: ['hc-own'] });
    expect(await look({ params: { from: { ...own, set: 'osaka' } } })).toMatchObject({ signal: unknown('set osaka has no health check'), checks: [] });
  });

  it.each(['Success', 'Failure'])('is none where the check looks up the name of its own set, which may lead to the other side by now: %s', async (word) => {
    const GetHealthCheck = { HealthCheck: { ...CHECK.HealthCheck, HealthCheckConfig: { ...CHECK.HealthCheck.HealthCheckConfig, FullyQualifiedDomainName: NAME } } };
    expect(await look({ answers: { GetHealthCheck, GetHealthCheckStatus: status(word, word) } })).toMatchObject({ signal: unknown(`the health check hc-seoul looks up ${NAME}, the name of its own record: it watches whichever side that leads to`) });
  });

  it.each([[true, 'patient'], [false, undefined]])('waits for its turn where nothing else tells: %s', async (patient, turn) => {
    const turns: unknown[] = [];
    const fake = fakeAws({ ListResourceRecordSets: listing(() => SETS), GetHealthCheckStatus: status('Failure'), GetHealthCheck: CHECK });
    const call: typeof fake.aws.call = (request) => {
      if (request.operation === 'GetHealthCheckStatus') turns.push(request.turn);
      return fake.aws.call(request);
    };
    const resolve = () => Promise.resolve({ values: [], ttl: 0 });
    const step = await stepOf('route53-failover.assessHealthCheck', { signal: 'hc', zone: ZONE, records: [RECORD], from: { set: 'seoul' }, watched: true, patient }, { effects: { aws: { call }, dns: { resolve } } });
    await step.observe();
    expect(turns).toEqual([turn]);
  });

  it('an error that is none of AWS ends the look', async () => {
    await expect(look({ sets: new TypeError('broken') })).rejects.toThrow('broken');
  });
});

describe('where the source answers', () => {
  it.each([
    ['by its set', {}, [OLD]],
    ['by an alias of its set', { sets: [aliasOf('seoul', 'lb.example.net')], dns: { 'lb.example.net': ['192.0.2.50'] } }, ['192.0.2.50']],
    ['by the runbook', { params: { from: { set: 'seoul', answer: answer('192.0.2.9') } } }, ['192.0.2.9']],
    ['by the runbook, of a simple record', { params: { from: { answer: { A: answer('192.0.2.9') } } } }, ['192.0.2.9']],
    ['is not known: the runbook says another type', { params: { from: { set: 'seoul', answer: { AAAA: answer('::1') } } } }, undefined],
    ['is not known: it leads nowhere', { sets: [aliasOf('seoul', 'lb.example.net')], dns: { 'lb.example.net': [] } }, undefined],
    ['is not known: Route 53 is silent', { sets: NO_ANSWER }, undefined],
    ['is not known: there is no set', { sets: [] }, undefined],
  ] as [string, At, string[] | undefined][])('%s', async (_what, at, addresses) => {
    expect((await look(at)).source).toEqual(addresses);
  });

  it('Route 53 is asked only where something of the set has to be known', async () => {
    const said = { set: 'seoul', answer: answer(OLD) };
    expect((await look({ params: { watched: false, from: said } })).calls).toEqual([]);
    expect((await look({ params: { watched: false } })).asked('ListResourceRecordSets')).toHaveLength(1);
    expect((await look({ params: { from: said } })).asked('ListResourceRecordSets')).toHaveLength(1);
    expect((await look({ params: { from: { answer: answer(OLD) } } })).calls).toEqual([]);
  });
});

describe('what each name answered before', () => {
  it('is noted with its time; a name that did not resolve answered nothing', async () => {
    expect((await look()).before).toEqual({ values: [OLD], at: 1_800_000_000_000 });
    expect((await look({ dns: {} })).before).toEqual({ values: [], at: 1_800_000_000_000 });
  });

  it('of all names, once each', async () => {
    const records = Array.from({ length: 33 }, (_, i) => ({ name: `n${i}.example.com`, type: 'A' }));
    const { looked, recorded } = await look({ params: { records, from: {} } });
    expect(looked).toEqual(records.map(({ name }) => `${name} A`));
    expect(Object.keys(recorded).filter((name) => name.startsWith('dns.before.'))).toHaveLength(33);
  });
});

it('which strategies have no replica, and what the source is said to answer', () => {
  expect((['active-active', 'backup-restore', 'warm-standby', 'pilot-light'] as const).map((strategy) => isPatient({ strategy }))).toEqual([true, true, false, false]);
  expect(saidBy([{ name: 'a' }, { name: 'b' }], answer(OLD))).toEqual({ a: answer(OLD), b: answer(OLD) });
  expect(saidBy([{ name: 'a' }], undefined)).toBe('observed');
});
