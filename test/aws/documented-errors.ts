import { MUTATIONS, type OperationOf, type Service } from '../../src/aws/operations.ts';

/*
 * What every change of `dr` may be refused with, and what `dr` does then. The names are those of the SDK, which has them from
 * AWS's own models; EC2 documents its errors for all operations together, so those that apply are listed here by hand, as are
 * those of S3 that its model leaves out. A test fails when an operation, or an error that the SDK documents, is missing.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */

/**
 * - `foreseen`: a check before the first change, or a rule, refuses first; `by` names it
 * - `waited out`: `by` says who tries or looks again
 * - `not sent`: it is about something that `dr` never sends; `by` says what
 * - `terminal`: the step fails with AWS's own words; `by` is the test that shows it, or says why no check looks for it
 */
interface Fate {
  fate: 'foreseen' | 'waited out' | 'not sent' | 'terminal';
  by: string;
}

type ErrorFates = Readonly<Record<string, Fate>>;

const foreseen = (by: string): Fate => ({ fate: 'foreseen', by });
const waited = (by: string): Fate => ({ fate: 'waited out', by });
const notSent = (by: string): Fate => ({ fate: 'not sent', by });
const terminal = (by: string): Fate => ({ fate: 'terminal', by });
/** Why no check looks for an error. */
const unforeseen = (why: string): Fate => terminal(`no check: ${why}`);
const QUOTA = unforeseen('a quota of the account, of which `dr` asks nothing; AWS names it');
const FORESEEN_QUOTA = foreseen('quota (checks of restore and standbyGate). Of a twin, and where somebody was faster: terminal, AWS names it');
const CAPACITY = unforeseen('what AWS has free at that moment, which nobody can ask before');
const KEY = unforeseen('the state and the policy of the key of an instance that is there; `dr check` looks at both where it may');
const FORESEEN_KEY = foreseen('its state, where `kms:DescribeKey` is allowed: recovery-point (recoveryGate), standby-source (standbyGate), replicate-backups. Its policy: terminal, AWS names the key');
const NETWORK = unforeseen('the subnets behind a subnet group; the group itself is looked for');
const RIGHTS = unforeseen('a right that is missing: `dr iam` writes the policy, `dr check` asks IAM where it may, and whether it is in force shows only in a request');
const STORAGE = unforeseen('storage as the original has it: AWS may not have it in the other region');
const RETRIED = waited('the caller, then the step until its limit');
const NEXT_LOOK = waited('the step: the next look decides');

const RDS_NOT_SENT: ErrorFates = {
  AuthorizationNotFoundFault: notSent('DB security groups of EC2-Classic'),
  BackupPolicyNotFoundFault: notSent('backup targets'),
  CertificateNotFoundFault: notSent('a certificate'),
  DBCapacityReservationNotFoundFault: notSent('a capacity reservation'),
  DBSecurityGroupNotFoundFault: notSent('DB security groups of EC2-Classic'),
  DBUpgradeDependencyFailureFault: notSent('an engine version'),
  DBClusterNotFoundFault: notSent('a cluster'),
  DBClusterSnapshotNotFoundFault: notSent('a cluster snapshot'),
  DomainNotFoundFault: notSent('a domain'),
  InvalidDBCapacityReservationStateFault: notSent('a capacity reservation'),
  InvalidDBSecurityGroupStateFault: notSent('DB security groups of EC2-Classic'),
  NetworkTypeNotSupported: notSent('a network type'),
  ProvisionedIopsNotAvailableInAZFault: notSent('provisioned IOPS'),
  StorageTypeNotSupportedFault: notSent('a storage type'),
  TenantDatabaseQuotaExceededFault: notSent('tenant databases'),
};

