import type { AwsCaller, AwsRequest } from '../../src/aws/caller.ts';
import { normalizedName } from '../../src/kinds/route53/rights.ts';
import type { PolicyDocument } from '../../src/plan/policy.ts';

/*
 * What IAM asks for a call, and a small evaluator of policies: the judge of the printed policies. It knows the operators
 * that they use, and refuses any other.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */

export interface Need {
  action: string;
  resource: string;
  /** Context keys of the request; an array for a key with several values. */
  context: Record<string, string | readonly string[]>;
}

type Input = Record<string, unknown>;

function text(input: Input, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}

function texts(input: Input, name: string): string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}

function rdsResources(operation: string, input: Input, arn: (part: string) => string): string[] {
  const id = text(input, 'DBInstanceIdentifier').toLowerCase();
  const source = text(input, 'SourceDBInstanceIdentifier');
  const groups = [
    ...(input.DBSubnetGroupName === undefined ? [] : [arn(`subgrp:${text(input, 'DBSubnetGroupName').toLowerCase()}`)]),
    ...(input.DBParameterGroupName === undefined ? [] : [arn(`pg:${text(input, 'DBParameterGroupName').toLowerCase()}`)]),
  ];
  switch (operation) {
    case 'DescribeDBInstanceAutomatedBackups':
      return [arn('auto-backup:*'), arn('db:*')];
    case 'DescribeDBSnapshots':
      return [arn(`db:${id}`), arn('snapshot:*')];
    case 'DescribeDBProxies':
      return [arn('db-proxy:prx-0123')];
    case 'DescribeDBProxyTargets':
      // All four are required: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
      return [arn('db-proxy:prx-0123'), arn('target-group:prx-tg-0123'), arn('db:any'), arn('cluster:any')];
    case 'DescribeOptionGroups':
      return [arn(`og:${text(input, 'OptionGroupName').toLowerCase()}`)];
    case 'DescribeDBSubnetGroups':
    case 'DescribeDBParameterGroups':
    case 'DescribeDBParameters':
      return groups;
    case 'CreateDBInstanceReadReplica':
      // In its own region a source is named without its ARN.
      return [arn(`db:${id}`), source.startsWith('arn:') ? source : arn(`db:${source}`), ...groups];
    case 'RestoreDBInstanceToPointInTime':
      return [arn(`db:${text(input, 'TargetDBInstanceIdentifier').toLowerCase()}`), text(input, 'SourceDBInstanceAutomatedBackupsArn'), ...groups];
    case 'RestoreDBInstanceFromDBSnapshot':
      return [arn(`db:${id}`), arn(`snapshot:${text(input, 'DBSnapshotIdentifier').split(':').at(-1) ?? ''}`), ...groups];
    case 'StartDBInstanceAutomatedBackupsReplication':
      return [text(input, 'SourceDBInstanceArn'), arn('auto-backup:new')];
    default:
      // Without an identifier all are listed.
      return [arn(`db:${id === '' ? '*' : id}`), ...groups];
  }
}

/** Tags of the simulated instances: those that dr launches carry its own. */
export type TagsOf = (id: string) => Record<string, string>;

