import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { foundInstance, twinInstancesStep } from '../../../src/kinds/ec2/twin.ts';
import type { DrillContext } from '../../../src/model/kind.ts';
import { type AtHand, RUN_FACTS, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* The instances that a drill launches, in no target group: found by name and by client token, and terminated only where they prove to be its own. */

const TWIN = 'dr-drill-1a2b3c-web';
const FROM = { by: 'template', template: { name: 'web', version: '$Default' }, image: { name: 'web-*' }, subnets: [] as string[] } as const;
const PARAMS = { name: 'web', region: TOKYO, twin: TWIN, from: FROM, size: 2, types: [] as string[] };
const ORIGINALS = { by: 'instances', ids: ['i-0000000a', 'i-0000000b'] };
const RESOURCE = `ec2:${TOKYO}:${TWIN}`;
const ACCEPTED = `twin.accepted.${RESOURCE}`;
const FACTS = { 'launch.web': { image: 'ami-1', version: '3', token: 'cafe' } };
const NOBODY = 'i-00000000000000000';
const GUIDE = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html';
const RUN_TAG = { Key: 'dr:drill', Value: RUN_FACTS.id };
const NAME_TAG = { Key: 'Name', Value: TWIN };

interface Shown {
  InstanceId: string;
  State: { Name: string };
  Tags?: { Key: string; Value: string }[];
  [field: string]: unknown;
}
const twin = (n: number, Name = 'running', more: object = {}): Shown => ({ InstanceId: `i-0000000${n}`, State: { Name }, Tags: [NAME_TAG, RUN_TAG], ...more });
const at = (operation: 'TerminateInstances' | 'RunInstances') => ({ service: 'ec2', operation }) as const;

interface World extends AtHand {
  named?: Shown[];
  byToken?: Shown[];
  failing?: readonly string[];
  params?: Record<string, Json>;
  answers?: Parameters<typeof portOf>[0];
}

async function stepWith({ named = [], byToken = [], failing = [], params = {}, answers = {}, ...more }: World = {}) {
  const check = (Status: string) => ({ Status });
  const port = portOf({
    DescribeInstances: ({ input }) => {
      if (input.InstanceIds !== undefined) return { Reservations: [{ Instances: ORIGINALS.ids.map((InstanceId) => ({ InstanceId, State: { Name: 'stopped' }, ImageId: 'ami-1', SubnetId: 'subnet-1', InstanceType: 'm6g.large', SecurityGroups: [{ GroupId: 'sg-1' }] })) }] };
      return { Reservations: [{ Instances: (input.Filters as { Name: string }[])[0]?.Name === 'tag:Name' ? named : byToken }] };
    },
    DescribeInstanceStatus: ({ input }) => ({ InstanceStatuses: (input.InstanceIds as string[]).map((InstanceId) => ({ InstanceId, InstanceState: { Name: 'running' }, InstanceStatus: check(failing.includes(InstanceId) ? 'impaired' : 'ok'), SystemStatus: check('ok') })) }),
    DescribeImages: { Images: [{ ImageId: 'ami-1', State: 'available' }] },
    DescribeLaunchTemplateVersions: { LaunchTemplateVersions: [{ LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', VersionNumber: 3, LaunchTemplateData: {} }] },
    TerminateInstances: ({ input }) => (input.DryRun === true ? awsError('DryRunOperation', { ...at('TerminateInstances'), httpStatus: 412 }) : {}),
    ...answers,
  });
  return { ...(await stepOf('ec2-image.twinInstances', { ...PARAMS, ...params }, { intends: [`${RESOURCE} drill twin`], facts: FACTS, ...more, effects: { aws: port.aws } })), ...port };
}
const observed = async (world: World) => (await stepWith(world)).observe();
const both = [twin(1), twin(2)];

describe('before a drill', () => {
  it('nobody has the name, the source is fit, and what is launched may be terminated', async () => {
    const step = await stepWith();
    expect(await step.check()).toEqual({ state: 'ok', because: `${TWIN} can be launched, and nobody has the name` });
    expect(step.changes()).toEqual([{ service: 'ec2', operation: 'TerminateInstances', region: TOKYO, input: { InstanceIds: [NOBODY], DryRun: true } }]);
    expect(step.isStoppable()).toBe(true);
    // Where AWS looks for the instance first, nothing is learnt.
    expect(await (await stepWith({ answers: { TerminateInstances: awsError('InvalidInstanceID.NotFound', at('TerminateInstances')) } })).check()).toMatchObject({ state: 'ok' });
    const again = await stepWith({ named: both });
    expect(await again.check()).toMatchObject({ state: 'ok' });
    expect(again.changes()).toEqual([]);
  });

  it('twins that could not be terminated are refused', async () => {
    const asked = async (error: Error) => (await stepWith({ answers: { TerminateInstances: error } })).check();
    expect(await asked(awsError('UnauthorizedOperation', at('TerminateInstances')))).toMatchObject({ state: 'refused', refusal: { rule: 'drill-rights', consequence: `${TWIN} would be made, and stay`, override: expect.stringContaining(`allow ec2:TerminateInstances on instance/${NOBODY}, and on instances whose tag Name is dr-drill-*`) as string } });
    for (const error of [awsError('NoAnswer', { ...at('TerminateInstances'), httpStatus: undefined }), Object.assign(new TypeError('a defect'), { code: 'DryRunOperation' })]) await expect(asked(error)).rejects.toBe(error);
  });

  it('a source of which something would stay is refused', async () => {
    const DescribeLaunchTemplateVersions = { LaunchTemplateVersions: [{ LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', VersionNumber: 3, LaunchTemplateData: { NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1' }] } }] };
    const step = await stepWith({ answers: { DescribeLaunchTemplateVersions } });
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { rule: 'twin-leaves' } });
    expect(step.changes()).toEqual([]);
  });

  it.each<[string, World, string]>([
    ['name', { named: [twin(1, 'running', { Tags: [NAME_TAG] })] }, `i-00000001 in ${TOKYO} has the name ${TWIN} already: ${TWIN} carries no tag dr:drill`],
    ['token', { byToken: [twin(1, 'running', { Tags: undefined })] }, `i-00000001 in ${TOKYO} has the name ${TWIN} already: i-00000001 is no name of a twin`],
    ['name of another run', { named: [twin(2, 'running', { Tags: [NAME_TAG, { Key: 'dr:drill', Value: 'other' }] }), twin(1, 'running', { Tags: [NAME_TAG] })] }, `i-00000001 in ${TOKYO} has the name ${TWIN} already: ${TWIN} carries no tag dr:drill`],
  ])('what has the %s and does not prove to be ours is refused', async (_what, world, seen) => {
    const step = await stepWith(world);
    const taken = { state: 'refused', refusal: { rule: 'twin-name', observed: seen, consequence: 'what somebody else has made would be taken for a twin' } };
    expect([await step.check(), await step.observe()]).toMatchObject([taken, taken]);
    expect(step.changes()).toEqual([]);
  });

  it('what somebody else had of that name, and is terminated, is in nobody’s way', async () => {
    expect(await observed({ named: [twin(9, 'terminated', { Tags: [NAME_TAG] })] })).toMatchObject({ state: 'absent' });
  });
});

