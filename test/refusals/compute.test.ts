import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { SEOUL, type Simulation, TOKYO } from '../engine/simulated.ts';
import { type Asked, saidBy, saidByRun, saidIn, worldOf } from './said.ts';

const DAY_MS = 86_400_000;

describe('an image that cannot be launched', () => {
  const gate = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'compute.api.imageGate', at);

  it('there is no such launch template', async () => {
    expect(await gate(await worldOf('archive'), { params: { template: { name: 'never-was', version: '$Default' } } })).toMatchInlineSnapshot(`
      "rule         image
      observed     ap-northeast-1 has no launch template never-was with version $Default (just now)
      threshold    a launch template
      consequence  api could not be launched in ap-northeast-1, or not as it runs now
      override     none: aws ec2 describe-launch-template-versions --region ap-northeast-1"
    `);
  });

  it('it has no such version', async () => {
    expect(await gate(await worldOf('archive'), { params: { template: { name: 'archive-api', version: 99 } } })).toMatchInlineSnapshot(`
      "rule         image
      observed     ap-northeast-1 has no launch template archive-api with version 99 (just now)
      threshold    a launch template
      consequence  api could not be launched in ap-northeast-1, or not as it runs now
      override     none: aws ec2 describe-launch-template-versions --region ap-northeast-1"
    `);
  });

  it('no image has that name and tag', async () => {
    expect(await gate(await worldOf('archive'), { params: { image: { name: 'other-*', tag: { key: 'role', value: 'api' } } } })).toMatchInlineSnapshot(`
      "rule         image
      observed     ap-northeast-1 has no image other-*, role=api that is available (just now)
      threshold    a copied image
      consequence  api could not be launched in ap-northeast-1, or not as it runs now
      override     none: aws ec2 copy-image --region ap-northeast-1 …"
    `);
  });

  it('there is no image of that id', async () => {
    expect(await gate(await worldOf('archive'), { params: { image: { id: 'ami-0123456789abcdef0' } } })).toMatchInlineSnapshot(`
      "rule         image
      observed     ap-northeast-1 has no image ami-0123456789abcdef0 that is available (just now)
      threshold    a copied image
      consequence  api could not be launched in ap-northeast-1, or not as it runs now
      override     none: aws ec2 copy-image --region ap-northeast-1 …"
    `);
  });

  it('the one that is named is still being copied', async () => {
    const sim = await worldOf('archive');
    sim.world.addImage({ region: TOKYO, id: 'ami-0123456789abcdef1', name: 'archive-api-next', ageMs: 0, state: 'pending' });
    expect(await gate(sim, { what: 'observe', params: { image: { id: 'ami-0123456789abcdef1' } } })).toMatchInlineSnapshot(`
      "rule         image
      observed     the image ami-0123456789abcdef1 is pending (just now)
      threshold    available
      consequence  api could not be launched in ap-northeast-1, or not as it runs now
      override     none: wait until it is copied"
    `);
  });

  it('the newest that is usable is too old', async () => {
    const sim = await worldOf('archive');
    sim.world.addImage({ region: TOKYO, id: 'ami-0123456789abcdef2', name: 'old-2', ageMs: 92 * DAY_MS });
    sim.world.addImage({ region: TOKYO, id: 'ami-0123456789abcdef3', name: 'old-3', ageMs: 91 * DAY_MS });
    sim.world.addImage({ region: TOKYO, id: 'ami-0123456789abcdef4', name: 'old-4', ageMs: DAY_MS, state: 'failed' });
    expect(await gate(sim, { params: { image: { name: 'old-*' } } })).toMatchInlineSnapshot(`
      "rule         image
      observed     the image ami-0123456789abcdef3 is 91d old (just now)
      threshold    at most 90d old
      consequence  api could not be launched in ap-northeast-1, or not as it runs now
      override     none: copy the current image into ap-northeast-1, or raise \`maxAge\` in the runbook"
    `);
  });
});

