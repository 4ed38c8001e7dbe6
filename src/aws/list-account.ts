import { route53RegionFor } from '../base/regions.ts';
import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { Ec2Instance, Image, TemplateVersion } from './ec2.ts';
import type { InputOf, OutputOf } from './operations.ts';
import { allPages, incomplete } from './pages.ts';
import type { DbProxy } from './rds-proxies.ts';
import type { NetworkPath } from './reachability.ts';
import type { RecordSet } from './route53.ts';

/*
 * Whole lists of what an account has in a region, page by page. `keep` makes of each item what is kept of it, so that a large
 * account needs little memory; `seen` is called with how many more were read.
 */

export interface ListOptions extends CallOptions {
  seen?: ((count: number) => void) | undefined;
}

type Item<T> = NonNullable<T> extends readonly (infer E)[] ? E : never;
export type AnyGroup = Item<OutputOf<'autoscaling', 'DescribeAutoScalingGroups'>['AutoScalingGroups']>;
export type TargetGroup = Item<OutputOf<'elbv2', 'DescribeTargetGroups'>['TargetGroups']>;
export type SecurityGroup = Item<OutputOf<'ec2', 'DescribeSecurityGroups'>['SecurityGroups']>;
export type AnySubnetGroup = Item<OutputOf<'rds', 'DescribeDBSubnetGroups'>['DBSubnetGroups']>;
export type AnyParameterGroup = Item<OutputOf<'rds', 'DescribeDBParameterGroups'>['DBParameterGroups']>;
export type AnyDbInstance = Item<OutputOf<'rds', 'DescribeDBInstances'>['DBInstances']>;
export type AnyBackup = Item<OutputOf<'rds', 'DescribeDBInstanceAutomatedBackups'>['DBInstanceAutomatedBackups']>;
export type AnyTopic = Item<OutputOf<'sns', 'ListTopics'>['Topics']>;
export type HostedZone = Item<OutputOf<'route53', 'ListHostedZones'>['HostedZones']>;
export type HealthCheck = Item<OutputOf<'route53', 'ListHealthChecks'>['HealthChecks']>;

/** Items of one page, in the words of AWS, made into what is kept. */
function kept<A, T>(items: readonly A[] | undefined, keep: (item: A) => T | undefined, { seen }: ListOptions): T[] {
  seen?.(items?.length ?? 0);
  return (items ?? []).map(keep).filter((item) => item !== undefined);
}

/** A list of one operation that continues by a token of one name. @throws AwsError */
function marked<A, T>(
  request: { service: 'rds' | 'ec2' | 'autoscaling' | 'elbv2' | 'sns'; region: string; operation: string },
  ask: (token: string | undefined) => Promise<{ items: readonly A[] | undefined; next: string | undefined }>,
  keep: (item: A) => T | undefined,
  options: ListOptions,
): Promise<T[]> {
  return allPages(request, async (token) => {
    const { items, next } = await ask(token);
    return { items: kept(items, keep, options), next };
  });
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html */
export function everyDatabase<T>(aws: AwsCaller, region: string, keep: (item: AnyDbInstance) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBInstances' } as const;
  return marked(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: output.DBInstances, next: output.Marker };
  }, keep, options);
}

/** Backups that are kept in the region. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html */
export function everyBackup<T>(aws: AwsCaller, region: string, keep: (item: AnyBackup) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBInstanceAutomatedBackups' } as const;
  return marked(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: output.DBInstanceAutomatedBackups, next: output.Marker };
  }, keep, options);
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html */
export function everySubnetGroup<T>(aws: AwsCaller, region: string, keep: (item: AnySubnetGroup) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBSubnetGroups' } as const;
  return marked(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: output.DBSubnetGroups, next: output.Marker };
  }, keep, options);
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameterGroups.html */
export function everyParameterGroup<T>(aws: AwsCaller, region: string, keep: (item: AnyParameterGroup) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBParameterGroups' } as const;
  return marked(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: output.DBParameterGroups, next: output.Marker };
  }, keep, options);
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html */
export function everyProxy<T>(aws: AwsCaller, region: string, keep: (item: DbProxy) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'rds', region, operation: 'DescribeDBProxies' } as const;
  return marked(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: output.DBProxies, next: output.Marker };
  }, keep, options);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html */
export function everyNetworkPath<T>(aws: AwsCaller, region: string, keep: (item: NetworkPath) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'ec2', region, operation: 'DescribeNetworkInsightsPaths' } as const;
  return marked(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: NextToken === undefined ? {} : { NextToken } }, options);
    return { items: output.NetworkInsightsPaths, next: output.NextToken };
  }, keep, options);
}

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html: at most 100 in an answer. */
export function everyGroup<T>(aws: AwsCaller, region: string, keep: (item: AnyGroup) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'autoscaling', region, operation: 'DescribeAutoScalingGroups' } as const;
  return marked(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: { MaxRecords: 100, ...(NextToken === undefined ? {} : { NextToken }) } }, options);
    return { items: output.AutoScalingGroups, next: output.NextToken };
  }, keep, options);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html: at most 1,000 in an answer. */