describe('the twins', () => {
  it('are looked for by their name and by the token of this run, once each', async () => {
    const step = await stepWith({ named: both, byToken: [twin(1)] });
    expect(await step.observe()).toEqual({ state: 'reached', because: '2 instances running, status checks passed' });
    const filters = step.asked.flatMap(({ input }) => (input.Filters as { Name: string; Values: string[] }[] | undefined) ?? []);
    expect(filters).toEqual([{ Name: 'tag:Name', Values: [TWIN] }, { Name: 'client-token', Values: [expect.stringMatching(/^dr-drill-[0-9a-f]{16}-\*$/)] }]);
    expect(step.asked.at(-1)?.input).toEqual({ InstanceIds: ['i-00000001', 'i-00000002'] });
    expect(step.isStoppable()).toBe(true);
    expect(await observed({ named: [twin(2), twin(1)], failing: ['i-00000002'] })).toMatchObject({ state: 'pending', because: expect.stringContaining('status checks passed: 1 of 2 instances') as string });
  });

  it('are missing, or all there once one of them is: from a template a launch is all or nothing', async () => {
    expect(await observed({})).toEqual({ state: 'absent', because: `there is no ${TWIN} in ${TOKYO}` });
    expect(await observed({ named: [twin(1, 'pending')] })).toEqual({ state: 'pending', because: '1 of 2 twins can be seen', waitingFor: 'aws' });
    // Of stopped instances each is a request of its own.
    expect(await observed({ named: [twin(1)], params: { from: ORIGINALS } })).toEqual({ state: 'absent', because: '1 of 2 twins were launched' });
  });

  it.each([['terminated', 'terminated'], ['going', 'shutting-down']])('of which one has ended (%s) show what a failover would meet', async (_what, state) => {
    const end = { state: 'impossible', next: ['correct what AWS names, then start another drill', GUIDE] };
    expect(await observed({ named: [twin(1), twin(2, state, { StateReason: { Message: 'Client.InternalError' } })] })).toEqual({ ...end, because: `${TWIN} has ended; i-00000002 has ended: AWS: Client.InternalError` });
    expect(await observed({ named: [twin(2, state)] })).toEqual({ ...end, because: `${TWIN} has ended` });
  });

  it('were made by this run where they prove it, or their tag says so', async () => {
    const made = async (world: World) => (await stepWith(world)).made();
    expect([await made({}), await made({ named: both }), await made({ named: both, intends: [] }), await made({ named: [twin(1, 'running', { Tags: [NAME_TAG, { Key: 'dr:drill', Value: 'other' }] })] })]).toEqual([false, true, true, false]);
  });
});

