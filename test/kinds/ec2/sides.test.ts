import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { existingIn, isLaunched, launchedTags, ourInstances } from '../../../src/kinds/ec2/ours.ts';
import { registeredTargets } from '../../../src/kinds/ec2/register.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError } from '../port.ts';

/* Instances of one side: which they are, that they are let in, and that they are stopped only while another side carries the users. */

const arnOf = (region: string) => `arn:aws:elasticloadbalancing:${region}:111122223333:targetgroup/web/0123456789abcdef`;
const id = (n: number) => `i-0000000${n}`;
const instance = (n: number, Name = 'running', more: object = {}) => ({ InstanceId: id(n), State: { Name }, ...more });
const tags = (all: Record<string, string>) => ({ Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })) });

interface Asked {
  service: string;
  operation: string;
  region: string;
  input: Record<string, unknown>;
  signal?: unknown;
}

/** `instances`: what each region answers to DescribeInstances, asked of the request; `health`: of the target groups, id and state. */
function portOf({ instances = {}, health = {}, type, template }: { instances?: Record<string, object[] | ((input: Record<string, unknown>) => object[])>; health?: Record<string, [string, string, string?][]>; type?: string | Error | undefined; template?: object | undefined }) {
  const asked: Asked[] = [];
  const call = (request: Asked) => {
    asked.push(request);
    const here = instances[request.region] ?? [];
    const output: Record<string, unknown> = {
      DescribeInstances: { Reservations: [{ Instances: typeof here === 'function' ? here(request.input) : here }] },
      DescribeTargetHealth: { TargetHealthDescriptions: (health[request.region] ?? []).map(([Id, State, Reason]) => ({ Target: { Id, Port: 80 }, TargetHealth: { State, ...(Reason === undefined ? {} : { Reason }) } })) },
      DescribeLaunchTemplateVersions: { LaunchTemplateVersions: template === undefined ? [] : [template] },
    };
    if (request.operation === 'DescribeTargetGroups') return type instanceof Error ? Promise.reject(type) : Promise.resolve({ output: { TargetGroups: [{ TargetGroupArn: arnOf(request.region), TargetGroupName: 'web', TargetType: type }] }, requestId: 'r' });
    return Promise.resolve({ output: output[request.operation] ?? {}, requestId: 'r' });
  };
  return { asked, aws: { call } as never };
}

const stepWith = async (kind: string, params: Json, world: Parameters<typeof portOf>[0]) => {
  const { asked, aws } = portOf(world);
  return { asked, step: await stepOf(kind, params, { effects: { aws } }) };
};

