import type { Call, ServiceModel } from './call.ts';
import { pageOf } from './call.ts';
import { dbGroupOperations } from './db-groups.ts';
import { backupOperations } from './rds-backups.ts';
import { dbArn, namedSource, statusOf, viewOf, type DbInstance, type DbInstanceView } from './db-instance.ts';

/** RDS: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html */
export const rds: ServiceModel<'rds'> = {
  ...backupOperations,
  ...dbGroupOperations,

  DescribeDBInstances: {
    accepts: ['DBInstanceIdentifier', 'MaxRecords', 'Marker'],
    handle(input, call) {
      const table = call.state.databases.table(call.region);
      if (input.DBInstanceIdentifier !== undefined) {
        return { DBInstances: [view(find(input.DBInstanceIdentifier, call, call.at), call)] };
      }
      const size = input.MaxRecords ?? 100;
      if (size < 20 || size > 100) {
        throw call.error('InvalidParameterValue', 400, `Invalid value ${size} for MaxRecords. Must be between 20 and 100`);
      }
      const { page, next } = pageOf(table.keys(call.at), (id) => id, input.Marker, size);
      const rows = page.map((id) => table.get(id, call.at)).filter((row) => row !== undefined);
      return { DBInstances: rows.map((row) => view(row, call)), ...(next === undefined ? {} : { Marker: next }) };
    },
  },

  PromoteReadReplica: {
    accepts: ['DBInstanceIdentifier', 'BackupRetentionPeriod'],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      const source = namedSource(row, call.now);
      if (row.source === undefined || source === undefined) {
        throw call.error('InvalidDBInstanceState', 400, `DB Instance is not a read replica: ${row.ref.id}`);
      }
      const days = input.BackupRetentionPeriod ?? 1;
      if (!Number.isInteger(days) || days < 0 || days > 35) {
        throw call.error('InvalidParameterValue', 400, `Invalid backup retention period: ${days}. Must be between 0 and 35`);
      }
      refuseUnlessAvailable(row, call, 'promoted');
      return { DBInstance: view(call.state.databases.promote(row, source, days, call.now), call) };
    },
  },

  ModifyDBInstance: {
    accepts: ['DBInstanceIdentifier', 'VpcSecurityGroupIds', 'ApplyImmediately'],
    handle(input, call) {
      const row = find(input.DBInstanceIdentifier, call);
      const groups = input.VpcSecurityGroupIds;
      if (groups === undefined || groups.length === 0) {
        throw call.error('InvalidParameterCombination', 400, 'No modifications were requested');
      }
      const unknown = groups.find((id) => call.state.securityGroups.get(call.region, id) === undefined);
      if (unknown !== undefined) {
        throw call.error('InvalidParameterValue', 400, `Invalid security group , groupId= ${unknown}, groupName=.`);
      }
      refuseUnlessAvailable(row, call, 'modified');
      return { DBInstance: view(call.state.databases.modify(row, [...new Set(groups)], call.now), call) };
    },
  },
};

function find(name: string | undefined, call: Call, at?: number): DbInstance {
  if (name === undefined || name === '') {
    throw call.error('InvalidParameterValue', 400, 'The parameter DBInstanceIdentifier must be provided and must not be blank.');
  }
  const id = name.startsWith('arn:') ? name.slice(name.lastIndexOf(':') + 1) : name;
  const row = call.state.databases.row({ region: call.region, id }, at);
  if (row === undefined || (name.startsWith('arn:') && name !== dbArn(row.ref, call.state.core.account))) {
    throw call.error('DBInstanceNotFound', 404, `DBInstance ${name} not found.`);
  }
  return row;
}

function refuseUnlessAvailable(row: DbInstance, call: Call, verb: string): void {
  const status = statusOf(row, call.now);
  if (status === 'available' && row.promotion === undefined && row.creation === undefined) return;
  const why = row.promotion === undefined ? `is in status ${status}` : 'is being promoted';
  throw call.error('InvalidDBInstanceState', 400, `DB Instance ${row.ref.id} ${why} and cannot be ${verb}; it must be available.`);
}

function view(row: DbInstance, call: Call): DbInstanceView {
  const { databases, core } = call.state;
  const mode = databases.link(row.ref, call.at)?.mode(call.at);
  return viewOf(row, call.at, {
    account: core.account,
    replicas: databases.replicasOf(row.ref, call.at),
    replicationStatus: mode === 'stopped' ? 'stopped' : mode === 'silent' && row.promotion === undefined ? 'error' : 'replicating',
  });
}
