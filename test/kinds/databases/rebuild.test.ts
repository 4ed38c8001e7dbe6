import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, type Shown, smallRds } from './small-rds.ts';

/* The new replica: what it is asked for with, its parameters, its restart, and when it protects again. */

const WRITER = `arn:aws:rds:${TOKYO}:111122223333:db:new`;
const NOW = Date.parse('2026-11-20T10:00:00Z');
const SETTINGS = { instanceClass: 'db.r6g.large', subnetGroup: 'private', parameterGroup: 'tuned', securityGroups: ['sg-1'], multiAz: true, kmsKeyId: 'arn:key', publiclyAccessible: false, deletionProtection: true, carried: { StorageType: 'io1', Iops: 3000 } };
const fact = (settings: object = SETTINGS): Record<string, Json> => ({ [`standby.orders.${SEOUL}`]: { kept: 'kept', settings: settings as Json } });
const group = (DBParameterGroupName: string, ParameterApplyStatus = 'in-sync') => ({ DBParameterGroups: [{ DBParameterGroupName, ParameterApplyStatus }] });
const replica = (more: object = {}) => ({ DBInstanceIdentifier: 'old', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: WRITER, InstanceCreateTime: new Date(NOW - 600_000), StatusInfos: [{ StatusType: 'read replication', Status: 'replicating', Normal: true }], ...group('tuned'), ...more });

interface Given extends AtHand {
  there?: object | undefined;
  /** Seconds of lag, and how old the sample is. */
  lag?: readonly [seconds: number, ageMs: number];
  answers?: Shown['answers'];
}

async function rebuilding(name: 'rebuild' | 'parameters' | 'restart' | 'inSync', { there, lag, answers, facts = fact(), ...at }: Given = {}) {
  const GetMetricData = { MetricDataResults: [{ Id: 'm1', StatusCode: 'Complete', Timestamps: lag === undefined ? [] : [new Date(NOW - lag[1])], Values: lag === undefined ? [] : [lag[0]] }] };
  const { aws, asked } = smallRds({ instances: { [SEOUL]: there === undefined ? [] : [there] }, answers: { GetMetricData, ...answers } });
  const step = await stepOf(`rds-read-replica.${name}`, { name: 'orders', region: SEOUL, id: 'old', writer: WRITER, ...(name === 'inSync' ? { maxLagMs: 60_000 } : {}) }, { clock: new VirtualClock(NOW), facts, ...at, effects: { aws } });
  return { ...step, asked };
}

const REFUSED: Record<string, Json> = { [`refused.${SEOUL}.old`]: { words: 'said AWS', times: 1, since: NOW, last: NOW } };

describe.each(['rebuild', 'parameters', 'restart', 'inSync'] as const)('%s', (name) => {
  it.each<[string, object | undefined, object]>([
    ['where there is none', undefined, { state: 'absent', because: `there is no old in ${SEOUL}` }],
    ['where the name has another instance', replica({ ReadReplicaSourceDBInstanceIdentifier: undefined }), { state: 'impossible', because: `old does not follow ${WRITER}` }],
    ['where it is being made', replica({ DBInstanceStatus: 'creating' }), { state: 'pending', because: 'old is creating', waitingFor: 'aws' }],
    ['where it has failed', replica({ DBInstanceStatus: 'failed' }), { state: 'impossible', because: 'old is failed' }],
  ])('%s', async (_what, there, seen) => {
    const step = await rebuilding(name, { there });
    expect(await step.observe()).toEqual(seen);
    expect(await step.check()).toEqual({ state: 'ok', because: 'the gate has looked at it' });
    if (name === 'inSync') expect(await step.holds()).toEqual(seen);
  });
});

describe('the new replica', () => {
  const ALL = { StorageType: 'io1', Iops: 3000, DBInstanceIdentifier: 'old', SourceDBInstanceIdentifier: WRITER, DBInstanceClass: 'db.r6g.large', MultiAZ: true, PubliclyAccessible: false, DeletionProtection: true, VpcSecurityGroupIds: ['sg-1'] };

  it('is asked for with everything that the old one had', async () => {
    const step = await rebuilding('rebuild');
    await step.act();
    expect(step.asked('CreateDBInstanceReadReplica')).toEqual([{ ...ALL, DBSubnetGroupName: 'private', KmsKeyId: 'arn:key' }]);
    const { subnetGroup: _s, kmsKeyId: _k, ...less } = SETTINGS;
    const plain = await rebuilding('rebuild', { facts: fact(less) });
    await plain.act();
    expect(Object.keys(plain.asked('CreateDBInstanceReadReplica')[0] ?? {}).sort()).toEqual(Object.keys(ALL).sort());
  });

  it('is there once it follows the writer and is available', async () => {
    expect(await (await rebuilding('rebuild', { there: replica() })).observe()).toEqual({ state: 'reached', because: `old is a replica of ${WRITER}` });
  });

  it('is not made of nothing; one that is there is for the next look; any other no is one', async () => {
    const asking = async (answer: Error, facts = fact()) => (await rebuilding('rebuild', { facts, answers: { CreateDBInstanceReadReplica: answer } })).act();
    const no = (code: string) => awsError('CreateDBInstanceReadReplica', code, SEOUL, 400);
    await expect(asking(no('x'), {})).rejects.toThrow('the settings of the old instance are not known');
    await expect(asking(no('DBInstanceAlreadyExistsFault'))).resolves.toBeUndefined();
    await expect(asking(no('InstanceQuotaExceeded'))).rejects.toMatchObject({ code: 'InstanceQuotaExceeded' });
    await expect(asking(new Error('a bug'))).rejects.toThrow('a bug');
  });
});

