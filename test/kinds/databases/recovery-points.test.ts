import { describe, expect, it } from 'vitest';
import { describePoint, findPoints, keyRights, listBackups } from '../../../src/kinds/databases/recovery-points.ts';
import { SEOUL, TOKYO } from '../context.ts';
import { awsError, type Shown, smallRds } from './small-rds.ts';

/* What a region keeps to restore from, and what of it counts. */

const KEY = `arn:aws:kms:${TOKYO}:111122223333:key/1`;
const FOREIGN = `arn:aws:kms:${SEOUL}:111122223333:key/1`;
const backup = (more: object = {}) => ({ DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`, DBInstanceAutomatedBackupsArn: 'arn:backup', Status: 'replicating', RestoreWindow: { LatestTime: new Date(1000) }, ...more });
const snapshot = (more: object = {}) => ({ DBSnapshotIdentifier: 's-1', DBInstanceIdentifier: 'archive', SourceRegion: SEOUL, Status: 'available', SnapshotDatabaseTime: new Date(2000), ...more });
const POINT = { method: 'restorable-time', from: 'arn:backup', sourceRegion: SEOUL, at: 1000 };
const TAKEN = { method: 'snapshot-time', from: 's-1', sourceRegion: SEOUL, at: 2000 };

function keeping(backups: readonly object[], snapshots: readonly object[] = [], answers: Shown['answers'] = {}) {
  const { aws, calls, asked } = smallRds({ answers: { DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: backups }, DescribeDBSnapshots: ({ input }) => ({ DBSnapshots: (snapshots as { DBInstanceIdentifier?: string }[]).filter((one) => one.DBInstanceIdentifier === input['DBInstanceIdentifier']) }), ...answers } });
  const signal = new AbortController().signal;
  return { ctx: { effects: { aws }, signal } as never, calls, asked, signal };
}
const found = (backups: readonly object[], snapshots: readonly object[] = [], sources: Record<string, string> = { [SEOUL]: 'archive' }) => findPoints(keeping(backups, snapshots).ctx, TOKYO, sources);

describe('a recovery point', () => {
  it.each<[string, readonly object[], readonly object[], object[]]>([
    ['of automated backups', [backup()], [], [POINT]],
    ['of a snapshot, by the time of its data', [], [snapshot({ OriginalSnapshotCreateTime: new Date(1), SnapshotCreateTime: new Date(9) })], [TAKEN]],
    ['of a snapshot, by the time of the original', [], [snapshot({ SnapshotDatabaseTime: undefined, OriginalSnapshotCreateTime: new Date(3), SnapshotCreateTime: new Date(9) })], [{ ...TAKEN, at: 3 }]],
    ['of a snapshot, by its own time', [], [snapshot({ SnapshotDatabaseTime: undefined, SnapshotCreateTime: new Date(9) })], [{ ...TAKEN, at: 9 }]],
    ['says what it runs, where AWS shows it', [backup({ Engine: 'postgres', EngineVersion: '17.5', OptionGroupName: 'audit', AllocatedStorage: 20, StorageType: 'io2', Iops: 12_000 })], [], [{ ...POINT, engine: 'postgres', version: '17.5', optionGroup: 'audit', storageGib: 20, storageType: 'io2', iops: 12_000 }]],
    ['says no engine that has no name', [backup({ Engine: '' })], [], [POINT]],
    ['the newest first', [backup(), backup({ DBInstanceAutomatedBackupsArn: 'arn:2', RestoreWindow: { LatestTime: new Date(3000) } })], [snapshot()], [{ ...POINT, from: 'arn:2', at: 3000 }, TAKEN, POINT]],
    ['of one time the backups, which reach back too', [backup({ RestoreWindow: { LatestTime: new Date(2000) } })], [snapshot()], [{ ...POINT, at: 2000 }, TAKEN]],
    ['none of another instance, or region', [backup({ DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:other` }), backup({ DBInstanceArn: `arn:aws:rds:${TOKYO}:111122223333:db:archive` })], [snapshot({ SourceRegion: 'eu-west-1' }), snapshot({ SourceRegion: undefined })], []],
    ['encrypted with a key of this region', [backup({ Encrypted: true, KmsKeyId: KEY })], [snapshot({ Encrypted: true, KmsKeyId: KEY })], [TAKEN, POINT]],
    ['not encrypted', [backup({ Encrypted: false })], [], [POINT]],
  ])('%s', async (_what, backups, snapshots, usable) => {
    expect(await found(backups, snapshots)).toEqual({ usable, rejected: [] });
  });

  it.each<[string, readonly object[], readonly object[], string]>([
    ['are not there yet', [backup({ Status: 'creating' })], [], 'automated backups of archive in ap-northeast-2 are creating'],
    ['have no time yet', [backup({ RestoreWindow: undefined })], [], 'automated backups of archive in ap-northeast-2 are replicating'],
    ['have no latest time', [backup({ RestoreWindow: {} })], [], 'automated backups of archive in ap-northeast-2 are replicating'],
    ['have no name', [backup({ DBInstanceAutomatedBackupsArn: undefined })], [], 'automated backups of archive in ap-northeast-2 are replicating'],
    ['have a key of the lost region', [backup({ KmsKeyId: FOREIGN })], [], 'automated backups of archive in ap-northeast-2: its key is in ap-northeast-2, not in ap-northeast-1'],
    ['are encrypted, and show no key', [backup({ Encrypted: true })], [], 'automated backups of archive in ap-northeast-2: its key is in an unknown region, not in ap-northeast-1'],
    ['are a snapshot that is not complete', [], [snapshot({ Status: 'creating' })], 'snapshot s-1 is creating'],
    ['are a snapshot without a time', [], [snapshot({ SnapshotDatabaseTime: undefined })], 'snapshot s-1 is available'],
    ['are a snapshot with a key of the lost region', [], [snapshot({ KmsKeyId: FOREIGN })], 'snapshot s-1: its key is in ap-northeast-2, not in ap-northeast-1'],
  ])('does not count where the backups %s', async (_what, backups, snapshots, why) => {
    expect(await found(backups, snapshots)).toEqual({ usable: [], rejected: [why] });
  });

  it('is of the instance that has the name now, and not of one that had it before', async () => {
    const was = backup({ DbiResourceId: 'db-1', InstanceCreateTime: new Date(1), DBInstanceAutomatedBackupsArn: 'arn:was', RestoreWindow: { LatestTime: new Date(9000) } });
    const is = (more: object = {}) => backup({ DbiResourceId: 'db-2', InstanceCreateTime: new Date(2), ...more });
    expect(await found([was, is()])).toEqual({ usable: [POINT], rejected: [`arn:was are automated backups of archive in ${SEOUL} that another one of this name has replaced`] });
    for (const other of [is({ Status: 'creating' }), is({ RestoreWindow: undefined }), is({ InstanceCreateTime: undefined }), is({ DbiResourceId: 'db-1' }), is({ InstanceCreateTime: new Date(1) })]) expect((await found([was, other])).usable[0]).toMatchObject({ from: 'arn:was' });
  });

  it('that was copied from another account may be of another instance: it comes last, unless something of this account is of the same one', async () => {
    const arn = (account: string) => `arn:aws:rds:${SEOUL}:${account}:snapshot:x`;
    const [own, foreign] = [{ DBSnapshotArn: arn('111122223333'), SourceDBSnapshotIdentifier: arn('111122223333'), DbiResourceId: 'db-1' }, { DBSnapshotArn: arn('111122223333'), SourceDBSnapshotIdentifier: arn('999988887777'), DbiResourceId: 'db-2' }];
    const copied = { ...TAKEN, from: 's-2', at: 9000, account: '999988887777' };
    const other = snapshot({ ...foreign, DBSnapshotIdentifier: 's-2', SnapshotDatabaseTime: new Date(9000) });
    expect((await found([backup({ DbiResourceId: 'db-1' })], [other, snapshot(own)])).usable).toEqual([TAKEN, POINT, copied]);
    expect((await found([], [other])).usable).toEqual([copied]);
    expect((await found([backup({ DbiResourceId: 'db-2' })], [other])).usable).toEqual([{ ...TAKEN, from: 's-2', at: 9000 }, POINT]);
    expect((await found([], [other, snapshot({ ...own, DbiResourceId: 'db-2' })])).usable[0]).toEqual({ ...TAKEN, from: 's-2', at: 9000 });
    expect((await found([backup()], [snapshot({ ...foreign, DbiResourceId: undefined })])).usable).toEqual([POINT, { ...TAKEN, account: '999988887777' }]);
    expect(describePoint(copied as never, 61_000)).toBe(`snapshot s-2, copied from the account 999988887777, of ${SEOUL}, 52 s old`);
  });

  it('of several sources: each identifier is asked for once, and a snapshot without a source region was made here', async () => {
    const sources = { [SEOUL]: 'archive', 'eu-west-1': 'archive', [TOKYO]: 'own' };
    const { ctx, calls, asked, signal } = keeping([], [snapshot(), snapshot({ DBInstanceIdentifier: 'own', SourceRegion: undefined, DBSnapshotIdentifier: 's-2' })]);
    expect((await findPoints(ctx, TOKYO, sources)).usable.map(({ from, sourceRegion }) => [from, sourceRegion])).toEqual([['s-1', SEOUL], ['s-2', TOKYO]]);
    expect(asked('DescribeDBInstanceAutomatedBackups')).toEqual([{ Filters: [{ Name: 'db-instance-id', Values: ['archive', 'own'] }] }]);
    expect(asked('DescribeDBSnapshots')).toEqual([{ DBInstanceIdentifier: 'archive' }, { DBInstanceIdentifier: 'own' }]);
    expect(calls.filter((call) => call.region !== TOKYO || call.signal !== signal)).toEqual([]);
  });
});

