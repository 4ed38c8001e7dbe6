import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import type { RecordSet } from '../../../src/aws/route53.ts';
import type { HttpRequest } from '../../../src/effects/effects.ts';
import type { DrillContext } from '../../../src/model/kind.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { askStandby, drillAddress, foundRecords, twinRecordSteps } from '../../../src/kinds/route53/twin-record.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';
import { aliasOf, type Answers, awsError, fakeAws, listing, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* The record that a drill makes for itself: when it may, what it writes, what it deletes, and what is asked of it. */

const RUN = '20261120T101500Z-shop-drill-1a2b3c';
const [TWIN, OWNER] = ['dr-drill-1a2b3c-a.shop.example.com', 'dr-drill-1a2b3c-a-owner.shop.example.com'];
const RESOURCE = `route53:${ZONE}:${TWIN} A`;
const NEW = '192.0.2.3';
const made = setOf(undefined, NEW, { Name: `${TWIN}.` });
const owner = (run = RUN): RecordSet => ({ Name: `${OWNER}.`, Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: `"dr:drill=${run} dr:runbook=shop bare"` }] });
const BASE = [setOf('tokyo', NEW, { HealthCheckId: 'hc' })];

interface At {
  params?: Record<string, Json>;
  sets?: readonly RecordSet[];
  answers?: Answers;
  facts?: Record<string, Json>;
  intends?: boolean;
  dns?: string[];
  preview?: true;
}

async function twin({ params = {}, sets = BASE, answers = {}, facts = {}, intends = true, dns = [NEW], preview }: At = {}) {
  let all = [...sets];
  const fake = fakeAws({
    ListResourceRecordSets: listing(() => all),
    ListResourceRecordSetProtections: { ResourceRecordSetProtections: [] },
    GetChange: { ChangeInfo: { Status: 'INSYNC' } },
    ChangeResourceRecordSets: ({ ChangeBatch: { Changes } }: { ChangeBatch: { Changes: { Action: string; ResourceRecordSet: RecordSet }[] } }) => {
      for (const { Action, ResourceRecordSet: set } of Changes) {
        if (Action === 'DELETE' && !all.includes(set)) return awsError('InvalidChangeBatch');
        all = Action === 'DELETE' ? all.filter((one) => one !== set) : [...all, set];
      }
      return { ChangeInfo: { Id: '/change/C1' } };
    },
    ...answers,
  });
  const clock = new VirtualClock(1_800_000_000_000);
  const resolve = () => Promise.resolve({ values: dns, ttl: 60 });
  const step = await stepOf('route53-failover.twinRecord', { zone: ZONE, record: RECORD, name: TWIN, owner: OWNER, set: 'tokyo', ...params }, {
    clock, facts, run: { id: RUN, verb: 'drill' }, intends: intends ? [`${RESOURCE} drill twin`] : [], ...(preview === undefined ? {} : { preview }), effects: { aws: fake.aws, dns: { resolve } },
  });
  return { ...step, ...fake, all: () => all, changes: () => fake.asked('ChangeResourceRecordSets').map(({ input }) => input['ChangeBatch'] as { Comment: string; Changes: { Action: string; ResourceRecordSet: RecordSet }[] }) };
}

