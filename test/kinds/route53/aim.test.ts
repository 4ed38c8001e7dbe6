import { describe, expect, it } from 'vitest';
import type { RecordSet } from '../../../src/aws/route53.ts';
import { type Aim, aimSchema, answerFields, answerFor, answerOf, answersOf, answersWith, answerWords, changeTo, geoLocation, type RegionAnswer, wantedSets } from '../../../src/kinds/route53/aim.ts';
import { aliasOf, NAME, RECORD, setOf } from './fake.ts';

/* From an aim and the sets that are there to the sets that are wanted, and the change between them. */

const [OLD, NEW] = ['192.0.2.2', '192.0.2.3'];
const plain = (...values: string[]) => ({ values, ttl: 60 });
const lb = { alias: { zone: 'Z14GRHDCWA56QT', name: 'lb.example.net', evaluateTargetHealth: true } };
const ELB = 'shop-1234567890.ap-northeast-1.elb.amazonaws.com';
const elb = (name: string) => ({ alias: { ...lb.alias, name } });
const wanted = (aim: Aim, current: RecordSet[], record: { name: string; type: 'A' | 'AAAA' | 'CNAME' | 'MX' } = RECORD) => wantedSets(aim, record, current);

describe('an answer of the runbook', () => {
  it.each([
    ['for all types', plain(NEW), 'AAAA', plain(NEW)],
    ['an alias for all types', lb, 'CNAME', lb],
    ['A', { A: plain(NEW), AAAA: lb }, 'A', plain(NEW)],
    ['AAAA', { A: plain(NEW), AAAA: lb }, 'AAAA', lb],
    ['CNAME', { CNAME: plain('x.example.net') }, 'CNAME', plain('x.example.net')],
    ['a type that it does not have', { A: plain(NEW) }, 'AAAA', undefined],
    ['a type that no runbook has', { A: plain(NEW), MX: plain('mail') } as RegionAnswer, 'MX', undefined],
  ] as const)('%s', (_what, answer, type, expected) => {
    expect(answerFor(answer, type)).toEqual(expected);
  });

  it('all of them, each with its key', () => {
    expect(answersOf(plain(NEW))).toEqual([{ key: undefined, answer: plain(NEW) }]);
    expect(answersOf(lb)).toEqual([{ key: undefined, answer: lb }]);
    expect(answersOf({ AAAA: lb, A: plain(NEW), CNAME: plain('x.example.net') })).toEqual([{ key: 'A', answer: plain(NEW) }, { key: 'AAAA', answer: lb }, { key: 'CNAME', answer: plain('x.example.net') }]);
    expect(answersOf({ AAAA: lb })).toEqual([{ key: 'AAAA', answer: lb }]);
  });

  it('as the fields of a set, and in words', () => {
    expect(answerFields(plain(NEW, OLD))).toEqual({ TTL: 60, ResourceRecords: [{ Value: NEW }, { Value: OLD }] });
    expect(answerFields({ ...plain(NEW), healthCheck: 'hc' })).toEqual({ TTL: 60, ResourceRecords: [{ Value: NEW }], HealthCheckId: 'hc' });
    expect(answerFields({ ...lb, healthCheck: 'hc' })).toEqual({ AliasTarget: { HostedZoneId: 'Z14GRHDCWA56QT', DNSName: 'lb.example.net.', EvaluateTargetHealth: true }, HealthCheckId: 'hc' });
    expect([answerWords(plain(NEW, OLD)), answerWords(lb)]).toEqual([`${NEW}, ${OLD}`, 'alias lb.example.net']);
  });
});

