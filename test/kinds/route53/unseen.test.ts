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
    expect(settle?.says).toBe('not judged');
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

describe('a zone that this machine does not see, because another one has the same name', () => {
  const warned = (run: Awaited<ReturnType<typeof runPlan>>) => run.state.steps.get('traffic.storefront.settle')?.warnings ?? [];

  it('is said before the flip: by the check, and not by the end of the step', async () => {
    const sim = await shop(() => ['192.0.2.9']);
    const run = await runPlan(sim, await planOf(sim, TOKYO), ATTESTED);
    expect(warned(run)).toEqual([expect.stringMatching(/^shop\.example\.com A answers 192\.0\.2\.9 from this machine, which no record of the zone \S+ says: this machine sees another zone of that name, or users do too\. .* this step will fail at its end/)]);
    expect(run.outcome).toBe('failed');
    expect(run.state.steps.get('traffic.storefront.settle')?.because).toContain('still answers 192.0.2.9');
  });

  it('is not said of a zone that it sees, whichever of its sets is answered, in whatever form, nor where Route 53 gives no answer', async () => {
    for (const address of ['127.0.0.2', '127.0.0.3']) {
      const sim = await shop(() => [address]);
      expect(warned(await runPlan(sim, await planOf(sim, TOKYO), ATTESTED)).filter((line) => line.includes('no record of the zone'))).toEqual([]);
    }
    const sim = await shop(() => ['192.0.2.9']);
    const plan = await planOf(sim, TOKYO);
    sim.world.addFault({ service: 'route53', operation: 'ListResourceRecordSets', effect: { kind: 'error', httpStatus: 403, code: 'AccessDenied' } });
    expect(warned(await runPlan(sim, plan, ATTESTED)).filter((line) => line.includes('no record of the zone'))).toEqual([]);
  });

  it('has facts of its own: what one zone of a name answers is not taken for the other', async () => {
    const sim = await shop(() => ['127.0.0.2']);
    const { state } = await runPlan(sim, await planOf(sim, TOKYO), ATTESTED);
    const names = [...state.facts.keys()].filter((name) => /^(dns\.before|dns\.leads|source\.answers)\./.test(name));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(name).toMatch(/^(dns\.before|dns\.leads|source\.answers)\.Z[0-9A-Z]+\.A\.shop\.example\.com$/);
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
