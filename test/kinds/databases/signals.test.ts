import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../src/aws/errors.ts';
import type { Json } from '../../../src/base/json.ts';
import { lagHistory, sampleLag } from '../../../src/kinds/databases/lag.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';

/* What each look at a database says of the source, by what AWS shows. */

const NOW = Date.parse('2026-11-20T10:00:00Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const failed = (operation: string, code: string, httpStatus?: number) => new AwsError({ service: 'rds', operation, region: SEOUL, code, message: 'said AWS', ...(httpStatus === undefined ? {} : { httpStatus }) });
const replica = (Status: string | undefined, more: object = {}) => ({ DBInstanceIdentifier: 'copy', DBInstanceStatus: 'available', ReadReplicaSourceDBInstanceIdentifier: 'arn:x', ...(Status === undefined ? {} : { StatusInfos: [{ StatusType: 'read replication', Status, ...more }] }) });

interface World {
  instance?: object | Error;
  /** Value and age of each sample of ReplicaLag, seconds. */
  lag?: readonly (readonly [number, number])[] | Error;
  backups?: object[] | Error;
  snapshots?: object[];
}

function portOf({ instance, lag = [], backups = [], snapshots = [] }: World) {
  const asked: { operation: string; region: string; input: Record<string, unknown>; attempts?: number; timeoutMs?: number; signal?: AbortSignal }[] = [];
  const answers: Record<string, () => object | Error> = {
    DescribeDBInstances: () => (instance === undefined ? noInstance(SEOUL) : instance instanceof Error ? instance : { DBInstances: [instance] }),
    GetMetricData: () => (lag instanceof Error ? lag : { MetricDataResults: [{ Id: 'm1', Timestamps: lag.map(([, age]) => new Date(NOW - age * SECOND)), Values: lag.map(([value]) => value) }] }),
    DescribeDBInstanceAutomatedBackups: () => (backups instanceof Error ? backups : { DBInstanceAutomatedBackups: backups }),
    DescribeDBSnapshots: () => ({ DBSnapshots: snapshots }),
  };
  const call = (request: (typeof asked)[number]) => {
    asked.push(request);
    const answer = answers[request.operation]?.() ?? new Error(`nobody asks ${request.operation}`);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ output: answer, requestId: 'r' });
  };
  return { asked, aws: { call } as never };
}

async function look(kind: string, params: Json, world: World) {
  const { asked, aws } = portOf(world);
  const step = await stepOf(kind, params, { clock: new VirtualClock(NOW), effects: { aws } });
  const seen = await step.observe();
  return { seen, signal: step.recorded['signal.x'], asked, step };
}

describe('the API of the source', () => {
  const sourceSays = async (instance: World['instance']) => (await look('rds-read-replica.assessSourceApi', { signal: 'x', region: SEOUL, id: 'writer' }, instance === undefined ? {} : { instance })).signal;
  const shown = (DBInstanceStatus?: string) => sourceSays({ DBInstanceIdentifier: 'writer', ...(DBInstanceStatus === undefined ? {} : { DBInstanceStatus }) });

  it('calls it up where it takes writes, down where it surely takes none, and says where it is in no good order', async () => {
    expect(await shown('available')).toEqual({ vantage: 'source-api', says: 'up', because: 'writer is available' });
    expect(await shown('stopped')).toEqual({ vantage: 'source-api', says: 'down', because: expect.stringMatching(/^writer is stopped/) as string });
    expect(await shown('rebooting')).toMatchObject({ says: 'up', unsettled: true });
    expect(await shown('a status of tomorrow')).toMatchObject({ says: 'unknown', unsettled: true });
  });

  it('knows nothing where it has no such database, or refuses to say; silence is a sign', async () => {
    expect(await sourceSays(undefined)).toEqual({ vantage: 'source-api', says: 'unknown', because: `${SEOUL} answers, but has no writer` });
    expect(await sourceSays(failed('DescribeDBInstances', 'AccessDenied', 403))).toEqual({ vantage: 'source-api', says: 'unknown', because: expect.stringContaining('said AWS') as string });
    expect(await sourceSays(failed('DescribeDBInstances', 'NoAnswer'))).toEqual({ vantage: 'source-api', says: 'down', because: `the RDS API of ${SEOUL} gives no answer`, silent: true, at: NOW });
    await expect(sourceSays(new TypeError('a defect'))).rejects.toThrow('a defect');
  });

  it('is asked once, for two seconds', async () => {
    const { asked } = await look('rds-read-replica.assessSourceApi', { signal: 'x', region: SEOUL, id: 'writer' }, { instance: { DBInstanceIdentifier: 'writer', DBInstanceStatus: 'available' } });
    expect(asked).toMatchObject([{ operation: 'DescribeDBInstances', region: SEOUL, input: { DBInstanceIdentifier: 'writer' }, attempts: 1, timeoutMs: 2_000 }]);
    expect(asked[0]?.signal).toBeInstanceOf(AbortSignal);
  });
});

