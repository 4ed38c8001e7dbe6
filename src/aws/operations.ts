import type * as acm from '@aws-sdk/client-acm';
import type * as autoscaling from '@aws-sdk/client-auto-scaling';
import type * as cloudwatch from '@aws-sdk/client-cloudwatch';
import type * as ec2 from '@aws-sdk/client-ec2';
import type * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import type * as health from '@aws-sdk/client-health';
import type * as iam from '@aws-sdk/client-iam';
import type * as kms from '@aws-sdk/client-kms';
import type * as lambda from '@aws-sdk/client-lambda';
import type * as rds from '@aws-sdk/client-rds';
import type * as route53 from '@aws-sdk/client-route-53';
import type * as s3 from '@aws-sdk/client-s3';
import type * as servicequotas from '@aws-sdk/client-service-quotas';
import type * as sns from '@aws-sdk/client-sns';
import type * as sts from '@aws-sdk/client-sts';

/** What the modules of the SDK export, by service. */
interface Sdk {
  rds: typeof rds;
  ec2: typeof ec2;
  elbv2: typeof elbv2;
  route53: typeof route53;
  autoscaling: typeof autoscaling;
  lambda: typeof lambda;
  s3: typeof s3;
  sns: typeof sns;
  cloudwatch: typeof cloudwatch;
  sts: typeof sts;
  kms: typeof kms;
  acm: typeof acm;
  iam: typeof iam;
  servicequotas: typeof servicequotas;
  health: typeof health;
}
type NamesIn<Module> = { [K in keyof Module]: K extends `${infer O}Command` ? O : never }[keyof Module];

/**
 * Every AWS operation that `dr` calls: those that change something, and those that only read. What is not in this table cannot be called:
 * it is the upper bound of the tool's IAM permissions. The simulator implements all of it.
 */
export const OPERATIONS = {
  rds: {
    changes: [
      'PromoteReadReplica', 'ModifyDBInstance', 'CreateDBInstanceReadReplica', 'DeleteDBInstance', 'RebootDBInstance',
      'RestoreDBInstanceToPointInTime', 'RestoreDBInstanceFromDBSnapshot', 'StartDBInstanceAutomatedBackupsReplication',
    ],
    reads: [
      'DescribeDBInstances', 'DescribeDBSnapshots', 'DescribeDBInstanceAutomatedBackups', 'DescribeAccountAttributes', 'DescribeDBSubnetGroups',
      'DescribeDBParameters', 'DescribeDBParameterGroups', 'DescribeOptionGroups', 'DescribeOrderableDBInstanceOptions', 'DescribeCertificates',
      'DescribeDBProxies', 'DescribeDBProxyTargets',
    ],
  },
  ec2: {
    changes: ['StartInstances', 'StopInstances', 'TerminateInstances', 'ModifyInstanceAttribute', 'RunInstances'],
    reads: [
      'DescribeInstances', 'DescribeInstanceStatus', 'DescribeInstanceTypeOfferings', 'DescribeImages', 'DescribeLaunchTemplateVersions',
      'DescribeSecurityGroups', 'DescribeInstanceTypes', 'DescribeCapacityReservations', 'DescribeKeyPairs', 'DescribeSnapshots',
      'DescribeNetworkInsightsPaths', 'DescribeNetworkInsightsAnalyses',
    ],
  },
  elbv2: {
    changes: ['RegisterTargets'],
    reads: ['DescribeTargetHealth', 'DescribeTargetGroups', 'DescribeListeners', 'DescribeListenerCertificates'],
  },
  route53: {
    changes: ['ChangeResourceRecordSets', 'UpdateHealthCheck'],
    reads: [
      'ListHostedZones', 'GetHostedZone', 'ListResourceRecordSets', 'GetChange', 'ListResourceRecordSetProtections', 'GetHealthCheck',
      'ListHealthChecks', 'GetHealthCheckStatus',
    ],
  },
  autoscaling: {
    changes: ['CreateAutoScalingGroup', 'DeleteAutoScalingGroup', 'UpdateAutoScalingGroup'],
    reads: ['DescribeAutoScalingGroups', 'DescribeScheduledActions', 'DescribeScalingActivities'],
  },
  lambda: { changes: ['Invoke'], reads: [] },
  s3: { changes: ['PutObject', 'DeleteObject'], reads: ['HeadObject', 'GetObject', 'ListObjectsV2'] },
  sns: { changes: ['Publish'], reads: ['GetTopicAttributes', 'ListTopics'] },
  cloudwatch: { changes: [], reads: ['DescribeAlarms', 'GetMetricData'] },
  sts: { changes: [], reads: ['GetCallerIdentity'] },
  kms: { changes: [], reads: ['DescribeKey', 'GetKeyPolicy', 'ListGrants'] },
  acm: { changes: [], reads: ['DescribeCertificate'] },
  iam: { changes: [], reads: ['GetInstanceProfile', 'GetRole', 'SimulatePrincipalPolicy'] },
  servicequotas: { changes: [], reads: ['GetServiceQuota'] },
  health: { changes: [], reads: ['DescribeEvents'] },
} as const satisfies { [S in keyof Sdk]: Record<'changes' | 'reads', readonly NamesIn<Sdk[S]>[]> };

export type Service = keyof typeof OPERATIONS;

/** What an operation is asked with and answers, as the command class of the SDK has it, without the metadata that the SDK adds. */
type Op<C> = C extends abstract new (...args: never[]) => { input: infer I; resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer O }> }
  ? { input: I; output: Omit<O, '$metadata'> }
  : never;
type Operations = { [S in Service]: { [O in (typeof OPERATIONS)[S]['changes' | 'reads'][number]]: Op<Sdk[S][`${O}Command` & keyof Sdk[S]]> } };
export type OperationOf<S extends Service> = keyof Operations[S] & string;
export type InputOf<S extends Service, O extends OperationOf<S>> = Operations[S][O] extends { input: infer I } ? I : never;
export type OutputOf<S extends Service, O extends OperationOf<S>> = Operations[S][O] extends { output: infer R } ? R : never;

const names = new Map<string, Map<string, string>>();

/** As `rds.DescribeDBInstances`, the same text every time: tables are asked by it at every call. */
export function nameOf(service: string, operation: string): string {
  const ofService = names.get(service) ?? new Map<string, string>();
  const known = ofService.get(operation);
  if (known !== undefined) return known;
  const name = `${service}.${operation}`;
  names.set(service, ofService.set(operation, name));
  return name;
}

/** The operations that change something. All others only read. */
export const MUTATIONS: ReadonlySet<string> = new Set(Object.entries(OPERATIONS).flatMap(([service, { changes }]) => changes.map((operation) => nameOf(service, operation))));

/** Whether `dr` knows this operation. */
export function isOperation(service: Service, operation: string): boolean {
  const { changes, reads }: Record<'changes' | 'reads', readonly string[]> = OPERATIONS[service];
  return changes.includes(operation) || reads.includes(operation);
}
