import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import { apartOf, backupsUnfit, memberRefusal, needSingle, neededInstance, newReplicaUnfit, replicaUnfit } from '../../../src/kinds/databases/refusals.ts';
import { knownKind } from '../../../src/kinds/registry.ts';
import { SEOUL, simulation, TOKYO } from '../../engine/simulated.ts';
import { smallRds } from './small-rds.ts';

const WRITER: DbInstance = { DBInstanceIdentifier: 'new', DBInstanceArn: `arn:aws:rds:${TOKYO}:111122223333:db:new`, DBInstanceStatus: 'available', BackupRetentionPeriod: 7, Engine: 'postgres' };
const SECRET = { SecretArn: 'arn:aws:secretsmanager:x', SecretStatus: 'active' };
const KEY = `arn:aws:kms:${SEOUL}:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000a`;
const arns = (n: number, region = 'eu-west-1') => Array.from({ length: n }, (_, i) => `arn:aws:rds:${region}:111122223333:db:r${i}`);

describe('RDS makes no replica', () => {
  const modify = `aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier new`;
  const single = 'name a single DB instance in the runbook';
  it.each<[DbInstance, string, string]>([
    [{ MasterUserSecret: SECRET }, 'a DB instance whose master password is managed in Secrets Manager, and RDS makes no replica of such an instance', `${modify} --no-manage-master-user-password --master-user-password … --apply-immediately takes the password back; clients must learn the new one`],
    [{ BackupRetentionPeriod: 0 }, 'without automated backups', `${modify} --backup-retention-period 7 --apply-immediately turns backups on`],
    [{ BackupRetentionPeriod: undefined }, 'without automated backups', `${modify} --backup-retention-period 7 --apply-immediately turns backups on`],
    [{ Engine: 'sqlserver-se' }, 'of the engine sqlserver-se, of which RDS makes no replicas in another region', 'the kind rds-backup protects it by backups'],
    [{ Engine: 'oracle-ee-cdb-x' }, 'of the engine oracle-ee-cdb-x, of which RDS makes no replicas in another region', 'the kind rds-backup protects it by backups'],
    [{ Engine: 'aurora-postgresql', DBClusterIdentifier: 'orders' }, 'a member of the Aurora cluster orders', single],
    [{ DBClusterIdentifier: 'orders' }, 'a member of the Multi-AZ DB cluster orders', single],
    [{ ReadReplicaSourceDBClusterIdentifier: 'orders' }, 'a replica, and no writer', `dr failover --region ${TOKYO} makes it the writer`],
    [{ DBInstanceStatus: 'stopped' }, 'stopped', 'once it is available again: dr reprotect'],
    [{ DBInstanceStatus: undefined }, 'in no known status', 'once it is available again: dr reprotect'],
  ])('of %j', (more, why, mend) => {
    expect(replicaUnfit({ ...WRITER, ...more })).toEqual({ why, mend });
  });

  it.each(['mysql', 'mariadb', 'postgres', 'oracle-ee', 'oracle-ee-cdb', 'sqlserver-ee', 'db2-ae', 'db2-se', ''])('but of %s it makes some', (Engine) => {
    expect(replicaUnfit({ ...WRITER, Engine })).toBeUndefined();
  });

  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html
  it.each([['postgres', 15], ['oracle-ee', 5], ['sqlserver-ee', 5], ['db2-ae', 3], [undefined, 15]])('more of %s than %i', (Engine, max) => {
    const with_ = (n: number) => newReplicaUnfit({ ...WRITER, Engine, ReadReplicaDBInstanceIdentifiers: arns(n) }, { region: SEOUL, id: 'old', kmsKeyId: undefined });
    expect(with_(max)).toEqual({ why: `the source of ${max} replicas already, and RDS allows ${max}`, mend: 'delete a replica that is not needed any more' });
    expect(with_(max - 1)).toBeUndefined();
  });

  it('one that has the name already is not counted: only of that region, and only of that name', () => {
    const with_ = (name: string) => newReplicaUnfit({ ...WRITER, ReadReplicaDBInstanceIdentifiers: [...arns(14), name] }, { region: SEOUL, id: 'Old', kmsKeyId: undefined });
    const arn = (region: string, id: string) => `arn:aws:rds:${region}:111122223333:db:${id}`;
    expect([arn(SEOUL, 'old'), arn(SEOUL, 'OLD')].map((name) => with_(name))).toEqual([undefined, undefined]);
    expect([arn(SEOUL, 'very-old'), arn('eu-west-1', 'old'), 'old'].map((name) => with_(name)?.why)).toEqual(Array.from({ length: 3 }, () => 'the source of 15 replicas already, and RDS allows 15'));
  });

  it.each<[string, DbInstance, string | undefined, object | undefined]>([
    ['is encrypted, and no key is known', { StorageEncrypted: true }, undefined, { why: `encrypted, and the old instance in ${SEOUL}, from which the key is taken, shows no KMS key`, mend: `make the replica of new once by hand, with --kms-key-id of a key in ${SEOUL}` }],
    ['is encrypted, and the key is of another region', { StorageEncrypted: true }, KEY.replace(SEOUL, TOKYO), { why: `encrypted, and the old instance in ${SEOUL}, from which the key is taken, has the KMS key ${KEY.replace(SEOUL, TOKYO)}`, mend: `make the replica of new once by hand, with --kms-key-id of a key in ${SEOUL}` }],
    ['is not encrypted, and the old one is', { StorageEncrypted: false }, KEY, { why: 'not encrypted, and the old instance is: an encrypted replica needs an encrypted source', mend: 'make the replica of new once by hand, without a key' }],
    ['is encrypted, and has a key', { StorageEncrypted: true }, KEY, undefined],
    ['is not encrypted, and neither is the old one', { StorageEncrypted: false }, undefined, undefined],
    ['does not show it', {}, KEY, undefined],
  ])('where its source %s', (_what, more, kmsKeyId, unfit) => {
    expect(newReplicaUnfit({ ...WRITER, ...more }, { region: SEOUL, id: 'old', kmsKeyId })).toEqual(unfit);
  });

  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
  it.each([[219, true], [220, false], [undefined, false]])('of 200 GiB that is to grow to %s', (maxStorageGib, refused) => {
    const unfit = newReplicaUnfit({ ...WRITER, AllocatedStorage: 200, MaxAllocatedStorage: 1000 }, { region: SEOUL, id: 'old', kmsKeyId: undefined, maxStorageGib });
    expect(unfit).toEqual(refused ? { why: `of 200 GiB by now, and the storage of the old instance in ${SEOUL}, whose settings the new one gets, grows to 219 GiB only: AWS wants 220 or more`, mend: `aws rds modify-db-instance --region ${SEOUL} --db-instance-identifier old --max-allocated-storage 1000` } : undefined);
  });

  it('what it is to grow to is rounded up, and named where the source does not grow', () => {
    const unfit = (maxStorageGib: number, AllocatedStorage?: number) => newReplicaUnfit({ ...WRITER, AllocatedStorage }, { region: SEOUL, id: 'old', kmsKeyId: undefined, maxStorageGib });
    expect(unfit(221, 201)).toMatchObject({ why: expect.stringContaining('AWS wants 222 or more') as string, mend: expect.stringMatching(/--max-allocated-storage 222$/) as string });
    expect([unfit(222, 201), unfit(1)]).toEqual([undefined, undefined]);
  });

  it('but of any other, also of SQL Server with a managed password', () => {
    for (const more of [{}, { Engine: 'sqlserver-ee', MasterUserSecret: SECRET }, { Engine: undefined }, { DBInstanceStatus: 'backing-up' }]) expect(replicaUnfit({ ...WRITER, ...more })).toBeUndefined();
    const own = [...arns(14), `arn:aws:rds:${SEOUL}:111122223333:db:old`];
    expect(newReplicaUnfit({ ...WRITER, StorageEncrypted: true, ReadReplicaDBInstanceIdentifiers: own }, { region: SEOUL, id: 'old', kmsKeyId: KEY })).toBeUndefined();
  });
});

