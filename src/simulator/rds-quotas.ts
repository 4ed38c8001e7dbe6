import type { Call, ServiceModel } from './call.ts';
import { DB_QUOTAS, type DbQuotaName } from './quotas.ts';

/** Used are all instances of the region, whatever their status; of replicas the most that one source has. */
function used(name: DbQuotaName, call: Call): number {
  const rows = [...call.state.databases.table(call.region).values()];
  if (name === 'DBInstances') return rows.length;
  if (name === 'AllocatedStorage') return rows.reduce((sum, row) => sum + row.settings.allocatedStorage, 0);
  return Math.max(0, ...rows.map((row) => replicasOf(row.ref, call)));
}

function replicasOf(source: { region: string; id: string }, call: Call): number {
  return [...call.state.databases.all()].filter((row) => row.source?.region === source.region && row.source.id === source.id).length;
}

export function needQuota(made: { storageGib: number; source?: { region: string; id: string } }, call: Call): void {
  const { dbQuotas } = call.state;
  const max = (name: DbQuotaName): number => dbQuotas.max(call.region, name);
  if (used('DBInstances', call) >= max('DBInstances')) throw call.error('InstanceQuotaExceeded', 400, 'DB Instance quota exceeded');
  if (used('AllocatedStorage', call) + made.storageGib > max('AllocatedStorage')) throw call.error('StorageQuotaExceeded', 400, 'Storage quota exceeded');
  if (made.source !== undefined && replicasOf(made.source, call) >= dbQuotas.max(made.source.region, 'ReadReplicasPerMaster')) throw call.error('InstanceQuotaExceeded', 400, 'Read replica quota exceeded');
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html */
export const quotaOperations = {
  DescribeAccountAttributes: {
    accepts: [],
    handle: (_input, call) => ({
      AccountQuotas: (Object.keys(DB_QUOTAS) as DbQuotaName[]).map((name) => ({ AccountQuotaName: name, Used: used(name, call), Max: call.state.dbQuotas.max(call.region, name) })),
    }),
  },
} satisfies Partial<ServiceModel<'rds'>>;
