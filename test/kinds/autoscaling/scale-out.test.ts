import { describe, expect, it } from 'vitest';
import { simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { stepIn, wait } from '../world.ts';

const scaleOutOf = (sim: Simulation, params = {}) => stepIn(sim, 'compute.api.scaleOut', { params });
/** The same world, where one operation answers otherwise. */
function answering(sim: Simulation, operation: string, change: (output: unknown) => object): Simulation {
  const inner = sim.effects.aws;
  const call = async (request: Parameters<typeof inner.call>[0]) => {
    const answer = await inner.call(request);
    return request.operation === operation ? { ...answer, output: change(answer.output) } : answer;
  };
  return { ...sim, effects: { ...sim.effects, aws: { call } as typeof inner } };
}
const groupIn = (sim: Simulation) => sim.world.snapshot().groups.find((g) => g.region === TOKYO);

describe('auto-scaling-group.scaleOut', () => {
  it('raises the size in one call, and is done when targets are healthy', async () => {
    const sim = await simulation();
    const step = await scaleOutOf(sim);
    expect(await step.check()).toEqual({ state: 'ok', because: 'shop-api: desired capacity 2 of at most 12', warnings: [] });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'shop-api: desired capacity is 2; changing to 6' });
    await step.act();
    expect(step.calls().filter((c) => c.operation === 'UpdateAutoScalingGroup')).toHaveLength(1);
    expect(await step.observe()).toMatchObject({ state: 'pending', waitingFor: 'aws', because: expect.stringMatching(/^\d of 6 instances are in service$/) as string });
    await wait(sim, 300_000);
    expect(await step.observe()).toEqual({ state: 'reached', because: '6 instances are in service and healthy' });
    expect(groupIn(sim)).toMatchObject({ min: 4, desired: 6, max: 12 });
  });

  it('never lowers what is larger already', async () => {
    const sim = await simulation();
    const step = await scaleOutOf(sim, { min: 1, desired: 1, max: 2 });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('tells a shortage of capacity long before its limit, with what to do', async () => {
    const sim = await simulation();
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 3);
    const step = await scaleOutOf(sim);
    await step.observe();
    await step.act();
    await wait(sim, 180_000);
    expect(await step.observe()).toMatchObject({
      state: 'impossible',
      because: expect.stringMatching(/^shop-api cannot launch: AWS: Failed: .*capacity.*; 3 of 6 instances are in service$/i) as string,
      next: ['add instance types or zones to shop-api, or free a quota, then: dr resume', 'aws autoscaling describe-scaling-activities --region ap-northeast-1 --auto-scaling-group-name shop-api --max-items 5'],
    });
  });

  it('an old failure says nothing about now', async () => {
    const sim = await simulation();
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 3);
    const step = await scaleOutOf(sim);
    await step.act();
    await wait(sim, 60_000);
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 100);
    await wait(sim, 900_000);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it.each([
    ['kms', 'AWS: Cancelled: Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state'],
    ['image', 'AWS: Failed: The AMI ID ami-00000000000000a51 does not exist. Launching EC2 instance failed.'],
  ] as const)('shows why launches fail, and ends when they continue failing for a reason that no wait mends: %s', async (launches, says) => {
    const sim = await simulation();
    const step = await scaleOutOf(sim);
    await step.observe();
    sim.world.setGroupTrouble(TOKYO, 'shop-api', { launches });
    await step.act();
    expect(await step.observe()).toEqual({ state: 'pending', waitingFor: 'aws', because: `2 of 6 instances are in service; ${says}`, reason: says });
    await wait(sim, 200_000);
    expect(await step.observe()).toMatchObject({ state: 'impossible', because: `shop-api cannot launch: ${says}; 2 of 6 instances are in service` });
    // A resume waits for what AWS tries from now on.
    expect(await step.observe()).toEqual({ state: 'pending', waitingFor: 'aws', because: `2 of 6 instances are in service; ${says} (before this run waited)` });
    sim.world.setGroupTrouble(TOKYO, 'shop-api', {});
    await wait(sim, 300_000);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
  });

  it('does not count what failed before it asked', async () => {
    const sim = await simulation();
    const step = await scaleOutOf(sim);
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 2);
    await step.act();
    await wait(sim, 400_000);
    expect(await step.observe()).toMatchObject({ state: 'pending', because: expect.stringContaining('(before this run waited)') as string });
  });

  it('waits without a reason when the scaling activities cannot be read', async () => {
    const sim = await simulation();
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 2);
    const step = await scaleOutOf(answering(sim, 'DescribeScalingActivities', () => ({})));
    await step.act();
    expect(await step.observe()).toMatchObject({ state: 'pending', because: '2 of 6 instances are in service; the scaling activities of shop-api cannot be read: MalformedAnswer' });
  });

  it('shows why targets are not healthy', async () => {
    const sim = await simulation();
    const step = await scaleOutOf(sim);
    await step.act();
    sim.world.setGroupTrouble(TOKYO, 'shop-api', { targets: 'Target.Timeout' });
    await wait(sim, 300_000);
    expect(await step.observe()).toEqual({
      state: 'pending',
      waitingFor: 'aws',
      because: expect.stringMatching(/^0 of 6 targets are healthy in shop-api; i-\w+ is unhealthy: Target\.Timeout \(.+\), and 5 more are not healthy$/) as string,
    });
  });

  it('counts capacity units, and only instances in service', async () => {
    const sim = await simulation();
    const stated = (...states: [string, string][]) =>
      answering(sim, 'DescribeAutoScalingGroups', (output) => ({
        AutoScalingGroups: (output as { AutoScalingGroups: { Instances: { InstanceId: string }[] }[] }).AutoScalingGroups.map((g) => ({
          ...g,
          MinSize: 4,
          DesiredCapacity: 6,
          MaxSize: 12,
          Instances: states.map(([LifecycleState, WeightedCapacity], i) => ({ ...g.Instances[0], InstanceId: g.Instances[i]?.InstanceId ?? `i-${i}`, LifecycleState, WeightedCapacity })),
        })),
      }));
    const seen = async (...states: [string, string][]) => (await scaleOutOf(stated(...states))).observe();
    expect(await seen(['InService', '3'], ['InService', '3'])).toEqual({ state: 'reached', because: '6 units (2 instances) are in service and healthy' });
    expect(await seen(["InService", "5"], ["Standby", "1"])).toMatchObject({ state: "pending", because: expect.stringMatching(/^5 of 6 units \(1 instance\) are in service; i-\w+ is Standby$/) as string });
  });

  it('does not take a group without a list of instances for an empty one', async () => {
    const sim = await simulation();
    const bare = answering(sim, 'DescribeAutoScalingGroups', (output) => ({ AutoScalingGroups: (output as { AutoScalingGroups: object[] }).AutoScalingGroups.map((g) => ({ ...g, Instances: undefined })) }));
    const step = await stepIn(sim, 'compute.api.scaleOut', { effects: bare.effects });
    await expect(step.observe()).rejects.toMatchObject({ code: 'MalformedAnswer' });
  });

  it('refuses a group that is not there', async () => {
    const sim = await simulation();
    const step = await scaleOutOf(sim, { group: 'gone' });
    expect(await step.check()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'capacity',
        observed: 'gone is not in ap-northeast-1',
        threshold: 'a group that can launch instances',
        consequence: 'users would be sent to a region without capacity',
        override: 'correct `groups` in the runbook, or make the group',
      },
    });
    expect(await step.observe()).toEqual({ state: 'pending', because: 'gone is not in ap-northeast-1; it was there before, so AWS is asked again', waitingFor: 'aws' });
    await wait(sim, 29_000);
    expect(await step.observe()).toMatchObject({ state: 'pending' });
    await wait(sim, 2_000);
    expect(await step.observe()).toEqual({ state: 'impossible', because: 'gone is not in ap-northeast-1' });
  });

  it.each(['Launch', 'AddToLoadBalancer'])('refuses a group whose process %s is suspended', async (process) => {
    const sim = await simulation();
    const suspended = [{ ProcessName: process }, { ProcessName: 'AZRebalance' }];
    const step = await scaleOutOf(
      answering(sim, 'DescribeAutoScalingGroups', (output) => ({ AutoScalingGroups: (output as { AutoScalingGroups: object[] }).AutoScalingGroups.map((g) => ({ ...g, SuspendedProcesses: suspended })) })),
    );
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { observed: `shop-api has suspended processes: ${process}` } });
  });
});