describe('RDS copies no backups', () => {
  it.each<[DbInstance, string | undefined]>([
    [{ BackupRetentionPeriod: 0 }, 'without automated backups'],
    [{ BackupRetentionPeriod: undefined }, 'without automated backups'],
    [{ ReadReplicaSourceDBInstanceIdentifier: 'x' }, 'a replica, and no writer'],
    [{ StorageEncrypted: true }, `encrypted, and the runbook names no key in ${SEOUL}`],
    [{ DBInstanceStatus: 'storage-full' }, 'storage-full'],
    [{ DBClusterIdentifier: 'orders' }, 'a member of the Multi-AZ DB cluster orders'],
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
    [{ Engine: 'custom-sqlserver-se' }, 'an instance of RDS Custom (custom-sqlserver-se)'],
    [{}, undefined],
  ])('of %j', (more, why) => {
    expect(backupsUnfit({ ...WRITER, ...more }, SEOUL, undefined)).toBe(why);
  });

  it('but of an encrypted one where the runbook names a key', () => {
    expect(backupsUnfit({ ...WRITER, StorageEncrypted: true }, SEOUL, KEY)).toBeUndefined();
  });
});

describe('a member of a cluster', () => {
  it('is refused by name under every kind of RDS, before there is a plan', async () => {
    const sim = await simulation();
    const aws = { call: () => Promise.resolve({ output: { DBInstances: [{ ...WRITER, Engine: 'aurora-mysql', DBClusterIdentifier: 'orders' }] }, requestId: undefined }) };
    const resource = { instances: { [SEOUL]: 'old', [TOKYO]: 'new' }, restore: {} };
    for (const name of ['rds-read-replica', 'rds-backup', 'rds-writers']) {
      const kind = await knownKind(name);
      const looked = kind.observe({ effects: { ...sim.effects, aws: aws as never }, verb: 'failover', strategy: 'pilot-light', target: TOKYO, regions: [SEOUL, TOKYO] }, resource);
      await expect(looked).rejects.toMatchObject({ code: 'DATABASE_IN_CLUSTER', message: `new in ${TOKYO} is named under ${name}, but it is a member of the Aurora cluster orders.` });
    }
    expect(memberRefusal('rds-writers', TOKYO, WRITER)).toBeUndefined();
  });

  // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_PromoteReadReplica.html
  it('and RDS Custom likewise: AWS does not promote it, nor change its name or groups', async () => {
    const sim = await simulation();
    const aws = { call: () => Promise.resolve({ output: { DBInstances: [{ ...WRITER, Engine: 'custom-oracle-ee', ReadReplicaSourceDBInstanceIdentifier: 'x' }] }, requestId: undefined }) };
    const kind = await knownKind('rds-read-replica');
    const looked = kind.observe({ effects: { ...sim.effects, aws: aws as never }, verb: 'failover', strategy: 'pilot-light', target: TOKYO, regions: [SEOUL, TOKYO] }, { instances: { [SEOUL]: 'old', [TOKYO]: 'new' } });
    await expect(looked).rejects.toMatchObject({ code: 'DATABASE_CUSTOM', message: `new in ${TOKYO} is named under rds-read-replica, but it is an instance of RDS Custom (custom-oracle-ee).` });
  });
});

