import type { Ec2Instance, Image, NetworkPath, TemplateVersion } from '../../aws/ec2.ts';
import type * as aws from '../../aws/list-account.ts';
import type { DbProxy, DbProxyTarget } from '../../aws/rds.ts';
import type { RecordSet } from '../../aws/route53.ts';
import { nameInArn, regionOfArn } from '../../base/arn.ts';
import type * as model from '../../model/discovery.ts';
import { ec2InstanceState, imageState } from '../../aws/states/capacity.ts';

/* What is kept of each answer. A few names and numbers of each resource, so that thousands of them fit. */

export interface RegionInventory {
  databases: model.SeenDatabase[];
  backups: model.SeenBackup[];
  groups: model.SeenGroup[];
  instances: model.SeenInstance[];
  targetGroups: model.SeenTargetGroup[];
  templates: model.SeenTemplate[];
  images: model.SeenImage[];
  securityGroups: model.SeenSecurityGroup[];
  subnetGroups: model.SeenDbGroup[];
  parameterGroups: model.SeenDbGroup[];
  topics: model.SeenTopic[];
  proxies: model.SeenProxy[];
  paths: model.SeenNetworkPath[];
}

export const NOTHING: RegionInventory = { databases: [], backups: [], groups: [], instances: [], targetGroups: [], templates: [], images: [], securityGroups: [], subnetGroups: [], parameterGroups: [], topics: [], proxies: [], paths: [] };

export function known<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

