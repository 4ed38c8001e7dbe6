import { describe, expect, it } from 'vitest';
import { serviceSchema } from '../../../src/aws/schemas.ts';
import { readFileSync } from 'node:fs';

/*
 * Each member that AWS takes for a copy is sent, or left out for a reason that stands here. A new version of the SDK that knows more makes this fail.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
 */

const DOMAIN = 'a directory is of one region, and joining it takes roles and secrets: shown as a difference, or by the finding restore-defaults';
const OUTPOSTS = 'RDS on Outposts has no copy in another region';
const CUSTOM = 'RDS Custom is refused';
const SOURCE = 'the source has it, and a copy gets it';
const LICENCE = 'a copy gets that of its source';
const ZONE = 'AWS chooses, by the subnet group and Multi-AZ';
const CAPACITY = 'capacity that somebody has reserved is not spent without a word';
const BOTH = {
  ...Object.fromEntries(['Domain', 'DomainIAMRoleName', 'DomainFqdn', 'DomainOu', 'DomainAuthSecretArn', 'DomainDnsIps'].map((name) => [name, DOMAIN])),
  AvailabilityZone: ZONE,
  AllocatedStorage: SOURCE,
  AdditionalStorageVolumes: SOURCE,
  EnableCustomerOwnedIp: OUTPOSTS,
  BackupTarget: OUTPOSTS,
  CustomIamInstanceProfile: CUSTOM,
  UseDefaultProcessorFeatures: 'the default where nothing is said',
  TagSpecifications: 'of volumes and backups: AWS shows none of an instance',
  DBCapacityReservationIdentifier: CAPACITY,
};
const RESTORED = {
  ...BOTH,
  ...Object.fromEntries(['Port', 'LicenseModel', 'DBName', 'Engine', 'TdeCredentialArn', 'TdeCredentialPassword'].map((name) => [name, LICENCE])),
  ...Object.fromEntries(['StorageType', 'Iops', 'StorageThroughput'].map((name) => [name, 'not every region and class has that of the original: where it differs, the step says so'])),
  DedicatedLogVolume: SOURCE,
  EngineLifecycleSupport: 'by default an old version is kept, and paid for as Extended Support; without it AWS would upgrade the engine in the middle of a recovery',
  ...Object.fromEntries(['ManageMasterUserPassword', 'MasterUserSecretKmsKeyId'].map((name) => [name, 'users and passwords are those in the data'])),
  AutoMinorVersionUpgrade: 'on by default',
  CACertificateIdentifier: "the region's own",
  NetworkType: 'IPv4, as the subnet group of a runbook has it',
  ProcessorFeatures: 'those of the class that the runbook names',
  PreferredBackupWindow: "AWS's own; it takes no writes",
};

const OPERATIONS = {
  CreateDBInstanceReadReplica: {
    files: ['carried', 'rebuild'],
    leftOut: {
      ...BOTH,
      PreSignedUrl: 'the SDK signs it',
      DatabaseInsightsMode: 'AWS: this setting is not supported. Shown as a difference',
      DBParameterGroupName: 'refused for PostgreSQL: set afterwards',
      ReplicaMode: 'of Oracle and Db2: the old instance was a primary, which has none. The warning replica-mode says so',
      SourceDBClusterIdentifier: 'no cluster',
      UpgradeStorageConfig: 'the file system of before would be upgraded: nobody asked for it',
    },
  },
  RestoreDBInstanceToPointInTime: {
    files: ['restore'],
    leftOut: { ...RESTORED, SourceDBInstanceIdentifier: 'by its backups, which outlive it', SourceDbiResourceId: 'the same', RestoreTime: 'the latest', MaxAllocatedStorage: 'shown by the step, and by the finding restore-defaults' },
  },
  RestoreDBInstanceFromDBSnapshot: { files: ['restore'], leftOut: { ...RESTORED, DBClusterSnapshotIdentifier: 'no cluster' } },
} as const;

/** Names that are written as members of an object, or set on one, in files of this folder. */
function sentBy(files: readonly string[]): Set<string> {
  const text = files.map((file) => readFileSync(new URL(`../../../src/kinds/databases/${file}.ts`, import.meta.url), 'utf8')).join('\n');
  return new Set([...text.matchAll(/\b([A-Z]\w+)(?::| = )|carried\.(\w+) =/g)].map(([, member, set]) => member ?? set ?? ''));
}

describe.each(Object.entries(OPERATIONS))('%s', (operation, { files, leftOut }) => {
  it('sends each member that AWS takes, or leaves it out for a reason', async () => {
    const shape = (await serviceSchema('rds')).operation(operation)?.input.shape;
    const members = shape?.type === 'structure' ? [...shape.members.keys()] : [];
    expect(members.length).toBeGreaterThan(40);
    const sent = sentBy(files);
    expect(members.filter((name) => !sent.has(name) && !(name in leftOut))).toEqual([]);
    expect(Object.keys(leftOut).filter((name) => !members.includes(name))).toEqual([]);
  });
});
