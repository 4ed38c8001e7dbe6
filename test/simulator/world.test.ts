import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../src/base/deadline.ts';
import type { AwsRequest } from '../../src/aws/caller.ts';
import type { Fault } from '../../src/simulator/seeds.ts';
import { instance, makeShop, makeWorld, REPLICA, SEOUL, TOKYO, WRITER, ZONE, type Fixture } from './fixture.ts';

const describeDb = (region: string, id: string, signal?: AbortSignal): AwsRequest<'rds', 'DescribeDBInstances'> => ({ service: 'rds', region, operation: 'DescribeDBInstances', input: { DBInstanceIdentifier: id }, signal });
const promote: AwsRequest<'rds', 'PromoteReadReplica'> = { service: 'rds', region: TOKYO, operation: 'PromoteReadReplica', input: { DBInstanceIdentifier: REPLICA.id } };

/** What became of a call within 5 s, and how long it took. */
async function outcome(fixture: Fixture, call: (signal: AbortSignal) => Promise<unknown>): Promise<[string, number]> {
  const began = fixture.clock.now();
  const result = await fixture.clock.run(() => withDeadline(fixture.clock, 5000, 'call', undefined, call)).then(
    () => 'ok',
    (thrown: unknown) => {
      const error = thrown as { code?: string; name: string; kind?: string };
      return `${error.code ?? error.name} ${error.kind ?? ''}`.trim();
    },
  );
  return [result, fixture.clock.now() - began];
}

describe('a call', () => {
  it('takes the time of a call and carries a request id', async () => {
    const shop = makeShop({ timings: { callMs: 20 } });
    const began = shop.clock.now();
    const { requestId } = await shop.clock.run(() => shop.world.call(describeDb(TOKYO, REPLICA.id)));
    expect(shop.clock.now() - began).toBe(20);
    expect(requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const put = await shop.clock.run(() => shop.world.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: { Bucket: 'dr-tokyo', Key: 'k' } }));
    expect(put.requestId).toMatch(/^[0-9A-F]{16}$/);
    expect(shop.clock.now() - began).toBe(40);
  });

  it('of an operation that is not modelled is refused, whatever it is called', async () => {
    const { clock, world } = makeShop();
    for (const [service, operation] of [['rds', 'CreateDBInstance'], ['rds', 'constructor'], ['iam', 'ListUsers'], ['__proto__', 'toString']]) {
      const request = { service, operation, region: TOKYO, input: {} } as unknown as AwsRequest<'rds', 'DescribeDBInstances'>;
      await expect(clock.run(() => world.call(request))).rejects.toMatchObject({ code: 'SimulatorUnsupported', httpStatus: 400, kind: 'terminal' });
    }
  });

  it('to a region that the world does not have finds no host', async () => {
    const shop = makeShop();
    expect(await outcome(shop, (signal) => shop.world.call(describeDb('eu-west-1', 'x', signal)))).toEqual(['NoAnswer retryable', 0]);
  });

  it('names the operator', async () => {
    const { call } = makeWorld({ account: '111122223333' });
    expect(await call('sts', SEOUL, 'GetCallerIdentity', {})).toMatchObject({ Account: '111122223333', Arn: 'arn:aws:sts::111122223333:assumed-role/lab/operator' });
  });

  it('publishes to a topic of its region', async () => {
    const shop = makeShop();
    const TopicArn = `arn:aws:sns:${TOKYO}:000000000000:dr`;
    await shop.call('sns', TOKYO, 'Publish', { TopicArn, Subject: 'done', Message: 'Tokyo is active' });
    expect(shop.world.state.published).toEqual([{ topic: TopicArn, subject: 'done', message: 'Tokyo is active', at: shop.clock.now() - 10 }]);
    expect(await shop.refused('sns', SEOUL, 'Publish', { TopicArn, Message: 'x' })).toMatchObject({ code: 'InvalidParameter', httpStatus: 400 });
    expect(await shop.refused('sns', TOKYO, 'Publish', { TopicArn, Message: '' })).toMatchObject({ code: 'InvalidParameter' });
    expect(await shop.refused('sns', TOKYO, 'Publish', { TopicArn, Message: 'x'.repeat(262_145) })).toMatchObject({ code: 'InvalidParameter' });
  });
});

