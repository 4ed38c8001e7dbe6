import type { InputOf, OperationOf, OutputOf, Service } from '../../../src/aws/operations.ts';
import { acmCases, iamCases, kmsCases, launchCases, listenerCases, offerCases, proxyCases, healthCases, quotaCases } from './readiness-cases.ts';
import { backupCases, dbSettingsCases, instanceCases, targetCases } from './recovery-cases.ts';

/** What goes over the wire and must come out at the other end as it went in. */
export type Cases = {
  [S in Service]: { [O in OperationOf<S>]: { region: string; input: InputOf<S, O>; output: OutputOf<S, O> } };
};

const TOKYO = 'ap-northeast-1';
const SEOUL = 'ap-northeast-2';
const at = (text: string) => new Date(text);
const NASTY = `<a href="x">&amp; 'é' 서울 東京 \u{1f5fc} a+b=c%20d`;

const dbInstance = {
  DBInstanceIdentifier: 'shop-tokyo',
  DBInstanceStatus: 'modifying',
  Engine: 'postgres',
  AllocatedStorage: 100,
  MultiAZ: false,
  InstanceCreateTime: at('2026-11-20T01:02:03.456Z'),
  Endpoint: { Address: 'shop-tokyo.abc.ap-northeast-1.rds.amazonaws.com', Port: 5432 },
  VpcSecurityGroups: [
    { VpcSecurityGroupId: 'sg-1', Status: 'active' },
    { VpcSecurityGroupId: 'sg-2', Status: 'removing' },
  ],
  ReadReplicaSourceDBInstanceIdentifier: `arn:aws:rds:${SEOUL}:123456789012:db:shop-seoul`,
  ReadReplicaDBInstanceIdentifiers: [],
  StatusInfos: [{ StatusType: 'read replication', Normal: true, Status: 'replicating', Message: NASTY }],
  PendingModifiedValues: { BackupRetentionPeriod: 7 },
  BackupRetentionPeriod: 0,
};

const recordSet = {
  Name: '\\052.shop.example.com.',
  Type: 'A' as const,
  SetIdentifier: 'tokyo',
  Failover: 'SECONDARY' as const,
  TTL: 1,
  HealthCheckId: 'abcdef11-2222-3333-4444-555555fedcba',
  ResourceRecords: [{ Value: '127.0.0.1' }, { Value: '"v=spf1 & <all>"' }],
};
const aliasSet = {
  Name: 'shop.example.com.',
  Type: 'AAAA' as const,
  SetIdentifier: 'seoul',
  Weight: 0,
  AliasTarget: { HostedZoneId: 'Z2', DNSName: 'alb.example.com.', EvaluateTargetHealth: false },
};
const zone = {
  Id: '/hostedzone/Z123',
  Name: 'example.com.',
  CallerReference: NASTY,
  Config: { Comment: NASTY, PrivateZone: false },
  ResourceRecordSetCount: 12,
};
const change = { Id: '/change/C1', Status: 'PENDING' as const, SubmittedAt: at('2026-11-20T10:00:00.250Z'), Comment: NASTY };

