import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { closeOldStep } from '../../../src/kinds/databases/close-old.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, SEOUL, stepOf, TOKYO } from '../context.ts';
import { awsError, type Shown, smallRds } from './small-rds.ts';

/* The old instance goes into quarantine: which one that is, when it counts as closed, and what is written down of it before. */

const CLOSED = 'sg-0aaaaaaaaaaaaaaaa';
const OPEN = 'sg-0bbbbbbbbbbbbbbbb';
const WRITER = `arn:aws:rds:${TOKYO}:111122223333:db:new`;
const group = (id: string, Status = 'active') => ({ VpcSecurityGroupId: id, Status });
const old = (more: object = {}) => ({ DBInstanceIdentifier: 'old', DBInstanceStatus: 'available', DBInstanceClass: 'db.r6g.large', MultiAZ: true, PubliclyAccessible: false, DeletionProtection: false, VpcSecurityGroups: [group(OPEN)], ...more });
const FACT: Json = { kept: 'old-old-1', settings: { instanceClass: 'db.r6g.large', securityGroups: [OPEN], multiAz: true, publiclyAccessible: false, deletionProtection: false } };
const FOUND: Record<string, Json> = { [`closed.orders.${SEOUL}`]: { id: 'old-old-1', groups: [OPEN, 'sg-0cccccccccccccccc'] } };

async function closing(shown: Shown, facts: Record<string, Json> = {}, at: { kind?: string; params?: Record<string, Json> } & AtHand = {}) {
  const { aws, asked, calls } = smallRds(shown);
  const { kind = 'rds-read-replica', params = { writer: WRITER }, ...more } = at;
  const step = await stepOf(`${kind}.closeOld`, { name: 'orders', region: SEOUL, id: 'old', quarantine: CLOSED, ...params }, { ...more, facts, effects: { aws } });
  return { ...step, asked, calls };
}

const there = (...instances: object[]): Shown => ({ instances: { [SEOUL]: instances } });

