import { AutoScalingClient, DescribeAutoScalingGroupsCommand, DescribeScalingActivitiesCommand, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeDBInstancesCommand, ModifyDBInstanceCommand, PromoteReadReplicaCommand, RDSClient } from '@aws-sdk/client-rds';
import { ChangeResourceRecordSetsCommand, GetChangeCommand, ListResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Json } from '../../src/base/json.ts';
import { LIMITS } from '../../src/base/limits.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { signalSchema } from '../../src/model/signals.ts';
import type { Plan } from '../../src/model/plan.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { planOf, simulation, TOKYO } from '../engine/simulated.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../lab/wire/environment.ts';
import { stepOf } from './context.ts';

/*
 * What the SDK throws, and what the steps make of it.
 */

const rds = mockClient(RDSClient);
const route53 = mockClient(Route53Client);
const autoscaling = mockClient(AutoScalingClient);
const cloudwatch = mockClient(CloudWatchClient);
let plan: Plan;

beforeAll(async () => {
  plan = await planOf(await simulation(), TOKYO);
  useEnvironment(awsEnvironment({ AWS_REGION: TOKYO }));
});
afterEach(() => {
  for (const mock of [rds, route53, autoscaling, cloudwatch]) mock.reset();
});
afterAll(() => {
  restoreEnvironment();
  for (const mock of [rds, route53, autoscaling, cloudwatch]) mock.restore();
});

/** An error as the SDK makes it of an answer. */
function thrown(name: string, httpStatusCode: number, message = 'said AWS'): Error {
  return Object.assign(new Error(message), { name, $fault: httpStatusCode >= 500 ? 'server' : 'client', $metadata: { httpStatusCode, requestId: 'r-1' } });
}

/** Pauses between attempts take no time; deadlines never come. */
const noWait: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => (ms < LIMITS.signalMs ? Promise.resolve() : new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('done'))))),
};

function step(id: string, facts: Record<string, Json> = {}, now?: number) {
  const found = plan.steps.find((s) => s.id === id);
  if (found === undefined) throw new Error(`no step ${id}`);
  const aws = reliableCaller(sdkCaller(), { clock: noWait, ids: new SeededIds(1) });
  // An earlier attempt may be under way: it is asked for once, and not again and again while AWS is busy.
  return stepOf(found.kind, found.params, { effects: { aws }, facts, askedBefore: true, ...(now === undefined ? {} : { clock: new VirtualClock(now) }) });
}

/** Real time and no virtual clock: the SDK's own work is none of the clock's. */
async function ask(id: string, what: 'check' | 'observe' | 'act', facts?: Record<string, Json>, now?: number) {
  const made = await step(id, facts, now);
  return { made, answer: await made.direct(what) };
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => 'it went well', (error: unknown) => error);
}

