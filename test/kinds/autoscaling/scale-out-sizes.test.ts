import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* The group of the side that is to carry the users, one answer of AWS at a time: when it is raised, when it counts as raised, and how that is taken back. */

type Sizes = readonly [number, number, number];
const PARAMS = { region: TOKYO, group: 'web', min: 2, desired: 4, max: 8 };
const READY: Sizes = [2, 4, 8];
const KEY = `${TOKYO}.web`;
const MARKED = { [`activities-before.${KEY}`]: 'old' };
const ARN = `arn:aws:elasticloadbalancing:${TOKYO}:111122223333:targetgroup/web/0123456789abcdef`;
const instances = (count: number) => Array.from({ length: count }, (_, i) => ({ InstanceId: `i-${i}`, AvailabilityZone: 'a', LifecycleState: 'InService', HealthStatus: 'Healthy' }));
const group = ([MinSize, DesiredCapacity, MaxSize]: Sizes, up = DesiredCapacity, more: object = {}) => ({ AutoScalingGroupName: 'web', MinSize, DesiredCapacity, MaxSize, Instances: instances(up), ...more });
const failed = (ActivityId: string, StatusMessage: string, minutes = 0) => ({ ActivityId, StatusCode: 'Failed', StatusMessage, StartTime: new Date(minutes * 60_000) });
const targets = (...states: [id: string, state: string, reason?: string][]) => ({ TargetHealthDescriptions: states.map(([Id, State, Reason]) => ({ Target: { Id }, TargetHealth: { State, Reason } })) });

interface World extends AtHand {
  params?: Record<string, number>;
  activities?: object[];
  health?: object;
  schedule?: object;
}

async function scaleOut(shown: object | undefined, { activities = [], health = {}, schedule = {}, params = {}, ...at }: World = {}) {
  const port = portOf({ DescribeAutoScalingGroups: { AutoScalingGroups: shown === undefined ? [] : [shown] }, DescribeScalingActivities: { Activities: activities }, DescribeTargetHealth: health, DescribeScheduledActions: schedule });
  const step = await stepOf('auto-scaling-group.scaleOut', { ...PARAMS, ...params }, { ...at, effects: { aws: port.aws } });
  return { ...step, ...port };
}

