import type { InputOf } from '../aws/operations.ts';
import type { Call, ServiceModel } from './call.ts';
import { addressOf, dbArn, type DbInstance } from './db-instance.ts';
import { needAuthority, needOffer } from './rds-offers.ts';
import { needQuota } from './rds-quotas.ts';
import { defaultOptionGroup, defined, type DbSettings, settingsOf } from './db-settings.ts';
import { DEFAULT_GROUP, needKey } from './rds-backups.ts';
import { needOptionGroup, needParameterGroup, needSecurityGroups, needSubnetGroup, refuseUnlessAvailable, settingsIn, storageOf, view } from './rds-rows.ts';

/** Percent. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html; the words as reported. */
const ROOM_TO_GROW = 10;

type ReplicaInput = InputOf<'rds', 'CreateDBInstanceReadReplica'>;

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html */
export const replicaOperation = {
  CreateDBInstanceReadReplica: {
    accepts: [
      'DBInstanceIdentifier', 'SourceDBInstanceIdentifier', 'DBInstanceClass', 'MultiAZ', 'DBSubnetGroupName', 'DBParameterGroupName', 'VpcSecurityGroupIds', 'KmsKeyId',
      'PubliclyAccessible', 'DeletionProtection', 'PreSignedUrl', 'OptionGroupName', 'Tags', 'CopyTagsToSnapshot', 'EnableIAMDatabaseAuthentication',
      'EnableCloudwatchLogsExports', 'EnablePerformanceInsights', 'PerformanceInsightsKMSKeyId', 'PerformanceInsightsRetentionPeriod', 'MonitoringInterval', 'MonitoringRoleArn',
      'CACertificateIdentifier', 'NetworkType', 'Port', 'AllocatedStorage', 'StorageType', 'Iops', 'StorageThroughput', 'MaxAllocatedStorage', 'AutoMinorVersionUpgrade',
    ],
    handle(input, call) {
      const id = newId(input.DBInstanceIdentifier, call);
      const source = sourceOf(input.SourceDBInstanceIdentifier, call);
      const { region } = call;
      const cross = source.ref.region !== region;
      if (cross && input.KmsKeyId?.split(':')[3] !== region) {
        throw call.error('KMSKeyNotAccessibleFault', 400, `A KMS key of ${region} is needed for a replica of an encrypted source in another Region.`);
      }
      if (input.DBParameterGroupName !== undefined && source.engine === 'postgres') {
        throw call.error('InvalidParameterCombination', 400, "A parameter group can't be specified during Read Replica creation for the following DB engine: postgres");
      }
      const parameterGroup = input.DBParameterGroupName ?? (cross ? undefined : source.parameterGroup);
      if (parameterGroup !== undefined) needParameterGroup(parameterGroup, call);
      if (input.DBSubnetGroupName !== undefined) needSubnetGroup(input.DBSubnetGroupName, call);
      const securityGroups = input.VpcSecurityGroupIds ?? [DEFAULT_GROUP];
      if (securityGroups.includes(DEFAULT_GROUP)) call.state.securityGroups.add({ region, id: DEFAULT_GROUP, name: 'default', closed: true });
      needSecurityGroups(securityGroups, input.DBSubnetGroupName ?? 'default', call);
      needOffer({ engine: source.engine, version: source.settings.engineVersion, instanceClass: input.DBInstanceClass ?? source.instanceClass, multiAz: input.MultiAZ ?? false }, call);
      needAuthority(input.CACertificateIdentifier, call);
      const size = input.AllocatedStorage ?? source.settings.allocatedStorage;
      if (input.MaxAllocatedStorage !== undefined && input.MaxAllocatedStorage * 100 < size * (100 + ROOM_TO_GROW)) throw call.error('InvalidParameterCombination', 400, 'The maximum allocated storage must be increased by at least 10 percent.');
      needQuota({ storageGib: input.AllocatedStorage ?? source.settings.allocatedStorage, source: source.ref }, call);
      const { driver } = call.state.core;
      if (driver !== undefined && driver.createReplica === undefined) throw call.unsupported('a new replica with these databases behind the model');
      call.state.keys.used(region, input.KmsKeyId);
      needKey(input.KmsKeyId ?? source.kmsKeyId, call);
      const row = call.state.databases.createReplica(
        {
          region,
          id,
          engine: source.engine,
          instanceClass: input.DBInstanceClass ?? source.instanceClass,
          multiAz: input.MultiAZ ?? false,
          backupRetentionDays: 0,
          securityGroups,
          endpoint: { address: addressOf({ region, id }, call.state.core.account), port: input.Port ?? source.endpoint.port },
          subnetGroup: input.DBSubnetGroupName ?? 'default',
          ...(parameterGroup === undefined ? {} : { parameterGroup }),
          kmsKeyId: input.KmsKeyId ?? source.kmsKeyId,
          publiclyAccessible: input.PubliclyAccessible ?? false,
          deletionProtection: input.DeletionProtection ?? false,
          tags: Object.fromEntries((input.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
          settings: settings(input, source, cross, call),
        },
        source.ref,
        call.now,
      );
      return { DBInstance: view(row, call) };
    },
  },
} satisfies Partial<ServiceModel<'rds'>>;

/** What is not said is AWS's default, and not what the source has: an option group is of one Region, too. */
function settings(input: ReplicaInput, source: DbInstance, cross: boolean, call: Call): Partial<DbSettings> {
  const { MonitoringInterval: interval = 0, MonitoringRoleArn: monitoringRole } = input;
  if ((interval !== 0) !== (monitoringRole !== undefined)) {
    throw call.error('InvalidParameterCombination', 400, 'A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.');
  }
  const optionGroup = input.OptionGroupName ?? (cross ? defaultOptionGroup(source.engine) : source.settings.optionGroup);
  needOptionGroup(optionGroup, { engine: source.engine, version: source.settings.engineVersion, subnetGroup: input.DBSubnetGroupName ?? 'default' }, call);
  const { allocatedStorage, engineVersion, autoMinorVersionUpgrade } = source.settings;
  const fresh = settingsOf(source.engine, { allocatedStorage, engineVersion, autoMinorVersionUpgrade, storageType: input.Iops === undefined ? 'gp3' : 'io1' });
  return defined({
    ...fresh,
    ...storageOf(input, fresh, source.engine, call),
    ...settingsIn(input),
    optionGroup,
    logExports: input.EnableCloudwatchLogsExports ?? [],
  });
}

/** A free and valid identifier. Taken by one that is being renamed to it counts as well. */
export function newId(name: string | undefined, call: Call): string {
  const id = (name ?? '').toLowerCase();
  const valid = /^[a-z](?:-?[a-z0-9])*$/.test(id) && id.length <= 63;
  if (!valid) throw call.error('InvalidParameterValue', 400, `The parameter DBInstanceIdentifier is not a valid identifier: ${name ?? ''}`);
  const { databases } = call.state;
  const wanted = [...databases.table(call.region).values()].some((row) => row.modification?.newId === id);
  if (wanted || databases.row({ region: call.region, id }) !== undefined) {
    throw call.error('DBInstanceAlreadyExists', 400, 'DB instance already exists');
  }
  return id;
}

/** The source of a new replica: of another region by ARN only. It must answer, be available, keep backups, and have a password that RDS does not manage. */
function sourceOf(name: string | undefined, call: Call): DbInstance {
  const { databases, core } = call.state;
  const arn = name?.startsWith('arn:') === true;
  const [, , , region = '', , , id = ''] = (name ?? '').split(':');
  const ref = arn ? { region, id: id.toLowerCase() } : { region: call.region, id: (name ?? '').toLowerCase() };
  const row = databases.row(ref);
  if (row === undefined || (arn && name.toLowerCase() !== dbArn(ref, core.account))) throw call.error('DBInstanceNotFound', 404, `DBInstance ${name ?? ''} not found.`);
  if (!core.alive(ref.region)) throw call.error('InvalidDBInstanceState', 400, `The source DB instance ${id} cannot be reached.`);
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations
  if (row.settings.managedPassword) {
    throw call.error('InvalidParameterValue', 400, `Creating read replicas for source instance with engine ${row.engine} where ManageMasterUserPassword is enabled is not supported.`);
  }
  refuseUnlessAvailable(row, call, 'replicated');
  // Also of a replica: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PostgreSQL.Replication.ReadReplicas.Configuration.html
  if (row.backupRetentionDays === 0) {
    throw call.error('InvalidDBInstanceState', 400, 'Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.');
  }
  return row;
}