describe('the launch', () => {
  it('has the tags of a twin, and a token that is the same in each attempt', async () => {
    const step = await stepWith();
    await step.act();
    const request = { LaunchTemplate: { LaunchTemplateName: 'web', Version: '3' }, ImageId: 'ami-1', DisableApiTermination: false, MinCount: 2, MaxCount: 2, ClientToken: expect.stringMatching(/^dr-drill-[0-9a-f]{16}-0-0-0$/) as string };
    const Tags = [RUN_TAG, { Key: 'dr:runbook', Value: 'shop' }, { Key: 'dr:drill-expires', Value: expect.any(String) as string }, NAME_TAG];
    expect(step.changes()).toEqual([{ service: 'ec2', operation: 'RunInstances', region: TOKYO, input: { ...request, TagSpecifications: [{ ResourceType: 'instance', Tags }] } }]);
    expect(step.recorded).toEqual({ [ACCEPTED]: step.clock.now() });
    expect(step.isStoppable()).toBe(true);
    const again = await stepWith();
    await again.act();
    expect(again.changes()).toEqual(step.changes());
    const other = await stepWith({ params: { twin: `${TWIN}-2` } });
    await other.act();
    expect(other.changes()[0]?.input.ClientToken).not.toBe(step.changes()[0]?.input.ClientToken);
    const looked = await stepWith();
    await looked.observe();
    const filters = looked.asked.flatMap(({ input }) => input.Filters as { Values: string[] }[]);
    expect(step.changes()[0]?.input.ClientToken).toMatch(new RegExp(`^${filters[1]?.Values[0] ?? 'none'}`.replace('*', '')));
  });

  it('is one request for each stopped instance', async () => {
    const step = await stepWith({ params: { from: ORIGINALS } });
    await step.act();
    expect(step.changes().map(({ input: { ClientToken, MinCount } }) => [String(ClientToken).slice(-6), MinCount])).toEqual([['-0-0-0', 1], ['-1-0-0', 1]]);
  });

  it('without room ends the step with what was tried, and is not accepted', async () => {
    const step = await stepWith({ answers: { RunInstances: awsError('InsufficientInstanceCapacity', at('RunInstances')) } });
    await expect(step.act()).rejects.toMatchObject({ code: 'NO_CAPACITY', message: `${TOKYO} has no capacity for web: no instance of the template’s type`, next: ['a failover would fail the same way now: name other `types` for web in the runbook', expect.any(String)] });
    expect(step.recorded).toEqual({});
    expect(step.kind.actMs?.({})).toBe(300_000);
  });
});

