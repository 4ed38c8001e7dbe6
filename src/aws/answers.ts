import type { AwsAnswer, AwsRequest } from './caller.ts';
import { remembered } from '../base/remembered.ts';
import { AwsError, MALFORMED } from './errors.ts';
import type { OperationOf, Service } from './operations.ts';

/*
 * What makes an answer one. A status of 200 says little: a proxy, a sign-in page or an endpoint of something else gives it too,
 * and the SDK makes an empty object of what it cannot read. An answer that lacks what AWS always sends is refused here, for
 * every operation and in one place: nobody may take it for "there is none".
 *
 * The SDK gives `[]` for a list that is there and empty, and nothing for a list that is not there, so an empty list proves itself.
 */

/**
 * Where a value stands: names with dots between them; `[]` after a list, and then every element must have what follows.
 * `requestId` in front of all: the answer has no members of its own, and only AWS's request id shows that AWS sent it.
 */
type Path = string;

export interface Proof {
  has: readonly Path[];
  /** Whatever the first names in the request must be among what the second names in the answer. */
  names?: readonly [asked: Path, told: Path];
  /** Where the first is true, or not empty, the others must be there: an answer that continues must say where. */
  goesOn?: readonly [flag: Path, ...next: Path[]];
}

export const REQUEST_ID: Path = 'requestId';

const instance: Proof = { has: ['DBInstance.DBInstanceIdentifier'] };
const check: Proof = { has: ['HealthCheck.HealthCheckVersion', 'HealthCheck.HealthCheckConfig.Type'] };

