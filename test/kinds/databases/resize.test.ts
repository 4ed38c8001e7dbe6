import { describe, expect, it } from 'vitest';
import { resizeStep } from '../../../src/kinds/databases/resize.ts';
import type { PlanContext } from '../../../src/model/kind.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { type AtHand, noInstance, stepOf, TOKYO } from '../context.ts';
import { awsError, portOf } from '../port.ts';

/* The class of a standby is changed before users come, and given back when a run is taken back. */

const PARAMS = { name: 'orders', region: TOKYO, id: 'orders-tokyo', to: 'db.r6g.xlarge' };
const SMALL = { DBInstanceIdentifier: 'orders-tokyo', DBInstanceStatus: 'available', DBInstanceClass: 'db.r6g.large', Engine: 'postgres', EngineVersion: '16.4', AvailabilityZone: 'a', SecondaryAvailabilityZone: 'b', MultiAZ: true, StorageType: 'gp3' };
const LARGE = { ...SMALL, DBInstanceClass: 'db.r6g.xlarge' };
const OFFER = { Engine: 'postgres', EngineVersion: '16.4', DBInstanceClass: 'db.r6g.xlarge', MultiAZCapable: true, StorageType: 'gp3', AvailabilityZones: [{ Name: 'a' }, { Name: 'b' }] };
const REFUSED = `refused.${TOKYO}.orders-tokyo`;

interface World extends AtHand {
  instance?: object | null;
  offers?: object[] | Error;
  answers?: Parameters<typeof portOf>[0];
}

async function resize({ instance = SMALL, offers = [OFFER], answers = {}, ...at }: World = {}) {
  const port = portOf({ DescribeDBInstances: instance === null ? noInstance(TOKYO) : { DBInstances: [instance] }, DescribeOrderableDBInstanceOptions: offers instanceof Error ? offers : { OrderableDBInstanceOptions: offers }, ...answers });
  return { ...(await stepOf('rds-read-replica.resize', PARAMS, { ...at, effects: { aws: port.aws } })), ...port };
}

describe('before a run', () => {
  it('the class is one that RDS offers where the instance is', async () => {
    const step = await resize();
    expect(await step.check()).toEqual({ state: 'ok', because: 'orders-tokyo has the class db.r6g.large' });
    expect(step.asked[1]).toMatchObject({ operation: 'DescribeOrderableDBInstanceOptions', region: TOKYO, input: { Engine: 'postgres', EngineVersion: '16.4', DBInstanceClass: 'db.r6g.xlarge' } });
    expect(step.isStoppable()).toBe(true);
  });

  it.each<[string, object[], string]>([
    ['not at all', [], `RDS does not offer db.r6g.xlarge for postgres 16.4 in ${TOKYO}`],
    ['not in its zones', [{ ...OFFER, AvailabilityZones: [{ Name: 'c' }] }], 'db.r6g.xlarge'],
    ['not over two zones', [{ ...OFFER, MultiAZCapable: false }], 'db.r6g.xlarge'],
    ['not with its storage', [{ ...OFFER, StorageType: 'io1' }], 'db.r6g.xlarge'],
  ])('a class that RDS offers %s is refused: after the line it would stop the recovery', async (_what, offers, observed) => {
    expect(await (await resize({ offers })).check()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'instance-class',
        observed: expect.stringContaining(observed) as string,
        threshold: 'a class that RDS offers where orders-tokyo is',
        consequence: 'AWS refuses to change orders-tokyo, and the recovery stops there',
        override: `none: name another one: instanceClass: { active: … } of orders in the runbook. aws rds describe-orderable-db-instance-options --region ${TOKYO} --engine postgres shows what there is`,
      },
    });
  });

  it('one zone is enough for an instance of one zone', async () => {
    expect(await (await resize({ instance: { ...SMALL, MultiAZ: false, SecondaryAvailabilityZone: undefined }, offers: [{ ...OFFER, MultiAZCapable: false, AvailabilityZones: [{ Name: 'a' }] }] })).check()).toMatchObject({ state: 'ok' });
  });

  it('where AWS does not tell, it is warned of', async () => {
    expect(await (await resize({ offers: awsError('AccessDenied', { service: 'rds' }) })).check()).toMatchObject({ state: 'ok', because: 'orders-tokyo has the class db.r6g.large', warnings: [{ rule: 'offer-unknown' }] });
    expect(await (await resize({ instance: { ...SMALL, DBInstanceClass: undefined } })).check()).toEqual({ state: 'ok', because: 'orders-tokyo has the class unknown' });
  });

  it('what AWS makes together with it is warned of', async () => {
    const waits = (PendingModifiedValues: object) => resize({ instance: { ...SMALL, PendingModifiedValues } });
    expect(await (await waits({ EngineVersion: '17.2', MultiAZ: true, DBInstanceClass: 'db.r6g.xlarge' })).check()).toEqual({
      state: 'ok',
      because: 'orders-tokyo has the class db.r6g.large',
      warnings: [{
        rule: 'pending-changes',
        observed: 'orders-tokyo has changes that wait for its maintenance window: EngineVersion 17.2, MultiAZ true; AWS makes them together with the class db.r6g.xlarge, and the recovery waits for all of them',
        wanted: 'no pending change',
        mend: `aws rds modify-db-instance --region ${TOKYO} --db-instance-identifier orders-tokyo --apply-immediately, in a quiet hour`,
        page: expect.stringContaining('ApplyImmediately') as string,
      }],
    });
    // Where it has the class, nothing is asked for.
    expect(await (await resize({ instance: { ...LARGE, PendingModifiedValues: { MultiAZ: true } } })).check()).toEqual({ state: 'ok', because: 'orders-tokyo has the class db.r6g.xlarge' });
    expect(await (await waits({ DBInstanceClass: 'db.r6g.xlarge' })).check()).toEqual({ state: 'ok', because: 'orders-tokyo has the class db.r6g.large' });
  });

  it('what has the class already is not asked for', async () => {
    const step = await resize({ instance: LARGE, offers: [] });
    expect(await step.check()).toEqual({ state: 'ok', because: 'orders-tokyo has the class db.r6g.xlarge' });
    expect(step.asked).toHaveLength(1);
  });

  it('what is not there is refused', async () => {
    expect(await (await resize({ instance: null })).check()).toEqual({ state: 'refused', refusal: { rule: 'replica-usable', observed: `orders-tokyo is not in ${TOKYO}`, threshold: 'an instance whose class can be changed', consequence: 'there is nothing that could be made larger', override: `none: aws rds describe-db-instances --region ${TOKYO}` } });
  });
});

