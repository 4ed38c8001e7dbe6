import type * as autoscaling from '@aws-sdk/client-auto-scaling';
import type * as cloudwatch from '@aws-sdk/client-cloudwatch';
import type * as ec2 from '@aws-sdk/client-ec2';
import type * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import type * as lambda from '@aws-sdk/client-lambda';
import type * as rds from '@aws-sdk/client-rds';
import type * as route53 from '@aws-sdk/client-route-53';
import type * as s3 from '@aws-sdk/client-s3';
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
    ModifyDBInstance: Op<rds.ModifyDBInstanceCommandInput, rds.ModifyDBInstanceCommandOutput>;
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
    GetHealthCheck: Op<route53.GetHealthCheckCommandInput, route53.GetHealthCheckCommandOutput>;
    GetHealthCheckStatus: Op<
      route53.GetHealthCheckStatusCommandInput,
      route53.GetHealthCheckStatusCommandOutput
    >;
  };
  ec2: {
    DescribeInstances: Op<ec2.DescribeInstancesCommandInput, ec2.DescribeInstancesCommandOutput>;
    DescribeSecurityGroups: Op<ec2.DescribeSecurityGroupsCommandInput, ec2.DescribeSecurityGroupsCommandOutput>;
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
    DescribeScalingActivities: Op<
      autoscaling.DescribeScalingActivitiesCommandInput,
      autoscaling.DescribeScalingActivitiesCommandOutput
    >;
  };
  elbv2: {
    DescribeTargetHealth: Op<elbv2.DescribeTargetHealthCommandInput, elbv2.DescribeTargetHealthCommandOutput>;
  };
  cloudwatch: {
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
    Publish: Op<sns.PublishCommandInput, sns.PublishCommandOutput>;
  };
}

export type Service = keyof Operations;
export type OperationOf<S extends Service> = keyof Operations[S] & string;
export type InputOf<S extends Service, O extends OperationOf<S>> =
  Operations[S][O] extends Op<infer I, unknown> ? I : never;
export type OutputOf<S extends Service, O extends OperationOf<S>> =
  Operations[S][O] extends [unknown, infer R] ? R : never;

/** The operations that change something. All others only read. */
export const MUTATIONS: ReadonlySet<string> = new Set([
  'rds.PromoteReadReplica',
  'rds.ModifyDBInstance',
  'route53.ChangeResourceRecordSets',
  'autoscaling.UpdateAutoScalingGroup',
  'lambda.Invoke',
  's3.PutObject',
  's3.DeleteObject',
  'sns.Publish',
]);