describe('replication', () => {
  const params = (maxLagMs?: number): Json => ({ signal: 'x', region: TOKYO, id: 'copy', ...(maxLagMs === undefined ? {} : { maxLagMs }) });
  const replicationSays = async (world: World, maxLagMs?: number) => (await look('rds-read-replica.assessReplication', params(maxLagMs), world)).signal;
  const replicating = replica('replicating');

  it('is up while samples come, and tells when the source lived', async () => {
    expect(await replicationSays({ instance: replicating, lag: [[3, 30]] })).toEqual({ vantage: 'replication', says: 'up', receiving: true, livedAt: NOW - 33 * SECOND, because: 'copy is replicating, lag 3.0 s, 30 s ago' });
  });

  it('does not receive where lag and age together are long: of a lost source both grow', async () => {
    const signal = await replicationSays({ instance: replicating, lag: [[200, 30]] });
    expect(signal).toMatchObject({ says: 'up', livedAt: NOW - 230 * SECOND });
    expect(signal).not.toHaveProperty('receiving');
  });

  it('has stopped where the newest sample is old, whatever it says', async () => {
    const at = async (age: number) => replicationSays({ instance: replicating, lag: [[0, age]] });
    expect(await at(180)).toMatchObject({ says: 'up', receiving: true });
    expect(await at(181)).toEqual({ vantage: 'replication', says: 'down', because: 'ReplicaLag stopped 3m 1s ago' });
  });

  it('lags too far behind where a move says how far it may', async () => {
    const within = async (maxLagMs?: number) => replicationSays({ instance: replicating, lag: [[20, 30]] }, maxLagMs);
    expect(await within(20 * SECOND)).toMatchObject({ says: 'up' });
    expect(await within(15 * SECOND)).toEqual({ vantage: 'replication', says: 'down', because: 'copy lags 20 s behind, more than 15 s' });
    expect(await within()).toMatchObject({ says: 'up' });
  });

  it('is unknown where nothing is shown, and where status and sample disagree', async () => {
    const unknown = (because: string) => ({ vantage: 'replication', says: 'unknown', because });
    expect(await replicationSays({})).toEqual(unknown(`there is no copy in ${TOKYO}`));
    expect(await replicationSays({ instance: replica(undefined) })).toEqual(unknown('copy shows no replication'));
    expect(await replicationSays({ instance: replicating })).toEqual(unknown('no ReplicaLag sample was found'));
    expect(await replicationSays({ instance: replicating, lag: [[-1, 40]] })).toEqual(unknown('copy is replicating, although its newest lag sample, 40 s old, says that it was not replicating'));
  });

  it('is down by trouble, and not where a person has stopped it; a planned move says AWS’s reason, an outage is one', async () => {
    const broken = { instance: replica('error', { Message: 'binlog is gone' }) };
    expect(await replicationSays(broken)).toEqual({ vantage: 'replication', says: 'down', because: 'replication of copy has the status error' });
    expect(await replicationSays(broken, 1)).toMatchObject({ says: 'down', because: 'replication of copy has the status error: binlog is gone' });
    expect(await replicationSays({ instance: replica('stopped') })).toMatchObject({ says: 'unknown' });
  });

  it('was not asked for where AWS gives an error, which is no answer; a defect is one of dr', async () => {
    expect(await replicationSays({ instance: failed('DescribeDBInstances', 'Throttling', 400) })).toEqual({ vantage: 'replication', says: 'unknown', notAsked: true, because: expect.stringContaining('said AWS') as string });
    expect(await replicationSays({ instance: replicating, lag: failed('GetMetricData', 'Throttling', 400) })).toMatchObject({ says: 'unknown', notAsked: true });
    await expect(replicationSays({ instance: new TypeError('a defect') })).rejects.toThrow('a defect');
  });

  it('is asked for four times, of its own region', async () => {
    const { asked, seen } = await look('rds-read-replica.assessReplication', params(), { instance: replicating, lag: [[1, 1]] });
    expect(asked[0]).toMatchObject({ operation: 'DescribeDBInstances', region: TOKYO, attempts: 4, timeoutMs: 2_000 });
    expect(asked[0]?.signal).toBeInstanceOf(AbortSignal);
    expect(asked[1]).toMatchObject({ operation: 'GetMetricData', region: TOKYO, attempts: 3 });
    expect(seen).toMatchObject({ state: 'reached', says: 'up' });
  });
});