describe('before it is made', () => {
  it('its name is free, and the right to delete it is asked for by a record that nobody makes', async () => {
    const step = await twin();
    expect(await step.check()).toEqual({ state: 'ok', because: `${TWIN} is free` });
    expect(step.changes()).toEqual([{ Comment: `dr drill ${RUN}`, Changes: [{ Action: 'DELETE', ResourceRecordSet: { Name: 'dr-drill-1a2b3c-nobody.shop.example.com', Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: '"nobody"' }] } }] }]);
    expect((await twin({ preview: true })).changes()).toEqual([]);
    const long = await twin({ params: { record: { name: 'shop.example.com', type: 'AAAA' }, name: 'dr-drill-1a2b3c-aaaa.shop.example.com' }, sets: [{ ...BASE[0], Type: 'AAAA' } as RecordSet] });
    await long.check();
    expect(long.changes()[0]?.Changes[0]?.ResourceRecordSet.Name).toBe('dr-drill-1a2b3c-nobody.shop.example.com');
  });

  it('a right that is missing refuses it; any other error stands', async () => {
    const denied = awsError('AccessDenied', { message: 'not you' });
    expect(await (await twin({ answers: { ChangeResourceRecordSets: denied } })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'drill-rights', observed: denied.message, consequence: `${TWIN} would be made, and stay`, override: expect.stringContaining(`allow route53:ChangeResourceRecordSets on the zone ${ZONE}, for dr-drill-*`) as string } });
    for (const error of [NO_ANSWER, Object.assign(new Error('broken'), { code: 'InvalidChangeBatch' })]) await expect((await twin({ answers: { ChangeResourceRecordSets: error } })).check()).rejects.toBe(error);
  });

  it('one of this run that is there already needs no right to be asked for', async () => {
    const step = await twin({ sets: [...BASE, made, owner()] });
    expect(await step.check()).toEqual({ state: 'ok', because: `${TWIN} is free` });
    expect(step.changes()).toEqual([]);
  });

  it.each([
    ['a record without the TXT record beside it', [...BASE, made], true, `${TWIN} carries no tag dr:drill`],
    ['the TXT record of another run alone', [...BASE, owner('other')], true, `${TWIN} is a twin of the run other`],
    ['one that this run did not mean to make', [...BASE, made, owner()], false, `the journal of ${RUN} does not say that it made ${TWIN}`],
  ])('%s refuses it, in the check and in the look', async (_what, sets, intends, why) => {
    const refused = { state: 'refused', refusal: {
      rule: 'twin-name', observed: `${TWIN} is in the zone ${ZONE} already: ${why}`, threshold: 'a name that only this drill uses', consequence: 'a record of somebody else would be changed and deleted',
      override: 'none: dr drill clean    deletes what an earlier drill has left; then start again',
    } };
    const step = await twin({ sets, intends });
    expect(await step.check()).toEqual(refused);
    expect(await step.observe()).toEqual(refused);
  });

  const unfit = (observed: string, threshold: string) => ({ state: 'refused', refusal: {
    rule: 'twin-record', observed, threshold, consequence: 'the drill could not show that Route 53 takes a change and answers with it', override: 'none: correct `traffic` in the runbook, or the zone',
  } });

  it('somebody has to say what it is to answer', async () => {
    const said = `nothing says what ${TOKYO} answers to shop.example.com A`;
    const threshold = 'a set, or `answers` in the runbook, that leads to the region';
    expect(await (await twin({ sets: [] })).check()).toEqual(unfit(said, threshold));
    expect(await (await twin({ params: { answer: { AAAA: { values: ['::1'], ttl: 60 } } }, sets: [] })).check()).toEqual(unfit(said, threshold));
    const simple = { params: { set: undefined as unknown as Json, answer: { AAAA: { values: ['::1'], ttl: 60 } } }, sets: [setOf(undefined, NEW)] };
    expect(await (await twin(simple)).check()).toEqual(unfit(said, threshold));
    await expect((await twin({ sets: [] })).act()).rejects.toThrow(said);
  });

  it('its names may be changed', async () => {
    const under = (name: string, RecordType: string, more = {}) => twin({ answers: { ListResourceRecordSetProtections: { ResourceRecordSetProtections: [{ RecordName: `${name}.`, RecordType, ...more }] } } });
    const threshold = 'a name of the zone that may be changed';
    expect(await (await under(TWIN, 'A')).check()).toEqual(unfit(`${TWIN} is protected against changes`, threshold));
    expect(await (await under(OWNER, 'TXT', { Comment: 'ask Kim' })).check()).toEqual(unfit(`${OWNER} is protected against changes (ask Kim)`, threshold));
    expect((await (await under(OWNER, 'A')).check()).state).toBe('ok');
  });
});

