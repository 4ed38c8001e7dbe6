import { describe, expect, it } from 'vitest';
import { SEOUL, simulation, type Simulation, SHOP, TOKYO } from '../engine/simulated.ts';
import { answering, ended, refusing } from './answers.ts';

/*
 * What Auto Scaling, load balancers and EC2 answer when no capacity comes. Each situation from AWS's documentation: known before the
 * line, it is refused there; known later, AWS's own reason is what people read.
 */

const BILLING = SHOP.replace('shop.yaml', 'billing.yaml');
type Group = { Instances: Record<string, unknown>[] };

async function lost(path = SHOP): Promise<Simulation> {
  const sim = await simulation({ path });
  sim.world.breakRegion(SEOUL);
  return sim;
}

const group = (sim: Simulation, change: (group: Group) => object) =>
  answering(sim, 'DescribeAutoScalingGroups', (output) => ({ ...output, AutoScalingGroups: (output['AutoScalingGroups'] as Group[]).map((one) => ({ ...one, ...change(one) })) }));
const health = (sim: Simulation, TargetHealth: object) =>
  answering(sim, 'DescribeTargetHealth', (output) => ({ ...output, TargetHealthDescriptions: (output['TargetHealthDescriptions'] as object[]).map((one) => ({ ...one, TargetHealth })) }));

type Reservation = { Instances: Record<string, unknown>[] };
const instances = (sim: Simulation, change: (instance: Record<string, unknown>) => object) =>
  answering(sim, 'DescribeInstances', (output) => ({ ...output, Reservations: (output['Reservations'] as Reservation[]).map((one) => ({ ...one, Instances: one.Instances.map((i) => ({ ...i, ...change(i) })) })) }));

describe('a group that would never have instances that serve is refused before anything is changed', () => {
  it.each<[string, (sim: Simulation) => Simulation, RegExp]>([
    // https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
    ['it is being deleted', (sim) => group(sim, () => ({ Status: 'Delete in progress' })), /capacity: shop-api in ap-northeast-1 is being deleted/],
    // https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
    ['it launches nothing', (sim) => group(sim, () => ({ SuspendedProcesses: [{ ProcessName: 'Launch', SuspensionReason: 'User suspended' }] })), /capacity: shop-api has suspended processes: Launch/],
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
    ['no load balancer uses its targets', (sim) => health(sim, { State: 'unused', Reason: 'Target.NotInUse', Description: 'Target group is not configured to receive traffic from the load balancer' }), /capacity: no load balancer uses 2 targets of shop-api in shop-api: .* Target\.NotInUse/],
  ])('%s', async (_name, make, says) => {
    const end = await ended(make(await lost()));
    expect(end).toMatchObject({ outcome: 'refused', changed: [] });
    expect(end.refused).toMatch(says);
  });
});

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-lifecycle.html
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/warm-pool-instance-lifecycle.html
describe('an instance that serves nobody is no capacity', () => {
  it.each(['Standby', 'Detaching', 'Warmed:Running', 'Warmed:Stopped', 'Terminating:Wait', 'Quarantined', 'ANewerState'])('%s', async (LifecycleState) => {
    const end = await ended(group(await lost(), ({ Instances }) => ({ Instances: Instances.map((one, i) => (i > 1 ? { ...one, LifecycleState } : one)) })));
    expect(end.outcome).toBe('failed');
    expect(end.failed).toMatch(new RegExp(`2 of 6 instances are in service; i-\\w+ is ${LifecycleState}`));
  });

  // An instance refresh, a zone without room, one that does not start: of a lost region users are served by fewer rather than by none.
  it('but users of a lost region do not wait for more than the minimum of the runbook; a planned move does', async () => {
    const late = (sim: Simulation) => group(sim, ({ Instances }) => ({ Instances: Instances.map((one, i) => (i > 4 ? { ...one, LifecycleState: 'Pending:Wait' } : one)) }));
    expect((await ended(late(await lost()))).outcome).toBe('succeeded');
    expect((await ended(late(await simulation({ path: SHOP })), { verb: 'switchover', region: TOKYO })).outcome).not.toBe('succeeded');
  });

  it('and a warm pool beside those that serve is none too much', async () => {
    const warm = { InstanceId: 'i-0aaaaaaaaaaaaaaaa', LifecycleState: 'Warmed:Running', HealthStatus: 'Healthy', AvailabilityZone: `${TOKYO}a` };
    expect((await ended(group(await lost(), ({ Instances }) => ({ Instances: [...Instances, warm] })))).outcome).toBe('succeeded');
  });

  // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
  it('nor is one whose target drains', async () => {
    const end = await ended(health(await lost(), { State: 'draining', Reason: 'Target.DeregistrationInProgress' }));
    expect([end.outcome, end.failed]).toEqual(['failed', expect.stringMatching(/0 of 6 targets are healthy in shop-api; i-\w+ is draining: Target\.DeregistrationInProgress/)]);
  });
});

