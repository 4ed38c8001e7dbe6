import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { type AtHand, stepOf, TOKYO } from '../context.ts';
import { type Asked, awsError, portOf } from '../port.ts';

/* Instances that a run launches, one answer of AWS at a time: what counts, what is started again, what is asked for, and what is stopped when a run is taken back. */

interface Shown {
  InstanceId: string;
  State: { Name: string };
  [field: string]: unknown;
}

const TOKEN = 'cafecafecafecafe';
const PARAMS = { name: 'web', region: TOKYO, count: 2, template: { name: 'web', version: '$Default' }, existing: { by: 'tag', key: 'app', value: 'shop' }, types: ['m6g.large'], subnets: ['subnet-0a', 'subnet-0b'] };
const FACTS = { 'launch.web': { image: 'ami-1', version: '3', token: TOKEN } };
const OURS = [{ Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:compute', Value: 'web' }];
/** One that runs, and that no run has launched. */
const there = (id: string, Name = 'running', more: object = {}): Shown => ({ InstanceId: id, State: { Name }, ...more });
/** One that a run has launched, of `version` of the template. */
const launched = (id: string, Name = 'running', more: object = {}, version = '3'): Shown => there(id, Name, { ImageId: 'ami-1', Tags: [...OURS, { Key: 'aws:ec2launchtemplate:version', Value: version }], ...more });
const mine = { ClientToken: `dr-${TOKEN}-2-0-0` };
const PLACES = [[undefined, 'subnet-0a'], [undefined, 'subnet-0b'], ['m6g.large', 'subnet-0a'], ['m6g.large', 'subnet-0b']];
const checks = (Status: string) => ({ Status });

/** What AWS shows of instances where it is asked by tags of a run or of the runbook, and by their states. */
function matching(shown: readonly Shown[], { input }: Asked): Shown[] {
  const filters = input.Filters as { Name: string; Values: string[] }[];
  const states = filters.find(({ Name }) => Name === 'instance-state-name')?.Values ?? [];
  const byRun = filters.some(({ Name, Values }) => Name === 'tag:dr:compute' && Values[0] === 'web');
  return shown.filter((one) => states.includes(one.State.Name) && ('Tags' in one) === byRun);
}

interface World extends AtHand {
  params?: Record<string, Json>;
  answers?: Parameters<typeof portOf>[0];
  failing?: readonly string[];
}

async function launch(shown: readonly Shown[], { params = {}, answers = {}, failing = [], facts = FACTS, ...at }: World = {}) {
  const port = portOf({
    DescribeInstances: (request) => ({ Reservations: [{ Instances: matching(shown, request) }] }),
    DescribeInstanceStatus: ({ input }) => ({ InstanceStatuses: (input.InstanceIds as string[]).map((InstanceId) => ({ InstanceId, InstanceState: { Name: 'running' }, InstanceStatus: checks(failing.includes(InstanceId) ? 'impaired' : 'ok'), SystemStatus: checks('ok') })) }),
    ...answers,
  });
  const step = await stepOf('ec2-image.launch', { ...PARAMS, ...params }, { ...at, facts, effects: { aws: port.aws } });
  return { ...step, ...port };
}

const observed = async (shown: readonly Shown[], world: World = {}) => (await launch(shown, world)).observe();

describe('the instances of a side', () => {
  it('are there once so many run and have passed their checks, no matter who launched them', async () => {
    const step = await launch([there('i-1'), launched('i-2')]);
    const reached = { state: 'reached', because: '2 instances running, status checks passed' };
    expect([await step.check(), await step.observe(), await step.holds()]).toEqual([{ state: 'ok', because: 'image and template were looked at by the gate' }, reached, reached]);
    expect(step.asked.find(({ operation }) => operation === 'DescribeInstanceStatus')?.input).toEqual({ InstanceIds: ['i-1', 'i-2'] });
    expect(step.isStoppable()).toBe(true);
    expect(await observed([there('i-1'), there('i-2', 'pending')], { failing: ['i-2'] })).toEqual({ state: 'pending', because: 'status checks passed: 1 of 2 instances; i-2: its instance check is impaired', waitingFor: 'aws' });
  });

  it('are too few: they are launched, and those that this run starts for it are written down before', async () => {
    const step = await launch([there('i-1'), launched('i-2', 'stopped')]);
    expect(await step.observe()).toEqual({ state: 'absent', because: '1 of 2 instances of web running' });
    expect(step.recorded).toEqual({ 'started.web': ['i-2'] });
  });

  it('of this run are waited for once one of them is seen: a launch is all or nothing', async () => {
    expect(await observed([launched('i-1', 'pending', mine)])).toEqual({ state: 'pending', because: '1 of 2 launched instances can be seen', waitingFor: 'aws' });
    expect(await observed([launched('i-1', 'running', { ClientToken: 'dr-of-another-run-2-0-0' })])).toMatchObject({ state: 'absent' });
    expect(await observed([launched('i-1', 'running', mine)], { facts: {} })).toMatchObject({ state: 'absent' });
  });

  it('that are still stopping are waited for, as many as are missing', async () => {
    expect(await observed([launched('i-1', 'stopping'), launched('i-2', 'stopping'), launched('i-3', 'stopping')])).toEqual({ state: 'pending', because: '2 instances still stopping', waitingFor: 'aws' });
    expect(await observed([launched('i-1', 'stopping'), launched('i-2', 'stopped')])).toMatchObject({ state: 'absent' });
  });

  it('that have ended right after the launch end the step with what AWS says of it', async () => {
    const ended = launched('i-9', 'terminated', { ...mine, StateReason: { Message: 'Client.InternalError' } });
    const end = { state: 'impossible', because: '1 of 2 instances of web running; i-9 has ended: AWS: Client.InternalError', next: ['correct what AWS names, then start another run: the request of this one answers with the same instances', 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html'] };
    const step = await launch([there('i-1'), ended], { attempt: 1 });
    expect(await step.observe()).toEqual(end);
    expect(step.isStoppable()).toBe(true);
    // Also where others of the same launch run: no wait brings the missing one.
    expect(await observed([launched('i-1', 'running', mine), ended], { attempt: 1 })).toEqual(end);
    expect(await observed([there('i-1'), launched('i-9', 'shutting-down', { ...mine, StateReason: { Message: 'x' } })], { attempt: 1 })).toMatchObject({ state: 'impossible' });
  });

  it.each<[string, World, object]>([
    ['before this run has asked for any', {}, {}],
    ['of another run', { attempt: 1 }, { ClientToken: 'dr-of-another-run-2-0-0' }],
    ['by hand', { attempt: 1 }, { ClientToken: undefined }],
    ['without a reason', { attempt: 1 }, { StateReason: undefined }],
    ['and whose launch nobody has journaled', { attempt: 1, facts: {} }, {}],
  ])('that have ended %s end nothing', async (_what, world, more) => {
    expect(await observed([launched('i-9', 'terminated', { ...mine, StateReason: { Message: 'x' }, ...more })], world)).toEqual({ state: 'absent', because: '0 of 2 instances of web running' });
  });
});

describe('what is started again', () => {
  it.each<[string, Shown, boolean]>([
    ['of the image and the version that would be launched now', launched('i-1', 'stopped'), true],
    ['that shows no version', launched('i-1', 'stopped', { Tags: OURS }), true],
    ['of another image', launched('i-1', 'stopped', { ImageId: 'ami-0' }), false],
    ['of another version', launched('i-1', 'stopped', {}, '2'), false],
    ['that a person stopped', there('i-1', 'stopped', { ImageId: 'ami-1' }), false],
  ])('is one %s', async (_what, instance, isStarted) => {
    const step = await launch([instance]);
    await step.observe();
    expect(step.recorded).toEqual({ 'started.web': isStarted ? ['i-1'] : [] });
  });

  it('is no more than what is missing, and the rest is launched', async () => {
    const more = await launch([launched('i-1', 'stopped'), launched('i-2', 'stopped'), launched('i-3', 'stopped')]);
    await more.act();
    expect(more.changes()).toEqual([{ service: 'ec2', operation: 'StartInstances', region: TOKYO, input: { InstanceIds: ['i-1', 'i-2'] } }]);
    const half = await launch([there('i-4'), launched('i-1', 'stopped'), launched('i-2', 'stopped')]);
    await half.act();
    expect(half.changes().map(({ input }) => input.InstanceIds)).toEqual([['i-1']]);
    const one = await launch([launched('i-1', 'stopped')]);
    await one.act();
    expect(one.changes().map(({ operation, input }) => [operation, input.MinCount])).toEqual([['StartInstances', undefined], ['RunInstances', 1]]);
    expect(one.isStoppable()).toBe(true);
  });

  it('and has no room is launched instead', async () => {
    const step = await launch([launched('i-1', 'stopped'), there('i-2')], { answers: { StartInstances: awsError('InsufficientInstanceCapacity', { operation: 'StartInstances' }) } });
    await step.act();
    expect(step.changes().map(({ operation, input }) => [operation, input.MinCount])).toEqual([['StartInstances', undefined], ['RunInstances', 1]]);
  });
});

describe('the request', () => {
  it('names image and version of the gate, the tags of the runbook, and a token of this run', async () => {
    const step = await launch([]);
    await step.act();
    expect(step.changes()).toEqual([{
      service: 'ec2',
      operation: 'RunInstances',
      region: TOKYO,
      input: { LaunchTemplate: { LaunchTemplateName: 'web', Version: '3' }, ImageId: 'ami-1', MinCount: 2, MaxCount: 2, ClientToken: `dr-${TOKEN}-2-0-0`, TagSpecifications: [{ ResourceType: 'instance', Tags: OURS }], SubnetId: 'subnet-0a' },
    }]);
    const anywhere = await launch([], { params: { subnets: [] } });
    await anywhere.act();
    expect(anywhere.changes()[0]?.input).not.toHaveProperty('SubnetId');
  });

  it('is made in each subnet and of each type, and then ends the step with what was tried', async () => {
    const full = { RunInstances: awsError('InsufficientInstanceCapacity', { operation: 'RunInstances' }), StartInstances: awsError('InsufficientInstanceCapacity', { operation: 'StartInstances' }) };
    const step = await launch([launched('i-1', 'stopped'), launched('i-2', 'stopped')], { answers: full });
    await expect(step.act()).rejects.toMatchObject({
      code: 'NO_CAPACITY',
      message: `${TOKYO} has no capacity for web: none to start i-1, i-2 again; no instance of the template’s type in subnet-0a; no instance of the template’s type in subnet-0b; no m6g.large in subnet-0a; no m6g.large in subnet-0b`,
      next: ['name other `types` or `subnets` for web in the runbook; then: dr resume', expect.stringContaining('capacity reservation') as string],
    });
    expect(step.changes().map(({ input: { InstanceType, SubnetId } }) => [InstanceType, SubnetId])).toEqual([[undefined, undefined], ...PLACES, ...PLACES]);
    expect(step.changes().slice(1).map(({ input: { MinCount } }) => MinCount)).toEqual([2, 2, 2, 2, 1, 1, 1, 1]);
    await expect((await launch([], { answers: full })).act()).rejects.toMatchObject({ message: expect.not.stringContaining('to start') as string });
  });

  it('is made one by one where no place has room for all, each with a number of its own', async () => {
    const rooms = new Map([['subnet-0a', 1], ['subnet-0b', 2]]);
    const RunInstances = ({ input }: Asked) => {
      const [subnet, wanted] = [input.SubnetId as string, input.MinCount as number];
      const room = input.InstanceType === undefined ? (rooms.get(subnet) ?? 0) : 0;
      if (room < wanted) return awsError('InsufficientInstanceCapacity', { operation: 'RunInstances' });
      rooms.set(subnet, room - wanted);
      return {};
    };
    const step = await launch([], { params: { count: 3 }, answers: { RunInstances } });
    await step.act();
    const made = step.changes().slice(PLACES.length).map(({ input }) => [input.MinCount, input.SubnetId, input.ClientToken]);
    expect(made).toEqual([
      [1, 'subnet-0a', `dr-${TOKEN}-one-0-0-0`], [1, 'subnet-0a', `dr-${TOKEN}-one-1-0-0`], [1, 'subnet-0b', `dr-${TOKEN}-one-1-0-1`],
      [1, 'subnet-0a', `dr-${TOKEN}-one-2-0-0`], [1, 'subnet-0b', `dr-${TOKEN}-one-2-0-1`],
    ]);
    expect(step.recorded).toMatchObject({ 'launch-one-by-one.web': true });
    // A later attempt asks for what is missing, and for nothing together.
    rooms.set('subnet-0b', 1);
    const single = launched('i-1', 'running', { ClientToken: `dr-${TOKEN}-one-0-0-0` });
    const later = await launch([single], { params: { count: 3 }, facts: { ...FACTS, 'launch-one-by-one.web': true }, answers: { RunInstances } });
    await expect(later.act()).rejects.toMatchObject({ code: 'NO_CAPACITY', message: expect.stringContaining('one by one 1 of 2 were launched') as string });
    expect(later.changes().every(({ input }) => input.MinCount === 1)).toBe(true);
    expect(later.changes()[1]?.input.ClientToken).toBe(`dr-${TOKEN}-one-1-0-1`);
  });

  it('of instances one by one is no promise of the others: what does not show for half a minute is asked for again', async () => {
    const single = launched('i-1', 'running', { ClientToken: `dr-${TOKEN}-one-0-0-0` });
    const step = await launch([single]);
    expect(await step.observe()).toEqual({ state: 'pending', because: '1 of 2 launched instances can be seen', waitingFor: 'aws' });
    await step.clock.run(() => step.clock.sleep(29_000));
    expect(await step.observe()).toMatchObject({ state: 'pending' });
    await step.clock.run(() => step.clock.sleep(1_000));
    expect(await step.observe()).toEqual({ state: 'absent', because: '1 of 2 instances of web running' });
  });

  it.each<[string, Error]>([
    ['has no answer, for it may have launched', awsError('NoAnswer', { operation: 'RunInstances', httpStatus: undefined })],
    ['is refused for another reason', awsError('UnauthorizedOperation', { operation: 'RunInstances', httpStatus: 403 })],
    ['meets a defect', new TypeError('a defect')],
  ])('that %s is tried in no other place', async (_what, error) => {
    const step = await launch([], { answers: { RunInstances: error } });
    await expect(step.act()).rejects.toBe(error);
    expect(step.changes()).toHaveLength(1);
  });

  it('is made of the next type where the image does not run on one', async () => {
    const unfit = awsError('InvalidParameterValue', { operation: 'RunInstances', message: "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the specified AMI." });
    const answers = { RunInstances: ({ input }: Asked) => (input.InstanceType === 'm7g.large' ? {} : input.InstanceType === undefined ? awsError('InsufficientInstanceCapacity', { operation: 'RunInstances' }) : unfit) };
    const step = await launch([], { params: { types: ['m6i.large', 'm7g.large'], subnets: ['subnet-0a'] }, answers });
    await step.act();
    expect(step.changes().map(({ input: { InstanceType } }) => InstanceType)).toEqual([undefined, 'm6i.large', 'm7g.large']);
    // The type of the template does not fit: no other place mends that.
    const own = await launch([], { params: { subnets: ['subnet-0a'] }, answers: { RunInstances: unfit } });
    await expect(own.act()).rejects.toBe(unfit);
    const other = awsError('InvalidParameterValue', { operation: 'RunInstances', message: 'Value (x) for parameter groupId is invalid' });
    const wrong = await launch([], { params: { subnets: ['subnet-0a'] }, answers: { RunInstances: ({ input }: Asked) => (input.InstanceType === undefined ? awsError('InsufficientInstanceCapacity', { operation: 'RunInstances' }) : other) } });
    await expect(wrong.act()).rejects.toBe(other);
  });

  it('is none where enough run by now, or where nothing was chosen', async () => {
    for (const shown of [[there('i-1'), there('i-2')], [there('i-1'), there('i-2'), there('i-3')]]) {
      const enough = await launch(shown);
      await enough.act();
      expect(enough.changes()).toEqual([]);
    }
    const none = await launch([], { facts: {} });
    await expect(none.act()).rejects.toThrow('no image of web was chosen');
    expect(none.asked).toEqual([]);
  });

  it('may take two minutes', async () => {
    const { kind } = await launch([]);
    expect(kind.actMs?.({})).toBe(120_000);
  });
});

describe('what is taken back', () => {
  /** Instances that stop a while after they were asked to. */
  async function undone(shown: Shown[], facts: Record<string, Json>) {
    const asked: string[][] = [];
    const step = await launch(shown, {
      facts,
      answers: {
        StopInstances: ({ input }) => {
          asked.push(input.InstanceIds as string[]);
          if (asked.length === 2) for (const one of shown) one.State = { Name: 'stopping' };
          return {};
        },
      },
    });
    const began = step.clock.now();
    await step.undo();
    return { asked, took: step.clock.now() - began, waits: step.waits(), services: step.changes().map(({ service }) => service), isStoppable: step.isStoppable() };
  }

  it('is what this run launched or started: stopped, and asked again until it is seen', async () => {
    const shown = [launched('i-1', 'running', mine), launched('i-2'), there('i-3'), launched('i-4', 'running', { ClientToken: 'dr-of-another-run-2-0-0' })];
    const { asked, took, waits, services, isStoppable } = await undone(shown, { ...FACTS, 'started.web': ['i-2'] });
    expect(asked).toEqual([['i-1', 'i-2'], ['i-1', 'i-2']]);
    expect([took, waits.map(({ cause }) => cause), services, isStoppable]).toEqual([10_000, ['aws'], ['ec2', 'ec2'], true]);
  });

  it('is nothing where nothing was launched, or nobody knows by which token', async () => {
    expect((await undone([launched('i-1'), there('i-3')], FACTS)).asked).toEqual([]);
    expect((await undone([launched('i-1', 'running', mine)], {})).asked).toEqual([]);
  });
});
