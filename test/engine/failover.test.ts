import { describe, expect, it } from 'vitest';
import { planOf, runPlan, SEOUL, simulation, TOKYO } from './simulated.ts';

describe('a failover in simulated time', () => {
  it('brings the application back in Tokyo while Seoul is dead', async () => {
    const sim = await simulation();
    sim.world.breakRegion(SEOUL);
    const plan = await planOf(sim, TOKYO);
    const { state, outcome } = await runPlan(sim, plan);
    const trouble = [...state.steps.values()].filter((s) => s.state !== 'done' && s.state !== 'unmet').map((s) => ({ id: s.id, state: s.state, because: s.because, refusal: s.refusal, error: s.error }));
    expect(trouble).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
    expect(sim.world.acceptsWrites({ region: TOKYO, id: 'shop-orders-tokyo' })).toBe(true);
  });
});
