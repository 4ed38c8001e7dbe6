import { spawn, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findGroup, recentActivities } from '../../../src/aws/autoscaling.ts';
import type { AwsCaller, AwsRequest } from '../../../src/aws/caller.ts';
import { recentSamples } from '../../../src/aws/cloudwatch.ts';
import { callerIdentity } from '../../../src/aws/identity.ts';
import { findDbInstance } from '../../../src/aws/rds.ts';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { changeRecords, changeStatus, listRecordSets } from '../../../src/aws/route53.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemIds } from '../../../src/base/ids.ts';
import { type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { World } from '../../../src/simulator/world.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from './environment.ts';

/** Any region of the run. */
const AT = { region: 'ap-northeast-1' };

const TOKYO = 'ap-northeast-1';
const SEOUL = 'ap-northeast-2';
const TIMEOUT_MS = 60_000;
let world: World;
let server: WireServer;
let aws: AwsCaller;
let environment: Record<string, string>;
const defects: unknown[] = [];

beforeEach(async () => {
  world = new World({ clock: systemClock, seed: 1, regions: [SEOUL, TOKYO] });
  world.addDbInstance({ region: SEOUL, id: 'shop-seoul' });
  world.addDbInstance({ region: TOKYO, id: 'shop-tokyo', replicaOf: { region: SEOUL, id: 'shop-seoul' } });
  world.addAutoScalingGroup({ region: TOKYO, name: 'shop', min: 0, max: 4, desired: 1, targetGroups: ['shop'] });
  world.addBucket({ region: TOKYO, name: 'switch' });
  const record = { name: 'shop.example.com', type: 'A', ttl: 1 };
  const records = [
    { ...record, values: ['127.0.0.2'], setIdentifier: 'seoul', failover: 'PRIMARY' as const, healthCheckId: 'hc-seoul' },
    { ...record, values: ['127.0.0.3'], setIdentifier: 'tokyo', failover: 'SECONDARY' as const },
  ];
  world.addHealthCheck({ id: 'hc-seoul', watches: { kind: 'region-endpoint', region: SEOUL } });
  world.addHostedZone({ id: 'Z123', name: 'example.com', records });
  server = await wireServer({
    handle: ({ service, region, operation, input, signal }) =>
      world.call({ service, region, operation, input, signal } as unknown as AwsRequest) as Promise<{ output: object }>,
    onDefect: (error) => defects.push(error),
  });
  environment = awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: TOKYO, AWS_PAGER: '' });
  useEnvironment(environment);
  aws = reliableCaller(sdkCaller(), { clock: systemClock, ids: systemIds });
});

afterEach(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects.splice(0)).toEqual([]);
});

