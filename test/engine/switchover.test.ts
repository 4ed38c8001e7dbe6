import { describe, expect, it } from 'vitest';
import { APPROVED, planOf, runPlan, SEOUL, simulation, type Simulation, TOKYO } from './simulated.ts';

const SOURCE = { region: SEOUL, id: 'shop-orders' };
const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };
const TO_TOKYO = { verb: 'switchover', region: TOKYO } as const;

async function switched(sim: Simulation) {
  return runPlan(sim, await planOf(sim, TO_TOKYO), { acceptances: APPROVED });
}

describe('a switchover in simulated time', () => {
  it('moves the application and loses nothing, with that proven by positions', async () => {
    const sim = await simulation();
    const { state, outcome } = await switched(sim);
    expect([...state.steps.values()].filter((s) => s.state !== 'done').map((s) => [s.id, s.state, s.because, s.refusal, s.error])).toEqual([]);
    expect(outcome).toBe('succeeded');
    expect(sim.world.acceptsWrites(SOURCE)).toBe(false);
    expect(sim.world.acceptsWrites(REPLICA)).toBe(true);
    expect(sim.world.lossOf(REPLICA)).toMatchObject({ commits: 0, ms: 0 });
    expect(state.facts.get('rpo.orders')).toMatchObject({ boundMs: 0, method: 'position' });
    expect(sim.world.resolve('shop.example.com', 'A').values).toEqual(['127.0.0.3']);
  });
});
