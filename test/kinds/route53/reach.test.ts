import { describe, expect, it } from 'vitest';
import type { RecordKey, RecordSet } from '../../../src/aws/route53.ts';
import { setsBeside, typesBeside } from '../../../src/kinds/route53/reach.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { SEOUL, TOKYO } from '../context.ts';
import { aliasOf, fakeAws, listing, NAME, NO_ANSWER, RECORD, setOf, ZONE } from './fake.ts';

/* Whether the sets that a run changes decide where users are led. */

const [OLD, NEW] = ['192.0.2.2', '192.0.2.3'];
const GUIDE = 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide';
const bare = (name: string, Type: RecordSet['Type']): RecordSet => ({ Name: name, Type });

function zone(sets: readonly RecordSet[] | Error) {
  const fake = fakeAws({ ListResourceRecordSets: sets instanceof Error ? sets : listing(() => sets) });
  const ctx: Pick<StepContext, 'effects' | 'signal' | 'source' | 'target'> = { effects: { aws: fake.aws } as StepContext['effects'], signal: new AbortController().signal, source: SEOUL, target: TOKYO };
  return { ...fake, ctx };
}

describe('a name that the zone has given away', () => {
  const types = (sets: readonly RecordSet[], name = NAME) => typesBeside(zone(sets).ctx, { zone: ZONE, records: [{ name, type: 'A' }] });

  it('is refused', async () => {
    expect(await types([setOf(undefined, OLD), bare(`${NAME}.`, 'NS')])).toEqual({ warnings: [], delegated: { state: 'refused', refusal: {
      rule: 'delegation',
      observed: `the zone ${ZONE} has an NS record at ${NAME}: another zone answers for it, and the records in this one answer nobody`,
      threshold: 'names that the zone itself answers for',
      consequence: 'users could not be moved: they are led by the other zone',
      override: `none: name the hosted zone of ${NAME} in the runbook, or delete the NS record: aws route53 list-hosted-zones-by-name --dns-name ${NAME}`,
    } } });
  });

  it('with a name above it, up to the apex of the zone', async () => {
    const found = await types([bare('eu.example.com.', 'NS')], 'a.b.eu.example.com');
    expect(found.delegated?.refusal).toMatchObject({ observed: `the zone ${ZONE} has an NS record at eu.example.com: another zone answers for a.b.eu.example.com, too, and the records in this one answer nobody`, override: expect.stringContaining('the hosted zone of eu.example.com in') as string });
    // The apex has both; what is above belongs to others.
    expect((await types([bare('example.com.', 'NS'), bare('example.com.', 'SOA'), bare('com.', 'NS')])).delegated).toBeUndefined();
    expect((await types([bare('com.', 'NS')])).delegated).toBeUndefined();
  });

  it('is looked for eight labels up', async () => {
    const name = 'a.b.c.d.e.f.g.h.example.com';
    expect((await types([bare('h.example.com.', 'NS')], name)).delegated).toBeDefined();
    expect((await types([bare('example.com.', 'NS')], name)).delegated).toBeUndefined();
  });

  it('is looked for in the first four names, each name once', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'].map((label): RecordKey => ({ name: `${label}.example.com`, type: 'A' }));
    const { ctx, calls } = zone([bare('e.example.com.', 'NS')]);
    expect(await typesBeside(ctx, { zone: ZONE, records: names })).toEqual({ warnings: [] });
    expect(calls.map(({ input }) => input['StartRecordName'])).toEqual(['a.example.com.', 'example.com.', 'b.example.com.', 'c.example.com.', 'd.example.com.']);
    expect((await typesBeside(zone([bare('d.example.com.', 'NS')]).ctx, { zone: ZONE, records: names })).delegated).toBeDefined();
  });

  it('is not known where AWS does not tell, and that refuses nothing', async () => {
    const records = [RECORD];
    expect(await typesBeside(zone(NO_ANSWER).ctx, { zone: ZONE, records })).toEqual({ warnings: [] });
    await expect(typesBeside(zone(new TypeError('broken')).ctx, { zone: ZONE, records })).rejects.toThrow('broken');
  });
});

describe('types of record that the runbook does not move', () => {
  const warned = async (records: RecordKey[], ...types: RecordSet['Type'][]) => (await typesBeside(zone(types.map((type) => bare(`${NAME}.`, type))).ctx, { zone: ZONE, records })).warnings;

  it('are named', async () => {
    expect(await warned([RECORD], 'A', 'AAAA', 'HTTPS', 'TXT')).toEqual([{
      rule: 'other-record-types',
      observed: `${NAME} has AAAA and HTTPS records too, which the runbook does not move here: who finds the name by them stays where they lead`,
      wanted: `every record of ${NAME} that leads users in the runbook`,
      mend: 'name them in `records` of the runbook, or delete them',
      page: `${GUIDE}/ResourceRecordTypes.html`,
    }]);
  });

  it('are none where each is in the runbook, under this name, however it is written', async () => {
    expect(await warned([RECORD, { name: 'SHOP.example.com.', type: 'AAAA' }], 'A', 'AAAA', 'TXT')).toEqual([]);
    expect(await warned([RECORD, { name: 'www.example.com', type: 'AAAA' }], 'A', 'AAAA')).toHaveLength(1);
  });
});

