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

/** `[input, output]` of an operation, the metadata that the SDK adds left off. */
type Op<I, O> = [input: I, output: Omit<O, '$metadata'>];

/**
 * Every AWS operation that `dr` calls, typed by the SDK. What is not in this table cannot be called:
 * the table is the upper bound of the tool's IAM permissions. The simulator implements all of it.
 */
export interface Operations {
  rds: {
    DescribeDBInstances: Op<rds.DescribeDBInstancesCommandInput, rds.DescribeDBInstancesCommandOutput>;
    PromoteReadReplica: Op<rds.PromoteReadReplicaCommandInput, rds.PromoteReadReplicaCommandOutput>;
    DescribeDBSnapshots: Op<rds.DescribeDBSnapshotsCommandInput, rds.DescribeDBSnapshotsCommandOutput>;
    DescribeDBInstanceAutomatedBackups: Op<
      rds.DescribeDBInstanceAutomatedBackupsCommandInput,
      rds.DescribeDBInstanceAutomatedBackupsCommandOutput
    >;
    DescribeAccountAttributes: Op<rds.DescribeAccountAttributesCommandInput, rds.DescribeAccountAttributesCommandOutput>;
    DescribeDBSubnetGroups: Op<rds.DescribeDBSubnetGroupsCommandInput, rds.DescribeDBSubnetGroupsCommandOutput>;
    DescribeDBParameters: Op<rds.DescribeDBParametersCommandInput, rds.DescribeDBParametersCommandOutput>;
    DescribeDBParameterGroups: Op<rds.DescribeDBParameterGroupsCommandInput, rds.DescribeDBParameterGroupsCommandOutput>;
    DescribeOptionGroups: Op<rds.DescribeOptionGroupsCommandInput, rds.DescribeOptionGroupsCommandOutput>;
    RestoreDBInstanceToPointInTime: Op<
      rds.RestoreDBInstanceToPointInTimeCommandInput,
      rds.RestoreDBInstanceToPointInTimeCommandOutput
    >;
    RestoreDBInstanceFromDBSnapshot: Op<
      rds.RestoreDBInstanceFromDBSnapshotCommandInput,
      rds.RestoreDBInstanceFromDBSnapshotCommandOutput
    >;
    StartDBInstanceAutomatedBackupsReplication: Op<
      rds.StartDBInstanceAutomatedBackupsReplicationCommandInput,
      rds.StartDBInstanceAutomatedBackupsReplicationCommandOutput
    >;
    ModifyDBInstance: Op<rds.ModifyDBInstanceCommandInput, rds.ModifyDBInstanceCommandOutput>;
    CreateDBInstanceReadReplica: Op<rds.CreateDBInstanceReadReplicaCommandInput, rds.CreateDBInstanceReadReplicaCommandOutput>;
    DeleteDBInstance: Op<rds.DeleteDBInstanceCommandInput, rds.DeleteDBInstanceCommandOutput>;
    RebootDBInstance: Op<rds.RebootDBInstanceCommandInput, rds.RebootDBInstanceCommandOutput>;
    DescribeOrderableDBInstanceOptions: Op<rds.DescribeOrderableDBInstanceOptionsCommandInput, rds.DescribeOrderableDBInstanceOptionsCommandOutput>;
    DescribeCertificates: Op<rds.DescribeCertificatesCommandInput, rds.DescribeCertificatesCommandOutput>;
    DescribeDBProxies: Op<rds.DescribeDBProxiesCommandInput, rds.DescribeDBProxiesCommandOutput>;
    DescribeDBProxyTargets: Op<rds.DescribeDBProxyTargetsCommandInput, rds.DescribeDBProxyTargetsCommandOutput>;
  };
  route53: {
    ListHostedZones: Op<route53.ListHostedZonesCommandInput, route53.ListHostedZonesCommandOutput>;
    GetHostedZone: Op<route53.GetHostedZoneCommandInput, route53.GetHostedZoneCommandOutput>;
    ListResourceRecordSets: Op<
      route53.ListResourceRecordSetsCommandInput,
      route53.ListResourceRecordSetsCommandOutput
    >;
    ChangeResourceRecordSets: Op<
      route53.ChangeResourceRecordSetsCommandInput,
      route53.ChangeResourceRecordSetsCommandOutput
    >;
    GetChange: Op<route53.GetChangeCommandInput, route53.GetChangeCommandOutput>;
    UpdateHealthCheck: Op<route53.UpdateHealthCheckCommandInput, route53.UpdateHealthCheckCommandOutput>;
    ListResourceRecordSetProtections: Op<
      route53.ListResourceRecordSetProtectionsCommandInput,
      route53.ListResourceRecordSetProtectionsCommandOutput
    >;
    GetHealthCheck: Op<route53.GetHealthCheckCommandInput, route53.GetHealthCheckCommandOutput>;
    ListHealthChecks: Op<route53.ListHealthChecksCommandInput, route53.ListHealthChecksCommandOutput>;
    GetHealthCheckStatus: Op<
      route53.GetHealthCheckStatusCommandInput,
      route53.GetHealthCheckStatusCommandOutput
    >;
  };
  ec2: {
    DescribeInstances: Op<ec2.DescribeInstancesCommandInput, ec2.DescribeInstancesCommandOutput>;
    DescribeInstanceStatus: Op<ec2.DescribeInstanceStatusCommandInput, ec2.DescribeInstanceStatusCommandOutput>;
    StartInstances: Op<ec2.StartInstancesCommandInput, ec2.StartInstancesCommandOutput>;
    StopInstances: Op<ec2.StopInstancesCommandInput, ec2.StopInstancesCommandOutput>;
    TerminateInstances: Op<ec2.TerminateInstancesCommandInput, ec2.TerminateInstancesCommandOutput>;
    ModifyInstanceAttribute: Op<ec2.ModifyInstanceAttributeCommandInput, ec2.ModifyInstanceAttributeCommandOutput>;
    DescribeInstanceTypeOfferings: Op<ec2.DescribeInstanceTypeOfferingsCommandInput, ec2.DescribeInstanceTypeOfferingsCommandOutput>;
    DescribeImages: Op<ec2.DescribeImagesCommandInput, ec2.DescribeImagesCommandOutput>;
    DescribeLaunchTemplateVersions: Op<
      ec2.DescribeLaunchTemplateVersionsCommandInput,
      ec2.DescribeLaunchTemplateVersionsCommandOutput
    >;
    RunInstances: Op<ec2.RunInstancesCommandInput, ec2.RunInstancesCommandOutput>;
    DescribeSecurityGroups: Op<ec2.DescribeSecurityGroupsCommandInput, ec2.DescribeSecurityGroupsCommandOutput>;
    DescribeInstanceTypes: Op<ec2.DescribeInstanceTypesCommandInput, ec2.DescribeInstanceTypesCommandOutput>;
    DescribeCapacityReservations: Op<ec2.DescribeCapacityReservationsCommandInput, ec2.DescribeCapacityReservationsCommandOutput>;
    DescribeKeyPairs: Op<ec2.DescribeKeyPairsCommandInput, ec2.DescribeKeyPairsCommandOutput>;
    DescribeSnapshots: Op<ec2.DescribeSnapshotsCommandInput, ec2.DescribeSnapshotsCommandOutput>;
    DescribeNetworkInsightsPaths: Op<ec2.DescribeNetworkInsightsPathsCommandInput, ec2.DescribeNetworkInsightsPathsCommandOutput>;
    DescribeNetworkInsightsAnalyses: Op<ec2.DescribeNetworkInsightsAnalysesCommandInput, ec2.DescribeNetworkInsightsAnalysesCommandOutput>;
  };
  autoscaling: {
    DescribeAutoScalingGroups: Op<
      autoscaling.DescribeAutoScalingGroupsCommandInput,
      autoscaling.DescribeAutoScalingGroupsCommandOutput
    >;
    UpdateAutoScalingGroup: Op<
      autoscaling.UpdateAutoScalingGroupCommandInput,
      autoscaling.UpdateAutoScalingGroupCommandOutput
    >;
    CreateAutoScalingGroup: Op<
      autoscaling.CreateAutoScalingGroupCommandInput,
      autoscaling.CreateAutoScalingGroupCommandOutput
    >;
    DeleteAutoScalingGroup: Op<
      autoscaling.DeleteAutoScalingGroupCommandInput,
      autoscaling.DeleteAutoScalingGroupCommandOutput
    >;
    DescribeScheduledActions: Op<autoscaling.DescribeScheduledActionsCommandInput, autoscaling.DescribeScheduledActionsCommandOutput>;
    DescribeScalingActivities: Op<
      autoscaling.DescribeScalingActivitiesCommandInput,
      autoscaling.DescribeScalingActivitiesCommandOutput
    >;
  };
  elbv2: {
    DescribeTargetGroups: Op<elbv2.DescribeTargetGroupsCommandInput, elbv2.DescribeTargetGroupsCommandOutput>;
    RegisterTargets: Op<elbv2.RegisterTargetsCommandInput, elbv2.RegisterTargetsCommandOutput>;
    DescribeTargetHealth: Op<elbv2.DescribeTargetHealthCommandInput, elbv2.DescribeTargetHealthCommandOutput>;
    DescribeListeners: Op<elbv2.DescribeListenersCommandInput, elbv2.DescribeListenersCommandOutput>;
    DescribeListenerCertificates: Op<elbv2.DescribeListenerCertificatesCommandInput, elbv2.DescribeListenerCertificatesCommandOutput>;
  };
  cloudwatch: {
    DescribeAlarms: Op<cloudwatch.DescribeAlarmsCommandInput, cloudwatch.DescribeAlarmsCommandOutput>;
    GetMetricData: Op<cloudwatch.GetMetricDataCommandInput, cloudwatch.GetMetricDataCommandOutput>;
  };
  lambda: {
    Invoke: Op<lambda.InvokeCommandInput, lambda.InvokeCommandOutput>;
  };
  s3: {
    HeadObject: Op<s3.HeadObjectCommandInput, s3.HeadObjectCommandOutput>;
    GetObject: Op<s3.GetObjectCommandInput, s3.GetObjectCommandOutput>;
    PutObject: Op<s3.PutObjectCommandInput, s3.PutObjectCommandOutput>;
    DeleteObject: Op<s3.DeleteObjectCommandInput, s3.DeleteObjectCommandOutput>;
    ListObjectsV2: Op<s3.ListObjectsV2CommandInput, s3.ListObjectsV2CommandOutput>;
  };
  sts: {
    GetCallerIdentity: Op<sts.GetCallerIdentityCommandInput, sts.GetCallerIdentityCommandOutput>;
  };
  sns: {
    GetTopicAttributes: Op<sns.GetTopicAttributesCommandInput, sns.GetTopicAttributesCommandOutput>;
    ListTopics: Op<sns.ListTopicsCommandInput, sns.ListTopicsCommandOutput>;
    Publish: Op<sns.PublishCommandInput, sns.PublishCommandOutput>;
  };
  kms: {
    DescribeKey: Op<kms.DescribeKeyCommandInput, kms.DescribeKeyCommandOutput>;
    GetKeyPolicy: Op<kms.GetKeyPolicyCommandInput, kms.GetKeyPolicyCommandOutput>;
    ListGrants: Op<kms.ListGrantsCommandInput, kms.ListGrantsCommandOutput>;
  };
  acm: {
    DescribeCertificate: Op<acm.DescribeCertificateCommandInput, acm.DescribeCertificateCommandOutput>;
  };
  iam: {
    GetInstanceProfile: Op<iam.GetInstanceProfileCommandInput, iam.GetInstanceProfileCommandOutput>;
    GetRole: Op<iam.GetRoleCommandInput, iam.GetRoleCommandOutput>;
    SimulatePrincipalPolicy: Op<iam.SimulatePrincipalPolicyCommandInput, iam.SimulatePrincipalPolicyCommandOutput>;
  };
  servicequotas: {
    GetServiceQuota: Op<servicequotas.GetServiceQuotaCommandInput, servicequotas.GetServiceQuotaCommandOutput>;
  };
  health: {
    DescribeEvents: Op<health.DescribeEventsCommandInput, health.DescribeEventsCommandOutput>;
  };
}

