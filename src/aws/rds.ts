import type { AwsCaller } from './caller.ts';
import { type CallOptions, outputIfThere, outputOf } from './call-options.ts';
import type { OutputOf } from './operations.ts';
import { listed } from './pages.ts';

export type DbInstance = NonNullable<OutputOf<'rds', 'DescribeDBInstances'>['DBInstances']>[number];
export type DbProxy = NonNullable<OutputOf<'rds', 'DescribeDBProxies'>['DBProxies']>[number];
export type DbProxyTarget = NonNullable<OutputOf<'rds', 'DescribeDBProxyTargets'>['Targets']>[number];
/** One combination of class, engine version, storage and zones that RDS makes an instance of. */
export type Offer = NonNullable<OutputOf<'rds', 'DescribeOrderableDBInstanceOptions'>['OrderableDBInstanceOptions']>[number];
export type AutomatedBackup = NonNullable<OutputOf<'rds', 'DescribeDBInstanceAutomatedBackups'>['DBInstanceAutomatedBackups']>[number];
type DbSnapshot = NonNullable<OutputOf<'rds', 'DescribeDBSnapshots'>['DBSnapshots']>[number];
type OptionGroup = NonNullable<OutputOf<'rds', 'DescribeOptionGroups'>['OptionGroupsList']>[number];
type SubnetGroup = NonNullable<OutputOf<'rds', 'DescribeDBSubnetGroups'>['DBSubnetGroups']>[number];

/**
 * The instance of that identifier or ARN in that region; undefined when RDS says that there is none (DBInstanceNotFound), and
 * never because an answer does not show it. RDS stores identifiers in lower case, and finds them however they are written.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html
 */