describe('RDS', () => {
  it('no such instance: refused, or impossible, by who asks', async () => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown('DBInstanceNotFound', 404));
    expect((await ask('databases.orders.promote', 'check')).answer).toMatchObject({ state: 'refused', refusal: { observed: 'shop-orders-tokyo in ap-northeast-1 is not found' } });
    expect((await ask('databases.orders.promote', 'observe')).answer).toMatchObject({ state: 'impossible' });
    expect((await ask('databases.orders.fence', 'observe')).answer).toMatchObject({ state: 'refused', refusal: { rule: 'fence' } });
    rds.on(DescribeDBInstancesCommand).rejects(thrown('DBInstanceNotFoundFault', 404));
    expect((await ask('databases.orders.promote', 'observe')).answer).toMatchObject({ state: 'impossible' });
  });

  it('access denied: a clear no, of which no step makes a yes', async () => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown('AccessDenied', 403));
    for (const id of ['databases.orders.promote', 'databases.orders.fence', 'databases.orders.rpoGate', 'databases.orders.canary']) {
      expect(await errorOf(ask(id, 'observe')), id).toMatchObject({ code: 'AccessDenied', kind: 'terminal', requestId: 'r-1' });
    }
    const { made } = await ask('databases.orders.assessSourceApi', 'observe');
    expect(signalSchema.safeParse(made.recorded['signal.rds-api.orders']).data).toMatchObject({ says: 'unknown' });
  });

  it('an ill service counts as a silent source, and is asked once', async () => {
    rds.on(DescribeDBInstancesCommand).rejects(thrown('InternalFailure', 500));
    const { made } = await ask('databases.orders.assessSourceApi', 'observe');
    expect(signalSchema.safeParse(made.recorded['signal.rds-api.orders']).data).toMatchObject({ says: 'down', silent: true });
    expect(rds.commandCalls(DescribeDBInstancesCommand)).toHaveLength(1);
  });

  it('throttling of a read is tried again, of the source is no outage', async () => {
    rds.on(DescribeDBInstancesCommand).rejectsOnce(thrown('Throttling', 400)).resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'failed', ReadReplicaSourceDBInstanceIdentifier: 'arn:aws:rds:ap-northeast-2:111122223333:db:shop-orders' }] });
    expect((await ask('databases.orders.promote', 'observe')).answer).toMatchObject({ state: 'impossible', because: 'shop-orders-tokyo is failed' });
    rds.reset();
    rds.on(DescribeDBInstancesCommand).rejects(thrown('Throttling', 400));
    const { made } = await ask('databases.orders.assessSourceApi', 'observe');
    expect(signalSchema.safeParse(made.recorded['signal.rds-api.orders']).data).toMatchObject({ says: 'unknown' });
  });

  it('a promotion: invalid state is taken for one under way, a lost answer is unclear, a no is a no', async () => {
    rds.on(PromoteReadReplicaCommand).rejects(thrown('InvalidDBInstanceState', 400));
    await expect(ask('databases.orders.promote', 'act')).resolves.toBeDefined();
    rds.on(PromoteReadReplicaCommand).rejects(thrown('InvalidDBInstanceStateFault', 400));
    await expect(ask('databases.orders.promote', 'act')).resolves.toBeDefined();
    rds.reset();
    rds.on(PromoteReadReplicaCommand).rejects(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    expect(await errorOf(ask('databases.orders.promote', 'act'))).toMatchObject({ code: 'NoAnswer', kind: 'unknown' });
    // Not repeated blindly.
    expect(rds.commandCalls(PromoteReadReplicaCommand)).toHaveLength(1);
    rds.on(PromoteReadReplicaCommand).rejects(thrown('AccessDenied', 403));
    expect(await errorOf(ask('databases.orders.promote', 'act'))).toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
  });

  it.each([
    ['the runbook says', { retentionDays: 9 }, 9],
    ['those of the replica are', {}, 5],
  ])('a promotion keeps backups as %s', async (_, wish, days) => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-orders-tokyo', BackupRetentionPeriod: 5 }] });
    rds.on(PromoteReadReplicaCommand).resolves({ DBInstance: { DBInstanceIdentifier: 'shop-orders-tokyo' } });
    const params = { name: 'orders', region: TOKYO, id: 'shop-orders-tokyo', source: { region: 'ap-northeast-2', id: 'shop-orders' }, planned: false, ...wish };
    await (await stepOf('rds-read-replica.promote', params, { effects: { aws: reliableCaller(sdkCaller(), { clock: noWait, ids: new SeededIds(1) }) } })).act();
    expect(rds.commandCalls(PromoteReadReplicaCommand).map((call) => call.args[0].input.BackupRetentionPeriod)).toEqual([days]);
  });

  it('a fence: a source that dies meanwhile is left to the next look; a no is a no', async () => {
    rds.on(ModifyDBInstanceCommand).rejects(thrown('ServiceUnavailable', 503));
    await expect(ask('databases.orders.fence', 'act')).resolves.toBeDefined();
    rds.on(ModifyDBInstanceCommand).rejects(thrown('InvalidDBSecurityGroupState', 400));
    expect(await errorOf(ask('databases.orders.fence', 'act'))).toMatchObject({ code: 'InvalidDBSecurityGroupState' });
  });
});