describe('instances of the side that waits', () => {
  const stop = (guard: Record<string, Json>, world: Parameters<typeof portOf>[0]) =>
    stepWith('ec2-instances.stop', { name: 'web', region: SEOUL, ids: [id(1), id(2)], guard: { region: TOKYO, wanted: 2, ...guard } }, world);
  const running = { [SEOUL]: [instance(1), instance(2, 'pending'), instance(3, 'stopped')] };
  const refusal = (healthy: string) => ({ state: 'refused', refusal: { rule: 'last-healthy-side', observed: `${TOKYO} has ${healthy} of web`, threshold: '2', consequence: `${SEOUL} may be the last side that can serve users`, override: `none: bring ${TOKYO} up first, then: dr resume` } });

  it('are stopped while enough targets of the other side are healthy, and not with one fewer', async () => {
    const target = { targetGroup: arnOf(TOKYO) };
    const enough = await stop(target, { instances: running, health: { [TOKYO]: [['a', 'healthy'], ['b', 'healthy'], ['c', 'unhealthy']] } });
    expect(await enough.step.check()).toEqual({ state: 'ok', because: 'the other side is looked at right before' });
    expect(await enough.step.observe()).toEqual({ state: 'absent', because: `2 instances running in ${SEOUL}; ${TOKYO} has 2 healthy` });
    const few = await stop(target, { instances: running, health: { [TOKYO]: [['a', 'healthy'], ['c', 'unhealthy']] } });
    expect(await few.step.observe()).toEqual(refusal('1 healthy instance'));
    expect(few.asked.every(({ signal }) => signal !== undefined)).toBe(true);
  });

  it('are stopped while enough instances of the other side run, by their ids or as the runbook finds them', async () => {
    const byIds = await stop({ ids: [id(7), id(8)] }, { instances: { ...running, [TOKYO]: [instance(7), instance(8, 'stopping')] } });
    expect(await byIds.step.observe()).toEqual(refusal('1 healthy instance'));
    const byTag = await stop({ existing: { by: 'tag', key: 'app', value: 'shop' } }, { instances: { ...running, [TOKYO]: [instance(7), instance(8)] } });
    expect(await byTag.step.observe()).toMatchObject({ state: 'absent' });
    expect(byTag.asked.filter(({ region }) => region === TOKYO).map(({ input }) => input.Filters)).toContainEqual([{ Name: 'tag:app', Values: ['shop'] }, { Name: 'instance-state-name', Values: ['running'] }]);
    const byTarget = await stop({ existing: { by: 'tag', key: 'app', value: 'shop' }, targetGroup: arnOf(TOKYO) }, { instances: { ...running, [TOKYO]: [instance(7), instance(8)] } });
    expect(await byTarget.step.observe()).toMatchObject({ state: 'refused' });
  });

  it('that none runs of is done without a look at the other side', async () => {
    const { step, asked } = await stop({ targetGroup: arnOf(TOKYO) }, { instances: { [SEOUL]: [instance(1, 'stopped'), instance(2, 'stopping')] } });
    expect(await step.observe()).toEqual({ state: 'reached', because: `no instance of web runs in ${SEOUL}` });
    await step.act();
    expect(asked.map(({ operation }) => operation)).toEqual(['DescribeInstances', 'DescribeInstances']);
  });

  it('are stopped by one request, of those that are up', async () => {
    const { step, asked } = await stop({}, { instances: running });
    await step.act();
    expect(asked.map(({ operation, region, input }) => [operation, region, input])).toEqual([['DescribeInstances', SEOUL, { InstanceIds: [id(1), id(2)] }], ['StopInstances', SEOUL, { InstanceIds: [id(1), id(2)] }]]);
    expect(asked[1]?.signal).toBeDefined();
  });

  it('without ids are those that runs of this runbook have launched', async () => {
    const { step, asked } = await stepWith('ec2-instances.stop', { name: 'web', region: SEOUL, guard: { region: TOKYO, wanted: 1 } }, { instances: running });
    await step.observe();
    expect(asked[0]?.input.Filters).toEqual([{ Name: 'tag:dr:runbook', Values: ['shop'] }, { Name: 'tag:dr:compute', Values: ['web'] }, { Name: 'instance-state-name', Values: ['pending', 'running'] }]);
  });
});