describe('instances that cannot be started', () => {
  const BATCH = ['i-0b00000000000b001', 'i-0b00000000000b002'];
  const start = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'compute.batch.start', at);

  it('an id that does not exist', async () => {
    expect(await start(await worldOf('billing'), { params: { ids: ['i-0123456789abcdef0'], spares: [] } })).toMatchInlineSnapshot(`
      "rule         instances
      observed     ec2.DescribeInstances in ap-northeast-1: InvalidInstanceID.NotFound: The instance ID 'i-0123456789abcdef0' does not exist (just now)
      threshold    1 instance that can be started
      consequence  users would be sent to a region without capacity
      override     none: correct the ids in the runbook. aws ec2 describe-instances --region ap-northeast-1"
    `);
  });

  it('too many are terminated', async () => {
    const terminated = (InstanceId: string) => ({ InstanceId, InstanceType: 'm6g.large', State: { Name: 'terminated' } });
    const aws = { call: () => Promise.resolve({ output: { Reservations: [{ Instances: BATCH.map(terminated) }] }, requestId: undefined }) };
    expect(await saidBy('ec2-instances.start', { name: 'batch', region: TOKYO, ids: BATCH, spares: [], types: [] }, { effects: { aws } as never })).toMatchInlineSnapshot(`
      "rule         instances
      observed     2 of the instances of batch are terminated, or in no state that can be started (just now)
      threshold    2 instances that can be started
      consequence  users would be sent to a region without capacity
      override     none: correct the ids in the runbook. aws ec2 describe-instances --region ap-northeast-1"
    `);
  });
});

it('a target group that takes addresses, and no instances', async () => {
  const arn = `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/batch/0123456789abcdef`;
  const output: Record<string, object> = { DescribeTargetHealth: { TargetHealthDescriptions: [] }, DescribeTargetGroups: { TargetGroups: [{ TargetGroupArn: arn, TargetGroupName: 'batch', TargetType: 'ip' }] } };
  const aws = { call: ({ operation }: { operation: string }) => Promise.resolve({ output: output[operation], requestId: undefined }) };
  expect(await saidBy('ec2-instances.register', { name: 'batch', region: TOKYO, targetGroup: arn, wanted: 2, ids: ['i-0b00000000000b001'] }, { effects: { aws } as never })).toMatchInlineSnapshot(`
    "rule         target-type
    observed     batch takes targets of the type ip, and instances are registered by their ids (just now)
    threshold    a target group of the type instance
    consequence  the load balancer would refuse the instances, after the point of no return
    override     none: the type of a target group cannot be changed. Make one of that type, give it the listener, and name it under \`targets\` in the runbook"
  `);
});

describe('groups', () => {
  const scaleOut = async (at: Asked = {}) => saidIn(await worldOf('shop'), 'compute.api.scaleOut', at);

  it('one that is not there', async () => {
    expect(await scaleOut({ params: { group: 'never-was' } })).toMatchInlineSnapshot(`
      "rule         capacity
      observed     never-was is not in ap-northeast-1 (just now)
      threshold    a group that can launch instances
      consequence  users would be sent to a region without capacity
      override     correct \`groups\` in the runbook, or make the group"
    `);
  });

  it('one that is not allowed to launch', async () => {
    const group = { AutoScalingGroupName: 'shop-api', MinSize: 1, DesiredCapacity: 2, MaxSize: 12, Instances: [], SuspendedProcesses: ['Launch', 'AZRebalance', 'AddToLoadBalancer'].map((ProcessName) => ({ ProcessName })) };
    const aws = { call: () => Promise.resolve({ output: { AutoScalingGroups: [group] }, requestId: undefined }) };
    expect(await saidBy('auto-scaling-group.scaleOut', { region: TOKYO, group: 'shop-api', min: 4, desired: 6, max: 12 }, { effects: { aws } as never })).toMatchInlineSnapshot(`
      "rule         capacity
      observed     shop-api has suspended processes: Launch, AddToLoadBalancer (just now)
      threshold    a group that can launch instances
      consequence  users would be sent to a region without capacity
      override     aws autoscaling resume-processes --region ap-northeast-1 --auto-scaling-group-name shop-api"
    `);
  });

  const scaleIn = async (guard: Json) => {
    const { effects, clock } = await worldOf('shop');
    return saidBy('auto-scaling-group.scaleIn', { region: SEOUL, group: 'shop-api', min: 1, desired: 2, max: 12, guard }, { what: 'observe', effects, clock });
  };

  it('the last side that may serve users is not made smaller', async () => {
    expect(await scaleIn({ region: TOKYO, group: 'shop-api', healthy: 6 })).toMatchInlineSnapshot(`
      "rule         last-healthy-side
      observed     shop-api in ap-northeast-1: 2 of 6 instances are in service (just now)
      threshold    6 healthy instances
      consequence  ap-northeast-2 may be the last side that can serve users
      override     none: bring ap-northeast-1 up first, then: dr resume"
    `);
  });

  it('the other side has no group at all', async () => {
    expect(await scaleIn({ region: TOKYO, group: 'never-was', healthy: 1 })).toMatchInlineSnapshot(`
      "rule         last-healthy-side
      observed     never-was in ap-northeast-1: it is not there (just now)
      threshold    1 healthy instances
      consequence  ap-northeast-2 may be the last side that can serve users
      override     none: bring ap-northeast-1 up first, then: dr resume"
    `);
  });
});