const route53: Cases['route53'] = {
  ListHealthChecks: {
    region: 'us-east-1',
    input: { Marker: 'a b', MaxItems: 5 },
    output: {
      HealthChecks: [{ Id: 'hc-1', CallerReference: NASTY, HealthCheckVersion: 3, HealthCheckConfig: { Type: 'HTTPS', FullyQualifiedDomainName: 'shop.example.com', ResourcePath: '/healthz?a=b&c', Port: 443 } }],
      Marker: 'a b',
      IsTruncated: true,
      NextMarker: 'hc-2',
      MaxItems: 5,
    },
  },
  ListHostedZones: {
    region: 'us-east-1',
    input: { Marker: 'a b/c', MaxItems: 5 },
    output: { HostedZones: [zone, { ...zone, Id: '/hostedzone/Z124' }], Marker: 'a b/c', IsTruncated: true, MaxItems: 5 },
  },
  GetHostedZone: {
    region: 'us-east-1',
    input: { Id: 'Z123' },
    output: { HostedZone: zone, DelegationSet: { NameServers: ['ns-1.example.com', 'ns-2.example.com'] } },
  },
  ListResourceRecordSets: {
    region: 'us-east-1',
    input: {
      HostedZoneId: 'Z123',
      StartRecordName: '*.shop.example.com.',
      StartRecordType: 'A',
      StartRecordIdentifier: 'tokyo & co',
      MaxItems: 300,
    },
    output: { ResourceRecordSets: [recordSet, aliasSet], IsTruncated: false, MaxItems: 300 },
  },
  ChangeResourceRecordSets: {
    region: 'us-east-1',
    input: {
      HostedZoneId: 'Z123',
      ChangeBatch: {
        Comment: NASTY,
        Changes: [
          { Action: 'UPSERT', ResourceRecordSet: recordSet },
          { Action: 'DELETE', ResourceRecordSet: aliasSet },
        ],
      },
    },
    output: { ChangeInfo: change },
  },
  GetChange: { region: 'us-east-1', input: { Id: 'C1' }, output: { ChangeInfo: { ...change, Status: 'INSYNC' } } },
  GetHealthCheck: {
    region: 'us-east-1',
    input: { HealthCheckId: 'hc-1' },
    output: {
      HealthCheck: {
        Id: 'hc-1',
        CallerReference: 'x',
        HealthCheckVersion: 3,
        HealthCheckConfig: {
          Type: 'HTTP_STR_MATCH',
          FullyQualifiedDomainName: 'shop.example.com',
          ResourcePath: '/health?a=b&c',
          SearchString: NASTY,
          Inverted: true,
          FailureThreshold: 3,
          Regions: ['us-east-1', 'eu-west-1', 'ap-southeast-1'],
        },
      },
    },
  },
  UpdateHealthCheck: {
    region: 'us-east-1',
    input: { HealthCheckId: 'hc-1', HealthCheckVersion: 3, Inverted: true, Disabled: true },
    output: { HealthCheck: { Id: 'hc-1', CallerReference: 'x', HealthCheckVersion: 4, HealthCheckConfig: { Type: 'TCP', Inverted: true, Disabled: true } } },
  },
  ListResourceRecordSetProtections: {
    region: 'us-east-1',
    input: { HostedZoneId: 'Z123', StartRecordName: 'shop.example.com.', StartRecordType: 'A', MaxResults: 300, NextToken: 'a b/c' },
    output: {
      ResourceRecordSetProtections: [{ RecordName: 'shop.example.com.', RecordType: 'A', Comment: NASTY }, { RecordName: '\\052.example.com.', RecordType: 'AAAA' }],
      NextToken: 'next & more',
    },
  },
  GetHealthCheckStatus: {
    region: 'us-east-1',
    input: { HealthCheckId: 'hc-1' },
    output: {
      HealthCheckObservations: [
        {
          Region: 'us-east-1',
          IPAddress: '15.177.0.1',
          StatusReport: { Status: 'Success: HTTP Status Code 200, OK', CheckedTime: at('2026-11-20T10:00:00.000Z') },
        },
        { Region: 'eu-west-1', StatusReport: { Status: 'Failure: Connection timed out.' } },
      ],
    },
  },
};

const instance = {
  InstanceId: 'i-0123456789abcdef0',
  InstanceType: 't3.small' as const,
  State: { Code: 16, Name: 'running' as const },
  LaunchTime: at('2026-11-20T09:00:00.000Z'),
  Placement: { AvailabilityZone: 'ap-northeast-1a' },
  SecurityGroups: [{ GroupId: 'sg-1', GroupName: 'app' }],
  Tags: [{ Key: 'Name', Value: NASTY }],
};