describe('before a run', () => {
  const refusal = async (more: object, world: World = {}) => {
    const said = await (await scaleOut(group([1, 1, 8], 1, more), world)).check();
    return 'refusal' in said ? said.refusal : said;
  };
  const CAPACITY = { rule: 'capacity', threshold: 'a group that can launch instances', consequence: 'users would be sent to a region without capacity' };

  it('a group that is being deleted is refused', async () => {
    expect(await refusal({ Status: 'Delete in progress' })).toEqual({ ...CAPACITY, observed: `web in ${TOKYO} is being deleted`, override: 'correct `groups` in the runbook, or make the group again' });
  });

  it('a group that may not launch, or whose instances no user would reach, is refused with what AWS says of it', async () => {
    const SuspendedProcesses = [{ ProcessName: 'Launch', SuspensionReason: 'by kim' }, { ProcessName: 'AddToLoadBalancer', SuspensionReason: '' }, { ProcessName: 'Terminate' }];
    expect(await refusal({ SuspendedProcesses })).toEqual({ ...CAPACITY, observed: 'web has suspended processes: Launch (by kim), AddToLoadBalancer', override: `aws autoscaling resume-processes --region ${TOKYO} --auto-scaling-group-name web` });
    expect(await refusal({ SuspendedProcesses: [{ ProcessName: 'Terminate' }] })).toMatchObject({ state: 'ok' });
  });

  it('a group that has all that it is to have need not launch: that it may not is said', async () => {
    const SuspendedProcesses = [{ ProcessName: 'Launch', SuspensionReason: '' }];
    const said = (sizes: Sizes, up: number, state: string) => scaleOut(group(sizes, up, { SuspendedProcesses, TargetGroupARNs: [ARN] }), { health: targets(...instances(up).map(({ InstanceId }): [string, string] => [InstanceId, state])) }).then((step) => step.check());
    expect(await said(READY, 4, 'healthy')).toMatchObject({ state: 'ok', warnings: [{ rule: 'suspended-processes', observed: 'web has all that it is to have, and suspended processes: Launch: what it loses is not replaced', mend: `aws autoscaling resume-processes --region ${TOKYO} --auto-scaling-group-name web` }] });
    expect(await said(READY, 3, 'healthy')).toMatchObject({ state: 'refused' });
    expect(await said(READY, 4, 'unhealthy')).toMatchObject({ state: 'refused' });
    expect(await said([2, 4, 7], 4, 'healthy')).toMatchObject({ state: 'refused' });
  });

  it.each(['ReplaceUnhealthy', 'Terminate'])('a group that keeps an unhealthy instance counts it for ever, and launches no other: %s', async (ProcessName) => {
    const [first, ...rest] = instances(4);
    const Instances = [{ ...first, HealthStatus: 'Unhealthy' }, ...rest];
    const observed = `web has suspended processes: ${ProcessName}`;
    expect(await refusal({ SuspendedProcesses: [{ ProcessName }], Instances })).toMatchObject({ ...CAPACITY, observed });
    expect(await refusal({ SuspendedProcesses: [{ ProcessName }] })).toMatchObject({ state: 'ok' });
    const waits = await scaleOut(group(READY, 4, { SuspendedProcesses: [{ ProcessName }], Instances }), { attempt: 1 });
    expect(await waits.observe()).toMatchObject({ state: 'impossible', because: `${observed}; 3 of 4 instances are in service` });
  });

  it('a target group that no load balancer uses is refused', async () => {
    expect(await refusal({ TargetGroupARNs: [ARN] }, { health: targets(['i-0', 'unused', 'Target.NotInUse']) })).toEqual({
      ...CAPACITY,
      observed: expect.stringMatching(/^no load balancer uses 1 target of web in web: i-0 is unused/) as string,
      threshold: 'a load balancer that sends users to the instances of the group',
      override: 'give the target group a listener of a load balancer, and enable the zones of the group in that: aws elbv2 describe-target-health says which. One that nobody needs: aws autoscaling detach-load-balancer-target-groups',
    });
  });

  it('is said how large it is, that nothing checks it, and what a schedule would take from it', async () => {
    const night = { ScheduledUpdateGroupActions: [{ ScheduledActionName: 'night', DesiredCapacity: 1, Recurrence: '0 22 * * *' }] };
    const bare = await scaleOut(group([1, 1, 8]), { schedule: night });
    expect(await bare.check()).toMatchObject({ state: 'ok', because: 'web: desired capacity 1 of at most 8', warnings: [{ rule: 'target-group', observed: expect.stringContaining('web feeds no target group') as string }, { rule: 'scheduled-scaling' }] });
    expect(bare.isStoppable()).toBe(true);
    const fed = await scaleOut(group([1, 1, 8], 1, { TargetGroupARNs: [ARN] }), { health: targets(['i-0', 'healthy']) });
    expect(await fed.check()).toMatchObject({ state: 'ok', warnings: [] });
  });

  it('a schedule that may not be read is no reason to refuse; a defect is an error', async () => {
    expect(await (await scaleOut(group([1, 1, 8]), { schedule: awsError('AccessDenied') })).check()).toMatchObject({ state: 'ok', warnings: [{ rule: 'target-group' }] });
    await expect((await scaleOut(group([1, 1, 8]), { schedule: new TypeError('a defect') })).check()).rejects.toThrow('a defect');
  });
});