describe('the simulated world behind the wire', () => {
  it('answers the helpers that the step kinds use', async () => {
    expect(await findDbInstance(aws, TOKYO, 'shop-tokyo')).toMatchObject({ DBInstanceStatus: 'available' });
    expect(await findDbInstance(aws, TOKYO, 'nobody')).toBeUndefined();
    expect(await findGroup(aws, TOKYO, 'shop')).toMatchObject({ DesiredCapacity: 1 });
    expect(await recentActivities(aws, TOKYO, 'shop')).toBeInstanceOf(Array);
    expect((await callerIdentity(aws, TOKYO)).account).toMatch(/^\d{12}$/);
    const dimensions = { DBInstanceIdentifier: 'shop-tokyo' };
    const metric = { namespace: 'AWS/RDS', metric: 'ReplicaLag', dimensions, periodSeconds: 60, statistic: 'Maximum' } as const;
    const range = { fromMs: Date.now() - 600_000, toMs: Date.now() };
    expect(await recentSamples(aws, TOKYO, metric, range)).toBeInstanceOf(Array);
    const sets = await listRecordSets(aws, 'Z123', 'shop.example.com', 'A', AT);
    expect(sets.map((set) => [set.SetIdentifier, set.Failover])).toEqual([['seoul', 'PRIMARY'], ['tokyo', 'SECONDARY']]);
    const comment = { Action: 'UPSERT' as const, ResourceRecordSet: { ...sets[0], TTL: 5, Name: 'shop.example.com', Type: 'A' as const } };
    const { changeId } = await changeRecords(aws, 'Z123', [comment], 'a test', AT);
    expect(['PENDING', 'INSYNC']).toContain(await changeStatus(aws, changeId, AT));
  });

  it('refuses a batch of records in the words of AWS, by which a list that is behind is known', async () => {
    const [seoul] = await listRecordSets(aws, 'Z123', 'shop.example.com', 'A', AT);
    const set = { ...seoul, Name: 'shop.example.com', Type: 'A' as const };
    const refusal = (Action: 'CREATE' | 'DELETE', change: object): Promise<unknown> =>
      changeRecords(aws, 'Z123', [{ Action, ResourceRecordSet: { ...set, ...change } }], 'a test', AT).then(() => undefined, (error: unknown) => error);
    const wrong = { code: 'InvalidChangeBatch', kind: 'terminal', httpStatus: 400 };
    const message = (text: string) => expect.stringMatching(new RegExp(`^route53.ChangeResourceRecordSets in us-east-1: InvalidChangeBatch: \\[.*${text}.*\\]$`)) as string;
    expect(await refusal('CREATE', {})).toMatchObject({ ...wrong, message: message('already exists') });
    expect(await refusal('DELETE', { SetIdentifier: 'osaka' })).toMatchObject({ ...wrong, message: message('was not found') });
    expect(await refusal('DELETE', { TTL: 77 })).toMatchObject({ ...wrong, message: message('do not match the current values') });
  });

  it('keeps objects, with conditions', async () => {
    const put = { Bucket: 'switch', Key: 'active', Body: 'tokyo', IfNoneMatch: '*', Metadata: { run: 'r1' } };
    const write = () => aws.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: put });
    await write();
    await expect(write()).rejects.toMatchObject({ code: 'PreconditionFailed', httpStatus: 412, kind: 'terminal' });
    const input = { Bucket: 'switch', Key: 'active' };
    const read = await aws.call({ service: 's3', region: TOKYO, operation: 'GetObject', input });
    expect(await read.output.Body?.transformToString()).toBe('tokyo');
    expect((await aws.call({ service: 's3', region: TOKYO, operation: 'HeadObject', input })).output.Metadata).toEqual({ run: 'r1' });
    await aws.call({ service: 's3', region: TOKYO, operation: 'DeleteObject', input });
    await expect(aws.call({ service: 's3', region: TOKYO, operation: 'HeadObject', input })).rejects.toMatchObject({ httpStatus: 404 });
  });

  it('a broken region swallows what is sent to it, and only that', async () => {
    world.breakRegion(SEOUL);
    const dead = findDbInstance(aws, SEOUL, 'shop-seoul', { timeoutMs: 100, attempts: 2 });
    const alive = findDbInstance(aws, TOKYO, 'shop-tokyo');
    await expect(dead).rejects.toMatchObject({ code: 'NoAnswer', unreachable: true });
    expect(await alive).toMatchObject({ DBInstanceIdentifier: 'shop-tokyo' });
  });
});

const BOTO3 = `
import boto3, json
s3 = boto3.client('s3')
s3.put_object(Bucket='switch', Key='a & b/\\u6771\\u4eac', Body=b'x')
try: s3.put_object(Bucket='switch', Key='a & b/\\u6771\\u4eac', Body=b'y', IfNoneMatch='*')
except s3.exceptions.ClientError as e: code = e.response['Error']['Code']
keys = [o['Key'] for page in s3.get_paginator('list_objects_v2').paginate(Bucket='switch') for o in page['Contents']]
promoted = boto3.client('rds').promote_read_replica(DBInstanceIdentifier='shop-tokyo')['DBInstance']['DBInstanceStatus']
print(json.dumps([code, keys, promoted]))
`;

function works(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0;
}

function run(command: string, args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment };
    const child = spawn(command, args, { env, timeout: TIMEOUT_MS });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.once('error', reject);
    child.once('close', () => resolve(out));
    child.stdin.end(input);
  });
}

describe('changed by other clients', () => {
  it.skipIf(!works('python3', ['-c', 'import boto3']))('boto3', { timeout: TIMEOUT_MS }, async () => {
    expect(JSON.parse(await run('python3', ['-'], BOTO3))).toEqual([
      'PreconditionFailed',
      ['a & b/東京'],
      expect.stringMatching(/^(available|modifying)$/) as unknown,
    ]);
  });

  it.skipIf(!works('aws', ['--version']))('the AWS CLI', { timeout: TIMEOUT_MS }, async () => {
    const update = ['autoscaling', 'update-auto-scaling-group', '--auto-scaling-group-name', 'shop', '--desired-capacity', '2'];
    expect(await run('aws', update)).toBe('');
    expect(await findGroup(aws, TOKYO, 'shop')).toMatchObject({ DesiredCapacity: 2 });
    expect(await run('aws', ['s3', 'cp', '-', 's3://switch/from/cli.txt'], 'tokyo')).toBe('');
    expect(await run('aws', ['s3', 'ls', 's3://switch/from/'])).toMatch(/ 5 cli\.txt\n$/);
  });
});
