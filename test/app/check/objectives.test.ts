import { describe, expect, it } from 'vitest';
import { feasibilityOf } from '../../../src/plan/feasibility.ts';
import { planOf, TOKYO } from '../../engine/simulated.ts';
import { checkIn, shortly, sleep, worldOf } from './world.ts';

const rto = (text: string) => (runbook: string): string => runbook.replace('rto: 15m', `rto: ${text}`);

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
