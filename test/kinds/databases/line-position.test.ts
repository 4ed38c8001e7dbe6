import { describe, expect, it } from 'vitest';
import { simulation, type Simulation, TOKYO } from '../../engine/simulated.ts';
import type { AtHand } from '../context.ts';
import { stepIn } from '../world.ts';

const facts = { 'fence.orders': { verdict: 'source-down', because: '', at: 0 }, 'rpo.orders': { database: 'orders', method: 'replica-lag', boundMs: 0, lagMs: 0, sampledAt: 0, ageMs: 0, outageAt: 0, because: 'measured' } };

/** What the promotion has recorded when it decides to ask. */
async function positionOf(sim: Simulation, at: AtHand = {}) {
  const step = await stepIn(sim, 'databases.orders.promote', { facts, ...at });
  const { state } = await step.observe();
  return { state, position: step.recorded['position.orders'] };
}

describe('the position of the data right before the line', () => {
  it('is read in the database: position and time of what was replayed last', async () => {
    const sim = await simulation();
    const sql = { ...sim.effects.sql, position: () => Promise.resolve({ role: 'replica' as const, at: 0x1_6b37_4d84_8n, readOnly: true, mayChange: true, replayedAt: 1_795_000_000_000 }) };
    expect(await positionOf(sim, { effects: { sql } })).toEqual({
      state: 'absent',
      position: { by: 'sql', at: sim.clock.now(), lsn: '16/B374D848', replayedAt: 1_795_000_000_000, because: 'last position that the replica had replayed' },
    });
  });

  it('is the newest lag sample where the database does not answer', async () => {
    const sim = await simulation();
    const sql = { ...sim.effects.sql, position: () => Promise.reject(new Error('connection refused')) };
    expect(await positionOf(sim, { effects: { sql } })).toMatchObject({ state: 'absent', position: { by: 'lag-sample', lagMs: 1_000 } });
  });

  it('holds up nothing: what cannot be read is not known', async () => {
    const sim = await simulation();
    const sql = { ...sim.effects.sql, position: () => new Promise<never>(() => undefined) };
    sim.world.addFault({ service: 'cloudwatch', region: TOKYO, effect: { kind: 'hang' } });
    const began = sim.clock.now();
    expect(await positionOf(sim, { effects: { sql } })).toMatchObject({ state: 'absent', position: { by: 'not known', because: expect.stringContaining('no answer within') as string } });
    expect(sim.clock.now() - began).toBeLessThan(7_000);
  });
});
