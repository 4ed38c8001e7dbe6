import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { replicateStep } from '../../../src/kinds/databases/replicate-backups.ts';
import type { PlanContext } from '../../../src/model/kind.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* The backups of the active instance arrive in the region that waits: accepted is not arrived. */

const NOW = 1_795_000_000_000;
const KEY = `arn:aws:kms:${SEOUL}:111122223333:key/1`;
const PARAMS = { name: 'archive', region: SEOUL, active: { region: TOKYO, id: 'archive-tokyo' }, retentionDays: 7 };
const ARN = `arn:aws:rds:${TOKYO}:111122223333:db:archive-tokyo`;
const ACTIVE = { DBInstanceIdentifier: 'archive-tokyo', DBInstanceArn: ARN, DBInstanceStatus: 'available', BackupRetentionPeriod: 5, StorageEncrypted: false, Engine: 'postgres' };
const backup = (ageMs: number | undefined, more: object = {}) => ({ DBInstanceArn: ARN, Status: 'replicating', RestoreWindow: ageMs === undefined ? {} : { LatestTime: new Date(NOW - ageMs) }, ...more });

interface World {
  active?: object | null;
  backups?: object[];
  key?: object | Error;
  params?: Record<string, Json>;
  answers?: Parameters<typeof portOf>[0];
}

async function replicate({ active = ACTIVE, backups = [], key = { KeyMetadata: { KeyId: '1', KeyState: 'Enabled' } }, params = {}, answers = {} }: World = {}) {
  const port = portOf({ DescribeDBInstances: active === null ? noInstance(TOKYO) : { DBInstances: [active] }, DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: backups }, DescribeKey: key, ...answers });
  return { ...(await stepOf('rds-backup.replicate', { ...PARAMS, ...params }, { clock: new VirtualClock(NOW), effects: { aws: port.aws } })), ...port };
}

describe('before a run', () => {
  const observed = async (world: World) => {
    const said = await (await replicate(world)).check();
    return 'refusal' in said ? said.refusal.observed : said;
  };

  it('the active instance keeps backups, and its key is there', async () => {
    const step = await replicate();
    expect(await step.check()).toEqual({ state: 'ok', because: 'archive-tokyo keeps backups for 5 days' });
    // Nobody asks for the key of what is not encrypted.
    expect(step.asked.map(({ operation, region }) => [operation, region])).toEqual([['DescribeDBInstances', TOKYO]]);
    const unnamed = await replicate({ active: { ...ACTIVE, StorageEncrypted: true } });
    await unnamed.check();
    expect(unnamed.asked).toHaveLength(1);
    const plain = await replicate({ params: { kmsKey: KEY } });
    await plain.check();
    expect(plain.asked).toHaveLength(1);
    const encrypted = await replicate({ active: { ...ACTIVE, StorageEncrypted: true }, params: { kmsKey: KEY } });
    expect(await encrypted.check()).toMatchObject({ state: 'ok' });
    expect(encrypted.asked[1]).toMatchObject({ operation: 'DescribeKey', region: SEOUL, input: { KeyId: KEY } });
    expect(encrypted.isStoppable()).toBe(true);
  });

  it.each<[string, World, string]>([
    ['that is not there', { active: null }, 'not there'],
    ['without backups', { active: { ...ACTIVE, BackupRetentionPeriod: 0 } }, 'without automated backups'],
    ['that is a replica', { active: { ...ACTIVE, ReadReplicaSourceDBInstanceIdentifier: 'other' } }, 'a replica, and no writer'],
    ['that is encrypted, without a key', { active: { ...ACTIVE, StorageEncrypted: true } }, `encrypted, and the runbook names no key in ${SEOUL}`],
    ['that is encrypted, and whose key is not there', { active: { ...ACTIVE, StorageEncrypted: true }, params: { kmsKey: KEY }, key: awsError('NotFoundException', { service: 'kms', operation: 'DescribeKey' }) }, `encrypted, and of the copy its key ${KEY} is not in ${SEOUL}`],
    ['that does not say whether it is encrypted, and whose key is disabled', { active: { ...ACTIVE, StorageEncrypted: undefined }, params: { kmsKey: KEY }, key: { KeyMetadata: { KeyId: '1', KeyState: 'Disabled' } } }, `encrypted, and of the copy its key ${KEY} is Disabled`],
  ])('one %s is refused', async (_what, world, is) => {
    expect(await observed(world)).toMatch(new RegExp(`^archive-tokyo in ${TOKYO} is ${is}`));
  });

  it('the refusal says what stays open', async () => {
    expect(await (await replicate({ active: null })).check()).toEqual({
      state: 'refused',
      refusal: { rule: 'replicate-backups', observed: `archive-tokyo in ${TOKYO} is not there`, threshold: `an instance with backups, and a key of ${SEOUL} under \`kmsKeys\` where it is encrypted`, consequence: 'archive would stay without a copy in another region', override: 'none: turn on its backups, or name the key in the runbook' },
    });
  });
});

