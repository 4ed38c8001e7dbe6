import { describe, expect, it } from 'vitest';
import { DRILL, drillable, STANDBY, twinsIn } from '../engine/drills.ts';
import { planOf, simulation, type Simulation } from '../engine/simulated.ts';
import { saidBy, saidByRun, saidIn } from './said.ts';

const twin = (sim: Simulation, then?: (sim: Simulation) => Promise<void> | void) => saidIn(sim, 'databases.orders.twin', { to: DRILL, ...(then === undefined ? {} : { then }) });

/** The mark differs from drill to drill. */
const unmarked = (text: string) => text.replaceAll(/dr-drill-[0-9a-f]{8}/g, 'dr-drill-MARK');

describe('a drill is refused before anything is made', () => {
  it('of a standby that keeps no backups', async () => {
    expect(await saidByRun(await simulation(), DRILL)).toMatchInlineSnapshot(`
      "databases.orders.twin
      rule         twin-source
      observed     shop-orders-tokyo keeps no automated backups (just now)
      threshold    automated backups of the standby: AWS needs them for a replica of a replica
      consequence  AWS makes no replica of shop-orders-tokyo, and the drill would have nothing to promote
      override     none: aws rds modify-db-instance --region ap-northeast-1 --db-instance-identifier shop-orders-tokyo --backup-retention-period 1 --apply-immediately    which also spares the full backup after a promotion"
    `);
  });

  it('of a standby that is stopped', async () => {
    const sim = await drillable();
    expect(await twin(sim, ({ world }) => world.setDbStatus(STANDBY, 'stopped'))).toMatchInlineSnapshot(`
      "rule         twin-source
      observed     shop-orders-tokyo in ap-northeast-1 is stopped (just now)
      threshold    a standby that runs
      consequence  AWS makes no replica of shop-orders-tokyo, and the drill would have nothing to promote
      override     none: mend the standby: a failover could not use it either"
    `);
  });

  it('whose twin could not be deleted', async () => {
    const sim = await drillable();
    sim.world.addFault({ service: 'rds', operation: 'DeleteDBInstance', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'User: dr is not authorized to perform: rds:DeleteDBInstance' } });
    expect(await saidByRun(sim, DRILL)).toMatchInlineSnapshot(`
      "databases.orders.twin
      rule         drill-rights
      observed     rds.DeleteDBInstance in ap-northeast-1: AccessDenied: User: dr is not authorized to perform: rds:DeleteDBInstance (just now)
      threshold    the right to delete what a drill makes
      consequence  dr-drill-40ac9a18-shop-orders-tokyo would be made, and stay
      override     none: allow rds:DeleteDBInstance on db:dr-drill-*; dr plan --verb drill --iam shows the whole policy"
    `);
  });

  it('whose zone cannot be written', async () => {
    const sim = await drillable();
    sim.world.addFault({ service: 'route53', operation: 'ChangeResourceRecordSets', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied', message: 'User: dr is not authorized to perform: route53:ChangeResourceRecordSets' } });
    expect(unmarked(await saidByRun(sim, DRILL))).toMatchInlineSnapshot(`
      "traffic.storefront.twinRecord
      rule         drill-rights
      observed     route53.ChangeResourceRecordSets in us-east-1: AccessDenied: User: dr is not authorized to perform: route53:ChangeResourceRecordSets (just now)
      threshold    the right to delete what a drill makes
      consequence  dr-drill-MARK-a.shop.example.com would be made, and stay
      override     none: allow route53:ChangeResourceRecordSets on the zone Z0123456789ABCDEFGHIJ, for dr-drill-*; dr plan --verb drill --iam shows the whole policy"
    `);
    expect(twinsIn(sim)).toEqual([]);
  });

  it('whose twin has a name that is taken', async () => {
    const sim = await drillable();
    const plan = await planOf(sim, DRILL);
    const id = `dr-drill-${plan.drill?.mark ?? ''}-shop-orders-tokyo`;
    sim.world.addDbInstance({ region: STANDBY.region, id, tags: { 'dr:drill': '20261101T000000Z-shop-drill-000001' } });
    const said = await saidIn(sim, 'databases.orders.twin', { to: DRILL, params: { id } });
    expect(unmarked(said)).toMatchInlineSnapshot(`
      "rule         twin-name
      observed     dr-drill-MARK-shop-orders-tokyo exists in ap-northeast-1 already: dr-drill-MARK-shop-orders-tokyo is a twin of the run 20261101T000000Z-shop-drill-000001 (just now)
      threshold    a name that only this drill uses
      consequence  what somebody else has made would be changed and deleted
      override     none: dr drill clean    deletes what an earlier drill has left; then start again"
    `);
  });

  it('whose assertion cannot be asked', async () => {
    const sim = await drillable();
    const effects = { sql: { ...sim.effects.sql, statement: () => Promise.resolve({ state: 'refused', error: 'relation "orders" does not exist' } as const) } };
    const params = { region: STANDBY.region, id: STANDBY.id, database: 'shop', userEnv: 'SHOP_DB_USER', passwordEnv: 'SHOP_DB_PASSWORD', name: 'orders', sql: 'select count(*) from orders', atLeast: 1 };
    const said = sim.clock.run(() => saidBy('rds-read-replica.assertion', params, { what: 'observe', effects: { ...sim.effects, ...effects } }));
    expect(await said).toMatchInlineSnapshot(`
      "rule         drill-assertion
      observed     orders cannot be asked of shop-orders-tokyo: relation "orders" does not exist (just now)
      threshold    a query that gives one value
      consequence  nothing is known of what the data would be after a failover
      override     none: correct the assertion orders in the runbook; the same query must work by hand"
    `);
  });

  it('whose record is taken', async () => {
    const sim = await drillable();
    const params = { name: 'shop.example.com', owner: 'owner.shop.example.com' };
    expect(unmarked(await saidIn(sim, 'traffic.storefront.twinRecord', { to: DRILL, params }))).toMatchInlineSnapshot(`
      "rule         twin-name
      observed     shop.example.com is in the zone Z0123456789ABCDEFGHIJ already: shop.example.com is no name of a twin (just now)
      threshold    a name that only this drill uses
      consequence  a record of somebody else would be changed and deleted
      override     none: dr drill clean    deletes what an earlier drill has left; then start again"
    `);
  });

  it('whose record would answer nothing that is known', async () => {
    const sim = await drillable();
    expect(unmarked(await saidIn(sim, 'traffic.storefront.twinRecord', { to: DRILL, params: { set: 'nobody', answer: { CNAME: { values: ['elsewhere.example.com'], ttl: 60 } } } }))).toMatchInlineSnapshot(`
      "rule         twin-record
      observed     nothing says what ap-northeast-1 answers to shop.example.com A (just now)
      threshold    a set, or \`answers\` in the runbook, that leads to the region
      consequence  the drill could not show that Route 53 takes a change and answers with it
      override     none: correct \`traffic\` in the runbook, or the zone"
    `);
  });
});