describe('an instance that AWS does not handle by itself', () => {
  it.each<[DbInstance, string | undefined]>([
    [{}, undefined],
    [{ Engine: 'postgres' }, undefined],
    [{ Engine: 'docdb', DBClusterIdentifier: 'c' }, 'an instance of Amazon DocumentDB'],
    [{ Engine: 'neptune' }, 'an instance of Amazon Neptune'],
    [{ Engine: 'custom-oracle-ee', DBClusterIdentifier: 'c' }, 'an instance of RDS Custom (custom-oracle-ee)'],
    [{ Engine: 'not-custom-' }, undefined],
    [{ Engine: 'aurora-mysql' }, 'a member of an Aurora cluster'],
    [{ Engine: 'aurora-mysql', DBClusterIdentifier: 'c' }, 'a member of the Aurora cluster c'],
    [{ Engine: 'mysql', DBClusterIdentifier: 'c' }, 'a member of the Multi-AZ DB cluster c'],
  ])('%j', (instance, is) => {
    expect(apartOf(instance)).toBe(is);
  });

  it('is refused, with what may be done', () => {
    expect(memberRefusal('rds-backup', TOKYO, { ...WRITER, DBClusterIdentifier: 'c' })).toEqual({
      rule: 'standby-settings',
      observed: `new in ${TOKYO} is named under rds-backup, but it is a member of the Multi-AZ DB cluster c`,
      threshold: 'a DB instance of RDS that belongs to no cluster, and not to RDS Custom',
      consequence: 'AWS refuses to promote, rename or replicate it by itself',
      override: 'none: clusters, RDS Custom, DocumentDB and Neptune are not supported. Name a single DB instance in the runbook, or use custom steps',
    });
    expect(memberRefusal('rds-backup', TOKYO, undefined)).toBeUndefined();
  });

  const thrown = (work: () => void): unknown => {
    try {
      work();
      return 'nothing';
    } catch (error) {
      return error;
    }
  };

  it('before there is a plan it is an error', () => {
    const refused = { exit: 'refused', detail: 'AWS refuses to promote, rename or replicate it by itself.', next: [expect.stringMatching(/^none: clusters/) as string] };
    expect(thrown(() => needSingle('rds-backup', TOKYO, { ...WRITER, DBClusterIdentifier: 'c' }))).toMatchObject({ code: 'DATABASE_IN_CLUSTER', ...refused });
    expect(thrown(() => needSingle('rds-backup', TOKYO, { ...WRITER, Engine: 'custom-sqlserver-se' }))).toMatchObject({ code: 'DATABASE_CUSTOM', ...refused });
    expect([thrown(() => needSingle('rds-backup', TOKYO, WRITER)), thrown(() => needSingle('rds-backup', TOKYO, undefined))]).toEqual(['nothing', 'nothing']);
  });

  it('one that is not there is an error, and says what else may be done', async () => {
    const needed = (instances: object[], without: { detail: string; next?: string }) => neededInstance({ effects: { aws: smallRds({ instances: { [TOKYO]: instances } }).aws }, target: TOKYO } as never, 'rds-backup', 'new', without);
    expect(await needed([WRITER], { detail: 'why' })).toEqual(WRITER);
    await expect(needed([{ ...WRITER, DBClusterIdentifier: 'c' }], { detail: 'why' })).rejects.toMatchObject({ code: 'DATABASE_IN_CLUSTER' });
    const check = 'check the name under `instances` in the runbook, and the account of your credentials';
    await expect(needed([], { detail: 'why' })).rejects.toMatchObject({ code: 'DATABASE_NOT_FOUND', exit: 'refused', message: `There is no DB instance "new" in ${TOKYO}.`, detail: 'why', next: [check] });
    await expect(needed([], { detail: 'why', next: 'list them' })).rejects.toMatchObject({ next: [check, 'list them'] });
  });
});