describe('the answer of a set', () => {
  it.each([
    [setOf('a', NEW), plain(NEW)],
    [aliasOf('a', 'lb.example.net.'), { alias: { ...lb.alias, name: 'lb.example.net.' } }],
    [{ Name: NAME, Type: 'A', AliasTarget: {} } as unknown as RecordSet, { alias: { zone: '', name: '', evaluateTargetHealth: false } }],
    [{ Name: NAME, Type: 'A', ResourceRecords: [{}] } as unknown as RecordSet, { values: [''], ttl: 0 }],
    [{ Name: NAME, Type: 'A' as const }, { values: [], ttl: 0 }],
  ])('%o', (set, answer) => {
    expect(answerOf(set)).toEqual(answer);
  });

  it.each([
    ['the same value', setOf('a', NEW), plain(NEW), true],
    ['another value', setOf('a', OLD), plain(NEW), false],
    ['the same values in another order', { ...setOf('a', NEW), ResourceRecords: [{ Value: OLD }, { Value: NEW }] }, plain(NEW, OLD), true],
    ['one value more', { ...setOf('a', NEW), ResourceRecords: [{ Value: OLD }, { Value: NEW }] }, plain(NEW), false],
    ['a name in another case', { ...setOf('a', 'LB.example.net.'), Type: 'CNAME' as const }, plain('lb.example.net'), true],
    ['the same alias, written otherwise', aliasOf('a', 'LB.Example.net.'), lb, true],
    ['the same load balancer, as the console writes it', aliasOf('a', `dualstack.${ELB}.`), elb(ELB), true],
    ['the same load balancer, as it writes its name', aliasOf('a', `${ELB}.`), elb(`dualstack.${ELB}`), true],
    ['another load balancer', aliasOf('a', `dualstack.other-${ELB}.`), elb(ELB), false],
    ['a name of its own that begins so', aliasOf('a', 'dualstack.example.net.'), { alias: { ...lb.alias, name: 'example.net' } }, false],
    ['another alias', aliasOf('a', 'other.example.net.'), lb, false],
    ['an alias instead of values', aliasOf('a', 'lb.example.net.'), plain(NEW), false],
    ['values instead of an alias', setOf('a', NEW), lb, false],
    ['a type of which the runbook says nothing', setOf('a', NEW), { AAAA: plain(NEW) }, false],
    // A set of Route 53 that has neither: no answer of the runbook is it.
    ['an alias without a value that is asked for', { ...aliasOf('a', 'lb.example.net.'), ResourceRecords: [{ Value: NEW }] }, plain(NEW), false],
  ] as const)('answers with %s: %#', (_what, set, said, expected) => {
    expect(answersWith(set as RecordSet, said as RegionAnswer)).toBe(expected);
  });
});

describe('a failover pair', () => {
  const pair = [setOf('seoul', OLD, { Failover: 'PRIMARY' }), setOf('tokyo', NEW, { Failover: 'SECONDARY' })];
  const aim: Aim = { policy: 'failover', primary: 'tokyo', secondary: 'seoul' };

  it('changes roles, and nothing else', () => {
    expect(wanted(aim, pair)).toEqual([{ ...pair[0], Failover: 'SECONDARY' }, { ...pair[1], Failover: 'PRIMARY' }]);
    const third = setOf('third', '192.0.2.9', { Failover: 'PRIMARY' });
    expect(wanted(aim, [...pair, third])).toContainEqual(third);
  });

  it.each([
    [[pair[0] as RecordSet], `${NAME} A has no failover set called tokyo; it has: seoul`],
    [[setOf('seoul', OLD, { Weight: 1 }), pair[1] as RecordSet], `${NAME} A has no failover set called seoul; it has: seoul, tokyo`],
    [[setOf(undefined, OLD)], `${NAME} A has no failover set called tokyo or seoul; it has: a simple record`],
    [[], `${NAME} A has no failover set called tokyo or seoul; it has: nothing`],
  ])('that is none: %#', (current, text) => {
    expect(wanted(aim, current)).toBe(text);
  });
});

describe('weighted sets', () => {
  const sets = [setOf('seoul', OLD, { Weight: 10 }), setOf('tokyo', NEW, { Weight: 0 })];
  const weigh = (weights: Record<string, number>, current = sets) => wanted({ policy: 'weighted', weights }, current);

  it('get the weights that are named; others stay as they are', () => {
    expect(weigh({ seoul: 0, tokyo: 5 })).toEqual([{ ...sets[0], Weight: 0 }, { ...sets[1], Weight: 5 }]);
    expect(weigh({ tokyo: 5 })).toEqual([sets[0], { ...sets[1], Weight: 5 }]);
  });

  it('one that is to answer must be there; one that is to answer nobody need not be', () => {
    expect(weigh({ osaka: 1, kyoto: 1, tokyo: 1 })).toBe(`${NAME} A has no weighted set called osaka or kyoto; it has: seoul, tokyo`);
    expect(weigh({ osaka: 0, tokyo: 1 })).toEqual([sets[0], { ...sets[1], Weight: 1 }]);
    expect(weigh({ seoul: 1 }, [setOf('seoul', OLD), sets[1] as RecordSet])).toBe(`${NAME} A has no weighted set called seoul; it has: seoul, tokyo`);
  });

  it('never have the weight 0 all of them', () => {
    const all = `every set of ${NAME} would have the weight 0, which Route 53 takes for equal shares`;
    expect(weigh({ seoul: 0 })).toBe(all);
    expect(weigh({ seoul: 0 }, [setOf('seoul', OLD, { Weight: 10 }), setOf('other', NEW)])).toBe(all);
    expect(weigh({ seoul: 0 }, [setOf('seoul', OLD, { Weight: 10 }), setOf('other', NEW, { Weight: 1 })])).toHaveLength(2);
  });
});