describe('the copies', () => {
  const observe = async (backups: object[]) => {
    const step = await replicate({ backups });
    return { seen: await step.observe(), recorded: step.recorded, asked: step.asked, isStoppable: step.isStoppable() };
  };
  const absent = { state: 'absent', because: `${SEOUL} keeps no backups of archive-tokyo` };

  it('protect once the newest restorable time is there, and moves', async () => {
    for (const ageMs of [300_000, 1_800_000]) {
      const { seen, recorded, asked, isStoppable } = await observe([backup(ageMs)]);
      expect(seen).toEqual({ state: 'reached', because: `archive-tokyo can be restored in ${SEOUL} as of ${ageMs / 60_000}m ago` });
      expect(recorded).toEqual({ [`protected.archive.${SEOUL}`]: { id: 'archive-tokyo', lagMs: ageMs, sampledAt: NOW, by: 'backups' } });
      expect(asked).toMatchObject([{ region: SEOUL, input: { Filters: [{ Name: 'db-instance-id', Values: ['archive-tokyo'] }] } }]);
      expect(isStoppable).toBe(true);
    }
  });

  it.each<[string, number | undefined, string]>([
    ['have not arrived', undefined, `the first backup of archive-tokyo is on its way to ${SEOUL}`],
    ['stand still', 1_800_001, `the newest restorable time in ${SEOUL} stands still, 30m old`],
  ])('protect nobody while they %s', async (_what, ageMs, because) => {
    const { seen, recorded } = await observe([backup(ageMs)]);
    expect([seen, recorded]).toEqual([{ state: 'pending', because, waitingFor: 'aws' }, {}]);
  });

  it.each<[string, object]>([
    ['another instance', { DBInstanceArn: `${ARN}-2` }],
    ['an instance of that name elsewhere', { DBInstanceArn: ARN.replace(TOKYO, SEOUL) }],
    ['one that is replicated no more', { Status: 'retained' }],
    ['one that is being deleted', { Status: 'deleting' }],
  ])('of %s do not count', async (_whose, more) => {
    expect((await observe([backup(1, more)])).seen).toEqual(absent);
    expect((await observe([backup(1, more), backup(1)])).seen).toMatchObject({ state: 'reached' });
  });

  it('in a state that AWS does not list are looked at by their time', async () => {
    expect((await observe([backup(1, { Status: 'of-tomorrow' })])).seen).toMatchObject({ state: 'reached' });
    expect((await observe([])).seen).toEqual(absent);
  });
});

