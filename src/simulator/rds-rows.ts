import type { Call } from './call.ts';
import { dbArn, statusOf, viewOf, type DbInstance, type DbInstanceView } from './db-instance.ts';

/* What the operations on DB instances share. */

/** By identifier or ARN. @throws AwsError DBInstanceNotFound */
export function find(name: string | undefined, call: Call, at?: number): DbInstance {
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

/** @throws AwsError InvalidDBInstanceState */
export function refuseUnlessAvailable(row: DbInstance, call: Call, verb: string): void {
  const status = statusOf(row, call.now);
  if (status === 'available' && row.promotion === undefined && row.creation === undefined && row.modification === undefined) return;
  const why = row.promotion === undefined ? `is in status ${status}` : 'is being promoted';
  throw call.error('InvalidDBInstanceState', 400, `DB Instance ${row.ref.id} ${why} and cannot be ${verb}; it must be available.`);
}

export function view(row: DbInstance, call: Call): DbInstanceView {
  const { databases, core } = call.state;
  const mode = databases.link(row.ref, call.at)?.mode(call.at);
  return viewOf(row, call.at, {
    account: core.account,
    replicas: databases.replicasOf(row.ref, call.at),
    replicationStatus: mode === 'stopped' ? 'stopped' : mode === 'silent' && row.promotion === undefined ? 'error' : 'replicating',
  });
}