describe('the sizes of the group', () => {
  it.each<[string, Sizes, string]>([
    ['the minimum', [1, 4, 8], 'absent'],
    ['what it wants', [2, 3, 8], 'absent'],
    ['the maximum', [2, 4, 7], 'absent'],
    ['nothing', READY, 'reached'],
    ['nothing, and it is larger', [3, 5, 9], 'reached'],
  ])('are raised where %s is too small', async (_what, sizes, state) => {
    const step = await scaleOut(group(sizes));
    expect((await step.observe()).state).toBe(state);
    // Journaled before the act: the undo needs them. Nothing is, where nothing is to be changed.
    expect(step.recorded).toEqual(state === 'reached' ? {} : { [`sizes.${KEY}`]: { min: sizes[0], desired: sizes[1], max: sizes[2] }, [`activities-before.${KEY}`]: '' });
    expect(step.isStoppable()).toBe(true);
  });

  it('of before the run stay those that the first attempt saw', async () => {
    const step = await scaleOut(group([1, 2, 6]), { facts: { [`sizes.${KEY}`]: { min: 0, desired: 0, max: 6 } } });
    await step.observe();
    expect(step.recorded[`sizes.${KEY}`]).toBeUndefined();
  });

  it('are raised by one request, and none of them is ever lowered', async () => {
    const sent = async (shown: object | undefined) => {
      const step = await scaleOut(shown);
      await step.act();
      expect(step.isStoppable()).toBe(true);
      return step.changes();
    };
    const request = (MinSize: number, DesiredCapacity: number, MaxSize: number) => [{ service: 'autoscaling', operation: 'UpdateAutoScalingGroup', region: TOKYO, input: { AutoScalingGroupName: 'web', MinSize, DesiredCapacity, MaxSize } }];
    expect(await sent(group([1, 1, 1]))).toEqual(request(2, 4, 8));
    expect(await sent(group([3, 1, 1]))).toEqual(request(3, 4, 8));
    expect(await sent(group([1, 9, 1]))).toEqual(request(2, 9, 8));
    expect(await sent(group([1, 1, 9]))).toEqual(request(2, 4, 9));
    expect(await sent(undefined)).toEqual(request(2, 4, 8));
  });

  it('are asked for again with the reason why the last request brought nothing', async () => {
    const small = group([1, 2, 8]);
    const says = async (attempt: number, activities: object[]) => (await scaleOut(small, { attempt, activities, facts: MARKED })).observe();
    const absent = { state: 'absent', because: 'web: desired capacity is 2; changing to 4' };
    expect(await says(0, [failed('new', 'no room'), failed('old', '')])).toEqual(absent);
    expect(await says(1, [{ ActivityId: 'old', StatusCode: 'Successful' }])).toEqual(absent);
    expect(await says(1, [failed('new', 'no room'), { ActivityId: 'old', StatusCode: 'Successful' }])).toEqual({ ...absent, because: `${absent.because}; AWS: Failed: no room` });
  });
});

describe('a group that is gone', () => {
  it.each(['observe', 'holds'] as const)('is being deleted: no wait brings it back, and what still runs is no capacity (%s)', async (what) => {
    expect(await (await scaleOut(group(READY, 4, { Status: 'Delete in progress' })))[what]()).toEqual({ state: 'impossible', because: `web is being deleted in ${TOKYO}` });
  });

  it.each(['observe', 'holds'] as const)('by one answer is looked for again, and forgotten to be missing once it is seen (%s)', async (what) => {
    const gone = await scaleOut(undefined);
    expect(await gone[what]()).toEqual({ state: 'pending', because: `web is not in ${TOKYO}; it was there before, so AWS is asked again`, waitingFor: 'aws' });
    const missing = `lasts.missing.${KEY}`;
    expect(Object.keys(gone.recorded)).toEqual([missing]);
    const back = await scaleOut(group(READY), { facts: { [missing]: { since: 0, last: 0 } } });
    await back[what]();
    expect(back.recorded).toEqual({ [missing]: null });
  });
});

describe('a scaling policy that lowers it again and again', () => {
  const policy = 'something, most likely a scaling policy, has lowered the desired capacity from 4 to 2 again and again; `active.min` of the runbook allows it';

  it('is left its way after two requests, down to the minimum', async () => {
    expect(await (await scaleOut(group([2, 2, 8]), { attempt: 2 })).observe()).toEqual({ state: 'reached', because: `2 instances are in service and healthy; ${policy}` });
    expect(await (await scaleOut(group([2, 2, 8], 1), { attempt: 2 })).observe()).toMatchObject({ state: 'pending', because: '1 of 2 instances are in service' });
  });

  it.each<[string, number, Sizes, Record<string, number>]>([
    ['before that many requests', 1, [2, 2, 8], {}],
    ['below the minimum of the runbook', 2, [2, 1, 8], {}],
    ['down to nothing', 2, [0, 0, 8], { min: 0 }],
    ['with a smaller minimum', 2, [1, 2, 8], {}],
    ['with a smaller maximum', 2, [2, 2, 7], {}],
  ])('is not %s', async (_when, attempt, sizes, params) => {
    expect(await (await scaleOut(group(sizes), { attempt, params, facts: MARKED })).observe()).toMatchObject({ state: 'absent' });
  });
});

