import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { LIMITS } from '../../../src/base/limits.ts';
import { keepOldStep } from '../../../src/kinds/databases/keep-old.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, SEOUL, stepOf, TOKYO } from '../context.ts';
import { type Answer, awsError, type Call, type Shown, smallRds } from './small-rds.ts';

/* The old instance gets another name and is kept: which name that is, when it has it, and how the name is given back. */

const WRITER = `arn:aws:rds:${TOKYO}:111122223333:db:new`;
const CLOSED = 'sg-0aaaaaaaaaaaaaaaa';
const SETTINGS = { instanceClass: 'db.r6g.large', securityGroups: ['sg-0bbbbbbbbbbbbbbbb'], multiAz: true, publiclyAccessible: false, deletionProtection: false };
const old = (more: object = {}) => ({ DBInstanceIdentifier: 'old', DBInstanceStatus: 'available', DBInstanceClass: 'db.t4g.small', MultiAZ: true, PubliclyAccessible: false, DeletionProtection: false, VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-0cccccccccccccccc' }], ...more });
const kept = (more: object = {}) => old({ DBInstanceIdentifier: 'kept', ...more });
const there = (...instances: object[]): Shown => ({ instances: { [SEOUL]: instances, [TOKYO]: [{ DBInstanceIdentifier: 'new', DBInstanceStatus: 'available' }] } });
const STANDBY = `standby.orders.${SEOUL}`;
const chosen = (name: string | null): Record<string, Json> => ({ [STANDBY]: { kept: name, settings: SETTINGS } });
const KEPT: Record<string, Json> = { ...chosen('kept'), [`kept.orders.${SEOUL}`]: 'kept' };
const RENAME = { DBInstanceIdentifier: 'old', NewDBInstanceIdentifier: 'kept', ApplyImmediately: true };

const BOTH = { 'rds-read-replica': { writer: WRITER }, 'rds-backup': { active: { region: TOKYO, id: 'new' } } };
type Kind = keyof typeof BOTH;
const KINDS = Object.keys(BOTH) as Kind[];

async function keeping(kind: Kind, shown: Shown, facts: Record<string, Json> = {}, { params = {}, ...at }: { params?: Record<string, Json> } & AtHand = {}) {
  const { aws, asked } = smallRds(shown);
  const step = await stepOf(`${kind}.keepOld`, { name: 'orders', region: SEOUL, id: 'old', ...BOTH[kind], ...params }, { ...at, facts, effects: { aws } });
  return { ...step, asked };
}

describe.each(KINDS)('%s: the old instance', (kind) => {
  it.each<[string, Shown, object]>([
    ['has its old name still', there(old()), { state: 'absent' }],
    ['is busy', there(old({ DBInstanceStatus: 'renaming' })), { state: 'pending', because: 'old is renaming' }],
    ['is stopped', there(old({ DBInstanceStatus: 'stopped' })), { state: 'impossible', because: 'old is stopped: only an available instance can be renamed' }],
    ['has its new name', there(kept()), { state: 'reached', because: 'old is kept as kept' }],
    ['serves under its new name, although something is under way', there(kept({ DBInstanceStatus: 'backing-up' })), { state: 'reached', because: 'old is kept as kept' }],
    ['restarts under its new name', there(kept({ DBInstanceStatus: 'rebooting' })), { state: 'pending', because: 'kept is rebooting', waitingFor: 'aws' }],
    ['does not serve under its new name', there(kept({ DBInstanceStatus: 'storage-full' })), { state: 'pending', because: 'kept is storage-full', waitingFor: 'aws' }],
    ['is not seen under either', there(), { state: 'pending', because: 'kept is not seen yet', waitingFor: 'aws' }],
  ])('%s', async (_what, shown, seen) => {
    expect(await (await keeping(kind, shown, KEPT)).observe()).toMatchObject(seen);
  });

  it('gets the name that was chosen, and none where none was', async () => {
    const step = await keeping(kind, there(old()), KEPT);
    await step.act();
    expect(step.asked('ModifyDBInstance')).toEqual([RENAME]);
    await expect((await keeping(kind, there(old()))).act()).rejects.toThrow('no name was chosen for old');
  });

  it('a name that AWS says is taken is most likely its own, and the refusal counts; any other no is one', async () => {
    const step = await keeping(kind, { answers: { ModifyDBInstance: awsError('ModifyDBInstance', 'DBInstanceAlreadyExistsFault', SEOUL, 400) } }, KEPT);
    await step.act();
    expect(step.recorded).toMatchObject({ [`refused.${SEOUL}.old`]: { times: 1 } });
    await expect((await keeping(kind, { answers: { ModifyDBInstance: awsError('ModifyDBInstance', 'AccessDenied', SEOUL, 403) } }, KEPT)).act()).rejects.toMatchObject({ code: 'AccessDenied' });
    await expect((await keeping(kind, { answers: { ModifyDBInstance: new Error('a defect: DBInstanceAlreadyExists') } }, KEPT)).act()).rejects.toThrow('a defect');
  });

  it('what AWS refuses is said', async () => {
    const refused = { ...KEPT, [`refused.${SEOUL}.old`]: { words: 'said AWS', times: 1, since: 0, last: 0 } };
    expect(await (await keeping(kind, there(old()), refused)).observe()).toMatchObject({ state: 'absent', because: expect.stringContaining(', and AWS refuses to rename it: said AWS') as string });
  });

  it('with its new name no session lives: where it was closed, it is fenced', async () => {
    const clock = new VirtualClock();
    const step = await keeping(kind, there(kept()), { ...KEPT, 'fence.orders': { verdict: 'closed', because: 'closed', at: 1 } }, { clock });
    await step.observe();
    expect(step.recorded).toEqual({ 'fence.orders': { verdict: 'fenced', because: 'closed, and its new name took a restart, which ended every session', at: clock.now() } });
    const open = await keeping(kind, there(kept()), KEPT, { clock });
    await open.observe();
    expect(open.recorded).toEqual({});
  });

  it('without a quarantine group a warning says so', async () => {
    const open = await (await keeping(kind, there())).check();
    expect(open).toMatchObject({
      state: 'ok',
      warnings: [{ rule: 'no-quarantine', observed: `the old old takes writes from anyone who learns its new name: the runbook names no fence.quarantine for ${SEOUL}`, wanted: 'a security group without rules, that cuts the old writer off', mend: `name fence: { quarantine: { ${SEOUL}: sg-… } } for orders in the runbook` }],
    });
    expect(await (await keeping(kind, there(), {}, { params: { quarantine: CLOSED } })).check()).not.toHaveProperty('warnings');
  });
});

/** Renames as AWS does: the new name shows once it was asked for. */
function renaming(from: string): { shown: Shown; world: { name: string; status: string } } {
  const world = { name: from, status: 'available' };
  const DescribeDBInstances = ({ input }: Call): Answer => (input['DBInstanceIdentifier'] === world.name ? { DBInstances: [{ DBInstanceIdentifier: world.name, DBInstanceStatus: world.status }] } : awsError('DescribeDBInstances', 'DBInstanceNotFound', SEOUL, 404));
  const ModifyDBInstance = ({ input }: Call): Answer => {
    world.name = String(input['NewDBInstanceIdentifier']);
    return { DBInstance: { DBInstanceIdentifier: world.name } };
  };
  return { shown: { answers: { DescribeDBInstances, ModifyDBInstance } }, world };
}

describe.each(KINDS)('%s: taken back', (kind) => {
  it('nothing is done where no name was chosen', async () => {
    const step = await keeping(kind, there(old()));
    await step.undo();
    expect(step.calls()).toEqual([]);
  });

  it('the old name is given back, and it is looked at until it serves', async () => {
    const { shown } = renaming('kept');
    const step = await keeping(kind, shown, KEPT);
    await step.undo();
    expect(step.asked('ModifyDBInstance')).toEqual([{ DBInstanceIdentifier: 'kept', NewDBInstanceIdentifier: 'old', ApplyImmediately: true }]);
    expect(step.waits().map(({ cause, from, to }) => [cause, to - from])).toEqual([['aws', LIMITS.pollMaxMs]]);
  });

  it('what was not renamed stays as it is', async () => {
    const step = await keeping(kind, there(old()), KEPT);
    await step.undo();
    expect(step.asked('ModifyDBInstance')).toEqual([]);
    expect(step.waits()).toEqual([]);
  });

  it.each([
    ['renamed while busy: asked for its name only once it is available', 'kept', 1],
    ['restarting under its old name: that is no other one, and nothing is asked', 'old', 0],
  ] as const)('%s', async (_, named, asked) => {
    const { shown, world } = renaming(named);
    world.status = 'rebooting';
    const step = await keeping(kind, shown, KEPT);
    const began = step.clock.now();
    step.clock.alarm(60_000, () => {
      world.status = 'available';
    });
    await step.undo();
    expect(step.asked('ModifyDBInstance')).toHaveLength(asked);
    expect(step.clock.now() - began).toBeGreaterThanOrEqual(60_000);
  });

  it('not where another one has the old name', async () => {
    const by = kind === 'rds-read-replica' ? ' by the new replica' : '';
    await expect((await keeping(kind, there(old(), kept()), KEPT)).undo()).rejects.toThrow(new Error(`the name old is taken${by}; the old instance stays kept`));
  });
});

describe('of a replicated database', () => {
  it('the name is chosen once, and the settings that were seen first stay', async () => {
    const taken = old({ DBInstanceIdentifier: 'old-old-20260101' });
    const step = await keeping('rds-read-replica', there(old(), taken), chosen(null), { clock: new VirtualClock(Date.parse('2026-01-01T10:00:00Z')) });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'old has the name that the new replica needs' });
    expect(step.recorded).toEqual(chosen('old-old-20260101-2'));
    const first = await keeping('rds-read-replica', there(old()), {}, { clock: new VirtualClock(Date.parse('2026-01-01T10:00:00Z')) });
    await first.observe();
    expect(first.recorded).toMatchObject({ [STANDBY]: { kept: 'old-old-20260101', settings: { instanceClass: 'db.t4g.small' } } });
  });

  it('no name is chosen before AWS shows all that the new replica is to have', async () => {
    const pending = (name: string) => ({ state: 'pending', because: `AWS does not show MultiAZ of ${name}, which the new replica is to have`, waitingFor: 'aws' });
    for (const name of ['old', 'old-old-20251231']) {
      const step = await keeping('rds-read-replica', there(old({ DBInstanceIdentifier: name, MultiAZ: undefined })));
      expect(await step.observe()).toEqual(pending(name));
      expect(step.recorded).toEqual({});
    }
  });

  it('what was written down before it was closed stays, also where another run has renamed it since', async () => {
    const closed = old({ DBInstanceIdentifier: 'old-old-20251231', VpcSecurityGroups: [{ VpcSecurityGroupId: CLOSED }] });
    const step = await keeping('rds-read-replica', there(closed), chosen(null), { params: { quarantine: CLOSED } });
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    expect(step.recorded).toEqual(chosen('old-old-20251231'));
  });

  it('the new replica has the name: it is done', async () => {
    const step = await keeping('rds-read-replica', there(old({ ReadReplicaSourceDBInstanceIdentifier: WRITER, DBInstanceStatus: 'creating' })), KEPT);
    expect(await step.observe()).toEqual({ state: 'reached', because: 'old follows the writer already' });
    expect(step.recorded).toEqual({});
    expect(await step.check()).toMatchObject({ state: 'ok', because: 'the gate has looked at it' });
  });

  it('what an earlier run has kept is found, with its settings; where there is none nothing can be rebuilt', async () => {
    const before = await keeping('rds-read-replica', there(old({ DBInstanceIdentifier: 'old-old-20251231' })));
    expect(await before.observe()).toEqual({ state: 'reached', because: 'old is kept as old-old-20251231' });
    expect(before.recorded).toMatchObject({ [STANDBY]: { kept: 'old-old-20251231', settings: { instanceClass: 'db.t4g.small' } } });
    expect(await (await keeping('rds-read-replica', there())).observe()).toEqual({ state: 'impossible', because: `there is neither old nor a kept one in ${SEOUL}` });
  });
});

