import type { OperationOf, Operations, Service } from './operations.ts';

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
 * - `terminal`: the step fails with AWS's own words; `by` is the test that shows it, or `not foreseen`
 */
export interface Fate {
  fate: 'foreseen' | 'waited out' | 'not sent' | 'terminal';
  by: string;
}

export type ErrorFates = Readonly<Record<string, Fate>>;

const foreseen = (by: string): Fate => ({ fate: 'foreseen', by });
const waited = (by: string): Fate => ({ fate: 'waited out', by });
const notSent = (by: string): Fate => ({ fate: 'not sent', by });
const terminal = (by: string): Fate => ({ fate: 'terminal', by });
const NOT_FORESEEN = terminal('not foreseen');
const RETRIED = waited('the caller, then the step until its limit');
const NEXT_LOOK = waited('the step: the next look decides');

/** Of RDS, about parameters that are never sent. */
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

/** Of RDS, for whatever makes an instance. */
const RDS_NEW: ErrorFates = {
  ...RDS_NOT_SENT,
  DBInstanceAlreadyExistsFault: NEXT_LOOK,
  DBSubnetGroupDoesNotCoverEnoughAZs: NOT_FORESEEN,
  InstanceQuotaExceededFault: NOT_FORESEEN,
  InsufficientDBInstanceCapacityFault: NOT_FORESEEN,
  InvalidSubnet: NOT_FORESEEN,
  InvalidVPCNetworkStateFault: NOT_FORESEEN,
  KMSKeyNotAccessibleFault: NOT_FORESEEN,
  StorageQuotaExceededFault: NOT_FORESEEN,
  VpcEncryptionControlViolationException: NOT_FORESEEN,
  // Storage of the copy is of the kind that the backup or the source has.
  ProvisionedIopsNotAvailableInAZFault: NOT_FORESEEN,
  StorageTypeNotSupportedFault: NOT_FORESEEN,
};

const RESTORE: ErrorFates = {
  ...RDS_NEW,
  OptionGroupNotFoundFault: NOT_FORESEEN,
  DBSubnetGroupNotFoundFault: foreseen('restore-settings (check of restore)'),
  DBParameterGroupNotFoundFault: foreseen('restore-settings (check of restore)'),
  InvalidRestoreFault: NOT_FORESEEN,
};

type ChangesOf<S extends Service> = { readonly [O in OperationOf<S>]?: ErrorFates };