describe('the class', () => {
  it.each(['storage-optimization', 'backing-up', 'maintenance'])('is asked for while the instance is %s, which may last; where AWS refuses, that is waited out', async (DBInstanceStatus) => {
    const busy = (more: object = {}) => ({ ...SMALL, DBInstanceStatus, ...more });
    expect(await (await resize({ instance: busy() })).observe()).toEqual({ state: 'absent', because: 'orders-tokyo has the class db.r6g.large' });
    expect(await (await resize({ instance: busy({ DBInstanceClass: 'db.r6g.xlarge' }) })).observe()).toEqual({ state: 'reached', because: 'orders-tokyo has the class db.r6g.xlarge' });
    const refusedNow = (last: number) => ({ [REFUSED]: { words: 'said AWS', times: 5, since: last, last } });
    const step = await resize({ instance: busy(), facts: refusedNow(new VirtualClock().now()) });
    expect(await step.observe()).toEqual({ state: 'pending', because: `orders-tokyo is ${DBInstanceStatus}, and AWS refuses to change it: said AWS`, waitingFor: 'aws', reason: 'said AWS' });
    await step.clock.run(() => step.clock.sleep(300_000));
    expect(await step.observe()).toMatchObject({ state: 'absent' });
  });

  it.each(['rebooting', 'modifying', 'storage-full'])('is not asked for while the instance is %s', async (DBInstanceStatus) => {
    expect((await (await resize({ instance: { ...SMALL, DBInstanceStatus } })).observe()).state).not.toBe('absent');
    expect((await (await resize({ instance: { ...LARGE, DBInstanceStatus } })).observe()).state).not.toBe('reached');
  });

  it('that this run has asked for is on its way; one that waits for the maintenance window is asked for', async () => {
    const instance = { ...SMALL, PendingModifiedValues: { DBInstanceClass: 'db.r6g.xlarge' } };
    expect(await (await resize({ instance })).observe()).toEqual({ state: 'absent', because: 'orders-tokyo has the class db.r6g.large' });
    const step = await resize({ instance, intends: [`rds:${TOKYO}:orders-tokyo DBInstanceClass`] });
    for (let seconds = 0; seconds < 300; seconds += 30) {
      expect(await step.observe()).toEqual({ state: 'pending', because: 'orders-tokyo gets the class db.r6g.xlarge', waitingFor: 'aws' });
      await step.clock.run(() => step.clock.sleep(30_000));
    }
    expect(await step.observe()).toMatchObject({ state: 'absent' });
  });

  it.each<[string, object | null, object]>([
    ['is as wanted', LARGE, { state: 'reached', because: 'orders-tokyo has the class db.r6g.xlarge' }],
    ['is changed while the instance restarts', { ...LARGE, DBInstanceStatus: 'modifying' }, { state: 'pending', because: expect.stringContaining('orders-tokyo is modifying') as string, waitingFor: 'aws' }],
    ['of what has failed is none', { ...SMALL, DBInstanceStatus: 'failed' }, { state: 'impossible', because: expect.stringContaining('orders-tokyo is failed') as string }],
    ['of what is not there is none', null, { state: 'impossible', because: `orders-tokyo is not in ${TOKYO}` }],
  ])('%s: nothing is to be changed', async (_what, instance, seen) => {
    const step = await resize({ instance });
    expect(await step.observe()).toEqual(seen);
    expect(step.recorded).toEqual({});
  });

  it.each<[object, string]>([[SMALL, 'db.r6g.large'], [{ ...SMALL, DBInstanceClass: undefined }, 'unknown'], [{ ...SMALL, PendingModifiedValues: { DBInstanceClass: 'db.r6g.2xlarge' } }, 'db.r6g.large']])('is another one: what it was is written down before the change', async (instance, has) => {
    const step = await resize({ instance });
    expect(await step.observe()).toEqual({ state: 'absent', because: `orders-tokyo has the class ${has}` });
    expect(step.recorded).toEqual({ 'class.orders.before': has });
  });

  it('is changed at once, by one request; what AWS refused before is said', async () => {
    const step = await resize({ facts: { [REFUSED]: { words: 'it is being backed up', times: 1, since: 0, last: 0 } } });
    expect(await step.observe()).toMatchObject({ state: 'absent', because: 'orders-tokyo has the class db.r6g.large, and AWS refuses to change it: it is being backed up' });
    await step.act();
    expect(step.changes()).toEqual([{ service: 'rds', operation: 'ModifyDBInstance', region: TOKYO, input: { DBInstanceIdentifier: 'orders-tokyo', DBInstanceClass: 'db.r6g.xlarge', ApplyImmediately: true } }]);
    expect(step.isStoppable()).toBe(true);
  });
});