export function everyInstance<T>(aws: AwsCaller, region: string, keep: (item: Ec2Instance) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'ec2', region, operation: 'DescribeInstances' } as const;
  return marked(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: { MaxResults: 1000, ...(NextToken === undefined ? {} : { NextToken }) } }, options);
    return { items: output.Reservations?.flatMap((reservation) => reservation.Instances ?? []), next: output.NextToken };
  }, keep, options);
}

/** The default version of every launch template. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html */
export function everyTemplate<T>(aws: AwsCaller, region: string, keep: (item: TemplateVersion) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'ec2', region, operation: 'DescribeLaunchTemplateVersions' } as const;
  return marked(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: { Versions: ['$Default'], ...(NextToken === undefined ? {} : { NextToken }) } }, options);
    return { items: output.LaunchTemplateVersions, next: output.NextToken };
  }, keep, options);
}

/** Images of the account. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html */
export async function everyImage<T>(aws: AwsCaller, region: string, keep: (item: Image) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'ec2', region, operation: 'DescribeImages', input: { Owners: ['self'] } } as const;
  const output = await outputOf(aws, { ...request, input: { Owners: ['self'] } }, options);
  return kept(output.Images, keep, options);
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html: at most 1,000 in an answer. */
export function everySecurityGroup<T>(aws: AwsCaller, region: string, keep: (item: SecurityGroup) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'ec2', region, operation: 'DescribeSecurityGroups' } as const;
  return marked(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: { MaxResults: 1000, ...(NextToken === undefined ? {} : { NextToken }) } }, options);
    return { items: output.SecurityGroups, next: output.NextToken };
  }, keep, options);
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html: at most 400 in an answer. */
export function everyTargetGroup<T>(aws: AwsCaller, region: string, keep: (item: TargetGroup) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'elbv2', region, operation: 'DescribeTargetGroups' } as const;
  return marked(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: { PageSize: 400, ...(Marker === undefined ? {} : { Marker }) } }, options);
    return { items: output.TargetGroups, next: output.NextMarker };
  }, keep, options);
}

/** https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html */
export function everyTopic<T>(aws: AwsCaller, region: string, keep: (item: AnyTopic) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'sns', region, operation: 'ListTopics' } as const;
  return marked(request, async (NextToken) => {
    const output = await outputOf(aws, { ...request, input: NextToken === undefined ? {} : { NextToken } }, options);
    return { items: output.Topics, next: output.NextToken };
  }, keep, options);
}

/** Of the partition of `region`. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html */
export function everyZone<T>(aws: AwsCaller, region: string, keep: (item: HostedZone) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'route53', region: route53RegionFor(region), operation: 'ListHostedZones' } as const;
  return allPages(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: kept(output.HostedZones, keep, options), next: output.IsTruncated === true ? output.NextMarker : undefined };
  });
}

/** Of the partition of `region`. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHealthChecks.html */
export function everyHealthCheck<T>(aws: AwsCaller, region: string, keep: (item: HealthCheck) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'route53', region: route53RegionFor(region), operation: 'ListHealthChecks' } as const;
  return allPages(request, async (Marker) => {
    const output = await outputOf(aws, { ...request, input: Marker === undefined ? {} : { Marker } }, options);
    return { items: kept(output.HealthChecks, keep, options), next: output.IsTruncated === true ? output.NextMarker : undefined };
  });
}

/** A zone may hold 10,000 records by default, and many more on request. https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html */
const RECORD_PAGES_MAX = 2_000;

/** Every record set of a zone. https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html */
export async function everyRecordSet<T>(aws: AwsCaller, region: string, zone: string, keep: (item: RecordSet) => T | undefined, options: ListOptions = {}): Promise<T[]> {
  const request = { service: 'route53', region: route53RegionFor(region), operation: 'ListResourceRecordSets' } as const;
  const all: T[] = [];
  let input: InputOf<'route53', 'ListResourceRecordSets'> = { HostedZoneId: zone, MaxItems: 300 };
  for (let page = 0; page < RECORD_PAGES_MAX; page++) {
    const output: OutputOf<'route53', 'ListResourceRecordSets'> = await outputOf(aws, { ...request, input }, options);
    for (const item of kept(output.ResourceRecordSets, keep, options)) all.push(item);
    if (output.IsTruncated !== true) return all;
    const next = { StartRecordName: output.NextRecordName, StartRecordType: output.NextRecordType, StartRecordIdentifier: output.NextRecordIdentifier };
    if (next.StartRecordName === input.StartRecordName && next.StartRecordType === input.StartRecordType && next.StartRecordIdentifier === input.StartRecordIdentifier) {
      throw incomplete(request, 'an answer begins where the last one did');
    }
    input = { HostedZoneId: zone, MaxItems: 300, ...next };
  }
  throw incomplete(request, `zone ${zone} has not ended after ${RECORD_PAGES_MAX} pages`);
}