describe('the deletion', () => {
  /** `looks`: what is seen at each look, the last one on; `answers`: what AWS says to each request. */
  async function deleted(looks: Shown[][], { answers = [], ...world }: Omit<World, 'answers'> & { answers?: Error[] } = {}) {
    let look = -1;
    const requests: unknown[] = [];
    const step = await stepWith({
      ...world,
      answers: {
        DescribeInstances: ({ input }) => {
          if ((input.Filters as { Name: string }[])[0]?.Name === 'tag:Name') look += 1;
          return { Reservations: [{ Instances: looks[Math.min(look, looks.length - 1)] ?? [] }] };
        },
        TerminateInstances: ({ input }) => (requests.push(input.InstanceIds), answers[requests.length - 1] ?? {}),
      },
    });
    const began = step.clock.now();
    const error = await step.undo().then(() => undefined, (thrown: unknown) => thrown);
    return { ...step, error, requests, took: step.clock.now() - began };
  }
  const going = [twin(1, 'shutting-down'), twin(2, 'shutting-down')];

  it('terminates what is ours, once, and is over when nothing of it is there', async () => {
    const { error, requests, changes, isStoppable, took } = await deleted([both, going, []]);
    expect([error, requests]).toEqual([undefined, [['i-00000001', 'i-00000002']]]);
    expect(changes()[0]).toMatchObject({ service: 'ec2', region: TOKYO });
    expect(isStoppable()).toBe(true);
    expect(took).toBeLessThan(60_000);
    expect((await deleted([[twin(1, 'terminated'), twin(2, 'terminated')]])).requests).toEqual([]);
  });

  it('asks for those only that are not going yet', async () => {
    expect((await deleted([[twin(1, 'shutting-down'), twin(2)], going, []])).requests).toEqual([['i-00000002']]);
  });

  it('waits for those that were launched and are not seen yet', async () => {
    // One of two was seen: the other one may show, and is terminated then.
    const late = await deleted([[twin(1)], [], [], [twin(2)], []]);
    expect(late.requests).toEqual([['i-00000001'], ['i-00000002']]);
    const shorter = await deleted([[twin(1), twin(2)], []]);
    expect(late.took).toBeGreaterThan(shorter.took);
    expect((await deleted([[twin(1), twin(3, 'terminated')], []])).took).toBe(shorter.took);
    expect((await deleted([[twin(1)], []])).took).toBeGreaterThan(60_000);
    const ending = await deleted([[twin(1, 'shutting-down')], []]);
    expect([ending.took > 60_000, ending.requests]).toEqual([true, []]);
    expect((await deleted([[twin(1, 'shutting-down'), twin(3, 'terminated')], []])).took).toBe(shorter.took);
  });

  it('asks again where AWS does not know the instances yet; another refusal is an error', async () => {
    const unknown = awsError('InvalidInstanceID.NotFound', at('TerminateInstances'));
    expect(await deleted([both, both, []], { answers: [unknown] })).toMatchObject({ error: undefined, requests: [['i-00000001', 'i-00000002'], ['i-00000001', 'i-00000002']] });
    expect((await deleted([both, []], { answers: [unknown] })).took).toBeGreaterThan(60_000);
    for (const error of [awsError('OperationNotPermitted', at('TerminateInstances')), Object.assign(new TypeError('a defect'), { code: 'InvalidInstanceID' })]) expect((await deleted([both, []], { answers: [error] })).error).toBe(error);
  });

  it('leaves what is not ours, once ours is gone, and says so', async () => {
    const stranger = twin(5, 'running', { Tags: [NAME_TAG] });
    expect(await deleted([[twin(1), twin(2), stranger], [stranger]])).toMatchObject({ error: { message: `${TWIN} carries no tag dr:drill: it is left as it is` }, requests: [['i-00000001', 'i-00000002']] });
    expect((await deleted([[twin(1), stranger], [stranger]])).requests).toEqual([['i-00000001']]);
    expect(await deleted([[twin(5, 'running', { Tags: undefined })]])).toMatchObject({ error: { message: 'i-00000005 is no name of a twin: it is left as it is' }, requests: [] });
  });
});

it('an instance of an earlier drill is found by its name or by its tag; those of a group go with the group', () => {
  const made = new Date(1_795_000_000_000);
  const of = (more: object, Name = 'running') => foundInstance(TOKYO, twin(1, Name, { InstanceType: 'm6g.large', LaunchTime: made, ...more }) as never);
  const found = { resource: RESOURCE, name: TWIN, where: TOKYO, run: RUN_FACTS.id, madeAt: made.getTime(), going: false, rented: [{ what: 'instance', class: 'm6g.large', count: 1 }], byHand: `aws ec2 terminate-instances --region ${TOKYO} --instance-ids i-00000001` };
  expect(of({})).toEqual(found);
  expect(of({ LaunchTime: undefined, Tags: [NAME_TAG] }, 'shutting-down')).toEqual({ ...found, run: undefined, madeAt: undefined, going: true });
  expect(of({ Tags: [RUN_TAG] })).toMatchObject({ name: 'i-00000001', resource: `ec2:${TOKYO}:i-00000001` });
  expect([of({ Tags: [{ Key: 'Name', Value: 'web' }] }), of({ Tags: undefined }), of({}, 'terminated'), of({ Tags: [NAME_TAG, RUN_TAG, { Key: 'aws:autoscaling:groupName', Value: 'g' }] })]).toEqual([undefined, undefined, undefined, undefined]);
});