describe('samples of the lag', () => {
  const ctx = (world: World) => {
    const { asked, aws } = portOf(world);
    return { asked, ctx: { effects: { aws, clock: new VirtualClock(NOW) }, signal: new AbortController().signal } as never };
  };

  it('are the largest of each minute of three hours; the newest may say that nothing replicates, what arrived before stays arrived', async () => {
    const { ctx: at, asked } = ctx({ lag: [[-1, 60], [0, 120], [2, 180]] });
    expect(await sampleLag(at, TOKYO, 'copy')).toEqual({ newest: { lagMs: -1_000, sampledAt: NOW - 60 * SECOND }, newestValid: { lagMs: 0, sampledAt: NOW - 120 * SECOND } });
    expect(await sampleLag(ctx({}).ctx, TOKYO, 'copy')).toEqual({ newest: undefined, newestValid: undefined });
    expect(asked[0]?.input).toMatchObject({
      StartTime: new Date(NOW - 180 * MINUTE),
      EndTime: new Date(NOW),
      MetricDataQueries: [{ MetricStat: { Metric: { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'copy' }] }, Period: 60, Stat: 'Maximum' } }],
    });
    expect(asked[0]?.signal).toBeInstanceOf(AbortSignal);
  });

  it('of two weeks are the largest of five minutes each, smallest first; what did not replicate counts as endless', async () => {
    const { ctx: at, asked } = ctx({ lag: [[5, 60], [-1, 360], [0, 660], [11, 960]] });
    expect(await lagHistory(at, TOKYO, 'copy')).toEqual([0, 5_000, 11_000, Number.POSITIVE_INFINITY]);
    expect(asked[0]?.input).toMatchObject({
      StartTime: new Date(NOW - 14 * 24 * 60 * MINUTE),
      EndTime: new Date(NOW),
      MetricDataQueries: [{ MetricStat: { Metric: { Namespace: 'AWS/RDS', MetricName: 'ReplicaLag', Dimensions: [{ Name: 'DBInstanceIdentifier', Value: 'copy' }] }, Period: 300, Stat: 'Maximum' } }],
    });
    expect(asked[0]?.signal).toBeInstanceOf(AbortSignal);
  });
});