describe('sets that the runbook does not name', () => {
  const ALL = { all: ['seoul', 'tokyo'], source: ['seoul'], answers: [] as { values: string[]; ttl: number }[] };
  const SETS = [setOf('seoul', OLD, { Weight: 10 }), setOf('tokyo', NEW, { Weight: 0 })];
  const beside = (sets: readonly RecordSet[], named: Partial<typeof ALL> = {}, records: RecordKey[] = [RECORD]) => setsBeside(zone(sets).ctx, { zone: ZONE, records }, { ...ALL, ...named });
  const observed = async (...args: Parameters<typeof beside>) => {
    const { kept, warnings } = await beside(...args);
    return kept === undefined ? warnings.map((one) => one.observed) : `kept: ${kept.refusal.observed}`;
  };
  const third = (value: string, more: Partial<RecordSet> = {}) => setOf('third', value, { Weight: 5, ...more });
  const leads = (set: string, what: string) => `kept: set ${set} of ${NAME} A answers ${what}: it leads to ${SEOUL}, and the runbook does not name it`;

  it('that keep users in the region that is left are refused', async () => {
    expect((await beside([...SETS, third(OLD)])).kept?.refusal).toEqual({
      rule: 'record-sets',
      observed: `set third of ${NAME} A answers ${OLD} with the weight 5: it leads to ${SEOUL}, and the runbook does not name it`,
      threshold: `every set that leads users to ${SEOUL} in the runbook`,
      consequence: 'users whom it answers would stay where nothing serves them',
      override: 'none: delete that set, or let it answer otherwise: aws route53 change-resource-record-sets …; or name it in the runbook',
    });
  });

  it('that lead elsewhere are warned of', async () => {
    expect((await beside([...SETS, third('192.0.2.4')])).warnings).toEqual([{
      rule: 'sets-beside',
      observed: `set third of ${NAME} A answers 192.0.2.4 with the weight 5, and the runbook does not name it: users whom it answers are not moved`,
      wanted: 'every set that answers users in the runbook',
      mend: 'name it in the runbook, or delete it',
      page: `${GUIDE}/routing-policy.html`,
    }]);
  });

  it.each([
    ['what the runbook says of the source', third('192.0.2.7'), { answers: [{ values: ['192.0.2.7'], ttl: 60 }] }, leads('third', '192.0.2.7 with the weight 5')],
    ['a load balancer of its region', aliasOf('third', `web.${SEOUL}.elb.amazonaws.com.`), {}, leads('third', `alias web.${SEOUL}.elb.amazonaws.com.`)],
    ['a name of its region, in any case', setOf('third', `WEB.${SEOUL}.ELB.amazonaws.com.`), {}, leads('third', `WEB.${SEOUL}.ELB.amazonaws.com.`)],
  ])('lead to the source by %s', async (_what, set, named, text) => {
    expect(await observed([...SETS, set], named)).toBe(text);
  });

  it.each([
    ['a name of AWS in another region', aliasOf('third', `web.${TOKYO}.elb.amazonaws.com.`)],
    ['a name with the region in it that is none of AWS', aliasOf('third', `web.${SEOUL}.example.net.`)],
    ['a name that only looks like it', aliasOf('third', `web.${SEOUL}.elb.amazonaws.com.example.net.`)],
    ['a label that only begins so', aliasOf('third', `web.${SEOUL}b.elb.amazonaws.com.`)],
    ['a set without anything', bare(`${NAME}.`, 'A')],
  ])('do not by %s', async (_what, set) => {
    expect(await observed([...SETS, set])).toHaveLength(1);
  });

  it('a set of the source that answers as another one does was moved already: that is not the source', async () => {
    expect(await observed([setOf('seoul', NEW, { Weight: 1 }), setOf('tokyo', NEW, { Weight: 1 }), third(NEW)])).toEqual([expect.stringContaining('set third')]);
    // Of a set that the runbook does not name, nothing follows.
    expect(await observed([setOf('seoul', OLD, { Weight: 1 }), third(OLD)])).toBe(leads('third', `${OLD} with the weight 5`));
  });

  it.each([
    ['its weight is 0', [...SETS, third(OLD, { Weight: 0 })], []],
    ['all weights are 0, which is equal shares', [...SETS.map((set) => ({ ...set, Weight: 0 })), third(OLD, { Weight: 0 })], leads('third', `${OLD} with the weight 0`)],
    ['the others have no weight', [setOf('tokyo', NEW), third(NEW, { Weight: 0 })], [`set third of ${NAME} A answers ${NEW} with the weight 0, and the runbook does not name it: users whom it answers are not moved`]],
    ['a simple record', [setOf(undefined, '192.0.2.4')], [`set (simple) of ${NAME} A answers 192.0.2.4, and the runbook does not name it: users whom it answers are not moved`]],
  ])('are answered or not: %s', async (_what, sets, text) => {
    expect(await observed(sets)).toEqual(text);
  });

  it('are named with the record that they belong to, the first five', async () => {
    const www: RecordKey = { name: 'www.example.com', type: 'A' };
    const others = (count: number) => Array.from({ length: count }, (_, i) => setOf(`x${i}`, '192.0.2.4', { Name: 'www.example.com.' }));
    const words = (count: number) => Array.from({ length: count }, (_, i) => `set x${i} of www.example.com A answers 192.0.2.4`).join('; ');
    const end = ', and the runbook does not name it: users whom it answers are not moved';
    expect(await observed([...SETS, ...others(5)], {}, [RECORD, www])).toEqual([`${words(5)}${end}`]);
    expect(await observed([...SETS, ...others(7)], {}, [RECORD, www])).toEqual([`${words(5)}; and 2 more${end}`]);
  });

  it('are none where each is named', async () => {
    expect(await beside(SETS)).toEqual({ warnings: [] });
  });
});