describe('sets by which several regions answer', () => {
  const seoul = setOf('seoul', OLD, { Region: 'ap-northeast-2', HealthCheckId: 'hc-seoul' });
  const tokyo = setOf('tokyo', NEW, { Region: 'ap-northeast-1' });
  const answer = (sets: Extract<Aim, { policy: 'answers' }>['sets'], current = [seoul, tokyo], record: Parameters<typeof wanted>[2] = RECORD) => wanted({ policy: 'answers', sets }, current, record);

  it('answer as another one does, whole; the rest of a set, and other sets, stay', () => {
    expect(answer({ seoul: { answer: { ...plain(NEW), healthCheck: 'hc-tokyo' } } })).toEqual([setOf('seoul', NEW, { Region: 'ap-northeast-2', HealthCheckId: 'hc-tokyo' }), tokyo]);
    const [first] = answer({ seoul: { answer: lb } }) as RecordSet[];
    expect(first).toEqual({ Name: `${NAME}.`, Type: 'A', SetIdentifier: 'seoul', Region: 'ap-northeast-2', AliasTarget: { HostedZoneId: 'Z14GRHDCWA56QT', DNSName: 'lb.example.net.', EvaluateTargetHealth: true } });
  });

  it('one that was deleted is made again, with its region or its place', () => {
    expect(answer({ seoul: { answer: plain(OLD), region: 'ap-northeast-2' } }, [tokyo])).toEqual([tokyo, { Name: NAME, Type: 'A', SetIdentifier: 'seoul', Region: 'ap-northeast-2', TTL: 60, ResourceRecords: [{ Value: OLD }] }]);
    expect(answer({ korea: { answer: plain(OLD), place: { country: 'KR' } } }, [])).toEqual([{ Name: NAME, Type: 'A', SetIdentifier: 'korea', GeoLocation: { CountryCode: 'KR' }, TTL: 60, ResourceRecords: [{ Value: OLD }] }]);
    expect(answer({ seoul: { answer: plain(OLD), region: 'eu-west-1' } }, [seoul])).toEqual([{ ...seoul, HealthCheckId: undefined }]);
  });

  it('cannot stand beside another kind of set, nor answer what the runbook does not say', () => {
    expect(answer({}, [tokyo, setOf(undefined, OLD)])).toBe(`${NAME} A has a set without a region or a place: a simple record`);
    expect(answer({}, [setOf('w', OLD, { Weight: 1 })])).toBe(`${NAME} A has a set without a region or a place: w`);
    expect(answer({}, [setOf('korea', OLD, { GeoLocation: { CountryCode: 'KR' } })])).toHaveLength(1);
    expect(answer({ seoul: { answer: { AAAA: plain('::1') } } })).toBe(`\`answers\` in the runbook has nothing of type A for set seoul of ${NAME}`);
  });

  it.each([
    ['default', { CountryCode: '*' }],
    [{ continent: 'AS' }, { ContinentCode: 'AS' }],
    [{ country: 'KR' }, { CountryCode: 'KR' }],
    [{ country: 'US', subdivision: 'WA' }, { CountryCode: 'US', SubdivisionCode: 'WA' }],
  ] as const)('the place %o', (place, location) => {
    expect(geoLocation(place)).toEqual(location);
  });
});