describe('what nobody could know before ends with AWS’s own reason', () => {
  it.each<[string, string, (sim: Simulation) => Simulation, RegExp]>([
    // https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
    ['a lifecycle hook hangs', SHOP, (sim) => group(sim, ({ Instances }) => ({ Instances: Instances.map((one, i) => (i > 1 ? { ...one, LifecycleState: 'Pending:Wait' } : one)) })), /2 of 6 instances are in service; i-\w+ is Pending:Wait: a lifecycle hook holds it/],
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
    ['an instance runs and does not answer', BILLING, (sim) => answering(sim, 'DescribeInstanceStatus', (output) => ({ InstanceStatuses: (output['InstanceStatuses'] as object[]).map((one) => ({ ...one, InstanceStatus: { Status: 'impaired' } })) })), /status checks passed: 0 of 2 instances; i-0b00000000000b001: its instance check is impaired/],
  ])('%s', async (_name, path, make, says) => {
    const end = await ended(make(await lost(path)));
    expect(end.outcome).toBe('failed');
    expect(end.failed).toMatch(says);
  });

  it('an instance is stopped again right after its start, for the key of its volume: the wait ends early', async () => {
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
    const because = { State: { Name: 'stopped', Code: 80 }, StateReason: { Code: 'Client.InternalError', Message: 'Client.InternalError: Client error on launch' } };
    const end = await ended(instances(await lost(BILLING), (one) => (String(one['InstanceId']).startsWith('i-0b') ? because : {})));
    expect(end.outcome).toBe('failed');
    expect(end.failed).toMatch(/0 of 2 instances running; i-0b00000000000b001 has ended: AWS: Client\.InternalError: Client error on launch/);
    expect(end.took).toBeLessThan(600_000);
  });

  it('an instance that is launched and ends at once is not asked for again: the same token answers with the same instance', async () => {
    const archive = SHOP.replace('shop.yaml', 'archive.yaml');
    const gone = { State: { Name: 'terminated', Code: 48 }, StateReason: { Code: 'Client.InternalError', Message: 'Client.InternalError: Client error on launch' } };
    const sim = await lost(archive);
    const ask = sim.effects.aws.call.bind(sim.effects.aws) as (request: object) => Promise<{ output: { Reservations?: Reservation[] } }>;
    const call = async (request: { operation: string; input: { Filters?: { Name: string; Values: string[] }[] } }) => {
      const states = request.operation === 'DescribeInstances' ? request.input.Filters?.find(({ Name }) => Name === 'instance-state-name')?.Values : undefined;
      if (states === undefined) return ask(request);
      const Filters = request.input.Filters?.filter(({ Name }) => Name !== 'instance-state-name');
      const { output, ...rest } = await ask({ ...request, input: { ...request.input, Filters } });
      const launched = output.Reservations?.map((one) => ({ ...one, Instances: one.Instances.map((i) => ({ ...i, ...gone })) })) ?? [];
      return { ...rest, output: { ...output, Reservations: states.includes('terminated') ? launched : [] } };
    };
    const end = await ended({ ...sim, effects: { ...sim.effects, aws: { call: call as never } } });
    expect(end.outcome).toBe('failed');
    expect(end.failed).toMatch(/has ended: AWS: Client\.InternalError: Client error on launch/);
    expect(end.changed.filter((step) => step === 'compute.api.launch')).toHaveLength(1);
  });
});

