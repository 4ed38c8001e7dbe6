import { describe, expect, it } from 'vitest';
import { findGroup, isBeingDeleted, recentActivities, scheduledActions } from '../../src/aws/autoscaling.ts';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { alarmsNamed, recentSamples } from '../../src/aws/cloudwatch.ts';
import * as ec2 from '../../src/aws/ec2.ts';
import { balancersOf, healthyAmong, secureListeners, targetHealth, whyNotHealthy } from '../../src/aws/elbv2.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { callerIdentity } from '../../src/aws/identity.ts';
import * as rds from '../../src/aws/rds.ts';

/* The reads of each service: what is asked, to the letter, and what is made of the answer. */

const REGION = 'ap-northeast-1';

interface Asked {
  service: string;
  region: string;
  operation: string;
  input: Record<string, unknown>;
  signal?: AbortSignal;
  timeoutMs?: number;
  attempts?: number;
}

/** Answers one after the other, the last again and again; an Error is thrown. */
function answering(...answers: readonly (object | Error)[]) {
  const asked: Asked[] = [];
  const call = (request: Asked) => {
    const answer = answers[Math.min(asked.push(request), answers.length) - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ output: answer, requestId: 'rq' });
  };
  return { aws: { call } as unknown as AwsCaller, asked };
}

const refused = (code: string) => new AwsError({ service: 'rds', operation: 'x', region: REGION, code, message: 'no', httpStatus: 400 });
const OPTIONS = { timeoutMs: 7, attempts: 2, signal: new AbortController().signal };

type Options = typeof OPTIONS;
type Read = (aws: AwsCaller, options: Options) => Promise<unknown>;

const NAMED_PARAMETERS = [{ ParameterName: 'a', ParameterValue: '1' }, { ParameterName: 'b' }, { ParameterName: 'c', ParameterValue: '3' }];
const certificate = (CertificateArn: string, IsDefault?: boolean) => ({ CertificateArn, IsDefault });

