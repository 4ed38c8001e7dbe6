import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { imageRefusal } from '../../../src/kinds/ec2/image-gate.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { stepOf, TOKYO } from '../context.ts';
import { portOf } from '../port.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const DAY_MS = 86_400_000;
const image = (id: string, ageMs: number, more: object = {}) => ({ ImageId: id, Name: `api-${id}`, State: 'available', CreationDate: new Date(NOW - ageMs).toISOString(), ...more });
const PARAMS = { name: 'api', region: TOKYO, template: { name: 'api', version: '$Default' }, image: { name: 'api-*' }, existing: { by: 'tag', key: 'role', value: 'api' }, subnets: ['subnet-0a'], maxAgeMs: 90 * DAY_MS };

interface Answers {
  images?: object[];
  version?: object | undefined;
  instances?: object[];
  params?: Record<string, Json | undefined>;
  facts?: Record<string, Json>;
}

async function gate({ images = [image('ami-1', DAY_MS)], instances = [], params = {}, facts = {}, ...rest }: Answers = {}) {
  const version = 'version' in rest ? rest.version : { VersionNumber: 3 };
  const output = (operation: string): object => {
    if (operation === 'DescribeImages') return { Images: images };
    if (operation === 'DescribeLaunchTemplateVersions') return { LaunchTemplateVersions: version === undefined ? [] : [version] };
    return { Reservations: [{ Instances: instances }] };
  };
  const port = portOf(Object.fromEntries(['DescribeImages', 'DescribeLaunchTemplateVersions', 'DescribeInstances'].map((operation) => [operation, output(operation)])));
  const step = await stepOf('ec2-image.imageGate', { ...PARAMS, ...params }, { clock: new VirtualClock(NOW), effects: { aws: port.aws }, facts });
  return { ...step, ...port };
}

const inputOf = (step: { asked: { operation: string; input: unknown }[] }, operation: string) => step.asked.find((one) => one.operation === operation)?.input;

it('subnets of the runbook and network interfaces of the template are refused together: EC2 takes one of them', async () => {
  const version = { VersionNumber: 3, LaunchTemplateData: { NetworkInterfaces: [{ DeviceIndex: 0, Groups: ['sg-1'] }] } };
  const subnets = ['subnet-0a'];
  const observed = 'version 3 of the launch template has network interfaces, and the runbook names subnets: EC2 takes only one of them in a launch';
  const both = await gate({ version, params: { subnets } });
  expect(await both.check()).toMatchObject({ state: 'refused', refusal: { rule: 'image', observed } });
  expect(await both.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'image', observed } });
  expect(await (await gate({ version, params: { subnets: [] } })).check()).toMatchObject({ state: 'ok' });
  expect(await (await gate({ params: { subnets } })).check()).toMatchObject({ state: 'ok' });
});

it('where nobody names a subnet EC2 takes a default one, which may be gone', async () => {
  const named = async (more: object, subnets?: string[]) => {
    const said = await (await gate({ version: { VersionNumber: 3, LaunchTemplateData: more }, params: { subnets } })).check();
    return said.state === 'ok' ? (said.warnings ?? []) : said;
  };
  expect(await named({})).toMatchObject([{ rule: 'launch-subnet', observed: `neither the runbook nor version 3 of the launch template names a subnet for api: EC2 launches in the default VPC of ${TOKYO}, and nothing where that was deleted`, mend: 'name `subnets` of api in the runbook' }]);
  expect(await named({ NetworkInterfaces: [{ DeviceIndex: 0, Groups: ['sg-1'] }] })).toMatchObject([{ rule: 'launch-subnet' }]);
  expect(await named({ NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: 'subnet-0a' }] })).toEqual([]);
  expect(await named({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: 'eni-1' }] })).toEqual([]);
  expect(await named({}, ['subnet-0a'])).toEqual([]);
});