describe('the old instance of a replicated database', () => {
  it('is closed where it is open; its groups and settings are written down first, for nobody can tell them afterwards', async () => {
    const step = await closing(there(old()));
    expect(await step.check()).toEqual({ state: 'ok', because: 'the gate has looked at it' });
    expect(await step.observe()).toEqual({ state: 'absent', because: `old in ${SEOUL} still lets connections in` });
    expect(step.recorded).toMatchObject({ [`closed.orders.${SEOUL}`]: { id: 'old', groups: [OPEN] }, [`standby.orders.${SEOUL}`]: { kept: null, settings: { instanceClass: 'db.r6g.large', securityGroups: [OPEN] } } });
    await step.act();
    expect(step.asked('ModifyDBInstance')).toEqual([{ DBInstanceIdentifier: 'old', VpcSecurityGroupIds: [CLOSED] }]);
  });

  it('what was written down of it stays', async () => {
    const step = await closing(there(old({ DBInstanceIdentifier: 'old-old-1' })), { [`standby.orders.${SEOUL}`]: FACT });
    expect(await step.observe()).toMatchObject({ state: 'absent', because: `old-old-1 in ${SEOUL} still lets connections in` });
    expect(Object.keys(step.recorded)).toEqual([`closed.orders.${SEOUL}`]);
  });

  it('is not closed before AWS shows all that the new replica is to have: neither "off" nor a default is made of it', async () => {
    const step = await closing(there(old({ MultiAZ: undefined, DeletionProtection: undefined })));
    expect(await step.observe()).toEqual({ state: 'pending', because: 'AWS does not show MultiAZ, DeletionProtection of old, which the new replica is to have', waitingFor: 'aws' });
    expect(step.recorded).toEqual({});
    expect(await (await closing(there(old({ VpcSecurityGroups: undefined })))).observe()).toMatchObject({ because: 'AWS does not show VpcSecurityGroups of old, which the new replica is to have' });
  });

  it('is closed once the group is its only one and in force: that is the verdict on it', async () => {
    const clock = new VirtualClock();
    const because = `old accepts no new connection: its only security group is ${CLOSED}`;
    const step = await closing(there(old({ VpcSecurityGroups: [group(CLOSED)] })), {}, { clock });
    expect(await step.observe()).toEqual({ state: 'reached', because });
    expect(step.recorded).toEqual({ 'fence.orders': { verdict: 'closed', because, at: clock.now() } });
    const applying = await closing(there(old({ VpcSecurityGroups: [group(CLOSED, 'adding')] })));
    expect(await applying.observe()).toEqual({ state: 'pending', because: `${CLOSED} is being applied to old`, waitingFor: 'aws' });
    expect(applying.recorded).toEqual({});
  });

  it('is waited for while something passes, and is for a person where nothing does', async () => {
    expect(await (await closing(there(old({ DBInstanceStatus: 'rebooting' })))).observe()).toEqual({ state: 'pending', because: 'old is rebooting', waitingFor: 'aws' });
    const stopped = await closing(there(old({ DBInstanceStatus: 'stopped' })));
    expect(await stopped.observe()).toEqual({ state: 'impossible', because: 'old is stopped: only an available instance can be put into quarantine' });
    expect(stopped.recorded).toEqual({});
  });

  const follower = old({ ReadReplicaSourceDBInstanceIdentifier: WRITER });
  const kept = old({ DBInstanceIdentifier: 'old-old-20261119', DBInstanceStatus: 'available' });
  it.each<[string, Shown, Record<string, Json>, string]>([
    ['there is none', there(), {}, `there is no old old in ${SEOUL} to close`],
    ['the new replica has its name already', there(follower, kept), {}, `there is no old old in ${SEOUL} to close`],
    ['the new replica has its name, and this run has kept the old one', there(follower, old({ DBInstanceIdentifier: 'old-old-1' })), { [`standby.orders.${SEOUL}`]: FACT }, `old-old-1 in ${SEOUL} still lets connections in`],
    ['this run has chosen no name yet, and an earlier one has kept it', there(kept), { [`standby.orders.${SEOUL}`]: { ...(FACT as object), kept: null } }, `old-old-20261119 in ${SEOUL} still lets connections in`],
    ['an earlier run has kept it', there(kept), {}, `old-old-20261119 in ${SEOUL} still lets connections in`],
    ['this run has kept it, and it is gone', there(kept), { [`standby.orders.${SEOUL}`]: FACT }, `there is no old old in ${SEOUL} to close`],
  ])('is found where %s', async (_what, shown, facts, because) => {
    expect(await (await closing(shown, facts)).observe()).toMatchObject({ because });
  });

  it('is not closed before it was found', async () => {
    await expect((await closing(there(old()))).act()).rejects.toThrow('nothing was found that is to be closed');
  });

  it('stays closed when a run is taken back, and its groups are said', async () => {
    const { kind } = await closing(there());
    const stays = (facts: Record<string, Json>) => kind.stays?.({ fact: (name) => facts[name] }, { name: 'orders', region: SEOUL, id: 'old', writer: WRITER });
    expect(stays(FOUND)).toBe(`old in ${SEOUL} stays in quarantine: open again it would be a second writer. It had ${OPEN}, sg-0cccccccccccccccc; a later dr reprotect takes them from securityGroups: { ${SEOUL}: [${OPEN}, sg-0cccccccccccccccc] } in the runbook`);
    for (const facts of [{}, { [`closed.orders.${SEOUL}`]: { id: 'old', groups: [] } }]) expect(stays(facts)).toContain('It had unknown; ');
  });
});