const READS: [string, string, Read, object, object, unknown][] = [
  ['rds.DescribeDBInstances', 'all', (aws, o) => rds.listDbInstances(aws, REGION, o), {}, { DBInstances: [{ DBInstanceIdentifier: 'a' }] }, [{ DBInstanceIdentifier: 'a' }]],
  ['rds.DescribeDBInstanceAutomatedBackups', 'of two', (aws, o) => rds.automatedBackups(aws, REGION, ['a', 'b'], o), { Filters: [{ Name: 'db-instance-id', Values: ['a', 'b'] }] }, { DBInstanceAutomatedBackups: [{ DBInstanceArn: 'arn' }] }, [{ DBInstanceArn: 'arn' }]],
  ['rds.DescribeDBSnapshots', 'of one', (aws, o) => rds.dbSnapshots(aws, REGION, 'a', o), { DBInstanceIdentifier: 'a' }, { DBSnapshots: [{ DBSnapshotIdentifier: 's' }] }, [{ DBSnapshotIdentifier: 's' }]],
  ['rds.DescribeDBSubnetGroups', 'one', (aws, o) => rds.findSubnetGroup(aws, REGION, 'g', o), { DBSubnetGroupName: 'g' }, { DBSubnetGroups: [{ DBSubnetGroupName: 'g', VpcId: 'vpc-1' }] }, { DBSubnetGroupName: 'g', VpcId: 'vpc-1' }],
  ['rds.DescribeDBParameterGroups', 'its family', (aws, o) => rds.parameterFamily(aws, REGION, 'g', o), { DBParameterGroupName: 'g' }, { DBParameterGroups: [{ DBParameterGroupName: 'g', DBParameterGroupFamily: 'postgres17' }] }, 'postgres17'],
  ['rds.DescribeDBParameterGroups', 'without a family', (aws, o) => rds.parameterFamily(aws, REGION, 'g', o), { DBParameterGroupName: 'g' }, { DBParameterGroups: [{ DBParameterGroupName: 'g' }] }, ''],
  ['rds.DescribeOptionGroups', 'one', (aws, o) => rds.findOptionGroup(aws, REGION, 'g', o), { OptionGroupName: 'g' }, { OptionGroupsList: [{ OptionGroupName: 'g', EngineName: 'mysql', MajorEngineVersion: '8.0' }] }, { OptionGroupName: 'g', EngineName: 'mysql', MajorEngineVersion: '8.0' }],
  ['rds.DescribeDBParameters', 'some of them', (aws, o) => rds.parametersOf(aws, REGION, 'g', ['a', 'b', 'x'], o), { DBParameterGroupName: 'g', MaxRecords: 100 }, { Parameters: NAMED_PARAMETERS }, { a: '1' }],
  ['rds.DescribeDBParameters', 'those of the user', (aws, o) => rds.userParameters(aws, REGION, 'g', o), { DBParameterGroupName: 'g', Source: 'user', MaxRecords: 100 }, { Parameters: NAMED_PARAMETERS }, { a: '1', c: '3' }],
  ['rds.DescribeOrderableDBInstanceOptions', 'of any version', (aws, o) => rds.offersOf(aws, REGION, { engine: 'postgres', instanceClass: 'db.r6g.large' }, o), { Engine: 'postgres', DBInstanceClass: 'db.r6g.large', Vpc: true }, { OrderableDBInstanceOptions: [] }, []],
  ['rds.DescribeOrderableDBInstanceOptions', 'of one version', (aws, o) => rds.offersOf(aws, REGION, { engine: 'postgres', instanceClass: 'db.r6g.large', version: '17.2' }, o), { Engine: 'postgres', DBInstanceClass: 'db.r6g.large', Vpc: true, EngineVersion: '17.2' }, { OrderableDBInstanceOptions: [{ DBInstanceClass: 'c', EngineVersion: 'v' }] }, [{ DBInstanceClass: 'c', EngineVersion: 'v' }]],
  ['rds.DescribeCertificates', 'there', (aws, o) => rds.hasAuthority(aws, REGION, 'ca', o), { CertificateIdentifier: 'ca' }, { Certificates: [{ CertificateIdentifier: 'ca' }] }, true],
  ['rds.DescribeDBProxies', 'as names are folded', (aws, o) => rds.findProxy(aws, REGION, 'P', o), { DBProxyName: 'P' }, { DBProxies: [{ DBProxyName: 'q', Status: 'available' }, { DBProxyName: 'p', Status: 'available' }] }, { DBProxyName: 'p', Status: 'available' }],
  ['rds.DescribeDBProxyTargets', 'all', (aws, o) => rds.proxyTargets(aws, REGION, 'p', o), { DBProxyName: 'p' }, { Targets: [{ Type: 'RDS_INSTANCE' }] }, [{ Type: 'RDS_INSTANCE' }]],
  ['rds.DescribeAccountAttributes', 'all', (aws, o) => rds.rdsQuotas(aws, REGION, o), {}, { AccountQuotas: [{ AccountQuotaName: 'DBInstances', Used: 0, Max: 40 }, { AccountQuotaName: 'b', Used: 1, Max: 2 }] }, new Map([['DBInstances', { used: 0, max: 40 }], ['b', { used: 1, max: 2 }]])],

  ['ec2.DescribeInstances', 'of all reservations', (aws, o) => ec2.findInstances(aws, REGION, { Filters: [{ Name: 'n', Values: ['v'] }] }, o), { Filters: [{ Name: 'n', Values: ['v'] }] }, { Reservations: [{ Instances: [{ InstanceId: 'i-1', State: { Name: 'running' } }] }, { Instances: [] }, { Instances: [{ InstanceId: 'i-2', State: { Name: 'stopped' } }] }] }, [{ InstanceId: 'i-1', State: { Name: 'running' } }, { InstanceId: 'i-2', State: { Name: 'stopped' } }]],
  ['ec2.DescribeImages', 'by id', (aws, o) => ec2.findImages(aws, REGION, { ImageIds: ['ami-1'] }, o), { ImageIds: ['ami-1'] }, { Images: [{ ImageId: 'ami-1' }] }, [{ ImageId: 'ami-1' }]],
  ['ec2.DescribeLaunchTemplateVersions', 'one', (aws, o) => ec2.findTemplateVersion(aws, REGION, { LaunchTemplateName: 't' }, '$Latest', o), { LaunchTemplateName: 't', Versions: ['$Latest'] }, { LaunchTemplateVersions: [{ VersionNumber: 3 }] }, { VersionNumber: 3 }],
  ['ec2.DescribeInstanceTypeOfferings', 'by type', (aws, o) => ec2.zonesOffering(aws, REGION, ['m5.large', 'c5.large', 'm5.large'], o), { LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: ['c5.large', 'm5.large'] }] }, { InstanceTypeOfferings: [{ InstanceType: 'm5.large', Location: '1a' }, { InstanceType: 'm5.large', Location: '1c' }] }, new Map([['m5.large', new Set(['1a', '1c'])]])],
  ['ec2.DescribeSecurityGroups', 'each once', (aws, o) => ec2.securityGroupsOf(aws, REGION, ['sg-1', 'sg-1'], o), { GroupIds: ['sg-1'] }, { SecurityGroups: [{ GroupId: 'sg-1', VpcId: 'vpc-1', IpPermissions: [{}, {}] }] }, new Map([['sg-1', { vpc: 'vpc-1', inbound: 2 }]])],
  ['ec2.DescribeSecurityGroups', 'without its rules', (aws, o) => ec2.securityGroupsOf(aws, REGION, ['sg-1'], o), { GroupIds: ['sg-1'] }, { SecurityGroups: [{ GroupId: 'sg-1' }] }, new Map([['sg-1', { vpc: undefined, inbound: undefined }]])],
  ['ec2.DescribeInstanceTypes', 'by type', (aws, o) => ec2.vcpusOf(aws, REGION, ['m5.large', 'c5.large', 'm5.large'], o), { InstanceTypes: ['c5.large', 'm5.large'] }, { InstanceTypes: [{ InstanceType: 'c5.large', VCpuInfo: { DefaultVCpus: 2 } }, { InstanceType: 'm5.large', VCpuInfo: { DefaultVCpus: 4 } }] }, new Map([['c5.large', 2], ['m5.large', 4]])],
  ['ec2.DescribeCapacityReservations', 'the one that was asked for', (aws, o) => ec2.findReservation(aws, REGION, 'cr-2', o), { CapacityReservationIds: ['cr-2'] }, { CapacityReservations: [{ CapacityReservationId: 'cr-1', State: 'active' }, { CapacityReservationId: 'cr-2', State: 'expired' }] }, { CapacityReservationId: 'cr-2', State: 'expired' }],
  ['ec2.DescribeKeyPairs', 'there', (aws, o) => ec2.hasKeyPair(aws, REGION, 'k', o), { KeyNames: ['k'] }, { KeyPairs: [{ KeyName: 'other' }, { KeyName: 'k' }] }, true],
  ['ec2.DescribeSnapshots', 'each key once', (aws, o) => ec2.snapshotKeys(aws, REGION, ['snap-1', 'snap-2'], o), { SnapshotIds: ['snap-1', 'snap-2'] }, { Snapshots: [{ SnapshotId: 'snap-1', KmsKeyId: 'key' }, { SnapshotId: 'snap-2' }, { SnapshotId: 'snap-3', KmsKeyId: 'key' }] }, ['key']],
  ['ec2.DescribeNetworkInsightsPaths', 'the one that was asked for', (aws, o) => ec2.findNetworkPath(aws, REGION, 'nip-2', o), { NetworkInsightsPathIds: ['nip-2'] }, { NetworkInsightsPaths: [{ NetworkInsightsPathId: 'nip-1' }, { NetworkInsightsPathId: 'nip-2' }] }, { NetworkInsightsPathId: 'nip-2' }],

  ['autoscaling.DescribeAutoScalingGroups', 'of that very name', (aws, o) => findGroup(aws, REGION, 'g', o), { AutoScalingGroupNames: ['g'] }, { AutoScalingGroups: [group('G'), group('g')] }, group('g')],
  ['autoscaling.DescribeScalingActivities', 'the last hundred', (aws, o) => recentActivities(aws, REGION, 'g', o), { AutoScalingGroupName: 'g', MaxRecords: 100 }, { Activities: [{ ActivityId: 'a' }] }, [{ ActivityId: 'a' }]],
  ['autoscaling.DescribeScheduledActions', 'all', (aws, o) => scheduledActions(aws, REGION, 'g', o), { AutoScalingGroupName: 'g' }, { ScheduledUpdateGroupActions: [{ ScheduledActionName: 's' }] }, [{ ScheduledActionName: 's' }]],
  ['elbv2.DescribeTargetGroups', 'each balancer once', (aws, o) => balancersOf(aws, REGION, ['t1', 't2', 't1'], o), { TargetGroupArns: ['t1', 't2'] }, { TargetGroups: [{ TargetGroupArn: 't1', TargetGroupName: 'a', LoadBalancerArns: ['lb'] }, { TargetGroupArn: 't2', TargetGroupName: 'b', LoadBalancerArns: ['lb', 'lb2'] }, { TargetGroupArn: 't3', TargetGroupName: 'c' }] }, ['lb', 'lb2']],
  ['cloudwatch.DescribeAlarms', 'of both kinds', (aws, o) => alarmsNamed(aws, REGION, ['a', 'b'], o), { AlarmNames: ['a', 'b'], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }, { MetricAlarms: [{ AlarmName: 'a', StateValue: 'OK', StateReason: 'fine', StateUpdatedTimestamp: new Date(5), StateTransitionedTimestamp: new Date(3) }], CompositeAlarms: [{ AlarmName: 'b', StateValue: 'ALARM', StateUpdatedTimestamp: new Date(7) }, { AlarmName: 'c' }] }, [{ name: 'a', state: 'OK', since: 3, reason: 'fine' }, { name: 'b', state: 'ALARM', since: 7, reason: '' }, { name: 'c', state: undefined, since: undefined, reason: '' }]],
  ['cloudwatch.DescribeAlarms', 'without any', (aws, o) => alarmsNamed(aws, REGION, [], o), { AlarmNames: [], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] }, {}, []],
  ['sts.GetCallerIdentity', 'who we are', (aws, o) => callerIdentity(aws, REGION, o), {}, { Account: '1', Arn: 'arn' }, { account: '1', arn: 'arn' }],
];