describe('it is made', () => {
  const tags = `"dr:drill=${RUN} dr:runbook=shop dr:drill-expires=2026-11-21T10:15:00.000Z"`;
  const created = (fields: Partial<RecordSet>) => [
    { Action: 'CREATE', ResourceRecordSet: { Name: TWIN, Type: 'A', ...fields } },
    { Action: 'CREATE', ResourceRecordSet: { Name: OWNER, Type: 'TXT', TTL: 60, ResourceRecords: [{ Value: tags }] } },
  ];

  it.each([
    ['its set says it now, without its health check', {}, { TTL: 60, ResourceRecords: [{ Value: NEW }] }],
    ['the runbook says it', { params: { answer: { values: ['192.0.2.9'], ttl: 30, healthCheck: 'hc' } } }, { TTL: 30, ResourceRecords: [{ Value: '192.0.2.9' }] }],
    ['its set is an alias', { sets: [aliasOf('tokyo', 'lb.example.net.')] }, { AliasTarget: { HostedZoneId: 'Z14GRHDCWA56QT', DNSName: 'lb.example.net.', EvaluateTargetHealth: true } }],
  ] as [string, At, Partial<RecordSet>][])('with the TXT record beside it, in one change that fails where a name is taken: %s', async (_what, at, fields) => {
    const step = await twin(at);
    await step.act();
    expect(step.changes().map(({ Changes }) => Changes)).toEqual([created(fields)]);
    expect(step.recorded).toEqual({ [`drill.record-change.${TWIN}`]: 'C1', [`twin.accepted.${RESOURCE}`]: step.clock.now() });
  });

  it('and is there once its change is everywhere, and it resolves', async () => {
    const dns: string[] = [];
    const step = await twin({ dns });
    expect(await step.observe()).toEqual({ state: 'absent', because: `${TWIN} is not in the zone` });
    const there = { sets: [...BASE, made, owner()] };
    expect(await (await twin({ ...there, dns })).observe()).toEqual({ state: 'pending', because: `${TWIN} is INSYNC, and does not resolve from this machine yet`, waitingFor: 'dns' });
    const reached = await twin({ ...there, dns: [NEW, '192.0.2.4'] });
    expect(await reached.observe()).toEqual({ state: 'reached', because: `${TWIN} answers ${NEW}, 192.0.2.4 from outside` });
    expect(reached.recorded).toEqual({ [`drill.record.${ZONE}.A.shop.example.com`]: TWIN });
    expect(reached.asked('GetChange')).toEqual([]);
    const facts = { [`drill.record-change.${TWIN}`]: 'C1' };
    expect((await (await twin({ ...there, facts })).observe()).state).toBe('reached');
    expect(await (await twin({ ...there, facts, answers: { GetChange: { ChangeInfo: { Status: 'PENDING' } } } })).observe()).toEqual({ state: 'pending', because: `the change of ${TWIN} is under way`, waitingFor: 'aws' });
  });

  it('by this run, where its TXT record says so', async () => {
    expect(await (await twin()).made()).toBe(false);
    expect(await (await twin({ sets: [made] })).made()).toBe(false);
    expect(await (await twin({ sets: [owner('other')] })).made()).toBe(false);
    expect(await (await twin({ sets: [owner()] })).made()).toBe(true);
  });
});