describe('CloudWatch', () => {
  it('a metric that cannot be read is unknown: refused, with the error', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: 'x' }] });
    cloudwatch.on(GetMetricDataCommand).rejects(thrown('AccessDenied', 403));
    const { answer } = await ask('databases.orders.rpoGate', 'observe');
    expect(answer).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', observed: expect.stringContaining('AccessDenied') as string } });
  });

  it('an empty metric, or one of −1, is unknown: refused', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: 'x', StatusInfos: [{ StatusType: 'read replication', Status: 'error' }] }] });
    for (const MetricDataResults of [[], [{ Id: 'm1', Timestamps: [], Values: [] }], [{ Id: 'm1', Timestamps: [new Date(Date.now() - 60_000)], Values: [-1] }]]) {
      cloudwatch.on(GetMetricDataCommand).resolves({ MetricDataResults });
      const { answer } = await ask('databases.orders.rpoGate', 'observe');
      expect(answer).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', override: '--accept-data-loss unknown --reason "…"', observed: expect.stringContaining('replication has the status error') as string } });
    }
  });
});

describe('Auto Scaling', () => {
  it('no such group, and a no to the change', async () => {
    autoscaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [] });
    expect((await ask('compute.api.scaleOut', 'observe')).answer).toMatchObject({ state: 'pending', because: expect.stringContaining('AWS is asked again') as string });
    autoscaling.on(UpdateAutoScalingGroupCommand).rejects(thrown('ValidationError', 400, 'Desired capacity: 6 must be between'));
    expect(await errorOf(ask('compute.api.scaleOut', 'act'))).toMatchObject({ code: 'ValidationError', kind: 'terminal' });
    autoscaling.on(UpdateAutoScalingGroupCommand).rejects(thrown('ScalingActivityInProgress', 400));
    expect(await errorOf(ask('compute.api.scaleOut', 'act'))).toMatchObject({ code: 'ScalingActivityInProgress' });
  });
});

describe('a scaling activity that failed', () => {
  const launching = { AutoScalingGroupName: 'shop-api', MinSize: 4, DesiredCapacity: 6, MaxSize: 12, DefaultCooldown: 0, AvailabilityZones: [], HealthCheckType: 'EC2', CreatedTime: new Date(), Instances: [] };
  const failed = (StatusMessage: string, StartTime: Date) => ({ ActivityId: 'a', AutoScalingGroupName: 'shop-api', Cause: '', StartTime, StatusCode: 'Failed' as const, StatusMessage });
  const SHORTAGE = 'We currently do not have sufficient m7g.large capacity in the Availability Zone you requested (InsufficientInstanceCapacity)';

  it.each<[string, string, string, string, Date?]>([
    ['a shortage of one zone is waited for, while AWS may try another one', '', SHORTAGE, 'pending', new Date()],
    ['a shortage that lasts cannot be waited out', '', SHORTAGE, 'impossible'],
    ['a quota neither', '', 'You have exceeded your vCPU limit', 'impossible'],
    ['being asked too often is no shortage', '', 'Request limit exceeded. Launching EC2 instance failed.', 'pending'],
    ['a shortage from before the run asked says nothing about now', 'a', SHORTAGE, 'pending'],
    ['any other failure is tried again by Auto Scaling', '', 'Failed to attach volume', 'pending'],
  ])('%s', async (_name, before, message, state, at = new Date(0)) => {
    autoscaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [launching] });
    autoscaling.on(DescribeScalingActivitiesCommand).resolves({ Activities: [failed(message, at)] });
    const { answer } = await ask('compute.api.scaleOut', 'observe', { 'activities-before.ap-northeast-1.shop-api': before });
    expect(answer).toMatchObject({ state, because: expect.stringContaining(`AWS: Failed: ${message}`) as string });
  });
});