describe('its parameter group', () => {
  it.each<[string, Given, object]>([
    ['is another one', { there: replica(group('default.postgres17')) }, { state: 'absent', because: 'old has the parameter group default.postgres17, not tuned' }],
    ['is another one, and AWS refuses the change', { there: replica(group('default.postgres17')), facts: { ...fact(), ...REFUSED } }, { state: 'absent', because: 'old has the parameter group default.postgres17, not tuned, and AWS refuses to change it: said AWS' }],
    ['is not shown', { there: replica({ DBParameterGroups: undefined }) }, { state: 'absent', because: 'old has the parameter group , not tuned' }],
    ['is that of the old one', { there: replica() }, { state: 'reached', because: 'old has the parameter group tuned' }],
    ['is AWS’s, as that of the old one was', { there: replica(group('default.postgres17')), facts: fact({ ...SETTINGS, parameterGroup: undefined }) }, { state: 'reached', because: 'old has the parameter group default.postgres17' }],
    ['is in no list', { there: replica({ DBParameterGroups: [] }) }, { state: 'absent', because: 'old has the parameter group , not tuned' }],
    ['is what it is, where nothing was written down', { there: replica(), facts: {} }, { state: 'reached', because: 'old has the parameter group tuned' }],
    ['is AWS’s, and not shown', { there: replica({ DBParameterGroups: undefined }), facts: fact({ ...SETTINGS, parameterGroup: undefined }) }, { state: 'reached', because: 'old has the parameter group ' }],
  ])('%s', async (_what, given, seen) => {
    expect(await (await rebuilding('parameters', given)).observe()).toEqual(seen);
  });

  it('is asked for at once, and not where none is known', async () => {
    const step = await rebuilding('parameters');
    await step.act();
    expect(step.asked('ModifyDBInstance')).toEqual([{ DBInstanceIdentifier: 'old', DBParameterGroupName: 'tuned', ApplyImmediately: true }]);
    await expect((await rebuilding('parameters', { facts: {} })).act()).rejects.toThrow('the parameter group of the old instance is not known');
  });
});

describe('its restart', () => {
  it.each<[string, Given, object]>([
    ['is due', { there: replica(group('tuned', 'pending-reboot')) }, { state: 'absent', because: 'the parameters of old wait for a reboot' }],
    ['is due, and AWS refuses it', { there: replica(group('tuned', 'pending-reboot')), facts: { ...fact(), ...REFUSED } }, { state: 'absent', because: 'the parameters of old wait for a reboot, and AWS refuses to reboot it: said AWS' }],
    ['waits for AWS', { there: replica(group('tuned', 'applying')) }, { state: 'pending', because: 'the parameters of old are applying', waitingFor: 'aws' }],
    ['is not known to be due', { there: replica({ DBParameterGroups: [] }) }, { state: 'pending', because: expect.stringMatching(/^the parameters of old are /) as string, waitingFor: 'aws' }],
    ['is not known, where no list is shown', { there: replica({ DBParameterGroups: undefined }) }, { state: 'pending', because: expect.stringMatching(/^the parameters of old are /) as string, waitingFor: 'aws' }],
    ['is not due', { there: replica() }, { state: 'reached', because: 'the parameters of old are in sync' }],
  ])('%s', async (_what, given, seen) => {
    expect(await (await rebuilding('restart', given)).observe()).toEqual(seen);
  });

  it('is asked for', async () => {
    const step = await rebuilding('restart');
    await step.act();
    expect(step.asked('RebootDBInstance')).toEqual([{ DBInstanceIdentifier: 'old' }]);
  });
});

