import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findDbInstance } from '../../src/aws/rds.ts';
import type { DbRef } from '../../src/simulator/database-driver.ts';
import { APPROVED, planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from './simulated.ts';
import type { Direction } from '../../src/app/observe.ts';

const HOME: DbRef = { region: SEOUL, id: 'shop-orders' };
const AWAY: DbRef = { region: TOKYO, id: 'shop-orders-tokyo' };

async function done(sim: Simulation, direction: Direction) {
  const { state, outcome } = await runPlan(sim, await planOf(sim, direction));
  expect([...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.state, s.because, s.refusal, s.error])).toEqual([]);
  expect(outcome).toBe('succeeded');
  return state;
}

describe('reprotect in simulated time', () => {
  it('renames the old primary, keeps it, and makes a replica of that name that is in sync', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await done(sim, { verb: 'failover', region: TOKYO });
    sim.world.healRegion(SEOUL);
    const state = await done(sim, { verb: 'reprotect' });
    const { databases } = sim.world.snapshot();
    expect(databases.map((d) => [d.region, d.id, d.role, d.status, d.source]).sort()).toEqual([
      [TOKYO, 'shop-orders-tokyo', 'writer', 'available', undefined],
      [SEOUL, 'shop-orders', 'replica', 'available', `${TOKYO}/shop-orders-tokyo`],
      [SEOUL, 'shop-orders-old-20261120', 'writer', 'available', undefined],
    ]);
    expect(state.facts.get(`standby.orders.${SEOUL}`)).toMatchObject({ kept: 'shop-orders-old-20261120' });
    expect(sim.world.acceptsWrites(AWAY)).toBe(true);
  });

  it('closes a writer that nobody could fence before it gives it another name, and the new replica gets its groups', async () => {
    const sim = await simulation();
    const database = (id: string) => sim.world.snapshot().databases.find((d) => d.id === id);
    const groups = database(HOME.id)?.securityGroups;
    sim.world.breakRegion(SEOUL);
    await done(sim, { verb: 'failover', region: TOKYO });
    sim.world.healRegion(SEOUL);
    expect(sim.world.acceptsWrites(HOME)).toBe(true);
    const { outcome, state } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }), {
      onRecord: (record) => {
        if (!('step' in record) || record.step !== 'databases.orders.keepOld') return;
        // Who was connected writes on until the new name takes its restart.
        if (record.type === 'step.intent') expect(database(HOME.id)).toMatchObject({ quarantined: true, acceptsWrites: true });
        if (record.type === 'step.done') expect(database('shop-orders-old-20261120')).toMatchObject({ quarantined: true, acceptsWrites: false });
      },
    });
    expect(outcome).toBe('succeeded');
    expect(database('shop-orders-old-20261120')).toMatchObject({ role: 'writer', quarantined: true, acceptsWrites: false });
    expect(database(HOME.id)).toMatchObject({ role: 'replica', quarantined: false, securityGroups: groups });
    const because = 'shop-orders accepts no new connection: its only security group is sg-0aaaaaaaaaaaaaaaa, and its new name took a restart, which ended every session';
    expect(state.facts.get('fence.orders')).toMatchObject({ verdict: 'fenced', because });
  });

  it('says that it stays open where the runbook names no quarantine group', async () => {
    const text = await readFile(SHOP, 'utf8');
    const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
    await writeFile(path, text.replace(/\n {4}fence:\n.*\n/, '\n'));
    const sim = await simulation({ path });
    await done(sim, { verb: 'switchover', region: TOKYO });
    const plan = await planOf(sim, { verb: 'reprotect' });
    expect(plan.steps.filter((s) => s.phase === 'fence').map((s) => s.title)).toEqual(['Rename the old shop-orders in ap-northeast-2, and keep it (open: the runbook names no quarantine group)']);
    const { outcome, state } = await runPlan(sim, plan);
    expect(outcome).toBe('succeeded');
    expect(state.steps.get('databases.orders.keepOld')?.warnings).toEqual(['the old shop-orders takes writes from anyone who learns its new name: the runbook names no fence.quarantine for ap-northeast-2']);
  });

  it('says what a standby that is not in sync yet waits for, and continues when it is', async () => {
    const sim = await simulation({ timings: { metricPeriodMs: 60_000 } });
    await done(sim, { verb: 'switchover', region: TOKYO });
    const { records } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }));
    const at = (step: string) => records.find((r) => r.type === 'step.done' && r.step === step);
    expect(at('databases.orders.inSync')).toMatchObject({ because: expect.stringMatching(/^shop-orders lags 1\.0 s behind, \d+/) as string });
    expect(at('databases.orders.inSync')?.at).toBeGreaterThan(at('databases.orders.rebuild')?.at ?? Number.POSITIVE_INFINITY);
  });
});

/** Everything that must be as before: all but the old instances that are kept. */
function view(sim: Simulation) {
  const { databases, records, groups, applications } = sim.world.snapshot();
  return {
    databases: databases
      .filter((d) => !d.id.includes('-old-'))
      .map(({ region, id, role, source, status, acceptsWrites, securityGroups, quarantined }) => ({ region, id, role, source, status, acceptsWrites, securityGroups, quarantined })),
    records: records.map(({ name, setIdentifier, failover, values, answered }) => ({ name, setIdentifier, failover, values, answered })),
    groups: groups.map(({ region, name, min, max, desired, healthy }) => ({ region, name, min, max, desired, healthy })),
    applications,
  };
}