describe('instances that are to come', () => {
  const FED = { TargetGroupARNs: [ARN] };

  it('serve only where every target group calls them healthy', async () => {
    const health = targets(['i-0', 'healthy'], ['i-1', 'healthy'], ['i-2', 'healthy'], ['i-3', 'initial']);
    const step = await scaleOut(group(READY, 4, FED), { health });
    const because = '3 of 4 targets are healthy in web; i-3 is initial: AWS gives no reason';
    expect(await step.observe()).toEqual({ state: 'pending', because, waitingFor: 'aws' });
    expect(await step.holds()).toEqual({ state: 'pending', because: because.replace('targets', 'instances'), waitingFor: 'aws' });
    expect(step.isStoppable()).toBe(true);
    const all = { state: 'reached', because: '4 instances are in service and healthy' };
    const good = await scaleOut(group(READY, 4, FED), { health: targets(...instances(4).map(({ InstanceId }): [string, string] => [InstanceId, 'healthy'])) });
    expect([await good.observe(), await good.holds()]).toEqual([all, all]);
  });

  it('do not come while somebody has stopped the group', async () => {
    const step = await scaleOut(group(READY, 3, { SuspendedProcesses: [{ ProcessName: 'Launch', SuspensionReason: 'by kim' }] }));
    expect(await step.observe()).toEqual({ state: 'impossible', because: 'web has suspended processes: Launch (by kim); 3 of 4 instances are in service', next: [`aws autoscaling resume-processes --region ${TOKYO} --auto-scaling-group-name web, then: dr resume`] });
  });

  const HISTORY = `aws autoscaling describe-scaling-activities --region ${TOKYO} --auto-scaling-group-name web --max-items 5`;
  const KEY_HINT = 'AWSServiceRoleForAutoScaling needs the KMS key of the volumes: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html';
  const again = (says: string) => [6, 3, 0].map((minutes) => failed(`n${minutes}`, says, minutes));
  it.each<[string, object[], string, string[]]>([
    ['for want of capacity', [failed('new', 'Insufficient capacity')], 'Insufficient capacity', ['add instance types or zones to web, or free a quota, then: dr resume', HISTORY]],
    ['for want of a key', again('Client.InternalError: Client error on launch'), 'Client.InternalError: Client error on launch', ['correct what AWS names, then: dr resume', KEY_HINT, HISTORY]],
    ['for want of an image', again('AMI ami-1 does not exist'), 'AMI ami-1 does not exist', ['correct what AWS names, then: dr resume', HISTORY]],
  ])('cannot come %s', async (_why, activities, says, next) => {
    expect(await (await scaleOut(group(READY, 3), { activities, facts: MARKED })).observe()).toEqual({ state: 'impossible', because: `web cannot launch: AWS: Failed: ${says}; 3 of 4 instances are in service`, next });
  });

  it('are waited for with what AWS says of them; a reason is only what it said since the run asked', async () => {
    const standby = { ...group(READY, 3), Instances: [...instances(3), { InstanceId: 'i-9', LifecycleState: 'Standby', HealthStatus: 'Healthy' }] };
    const because = '3 of 4 instances are in service; i-9 is Standby';
    expect(await (await scaleOut(standby)).observe()).toEqual({ state: 'pending', because, waitingFor: 'aws' });
    expect(await (await scaleOut(standby, { activities: [failed('new', 'x')], facts: MARKED })).observe()).toEqual({ state: 'pending', because: `${because}; AWS: Failed: x`, waitingFor: 'aws', reason: 'AWS: Failed: x' });
    expect(await (await scaleOut(standby, { activities: [failed('old', 'x')], facts: MARKED })).observe()).toEqual({ state: 'pending', because: `${because}; AWS: Failed: x (before this run waited)`, waitingFor: 'aws' });
  });
});

