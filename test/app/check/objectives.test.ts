import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leaseAll } from '../../../src/app/locks.ts';
import { rtoFindings } from '../../../src/app/feasibility.ts';
import { feasibilityOf } from '../../../src/plan/feasibility.ts';
import { planOf, SEOUL, TOKYO } from '../../engine/simulated.ts';
import { loadStepKind } from '../../../src/kinds/registry.ts';
import { LocalState } from '../../../src/journal/local-state.ts';
import { SeededIds } from '../../../src/simulator/random.ts';
import { DRILL, keepBackups } from '../../engine/drills.ts';
import { bench } from '../fixture.ts';
import { lags, withLags } from './examples.ts';
import { checkIn, shortly, sleep, worldOf } from './world.ts';

const rto = (text: string) => (runbook: string): string => runbook.replace('rto: 15m', `rto: ${text}`);

describe('is the RPO kept, not only now?', () => {
  it.each([
    { what: 'a day of each week without replication', values: lags(1_728, 288), found: [`warning rpo-unproven rds:${TOKYO}:shop-orders-tokyo`] },
    { what: 'most of the time without', values: lags(100, 900), found: [`error rpo-infeasible rds:${TOKYO}:shop-orders-tokyo`] },
    { what: 'five minutes once', values: lags(4_031, 1), found: [] },
    { what: 'too few samples to say', values: lags(0, 287), found: [] },
  ])('$what', async ({ values, found }) => {
    const sim = await worldOf('shop');
    expect(shortly(await checkIn(sim, { effects: { aws: withLags(sim, values) } })).filter((one) => one.includes(' rpo-'))).toEqual(found);
  });
});

describe('what own runs show', () => {
  it('a failover that ended well: its times count, and it is the last test, which grows old', async () => {
    const b = await bench();
    expect((await b.start()).state.outcome).toBe('succeeded');
    b.sim.world.healRegion(SEOUL);
    await sleep(b.sim, 60_000);
    const { ways } = await checkIn(b.sim, { state: { folder: b.state } });
    expect(ways).toMatchObject([{ source: TOKYO, target: SEOUL, lastTest: { verb: 'failover' } }]);
    expect(ways[0]?.feasibility?.steps.some(({ basis, runs }) => runs === 1 && basis === 'measured in 1 own run')).toBe(true);
    await sleep(b.sim, 91 * 86_400_000);
    expect(shortly(await checkIn(b.sim, { state: { folder: b.state } }))).toContain('warning test-overdue runbook:shop');
  });
});

describe('a run that is under way', () => {
  it('holds the application: a warning that names it, until it has given it back', async () => {
    const sim = await worldOf('shop');
    const folder = await mkdtemp(join(tmpdir(), 'dr-check-'));
    const held = async () => (await checkIn(sim, { state: { folder } })).findings.filter(({ rule }) => rule === 'held');
    expect(await held()).toEqual([]);
    const run = '20261120T000000Z-shop-failover-000001';
    const lease = await leaseAll(new LocalState(folder), await planOf(sim, TOKYO), [], { run, operator: { identity: 'arn', user: 'ben', host: 'elsewhere', pid: 7 }, now: sim.clock.now(), ids: new SeededIds(1) });
    expect(await held()).toMatchObject([{ severity: 'warning', observed: expect.stringContaining(run) as string }]);
    await lease.release();
    expect(await held()).toEqual([]);
  });
});

describe('a drill that never came to its end', () => {
  it('is found once its twins have expired, with the command that deletes them, and not before', async () => {
    const b = await bench({ alive: true });
    await keepBackups(b.sim);
    await Promise.all((await planOf(b.sim, DRILL)).steps.map(({ kind }) => loadStepKind(kind)));
    let run = '';
    // As of a process that dies when its twin was asked for: nothing more is written.
    const drill = b.start({ ...DRILL, onRecord: (record) => {
      ({ run } = record);
      if (record.type === 'step.acted' && record.step === 'databases.orders.twin') throw new Error('died');
    } });
    await expect(drill).rejects.toThrow('died');
    const found = async () => (await checkIn(b.sim, { state: { folder: b.state } })).findings.filter(({ rule }) => rule === 'drill-left');
    expect(await found()).toEqual([]);
    await sleep(b.sim, 25 * 3_600_000);
    expect(await found()).toMatchObject([{ observed: expect.stringMatching(/dr-drill-[0-9a-f]{8}-shop-orders-tokyo may be there$/) as string, mend: `dr drill clean ${run}` }]);
  });
});

describe('what AWS’s agreements add up to', () => {
  it('shop: one zone of RDS decides; two regions are the product of what fails', async () => {
    const { ways } = await checkIn(await worldOf('shop'));
    const { one, two, parts } = ways[0]?.availability ?? { one: 0, two: 0, parts: [] };
    expect(parts.map(({ what, percent }) => [what, percent])).toEqual([['RDS in one zone', 99.5], ['EC2 in several zones', 99.99], ['load balancer in several zones', 99.99], ['Route 53 answers', 100]]);
    const region = 0.995 * 0.9999 * 0.9999;
    expect(one).toBeCloseTo(100 * region, 6);
    expect(two).toBeCloseTo(100 * (1 - (1 - region) ** 2), 6);
  });
});