describe('the old instance of a database that was restored elsewhere', () => {
  const ACTIVE = { DBInstanceIdentifier: 'new', DBInstanceStatus: 'available' };
  const params = { active: { region: TOKYO, id: 'new' } };
  const restored = (olds: readonly object[], shown: Shown = {}, facts: Record<string, Json> = {}) =>
    closing({ groups: { [CLOSED]: { vpc: 'vpc-1' } }, ...shown, instances: { [SEOUL]: olds, [TOKYO]: [ACTIVE], ...shown.instances } }, facts, { kind: 'rds-backup', params });

  it('is closed while another one carries the users', async () => {
    const step = await restored([old()]);
    expect(await step.check()).toEqual({ state: 'ok', because: `new in ${TOKYO} is available` });
    expect(await step.observe()).toMatchObject({ state: 'absent', because: `old in ${SEOUL} still lets connections in` });
    expect(step.recorded).toEqual({ [`closed.orders.${SEOUL}`]: { id: 'old', groups: [OPEN] } });
    await step.act();
    expect(step.asked('ModifyDBInstance')).toEqual([{ DBInstanceIdentifier: 'old', VpcSecurityGroupIds: [CLOSED] }]);
    expect(step.kind.stays?.({ fact: () => undefined }, { name: 'orders', region: SEOUL, id: 'old' })).toContain('stays in quarantine');
  });

  it.each<[string, Shown, object]>([
    ['no other one carries the users', { instances: { [TOKYO]: [] } }, { rule: 'keep-old', observed: `new in ${TOKYO} is not there` }],
    ['it is a member of a cluster', { instances: { [SEOUL]: [old({ DBClusterIdentifier: 'c' })] } }, { rule: 'standby-settings', observed: `old in ${SEOUL} is named under rds-backup, but it is a member of the Multi-AZ DB cluster c` }],
    ['the group lets somebody in', { groups: { [CLOSED]: { inbound: 1 } } }, { rule: 'quarantine', observed: `the security group ${CLOSED} has 1 inbound rule, and keeps nobody out` }],
  ])('is not closed where %s', async (_what, shown, refusal) => {
    expect(await (await restored([old()], shown)).check()).toMatchObject({ state: 'refused', refusal });
  });

  it('is not looked at where no other one carries the users', async () => {
    const { check, calls } = await restored([old()], { instances: { [TOKYO]: [] } });
    await check();
    expect(calls.map(({ region }) => region)).toEqual([TOKYO]);
  });

  it('is found under the name by which this run has kept it; where there is none, there is nothing to close', async () => {
    const kept = { [`kept.orders.${SEOUL}`]: 'old-old-1' };
    expect(await (await restored([old({ DBInstanceIdentifier: 'old-old-1' })], {}, kept)).observe()).toMatchObject({ state: 'absent', because: `old-old-1 in ${SEOUL} still lets connections in` });
    const gone = await restored([old({ DBInstanceIdentifier: 'other' })]);
    expect(await gone.check()).toMatchObject({ state: 'ok' });
    expect(await gone.observe()).toEqual({ state: 'reached', because: `there is no old old in ${SEOUL} to close` });
  });

  it('a region that dies meanwhile is for the next look; a clear no is an error', async () => {
    const dead = await closing({ answers: { ModifyDBInstance: awsError('ModifyDBInstance', 'NoAnswer', SEOUL) } }, FOUND);
    await expect(dead.act()).resolves.toBeUndefined();
    expect(dead.asked('ModifyDBInstance')).toMatchObject([{ DBInstanceIdentifier: 'old-old-1' }]);
    await expect((await closing({ answers: { ModifyDBInstance: awsError('ModifyDBInstance', 'AccessDenied', SEOUL, 403) } }, FOUND)).act()).rejects.toMatchObject({ code: 'AccessDenied' });
  });
});

it('in a plan there is a step for it where the runbook names a group', () => {
  const rights = { params: { a: 1 }, permissions: [] };
  expect(closeOldStep({ name: 'orders', region: SEOUL, id: 'old' }, undefined, rights)).toEqual([]);
  expect(closeOldStep({ name: 'orders', region: SEOUL, id: 'old' }, CLOSED, rights)).toEqual([
    {
      ...rights,
      step: 'closeOld',
      phase: 'fence',
      reversibility: 'compensable',
      title: `Put the old old in ${SEOUL} into quarantine`,
      controlPlanes: [`rds@${SEOUL}`],
      estimate: { p50: 30, p95: 120, basis: 'a change of security groups' },
      limitMs: 1_800_000,
      changes: [{ resource: `rds:${SEOUL}:old`, field: 'VpcSecurityGroups', before: 'as it is', after: CLOSED }],
    },
  ]);
});
