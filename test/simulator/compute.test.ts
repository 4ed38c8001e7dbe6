import { describe, expect, it } from 'vitest';
import type { InputOf } from '../../src/aws/operations.ts';
import { makeShop, makeWorld, SEOUL, TOKYO, type Fixture } from './fixture.ts';

const WARM_UP_MS = 100_000;

async function group(fixture: Fixture, region = TOKYO) {
  const { AutoScalingGroups } = await fixture.call('autoscaling', region, 'DescribeAutoScalingGroups', { AutoScalingGroupNames: ['api'] });
  const [found] = AutoScalingGroups ?? [];
  if (found === undefined) throw new Error('no group');
  return found;
}

async function health(fixture: Fixture): Promise<(string | undefined)[]> {
  const [TargetGroupArn] = (await group(fixture)).TargetGroupARNs ?? [];
  const { TargetHealthDescriptions } = await fixture.call('elbv2', TOKYO, 'DescribeTargetHealth', { TargetGroupArn });
  return (TargetHealthDescriptions ?? []).map((target) => target.TargetHealth?.State);
}

const update = (fixture: Fixture, sizes: Partial<InputOf<'autoscaling', 'UpdateAutoScalingGroup'>>) => fixture.call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', ...sizes });
const activities = async (fixture: Fixture) => (await fixture.call('autoscaling', TOKYO, 'DescribeScalingActivities', { AutoScalingGroupName: 'api' })).Activities ?? [];

describe('Auto Scaling', () => {
  it('launches through Pending and InService to a healthy target', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    await update(shop, { DesiredCapacity: 3 });
    const states = async () => [(await group(shop)).Instances?.map((instance) => instance.LifecycleState), await health(shop)];
    expect(await states()).toEqual([['InService', 'Pending', 'Pending'], ['healthy']]);
    await shop.wait(0.7 * WARM_UP_MS);
    expect(await states()).toEqual([['InService', 'InService', 'InService'], ['healthy', 'initial', 'initial']]);
    await shop.wait(0.3 * WARM_UP_MS - 1);
    expect((await health(shop)).filter((state) => state === 'healthy')).toHaveLength(1);
    await shop.wait(1);
    expect(await health(shop)).toEqual(['healthy', 'healthy', 'healthy']);
    const [newest] = await activities(shop);
    expect(newest).toMatchObject({ StatusCode: 'Successful', Description: expect.stringMatching(/^Launching a new EC2 instance: i-0/) });
  });

  it('refuses a desired capacity outside of min and max, until max is raised', async () => {
    const shop = makeShop();
    const refused = (sizes: object) => shop.refused('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', ...sizes });
    expect(await refused({ DesiredCapacity: 6 })).toMatchObject({ code: 'ValidationError', httpStatus: 400, message: expect.stringContaining('Desired capacity:6 must be between the specified min size:1 and max size:4') });
    expect((await refused({ DesiredCapacity: 0 })).code).toBe('ValidationError');
    expect((await refused({ MinSize: 5 })).message).toContain('Max bound, 4, must be greater than or equal to min bound, 5');
    expect((await refused({ MinSize: -1 })).code).toBe('ValidationError');
    expect((await refused({ DesiredCapacity: 2, DefaultCooldown: 1 })).code).toBe('SimulatorUnsupported');
    expect((await group(shop)).DesiredCapacity).toBe(1);
    await update(shop, { MaxSize: 12 });
    await update(shop, { DesiredCapacity: 6 });
    expect(await group(shop)).toMatchObject({ MinSize: 1, MaxSize: 12, DesiredCapacity: 6 });
    const unknown = await shop.refused('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'none' });
    expect(unknown.message).toContain('AutoScalingGroup name not found');
  });

  it('moves the desired capacity with a new min or max', async () => {
    const shop = makeShop();
    await update(shop, { MinSize: 3 });
    expect((await group(shop)).DesiredCapacity).toBe(3);
    await update(shop, { MinSize: 0, MaxSize: 2 });
    expect(await group(shop)).toMatchObject({ DesiredCapacity: 2, MaxSize: 2 });
    expect((await group(shop)).Instances).toHaveLength(2);
  });

  it('says early that the region has no capacity, tries again, and fills up when it has', async () => {
    const fixture = makeWorld({ timings: { callMs: 0 } });
    fixture.world.addAutoScalingGroup({ region: TOKYO, name: 'api', min: 1, max: 12, desired: 2, targetGroups: ['web'], warmUpMs: WARM_UP_MS, capacity: 4 });
    await update(fixture, { DesiredCapacity: 6 });
    expect((await group(fixture)).Instances).toHaveLength(4);
    const failed = async () => (await activities(fixture)).filter((activity) => activity.StatusCode === 'Failed');
    const [first] = await failed();
    expect(first?.StatusMessage).toContain('InsufficientInstanceCapacity - We currently do not have sufficient m6g.large capacity');
    expect(first?.Description).toMatch(/^Launching a new EC2 instance\. {2}Status Reason: Could not launch/);
    expect((await activities(fixture))[0]?.StatusCode).toBe('Failed');
    await fixture.wait(60_000);
    expect(await failed()).toHaveLength(2);
    await fixture.wait(119_000);
    expect(await failed()).toHaveLength(2);
    await fixture.wait(1000);
    expect(await failed()).toHaveLength(3);
    fixture.world.setGroupCapacity(TOKYO, 'api', 10);
    expect((await group(fixture)).Instances).toHaveLength(6);
    await fixture.wait(7 * 24 * 3_600_000);
    expect(await failed()).toHaveLength(3);
    expect(await health(fixture)).toEqual(Array.from({ length: 6 }, () => 'healthy'));
  });

  it('has an empty target group without instances, and a storefront that answers 503 with it', async () => {
    const shop = makeShop();
    await shop.call('autoscaling', SEOUL, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', MinSize: 0, DesiredCapacity: 0 });
    await update(shop, { MinSize: 0, DesiredCapacity: 0 });
    expect(await health(shop)).toEqual([]);
    expect(shop.world.snapshot().applications).toEqual([
      { region: SEOUL, address: '192.0.2.2', status: 503 },
      { region: TOKYO, address: '192.0.2.1', status: 503 },
    ]);
    expect(await shop.refused('elbv2', TOKYO, 'DescribeTargetHealth', { TargetGroupArn: 'arn:none' })).toMatchObject({ code: 'TargetGroupNotFound', httpStatus: 400 });
  });

  it('leaves unknown groups out, and pages the rest', async () => {
    const fixture = makeWorld();
    for (const name of ['c', 'a', 'b']) fixture.world.addAutoScalingGroup({ region: TOKYO, name, min: 0, max: 1, desired: 0 });
    const list = (input: InputOf<'autoscaling', 'DescribeAutoScalingGroups'>) => fixture.call('autoscaling', TOKYO, 'DescribeAutoScalingGroups', input);
    expect((await list({ AutoScalingGroupNames: ['b', 'none'] })).AutoScalingGroups?.map((found) => found.AutoScalingGroupName)).toEqual(['b']);
    const first = await list({ MaxRecords: 2 });
    const second = await list({ MaxRecords: 2, NextToken: first.NextToken });
    expect([first, second].map((page) => page.AutoScalingGroups?.map((found) => found.AutoScalingGroupName))).toEqual([['a', 'b'], ['c']]);
    expect(second.NextToken).toBeUndefined();
  });
});

