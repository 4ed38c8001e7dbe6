import { describe, expect, it } from 'vitest';
import { makeWorld, TOKYO } from './fixture.ts';

function make(seed: object = {}) {
  const fixture = makeWorld({ timings: { callMs: 0 } });
  fixture.world.addAutoScalingGroup({ region: TOKYO, name: 'api', min: 0, max: 12, desired: 0, targetGroups: ['web'], warmUpMs: 10_000, ...seed });
  const update = (input: object) => fixture.call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', ...input });
  const group = async () => (await fixture.call('autoscaling', TOKYO, 'DescribeAutoScalingGroups', { AutoScalingGroupNames: ['api'] })).AutoScalingGroups?.[0] ?? expect.fail();
  const activity = async () => (await fixture.call('autoscaling', TOKYO, 'DescribeScalingActivities', { AutoScalingGroupName: 'api' })).Activities?.[0];
  return { ...fixture, update, group, activity };
}

describe('launches that fail', () => {
  it.each([
    ['kms', 'Cancelled', /became unhealthy while waiting .* Client\.InvalidKMSKey\.InvalidState/],
    ['image', 'Failed', /The AMI ID ami-\w+ does not exist\. Launching EC2 instance failed\./],
  ] as const)('say why: %s', async (launches, StatusCode, words) => {
    const it = make();
    it.world.setGroupTrouble(TOKYO, 'api', { launches });
    await it.update({ DesiredCapacity: 2 });
    expect([(await it.group()).Instances, await it.activity()]).toMatchObject([[], { StatusCode, StatusMessage: expect.stringMatching(words) as string }]);
    await it.wait(60_000);
    expect((await it.activity())?.StartTime?.getTime()).toBe(it.clock.now());
    it.world.setGroupTrouble(TOKYO, 'api', {});
    expect((await it.group()).Instances).toHaveLength(2);
  });
});

it('a scaling activity that is in progress blocks a change, for a while', async () => {
  const { world, refused, update, wait, group } = make();
  world.setGroupTrouble(TOKYO, 'api', { busyMs: 30_000 });
  expect(await refused('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', DesiredCapacity: 1 })).toMatchObject({ code: 'ScalingActivityInProgress', httpStatus: 400 });
  await wait(30_000);
  await update({ DesiredCapacity: 1 });
  expect((await group()).Instances).toHaveLength(1);
});

it('a group that counts units launches until they are reached, and says what each instance counts', async () => {
  const { update, group } = make({ weight: 4 });
  await update({ DesiredCapacity: 6 });
  expect(await group()).toMatchObject({ DesiredCapacity: 6, Instances: [{ WeightedCapacity: '4' }, { WeightedCapacity: '4' }], MixedInstancesPolicy: { LaunchTemplate: { Overrides: [{ WeightedCapacity: '4' }] } } });
  await update({ DesiredCapacity: 4 });
  expect((await group()).Instances).toHaveLength(1);
});

it('targets that fail say why', async () => {
  const { world, call, wait, state } = (() => {
    const made = make({ desired: 1 });
    return { ...made, state: made.world.state };
  })();
  world.setGroupTrouble(TOKYO, 'api', { targets: 'Target.Timeout' });
  await wait(1_000);
  const arn = state.groups.get(TOKYO, 'api')?.targetGroups[0] ?? '';
  const { TargetHealthDescriptions } = await call('elbv2', TOKYO, 'DescribeTargetHealth', { TargetGroupArn: arn });
  expect(TargetHealthDescriptions?.map(({ TargetHealth }) => TargetHealth)).toEqual([{ State: 'unhealthy', Reason: 'Target.Timeout', Description: 'Request timed out' }]);
});

it('suspended launches are none, and no activity says so', async () => {
  const it = make();
  it.world.setGroupTrouble(TOKYO, 'api', { suspended: true });
  await it.update({ DesiredCapacity: 2 });
  await it.wait(120_000);
  expect([await it.group(), await it.activity()]).toMatchObject([{ Instances: [], SuspendedProcesses: [{ ProcessName: 'Launch' }] }, undefined]);
  it.world.setGroupTrouble(TOKYO, 'api', {});
  expect(await it.group()).toMatchObject({ Instances: [{}, {}], SuspendedProcesses: [] });
});

it('a lifecycle hook holds what is launched, until it is over', async () => {
  const it = make({ desired: 1 });
  it.world.setGroupTrouble(TOKYO, 'api', { hook: true });
  await it.update({ DesiredCapacity: 2 });
  await it.wait(60_000);
  const states = async () => (await it.group()).Instances?.map(({ LifecycleState }) => LifecycleState);
  expect(await states()).toEqual(['InService', 'Pending:Wait']);
  it.world.setGroupTrouble(TOKYO, 'api', {});
  expect(await states()).toEqual(['InService', 'InService']);
});

it('a scaling policy lowers what is wanted to the minimum, as long as it is there', async () => {
  const it = make({ min: 1 });
  it.world.setGroupTrouble(TOKYO, 'api', { policy: true });
  for (const _ of [1, 2]) {
    await it.update({ DesiredCapacity: 3 });
    await it.wait(60_000);
    expect(await it.group()).toMatchObject({ DesiredCapacity: 1 });
  }
  expect((await it.activity())?.Cause).toMatch(/TargetTracking-api-AlarmLow in state ALARM triggered policy api changing the desired capacity from 3 to 1/);
  it.world.setGroupTrouble(TOKYO, 'api', {});
  await it.update({ DesiredCapacity: 3 });
  await it.wait(120_000);
  expect(await it.group()).toMatchObject({ DesiredCapacity: 3 });
});

it.each([['lists', []], ['elements', [{}]]] as const)('a foreign answer has the members that belong there, without %s', async (without, AutoScalingGroups) => {
  const { world, call } = make();
  world.addFault({ service: 'autoscaling', effect: { kind: 'foreign', without } });
  expect(await call('autoscaling', TOKYO, 'DescribeAutoScalingGroups', { AutoScalingGroupNames: ['api'] })).toEqual({ AutoScalingGroups });
  await call('autoscaling', TOKYO, 'UpdateAutoScalingGroup', { AutoScalingGroupName: 'api', DesiredCapacity: 2 });
  expect(world.state.groups.get(TOKYO, 'api')?.desired).toBe(2);
});

it('fifty groups a page', async () => {
  const { world, call } = makeWorld();
  for (let i = 0; i < 60; i++) world.addAutoScalingGroup({ region: TOKYO, name: `g${i}`, min: 0, max: 1, desired: 0 });
  expect((await call('autoscaling', TOKYO, 'DescribeAutoScalingGroups', {})).AutoScalingGroups).toHaveLength(50);
});
