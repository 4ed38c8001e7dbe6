import { describe, expect, it } from 'vitest';
import { DrError } from '../../src/base/errors.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { APPROVED, planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };

async function refusalsOf(sim: Simulation, acceptances: Acceptances = APPROVED) {
  const plan = await planOf(sim, TOKYO);
  const { state, outcome, records } = await runPlan(sim, plan, { acceptances });
  const refused = [...state.steps.values()].flatMap((s) => (s.refusal === undefined ? [] : [s.refusal]));
  const mutations = records.filter((r) => r.type === 'step.intent').map((r) => r.step);
  return { outcome, refused, mutations, state };
}

async function errorOf(work: Promise<unknown>): Promise<DrError> {
  const error = await work.then(() => undefined, (e: unknown) => e);
  expect(error).toBeInstanceOf(DrError);
  return error as DrError;
}

describe('what a failover refuses', () => {
  it('a healthy source', async () => {
    const sim = await simulation();
    const { outcome, refused, mutations } = await refusalsOf(sim);
    expect(outcome).toBe('refused');
    expect(refused).toMatchObject([{ rule: 'source-down', threshold: 'two independent signals that the source region is down' }]);
    expect(refused[0]?.observed).toContain('0 of at least 2 independent signals say down');
    expect(mutations).toEqual([]);
    expect(sim.world.acceptsWrites({ region: SEOUL, id: 'shop-orders' })).toBe(true);
  });

  it('a healthy source passes when a named person attests it, and the old writer is fenced first', async () => {
    const sim = await simulation();
    const { outcome, mutations, state } = await refusalsOf(sim, { ...APPROVED, sourceDown: 'alice', reason: 'fire in the building' });
    expect(outcome).toBe('succeeded');
    expect(mutations.indexOf('databases.orders.fence')).toBeGreaterThanOrEqual(0);
    expect(mutations.indexOf('databases.orders.fence')).toBeLessThan(mutations.indexOf('databases.orders.promote'));
    expect(state.facts.get('fence.orders')).toMatchObject({ verdict: 'fenced' });
    expect(sim.world.acceptsWrites({ region: SEOUL, id: 'shop-orders' })).toBe(false);
    expect(sim.world.acceptsWrites(REPLICA)).toBe(true);
  });

  it('a missing approval, before anything is changed', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, mutations } = await refusalsOf(sim, { approvedBy: ['mallory@example.com'] });
    expect(outcome).toBe('refused');
    expect(refused).toEqual([
      {
        rule: 'approval',
        observed: '0 of 1 approvals; not on the list: mallory@example.com',
        threshold: 'approval by 1 of incident-commander@example.com, shop-lead@example.com',
        consequence: 'the point of no return is not crossed without them',
        override: '--approved-by incident-commander@example.com',
      },
    ]);
    expect(mutations).toEqual([]);
  });

  it('a lag above the RPO', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: 900_000 });
    await sim.clock.run(() => sim.clock.sleep(300_000));
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, mutations } = await refusalsOf(sim);
    expect(outcome).toBe('refused');
    expect(refused).toMatchObject([{ rule: 'rpo-gate', threshold: 'RPO 5m' }]);
    expect(refused[0]?.override).toMatch(/^--accept-data-loss \d+s --reason "…"$/);
    expect(mutations).toEqual([]);
  });

  it('a lag above the RPO passes with the override that the refusal named', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { lagMs: 900_000 });
    await sim.clock.run(() => sim.clock.sleep(300_000));
    sim.world.breakRegion(SEOUL);
    const { refused } = await refusalsOf(sim);
    const seconds = Number(/(\d+)s/.exec(refused[0]?.override ?? '')?.[1]);
    const { outcome, state } = await refusalsOf(sim, { ...APPROVED, dataLossSeconds: seconds, reason: 'decided' });
    expect(outcome).toBe('succeeded');
    const bound = state.facts.get('rpo.orders') as { boundMs: number };
    expect(bound.boundMs).toBeGreaterThan(300_000);
    expect(bound.boundMs).toBeGreaterThanOrEqual(sim.world.lossOf(REPLICA)?.ms ?? Number.POSITIVE_INFINITY);
  });

  it('a lag that is unknown, unless a person accepts that', async () => {
    const sim = await simulation();
    sim.world.addFault({ service: 'cloudwatch', effect: { kind: 'error', httpStatus: 400, code: 'AccessDenied' } });
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, mutations } = await refusalsOf(sim);
    expect(outcome).toBe('refused');
    expect(refused).toMatchObject([{ rule: 'rpo-gate', override: '--accept-data-loss unknown --reason "…"' }]);
    expect(refused[0]?.observed).toContain('AccessDenied');
    expect(mutations).toEqual([]);
    const accepted = await refusalsOf(sim, { ...APPROVED, dataLossSeconds: 'unknown', reason: 'CloudWatch is down, too' });
    expect(accepted.outcome).toBe('succeeded');
    expect((accepted.state.facts.get('rpo.orders') as { boundMs?: number }).boundMs).toBeUndefined();
  });

  it('a replica that has not replicated for hours', async () => {
    const sim = await simulation();
    sim.world.setReplication(REPLICA, { mode: 'stopped' });
    await sim.clock.run(() => sim.clock.sleep(4 * 3_600_000));
    sim.world.breakRegion(SEOUL);
    const { outcome, refused, mutations } = await refusalsOf(sim);
    expect(outcome).toBe('refused');
    expect(refused).toMatchObject([{ rule: 'rpo-gate', override: '--accept-data-loss unknown --reason "…"' }]);
    expect(refused[0]?.observed).toContain('shop-orders-tokyo is not replicating');
    expect(mutations).toEqual([]);
  });

  it('a group that cannot launch, without waiting for its limit', async () => {
    const sim = await simulation();
    sim.world.setGroupCapacity(TOKYO, 'shop-api', 3);
    sim.world.breakRegion(SEOUL);
    const began = sim.clock.now();
    const { outcome, state } = await refusalsOf(sim);
    expect(outcome).toBe('failed');
    expect(state.steps.get('compute.api.scaleOut')?.because).toContain('cannot launch');
    expect(sim.clock.now() - began).toBeLessThan(1_800_000);
    expect(sim.world.resolve('shop.example.com', 'A').values).not.toEqual([]);
    expect(state.steps.get('traffic.storefront.flip')?.state).toBe('waiting');
  });

  it('a region that the runbook does not name, with the nearest', async () => {
    const error = await errorOf(planOf(await simulation(), 'ap-northeast-3'));
    expect(error).toMatchObject({ code: 'REGION_UNKNOWN', exit: 'usage', message: 'shop has no region "ap-northeast-3".' });
    expect(error.next[0]).toMatch(/did you mean --region ap-northeast-[12]\?/);
  });

  it('a region that is active already', async () => {
    const error = await errorOf(planOf(await simulation(), SEOUL));
    expect(error).toMatchObject({ code: 'ALREADY_ACTIVE', exit: 'refused', message: `shop is active in ${SEOUL} already.` });
  });

  it('missing credentials', async () => {
    const sim = await simulation();
    sim.world.addFault({ service: 'sts', effect: { kind: 'error', httpStatus: 403, code: 'ExpiredToken' } });
    expect(await errorOf(planOf(sim, TOKYO))).toMatchObject({ code: 'NO_CREDENTIALS', exit: 'aws' });
  });

  it('a silent Route 53 control plane, where records are to be changed', async () => {
    const sim = await simulation();
    sim.world.addFault({ service: 'route53', effect: { kind: 'hang' } });
    const error = await errorOf(planOf(sim, TOKYO));
    expect(error).toMatchObject({ code: 'AWS_SILENT', exit: 'aws', message: 'route53 in us-east-1 does not answer, and this command needs it.' });
  });
});