describe('a key', () => {
  const key = (KeyState: string): Shown['answers'] => ({ DescribeKey: { KeyMetadata: { KeyId: '1', KeyState } } });
  const asking = async (answers: Shown['answers'], options?: { asksKeys?: boolean }, backups = [backup({ KmsKeyId: KEY })]) => {
    const { ctx, asked } = keeping(backups, [snapshot({ KmsKeyId: KEY })], answers);
    return { ...(await findPoints(ctx, TOKYO, { [SEOUL]: 'archive' }, options)), asked: asked('DescribeKey') };
  };

  it('that cannot be used now makes a point of no use, where that is asked; each is asked for once', async () => {
    expect(await asking(key('Disabled'), { asksKeys: true })).toEqual({ usable: [], rejected: [`automated backups of archive in ap-northeast-2: its key ${KEY} is Disabled`, `snapshot s-1: its key ${KEY} is Disabled`], asked: [{ KeyId: KEY }] });
    expect((await asking(key('Enabled'), { asksKeys: true })).usable).toHaveLength(2);
    for (const options of [{}, undefined]) expect(await asking(key('Disabled'), options)).toMatchObject({ usable: [{}, {}], asked: [] });
  });

  it('of another region, or of none, is not asked for', async () => {
    const seen = await asking(key('Disabled'), { asksKeys: true }, [backup({ KmsKeyId: FOREIGN }), backup()]);
    expect(seen).toMatchObject({ usable: [POINT], asked: [{ KeyId: KEY }] });
  });

  it('of which AWS does not tell counts as usable', async () => {
    expect((await asking({ DescribeKey: awsError('DescribeKey', 'AccessDenied', TOKYO, 403) }, { asksKeys: true })).usable).toHaveLength(2);
  });
});

it('people read what it is, and how old', () => {
  expect(describePoint({ ...POINT, method: 'restorable-time' }, 61_000)).toBe(`automated backups of ${SEOUL}, 1m old`);
  expect(describePoint({ ...TAKEN, method: 'snapshot-time' }, 62_000)).toBe(`snapshot s-1 of ${SEOUL}, 1m old`);
});

it('it takes the right to list, and of a key the caller’s own', () => {
  const arn = (what: string) => `arn:aws:rds:${TOKYO}:111122223333:${what}`;
  expect(listBackups(TOKYO, '111122223333')).toEqual({ actions: ['rds:DescribeDBInstanceAutomatedBackups', 'rds:DescribeDBSnapshots'], resources: [arn('auto-backup:*'), arn('db:*'), arn('snapshot:*')] });
  expect(keyRights(TOKYO, undefined)).toEqual([]);
  expect(keyRights(TOKYO, KEY)).toEqual([{ actions: ['kms:DescribeKey', 'kms:CreateGrant'], resources: [KEY], conditions: { StringEquals: { 'kms:ViaService': [`rds.${TOKYO}.amazonaws.com`] } } }]);
});