function ec2Needs(operation: string, input: Input, region: string, account: string, tagsOf: TagsOf): Need[] {
  const arn = (part: string) => `arn:aws:ec2:${region}:${account}:${part}`;
  const context = { 'aws:RequestedRegion': region };
  const action = `ec2:${operation}`;
  if (operation.startsWith('Describe')) return [{ action, resource: '*', context }];
  if (operation === 'RunInstances') {
    const template = input.LaunchTemplate as Input | undefined;
    const ofTemplate = template === undefined ? undefined : arn(`launch-template/${text(template, 'LaunchTemplateId') || 'lt-0123'}`);
    const launch: Need['context'] = { ...context, ...(ofTemplate === undefined ? {} : { 'ec2:LaunchTemplate': ofTemplate }) };
    const tags = (input.TagSpecifications as { Tags: { Key: string; Value: string }[] }[]).flatMap((spec) => spec.Tags);
    const tagged = { ...launch, ...Object.fromEntries(tags.map((tag) => [`aws:RequestTag/${tag.Key}`, tag.Value])) };
    const others = [`subnet/${text(input, 'SubnetId') || 'subnet-0123'}`, 'volume/*', 'network-interface/*', 'security-group/sg-0123', 'key-pair/k'].map(arn);
    return [
      { action, resource: arn('instance/*'), context: tagged },
      ...[`arn:aws:ec2:${region}::image/${text(input, 'ImageId')}`, ...(ofTemplate === undefined ? [] : [ofTemplate]), ...others].map((resource) => ({ action, resource, context: launch })),
      { action: 'ec2:CreateTags', resource: arn('instance/*'), context: { ...context, 'ec2:CreateAction': 'RunInstances' } },
    ];
  }
  const ids = operation === 'ModifyInstanceAttribute' ? [text(input, 'InstanceId')] : texts(input, 'InstanceIds');
  return ids.map((id) => ({
    action,
    resource: arn(`instance/${id}`),
    context: { ...context, ...Object.fromEntries(Object.entries(tagsOf(id)).map(([key, value]) => [`aws:ResourceTag/${key}`, value])) },
  }));
}

function route53Needs(operation: string, input: Input): Need[] {
  const part = operation === 'GetChange' ? `change/${text(input, 'Id')}` : operation.includes('HealthCheck') ? `healthcheck/${text(input, 'HealthCheckId')}` : `hostedzone/${text(input, 'HostedZoneId') || text(input, 'Id')}`;
  const batch = (input.ChangeBatch as { Changes: { ResourceRecordSet: { Name: string; Type: string } }[] } | undefined)?.Changes ?? [];
  const sets = batch.map((change) => change.ResourceRecordSet);
  const context: Need['context'] =
    sets.length === 0
      ? {}
      : {
          'route53:ChangeResourceRecordSetsNormalizedRecordNames': sets.map((set) => normalizedName(set.Name)),
          'route53:ChangeResourceRecordSetsRecordTypes': sets.map((set) => set.Type),
        };
  return [{ action: `route53:${operation}`, resource: `arn:aws:route53:::${part}`, context }];
}