describe('a broken region', () => {
  it('never answers, before and during a call, until the signal is aborted with its reason', async () => {
    const shop = makeShop();
    shop.world.breakRegion(SEOUL);
    expect(await outcome(shop, (signal) => shop.world.call(describeDb(SEOUL, WRITER.id, signal)))).toEqual(['DeadlineError', 5000]);
    expect(await outcome(shop, (signal) => shop.world.call(describeDb(TOKYO, REPLICA.id, signal)))).toEqual(['ok', 20]);
    const inFlight = outcome(shop, (signal) => {
      const call = shop.world.call(describeDb(TOKYO, REPLICA.id, signal));
      shop.world.breakRegion(TOKYO);
      return call;
    });
    expect(await inFlight).toEqual(['DeadlineError', 5000]);
  });

  it('without a signal leaves the call pending for ever', async () => {
    const shop = makeShop();
    shop.world.breakRegion(SEOUL);
    await expect(shop.clock.run(() => shop.world.call(describeDb(SEOUL, WRITER.id)))).rejects.toThrow(/deadlock/);
  });

  it('us-east-1 takes the control plane of Route 53 with it, not its answers', async () => {
    const shop = makeShop();
    shop.world.breakRegion('us-east-1');
    const zone = (signal: AbortSignal) => shop.world.call({ service: 'route53', region: TOKYO, operation: 'GetHostedZone', input: { Id: ZONE }, signal });
    expect((await outcome(shop, zone))[0]).toBe('DeadlineError');
    expect(shop.world.resolve('shop.example.com', 'A').values).toEqual(['192.0.2.2']);
    shop.world.breakRegion(SEOUL);
    shop.world.healRegion('us-east-1');
    expect((await outcome(shop, zone))[0]).toBe('ok');
    expect(() => shop.world.breakRegion('mars-1')).toThrow(/the world has no region mars-1/);
  });
});

describe('faults', () => {
  it.each<[string, Fault['effect'], [string, number], [string, number]]>([
    ['hang', { kind: 'hang' }, ['DeadlineError', 5000], ['DeadlineError', 5000]],
    ['reset', { kind: 'reset' }, ['NoAnswer retryable', 20], ['NoAnswer unknown', 10]],
    ['slow', { kind: 'slow', ms: 3000 }, ['ok', 3020], ['ok', 3020]],
    ['throttle', { kind: 'throttle' }, ['Throttling retryable', 20], ['Throttling retryable', 10]],
    ['error', { kind: 'error', httpStatus: 503, code: 'InternalFailure' }, ['InternalFailure retryable', 20], ['InternalFailure unknown', 10]],
    ['answer-lost', { kind: 'answer-lost' }, ['NoAnswer retryable', 20], ['NoAnswer unknown', 20]],
  ])('%s hits a read and a mutation, and is taken away', async (_name, effect, read, mutation) => {
    const shop = makeShop();
    const remove = shop.world.addFault({ service: 'rds', effect });
    expect(await outcome(shop, (signal) => shop.world.call(describeDb(TOKYO, REPLICA.id, signal)))).toEqual(read);
    expect(await outcome(shop, (signal) => shop.world.call({ ...promote, signal }))).toEqual(mutation);
    expect((await outcome(shop, (signal) => shop.world.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {}, signal })))[0]).toBe('ok');
    remove();
    expect((await outcome(shop, (signal) => shop.world.call(describeDb(TOKYO, REPLICA.id, signal))))[0]).toBe('ok');
    await shop.wait(600_000);
    const happened = effect.kind === 'answer-lost' || effect.kind === 'slow';
    expect((await instance(shop, REPLICA)).ReadReplicaSourceDBInstanceIdentifier === undefined).toBe(happened);
  });

  it('apply by region, service and operation, as many times as they say, the first that matches', async () => {
    const shop = makeShop();
    shop.world.addFault({ region: SEOUL, effect: { kind: 'reset' } });
    shop.world.addFault({ operation: 'DescribeDBInstances', effect: { kind: 'error', httpStatus: 400, code: 'First' }, times: 2 });
    shop.world.addFault({ service: 'rds', effect: { kind: 'error', httpStatus: 400, code: 'Second' }, times: 1 });
    const read = async (region: string, id: string) => (await outcome(shop, (signal) => shop.world.call(describeDb(region, id, signal))))[0];
    expect(await read(SEOUL, WRITER.id)).toBe('NoAnswer retryable');
    expect([await read(TOKYO, REPLICA.id), await read(TOKYO, REPLICA.id), await read(TOKYO, REPLICA.id), await read(TOKYO, REPLICA.id)]).toEqual(['First terminal', 'First terminal', 'Second terminal', 'ok']);
  });

  it('of us-east-1 hit Route 53, those of another region do not', async () => {
    const shop = makeShop();
    const zone = () => outcome(shop, (signal) => shop.world.call({ service: 'route53', region: SEOUL, operation: 'GetHostedZone', input: { Id: ZONE }, signal }));
    const remove = shop.world.addFault({ region: SEOUL, effect: { kind: 'reset' } });
    expect((await zone())[0]).toBe('ok');
    remove();
    shop.world.addFault({ region: 'us-east-1', effect: { kind: 'reset' } });
    expect((await zone())[0]).toBe('NoAnswer retryable');
  });

  it('throttle each service in its own words', async () => {
    const shop = makeShop();
    shop.world.addFault({ effect: { kind: 'throttle' } });
    expect(await shop.refused('ec2', TOKYO, 'DescribeInstances', {})).toMatchObject({ code: 'RequestLimitExceeded', httpStatus: 503, kind: 'retryable' });
    expect(await shop.refused('s3', TOKYO, 'HeadObject', { Bucket: 'dr-tokyo', Key: 'k' })).toMatchObject({ code: 'SlowDown', httpStatus: 503 });
    expect(await shop.refused('route53', TOKYO, 'GetHostedZone', { Id: ZONE })).toMatchObject({ code: 'Throttling', httpStatus: 400 });
  });

  it('stale-read is not used up by a mutation', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    await shop.wait(60_000);
    shop.world.addFault({ effect: { kind: 'stale-read', ms: 30_000 }, times: 1 });
    await shop.call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', DesiredCapacity: 3 });
    const desired = async () => (await shop.call('autoscaling', TOKYO, 'DescribeAutoScalingGroups', {})).AutoScalingGroups?.[0]?.DesiredCapacity;
    expect([await desired(), await desired()]).toEqual([1, 3]);
  });

  it('stale-read shows every service as it was, and lets mutations through', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    await shop.call('s3', TOKYO, 'PutObject', { Bucket: 'dr-tokyo', Key: 'old', Body: 'old' });
    await shop.wait(60_000);
    shop.world.addFault({ effect: { kind: 'stale-read', ms: 30_000 } });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', DesiredCapacity: 3 });
    await shop.call('s3', TOKYO, 'PutObject', { Bucket: 'dr-tokyo', Key: 'new', Body: 'x' });
    await shop.call('s3', TOKYO, 'DeleteObject', { Bucket: 'dr-tokyo', Key: 'old' });
    const look = async () => {
      const db = await instance(shop, REPLICA);
      const groups = await shop.call('autoscaling', TOKYO, 'DescribeAutoScalingGroups', {});
      const objects = await shop.call('s3', TOKYO, 'ListObjectsV2', { Bucket: 'dr-tokyo' });
      return [db.DBInstanceStatus, groups.AutoScalingGroups?.[0]?.Instances?.length, objects.Contents?.map((object) => object.Key)];
    };
    await shop.wait(20_000);
    expect(await look()).toEqual(['available', 1, ['old']]);
    await shop.wait(60_000);
    expect(await look()).toEqual(['modifying', 3, ['new']]);
    const change = await shop.call('route53', TOKYO, 'ChangeResourceRecordSets', {
      HostedZoneId: ZONE,
      ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: { Name: 'n.example.com', Type: 'A', TTL: 1, ResourceRecords: [{ Value: '192.0.2.3' }] } }] },
    });
    const count = async () => (await shop.call('route53', TOKYO, 'ListResourceRecordSets', { HostedZoneId: ZONE })).ResourceRecordSets?.length;
    const before = await count();
    expect(await shop.refused('route53', TOKYO, 'GetChange', { Id: change.ChangeInfo?.Id })).toMatchObject({ code: 'NoSuchChange' });
    await shop.wait(30_000);
    expect([await count(), (await shop.call('route53', TOKYO, 'GetChange', { Id: change.ChangeInfo?.Id })).ChangeInfo?.Status]).toEqual([(before ?? 0) + 1, 'PENDING']);
  });
});