describe('instances that are to be stopped', () => {
  const stop = async (guard: object) => {
    const { effects, clock } = await worldOf('billing');
    const params = { name: 'batch', region: SEOUL, ids: ['i-0a00000000000b001', 'i-0a00000000000b002'], guard: { region: TOKYO, wanted: 2, ...guard } };
    return saidBy('ec2-instances.stop', params, { what: 'observe', effects, clock });
  };

  it('those of the other side do not run', async () => {
    expect(await stop({ ids: ['i-0b00000000000b001', 'i-0b00000000000b002'] })).toMatchInlineSnapshot(`
      "rule         last-healthy-side
      observed     ap-northeast-1 has 0 healthy instances of batch (just now)
      threshold    2
      consequence  ap-northeast-2 may be the last side that can serve users
      override     none: bring ap-northeast-1 up first, then: dr resume"
    `);
  });

  it('the targets of the other side are not healthy', async () => {
    const targetGroup = 'arn:aws:elasticloadbalancing:ap-northeast-1:111122223333:targetgroup/billing-batch/0d1b2c3d4e5f6072';
    expect(await stop({ targetGroup, wanted: 1 })).toMatchInlineSnapshot(`
      "rule         last-healthy-side
      observed     ap-northeast-1 has 0 healthy instances of batch (just now)
      threshold    1
      consequence  ap-northeast-2 may be the last side that can serve users
      override     none: bring ap-northeast-1 up first, then: dr resume"
    `);
  });
});

describe('two writers', () => {
  const TICKETS = { to: TOKYO };
  const writers = async (params: Record<string, Json>) => saidIn(await worldOf('active-active'), 'databases.tickets.ready', { ...TICKETS, params });

  it('one that is not there', async () => {
    expect(await writers({ id: 'gone' })).toMatchInlineSnapshot(`
      "rule         writer
      observed     there is no gone in ap-northeast-1 (just now)
      threshold    a writable database in each region that stays
      consequence  users would be sent to a region that cannot write
      override     correct \`instances\` in the runbook; a region with a read replica is a standby: rds-read-replica"
    `);
  });

  it('one that is a replica', async () => {
    const sim = await worldOf('active-active');
    const first = sim.world.snapshot().databases.find((d) => d.region === TOKYO)?.id ?? '';
    sim.world.addDbInstance({ region: TOKYO, id: 'reader', replicaOf: { region: TOKYO, id: first } });
    expect(await saidIn(sim, 'databases.tickets.ready', { params: { id: 'reader' } })).toMatchInlineSnapshot(`
      "rule         writer
      observed     reader in ap-northeast-1 is a replica: it takes no writes (just now)
      threshold    a writable database in each region that stays
      consequence  users would be sent to a region that cannot write
      override     correct \`instances\` in the runbook; a region with a read replica is a standby: rds-read-replica"
    `);
  });

  const keys = (sim: Simulation) => saidByRun(sim, TOKYO, undefined, ({ world }) => world.breakRegion(SEOUL));
  const counting = async (increment: string, offset: string): Promise<Simulation> => {
    const sim = await worldOf('active-active');
    sim.world.addDbParameterGroup({ region: TOKYO, name: 'tickets-writer', family: 'mysql8.4', parameters: { auto_increment_increment: increment, auto_increment_offset: offset } });
    return sim;
  };

  it('both start at the same key, in a whole run', async () => {
    expect(await keys(await counting('2', '1'))).toMatchInlineSnapshot(`
      "databases.tickets.uniqueKeys
      rule         unique-keys
      observed     ap-northeast-2 and ap-northeast-1 both start at 1 (just now)
      threshold    auto_increment_increment of at least 2 for all, and an auto_increment_offset of its own for each of 2 writers
      consequence  two regions would make the same key, and rows would be lost when they meet
      override     aws rds modify-db-parameter-group --region REGION --db-parameter-group-name GROUP --parameters ParameterName=auto_increment_offset,ParameterValue=N,ApplyMethod=immediate"
    `);
  });

  it('one counts in too small steps', async () => {
    expect(await keys(await counting('1', '2'))).toMatchInlineSnapshot(`
      "databases.tickets.uniqueKeys
      rule         unique-keys
      observed     ap-northeast-1 counts in steps of 1, and there are 2 writers; ap-northeast-1 has the offset 2 above its increment 1, which MySQL ignores (just now)
      threshold    auto_increment_increment of at least 2 for all, and an auto_increment_offset of its own for each of 2 writers
      consequence  two regions would make the same key, and rows would be lost when they meet
      override     aws rds modify-db-parameter-group --region REGION --db-parameter-group-name GROUP --parameters ParameterName=auto_increment_offset,ParameterValue=N,ApplyMethod=immediate"
    `);
  });
});