describe('targets of a load balancer', () => {
  const register = (more: Record<string, Json>, world: Parameters<typeof portOf>[0]) => stepWith('ec2-instances.register', { name: 'web', region: TOKYO, targetGroup: arnOf(TOKYO), wanted: 2, ids: [id(1), id(2), id(3)], ...more }, world);
  const three = [instance(1), instance(2), instance(3, 'stopped')];
  const both: [string, string][] = [[id(1), 'healthy'], [id(2), 'healthy']];

  it('are registered where they run and are not yet, each once', async () => {
    const { step, asked } = await register({}, { instances: { [TOKYO]: three }, health: { [TOKYO]: [[id(1), 'healthy']] } });
    expect(await step.check()).toEqual({ state: 'ok', because: 'web has 1 target' });
    expect(await step.observe()).toEqual({ state: 'absent', because: '1 instance not registered yet' });
    await step.act();
    expect(asked.at(-1)).toMatchObject({ service: 'elbv2', operation: 'RegisterTargets', region: TOKYO });
    expect(asked.at(-1)?.input).toStrictEqual({ TargetGroupArn: arnOf(TOKYO), Targets: [{ Id: id(2) }] });
    expect(asked.find(({ operation }) => operation === 'DescribeInstances')?.input).toEqual({ InstanceIds: [id(1), id(2), id(3)] });
    expect(asked.every(({ signal }) => signal !== undefined)).toBe(true);
    const port = await register({ port: 8080 }, { instances: { [TOKYO]: three }, health: { [TOKYO]: [[id(1), 'healthy']] } });
    await port.step.act();
    expect(port.asked.at(-1)?.input.Targets).toEqual([{ Id: id(2), Port: 8080 }]);
    const all = await register({}, { instances: { [TOKYO]: three }, health: { [TOKYO]: both } });
    await all.step.act();
    expect(all.asked.map(({ operation }) => operation)).not.toContain('RegisterTargets');
  });

  it('are waited for until enough are healthy, with the reason of AWS, and looked at again in the end', async () => {
    const good = await register({}, { instances: { [TOKYO]: three }, health: { [TOKYO]: both } });
    const reached = { state: 'reached', because: '2 targets are healthy in web' };
    expect([await good.step.observe(), await good.step.holds()]).toEqual([reached, reached]);
    expect(good.asked.every(({ signal }) => signal !== undefined)).toBe(true);
    const bad = await register({}, { instances: { [TOKYO]: three }, health: { [TOKYO]: [[id(1), 'healthy'], [id(2), 'initial']] } });
    const pending = { state: 'pending', because: `1 of 2 targets are healthy in web; ${id(2)} is initial: AWS gives no reason`, waitingFor: 'aws' };
    expect([await bad.step.observe(), await bad.step.holds()]).toEqual([pending, pending]);
    const few = await register({ wanted: 3 }, { instances: { [TOKYO]: three }, health: { [TOKYO]: both } });
    expect(await few.step.observe()).toEqual({ state: 'pending', because: '2 of 3 targets are healthy in web', waitingFor: 'aws' });
  });

  it('that are addresses take no instances: said before anything is changed', async () => {
    const said = async (type: string | Error | undefined) => (await register({}, { type })).step.check();
    expect(await said('ip')).toEqual({ state: 'refused', refusal: {
      rule: 'target-type', observed: 'web takes targets of the type ip, and instances are registered by their ids', threshold: 'a target group of the type instance', consequence: 'the load balancer would refuse the instances, after the point of no return',
      override: 'none: the type of a target group cannot be changed. Make one of that type, give it the listener, and name it under `targets` in the runbook',
    } });
    for (const type of ['instance', undefined, awsError('AccessDenied')]) expect(await said(type)).toMatchObject({ state: 'ok' });
    await expect(said(new TypeError('a defect'))).rejects.toThrow('a defect');
  });

  it.each(['draining', 'unhealthy.draining'])('are registered again where they are being deregistered (%s): no wait brings them back', async (state) => {
    const { step, asked } = await register({}, { instances: { [TOKYO]: three }, health: { [TOKYO]: [[id(1), 'healthy'], [id(2), state, 'Target.DeregistrationInProgress']] } });
    expect(await step.observe()).toEqual({ state: 'absent', because: '1 instance not registered yet' });
    await step.act();
    expect(asked.at(-1)?.input).toStrictEqual({ TargetGroupArn: arnOf(TOKYO), Targets: [{ Id: id(2) }] });
  });

  it('count once, however many ports they are registered at', async () => {
    const ports: [string, string][] = [[id(1), 'healthy'], [id(1), 'healthy'], [id(2), 'healthy'], [id(2), 'unhealthy']];
    const { step } = await register({}, { instances: { [TOKYO]: three }, health: { [TOKYO]: ports } });
    const pending = { state: 'pending', because: expect.stringMatching(/^1 of 2 targets are healthy in web; i-00000002 is unhealthy/) as string, waitingFor: 'aws' };
    expect([await step.observe(), await step.holds()]).toEqual([pending, pending]);
    const guard = { region: TOKYO, wanted: 2, targetGroup: arnOf(TOKYO) };
    const stop = await stepWith('ec2-instances.stop', { name: 'web', region: SEOUL, ids: [id(1)], guard }, { instances: { [SEOUL]: [instance(1)] }, health: { [TOKYO]: ports } });
    expect(await stop.step.observe()).toMatchObject({ state: 'refused', refusal: { observed: `${TOKYO} has 1 healthy instance of web` } });
  });

  it('that no run has launched are found as the runbook says', async () => {
    const { step, asked } = await register({ existing: { by: 'tag', key: 'app', value: 'shop' } }, { instances: { [TOKYO]: three }, health: { [TOKYO]: both } });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    expect(asked.filter(({ operation }) => operation === 'DescribeInstances').every(({ input }) => 'Filters' in input)).toBe(true);
  });

  it('of a region are said with their zone; an address has none', async () => {
    const { aws, asked } = portOf({ instances: { [TOKYO]: [instance(1, 'running', { Placement: { AvailabilityZone: 'a' } })] }, health: { [TOKYO]: [[id(1), 'healthy'], [id(1), 'unhealthy', 'Target.Timeout'], ['10.0.0.1', 'draining']] } });
    const ctx = { effects: { aws }, signal: new AbortController().signal } as never;
    expect(await registeredTargets(ctx, { groups: { [TOKYO]: arnOf(TOKYO) } }, TOKYO)).toEqual([
      { id: id(1), zone: 'a', healthy: true, because: 'healthy' },
      { id: id(1), zone: 'a', healthy: false, because: 'unhealthy: Target.Timeout' },
      { id: '10.0.0.1', zone: undefined, healthy: false, because: expect.stringMatching(/^draining/) as string },
    ]);
    expect(asked.map(({ input }) => input)).toEqual([{ TargetGroupArn: arnOf(TOKYO) }, { InstanceIds: [id(1)] }]);
    expect(asked.every(({ signal }) => signal !== undefined)).toBe(true);
    expect([await registeredTargets(ctx, { groups: {} }, TOKYO), await registeredTargets(ctx, undefined, TOKYO)]).toEqual([[], []]);
    const none = portOf({ health: { [TOKYO]: [['10.0.0.1', 'healthy']] } });
    await registeredTargets({ effects: { aws: none.aws }, signal: new AbortController().signal } as never, { groups: { [TOKYO]: arnOf(TOKYO) } }, TOKYO);
    expect(none.asked.map(({ operation }) => operation)).toEqual(['DescribeTargetHealth']);
  });
});