const RDS_NEW: ErrorFates = {
  ...RDS_NOT_SENT,
  DBInstanceAlreadyExistsFault: NEXT_LOOK,
  DBSubnetGroupDoesNotCoverEnoughAZs: NETWORK,
  InstanceQuotaExceededFault: FORESEEN_QUOTA,
  InsufficientDBInstanceCapacityFault: CAPACITY,
  InvalidSubnet: NETWORK,
  InvalidVPCNetworkStateFault: NETWORK,
  KMSKeyNotAccessibleFault: FORESEEN_KEY,
  StorageQuotaExceededFault: FORESEEN_QUOTA,
  VpcEncryptionControlViolationException: NETWORK,
  // Storage of the copy is of the kind that the backup or the source has.
  ProvisionedIopsNotAvailableInAZFault: STORAGE,
  StorageTypeNotSupportedFault: STORAGE,
};

const RESTORE: ErrorFates = {
  ...RDS_NEW,
  OptionGroupNotFoundFault: foreseen('restore-settings (check of restore)'),
  DBSubnetGroupNotFoundFault: foreseen('restore-settings (check of restore)'),
  DBParameterGroupNotFoundFault: foreseen('restore-settings (check of restore)'),
  InvalidRestoreFault: unforeseen('a backup in a state of which its description says nothing'),
};

type ChangesOf<S extends Service> = { readonly [O in OperationOf<S>]?: ErrorFates };

