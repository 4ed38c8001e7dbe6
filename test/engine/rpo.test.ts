import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { APPROVED, planOf, runPlan, SEOUL, simulation, TOKYO } from './simulated.ts';

const BRISK = { promotionMs: 30_000, instanceWarmUpMs: 15_000, insyncMs: 10_000 };
const REPLICA = { region: TOKYO, id: 'shop-orders-tokyo' };

interface Case {
  seed: number;
  /** Lag of the replica, and a change of it some time before the outage. */
  lagMs: number;
  laterLagMs: number;
  changedFor: number;
  stopped: boolean;
  /** When the outage comes, within a minute of the metric. */
  outageAfter: number;
  /** From the outage to the command. */
  declaredAfter: number;
}

async function measured(c: Case) {
  const sim = await simulation({ seed: c.seed, timings: BRISK });
  const wait = (ms: number) => sim.clock.run(() => sim.clock.sleep(ms));
  sim.world.setReplication(REPLICA, { lagMs: c.lagMs });
  await wait(180_000);
  sim.world.setReplication(REPLICA, { lagMs: c.laterLagMs, ...(c.stopped ? { mode: 'stopped' as const } : {}) });
  await wait(c.changedFor + c.outageAfter);
  sim.world.breakRegion(SEOUL);
  await wait(c.declaredAfter);
  const plan = await planOf(sim, TOKYO);
  const { outcome, state } = await runPlan(sim, plan, { acceptances: { ...APPROVED, dataLossSeconds: 'unknown', reason: 'a test' } });
  const bound = state.facts.get('rpo.orders') as { boundMs?: number; outageAt: number };
  return { outcome, bound, loss: sim.world.lossOf(REPLICA) };
}

describe('the bound on loss that a run records', () => {
  it('is never below what was lost, whatever the lag, its history and the second of the outage', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.nat(),
          lagMs: fc.oneof(fc.constant(0), fc.nat({ max: 5_000 }), fc.nat({ max: 400_000 })),
          laterLagMs: fc.oneof(fc.constant(0), fc.nat({ max: 90_000 })),
          changedFor: fc.nat({ max: 200_000 }),
          stopped: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
          outageAfter: fc.oneof(fc.constant(0), fc.nat({ max: 60_000 })),
          declaredAfter: fc.oneof(fc.constant(0), fc.nat({ max: 20 }), fc.nat({ max: 600_000 })),
        }),
        async (c) => {
          const { outcome, bound, loss } = await measured(c);
          expect(outcome).toBe('succeeded');
          expect(loss).toBeDefined();
          // Unknown is a bound as well: it is printed as unknown, and needed an acceptance of its own.
          if (bound.boundMs !== undefined) expect(bound.boundMs).toBeGreaterThanOrEqual(loss?.ms ?? Number.POSITIVE_INFINITY);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('is a number where the metric has one, and no wild one', async () => {
    const { bound, loss } = await measured({ seed: 1, lagMs: 2_000, laterLagMs: 2_000, changedFor: 0, stopped: false, outageAfter: 30_000, declaredAfter: 60_000 });
    expect(loss?.ms).toBeGreaterThan(0);
    expect(bound.boundMs).toBeLessThanOrEqual((loss?.ms ?? 0) + 240_000);
  });
});
