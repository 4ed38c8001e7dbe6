import type { InputOf } from '../aws/operations.ts';
import type { Call, ServiceModel } from './call.ts';
import { type Change, dbArn, type DbInstance } from './db-instance.ts';
import { DEFAULT_GROUP } from './rds-backups.ts';
import { find, refuseUnlessAvailable, view } from './rds-rows.ts';

type InstanceOperations = Pick<ServiceModel<'rds'>, 'ModifyDBInstance' | 'CreateDBInstanceReadReplica' | 'RebootDBInstance'>;

/** What is changed of a DB instance, and how a replica is made: README.md says which part of AWS it follows. */
export const instanceOperations: InstanceOperations = {
  ModifyDBInstance: {
    accepts: ['DBInstanceIdentifier', 'VpcSecurityGroupIds', 'DBInstanceClass', 'DBParameterGroupName', 'NewDBInstanceIdentifier', 'ApplyImmediately'],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      const change = changeOf(input, row, call);
      refuseUnlessAvailable(row, call, 'modified');
      return { DBInstance: view(call.state.databases.modify(row, change, call.now), call) };
    },
  },

  CreateDBInstanceReadReplica: {
    accepts: [
      'DBInstanceIdentifier',
      'SourceDBInstanceIdentifier',
      'DBInstanceClass',
      'MultiAZ',
      'DBSubnetGroupName',
      'DBParameterGroupName',
      'VpcSecurityGroupIds',
      'KmsKeyId',
      'PubliclyAccessible',
      'DeletionProtection',
      'PreSignedUrl',
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
      needSecurityGroups(securityGroups, call);
      const { driver } = call.state.core;
      if (driver !== undefined && driver.createReplica === undefined) throw call.unsupported('a new replica with these databases behind the model');
      const row = call.state.databases.createReplica(
        {
          region,
          id,
          engine: source.engine,
          instanceClass: input.DBInstanceClass ?? source.instanceClass,
          multiAz: input.MultiAZ ?? false,
          backupRetentionDays: 0,
          securityGroups,
          subnetGroup: input.DBSubnetGroupName ?? 'default',
          ...(parameterGroup === undefined ? {} : { parameterGroup }),
          ...(input.KmsKeyId === undefined ? { kmsKeyId: source.kmsKeyId } : { kmsKeyId: input.KmsKeyId }),
          publiclyAccessible: input.PubliclyAccessible ?? false,
          deletionProtection: input.DeletionProtection ?? false,
        },
        source.ref,
        call.now,
      );
      return { DBInstance: view(row, call) };
    },
  },

  RebootDBInstance: {
    accepts: ['DBInstanceIdentifier'],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      refuseUnlessAvailable(row, call, 'rebooted');
      return { DBInstance: view(call.state.databases.reboot(row, call.now), call) };
    },
  },
};

function changeOf(input: InputOf<'rds', 'ModifyDBInstance'>, row: DbInstance, call: Call): Change {
  const { VpcSecurityGroupIds: groups, DBInstanceClass: instanceClass, DBParameterGroupName: parameterGroup } = input;
  const asked = [groups?.length === 0 ? undefined : groups, instanceClass, parameterGroup, input.NewDBInstanceIdentifier].filter((value) => value !== undefined);
  if (asked.length === 0) throw call.error('InvalidParameterCombination', 400, 'No modifications were requested');
  if (asked.length > 1) throw call.unsupported('more than one change at a time');
  if (groups !== undefined && groups.length > 0) {
    needSecurityGroups(groups, call);
    return { groups: [...new Set(groups)] };
  }
  if (parameterGroup !== undefined) {
    needParameterGroup(parameterGroup, call);
    return { parameterGroup };
  }
  if (input.ApplyImmediately !== true) throw call.unsupported('a change in the next maintenance window');
  if (instanceClass !== undefined) return { instanceClass: instanceClassOf(instanceClass, call) };
  const { driver } = call.state.core;
  if (driver !== undefined && driver.rename === undefined) throw call.unsupported('a new name with these databases behind the model');
  const id = (input.NewDBInstanceIdentifier ?? '').toLowerCase();
  if (id === row.ref.id) throw call.error('InvalidParameterCombination', 400, 'No modifications were requested');
  return { newId: newId(id, call) };
}

function instanceClassOf(name: string, call: Call): string {
  if (!/^db\.[a-z0-9]+\.[a-z0-9]+$/.test(name)) throw call.error('InvalidParameterValue', 400, `Invalid DB Instance class: ${name}`);
  return name;
}

/** A free and valid identifier. Taken by one that is being renamed to it counts as well. */
function newId(name: string | undefined, call: Call): string {
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

/** The source of a new replica: of another region by ARN only. It must answer, be available and keep backups. */
function sourceOf(name: string | undefined, call: Call): DbInstance {
  const { databases, core } = call.state;
  const arn = name?.startsWith('arn:') === true;
  const [, , , region = '', , , id = ''] = (name ?? '').split(':');
  const ref = arn ? { region, id } : { region: call.region, id: name ?? '' };
  const row = databases.row(ref);
  if (row === undefined || (arn && name !== dbArn(ref, core.account))) throw call.error('DBInstanceNotFound', 404, `DBInstance ${name ?? ''} not found.`);
  if (!core.alive(ref.region)) throw call.error('InvalidDBInstanceState', 400, `The source DB instance ${id} cannot be reached.`);
  refuseUnlessAvailable(row, call, 'replicated');
  if (row.backupRetentionDays === 0 && row.source === undefined) {
    throw call.error('InvalidDBInstanceState', 400, 'Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to set the backup retention period to a non-zero value.');
  }
  return row;
}

function needSecurityGroups(groups: readonly string[], call: Call): void {
  const unknown = groups.find((id) => call.state.securityGroups.get(call.region, id) === undefined);
  if (unknown !== undefined) throw call.error('InvalidParameterValue', 400, `Invalid security group , groupId= ${unknown}, groupName=.`);
}

/** Groups called `default` are AWS's own, in every region. */
function needParameterGroup(name: string, call: Call): void {
  if (name.startsWith('default.') || call.state.dbGroups.hasParameterGroup(call.region, name)) return;
  throw call.error('DBParameterGroupNotFound', 404, `DBParameterGroup ${name} not found.`);
}

function needSubnetGroup(name: string, call: Call): void {
  if (name === 'default' || call.state.dbGroups.hasSubnetGroup(call.region, name)) return;
  throw call.error('DBSubnetGroupNotFoundFault', 404, `DB subnet group '${name}' does not exist.`);
}