describe('it is deleted', () => {
  const deletes = (step: Awaited<ReturnType<typeof twin>>) => step.changes().map(({ Changes }) => Changes.map(({ Action, ResourceRecordSet }) => [Action, ResourceRecordSet]));

  it('with the TXT record beside it, to the letter, once the change is everywhere', async () => {
    const looks: number[] = [];
    const step = await twin({ sets: [...BASE, made, owner()], answers: { GetChange: () => ({ ChangeInfo: { Status: looks.push(step.clock.now()) > 3 ? 'INSYNC' : 'PENDING' } }) } });
    const [, record, text] = step.all();
    await step.undo();
    expect(deletes(step)).toEqual([[['DELETE', record], ['DELETE', text]]]);
    expect(step.all()).toEqual(BASE);
    expect(step.clock.now() - (looks[0] ?? 0)).toBeLessThan(LIMITS.settleMs);
    expect(looks.map((at) => at - (looks[0] ?? 0))).toEqual([0, 1_000, 2_000, 3_000]);
    expect(new Set(step.waits().map(({ cause }) => cause))).toEqual(new Set(['aws']));
  });

  it('half of it, where only that is left', async () => {
    const step = await twin({ sets: [owner()] });
    const [text] = step.all();
    const began = step.clock.now();
    await step.undo();
    expect(deletes(step)).toEqual([[['DELETE', text]]]);
    // Seen alone for half a minute, and not once.
    expect(step.clock.now() - began).toBeGreaterThanOrEqual(30_000);
  });

  it('whole, where an answer lacks one of the two records: none of it stays without its owner', async () => {
    let looks = 0;
    let there = [made, owner()];
    const step = await twin({
      answers: {
        ListResourceRecordSets: ({ StartRecordName: name }: { StartRecordName: string }) => ({ IsTruncated: false, ResourceRecordSets: name.startsWith(TWIN) && (looks += 1) <= 2 ? [] : there.filter((set) => set.Name?.startsWith(name.replace(/\.$/, ''))) }),
        ChangeResourceRecordSets: () => {
          there = [];
          return { ChangeInfo: { Id: '/change/C1' } };
        },
      },
    });
    await step.undo();
    expect(deletes(step).map((changes) => changes.map(([action, set]) => [action, (set as RecordSet).Type]))).toEqual([[['DELETE', 'A'], ['DELETE', 'TXT']]]);
  });

  it('is looked at again where somebody was quicker; another error stands', async () => {
    let times = 0;
    let there = true;
    const step = await twin({ sets: [], answers: {
      ListResourceRecordSets: ({ StartRecordName: name }: { StartRecordName: string }) => ({ IsTruncated: false, ResourceRecordSets: there ? [made, owner()].filter((set) => set.Name === name) : [] }),
      ChangeResourceRecordSets: () => {
        times += 1;
        if (times === 1) return awsError('InvalidChangeBatch');
        there = false;
        return { ChangeInfo: { Id: 'C1' } };
      },
    } });
    await step.undo();
    expect(times).toBe(2);
    for (const error of [NO_ANSWER, Object.assign(new Error('broken'), { code: 'InvalidChangeBatch' })]) await expect((await twin({ sets: [made, owner()], answers: { ChangeResourceRecordSets: error } })).undo()).rejects.toBe(error);
  });

  it('that somebody else has deleted counts as gone only after as long as a request may take to show', async () => {
    let there = true;
    const step = await twin({ answers: {
      ListResourceRecordSets: ({ StartRecordName: name }: { StartRecordName: string }) => ({ IsTruncated: false, ResourceRecordSets: there ? [made, owner()].filter((set) => set.Name === name) : [] }),
      ChangeResourceRecordSets: () => ((there = false), awsError('InvalidChangeBatch')),
    } });
    const began = step.clock.now();
    await step.undo();
    expect(step.changes()).toHaveLength(1);
    expect(step.clock.now() - began).toBeGreaterThanOrEqual(LIMITS.settleMs);
  });

  it('never where it is not ours', async () => {
    const step = await twin({ sets: [made, owner('other')] });
    await expect(step.undo()).rejects.toThrow(`${TWIN} is a twin of the run other: it is left as it is`);
    expect(step.changes()).toEqual([]);
  });
});

