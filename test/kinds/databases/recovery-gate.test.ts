import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { carriesToken, readChoice } from '../../../src/kinds/databases/recovery-gate.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, noInstance, SEOUL, stepOf, TOKYO } from '../context.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const MINUTE = 60_000;
const PARAMS = { name: 'documents', region: TOKYO, id: 'archive-tokyo', source: { region: SEOUL, id: 'archive' } };
const POINT = { method: 'restorable-time', from: 'arn:backup', sourceRegion: SEOUL, at: NOW - 9 * MINUTE };
const CHOSEN: Record<string, Json> = { 'recovery.documents': { point: POINT, token: 'cafe' } };

interface Found {
  /** Minutes since the newest restorable time. */
  latest?: number | undefined;
  /** Minutes since the snapshots. */
  snapshots?: readonly number[];
  broken?: boolean;
  /** The account from which the snapshots were copied. */
  from?: string;
  /** Tags of the instance in the region of the restore. */
  tags?: Record<string, string>;
}

async function gate(kind: 'recoveryGate' | 'caughtUp', { latest, snapshots = [], broken = false, from = '111122223333', tags }: Found, at: AtHand = {}) {
  const backup = {
    DBInstanceArn: `arn:aws:rds:${SEOUL}:111122223333:db:archive`,
    DBInstanceAutomatedBackupsArn: 'arn:backup',
    Status: broken ? 'creating' : 'active',
    RestoreWindow: { LatestTime: new Date(NOW - (latest ?? 0) * MINUTE) },
  };
  const answers: Record<string, object> = {
    DescribeDBInstanceAutomatedBackups: { DBInstanceAutomatedBackups: latest === undefined && !broken ? [] : [backup] },
    DescribeDBSnapshots: {
      // Copied a minute ago, of data that is older: its age is that of the data.
      DBSnapshots: snapshots.map((age, i) => ({ DBSnapshotIdentifier: `snap-${i}`, DBSnapshotArn: `arn:aws:rds:${TOKYO}:111122223333:snapshot:snap-${i}`, SourceDBSnapshotIdentifier: `arn:aws:rds:${SEOUL}:${from}:snapshot:x`, DBInstanceIdentifier: 'archive', SourceRegion: SEOUL, Status: 'available', SnapshotCreateTime: new Date(NOW - MINUTE), OriginalSnapshotCreateTime: new Date(NOW - age * MINUTE + 1), SnapshotDatabaseTime: new Date(NOW - age * MINUTE) })),
    },
    ...(tags === undefined ? {} : { DescribeDBInstances: { DBInstances: [{ DBInstanceIdentifier: 'archive-tokyo', TagList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }] } }),
  };
  const aws = { call: ({ operation }: { operation: string }) => (operation in answers ? Promise.resolve({ output: answers[operation], requestId: undefined }) : Promise.reject(noInstance(TOKYO))) };
  const params = kind === 'recoveryGate' ? { ...PARAMS, rpoMs: 30 * MINUTE } : PARAMS;
  return stepOf(`rds-backup.${kind}`, params, { clock: new VirtualClock(NOW), effects: { aws } as never, ...at });
}