export type Service = keyof Operations;
export type OperationOf<S extends Service> = keyof Operations[S] & string;
export type InputOf<S extends Service, O extends OperationOf<S>> =
  Operations[S][O] extends Op<infer I, unknown> ? I : never;
export type OutputOf<S extends Service, O extends OperationOf<S>> =
  Operations[S][O] extends [unknown, infer R] ? R : never;

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
export const MUTATIONS: ReadonlySet<string> = new Set([
  'rds.PromoteReadReplica',
  'rds.ModifyDBInstance',
  'rds.CreateDBInstanceReadReplica',
  'rds.DeleteDBInstance',
  'rds.RebootDBInstance',
  'rds.RestoreDBInstanceToPointInTime',
  'rds.RestoreDBInstanceFromDBSnapshot',
  'rds.StartDBInstanceAutomatedBackupsReplication',
  'ec2.StartInstances',
  'ec2.StopInstances',
  'ec2.TerminateInstances',
  'ec2.ModifyInstanceAttribute',
  'ec2.RunInstances',
  'elbv2.RegisterTargets',
  'route53.ChangeResourceRecordSets',
  'route53.UpdateHealthCheck',
  'autoscaling.CreateAutoScalingGroup',
  'autoscaling.DeleteAutoScalingGroup',
  'autoscaling.UpdateAutoScalingGroup',
  'lambda.Invoke',
  's3.PutObject',
  's3.DeleteObject',
  'sns.Publish',
]);