describe('a new replica protects', () => {
  const status = (Status: string | undefined, more: object = {}) => ({ StatusInfos: [{ StatusType: 'read replication', Status, ...more }] });
  const waiting = (because: string) => ({ state: 'pending', because, waitingFor: 'database' });
  it.each<[string, Given, object]>([
    ['by a small lag', { lag: [60, 60_000] }, { state: 'reached', because: 'old lags 1m behind, 1m ago' }],
    ['by no lag at all', { lag: [0, 60_000] }, { state: 'reached', because: 'old lags 0.0 s behind, 1m ago' }],
    ['by a sample of three minutes ago', { lag: [1, 180_000] }, { state: 'reached', because: 'old lags 1.0 s behind, 3m ago' }],
    ['by a sample of the minute in which it was made', { there: replica({ InstanceCreateTime: new Date(NOW) }), lag: [1, 60_000] }, { state: 'reached', because: 'old lags 1.0 s behind, 1m ago' }],
    ['not by one of the minute before', { there: replica({ InstanceCreateTime: new Date(NOW) }), lag: [1, 60_001] }, waiting('no recent lag of old is known yet')],
    ['not by an older sample', { lag: [1, 180_001] }, waiting('no recent lag of old is known yet')],
    ['not without one', {}, waiting('no recent lag of old is known yet')],
    ['not by a lag that says that it does not replicate', { lag: [-1, 60_000] }, waiting('old reports that it is not replicating')],
    ['not by a large lag', { lag: [61, 60_000] }, waiting('old lags 1m 1s behind, 1m ago: more than 1m')],
    ['not where its replication is not shown', { there: replica({ StatusInfos: undefined }), lag: [1, 60_000] }, waiting('replication of old is not shown yet')],
    ['not where it has stopped: AWS says why', { there: replica(status('error', { Message: 'out of space' })), lag: [1, 60_000] }, { ...waiting('replication of old is error: out of space'), reason: 'error' }],
    ['not before it is known since when it is there', { there: replica({ InstanceCreateTime: undefined }), lag: [1, 60_000] }, waiting('AWS does not show since when old is there')],
  ])('%s', async (_what, { there = replica(), ...given }, seen) => {
    const step = await rebuilding('inSync', { there, ...given });
    expect(await step.observe()).toEqual(seen);
    expect(Object.keys(step.recorded)).toEqual((seen as { state: string }).state === 'reached' ? [`protected.orders.${SEOUL}`] : []);
  });

  it('what it has is written down', async () => {
    const step = await rebuilding('inSync', { there: replica(), lag: [2, 60_000] });
    await step.observe();
    expect(step.recorded).toEqual({ [`protected.orders.${SEOUL}`]: { id: 'old', lagMs: 2000, sampledAt: NOW - 60_000 } });
  });

  it('what it did not get from the old instance is said; without the way to log in it is no standby', async () => {
    const wanted = (shown: object) => fact({ ...SETTINGS, shown });
    const same = await rebuilding('inSync', { there: replica({ StorageType: 'gp3' }), lag: [1, 60_000], facts: wanted({ 'storage type': 'gp3' }) });
    expect(await same.observe()).toEqual({ state: 'reached', because: 'old lags 1.0 s behind, 1m ago' });
    const other = await rebuilding('inSync', { there: replica({ StorageType: 'gp3', Iops: 1 }), lag: [1, 60_000], facts: wanted({ 'storage type': 'io1', IOPS: '2' }) });
    expect(await other.observe()).toEqual({ state: 'reached', because: 'old lags 1.0 s behind, 1m ago. Not carried over from the old instance: storage type is gp3, not io1; IOPS is 1, not 2' });
    const lost = await rebuilding('inSync', { there: replica({ IAMDatabaseAuthenticationEnabled: false, StorageType: 'gp3' }), lag: [1, 60_000], facts: wanted({ 'IAM authentication': 'true', 'storage type': 'io1' }) });
    expect(await lost.observe()).toEqual({
      state: 'impossible',
      because: 'clients of the old old may not be able to log in to the new one: IAM authentication is false, not true; storage type is gp3, not io1',
      next: [`aws rds modify-db-instance --region ${SEOUL} --db-instance-identifier old --apply-immediately …, then: dr resume`],
    });
    expect(lost.recorded).toEqual({});
    expect(await (await rebuilding('inSync', { there: replica(), lag: [1, 60_000], facts: {} })).observe()).toMatchObject({ state: 'reached' });
  });

  it('holds while it replicates, however far it lags', async () => {
    const holds = async (there: object) => (await rebuilding('inSync', { there, lag: [900, 60_000] })).holds();
    expect(await holds(replica())).toEqual({ state: 'reached', because: 'old replicates' });
    expect(await holds(replica(status('stopped')))).toEqual(waiting('replication of old is stopped'));
    expect(await holds(replica({ StatusInfos: [] }))).toEqual(waiting('replication of old is not shown'));
  });
});