/** By service and operation. Throttling, a server's error and a lost answer are the same for all: see `errors.ts`. */
const DOCUMENTED_ERRORS: { readonly [S in Service]?: ChangesOf<S> } = {
  rds: {
    PromoteReadReplica: {
      DBInstanceNotFoundFault: foreseen('replica-usable (check of promote)'),
      InvalidDBInstanceStateFault: NEXT_LOOK,
    },
    ModifyDBInstance: {
      ...RDS_NOT_SENT,
      OptionGroupNotFoundFault: notSent('an option group'),
      DBInstanceNotFoundFault: foreseen('the look right before each change; the check of resize'),
      DBInstanceAlreadyExistsFault: foreseen('keep-old: the name is looked for before it is taken'),
      DBParameterGroupNotFoundFault: foreseen('restore-settings (restore); standby-settings (check of standbyGate)'),
      InsufficientDBInstanceCapacityFault: CAPACITY,
      InvalidDBClusterStateFault: foreseen('DATABASE_IN_CLUSTER (the look before there is a plan)'),
      InvalidDBInstanceStateFault: NEXT_LOOK,
      InvalidDBSecurityGroupStateFault: terminal('test/kinds/sdk-errors.test.ts'),
      InvalidVPCNetworkStateFault: NETWORK,
      KMSKeyNotAccessibleFault: KEY,
      StorageQuotaExceededFault: notSent('storage'),
      VpcEncryptionControlViolationException: NETWORK,
    },
    CreateDBInstanceReadReplica: {
      ...RDS_NEW,
      NetworkTypeNotSupported: NETWORK,
      CertificateNotFoundFault: foreseen('standby-settings (check of standbyGate)'),
      StorageTypeNotSupportedFault: foreseen('standby-settings (check of standbyGate), where the old instance shows a kind of storage that is carried'),
      OptionGroupNotFoundFault: foreseen('standby-settings (check of standbyGate)'),
      DBInstanceNotFoundFault: foreseen('standby-source (check of standbyGate)'),
      DBParameterGroupNotFoundFault: notSent('a parameter group: it is set afterwards'),
      DBSubnetGroupNotAllowedFault: notSent('a subnet group of another VPC: it is that of the old instance'),
      DBSubnetGroupNotFoundFault: terminal('test/kinds/databases/verbs-errors.test.ts'),
      InvalidDBClusterStateFault: foreseen('standby-source and standby-settings (check of standbyGate): members of a cluster'),
      InvalidDBInstanceStateFault: foreseen('standby-source (check of standbyGate): backups that are off, a status that does not pass; else waited out by the step'),
      InvalidDBSubnetGroupFault: NETWORK,
      KMSKeyNotAccessibleFault: FORESEEN_KEY,
    },
    DeleteDBInstance: {
      DBInstanceAutomatedBackupQuotaExceededFault: notSent('backups that are to stay'),
      DBInstanceNotFoundFault: waited('it is gone: what was to be'),
      DBSnapshotAlreadyExistsFault: notSent('a last snapshot'),
      InvalidDBClusterStateFault: notSent('a member of a cluster: it is a twin of a drill'),
      InvalidDBInstanceStateFault: waited('the deletion of a twin: what is under way ends, and it is asked for again'),
      KMSKeyNotAccessibleFault: KEY,
      SnapshotQuotaExceededFault: notSent('a last snapshot'),
    },
    RebootDBInstance: {
      DBInstanceNotFoundFault: foreseen('the look right before it'),
      InvalidDBInstanceStateFault: waited('the fence: the next look decides. After a rebuild: terminal, not foreseen'),
      KMSKeyNotAccessibleFault: KEY,
    },
    RestoreDBInstanceToPointInTime: {
      ...RESTORE,
      DBInstanceAutomatedBackupNotFoundFault: foreseen('recovery-point (recoveryGate chooses among those that are there)'),
      DBInstanceNotFoundFault: notSent('an instance as the source: it is a backup'),
      InvalidDBInstanceStateFault: notSent('an instance as the source: it is a backup'),
      PointInTimeRestoreNotEnabledFault: notSent('an instance as the source: it is a backup'),
    },
    RestoreDBInstanceFromDBSnapshot: {
      ...RESTORE,
      DBSnapshotNotFoundFault: foreseen('recovery-point (recoveryGate chooses among those that are there)'),
      InvalidDBSnapshotStateFault: foreseen('recovery-point (only snapshots that are available)'),
    },
    StartDBInstanceAutomatedBackupsReplication: {
      DBInstanceAutomatedBackupQuotaExceededFault: QUOTA,
      DBInstanceNotFoundFault: foreseen('replicate-backups (check)'),
      InvalidDBInstanceAutomatedBackupStateFault: NEXT_LOOK,
      InvalidDBInstanceStateFault: foreseen('replicate-backups (check): backups that are off, a status that does not pass, a member of a cluster'),
      KMSKeyNotAccessibleFault: FORESEEN_KEY,
      StorageTypeNotSupportedFault: STORAGE,
    },
  },
  route53: {
    ChangeResourceRecordSets: {
      InvalidChangeBatch: foreseen('route53-batch (check of shiftRecords), as far as the sets tell; else read again and tried once more'),
      InvalidInput: foreseen('route53-batch (check of shiftRecords), as far as the sets tell'),
      NoSuchHealthCheck: foreseen('route53-batch (check of shiftRecords) asks for each health check that it names'),
      NoSuchHostedZone: foreseen('the check of shiftRecords reads the zone'),
      PriorRequestNotComplete: RETRIED,
    },
    UpdateHealthCheck: {
      HealthCheckVersionMismatch: waited('the step reads the version again, and tries again'),
      InvalidInput: notSent('anything but Disabled, Inverted and the version that was read'),
      NoSuchHealthCheck: foreseen('the check of shiftChecks reads it'),
    },
  },
  ec2: {
    StartInstances: {
      ...all(waited('the step takes another type or a spare; then it fails, and says what to add'), ['InsufficientInstanceCapacity', 'InstanceLimitExceeded', 'Unsupported', 'VcpuLimitExceeded']),
      IncorrectInstanceState: RETRIED,
      IncorrectSpotRequestState: unforeseen('a Spot instance: a standby should be On-Demand'),
      InvalidInstanceIDNotFound: foreseen('instances (check of start)'),
      UnauthorizedOperation: RIGHTS,
    },
    StopInstances: {
      IncorrectInstanceState: RETRIED,
      InvalidInstanceIDNotFound: foreseen('the look right before it'),
      OperationNotPermitted: unforeseen('stop protection of an instance, which its description does not show; users are moved by then'),
      UnauthorizedOperation: RIGHTS,
      UnsupportedOperation: unforeseen('an instance without an EBS root volume cannot be stopped; users are moved by then'),
    },
    TerminateInstances: {
      IncorrectInstanceState: RETRIED,
      InvalidInstanceIDNotFound: NEXT_LOOK,
      OperationNotPermitted: notSent('an instance with termination protection: a twin is launched without it, whatever its template says. A person may set it later'),
      UnauthorizedOperation: foreseen('drill-rights (check of twinInstances)'),
    },
    ModifyInstanceAttribute: {
      IncorrectInstanceState: RETRIED,
      InvalidInstanceAttributeValue: waited('the step takes another type or a spare; then it fails, and says what to add'),
      InvalidInstanceIDNotFound: foreseen('instances (check of start)'),
      UnauthorizedOperation: RIGHTS,
    },
    RunInstances: {
      IdempotentInstanceTerminated: unforeseen('somebody has terminated what this run launched; the next run has another token'),
      IdempotentParameterMismatch: notSent('one token with two requests: image, version, count, type and subnet each make another'),
      ...all(waited('the step takes another subnet or type; then it fails, and says what to add'), ['InstanceLimitExceeded', 'InsufficientFreeAddressesInSubnet', 'InsufficientInstanceCapacity', 'Unsupported', 'VcpuLimitExceeded']),
      InvalidAMIIDNotFound: foreseen('image (imageGate)'),
      InvalidLaunchTemplateIdNotFound: foreseen('image (imageGate)'),
      InvalidSubnetIDNotFound: unforeseen('subnets that the runbook or the template names are not looked for'),
      UnauthorizedOperation: RIGHTS,
    },
  },
  elbv2: {
    RegisterTargets: {
      InvalidTargetException: unforeseen('an instance in another VPC than its target group, or not running any more'),
      TargetGroupNotFoundException: foreseen('the check of registerTargets reads its targets'),
      TooManyRegistrationsForTargetIdException: QUOTA,
      TooManyTargetsException: QUOTA,
    },
  },
  autoscaling: {
    CreateAutoScalingGroup: {
      AlreadyExistsFault: NEXT_LOOK,
      LimitExceededFault: QUOTA,
      ResourceContentionFault: RETRIED,
      ServiceLinkedRoleFailure: unforeseen('the role of Auto Scaling itself, which a group that has ever launched has'),
    },
    DeleteAutoScalingGroup: {
      ResourceContentionFault: RETRIED,
      ResourceInUseFault: waited('the deletion of a twin: it is asked for again'),
      ScalingActivityInProgressFault: RETRIED,
    },
    UpdateAutoScalingGroup: {
      ResourceContentionFault: RETRIED,
      ScalingActivityInProgressFault: RETRIED,
      ServiceLinkedRoleFailure: unforeseen('the role of Auto Scaling itself, which a group that has ever launched has'),
    },
  },
  lambda: {
    Invoke: {
      // DryRun looks at the parameters and at the right to invoke: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
      ...all(unforeseen('the set-up of the function itself, which shows when it runs; a dry run does not'), [
        'CodeArtifactUserDeletedException', 'CodeArtifactUserFailedException', 'CodeArtifactUserPendingException', 'DurableExecutionAlreadyStartedException',
        'EC2AccessDeniedException', 'EC2UnexpectedException', 'EFSIOException', 'EFSMountConnectivityException', 'EFSMountFailureException',
        'EFSMountTimeoutException', 'ENILimitReachedException', 'ENINotReadyException', 'InvalidRuntimeException', 'InvalidSecurityGroupIDException',
        'InvalidSubnetIDException', 'InvalidZipFileException', 'KMSAccessDeniedException', 'KMSDisabledException', 'KMSInvalidStateException',
        'KMSNotFoundException', 'ModeNotSupportedException', 'NoPublishedVersionException', 'RecursiveInvocationException',
        'S3FilesMountConnectivityException', 'S3FilesMountFailureException', 'S3FilesMountTimeoutException', 'ServiceException',
        'ServiceQuotaExceededException', 'SnapStartException', 'SnapStartRegenerationFailureException', 'SnapStartTimeoutException',
        'SubnetIPAddressLimitReachedException',
      ]),
      ...all(foreseen('own-step (check: a dry run)'), ['InvalidParameterValueException', 'ResourceNotFoundException']),
      ...all(RETRIED, ['EC2ThrottledException', 'ResourceConflictException', 'ResourceNotReadyException', 'SnapStartNotReadyException', 'TooManyRequestsException']),
      ...all(notSent('a payload that is no JSON, or is too large'), [
        'InvalidRequestContentException', 'RequestTooLargeException', 'SerializedRequestEntityTooLargeException', 'UnsupportedMediaTypeException',
      ]),
    },
  },
  s3: {
    PutObject: {
      ConditionalRequestConflict: RETRIED,
      EncryptionTypeMismatch: notSent('an append to an object'),
      InvalidRequest: unforeseen('a bucket that wants something of its own, e.g. a kind of encryption; the lock of a run is written to it first'),
      InvalidWriteOffset: notSent('an append to an object'),
      NoSuchBucket: foreseen('watched-object (check of flipObject); the lock of a run is taken first'),
      PreconditionFailed: foreseen('the state in a bucket: the runner that wrote the object first is respected'),
      RequestTimeout: RETRIED,
      TooManyParts: notSent('an append to an object'),
    },
    DeleteObject: { NoSuchBucket: foreseen('watched-object (check of flipObject)'), AccessDenied: RIGHTS },
  },
  // Telling people is optional: whatever a topic answers, it stops no recovery.
  sns: {
    Publish: all(unforeseen('a topic is not tried: to notify people is optional, and the run continues'), [
      'AuthorizationErrorException', 'EndpointDisabledException', 'InternalErrorException', 'InvalidParameterException', 'InvalidParameterValueException',
      'InvalidSecurityException', 'KMSAccessDeniedException', 'KMSDisabledException', 'KMSInvalidStateException', 'KMSNotFoundException', 'KMSOptInRequired',
      'NotFoundException', 'PlatformApplicationDisabledException', 'ValidationException',
    ], { KMSThrottlingException: RETRIED }),
  },
};

