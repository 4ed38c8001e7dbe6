import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { leadsThere } from '../../../src/kinds/route53/settle.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf } from '../context.ts';
import { aliasOf, fakeAws, listing, NAME, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* When a name counts as moved, asked step by step: what it answers from here, against what it is to answer. */

const OLD = '192.0.2.2';
const NEW = '192.0.2.3';
const SETS = [setOf('seoul', OLD), setOf('tokyo', NEW)];
const BEFORE = `dns.before.${ZONE}.A.${NAME}`;
const OBJECT = { bucket: 'shop-dr', key: 'active' };

interface At {
  params?: Record<string, Json>;
  sets?: readonly RecordSet[] | Error;
  /** By name, or by name and type; a name that is not here does not resolve. */
  dns?: Record<string, string[] | Error>;
  facts?: Record<string, Json>;
  clock?: VirtualClock;
}

async function settle({ params, sets = SETS, dns = { [NAME]: [NEW] }, facts = {}, clock = new VirtualClock() }: At = {}) {
  const fake = fakeAws({ ListResourceRecordSets: sets instanceof Error ? sets : listing(() => sets) });
  const looked: string[] = [];
  const resolve = (name: string, type: string) => {
    looked.push(name);
    const values = dns[`${name} ${type}`] ?? dns[name] ?? [];
    return values instanceof Error ? Promise.reject(values) : Promise.resolve({ values, ttl: 60 });
  };
  const all: Record<string, Json> = { key: 'storefront', zone: ZONE, records: [RECORD], to: { set: 'tokyo' }, ...params };
  if (all['gone'] !== undefined) delete all['to'];
  const step = await stepOf('route53-failover.settle', all, { clock, facts, effects: { aws: fake.aws, dns: { resolve } } });
  return { ...step, ...fake, dns, looked, sleep: (ms: number) => clock.run(() => clock.sleep(ms)) };
}

const of = (name: string, type = 'A') => ({ name: `${name}.example.com`, type });
const says = (because: string) => ({ state: 'pending', because, waitingFor: 'dns' });

describe('a name is moved', () => {
  it('by the answer of the runbook, without asking Route 53', async () => {
    const step = await settle({ params: { to: { set: 'tokyo', answer: { values: [NEW] } } } });
    expect(await step.observe()).toEqual({ state: 'reached', because: `${NAME} answers ${NEW}` });
    expect(step.calls).toEqual([]);
    const wanted = { known: 'is', answers: [{ values: [NEW], ttl: 60 }] };
    expect(step.recorded).toEqual({ 'dns.wanted.storefront': [wanted], [`dns.leads.${ZONE}.A.${NAME}`]: wanted, 'dns.settling.storefront': { done: 1, last: step.clock.now() } });
    expect(await step.holds()).toEqual({ state: 'reached', because: `${NAME} answers ${NEW}` });
  });

  it('is not judged by a journal that does not say what is wanted of it', async () => {
    await expect((await settle({ facts: { 'dns.wanted.storefront': [] } })).observe()).rejects.toThrow(`nothing is known of what ${NAME} is to answer`);
  });

  it('a look that is stopped notes nothing', async () => {
    const stop = new AbortController();
    const resolve = () => (stop.abort(new Error('enough')), Promise.reject(new Error('stopped')));
    const step = await stepOf('route53-failover.settle', { key: 'storefront', zone: ZONE, records: [RECORD], to: { answer: { values: [NEW] } } }, { signal: stop.signal, effects: { dns: { resolve } } });
    await expect(step.observe()).rejects.toThrow('enough');
    expect(step.recorded['dns.settling.storefront']).toBeUndefined();
  });

  it('by the set in Route 53 where the runbook does not say it, asked once and shortly', async () => {
    const step = await settle({ dns: { [NAME]: [OLD, NEW] } });
    expect(await step.observe()).toEqual(says(`${NAME} still answers ${OLD}, ${NEW} (TTL 60 s)`));
    step.dns[NAME] = [NEW];
    expect(await step.observe()).toEqual({ state: 'reached', because: `${NAME} answers ${NEW}` });
    expect(step.calls).toMatchObject([{ operation: 'ListResourceRecordSets', timeoutMs: 2_000, attempts: 1 }]);
  });

  it('by both where the runbook says it of one type only', async () => {
    const records = [of('shop'), of('shop', 'AAAA')];
    const sets = [setOf('tokyo', NEW), { ...setOf('tokyo', '2001:db8::3'), Type: 'AAAA' as const }];
    const step = await settle({ sets, params: { records, to: { set: 'tokyo', answer: { A: { values: ['192.0.2.77'] } } } }, dns: { [`${NAME} A`]: [NEW], [`${NAME} AAAA`]: ['2001:db8::3'] } });
    expect(await step.observe()).toEqual({ state: 'reached', because: '2 names answer as they are to' });
  });

  it.each([
    ['upper case and a final dot are the same', [setOf('tokyo', 'LB.Example.com.')], { [NAME]: ['lb.example.com'] }, true],
    ['an address of IPv6 is the same in its long form', [setOf('tokyo', '2001:DB8:0:0::3')], { [NAME]: ['2001:db8::3'] }, true],
    ['every value must be one of the set', SETS, { [NAME]: [NEW, OLD] }, false],
    ['an alias: one of its addresses is enough', [aliasOf('tokyo', 'lb.example.net')], { [NAME]: [NEW, '192.0.2.99'], 'lb.example.net': [NEW] }, true],
    ['an alias: none of its addresses is not', [aliasOf('tokyo', 'lb.example.net')], { [NAME]: [OLD], 'lb.example.net': [NEW] }, false],
    ['an alias that leads nowhere says nothing', [aliasOf('tokyo', 'lb.example.net')], { [NAME]: [OLD] }, false],
  ])('%s', async (_what, sets, dns, right) => {
    expect((await (await settle({ sets, dns })).observe()).state).toBe(right ? 'reached' : 'pending');
  });

  it('what an alias leads to cannot be looked up: in the words of the system', async () => {
    const step = await settle({ sets: [aliasOf('tokyo', 'lb.example.net')], dns: { [NAME]: [NEW], 'lb.example.net': new Error('timed out') } });
    expect(await step.observe()).toEqual(says('timed out'));
  });

  it.each([
    ['a name that does not resolve', [], `${NAME} A does not resolve from this machine`],
    ['a server of names that does not answer', new Error('no answer from 192.0.2.53'), 'no answer from 192.0.2.53'],
  ])('not by %s', async (_what, values, because) => {
    const step = await settle({ dns: { [NAME]: values } });
    expect(await step.observe()).toEqual(says(because));
    expect(await step.holds()).toEqual(says(because));
  });

  it('a set that is not shown any more is asked for again, and ends the step once that lasts', async () => {
    const step = await settle({ sets: [setOf('seoul', OLD)] });
    const because = `${NAME} has no set tokyo`;
    expect(await step.holds()).toEqual({ state: 'impossible', because });
    expect(await step.observe()).toMatchObject({ state: 'pending', waitingFor: 'aws', because: `${because}; it was there before, so AWS is asked again` });
    await step.sleep(30_000);
    expect(await step.observe()).toEqual({ state: 'impossible', because });
    expect(Object.keys(step.recorded)).toEqual(['lasts.missing.settle.storefront']);
  });
});

describe('where users are to leave', () => {
  const GONE = { gone: { sets: ['seoul'], answers: [] } };
  it.each([
    ['no value of the sets may be answered', SETS, [NEW], true],
    ['one is too much', SETS, [NEW, OLD], false],
    ['nor what an alias leads to', [aliasOf('seoul', 'lb.example.net')], [OLD], false],
    ['a set that is gone answers nobody', [setOf('tokyo', NEW)], [OLD], true],
  ])('%s', async (_what, sets, values, right) => {
    const step = await settle({ sets, params: GONE, dns: { [NAME]: values, 'lb.example.net': [OLD] } });
    expect((await step.observe()).state).toBe(right ? 'reached' : 'pending');
  });

  it('by the answers of the runbook, without asking Route 53', async () => {
    const step = await settle({ params: { gone: { sets: ['seoul'], answers: [{ values: [OLD] }, { values: ['192.0.2.1'] }] } }, dns: { [NAME]: ['192.0.2.1'] } });
    expect((await step.observe()).state).toBe('pending');
    step.dns[NAME] = [NEW];
    expect((await step.observe()).state).toBe('reached');
    expect(step.calls).toEqual([]);
  });
});

describe('where Route 53 is silent', () => {
  const at = 1_800_000_000_000;
  const silent = (facts: Record<string, Json>, more: Partial<At> = {}) => settle({ sets: NO_ANSWER, dns: { [NAME]: [OLD] }, params: { object: OBJECT }, facts: { [BEFORE]: { values: [OLD], at }, ...facts }, clock: new VirtualClock(at), ...more });
  const [changed, since] = ['object.changed.shop-dr/active', 'object.since.shop-dr/active'];

  it('a name that this run has switched must leave what it answered, however long that takes', async () => {
    const step = await silent({ [changed]: true });
    await step.sleep(3_600_000);
    expect((await step.observe()).state).toBe('pending');
    step.dns[NAME] = [OLD, NEW];
    expect((await step.observe()).state).toBe('pending');
    step.dns[NAME] = [NEW];
    expect((await step.observe()).state).toBe('reached');
  });

  it.each([
    ['the object has been as it is since before', {}, 360_000],
    ['the object is older than the look: from when it was written', { [since]: at - 1_000 }, 359_000],
  ])('%s: by then the switch has been felt, and any answer is right', async (_what, facts, ms) => {
    const step = await silent(facts);
    await step.sleep(ms - 1);
    expect((await step.observe()).state).toBe('pending');
    await step.sleep(1);
    expect((await step.observe()).state).toBe('reached');
  });

  it('an object that somebody wrote in the second of the look counts as a switch of now', async () => {
    const step = await silent({ [since]: at - 999 });
    await step.sleep(3_600_000);
    expect((await step.observe()).state).toBe('pending');
  });

  it.each([
    ['nobody looked before', { facts: {} }],
    ['it did not resolve before', { facts: { [BEFORE]: { values: [], at } } }],
    ['nothing but records is switched', { params: {} }],
    ['of one name it is known, and of another one not', { params: { object: OBJECT, records: [RECORD, of('www')] } }],
  ])('%s: the error of Route 53 stands, once the name answers', async (_what, more) => {
    const step = await silent({}, more);
    await expect(step.observe()).rejects.toBe(NO_ANSWER);
    await expect(step.holds()).rejects.toBe(NO_ANSWER);
  });

  it('what is no answer of AWS is no silence', async () => {
    const broken = new TypeError('broken');
    await expect((await silent({ [changed]: true }, { sets: broken })).observe()).rejects.toBe(broken);
    await expect((await settle({ sets: broken })).observe()).rejects.toBe(broken);
  });
});

describe('a name that never resolved from this machine', () => {
  const records = [of('a'), of('b'), of('a', 'AAAA')];
  const facts = Object.fromEntries(records.map(({ name, type }) => [`dns.before.${ZONE}.${type}.${name}`, { values: [], at: 1 }]));
  const to = { answer: { A: { values: [NEW] }, AAAA: { values: ['2001:db8::3'] } } };

  it.each([
    ['record', 'moved, INSYNC in Route 53, not seen from here'],
    ['health-check', 'switched, not seen from here'],
  ])('is named, and not judged: switched by %s', async (by, known) => {
    const step = await settle({ params: { records, to, by }, dns: {}, facts });
    expect(await step.observe()).toEqual({ state: 'reached', says: 'not judged', because: `a.example.com and 1 more: ${known}; it never resolved from this machine, so the move is not verified from outside` });
    expect(step.recorded['dns.unseen.storefront']).toEqual(['a.example.com', 'b.example.com']);
    expect((await step.holds())?.state).toBe('reached');
  });

  it('alone, without a number; once it resolves it is no more among them', async () => {
    const step = await settle({ params: { to }, dns: {}, facts: { [BEFORE]: { values: [], at: 1 } } });
    expect(await step.observe()).toMatchObject({ because: expect.stringMatching(/^shop\.example\.com: moved/) as string });
    step.dns[NAME] = [NEW];
    expect(await step.observe()).toEqual({ state: 'reached', because: `${NAME} answers ${NEW}` });
    expect(step.recorded['dns.unseen.storefront']).toBeNull();
  });

  it('is needed no answer of Route 53 for', async () => {
    const step = await settle({ sets: NO_ANSWER, dns: {}, facts: { [BEFORE]: { values: [], at: 1 } } });
    expect(await step.observe()).toMatchObject({ state: 'reached', says: 'not judged' });
  });

  it('is remembered while later names are looked at', async () => {
    const step = await settle({ params: { records: [of('a'), of('b'), of('c')], to: { answer: { values: [NEW] } } }, facts: { [`dns.before.${ZONE}.A.a.example.com`]: { values: [], at: 1 } }, dns: { 'b.example.com': [OLD], 'c.example.com': [NEW] } });
    expect((await step.observe()).state).toBe('pending');
    expect(step.recorded).toMatchObject({ 'dns.unseen.storefront': ['a.example.com'], 'dns.settling.storefront': { done: 1 } });
    step.dns['b.example.com'] = [NEW];
    expect(await step.observe()).toMatchObject({ says: 'not judged', because: expect.stringMatching(/^a\.example\.com: /) as string });
  });
});

it('what is unseen behind a wrong name is looked at again', async () => {
  const records = [of('a'), of('b'), of('c')];
  const step = await settle({ params: { records, to: { answer: { values: [NEW] } } }, facts: { [`dns.before.${ZONE}.A.c.example.com`]: { values: [], at: 1 } }, dns: { 'a.example.com': [NEW], 'b.example.com': [OLD] } });
  expect((await step.observe()).state).toBe('pending');
  Object.assign(step.dns, { 'b.example.com': [NEW], 'c.example.com': [NEW] });
  expect(await step.observe()).toEqual({ state: 'reached', because: '3 names answer as they are to' });
});

it('many names are looked at sixteen at a time, up to the first that is wrong', async () => {
  const names = Array.from({ length: 20 }, (_, i) => of(`n${i}`));
  const dns: Record<string, string[]> = Object.fromEntries(names.map(({ name }) => [name, [NEW]]));
  const step = await settle({ params: { records: names, to: { answer: { values: [NEW] } } }, dns: { ...dns, 'n2.example.com': [OLD], 'n18.example.com': [OLD] } });
  expect(await step.observe()).toEqual(says(`n2.example.com still answers ${OLD} (TTL 60 s)`));
  expect(step.looked).toHaveLength(16);
  step.dns['n2.example.com'] = [NEW];
  step.looked.length = 0;
  expect(await step.observe()).toEqual(says(`n18.example.com still answers ${OLD} (TTL 60 s)`));
  expect(step.looked).toEqual(names.slice(2).map(({ name }) => name));
  expect(step.recorded['dns.settling.storefront']).toEqual({ done: 18, last: step.clock.now() });
  step.looked.length = 0;
  expect((await step.holds())?.state).toBe('reached');
  expect(step.looked).toHaveLength(16);
  step.dns['n18.example.com'] = [NEW];
  expect(await step.observe()).toEqual({ state: 'reached', because: '20 names answer as they are to' });
  step.dns['n1.example.com'] = [OLD];
  expect(await step.holds()).toEqual(says(`n1.example.com still answers ${OLD} (TTL 60 s)`));
});

describe('whether users are led to an address', () => {
  const [one, two] = ['Z0000ONE', 'Z0000TWO'];
  const is = (...values: string[]) => ({ known: 'is', answers: [{ values, ttl: 60 }] });
  const not = (...values: string[]) => ({ known: 'not', answers: [{ values, ttl: 60 }] });
  const lb = { alias: { zone: 'Z14GRHDCWA56QT', name: 'lb.example.net', evaluateTargetHealth: true } };
  const leads = (facts: Record<string, Json>, address = NEW, zones = [one]) => {
    const known = Object.fromEntries(Object.entries(facts).map(([key, value]) => [`dns.leads.${key}.${NAME}`, value]));
    const resolve = (name: string) => Promise.resolve({ values: name === 'lb.example.net' ? [OLD] : [], ttl: 60 });
    const ctx = { fact: (name: string) => known[name], effects: { clock: new VirtualClock(), dns: { resolve } }, signal: new AbortController().signal } as unknown as StepContext;
    return leadsThere(ctx, zones, NAME, address);
  };

  it.each([
    ['no zone of the plan has the name', {}, NEW, [], true],
    ['nothing is known of it', {}, NEW, [one], true],
    ['of one of two zones nothing is known', { [`${one}.A`]: is(OLD) }, NEW, [one, two], true],
    ['it is the one', { [`${one}.A`]: is(NEW) }, NEW, [one], true],
    ['it is another one', { [`${one}.A`]: is(OLD) }, NEW, [one], false],
    ['one of two zones leads there', { [`${one}.A`]: is(OLD), [`${two}.A`]: is(NEW) }, NEW, [one, two], true],
    ['so may one of several sets', { [`${one}.A`]: { known: 'is', answers: [{ values: [OLD], ttl: 60 }, lb] } }, NEW, [one], true],
    ['an alias may lead to more than one answer holds', { [`${one}.A`]: { known: 'is', answers: [lb] } }, NEW, [one], true],
    ['it is not the one that is left', { [`${one}.A`]: not(OLD) }, NEW, [one], true],
    ['it is the one that is left', { [`${one}.A`]: not(NEW) }, NEW, [one], false],
    ['it is what the alias that is left leads to', { [`${one}.A`]: { known: 'not', answers: [lb] } }, OLD, [one], false],
    ['it is what it was before', { [`${one}.A`]: { moved: [NEW] } }, NEW, [one], false],
    ['it has left what it was before', { [`${one}.A`]: { moved: [OLD] } }, NEW, [one], true],
    ['an address of IPv6 is judged by AAAA', { [`${one}.A`]: is(NEW), [`${one}.AAAA`]: is('2001:db8::3') }, '2001:DB8::4', [one], false],
    ['in whatever case', { [`${one}.AAAA`]: is('2001:db8::3') }, '2001:DB8::3', [one], true],
  ])('%s', async (_what, facts, address, zones, expected) => {
    expect(await leads(facts as Record<string, Json>, address, zones)).toBe(expected);
  });

  it('is noted for each record by the look of this step', async () => {
    const step = await settle();
    await step.observe();
    expect(step.recorded[`dns.leads.${ZONE}.A.${NAME}`]).toEqual({ known: 'is', answers: [{ values: [NEW], ttl: 60 }] });
  });
});

describe('the check', () => {
  const rules = (verdict: { state: string; warnings?: readonly { rule: string }[] }) => verdict.warnings?.map(({ rule }) => rule);

  it('says what is known', async () => {
    expect(await (await settle({ dns: { [NAME]: [OLD] } })).check()).toEqual({ state: 'ok', because: `it is known what ${NAME} must answer` });
    expect(await (await settle({ params: { gone: { sets: ['seoul'], answers: [] } } })).check()).toEqual({ state: 'ok', because: `it is known what ${NAME} must answer no more` });
    const two = await settle({ params: { records: [RECORD, of('www')] }, sets: [...SETS, setOf('tokyo', NEW, { Name: 'www.example.com.' })], dns: { [NAME]: [OLD], 'www.example.com': [NEW] } });
    expect(await two.check()).toEqual({ state: 'ok', because: 'it is known what 2 names must answer' });
  });

  it.each([
    ['a set that is not there', [setOf('seoul', OLD)], `${NAME} has no set tokyo`],
    ['a Route 53 that does not answer', NO_ANSWER, NO_ANSWER.message],
  ])('warns of %s', async (_what, sets, observed) => {
    const verdict = await (await settle({ sets, dns: { [NAME]: [OLD] } })).check();
    expect(verdict).toEqual({ state: 'ok', because: 'what is to be answered is not known', warnings: [{ rule: 'answer-unknown', observed, wanted: 'an answer that is known beforehand, so that the move can be seen', mend: 'correct `sets` or `answers` in the runbook, or the records' }] });
  });

  it('is refused for a name that another zone answers for', async () => {
    const verdict = await (await settle({ sets: [...SETS, { Name: `${NAME}.`, Type: 'NS' }] })).check();
    expect(verdict).toMatchObject({ state: 'refused', refusal: { rule: 'delegation' } });
  });

  it('looks at the sets beside where the runbook names all of its own', async () => {
    const sets = [...SETS, setOf('third', '192.0.2.4')];
    expect(rules(await (await settle({ sets, params: { named: ['seoul', 'tokyo'] }, dns: { [NAME]: [OLD] } })).check())).toEqual(['sets-beside']);
    expect(rules(await (await settle({ sets, dns: { [NAME]: [OLD] } })).check())).toBeUndefined();
    const kept = { named: ['seoul', 'tokyo'], gone: { sets: ['seoul'], answers: [{ values: ['192.0.2.4'] }] } };
    expect(await (await settle({ sets, params: kept })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'record-sets' } });
    expect(await (await settle({ sets: [...SETS, setOf('third', OLD)], params: { ...kept, gone: { sets: ['seoul'], answers: [] } } })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'record-sets' } });
    // AWS does not tell: nothing is refused for it.
    expect(rules(await (await settle({ sets: NO_ANSWER, params: { named: ['tokyo'] }, dns: { [NAME]: [OLD] } })).check())).toEqual(['answer-unknown']);
  });

  it('names what does not resolve from here, the first three', async () => {
    const observed = (which: string) => `${which} does not resolve from this machine: the move will be made, but cannot be verified from here. If the hosted zone is private, run dr inside its VPC, or set DR_RESOLVER`;
    const to = { answer: { values: [NEW] } };
    const warned = async (records: Json[], dns: At['dns'] = {}) => {
      const step = await settle({ params: { records, to }, dns });
      const verdict = await step.check();
      return { looked: step.looked.length, all: verdict.state === 'ok' ? verdict.warnings?.filter(({ rule }) => rule === 'name-not-seen') : verdict };
    };
    expect((await warned([RECORD], { [NAME]: new Error('no answer') })).all).toEqual([{
      rule: 'name-not-seen',
      observed: observed(`${NAME} A`),
      wanted: 'names that resolve where the failover is run',
      mend: 'run dr where users, or the application, resolve the names',
      page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zones-private.html',
    }]);
    const many = await warned(Array.from({ length: 20 }, (_, i) => of(`n${i}`)), { 'n0.example.com': [OLD] });
    expect(many.all).toMatchObject([{ observed: observed('n1.example.com A, n2.example.com A, n3.example.com A and 12 more') }]);
    expect((await warned([of('a'), of('b'), of('c')])).all).toMatchObject([{ observed: observed('a.example.com A, b.example.com A, c.example.com A') }]);
  });

  describe('of a zone that this machine does not see', () => {
    const warned = async (at: At) => {
      const step = await settle({ ...at, params: { to: { answer: { values: [NEW] } }, ...at.params } });
      const verdict = await step.check();
      return { step, found: verdict.state === 'ok' ? verdict.warnings?.filter(({ rule }) => rule === 'zone-not-seen') ?? [] : [verdict] };
    };
    const www = (id: string, value: string) => setOf(id, value, { Name: 'www.example.com.' });

    it('says what is answered, and that no record of the zone says it', async () => {
      const { found } = await warned({ dns: { [NAME]: ['192.0.2.98', '192.0.2.99'] } });
      expect(found).toEqual([{
        rule: 'zone-not-seen',
        observed: `${NAME} A answers 192.0.2.98, 192.0.2.99 from this machine, which no record of the zone ${ZONE} says: this machine sees another zone of that name, or users do too. The move will be made in ${ZONE}, and cannot be verified from here: this step will fail at its end`,
        wanted: 'names that this machine resolves in the zone that is changed',
        mend: 'for a private zone, run dr inside its VPC, or set DR_RESOLVER; for a public one, name the zone to which the name servers of the parent lead',
        page: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html',
      }]);
      const two = await warned({ params: { records: [RECORD, of('www')] }, sets: [...SETS, www('seoul', OLD)], dns: { [NAME]: ['192.0.2.99'], 'www.example.com': ['192.0.2.99'] } });
      expect(two.found).toMatchObject([{ observed: expect.stringContaining(`says; so do 1 more: this machine`) as string }]);
    });

    it.each([
      ['one of its values is said', { dns: { [NAME]: ['192.0.2.99', OLD] } }],
      ['an alias leads there', { sets: [aliasOf('seoul', 'lb.example.net')], dns: { [NAME]: [OLD], 'lb.example.net': [OLD] } }],
      ['an alias leads nowhere: nothing is known', { sets: [...SETS, aliasOf('osaka', 'lb.example.net')], dns: { [NAME]: ['192.0.2.99'] } }],
      ['an alias cannot be looked up', { sets: [...SETS, aliasOf('osaka', 'lb.example.net')], dns: { [NAME]: ['192.0.2.99'], 'lb.example.net': new Error('no') } }],
      ['the zone has no such record', { sets: [], dns: { [NAME]: ['192.0.2.99'] } }],
      ['the name does not resolve', { dns: {} }],
      ['the name cannot be asked', { dns: { [NAME]: new Error('no') } }],
      ['Route 53 is silent', { sets: NO_ANSWER, dns: { [NAME]: ['192.0.2.99'] } }],
    ] satisfies [string, At][])('is silent where %s', async (_what, at) => {
      expect((await warned(at)).found).toEqual([]);
    });

    it('is not asked of names that this run has looked at before, and of the first four only', async () => {
      const { found, step } = await warned({ dns: { [NAME]: ['192.0.2.99'] }, facts: { [BEFORE]: { values: [OLD], at: 1 } } });
      expect(found).toEqual([]);
      expect(step.asked('ListResourceRecordSets').filter(({ input }) => input['StartRecordType'] !== undefined)).toEqual([]);
      const records = [of('a'), of('b'), of('c'), of('d'), of('www')];
      expect((await warned({ params: { records }, sets: [www('seoul', OLD)], dns: { 'www.example.com': ['192.0.2.99'] } })).found).toEqual([]);
      expect((await warned({ params: { records: records.slice(1) }, sets: [www('seoul', OLD)], dns: { 'www.example.com': ['192.0.2.99'] } })).found).toHaveLength(1);
    });
  });
});