describe('the recovery point that is chosen', () => {
  it('is the newest; its age at the outage is the loss, and what runs knows it again by its token', async () => {
    const step = await gate('recoveryGate', { latest: 5, snapshots: [60] }, { impactAt: NOW - 2 * MINUTE });
    const because = `at most 3m of writes would be lost (automated backups of ${SEOUL}, 5m old)`;
    expect(await step.check()).toEqual({ state: 'ok', because });
    expect(step.recorded).toEqual({});
    expect(await step.observe()).toEqual({ state: 'reached', because });
    expect(step.recorded).toEqual({
      'rpo.documents': {
        database: 'documents', method: 'restorable-time', boundMs: 3 * MINUTE, lagMs: undefined, sampledAt: NOW - 5 * MINUTE, ageMs: 5 * MINUTE, outageAt: NOW - 2 * MINUTE, because: 'everything committed before the recovery point is restored',
      },
      'recovery.documents': { point: { ...POINT, at: NOW - 5 * MINUTE }, token: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
    });
  });

  it('is no copy of another account, as long as there is one of this account; and where there is none, a person decides', async () => {
    const other = { snapshots: [1], from: '999988887777' };
    expect(await (await gate('recoveryGate', { ...other, latest: 5 })).check()).toMatchObject({ state: 'ok', because: expect.stringContaining('automated backups') as string });
    const proof = 'whose data it holds is not proven: nothing of this account is of the same instance';
    const refused = await (await gate('recoveryGate', other)).check();
    expect(refused).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', observed: `the recovery point of archive is unknown: there is only snapshot snap-0, copied from the account 999988887777, of ${SEOUL}, 1m old, and ${proof}` } });
    const accepted = await gate('recoveryGate', other, { acceptances: { dataLossSeconds: 'unknown', reason: 'our vault' } });
    expect(await accepted.observe()).toMatchObject({ state: 'reached' });
    expect(accepted.recorded).toMatchObject({ 'recovery.documents': { point: { from: 'snap-0', account: '999988887777' } } });
  });

  it('counts up to now where no impact is known, and where the point is younger: the source lived on', async () => {
    const outageOf = async (impactAt?: number) => {
      const step = await gate('recoveryGate', { latest: 5 }, impactAt === undefined ? {} : { impactAt });
      await step.observe();
      return (step.recorded['rpo.documents'] as { outageAt: number }).outageAt - NOW;
    };
    expect(await outageOf()).toBe(0);
    expect(await outageOf(NOW - 6 * MINUTE)).toBe(0);
    expect(await outageOf(NOW - 5 * MINUTE)).toBe(-5 * MINUTE);
    expect(await outageOf(NOW - 4 * MINUTE)).toBe(-4 * MINUTE);
  });

  it('may be a snapshot, and what is of no use is named', async () => {
    const step = await gate('recoveryGate', { broken: true, snapshots: [20, 10] });
    expect(await step.observe()).toEqual({
      state: 'reached',
      because: `at most 10m of writes would be lost (snapshot snap-1 of ${SEOUL}, 10m old; not usable: automated backups of archive in ${SEOUL} are creating)`,
    });
    expect(step.recorded['rpo.documents']).toMatchObject({ method: 'snapshot-time' });
    expect(step.recorded['recovery.documents']).toMatchObject({ point: { method: 'snapshot-time', from: 'snap-1' } });
  });

  it('of a loss above the RPO is none, and the loss is recorded', async () => {
    const step = await gate('recoveryGate', { latest: 31 });
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate' } });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate' } });
    expect(Object.keys(step.recorded)).toEqual(['rpo.documents']);
  });

  it('nothing at all: the loss is unknown', async () => {
    const step = await gate('recoveryGate', {});
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal: { observed: 'the recovery point of archive is unknown: no usable recovery point was found' } });
    expect(step.recorded['rpo.documents']).toMatchObject({ method: 'restorable-time', boundMs: undefined });
    expect(step.recorded).not.toHaveProperty(['recovery.documents']);
  });

  it('chosen again keeps the token of this run', async () => {
    const step = await gate('recoveryGate', { latest: 5, tags: {} }, { facts: CHOSEN });
    await step.observe();
    expect(step.recorded['recovery.documents']).toEqual({ point: { ...POINT, at: NOW - 5 * MINUTE }, token: 'cafe' });
  });
});

