import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, SHOP, simulation, TOKYO } from '../../engine/simulated.ts';

const WEIGHTED = `kind: route53-weighted
    zone: Z0123456789ABCDEFGHIJ
    record: { name: shop.example.com, type: A }
    sets: { ${SEOUL}: seoul, ${TOKYO}: tokyo }
    weights: { ${SEOUL}: 10, ${TOKYO}: 0 }
    capacity: { ${SEOUL}: { autoScalingGroup: shop-api, healthy: 6 }, ${TOKYO}: { autoScalingGroup: shop-api, healthy: 6 } }
`;

/** shop, a warm standby, whose traffic is weighted: the standby has the weight 0. */
async function weightedShop() {
  const text = await readFile(SHOP, 'utf8');
  const path = join(await mkdtemp(join(tmpdir(), 'dr-test-')), 'shop.yaml');
  await writeFile(path, text.replace(/kind: route53-failover[^]*?(?= {4}#.record swaps| {4}switch: record)/, WEIGHTED));
  return simulation({ path });
}

type Simulation = Awaited<ReturnType<typeof weightedShop>>;

const weights = (sim: Simulation): Record<string, number | undefined> => Object.fromEntries(sim.world.snapshot().records.map((r) => [r.setIdentifier ?? '', r.weight] as const));
const trouble = (state: Awaited<ReturnType<typeof runPlan>>['state']) => [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => [s.id, s.because, s.refusal, s.error]);

describe('weighted records of an application that serves from one region', () => {
  it('move at once in a failover, after the data', async () => {
    const sim = await weightedShop();
    expect(weights(sim)).toEqual({ seoul: 10, tokyo: 0 });
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const changes = plan.steps.flatMap((step) => step.changes).filter((change) => change.field.startsWith('weight of'));
    expect(changes.map(({ field, before, after }) => `${field}: ${before} to ${after}`)).toEqual(['weight of seoul: 10 to 0', 'weight of tokyo: 0 to 10']);
    const { state, outcome } = await runPlan(sim, plan);
    expect(trouble(state)).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(weights(sim)).toEqual({ seoul: 0, tokyo: 10 });
  });

  it('move at once in a switchover too: users are never shared between a writer and a replica', async () => {
    const sim = await weightedShop();
    const plan = await planOf(sim, { verb: 'switchover', region: TOKYO });
    expect(plan.steps.filter((s) => s.id.startsWith('traffic.storefront.shift')).map((s) => s.id)).toEqual(['traffic.storefront.shift1']);
    expect(plan.steps.filter((s) => s.id.startsWith('traffic.storefront.hold'))).toEqual([]);
  });

  it('stay as they are in a reprotect', async () => {
    const sim = await weightedShop();
    const plan = await planOf(sim, { verb: 'reprotect', region: SEOUL, standby: TOKYO });
    expect(plan.steps.filter((s) => s.id.startsWith('traffic.'))).toEqual([]);
  });
});
