import { describe, expect, it } from 'vitest';
import { makeShop, makeWorld, SEOUL, START, TOKYO } from './fixture.ts';

/* What only a look at readiness asks. Each rule is AWS's, from the page that src/simulator/README.md names. */

const ACCOUNT = '000000000000';
const OWN = `arn:aws:kms:${TOKYO}:${ACCOUNT}:key/own`;
const FOREIGN = `arn:aws:kms:${TOKYO}:999988887777:key/theirs`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/lab`;

describe('KMS', () => {
  it('a key by its id and its ARN, in its region only', async () => {
    const { world, call, refused } = makeWorld();
    world.state.keys.add({ region: TOKYO, arn: OWN, state: 'Disabled' });
    expect((await call('kms', TOKYO, 'DescribeKey', { KeyId: OWN })).KeyMetadata).toMatchObject({ Arn: OWN, KeyId: 'own', AWSAccountId: ACCOUNT, KeyState: 'Disabled', Enabled: false, KeyManager: 'CUSTOMER' });
    expect((await call('kms', TOKYO, 'DescribeKey', { KeyId: 'own' })).KeyMetadata?.Arn).toBe(OWN);
    expect(await refused('kms', SEOUL, 'DescribeKey', { KeyId: OWN })).toMatchObject({ code: 'NotFoundException', httpStatus: 400 });
    expect(await refused('kms', TOKYO, 'DescribeKey', { KeyId: 'other' })).toMatchObject({ code: 'NotFoundException' });
    expect(await refused('kms', TOKYO, 'DescribeKey', { KeyId: 'alias/own' })).toMatchObject({ code: 'SimulatorUnsupported' });
  });

  it('what an instance is encrypted with is there; the default is a key of AWS itself', async () => {
    const { world, call } = makeShop();
    world.addDbInstance({ region: TOKYO, id: 'other', kmsKeyId: OWN });
    const keyOf = async (id: string) => (await call('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: id })).DBInstances?.[0]?.KmsKeyId;
    const seen = async (id: string) => (await call('kms', TOKYO, 'DescribeKey', { KeyId: await keyOf(id) })).KeyMetadata;
    expect(await seen('other')).toMatchObject({ KeyState: 'Enabled', KeyManager: 'CUSTOMER' });
    expect(await seen('orders-tokyo')).toMatchObject({ KeyState: 'Enabled', KeyManager: 'AWS' });
  });

  it('only a key that is to be deleted has a date for it', async () => {
    const { world, call } = makeWorld();
    world.state.keys.add({ region: TOKYO, arn: OWN, state: 'PendingDeletion' });
    expect((await call('kms', TOKYO, 'DescribeKey', { KeyId: OWN })).KeyMetadata?.DeletionDate).toEqual(new Date(START + 30 * 86_400_000));
    world.state.keys.add({ region: TOKYO, arn: OWN, state: 'Enabled' });
    expect((await call('kms', TOKYO, 'DescribeKey', { KeyId: OWN })).KeyMetadata?.DeletionDate).toBeUndefined();
  });

  it('the policy of an own key, and never that of another account', async () => {
    const { world, call, refused } = makeWorld();
    world.state.keys.add({ region: TOKYO, arn: OWN, users: ['arn:aws:iam::000000000000:role/a'] });
    world.state.keys.add({ region: TOKYO, arn: FOREIGN });
    const { Policy = '' } = await call('kms', TOKYO, 'GetKeyPolicy', { KeyId: OWN });
    expect((JSON.parse(Policy) as { Statement: { Principal: { AWS: string } }[] }).Statement.map(({ Principal }) => Principal.AWS)).toEqual([`arn:aws:iam::${ACCOUNT}:root`, 'arn:aws:iam::000000000000:role/a']);
    expect(await refused('kms', TOKYO, 'GetKeyPolicy', { KeyId: FOREIGN })).toMatchObject({ code: 'AccessDeniedException' });
  });

  it('grants by grantee, in pages', async () => {
    const { world, call } = makeWorld();
    const granted = Array.from({ length: 3 }, (_, i) => `arn:aws:iam::${ACCOUNT}:role/${i}`);
    world.state.keys.add({ region: TOKYO, arn: OWN, granted });
    const first = await call('kms', TOKYO, 'ListGrants', { KeyId: OWN, Limit: 2 });
    const second = await call('kms', TOKYO, 'ListGrants', { KeyId: OWN, Limit: 2, Marker: first.NextMarker ?? '' });
    expect([first, second].map(({ Truncated, Grants }) => [Truncated, Grants?.map(({ GranteePrincipal }) => GranteePrincipal)])).toEqual([[true, granted.slice(0, 2)], [false, granted.slice(2)]]);
    expect((await call('kms', TOKYO, 'ListGrants', { KeyId: OWN, GranteePrincipal: granted[1] ?? '' })).Grants).toHaveLength(1);
  });
});

describe('ACM and listeners', () => {
  it('from a target group to its load balancer, its listeners and all their certificates', async () => {
    const { world, call } = makeShop();
    const arns = ['b', 'a'].map((name) => `arn:aws:acm:${TOKYO}:${ACCOUNT}:certificate/${name}`);
    for (const arn of arns) world.state.certificates.add({ region: TOKYO, arn, names: ['shop.example.com'] });
    world.addLoadBalancer({ region: TOKYO, dnsName: 'web.elb.amazonaws.com', zoneId: 'Z1', addresses: [], targetGroups: ['web'], certificates: arns });
    const group = (await call('elbv2', TOKYO, 'DescribeTargetGroups', {})).TargetGroups?.[0]?.TargetGroupArn ?? '';
    const [balancer = ''] = (await call('elbv2', TOKYO, 'DescribeTargetGroups', { TargetGroupArns: [group] })).TargetGroups?.[0]?.LoadBalancerArns ?? [];
    const { Listeners = [] } = await call('elbv2', TOKYO, 'DescribeListeners', { LoadBalancerArn: balancer });
    expect(Listeners.map(({ Port, Protocol, Certificates }) => [Port, Protocol, Certificates])).toEqual([[80, 'HTTP', undefined], [443, 'HTTPS', [{ CertificateArn: arns[0] }]]]);
    const { Certificates = [] } = await call('elbv2', TOKYO, 'DescribeListenerCertificates', { ListenerArn: Listeners[1]?.ListenerArn });
    expect(Certificates).toEqual([{ CertificateArn: arns[1], IsDefault: false }, { CertificateArn: arns[0], IsDefault: true }]);
  });

  it('a certificate that was never issued has no dates, and nothing is found in another region', async () => {
    const { world, call, refused } = makeWorld();
    const arn = `arn:aws:acm:${TOKYO}:${ACCOUNT}:certificate/a`;
    world.state.certificates.add({ region: TOKYO, arn, names: ['a.example.com'], status: 'PENDING_VALIDATION' });
    const { Certificate } = await call('acm', TOKYO, 'DescribeCertificate', { CertificateArn: arn });
    expect(Certificate).toMatchObject({ Status: 'PENDING_VALIDATION', DomainName: 'a.example.com' });
    expect(Certificate).not.toHaveProperty('NotAfter');
    expect(await refused('acm', SEOUL, 'DescribeCertificate', { CertificateArn: arn })).toMatchObject({ code: 'ResourceNotFoundException' });
    expect(await refused('elbv2', TOKYO, 'DescribeTargetGroups', { TargetGroupArns: ['arn:x'] })).toMatchObject({ code: 'TargetGroupNotFound' });
    expect(await refused('elbv2', TOKYO, 'DescribeListeners', { LoadBalancerArn: 'arn:x' })).toMatchObject({ code: 'LoadBalancerNotFound' });
    expect(await refused('elbv2', TOKYO, 'DescribeListenerCertificates', { ListenerArn: 'arn:x' })).toMatchObject({ code: 'ListenerNotFound' });
  });
});

describe('IAM', () => {
  it('judges each action, and each resource that was named, for a role and not for its session', async () => {
    const { world, call, refused } = makeWorld();
    world.state.policies.deny('rds:Promote*');
    expect((await call('iam', TOKYO, 'GetRole', { RoleName: 'lab' })).Role?.Arn).toBe(ROLE);
    expect(await refused('iam', TOKYO, 'GetRole', { RoleName: 'other' })).toMatchObject({ code: 'NoSuchEntity', httpStatus: 404 });
    const asked = { PolicySourceArn: ROLE, ActionNames: ['rds:PromoteReadReplica', 'ec2:RunInstances'], ResourceArns: ['arn:aws:rds:x'] };
    const { EvaluationResults = [] } = await call('iam', TOKYO, 'SimulatePrincipalPolicy', asked);
    expect(EvaluationResults.map(({ EvalActionName, EvalDecision, ResourceSpecificResults }) => [EvalActionName, EvalDecision, ResourceSpecificResults?.map((one) => [one.EvalResourceName, one.EvalResourceDecision])])).toEqual([
      ['ec2:RunInstances', 'allowed', [['arn:aws:rds:x', 'allowed']]],
      ['rds:PromoteReadReplica', 'implicitDeny', [['arn:aws:rds:x', 'implicitDeny']]],
    ]);
    expect(await refused('iam', TOKYO, 'SimulatePrincipalPolicy', { ...asked, PolicySourceArn: `arn:aws:sts::${ACCOUNT}:assumed-role/lab/operator` })).toMatchObject({ code: 'InvalidInput' });
    const first = await call('iam', TOKYO, 'SimulatePrincipalPolicy', { ...asked, MaxItems: 1 });
    expect([first.IsTruncated, (await call('iam', TOKYO, 'SimulatePrincipalPolicy', { ...asked, MaxItems: 1, Marker: first.Marker ?? '' })).EvaluationResults?.[0]?.EvalActionName]).toEqual([true, 'rds:PromoteReadReplica']);
  });

  it('is silent where us-east-1 is', async () => {
    const { world, call } = makeWorld({ regions: [TOKYO, 'us-east-1'] });
    world.breakRegion('us-east-1');
    expect(await Promise.race([call('iam', TOKYO, 'GetRole', { RoleName: 'lab' }).then(() => 'answer', () => 'refused'), Promise.resolve().then(() => 'silent')])).toBe('silent');
  });
});

describe('AWS Health', () => {
  it('shows what was published last first, page by page, by what is asked for, from either endpoint', async () => {
    const { world, call, refused } = makeWorld();
    for (const service of ['EC2', 'RDS', 'S3']) world.state.healthEvents.add({ region: TOKYO, service });
    world.state.healthEvents.add({ region: SEOUL, service: 'EC2', status: 'closed', category: 'scheduledChange', zone: `${SEOUL}a` });
    const first = await call('health', 'us-east-1', 'DescribeEvents', { filter: { regions: [TOKYO], eventStatusCodes: ['open'], eventTypeCategories: ['issue'] }, maxResults: 2 });
    expect(first.events?.map(({ service, statusCode, eventTypeCode }) => [service, statusCode, eventTypeCode])).toEqual([['S3', 'open', 'AWS_S3_OPERATIONAL_ISSUE'], ['RDS', 'open', 'AWS_RDS_OPERATIONAL_ISSUE']]);
    const second = await call('health', 'us-east-2', 'DescribeEvents', { filter: { regions: [TOKYO] }, maxResults: 2, nextToken: first.nextToken });
    expect([second.events?.map(({ service }) => service), second.nextToken]).toEqual([['EC2'], undefined]);
    expect((await call('health', 'us-east-1', 'DescribeEvents', { filter: { eventStatusCodes: ['closed'] } })).events).toMatchObject([{ region: SEOUL, availabilityZone: `${SEOUL}a` }]);
    expect(await refused('health', 'us-east-1', 'DescribeEvents', { nextToken: 'x' })).toMatchObject({ code: 'InvalidPaginationToken' });
    expect(await refused('health', 'us-east-1', 'DescribeEvents', { maxResults: 101 })).toMatchObject({ code: 'ValidationException' });
    expect(await refused('health', 'us-east-1', 'DescribeEvents', { filter: { services: ['EC2'] } })).toMatchObject({ code: 'SimulatorUnsupported' });
  });

  it('refuses an account without a plan', async () => {
    const { world, refused } = makeWorld();
    world.state.healthEvents.plan = false;
    expect(await refused('health', 'us-east-1', 'DescribeEvents', {})).toMatchObject({ code: 'SubscriptionRequiredException', httpStatus: 400 });
  });
});

describe('quotas, types, reservations and snapshots', () => {
  it('counts vCPUs that run, by the metric that the quota names', async () => {
    const { world, call, refused } = makeShop();
    world.addEc2Instance({ region: TOKYO, id: 'i-0aaaaaaaa', type: 'm6g.2xlarge' });
    world.addEc2Instance({ region: TOKYO, id: 'i-0bbbbbbbb', type: 'm6g.2xlarge', stopped: true });
    const { Quota } = await call('servicequotas', TOKYO, 'GetServiceQuota', { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' });
    expect(Quota?.UsageMetric).toMatchObject({ MetricNamespace: 'AWS/Usage', MetricName: 'ResourceCount' });
    const Dimensions = Object.entries(Quota?.UsageMetric?.MetricDimensions ?? {}).map(([Name, Value]) => ({ Name, Value }));
    const MetricStat = { Metric: { Namespace: 'AWS/Usage', MetricName: 'ResourceCount', Dimensions }, Period: 300, Stat: 'Maximum' };
    const { MetricDataResults = [] } = await call('cloudwatch', TOKYO, 'GetMetricData', { MetricDataQueries: [{ Id: 'm1', MetricStat }], StartTime: new Date(START - 3_600_000), EndTime: new Date(START + 60_000) });
    // One instance of the group with 2, and one that runs with 8.
    expect(MetricDataResults[0]?.Values?.[0]).toBe(10);
    expect(await refused('servicequotas', TOKYO, 'GetServiceQuota', { ServiceCode: 'ec2', QuotaCode: 'L-0' })).toMatchObject({ code: 'NoSuchResourceException' });
  });

  it('vCPUs of types, and of none that does not exist', async () => {
    const { call, refused } = makeWorld();
    const { InstanceTypes = [] } = await call('ec2', TOKYO, 'DescribeInstanceTypes', { InstanceTypes: ['m6g.large', 'm6g.xlarge', 'm6g.4xlarge'] });
    expect(InstanceTypes.map(({ VCpuInfo }) => VCpuInfo?.DefaultVCpus)).toEqual([2, 4, 16]);
    expect(await refused('ec2', TOKYO, 'DescribeInstanceTypes', { InstanceTypes: ['nothing' as 'm6g.large'] })).toMatchObject({ code: 'InvalidInstanceType' });
  });

  it('a reservation has capacity only while it is active; snapshots name the key of their image', async () => {
    const { world, call, refused } = makeWorld();
    const seed = { region: TOKYO, type: 'm6g.large', zone: `${TOKYO}a`, total: 4 };
    world.state.reservations.add({ ...seed, id: 'cr-1', available: 3 });
    world.state.reservations.add({ ...seed, id: 'cr-2', state: 'expired' });
    const { CapacityReservations = [] } = await call('ec2', TOKYO, 'DescribeCapacityReservations', { CapacityReservationIds: ['cr-1', 'cr-2'] });
    expect(CapacityReservations.map(({ State, AvailableInstanceCount }) => [State, AvailableInstanceCount])).toEqual([['active', 3], ['expired', 0]]);
    expect(await refused('ec2', SEOUL, 'DescribeCapacityReservations', { CapacityReservationIds: ['cr-1'] })).toMatchObject({ code: 'InvalidCapacityReservationId.NotFound' });
    world.addImage({ region: TOKYO, id: 'ami-0aaaaaaaa', name: 'own', ageMs: 0, keyId: OWN });
    const [disk] = (await call('ec2', TOKYO, 'DescribeImages', { ImageIds: ['ami-0aaaaaaaa'] })).Images?.[0]?.BlockDeviceMappings ?? [];
    expect(disk?.Ebs?.Encrypted).toBe(true);
    expect((await call('ec2', TOKYO, 'DescribeSnapshots', { SnapshotIds: [disk?.Ebs?.SnapshotId ?? ''] })).Snapshots).toMatchObject([{ Encrypted: true, KmsKeyId: OWN }]);
    expect(await refused('ec2', TOKYO, 'DescribeSnapshots', { SnapshotIds: ['snap-0'] })).toMatchObject({ code: 'InvalidSnapshot.NotFound' });
  });
});

describe('what a launch template names', () => {
  it('key pairs are of one region, profiles of the account; a launch with one that is not there is refused', async () => {
    const { world, call, refused } = makeWorld();
    world.state.keyPairs.add({ region: SEOUL, name: 'on-call' });
    world.state.profiles.set('empty', {});
    world.state.profiles.set('api', { role: 'shop-api' });
    expect((await call('ec2', SEOUL, 'DescribeKeyPairs', { KeyNames: ['on-call'] })).KeyPairs).toMatchObject([{ KeyName: 'on-call' }]);
    expect(await refused('ec2', TOKYO, 'DescribeKeyPairs', { KeyNames: ['on-call'] })).toMatchObject({ code: 'InvalidKeyPair.NotFound' });
    expect((await call('iam', 'us-east-1', 'GetInstanceProfile', { InstanceProfileName: 'api' })).InstanceProfile?.Roles).toMatchObject([{ RoleName: 'shop-api' }]);
    expect((await call('iam', 'us-east-1', 'GetInstanceProfile', { InstanceProfileName: 'empty' })).InstanceProfile?.Roles).toEqual([]);
    expect(await refused('iam', 'us-east-1', 'GetInstanceProfile', { InstanceProfileName: 'gone' })).toMatchObject({ code: 'NoSuchEntity', httpStatus: 404 });
    world.addImage({ region: TOKYO, id: 'ami-0bbbbbbbb', name: 'own', ageMs: 0 });
    const launch = async (data: object): Promise<string> => {
      const id = `lt-${JSON.stringify(data).length}${Math.max(...Object.keys(data).map((key) => key.length))}`;
      world.addLaunchTemplate({ region: TOKYO, id, name: id, type: 'm6g.large', imageId: 'ami-0bbbbbbbb', data });
      const error = await refused('ec2', TOKYO, 'RunInstances', { LaunchTemplate: { LaunchTemplateId: id }, MinCount: 1, MaxCount: 1 });
      return `${error.code}: ${error.message}`;
    };
    expect([await launch({ KeyName: 'on-call' }), await launch({ IamInstanceProfile: { Name: 'gone' } }), await launch({ IamInstanceProfile: { Arn: 'arn:aws:iam::000000000000:instance-profile/empty' } }), await launch({ SecurityGroupIds: ['sg-0123'] })]).toEqual([
      expect.stringMatching(/^InvalidKeyPair\.NotFound: .*on-call/),
      expect.stringMatching(/^InvalidParameterValue: .*Invalid IAM Instance Profile name/),
      expect.stringMatching(/^InvalidParameterValue: .*no associated IAM Roles/),
      expect.stringMatching(/^InvalidGroup\.NotFound/),
    ]);
  });
});

describe('proxies of RDS', () => {
  it('by name, with what they lead to and whether they reach it', async () => {
    const { world, call, refused } = makeWorld();
    world.state.dbProxies.add({ region: TOKYO, name: 'shop' });
    world.state.dbProxies.add({ region: TOKYO, name: 'other', status: 'suspended', engineFamily: 'MYSQL', vpc: 'vpc-2', target: 'orders', health: { State: 'UNAVAILABLE', Reason: 'AUTH_FAILURE', Description: 'no' } });
    expect((await call('rds', TOKYO, 'DescribeDBProxies', { DBProxyName: 'shop' })).DBProxies).toMatchObject([{ DBProxyName: 'shop', Status: 'available', EngineFamily: 'POSTGRESQL' }]);
    expect((await call('rds', TOKYO, 'DescribeDBProxies', { DBProxyName: 'Other' })).DBProxies).toMatchObject([{ DBProxyName: 'other', Status: 'suspended', EngineFamily: 'MYSQL', VpcId: 'vpc-2' }]);
    expect((await call('rds', TOKYO, 'DescribeDBProxyTargets', { DBProxyName: 'shop' })).Targets).toEqual([]);
    expect((await call('rds', TOKYO, 'DescribeDBProxyTargets', { DBProxyName: 'other' })).Targets).toEqual([{ Type: 'RDS_INSTANCE', RdsResourceId: 'orders', TargetHealth: { State: 'UNAVAILABLE', Reason: 'AUTH_FAILURE', Description: 'no' } }]);
    const first = await call('rds', TOKYO, 'DescribeDBProxies', { MaxRecords: 1 });
    expect([first.DBProxies?.map(({ DBProxyName }) => DBProxyName), (await call('rds', TOKYO, 'DescribeDBProxies', { Marker: first.Marker })).DBProxies?.map(({ DBProxyName }) => DBProxyName)]).toEqual([['other'], ['shop']]);
    for (const operation of ['DescribeDBProxies', 'DescribeDBProxyTargets'] as const) expect(await refused('rds', SEOUL, operation, { DBProxyName: 'shop' })).toMatchObject({ code: 'DBProxyNotFoundFault', httpStatus: 404 });
  });
});

describe('what RDS offers', () => {
  it('is every class, in four zones, of the versions that there are; not what is withheld', async () => {
    const { world, call, refused } = makeWorld();
    const offers = async (input: object) => (await call('rds', TOKYO, 'DescribeOrderableDBInstanceOptions', { Engine: 'postgres', DBInstanceClass: 'db.r6g.large', ...input })).OrderableDBInstanceOptions ?? [];
    expect((await offers({})).map(({ EngineVersion, StorageType }) => `${EngineVersion ?? ''} ${StorageType ?? ''}`)).toEqual(['17.5 gp2', '17.5 gp3', '17.5 io1', '17.5 io2']);
    expect(await offers({ EngineVersion: '9.6' })).toEqual([]);
    world.state.dbOffers.withhold({ region: TOKYO, instanceClass: 'db.r6g.large', zones: [`${TOKYO}a`] });
    world.state.dbOffers.withhold({ region: TOKYO, instanceClass: 'db.r6g.large', multiAz: true });
    expect((await offers({}))[0]).toMatchObject({ MultiAZCapable: false, AvailabilityZones: [{ Name: `${TOKYO}b` }, { Name: `${TOKYO}c` }, { Name: `${TOKYO}d` }] });
    world.addDbInstance({ region: TOKYO, id: 'orders' });
    const change = (input: object) => refused('rds', TOKYO, 'ModifyDBInstance', { DBInstanceIdentifier: 'orders', ApplyImmediately: true, ...input });
    expect(await change({ DBInstanceClass: 'db.r6g.large', MultiAZ: true })).toMatchObject({ code: 'InvalidParameterCombination', message: expect.stringContaining('DBInstanceClass=db.r6g.large, Engine=postgres, EngineVersion=17.5') as string });
    world.state.dbOffers.withhold({ region: TOKYO, instanceClass: 'db.r6g.large' });
    expect(await offers({})).toEqual([]);
  });

  it('certificate authorities are those of the region', async () => {
    const { world, call, refused } = makeWorld();
    world.state.dbOffers.withholdAuthority(TOKYO, 'rds-ca-ecc384-g1');
    expect((await call('rds', TOKYO, 'DescribeCertificates', {})).Certificates?.map((one) => one.CertificateIdentifier)).toEqual(['rds-ca-rsa2048-g1', 'rds-ca-rsa4096-g1']);
    expect(await refused('rds', TOKYO, 'DescribeCertificates', { CertificateIdentifier: 'rds-ca-ecc384-g1' })).toMatchObject({ code: 'CertificateNotFound', httpStatus: 404 });
    world.addDbInstance({ region: TOKYO, id: 'orders' });
    expect(await refused('rds', TOKYO, 'ModifyDBInstance', { DBInstanceIdentifier: 'orders', CACertificateIdentifier: 'rds-ca-2019' })).toMatchObject({ code: 'CertificateNotFound' });
  });
});

describe('Reachability Analyzer', () => {
  const PATH = 'nip-0123456789abcdef0';

  it('a path, and its analyses in pages', async () => {
    const { world, call, refused } = makeWorld();
    world.state.networkPaths.add({ region: TOKYO, id: PATH, analyses: [{ ageMs: 60_000, found: false, codes: ['NO_ROUTE_TO_DESTINATION'] }, { ageMs: 0, status: 'running' }, { ageMs: 90_000, status: 'failed', message: 'why' }] });
    expect((await call('ec2', TOKYO, 'DescribeNetworkInsightsPaths', { NetworkInsightsPathIds: [PATH] })).NetworkInsightsPaths).toMatchObject([{ NetworkInsightsPathId: PATH }]);
    const first = await call('ec2', TOKYO, 'DescribeNetworkInsightsAnalyses', { NetworkInsightsPathId: PATH, MaxResults: 2 });
    const second = await call('ec2', TOKYO, 'DescribeNetworkInsightsAnalyses', { NetworkInsightsPathId: PATH, MaxResults: 2, NextToken: first.NextToken });
    const all = [...(first.NetworkInsightsAnalyses ?? []), ...(second.NetworkInsightsAnalyses ?? [])].toSorted((a, b) => Number(b.StartDate) - Number(a.StartDate));
    expect(second.NextToken).toBeUndefined();
    expect(all).toMatchObject([
      { NetworkInsightsPathId: PATH, Status: 'running', StartDate: new Date(START) },
      { Status: 'succeeded', StartDate: new Date(START - 60_000), NetworkPathFound: false, Explanations: [{ ExplanationCode: 'NO_ROUTE_TO_DESTINATION' }] },
      { Status: 'failed', StatusMessage: 'why' },
    ]);
    expect(all[0]).not.toHaveProperty('NetworkPathFound');
    expect(await refused('ec2', SEOUL, 'DescribeNetworkInsightsPaths', { NetworkInsightsPathIds: [PATH] })).toMatchObject({ code: 'InvalidNetworkInsightsPathId.NotFound', httpStatus: 400 });
    expect(await refused('ec2', TOKYO, 'DescribeNetworkInsightsAnalyses', {})).toMatchObject({ code: 'SimulatorUnsupported' });
  });
});