/** Every operation of `operations.ts`. Members as the API reference has them. */
export const ANSWERS: { readonly [S in Service]: { readonly [O in OperationOf<S>]: Proof } } = {
  rds: {
    // An identifier that is not there is DBInstanceNotFound, and never an empty list.
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
    DescribeDBInstances: { has: ['DBInstances[].DBInstanceIdentifier'], names: ['DBInstanceIdentifier', 'DBInstances[].DBInstanceIdentifier'] },
    DescribeDBSnapshots: { has: ['DBSnapshots[].DBSnapshotIdentifier'] },
    DescribeDBInstanceAutomatedBackups: { has: ['DBInstanceAutomatedBackups[].DBInstanceArn'] },
    DescribeDBSubnetGroups: { has: ['DBSubnetGroups[].DBSubnetGroupName'], names: ['DBSubnetGroupName', 'DBSubnetGroups[].DBSubnetGroupName'] },
    DescribeDBParameterGroups: { has: ['DBParameterGroups[].DBParameterGroupName'], names: ['DBParameterGroupName', 'DBParameterGroups[].DBParameterGroupName'] },
    DescribeDBParameters: { has: ['Parameters[].ParameterName'] },
    DescribeAccountAttributes: { has: ['AccountQuotas[].AccountQuotaName', 'AccountQuotas[].Used', 'AccountQuotas[].Max'] },
    DescribeOptionGroups: {
      has: ['OptionGroupsList[].OptionGroupName', 'OptionGroupsList[].EngineName', 'OptionGroupsList[].MajorEngineVersion'],
      names: ['OptionGroupName', 'OptionGroupsList[].OptionGroupName'],
    },
    DescribeOrderableDBInstanceOptions: { has: ['OrderableDBInstanceOptions[].DBInstanceClass', 'OrderableDBInstanceOptions[].EngineVersion'] },
    // A name that is not there is CertificateNotFound, and never an empty list: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeCertificates.html
    DescribeCertificates: { has: ['Certificates[].CertificateIdentifier'], names: ['CertificateIdentifier', 'Certificates[].CertificateIdentifier'] },
    // A name that is not there is DBProxyNotFoundFault, and never an empty list: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html
    DescribeDBProxies: { has: ['DBProxies[].DBProxyName', 'DBProxies[].Status'], names: ['DBProxyName', 'DBProxies[].DBProxyName'] },
    DescribeDBProxyTargets: { has: ['Targets[].Type'] },
    PromoteReadReplica: instance,
    ModifyDBInstance: instance,
    CreateDBInstanceReadReplica: instance,
    DeleteDBInstance: instance,
    RebootDBInstance: instance,
    RestoreDBInstanceToPointInTime: instance,
    RestoreDBInstanceFromDBSnapshot: instance,
    StartDBInstanceAutomatedBackupsReplication: { has: ['DBInstanceAutomatedBackup'] },
  },
  route53: {
    ListHostedZones: { has: ['HostedZones[].Id', 'HostedZones[].Name', 'IsTruncated'], goesOn: ['IsTruncated', 'NextMarker'] },
    GetHostedZone: { has: ['HostedZone.Id', 'HostedZone.Name'] },
    ListResourceRecordSets: {
      has: ['ResourceRecordSets[].Name', 'ResourceRecordSets[].Type', 'IsTruncated'],
      goesOn: ['IsTruncated', 'NextRecordName', 'NextRecordType'],
    },
    ChangeResourceRecordSets: { has: ['ChangeInfo.Id'] },
    GetChange: { has: ['ChangeInfo.Status'] },
    GetHealthCheck: check,
    UpdateHealthCheck: check,
    ListHealthChecks: { has: ['HealthChecks[].Id', 'HealthChecks[].HealthCheckConfig.Type', 'IsTruncated'], goesOn: ['IsTruncated', 'NextMarker'] },
    GetHealthCheckStatus: { has: ['HealthCheckObservations[]'] },
    ListResourceRecordSetProtections: { has: ['ResourceRecordSetProtections[].RecordName', 'ResourceRecordSetProtections[].RecordType'] },
  },
  ec2: {
    DescribeInstances: {
      has: ['Reservations[].Instances[].InstanceId', 'Reservations[].Instances[].State.Name'],
      names: ['InstanceIds[]', 'Reservations[].Instances[].InstanceId'],
    },
    DescribeInstanceStatus: { has: ['InstanceStatuses[].InstanceId'] },
    DescribeInstanceTypeOfferings: { has: ['InstanceTypeOfferings[].InstanceType', 'InstanceTypeOfferings[].Location'] },
    DescribeImages: { has: ['Images[].ImageId'] },
    DescribeLaunchTemplateVersions: { has: ['LaunchTemplateVersions[]'] },
    DescribeSecurityGroups: { has: ['SecurityGroups[].GroupId'], names: ['GroupIds[]', 'SecurityGroups[].GroupId'] },
    DescribeInstanceTypes: { has: ['InstanceTypes[].InstanceType', 'InstanceTypes[].VCpuInfo.DefaultVCpus'], names: ['InstanceTypes[]', 'InstanceTypes[].InstanceType'] },
    DescribeCapacityReservations: { has: ['CapacityReservations[].CapacityReservationId', 'CapacityReservations[].State'] },
    DescribeKeyPairs: { has: ['KeyPairs[].KeyName'], names: ['KeyNames[]', 'KeyPairs[].KeyName'] },
    DescribeSnapshots: { has: ['Snapshots[].SnapshotId'] },
    DescribeNetworkInsightsPaths: { has: ['NetworkInsightsPaths[].NetworkInsightsPathId'], names: ['NetworkInsightsPathIds[]', 'NetworkInsightsPaths[].NetworkInsightsPathId'] },
    DescribeNetworkInsightsAnalyses: { has: ['NetworkInsightsAnalyses[].NetworkInsightsAnalysisId', 'NetworkInsightsAnalyses[].Status'] },
    StartInstances: { has: ['StartingInstances[].InstanceId'], names: ['InstanceIds[]', 'StartingInstances[].InstanceId'] },
    StopInstances: { has: ['StoppingInstances[].InstanceId'], names: ['InstanceIds[]', 'StoppingInstances[].InstanceId'] },
    TerminateInstances: { has: ['TerminatingInstances[].InstanceId'], names: ['InstanceIds[]', 'TerminatingInstances[].InstanceId'] },
    RunInstances: { has: ['Instances[].InstanceId'] },
    ModifyInstanceAttribute: { has: [REQUEST_ID] },
  },
  autoscaling: {
    // A size that is taken for 0 would make a group smaller.
    DescribeAutoScalingGroups: {
      has: [
        'AutoScalingGroups[].AutoScalingGroupName',
        'AutoScalingGroups[].MinSize',
        'AutoScalingGroups[].DesiredCapacity',
        'AutoScalingGroups[].MaxSize',
        // Instances that are not shown are unknown, not none.
        'AutoScalingGroups[].Instances[]',
      ],
    },
    DescribeScheduledActions: { has: ['ScheduledUpdateGroupActions[].ScheduledActionName'] },
    DescribeScalingActivities: { has: ['Activities[]'] },
    UpdateAutoScalingGroup: { has: [REQUEST_ID] },
    CreateAutoScalingGroup: { has: [REQUEST_ID] },
    DeleteAutoScalingGroup: { has: [REQUEST_ID] },
  },
  elbv2: {
    DescribeTargetHealth: { has: ['TargetHealthDescriptions[].Target.Id', 'TargetHealthDescriptions[].TargetHealth.State'] },
    DescribeTargetGroups: { has: ['TargetGroups[].TargetGroupArn', 'TargetGroups[].TargetGroupName'] },
    DescribeListeners: { has: ['Listeners[].ListenerArn'] },
    DescribeListenerCertificates: { has: ['Certificates[].CertificateArn'] },
    RegisterTargets: { has: [REQUEST_ID] },
  },
  cloudwatch: { DescribeAlarms: { has: [REQUEST_ID] }, GetMetricData: { has: ['MetricDataResults[].Id'], names: ['MetricDataQueries[].Id', 'MetricDataResults[].Id'] } },
  // The status is HTTP's own, and the payload whatever the function says.
  lambda: { Invoke: { has: ['StatusCode', REQUEST_ID] } },
  s3: {
    HeadObject: { has: ['ETag', 'LastModified'] },
    GetObject: { has: ['Body', 'ETag', 'LastModified'] },
    PutObject: { has: ['ETag'] },
    DeleteObject: { has: [REQUEST_ID] },
    ListObjectsV2: { has: ['IsTruncated'], goesOn: ['IsTruncated', 'NextContinuationToken'] },
  },
  sts: { GetCallerIdentity: { has: ['Account', 'Arn'] } },
  sns: { Publish: { has: ['MessageId'] }, GetTopicAttributes: { has: ['Attributes'] }, ListTopics: { has: ['Topics[].TopicArn'] } },
  kms: {
    DescribeKey: { has: ['KeyMetadata.KeyId', 'KeyMetadata.KeyState'] },
    GetKeyPolicy: { has: ['Policy'] },
    ListGrants: { has: ['Grants[].GrantId'], goesOn: ['Truncated', 'NextMarker'] },
  },
  acm: { DescribeCertificate: { has: ['Certificate.CertificateArn', 'Certificate.Status'], names: ['CertificateArn', 'Certificate.CertificateArn'] } },
  iam: {
    GetInstanceProfile: { has: ['InstanceProfile.InstanceProfileName', 'InstanceProfile.Roles[]'], names: ['InstanceProfileName', 'InstanceProfile.InstanceProfileName'] },
    GetRole: { has: ['Role.Arn'] },
    SimulatePrincipalPolicy: { has: ['EvaluationResults[].EvalActionName', 'EvaluationResults[].EvalDecision'], goesOn: ['IsTruncated', 'Marker'] },
  },
  servicequotas: { GetServiceQuota: { has: ['Quota.QuotaCode', 'Quota.Value'] } },
  health: { DescribeEvents: { has: ['events[].service', 'events[].eventTypeCode', 'events[].region', 'events[].statusCode'] } },
};

