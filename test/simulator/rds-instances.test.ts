import { describe, expect, it } from 'vitest';
import { simulatedEffects } from '../../src/simulator/effects.ts';
import { instance, makeShop, REPLICA, SEOUL, TOKYO, WRITER } from './fixture.ts';

const RENAMED = { region: SEOUL, id: 'orders-old' };
const KEY = `arn:aws:kms:${SEOUL}:000000000000:key/1`;
const rename = { DBInstanceIdentifier: WRITER.id, NewDBInstanceIdentifier: RENAMED.id, ApplyImmediately: true };

describe('ModifyDBInstance with a new name', () => {
  it('is renaming under the old name, reboots, and then is there under the new one alone', async () => {
    const shop = makeShop({ timings: { callMs: 0, renameMs: 100_000 } });
    await shop.call('rds', SEOUL, 'ModifyDBInstance', rename);
    await shop.wait(15_000);
    expect(await instance(shop, WRITER)).toMatchObject({ DBInstanceStatus: 'renaming', PendingModifiedValues: { DBInstanceIdentifier: 'orders-old' } });
    expect(shop.world.acceptsWrites(WRITER)).toBe(true);
    await shop.wait(60_000);
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
    await shop.wait(25_000);
    const renamed = await instance(shop, RENAMED);
    expect(renamed).toMatchObject({ DBInstanceStatus: 'available', DBInstanceArn: `arn:aws:rds:${SEOUL}:000000000000:db:orders-old`, PendingModifiedValues: {} });
    expect(renamed.Endpoint?.Address).toMatch(/^orders-old\./);
    expect(await shop.refused('rds', SEOUL, 'DescribeDBInstances', { DBInstanceIdentifier: WRITER.id })).toMatchObject({ code: 'DBInstanceNotFound' });
  });

  it('takes its replicas along', async () => {
    const shop = makeShop({ timings: { callMs: 0, renameMs: 1_000 } });
    await shop.call('rds', SEOUL, 'ModifyDBInstance', rename);
    await shop.wait(1_000);
    expect((await instance(shop, REPLICA)).ReadReplicaSourceDBInstanceIdentifier).toBe(`arn:aws:rds:${SEOUL}:000000000000:db:orders-old`);
    expect((await instance(shop, RENAMED)).ReadReplicaDBInstanceIdentifiers).toEqual([`arn:aws:rds:${TOKYO}:000000000000:db:orders-tokyo`]);
  });

  it('refuses a name that is taken, is being taken, or is none; and a change later', async () => {
    const shop = makeShop({ timings: { callMs: 0 } });
    shop.world.addDbInstance({ region: SEOUL, id: 'other' });
    const to = (NewDBInstanceIdentifier: string, id = WRITER.id) => ({ DBInstanceIdentifier: id, NewDBInstanceIdentifier, ApplyImmediately: true });
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', to('other'))).toMatchObject({ code: 'DBInstanceAlreadyExists', httpStatus: 400 });
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', to('two--hyphens'))).toMatchObject({ code: 'InvalidParameterValue' });
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', to(WRITER.id))).toMatchObject({ code: 'InvalidParameterCombination' });
    await shop.call('rds', SEOUL, 'ModifyDBInstance', to('orders-old'));
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', to('orders-old', 'other'))).toMatchObject({ code: 'DBInstanceAlreadyExists' });
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', to('again'))).toMatchObject({ code: 'InvalidDBInstanceState' });
  });
});

