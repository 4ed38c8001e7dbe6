import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { foundGroup, rentedGroup, twinGroupStep } from '../../../src/kinds/autoscaling/twin.ts';
import type { DrillContext } from '../../../src/model/kind.ts';
import { type AtHand, RUN_FACTS, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* The group that a drill makes, with instances as its original would launch them: in no target group, and deleted again. */

const NAME = 'dr-drill-1a2b3c-web';
const NOBODY = 'dr-drill-1a2b3c-nobody';
const PARAMS = { region: TOKYO, group: NAME, of: 'web', nobody: NOBODY, size: 2 };
const INTENDS = [`autoscaling:${TOKYO}:${NAME} drill twin`];
const OUR_TAG = [{ Key: 'dr:drill', Value: RUN_FACTS.id }];
const TEMPLATE = { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', Version: '$Latest' };
const sizes = { MinSize: 2, DesiredCapacity: 2, MaxSize: 6, Instances: [] as object[] };
const ORIGINAL = { AutoScalingGroupName: 'web', ...sizes, LaunchTemplate: TEMPLATE, VPCZoneIdentifier: 'subnet-1,subnet-2', AvailabilityZones: ['a', 'b'], TargetGroupARNs: ['arn:x'], Tags: [{ Key: 'team', Value: 'shop' }] };
const up = (count: number) => Array.from({ length: count }, (_, i) => ({ InstanceId: `i-${i}`, LifecycleState: 'InService', HealthStatus: 'Healthy' }));
const twin = (more: object = {}) => ({ AutoScalingGroupName: NAME, ...sizes, Tags: OUR_TAG, ...more });
const asg = (operation: 'DeleteAutoScalingGroup' | 'CreateAutoScalingGroup', code: string, message = 'said AWS') => awsError(code, { service: 'autoscaling', operation, message });
const NOT_FOUND = asg('DeleteAutoScalingGroup', 'ValidationError', 'AutoScalingGroup name not found - null');

interface World extends AtHand {
  of?: object | null;
  twin?: object | null;
  params?: Record<string, Json>;
  activities?: object[];
  answers?: Parameters<typeof portOf>[0];
}

async function stepWith({ of = ORIGINAL, twin: made = null, params = {}, activities = [], answers = {}, ...at }: World = {}) {
  const port = portOf({
    DescribeAutoScalingGroups: ({ input }) => ({ AutoScalingGroups: [(input.AutoScalingGroupNames as string[])[0] === NAME ? made : of].filter((one) => one !== null) }),
    DescribeScalingActivities: { Activities: activities },
    DeleteAutoScalingGroup: NOT_FOUND,
    ...answers,
  });
  return { ...(await stepOf('auto-scaling-group.twinGroup', { ...PARAMS, ...params }, { intends: INTENDS, ...at, effects: { aws: port.aws } })), ...port };
}

describe('before a drill', () => {
  it('the group says how it launches, nobody has the name, and what is made may be deleted', async () => {
    const step = await stepWith();
    expect(await step.check()).toEqual({ state: 'ok', because: `${NAME} is free` });
    expect(step.changes()).toEqual([{ service: 'autoscaling', operation: 'DeleteAutoScalingGroup', region: TOKYO, input: { AutoScalingGroupName: NOBODY, ForceDelete: true } }]);
    expect(step.isStoppable()).toBe(true);
    const again = await stepWith({ twin: twin() });
    expect(await again.check()).toMatchObject({ state: 'ok' });
    expect(again.changes()).toEqual([]);
  });

  it('a twin that could not be deleted is refused; where AWS is at work, it may be', async () => {
    const asked = async (error: Error) => (await stepWith({ answers: { DeleteAutoScalingGroup: error } })).check();
    expect(await asked(asg('DeleteAutoScalingGroup', 'AccessDenied'))).toMatchObject({ state: 'refused', refusal: { rule: 'drill-rights', consequence: `${NAME} would be made, and stay`, override: expect.stringContaining('allow autoscaling:DeleteAutoScalingGroup on autoScalingGroupName/dr-drill-*') as string } });
    expect(await asked(asg('DeleteAutoScalingGroup', 'ResourceInUse'))).toMatchObject({ state: 'ok' });
    const other = asg('DeleteAutoScalingGroup', 'ValidationError', 'a name that is none');
    await expect(asked(other)).rejects.toBe(other);
  });

  it('a group of that name that is not of this drill is refused and left alone', async () => {
    const taken = { state: 'refused', refusal: { rule: 'twin-name', observed: `${NAME} exists in ${TOKYO} already: ${NAME} carries no tag dr:drill` } };
    const step = await stepWith({ twin: twin({ Tags: undefined }) });
    expect([await step.check(), await step.observe()]).toMatchObject([taken, taken]);
    expect(step.changes()).toEqual([]);
  });

  it.each<[string, object | null, string]>([
    ['is not there', null, `web is not in ${TOKYO}`],
    ['does not say how it launches', { ...ORIGINAL, LaunchTemplate: undefined }, 'web shows neither a launch template nor a launch configuration'],
  ])('an original that %s is refused', async (_what, of, observed) => {
    expect(await (await stepWith({ of })).check()).toEqual({ state: 'refused', refusal: { rule: 'twin-source', observed, threshold: 'a group that says how its instances are launched', consequence: 'the drill could launch nothing', override: 'none: correct `groups` in the runbook, or the group' } });
  });
});

describe('the twin', () => {
  it('is to be made where it is missing', async () => {
    const step = await stepWith();
    expect(await step.observe()).toEqual({ state: 'absent', because: `there is no ${NAME} in ${TOKYO}` });
    expect([await step.made(), await (await stepWith({ twin: twin() })).made(), await (await stepWith({ twin: twin({ Tags: [] }) })).made()]).toEqual([false, true, false]);
  });

  it('is there once as many as it wants are in service, one at least', async () => {
    const seen = async (instances: number, DesiredCapacity = 2) => (await stepWith({ twin: twin({ DesiredCapacity, Instances: up(instances) }) })).observe();
    expect(await seen(2)).toEqual({ state: 'reached', because: '2 instances of the template of web are in service' });
    expect(await seen(1)).toEqual({ state: 'pending', because: '1 of 2 instances are in service', waitingFor: 'aws' });
    expect(await seen(0, 0)).toMatchObject({ state: 'pending' });
  });

  it('that does not come is waited for with what AWS says, and shows what a failover would meet', async () => {
    const failed = (StatusMessage: string) => ({ activities: [{ ActivityId: 'new', StatusCode: 'Failed', StatusMessage, StartTime: new Date(0) }, { ActivityId: 'old', StatusCode: 'Successful' }], facts: { [`activities-before.${TOKYO}.${NAME}`]: 'old' } });
    const waiting = await stepWith({ twin: twin(), ...failed('who knows') });
    expect(await waiting.observe()).toEqual({ state: 'pending', because: '0 of 2 instances are in service; AWS: Failed: who knows', waitingFor: 'aws' });
    expect(waiting.isStoppable()).toBe(true);
    expect(await (await stepWith({ twin: twin(), ...failed('Insufficient capacity') })).observe()).toEqual({ state: 'impossible', because: 'web could not launch either: AWS: Failed: Insufficient capacity' });
  });

  it('is made as its original, of the size of the drill, in no target group', async () => {
    const step = await stepWith();
    await step.act();
    expect(step.changes()).toEqual([{
      service: 'autoscaling',
      operation: 'CreateAutoScalingGroup',
      region: TOKYO,
      input: {
        AutoScalingGroupName: NAME,
        MinSize: 0,
        MaxSize: 2,
        DesiredCapacity: 2,
        LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' },
        VPCZoneIdentifier: 'subnet-1,subnet-2',
        HealthCheckType: 'EC2',
        Tags: [{ Key: 'team', Value: 'shop' }, ...OUR_TAG, { Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:drill-expires', Value: expect.any(String) as string }].map((tag) => ({ ...tag, PropagateAtLaunch: true })),
      },
    }]);
    expect(step.recorded).toEqual({ [`twin.accepted.autoscaling:${TOKYO}:${NAME}`]: step.clock.now() });
    expect(step.isStoppable()).toBe(true);
    const one = await stepOf('auto-scaling-group.twinGroup', { region: TOKYO, group: NAME, of: 'web', nobody: NOBODY });
    expect(one.kind.params.parse({ region: TOKYO, group: NAME, of: 'web', nobody: NOBODY })).toMatchObject({ size: 1 });
  });

  const launchOf = async (more: object) => {
    const step = await stepWith({ of: { ...ORIGINAL, LaunchTemplate: undefined, ...more } });
    await step.act();
    const { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName } = step.changes()[0]?.input ?? {};
    return { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName };
  };
  it('launches as the group does: by its policy, its template or its configuration, and by ids', async () => {
    const policy = { InstancesDistribution: { OnDemandBaseCapacity: 1 }, LaunchTemplate: { LaunchTemplateSpecification: TEMPLATE, Overrides: [{ InstanceType: 'm6g.large' }, { InstanceType: 'm6i.large', LaunchTemplateSpecification: { ...TEMPLATE, LaunchTemplateId: 'lt-2' } }] } };
    const specification = (LaunchTemplateId: string) => ({ LaunchTemplateSpecification: { LaunchTemplateId, Version: '$Latest' } });
    const byIds = { ...policy, LaunchTemplate: { ...specification('lt-1'), Overrides: [{ InstanceType: 'm6g.large' }, { InstanceType: 'm6i.large', ...specification('lt-2') }] } };
    expect(await launchOf({ LaunchTemplate: TEMPLATE, MixedInstancesPolicy: policy })).toEqual({ MixedInstancesPolicy: byIds });
    expect(await launchOf({ MixedInstancesPolicy: { LaunchTemplate: { LaunchTemplateSpecification: TEMPLATE } } })).toEqual({ MixedInstancesPolicy: { LaunchTemplate: specification('lt-1') } });
    expect(await launchOf({ LaunchTemplate: TEMPLATE, LaunchConfigurationName: 'web-1' })).toEqual({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' } });
    expect(await launchOf({ LaunchConfigurationName: 'web-1' })).toEqual({ LaunchConfigurationName: 'web-1' });
  });

  it('is in the zones of the group where that shows no subnets', async () => {
    for (const VPCZoneIdentifier of [undefined, '']) {
      const step = await stepWith({ of: { ...ORIGINAL, VPCZoneIdentifier, Tags: undefined } });
      await step.act();
      expect(step.changes()[0]?.input).toMatchObject({ AvailabilityZones: ['a', 'b'], Tags: [{ Key: 'dr:drill' }, {}, {}] });
      expect(step.changes()[0]?.input).not.toHaveProperty('VPCZoneIdentifier');
    }
  });

  it('that an earlier attempt has made is looked at; any other refusal is an error', async () => {
    const exists = await stepWith({ answers: { CreateAutoScalingGroup: asg('CreateAutoScalingGroup', 'AlreadyExistsFault') } });
    await exists.act();
    expect(exists.recorded).toEqual({});
    for (const error of [asg('CreateAutoScalingGroup', 'AccessDenied'), Object.assign(new TypeError('a defect'), { code: 'AlreadyExists' })]) {
      await expect((await stepWith({ answers: { CreateAutoScalingGroup: error } })).act()).rejects.toBe(error);
    }
    for (const of of [null, { ...ORIGINAL, LaunchTemplate: undefined }]) {
      const step = await stepWith({ of });
      await expect(step.act()).rejects.toThrow(`web is not in ${TOKYO} any more`);
      expect(step.changes()).toEqual([]);
    }
  });
});

describe('the deletion', () => {
  /** `answers`: what AWS says to each request to delete; so often the twin is seen. */
  async function deleted(answers: (object | Error)[], group: object = twin()) {
    let requests = 0;
    let looks = 0;
    const step = await stepWith({
      answers: {
        DescribeAutoScalingGroups: () => ({ AutoScalingGroups: (looks += 1) > answers.length ? [] : [group] }),
        DeleteAutoScalingGroup: () => answers[requests++] ?? {},
      },
    });
    const error = await step.undo().then(() => undefined, (thrown: unknown) => thrown);
    return { ...step, error, requests };
  }

  it('takes its instances with it, and is over when it is gone', async () => {
    const { error, changes, isStoppable } = await deleted([{}]);
    expect([error, isStoppable()]).toEqual([undefined, true]);
    expect(changes()).toEqual([{ service: 'autoscaling', operation: 'DeleteAutoScalingGroup', region: TOKYO, input: { AutoScalingGroupName: NAME, ForceDelete: true } }]);
  });

  it.each(['ScalingActivityInProgress is passing', 'ResourceInUse', 'ValidationError: a scaling activity is in progress'])('is asked for again while AWS is at work on it: %s', async (said) => {
    const [code = '', message] = said.split(': ');
    const busy = asg('DeleteAutoScalingGroup', code, message);
    expect(await deleted([busy, busy, {}])).toMatchObject({ error: undefined, requests: 3 });
  });

  it('is not asked for where it is going, and over at once where it is gone', async () => {
    expect(await deleted([{}], twin({ Status: 'Delete in progress' }))).toMatchObject({ error: undefined, requests: 0 });
    const gone = await deleted([NOT_FOUND]);
    expect(gone).toMatchObject({ error: undefined, requests: 1 });
    // What was asked to go, and is not there, is gone; of what was not asked an old answer may say so.
    const unsure = (await deleted([asg('DeleteAutoScalingGroup', 'ResourceInUse')])).clock.now();
    expect([gone.clock.now() < unsure, (await deleted([{}])).clock.now() < unsure]).toEqual([true, true]);
  });

  it('of what is not ours is none; another refusal, and no answer, are errors', async () => {
    expect(await deleted([{}], twin({ Tags: [] }))).toMatchObject({ error: { message: `${NAME} carries no tag dr:drill: it is left as it is` }, requests: 0 });
    const wrong = [
      asg('DeleteAutoScalingGroup', 'AccessDenied', 'it was not found that you may'),
      asg('DeleteAutoScalingGroup', 'ValidationError', 'a name that is none'),
      awsError('NoAnswer', { service: 'autoscaling', operation: 'DeleteAutoScalingGroup', httpStatus: undefined, message: 'host not found' }),
      new TypeError('not found'),
    ];
    for (const error of wrong) expect((await deleted([error])).error).toBe(error);
  });
});

describe('what it costs, and what is found of earlier drills', () => {
  const rented = async (group: object | null, template?: object) => {
    const port = portOf({ DescribeAutoScalingGroups: { AutoScalingGroups: group === null ? [] : [{ AutoScalingGroupName: 'web', ...sizes, ...group }] }, DescribeLaunchTemplateVersions: { LaunchTemplateVersions: template === undefined ? [] : [{ LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', VersionNumber: 1, LaunchTemplateData: template }] } });
    const found = await rentedGroup({ effects: { aws: port.aws }, signal: new AbortController().signal } as never, TOKYO, 'web', 2);
    expect(port.isStoppable()).toBe(true);
    return { class: found[0]?.class, found, asked: port.asked };
  };

  it('is the type that runs, or would be launched', async () => {
    const mixed = (more: object) => ({ MixedInstancesPolicy: { LaunchTemplate: { LaunchTemplateSpecification: TEMPLATE, ...more } } });
    expect((await rented({ Instances: [{ InstanceId: 'i-1', LifecycleState: 'InService', HealthStatus: 'Healthy', InstanceType: 'm6g.large' }], ...mixed({ Overrides: [{ InstanceType: 'r6g.large' }] }) })).found).toEqual([{ what: 'instance', class: 'm6g.large', count: 2 }]);
    expect((await rented(mixed({ Overrides: [{ InstanceType: 'r6g.large' }, { InstanceType: 'm6g.large' }] }))).found).toEqual([{ what: 'instance', class: 'r6g.large', count: 2 }]);
    const byTemplate = await rented({ LaunchTemplate: TEMPLATE }, { InstanceType: 't4g.small' });
    expect(byTemplate.found).toEqual([{ what: 'instance', class: 't4g.small', count: 2 }]);
    expect(byTemplate.asked[1]?.input).toMatchObject({ LaunchTemplateId: 'lt-1', Versions: ['$Latest'] });
    const anyVersion = await rented(mixed({ LaunchTemplateSpecification: { LaunchTemplateId: 'lt-1' }, Overrides: [] }), { InstanceType: 't4g.small' });
    expect([anyVersion.class, anyVersion.asked[1]?.input.Versions]).toEqual(['t4g.small', ['$Default']]);
    expect((await rented({ MixedInstancesPolicy: {}, LaunchTemplate: TEMPLATE }, { InstanceType: 't4g.small' })).class).toBe('t4g.small');
  });

  it('is not known where nothing says it', async () => {
    for (const group of [null, {}, { LaunchTemplate: { LaunchTemplateName: 'web' } }, { LaunchTemplate: TEMPLATE }, { MixedInstancesPolicy: {} }, { MixedInstancesPolicy: { LaunchTemplate: {} } }]) expect((await rented(group)).found).toEqual([{ what: 'instance', class: undefined, count: 2 }]);
    expect((await rented({ LaunchTemplate: TEMPLATE }, {})).found).toEqual([{ what: 'instance', class: undefined, count: 2 }]);
    expect((await rented({ LaunchTemplate: { LaunchTemplateName: 'web' } })).asked).toHaveLength(1);
  });

  it('is found by its name or by its tag', () => {
    const made = new Date(1_795_000_000_000);
    const group = twin({ CreatedTime: made, Instances: [{ InstanceType: 'm6g.large' }, {}] });
    expect(foundGroup(TOKYO, group as never)).toEqual({
      resource: `autoscaling:${TOKYO}:${NAME}`, name: NAME, where: TOKYO, run: RUN_FACTS.id, madeAt: made.getTime(), going: false,
      rented: [{ what: 'instance', class: 'm6g.large', count: 1 }, { what: 'instance', class: undefined, count: 1 }],
      byHand: `aws autoscaling delete-auto-scaling-group --region ${TOKYO} --auto-scaling-group-name ${NAME} --force-delete`,
    });
    expect(foundGroup(TOKYO, { AutoScalingGroupName: NAME, Status: 'Delete in progress' } as never)).toMatchObject({ run: undefined, madeAt: undefined, going: true, rented: [] });
    expect(foundGroup(TOKYO, { AutoScalingGroupName: 'renamed', Tags: OUR_TAG } as never)).toMatchObject({ name: 'renamed', run: RUN_FACTS.id });
    expect([foundGroup(TOKYO, { AutoScalingGroupName: 'web', Tags: [] } as never), foundGroup(TOKYO, {} as never)]).toEqual([undefined, undefined]);
  });
});

describe('the step', () => {
  const ctx = { runbook: 'shop', verb: 'drill', source: SEOUL, target: TOKYO, account: '111122223333', drill: { mark: '1a2b3c', startedAt: 0 } } as unknown as DrillContext;

  it('makes something of its own, with rights to twins only', () => {
    const ec2 = (part: string) => `arn:aws:ec2:${TOKYO}:111122223333:${part}`;
    expect(twinGroupStep(ctx, TOKYO, 'web', 2)).toEqual({
      step: 'twinGroup',
      phase: 'compute',
      reversibility: 'compensable',
      title: `Launch 2 instances as web would, in ${NAME}`,
      params: PARAMS,
      controlPlanes: [`autoscaling@${TOKYO}`, `ec2@${TOKYO}`],
      permissions: [
        { actions: ['autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeScalingActivities'], resources: ['*'] },
        { actions: ['autoscaling:CreateAutoScalingGroup', 'autoscaling:CreateOrUpdateTags', 'autoscaling:DeleteAutoScalingGroup'], resources: [`arn:aws:autoscaling:${TOKYO}:111122223333:autoScalingGroup:*:autoScalingGroupName/dr-drill-*`] },
        {
          actions: ['ec2:RunInstances'],
          resources: [...['instance/*', 'volume/*', 'network-interface/*', 'security-group/*', 'key-pair/*', 'subnet/*', 'launch-template/*'].map(ec2), `arn:aws:ec2:${TOKYO}::image/*`, `arn:aws:ec2:${TOKYO}::snapshot/*`],
          conditions: { ArnLike: { 'ec2:LaunchTemplate': [ec2('launch-template/*')] } },
        },
        { actions: ['iam:PassRole'], resources: ['arn:aws:iam::111122223333:role/*'], conditions: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com'] } } },
      ],
      estimate: { p50: 90, p95: 300, basis: 'launch of an instance; it is in no target group' },
      limitMs: 1_800_000,
      changes: [{ resource: `autoscaling:${TOKYO}:${NAME}`, field: 'drill twin', before: 'none', after: '2 instances of the template of web' }],
    });
    expect(twinGroupStep(ctx, TOKYO, 'web', 1)).toMatchObject({ title: `Launch one instance as web would, in ${NAME}`, changes: [{ after: 'one instance of the template of web' }] });
  });
});
