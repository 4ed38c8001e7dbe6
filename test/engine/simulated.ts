import { fileURLToPath } from 'node:url';
import { compilePlan } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/model/plan.ts';
import { type Direction, observe } from '../../src/app/observe.ts';
import type { JournalRecord, Operator } from '../../src/journal/events.ts';
import type { MemoryStore } from '../../src/journal/memory-store.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { continueRun, loadSteps, type Played, startRun } from '../../src/rehearsal/play.ts';
import { type Stage, stageOf } from '../../src/rehearsal/stage.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import type { Timings } from '../../src/simulator/world.ts';

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const SHOP = fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url));
export const APPROVED: Acceptances = { approvedBy: ['incident-commander@example.com'] };
export const OPERATOR: Operator = { identity: 'arn:aws:sts::000000000000:assumed-role/lab/operator', user: 'test', host: 'test', pid: 1 };

/** A world with everything of a runbook in it, on a virtual clock that has run for ten minutes. */
export type Simulation = Stage;

/** A runbook is read once: a sweep makes hundreds of worlds of the same one. */
const runbooks = new Map<string, Promise<LoadedRunbook>>();

function runbookAt(path: string): Promise<LoadedRunbook> {
  const loaded = runbooks.get(path) ?? loadRunbook(path);
  runbooks.set(path, loaded);
  return loaded;
}

const LOGIN: Readonly<Record<string, string>> = Object.fromEntries(['SHOP', 'ARCHIVE', 'BILLING'].flatMap((name) => [[`${name}_DB_USER`, name.toLowerCase()], [`${name}_DB_PASSWORD`, 'secret-canary']]));

export async function simulation(options: { path?: string; seed?: number; timings?: Partial<Timings> } = {}): Promise<Simulation> {
  return stageOf(await runbookAt(options.path ?? SHOP), { seed: options.seed ?? 1, timings: options.timings ?? {}, env: (name) => LOGIN[name] });
}

/** The plan of a failover to a region, or of what `direction` says. */
export async function planOf(sim: Simulation, to: string | Direction): Promise<Plan> {
  const direction: Direction = typeof to === 'string' ? { verb: 'failover', region: to } : to;
  return sim.clock.run(async () => {
    const observed = await observe(sim.effects, sim.loaded, direction);
    return compilePlan({
      loaded: sim.loaded,
      verb: direction.verb,
      source: observed.source,
      target: observed.target,
      ...(observed.rebuild === undefined ? {} : { rebuild: observed.rebuild, standby: direction.standby }),
      account: observed.account,
      now: sim.clock.now(),
      resources: observed.resources,
    });
  });
}

export type SimulatedRun = Played;

const RUN = '20261120T000000Z-shop-failover-000001';

/** Runs a plan from its start. */
export async function runPlan(
  sim: Simulation,
  plan: Plan,
  options: { acceptances?: Acceptances; store?: MemoryStore; drain?: AbortSignal; onRecord?: (record: JournalRecord) => void } = {},
): Promise<SimulatedRun> {
  await loadSteps(plan);
  return sim.clock.run(() => startRun(sim, plan, { ...options, acceptances: options.acceptances ?? APPROVED, run: RUN, operator: OPERATOR }));
}

/** Continues with a run from the records that are there. */
export function resumeRun(sim: Simulation, records: readonly JournalRecord[], acceptances: Acceptances = APPROVED, onRecord: (record: JournalRecord) => void = () => undefined): Promise<SimulatedRun> {
  return sim.clock.run(() => continueRun(sim, records, { acceptances, onRecord, run: RUN, operator: OPERATOR }));
}