describe('a seed', () => {
  it('gives the same ids, answers and times for the same calls', async () => {
    const act = fc.oneof(
      fc.constantFrom('promote', 'scale', 'put', 'look', 'break', 'heal', 'list', 'identity'),
      fc.integer({ min: 0, max: 100_000 }),
    );
    const play = async (seed: number, acts: (string | number)[]): Promise<string> => {
      const shop = makeShop({ seed });
      const seen: unknown[] = [];
      const within = (call: (signal: AbortSignal) => Promise<unknown>) =>
        shop.clock.run(() => withDeadline(shop.clock, 5000, 'call', undefined, call)).then((answer) => seen.push(answer), (error: unknown) => seen.push(String(error), (error as { requestId?: string }).requestId));
      for (const what of acts) {
        if (typeof what === 'number') await shop.wait(what);
        else if (what === 'break') shop.world.breakRegion(SEOUL);
        else if (what === 'heal') shop.world.healRegion(SEOUL);
        else if (what === 'promote') await within((signal) => shop.world.call({ ...promote, signal }));
        else if (what === 'scale') await within((signal) => shop.world.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'api', DesiredCapacity: 3 }, signal }));
        else if (what === 'put') await within((signal) => shop.world.call({ service: 's3', region: TOKYO, operation: 'PutObject', input: { Bucket: 'dr-tokyo', Key: 'k' }, signal }));
        else if (what === 'look') await within((signal) => shop.world.call(describeDb(SEOUL, WRITER.id, signal)));
        else if (what === 'list') await within((signal) => shop.world.call({ service: 'route53', region: TOKYO, operation: 'ListResourceRecordSets', input: { HostedZoneId: ZONE }, signal }));
        else await within((signal) => shop.world.call({ service: 'sts', region: TOKYO, operation: 'GetCallerIdentity', input: {}, signal }));
        seen.push(shop.clock.now(), shop.world.snapshot());
      }
      return JSON.stringify(seen);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(act, { maxLength: 15 }), async (seed, acts) => {
        expect(await play(seed, acts)).toBe(await play(seed, acts));
      }),
      { numRuns: 100 },
    );
    expect(await play(1, ['identity'])).not.toBe(await play(2, ['identity']));
  });
});
