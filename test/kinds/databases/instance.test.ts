import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import * as instance from '../../../src/kinds/databases/instance.ts';
import { SEOUL, TOKYO } from '../context.ts';
import { smallRds } from './small-rds.ts';

/* What DescribeDBInstances says of an instance: its role, its source, and what waits. */

const ARN = `arn:aws:rds:${SEOUL}:111122223333:db:orders`;
const FAR = `arn:aws:rds:${TOKYO}:111122223333:db:source`;
const replication = (more: object = {}) => ({ StatusInfos: [{ StatusType: 'other', Status: 'x', Message: 'y' }, { StatusType: 'read replication', Status: 'error', ...more }] });

describe('its role', () => {
  it.each<[string, DbInstance, { writer: boolean; replica: boolean; source?: string; from?: string }]>([
    ['a writer', { DBInstanceStatus: 'available' }, { writer: true, replica: false }],
    ['a writer, whose source is said to be empty', { DBInstanceStatus: 'available', DBInstanceArn: ARN, ReadReplicaSourceDBInstanceIdentifier: '', ReadReplicaSourceDBClusterIdentifier: '', StatusInfos: [] }, { writer: true, replica: false }],
    ['nothing, where no status is shown', {}, { writer: false, replica: false }],
    ['nothing, where the status is empty', { DBInstanceStatus: '' }, { writer: false, replica: false }],
    ['a replica of its own region', { DBInstanceStatus: 'available', DBInstanceArn: ARN, ReadReplicaSourceDBInstanceIdentifier: 'source' }, { writer: false, replica: true, source: 'source', from: SEOUL }],
    ['a replica of another region', { DBInstanceStatus: 'available', DBInstanceArn: ARN, ReadReplicaSourceDBInstanceIdentifier: FAR }, { writer: false, replica: true, source: FAR, from: TOKYO }],
    ['a replica of a cluster', { DBInstanceStatus: 'available', ReadReplicaSourceDBClusterIdentifier: 'cluster' }, { writer: false, replica: true, source: 'cluster' }],
    ['a replica that shows only its replication', { DBInstanceStatus: 'available', ...replication() }, { writer: false, replica: true }],
  ])('%s', (_what, shown, { writer, replica, source, from }) => {
    expect([instance.isWriter(shown), instance.replicates(shown), instance.sourceOf(shown), instance.sourceRegion(shown)]).toEqual([writer, replica, source, from]);
  });
});

describe('promoted', () => {
  const waiting = { PendingModifiedValues: { BackupRetentionPeriod: 7 } };
  it.each<[string, DbInstance, number | undefined, boolean]>([
    ['it takes writes', { DBInstanceStatus: 'available' }, undefined, true],
    ['it takes writes during its first backup', { DBInstanceStatus: 'backing-up' }, 7, true],
    ['it still replicates', { DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: 'x' }, undefined, false],
    ['it restarts', { DBInstanceStatus: 'rebooting' }, undefined, false],
    ['what the promotion has set waits: a restart follows', { DBInstanceStatus: 'available', ...waiting }, 7, false],
    ['what it has set waits for the first backup', { DBInstanceStatus: 'backing-up', ...waiting }, 7, true],
    ['what somebody else has set waits', { DBInstanceStatus: 'available', ...waiting }, 14, true],
    ['what waits was not asked for', { DBInstanceStatus: 'available', ...waiting }, undefined, true],
    ['nothing of that waits, and nothing was asked for', { DBInstanceStatus: 'available', PendingModifiedValues: {} }, undefined, true],
  ])('%s', (_what, shown, retentionDays, promoted) => {
    expect(instance.isPromoted(shown, retentionDays)).toBe(promoted);
  });
});

it('what waits is named, and never a password', () => {
  expect(instance.pendingChanges({})).toEqual([]);
  const PendingModifiedValues = { DBInstanceClass: 'db.t4g.small', AllocatedStorage: 20, MultiAZ: false, MasterUserPassword: 'secret', PendingCloudwatchLogsExports: { LogTypesToEnable: ['x'] }, ProcessorFeatures: [], Engine: undefined };
  expect(instance.pendingChanges({ PendingModifiedValues })).toEqual(['DBInstanceClass db.t4g.small', 'AllocatedStorage 20', 'MultiAZ false', 'MasterUserPassword', 'PendingCloudwatchLogsExports']);
  expect(instance.pendingChanges({ PendingModifiedValues: { Engine: null } } as unknown as DbInstance)).toEqual([]);
});

it('its replication, in the words of AWS', () => {
  const none = { StatusInfos: [{ StatusType: 'other', Status: 'x', Message: 'y' }] };
  expect([{}, none, replication()].map((shown) => instance.replicationStatus(shown))).toEqual([undefined, undefined, 'error']);
  expect([{}, none, replication(), replication({ Message: '' }), replication({ Message: 'out of space' })].map((shown) => instance.replicationTrouble(shown))).toEqual(['', '', '', '', ': out of space']);
});

it('regions whose instance replicates from it are those that AWS names by ARN', () => {
  const instances = { [TOKYO]: 'Source', [SEOUL]: 'orders', 'eu-west-1': 'source' };
  expect(instance.followers({ ReadReplicaDBInstanceIdentifiers: [FAR, 'orders', FAR.replace(TOKYO, 'eu-west-1').replace('source', 'other')] }, instances)).toEqual([TOKYO]);
  expect(instance.followers({}, instances)).toEqual([]);
});

it('names and rights', () => {
  const ctx = { source: SEOUL, target: TOKYO, account: '111122223333' } as never;
  expect(instance.sidesOf(ctx, 'orders', { [SEOUL]: 'a', [TOKYO]: 'b' })).toEqual({ copy: { name: 'orders', region: TOKYO, id: 'b' }, old: { name: 'orders', region: SEOUL, id: 'a' } });
  expect(instance.dbArn(SEOUL, '111122223333', 'Orders')).toBe(ARN);
  expect(instance.rdsArns('cn-north-1', '1', 'db:*', 'pg:*')).toEqual(['arn:aws-cn:rds:cn-north-1:1:db:*', 'arn:aws-cn:rds:cn-north-1:1:pg:*']);
  expect(instance.rightsTo({ account: '111122223333' }, SEOUL, 'orders')).toBe(ARN);
  expect(instance.rightsTo({ account: '111122223333' }, SEOUL, 'dr-drill-1a2b-orders')).toBe(ARN.replace('orders', 'dr-drill-*'));
  expect(instance.lookRights(ctx, { region: SEOUL, id: 'orders' }, { region: TOKYO, id: 'source' })).toEqual({ actions: ['rds:DescribeDBInstances'], resources: [ARN, FAR] });
  expect(instance.viaRds('cn-north-1')).toEqual({ StringEquals: { 'kms:ViaService': ['rds.cn-north-1.amazonaws.com.cn'] } });
  expect(instance.rdsResource(SEOUL, 'orders')).toBe(`rds:${SEOUL}:orders`);
});

it('it is looked at as it is now, for as long as the run wants to know', async () => {
  const { aws, calls } = smallRds({ instances: { [SEOUL]: [{ DBInstanceIdentifier: 'orders' }] } });
  const signal = new AbortController().signal;
  expect(await instance.instanceNow({ effects: { aws } as never, signal }, { region: SEOUL, id: 'orders' })).toEqual({ DBInstanceIdentifier: 'orders' });
  expect(calls[0]?.signal).toBe(signal);
});