describe('a restore that this run has begun', () => {
  const ours = { 'dr:restore': 'cafe', other: 'x' };

  it('is what was chosen: it is not chosen again, and nothing is weighed again', async () => {
    for (const kind of ['recoveryGate', 'caughtUp'] as const) {
      const step = await gate(kind, { tags: ours }, { facts: CHOSEN });
      expect((await step.observe()).state).toBe('reached');
      expect(step.recorded).toEqual({});
    }
    const step = await gate('recoveryGate', { tags: ours }, { facts: CHOSEN });
    expect(await step.check()).toEqual({ state: 'ok', because: 'this run restores archive-tokyo already' });
    expect(await step.observe()).toEqual({ state: 'reached', because: `this run restores archive-tokyo already: automated backups of ${SEOUL}, 9m old` });
    expect(await (await gate('caughtUp', { tags: ours }, { facts: CHOSEN })).observe()).toEqual({ state: 'reached', because: 'this run restores archive-tokyo already' });
  });

  it.each<[string, Record<string, string> | undefined, Record<string, Json>]>([
    ['of another run', { 'dr:restore': 'beef' }, CHOSEN],
    ['of nobody', { other: 'cafe' }, CHOSEN],
    ['that is not there', undefined, CHOSEN],
    ['that this run has not chosen', ours, {}],
  ])('is none %s', async (_what, tags, facts) => {
    const found = tags === undefined ? { latest: 5 } : { latest: 5, tags };
    expect(await (await gate('recoveryGate', found, { facts })).observe()).toMatchObject({ because: `at most 5m of writes would be lost (automated backups of ${SEOUL}, 5m old)` });
  });

  it('is known again by tag and token alone', () => {
    const choice = readChoice({ fact: (name) => CHOSEN[name] }, 'documents');
    expect(choice).toEqual({ point: POINT, token: 'cafe' });
    expect(readChoice({ fact: () => ({ token: 'cafe' }) }, 'documents')).toBeUndefined();
    expect(carriesToken({ TagList: [{ Key: 'dr:restore', Value: 'cafe' }] }, choice)).toBe(true);
    expect(carriesToken({}, choice)).toBe(false);
    expect(carriesToken({ TagList: [{ Key: 'dr:restore', Value: 'cafe' }] }, undefined)).toBe(false);
  });
});

describe('of a switchover', () => {
  const stopped = (minutesAgo: number): Record<string, Json> => ({ 'quiesce.documents': { at: '100', since: NOW - minutesAgo * MINUTE } });

  it('needs backups that move; a snapshot does not', async () => {
    expect(await (await gate('caughtUp', { latest: 5, snapshots: [1] })).check()).toEqual({ state: 'ok', because: `automated backups of ${SEOUL}, 5m old` });
  });

  it('waits until they are surely past the last write, whatever the clocks say', async () => {
    expect(await (await gate('caughtUp', { latest: 0 }, { facts: stopped(0) })).observe()).toMatchObject({ state: 'pending', waitingFor: 'aws' });
    expect(await (await gate('caughtUp', { latest: 12 }, { facts: stopped(10) })).observe()).toMatchObject({
      state: 'pending', because: expect.stringMatching(/^the newest restorable time is \d.* before what is surely after the last write$/) as string,
    });
    expect(await (await gate('caughtUp', { snapshots: [0] }, { facts: stopped(30) })).observe()).toEqual({ state: 'pending', because: 'there is no restorable time', waitingFor: 'aws' });
  });

  it('two seconds past it: so far a clock may be off', async () => {
    const since = (ms: number): Record<string, Json> => ({ 'quiesce.documents': { at: '100', since: NOW - 5 * MINUTE - ms } });
    expect(await (await gate('caughtUp', { latest: 5 }, { facts: since(2_000) })).observe()).toMatchObject({ state: 'reached' });
    expect(await (await gate('caughtUp', { latest: 5 }, { facts: since(1_000) })).observe()).toEqual({
      state: 'pending', because: 'the newest restorable time is 1.0 s before what is surely after the last write', waitingFor: 'aws',
    });
  });

  it('then nothing is lost', async () => {
    const step = await gate('caughtUp', { latest: 5 }, { facts: stopped(60) });
    expect(await step.observe()).toEqual({ state: 'reached', because: `everything written before the writes stopped can be restored: automated backups of ${SEOUL}, 5m old` });
    expect(step.recorded).toMatchObject({
      'rpo.documents': { method: 'restorable-time', boundMs: 0, outageAt: NOW - 60 * MINUTE, sampledAt: NOW - 5 * MINUTE },
      'recovery.documents': { point: { ...POINT, at: NOW - 5 * MINUTE } },
    });
  });

  it('is none where it was not recorded when writes stopped', async () => {
    expect(await (await gate('caughtUp', { latest: 0 })).observe()).toEqual({ state: 'impossible', because: 'it was not recorded when the writes of documents stopped' });
  });
});
