import { CreateDBInstanceReadReplicaCommand, DescribeDBInstancesCommand, ModifyDBInstanceCommand, RDSClient, RebootDBInstanceCommand } from '@aws-sdk/client-rds';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';
import { SEOUL, stepOf, TOKYO } from '../context.ts';

/*
 * What the SDK throws while a standby is rebuilt, and what the steps make of it.
 */

const rds = mockClient(RDSClient);
const WRITER = `arn:aws:rds:${TOKYO}:111122223333:db:shop-orders-tokyo`;
const PARAMS = { name: 'orders', region: SEOUL, id: 'shop-orders', writer: WRITER, quarantine: 'sg-0aaaaaaaaaaaaaaaa' };
const OLD = {
  DBInstanceIdentifier: 'shop-orders',
  DBInstanceStatus: 'available',
  DBInstanceClass: 'db.r6g.xlarge',
  MultiAZ: true,
  DBSubnetGroup: { DBSubnetGroupName: 'private' },
  DBParameterGroups: [{ DBParameterGroupName: 'shop-tuned', ParameterApplyStatus: 'in-sync' }],
  VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0bbbbbbbbbbbbbbbb', Status: 'active' }, { VpcSecurityGroupId: 'sg-0aaaaaaaaaaaaaaaa', Status: 'active' }],
  KmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/1`,
  PubliclyAccessible: false,
  DeletionProtection: true,
};
const FACT: Json = {
  kept: 'shop-orders-old-20261120',
  settings: {
    instanceClass: 'db.r6g.xlarge',
    subnetGroup: 'private',
    parameterGroup: 'shop-tuned',
    securityGroups: ['sg-0bbbbbbbbbbbbbbbb'],
    multiAz: true,
    kmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/1`,
    publiclyAccessible: false,
    deletionProtection: true,
  },
};
const FACTS = { [`standby.orders.${SEOUL}`]: FACT };

beforeAll(() => useEnvironment(awsEnvironment({ AWS_REGION: SEOUL })));
afterEach(() => rds.reset());
afterAll(() => {
  restoreEnvironment();
  rds.restore();
});

function thrown(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('said AWS'), { name, $fault: 'client', $metadata: { httpStatusCode, requestId: 'r-1' } });
}

const noWait: Clock = {
  now: () => Date.parse('2026-11-20T10:00:00Z'),
  sleep: (ms, signal) => (ms < LIMITS.signalMs ? Promise.resolve() : new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('done'))))),
};

async function step(name: string, facts: Record<string, Json> = {}, more: Record<string, Json> = {}) {
  const aws = reliableCaller(sdkCaller(), { clock: noWait, ids: new SeededIds(1) });
  return stepOf(`rds-read-replica.${name}`, { ...PARAMS, ...more }, { effects: { aws, clock: noWait }, facts });
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => 'it went well', (error: unknown) => error);
}

describe('the old instance is kept', () => {
  it('what the new one needs is written down before the name is changed', async () => {
    rds.on(DescribeDBInstancesCommand, { DBInstanceIdentifier: 'shop-orders' }).resolves({ DBInstances: [OLD] });
    rds.on(DescribeDBInstancesCommand, {}).resolves({ DBInstances: [OLD, { DBInstanceIdentifier: 'shop-orders-old-20261120' }] });
    rds.on(DescribeDBInstancesCommand, { DBInstanceIdentifier: 'shop-orders' }).resolves({ DBInstances: [OLD] });
    const made = await step('keepOld');
    expect(await made.direct('observe')).toMatchObject({ state: 'absent' });
    const shown = { domain: 'none', 'largest storage': 'none', 'dedicated log volume': 'false', 'log exports': 'none', 'Performance Insights': 'false', 'monitoring interval': '0', 'processor features': 'none', 'deletion protection': 'true' };
    expect(made.recorded).toEqual({ [`standby.orders.${SEOUL}`]: { kept: 'shop-orders-old-20261120-2', settings: { ...(FACT as { settings: object }).settings, carried: {}, shown } } });
  });

  it('a name that was chosen stays chosen, also on the next day', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [OLD] });
    const made = await step('keepOld', { [`standby.orders.${SEOUL}`]: { ...(FACT as object), kept: 'shop-orders-old-20261119' } });
    expect(await made.direct('observe')).toMatchObject({ state: 'absent' });
    expect(made.recorded).toMatchObject({ [`standby.orders.${SEOUL}`]: { kept: 'shop-orders-old-20261119' } });
  });

  it('invalid state, and a name that is taken, are a change that may be under way; a no ends it', async () => {
    rds.on(ModifyDBInstanceCommand).rejects(thrown('InvalidDBInstanceStateFault', 400));
    await expect((await step('keepOld', FACTS)).act()).rejects.toMatchObject({ isPassing: true });
    expect(rds.commandCalls(ModifyDBInstanceCommand)[0]?.args[0].input).toEqual({ DBInstanceIdentifier: 'shop-orders', NewDBInstanceIdentifier: 'shop-orders-old-20261120', ApplyImmediately: true });
    rds.on(ModifyDBInstanceCommand).rejects(thrown('DBInstanceAlreadyExists', 400));
    const taken = await step('keepOld', FACTS);
    await expect(taken.direct('act')).resolves.toBeUndefined();
    expect(taken.recorded).toMatchObject({ [`refused.${SEOUL}.shop-orders`]: { times: 1, words: expect.stringContaining('DBInstanceAlreadyExists') as string } });
    rds.on(ModifyDBInstanceCommand).rejects(thrown('AccessDenied', 403));
    expect(await errorOf((await step('keepOld', FACTS)).direct('act'))).toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
  });

  it('a lost answer is unclear, and is not repeated blindly', async () => {
    rds.on(ModifyDBInstanceCommand).rejects(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    expect(await errorOf((await step('keepOld', FACTS)).direct('act'))).toMatchObject({ code: 'NoAnswer', kind: 'unknown' });
    expect(rds.commandCalls(ModifyDBInstanceCommand)).toHaveLength(1);
  });
});

