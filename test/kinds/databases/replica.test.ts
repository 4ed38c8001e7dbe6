import { describe, expect, it } from 'vitest';
import { signalSchema } from '../../../src/model/signals.ts';
import type { Effects, SqlTarget } from '../../../src/effects/effects.ts';
import { SEOUL, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import { stepIn, wait } from '../world.ts';

const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
const WRITER = { region: SEOUL, id: 'shop-orders' };
/** What the steps before it have recorded. */
const facts = { 'fence.orders': { verdict: 'fenced', because: '', at: 0 }, 'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 0, lagMs: 0, sampledAt: 0, ageMs: 0, outageAt: 0, because: 'measured' } };
const intends = [`rds:${TOKYO}:${REPLICA.id} role`];
const promoteOf = (sim: Simulation) => stepIn(sim, 'databases.orders.promote', { facts, intends });

describe('rds-read-replica.promote', () => {
  it('promotes, and is done once AWS has let go', async () => {
    const sim = await simulation();
    const step = await promoteOf(sim);
    expect(await step.check()).toMatchObject({ state: 'ok', because: 'shop-orders-tokyo is available' });
    expect(await step.observe()).toEqual({ state: 'absent', because: 'shop-orders-tokyo is still a replica' });
    await step.act();
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const look = await step.observe();
      seen.add(look.state);
      if (look.state === 'reached') break;
      await wait(sim, 2_000);
    }
    expect(seen).toContain('pending');
    expect(await step.observe()).toEqual({ state: 'reached', because: 'shop-orders-tokyo is a standalone primary (status backing-up); its backups are kept for 7 days' });
    expect(sim.world.acceptsWrites(REPLICA)).toBe(true);
  });

  it('is a replica of what the runbook says, however AWS writes its name', async () => {
    const sim = await simulation();
    const step = await stepIn(sim, 'databases.orders.promote', { facts, params: { source: { region: SEOUL, id: 'SHOP-Orders' } } });
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(await step.observe()).toMatchObject({ state: 'absent' });
    for (const source of [{ region: SEOUL, id: 'shop-orders-2' }, { region: TOKYO, id: 'shop-orders' }]) {
      const other = await stepIn(sim, 'databases.orders.promote', { params: { source } });
      expect([await other.check(), await other.observe()]).toMatchObject([{ refusal: { rule: 'replica-of' } }, { refusal: { rule: 'replica-of' } }]);
    }
  });

  it('still holds while it is a writer, in a state that passes; not as a replica, and not where it is gone', async () => {
    const sim = await simulation();
    const holds = async (params = {}) => {
      const step = await stepIn(sim, 'databases.orders.promote', { params });
      return step.holds();
    };
    expect(await holds()).toEqual({ state: 'impossible', because: 'shop-orders-tokyo is a replica' });
    expect(await holds({ id: 'gone' })).toEqual({ state: 'impossible', because: 'gone is not in ap-northeast-1 any more' });
    const writer = { region: SEOUL, id: 'shop-orders' };
    expect(await holds(writer)).toEqual({ state: 'reached', because: 'shop-orders is a standalone primary (status available)' });
    sim.world.setDbStatus(WRITER, 'backing-up');
    expect(await holds(writer)).toMatchObject({ state: 'reached' });
    sim.world.setDbStatus(WRITER, 'storage-full');
    expect(await holds(writer)).toEqual({ state: 'pending', because: 'shop-orders is storage-full', waitingFor: 'aws' });
    sim.world.breakRegion(SEOUL);
    await expect(holds(writer)).rejects.toMatchObject({ code: 'NoAnswer' });
  });

  it('says whether it was made, or is being made: while AWS has not let go nobody knows better', async () => {
    const sim = await simulation({ timings: { promotionMs: 240_000 } });
    const step = await promoteOf(sim);
    expect(await step.made()).toBe(false);
    await step.act();
    await wait(sim, 120_000);
    expect([await step.made(), (await step.holds())?.state]).toEqual([true, 'impossible']);
    await wait(sim, 600_000);
    expect([await step.made(), (await step.holds())?.state]).toEqual([true, 'reached']);
    expect(await (await stepIn(sim, 'databases.orders.promote', { params: { id: 'gone' } })).made()).toBe(false);
  });

  it('asked for twice does no harm: "invalid state" means that it is under way', async () => {
    const sim = await simulation();
    const step = await promoteOf(sim);
    await step.act();
    // Late enough that AWS shows it.
    await wait(sim, 120_000);
    await step.act();
    expect(step.calls().filter((c) => c.operation === 'PromoteReadReplica').map((c) => c.error)).toEqual([undefined, expect.stringMatching(/^InvalidDBInstanceState/)]);
    expect(await step.observe()).toMatchObject({ state: 'pending' });
  });

  it.each(['failed', 'incompatible-restore', 'storage-full', 'stopped'])('refuses a replica that is %s', async (status) => {
    const sim = await simulation();
    const step = await promoteOf(sim);
    sim.world.setDbStatus(REPLICA, status);
    expect(await step.check()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'replica-usable',
        observed: `shop-orders-tokyo in ap-northeast-1 is ${status}`,
        threshold: 'a status in which AWS may promote it, or that leads to one',
        consequence: 'there is nothing that could be promoted',
        override: 'none: mend the replica, or restore from a backup. aws rds describe-db-instances --region ap-northeast-1 --db-instance-identifier shop-orders-tokyo',
      },
    });
    expect(await step.observe()).toEqual({ state: 'impossible', because: `shop-orders-tokyo is ${status}` });
  });

  it('one that is not there is refused, and impossible', async () => {
    const sim = await simulation();
    const step = await stepIn(sim, 'databases.orders.promote', { params: { id: 'gone' } });
    expect(await step.check()).toMatchObject({ state: 'refused', refusal: { observed: 'gone in ap-northeast-1 is not found' } });
    expect(await step.observe()).toEqual({ state: 'impossible', because: 'gone is not in ap-northeast-1' });
  });

  it('warns of a backup that is under way', async () => {
    const sim = await simulation();
    const step = await promoteOf(sim);
    sim.world.setDbStatus(REPLICA, 'backing-up');
    expect(await step.check()).toMatchObject({ state: 'ok', warnings: expect.arrayContaining([expect.objectContaining({ observed: 'shop-orders-tokyo is backing-up: the promotion waits until that has ended' })]) as object[] });
  });

  it('passes on a clear no', async () => {
    const sim = await simulation();
    const step = await promoteOf(sim);
    sim.world.addFault({ operation: 'PromoteReadReplica', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    await expect(step.act()).rejects.toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
  });
});

describe('the signals of a replicated database', () => {
  const sourceApi = async (sim: Simulation) => {
    const step = await stepIn(sim, 'databases.orders.assessSourceApi');
    return { look: async () => (await step.observe(), signalSchema.safeParse(step.recorded['signal.rds-api.orders']).data), step };
  };
  const replication = async (sim: Simulation) => {
    const step = await stepIn(sim, 'databases.orders.assessReplication');
    return async () => (await step.observe(), signalSchema.safeParse(step.recorded['signal.replication.orders']).data);
  };

  it('the source’s API: up, perhaps alive, stopped, or silent within one short look', async () => {
    const sim = await simulation();
    const { look, step } = await sourceApi(sim);
    expect(await look()).toEqual({ vantage: 'source-api', says: 'up', because: 'shop-orders is available' });
    sim.world.setDbStatus(WRITER, 'storage-full');
    expect(await look()).toEqual({ vantage: 'source-api', says: 'up', unsettled: true, because: 'shop-orders is storage-full' });
    sim.world.setDbStatus(WRITER, 'backing-up');
    expect(await look()).toEqual({ vantage: 'source-api', says: 'up', because: 'shop-orders is backing-up' });
    sim.world.setDbStatus(WRITER, 'quantum-leaping');
    expect(await look()).toEqual({ vantage: 'source-api', says: 'unknown', unsettled: true, because: 'shop-orders is quantum-leaping' });
    sim.world.setDbStatus(WRITER, 'stopped');
    expect(await look()).toEqual({ vantage: 'source-api', says: 'down', because: 'shop-orders is stopped' });
    sim.world.breakRegion(SEOUL);
    const began = sim.clock.now();
    expect(await look()).toEqual({ vantage: 'source-api', says: 'down', because: 'the RDS API of ap-northeast-2 gives no answer', silent: true, at: sim.clock.now() });
    expect(sim.clock.now() - began).toBe(2_000);
    expect(step.calls().filter((c) => c.error === 'NoAnswer')).toHaveLength(1);
  });

  it('an API that says no to us says nothing of the region', async () => {
    const sim = await simulation();
    const { look } = await sourceApi(sim);
    sim.world.addFault({ region: SEOUL, effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    expect(await look()).toMatchObject({ says: 'unknown' });
  });

  it('an instance that is not there is no outage', async () => {
    const sim = await simulation();
    const step = await stepIn(sim, 'databases.orders.assessSourceApi', { params: { id: 'gone' } });
    await step.observe();
    expect(signalSchema.safeParse(step.recorded['signal.rds-api.orders']).data).toMatchObject({ says: 'unknown', because: 'ap-northeast-2 answers, but has no gone' });
  });

  it('replication seen from the target: up, stopped, silent', async () => {
    const sim = await simulation();
    const look = await replication(sim);
    expect(await look()).toMatchObject({ vantage: 'replication', says: 'up', receiving: true, because: expect.stringMatching(/^shop-orders-tokyo is replicating, lag /) as string });
    // It may be busy, and it may have been lost four minutes ago.
    sim.world.setReplication(REPLICA, { lagMs: 240_000 });
    await wait(sim, 300_000);
    expect((await look())?.receiving).toBeUndefined();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await wait(sim, 130_000);
    // A person has stopped it: that tells nothing of the source.
    expect(await look()).toMatchObject({ says: 'unknown', because: 'replication of shop-orders-tokyo has the status stopped' });
    // It replicates again, and the newest sample is from before that.
    sim.world.setReplication(REPLICA, { mode: 'replicating' });
    expect(await look()).toMatchObject({ says: 'unknown', because: expect.stringMatching(/is replicating, although its newest lag sample, .* old, says that it was not replicating$/) as string });
    const dead = await simulation();
    const lookDead = await replication(dead);
    dead.world.breakRegion(SEOUL);
    await wait(dead, 300_000);
    expect(await lookDead()).toMatchObject({ says: 'down' });
  });

  it('what cannot be asked is unknown, and stops nothing', async () => {
    const sim = await simulation();
    const look = await replication(sim);
    sim.world.addFault({ region: TOKYO, service: 'rds', effect: { kind: 'error', httpStatus: 400, code: 'AccessDenied' } });
    expect(await look()).toMatchObject({ vantage: 'replication', says: 'unknown', notAsked: true, because: expect.stringContaining('AccessDenied') as string });
  });
});

describe('rds-read-replica.rpoGate', () => {
  const gate = (sim: Simulation, at: Parameters<typeof stepIn>[2] = {}) => stepIn(sim, 'databases.orders.rpoGate', at);

  it('opens within the RPO, and records the bound with its method and the age of its sample', async () => {
    const sim = await simulation();
    const step = await gate(sim);
    expect(await step.check()).toMatchObject({ state: 'ok' });
    expect(step.recorded).toEqual({});
    expect(await step.observe()).toMatchObject({ state: 'reached', because: expect.stringMatching(/^at most .* of writes would be lost \(lag .*, sample .* old\)$/) as string });
    const bound = step.recorded['rpo.orders'] as { boundMs: number; ageMs: number; method: string; lagMs: number };
    expect(bound).toMatchObject({ method: 'replica-lag', database: 'orders' });
    expect(bound.ageMs).toBeGreaterThanOrEqual(0);
    expect(bound.boundMs).toBe(bound.lagMs + bound.ageMs);
  });

  it('a sample that is younger than the question, for the answer took its time, is not from the future', async () => {
    const sim = await simulation();
    const step = await gate(sim);
    sim.world.addFault({ region: TOKYO, service: 'rds', operation: 'DescribeDBInstances', effect: { kind: 'slow', ms: 4_000 } });
    await wait(sim, 60_000 - (sim.clock.now() % 60_000) + 58_000);
    expect(await step.observe()).toMatchObject({ state: 'reached' });
    expect(step.recorded['rpo.orders']).toMatchObject({ boundMs: expect.any(Number) as number });
  });

  it('counts up to the impact where that is known', async () => {
    const sim = await simulation();
    const began = sim.clock.now();
    const step = await gate(sim, { impactAt: began });
    sim.world.breakRegion(SEOUL);
    await wait(sim, 200_000);
    await step.observe();
    const bound = step.recorded['rpo.orders'] as { boundMs: number; outageAt: number };
    expect(bound.outageAt).toBe(began);
    expect(bound.boundMs).toBeLessThan(120_000);
  });

  it('counts up to now where the replica was seen replicating after the impact, and a −1 is no such sign', async () => {
    const outage = async (mode: 'replicating' | 'stopped') => {
      const sim = await simulation();
      const impactAt = sim.clock.now();
      sim.world.setReplication(REPLICA, { mode });
      await wait(sim, 240_000);
      const step = await gate(sim, { impactAt });
      await step.observe();
      return { impactAt, now: sim.clock.now(), bound: step.recorded['rpo.orders'] as { boundMs: number; outageAt: number } };
    };
    const alive = await outage('replicating');
    expect(alive.now - alive.bound.outageAt).toBeLessThan(1_000);
    const dead = await outage('stopped');
    expect(dead.bound.outageAt).toBe(dead.impactAt);
    expect(dead.bound.boundMs).toBeLessThan(120_000);
  });

  it('refuses more than the RPO, and the override that it names opens it', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: 900_000 });
    await wait(sim, 1_200_000);
    const step = await gate(sim);
    const seen = await step.observe();
    expect(seen).toMatchObject({ state: 'refused', refusal: { rule: 'rpo-gate', threshold: 'RPO 5m', consequence: expect.stringMatching(/^up to \d+m( \d+s)? of acknowledged writes of orders would be lost$/) as string } });
    const override = seen.state === 'refused' ? seen.refusal.override : '';
    const seconds = Number(/^--accept-data-loss (\d+)s --reason "…"$/.exec(override)?.[1]);
    expect(await (await gate(sim, { acceptances: { dataLossSeconds: seconds, reason: 'decided' } })).observe()).toMatchObject({ state: 'reached', because: expect.stringContaining('; accepted: decided') as string });
    expect(await (await gate(sim, { acceptances: { dataLossSeconds: 60, reason: 'decided' } })).observe()).toMatchObject({ state: 'refused' });
  });

  it('refuses what is unknown; only "unknown" accepts it, no number of seconds', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await wait(sim, 4 * 3_600_000);
    const seen = await (await gate(sim)).observe();
    expect(seen).toMatchObject({
      state: 'refused',
      refusal: {
        observed: expect.stringMatching(/^the lag of shop-orders-tokyo is unknown: .*; ReplicaLag is −1: shop-orders-tokyo is not replicating/) as string,
        consequence: 'a promotion would lose an unknown amount of acknowledged writes of orders, silently',
        override: '--accept-data-loss unknown --reason "…"',
      },
    });
    expect(await (await gate(sim, { acceptances: { dataLossSeconds: 1e9, reason: 'x' } })).observe()).toMatchObject({ state: 'refused' });
    const accepted = await gate(sim, { acceptances: { dataLossSeconds: 'unknown', reason: 'x' } });
    expect(await accepted.observe()).toMatchObject({ state: 'reached', because: 'loss of orders is unknown; accepted: x' });
    expect(accepted.recorded['rpo.orders']).not.toHaveProperty('boundMs', 0);
  });

  it.each([
    ['refused', { kind: 'error', httpStatus: 400, code: 'AccessDenied' }, 'AccessDenied'],
    ['silent', { kind: 'hang' }, 'no answer within'],
  ] as const)('a metric that cannot be read (%s) is unknown, never a lag of zero, and a person may accept that', async (_, effect, words) => {
    const sim = await simulation();
    const step = await gate(sim);
    sim.world.addFault({ service: 'cloudwatch', effect });
    const refusal = { rule: 'rpo-gate', observed: expect.stringContaining(words) as string, override: '--accept-data-loss unknown --reason "…"' };
    expect(await step.check()).toMatchObject({ state: 'refused', refusal });
    expect(await step.observe()).toMatchObject({ state: 'refused', refusal });
    const accepted = await gate(sim, { acceptances: { dataLossSeconds: 'unknown', reason: 'x' } });
    expect(await accepted.observe()).toMatchObject({ state: 'reached', because: 'loss of orders is unknown; accepted: x' });
    expect((accepted.recorded['rpo.orders'] as { boundMs?: number }).boundMs).toBeUndefined();
  });

  it('is open for a writer that this run has promoted', async () => {
    const sim = await simulation();
    const step = await gate(sim, { intends });
    await (await promoteOf(sim)).act();
    await wait(sim, 900_000);
    expect(await step.observe()).toEqual({ state: 'reached', because: 'shop-orders-tokyo is a writer: this run has promoted it' });
  });
});

