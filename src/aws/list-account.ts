import { route53RegionFor } from '../base/regions.ts';
import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputOf } from './call-options.ts';
import type { InputOf, OperationOf, OutputOf, Service } from './operations.ts';
import { incomplete, listed } from './pages.ts';
import type { RecordSet } from './route53.ts';

/*
 * Whole lists of what an account has in a region, page by page. `keep` makes of each item what is kept of it, so that a large
 * account needs little memory; `seen` is called with how many more were read.
 */

export interface ListOptions extends CallOptions {
  seen?: ((count: number) => void) | undefined;
}

/** Items of one page, in the words of AWS, made into what is kept. */
function kept<A, T>(items: readonly A[] | undefined, keep: (item: A) => T | undefined, { seen }: ListOptions): T[] {
  seen?.(items?.length ?? 0);
  return (items ?? []).map(keep).filter((item) => item !== undefined);
}

/** Lists what one operation lists. Route 53: of the partition of the region. */
function lister<S extends Service, O extends OperationOf<S>, A>(service: S, operation: O, input: InputOf<S, O>, items: (output: OutputOf<S, O>) => readonly A[] | undefined) {
  return <T>(aws: AwsCaller, region: string, keep: (item: A) => T | undefined, options: ListOptions = {}): Promise<T[]> => {
    const request = { service, region: service === 'route53' ? route53RegionFor(region) : region, operation, input };
    return listed(aws, request, (output) => kept(items(output), keep, options), options);
  };
}
type ItemOf<F extends (...args: never[]) => unknown> = Parameters<Parameters<F>[2]>[0];

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html */
export const everyDatabase = lister('rds', 'DescribeDBInstances', {}, ({ DBInstances }) => DBInstances);
export type AnyDbInstance = ItemOf<typeof everyDatabase>;

/** Backups that are kept in the region. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html */
export const everyBackup = lister('rds', 'DescribeDBInstanceAutomatedBackups', {}, ({ DBInstanceAutomatedBackups }) => DBInstanceAutomatedBackups);
export type AnyBackup = ItemOf<typeof everyBackup>;

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSubnetGroups.html */
export const everySubnetGroup = lister('rds', 'DescribeDBSubnetGroups', {}, ({ DBSubnetGroups }) => DBSubnetGroups);
export type AnySubnetGroup = ItemOf<typeof everySubnetGroup>;

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameterGroups.html */
export const everyParameterGroup = lister('rds', 'DescribeDBParameterGroups', {}, ({ DBParameterGroups }) => DBParameterGroups);
export type AnyParameterGroup = ItemOf<typeof everyParameterGroup>;

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html */
export const everyProxy = lister('rds', 'DescribeDBProxies', {}, ({ DBProxies }) => DBProxies);

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html */
export const everyNetworkPath = lister('ec2', 'DescribeNetworkInsightsPaths', {}, ({ NetworkInsightsPaths }) => NetworkInsightsPaths);

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html: at most 100 in an answer. */
export const everyGroup = lister('autoscaling', 'DescribeAutoScalingGroups', { MaxRecords: 100 }, ({ AutoScalingGroups }) => AutoScalingGroups);
export type AnyGroup = ItemOf<typeof everyGroup>;

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html: at most 1,000 in an answer. */
export const everyInstance = lister('ec2', 'DescribeInstances', { MaxResults: 1000 }, ({ Reservations }) => Reservations?.flatMap(({ Instances = [] }) => Instances));

/** The default version of every launch template. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html */
export const everyTemplate = lister('ec2', 'DescribeLaunchTemplateVersions', { Versions: ['$Default'] }, ({ LaunchTemplateVersions }) => LaunchTemplateVersions);

/** Images of the account. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html */
export const everyImage = lister('ec2', 'DescribeImages', { Owners: ['self'] }, ({ Images }) => Images);

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html: at most 1,000 in an answer. */
export const everySecurityGroup = lister('ec2', 'DescribeSecurityGroups', { MaxResults: 1000 }, ({ SecurityGroups }) => SecurityGroups);
export type SecurityGroup = ItemOf<typeof everySecurityGroup>;

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html: at most 400 in an answer. */
export const everyTargetGroup = lister('elbv2', 'DescribeTargetGroups', { PageSize: 400 }, ({ TargetGroups }) => TargetGroups);
export type TargetGroup = ItemOf<typeof everyTargetGroup>;

/** https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html */
export const everyTopic = lister('sns', 'ListTopics', {}, ({ Topics }) => Topics);
export type AnyTopic = ItemOf<typeof everyTopic>;

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html */
export const everyZone = lister('route53', 'ListHostedZones', {}, ({ HostedZones }) => HostedZones);
export type HostedZone = ItemOf<typeof everyZone>;

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHealthChecks.html */
export const everyHealthCheck = lister('route53', 'ListHealthChecks', {}, ({ HealthChecks }) => HealthChecks);
export type HealthCheck = ItemOf<typeof everyHealthCheck>;

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
