import { describe, expect, it } from 'vitest';
import type { Group } from '../../../src/aws/autoscaling.ts';
import { countOf, healthyCapacity, inService, servingTargets, unusedTargets } from '../../../src/kinds/autoscaling/health.ts';

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

const NORMAL = { InstanceId: 'i-1', AvailabilityZone: `${TOKYO}a`, LifecycleState: 'InService', HealthStatus: 'Healthy' };
const groupOf = (instances: object[], more: object = {}) => ({ AutoScalingGroupName: 'shop-api', MinSize: 1, DesiredCapacity: 1, MaxSize: 6, Instances: instances, ...more }) as unknown as Group;

/** What each target group says of its targets: id and health. */
function ctxWith(targets: Record<string, object[]>) {
  const signals: unknown[] = [];
  const call = ({ input, signal }: { input: { TargetGroupArn: string }; signal?: unknown }) => {
    signals.push(signal);
    return Promise.resolve({ output: { TargetHealthDescriptions: targets[input.TargetGroupArn.split('/')[1] ?? input.TargetGroupArn] ?? [] }, requestId: 'r' });
  };
  const { signal } = new AbortController();
  return { ctx: { effects: { aws: { call } }, signal } as never, signal, signals };
}
const target = (Id: string, State: string, Reason?: string) => ({ Target: { Id, Port: 80 }, TargetHealth: { State, ...(Reason === undefined ? {} : { Reason }) } });

describe('what a group itself calls in service', () => {
  it('leaves out what is ill, what comes or goes and what is held, and says why, of three at most', () => {
    const seen = inService(groupOf([NORMAL, { ...NORMAL, InstanceId: 'i-2', HealthStatus: 'Unhealthy' }, { ...NORMAL, InstanceId: 'i-3', LifecycleState: 'Terminating' }, { ...NORMAL, InstanceId: 'i-4', LifecycleState: 'Standby' }, { ...NORMAL, InstanceId: 'i-5', LifecycleState: 'Terminated' }]));
    expect(seen).toMatchObject({ units: 1, instances: 1, where: 'in service' });
    expect(seen.why.split(', ')).toEqual([expect.stringMatching(/^i-2 is Unhealthy/), expect.stringMatching(/^i-3 is Terminating/), expect.stringMatching(/^i-4 is Standby/)]);
    expect(inService(groupOf([{ ...NORMAL, LifecycleState: 'Pending' }]))).toMatchObject({ units: 0, instances: 0, why: '' });
    expect(inService(groupOf([{ ...NORMAL, InstanceId: undefined, LifecycleState: 'Terminating' }])).why).toMatch(/^an instance is Terminating/);
    expect(inService(groupOf([{ ...NORMAL, LifecycleState: 'Pending:Wait' }])).why).toMatch(/^i-1 is Pending:Wait.*: .+/);
  });

  it('counts units by weights; of a group that counts in something else AWS has to say them', () => {
    const cpus = { DesiredCapacityType: 'vcpu' };
    expect(inService(groupOf([{ ...NORMAL, WeightedCapacity: '2' }, { ...NORMAL, InstanceId: 'i-2' }]))).toMatchObject({ units: 3, instances: 2, why: '' });
    expect(inService(groupOf([NORMAL], cpus))).toMatchObject({ units: 0, instances: 1, why: 'AWS does not say how many vcpu i-1 counts' });
    expect(inService(groupOf([NORMAL], { DesiredCapacityType: 'units' }))).toMatchObject({ units: 1, why: '' });
  });
});

describe('the count for people', () => {
  it('is of instances, or of units where these are something else', () => {
    expect([countOf(groupOf([NORMAL]), { units: 1, instances: 1 }), countOf(groupOf([NORMAL]), { units: 2, instances: 2 }, 6), countOf(groupOf([NORMAL]), { units: 0, instances: 0 }, 1), countOf(groupOf([]), { units: 0, instances: 0 })]).toEqual(['1 instance', '2 of 6 instances', '0 of 1 instance', '0 instances']);
    expect(countOf(groupOf([{ ...NORMAL, WeightedCapacity: '2' }, NORMAL]), { units: 4, instances: 2 }, 6)).toBe('4 of 6 units (2 instances)');
    expect(countOf(groupOf([NORMAL], { DesiredCapacityType: 'vcpu' }), { units: 4, instances: 1 })).toBe('4 vcpu (1 instance)');
  });
});