/** What was asked, as far as it is needed to judge the answer. */
export type Asked = Pick<AwsRequest, 'service' | 'region'> & { operation: string; input: unknown };

/**
 * The last answers that were found to be one, each beside what was asked: every caller that an answer comes through looks at it, a moment
 * after the one before. One that has left is looked at again.
 */
const complete: unknown[] = new Array(2 * 16).fill(undefined);
let nextPlace = 0;

function wasFound(answer: object, input: unknown): boolean {
  for (let i = 0; i < complete.length; i += 2) if (complete[i] === answer) return complete[i + 1] === input;
  return false;
}

function isFound(answer: object, input: unknown): void {
  complete[nextPlace] = answer;
  complete[nextPlace + 1] = input;
  nextPlace = (nextPlace + 2) % complete.length;
}

/** @throws AwsError `MalformedAnswer` when the answer lacks what makes it one */
export function mustBeAnswer(asked: Asked, answer: Pick<AwsAnswer<unknown>, 'output' | 'requestId'>): void {
  if (wasFound(answer, asked.input)) return;
  const lacks = whatLacks(asked, answer);
  if (lacks === undefined) {
    isFound(answer, asked.input);
    return;
  }
  const { service, region, operation } = asked;
  const message = `the endpoint answered, and not as AWS does: ${lacks}. A proxy, a sign-in page or AWS_ENDPOINT_URL may stand between`;
  throw new AwsError({ service, region, operation, code: MALFORMED, message, requestId: answer.requestId });
}