function tagsOf(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): model.Tags {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

/** An identifier of the same region, or an ARN. */
function reference(text: string, region: string): { region: string; id: string } {
  return { region: regionOfArn(text) ?? region, id: nameInArn(text).toLowerCase() };
}

export function database(region: string, item: aws.AnyDbInstance): model.SeenDatabase | undefined {
  // Members of a cluster are moved with it, and no kind carries one.
  if (item.DBClusterIdentifier !== undefined && item.DBClusterIdentifier !== '') return undefined;
  const source = item.ReadReplicaSourceDBInstanceIdentifier;
  const option = item.OptionGroupMemberships?.[0]?.OptionGroupName;
  return known<model.SeenDatabase>({
    region,
    id: (item.DBInstanceIdentifier ?? '').toLowerCase(),
    arn: item.DBInstanceArn ?? '',
    engine: item.Engine ?? '',
    class: item.DBInstanceClass ?? '',
    source: source === undefined || source === '' ? undefined : reference(source, region),
    retentionDays: item.BackupRetentionPeriod ?? 0,
    securityGroups: (item.VpcSecurityGroups ?? []).map((group) => group.VpcSecurityGroupId ?? '').filter((id) => id !== ''),
    vpc: item.DBSubnetGroup?.VpcId,
    subnetGroup: item.DBSubnetGroup?.DBSubnetGroupName,
    parameterGroup: item.DBParameterGroups?.[0]?.DBParameterGroupName,
    optionGroup: option === undefined || option.startsWith('default:') ? undefined : option,
    multiAz: item.MultiAZ ?? false,
    iamAuthentication: item.IAMDatabaseAuthenticationEnabled ?? false,
    publiclyAccessible: item.PubliclyAccessible ?? false,
    copyTagsToSnapshot: item.CopyTagsToSnapshot ?? false,
    deletionProtection: item.DeletionProtection ?? false,
    logExports: item.EnabledCloudwatchLogsExports ?? [],
    kmsKey: item.KmsKeyId,
    database: item.DBName,
    tags: tagsOf(item.TagList),
  });
}

/** Only what was replicated here from another region. */
export function backup(region: string, item: aws.AnyBackup): model.SeenBackup | undefined {
  const from = regionOfArn(item.DBInstanceArn);
  if (from === undefined || from === region) return undefined;
  return known<model.SeenBackup>({ region, source: reference(item.DBInstanceArn ?? '', region), kmsKey: item.KmsKeyId });
}

export function subnetGroup(region: string, item: aws.AnySubnetGroup): model.SeenDbGroup {
  return known<model.SeenDbGroup>({ region, name: item.DBSubnetGroupName ?? '', vpc: item.VpcId });
}

export function parameterGroup(region: string, item: aws.AnyParameterGroup): model.SeenDbGroup {
  return { region, name: item.DBParameterGroupName ?? '' };
}

export function group(region: string, item: aws.AnyGroup): model.SeenGroup {
  return {
    region,
    name: item.AutoScalingGroupName ?? '',
    min: item.MinSize ?? 0,
    desired: item.DesiredCapacity ?? 0,
    max: item.MaxSize ?? 0,
    targetGroups: item.TargetGroupARNs ?? [],
    tags: tagsOf(item.Tags),
  };
}

/** Auto Scaling and EC2 Fleet keep theirs themselves; what is terminated is gone. */
export function instance(region: string, item: Ec2Instance): model.SeenInstance | undefined {
  const tags = tagsOf(item.Tags);
  const state = ec2InstanceState({ State: item.State });
  if (tags['aws:autoscaling:groupName'] !== undefined || state.gone === 'yes') return undefined;
  return known<model.SeenInstance>({
    region,
    id: item.InstanceId ?? '',
    type: item.InstanceType ?? '',
    stopped: state.running !== 'yes',
    template: tags['aws:ec2launchtemplate:id'],
    image: item.ImageId,
    subnet: item.SubnetId,
    tags,
  });
}

export function targetGroup(region: string, item: aws.TargetGroup): model.SeenTargetGroup {
  return known<model.SeenTargetGroup>({ region, name: item.TargetGroupName ?? '', arn: item.TargetGroupArn ?? '', port: item.Port, targets: [] });
}

export function template(region: string, item: TemplateVersion): model.SeenTemplate {
  return known<model.SeenTemplate>({ region, id: item.LaunchTemplateId ?? '', name: item.LaunchTemplateName ?? '', type: item.LaunchTemplateData?.InstanceType });
}

export function image(region: string, item: Image): model.SeenImage | undefined {
  return imageState(item.State).usable === 'yes' ? { region, id: item.ImageId ?? '', name: item.Name ?? '', createdAt: item.CreationDate ?? '' } : undefined;
}

export function securityGroup(region: string, item: aws.SecurityGroup): model.SeenSecurityGroup {
  return known<model.SeenSecurityGroup>({ region, id: item.GroupId ?? '', name: item.GroupName ?? '', vpc: item.VpcId, closed: item.IpPermissions !== undefined && item.IpPermissions.length === 0 });
}

export function topic(region: string, item: aws.AnyTopic): model.SeenTopic {
  return { region, name: nameInArn(item.TopicArn ?? ''), arn: item.TopicArn ?? '' };
}

export function proxy(region: string, item: DbProxy): model.SeenProxy {
  return { region, name: item.DBProxyName ?? '' };
}

/** DB instances only: what leads to a cluster is no kind's. */
export function proxyTarget({ Type, RdsResourceId }: DbProxyTarget): string | undefined {
  return Type === 'RDS_INSTANCE' ? RdsResourceId?.toLowerCase() : undefined;
}

export function path(region: string, item: NetworkPath): model.SeenNetworkPath {
  return { region, id: item.NetworkInsightsPathId ?? '', name: tagsOf(item.Tags).Name ?? '' };
}

export function zone(item: aws.HostedZone): { id: string; name: string } {
  return { id: (item.Id ?? '').replace(/^\/?hostedzone\//, ''), name: plain(item.Name ?? '') };
}

export function check(item: aws.HealthCheck): model.SeenCheck {
  const { Type, FullyQualifiedDomainName, IPAddress, ResourcePath, Port } = item.HealthCheckConfig ?? {};
  return known<model.SeenCheck>({ id: item.Id ?? '', type: Type ?? '', host: FullyQualifiedDomainName ?? IPAddress, path: ResourcePath, port: Port });
}

/** Sets with a routing policy, of the types that runbooks move. */
export function record(of: { id: string; name: string }, item: RecordSet): model.SeenRecord | undefined {
  const set = item.SetIdentifier;
  if (set === undefined || (item.Type !== 'A' && item.Type !== 'AAAA' && item.Type !== 'CNAME')) return undefined;
  return known<model.SeenRecord>({
    zone: of.id,
    zoneName: of.name,
    name: plain(item.Name ?? ''),
    type: item.Type,
    set,
    healthCheck: item.HealthCheckId,
    failover: item.Failover,
    weight: item.Weight,
    latency: item.Region,
    place: place(item.GeoLocation),
    values: (item.ResourceRecords ?? []).map((one) => one.Value ?? ''),
    ttl: item.TTL,
    alias: item.AliasTarget === undefined ? undefined : { zone: item.AliasTarget.HostedZoneId ?? '', name: plain(item.AliasTarget.DNSName ?? ''), evaluateTargetHealth: item.AliasTarget.EvaluateTargetHealth ?? false },
  });
}

function place(geo: RecordSet['GeoLocation']): model.SeenRecord['place'] {
  if (geo === undefined) return undefined;
  if (geo.CountryCode === '*') return 'default';
  return known<Record<string, string>>({ continent: geo.ContinentCode, country: geo.CountryCode, subdivision: geo.SubdivisionCode });
}

/** In lower case, without the final dot, and `*` where Route 53 answers `\052`. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll('\\052', '*').replace(/\.$/, '');
}