describe('rds-read-replica.canary', () => {
  type Canary = (target: SqlTarget, table: string, token: string) => Promise<string>;
  const canaryOf = (sim: Simulation, more: { canary?: Canary; env?: Effects['env'] } = {}) =>
    stepIn(sim, 'databases.orders.canary', {
      effects: { ...(more.canary === undefined ? {} : { sql: { ...sim.effects.sql, canary: more.canary } }), ...(more.env === undefined ? {} : { env: more.env }) },
    });

  it('is reached once what was written was read back, and records it without the password', async () => {
    const sim = await simulation();
    const targets: SqlTarget[] = [];
    const step = await canaryOf(sim, { canary: (target, _table, token) => (targets.push(target), Promise.resolve(token)) });
    expect(await step.check()).toEqual({ state: 'ok', because: 'login for shop-orders-tokyo is there' });
    const seen = await step.observe();
    const { token } = step.recorded['canary.orders'] as { token: string };
    expect(token).toMatch(/^shop-[0-9a-f]{16}$/);
    expect(seen).toEqual({ state: 'reached', because: `row ${token} was written, committed and read back` });
    expect(targets).toMatchObject([{ database: 'shop', user: 'shop', password: 'secret-canary' }]);
    expect(JSON.stringify([step.recorded, seen])).not.toContain('secret-canary');
  });

  it('waits on a replica that takes no writes, and on a wrong row', async () => {
    const sim = await simulation();
    expect(await (await canaryOf(sim)).observe()).toMatchObject({ state: 'pending', waitingFor: 'database', because: expect.stringContaining('read-only') as string });
    const other = await canaryOf(sim, { canary: () => Promise.resolve('other') });
    expect(await other.observe()).toMatchObject({ state: 'pending', because: expect.stringMatching(/^wrote shop-[0-9a-f]+, read other$/) as string });
    expect(other.recorded).toEqual({});
  });

  it('refuses without a login, before anything is changed', async () => {
    const sim = await simulation();
    const step = await canaryOf(sim, { env: (name) => (name === 'SHOP_DB_USER' ? 'shop' : '') });
    expect(await step.check()).toEqual({
      state: 'refused',
      refusal: {
        rule: 'canary',
        observed: 'SHOP_DB_PASSWORD not set',
        threshold: 'the environment variables SHOP_DB_USER and SHOP_DB_PASSWORD, and a PostgreSQL endpoint',
        consequence: 'the new writer of orders could not be proven to take writes before users are sent to it',
        override: 'export SHOP_DB_USER=… SHOP_DB_PASSWORD=…, or take `canary` out of the runbook',
      },
    });
    expect(await (await canaryOf(sim, { env: () => undefined })).check()).toMatchObject({ refusal: { observed: 'SHOP_DB_USER and SHOP_DB_PASSWORD not set' } });
  });
});