describe('Route 53', () => {
  const set = (id: string, Failover: 'PRIMARY' | 'SECONDARY', value: string) => ({ Name: 'shop.example.com.', Type: 'A' as const, SetIdentifier: id, Failover, TTL: 60, ResourceRecords: [{ Value: value }], HealthCheckId: `hc-${id}` });
  const PAIR = [set('seoul', 'PRIMARY', '192.0.2.1'), set('tokyo', 'SECONDARY', '192.0.2.2')];

  it('swaps both sets in one batch, each as it was read but for its role', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: PAIR, IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).resolves({ ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: new Date() } });
    await ask('traffic.storefront.flip', 'act');
    const batches = route53.commandCalls(ChangeResourceRecordSetsCommand).map((call) => call.args[0].input.ChangeBatch?.Changes ?? []);
    expect(batches).toHaveLength(1);
    const [changes = []] = batches;
    const roles = changes.map(({ Action, ResourceRecordSet: r }) => [Action, r?.SetIdentifier, r?.Failover]);
    // Never a PRIMARY twice, never none: made again in the same batch.
    expect(roles.filter(([, id]) => id === 'tokyo').at(-1)?.[2]).toBe('PRIMARY');
    expect(roles.filter(([, id]) => id === 'seoul').at(-1)?.[2]).toBe('SECONDARY');
    for (const { ResourceRecordSet: r } of changes) expect(r).toMatchObject({ TTL: 60, HealthCheckId: `hc-${r?.SetIdentifier ?? ''}` });
  });

  it('a batch that somebody was faster than is made again of what is there then', async () => {
    route53.on(ListResourceRecordSetsCommand).resolvesOnce({ ResourceRecordSets: PAIR, IsTruncated: false }).resolves({ ResourceRecordSets: PAIR.map((s) => ({ ...s, TTL: 30 })), IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).rejectsOnce(thrown('InvalidChangeBatch', 400)).resolves({ ChangeInfo: { Id: '/change/C2', Status: 'PENDING', SubmittedAt: new Date() } });
    await ask('traffic.storefront.flip', 'act');
    const last = route53.commandCalls(ChangeResourceRecordSetsCommand).at(-1)?.args[0].input.ChangeBatch?.Changes ?? [];
    expect(last.map((c) => c.ResourceRecordSet?.TTL)).not.toContain(60);
  });

  it('a batch that is wrong whatever is read is a clear no', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: PAIR, IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).rejects(thrown('InvalidChangeBatch', 400));
    expect(await errorOf(ask('traffic.storefront.flip', 'act'))).toMatchObject({ code: 'InvalidChangeBatch', kind: 'terminal' });
  });

  it('another change under way is waited for', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: PAIR, IsTruncated: false });
    route53.on(ChangeResourceRecordSetsCommand).rejectsOnce(thrown('PriorRequestNotComplete', 400)).resolves({ ChangeInfo: { Id: '/change/C3', Status: 'PENDING', SubmittedAt: new Date() } });
    await ask('traffic.storefront.flip', 'act');
    expect(route53.commandCalls(ChangeResourceRecordSetsCommand)).toHaveLength(2);
  });

  it('names what the zone has where the runbook’s sets are not there', async () => {
    const [primary] = PAIR;
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: primary === undefined ? [] : [primary], IsTruncated: false });
    const { answer } = await ask('traffic.storefront.flip', 'check');
    expect(answer).toMatchObject({ state: 'refused', refusal: { rule: 'failover-pair', observed: expect.stringMatching(/tokyo.*it has: seoul/) as string, consequence: 'users could not be moved' } });
    expect((await ask('traffic.storefront.flip', 'observe')).answer).toMatchObject({ state: 'pending', because: expect.stringContaining('AWS is asked again') as string });
  });

  it('is done when the change is INSYNC; one that Route 53 does not know is not waited for', async () => {
    route53.on(ListResourceRecordSetsCommand).resolves({ ResourceRecordSets: [set('seoul', 'SECONDARY', '192.0.2.1'), set('tokyo', 'PRIMARY', '192.0.2.2')], IsTruncated: false });
    const facts = { 'route53.changes.storefront.flip': ['C1'] };
    route53.on(GetChangeCommand).resolves({ ChangeInfo: { Id: '/change/C1', Status: 'PENDING', SubmittedAt: new Date() } });
    expect((await ask('traffic.storefront.flip', 'observe', facts)).answer).toEqual({ state: 'pending', because: 'change C1 is PENDING', waitingFor: 'aws' });
    route53.on(GetChangeCommand).resolves({ ChangeInfo: { Id: '/change/C1', Status: 'INSYNC', SubmittedAt: new Date() } });
    expect((await ask('traffic.storefront.flip', 'observe', facts)).answer).toMatchObject({ state: 'reached' });
    route53.on(GetChangeCommand).rejects(thrown('NoSuchChange', 404));
    expect((await ask('traffic.storefront.flip', 'observe', facts)).answer).toMatchObject({ state: 'reached' });
  });
});