async function settled(sim: Simulation) {
  await sim.clock.run(() => sim.clock.sleep(600_000));
  sim.world.tick();
}

/** Rows that users were given are safe, and that an instance does not hold, by who acknowledged them. */
function missing(sim: Simulation, ref: DbRef) {
  return sim.world.ledgerOf(ref).filter((e) => e.acknowledged > e.held).map((e) => ({ origin: e.origin, rows: e.acknowledged - e.held }));
}

describe('out and home again', () => {
  it.each([1, 7, 42, 1234])('planned both ways, seed %i: ends as it began, and no row is lost', async (seed) => {
    const sim = await simulation({ seed });
    sim.world.setReplication(AWAY, { lagMs: 200 * (seed % 50) });
    const before = view(sim);
    await done(sim, { verb: 'switchover', region: TOKYO });
    await done(sim, { verb: 'reprotect' });
    await done(sim, { verb: 'switchover', region: SEOUL });
    await done(sim, { verb: 'reprotect' });
    await settled(sim);
    expect(view(sim)).toEqual(before);
    expect(missing(sim, HOME)).toEqual([]);
    const wrote = sim.world.ledgerOf(HOME).filter((e) => e.acknowledged > 0).map((e) => e.origin.split('#')[0]);
    expect(new Set(wrote)).toEqual(new Set([`${SEOUL}/shop-orders`, `${TOKYO}/shop-orders-tokyo`]));
  });

  it.each([1, 7, 42])('out because home is lost, home as planned, seed %i: only what had not arrived is lost', async (seed) => {
    const sim = await simulation({ seed });
    const lagMs = 100 * (seed % 20);
    sim.world.setReplication(AWAY, { lagMs });
    await sim.clock.run(() => sim.clock.sleep(60_000));
    const before = view(sim);
    sim.world.breakRegion(SEOUL);
    await done(sim, { verb: 'failover', region: TOKYO });
    const loss = sim.world.lossOf(AWAY);
    expect(loss?.ms).toBeLessThanOrEqual(lagMs + 100);
    // It comes back as a writer. The world has somebody write to whatever takes writes, until its name is gone.
    sim.world.healRegion(SEOUL);
    const back = sim.clock.now();
    const reprotected = await done(sim, { verb: 'reprotect' });
    const stray = 10 * Math.ceil(((reprotected.steps.get('databases.orders.keepOld')?.endedAt ?? 0) - back) / 1000);
    await done(sim, { verb: 'switchover', region: SEOUL });
    await done(sim, { verb: 'reprotect' });
    await settled(sim);
    expect(view(sim)).toEqual(before);
    const lost = missing(sim, HOME);
    expect(lost.map((l) => l.origin)).toEqual(lost.length === 0 ? [] : [`${SEOUL}/shop-orders#1`]);
    expect(lost[0]?.rows ?? 0).toBeGreaterThanOrEqual(loss?.commits ?? 0);
    expect(lost[0]?.rows ?? 0).toBeLessThanOrEqual((loss?.commits ?? 0) + stray);
    const kept = sim.world.snapshot().databases.map((d) => d.id).filter((id) => id.includes('-old-')).sort();
    expect(kept).toEqual(['shop-orders-old-20261120', 'shop-orders-tokyo-old-20261120']);
  });

  it('a second time on the same day keeps both old instances, under two names', async () => {
    const sim = await simulation();
    for (const region of [TOKYO, SEOUL, TOKYO]) {
      await done(sim, { verb: 'switchover', region });
      await done(sim, { verb: 'reprotect' });
    }
    const kept = sim.world.snapshot().databases.map((d) => d.id).filter((id) => id.includes('-old-')).sort();
    expect(kept).toEqual(['shop-orders-old-20261120', 'shop-orders-old-20261120-2', 'shop-orders-tokyo-old-20261120']);
  });
});

/** shop with other settings of its database. */
async function withDatabase(lines: string[]): Promise<Simulation> {
  const text = await readFile(SHOP, 'utf8');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text.replace('    kind: rds-read-replica\n', `    kind: rds-read-replica\n${lines.map((line) => `    ${line}\n`).join('')}`));
  return simulation({ path });
}

function described(sim: Simulation, region: string, id: string) {
  return sim.clock.run(() => findDbInstance(sim.effects.aws, region, id));
}