const autoscaling: Cases['autoscaling'] = {
  DescribeAutoScalingGroups: {
    region: TOKYO,
    input: { AutoScalingGroupNames: ['shop', 'other'], IncludeInstances: false, MaxRecords: 10, NextToken: 't=1&2' },
    output: {
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'shop',
          MinSize: 0,
          MaxSize: 4,
          DesiredCapacity: 2,
          DefaultCooldown: 300,
          AvailabilityZones: ['ap-northeast-1a', 'ap-northeast-1c'],
          TargetGroupARNs: ['arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/shop/1'],
          HealthCheckType: 'ELB',
          CreatedTime: at('2026-01-02T03:04:05.678Z'),
          SuspendedProcesses: [],
          Instances: [
            {
              InstanceId: 'i-1',
              AvailabilityZone: 'ap-northeast-1a',
              LifecycleState: 'InService',
              HealthStatus: 'Healthy',
              ProtectedFromScaleIn: false,
            },
          ],
        },
      ],
    },
  },
  CreateAutoScalingGroup: {
    region: TOKYO,
    input: {
      AutoScalingGroupName: 'dr-drill-0a1b2c3d-shop', MinSize: 0, MaxSize: 1, DesiredCapacity: 1, VPCZoneIdentifier: 'subnet-1,subnet-2', HealthCheckType: 'EC2',
      LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' },
      Tags: [{ Key: 'dr:drill', Value: 'a&b', PropagateAtLaunch: true }],
    },
    output: {},
  },
  DeleteAutoScalingGroup: { region: TOKYO, input: { AutoScalingGroupName: 'dr-drill-0a1b2c3d-shop', ForceDelete: true }, output: {} },
  UpdateAutoScalingGroup: {
    region: TOKYO,
    input: { AutoScalingGroupName: 'shop', MinSize: 0, MaxSize: 8, DesiredCapacity: 4, AvailabilityZones: ['a', 'b'] },
    output: {},
  },
  DescribeScheduledActions: {
    region: TOKYO,
    input: { AutoScalingGroupName: 'web & api', NextToken: 'a b' },
    output: { ScheduledUpdateGroupActions: [{ AutoScalingGroupName: 'web & api', ScheduledActionName: 'night', StartTime: new Date('2026-11-20T18:00:00.000Z'), Recurrence: '0 18 * * *', TimeZone: 'Asia/Tokyo', MinSize: 0, MaxSize: 2, DesiredCapacity: 0 }], NextToken: 'c' },
  },
  DescribeScalingActivities: {
    region: TOKYO,
    input: { AutoScalingGroupName: 'shop', MaxRecords: 100 },
    output: {
      Activities: [
        {
          ActivityId: 'a-1',
          AutoScalingGroupName: 'shop',
          Cause: NASTY,
          StartTime: at('2026-11-20T10:00:01.500Z'),
          StatusCode: 'Failed',
          StatusMessage: 'We currently do not have sufficient t3.small capacity.',
          Progress: 100,
        },
      ],
    },
  },
};

const s3: Cases['s3'] = {
  HeadObject: {
    region: TOKYO,
    input: { Bucket: 'switch', Key: 'a/b c+é.txt', IfNoneMatch: '"1"' },
    output: { ContentLength: 3, ETag: '"abc"', LastModified: at('2026-11-20T10:00:00Z'), Metadata: { run: 'r1' } },
  },
  GetObject: {
    region: TOKYO,
    input: { Bucket: 'switch', Key: 'a//b', IfMatch: '"abc"' },
    output: { ContentType: 'text/plain', ETag: '"abc"', Metadata: { run: 'r1', term: '7' } },
  },
  PutObject: {
    region: TOKYO,
    input: {
      Bucket: 'switch',
      Key: 'tokyo/active~(1)',
      Body: Buffer.from(NASTY),
      ContentType: 'text/plain; charset=utf-8',
      IfNoneMatch: '*',
      Metadata: { run: 'r1', term: '7' },
    },
    output: { ETag: '"def"', VersionId: 'v1' },
  },
  DeleteObject: { region: TOKYO, input: { Bucket: 'switch', Key: 'a', VersionId: 'v1' }, output: { DeleteMarker: true } },
  ListObjectsV2: {
    region: TOKYO,
    input: { Bucket: 'switch', Prefix: 'a/ &', Delimiter: '/', MaxKeys: 2, ContinuationToken: 'x=' },
    output: {
      IsTruncated: true,
      Name: 'switch',
      KeyCount: 2,
      MaxKeys: 2,
      NextContinuationToken: 'y==',
      Contents: [
        { Key: NASTY, LastModified: at('2026-11-20T10:00:00.123Z'), ETag: '"1"', Size: 0, StorageClass: 'STANDARD' },
        { Key: 'b', LastModified: at('2026-11-20T10:00:00Z'), ETag: '"2"', Size: 5 },
      ],
      CommonPrefixes: [{ Prefix: 'a/b/' }],
    },
  },
};