describe('the image that is chosen', () => {
  it('is the newest of that name that is available, with the version that the template stands for', async () => {
    const step = await gate({ images: [image('ami-old', 9 * DAY_MS), image('ami-new', 2 * DAY_MS), image('ami-middle', 5 * DAY_MS), image('ami-copying', 0, { State: 'pending' })] });
    expect(await step.check()).toEqual({ state: 'ok', because: 'ami-new (api-ami-new), 2d old' });
    expect(await step.observe()).toEqual({ state: 'reached', because: 'ami-new (api-ami-new), 2d old' });
    expect(step.recorded['launch.api']).toEqual({ image: 'ami-new', version: '3', token: expect.stringMatching(/^[0-9a-f]{16}$/) as string });
    expect(inputOf(step, 'DescribeImages')).toMatchObject({ Owners: ['self'], Filters: [{ Name: 'name', Values: ['api-*'] }] });
    expect(inputOf(step, 'DescribeLaunchTemplateVersions')).toMatchObject({ LaunchTemplateName: 'api', Versions: ['$Default'] });
    expect(step.isStoppable()).toBe(true);
  });

  it('is looked for by name and tag, by tag alone, or by id', async () => {
    const tag = { key: 'role', value: 'api' };
    const both = await gate({ params: { image: { name: 'api-*', tag } } });
    await both.check();
    expect(inputOf(both, 'DescribeImages')).toMatchObject({ Filters: [{ Name: 'name', Values: ['api-*'] }, { Name: 'tag:role', Values: ['api'] }] });
    const tagged = await gate({ params: { image: { tag } } });
    await tagged.check();
    expect(inputOf(tagged, 'DescribeImages')).toMatchObject({ Owners: ['self'], Filters: [{ Name: 'tag:role', Values: ['api'] }] });
    const named = await gate({ params: { image: { id: 'ami-0123456789abcdef0' } }, images: [image('ami-0123456789abcdef0', 0)] });
    expect(await named.check()).toMatchObject({ state: 'ok' });
    expect(inputOf(named, 'DescribeImages')).toMatchObject({ ImageIds: ['ami-0123456789abcdef0'] });
    expect(inputOf(named, 'DescribeImages')).not.toHaveProperty('Owners');
  });

  it('may be as old as the runbook says, and not a moment older; without a limit, any age', async () => {
    expect(await (await gate({ images: [image('ami-1', 90 * DAY_MS)] })).check()).toMatchObject({ state: 'ok' });
    expect(await (await gate({ images: [image('ami-1', 90 * DAY_MS + 1000)] })).check()).toMatchObject({ state: 'refused', refusal: { threshold: 'at most 90d old' } });
    expect(await (await gate({ images: [image('ami-1', 900 * DAY_MS)], params: { maxAgeMs: undefined } })).check()).toMatchObject({ state: 'ok' });
  });

  it('that is a copy has the age of the copying, and is called no younger than it may be', async () => {
    const copy = await gate({ images: [image('ami-1', DAY_MS, { SourceImageId: 'ami-seoul', SourceImageRegion: 'ap-northeast-2' })] });
    expect(await copy.check()).toEqual({ state: 'ok', because: 'ami-1 (api-ami-1), copied 1d ago from ami-seoul' });
  });

  it('of unknown age is refused where age counts', async () => {
    const nameless = [image('ami-1', 0, { CreationDate: undefined, Name: undefined })];
    expect(await (await gate({ images: nameless })).check()).toMatchObject({ state: 'refused', refusal: { rule: 'image', observed: 'the image ami-1 is of unknown age' } });
    expect(await (await gate({ images: [image('ami-1', -5000, { Name: undefined })] })).check()).toEqual({ state: 'ok', because: 'ami-1, 0.0 s old' });
  });

  it.each<[object, string]>([
    [{ name: 'api-*' }, 'api-*'],
    [{ tag: { key: 'role', value: 'api' } }, 'role=api'],
    [{ name: 'api-*', tag: { key: 'role', value: 'api' } }, 'api-*, role=api'],
    [{ id: 'ami-0123456789abcdef0' }, 'ami-0123456789abcdef0'],
  ])('is none: %o', async (wanted, shown) => {
    expect(await (await gate({ images: [], params: { image: wanted as Json } })).check()).toMatchObject({ state: 'refused', refusal: { observed: `${TOKYO} has no image ${shown} that is available`, threshold: 'a copied image' } });
  });

  it('is not usable, with what AWS says of it and what mends it', async () => {
    const of = async (more: object) => (await gate({ images: [image('ami-1', 0, more)], params: { image: { id: 'ami-0123456789abcdef0' } } })).check();
    const failed = { rule: 'image', observed: 'the image ami-1 is failed: the snapshot is gone', threshold: 'available', override: `none: copy the image into ${TOKYO} again, or name another one in the runbook` };
    expect(await of({ State: 'failed', StateReason: { Message: 'the snapshot is gone' } })).toMatchObject({ state: 'refused', refusal: failed });
    expect(await of({ State: 'failed', StateReason: {} })).toMatchObject({ refusal: { ...failed, observed: 'the image ami-1 is failed' } });
    expect(await of({ State: 'pending' })).toMatchObject({ refusal: { override: 'none: wait until it is copied' } });
  });

  it('is judged the same way for a look at readiness', async () => {
    const refusal = async (answers: Answers) => {
      const { aws, clock } = await gate(answers);
      return imageRefusal({ effects: { aws, clock }, signal: new AbortController().signal } as never, PARAMS as never);
    };
    expect([await refusal({}), await refusal({ images: [] })]).toEqual([undefined, expect.objectContaining({ rule: 'image', consequence: `api could not be launched in ${TOKYO}, or not as it runs now` })]);
  });

  it('in no state that AWS names is refused by id', async () => {
    expect(await (await gate({ images: [image('ami-1', 0, { State: undefined })], params: { image: { id: 'ami-0123456789abcdef0' } } })).observe()).toMatchObject({ state: 'refused', refusal: { observed: 'the image ami-1 is in no known status' } });
  });

  it('and a template that is named by its id, and is not there', async () => {
    for (const version of [undefined, {}]) {
      const step = await gate({ version, params: { template: { id: 'lt-0123456789abcdef0', version: 7 } } });
      expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: `${TOKYO} has no launch template lt-0123456789abcdef0 with version 7` } });
      expect(step.recorded).toEqual({});
      expect(inputOf(step, 'DescribeLaunchTemplateVersions')).toMatchObject({ LaunchTemplateId: 'lt-0123456789abcdef0', Versions: ['7'] });
    }
  });
});

