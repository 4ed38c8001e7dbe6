import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Service } from '../../../src/aws/operations.ts';
import { type WireRequest, type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { CASES } from './cases.ts';
import { awsEnvironment, restoreEnvironment } from './environment.ts';

const seen: WireRequest[] = [];
const defects: unknown[] = [];
const objects = new Map<string, Buffer>();
let server: WireServer;
let environment: Record<string, string>;

beforeAll(async () => {
  server = await wireServer({ handle: answer, onDefect: (error) => defects.push(error) });
  environment = awsEnvironment({ AWS_ENDPOINT_URL: server.url, AWS_DEFAULT_REGION: 'ap-northeast-1', AWS_PAGER: '' });
});

afterAll(async () => {
  await server.close();
  restoreEnvironment();
  expect(defects).toEqual([]);
});

/** The cases of the round trip, and an S3 that keeps what it is given. */
function answer(request: WireRequest): Promise<{ output: object }> {
  seen.push(request);
  const { service, region, operation, input } = request;
  const fail = (code: string, message: string) => new AwsError({ service, operation, region, code, message });
  if (input.DBInstanceIdentifier === 'missing') {
    return Promise.reject(fail('DBInstanceNotFound', 'DBInstance missing not found.'));
  }
  if (service === 's3') {
    const key = `${String(input.Bucket)}/${String(input.Key)}`;
    if (operation === 'PutObject') objects.set(key, input.Body as Buffer);
    const body = objects.get(key);
    if (operation === 'PutObject') return Promise.resolve({ output: { ETag: '"1"' } });
    if (operation === 'ListObjectsV2') return Promise.resolve({ output: CASES.s3.ListObjectsV2.output });
    if (body === undefined) return Promise.reject(fail('NoSuchKey', 'The specified key does not exist.'));
    return Promise.resolve({ output: { Body: body, ETag: '"1"', ContentLength: body.length } });
  }
  if (operation === 'DescribeDBInstances') {
    return Promise.resolve({ output: { DBInstances: CASES.rds.DescribeDBInstances.output.DBInstances } });
  }
  const known = CASES as unknown as Record<Service, Record<string, { output: object }>>;
  return Promise.resolve({ output: known[service][operation]?.output ?? {} });
}

const TIMEOUT_MS = 60_000;

function run(command: string, args: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment };
    const child = spawn(command, args, { env, timeout: TIMEOUT_MS });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
    child.stdin.end(input);
  });
}

function works(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: TIMEOUT_MS }).status === 0;
}

const BOTO3 = `
import boto3, datetime, json
from botocore.exceptions import ClientError
out = {}
def c(name, region='ap-northeast-1'): return boto3.client(name, region_name=region)
rds = c('rds')
out['instance'] = rds.describe_db_instances(DBInstanceIdentifier='shop-tokyo')['DBInstances'][0]
try: rds.describe_db_instances(DBInstanceIdentifier='missing')
except rds.exceptions.DBInstanceNotFoundFault as e: out['missing'] = [e.response['Error']['Code'], e.response['ResponseMetadata']['HTTPStatusCode'], e.response['Error']['Message']]
try: rds.describe_db_clusters()
except ClientError as e: out['unserved'] = [e.response['Error']['Code'], e.response['Error']['Message']]
try: c('iam').list_users()
except ClientError as e: out['iam'] = e.response['Error']['Message']
out['promoted'] = rds.promote_read_replica(DBInstanceIdentifier='shop-tokyo', BackupRetentionPeriod=7)['DBInstance']['DBInstanceIdentifier']
r53 = c('route53')
out['records'] = r53.list_resource_record_sets(HostedZoneId='Z123')['ResourceRecordSets']
out['change'] = r53.change_resource_record_sets(HostedZoneId='/hostedzone/Z123', ChangeBatch={'Comment': 'x & <y>', 'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': {'Name': 'a.example.com', 'Type': 'A', 'TTL': 1, 'ResourceRecords': [{'Value': '1.2.3.4'}]}}]})['ChangeInfo']['Status']
out['vm'] = c('ec2').describe_instances(Filters=[{'Name': 'tag:app', 'Values': ['shop']}])['Reservations'][0]['Instances'][0]['State']
out['group'] = c('autoscaling').describe_auto_scaling_groups(AutoScalingGroupNames=['shop'])['AutoScalingGroups'][0]['DesiredCapacity']
out['updated'] = c('autoscaling').update_auto_scaling_group(AutoScalingGroupName='shop', DesiredCapacity=4)['ResponseMetadata']['HTTPStatusCode']
out['targets'] = [t['TargetHealth']['State'] for t in c('elbv2').describe_target_health(TargetGroupArn='arn:x')['TargetHealthDescriptions']]
now = datetime.datetime(2026, 11, 20, 10, 0, 0, 500000, tzinfo=datetime.timezone.utc)
metric = c('cloudwatch').get_metric_data(StartTime=now - datetime.timedelta(hours=1), EndTime=now, MetricDataQueries=[{'Id': 'm1', 'MetricStat': {'Metric': {'Namespace': 'AWS/RDS', 'MetricName': 'ReplicaLag', 'Dimensions': []}, 'Period': 60, 'Stat': 'Maximum'}}])
out['metric'] = [metric['MetricDataResults'][0]['Values'], [t.timestamp() for t in metric['MetricDataResults'][0]['Timestamps']]]
out['who'] = c('sts').get_caller_identity()['Account']
out['message'] = c('sns').publish(TopicArn='arn:x', Message='m', MessageAttributes={'raw': {'DataType': 'Binary', 'BinaryValue': b'\\x00\\xff'}})['MessageId']
s3 = c('s3')
s3.put_object(Bucket='switch', Key='a/b c', Body=b'tokyo\\r\\n', Metadata={'run': 'r1'}, IfNoneMatch='*')
out['object'] = s3.get_object(Bucket='switch', Key='a/b c')['Body'].read().decode()
try: s3.head_object(Bucket='switch', Key='none')
except ClientError as e: out['head'] = e.response['Error']['Code']
try: s3.get_object(Bucket='switch', Key='none')
except s3.exceptions.NoSuchKey as e: out['get'] = e.response['Error']['Message']
out['keys'] = [o['Key'] for o in s3.list_objects_v2(Bucket='switch')['Contents']]
try: s3.list_buckets()
except ClientError as e: out['buckets'] = e.response['Error']['Code']
print(json.dumps(out, default=str))
`;