/** What an answer lacks, in words; undefined when it is one. */
export function whatLacks({ service, operation, input }: Asked, { output, requestId }: Pick<AwsAnswer<unknown>, 'output' | 'requestId'>): string | undefined {
  const proof = (ANSWERS[service] as Readonly<Record<string, Proof>>)[operation];
  if (proof === undefined) return undefined;
  for (const path of proof.has) {
    if (path === REQUEST_ID ? requestId === undefined : !isAt(output, stepsOf(path), 0)) return `it has no ${path}`;
  }
  if (proof.goesOn !== undefined) {
    const [flag, ...next] = proof.goesOn;
    const lost = valuesAt(output, flag)?.[0] === true ? next.find((path) => !isAt(output, stepsOf(path), 0)) : undefined;
    if (lost !== undefined) return `it is truncated, and has no ${lost}`;
  }
  if (proof.names === undefined) return undefined;
  const told = (valuesAt(output, proof.names[1]) ?? []).map((name) => folded(String(name)));
  const lost = (valuesAt(input, proof.names[0]) ?? []).map(String).find((name) => !told.includes(folded(name)));
  return lost === undefined ? undefined : `it does not name ${lost}`;
}

/** As AWS compares names: an ARN is its last part, and RDS stores lower case. */
const folded = remembered((name) => name.split(/[:/]/).at(-1)?.toLowerCase() ?? '');

/** All values at a path; undefined when one is missing or empty, or a list is none. */
function valuesAt(value: unknown, path: Path): unknown[] | undefined {
  return valuesOf(value, stepsOf(path), 0);
}

/** Whether `valuesAt` finds any: every answer is asked, and most of them for nothing else. */
function isAt(value: unknown, steps: readonly PathStep[], from: number): boolean {
  const step = steps[from];
  if (step === undefined) return true;
  const found = memberOf(value, step);
  if (found === undefined) return false;
  if (!step.list) return isAt(found, steps, from + 1);
  if (!Array.isArray(found)) return false;
  // Elements of which nothing more is asked.
  if (from + 1 === steps.length) return true;
  for (const one of found) if (!isAt(one, steps, from + 1)) return false;
  return true;
}

function memberOf(value: unknown, { name }: PathStep): unknown {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return found === null || found === '' ? undefined : found;
}

function valuesOf(value: unknown, steps: readonly PathStep[], from: number): unknown[] | undefined {
  const step = steps[from];
  if (step === undefined) return [value];
  const found = memberOf(value, step);
  if (found === undefined) return undefined;
  if (!step.list) return valuesOf(found, steps, from + 1);
  if (!Array.isArray(found)) return undefined;
  const all: unknown[] = [];
  for (const one of found) {
    const values = valuesOf(one, steps, from + 1);
    if (values === undefined) return undefined;
    all.push(...values);
  }
  return all;
}

interface PathStep {
  name: string;
  list: boolean;
}

const stepsOf = remembered((path: Path): readonly PathStep[] => path.split('.').map((part) => (part.endsWith('[]') ? { name: part.slice(0, -2), list: true } : { name: part, list: false })));