export function needsOf(request: AwsRequest, account: string, tagsOf: TagsOf = () => ({})): Need[] {
  const { service, region } = request;
  const operation: string = request.operation;
  const input = request.input as Input;
  const context = { 'aws:RequestedRegion': region };
  const one = (action: string, resource: string): Need[] => [{ action, resource, context }];
  switch (service) {
    case 'sts':
      // GetCallerIdentity is open to everybody.
      return [];
    case 'rds': {
      const needs = rdsResources(operation, input, (part) => `arn:aws:rds:${region}:${account}:${part}`).map((resource) => ({ action: `rds:${operation}`, resource, context }));
      const tags = operation.startsWith('Restore') && input.Tags !== undefined ? needs.slice(0, 1).map((need) => ({ ...need, action: 'rds:AddTagsToResource' })) : [];
      const viaRds = { ...context, 'kms:ViaService': `rds.${region}.amazonaws.com` };
      const key = input.KmsKeyId === undefined ? [] : [{ action: 'kms:CreateGrant', resource: text(input, 'KmsKeyId'), context: viaRds }];
      return [...needs, ...tags, ...key];
    }
    case 'cloudwatch':
      return one(`cloudwatch:${operation}`, '*');
    case 'elbv2':
      return one(`elasticloadbalancing:${operation}`, operation === 'RegisterTargets' ? text(input, 'TargetGroupArn') : '*');
    case 'sns':
      return one(`sns:${operation}`, text(input, 'TopicArn'));
    case 'kms':
      return one(`kms:${operation}`, text(input, 'KeyId'));
    case 'acm':
      return one('acm:DescribeCertificate', text(input, 'CertificateArn'));
    case 'health':
      return one('health:DescribeEvents', '*');
    case 'servicequotas':
      return one('servicequotas:GetServiceQuota', '*');
    case 'iam':
      if (operation === 'GetInstanceProfile') return one('iam:GetInstanceProfile', `arn:aws:iam::${account}:instance-profile/${text(input, 'InstanceProfileName')}`);
      return one(`iam:${operation}`, text(input, 'PolicySourceArn') || `arn:aws:iam::${account}:role/${text(input, 'RoleName')}`);
    case 'lambda': {
      const arn = `arn:aws:lambda:${region}:${account}:function:${text(input, 'FunctionName')}`;
      return one('lambda:InvokeFunction', arn);
    }
    case 'autoscaling': {
      const arn = `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:11111111-2222:autoScalingGroupName/${text(input, 'AutoScalingGroupName')}`;
      return one(`autoscaling:${operation}`, operation.startsWith('Describe') ? '*' : arn);
    }
    case 'ec2':
      return ec2Needs(operation, input, region, account, tagsOf);
    case 'route53':
      return route53Needs(operation, input);
    case 's3': {
      const bucket = `arn:aws:s3:::${text(input, 'Bucket')}`;
      if (operation === 'ListObjectsV2') return one('s3:ListBucket', bucket);
      const object = one(`s3:${operation}`, `${bucket}/${text(input, 'Key')}`);
      // Without the right to list, S3 answers 403 and not 404 for an object that is not there.
      return operation === 'GetObject' ? [...object, ...one('s3:ListBucket', bucket)] : object;
    }
  }
}

/** Patterns of IAM: `*` any text, `?` one character. What IAM itself asks with a `*` in it must be granted with that `*`. */
export function matches(pattern: string, asked: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(asked);
}

function holds(operator: string, values: readonly string[], asked: string | readonly string[] | undefined): boolean {
  switch (operator) {
    case 'StringEquals':
      return typeof asked === 'string' && values.includes(asked);
    case 'ArnLike':
    case 'StringLike':
      return typeof asked === 'string' && values.some((value) => matches(value, asked));
    case 'ForAllValues:StringLike':
      return (typeof asked === 'string' ? [asked] : (asked ?? [])).every((name) => values.some((value) => matches(value, name)));
    case 'ForAllValues:StringEquals':
      return (typeof asked === 'string' ? [asked] : (asked ?? [])).every((value) => values.includes(value));
    default:
      throw new Error(`this judge does not know ${operator}`);
  }
}

export function allows(documents: readonly PolicyDocument[], need: Need): boolean {
  return documents.some(({ Statement }) =>
    Statement.some(
      ({ Action, Resource, Condition }) =>
        Action.includes(need.action) &&
        Resource.some((resource) => matches(resource, need.resource)) &&
        Object.entries(Condition ?? {}).every(([operator, keys]) => Object.entries(keys).every(([key, values]) => holds(operator, values, need.context[key]))),
    ),
  );
}

/** A caller that keeps what IAM would have asked. Tags of instances are known from what AWS has answered. */
export function recording(inner: AwsCaller, account: string): { aws: AwsCaller; needs: Need[] } {
  const needs: Need[] = [];
  const tags = new Map<string, Record<string, string>>();
  const call = async (request: AwsRequest) => {
    needs.push(...needsOf(request, account, (id) => tags.get(id) ?? {}));
    const answer = await inner.call(request);
    const { Reservations = [] } = answer.output as { Reservations?: { Instances?: { InstanceId?: string; Tags?: { Key?: string; Value?: string }[] }[] }[] };
    for (const { InstanceId = '', Tags = [] } of Reservations.flatMap((r) => r.Instances ?? [])) {
      tags.set(InstanceId, Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])));
    }
    return answer;
  };
  return { aws: { call } as AwsCaller, needs };
}
