import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { SEOUL, simulation, type Simulation, TOKYO } from '../engine/simulated.ts';
import { type Asked, saidByRun, saidIn, worldOf } from './said.ts';

const HOME = { region: SEOUL, id: 'shop-orders' };
const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
const SWITCHOVER = { verb: 'switchover', region: TOKYO } as const;
const NO_LOGIN = { effects: { env: () => undefined } };

const sleep = (sim: Simulation, ms: number) => sim.clock.run(() => sim.clock.sleep(ms));

/** A new instance of that name, which is no replica of anything. */
function stranger(sim: Simulation, more: object = {}): void {
  sim.world.addDbInstance({ ...REPLICA, id: 'stranger', ...more });
}

describe('the loss of a promotion', () => {
  const gate = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.orders.rpoGate', at);

  it('more than the RPO, in a whole run', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: 900_000 });
    await sleep(sim, 300_000);
    expect(await saidByRun(sim, TOKYO, undefined, ({ world }) => world.breakRegion(SEOUL))).toMatchInlineSnapshot(`
      "databases.orders.rpoGate
      rule         rpo-gate
      observed     at most 5m 1s of writes would be lost (lag 5m 1s, sample 0.1 s old; replication has the status error) (0.1 s ago)
      threshold    RPO 5m
      consequence  up to 5m 1s of acknowledged writes of orders would be lost
      override     --accept-data-loss 510s --reason "…""
    `);
  });

  it('more than a person has accepted', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: 900_000 });
    await sleep(sim, 300_000);
    expect(await gate(sim, { acceptances: { dataLossSeconds: 240, reason: 'decided' } })).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     at most 5m 1s of writes would be lost (lag 5m 1s, sample 0.1 s old) (0.1 s ago)
      threshold    RPO 5m
      consequence  up to 5m 1s of acknowledged writes of orders would be lost
      override     --accept-data-loss 510s --reason "…""
    `);
  });

  it('since the impact, when the sample is older', async () => {
    const sim = await simulation();
    const impactAt = sim.clock.now() + 400_000;
    expect(await gate(sim, { impactAt, what: 'observe', then: async ({ world }) => {
      world.setReplication(REPLICA, { mode: 'stopped' });
      await sleep(sim, 500_000);
    } })).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     at most 6m 41s of writes would be lost (lag 1.0 s, sample 8m 20s old; ReplicaLag is −1: shop-orders-tokyo is not replicating; replication has the status stopped) (8m 20s ago)
      threshold    RPO 5m
      consequence  up to 6m 41s of acknowledged writes of orders would be lost
      override     --accept-data-loss 450s --reason "…""
    `);
  });

  it('CloudWatch says nothing', async () => {
    const sim = await simulation();
    sim.world.addFault({ service: 'cloudwatch', effect: { kind: 'error', httpStatus: 400, code: 'AccessDenied', message: 'not you' } });
    expect(await gate(sim)).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     the lag of shop-orders-tokyo is unknown: cloudwatch.GetMetricData in ap-northeast-1: AccessDenied: not you (just now)
      threshold    RPO 5m
      consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
      override     --accept-data-loss unknown --reason "…""
    `);
  });

  it('CloudWatch says nothing, and seconds do not cover what is unknown', async () => {
    const sim = await simulation();
    sim.world.addFault({ service: 'cloudwatch', effect: { kind: 'hang' } });
    expect(await gate(sim, { acceptances: { dataLossSeconds: 1_000_000, reason: 'decided' } })).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     the lag of shop-orders-tokyo is unknown: cloudwatch.GetMetricData in ap-northeast-1: NoAnswer: no answer within 5000 ms (just now)
      threshold    RPO 5m
      consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
      override     --accept-data-loss unknown --reason "…""
    `);
  });

  it('there is no such replica', async () => {
    expect(await gate(await simulation(), { params: { id: 'gone' } })).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     the lag of gone is unknown: no lag sample was found (just now)
      threshold    RPO 5m
      consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
      override     --accept-data-loss unknown --reason "…""
    `);
  });

  it('a replica that does not replicate for hours', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await sleep(sim, 4 * 3_600_000);
    expect(await gate(sim)).toMatchInlineSnapshot(`
      "rule         rpo-gate
      observed     the lag of shop-orders-tokyo is unknown: no lag sample was found; ReplicaLag is −1: shop-orders-tokyo is not replicating; replication has the status stopped (just now)
      threshold    RPO 5m
      consequence  a promotion would lose an unknown amount of acknowledged writes of orders, silently
      override     --accept-data-loss unknown --reason "…""
    `);
  });
});

describe('an old writer that cannot be fenced', () => {
  const fence = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.orders.fence', { what: 'observe', ...at });
  const noGroup = { group: undefined as unknown as Json };
  const verdict = (word: string): Record<string, Json> => ({ 'source.verdict': { verdict: word, because: `it is ${word}` } });

  it('its API is silent, and its region is not known to be down', async () => {
    expect(await fence(await simulation(), { facts: verdict('not-down'), then: ({ world }) => world.breakRegion(SEOUL) })).toMatchInlineSnapshot(`
      "rule         fence
      observed     the old writer shop-orders cannot be fenced: rds.DescribeDBInstances in ap-northeast-2: NoAnswer: no answer within 2000 ms (just now)
      threshold    fenced, or the source down by two independent signals
      consequence  two writers may accept orders at once, and their data can no longer be joined
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('it was found silent before', async () => {
    const sim = await simulation();
    const signal = { vantage: 'source-api', says: 'down', because: 'the RDS API gives no answer', silent: true, at: sim.clock.now() };
    expect(await fence(sim, { facts: { 'signal.rds-api.orders': signal } })).toMatchInlineSnapshot(`
      "rule         fence
      observed     the old writer shop-orders cannot be fenced: the RDS API gives no answer (just now)
      threshold    fenced, or the source down by two independent signals
      consequence  two writers may accept orders at once, and their data can no longer be joined
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('it answers as available, and the runbook names no quarantine group', async () => {
    expect(await fence(await simulation(), { facts: verdict('source-down'), params: noGroup })).toMatchInlineSnapshot(`
      "rule         fence
      observed     the old writer shop-orders cannot be fenced: its API answers that it is available, and the runbook names no quarantine group (just now)
      threshold    fenced by a security group, or a named person who says that it takes no writes
      consequence  two writers may accept orders at once, and their data can no longer be joined
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });

  it('it is stopped, and its region is not down', async () => {
    const sim = await simulation();
    sim.world.setDbStatus(HOME, 'stopped');
    expect(await fence(sim, { facts: verdict('not-down'), params: noGroup })).toMatchInlineSnapshot(`
      "rule         fence
      observed     the old writer shop-orders cannot be fenced: its API answers that it is stopped (AWS starts it by itself after seven days), and the runbook names no quarantine group (just now)
      threshold    fenced, or the source down by two independent signals
      consequence  two writers may accept orders at once, and their data can no longer be joined
      override     --attest-source-down NAME --reason "who has seen it, and how""
    `);
  });
});

describe('a replica that is of no use', () => {
  it('it is not there', async () => {
    expect(await saidIn(await simulation(), 'databases.orders.promote', { params: { id: 'gone' } })).toMatchInlineSnapshot(`
      "rule         replica-usable
      observed     gone in ap-northeast-1 is not found (just now)
      threshold    a status in which AWS may promote it, or that leads to one
      consequence  there is nothing that could be promoted
      override     none: mend the replica, or restore from a backup. aws rds describe-db-instances --region ap-northeast-1 --db-instance-identifier gone"
    `);
  });

  it('it has failed', async () => {
    const sim = await simulation();
    expect(await saidIn(sim, 'databases.orders.promote', { then: ({ world }) => world.setDbStatus(REPLICA, 'incompatible-network') })).toMatchInlineSnapshot(`
      "rule         replica-usable
      observed     shop-orders-tokyo in ap-northeast-1 is incompatible-network (just now)
      threshold    a status in which AWS may promote it, or that leads to one
      consequence  there is nothing that could be promoted
      override     none: mend the replica, or restore from a backup. aws rds describe-db-instances --region ap-northeast-1 --db-instance-identifier shop-orders-tokyo"
    `);
  });

  it('it is the replica of another database', async () => {
    const sim = await simulation();
    expect(await saidIn(sim, 'databases.orders.promote', { params: { source: { region: SEOUL, id: 'shop-billing' } } })).toMatchInlineSnapshot(`
      "rule         replica-of
      observed     shop-orders-tokyo replicates from arn:aws:rds:ap-northeast-2:000000000000:db:shop-orders (just now)
      threshold    a replica of shop-billing in ap-northeast-2
      consequence  another database would be promoted, and users led to its data
      override     none: correct \`instances\` of orders in the runbook, or recreate shop-orders-tokyo as a replica of shop-billing"
    `);
    expect(await saidIn(sim, 'databases.orders.promote', { what: 'observe', params: { source: { region: TOKYO, id: 'shop-orders' } } })).toMatch(/^rule {9}replica-of\n/);
  });

  it('its class cannot be changed', async () => {
    const sim = await worldOf('shop', '    retentionDays: 7', '    retentionDays: 7\n    instanceClass: { active: db.r6g.xlarge, standby: db.r6g.large }');
    expect(await saidIn(sim, 'databases.orders.resize', { params: { id: 'gone' } })).toMatchInlineSnapshot(`
      "rule         replica-usable
      observed     gone is not in ap-northeast-1 (just now)
      threshold    an instance whose class can be changed
      consequence  there is nothing that could be made larger
      override     none: aws rds describe-db-instances --region ap-northeast-1"
    `);
  });
});

describe('a class that RDS does not offer', () => {
  it('after a promotion', async () => {
    const sim = await worldOf('shop', '    retentionDays: 7', '    retentionDays: 7\n    instanceClass: { active: db.r6g.xlarge, standby: db.r6g.large }');
    sim.world.state.dbOffers.withhold({ region: TOKYO, instanceClass: 'db.r6g.xlarge' });
    expect(await saidIn(sim, 'databases.orders.resize')).toMatchInlineSnapshot(`
      "rule         instance-class
      observed     RDS does not offer db.r6g.xlarge for postgres 17.5 in ap-northeast-1 (just now)
      threshold    a class that RDS offers where shop-orders-tokyo is
      consequence  AWS refuses to change shop-orders-tokyo, and the recovery stops there
      override     none: name another one: instanceClass: { active: … } of orders in the runbook. aws rds describe-orderable-db-instance-options --region ap-northeast-1 --engine postgres shows what there is"
    `);
  });
});

describe('logins', () => {
  it('no login to prove the new writer', async () => {
    expect(await saidIn(await simulation(), 'databases.orders.canary', NO_LOGIN)).toMatchInlineSnapshot(`
      "rule         canary
      observed     SHOP_DB_USER and SHOP_DB_PASSWORD not set (just now)
      threshold    the environment variables SHOP_DB_USER and SHOP_DB_PASSWORD, and a PostgreSQL endpoint
      consequence  the new writer of orders could not be proven to take writes before users are sent to it
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=…, or take \`canary\` out of the runbook"
    `);
  });

  it('no instance to prove', async () => {
    expect(await saidIn(await simulation(), 'databases.orders.canary', { params: { id: 'gone' } })).toMatchInlineSnapshot(`
      "rule         canary
      observed     gone shows no endpoint (just now)
      threshold    the environment variables SHOP_DB_USER and SHOP_DB_PASSWORD, and a PostgreSQL endpoint
      consequence  the new writer of orders could not be proven to take writes before users are sent to it
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=…, or take \`canary\` out of the runbook"
    `);
  });

  it('an engine that does not speak PostgreSQL', async () => {
    const sim = await simulation();
    stranger(sim, { engine: 'mysql' });
    expect(await saidIn(sim, 'databases.orders.canary', { params: { id: 'stranger' } })).toMatchInlineSnapshot(`
      "rule         canary
      observed     SQL is sent to PostgreSQL only, and stranger is mysql (just now)
      threshold    the environment variables SHOP_DB_USER and SHOP_DB_PASSWORD, and a PostgreSQL endpoint
      consequence  the new writer of orders could not be proven to take writes before users are sent to it
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=…, or take \`canary\` out of the runbook"
    `);
  });

  it('no password to let the new writer write', async () => {
    const env = (name: string) => (name.endsWith('_PASSWORD') ? '' : 'user');
    expect(await saidIn(await simulation(), 'databases.orders.openWrites', { effects: { env } })).toMatchInlineSnapshot(`
      "rule         open-writes
      observed     SHOP_DB_PASSWORD not set (just now)
      threshold    the environment variables SHOP_DB_USER and SHOP_DB_PASSWORD
      consequence  shop-orders-tokyo may stay read-only after its promotion
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=…"
    `);
  });

  it('no login at all', async () => {
    expect(await saidIn(await simulation(), 'databases.orders.openWrites', NO_LOGIN)).toMatchInlineSnapshot(`
      "rule         open-writes
      observed     SHOP_DB_USER and SHOP_DB_PASSWORD not set (just now)
      threshold    the environment variables SHOP_DB_USER and SHOP_DB_PASSWORD
      consequence  shop-orders-tokyo may stay read-only after its promotion
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=…"
    `);
  });
});

describe('stopping writes for a switchover', () => {
  const quiesce = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.orders.quiesce', { to: SWITCHOVER, ...at });

  it('no login', async () => {
    expect(await quiesce(await simulation(), NO_LOGIN)).toMatchInlineSnapshot(`
      "rule         quiesce
      observed     SHOP_DB_USER and SHOP_DB_PASSWORD not set (just now)
      threshold    a PostgreSQL login (SHOP_DB_USER, SHOP_DB_PASSWORD) with the rights of the owner of database shop, reachable from here
      consequence  writes to shop-orders could not be stopped, and some would be lost
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=… of the owner, or, when the loss is acceptable: dr failover --region ap-northeast-1"
    `);
  });

  it('a login without the rights of the owner', async () => {
    const sim = await simulation();
    const { sql } = sim.effects;
    const position = async (...args: Parameters<typeof sql.position>) => ({ ...(await sql.position(...args)), mayChange: false });
    expect(await quiesce(sim, { effects: { sql: { ...sql, position } } })).toMatchInlineSnapshot(`
      "rule         quiesce
      observed     the login of SHOP_DB_USER has not the rights of the owner of database shop (just now)
      threshold    a PostgreSQL login (SHOP_DB_USER, SHOP_DB_PASSWORD) with the rights of the owner of database shop, reachable from here
      consequence  writes to shop-orders could not be stopped, and some would be lost
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=… of the owner, or, when the loss is acceptable: dr failover --region ap-northeast-1"
    `);
  });

  it('a replica, where a writer should be', async () => {
    expect(await quiesce(await simulation(), { params: REPLICA })).toMatchInlineSnapshot(`
      "rule         quiesce
      observed     shop-orders-tokyo is in recovery, and no writer (just now)
      threshold    a PostgreSQL login (SHOP_DB_USER, SHOP_DB_PASSWORD) with the rights of the owner of database shop, reachable from here
      consequence  writes to shop-orders-tokyo could not be stopped, and some would be lost
      override     export SHOP_DB_USER=… SHOP_DB_PASSWORD=… of the owner, or, when the loss is acceptable: dr failover --region ap-northeast-1"
    `);
  });

  it('nothing is proven without a look into the replica', async () => {
    expect(await saidIn(await simulation(), 'databases.orders.positionGate', { to: SWITCHOVER, ...NO_LOGIN })).toMatchInlineSnapshot(`
      "rule         position-gate
      observed     SHOP_DB_USER and SHOP_DB_PASSWORD not set (just now)
      threshold    the replica shop-orders-tokyo answers the login of SHOP_DB_USER, from here
      consequence  that nothing is lost could not be proven
      override     let this machine reach shop-orders-tokyo, or, when the loss is acceptable: dr failover --region ap-northeast-1"
    `);
  });

  it('nor by a look into something that is none', async () => {
    expect(await saidIn(await simulation(), 'databases.orders.positionGate', { to: SWITCHOVER, params: HOME })).toMatchInlineSnapshot(`
      "rule         position-gate
      observed     shop-orders is no replica (just now)
      threshold    the replica shop-orders answers the login of SHOP_DB_USER, from here
      consequence  that nothing is lost could not be proven
      override     let this machine reach shop-orders, or, when the loss is acceptable: dr failover --region ap-northeast-1"
    `);
  });
});

describe('a standby that cannot be rebuilt', () => {
  /** After a failover to Tokyo, with Seoul there again. */
  async function afterFailover(): Promise<Simulation> {
    const sim = await simulation();
    const { planOf, runPlan } = await import('../engine/simulated.ts');
    sim.world.breakRegion(SEOUL);
    const { outcome } = await runPlan(sim, await planOf(sim, TOKYO));
    expect(outcome).toBe('succeeded');
    sim.world.healRegion(SEOUL);
    await sleep(sim, 600_000);
    return sim;
  }
  const gate = (sim: Simulation, at: Asked = {}) => saidIn(sim, 'databases.orders.standbyGate', { to: { verb: 'reprotect' }, ...at });
  const writer = (id: string): Record<string, Json> => ({ writer: `arn:aws:rds:${TOKYO}:000000000000:db:${id}` });

  it('the writer is gone', async () => {
    expect(await gate(await afterFailover(), { params: writer('gone') })).toMatchInlineSnapshot(`
      "rule         standby-source
      observed     gone in ap-northeast-1 is not there (just now)
      threshold    a writer that RDS can make a replica of, and that keeps automated backups
      consequence  there is nothing that a standby could follow
      override     none: correct \`instances\` in the runbook: it names what AWS does not have"
    `);
  });

  it('the writer is a replica', async () => {
    const sim = await afterFailover();
    sim.world.addDbInstance({ region: TOKYO, id: 'reader', replicaOf: REPLICA });
    expect(await gate(sim, { params: writer('reader') })).toMatchInlineSnapshot(`
      "rule         standby-source
      observed     reader in ap-northeast-1 is a replica, and no writer (just now)
      threshold    a writer that RDS can make a replica of, and that keeps automated backups
      consequence  there is nothing that a standby could follow
      override     none: dr failover --region ap-northeast-1 makes it the writer"
    `);
  });

  it('the writer is not available', async () => {
    expect(await gate(await afterFailover(), { then: ({ world }) => world.setDbStatus(REPLICA, 'storage-full') })).toMatchInlineSnapshot(`
      "rule         standby-source
      observed     shop-orders-tokyo in ap-northeast-1 is storage-full (just now)
      threshold    a writer that RDS can make a replica of, and that keeps automated backups
      consequence  there is nothing that a standby could follow
      override     none: once it is available again: dr reprotect"
    `);
  });

  it('the writer keeps no backups', async () => {
    const sim = await afterFailover();
    stranger(sim, { backupRetentionDays: 0 });
    expect(await gate(sim, { params: writer('stranger') })).toMatchInlineSnapshot(`
      "rule         standby-source
      observed     stranger in ap-northeast-1 is without automated backups (just now)
      threshold    a writer that RDS can make a replica of, and that keeps automated backups
      consequence  there is nothing that a standby could follow
      override     none: aws rds modify-db-instance --region ap-northeast-1 --db-instance-identifier stranger --backup-retention-period 7 --apply-immediately turns backups on"
    `);
  });

  it('its password is managed in Secrets Manager', async () => {
    const sim = await afterFailover();
    stranger(sim, { settings: { managedPassword: true } });
    expect(await gate(sim, { params: writer('stranger') })).toMatchInlineSnapshot(`
      "rule         standby-source
      observed     stranger in ap-northeast-1 is a DB instance whose master password is managed in Secrets Manager, and RDS makes no replica of such an instance (just now)
      threshold    a writer that RDS can make a replica of, and that keeps automated backups
      consequence  there is nothing that a standby could follow
      override     none: aws rds modify-db-instance --region ap-northeast-1 --db-instance-identifier stranger --no-manage-master-user-password --master-user-password … --apply-immediately takes the password back; clients must learn the new one"
    `);
  });

  it('the quarantine group is not there', async () => {
    expect(await gate(await afterFailover(), { params: { quarantine: 'sg-0fffffffffffffff1' } })).toMatchInlineSnapshot(`
      "rule         quarantine
      observed     the security group sg-0fffffffffffffff1 does not exist in ap-northeast-2 (just now)
      threshold    a security group without inbound rules in the VPC of shop-orders
      consequence  AWS refuses the quarantine, or it keeps nobody out: the old writer stays open
      override     none: make a security group without inbound rules in that VPC, and name it in the runbook: fence: { quarantine: { ap-northeast-2: sg-… } }"
    `);
  });

  it('the region is silent again', async () => {
    expect(await gate(await afterFailover(), { then: ({ world }) => world.breakRegion(SEOUL) })).toMatchInlineSnapshot(`
      "rule         standby-region
      observed     the RDS API of ap-northeast-2 gives no answer (just now)
      threshold    a region that answers
      consequence  no standby can be made in ap-northeast-2
      override     none: wait until ap-northeast-2 is back, then: dr reprotect. With a third region: dr reprotect --standby REGION"
    `);
  });

  it('the old instance is stopped', async () => {
    expect(await gate(await afterFailover(), { what: 'observe', then: ({ world }) => world.setDbStatus(HOME, 'stopped') })).toMatchInlineSnapshot(`
      "rule         standby-settings
      observed     shop-orders in ap-northeast-2 is stopped (just now)
      threshold    an instance that is available: only such a one can be renamed
      consequence  its name would not become free for the new replica
      override     none: bring it to available, or rename it by hand. aws rds start-db-instance --region ap-northeast-2 --db-instance-identifier shop-orders"
    `);
  });

  it('there is none from which the settings could be taken', async () => {
    expect(await gate(await afterFailover(), { params: { id: 'never-was' } })).toMatchInlineSnapshot(`
      "rule         standby-settings
      observed     there is neither never-was nor a kept never-was-old-… in ap-northeast-2 (just now)
      threshold    an old instance, from which class, subnet group, parameter group, security groups and key are taken
      consequence  the new replica would get AWS’s defaults, and nobody could connect to it
      override     make it once by hand: aws rds create-db-instance-read-replica --region ap-northeast-2 --db-instance-identifier never-was --source-db-instance-identifier arn:aws:rds:ap-northeast-1:000000000000:db:shop-orders-tokyo --source-region ap-northeast-1 --db-subnet-group-name … --vpc-security-group-ids … --kms-key-id …"
    `);
  });

  it('its only security group is the quarantine', async () => {
    const sim = await afterFailover();
    sim.world.addDbInstance({ region: SEOUL, id: 'closed', securityGroups: ['sg-0aaaaaaaaaaaaaaaa'] });
    expect(await gate(sim, { params: { id: 'closed' } })).toMatchInlineSnapshot(`
      "rule         standby-settings
      observed     closed has no security group but the quarantine, so that its own are not known (just now)
      threshold    the security groups of the new replica
      consequence  nobody could connect to it
      override     add to the database in the runbook: securityGroups: { ap-northeast-2: [sg-…] }"
    `);
  });
});
