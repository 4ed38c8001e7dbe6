import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { findGroup, recentActivities } from '../../src/aws/autoscaling.ts';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { recentSamples } from '../../src/aws/cloudwatch.ts';
import { targetHealth } from '../../src/aws/elbv2.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { callerIdentity } from '../../src/aws/identity.ts';
import { findDbInstance } from '../../src/aws/rds.ts';
import { changeRecords, changeStatus, listRecordSets, type RecordSet, typesOf } from '../../src/aws/route53.ts';
import { bodyOf } from '../../src/aws/sdk-caller.ts';

/** Any region of the run. */
const AT = { region: 'ap-northeast-1' };

interface Call {
  service: string;
  region: string;
  operation: string;
  input: Record<string, unknown>;
  timeoutMs?: number;
  attempts?: number;
  signal?: AbortSignal;
}

function answering(answer: (call: Call) => object) {
  const calls: Call[] = [];
  const aws = {
    call: async (call: Call) => {
      calls.push(call);
      return { output: answer(call), requestId: 'rq' };
    },
  } as unknown as AwsCaller;
  return { aws, calls };
}

const failing = (code: string) =>
  answering(() => {
    throw new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region: 'r', code, message: 'no' });
  }).aws;

describe('rds', () => {
  it('findDbInstance: the instance, or undefined; other errors go through', async () => {
    const { aws, calls } = answering(() => ({ DBInstances: [{ DBInstanceIdentifier: 'shop' }] }));
    const options = { timeoutMs: 7, attempts: 1, signal: new AbortController().signal };
    expect(await findDbInstance(aws, 'tokyo', 'shop', options)).toEqual({ DBInstanceIdentifier: 'shop' });
    expect(calls[0]).toMatchObject({ region: 'tokyo', input: { DBInstanceIdentifier: 'shop' }, ...options });
    expect(await findDbInstance(failing('DBInstanceNotFound'), 'tokyo', 'shop')).toBeUndefined();
    expect(await findDbInstance(failing('DBInstanceNotFoundFault'), 'tokyo', 'shop')).toBeUndefined();
    await expect(findDbInstance(failing('AccessDenied'), 'tokyo', 'shop')).rejects.toThrow('AccessDenied');
  });

  it('findDbInstance: finds it as RDS folds names, and by its ARN', async () => {
    const { aws } = answering(() => ({ DBInstances: [{ DBInstanceIdentifier: 'other' }, { DBInstanceIdentifier: 'shop' }] }));
    for (const id of ['Shop', 'arn:aws:rds:tokyo:111122223333:db:shop']) expect(await findDbInstance(aws, 'tokyo', id)).toEqual({ DBInstanceIdentifier: 'shop' });
  });
});

/** A zone in the order in which Route 53 answers, `size` records a page. */
function zone(records: RecordSet[], size: number) {
  return answering(({ input }) => {
    const from = records.findIndex(
      (r) =>
        r.Name === input.StartRecordName &&
        (input.StartRecordType === undefined || r.Type === input.StartRecordType) &&
        (input.StartRecordIdentifier === undefined || r.SetIdentifier === input.StartRecordIdentifier),
    );
    const page = from < 0 ? [] : records.slice(from, from + size);
    const next = from < 0 ? undefined : records[from + size];
    return {
      ResourceRecordSets: page,
      IsTruncated: next !== undefined,
      NextRecordName: next?.Name,
      NextRecordType: next?.Type,
      NextRecordIdentifier: next?.SetIdentifier,
    };
  });
}

const record = (Name: string, Type: 'A' | 'AAAA' | 'TXT', SetIdentifier?: string): RecordSet => ({
  Name,
  Type,
  ...(SetIdentifier === undefined ? {} : { SetIdentifier }),
});

describe('route53', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((id) => record('shop.example.com.', 'A', id));
  const records = [
    record('api.example.com.', 'A'),
    ...many,
    record('shop.example.com.', 'AAAA', 'a'),
    record('www.example.com.', 'A'),
  ];

  it.each([1, 2, 3, 5, 6, 300])('listRecordSets: all of a name and type and no more, %i a page', async (size) => {
    const { aws, calls } = zone(records, size);
    expect(await listRecordSets(aws, 'Z', 'Shop.example.com', 'A', AT)).toEqual(many);
    expect(calls).toHaveLength(Math.ceil(many.length / size));
    expect(new Set(calls.map((call) => call.region))).toEqual(new Set(['us-east-1']));
    expect(await listRecordSets(zone(records, size).aws, 'Z', 'shop.example.com.', 'TXT', AT)).toEqual([]);
    expect(await listRecordSets(zone(records, size).aws, 'Z', 'www.example.com.', 'A', AT)).toHaveLength(1);
  });

  it.each([1, 2, 3, 5, 6, 300])('typesOf: every type of a name and no more, %i a page', async (size) => {
    expect(await typesOf(zone(records, size).aws, 'Z', 'shop.example.com', AT)).toEqual({ all: ['A', 'AAAA'], leading: ['A', 'AAAA'] });
    expect(await typesOf(zone(records, size).aws, 'Z', 'www.example.com', AT)).toEqual({ all: ['A'], leading: ['A'] });
  });

  it('listRecordSets: pages that make no progress are no answer', async () => {
    const page = { ResourceRecordSets: [many[0]], IsTruncated: true };
    const next = { NextRecordName: 'shop.example.com.', NextRecordType: 'A', NextRecordIdentifier: 'a' };
    const { aws, calls } = answering(() => ({ ...page, ...next }));
    await expect(listRecordSets(aws, 'Z', 'shop.example.com.', 'A', AT)).rejects.toMatchObject({ code: 'IncompleteAnswer', kind: 'terminal' });
    expect(calls).toHaveLength(2);
  });

  it('listRecordSets: a wildcard, which Route 53 writes as \\052', async () => {
    const wildcard = record('\\052.example.com.', 'A');
    const { aws } = answering(() => ({ ResourceRecordSets: [wildcard], IsTruncated: false }));
    expect(await listRecordSets(aws, 'Z', '*.example.com', 'A', AT)).toEqual([wildcard]);
  });

  it('changeRecords and changeStatus', async () => {
    const { aws, calls } = answering(({ operation }) => ({
      ChangeInfo: { Id: '/change/C42', Status: operation === 'GetChange' ? 'INSYNC' : 'PENDING' },
    }));
    const changes = [{ Action: 'UPSERT' as const, ResourceRecordSet: record('a.', 'A') }];
    const changed = await changeRecords(aws, 'Z', changes, 'x'.repeat(300), AT);
    expect(changed).toEqual({ changeId: 'C42', requestId: 'rq' });
    expect(calls[0]?.input).toEqual({ HostedZoneId: 'Z', ChangeBatch: { Comment: 'x'.repeat(256), Changes: changes } });
    expect(await changeStatus(aws, changed.changeId, AT)).toBe('INSYNC');
    expect(calls[1]?.input).toEqual({ Id: 'C42' });
  });
});