describe('the standby is asked at its address', () => {
  function ctxOf(facts: Record<string, Json>, names: Record<string, string[]> = {}, http?: object) {
    const asked: HttpRequest[] = [];
    const stop = new AbortController();
    const resolve = (name: string, type: string) => (names[`${name} ${type}`] === undefined ? Promise.reject(new Error('no')) : Promise.resolve({ values: names[`${name} ${type}`], ttl: 60 }));
    const request = (one: HttpRequest) => {
      asked.push(one);
      if (http === undefined) stop.abort(new Error('enough'));
      return Promise.resolve({ status: 503, body: '', address: NEW, ms: 1, ...http });
    };
    return { asked, ctx: { fact: (name: string) => facts[name], effects: { dns: { resolve }, http: { request } }, signal: stop.signal } as unknown as StepContext };
  }
  const fact = (zone: string, type: string) => ({ [`drill.record.${zone}.${type}.shop.example.com`]: TWIN });

  it.each([
    ['nothing of this drill leads there', {}, {}, undefined],
    ['by A', fact('Z1', 'A'), { [`${TWIN} A`]: [NEW] }, NEW],
    ['of any zone that has the name', fact('Z2', 'AAAA'), { [`${TWIN} A`]: [], [`${TWIN} AAAA`]: ['2001:db8::3'] }, '2001:db8::3'],
    ['behind a CNAME', fact('Z1', 'CNAME'), { [`${TWIN} A`]: ['lb.example.net', NEW] }, NEW],
    ['it does not resolve', fact('Z1', 'A'), {}, ''],
    ['names are no addresses', fact('Z1', 'A'), { [`${TWIN} A`]: ['1.example.net', 'example.10'], [`${TWIN} AAAA`]: [] }, ''],
  ])('%s', async (_what, facts, names, address) => {
    expect(await drillAddress(ctxOf(facts, names).ctx, ['Z1', 'Z2'], 'shop.example.com')).toBe(address);
  });

  it('by the name that users ask for', async () => {
    const { ctx, asked } = ctxOf({}, {}, {});
    expect(await askStandby(ctx, 'http://shop.example.com/', NEW)).toMatchObject({ status: 503 });
    expect(asked).toMatchObject([{ url: 'http://shop.example.com/', at: NEW, timeoutMs: 2_000 }]);
  });

  it('no answer is none yet', async () => {
    expect(await askStandby(ctxOf({}).ctx, 'http://x/', '')).toEqual({ state: 'pending', because: 'the record of the drill does not resolve', waitingFor: 'dns' });
    expect(await askStandby(ctxOf({}, {}, { status: 0, error: 'ECONNREFUSED' }).ctx, 'http://x/', NEW)).toEqual({ state: 'pending', because: `${NEW} gives no HTTP answer: ECONNREFUSED`, waitingFor: 'users' });
    expect(await askStandby(ctxOf({}, {}, { status: 0 }).ctx, 'http://x/', NEW)).toMatchObject({ because: `${NEW} gives no HTTP answer: ` });
    await expect(askStandby(ctxOf({}).ctx, 'http://x/', NEW)).rejects.toThrow('enough');
  });
});

it('what earlier drills have left is found, with the command that deletes it', () => {
  const cname = { ...setOf(undefined, 'x'), Name: 'dr-drill-9-cname.shop.example.com.', Type: 'CNAME' as const };
  const alone: RecordSet = { ...owner('other'), Name: 'dr-drill-8-aaaa-owner.shop.example.com.' };
  const other = { ...setOf(undefined, NEW), Name: 'dr-drill-7-owner.shop.example.com.' };
  const text: RecordSet = { ...owner('other'), Name: 'dr-drill-6-txt.team-owner.example.com.' };
  const found = foundRecords(ZONE, [made, owner(), cname, alone, other, text]);
  expect(found.map(({ name, resource, run }) => [name, resource, run])).toEqual([
    [TWIN, RESOURCE, RUN],
    ['dr-drill-9-cname.shop.example.com', `route53:${ZONE}:dr-drill-9-cname.shop.example.com CNAME`, undefined],
    ['dr-drill-8-aaaa.shop.example.com', `route53:${ZONE}:dr-drill-8-aaaa.shop.example.com AAAA`, 'other'],
    ['dr-drill-7-owner.shop.example.com', `route53:${ZONE}:dr-drill-7-owner.shop.example.com A`, undefined],
    ['dr-drill-6-txt.team-owner.example.com', `route53:${ZONE}:dr-drill-6-txt.team-owner.example.com TXT`, 'other'],
  ]);
  expect(found[0]).toMatchObject({ where: ZONE, madeAt: undefined, going: false, rented: [] });
  const [, command = ''] = found[0]?.byHand.split("'") ?? [];
  expect(found[0]?.byHand).toContain(`aws route53 change-resource-record-sets --hosted-zone-id ${ZONE} --change-batch '`);
  expect(JSON.parse(command)).toEqual({ Changes: [{ Action: 'DELETE', ResourceRecordSet: made }, { Action: 'DELETE', ResourceRecordSet: owner() }] });
});