describe('ModifyDBInstance with a class or a parameter group', () => {
  it('shows the new class as pending, is down towards the end, then has it', async () => {
    const shop = makeShop({ timings: { callMs: 0, classMs: 100_000 } });
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, DBInstanceClass: 'db.r6g.xlarge', ApplyImmediately: true });
    await shop.wait(15_000);
    expect(await instance(shop, WRITER)).toMatchObject({ DBInstanceStatus: 'modifying', DBInstanceClass: 'db.m6g.large', PendingModifiedValues: { DBInstanceClass: 'db.r6g.xlarge' } });
    await shop.wait(65_000);
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
    await shop.wait(20_000);
    expect(await instance(shop, WRITER)).toMatchObject({ DBInstanceStatus: 'available', DBInstanceClass: 'db.r6g.xlarge', PendingModifiedValues: {} });
    expect(shop.world.acceptsWrites(WRITER)).toBe(true);
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, DBInstanceClass: 'large', ApplyImmediately: true })).toMatchObject({ code: 'InvalidParameterValue' });
  });

  it('a parameter group counts after a reboot only', async () => {
    const shop = makeShop({ timings: { callMs: 0, modifyMs: 1_000, rebootMs: 1_000 } });
    const groups = async () => (await instance(shop, WRITER)).DBParameterGroups?.[0];
    expect(await shop.refused('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, DBParameterGroupName: 'tuned' })).toMatchObject({ code: 'DBParameterGroupNotFound', httpStatus: 404 });
    shop.world.addDbParameterGroup({ region: SEOUL, name: 'tuned' });
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, DBParameterGroupName: 'tuned' });
    await shop.wait(1_000);
    expect(await groups()).toEqual({ DBParameterGroupName: 'tuned', ParameterApplyStatus: 'pending-reboot' });
    await shop.call('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: WRITER.id });
    expect((await instance(shop, WRITER)).DBInstanceStatus).toBe('rebooting');
    await shop.wait(200);
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
    expect(await shop.refused('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: WRITER.id })).toMatchObject({ code: 'InvalidDBInstanceState' });
    await shop.wait(800);
    expect(await groups()).toEqual({ DBParameterGroupName: 'tuned', ParameterApplyStatus: 'in-sync' });
  });
});

describe('CreateDBInstanceReadReplica', () => {
  const input = {
    DBInstanceIdentifier: 'orders-copy',
    SourceDBInstanceIdentifier: `arn:aws:rds:${TOKYO}:000000000000:db:orders-tokyo`,
    VpcSecurityGroupIds: ['sg-app'],
    KmsKeyId: KEY,
  };
  const COPY = { region: SEOUL, id: 'orders-copy' };

  async function promoted() {
    const shop = makeShop({ timings: { callMs: 0, promotionMs: 1_000, replicaMs: 100_000 } });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(1_000);
    return shop;
  }

  it('is creating without endpoint, then replicates, then is available, with what it was given', async () => {
    const shop = await promoted();
    await shop.call('rds', SEOUL, 'CreateDBInstanceReadReplica', { ...input, DBInstanceClass: 'db.r6g.large', MultiAZ: true, DeletionProtection: true });
    const early = await instance(shop, COPY);
    expect(early).toMatchObject({ DBInstanceStatus: 'creating', ReadReplicaSourceDBInstanceIdentifier: input.SourceDBInstanceIdentifier });
    expect([early.Endpoint, early.StatusInfos]).toEqual([undefined, undefined]);
    await shop.wait(80_000);
    expect(await instance(shop, COPY)).toMatchObject({ DBInstanceStatus: 'modifying', StatusInfos: [{ Status: 'replicating' }] });
    await shop.wait(20_000);
    expect(await instance(shop, COPY)).toMatchObject({
      DBInstanceStatus: 'available',
      DBInstanceClass: 'db.r6g.large',
      MultiAZ: true,
      DeletionProtection: true,
      BackupRetentionPeriod: 0,
      KmsKeyId: KEY,
      VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-app', Status: 'active' }],
    });
    expect((await instance(shop, REPLICA)).ReadReplicaDBInstanceIdentifiers).toEqual([`arn:aws:rds:${SEOUL}:000000000000:db:orders-copy`]);
    expect(shop.world.acceptsWrites(COPY)).toBe(false);
  });

  it('gets the defaults of AWS for what it is not named: a group that lets nobody in', async () => {
    const shop = await promoted();
    await shop.call('rds', SEOUL, 'CreateDBInstanceReadReplica', { ...input, VpcSecurityGroupIds: undefined });
    await shop.wait(100_000);
    expect(await instance(shop, COPY)).toMatchObject({ VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-00000000' }], DBParameterGroups: [{ DBParameterGroupName: 'default.postgres17' }] });
  });

  it('refuses what AWS refuses', async () => {
    const shop = await promoted();
    const no = (change: object) => shop.refused('rds', SEOUL, 'CreateDBInstanceReadReplica', { ...input, ...change });
    expect(await no({ DBInstanceIdentifier: 'orders' })).toMatchObject({ code: 'DBInstanceAlreadyExists' });
    expect(await no({ SourceDBInstanceIdentifier: 'orders-tokyo' })).toMatchObject({ code: 'DBInstanceNotFound', httpStatus: 404 });
    expect(await no({ KmsKeyId: undefined })).toMatchObject({ code: 'KMSKeyNotAccessibleFault' });
    expect(await no({ KmsKeyId: KEY.replace(SEOUL, TOKYO) })).toMatchObject({ code: 'KMSKeyNotAccessibleFault' });
    expect(await no({ DBSubnetGroupName: 'nowhere' })).toMatchObject({ code: 'DBSubnetGroupNotFoundFault' });
    expect(await no({ VpcSecurityGroupIds: ['sg-none'] })).toMatchObject({ code: 'InvalidParameterValue' });
    const parameters = await no({ DBParameterGroupName: 'tuned' });
    expect(parameters).toMatchObject({ code: 'InvalidParameterCombination', message: expect.stringContaining("A parameter group can't be specified during Read Replica creation for the following DB engine: postgres") as string });
    shop.world.setDbStatus(REPLICA, 'backing-up');
    expect(await no({})).toMatchObject({ code: 'InvalidDBInstanceState' });
    shop.world.breakRegion(TOKYO);
    expect(await no({})).toMatchObject({ code: 'InvalidDBInstanceState' });
  });
});

describe('a database made read-only', () => {
  const target = (address: string) => ({ engine: 'postgres', host: address, port: 5432, database: 'shop', user: 'u', password: 'p' }) as const;

  it('takes no write; its replica gets the setting with its lag, and keeps it when promoted', async () => {
    const shop = makeShop({ timings: { callMs: 0, promotionMs: 10_000 } });
    const { sql } = simulatedEffects(shop.world);
    const [writer, replica] = [target('orders.seoul.example'), target('orders.tokyo.example')];
    const at = (t: typeof writer) => shop.clock.run(() => sql.position(t, 1_000));
    await shop.wait(60_000);
    expect(await at(writer)).toMatchObject({ role: 'writer', readOnly: false });
    expect(await at(replica)).toMatchObject({ role: 'replica', readOnly: false });
    expect((await at(replica)).at).toBeLessThan((await at(writer)).at);
    await expect(shop.clock.run(() => sql.setReadOnly(replica, true, 1_000))).rejects.toThrow('cannot execute ALTER DATABASE in a read-only transaction');
    await shop.clock.run(() => sql.setReadOnly(writer, true, 1_000));
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
    expect(await at(replica)).toMatchObject({ readOnly: false });
    await shop.wait(2_000);
    expect(await at(replica)).toMatchObject({ role: 'replica', readOnly: true, at: (await at(writer)).at });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(10_000);
    expect(await at(replica)).toMatchObject({ role: 'writer', readOnly: true });
    expect(shop.world.lossOf(REPLICA)).toMatchObject({ commits: 0 });
    await shop.clock.run(() => sql.setReadOnly(replica, false, 1_000));
    expect(shop.world.acceptsWrites(REPLICA)).toBe(true);
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
  });

  it('and is promoted before that has arrived: until it is a writer it stands where it had replayed to', async () => {
    const shop = makeShop({ timings: { callMs: 0, promotionMs: 10_000 } });
    const { sql } = simulatedEffects(shop.world);
    const replica = target('orders.tokyo.example');
    await shop.wait(60_000);
    await shop.clock.run(() => sql.setReadOnly(target('orders.seoul.example'), true, 1_000));
    const stands = await shop.clock.run(() => sql.position(target('orders.seoul.example'), 1_000));
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(3_000);
    const seen = await shop.clock.run(() => sql.position(replica, 1_000));
    expect([seen.role, seen.at < stands.at]).toEqual(['replica', true]);
  });

  it('the ledger knows what each instance holds of what any acknowledged', async () => {
    const shop = makeShop({ timings: { callMs: 0, promotionMs: 10_000 } });
    await shop.wait(10_000);
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    await shop.wait(20_000);
    const [home, away] = shop.world.ledgerOf(REPLICA);
    // 2 s of lag at 10 commits a second, and what the old writer went on to take.
    expect(home).toMatchObject({ origin: `${SEOUL}/orders#1` });
    expect((home?.acknowledged ?? 0) - (home?.held ?? 0)).toBe(shop.world.lossOf(REPLICA)?.commits);
    expect(away?.acknowledged).toBeGreaterThan(0);
    expect(away?.held).toBe(away?.acknowledged);
  });
});