describe('what runs already', () => {
  const running = (id: string, ImageId: string | undefined) => ({ InstanceId: id, ImageId, State: { Name: 'running' }, Tags: [{ Key: 'role', Value: 'api' }] });

  it('from another image is warned of: it counts, and is not replaced', async () => {
    expect(await (await gate({ instances: [running('i-1', 'ami-1'), running('i-2', 'ami-0'), running('i-3', undefined)] })).check()).toMatchObject({
      state: 'ok',
      warnings: [['i-2', 'ami-0'], ['i-3', 'an unknown image']].map(([id = '', runs = '']) => ({ rule: 'image-older', observed: `${id} runs ${runs}, not ami-1: it counts, and is not replaced`, wanted: 'instances that run ami-1', mend: `aws ec2 terminate-instances --region ${TOKYO} --instance-ids ${id}, so that a run launches it again; or accept what it runs` })),
    });
    expect(await (await gate({ instances: [running('i-1', 'ami-1')] })).check()).not.toHaveProperty('warnings');
  });
});

describe('decided again after a crash', () => {
  const known = (image: string, version: string) => ({ 'launch.api': { image, version, token: 'cafecafecafecafe' } });

  it('the same choice keeps its token, so that nothing is launched twice', async () => {
    const step = await gate({ facts: known('ami-1', '3') });
    await step.observe();
    expect(step.recorded['launch.api']).toEqual({ image: 'ami-1', version: '3', token: 'cafecafecafecafe' });
  });

  it.each([['image', 'ami-0', '3'], ['version', 'ami-1', '2']])('another %s gets another token', async (_what, image, version) => {
    const step = await gate({ facts: known(image, version) });
    await step.observe();
    expect(step.recorded['launch.api']).toMatchObject({ image: 'ami-1', version: '3', token: expect.not.stringMatching('cafecafecafecafe') as string });
  });
});
