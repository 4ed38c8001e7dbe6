import type { Group } from '../aws/autoscaling.ts';
import type { DbInstance } from '../aws/rds.ts';
import { readHealthCheck, type Route53Options } from '../aws/route53.ts';
import { nameInArn } from '../base/arn.ts';
import type { Effects } from '../effects/effects.ts';
import { healthStatus, lifecycleState } from '../aws/states/capacity.ts';
import { pendingChanges, replicationStatus, sourceOf, sourceRegion } from '../kinds/databases/instance.ts';
import { sampleLag } from '../kinds/databases/lag.ts';
import { defined } from '../simulator/db-settings.ts';
import type { AutoScalingGroupSeed, DbInstanceSeed, HealthCheckSeed } from '../simulator/seeds.ts';
import type { SeenDatabase, SeenReplication } from './account.ts';

/* One thing of an account in the simulator's words. `unlike`: what those words cannot say. */

interface Looking {
  effects: Effects;
  signal: AbortSignal;
  unlike: string[];
}

/** The model knows these; what it makes of another is said. */
function engineOf(name: string | undefined): 'postgres' | 'mysql' | undefined {
  return name === 'postgres' || name === 'mysql' ? name : undefined;
}

export async function databaseSeen(looking: Looking, implied: DbInstanceSeed, instance: DbInstance): Promise<SeenDatabase> {
  const { region, id } = implied;
  const { Endpoint: endpoint, DBSubnetGroup: subnets } = instance;
  const engine = engineOf(instance.Engine);
  if (engine === undefined) looking.unlike.push(`database ${region}/${id}: the engine ${instance.Engine ?? 'unknown'} is played as ${implied.engine ?? 'postgres'}`);
  const pending = pendingChanges(instance);
  if (pending.length > 0) looking.unlike.push(`database ${region}/${id}: a change waits, and is not made here: ${pending.join(', ')}`);
  const [source, from] = [sourceOf(instance), sourceRegion(instance)];
  const replication = source === undefined ? undefined : await replicationOf(looking, region, id, instance);
  const seed = {
    region,
    id,
    ...defined({
      engine,
      instanceClass: instance.DBInstanceClass,
      multiAz: instance.MultiAZ,
      backupRetentionDays: instance.BackupRetentionPeriod,
      securityGroups: (instance.VpcSecurityGroups ?? []).flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []),
      endpoint: endpoint?.Address === undefined || endpoint.Port === undefined ? undefined : { address: endpoint.Address, port: endpoint.Port },
      replicaOf: source === undefined || from === undefined ? undefined : { region: from, id: nameInArn(source) },
      publiclyAccessible: instance.PubliclyAccessible,
      deletionProtection: instance.DeletionProtection,
      lagMs: replication?.lagMs,
      subnetGroup: subnets?.DBSubnetGroupName,
      parameterGroup: instance.DBParameterGroups?.[0]?.DBParameterGroupName,
      kmsKeyId: instance.KmsKeyId,
      tags: Object.fromEntries((instance.TagList ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
      status: instance.DBInstanceStatus,
    }),
    settings: defined({
      engineVersion: instance.EngineVersion,
      allocatedStorage: instance.AllocatedStorage,
      storageType: instance.StorageType,
      iops: instance.Iops,
      storageThroughput: instance.StorageThroughput,
      maxAllocatedStorage: instance.MaxAllocatedStorage,
      optionGroup: instance.OptionGroupMemberships?.[0]?.OptionGroupName,
      iamAuthentication: instance.IAMDatabaseAuthenticationEnabled,
      logExports: instance.EnabledCloudwatchLogsExports,
      performanceInsights: instance.PerformanceInsightsEnabled,
      performanceInsightsDays: instance.PerformanceInsightsRetentionPeriod,
      monitoringInterval: instance.MonitoringInterval,
      monitoringRole: instance.MonitoringRoleArn,
      caCertificate: instance.CACertificateIdentifier,
      networkType: instance.NetworkType,
      copyTagsToSnapshot: instance.CopyTagsToSnapshot,
      autoMinorVersionUpgrade: instance.AutoMinorVersionUpgrade,
      backupWindow: instance.PreferredBackupWindow,
      maintenanceWindow: instance.PreferredMaintenanceWindow,
      managedPassword: instance.MasterUserSecret !== undefined,
    }),
  };
  return { seed, ...(subnets?.VpcId === undefined ? {} : { vpc: subnets.VpcId }), ...(replication === undefined ? {} : { replication }) };
}

async function replicationOf({ effects, signal }: Looking, region: string, id: string, instance: DbInstance): Promise<SeenReplication> {
  const { newest, newestValid } = await sampleLag({ effects, signal }, region, id);
  const stopped = replicationStatus(instance) !== 'replicating' || (newest !== undefined && newest.lagMs < 0);
  if (!stopped) return { state: 'replicating', ...(newest === undefined ? {} : { lagMs: newest.lagMs }) };
  return { state: 'stopped', ...(newestValid === undefined ? {} : { lagMs: newestValid.lagMs, sinceMs: effects.clock.now() - newestValid.sampledAt }) };
}

export function groupSeen(implied: AutoScalingGroupSeed, group: Group, unlike: string[]): AutoScalingGroupSeed {
  const { region, name } = implied;
  const serving = group.Instances.filter(({ LifecycleState, HealthStatus }) => lifecycleState(LifecycleState).serves === 'yes' && healthStatus(HealthStatus).healthy === 'yes').length;
  if (group.Instances.some(({ WeightedCapacity }) => WeightedCapacity !== undefined) || (group.DesiredCapacityType ?? 'units') !== 'units') unlike.push(`group ${region}/${name}: its sizes are not instances; here they are`);
  const suspended = (group.SuspendedProcesses ?? []).flatMap(({ ProcessName }) => ProcessName ?? []);
  if (suspended.length > 0) unlike.push(`group ${region}/${name}: ${suspended.join(', ')} ${suspended.length === 1 ? 'is' : 'are'} suspended${suspended.includes('Launch') ? ': here it gets no instance more' : ''}`);
  // It wants more than it has: nobody knows that it would get them.
  const short = serving < group.DesiredCapacity || suspended.includes('Launch');
  return {
    region,
    name,
    min: group.MinSize,
    max: group.MaxSize,
    desired: group.DesiredCapacity,
    targetGroups: (group.TargetGroupARNs ?? []).map((arn) => arn.split('/')[1] ?? arn),
    ...(short ? { capacity: serving } : {}),
  };
}

/** The runbook's check as the account has it. */
export async function checkSeed({ effects, options, unlike }: { effects: Effects; options: Route53Options; unlike: string[] }, implied: HealthCheckSeed, id: string): Promise<HealthCheckSeed> {
  const seen = await readHealthCheck(effects.aws, id, options);
  if (!/^(HTTPS?|TCP)(_STR_MATCH)?$/.test(seen.type)) unlike.push(`health check ${id}: it is a ${seen.type || 'check of no known type'}; here it watches what the runbook's world lets it watch`);
  const { intervalSeconds, failureThreshold, disabled, inverted } = seen;
  return {
    ...implied,
    id,
    disabled,
    inverted,
    ...(intervalSeconds === 10 || intervalSeconds === 30 ? { intervalSeconds } : {}),
    ...(failureThreshold === undefined ? {} : { failureThreshold }),
  };
}