function all(fate: Fate, names: readonly string[], more: ErrorFates = {}): ErrorFates {
  return { ...Object.fromEntries(names.map((name) => [name, fate])), ...more };
}

/** The errors of an operation, `service.Operation`. */
export function fatesOf(service: Service, operation: string): ErrorFates | undefined {
  return (DOCUMENTED_ERRORS[service] as Readonly<Record<string, ErrorFates>> | undefined)?.[operation];
}

const HEAD = `# What AWS may answer to a change, and what \`dr\` does then

Written by \`npm run aws-errors\` from \`test/aws/documented-errors.ts\`. The errors are those that the AWS SDK documents for each
operation; EC2 documents none per operation, so those that apply were chosen by hand.

- **foreseen**: a check before the first change refuses it, or the step asks right before the change.
- **waited out**: the request is made again, or the next look decides.
- **not sent**: the error is about something that \`dr\` never sends.
- **terminal**: the step fails with AWS's own words. The test that shows it is named, or why no check looks for it.

The same for every operation: throttling and HTTP 429 are waited out; HTTP 5xx, no answer and an answer that is not AWS's leave
open whether the change was made, so the next look decides; AccessDenied, and a request that is not valid, are terminal. What AWS clearly
refuses changed nothing, and no report counts it as requested.

## Names that a request carries and no check asks for

AWS refuses them with a general error (InvalidParameterValue, InvalidParameterCombination), which the SDK documents for no operation. The step fails in
AWS's words.

| name | where | why it is not asked for |
|---|---|---|
| monitoring role | a new replica | only IAM knows it, a control plane in one region, and RDS may refuse a role that exists |
| KMS key: its policy | a restore, a new replica, backups in another region | only KMS knows it; region and state of a key are checked, the state where \`kms:DescribeKey\` is allowed |
| key pair, instance profile, image of a launch template | an Auto Scaling group | a group launches by itself: its scaling activities say why it cannot. \`dr check\` looks at them |
`;

/** The table of `documented-errors.ts` as docs/aws-errors.md. */
export function errorsDocument(): string {
  const parts = [...MUTATIONS].map((name) => {
    const [service = '', operation = ''] = name.split('.');
    const rows = Object.entries(fatesOf(service as Service, operation) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return [`## ${name}`, '', '| error | what happens | by |', '|---|---|---|', ...rows.map(([error, { fate, by }]) => `| ${error} | ${fate} | ${by} |`), ''].join('\n');
  });
  return `${HEAD}\n${parts.join('\n')}`;
}