describe('something changes the group while it grows', () => {
  const grows = 'compute.api.scaleOut';
  const acted = (then: () => void) => {
    let n = 0;
    return (record: { type: string; step?: string | undefined }): void => {
      if (record.type === 'step.acted' && record.step === grows && n++ === 0) then();
    };
  };
  const shrink = async (sim: Simulation, sizes: object) => {
    for (let i = 0; i < 30; i++) {
      await sim.clock.sleep(60_000);
      const input = { AutoScalingGroupName: 'shop-api', ...sizes };
      await sim.world.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input });
    }
  };

  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
  it('a scaling policy lowers it again and again, for there is no load yet: the minimum of the runbook serves', async () => {
    const sim = await lost();
    const end = await ended(sim, TOKYO, acted(() => void shrink(sim, { DesiredCapacity: 4 })));
    expect(end.outcome).toBe('succeeded');
    expect(end.changed.filter((step) => step === grows)).toHaveLength(2);
    expect(end.warned).toContain('has lowered the desired capacity from 6 to 4 again and again; `active.min` of the runbook allows it');
  });

  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
  it('a scheduled action takes its minimum too: the run ends, and says what lowered it', async () => {
    const sim = await lost();
    const end = await ended(sim, TOKYO, acted(() => void shrink(sim, { MinSize: 1, DesiredCapacity: 1 })));
    expect(end.outcome).toBe('failed');
    expect(end.failed).toMatch(/^shop-api: desired capacity is 1; changing to 6; AWS: At \S+ a user request update of AutoScalingGroup constraints to min: 1/);
  });

  it('a scheduled action would take it down at night: said before anything is changed', async () => {
    const sim = await lost();
    const at = sim.clock.now() + 8 * 3_600_000;
    sim.world.state.groups.schedule(TOKYO, 'shop-api', { name: 'night', at, min: 0, max: 2, desired: 0 });
    sim.world.state.groups.schedule(TOKYO, 'shop-api', { name: 'day', at, min: 4, max: 12, desired: 4 });
    const end = await ended(sim);
    expect(end.outcome).toBe('succeeded');
    expect(end.warned).toContain(`scheduled actions make shop-api smaller than the active side is to be: night sets min 0, desired 0, max 2 (${new Date(at).toISOString()})`);
    expect(end.warned).not.toContain('day sets');
    await sim.clock.run(() => sim.clock.sleep(9 * 3_600_000));
    expect(sim.world.snapshot().groups.find(({ region }) => region === TOKYO)?.desired).not.toBe(6);
  });

  it.each([
    ['below the minimum of the runbook', { MinSize: 1, DesiredCapacity: 1 }, 'failed'],
    ['to the minimum of the runbook', { DesiredCapacity: 4 }, 'succeeded'],
  ])('a scheduled action takes it %s after it was grown, and before the end', async (_what, sizes, outcome) => {
    const sim = await lost();
    const done = (record: { type: string; step?: string | undefined }): void => {
      if (record.type === 'step.done' && record.step === grows) void sim.world.call({ service: 'autoscaling', region: TOKYO, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: 'shop-api', ...sizes } });
    };
    const end = await ended(sim, TOKYO, done);
    expect(end.outcome).toBe(outcome);
    if (outcome === 'failed') expect(end.failed).toMatch(/at the end of the run it is not: shop-api: something has lowered its sizes to min 1, desired 1, and it is to have 4 or more; AWS: At /);
  });

  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
  it('its launches are suspended, and no activity says so: the run ends at once, with what resumes them', async () => {
    const sim = await lost();
    sim.world.setGroupTrouble(TOKYO, 'shop-api', { hook: true });
    const began = sim.clock.now();
    let at = 0;
    const end = await ended(sim, TOKYO, (record) => {
      acted(() => sim.world.setGroupTrouble(TOKYO, 'shop-api', { hook: true, suspended: true }))(record);
      if (record.type === 'step.failed' && record.step === grows) at = record.at;
    });
    expect(end.outcome).toBe('failed');
    expect(end.failed).toBe('shop-api has suspended processes: Launch (User suspended at the request of a person); 2 of 6 instances are in service');
    expect(at - began).toBeLessThan(60_000);
  });

  // https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html
  it('a lifecycle hook holds what is launched for five minutes: it is waited for', async () => {
    const sim = await lost();
    sim.world.setGroupTrouble(TOKYO, 'shop-api', { hook: true });
    const end = await ended(sim, TOKYO, acted(() => void sim.clock.sleep(300_000).then(() => sim.world.setGroupTrouble(TOKYO, 'shop-api', {}))));
    expect(end.outcome).toBe('succeeded');
    expect(end.took).toBeGreaterThan(300_000);
  });
});

describe('what passes is waited out', () => {
  it('an instance that is not yet in a state from which it can be started', async () => {
    // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    const sim = refusing(await lost(BILLING), 'StartInstances', 'IncorrectInstanceState', "The instance 'i-0b00000000000b001' is not in a state from which it can be started.", 5);
    expect(await ended(sim)).toMatchObject({ outcome: 'succeeded' });
  });
});