/** The SDK gives bytes with methods of its own. */
const payload = (value: unknown) => Buffer.from(JSON.stringify(value)) as unknown as NonNullable<Cases['lambda']['Invoke']['output']['Payload']>;

const lambda: Cases['lambda'] = {
  Invoke: {
    region: TOKYO,
    input: { FunctionName: 'warm-cache', InvocationType: 'RequestResponse', Payload: payload({ note: NASTY }) },
    output: { StatusCode: 200, FunctionError: 'Unhandled', ExecutedVersion: '$LATEST', Payload: payload({ errorMessage: NASTY }) },
  },
};

export const CASES: Cases = {
  lambda,
  rds: {
    ...offerCases,
    ...proxyCases,
    DescribeDBParameters: {
      region: TOKYO,
      input: { DBParameterGroupName: 'shop-mysql', MaxRecords: 100, Marker: 'a b/c' },
      output: {
        Parameters: [{ ParameterName: 'auto_increment_offset', ParameterValue: '2', Source: 'user', IsModifiable: true }, { ParameterName: 'x', Description: NASTY }],
        Marker: 'next',
      },
    },
    DescribeDBInstances: {
      region: TOKYO,
      input: { DBInstanceIdentifier: 'shop-tokyo', Filters: [{ Name: 'engine', Values: ['postgres', NASTY] }], MaxRecords: 20 },
      output: { Marker: NASTY, DBInstances: [dbInstance, { DBInstanceIdentifier: 'b' }] },
    },
    PromoteReadReplica: {
      region: TOKYO,
      input: { DBInstanceIdentifier: 'shop-tokyo', BackupRetentionPeriod: 7, PreferredBackupWindow: '01:00-02:00' },
      output: { DBInstance: dbInstance },
    },
    ModifyDBInstance: {
      region: SEOUL,
      input: { DBInstanceIdentifier: 'shop-seoul', ApplyImmediately: true, VpcSecurityGroupIds: ['sg-quarantine', 'sg-2'] },
      output: { DBInstance: dbInstance },
    },
    CreateDBInstanceReadReplica: {
      region: SEOUL,
      input: {
        DBInstanceIdentifier: 'shop-seoul',
        SourceDBInstanceIdentifier: `arn:aws:rds:${TOKYO}:123456789012:db:shop-tokyo`,
        DBInstanceClass: 'db.r6g.large',
        MultiAZ: true,
        DBSubnetGroupName: 'private',
        VpcSecurityGroupIds: ['sg-1', 'sg-2'],
        KmsKeyId: `arn:aws:kms:${SEOUL}:123456789012:key/00000000-0000-4000-8000-000000000000`,
        PubliclyAccessible: false,
        DeletionProtection: true,
        // Where it is missing the SDK signs one itself.
        PreSignedUrl: `https://rds.${TOKYO}.amazonaws.com/?Action=CreateDBInstanceReadReplica&x=%20`,
      },
      output: { DBInstance: dbInstance },
    },
    DeleteDBInstance: { region: TOKYO, input: { DBInstanceIdentifier: 'dr-drill-0a1b2c3d-shop', SkipFinalSnapshot: true, DeleteAutomatedBackups: true }, output: { DBInstance: dbInstance } },
    RebootDBInstance: { region: SEOUL, input: { DBInstanceIdentifier: 'shop-seoul', ForceFailover: false }, output: { DBInstance: dbInstance } },
    ...backupCases,
    ...dbSettingsCases,
  },
  route53,
  ec2: {
    ...instanceCases,
    ...launchCases,
    DescribeInstances: {
      region: TOKYO,
      input: {
        InstanceIds: ['i-1', 'i-2'],
        DryRun: false,
        Filters: [{ Name: 'tag:app', Values: ['shop', 'x'] }, { Name: 'instance-state-name', Values: ['running'] }],
        NextToken: 't',
      },
      output: { NextToken: 'u', Reservations: [{ ReservationId: 'r-1', OwnerId: '123456789012', Instances: [instance] }] },
    },
    DescribeSecurityGroups: {
      region: SEOUL,
      input: { GroupIds: ['sg-1'], MaxResults: 50 },
      output: {
        SecurityGroups: [
          {
            GroupId: 'sg-1',
            GroupName: 'quarantine',
            Description: NASTY,
            IpPermissions: [
              {
                IpProtocol: 'tcp',
                FromPort: 5432,
                ToPort: 5432,
                IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'vpc' }],
                UserIdGroupPairs: [{ GroupId: 'sg-2', UserId: '123456789012' }],
              },
            ],
            IpPermissionsEgress: [],
          },
        ],
      },
    },
  },
  autoscaling,
  elbv2: {
    ...targetCases,
    ...listenerCases,
    DescribeTargetGroups: {
      region: TOKYO,
      input: { Marker: 'a b', PageSize: 400 },
      output: { TargetGroups: [{ TargetGroupArn: 'arn:aws:elasticloadbalancing:x', TargetGroupName: NASTY, Protocol: 'HTTP', Port: 8080, TargetType: 'instance' }], NextMarker: 'c' },
    },
    DescribeTargetHealth: {
      region: TOKYO,
      input: { TargetGroupArn: 'arn:aws:elasticloadbalancing:x', Targets: [{ Id: 'i-1', Port: 80 }] },
      output: {
        TargetHealthDescriptions: [
          { Target: { Id: 'i-1', Port: 80 }, HealthCheckPort: '80', TargetHealth: { State: 'healthy' } },
          {
            Target: { Id: 'i-2', Port: 80 },
            TargetHealth: { State: 'unhealthy', Reason: 'Target.FailedHealthChecks', Description: NASTY },
          },
        ],
      },
    },
  },
  cloudwatch: {
    DescribeAlarms: {
      region: 'us-west-2',
      input: { AlarmNames: ['shop & co'], AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], NextToken: 'a b' },
      output: { MetricAlarms: [{ AlarmName: 'shop & co', StateValue: 'ALARM', StateReason: 'a < b', StateUpdatedTimestamp: new Date('2026-11-20T10:00:00.000Z'), StateTransitionedTimestamp: new Date('2026-11-20T09:59:00.000Z') }], CompositeAlarms: [{ AlarmName: 'all', StateValue: 'OK' }], NextToken: 'c' },
    },
    GetMetricData: {
      region: TOKYO,
      input: {
        MetricDataQueries: [
          {
            Id: 'm1',
            MetricStat: {
              Metric: {
                Namespace: 'AWS/RDS',
                MetricName: 'ReplicaLag',
                Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'shop-tokyo' }],
              },
              Period: 60,
              Stat: 'Maximum',
            },
            ReturnData: true,
          },
        ],
        StartTime: at('2026-11-20T09:00:00Z'),
        EndTime: at('2026-11-20T10:00:00.500Z'),
        ScanBy: 'TimestampDescending',
      },
      output: {
        MetricDataResults: [
          {
            Id: 'm1',
            Label: NASTY,
            StatusCode: 'Complete',
            Timestamps: [at('2026-11-20T09:59:00Z'), at('2026-11-20T09:58:00Z')],
            Values: [0.25, -1],
          },
        ],
        Messages: [],
      },
    },
  },
  s3,
  kms: kmsCases,
  acm: acmCases,
  iam: iamCases,
  servicequotas: quotaCases,
  health: healthCases,
  sts: {
    GetCallerIdentity: {
      region: TOKYO,
      input: {},
      output: { Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/on-call', UserId: 'AIDA' },
    },
  },
  sns: {
    GetTopicAttributes: {
      region: TOKYO,
      input: { TopicArn: 'arn:aws:sns:ap-northeast-1:123456789012:ops' },
      output: { Attributes: { TopicArn: 'arn:aws:sns:ap-northeast-1:123456789012:ops', DisplayName: NASTY } },
    },
    ListTopics: {
      region: TOKYO,
      input: { NextToken: 'a b' },
      output: { Topics: [{ TopicArn: 'arn:aws:sns:ap-northeast-1:123456789012:ops' }], NextToken: 'c' },
    },
    Publish: {
      region: TOKYO,
      input: {
        TopicArn: 'arn:aws:sns:ap-northeast-1:123456789012:ops',
        Subject: 'failover',
        Message: NASTY,
        MessageAttributes: {
          severity: { DataType: 'String', StringValue: 'high' },
          raw: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255, 7]) },
        },
      },
      output: { MessageId: 'm-1' },
    },
  },
};