describe('the others', () => {
  it('recentSamples: newest first, of every part of the answer', async () => {
    const at = (ms: number) => new Date(ms);
    const { aws, calls } = answering(() => ({
      MetricDataResults: [
        { Id: 'm1', Timestamps: [at(60_000), at(180_000), at(999_000)], Values: [1, -1] },
        { Id: 'm1', Timestamps: [at(120_000)], Values: [0] },
        { Id: 'm1' },
      ],
    }));
    const dimensions = { DBInstanceIdentifier: 'shop' };
    const metric = { namespace: 'AWS/RDS', metric: 'ReplicaLag', dimensions, periodSeconds: 60, statistic: 'Maximum' } as const;
    expect(await recentSamples(aws, 'tokyo', metric, { fromMs: 0, toMs: 240_000 })).toEqual([
      { value: -1, timestamp: 180_000 },
      { value: 0, timestamp: 120_000 },
      { value: 1, timestamp: 60_000 },
    ]);
    expect(calls[0]?.input).toMatchObject({
      StartTime: at(0),
      EndTime: at(240_000),
      MetricDataQueries: [
        { MetricStat: { Metric: { MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'shop' }] }, Period: 60 } },
      ],
    });
    expect(await recentSamples(answering(() => ({ MetricDataResults: [{ Id: 'm1' }] })).aws, 'tokyo', metric, { fromMs: 0, toMs: 1 })).toEqual([]);
    const unread = answering(() => ({ MetricDataResults: [{ Id: 'm1', StatusCode: 'InternalError' }] }));
    await expect(recentSamples(unread.aws, 'tokyo', metric, { fromMs: 0, toMs: 1 })).rejects.toMatchObject({ code: 'MalformedAnswer' });
  });

  it('autoscaling, elbv2, sts', async () => {
    const other = { AutoScalingGroupName: 'other', MinSize: 0, DesiredCapacity: 0, MaxSize: 2, Instances: [] };
    const groups = answering(() => ({ AutoScalingGroups: [other] }));
    expect(await findGroup(groups.aws, 'tokyo', 'shop')).toBeUndefined();
    expect(await findGroup(groups.aws, 'tokyo', 'other')).toEqual(other);
    expect(await recentActivities(answering(() => ({ Activities: [{ ActivityId: 'a' }] })).aws, 'tokyo', 'x')).toHaveLength(1);
    const health = answering(() => ({
      TargetHealthDescriptions: [
        { Target: { Id: 'i-1', Port: 80 }, TargetHealth: { State: 'unhealthy', Reason: 'Target.Timeout', Description: 'Request timed out' } },
        { Target: { Id: 'i-2' }, TargetHealth: { State: 'initial' } },
      ],
    }));
    expect(await targetHealth(health.aws, 'tokyo', 'arn')).toMatchObject([
      { id: 'i-1', port: 80, state: { healthy: 'no', shown: 'unhealthy' }, reason: 'Target.Timeout (Request timed out)' },
      { id: 'i-2', port: undefined, state: { healthy: 'no', shown: 'initial' }, reason: undefined },
    ]);
    const who = answering(() => ({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/x' }));
    expect(await callerIdentity(who.aws, 'tokyo')).toEqual({ account: '123456789012', arn: 'arn:aws:iam::123456789012:user/x' });
  });

  it('bodyOf reads as text, as bytes and as a stream', async () => {
    const bytes = Buffer.from('Tōkyō');
    expect(await bodyOf(bytes).transformToString()).toBe('Tōkyō');
    expect(await bodyOf(bytes).transformToString('hex')).toBe(bytes.toString('hex'));
    expect(Buffer.from(await bodyOf(bytes).transformToByteArray())).toEqual(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of bodyOf(bytes) as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks)).toEqual(bytes);
    expect(await new Response(bodyOf(bytes).transformToWebStream()).text()).toBe('Tōkyō');
  });

  it('bodyOf: as of the SDK, a stream of bytes of which a part can be read, and which ends also where there are none', async () => {
    const stream = bodyOf(Buffer.from('abc')) as Readable;
    await once(stream, 'readable');
    expect(String(stream.read(2))).toBe('ab');
    expect(await (bodyOf(Buffer.alloc(0)) as Readable).toArray()).toEqual([]);
  });

  it('bodyOf: an encoding that nobody knows gives no text', () => {
    expect(() => bodyOf(Buffer.from('abc')).transformToString('klingon')).toThrow(TypeError);
  });
});