describe.skipIf(!works('python3', ['-c', 'import boto3']))('boto3', () => {
  it('reads and changes every service', { timeout: TIMEOUT_MS }, async () => {
    seen.length = 0;
    const { out, err } = await run('python3', ['-'], BOTO3);
    expect(err).toBe('');
    expect(JSON.parse(out)).toMatchObject({
      instance: { DBInstanceIdentifier: 'shop-tokyo', AllocatedStorage: 100, StatusInfos: [{ Status: 'replicating' }] },
      missing: ['DBInstanceNotFound', 404, 'DBInstance missing not found.'],
      unserved: ['InvalidAction', expect.stringContaining('DescribeDBClusters') as unknown],
      iam: expect.stringContaining('iam') as unknown,
      promoted: 'shop-tokyo',
      records: [{ TTL: 1, Failover: 'SECONDARY' }, { Weight: 0, AliasTarget: { EvaluateTargetHealth: false } }],
      change: 'PENDING',
      vm: { Code: 16, Name: 'running' },
      group: 2,
      updated: 200,
      targets: ['healthy', 'unhealthy'],
      metric: [[0.25, -1], [Date.parse('2026-11-20T09:59:00Z') / 1000, Date.parse('2026-11-20T09:58:00Z') / 1000]],
      who: '123456789012',
      message: 'm-1',
      object: 'tokyo\r\n',
      head: '404',
      get: 'The specified key does not exist.',
      keys: [CASES.s3.ListObjectsV2.output.Contents?.[0]?.Key, 'b'],
      buckets: 'NotImplemented',
    });
    const input = (operation: string) => seen.find((call) => call.operation === operation)?.input;
    expect(input('GetMetricData')).toMatchObject({
      // botocore sends whole seconds.
      EndTime: new Date('2026-11-20T10:00:00Z'),
      MetricDataQueries: [{ Id: 'm1', MetricStat: { Period: 60 } }],
    });
    expect(input('ChangeResourceRecordSets')).toMatchObject({ HostedZoneId: 'Z123', ChangeBatch: { Comment: 'x & <y>' } });
    expect(input('Publish')).toMatchObject({ MessageAttributes: { raw: { BinaryValue: Buffer.from([0, 255]) } } });
    expect(input('PutObject')).toMatchObject({ Metadata: { run: 'r1' }, IfNoneMatch: '*', Body: Buffer.from('tokyo\r\n') });
    expect(input('DescribeInstances')).toEqual({ Filters: [{ Name: 'tag:app', Values: ['shop'] }] });
    expect(seen.filter((call) => call.service === 'route53').map((call) => call.region)).toEqual(['us-east-1', 'us-east-1']);
  });
});

describe.skipIf(!works('aws', ['--version']))('the AWS CLI', () => {
  it('reads an instance and changes a record', { timeout: TIMEOUT_MS }, async () => {
    seen.length = 0;
    const read = await run('aws', ['rds', 'describe-db-instances', '--region', 'ap-northeast-2', '--output', 'json']);
    expect(read.err).toBe('');
    expect(JSON.parse(read.out)).toMatchObject({ DBInstances: [{ DBInstanceIdentifier: 'shop-tokyo' }, {}] });
    const missing = await run('aws', ['rds', 'describe-db-instances', '--db-instance-identifier', 'missing']);
    expect(missing.code).not.toBe(0);
    expect(missing.err).toContain('(DBInstanceNotFound)');
    const batch = JSON.stringify({ Changes: [{ Action: 'DELETE', ResourceRecordSet: { Name: 'a.', Type: 'A' } }] });
    const change = ['route53', 'change-resource-record-sets', '--hosted-zone-id', 'Z1', '--change-batch', batch];
    expect(JSON.parse((await run('aws', change)).out)).toMatchObject({ ChangeInfo: { Status: 'PENDING' } });
    expect(seen.map(({ region, operation }) => [region, operation])).toEqual([
      ['ap-northeast-2', 'DescribeDBInstances'],
      ['ap-northeast-1', 'DescribeDBInstances'],
      ['us-east-1', 'ChangeResourceRecordSets'],
    ]);
  });
});
