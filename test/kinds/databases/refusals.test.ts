import { describe, expect, it } from 'vitest';
import type { DbInstance } from '../../../src/aws/rds.ts';
import { backupsUnfit, memberRefusal, newReplicaUnfit, replicaUnfit } from '../../../src/kinds/databases/refusals.ts';
import { knownKind } from '../../../src/kinds/registry.ts';
import { SEOUL, simulation, TOKYO } from '../../engine/simulated.ts';

const WRITER: DbInstance = { DBInstanceIdentifier: 'new', DBInstanceArn: `arn:aws:rds:${TOKYO}:111122223333:db:new`, DBInstanceStatus: 'available', BackupRetentionPeriod: 7, Engine: 'postgres' };
const SECRET = { SecretArn: 'arn:aws:secretsmanager:x', SecretStatus: 'active' };
const KEY = `arn:aws:kms:${SEOUL}:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000a`;
const arns = (n: number, region = 'eu-west-1') => Array.from({ length: n }, (_, i) => `arn:aws:rds:${region}:111122223333:db:r${i}`);

describe('RDS makes no replica', () => {
  it.each<[DbInstance, string]>([
    [{ MasterUserSecret: SECRET }, 'master password is managed in Secrets Manager'],
    [{ BackupRetentionPeriod: 0 }, 'without automated backups'],
    [{ Engine: 'sqlserver-se' }, 'of the engine sqlserver-se'],
    [{ Engine: 'aurora-postgresql', DBClusterIdentifier: 'orders' }, 'a member of the Aurora cluster orders'],
    [{ DBClusterIdentifier: 'orders' }, 'a member of the Multi-AZ DB cluster orders'],
    [{ Engine: 'docdb', DBClusterIdentifier: 'orders' }, 'an instance of Amazon DocumentDB'],
    [{ Engine: 'neptune', DBClusterIdentifier: 'orders' }, 'an instance of Amazon Neptune'],
    [{ ReadReplicaSourceDBClusterIdentifier: 'orders' }, 'a replica, and no writer'],
    [{ Engine: 'custom-oracle-ee' }, 'an instance of RDS Custom (custom-oracle-ee)'],
    [{ DBInstanceStatus: 'stopped' }, 'stopped'],
  ])('of %j', (more, why) => {
    expect(replicaUnfit({ ...WRITER, ...more })?.why).toContain(why);
  });

  it.each<[DbInstance, string | undefined, string]>([
    [{ StorageEncrypted: true }, undefined, 'shows no KMS key'],
    [{ StorageEncrypted: true }, KEY.replace(SEOUL, TOKYO), 'has the KMS key'],
    [{ StorageEncrypted: false }, KEY, 'not encrypted'],
    [{ ReadReplicaDBInstanceIdentifiers: arns(15) }, KEY, 'the source of 15 replicas already'],
    [{ Engine: 'oracle-ee', ReadReplicaDBInstanceIdentifiers: arns(5) }, KEY, 'RDS allows 5'],
  ])('of %j with the key %s', (more, kmsKeyId, why) => {
    expect(newReplicaUnfit({ ...WRITER, ...more }, { region: SEOUL, id: 'old', kmsKeyId })?.why).toContain(why);
  });

  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
  it.each([[219, true], [220, false], [undefined, false]])('of 200 GiB that is to grow to %s', (maxStorageGib, refused) => {
    const unfit = newReplicaUnfit({ ...WRITER, AllocatedStorage: 200, MaxAllocatedStorage: 1000 }, { region: SEOUL, id: 'old', kmsKeyId: undefined, maxStorageGib });
    expect(unfit).toEqual(refused ? { why: `of 200 GiB by now, and the storage of the old instance in ${SEOUL}, whose settings the new one gets, grows to 219 GiB only: AWS wants 220 or more`, mend: `aws rds modify-db-instance --region ${SEOUL} --db-instance-identifier old --max-allocated-storage 1000` } : undefined);
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
    [{ StorageEncrypted: true }, `encrypted, and the runbook names no key in ${SEOUL}`],
    [{ DBInstanceStatus: 'storage-full' }, 'storage-full'],
    [{ DBClusterIdentifier: 'orders' }, 'a member of the Multi-AZ DB cluster orders'],
    // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StartDBInstanceAutomatedBackupsReplication.html
    [{ Engine: 'custom-sqlserver-se' }, 'an instance of RDS Custom (custom-sqlserver-se)'],
    [{}, undefined],
  ])('of %j', (more, why) => {
    expect(backupsUnfit({ ...WRITER, ...more }, SEOUL, undefined)).toBe(why);
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
