import { AutoScalingClient, DescribeTagsCommand, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstancesCommand, DescribeRegionsCommand, DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeLoadBalancersCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeDBClustersCommand, DescribeDBInstancesCommand, DescribeEventsCommand, DescribePendingMaintenanceActionsCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetHealthCheckCountCommand, ListTagsForResourceCommand, Route53Client, TestDNSAnswerCommand } from '@aws-sdk/client-route-53';
import { CopyObjectCommand, CreateMultipartUploadCommand, GetBucketVersioningCommand, GetObjectCommand, HeadBucketCommand, ListBucketsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { World } from '../../../src/simulator/world.ts';

/* What people ask of the lab with their own tools, and the lab does not have: refused, and never answered by something else. */

const REGION = 'ap-northeast-1';
let server: WireServer;
const defects: unknown[] = [];

beforeAll(async () => {
  const world = new World({ clock: systemClock, seed: 1, regions: [REGION] });
  world.addDbInstance({ region: REGION, id: 'orders' });
  world.addBucket({ region: REGION, name: 'switch' });
  world.addHostedZone({ id: 'Z1', name: 'example.com', records: [] });
  server = await wireServer({
    handle: (request) => world.call(request as unknown as AwsRequest) as Promise<{ output: object }>,
    onDefect: (error) => defects.push(error),
  });
});

afterAll(async () => {
  await server.close();
  expect(defects).toEqual([]);
});

interface Client {
  send(command: never): Promise<unknown>;
  destroy(): void;
}

const BUCKET = { Bucket: 'switch' };
const OBJECT = { ...BUCKET, Key: 'k' };
const METRIC = { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', StartTime: new Date(0), EndTime: new Date(60_000), Period: 60 };

const ASKED: readonly [what: string, client: new (options: object) => Client, command: object][] = [
  ['get-health-check-count', Route53Client, new GetHealthCheckCountCommand({})],
  ['test-dns-answer', Route53Client, new TestDNSAnswerCommand({ HostedZoneId: 'Z1', RecordName: 'a.example.com', RecordType: 'A' })],
  ['list-tags-for-resource', Route53Client, new ListTagsForResourceCommand({ ResourceType: 'hostedzone', ResourceId: 'Z1' })],
  ['get-metric-statistics', CloudWatchClient, new GetMetricStatisticsCommand(METRIC)],
  ['list-metrics', CloudWatchClient, new ListMetricsCommand({})],
  ['describe-events', RDSClient, new DescribeEventsCommand({})],
  ['describe-db-clusters', RDSClient, new DescribeDBClustersCommand({})],
  ['describe-pending-maintenance-actions', RDSClient, new DescribePendingMaintenanceActionsCommand({})],
  ['describe-db-instances --filters', RDSClient, new DescribeDBInstancesCommand({ Filters: [{ Name: 'engine', Values: ['mysql'] }] })],
  ['describe-tags', AutoScalingClient, new DescribeTagsCommand({})],
  ['set-desired-capacity', AutoScalingClient, new SetDesiredCapacityCommand({ AutoScalingGroupName: 'shop', DesiredCapacity: 1 })],
  ['describe-regions', EC2Client, new DescribeRegionsCommand({})],
  ['describe-instances by another filter', EC2Client, new DescribeInstancesCommand({ Filters: [{ Name: 'vpc-id', Values: ['vpc-1'] }] })],
  ['describe-security-groups --filters', EC2Client, new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: ['vpc-1'] }] })],
  ['describe-load-balancers', ElasticLoadBalancingV2Client, new DescribeLoadBalancersCommand({})],
  ['s3 ls', S3Client, new ListBucketsCommand({})],
  ['head-bucket', S3Client, new HeadBucketCommand(BUCKET)],
  ['get-bucket-versioning', S3Client, new GetBucketVersioningCommand(BUCKET)],
  ['list-object-versions', S3Client, new ListObjectVersionsCommand(BUCKET)],
  ['get-object --range', S3Client, new GetObjectCommand({ ...OBJECT, Range: 'bytes=0-1' })],
  ['s3 mv', S3Client, new CopyObjectCommand({ ...OBJECT, CopySource: 'switch/other' })],
  ['s3 cp of many parts', S3Client, new CreateMultipartUploadCommand(OBJECT)],
];

it.each(ASKED)('%s is refused', async (_what, Client, command) => {
  const credentials = { accessKeyId: 'lab', secretAccessKey: 'lab' };
  const client = new Client({ region: REGION, endpoint: server.url, credentials, forcePathStyle: true, maxAttempts: 1 });
  const error: unknown = await client.send(command as never).then((answer) => ({ answered: answer }), (thrown: unknown) => thrown);
  client.destroy();
  expect(error).toBeInstanceOf(Error);
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  expect([name, $metadata?.httpStatusCode]).toEqual([expect.stringMatching(/^(InvalidAction|UnknownOperation(Exception)?|SimulatorUnsupported|NotImplemented|Unknown|501)$/), expect.toSatisfy((status: number) => status >= 400 && status !== 500)]);
});
