import type { Cases } from './cases.ts';

/** Cases of backups, instances and images: see cases.ts. */

const TOKYO = 'ap-northeast-1';
const SEOUL = 'ap-northeast-2';
const at = (text: string) => new Date(text);
const NASTY = `<a href="x">&amp; 'é' 서울 東京 \u{1f5fc} a+b=c%20d`;
const SOURCE = `arn:aws:rds:${SEOUL}:123456789012:db:archive`;
const KEY = `arn:aws:kms:${TOKYO}:123456789012:key/0a1b`;
const BACKUP = `arn:aws:rds:${TOKYO}:123456789012:auto-backup:ab-l2ijcexjp7xq7hoj4siexample`;

const backup = {
  DBInstanceArn: SOURCE,
  DbiResourceId: 'db-L4EYMVU2KPB7GPLT3HLH6FRWQY',
  Region: SEOUL,
  DBInstanceIdentifier: 'archive',
  RestoreWindow: { EarliestTime: at('2026-11-13T10:00:00Z'), LatestTime: at('2026-11-20T09:54:59.500Z') },
  Status: 'active',
  Encrypted: true,
  KmsKeyId: KEY,
  BackupRetentionPeriod: 7,
  DBInstanceAutomatedBackupsArn: BACKUP,
};

const restored = {
  DBInstanceIdentifier: 'archive-tokyo',
  DBInstanceStatus: 'creating',
  DBSubnetGroup: { DBSubnetGroupName: 'archive', SubnetGroupStatus: 'Complete' },
  DBParameterGroups: [{ DBParameterGroupName: 'archive-pg17', ParameterApplyStatus: 'in-sync' }],
  TagList: [{ Key: 'dr:restore', Value: NASTY }],
};

const settings = {
  DBInstanceClass: 'db.r6g.large',
  DBSubnetGroupName: 'archive',
  DBParameterGroupName: 'archive-pg17',
  VpcSecurityGroupIds: ['sg-1', 'sg-2'],
  MultiAZ: true,
  BackupRetentionPeriod: 14,
  Tags: [{ Key: 'dr:restore', Value: NASTY }],
};

export const backupCases: Pick<
  Cases['rds'],
  | 'DescribeDBInstanceAutomatedBackups'
  | 'DescribeDBSnapshots'
  | 'RestoreDBInstanceToPointInTime'
  | 'RestoreDBInstanceFromDBSnapshot'
  | 'StartDBInstanceAutomatedBackupsReplication'
> = {
  DescribeDBInstanceAutomatedBackups: {
    region: TOKYO,
    input: { Filters: [{ Name: 'db-instance-id', Values: ['archive', NASTY] }], MaxRecords: 20, Marker: 'm=1' },
    output: { Marker: NASTY, DBInstanceAutomatedBackups: [backup, { DBInstanceIdentifier: 'b' }] },
  },
  DescribeDBSnapshots: {
    region: TOKYO,
    input: { DBInstanceIdentifier: 'archive', MaxRecords: 100 },
    output: {
      DBSnapshots: [
        {
          DBSnapshotIdentifier: 'archive-nightly',
          SnapshotCreateTime: at('2026-11-20T02:00:00Z'),
          OriginalSnapshotCreateTime: at('2026-11-20T01:00:00.250Z'),
          Status: 'available',
          PercentProgress: 100,
          Encrypted: true,
          KmsKeyId: KEY,
          TagList: [{ Key: 'k', Value: NASTY }],
        },
      ],
    },
  },
  RestoreDBInstanceToPointInTime: {
    region: TOKYO,
    input: { SourceDBInstanceAutomatedBackupsArn: BACKUP, TargetDBInstanceIdentifier: 'archive-tokyo', UseLatestRestorableTime: true, ...settings },
    output: { DBInstance: restored },
  },
  RestoreDBInstanceFromDBSnapshot: {
    region: TOKYO,
    input: { DBInstanceIdentifier: 'archive-tokyo', DBSnapshotIdentifier: 'archive-nightly', ...settings },
    output: { DBInstance: restored },
  },
  StartDBInstanceAutomatedBackupsReplication: {
    region: TOKYO,
    input: { SourceDBInstanceArn: SOURCE, BackupRetentionPeriod: 14, KmsKeyId: KEY },
    output: { DBInstanceAutomatedBackup: { ...backup, Status: 'creating', RestoreWindow: {} } },
  },
};

export const dbSettingsCases: Pick<Cases['rds'], 'DescribeDBSubnetGroups' | 'DescribeDBParameterGroups' | 'DescribeOptionGroups' | 'DescribeAccountAttributes'> = {
  DescribeAccountAttributes: {
    region: TOKYO,
    input: {},
    output: { AccountQuotas: [{ AccountQuotaName: 'DBInstances', Used: 22, Max: 40 }, { AccountQuotaName: 'AllocatedStorage', Used: 2_200, Max: 100_000 }] },
  },
  DescribeOptionGroups: {
    region: TOKYO,
    input: { OptionGroupName: 'archive-audit' },
    output: { OptionGroupsList: [{ OptionGroupName: 'archive-audit', OptionGroupDescription: NASTY, EngineName: 'mysql', MajorEngineVersion: '8.4', AllowsVpcAndNonVpcInstanceMemberships: false, VpcId: 'vpc-1' }] },
  },
  DescribeDBSubnetGroups: {
    region: TOKYO,
    input: { DBSubnetGroupName: 'archive' },
    output: { DBSubnetGroups: [{ DBSubnetGroupName: 'archive', DBSubnetGroupDescription: NASTY, SubnetGroupStatus: 'Complete' }] },
  },
  DescribeDBParameterGroups: {
    region: TOKYO,
    input: { DBParameterGroupName: 'archive-pg17' },
    output: { DBParameterGroups: [{ DBParameterGroupName: 'archive-pg17', DBParameterGroupFamily: 'postgres17', Description: NASTY }] },
  },
};