export async function findDbInstance(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<DbInstance | undefined> {
  const request = { service: 'rds', region, operation: 'DescribeDBInstances', input: { DBInstanceIdentifier: id } } as const;
  const output = await outputIfThere(aws, request, /^DBInstanceNotFound(Fault)?$/, options);
  return output?.DBInstances?.find((instance) => instance.DBInstanceIdentifier?.toLowerCase() === id.split(':').at(-1)?.toLowerCase());
}

export function listDbInstances(aws: AwsCaller, region: string, options?: CallOptions): Promise<DbInstance[]> {
  return listed(aws, { service: 'rds', region, operation: 'DescribeDBInstances', input: {} }, ({ DBInstances }) => DBInstances, options);
}

/**
 * Automated backups of instances of these identifiers that are kept in `region`, replicated ones too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstanceAutomatedBackups.html
 */
export function automatedBackups(aws: AwsCaller, region: string, ids: readonly string[], options?: CallOptions): Promise<AutomatedBackup[]> {
  const input = { Filters: [{ Name: 'db-instance-id', Values: [...ids] }] };
  const request = { service: 'rds', region, operation: 'DescribeDBInstanceAutomatedBackups', input } as const;
  return listed(aws, request, ({ DBInstanceAutomatedBackups }) => DBInstanceAutomatedBackups, options);
}

/**
 * Snapshots of an instance of that identifier that are kept in `region`, copies of other regions too.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBSnapshots.html
 */
export function dbSnapshots(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<DbSnapshot[]> {
  return listed(aws, { service: 'rds', region, operation: 'DescribeDBSnapshots', input: { DBInstanceIdentifier: id } }, ({ DBSnapshots }) => DBSnapshots, options);
}

/** Undefined if there is none of that name. */
export async function findSubnetGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<SubnetGroup | undefined> {
  const request = { service: 'rds', region, operation: 'DescribeDBSubnetGroups', input: { DBSubnetGroupName: name } } as const;
  return (await outputIfThere(aws, request, /^DBSubnetGroupNotFound(Fault)?$/, options))?.DBSubnetGroups?.[0];
}

/** What a parameter group is for, e.g. `postgres17`; empty if AWS does not say it, undefined if there is no such group. */
export async function parameterFamily(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<string | undefined> {
  const request = { service: 'rds', region, operation: 'DescribeDBParameterGroups', input: { DBParameterGroupName: name } } as const;
  const found = (await outputIfThere(aws, request, /^DBParameterGroupNotFound(Fault)?$/, options))?.DBParameterGroups?.[0];
  return found && (found.DBParameterGroupFamily ?? '');
}

/** Undefined if there is none of that name. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOptionGroups.html */
export async function findOptionGroup(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<OptionGroup | undefined> {
  const request = { service: 'rds', region, operation: 'DescribeOptionGroups', input: { OptionGroupName: name } } as const;
  return (await outputIfThere(aws, request, /^OptionGroupNotFound(Fault)?$/, options))?.OptionGroupsList?.[0];
}

/**
 * Values of some parameters of a DB parameter group; one that nobody has set, and has no default of its own, is left out.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBParameters.html
 */
export async function parametersOf(aws: AwsCaller, region: string, group: string, names: readonly string[], options?: CallOptions): Promise<Record<string, string>> {
  const all = await allParameters(aws, region, { DBParameterGroupName: group }, options);
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** The parameters of a group that somebody has set, and their values. */
export function userParameters(aws: AwsCaller, region: string, group: string, options?: CallOptions): Promise<Record<string, string>> {
  return allParameters(aws, region, { DBParameterGroupName: group, Source: 'user' }, options);
}

async function allParameters(aws: AwsCaller, region: string, which: { DBParameterGroupName: string; Source?: string }, options?: CallOptions): Promise<Record<string, string>> {
  const request = { service: 'rds', region, operation: 'DescribeDBParameters', input: { ...which, MaxRecords: 100 } } as const;
  const all = await listed(aws, request, ({ Parameters }) => Parameters, options);
  const found: Record<string, string> = {};
  for (const { ParameterName: name = '', ParameterValue: value } of all) if (value !== undefined) found[name] = value;
  return found;
}

/**
 * Everything of a class that RDS offers in a region for an engine, in a VPC; of one version where it is named. Empty where it offers nothing.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
 */
export function offersOf(aws: AwsCaller, region: string, wanted: { engine: string; instanceClass: string; version?: string }, options?: CallOptions): Promise<Offer[]> {
  const { engine, instanceClass, version } = wanted;
  const input = { Engine: engine, DBInstanceClass: instanceClass, Vpc: true, ...(version === undefined ? {} : { EngineVersion: version }) };
  const request = { service: 'rds', region, operation: 'DescribeOrderableDBInstanceOptions', input } as const;
  return listed(aws, request, ({ OrderableDBInstanceOptions }) => OrderableDBInstanceOptions, options);
}

/** Whether a region has a certificate authority of RDS. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html */
export async function hasAuthority(aws: AwsCaller, region: string, id: string, options?: CallOptions): Promise<boolean> {
  const request = { service: 'rds', region, operation: 'DescribeCertificates', input: { CertificateIdentifier: id } } as const;
  return (await outputIfThere(aws, request, /^CertificateNotFound(Fault)?$/, options)) !== undefined;
}

/** Undefined when RDS says that there is none. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxies.html */
export async function findProxy(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<DbProxy | undefined> {
  const request = { service: 'rds', region, operation: 'DescribeDBProxies', input: { DBProxyName: name } } as const;
  const output = await outputIfThere(aws, request, /^DBProxyNotFoundFault$/, options);
  return output?.DBProxies?.find(({ DBProxyName }) => DBProxyName?.toLowerCase() === name.toLowerCase());
}

/** What a proxy leads to, and whether it reaches that. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBProxyTargets.html */
export function proxyTargets(aws: AwsCaller, region: string, name: string, options?: CallOptions): Promise<DbProxyTarget[]> {
  return listed(aws, { service: 'rds', region, operation: 'DescribeDBProxyTargets', input: { DBProxyName: name } }, ({ Targets }) => Targets, options);
}

/**
 * How much of each quota of RDS the account uses in a region, by AWS's name, e.g. `DBInstances`.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
 */
export async function rdsQuotas(aws: AwsCaller, region: string, options?: CallOptions): Promise<ReadonlyMap<string, { used: number; max: number }>> {
  const output = await outputOf(aws, { service: 'rds', region, operation: 'DescribeAccountAttributes', input: {} }, options);
  // With what every answer has, see `answers.ts`.
  const quotas = output.AccountQuotas as { AccountQuotaName: string; Used: number; Max: number }[];
  return new Map(quotas.map(({ AccountQuotaName: name, Used: used, Max: max }) => [name, { used, max }]));
}