describe('where users are without a region', () => {
  const rest = 'users do not wait for the rest';
  const enough = { params: { enough: 2 } };
  const quota = { activities: [failed('new', 'You have requested more instances (4) than your current instance limit of 3 allows')], facts: MARKED };

  it('as many as the runbook calls enough lead them there once the rest is three minutes late', async () => {
    const step = await scaleOut(group(READY, 3), enough);
    for (const ms of [0, 50_000, 50_000, 50_000, 29_999]) {
      await step.clock.run(() => step.clock.sleep(ms));
      expect(await step.observe()).toMatchObject({ state: 'pending', because: '3 of 4 instances are in service' });
    }
    expect(step.recorded).not.toHaveProperty([`fewer.${KEY}`]);
    await step.clock.run(() => step.clock.sleep(1));
    expect(await step.observe()).toEqual({ state: 'reached', because: `3 instances are in service and healthy: as many as \`active.min\` of the runbook asks for; ${rest} (3 of 4 instances are in service)` });
    expect(step.recorded).toMatchObject({ [`fewer.${KEY}`]: true });
  });

  it('targets that are not healthy yet are the rest, too', async () => {
    const health = targets(['i-0', 'healthy'], ['i-1', 'healthy'], ['i-2', 'healthy'], ['i-3', 'unhealthy']);
    const step = await scaleOut(group(READY, 4, { TargetGroupARNs: [ARN] }), { ...enough, health });
    for (const ms of [0, 50_000, 50_000, 50_000]) {
      await step.clock.run(() => step.clock.sleep(ms));
      expect(await step.observe()).toMatchObject({ state: 'pending' });
    }
    await step.clock.run(() => step.clock.sleep(30_000));
    expect(await step.observe()).toMatchObject({ state: 'reached', because: expect.stringContaining(`${rest} (3 of 4 targets are healthy in web`) as string });
  });

  it('fewer than that lead nobody there, however late it is, and begin the wait again', async () => {
    const few = targets(['i-0', 'healthy'], ['i-1', 'unhealthy'], ['i-2', 'unhealthy'], ['i-3', 'unhealthy']);
    const step = await scaleOut(group(READY, 4, { TargetGroupARNs: [ARN] }), { ...enough, health: few, facts: { [`lasts.fewer.${KEY}`]: { since: 0, last: new VirtualClock().now() } } });
    expect(await step.observe()).toMatchObject({ state: 'pending' });
    expect(step.recorded).toMatchObject({ [`lasts.fewer.${KEY}`]: null });
    expect(await (await scaleOut(group(READY, 1), enough)).observe()).toMatchObject({ state: 'pending' });
  });

  it('a rest that no wait brings is not waited for', async () => {
    expect(await (await scaleOut(group(READY, 2), { ...enough, ...quota })).observe()).toMatchObject({ state: 'reached', because: expect.stringContaining(`${rest} (web cannot launch: `) as string });
    expect(await (await scaleOut(group(READY, 1), { ...enough, ...quota })).observe()).toMatchObject({ state: 'impossible' });
    expect(await (await scaleOut(group(READY, 2), quota)).observe()).toMatchObject({ state: 'impossible' });
  });

  it('a planned move waits for all: its users are served where they are', async () => {
    const step = await scaleOut(group(READY, 3), { facts: { [`lasts.fewer.${KEY}`]: { since: 0, last: new VirtualClock().now() } } });
    expect(await step.observe()).toMatchObject({ state: 'pending' });
  });

  it('those that led them there are enough at the end of the run, too', async () => {
    const facts = { [`fewer.${KEY}`]: true };
    expect(await (await scaleOut(group(READY, 2), { ...enough, facts })).holds()).toMatchObject({ state: 'reached' });
    expect(await (await scaleOut(group(READY, 1), { ...enough, facts })).holds()).toMatchObject({ state: 'pending' });
    expect(await (await scaleOut(group(READY, 2), enough)).holds()).toMatchObject({ state: 'pending' });
  });
});

