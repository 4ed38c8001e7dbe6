import { describe, expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { changeRecords, changeStatus, findZone, isEverywhere, listManyRecordSets, listRecordSets, protectionsOf, readHealthCheck, type RecordKey, type RecordSet, typesOf, updateHealthCheck } from '../../src/aws/route53.ts';

/* What Route 53 is asked, to the letter, and what is made of its answers: pages that do not end, a zone in another order than expected. */

/** Any region of the run. */
const AT = { region: 'ap-northeast-1', timeoutMs: 7, attempts: 2, signal: new AbortController().signal };
const SENT = { ...AT, service: 'route53', region: 'us-east-1' };

interface Asked {
  operation: string;
  input: Record<string, unknown>;
}

/** Answers one after the other, the last again and again. */
function answering(...answers: (object | ((asked: Asked, count: number) => object))[]) {
  const asked: Asked[] = [];
  const call = (request: Asked) => {
    const answer = answers[Math.min(asked.push(request), answers.length) - 1] ?? {};
    const output = typeof answer === 'function' ? (answer as (asked: Asked, count: number) => object)(request, asked.length) : answer;
    return output instanceof Error ? Promise.reject(output) : Promise.resolve({ output, requestId: 'rq' });
  };
  return { aws: { call } as unknown as AwsCaller, asked, inputs: () => asked.map(({ input }) => input) };
}

const set = (Name: string, Type: 'A' | 'AAAA' | 'CNAME' | 'TXT' = 'A', SetIdentifier?: string): RecordSet => ({ Name, Type, ...(SetIdentifier === undefined ? {} : { SetIdentifier }) });
const last = (...ResourceRecordSets: RecordSet[]) => ({ ResourceRecordSets, IsTruncated: false });
const more = (next: [name: string, type: string, id?: string], ...ResourceRecordSets: RecordSet[]) => ({ ResourceRecordSets, IsTruncated: true, NextRecordName: next[0], NextRecordType: next[1], NextRecordIdentifier: next[2] });
const start = (StartRecordName: string, StartRecordType?: string, StartRecordIdentifier?: string) => ({ HostedZoneId: 'Z', StartRecordName, StartRecordType, StartRecordIdentifier, MaxItems: 300 });
/** A page that has the same set again and again, and says each time that the next one is another. */
const endless = (_: Asked, count: number) => more(['shop.example.com.', 'A', `id-${count}`], set('shop.example.com.', 'A', `id-${count}`));

it('each partition has a Route 53 of its own', async () => {
  const { aws, asked } = answering(last());
  await listRecordSets(aws, 'Z', 'a.', 'A', { region: 'cn-north-1' });
  expect(asked[0]).toMatchObject({ service: 'route53', region: 'cn-northwest-1' });
});

describe('the sets of a name', () => {
  it('are asked for from the name on, 300 at a time, and no further', async () => {
    const a = set('shop.example.com.', 'A', 'a');
    const b = set('shop.example.com.', 'A', 'b');
    const { aws, asked, inputs } = answering(more(['shop.example.com.', 'A', 'b'], a), more(['shop.example.com.', 'AAAA'], b));
    expect(await listRecordSets(aws, 'Z', 'Shop.example.com', 'A', AT)).toEqual([a, b]);
    expect(inputs()).toEqual([start('shop.example.com.', 'A'), start('shop.example.com.', 'A', 'b')]);
    expect(asked[0]).toMatchObject({ ...SENT, operation: 'ListResourceRecordSets' });
  });

  it('that are another name or another type end the list', async () => {
    const mine = set('shop.example.com.');
    expect(await listRecordSets(answering(last(mine, set('shop.example.com.', 'AAAA'), mine)).aws, 'Z', 'shop.example.com', 'A', AT)).toEqual([mine]);
    expect(await listRecordSets(answering(last(mine, set('shop2.example.com.'), mine)).aws, 'Z', 'shop.example.com', 'A', AT)).toEqual([mine]);
  });

  it('that do not end are no answer', async () => {
    const { aws, asked } = answering(endless);
    await expect(listRecordSets(aws, 'Z', 'shop.example.com', 'A', AT)).rejects.toMatchObject({ code: 'IncompleteAnswer', message: 'route53.ListResourceRecordSets in us-east-1: IncompleteAnswer: the sets of shop.example.com. A have not ended after 100 answers' });
    expect(asked).toHaveLength(100);
    const same = answering(more(['shop.example.com.', 'A', 'a']));
    await expect(listRecordSets(same.aws, 'Z', 'shop.example.com', 'A', AT)).rejects.toThrow('the answer after shop.example.com. A begins where the last one did');
    await expect(typesOf(answering(endless).aws, 'Z', 'shop.example.com', AT)).rejects.toThrow('the sets of shop.example.com. have not ended');
  });

  it('types: each once, and those that lead users', async () => {
    const { aws, inputs } = answering(last(set('a.', 'TXT'), set('a.', 'CNAME', '1'), set('a.', 'CNAME', '2'), set('a.', 'A'), set('b.', 'AAAA')));
    expect(await typesOf(aws, 'Z', 'a', AT)).toEqual({ all: ['TXT', 'CNAME', 'A'], leading: ['A', 'CNAME'] });
    expect(inputs()).toEqual([start('a.')]);
  });
});

describe('the sets of many names', () => {
  const key = (name: string, type: RecordKey['type'] = 'A'): RecordKey => ({ name, type });

  it('are read in the order of the zone, and given in the order of the question', async () => {
    const [a, b, z] = [set('a.example.com.'), set('b.example.com.', 'AAAA'), set('z.example.com.')];
    const { aws, asked, inputs } = answering(more(['m.example.com.', 'A', 'id'], a, b), last(z));
    expect(await listManyRecordSets(aws, 'Z', [key('z.example.com'), key('A.example.com.'), key('b.example.com', 'AAAA')], AT)).toEqual([[z], [a], [b]]);
    // What lies between two wanted names is skipped.
    expect(inputs()).toEqual([start('a.example.com.', 'A'), start('z.example.com.', 'A')]);
    expect(asked[0]).toMatchObject({ ...SENT, operation: 'ListResourceRecordSets' });
  });

  it('continue inside a name where a page ended in it', async () => {
    const { aws, inputs } = answering(more(['a.example.com.', 'A', '2'], set('a.example.com.', 'A', '1')), last(set('a.example.com.', 'A', '2')));
    expect((await listManyRecordSets(aws, 'Z', [key('a.example.com')], AT)).flat().map(({ SetIdentifier }) => SetIdentifier)).toEqual(['1', '2']);
    expect(inputs()).toEqual([start('a.example.com.', 'A'), start('a.example.com.', 'A', '2')]);
  });

  it('of two types of one name are two, one after the other', async () => {
    const { aws, inputs } = answering(more(['a.example.com.', 'AAAA'], set('a.example.com.')), last(set('a.example.com.', 'AAAA')));
    expect(await listManyRecordSets(aws, 'Z', [key('a.example.com'), key('a.example.com', 'AAAA')], AT)).toEqual([[set('a.example.com.')], [set('a.example.com.', 'AAAA')]]);
    expect(inputs()).toEqual([start('a.example.com.', 'A'), start('a.example.com.', 'AAAA')]);
  });

  it('lie in the zone by their labels from the end: z.a.com before ab.com', async () => {
    const { aws, inputs } = answering(more(['ab.com.', 'A'], set('z.a.com.')), last(set('ab.com.')));
    expect(await listManyRecordSets(aws, 'Z', [key('ab.com'), key('z.a.com')], AT)).toEqual([[set('ab.com.')], [set('z.a.com.')]]);
    expect(inputs()).toEqual([start('z.a.com.', 'A'), start('ab.com.', 'A')]);
  });

  it('end behind the last one: nothing more is asked', async () => {
    const { aws, asked } = answering(more(['b.example.com.', 'A'], set('a.example.com.')));
    expect(await listManyRecordSets(aws, 'Z', [key('a.example.com')], AT)).toEqual([[set('a.example.com.')]]);
    expect(asked).toHaveLength(1);
  });

  it('are looked for one by one where a zone is in another order: nothing is missed', async () => {
    const { aws, inputs } = answering(more(['z.example.com.', 'A'], set('z.example.com.')), last(set('a.example.com.')));
    expect(await listManyRecordSets(aws, 'Z', [key('a.example.com')], AT)).toEqual([[set('a.example.com.')]]);
    expect(inputs()).toEqual([start('a.example.com.', 'A'), start('a.example.com.', 'A')]);
  });

  it('of none are not asked for', async () => {
    const { aws, asked } = answering(last());
    expect([await listManyRecordSets(aws, 'Z', [], AT), asked]).toEqual([[], []]);
  });

  it('that do not end are no answer', async () => {
    const { aws, asked } = answering(endless);
    await expect(listManyRecordSets(aws, 'Z', [key('shop.example.com'), key('shop.example.com', 'AAAA')], AT)).rejects.toMatchObject({ code: 'IncompleteAnswer', message: 'route53.ListResourceRecordSets in us-east-1: IncompleteAnswer: 2 names have not been read after 102 answers' });
    expect(asked).toHaveLength(102);
    await expect(listManyRecordSets(answering(more(['shop.example.com.', 'A', 'a'])).aws, 'Z', [key('shop.example.com')], AT)).rejects.toThrow('route53.ListResourceRecordSets in us-east-1: IncompleteAnswer: an answer begins where the last one did');
  });
});

describe('a change', () => {
  it('is one batch with a comment that Route 53 takes, and is watched by its bare id', async () => {
    const changes = [{ Action: 'UPSERT' as const, ResourceRecordSet: set('a.') }];
    const { aws, asked } = answering({ ChangeInfo: { Id: '/change/C42', Status: 'PENDING' } });
    expect(await changeRecords(aws, 'Z', changes, 'x'.repeat(300), AT)).toEqual({ changeId: 'C42', requestId: 'rq' });
    expect(asked).toEqual([{ ...SENT, operation: 'ChangeResourceRecordSets', input: { HostedZoneId: 'Z', ChangeBatch: { Comment: 'x'.repeat(256), Changes: changes } } }]);
    for (const id of ['C42', '/change/C42', 'change/C42']) {
      const look = answering({ ChangeInfo: { Id: id, Status: 'PENDING' } });
      expect(await changeStatus(look.aws, id, AT)).toBe('PENDING');
      expect(look.asked).toEqual([{ ...SENT, operation: 'GetChange', input: { Id: 'C42' } }]);
    }
    const other = answering({ ChangeInfo: { Id: 'Xchange/C', Status: 'PENDING' } });
    expect((await changeRecords(other.aws, 'Z', changes, '', AT)).changeId).toBe('Xchange/C');
  });

  it.each([['INSYNC', true], ['PENDING', false], ['something new', false]])('that is %s: everywhere is %s', async (Status, everywhere) => {
    const { aws } = answering({ ChangeInfo: { Status } });
    expect(await isEverywhere(aws, 'C', AT)).toBe(everywhere);
    expect(await changeStatus(aws, 'C', AT)).toBe(everywhere ? 'INSYNC' : 'PENDING');
  });
});

describe('a health check', () => {
  const config = { Type: 'HTTPS', FullyQualifiedDomainName: 'app.example.com', IPAddress: '192.0.2.1', ResourcePath: '/healthz', Disabled: true, Inverted: true, RequestInterval: 30, FailureThreshold: 3 };
  const check = (HealthCheckConfig: object) => ({ HealthCheck: { HealthCheckVersion: 4, HealthCheckConfig } });

  it('is read as AWS shows it', async () => {
    const { aws, asked } = answering(check(config));
    expect(await readHealthCheck(aws, 'h', AT)).toEqual({ type: 'HTTPS', version: 4, disabled: true, inverted: true, watches: 'app.example.com/healthz', looksUp: undefined, failsAfterSeconds: 90, intervalSeconds: 30, failureThreshold: 3 });
    expect(asked).toEqual([{ ...SENT, operation: 'GetHealthCheck', input: { HealthCheckId: 'h' } }]);
  });

  it('without an endpoint, an interval or a threshold has none', async () => {
    const read = (of: object) => readHealthCheck(answering(check(of)).aws, 'h', AT);
    expect(await read({ Type: 'CALCULATED' })).toEqual({ type: 'CALCULATED', version: 4, disabled: false, inverted: false, watches: '', looksUp: undefined, failsAfterSeconds: undefined, intervalSeconds: undefined, failureThreshold: undefined });
    expect((await read({ Type: 'TCP', IPAddress: '192.0.2.1' })).watches).toBe('192.0.2.1');
    // Beside an address the name is only what the request says.
    expect((await read({ ...config, IPAddress: undefined })).looksUp).toBe('app.example.com');
    expect((await read({ Type: 'TCP', RequestInterval: 30 })).failsAfterSeconds).toBeUndefined();
    expect((await read({ Type: 'TCP', FailureThreshold: 3 })).failsAfterSeconds).toBeUndefined();
  });

  it('is changed only in the version that was read', async () => {
    const { aws, asked } = answering(check(config));
    expect(await updateHealthCheck(aws, 'h', 4, { disabled: false, inverted: true }, AT)).toMatchObject({ version: 4, disabled: true });
    expect(asked).toEqual([{ ...SENT, operation: 'UpdateHealthCheck', input: { HealthCheckId: 'h', HealthCheckVersion: 4, Disabled: false, Inverted: true } }]);
  });
});

describe('a zone', () => {
  const zone = { Id: 'Z', Name: 'example.com.' };

  it('is read as AWS shows it', async () => {
    const { aws, asked } = answering({ HostedZone: zone, DelegationSet: { NameServers: ['ns-1'] } });
    const seen = await findZone(aws, 'Z', AT);
    expect(seen).toEqual({ name: 'example.com.', private: false, nameServers: ['ns-1'] });
    expect(Object.keys(seen ?? {})).toEqual(['name', 'private', 'nameServers']);
    expect(asked).toEqual([{ ...SENT, operation: 'GetHostedZone', input: { Id: 'Z' } }]);
  });

  it('says whether it is private, who else manages it, and its accelerated recovery', async () => {
    const read = (more: object) => findZone(answering({ HostedZone: { ...zone, ...more } }).aws, 'Z', AT);
    expect(await read({ Config: { PrivateZone: true } })).toEqual({ name: 'example.com.', private: true, nameServers: [] });
    expect(await read({ Config: {} })).toMatchObject({ private: false });
    expect(await read({ LinkedService: { ServicePrincipal: 'servicediscovery.amazonaws.com', Description: 'by Cloud Map' } })).toMatchObject({ managedBy: 'servicediscovery.amazonaws.com' });
    expect(await read({ LinkedService: { Description: 'by Cloud Map' } })).toMatchObject({ managedBy: 'by Cloud Map' });
    expect(await read({ Features: { AcceleratedRecoveryStatus: 'ENABLED' } })).toMatchObject({ recovery: 'ENABLED' });
    expect(await read({ Features: {} })).not.toHaveProperty('recovery');
  });

  it('that is not there is not, and any other refusal is an error', async () => {
    const refused = (code: string) => answering(new AwsError({ service: 'route53', operation: 'GetHostedZone', region: 'us-east-1', code, message: 'no', httpStatus: 404 })).aws;
    expect(await findZone(refused('NoSuchHostedZone'), 'Z', AT)).toBeUndefined();
    for (const code of ['AccessDenied', 'XNoSuchHostedZone', 'NoSuchHostedZoneX']) await expect(findZone(refused(code), 'Z', AT)).rejects.toMatchObject({ code });
  });

  it('says page after page which names it does not let anyone change, however they are written', async () => {
    const protection = (RecordName: string, RecordType: string, Comment?: string) => ({ RecordName, RecordType, Comment });
    const { aws, asked } = answering({ ResourceRecordSetProtections: [protection('a.example.com.', 'A', 'why')], NextToken: 't' }, { ResourceRecordSetProtections: [protection('\\052.example.com.', 'AAAA')] });
    const records: RecordKey[] = [{ name: 'free.example.com', type: 'A' }, { name: '*.example.com', type: 'AAAA' }, { name: 'A.example.com', type: 'A' }, { name: 'a.example.com', type: 'AAAA' }];
    expect(await protectionsOf(aws, 'Z', records, AT)).toEqual([{ record: records[1], comment: undefined }, { record: records[2], comment: 'why' }]);
    const request = { ...SENT, operation: 'ListResourceRecordSetProtections' };
    expect(asked).toStrictEqual([{ ...request, input: { HostedZoneId: 'Z' } }, { ...request, input: { HostedZoneId: 'Z', NextToken: 't' } }]);
  });
});
