import { type ServiceModel } from './call.ts';
import { dbGroupOperations } from './rds-db-groups.ts';
import { offerOperations } from './rds-offers.ts';
import { proxyOperations } from './rds-proxies.ts';
import { quotaOperations } from './rds-quotas.ts';
import { backupOperations } from './rds-backups.ts';
import { instanceOperations } from './rds-instances.ts';
import { namedSource } from './db-instance.ts';
import { find, pageSize, refuseUnlessAvailable, retention, view } from './rds-rows.ts';

/** RDS: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html */
export const rds: ServiceModel<'rds'> = {
  ...backupOperations,
  ...dbGroupOperations,
  ...instanceOperations,
  ...quotaOperations,
  ...proxyOperations,
  ...offerOperations,

  DescribeDBInstances: {
    accepts: ['DBInstanceIdentifier', 'MaxRecords', 'Marker'],
    handle(input, call) {
      const table = call.state.databases.table(call.region);
      if (input.DBInstanceIdentifier !== undefined) {
        return { DBInstances: [view(find(input.DBInstanceIdentifier, call, call.at), call)] };
      }
      const { page, next } = call.pageOf(table.keys(call.at), (id) => id, input.Marker, pageSize(input.MaxRecords, call));
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
      const days = retention(input.BackupRetentionPeriod ?? 1, call);
      refuseUnlessAvailable(row, call, 'promoted');
      return { DBInstance: view(call.state.databases.promote(row, source, days, call.now), call) };
    },
  },
};