describe('targets that nothing uses', () => {
  const web = { TargetGroupARNs: [arnOf('web')] };
  const unused = target('i-1', 'unused', 'Target.NotInUse');
  it('are named, of instances in service only', async () => {
    const { ctx, signal, signals } = ctxWith({ web: [unused, target('i-2', 'healthy')] });
    expect(await unusedTargets(ctx, TOKYO, groupOf([NORMAL], web))).toBe('no load balancer uses 1 target of shop-api in web: i-1 is unused: Target.NotInUse');
    expect(signals).toEqual([signal]);
    expect(await unusedTargets(ctx, TOKYO, groupOf([{ ...NORMAL, InstanceId: 'i-2' }], web))).toBeUndefined();
    expect(await unusedTargets(ctx, TOKYO, groupOf([NORMAL]))).toBeUndefined();
    expect(await unusedTargets(ctxWith({ web: [target('i-1', 'unused', 'Target.NotRegistered')] }).ctx, TOKYO, groupOf([NORMAL], web))).toBeUndefined();
  });

  it('are not asked for where nothing is in service', async () => {
    const { ctx, signals } = ctxWith({ web: [unused] });
    expect(await unusedTargets(ctx, TOKYO, groupOf([{ ...NORMAL, HealthStatus: 'Unhealthy' }], web))).toBeUndefined();
    expect(signals).toEqual([]);
  });
});

describe('each instance of a group', () => {
  it('is healthy where it is in service and every target group says so; else it is said why', async () => {
    const { ctx, signal, signals } = ctxWith({ web: [target('i-1', 'healthy'), target('i-2', 'unhealthy', 'Target.Timeout')], bare: [] });
    const instances = [NORMAL, { ...NORMAL, InstanceId: 'i-2' }, { ...NORMAL, InstanceId: 'i-3' }];
    expect(await servingTargets(ctx, TOKYO, groupOf(instances, { TargetGroupARNs: [arnOf('web')] }))).toEqual([
      { id: 'i-1', zone: `${TOKYO}a`, healthy: true, because: 'i-1 is InService, Healthy' },
      { id: 'i-2', zone: `${TOKYO}a`, healthy: false, because: 'i-2 is unhealthy: Target.Timeout' },
      { id: 'i-3', zone: `${TOKYO}a`, healthy: false, because: 'i-3 is in no target group' },
    ]);
    expect(signals).toEqual([signal]);
    expect(await servingTargets(ctx, TOKYO, groupOf([{ ...NORMAL, HealthStatus: 'Unhealthy' }, { ...NORMAL, InstanceId: undefined }]))).toMatchObject([{ healthy: false, because: 'i-1 is InService, Unhealthy' }, { id: 'an instance', healthy: true }]);
    expect(await servingTargets(ctx, TOKYO, groupOf([{ ...NORMAL, HealthStatus: 'Unhealthy' }], { TargetGroupARNs: [arnOf('web')] }))).toMatchObject([{ healthy: false }]);
  });

  it('is none that leaves, although its target is healthy still', async () => {
    const { ctx } = ctxWith({ web: [target('i-1', 'unhealthy'), target('i-2', 'healthy')] });
    expect(await healthyCapacity(ctx, TOKYO, groupOf([NORMAL, { ...NORMAL, InstanceId: 'i-2', LifecycleState: 'Terminating' }], { TargetGroupARNs: [arnOf('web')] }))).toMatchObject({ units: 0, instances: 0, where: 'healthy in web' });
  });

  it('counts by the weakest target group, which is named, with the signal of the look', async () => {
    const { ctx, signal, signals } = ctxWith({ web: [target('i-1', 'healthy')], odd: [target('i-1', 'initial'), target('i-9', 'unhealthy')] });
    expect(await healthyCapacity(ctx, TOKYO, groupOf([NORMAL], { TargetGroupARNs: [arnOf('web'), 'odd'] }))).toMatchObject({ units: 0, where: 'healthy in odd', why: 'i-1 is initial: AWS gives no reason' });
    expect(signals).toEqual([signal, signal]);
    expect(await healthyCapacity(ctx, TOKYO, groupOf([{ ...NORMAL, HealthStatus: 'Unhealthy' }], { TargetGroupARNs: [arnOf('web')] }))).toMatchObject({ units: 0, where: 'in service' });
  });
});