describe('the steps of a drill', () => {
  const ctx = { runbook: 'shop', verb: 'drill', source: SEOUL, target: TOKYO, account: '111122223333', drill: { mark: '1a2b3c' } } as unknown as DrillContext;

  it('make one record for each type; the first has no label', () => {
    const records = ['a', 'b'].flatMap((label) => (['A', 'AAAA'] as const).map((type) => ({ name: `${label}.example.com`, type })));
    const steps = twinRecordSteps(ctx, ZONE, records, { set: 'tokyo' });
    expect(steps.map(({ label, params }) => [label, (params as { name: string }).name])).toEqual([[undefined, 'dr-drill-1a2b3c-a.a.example.com'], ['twinRecord-2', 'dr-drill-1a2b3c-aaaa.a.example.com']]);
    expect('label' in (steps[0] ?? {})).toBe(false);
    expect(steps.map(({ params }) => [(params as { set?: string }).set, 'answer' in (params as object)])).toEqual([['tokyo', false], ['tokyo', false]]);
  });

  it('stand where the label of a wildcard stands, and may change nothing but twins', () => {
    const [step] = twinRecordSteps(ctx, ZONE, [{ name: '*.Shop.example.com.', type: 'A' }], { answer: { values: [NEW], ttl: 60 } });
    expect(step).toStrictEqual({
      step: 'twinRecord', phase: 'traffic', reversibility: 'compensable',
      title: `Make dr-drill-1a2b3c-a.Shop.example.com, which answers as ${TOKYO} would, and resolve it from outside`,
      params: { zone: ZONE, record: { name: '*.Shop.example.com.', type: 'A' }, name: 'dr-drill-1a2b3c-a.Shop.example.com', owner: 'dr-drill-1a2b3c-a-owner.Shop.example.com', answer: { values: [NEW], ttl: 60 } },
      controlPlanes: ['route53@us-east-1'],
      permissions: [
        { actions: ['route53:ListResourceRecordSets', 'route53:ListResourceRecordSetProtections'], resources: [`arn:aws:route53:::hostedzone/${ZONE}`] },
        { actions: ['route53:ChangeResourceRecordSets'], resources: [`arn:aws:route53:::hostedzone/${ZONE}`], conditions: { 'ForAllValues:StringLike': { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['dr-drill-*.shop.example.com'] } } },
        { actions: ['route53:GetChange'], resources: ['arn:aws:route53:::change/*'] },
      ],
      estimate: { p50: 30, p95: 90, basis: 'AWS: changes are INSYNC usually within 60 s' },
      limitMs: 900_000,
      changes: [{ resource: `route53:${ZONE}:dr-drill-1a2b3c-a.Shop.example.com A`, field: 'drill twin', before: 'none', after: `the answer of ${TOKYO}` }],
    });
  });

  it('have labels that DNS takes, however long the type is', () => {
    const long = { ...ctx, drill: { mark: 'm'.repeat(60) } } as DrillContext;
    const [step] = twinRecordSteps(long, ZONE, [{ name: 'x.example.com', type: 'CNAME' }], { set: 'tokyo' });
    const { name, owner: txt } = step?.params as { name: string; owner: string };
    expect([name, txt].map((one) => one.split('.')[0]?.length)).toEqual([62, 63]);
  });
});