describe('can the RTO be met?', () => {
  it('the documented times, and what the records say: the sum stands in the result', async () => {
    const { ways, findings } = await checkIn(await worldOf('shop'));
    const feasibility = ways[0]?.feasibility;
    expect(feasibility?.verdict).toBe('unproven');
    expect(feasibility?.steps.map(({ step, basis }) => [step, basis])).toContainEqual(['traffic.storefront.settle', 'TTL 1 s']);
    expect(feasibility?.steps.reduce((sum, { p50 }) => sum + p50, 0)).toBe(feasibility?.p50);
    expect(findings.filter(({ rule }) => rule.startsWith('rto'))).toEqual([]);
  });

  it('an RTO of five minutes, of which the records alone need four: refused with the sum', async () => {
    const sim = await worldOf('shop', rto('5m'));
    const set = (id: string, failover: 'PRIMARY' | 'SECONDARY', address: string) => ({ Action: 'UPSERT' as const, ResourceRecordSet: { Name: 'shop.example.com', Type: 'A' as const, SetIdentifier: id, Failover: failover, TTL: 210, HealthCheckId: `hc-${id}`, ResourceRecords: [{ Value: address }] } });
    const input = { HostedZoneId: 'Z0123456789ABCDEFGHIJ', ChangeBatch: { Changes: [set('seoul', 'PRIMARY', '127.0.0.2'), set('tokyo', 'SECONDARY', '127.0.0.3')] } };
    await sim.clock.run(() => sim.effects.aws.call({ service: 'route53', region: 'us-east-1', operation: 'ChangeResourceRecordSets', input }));
    await sleep(sim, 120_000);
    const result = await checkIn(sim);
    const finding = result.findings.find(({ rule }) => rule === 'rto-infeasible');
    expect(result.ways[0]?.feasibility?.dns).toBe(240);
    expect(finding).toMatchObject({ severity: 'error', wanted: 'users are served within the RTO of 5m', ...sim.loaded.at(['objectives', 'rto']) });
    expect(finding?.observed).toContain('30 s traffic.storefront.flip (AWS: changes are INSYNC usually within 60 s) + 3m 30s traffic.storefront.settle (TTL 210 s)');
  });

  it('by health check: interval × threshold, then the TTL', async () => {
    const sim = await worldOf('shop', (text) => text.replace('switch: record', 'switch: health-check'));
    const { ways } = await checkIn(sim);
    expect(ways[0]?.feasibility?.steps.map(({ basis }) => basis)).toContain('health check 30 s (interval × threshold) + TTL 1 s');
  });

  it('own runs count before what AWS documents: p50 and p95 by the nearest rank', async () => {
    const sim = await worldOf('shop');
    const plan = await planOf(sim, TOKYO);
    const promote = 'databases.orders.promote';
    const documented = feasibilityOf(plan);
    const measured = new Map([[promote, [100, 220, 400, 160, 280]]]);
    const known = feasibilityOf(plan, { measured, observed: new Map() });
    expect(documented.steps.find(({ step }) => step === promote)).toMatchObject({ p50: 300, runs: 0 });
    expect(known.steps.find(({ step }) => step === promote)).toMatchObject({ p50: 220, p95: 400, runs: 5, basis: 'measured in 5 own runs' });
    expect(known.p50).toBeLessThan(documented.p50);
  });

  it('own runs that mostly keep the RTO, and not always: a warning; where a step was never run, nothing', async () => {
    const sim = await worldOf('shop');
    const plan = await planOf(sim, TOKYO);
    const runs = (more: Record<string, number[]> = {}) => ({ measured: new Map<string, number[]>([...plan.steps.map(({ id }): [string, number[]] => [id, [1]]), ...Object.entries(more)]), observed: new Map() });
    const found = (known: ReturnType<typeof runs>) => rtoFindings(sim.loaded, TOKYO, feasibilityOf(plan, known)).map(({ severity, rule, path }) => `${severity} ${rule} ${path.join('.')}`);
    const slow = runs({ 'databases.orders.promote': [100, 110, 120, 1_200] });
    expect(found(runs())).toEqual([]);
    expect(found(slow)).toEqual(['warning rto-unproven objectives.rto']);
    // A time that AWS documents is an upper bound, and no reason to doubt.
    slow.measured.delete('traffic.storefront.flip');
    expect(found(slow)).toEqual([]);
  });

  it('notifications and what comes after users are served are no part of it', async () => {
    const plan = await planOf(await worldOf('shop'), TOKYO);
    const ids = feasibilityOf(plan).steps.map(({ step }) => step);
    const after = plan.steps.filter((step) => step.optional || step.phase === 'verify' || step.phase === 'protect').map(({ id }) => id);
    expect(after.length).toBeGreaterThan(0);
    expect(ids.filter((id) => after.includes(id))).toEqual([]);
  });

  it('no finding of the healthy examples', async () => {
    for (const name of ['shop', 'archive', 'billing', 'active-active']) expect(shortly(await checkIn(await worldOf(name))).filter((one) => one.includes('rto-'))).toEqual([]);
  });
});