describe('the new replica', () => {
  it('is given everything that the old one was, and no parameter group: RDS refuses one for PostgreSQL', async () => {
    rds.on(CreateDBInstanceReadReplicaCommand).resolves({ DBInstance: { DBInstanceIdentifier: 'shop-orders' } });
    await (await step('rebuild', FACTS)).direct('act');
    expect(rds.commandCalls(CreateDBInstanceReadReplicaCommand)[0]?.args[0].input).toEqual({
      DBInstanceIdentifier: 'shop-orders',
      SourceDBInstanceIdentifier: WRITER,
      DBInstanceClass: 'db.r6g.xlarge',
      MultiAZ: true,
      PubliclyAccessible: false,
      DeletionProtection: true,
      VpcSecurityGroupIds: ['sg-0bbbbbbbbbbbbbbbb'],
      DBSubnetGroupName: 'private',
      KmsKeyId: `arn:aws:kms:${SEOUL}:111122223333:key/1`,
    });
  });

  it('made by an earlier attempt, or of a source that is busy: the next look decides; any other no is one', async () => {
    for (const name of ['DBInstanceAlreadyExists', 'DBInstanceAlreadyExistsFault']) {
      rds.on(CreateDBInstanceReadReplicaCommand).rejects(thrown(name, 400));
      await expect((await step('rebuild', FACTS)).act()).resolves.toBeUndefined();
    }
    rds.on(CreateDBInstanceReadReplicaCommand).rejects(thrown('InvalidDBInstanceState', 400));
    await expect((await step('rebuild', FACTS)).act()).rejects.toMatchObject({ isPassing: true });
    for (const name of ['InstanceQuotaExceeded', 'KMSKeyNotAccessibleFault', 'DBSubnetGroupNotFoundFault']) {
      rds.on(CreateDBInstanceReadReplicaCommand).rejects(thrown(name, 400));
      expect(await errorOf((await step('rebuild', FACTS)).direct('act'))).toMatchObject({ code: name, kind: 'terminal' });
    }
  });

  it.each([
    [{ DBInstanceStatus: 'creating', ReadReplicaSourceDBInstanceIdentifier: WRITER }, 'pending'],
    [{ DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: WRITER }, 'reached'],
    [{ DBInstanceStatus: 'incompatible-network', ReadReplicaSourceDBInstanceIdentifier: WRITER }, 'impossible'],
    [{ DBInstanceStatus: 'available' }, 'impossible'],
  ])('%o is %s', async (instance, state) => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-orders', ...instance }] });
    expect(await (await step('rebuild', FACTS)).direct('observe')).toMatchObject({ state });
  });

  it('gets the parameter group afterwards, and a restart for it', async () => {
    const replica = { DBInstanceIdentifier: 'shop-orders', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: WRITER };
    const has = (name: string, status: string) => rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ ...replica, DBParameterGroups: [{ DBParameterGroupName: name, ParameterApplyStatus: status }] }] });
    has('default.postgres17', 'in-sync');
    expect(await (await step('parameters', FACTS)).direct('observe')).toEqual({ state: 'absent', because: 'shop-orders has the parameter group default.postgres17, not shop-tuned' });
    has('shop-tuned', 'applying');
    expect(await (await step('parameters', FACTS)).direct('observe')).toMatchObject({ state: 'reached' });
    expect(await (await step('restart', FACTS)).direct('observe')).toMatchObject({ state: 'pending' });
    has('shop-tuned', 'pending-reboot');
    expect(await (await step('restart', FACTS)).direct('observe')).toMatchObject({ state: 'absent' });
    rds.on(RebootDBInstanceCommand).rejects(thrown('AccessDenied', 403));
    expect(await errorOf((await step('restart', FACTS)).direct('act'))).toMatchObject({ code: 'AccessDenied' });
  });
});

describe('the gate', () => {
  it('takes no answer of the standby region for what it is, and an error for an error', async () => {
    const writer = { DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available', BackupRetentionPeriod: 7 };
    rds.on(DescribeDBInstancesCommand, { DBInstanceIdentifier: 'shop-orders-tokyo' }).resolves({ DBInstances: [writer] });
    rds.on(DescribeDBInstancesCommand, { DBInstanceIdentifier: 'shop-orders' }).rejects(Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }));
    expect(await (await step('standbyGate')).direct('check')).toMatchObject({ state: 'refused', refusal: { rule: 'standby-region' } });
    rds.on(DescribeDBInstancesCommand, { DBInstanceIdentifier: 'shop-orders' }).rejects(thrown('AccessDenied', 403));
    expect(await errorOf((await step('standbyGate')).direct('check'))).toMatchObject({ code: 'AccessDenied' });
  });

  it('wants a writer that keeps backups', async () => {
    rds.on(DescribeDBInstancesCommand).resolves({ DBInstances: [{ DBInstanceIdentifier: 'shop-orders-tokyo', DBInstanceStatus: 'available', BackupRetentionPeriod: 0 }] });
    expect(await (await step('standbyGate')).direct('check')).toMatchObject({
      state: 'refused',
      refusal: { rule: 'standby-source', observed: `shop-orders-tokyo in ${TOKYO} is without automated backups` },
    });
  });
});