describe('of a database that was restored elsewhere', () => {
  it('the name is chosen once', async () => {
    const step = await keeping('rds-backup', there(old()), {}, { clock: new VirtualClock(Date.parse('2026-01-01T10:00:00Z')) });
    expect(await step.observe()).toEqual({ state: 'absent', because: `old in ${SEOUL} has the name that the next restore needs` });
    expect(step.recorded).toEqual({ [`kept.orders.${SEOUL}`]: 'old-old-20260101' });
    const again = await keeping('rds-backup', there(old()), KEPT);
    await again.observe();
    expect(again.recorded).toEqual({ [`kept.orders.${SEOUL}`]: 'kept' });
  });

  it('where there is none, its name is free', async () => {
    expect(await (await keeping('rds-backup', there())).observe()).toEqual({ state: 'reached', because: `the name old is free in ${SEOUL}` });
  });

  it.each<[string, object | undefined, string]>([
    ['is not there', undefined, 'not there'],
    ['may not take writes', { DBInstanceStatus: 'rebooting' }, 'rebooting'],
    ['is stopped', { DBInstanceStatus: 'stopped' }, 'stopped'],
  ])('it is kept from nobody while the active one %s', async (_what, active, is) => {
    const shown: Shown = { instances: { [TOKYO]: active === undefined ? [] : [{ DBInstanceIdentifier: 'new', ...active }] } };
    expect(await (await keeping('rds-backup', shown)).check()).toEqual({
      state: 'refused',
      refusal: { rule: 'keep-old', observed: `new in ${TOKYO} is ${is}`, threshold: 'an active instance that takes writes', consequence: `old in ${SEOUL} may be the only one that holds the data in use`, override: 'none: wait until the active instance is available' },
    });
    expect(await (await keeping('rds-backup', there())).check()).toMatchObject({ state: 'ok', because: `new in ${TOKYO} is available` });
  });
});

it('in a plan it comes after the quarantine, and says where there is none', () => {
  const rights = { params: { a: 1 }, permissions: [] };
  const database = { name: 'orders', region: SEOUL, id: 'old' };
  const draft = {
    ...rights,
    step: 'keepOld',
    phase: 'fence',
    after: ['closeOld'],
    reversibility: 'compensable',
    title: `Rename the old old in ${SEOUL}, and keep it`,
    controlPlanes: [`rds@${SEOUL}`],
    estimate: { p50: 120, p95: 600, basis: 'a new name takes a restart' },
    limitMs: 3_600_000,
    changes: [{ resource: `rds:${SEOUL}:old`, field: 'DBInstanceIdentifier', before: 'old', after: 'old-old-YYYYMMDD' }],
  };
  expect(keepOldStep(database, CLOSED, rights)).toEqual(draft);
  expect(keepOldStep(database, undefined, rights)).toEqual({ ...draft, after: [], title: `${draft.title} (open: the runbook names no quarantine group)` });
});