/** By service and operation. Throttling, a server's error and a lost answer are the same for all: see `errors.ts`. */
export const DOCUMENTED_ERRORS: { readonly [S in keyof Operations]?: ChangesOf<S> } = {
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
      DBParameterGroupNotFoundFault: foreseen('restore-settings (restore); the group of the old instance (reprotect)'),
      InsufficientDBInstanceCapacityFault: NOT_FORESEEN,
      InvalidDBClusterStateFault: foreseen('DATABASE_IN_CLUSTER (the look before there is a plan)'),
      InvalidDBInstanceStateFault: NEXT_LOOK,
      InvalidDBSecurityGroupStateFault: terminal('test/kinds/sdk-errors.test.ts'),
      InvalidVPCNetworkStateFault: NOT_FORESEEN,
      KMSKeyNotAccessibleFault: NOT_FORESEEN,
      StorageQuotaExceededFault: notSent('storage'),
      VpcEncryptionControlViolationException: NOT_FORESEEN,
    },
    CreateDBInstanceReadReplica: {
      ...RDS_NEW,
      NetworkTypeNotSupported: NOT_FORESEEN,
      OptionGroupNotFoundFault: notSent('an option group that is not there: it is that of the old instance'),
      DBInstanceNotFoundFault: foreseen('standby-source (check of standbyGate)'),
      DBParameterGroupNotFoundFault: notSent('a parameter group: it is set afterwards'),
      DBSubnetGroupNotAllowedFault: notSent('a subnet group of another VPC: it is that of the old instance'),
      DBSubnetGroupNotFoundFault: terminal('test/kinds/databases/verbs-errors.test.ts'),
      InstanceQuotaExceededFault: terminal('test/kinds/databases/verbs-errors.test.ts'),
      InvalidDBClusterStateFault: foreseen('standby-source and standby-settings (check of standbyGate): members of a cluster'),
      InvalidDBInstanceStateFault: foreseen('standby-source (check of standbyGate): backups that are off, a status that does not pass; else waited out by the step'),
      InvalidDBSubnetGroupFault: NOT_FORESEEN,
      KMSKeyNotAccessibleFault: terminal('test/kinds/databases/verbs-errors.test.ts'),
    },
    RebootDBInstance: {
      DBInstanceNotFoundFault: foreseen('the look right before it'),
      InvalidDBInstanceStateFault: waited('the fence: the next look decides. After a rebuild: terminal, not foreseen'),
      KMSKeyNotAccessibleFault: NOT_FORESEEN,
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
      DBInstanceAutomatedBackupQuotaExceededFault: NOT_FORESEEN,
      DBInstanceNotFoundFault: foreseen('replicate-backups (check)'),
      InvalidDBInstanceAutomatedBackupStateFault: NEXT_LOOK,
      InvalidDBInstanceStateFault: foreseen('replicate-backups (check): backups that are off, a status that does not pass, a member of a cluster'),
      KMSKeyNotAccessibleFault: NOT_FORESEEN,
      StorageTypeNotSupportedFault: NOT_FORESEEN,
    },
  },
  route53: {
    ChangeResourceRecordSets: {
      InvalidChangeBatch: foreseen('route53-batch (check of shiftRecords), as far as the sets tell; else read again and tried once more'),
      InvalidInput: foreseen('route53-batch (check of shiftRecords), as far as the sets tell'),
      NoSuchHealthCheck: NOT_FORESEEN,
      NoSuchHostedZone: foreseen('the check of shiftRecords reads the zone'),
      PriorRequestNotComplete: RETRIED,
    },
    UpdateHealthCheck: {
      HealthCheckVersionMismatch: waited('the step reads the version again, and tries again'),
      InvalidInput: NOT_FORESEEN,
      NoSuchHealthCheck: foreseen('the check of shiftChecks reads it'),
    },
  },
  ec2: {
    StartInstances: {
      InsufficientInstanceCapacity: waited('the step takes another type or a spare; then it fails, and says what to add'),
      IncorrectInstanceState: NOT_FORESEEN,
      IncorrectSpotRequestState: NOT_FORESEEN,
      InstanceLimitExceeded: NOT_FORESEEN,
      InvalidInstanceIDNotFound: foreseen('instances (check of start)'),
      UnauthorizedOperation: NOT_FORESEEN,
      VcpuLimitExceeded: NOT_FORESEEN,
    },
    StopInstances: {
      IncorrectInstanceState: NOT_FORESEEN,
      InvalidInstanceIDNotFound: foreseen('the look right before it'),
      OperationNotPermitted: NOT_FORESEEN,
      UnauthorizedOperation: NOT_FORESEEN,
      UnsupportedOperation: NOT_FORESEEN,
    },
    ModifyInstanceAttribute: {
      IncorrectInstanceState: foreseen('only of instances that are stopped'),
      InvalidInstanceAttributeValue: NOT_FORESEEN,
      InvalidInstanceIDNotFound: foreseen('instances (check of start)'),
      UnauthorizedOperation: NOT_FORESEEN,
    },
    RunInstances: {
      IdempotentParameterMismatch: NOT_FORESEEN,
      InstanceLimitExceeded: NOT_FORESEEN,
      InsufficientFreeAddressesInSubnet: NOT_FORESEEN,
      InsufficientInstanceCapacity: waited('the step takes another subnet or type; then it fails, and says what to add'),
      InvalidAMIIDNotFound: foreseen('image (imageGate)'),
      InvalidLaunchTemplateIdNotFound: foreseen('image (imageGate)'),
      InvalidSubnetIDNotFound: NOT_FORESEEN,
      UnauthorizedOperation: NOT_FORESEEN,
      Unsupported: NOT_FORESEEN,
      VcpuLimitExceeded: NOT_FORESEEN,
    },
  },
  elbv2: {
    RegisterTargets: {
      InvalidTargetException: NOT_FORESEEN,
      TargetGroupNotFoundException: foreseen('the check of registerTargets reads its targets'),
      TooManyRegistrationsForTargetIdException: NOT_FORESEEN,
      TooManyTargetsException: NOT_FORESEEN,
    },
  },
  autoscaling: {
    UpdateAutoScalingGroup: {
      ResourceContentionFault: RETRIED,
      ScalingActivityInProgressFault: RETRIED,
      ServiceLinkedRoleFailure: NOT_FORESEEN,
    },
  },
  lambda: {
    Invoke: {
      ...all(NOT_FORESEEN, [
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
      InvalidRequest: NOT_FORESEEN,
      InvalidWriteOffset: notSent('an append to an object'),
      NoSuchBucket: foreseen('watched-object (check of flipObject); the lock of a run is taken first'),
      PreconditionFailed: foreseen('the state in a bucket: the runner that wrote the object first is respected'),
      RequestTimeout: RETRIED,
      TooManyParts: notSent('an append to an object'),
    },
    DeleteObject: { NoSuchBucket: foreseen('watched-object (check of flipObject)'), AccessDenied: NOT_FORESEEN },
  },
  // Telling people is optional: whatever a topic answers, it stops no recovery.
  sns: {
    Publish: all(NOT_FORESEEN, [
      'AuthorizationErrorException', 'EndpointDisabledException', 'InternalErrorException', 'InvalidParameterException', 'InvalidParameterValueException',
      'InvalidSecurityException', 'KMSAccessDeniedException', 'KMSDisabledException', 'KMSInvalidStateException', 'KMSNotFoundException', 'KMSOptInRequired',
      'NotFoundException', 'PlatformApplicationDisabledException', 'ValidationException',
    ], { KMSThrottlingException: RETRIED }),
  },
};

/** The same fate for many errors. */
function all(fate: Fate, names: readonly string[], more: ErrorFates = {}): ErrorFates {
  return { ...Object.fromEntries(names.map((name) => [name, fate])), ...more };
}

/** The errors of an operation, `service.Operation`. */
export function fatesOf(service: Service, operation: string): ErrorFates | undefined {
  return (DOCUMENTED_ERRORS[service] as Readonly<Record<string, ErrorFates>> | undefined)?.[operation];
}
