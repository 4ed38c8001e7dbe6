import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leaseAll, lockName, resourceLocks } from '../../src/app/locks.ts';
import { DrError } from '../../src/base/errors.ts';
import { Journal } from '../../src/journal/journal.ts';
import { LocalState } from '../../src/journal/local-state.ts';
import { planOf, SEOUL, SHOP, TOKYO } from '../engine/simulated.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { started } from '../journal/fixture.ts';
import { bench } from './fixture.ts';

const OTHER_HOST = { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 };
const said = (error: unknown) => (error instanceof DrError ? { code: error.code, exit: error.exit, message: error.message, detail: error.detail } : error);

/** The shop's database under another application's name. */
async function kiosk(folder: string): Promise<string> {
  const path = join(folder, 'kiosk.yaml');
  await writeFile(path, (await readFile(SHOP, 'utf8')).replace(/^runbook: shop\b/m, 'runbook: kiosk').replaceAll('shop.example.com', 'kiosk.example.com'));
  return path;
}

describe('two applications with one database', () => {
  it('are not run at the same time, and one after the other they are', async () => {
    const b = await bench();
    const path = await kiosk(b.runbooks);
    let second: Promise<unknown> | undefined;
    await b.start({
      runbook: 'shop',
      onRecord: (record) => {
        if (record.type === 'checks.green') second ??= b.start({ runbook: path }).catch((error: unknown) => error);
      },
    });
    const refused = said(await second) as { detail: string };
    expect(refused).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
    expect(refused).toHaveProperty('message', expect.stringMatching(/^Another run holds autoscaling_ap-northeast-1_shop-api-lab-/));
    expect(refused.detail).toContain('-shop-failover-');
    // It left nothing behind that would hold the application.
    const again: unknown = await b.start({ runbook: path }).catch((error: unknown) => error);
    expect(said(again)).not.toHaveProperty('code', 'RUN_IN_PROGRESS');
  });

  it('a runner whose database was taken is superseded, as one whose application was', async () => {
    const b = await bench();
    const plan = await planOf(b.sim, TOKYO);
    const state = new LocalState(b.state);
    const run = '20261120T000000Z-shop-failover-000001';
    const request = { run, operator: OTHER_HOST, now: 0, ids: new SeededIds(1) };
    const lease = await leaseAll(state, plan, [], request);
    await lease.assertHeld();
    const [lock = ''] = resourceLocks(plan, []);
    await state.lease({ ...request, lock, ids: new SeededIds(2), force: true });
    await expect(lease.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });
    // It still writes its own journal, but no intent.
    const store = state.run(run, lease.guard);
    const journal = new Journal({ store, clock: b.sim.clock, run, term: lease.term });
    await journal.append(started());
    await journal.append({ type: 'checks.green' });
    await expect(journal.append({ type: 'step.intent', step: 'a', attempt: 1, because: '' })).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await state.lease({ ...request, lock: lockName(plan.runbook.name, plan.account, []), ids: new SeededIds(3), force: true });
    await expect(lease.guard(false)).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await store.close();
  });

  it('who takes a run over takes its databases from that run, and from no other', async () => {
    const b = await bench();
    const plan = await planOf(b.sim, TOKYO);
    const state = new LocalState(b.state);
    const run = '20261120T000000Z-shop-failover-000001';
    const first = await leaseAll(state, plan, [], { run, operator: OTHER_HOST, now: 0, ids: new SeededIds(1) });
    const here = { ...OTHER_HOST, host: 'here' };
    const taken = await leaseAll(state, plan, [], { run, operator: here, now: 1, ids: new SeededIds(2), takeOver: true });
    await expect(first.assertHeld()).rejects.toMatchObject({ code: 'SUPERSEDED' });
    await taken.release();
    const [lock = ''] = resourceLocks(plan, []);
    await state.lease({ lock, run: '20261120T000000Z-kiosk-failover-000002', operator: OTHER_HOST, now: 2, ids: new SeededIds(3) });
    await expect(leaseAll(state, plan, [], { run, operator: here, now: 3, ids: new SeededIds(4), takeOver: true })).rejects.toMatchObject({ code: 'RUN_IN_PROGRESS' });
  });

  it('who takes a run over does not take its application from another run, and that one continues', async () => {
    const b = await bench();
    const plan = await planOf(b.sim, TOKYO);
    const state = new LocalState(b.state);
    const old = '20261120T000000Z-shop-failover-000001';
    const newer = await leaseAll(state, plan, [], { run: '20261120T000100Z-shop-failover-000002', operator: OTHER_HOST, now: 0, ids: new SeededIds(1) });
    const taking = leaseAll(state, plan, [], { run: old, operator: { ...OTHER_HOST, host: 'here' }, now: 1, ids: new SeededIds(2), takeOver: true });
    expect(said(await taking.catch((error: unknown) => error))).toMatchObject({ code: 'RUN_IN_PROGRESS', exit: 'busy' });
    await newer.assertHeld();
    await newer.release();
  });

  it('one that cannot be given back keeps no other', async () => {
    const b = await bench();
    const plan = await planOf(b.sim, TOKYO);
    const state = new LocalState(b.state);
    const locks = resourceLocks(plan, []);
    const { lease: take } = state;
    state.lease = async (request) => {
      const lease = await take.call(state, request);
      return request.lock === locks.at(-1) ? { ...lease, release: () => Promise.reject(new Error('the bucket is away')) } : lease;
    };
    const held = await leaseAll(state, plan, [], { run: '20261120T000000Z-shop-failover-000001', operator: OTHER_HOST, now: 0, ids: new SeededIds(1) });
    await expect(held.release()).rejects.toThrow('the bucket is away');
    expect((await Promise.all(locks.map((lock) => state.lockOf(lock)))).map((lock) => lock !== undefined)).toEqual(locks.map((lock) => lock === locks.at(-1)));
  });

  it('the old writer of a promotion is held, also where nothing fences it', async () => {
    const b = await bench();
    const plan = await planOf(b.sim, TOKYO);
    const bare = { ...plan, steps: plan.steps.map((step) => (step.phase === 'fence' ? { ...step, changes: [] } : step)) };
    expect(resourceLocks(bare, []).filter((lock) => lock.startsWith(`rds_${SEOUL}_shop-orders-lab-`))).toHaveLength(1);
  });

  it('an instance has one lock in both directions', async () => {
    const b = await bench({ alive: true });
    const out = resourceLocks(await planOf(b.sim, TOKYO), []);
    expect(out.map((lock) => lock.replace(/-lab-.*/, ''))).toEqual([`autoscaling_${TOKYO}_shop-api`, `rds_${TOKYO}_shop-orders-tokyo`, `rds_${SEOUL}_shop-orders`, 'route53_Z0123456789ABCDEFGHIJ_shop_example_com_A']);
  });
});

describe('names of locks', () => {
  const locks = (resource: string, source: string) =>
    resourceLocks({ account: '111122223333', steps: [{ origin: 'resource', changes: [{ resource }], oldWriter: `rds:${SEOUL}:${source}` }] } as never, []);

  it('are one for every spelling of a database or a record, and two for two groups', () => {
    expect(locks(`rds:${TOKYO}:Shop-Orders`, 'Shop')).toEqual(locks(`rds:${TOKYO}:shop-orders`, 'shop'));
    expect(locks('route53:Z1:Shop.Example.com', 'shop')).toEqual(locks('route53:Z1:shop.example.com', 'shop'));
    expect(locks(`autoscaling:${TOKYO}:Shop-Api`, 'shop')).not.toEqual(locks(`autoscaling:${TOKYO}:shop-api`, 'shop'));
  });
});