describe('what a rebuilt standby is like', () => {
  it('has the class of a standby, while the new writer got that of an active one before users came', async () => {
    const sim = await withDatabase(['instanceClass: { active: db.r6g.xlarge, standby: db.r6g.large }']);
    const classes = async () => Promise.all([described(sim, SEOUL, HOME.id), described(sim, TOKYO, AWAY.id)]).then((all) => all.map((i) => i?.DBInstanceClass));
    expect(await classes()).toEqual(['db.r6g.xlarge', 'db.r6g.large']);
    await done(sim, { verb: 'switchover', region: TOKYO });
    expect(await classes()).toEqual(['db.r6g.xlarge', 'db.r6g.xlarge']);
    await done(sim, { verb: 'reprotect' });
    expect(await classes()).toEqual(['db.r6g.large', 'db.r6g.xlarge']);
    await done(sim, { verb: 'switchover', region: SEOUL });
    await done(sim, { verb: 'reprotect' });
    expect(await classes()).toEqual(['db.r6g.xlarge', 'db.r6g.large']);
    expect((await described(sim, SEOUL, HOME.id))?.BackupRetentionPeriod).toBe(7);
  });

  it('has the parameter group of the old one, and was restarted for it', async () => {
    const sim = await simulation();
    sim.world.addDbParameterGroup({ region: SEOUL, name: 'shop-tuned' });
    const modify = (input: object) => sim.effects.aws.call({ service: 'rds', region: SEOUL, operation: 'ModifyDBInstance', input: { DBInstanceIdentifier: HOME.id, ...input } });
    await sim.clock.run(() => modify({ DBParameterGroupName: 'shop-tuned' }));
    await sim.clock.run(() => sim.clock.sleep(60_000));
    await done(sim, { verb: 'switchover', region: TOKYO });
    const state = await done(sim, { verb: 'reprotect' });
    expect((await described(sim, SEOUL, HOME.id))?.DBParameterGroups).toEqual([{ DBParameterGroupName: 'shop-tuned', ParameterApplyStatus: 'in-sync' }]);
    expect(state.steps.get('databases.orders.restart')).toMatchObject({ already: false });
  });

  it('needs the security groups from the runbook where the old writer was put into quarantine', async () => {
    const attested = { ...APPROVED, sourceDown: 'alice', reason: 'fire' };
    const sim = await simulation();
    expect((await runPlan(sim, await planOf(sim, TOKYO), { acceptances: attested })).outcome).toBe('succeeded');
    const { state, outcome } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }));
    expect(outcome).toBe('refused');
    expect(state.steps.get('databases.orders.standbyGate')?.refusal).toEqual({
      rule: 'standby-settings',
      observed: 'shop-orders has no security group but the quarantine, so that its own are not known',
      threshold: 'the security groups of the new replica',
      consequence: 'nobody could connect to it',
      override: `add to the database in the runbook: securityGroups: { ${SEOUL}: [sg-…] }`,
    });
    const named = await withDatabase([`securityGroups: { ${SEOUL}: [sg-0eeeeeeeeeeeeeeee], ${TOKYO}: [sg-0ffffffffffffffff] }`]);
    expect((await runPlan(named, await planOf(named, TOKYO), { acceptances: attested })).outcome).toBe('succeeded');
    await done(named, { verb: 'reprotect' });
    expect((await described(named, SEOUL, HOME.id))?.VpcSecurityGroups).toEqual([{ VpcSecurityGroupId: 'sg-0eeeeeeeeeeeeeeee', Status: 'active' }]);
  });
});

describe('what a reprotect refuses', () => {
  it('a region that does not answer', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    await done(sim, { verb: 'failover', region: TOKYO });
    const { state, outcome, records } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }));
    expect(outcome).toBe('refused');
    expect(records.filter((r) => r.type === 'step.intent')).toEqual([]);
    expect(state.steps.get('databases.orders.standbyGate')?.refusal).toMatchObject({
      rule: 'standby-region',
      observed: `the RDS API of ${SEOUL} gives no answer`,
      override: `none: wait until ${SEOUL} is back, then: dr reprotect. With a third region: dr reprotect --standby REGION`,
    });
  });

  it('an application that is protected, a region that is not active, and a standby that is', async () => {
    const sim = await simulation();
    await expect(planOf(sim, { verb: 'reprotect' })).rejects.toMatchObject({ code: 'ALREADY_PROTECTED', message: `shop is protected already: ${TOKYO} follows ${SEOUL}.` });
    await expect(planOf(sim, { verb: 'reprotect', region: TOKYO })).rejects.toMatchObject({ code: 'NOT_ACTIVE', exit: 'refused', message: `shop is not active in ${TOKYO}: there is nothing to protect.` });
    await expect(planOf(sim, { verb: 'reprotect', standby: SEOUL })).rejects.toMatchObject({ code: 'STANDBY_ACTIVE' });
    await expect(planOf(sim, { verb: 'reprotect', standby: 'ap-northeast-3' })).rejects.toMatchObject({ code: 'REGION_UNKNOWN' });
  });

  it('a writer without backups, and an old instance that is stopped', async () => {
    const sim = await simulation();
    await done(sim, { verb: 'switchover', region: TOKYO });
    sim.world.setDbStatus(HOME, 'stopped');
    const refused = async () => {
      const { state } = await runPlan(sim, await planOf(sim, { verb: 'reprotect' }));
      return state.steps.get('databases.orders.standbyGate')?.refusal;
    };
    expect(await refused()).toMatchObject({ rule: 'standby-settings', observed: `shop-orders in ${SEOUL} is stopped` });
  });
});