describe('a simple record', () => {
  const simple = (current: RecordSet[], answer: RegionAnswer = plain(NEW), known: RegionAnswer[] = [plain(OLD), plain(NEW)]) => wanted({ policy: 'simple', answer, known }, current);

  it('is given the answer of a region, whole', () => {
    expect(simple([setOf(undefined, OLD, { HealthCheckId: 'hc' })], lb)).toEqual([{ Name: `${NAME}.`, Type: 'A', AliasTarget: { HostedZoneId: 'Z14GRHDCWA56QT', DNSName: 'lb.example.net.', EvaluateTargetHealth: true } }]);
    expect(simple([setOf(undefined, OLD)])).toEqual([setOf(undefined, NEW)]);
  });

  it.each([
    [[setOf(undefined, OLD)], { AAAA: plain('::1') }, `\`answers\` in the runbook has nothing of type A for ${NAME}`],
    [[], plain(NEW), `there is no record ${NAME} A in the zone`],
    [[setOf('one', OLD), setOf(undefined, NEW)], plain(NEW), `${NAME} A has a routing policy (set one, ): it is no simple record`],
    [[setOf(undefined, '192.0.2.99')], plain(NEW), `${NAME} A answers with 192.0.2.99, which is the answer of no region in the runbook`],
    [[aliasOf(undefined, 'other.example.net.')], plain(NEW), `${NAME} A answers with alias other.example.net., which is the answer of no region in the runbook`],
  ] as [RecordSet[], RegionAnswer, string][])('that is not as the runbook says: %#', (current, answer, text) => {
    expect(simple(current, answer)).toBe(text);
  });
});

describe('the change', () => {
  const actions = (current: RecordSet[], sets: RecordSet[]) => changeTo(current, sets).map(({ Action, ResourceRecordSet: set }) => [Action, set]);
  const [a, b] = [setOf('a', OLD), setOf('b', NEW)];

  it('deletes what differs to the letter, and makes it again, deletions first', () => {
    const next = { ...a, Weight: 3 };
    const other = { ...b, TTL: 30 };
    expect(actions([a, b], [next, other])).toEqual([['DELETE', a], ['DELETE', b], ['CREATE', next], ['CREATE', other]]);
    expect(changeTo([a], [next])[0]?.ResourceRecordSet).toBe(a);
  });

  it('makes what is not there, and touches nothing that is not wanted', () => {
    expect(actions([b], [a])).toEqual([['CREATE', a]]);
    const [simple, next] = [setOf(undefined, OLD), setOf(undefined, NEW)];
    expect(actions([simple], [next])).toEqual([['DELETE', simple], ['CREATE', next]]);
  });

  it.each([
    ['the same object', a, a],
    ['its name in another form', a, { ...a, Name: NAME.toUpperCase() }],
    ['its values in another order', { ...a, ResourceRecords: [{ Value: OLD }, { Value: NEW }] }, { ...a, ResourceRecords: [{ Value: NEW }, { Value: OLD }] }],
    ['its load balancer in another form', aliasOf('a', `dualstack.${ELB}`), aliasOf('a', `${ELB}.`)],
    ['its alias in another form', aliasOf('a', 'LB.example.net'), aliasOf('a', 'lb.example.net.')],
    ['a value that is not there', { ...a, ResourceRecords: [{}] } as RecordSet, { ...a, ResourceRecords: [{ Value: '' }] }],
  ])('is none where only the writing differs: %s', (_what, current, next) => {
    expect(changeTo([current], [next])).toEqual([]);
  });

  it.each([
    ['a value', a, { ...a, ResourceRecords: [{ Value: NEW }] }],
    ['values or none', a, { ...a, ResourceRecords: undefined }],
    ['an alias', aliasOf('a', 'lb.example.net.'), aliasOf('a', 'other.example.net.')],
    ['the zone of an alias', aliasOf('a', 'lb.example.net.'), aliasOf('a', 'lb.example.net.', { AliasTarget: { HostedZoneId: 'Z0OTHER', DNSName: 'lb.example.net.', EvaluateTargetHealth: true } })],
    ['a health check', a, { ...a, HealthCheckId: 'hc' }],
  ])('is one where it differs by %s', (_what, current, next) => {
    expect(changeTo([current], [next])).toHaveLength(2);
  });
});

it('an aim is read strictly: a weight that Route 53 does not take, or a policy that is none, is no aim', () => {
  for (const wrong of [{ policy: 'weighted', weights: { a: 256 } }, { policy: 'weighted', weights: { a: -1 } }, { policy: 'other' }, { policy: 'simple', answer: plain(NEW), known: [] }]) expect(aimSchema.safeParse(wrong).success).toBe(false);
});