describe('the request', () => {
  it('names the instance, the days, and the key where there is one', async () => {
    const step = await replicate();
    await step.act();
    expect(step.changes()).toEqual([{ service: 'rds', operation: 'StartDBInstanceAutomatedBackupsReplication', region: SEOUL, input: { SourceDBInstanceArn: ARN, BackupRetentionPeriod: 7 } }]);
    expect(step.isStoppable()).toBe(true);
    const keyed = await replicate({ params: { kmsKey: KEY } });
    await keyed.act();
    expect(keyed.changes()[0]?.input).toEqual({ SourceDBInstanceArn: ARN, BackupRetentionPeriod: 7, KmsKeyId: KEY });
  });

  it('that an earlier attempt has made is looked at; any other refusal is an error', async () => {
    const answers = (error: Error) => ({ answers: { StartDBInstanceAutomatedBackupsReplication: error } });
    const at = { service: 'rds', operation: 'StartDBInstanceAutomatedBackupsReplication' } as const;
    await expect((await replicate(answers(awsError('InvalidDBInstanceAutomatedBackupStateFault', at)))).act()).resolves.toBeUndefined();
    const denied = awsError('AccessDenied', at);
    await expect((await replicate(answers(denied))).act()).rejects.toBe(denied);
    const defect = Object.assign(new TypeError('a defect'), { code: 'InvalidDBInstanceAutomatedBackupState' });
    await expect((await replicate(answers(defect))).act()).rejects.toBe(defect);
  });

  it('is none of an instance that is not there, or does not show its ARN', async () => {
    for (const active of [null, { ...ACTIVE, DBInstanceArn: undefined }]) {
      const step = await replicate({ active });
      await expect(step.act()).rejects.toThrow(`archive-tokyo is not in ${TOKYO}`);
      expect(step.changes()).toEqual([]);
    }
  });
});

describe('at the end of the run', () => {
  it('the copies are those of a writer still', async () => {
    const holds = async (active: object) => (await replicate({ active, backups: [backup(60_000)] })).holds();
    expect(await holds(ACTIVE)).toMatchObject({ state: 'reached', because: `archive-tokyo can be restored in ${SEOUL} as of 1m ago` });
    expect(await holds({ ...ACTIVE, ReadReplicaSourceDBInstanceIdentifier: 'other' })).toEqual({ state: 'impossible', because: 'archive-tokyo is a replica' });
    expect(await holds({ ...ACTIVE, DBInstanceStatus: 'stopped' })).toMatchObject({ state: 'pending' });
  });
});

describe('the step', () => {
  const ctx = { account: '111122223333' } as PlanContext;
  const make = (key?: string) => replicateStep(ctx, { name: 'archive', region: TOKYO, id: 'archive-tokyo' }, { name: 'archive', region: SEOUL, id: 'archive' }, 7, key);
  const there = (part: string) => `arn:aws:rds:${SEOUL}:111122223333:${part}`;
  const rights = [
    { actions: ['rds:DescribeDBInstances'], resources: [ARN] },
    { actions: ['rds:StartDBInstanceAutomatedBackupsReplication'], resources: [ARN, there('auto-backup:*')] },
    { actions: ['rds:DescribeDBInstanceAutomatedBackups'], resources: [there('auto-backup:*'), there('db:*')] },
  ];

  it('has the rights that it needs, and those to a key where there is one', () => {
    expect(make()).toEqual({
      step: 'replicate',
      phase: 'data',
      reversibility: 'compensable',
      title: `Replicate the backups of archive-tokyo to ${SEOUL}, until they arrive`,
      params: PARAMS,
      controlPlanes: [`rds@${SEOUL}`],
      permissions: rights,
      estimate: { p50: 1200, p95: 7200, basis: 'the first snapshot and its copy; grows with the volume' },
      limitMs: 24 * 3_600_000,
      changes: [{ resource: `rds:${SEOUL}:archive-tokyo`, field: 'replicated backups', before: 'none', after: '7 days' }],
    });
    const keyed = make(KEY);
    expect(keyed.params).toEqual({ ...PARAMS, kmsKey: KEY });
    expect(keyed.permissions).toEqual([...rights, { actions: ['kms:DescribeKey', 'kms:CreateGrant'], resources: [KEY], conditions: { StringEquals: { 'kms:ViaService': [`rds.${SEOUL}.amazonaws.com`] } } }, { actions: ['kms:DescribeKey'], resources: [KEY] }]);
  });
});