describe('at the end of the run', () => {
  const later = (kind: string, params: Record<string, Json>) => ({ kind, params }) as never;
  const scaleIn = (more: Record<string, Json> = {}) => later('auto-scaling-group.scaleIn', { region: TOKYO, group: 'web', min: 1, desired: 1, max: 8, guard: { region: SEOUL, group: 'web', healthy: 1 }, ...more });

  it('a policy may have lowered it to its minimum, and no further', async () => {
    expect(await (await scaleOut(group([2, 2, 8]))).holds()).toEqual({ state: 'reached', because: '2 instances are in service and healthy' });
    expect(await (await scaleOut(group([2, 5, 8], 4))).holds()).toEqual({ state: 'reached', because: '4 instances are in service and healthy' });
    const low = { state: 'pending', because: 'web: something has lowered its sizes to min 1, desired 1, and it is to have 2 or more', waitingFor: 'aws' };
    const step = await scaleOut(group([1, 1, 8]));
    expect(await step.holds()).toEqual(low);
    expect(step.isStoppable()).toBe(true);
    expect(await (await scaleOut(group([1, 1, 8]), { activities: [failed('new', 'x')], facts: MARKED })).holds()).toEqual({ ...low, because: `${low.because}; AWS: Failed: x` });
    expect(await (await scaleOut(group([0, 0, 8]), { params: { min: 0 } })).holds()).toMatchObject({ state: 'pending', because: expect.stringContaining('it is to have 1 or more') as string });
    expect(await (await scaleOut(group([2, 3, 8], 2))).holds()).toEqual({ state: 'pending', because: '2 of 3 instances are in service', waitingFor: 'aws' });
  });

  it.each<[string, Json[] | undefined, string]>([
    ['where a later step of the plan shrinks it', [scaleIn()], 'reached'],
    ['not where that step is of another group', [scaleIn({ group: 'api' })], 'pending'],
    ['not where it is of another region', [scaleIn({ region: SEOUL })], 'pending'],
    ['not where it keeps as much', [scaleIn({ desired: 2 })], 'pending'],
    ['not where it is no such step', [later('auto-scaling-group.scaleOut', { region: TOKYO, group: 'web', min: 1, desired: 1, max: 8 })], 'pending'],
    ['not where nobody knows the plan', undefined, 'pending'],
  ])('it may have less %s', async (_when, planned, state) => {
    expect((await (await scaleOut(group([1, 1, 8]), planned === undefined ? {} : { planned: planned as never })).holds())?.state).toBe(state);
  });
});

describe('what is taken back', () => {
  const before = { [`sizes.${KEY}`]: { min: 1, desired: 2, max: 6 } };
  const undone = async (sizes: Sizes | undefined, facts: Record<string, Json> = before) => {
    const step = await scaleOut(sizes === undefined ? undefined : group(sizes), { facts });
    await step.undo();
    expect(step.isStoppable()).toBe(true);
    return step.changes().map(({ operation, region, input }) => [operation, region, input]);
  };
  const BACK = [['UpdateAutoScalingGroup', TOKYO, { AutoScalingGroupName: 'web', MinSize: 1, DesiredCapacity: 2, MaxSize: 6 }]];

  it('are the sizes of before, also where a policy has moved what is wanted', async () => {
    expect(await undone(READY)).toEqual(BACK);
    expect(await undone([2, 7, 8])).toEqual(BACK);
  });

  it('is nothing where they are so already, the group is gone, or nothing was recorded', async () => {
    expect([await undone([1, 2, 6]), await undone(undefined), await undone(READY, {})]).toEqual([[], [], []]);
  });

  it.each<[string, Sizes]>([['minimum', [1, 2, 8]], ['minimum', [2, 2, 6]], ['minimum', [3, 4, 8]], ['maximum', [2, 4, 9]], ['maximum', [2, 4, 6]]])('is nothing of what somebody else has made of its %s: a person is shown how', async (_what, sizes) => {
    await expect(undone(sizes)).rejects.toMatchObject({
      code: 'SIZE_CHANGED',
      exit: 'refused',
      message: `web in ${TOKYO} was resized by somebody else: it is left as it is.`,
      detail: 'It was 1/2/6 (min/desired/max) before the run.',
      next: [`aws autoscaling update-auto-scaling-group --region ${TOKYO} --auto-scaling-group-name web --min-size 1 --desired-capacity 2 --max-size 6`],
    });
  });

  it('is what was larger before than the runbook wants, too', async () => {
    expect(await undone([3, 5, 9], { [`sizes.${KEY}`]: { min: 3, desired: 3, max: 9 } })).toEqual([['UpdateAutoScalingGroup', TOKYO, { AutoScalingGroupName: 'web', MinSize: 3, DesiredCapacity: 3, MaxSize: 9 }]]);
  });
});
