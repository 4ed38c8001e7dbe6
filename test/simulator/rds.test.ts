import { describe, expect, it } from 'vitest';
import { simulatedEffects } from '../../src/simulator/effects.ts';
import { instance, makeShop, makeWorld, REPLICA, SEOUL, TOKYO, WRITER } from './fixture.ts';

const PROMOTION_MS = 240_000;

describe('DescribeDBInstances', () => {
  it('names the source of a cross-region replica by ARN, in both directions', async () => {
    const shop = makeShop();
    const replica = await instance(shop, REPLICA);
    expect(replica.ReadReplicaSourceDBInstanceIdentifier).toBe(`arn:aws:rds:${SEOUL}:000000000000:db:orders`);
    expect(replica.StatusInfos).toEqual([{ StatusType: 'read replication', Normal: true, Status: 'replicating' }]);
    expect(replica.BackupRetentionPeriod).toBe(0);
    const writer = await instance(shop, WRITER);
    expect(writer.ReadReplicaDBInstanceIdentifiers).toEqual([`arn:aws:rds:${TOKYO}:000000000000:db:orders-tokyo`]);
    expect(writer.ReadReplicaSourceDBInstanceIdentifier).toBeUndefined();
    expect(writer.Endpoint).toMatchObject({ Address: 'orders.seoul.example', Port: 5432 });
  });

  it('names a replica of the same region by its identifier', async () => {
    const { world, call } = makeWorld();
    world.addDbInstance({ region: TOKYO, id: 'a' });
    world.addDbInstance({ region: TOKYO, id: 'b', replicaOf: { region: TOKYO, id: 'a' } });
    const { DBInstances } = await call('rds', TOKYO, 'DescribeDBInstances', {});
    expect(DBInstances?.map((db) => [db.DBInstanceIdentifier, db.ReadReplicaSourceDBInstanceIdentifier, db.ReadReplicaDBInstanceIdentifiers])).toEqual([
      ['a', undefined, ['b']],
      ['b', 'a', []],
    ]);
  });

  it('pages all instances of a region, and finds one by its ARN', async () => {
    const { world, call, refused } = makeWorld();
    const ids = Array.from({ length: 45 }, (_, i) => `db-${String(i).padStart(2, '0')}`);
    for (const id of [...ids].reverse()) world.addDbInstance({ region: TOKYO, id });
    world.addDbInstance({ region: SEOUL, id: 'elsewhere' });
    const seen: (string | undefined)[] = [];
    let Marker: string | undefined;
    do {
      const page = await call('rds', TOKYO, 'DescribeDBInstances', { MaxRecords: 20, Marker });
      seen.push(...(page.DBInstances ?? []).map((db) => db.DBInstanceIdentifier));
      Marker = page.Marker;
    } while (Marker !== undefined);
    expect(seen).toEqual(ids);
    const arn = `arn:aws:rds:${TOKYO}:000000000000:db:db-07`;
    expect((await call('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: arn })).DBInstances?.[0]?.DBInstanceIdentifier).toBe('db-07');
    const foreign = await refused('rds', TOKYO, 'DescribeDBInstances', { DBInstanceIdentifier: `arn:aws:rds:${SEOUL}:000000000000:db:db-07` });
    expect(foreign).toMatchObject({ code: 'DBInstanceNotFound', httpStatus: 404 });
  });

  it('refuses what it does not model instead of ignoring it', async () => {
    const { refused } = makeShop();
    const error = await refused('rds', TOKYO, 'DescribeDBInstances', { Filters: [{ Name: 'engine', Values: ['mysql'] }] });
    expect(error).toMatchObject({ code: 'SimulatorUnsupported', kind: 'terminal' });
    expect(error.message).toContain('the parameter Filters of rds.DescribeDBInstances');
  });
});

describe('PromoteReadReplica', () => {
  it('goes through every state that AWS shows, reading available right after the call', async () => {
    const shop = makeShop({ timings: { callMs: 0, promotionMs: PROMOTION_MS } });
    const { DBInstance } = await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id, BackupRetentionPeriod: 7 });
    expect(DBInstance?.DBInstanceStatus).toBe('available');
    const seen: unknown[][] = [];
    for (let share = 0; share <= 100; share += 5) {
      const db = await instance(shop, REPLICA);
      const state = [
        db.DBInstanceStatus,
        db.ReadReplicaSourceDBInstanceIdentifier === undefined ? 'alone' : 'replica',
        (db.StatusInfos ?? []).length,
        db.PendingModifiedValues?.BackupRetentionPeriod,
        db.BackupRetentionPeriod,
        shop.world.acceptsWrites(REPLICA) ? 'writes' : 'no writes',
      ];
      if (JSON.stringify(seen.at(-1)?.slice(1)) !== JSON.stringify(state)) seen.push([share, ...state]);
      await shop.wait(PROMOTION_MS / 20);
    }
    expect(seen).toEqual([
      [0, 'available', 'replica', 1, undefined, 0, 'no writes'],
      [15, 'modifying', 'replica', 1, 7, 0, 'no writes'],
      [60, 'rebooting', 'alone', 0, 7, 0, 'no writes'],
      [85, 'backing-up', 'alone', 0, undefined, 7, 'writes'],
      [100, 'available', 'alone', 0, undefined, 7, 'writes'],
    ]);
    expect((await instance(shop, WRITER)).ReadReplicaDBInstanceIdentifiers).toEqual([]);
  });

  it('keeps backups for a day when nothing is said, and none for 0', async () => {
    for (const [asked, kept, last] of [[undefined, 1, 'backing-up'], [0, 0, 'modifying']] as const) {
      const shop = makeShop();
      await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id, BackupRetentionPeriod: asked });
      await shop.wait(0.9 * PROMOTION_MS);
      expect((await instance(shop, REPLICA)).DBInstanceStatus).toBe(last);
      await shop.wait(PROMOTION_MS);
      expect((await instance(shop, REPLICA)).BackupRetentionPeriod).toBe(kept);
    }
  });

  it('is refused for a writer, in backing-up, twice, and for what is not there', async () => {
    const shop = makeShop();
    const promote = (region: string, id: string) => shop.refused('rds', region, 'PromoteReadReplica', { DBInstanceIdentifier: id });
    expect(await promote(SEOUL, WRITER.id)).toMatchObject({ code: 'InvalidDBInstanceState', httpStatus: 400, kind: 'terminal' });
    expect(await promote(SEOUL, REPLICA.id)).toMatchObject({ code: 'DBInstanceNotFound' });
    shop.world.setDbStatus(REPLICA, 'backing-up');
    const busy = await promote(TOKYO, REPLICA.id);
    expect(busy).toMatchObject({ code: 'InvalidDBInstanceState', httpStatus: 400 });
    expect(busy.message).toContain('backing-up');
    shop.world.setDbStatus(REPLICA, 'available');
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    expect((await instance(shop, REPLICA)).DBInstanceStatus).toBe('available');
    expect((await promote(TOKYO, REPLICA.id)).message).toContain('is being promoted');
    await shop.wait(PROMOTION_MS);
    expect((await promote(TOKYO, REPLICA.id)).message).toContain('is not a read replica');
    const days = await shop.refused('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id, BackupRetentionPeriod: 36 });
    expect(days.code).toBe('InvalidDBInstanceState');
  });
});

