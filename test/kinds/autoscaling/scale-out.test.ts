import { describe, expect, it } from 'vitest';
import { simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { stepIn, wait } from '../world.ts';

const scaleOutOf = (sim: Simulation, params = {}) => stepIn(sim, 'compute.api.scaleOut', { params });
const groupIn = (sim: Simulation) => sim.world.snapshot().groups.find((g) => g.region === TOKYO);

describe('auto-scaling-group.scaleOut', () => {
  it('raises the size in one call, and is done when targets are healthy', async () => {
    const sim = await simulation();
    const step = await scaleOutOf(sim);
    expect(await step.check()).toEqual({ state: 'ok', because: 'shop-api wants 2 of at most 12', warnings: [] });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'shop-api wants 2, not 6' });
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
    await step.act();
    await wait(sim, 180_000);
    expect(await step.observe()).toMatchObject({
      state: 'impossible',
      because: expect.stringMatching(/^shop-api cannot launch: .*capacity/i) as string,
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
    expect(await step.observe()).toEqual({ state: 'impossible', because: 'gone is not in ap-northeast-1' });
  });

  it.each(['Launch', 'AddToLoadBalancer'])('refuses a group whose process %s is suspended', async (process) => {
    const sim = await simulation();
    const inner = sim.effects.aws;
    const aws = {
      call: async (request: Parameters<typeof inner.call>[0]) => {
        const answer = await inner.call(request);
        const groups = (answer.output as { AutoScalingGroups?: object[] }).AutoScalingGroups;
        return groups === undefined ? answer : { ...answer, output: { AutoScalingGroups: groups.map((g) => ({ ...g, SuspendedProcesses: [{ ProcessName: process }, { ProcessName: 'AZRebalance' }] })) } };
      },
    };
    const step = await stepIn({ ...sim, effects: { ...sim.effects, aws: aws as typeof inner } }, 'compute.api.scaleOut');
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { observed: `shop-api has suspended processes: ${process}` } });
  });
});