const running = {
  InstanceId: 'i-0123456789abcdef0',
  ImageId: 'ami-0123456789abcdef0',
  State: { Code: 0, Name: 'pending' as const },
  ClientToken: 'dr-0a1b',
  Tags: [{ Key: 'dr:compute', Value: NASTY }],
};
const change = {
  InstanceId: 'i-1',
  PreviousState: { Code: 80, Name: 'stopped' as const },
  CurrentState: { Code: 0, Name: 'pending' as const },
};

export const instanceCases: Omit<Cases['ec2'], 'DescribeInstances' | 'DescribeSecurityGroups' | 'DescribeInstanceTypes' | 'DescribeCapacityReservations' | 'DescribeSnapshots' | 'DescribeKeyPairs' | 'DescribeNetworkInsightsPaths' | 'DescribeNetworkInsightsAnalyses'> = {
  DescribeInstanceStatus: {
    region: TOKYO,
    input: { InstanceIds: ['i-1', 'i-2'], IncludeAllInstances: true },
    output: {
      InstanceStatuses: [
        {
          InstanceId: 'i-1',
          AvailabilityZone: 'ap-northeast-1a',
          InstanceState: { Code: 16, Name: 'running' },
          InstanceStatus: { Status: 'initializing', Details: [{ Name: 'reachability', Status: 'initializing' }] },
          SystemStatus: { Status: 'ok' },
        },
      ],
    },
  },
  StartInstances: { region: TOKYO, input: { InstanceIds: ['i-1', 'i-2'] }, output: { StartingInstances: [change] } },
  StopInstances: { region: SEOUL, input: { InstanceIds: ['i-1'] }, output: { StoppingInstances: [change] } },
  TerminateInstances: { region: TOKYO, input: { InstanceIds: ['i-1'], DryRun: false }, output: { TerminatingInstances: [{ ...change, CurrentState: { Code: 32, Name: 'shutting-down' } }] } },
  ModifyInstanceAttribute: { region: TOKYO, input: { InstanceId: 'i-1', InstanceType: { Value: 'm6i.large' } }, output: {} },
  DescribeInstanceTypeOfferings: {
    region: TOKYO,
    input: { LocationType: 'availability-zone', Filters: [{ Name: 'instance-type', Values: ['m6g.large', 'm7g.large'] }], NextToken: NASTY },
    output: { InstanceTypeOfferings: [{ InstanceType: 'm6g.large', LocationType: 'availability-zone', Location: 'ap-northeast-1a' }], NextToken: NASTY },
  },
  DescribeImages: {
    region: TOKYO,
    input: { Owners: ['self'], ImageIds: ['ami-1'], Filters: [{ Name: 'name', Values: ['archive-api-*', NASTY] }] },
    output: {
      Images: [
        { ImageId: 'ami-1', Name: 'archive-api-7', Description: NASTY, State: 'available', CreationDate: '2026-11-19T01:02:03.000Z', Tags: [{ Key: 'app', Value: NASTY }] },
      ],
    },
  },
  DescribeLaunchTemplateVersions: {
    region: TOKYO,
    input: { LaunchTemplateName: 'archive-api', Versions: ['$Default', '3'] },
    output: {
      LaunchTemplateVersions: [
        {
          LaunchTemplateId: 'lt-0123456789abcdef0',
          LaunchTemplateName: 'archive-api',
          VersionNumber: 3,
          VersionDescription: NASTY,
          DefaultVersion: true,
          CreateTime: at('2026-11-01T00:00:00Z'),
          LaunchTemplateData: { InstanceType: 'm6g.large', SecurityGroupIds: ['sg-1'] },
        },
      ],
    },
  },
  RunInstances: {
    region: TOKYO,
    input: {
      LaunchTemplate: { LaunchTemplateName: 'archive-api', Version: '3' },
      ImageId: 'ami-1',
      InstanceType: 'm6i.large',
      SubnetId: 'subnet-1',
      MinCount: 2,
      MaxCount: 2,
      ClientToken: 'dr-0a1b',
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'dr:compute', Value: NASTY }] }],
    },
    output: { ReservationId: 'r-1', OwnerId: '123456789012', Instances: [running] },
  },
};

export const targetCases: Pick<Cases['elbv2'], 'RegisterTargets'> = {
  RegisterTargets: {
    region: TOKYO,
    input: { TargetGroupArn: 'arn:aws:elasticloadbalancing:x', Targets: [{ Id: 'i-1', Port: 8080 }, { Id: 'i-2' }] },
    output: {},
  },
};
