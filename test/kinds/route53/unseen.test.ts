import { describe, expect, it } from 'vitest';
import { buildEvidence } from '../../../src/report/evidence.ts';
import { planOf, runPlan, SEOUL, SHOP, simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';

/* A private hosted zone, and dr outside its VPC: what is not seen from here is not "not moved". */

const ATTESTED = { acceptances: { approvedBy: ['incident-commander@example.com'], sourceDown: 'kim' } };

async function shop(resolves: (sim: Simulation) => string[]): Promise<Simulation> {
  const sim = await simulation({ path: SHOP });
  const { effects } = sim;
  sim.effects = { ...effects, dns: { resolve: () => Promise.resolve({ values: resolves(sim), ttl: 60 }) } };
  sim.world.breakRegion(SEOUL);
  return sim;
}

describe('a name that never resolved from this machine', () => {
  it('is moved, and the run says that it was not seen', async () => {
    const sim = await shop(() => []);
    const run = await runPlan(sim, await planOf(sim, TOKYO), ATTESTED);
    expect(run.outcome).toBe('succeeded');
    const settle = run.state.steps.get('traffic.storefront.settle');
    expect(settle?.warnings).toEqual([expect.stringContaining('shop.example.com A does not resolve from this machine')]);
    expect(settle?.because).toContain('shop.example.com: moved, INSYNC in Route 53, not seen from here');
    const evidence = buildEvidence(run.state, run.records);
    expect(evidence.verdict.sentence).toContain('Not verified from outside: shop.example.com');
    expect(evidence.objectives.find((o) => o.name === 'RTO')?.verdict).toBe('not measured');
  });

  it('is not called moved once it answers with the old region', async () => {
    const sim = await shop(({ world }) => (world.resolve('shop.example.com', 'A').values[0] === '127.0.0.3' ? ['127.0.0.2'] : []));
    const run = await runPlan(sim, await planOf(sim, TOKYO), ATTESTED);
    expect(run.outcome).toBe('failed');
    expect(run.state.steps.get('traffic.storefront.settle')?.because).toContain('still answers 127.0.0.2');
  });
});

describe('a name that resolved before', () => {
  it('is not called moved when it answers no more', async () => {
    const sim = await shop(({ world }) => (world.resolve('shop.example.com', 'A').values[0] === '127.0.0.3' ? [] : ['127.0.0.2']));
    const run = await runPlan(sim, await planOf(sim, TOKYO), ATTESTED);
    expect(run.outcome).toBe('failed');
    expect(run.state.steps.get('traffic.storefront.settle')?.because).toContain('does not resolve from this machine');
  });
});
