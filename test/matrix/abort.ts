import { execute } from '../../src/engine/execute.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { observe } from '../../src/app/observe.ts';
import { OPERATOR, planOf, runPlan, simulation } from '../engine/simulated.ts';

/** Stops a switchover after its first change, rolls it back, and looks where the application is active then. */
export async function abortSimulated(path: string): Promise<{ outcome: string; undone: number; active: string }> {
  const sim = await simulation({ path });
  const { home, regions } = sim.loaded.runbook;
  const standby = regions.find(({ id }) => id !== home)?.id ?? '';
  const plan = await planOf(sim, { verb: 'switchover', region: standby });
  const stop = new AbortController();
  const { records } = await runPlan(sim, plan, {
    drain: stop.signal,
    onRecord: ({ type }) => {
      if (type === 'step.acted') stop.abort();
    },
  });
  const store = new MemoryStore();
  store.records.push(...records);
  const journal = new Journal({ store, clock: sim.clock, run: records[0]?.run ?? '', term: 2, records });
  return sim.clock.run(async () => {
    await journal.append({ type: 'undo.started', because: 'the test', operator: OPERATOR });
    const outcome = await execute({ journal, effects: sim.effects, stepKind: loadStepKind, operator: OPERATOR, drain: new AbortController().signal });
    const undone = [...journal.state.steps.values()].filter(({ state }) => state === 'undone').length;
    // What is active elsewhere can be left for here.
    const { source } = await observe(sim.effects, sim.loaded, { verb: 'switchover', region: standby, from: home });
    return { outcome, undone, active: source === home ? 'home' : source };
  });
}