describe('our instances', () => {
  const LAUNCHED = tags({ 'dr:runbook': 'shop', 'dr:compute': 'web' });
  const ours = async (existing: Parameters<typeof ourInstances>[1]['existing'], world: { launched?: object[]; existing?: object[]; health?: [string, string][]; template?: object }) => {
    const isLaunchedFilter = (input: Record<string, unknown>) => JSON.stringify(input).includes('dr:compute');
    const { aws, asked } = portOf({ instances: { [TOKYO]: (input) => (isLaunchedFilter(input) ? (world.launched ?? []) : (world.existing ?? [])) }, health: { [TOKYO]: world.health ?? [] }, template: world.template });
    const ctx = { effects: { aws }, signal: new AbortController().signal, runbook: 'shop' } as unknown as StepContext;
    const found = await ourInstances(ctx, { name: 'web', region: TOKYO, existing }, ['running']);
    return { ids: found.map(({ InstanceId }) => InstanceId), asked };
  };
  const RUNS = { Name: 'instance-state-name', Values: ['running'] };
  const TAG = { by: 'tag', key: 'app', value: 'shop' } as const;

  it('are those that runs launched and those that the runbook finds, once each, in order', async () => {
    const { ids, asked } = await ours(TAG, { launched: [instance(5), instance(2)], existing: [instance(3), instance(2)] });
    expect(ids).toEqual([id(2), id(3), id(5)]);
    expect(asked.map(({ input }) => input.Filters)).toEqual([[{ Name: 'tag:dr:runbook', Values: ['shop'] }, { Name: 'tag:dr:compute', Values: ['web'] }, RUNS], [{ Name: 'tag:app', Values: ['shop'] }, RUNS]]);
    expect(asked.every(({ signal }) => signal !== undefined)).toBe(true);
  });

  it('are none of a group, which would start another one, and no twin of a drill; what a run launched is its own', async () => {
    const { ids } = await ours(TAG, { launched: [instance(1, 'running', LAUNCHED)], existing: [instance(2, 'running', tags({ 'aws:autoscaling:groupName': 'g' })), instance(3, 'running', tags({ 'dr:drill': 'R1' })), instance(4)] });
    expect(ids).toEqual([id(1), id(4)]);
  });

  it('are found by their target group, where it has instances', async () => {
    const by = { by: 'targets', targetGroup: arnOf(TOKYO) } as const;
    const { asked } = await ours(by, { health: [[id(4), 'healthy'], ['10.0.0.1', 'healthy'], [id(5), 'unhealthy'], [id(6), 'draining']] });
    expect(asked.map(({ input }) => input.Filters)).toContainEqual([{ Name: 'instance-id', Values: [id(4), id(5)] }, RUNS]);
    const none = await ours(by, { health: [['10.0.0.1', 'healthy']], existing: [instance(9)] });
    expect([none.ids, none.asked.length]).toEqual([[], 2]);
  });

  it('are found by the id of their template, which AWS is asked for where the runbook has its name', async () => {
    const byId = await ours({ by: 'template', template: { id: 'lt-0123456789abcdef0', version: 3 } }, {});
    expect(byId.asked.map(({ operation }) => operation)).toEqual(['DescribeInstances', 'DescribeInstances']);
    expect(byId.asked[1]?.input.Filters).toEqual([{ Name: 'tag:aws:ec2launchtemplate:id', Values: ['lt-0123456789abcdef0'] }, RUNS]);
    const named = await ours({ by: 'template', template: { name: 'web', version: 3 } }, { template: { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', VersionNumber: 3, LaunchTemplateData: {} } });
    expect(named.asked.map(({ input }) => input.Filters)).toContainEqual([{ Name: 'tag:aws:ec2launchtemplate:id', Values: ['lt-1'] }, RUNS]);
    const gone = await ours({ by: 'template', template: { name: 'web', version: 3 } }, { existing: [instance(9)] });
    expect(gone.ids).toEqual([]);
  });

  it('carry the tags of their runbook and of their resource, both', () => {
    expect(launchedTags('shop', 'web')).toEqual([{ Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:compute', Value: 'web' }]);
    const is = (all: Record<string, string>) => isLaunched({ runbook: 'shop' }, 'web', tags(all));
    expect([is({ 'dr:runbook': 'shop', 'dr:compute': 'web' }), is({ 'dr:runbook': 'shop' }), is({ 'dr:compute': 'web' }), is({ 'dr:runbook': 'shop', 'dr:compute': 'api' }), isLaunched({ runbook: 'shop' }, 'web', {})]).toEqual([true, false, false, false, false]);
  });

  it('are recognised as the runbook says: by a tag, else by the target group, else by the template', () => {
    const template = { id: 'lt-1', version: 1 };
    const resource = { template: { [TOKYO]: template }, targets: { groups: { [TOKYO]: arnOf(TOKYO) } } };
    const of = (more: object) => existingIn({ ...resource, ...more } as never, TOKYO);
    expect([of({ existing: { key: 'app', value: 'shop' } }), of({}), of({ targets: undefined }), of({ targets: { groups: {} } })]).toEqual([TAG, { by: 'targets', targetGroup: arnOf(TOKYO) }, { by: 'template', template }, { by: 'template', template }]);
  });
});
