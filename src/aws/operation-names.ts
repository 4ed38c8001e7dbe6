import type { OperationOf, Service } from './operations.ts';

/**
 * The table of `operations.ts` at run time. The compiler refuses a name too many and a name too few.
 */
export const OPERATION_NAMES: { readonly [S in Service]: { readonly [O in OperationOf<S>]: true } } = {
  rds: {
    DescribeDBInstances: true,
    PromoteReadReplica: true,
    ModifyDBInstance: true,
    CreateDBInstanceReadReplica: true,
    DeleteDBInstance: true,
    RebootDBInstance: true,
    DescribeDBSnapshots: true,
    DescribeDBInstanceAutomatedBackups: true,
    DescribeDBSubnetGroups: true,
    DescribeDBParameters: true,
    DescribeDBParameterGroups: true,
    DescribeAccountAttributes: true,
    DescribeOptionGroups: true,
    RestoreDBInstanceToPointInTime: true,
    RestoreDBInstanceFromDBSnapshot: true,
    StartDBInstanceAutomatedBackupsReplication: true,
    DescribeOrderableDBInstanceOptions: true,
    DescribeCertificates: true,
    DescribeDBProxies: true,
    DescribeDBProxyTargets: true,
  },
  route53: {
    ListHostedZones: true,
    GetHostedZone: true,
    ListResourceRecordSets: true,
    ChangeResourceRecordSets: true,
    GetChange: true,
    UpdateHealthCheck: true,
    ListResourceRecordSetProtections: true,
    GetHealthCheck: true,
    GetHealthCheckStatus: true,
    ListHealthChecks: true,
  },
  ec2: {
    DescribeInstanceStatus: true,
    StartInstances: true,
    StopInstances: true,
    TerminateInstances: true,
    ModifyInstanceAttribute: true,
    DescribeInstanceTypeOfferings: true,
    DescribeImages: true,
    DescribeLaunchTemplateVersions: true,
    RunInstances: true,
    DescribeInstances: true,
    DescribeSecurityGroups: true,
    DescribeInstanceTypes: true,
    DescribeCapacityReservations: true,
    DescribeKeyPairs: true,
    DescribeSnapshots: true,
    DescribeNetworkInsightsPaths: true,
    DescribeNetworkInsightsAnalyses: true,
  },
  autoscaling: { DescribeAutoScalingGroups: true, UpdateAutoScalingGroup: true, CreateAutoScalingGroup: true, DeleteAutoScalingGroup: true, DescribeScalingActivities: true, DescribeScheduledActions: true },
  elbv2: { RegisterTargets: true, DescribeTargetHealth: true, DescribeTargetGroups: true, DescribeListeners: true, DescribeListenerCertificates: true },
  cloudwatch: { DescribeAlarms: true, GetMetricData: true },
  lambda: { Invoke: true },
  s3: { HeadObject: true, GetObject: true, PutObject: true, DeleteObject: true, ListObjectsV2: true },
  sts: { GetCallerIdentity: true },
  sns: { Publish: true, GetTopicAttributes: true, ListTopics: true },
  kms: { DescribeKey: true, GetKeyPolicy: true, ListGrants: true },
  acm: { DescribeCertificate: true },
  iam: { GetInstanceProfile: true, GetRole: true, SimulatePrincipalPolicy: true },
  servicequotas: { GetServiceQuota: true },
  health: { DescribeEvents: true },
};

/** The services of the table, in its order. */
export const SERVICES = Object.keys(OPERATION_NAMES) as Service[];

/** Every operation of the table as a pair. */
export function allOperations(): { service: Service; operation: string }[] {
  return SERVICES.flatMap((service) =>
    Object.keys(OPERATION_NAMES[service]).map((operation) => ({ service, operation })),
  );
}

/** Whether `dr` knows this operation, own properties only. */
export function isOperation(service: Service, operation: string): boolean {
  return Object.hasOwn(OPERATION_NAMES[service], operation);
}