describe('what is taken back', () => {
  it('is the class of before: asked for once the instance is available, and looked at until it has it', async () => {
    const shown: object[] = [{ ...LARGE, DBInstanceStatus: 'modifying' }, LARGE, { ...SMALL, DBInstanceStatus: 'modifying' }, SMALL];
    let looks = 0;
    const step = await resize({ facts: { 'class.orders.before': 'db.r6g.large' }, answers: { DescribeDBInstances: () => ({ DBInstances: [shown[looks++] ?? SMALL] }) } });
    await step.undo();
    expect(looks).toBe(4);
    expect(step.changes()).toEqual([{ service: 'rds', operation: 'ModifyDBInstance', region: TOKYO, input: { DBInstanceIdentifier: 'orders-tokyo', DBInstanceClass: 'db.r6g.large', ApplyImmediately: true } }]);
    expect([step.waits().map(({ cause }) => cause), step.isStoppable()]).toEqual([['aws'], true]);
  });

  it('is nothing where it has that class, or where nobody knows which', async () => {
    const had = await resize({ facts: { 'class.orders.before': 'db.r6g.large' } });
    await had.undo();
    expect([had.changes(), had.waits()]).toEqual([[], []]);
    await expect((await resize({ instance: LARGE })).undo()).rejects.toThrow('the class that orders-tokyo had is not known');
    await expect((await resize({ instance: null, facts: { 'class.orders.before': 'db.r6g.large' } })).undo()).rejects.toThrow(`orders-tokyo is not in ${TOKYO} any more`);
  });
});

it('the step has the rights to that instance, and can be taken back', () => {
  const ctx = { account: '111122223333' } as PlanContext;
  expect(resizeStep(ctx, { name: 'orders', region: TOKYO, id: 'orders-tokyo' }, 'db.r6g.large', 'db.r6g.xlarge')).toEqual({
    step: 'resize',
    phase: 'compute',
    reversibility: 'compensable',
    title: 'Give orders-tokyo the class db.r6g.xlarge',
    params: PARAMS,
    controlPlanes: [`rds@${TOKYO}`],
    permissions: [{ actions: ['rds:DescribeDBInstances', 'rds:ModifyDBInstance'], resources: [`arn:aws:rds:${TOKYO}:111122223333:db:orders-tokyo`] }, { actions: ['rds:DescribeOrderableDBInstanceOptions'], resources: ['*'] }],
    estimate: { p50: 420, p95: 1200, basis: 'a change of class with a restart; Multi-AZ is faster' },
    limitMs: 3_600_000,
    changes: [{ resource: `rds:${TOKYO}:orders-tokyo`, field: 'DBInstanceClass', before: 'db.r6g.large', after: 'db.r6g.xlarge' }],
  });
});