function group(AutoScalingGroupName: string, more: object = {}) {
  return { AutoScalingGroupName, MinSize: 0, DesiredCapacity: 1, MaxSize: 2, Instances: [], ...more };
}

it.each(READS)('%s: %s', async (operation, _, read, input, output, result) => {
  const { aws, asked } = answering(output);
  expect(await read(aws, OPTIONS)).toStrictEqual(result);
  const [service, name] = operation.split('.');
  expect(asked).toStrictEqual([{ service, operation: name, region: REGION, input, ...OPTIONS }]);
});

describe('what AWS says is not there', () => {
  it.each<[string, readonly string[], Read, unknown]>([
    ['subnet group', ['DBSubnetGroupNotFound', 'DBSubnetGroupNotFoundFault'], (aws) => rds.findSubnetGroup(aws, REGION, 'g'), undefined],
    ['parameter group', ['DBParameterGroupNotFound', 'DBParameterGroupNotFoundFault'], (aws) => rds.parameterFamily(aws, REGION, 'g'), undefined],
    ['option group', ['OptionGroupNotFound', 'OptionGroupNotFoundFault'], (aws) => rds.findOptionGroup(aws, REGION, 'g'), undefined],
    ['certificate authority', ['CertificateNotFound', 'CertificateNotFoundFault'], (aws) => rds.hasAuthority(aws, REGION, 'g'), false],
    ['instance', ['DBInstanceNotFound', 'DBInstanceNotFoundFault'], (aws) => rds.findDbInstance(aws, REGION, 'g'), undefined],
    ['proxy', ['DBProxyNotFoundFault'], (aws) => rds.findProxy(aws, REGION, 'g'), undefined],
    ['image', ['InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable'], (aws) => ec2.findImages(aws, REGION, { ImageIds: ['a'] }), []],
    ['template', ['InvalidLaunchTemplateId.NotFound', 'InvalidLaunchTemplateName.NotFoundException', 'InvalidLaunchTemplateId.VersionNotFound'], (aws) => ec2.findTemplateVersion(aws, REGION, { LaunchTemplateId: 'lt' }, '1'), undefined],
    ['security group', ['InvalidGroup.NotFound'], (aws) => ec2.securityGroupsOf(aws, REGION, ['sg-1']), new Map()],
    ['reservation', ['InvalidCapacityReservationId.NotFound', 'InvalidCapacityReservationId.Malformed'], (aws) => ec2.findReservation(aws, REGION, 'cr-1'), undefined],
    ['key pair', ['InvalidKeyPair.NotFound'], (aws) => ec2.hasKeyPair(aws, REGION, 'k'), false],
    ['snapshot', ['InvalidSnapshot.NotFound'], (aws) => ec2.snapshotKeys(aws, REGION, ['s']), []],
    ['network path', ['InvalidNetworkInsightsPathId.NotFound'], (aws) => ec2.findNetworkPath(aws, REGION, 'p'), undefined],
  ])('a %s; any other refusal is an error', async (_, codes, read, none) => {
    for (const code of codes) {
      expect(await read(answering(refused(code)).aws, OPTIONS)).toEqual(none);
      // Part of a code is another code.
      await expect(read(answering(refused(`X${code}`)).aws, OPTIONS)).rejects.toMatchObject({ code: `X${code}` });
    }
    await expect(read(answering(refused('AccessDenied')).aws, OPTIONS)).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  it('a code that only begins so is another one', async () => {
    const exact: [string, Read][] = [
      ['DBSubnetGroupNotFoundX', (aws) => rds.findSubnetGroup(aws, REGION, 'g')],
      ['DBParameterGroupNotFoundX', (aws) => rds.parameterFamily(aws, REGION, 'g')],
      ['OptionGroupNotFoundX', (aws) => rds.findOptionGroup(aws, REGION, 'g')],
      ['CertificateNotFoundX', (aws) => rds.hasAuthority(aws, REGION, 'g')],
      ['DBInstanceNotFoundX', (aws) => rds.findDbInstance(aws, REGION, 'g')],
      ['DBProxyNotFoundFaultX', (aws) => rds.findProxy(aws, REGION, 'g')],
      ['InvalidGroup.NotFoundX', (aws) => ec2.securityGroupsOf(aws, REGION, ['sg-1'])],
      ['InvalidKeyPair.NotFoundX', (aws) => ec2.hasKeyPair(aws, REGION, 'k')],
      ['InvalidSnapshot.NotFoundX', (aws) => ec2.snapshotKeys(aws, REGION, ['s'])],
      ['InvalidNetworkInsightsPathId.NotFoundX', (aws) => ec2.findNetworkPath(aws, REGION, 'p')],
    ];
    for (const [code, read] of exact) await expect(read(answering(refused(code)).aws, OPTIONS)).rejects.toMatchObject({ code });
  });

  it('asks nothing where nothing is asked for', async () => {
    const { aws, asked } = answering({});
    expect(await ec2.instancesUp(aws, REGION, [])).toEqual({ ids: new Set(), why: '' });
    expect(await ec2.zonesOffering(aws, REGION, [])).toEqual(new Map());
    expect(await ec2.vcpusOf(aws, REGION, [])).toEqual(new Map());
    expect(await ec2.snapshotKeys(aws, REGION, [])).toEqual([]);
    expect(await balancersOf(aws, REGION, [])).toEqual([]);
    expect(asked).toEqual([]);
  });
});

describe('an instance of RDS', () => {
  const INSTANCES = { DBInstances: [{ DBInstanceIdentifier: 'other' }, { DBInstanceIdentifier: 'Shop' }] };

  it('is found however its name is written, and by its ARN', async () => {
    for (const id of ['shop', 'SHOP', 'arn:aws:rds:ap-northeast-1:1:db:shop']) expect(await rds.findDbInstance(answering(INSTANCES).aws, REGION, id)).toEqual({ DBInstanceIdentifier: 'Shop' });
  });

  it('that an answer does not show is not known, and not none', async () => {
    await expect(rds.findDbInstance(answering({ DBInstances: [] }).aws, REGION, 'shop')).rejects.toMatchObject({ code: 'MalformedAnswer' });
  });
});

describe('instances of EC2', () => {
  const status = (InstanceId: string, state: string, instance: string, system: string) => ({ InstanceId, InstanceState: { Name: state }, InstanceStatus: { Status: instance }, SystemStatus: { Status: system } });
  const up = (...InstanceStatuses: object[]) => ec2.instancesUp(answering({ InstanceStatuses }).aws, REGION, ['i-1', 'i-2']);

  it('are up once they run and both checks have passed', async () => {
    const { aws, asked } = answering({ InstanceStatuses: [status('i-1', 'running', 'ok', 'ok')] });
    expect(await ec2.instancesUp(aws, REGION, ['i-1', 'i-2'], OPTIONS)).toEqual({ ids: new Set(['i-1']), why: '' });
    expect(asked).toEqual([{ service: 'ec2', region: REGION, operation: 'DescribeInstanceStatus', input: { InstanceIds: ['i-1', 'i-2'] }, ...OPTIONS }]);
  });

  it('that are not up say why, two of them in words', async () => {
    expect(await up(status('i-1', 'pending', 'initializing', 'ok'))).toEqual({ ids: new Set(), why: 'i-1: pending' });
    expect(await up(status('i-1', 'running', 'impaired', 'ok'))).toEqual({ ids: new Set(), why: 'i-1: its instance check is impaired' });
    expect(await up(status('i-1', 'running', 'impaired', 'initializing'), status('i-2', 'running', 'ok', 'ok'))).toEqual({ ids: new Set(['i-2']), why: 'i-1: its instance check is impaired, its system check is initializing' });
    const down = ['i-1', 'i-2', 'i-3', 'i-4'].map((id) => status(id, 'stopping', 'ok', 'ok'));
    expect((await up(...down.slice(0, 2))).why).toBe('i-1: stopping; i-2: stopping');
    expect((await up(...down)).why).toBe('i-1: stopping; i-2: stopping, and 2 more');
  });

  it('are not up while their EBS volumes cannot be reached, where AWS checks that', async () => {
    const volumes = (Status: string) => up({ ...status('i-1', 'running', 'ok', 'ok'), AttachedEbsStatus: { Status } });
    expect(await volumes('ok')).toEqual({ ids: new Set(['i-1']), why: '' });
    expect(await volumes('not-applicable')).toEqual({ ids: new Set(['i-1']), why: '' });
    expect(await volumes('impaired')).toEqual({ ids: new Set(), why: 'i-1: its attached EBS check is impaired' });
    expect(await volumes('initializing')).toEqual({ ids: new Set(), why: 'i-1: its attached EBS check is initializing' });
  });

  it('types are asked for a hundred at a time', async () => {
    const names = Array.from({ length: 101 }, (_, i) => `t${String(i).padStart(3, '0')}`);
    const asked: string[][] = [];
    const call = ({ input }: Asked) => {
      const types = input['InstanceTypes'] as string[];
      asked.push(types);
      return Promise.resolve({ output: { InstanceTypes: types.map((InstanceType) => ({ InstanceType, VCpuInfo: { DefaultVCpus: 2 } })) }, requestId: 'rq' });
    };
    expect(await ec2.vcpusOf({ call } as unknown as AwsCaller, REGION, names)).toHaveProperty('size', 101);
    expect(asked).toEqual([names.slice(0, 100), names.slice(100)]);
  });

  it('of several security groups each is asked for alone: AWS names only the first that does not exist', async () => {
    const { aws, asked } = answering(refused('InvalidGroup.NotFound'), { SecurityGroups: [{ GroupId: 'sg-2', VpcId: 'vpc', IpPermissions: [] }] });
    expect(await ec2.securityGroupsOf(aws, REGION, ['sg-1', 'sg-2'])).toEqual(new Map([['sg-2', { vpc: 'vpc', inbound: 0 }]]));
    expect(asked.map(({ input }) => input)).toEqual([{ GroupIds: ['sg-1'] }, { GroupIds: ['sg-2'] }]);
  });

  it('analyses of a path come newest first, one without a date last', async () => {
    const analysis = (NetworkInsightsAnalysisId: string, at?: number) => ({ NetworkInsightsAnalysisId, Status: 'succeeded', ...(at === undefined ? {} : { StartDate: new Date(at) }) });
    for (const given of [[analysis('old', 1), analysis('none'), analysis('new', 2)], [analysis('new', 2), analysis('old', 1), analysis('none')]]) {
      expect((await ec2.analysesOf(answering({ NetworkInsightsAnalyses: given }).aws, REGION, 'nip-1')).map((one) => one.NetworkInsightsAnalysisId)).toEqual(['new', 'old', 'none']);
    }
    const { aws, asked } = answering({ NetworkInsightsAnalyses: [analysis('none'), analysis('old', 1), analysis('new', 2)] });
    expect((await ec2.analysesOf(aws, REGION, 'nip-1', OPTIONS)).map((one) => one.NetworkInsightsAnalysisId)).toEqual(['new', 'old', 'none']);
    expect(asked).toEqual([{ service: 'ec2', region: REGION, operation: 'DescribeNetworkInsightsAnalyses', input: { NetworkInsightsPathId: 'nip-1' }, ...OPTIONS }]);
  });
});

describe('an Auto Scaling group', () => {
  it('that is not on the first page of more is not known', async () => {
    await expect(findGroup(answering({ AutoScalingGroups: [group('other')], NextToken: 't' }).aws, REGION, 'g')).rejects.toMatchObject({ code: 'IncompleteAnswer', message: expect.stringContaining('g is not on the first page, and there is another') as string });
    expect(await findGroup(answering({ AutoScalingGroups: [group('g')], NextToken: 't' }).aws, REGION, 'g')).toEqual(group('g'));
    expect(await findGroup(answering({ AutoScalingGroups: [] }).aws, REGION, 'g')).toBeUndefined();
  });

  it('has a status only while it is being deleted', () => {
    const deleted = (more: object) => isBeingDeleted(group('g', more) as unknown as Parameters<typeof isBeingDeleted>[0]);
    expect([deleted({}), deleted({ Status: '' }), deleted({ Status: 'Delete in progress' })]).toEqual([false, false, true]);
  });
});

describe('targets', () => {
  const description = (id: string, State: string, more: object = {}) => ({ Target: { Id: id, Port: 80 }, TargetHealth: { State, ...more } });
  const health = (...TargetHealthDescriptions: object[]) => targetHealth(answering({ TargetHealthDescriptions }).aws, REGION, 'arn');

  it('are asked for by their group, and say why they are not healthy', async () => {
    const { aws, asked } = answering({ TargetHealthDescriptions: [] });
    expect(await targetHealth(aws, REGION, 'arn', OPTIONS)).toEqual([]);
    expect(asked).toEqual([{ service: 'elbv2', region: REGION, operation: 'DescribeTargetHealth', input: { TargetGroupArn: 'arn' }, ...OPTIONS }]);
    const seen = await health(description('i-1', 'healthy'), description('i-2', 'unused', { Reason: 'Target.NotInUse', Description: 'no listener' }), description('i-3', 'initial', { Reason: 'Elb.RegistrationInProgress' }), description('i-4', 'unhealthy', { Description: 'slow' }));
    expect(seen.map(({ reason, notInUse, port }) => [reason, notInUse, port])).toEqual([[undefined, false, 80], ['Target.NotInUse (no listener)', true, 80], ['Elb.RegistrationInProgress', false, 80], ['slow', false, 80]]);
    expect(healthyAmong(seen)).toBe(1);
  });

  it('in words: the first, and how many more', async () => {
    const bad = (id: string, more: object = {}) => description(id, 'unhealthy', more);
    expect(whyNotHealthy(await health(description('i-1', 'healthy')))).toBe('');
    expect(whyNotHealthy(await health(description('i-1', 'healthy'), bad('i-2')))).toBe('i-2 is unhealthy: AWS gives no reason');
    expect(whyNotHealthy(await health(bad('i-1', { Reason: 'R' }), bad('i-2')))).toBe('i-1 is unhealthy: R, and 1 more is not healthy');
    expect(whyNotHealthy(await health(bad('i-1', { Reason: 'R' }), bad('i-2'), bad('i-3')))).toBe('i-1 is unhealthy: R, and 2 more are not healthy');
  });

  it('their listeners with TLS, and all certificates of each, the default one first', async () => {
    const listener = (arn: string, Protocol: string, Port?: number) => ({ ListenerArn: arn, Protocol, Port });
    const { aws, asked } = answering({ Listeners: [listener('l1', 'HTTP', 80), listener('l2', 'HTTPS', 443), listener('l3', 'TLS')] }, { Certificates: [certificate('c1'), certificate('c2', true), certificate('c1', false)] }, { Certificates: [] });
    expect(await secureListeners(aws, REGION, 'lb', OPTIONS)).toEqual([{ arn: 'l2', port: 443, certificates: ['c2', 'c1'] }, { arn: 'l3', port: undefined, certificates: [] }]);
    for (const given of [[certificate('d', true), certificate('a'), certificate('b')], [certificate('a'), certificate('b'), certificate('d', true)], [certificate('a'), certificate('d', true), certificate('b', false)]]) {
      const [one] = await secureListeners(answering({ Listeners: [listener('l', 'TLS')] }, { Certificates: given }).aws, REGION, 'lb');
      expect(one?.certificates).toEqual(['d', 'a', 'b']);
    }
    const more = (arn: string) => ({ service: 'elbv2', region: REGION, operation: 'DescribeListenerCertificates', input: { ListenerArn: arn }, ...OPTIONS });
    expect(asked).toEqual([{ service: 'elbv2', region: REGION, operation: 'DescribeListeners', input: { LoadBalancerArn: 'lb' }, ...OPTIONS }, more('l2'), more('l3')]);
  });
});

describe('samples of a metric', () => {
  const METRIC = { namespace: 'AWS/RDS', metric: 'ReplicaLag', dimensions: { DBInstanceIdentifier: 'shop' }, periodSeconds: 60, statistic: 'Maximum' } as const;
  const WINDOW = { fromMs: 0, toMs: 240_000 };
  const result = (StatusCode?: string) => ({ MetricDataResults: [{ Id: 'm1', Timestamps: [new Date(60_000)], Values: [3], ...(StatusCode === undefined ? {} : { StatusCode }) }] });

  it('are asked for newest first', async () => {
    const { aws, asked } = answering(result());
    expect(await recentSamples(aws, REGION, METRIC, WINDOW, OPTIONS)).toEqual([{ value: 3, timestamp: 60_000 }]);
    const Metric = { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'shop' }] };
    const input = { MetricDataQueries: [{ Id: 'm1', MetricStat: { Metric, Period: 60, Stat: 'Maximum' }, ReturnData: true }], StartTime: new Date(0), EndTime: new Date(240_000), ScanBy: 'TimestampDescending' };
    expect(asked).toEqual([{ service: 'cloudwatch', region: REGION, operation: 'GetMetricData', input, ...OPTIONS }]);
  });

  it.each(['InternalError', 'Forbidden'])('that CloudWatch could not read (%s) are unknown, and not none', async (code) => {
    await expect(recentSamples(answering(result(code)).aws, REGION, METRIC, WINDOW)).rejects.toMatchObject({ code: 'MalformedAnswer', message: expect.stringContaining(`ReplicaLag was not read: ${code}`) as string });
  });

  it.each(['Complete', 'PartialData'])('that are %s count', async (code) => {
    expect(await recentSamples(answering(result(code)).aws, REGION, METRIC, WINDOW)).toHaveLength(1);
  });
});