describe('the step', () => {
  const ctx = { runbook: 'shop', verb: 'drill', source: SEOUL, target: TOKYO, account: '111122223333', drill: { mark: '1a2b3c', startedAt: 0 } } as unknown as DrillContext;
  const ec2 = (part: string) => `arn:aws:ec2:${TOKYO}:111122223333:${part}`;
  const tags = (where: string) => ({ StringEquals: { [`aws:${where}/dr:runbook`]: ['shop'] }, StringLike: { [`aws:${where}/Name`]: ['dr-drill-*'] } });
  const OTHERS = [`arn:aws:ec2:${TOKYO}::image/*`, `arn:aws:ec2:${TOKYO}::snapshot/*`, ...['volume/*', 'network-interface/*', 'security-group/*', 'key-pair/*', 'subnet/*'].map(ec2)];
  const LOOKS = { actions: ['ec2:DescribeInstances', 'ec2:DescribeInstanceStatus', 'ec2:DescribeImages', 'ec2:DescribeLaunchTemplateVersions'], resources: ['*'] };
  const after = [
    { actions: ['ec2:CreateTags'], resources: [ec2('instance/*')], conditions: { StringEquals: { 'ec2:CreateAction': ['RunInstances'] } } },
    { actions: ['ec2:TerminateInstances'], resources: [ec2('instance/*')], conditions: tags('ResourceTag') },
    { actions: ['ec2:TerminateInstances'], resources: [ec2(`instance/${NOBODY}`)] },
  ];

  it('from a template may launch from that only, and terminate only what carries its tags', () => {
    const template = { ArnLike: { 'ec2:LaunchTemplate': [ec2('launch-template/*')] } };
    expect(twinInstancesStep(ctx, 'web', { from: FROM, size: 2, types: [] })).toEqual({
      step: 'twinInstances',
      phase: 'compute',
      reversibility: 'compensable',
      title: `Launch 2 instances as ${TWIN}, from the template of web`,
      params: PARAMS,
      controlPlanes: [`ec2@${TOKYO}`],
      permissions: [
        LOOKS,
        { actions: ['ec2:RunInstances'], resources: [ec2('instance/*')], conditions: { ...template, ...tags('RequestTag') } },
        { actions: ['ec2:RunInstances'], resources: [...OTHERS, ec2('launch-template/*')], conditions: template },
        ...after,
        { actions: ['iam:PassRole'], resources: ['arn:aws:iam::111122223333:role/*'], conditions: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com'] } } },
      ],
      estimate: { p50: 120, p95: 300, basis: 'launch, boot and both status checks; it is in no target group' },
      limitMs: 1_800_000,
      changes: [{ resource: RESOURCE, field: 'drill twin', before: 'none', after: '2 instances from the template of web' }],
    });
    const byId = twinInstancesStep(ctx, 'web', { from: { ...FROM, template: { id: 'lt-1', version: 3 } }, size: 1, types: [] });
    expect(byId.permissions[2]?.resources.at(-1)).toBe(ec2('launch-template/lt-1'));
  });

  it('of stopped instances has no template, and no role to pass', () => {
    const { title, permissions, changes } = twinInstancesStep(ctx, 'web', { from: ORIGINALS as never, size: 1, types: [] });
    expect([title, changes[0]?.after]).toEqual([`Launch 1 instance as ${TWIN}, from the image of a stopped one of web`, '1 instance from the image of a stopped one of web']);
    expect(permissions).toEqual([LOOKS, { actions: ['ec2:RunInstances'], resources: [ec2('instance/*')], conditions: tags('RequestTag') }, { actions: ['ec2:RunInstances'], resources: OTHERS }, ...after]);
  });
});
