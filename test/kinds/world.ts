import type { Json } from '../../src/base/json.ts';
import type { Direction } from '../../src/app/observe.ts';
import { planOf, type Simulation, TOKYO } from '../engine/simulated.ts';
import { type AtHand, stepOf } from './context.ts';

/** A step of the plan of a simulated world, with the parameters that the plan gives it, asked directly. */
export async function stepIn(sim: Simulation, id: string, at: AtHand & { params?: Record<string, Json>; to?: string | Direction } = {}) {
  const plan = await planOf(sim, at.to ?? TOKYO);
  const step = plan.steps.find((s) => s.id === id);
  if (step === undefined) throw new Error(`no step ${id}; there are ${plan.steps.map((s) => s.id).join(', ')}`);
  const params = { ...(step.params as Record<string, Json>), ...at.params };
  return stepOf(step.kind, params, { clock: sim.clock, ...at, effects: { ...sim.effects, ...at.effects } });
}

export function wait(sim: Simulation, ms: number): Promise<void> {
  return sim.clock.run(() => sim.clock.sleep(ms));
}
