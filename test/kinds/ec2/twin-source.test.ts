import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { twinLaunches, unfitSource } from '../../../src/kinds/ec2/twin-source.ts';
import type { StepContext } from '../../../src/model/step.ts';
import { TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* What twins of instances are launched from, and when nothing of them would stay behind. */

const FROM = { by: 'template', template: { name: 'web', version: '$Default' }, image: { name: 'web-*' }, subnets: [] as string[] } as const;
const BY_IDS = { by: 'instances', ids: ['i-2', 'i-1', 'i-3'] } as const;
const one = (id: string, more: object = {}) => ({ InstanceId: id, State: { Name: 'stopped' }, ImageId: `ami-of-${id}`, SubnetId: `subnet-of-${id}`, InstanceType: 'm6g.large', SecurityGroups: [{ GroupId: 'sg-1' }, {}], ...more });
const IMAGE = { ImageId: 'ami-1', Name: 'web-1', State: 'available', RootDeviceName: '/dev/xvda' };

interface World {
  from?: object;
  size?: number;
  types?: string[];
  instances?: object[];
  image?: object | null;
  data?: object | null;
  facts?: Record<string, Json>;
}

function world({ from = FROM, size = 1, types = [], instances = [one('i-1'), one('i-2'), one('i-3')], image = IMAGE, data = {}, facts = { 'launch.web': { image: 'ami-1', version: '3', token: 'cafe' } } }: World) {
  const port = portOf({
    DescribeInstances: { Reservations: [{ Instances: instances }] },
    DescribeImages: { Images: image === null ? [] : [image] },
    DescribeLaunchTemplateVersions: { LaunchTemplateVersions: data === null ? [] : [{ LaunchTemplateId: 'lt-1', LaunchTemplateName: 'web', VersionNumber: 3, LaunchTemplateData: data }] },
  });
  const ctx = { effects: { aws: port.aws }, signal: new AbortController().signal, fact: (name: string) => facts[name] } as unknown as StepContext;
  return { ctx, parts: { name: 'web', region: TOKYO, from, size, types } as never, ...port };
}

describe('the launches', () => {
  it('from a template are one, of the version and the image that the gate has chosen; a twin can be deleted', async () => {
    const launches = (more: World) => { const { ctx, parts } = world(more); return twinLaunches(ctx, parts); };
    const launch = { region: TOKYO, what: { LaunchTemplate: { LaunchTemplateName: 'web', Version: '3' }, ImageId: 'ami-1', DisableApiTermination: false }, count: 2, types: [undefined], subnets: [undefined] };
    expect(await launches({ size: 2 })).toEqual([launch]);
    expect(await launches({ size: 2, types: ['m6g.large'], from: { ...FROM, subnets: ['subnet-1', 'subnet-2'] } })).toEqual([{ ...launch, types: [undefined, 'm6g.large'], subnets: ['subnet-1', 'subnet-2'] }]);
    await expect(launches({ facts: {} })).rejects.toThrow('no image of web was chosen');
  });

  it('of stopped instances are one for each, as each is, in the order of the runbook', async () => {
    const { ctx, parts, asked, isStoppable } = world({ from: BY_IDS, size: 2, types: ['m6g.xlarge', 'm6g.large'] });
    const launch = (id: string) => ({ region: TOKYO, what: { ImageId: `ami-of-${id}`, SecurityGroupIds: ['sg-1'], DisableApiTermination: false }, count: 1, types: ['m6g.large', 'm6g.xlarge'], subnets: [`subnet-of-${id}`] });
    expect(await twinLaunches(ctx, parts)).toEqual([launch('i-2'), launch('i-1')]);
    expect(asked.map(({ region, input }) => [region, input])).toEqual([[TOKYO, { InstanceIds: ['i-2', 'i-1', 'i-3'] }]]);
    expect(isStoppable()).toBe(true);
  });

  it('are none of instances that are gone, or do not show how they were launched', async () => {
    const launches = (instances: object[], size = 2) => { const { ctx, parts } = world({ from: BY_IDS, size, instances }); return twinLaunches(ctx, parts); };
    expect(await launches([one('i-1'), one('i-2', { State: { Name: 'terminated' } }), one('i-3')])).toMatchObject([{ subnets: ['subnet-of-i-1'] }, { subnets: ['subnet-of-i-3'] }]);
    await expect(launches([one('i-1'), one('i-2', { State: { Name: 'terminated' } }), one('i-3', { State: { Name: 'of-tomorrow' } })])).rejects.toThrow(`2 instances of web are not in ${TOKYO} any more`);
    for (const field of ['ImageId', 'SubnetId', 'InstanceType']) await expect(launches([one('i-1'), one('i-2', { [field]: undefined }), one('i-3')])).rejects.toThrow('i-2 does not show its image, subnet and type any more');
    expect(await launches([one('i-1', { SecurityGroups: undefined }), one('i-2'), one('i-3')])).toMatchObject([{}, { what: { SecurityGroupIds: [] } }]);
  });
});

describe('a template', () => {
  const refusal = async (more: World) => { const { ctx, parts } = world(more); return unfitSource(ctx, parts); };
  const LEAVES = { rule: 'twin-leaves', consequence: 'the drill could launch no twin of web and leave nothing', override: 'none: `drill: { capacity: none }` in the runbook launches nothing, and asks AWS whether it might' };
  const volume = (DeviceName: string, DeleteOnTermination?: boolean) => ({ DeviceName, Ebs: { DeleteOnTermination } });

  it('is fit where nothing is known to stay; that it is there is asked by the gate', async () => {
    const { ctx, parts, asked, isStoppable } = world({});
    expect(await unfitSource(ctx, parts)).toBeUndefined();
    expect(asked.map(({ operation, region, input }) => [operation, region, input.Versions ?? input.Filters])).toEqual([['DescribeLaunchTemplateVersions', TOKYO, ['$Default']], ['DescribeImages', TOKYO, [{ Name: 'name', Values: ['web-*'] }]]].sort((a, b) => (asked[0]?.operation === a[0] ? -1 : asked[0]?.operation === b[0] ? 1 : 0)));
    expect(isStoppable()).toBe(true);
    expect([await refusal({ data: null }), await refusal({ image: null })]).toEqual([undefined, undefined]);
  });

  it.each<[string, object, object]>([
    ['an interface', { NetworkInterfaceId: 'eni-1' }, {}],
    ['an address', { PrivateIpAddress: '10.0.0.1' }, {}],
    ['addresses', { PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.1' }] }, {}],
  ])('that names %s would take it from a failover', async (_what, taken) => {
    expect(await refusal({ data: { NetworkInterfaces: [{}, taken] } })).toEqual({ ...LEAVES, observed: 'web names a network interface or an address, which only one instance can have', threshold: 'a launch that takes nothing from a failover' });
  });

  it('whose interfaces stay is refused; those that go, or say nothing, are fine', async () => {
    expect(await refusal({ data: { NetworkInterfaces: [{ DeleteOnTermination: true }, { DeleteOnTermination: false }] }, from: { ...FROM, template: { id: 'lt-1', version: 3 } } })).toEqual({ ...LEAVES, observed: 'lt-1 has a network interface that stays when its instance is terminated', threshold: 'network interfaces that go with the twin' });
    expect(await refusal({ data: { NetworkInterfaces: [{ DeleteOnTermination: true, PrivateIpAddresses: [] }, {}] } })).toBeUndefined();
  });

  const stays = (devices: string) => ({ ...LEAVES, observed: `the volume ${devices} of web stays when its instance is terminated, or nothing says that it goes`, threshold: 'volumes that go with the twin' });
  it.each<[string, object[], object[], string]>([
    ['the root volume of the image stays', [volume('/dev/xvda', false)], [], '/dev/xvda'],
    ['the root volume says nothing: it goes', [volume('/dev/xvda')], [], ''],
    ['another volume goes', [volume('/dev/sdf', true)], [], ''],
    ['another volume says nothing', [volume('/dev/sdf')], [], '/dev/sdf'],
    ['two others stay', [volume('/dev/sdf', false)], [volume('/dev/sdg')], '/dev/sdf, /dev/sdg'],
    ['the template says that it goes', [volume('/dev/sdf', false)], [volume('/dev/sdf', true)], ''],
    ['the template says that it stays', [volume('/dev/xvda', true)], [volume('/dev/xvda', false)], '/dev/xvda'],
    ['the template says nothing of it: the image does', [volume('/dev/sdf', true)], [volume('/dev/sdf')], ''],
    ['it is no volume of EBS', [{ DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' }], [{ DeviceName: '/dev/sdc' }], ''],
    ['it has no name', [{ Ebs: {} }], [], ''],
  ])('%s', async (what, ofImage, ofTemplate, devices) => {
    const said = await refusal({ image: { ...IMAGE, BlockDeviceMappings: ofImage }, data: { BlockDeviceMappings: ofTemplate } });
    expect(said).toEqual(devices === '' && what !== 'it has no name' ? undefined : stays(devices));
  });

  it('whose image is not seen has no root volume that is known', async () => {
    expect(await refusal({ image: null, data: { BlockDeviceMappings: [volume('/dev/xvda')] } })).toEqual(stays('/dev/xvda'));
  });
});

describe('stopped instances', () => {
  const refusal = async (more: World) => { const { ctx, parts } = world({ from: BY_IDS, size: 2, ...more }); return unfitSource(ctx, parts); };
  const CONSEQUENCE = 'the drill could launch no twin of web and leave nothing';

  it('are fit where each shows how it was launched, and its image is there', async () => {
    const { ctx, parts, asked, isStoppable } = world({ from: BY_IDS, size: 2 });
    expect(await unfitSource(ctx, parts)).toBeUndefined();
    expect(asked.map(({ region, input }) => [region, input])).toEqual([[TOKYO, { InstanceIds: ['i-2', 'i-1', 'i-3'] }], [TOKYO, { ImageIds: ['ami-of-i-2'] }], [TOKYO, { ImageIds: ['ami-of-i-1'] }]]);
    expect(isStoppable()).toBe(true);
  });

  it('are too few', async () => {
    expect(await refusal({ instances: [one('i-1'), one('i-2', { State: { Name: 'terminated' } }), one('i-3', { State: { Name: 'terminated' } })] })).toEqual({ rule: 'twin-source', observed: '1 of 3 instances of web are there', threshold: 'instances that can be started', override: 'none: correct `instances` in the runbook', consequence: CONSEQUENCE });
  });

  it.each(['ImageId', 'SubnetId', 'SecurityGroups'])('do not show %s', async (field) => {
    expect(await refusal({ instances: [one('i-1', { [field]: undefined }), one('i-2'), one('i-3')] })).toMatchObject({ rule: 'twin-source', observed: 'i-1 does not show its image, its subnet and its security groups', threshold: 'an instance that shows how it was launched', consequence: CONSEQUENCE });
  });

  it('have an image that is gone, or cannot be used, or of which a volume stays', async () => {
    const image = { rule: 'twin-source', threshold: 'an image from which an instance can be launched' };
    expect(await refusal({ image: null })).toMatchObject({ ...image, observed: 'the image ami-of-i-2 of i-2 is not there any more' });
    expect(await refusal({ image: { ...IMAGE, State: 'deregistered' } })).toMatchObject({ ...image, observed: expect.stringContaining('the image ami-of-i-2 of i-2 is deregistered') as string });
    expect(await refusal({ image: { ...IMAGE, BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: {} }] } })).toMatchObject({ rule: 'twin-leaves', observed: expect.stringContaining('the volume /dev/sdf of ami-of-i-2 stays') as string });
  });

  it('that do not exist are an error of AWS', async () => {
    const unknown = awsError('InvalidInstanceID.NotFound');
    const ctx = { effects: { aws: portOf({ DescribeInstances: unknown }).aws }, signal: new AbortController().signal } as unknown as StepContext;
    await expect(unfitSource(ctx, { name: 'web', region: TOKYO, from: BY_IDS, size: 1, types: [] } as never)).rejects.toBe(unknown);
  });
});
