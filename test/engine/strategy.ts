import type { Verb } from '../../src/model/verb.ts';
import { criticalPath } from '../../src/plan/feasibility.ts';
import { planOf, runPlan, simulation } from './simulated.ts';

/** What a plan expects of itself, beside what the simulator then took. Seconds. */
export interface StrategyRun {
  runbook: string;
  strategy: string;
  verb: Verb;
  expectedP50: number;
  expectedP95: number;
  /** From the first check to the end of the run. */
  tookSeconds: number;
  outcome: string;
}

/**
 * Runs a verb of a runbook in simulated time: a failover after the home region was lost, a switchover with both sides
 * healthy, a reprotect after a failover and the return of the home region.
 */
export async function simulateStrategy(path: string, verb: Verb): Promise<StrategyRun> {
  const sim = await simulation({ path });
  const { runbook } = sim.loaded;
  const standby = runbook.regions.find((r) => !r.home)?.id;
  if (standby === undefined) throw new Error(`${path} has no standby region`);
  if (verb !== 'switchover') sim.world.breakRegion(runbook.home);
  let plan = await planOf(sim, { verb: verb === 'switchover' ? 'switchover' : 'failover', region: standby });
  if (verb === 'reprotect') {
    const { outcome } = await runPlan(sim, plan);
    if (outcome !== 'succeeded') throw new Error(`there is nothing to protect: the failover ${outcome}`);
    sim.world.healRegion(runbook.home);
    await sim.clock.run(() => sim.clock.sleep(600_000));
    plan = await planOf(sim, { verb: 'reprotect', region: standby });
  }
  const from = sim.clock.now();
  const { outcome } = await runPlan(sim, plan);
  const { p50, p95 } = criticalPath(plan);
  return {
    runbook: runbook.name,
    strategy: runbook.strategy,
    verb,
    expectedP50: Math.round(p50),
    expectedP95: Math.round(p95),
    tookSeconds: Math.round((sim.clock.now() - from) / 1000),
    outcome,
  };
}