describe('ModifyDBInstance', () => {
  it('does not end sessions by a quarantine: a reboot does, once the engine has shut down', async () => {
    const shop = makeShop({ timings: { callMs: 0, modifyMs: 30_000, rebootMs: 30_000 } });
    const { canary } = simulatedEffects(shop.world).sql;
    const target = { engine: 'postgres', host: 'orders.seoul.example', port: 5432, database: 'shop', user: 'dr', password: 'x' } as const;
    const connects = () => shop.clock.run(() => canary(target, 'dr_canary', 'token', 3_000).then(() => true, () => false));
    expect(await connects()).toBe(true);
    await shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: ['sg-quarantine'] });
    await shop.wait(30_000);
    expect([await connects(), shop.world.acceptsWrites(WRITER)]).toEqual([false, true]);
    // As long as it lives, and also through an outage of its region.
    shop.world.breakRegion(SEOUL);
    await shop.wait(3_600_000);
    expect(shop.world.acceptsWrites(WRITER)).toBe(false);
    shop.world.healRegion(SEOUL);
    expect(shop.world.acceptsWrites(WRITER)).toBe(true);
    const asked = await shop.call('rds', SEOUL, 'RebootDBInstance', { DBInstanceIdentifier: WRITER.id });
    expect([asked.DBInstance?.DBInstanceStatus, shop.world.acceptsWrites(WRITER)]).toEqual(['rebooting', true]);
    await shop.wait(6_000);
    expect([(await instance(shop, WRITER)).DBInstanceStatus, shop.world.acceptsWrites(WRITER)]).toEqual(['rebooting', false]);
    await shop.wait(24_000);
    expect([(await instance(shop, WRITER)).DBInstanceStatus, shop.world.acceptsWrites(WRITER), await connects()]).toEqual(['available', false, false]);
  });

  it('puts a writer into quarantine after the modification, and out of it', async () => {
    const shop = makeShop({ timings: { modifyMs: 30_000 } });
    const modify = (groups: string[]) => shop.call('rds', SEOUL, 'ModifyDBInstance', { DBInstanceIdentifier: WRITER.id, VpcSecurityGroupIds: groups, ApplyImmediately: true });
    const { DBInstance } = await modify(['sg-quarantine']);
    // As AWS answers: the change is asked for, and the status does not show it yet.
    expect(DBInstance?.DBInstanceStatus).toBe('available');
    expect(DBInstance?.VpcSecurityGroups).toEqual([
      { VpcSecurityGroupId: 'sg-quarantine', Status: 'adding' },
      { VpcSecurityGroupId: 'sg-app', Status: 'removing' },
    ]);
    expect(shop.world.acceptsWrites(WRITER)).toBe(true);
    await shop.wait(30_000);
    const closed = await instance(shop, WRITER);
    expect([closed.DBInstanceStatus, closed.VpcSecurityGroups]).toEqual(['available', [{ VpcSecurityGroupId: 'sg-quarantine', Status: 'active' }]]);
    expect(shop.world.state.databases.reachable(shop.world.state.databases.row(WRITER) ?? expect.fail())).toBe(false);
    await modify(['sg-app', 'sg-quarantine']);
    await shop.wait(30_000);
    expect(shop.world.acceptsWrites(WRITER)).toBe(true);
  });

  it('is refused while something is under way, for unknown groups, for nothing, and for what is not modelled', async () => {
    const shop = makeShop();
    const modify = (more: object) => shop.refused('rds', TOKYO, 'ModifyDBInstance', { DBInstanceIdentifier: REPLICA.id, ...more });
    expect(await modify({ VpcSecurityGroupIds: ['sg-none'] })).toMatchObject({ code: 'InvalidParameterValue' });
    expect(await modify({})).toMatchObject({ code: 'InvalidParameterCombination' });
    expect(await modify({ VpcSecurityGroupIds: ['sg-app'], Engine: 'x' })).toMatchObject({ code: 'SimulatorUnsupported' });
    await shop.call('rds', TOKYO, 'PromoteReadReplica', { DBInstanceIdentifier: REPLICA.id });
    expect(await modify({ VpcSecurityGroupIds: ['sg-app'] })).toMatchObject({ code: 'InvalidDBInstanceState' });
  });
});

describe('a broken source region', () => {
  it('makes replication read error, and the replica catch up after the region heals', async () => {
    const shop = makeShop();
    shop.world.breakRegion(SEOUL);
    const cut = await instance(shop, REPLICA);
    expect(cut.StatusInfos?.[0]).toMatchObject({ Normal: false, Status: 'error' });
    expect(cut.DBInstanceStatus).toBe('available');
    shop.world.healRegion(SEOUL);
    expect((await instance(shop, REPLICA)).StatusInfos?.[0]).toMatchObject({ Normal: true, Status: 'replicating' });
    expect(shop.world.acceptsWrites(WRITER)).toBe(true);
  });
});