describe('backups', () => {
  const backup = (minutes: number) => ({ DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`, DBInstanceAutomatedBackupsArn: 'arn:backup', Status: 'replicating', RestoreWindow: { LatestTime: new Date(NOW - minutes * MINUTE) } });
  const says = async (world: World) => (await look('rds-backup.assessBackups', { signal: 'x', region: TOKYO, source: { region: SEOUL, id: 'archive' } }, world)).signal;

  it('arrive, may have stopped, or have: by the age of the newest restorable time', async () => {
    const of = (minutes: number) => says({ backups: [backup(minutes)] });
    expect(await of(15)).toEqual({ vantage: 'replication', says: 'up', because: 'the newest restorable time of archive is 15m old', livedAt: NOW - 15 * MINUTE });
    expect([await of(15.1), await of(30), await of(30.1)]).toMatchObject([{ says: 'unknown' }, { says: 'unknown' }, { says: 'down' }]);
  });

  it('say nothing where none are kept: a snapshot is made by a person, or once a day', async () => {
    const none = { vantage: 'replication', says: 'unknown', because: `${TOKYO} keeps no automated backups of archive` };
    expect(await says({})).toEqual(none);
    expect(await says({ snapshots: [{ DBSnapshotIdentifier: 's', DBInstanceIdentifier: 'archive', SourceRegion: SEOUL, Status: 'available', SnapshotDatabaseTime: new Date(NOW) }] })).toEqual(none);
  });

  it('were not asked for where AWS gives an error; a defect is one of dr', async () => {
    expect(await says({ backups: failed('DescribeDBInstanceAutomatedBackups', 'Throttling', 400) })).toEqual({ vantage: 'replication', says: 'unknown', notAsked: true, because: expect.stringContaining('said AWS') as string });
    await expect(says({ backups: new TypeError('a defect') })).rejects.toThrow('a defect');
  });
});

describe('the database of a region that stays', () => {
  let signals: () => boolean[] = () => [];
  const ready = async (instance: World['instance']) => {
    const { aws, asked } = portOf(instance === undefined ? {} : { instance });
    signals = () => asked.map(({ signal }) => signal instanceof AbortSignal);
    return stepOf('rds-writers.ready', { region: TOKYO, id: 'copy' }, { clock: new VirtualClock(NOW), effects: { aws } });
  };
  const writer = (DBInstanceStatus: string) => ({ DBInstanceIdentifier: 'copy', DBInstanceStatus });

  it('is ready where it takes writes, and is waited for where it does not now', async () => {
    const open = await ready(writer('available'));
    expect([await open.check(), await open.observe(), await open.holds()]).toEqual([
      { state: 'ok', because: `copy in ${TOKYO} takes writes` },
      { state: 'reached', because: `copy in ${TOKYO} takes writes` },
      { state: 'reached', because: 'copy is a standalone primary (status available)' },
    ]);
    expect(signals()).toEqual([true, true, true]);
    const closed = await ready(writer('rebooting'));
    expect([await closed.check(), await closed.observe(), await closed.holds()]).toEqual([
      { state: 'ok', because: `copy in ${TOKYO} is rebooting` },
      { state: 'pending', because: `copy in ${TOKYO} is rebooting`, waitingFor: 'database' },
      { state: 'pending', because: 'copy is rebooting', waitingFor: 'aws' },
    ]);
  });

  it('is refused where it is a replica, or not there', async () => {
    const none = await ready(undefined);
    expect([await none.observe(), await none.holds()]).toEqual([{ state: 'impossible', because: `there is no copy in ${TOKYO}` }, { state: 'impossible', because: `copy is not in ${TOKYO} any more` }]);
    const follows = await ready(replica('replicating'));
    expect(await follows.holds()).toEqual({ state: 'impossible', because: 'copy is a replica' });
    expect(await follows.check()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'writer',
        observed: `copy in ${TOKYO} is a replica: it takes no writes`,
        threshold: 'a writable database in each region that stays',
        consequence: 'users would be sent to a region that cannot write',
        override: 'correct `instances` in the runbook; a region with a read replica is a standby: rds-read-replica',
      },
    });
  });
});