describe('EC2', () => {
  it('describes the instances of groups', async () => {
    const shop = makeShop();
    await update(shop, { DesiredCapacity: 2 });
    const { Reservations } = await shop.call('ec2', TOKYO, 'DescribeInstances', {});
    expect(Reservations?.flatMap((reservation) => reservation.Instances?.map((instance) => instance.State?.Name)).sort()).toEqual(['pending', 'running']);
    const id = Reservations?.[0]?.Instances?.[0]?.InstanceId ?? '';
    const one = await shop.call('ec2', TOKYO, 'DescribeInstances', { InstanceIds: [id] });
    expect(one.Reservations?.map((reservation) => reservation.Instances?.[0]?.InstanceId)).toEqual([id]);
    expect(await shop.refused('ec2', TOKYO, 'DescribeInstances', { InstanceIds: ['i-none'] })).toMatchObject({ code: 'InvalidInstanceID.Malformed' });
    const group = Reservations?.[0]?.Instances?.[0]?.Tags?.find(({ Key }) => Key === 'aws:autoscaling:groupName')?.Value ?? '';
    const by = async (Name: string, value: string) => (await shop.call('ec2', TOKYO, 'DescribeInstances', { Filters: [{ Name, Values: [value] }] })).Reservations?.length;
    expect([await by('tag:aws:autoscaling:groupName', group), await by('tag:aws:autoscaling:groupName', `?${group.slice(1)}`), await by('tag:Name', 'x')]).toEqual([Reservations?.length, Reservations?.length, 0]);
    expect([await by('instance-state-name', 'running'), await by('instance-state-name', 'stopped'), await by('instance-id', id)]).toEqual([1, 0, 1]);
    expect(await shop.refused('ec2', TOKYO, 'DescribeInstances', { Filters: [{ Name: 'name', Values: ['x'] }] })).toMatchObject({ code: 'InvalidParameterValue' });
    expect(await shop.refused('ec2', TOKYO, 'DescribeInstances', { Filters: [{ Name: 'vpc-id', Values: ['vpc-1'] }] })).toMatchObject({ code: 'SimulatorUnsupported' });
  });

  it('describes security groups, the closed ones without a way in', async () => {
    const shop = makeShop();
    const { SecurityGroups } = await shop.call('ec2', TOKYO, 'DescribeSecurityGroups', {});
    expect(SecurityGroups?.map((found) => [found.GroupId, found.IpPermissions?.length])).toEqual([['sg-app', 1], ['sg-quarantine', 0]]);
    const named = await shop.call('ec2', TOKYO, 'DescribeSecurityGroups', { GroupNames: ['quarantine'] });
    expect(named.SecurityGroups?.map((found) => found.GroupId)).toEqual(['sg-quarantine']);
    expect(await shop.refused('ec2', TOKYO, 'DescribeSecurityGroups', { GroupIds: ['sg-none'] })).toMatchObject({ code: 'InvalidGroup.NotFound', httpStatus: 400 });
  });
});
