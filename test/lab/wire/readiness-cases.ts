import type { Cases } from './cases.ts';

/* What only `dr check` asks. */

const TOKYO = 'ap-northeast-1';
const at = (text: string) => new Date(text);
const KEY = `arn:aws:kms:${TOKYO}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const ROLE = 'arn:aws:iam::123456789012:role/teams/on-call & co/failover';
const BALANCER = `arn:aws:elasticloadbalancing:${TOKYO}:123456789012:loadbalancer/app/web/0123456789abcdef`;
const LISTENER = `arn:aws:elasticloadbalancing:${TOKYO}:123456789012:listener/app/web/0123456789abcdef/fedcba9876543210`;
const CERTIFICATE = `arn:aws:acm:${TOKYO}:123456789012:certificate/12345678-1234-1234-1234-123456789012`;
const NASTY = `<a href="x">&amp; 'é' 서울 東京`;

export const kmsCases: Cases['kms'] = {
  DescribeKey: {
    region: TOKYO,
    input: { KeyId: KEY },
    output: { KeyMetadata: { AWSAccountId: '123456789012', KeyId: '1234abcd', Arn: KEY, CreationDate: at('2026-01-02T03:04:05.000Z'), Enabled: false, Description: NASTY, KeyState: 'PendingDeletion', DeletionDate: at('2026-12-24T00:00:00.000Z'), KeyManager: 'CUSTOMER' } },
  },
  GetKeyPolicy: { region: TOKYO, input: { KeyId: KEY, PolicyName: 'default' }, output: { Policy: JSON.stringify({ Statement: [{ Principal: { AWS: '*' }, Sid: NASTY }] }), PolicyName: 'default' } },
  ListGrants: {
    region: TOKYO,
    input: { KeyId: KEY, GranteePrincipal: ROLE, Limit: 100, Marker: 'a b' },
    output: { Grants: [{ KeyId: KEY, GrantId: 'g-1', GranteePrincipal: ROLE, Operations: ['Decrypt', 'CreateGrant'] }], NextMarker: 'c d', Truncated: true },
  },
};

export const acmCases: Cases['acm'] = {
  DescribeCertificate: {
    region: TOKYO,
    input: { CertificateArn: CERTIFICATE },
    output: { Certificate: { CertificateArn: CERTIFICATE, DomainName: 'shop.example.com', SubjectAlternativeNames: ['shop.example.com', '*.shop.example.com'], Status: 'ISSUED', Type: 'IMPORTED', NotAfter: at('2027-01-01T00:00:00.000Z'), RenewalEligibility: 'INELIGIBLE' } },
  },
};

export const iamCases: Cases['iam'] = {
  GetInstanceProfile: {
    region: 'us-east-1',
    input: { InstanceProfileName: 'shop-api' },
    output: {
      InstanceProfile: {
        Path: '/',
        InstanceProfileName: 'shop-api',
        InstanceProfileId: 'AIPA',
        Arn: 'arn:aws:iam::123456789012:instance-profile/shop-api',
        CreateDate: at('2026-01-02T03:04:05.000Z'),
        Roles: [{ Path: '/teams/', RoleName: 'failover', RoleId: 'AROA', Arn: ROLE, CreateDate: at('2026-01-02T03:04:05.000Z') }],
      },
    },
  },
  GetRole: { region: 'us-east-1', input: { RoleName: 'failover' }, output: { Role: { Path: '/teams/', RoleName: 'failover', RoleId: 'AROA', Arn: ROLE, CreateDate: at('2026-01-02T03:04:05.000Z') } } },
  SimulatePrincipalPolicy: {
    region: 'us-east-1',
    input: {
      PolicySourceArn: ROLE,
      ActionNames: ['rds:PromoteReadReplica', 'ec2:RunInstances'],
      ResourceArns: ['arn:aws:rds:ap-northeast-1:123456789012:db:shop', '*'],
      ContextEntries: [{ ContextKeyName: 'aws:RequestedRegion', ContextKeyValues: [TOKYO, 'a,b'], ContextKeyType: 'stringList' }],
      MaxItems: 1000,
      Marker: 'm n',
    },
    output: {
      EvaluationResults: [
        { EvalActionName: 'rds:PromoteReadReplica', EvalResourceName: '*', EvalDecision: 'implicitDeny', MatchedStatements: [], MissingContextValues: [NASTY], ResourceSpecificResults: [{ EvalResourceName: 'arn:aws:rds:x', EvalResourceDecision: 'explicitDeny', MatchedStatements: [], MissingContextValues: [] }] },
      ],
      IsTruncated: true,
      Marker: 'o p',
    },
  },
};

export const quotaCases: Cases['servicequotas'] = {
  GetServiceQuota: {
    region: TOKYO,
    input: { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' },
    output: { Quota: { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A', QuotaName: NASTY, Value: 5.5, UsageMetric: { MetricNamespace: 'AWS/Usage', MetricName: 'ResourceCount', MetricDimensions: { Class: 'Standard/OnDemand', Resource: 'vCPU' }, MetricStatisticRecommendation: 'Maximum' } } },
  },
};

/** What only `dr assess` asks. */
export const healthCases: Cases['health'] = {
  DescribeEvents: {
    region: 'us-east-1',
    input: { filter: { regions: [TOKYO, 'global'], eventTypeCategories: ['issue'], eventStatusCodes: ['open'] }, maxResults: 100, nextToken: 'a b' },
    output: {
      events: [
        { arn: `arn:aws:health:${TOKYO}::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_ABC`, service: 'RDS', eventTypeCode: 'AWS_RDS_OPERATIONAL_ISSUE', eventTypeCategory: 'issue', region: TOKYO, startTime: at('2026-11-20T09:59:00.000Z'), lastUpdatedTime: at('2026-11-20T10:09:00.500Z'), statusCode: 'open', eventScopeCode: 'PUBLIC' },
        { arn: NASTY, service: 'EC2', eventTypeCode: 'AWS_EC2_OPERATIONAL_ISSUE', eventTypeCategory: 'issue', region: 'global', availabilityZone: 'ap-northeast-1a', statusCode: 'upcoming' },
      ],
      nextToken: 'c d',
    },
  },
};

export const listenerCases: Pick<Cases['elbv2'], 'DescribeListeners' | 'DescribeListenerCertificates'> = {
  DescribeListeners: {
    region: TOKYO,
    input: { LoadBalancerArn: BALANCER, Marker: 'a b', PageSize: 5 },
    output: { Listeners: [{ ListenerArn: LISTENER, LoadBalancerArn: BALANCER, Port: 443, Protocol: 'HTTPS', Certificates: [{ CertificateArn: CERTIFICATE }] }], NextMarker: 'c' },
  },
  DescribeListenerCertificates: {
    region: TOKYO,
    input: { ListenerArn: LISTENER, Marker: 'a b' },
    output: { Certificates: [{ CertificateArn: CERTIFICATE, IsDefault: true }, { CertificateArn: `${CERTIFICATE}x`, IsDefault: false }], NextMarker: 'c' },
  },
};

export const offerCases: Pick<Cases['rds'], 'DescribeOrderableDBInstanceOptions' | 'DescribeCertificates'> = {
  DescribeOrderableDBInstanceOptions: {
    region: TOKYO,
    input: { Engine: 'postgres', EngineVersion: '17.5', DBInstanceClass: 'db.r6g.large', Vpc: true, Marker: 'a b' },
    output: { OrderableDBInstanceOptions: [{ Engine: 'postgres', EngineVersion: '17.5', DBInstanceClass: 'db.r6g.large', LicenseModel: 'postgresql-license', AvailabilityZones: [{ Name: 'ap-northeast-1a' }, { Name: 'ap-northeast-1c' }], MultiAZCapable: true, ReadReplicaCapable: true, Vpc: true, StorageType: 'gp3', SupportsIAMDatabaseAuthentication: true, MinIopsPerGib: 0.5, MaxStorageSize: 65536 }], Marker: 'c d' },
  },
  DescribeCertificates: {
    region: TOKYO,
    input: { CertificateIdentifier: 'rds-ca-rsa2048-g1' },
    output: { Certificates: [{ CertificateIdentifier: 'rds-ca-rsa2048-g1', CertificateType: 'CA', Thumbprint: NASTY, ValidTill: at('2061-05-19T00:00:00.000Z'), CertificateArn: `arn:aws:rds:${TOKYO}::cert:rds-ca-rsa2048-g1`, CustomerOverride: false }], DefaultCertificateForNewLaunches: 'rds-ca-rsa2048-g1' },
  },
};

export const proxyCases: Pick<Cases['rds'], 'DescribeDBProxies' | 'DescribeDBProxyTargets'> = {
  DescribeDBProxies: {
    region: TOKYO,
    input: { DBProxyName: 'shop-orders', MaxRecords: 20, Marker: 'a b' },
    output: { DBProxies: [{ DBProxyName: 'shop-orders', DBProxyArn: `arn:aws:rds:${TOKYO}:123456789012:db-proxy:prx-0123`, Status: 'incompatible-network', EngineFamily: 'POSTGRESQL', VpcId: 'vpc-1', VpcSecurityGroupIds: ['sg-1'], VpcSubnetIds: ['subnet-1', 'subnet-2'], Auth: [{ AuthScheme: 'SECRETS', Description: NASTY }], CreatedDate: at('2026-01-02T03:04:05.000Z') }], Marker: 'c d' },
  },
  DescribeDBProxyTargets: {
    region: TOKYO,
    input: { DBProxyName: 'shop-orders', TargetGroupName: 'default', Marker: 'a b' },
    output: { Targets: [{ Type: 'RDS_INSTANCE', RdsResourceId: 'shop-orders-tokyo', Port: 5432, Role: 'READ_WRITE', TargetHealth: { State: 'UNAVAILABLE', Reason: 'AUTH_FAILURE', Description: NASTY } }], Marker: 'c' },
  },
};

export const launchCases: Pick<Cases['ec2'], 'DescribeInstanceTypes' | 'DescribeCapacityReservations' | 'DescribeSnapshots' | 'DescribeKeyPairs' | 'DescribeNetworkInsightsPaths' | 'DescribeNetworkInsightsAnalyses'> = {
  DescribeNetworkInsightsPaths: {
    region: TOKYO,
    input: { NetworkInsightsPathIds: ['nip-0123456789abcdef0'] },
    output: { NetworkInsightsPaths: [{ NetworkInsightsPathId: 'nip-0123456789abcdef0', Source: 'i-1', Destination: 'eni-1', Protocol: 'tcp', DestinationPort: 5432, CreatedDate: at('2026-01-02T03:04:05.000Z') }] },
  },
  DescribeNetworkInsightsAnalyses: {
    region: TOKYO,
    input: { NetworkInsightsPathId: 'nip-0123456789abcdef0', MaxResults: 100, NextToken: 'a b' },
    output: { NetworkInsightsAnalyses: [{ NetworkInsightsAnalysisId: 'nia-0123456789abcdef0', NetworkInsightsPathId: 'nip-0123456789abcdef0', StartDate: at('2026-11-01T02:03:04.000Z'), Status: 'succeeded', StatusMessage: NASTY, NetworkPathFound: false, Explanations: [{ ExplanationCode: 'ENI_SG_RULES_MISMATCH', Direction: 'egress' }] }], NextToken: 'c' },
  },
  DescribeInstanceTypes: { region: TOKYO, input: { InstanceTypes: ['m6g.large', 't4g.micro'] }, output: { InstanceTypes: [{ InstanceType: 'm6g.large', VCpuInfo: { DefaultVCpus: 2, ValidCores: [1, 2] } }] } },
  DescribeCapacityReservations: {
    region: TOKYO,
    input: { CapacityReservationIds: ['cr-0123456789abcdef0'] },
    output: { CapacityReservations: [{ CapacityReservationId: 'cr-0123456789abcdef0', InstanceType: 'm6g.large', State: 'active', TotalInstanceCount: 4, AvailableInstanceCount: 0 }] },
  },
  DescribeKeyPairs: { region: TOKYO, input: { KeyNames: ['on-call', NASTY] }, output: { KeyPairs: [{ KeyName: NASTY, KeyPairId: 'key-1', KeyType: 'ed25519', KeyFingerprint: 'aa:bb' }] } },
  DescribeSnapshots: { region: TOKYO, input: { SnapshotIds: ['snap-1', 'snap-2'] }, output: { Snapshots: [{ SnapshotId: 'snap-1', Encrypted: true, KmsKeyId: KEY, State: 'completed' }] } },
};
