import { describe, expect, it } from 'vitest';
import type { Group } from '../../../src/aws/autoscaling.ts';
import { healthyCapacity, servingTargets } from '../../../src/kinds/autoscaling/health.ts';

const TOKYO = 'ap-northeast-1';
const arnOf = (name: string) => `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/${name}/0123456789abcdef`;

/** Instances in service; `targets`: by target group, the states of each instance's ports. */
async function capacity(targets: Record<string, Record<string, readonly string[]>>, weight?: string) {
  const ids = ['i-1', 'i-2', 'i-3'];
  const instance = (InstanceId: string) => ({ InstanceId, AvailabilityZone: `${TOKYO}a`, LifecycleState: 'InService', HealthStatus: 'Healthy', ProtectedFromScaleIn: false, ...(weight === undefined ? {} : { WeightedCapacity: weight }) });
  const group = { AutoScalingGroupName: 'shop-api', MinSize: 3, DesiredCapacity: 3, MaxSize: 6, Instances: ids.map(instance), TargetGroupARNs: Object.keys(targets).map(arnOf) } as unknown as Group;
  const call = ({ input }: { input: { TargetGroupArn: string } }) => {
    const name = input.TargetGroupArn.split('/')[1] ?? '';
    const descriptions = Object.entries(targets[name] ?? {}).flatMap(([Id, states]) => states.map((State, i) => ({ Target: { Id, Port: 8_000 + i }, TargetHealth: { State } })));
    return Promise.resolve({ output: { TargetHealthDescriptions: descriptions }, requestId: 'r' });
  };
  const ctx = { effects: { aws: { call } }, signal: new AbortController().signal } as never;
  return { has: await healthyCapacity(ctx, TOKYO, group), serving: await servingTargets(ctx, TOKYO, group) };
}

describe('what users can be sent to', () => {
  const all = { 'i-1': ['healthy'], 'i-2': ['healthy'], 'i-3': ['healthy'] };
  const one = { 'i-1': ['healthy'], 'i-2': ['unhealthy'], 'i-3': ['initial'] };

  it('is what every target group calls healthy, the first as well as the last', async () => {
    expect((await capacity({ web: all, api: all })).has).toMatchObject({ units: 3, instances: 3, where: 'in service', why: '' });
    for (const targets of [{ web: all, api: one }, { api: one, web: all }]) {
      expect((await capacity(targets)).has).toMatchObject({ units: 1, instances: 1, where: 'healthy in api', why: 'i-2 is unhealthy: AWS gives no reason, and 1 more is not healthy' });
      expect((await capacity(targets)).serving.map(({ healthy }) => healthy)).toEqual([true, false, false]);
    }
  });

  it('is nothing where a target group has none of the instances', async () => {
    expect((await capacity({ web: all, api: {} })).has).toMatchObject({ units: 0, instances: 0, where: 'healthy in api' });
    expect((await capacity({ web: all, api: { 'i-9': ['healthy'] } })).has.units).toBe(0);
  });

  it('counts an instance with several ports only where all of them are healthy', async () => {
    expect((await capacity({ web: { ...all, 'i-2': ['healthy', 'unhealthy'] } })).has).toMatchObject({ units: 2, instances: 2 });
  });

  it('counts the units of instances that have weights', async () => {
    expect((await capacity({ web: one }, '4')).has).toMatchObject({ units: 4, instances: 1 });
    expect((await capacity({ web: all }, 'many')).has).toMatchObject({ units: 0, why: expect.stringContaining('AWS does not say how many units i-1 counts') as string });
  });

  it('without a target group is what the group calls in service', async () => {
    const { has, serving } = await capacity({});
    expect([has.units, serving.every(({ healthy }) => healthy)]).toEqual([3, true]);
  });
});
