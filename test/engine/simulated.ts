import { fileURLToPath } from 'node:url';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import { compilePlan } from '../../src/plan/compile.ts';
import type { Plan } from '../../src/model/plan.ts';
import { type Direction, observe } from '../../src/app/observe.ts';
import type { Effects } from '../../src/effects/effects.ts';
import { execute } from '../../src/engine/execute.ts';
import type { JournalRecord, Operator } from '../../src/journal/events.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { RunState } from '../../src/journal/state.ts';
import { knownKind, loadStepKind } from '../../src/kinds/registry.ts';
import { simulatedAddress } from '../../src/kinds/route53/simulate.ts';
import type { NamedIds } from '../../src/model/kind.ts';
import type { Acceptances } from '../../src/model/step.ts';
import type { Strategy } from '../../src/model/verb.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import { simulatedEffects } from '../../src/simulator/effects.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { type Timings, World } from '../../src/simulator/world.ts';

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';
export const SHOP = fileURLToPath(new URL('../../runbooks/shop.yaml', import.meta.url));
export const APPROVED: Acceptances = { approvedBy: ['incident-commander@example.com'] };
export const OPERATOR: Operator = { identity: 'arn:aws:sts::000000000000:assumed-role/lab/operator', user: 'test', host: 'test', pid: 1 };

/** A world with everything of a runbook in it, on a virtual clock that has run for ten minutes. */
export interface Simulation {
  clock: VirtualClock;
  world: World;
  effects: Effects;
  loaded: LoadedRunbook;
}

/** A runbook is read once: a sweep makes hundreds of worlds of the same one. */
const runbooks = new Map<string, Promise<LoadedRunbook>>();

function runbookAt(path: string): Promise<LoadedRunbook> {
  const loaded = runbooks.get(path) ?? loadRunbook(path);
  runbooks.set(path, loaded);
  return loaded;
}

export async function simulation(options: { path?: string; seed?: number; timings?: Partial<Timings> } = {}): Promise<Simulation> {
  const loaded = await runbookAt(options.path ?? SHOP);
  const { runbook } = loaded;
  const clock = new VirtualClock();
  const regions = runbook.regions.map((r) => r.id);
  const world = new World({ clock, seed: options.seed ?? 1, regions: [...regions, 'us-east-1'], timings: options.timings ?? {} });
  for (const { kind, name, resource } of runbook.resources) {
    const code = await knownKind(kind);
    code.simulate(world, name, resource, runbook.home, runbook.strategy);
  }
  for (const notifier of runbook.notify) {
    if (notifier.type === 'sns') for (const [region, arn] of Object.entries(notifier.topics)) world.addTopic({ region, arn });
  }
  const named = await Promise.all(runbook.resources.map(async ({ section, kind, resource }) => ({ section, ids: (await knownKind(kind)).ids?.(resource) ?? [] })));
  const [database] = named.find(({ section }) => section === 'databases')?.ids ?? [];
  for (const region of regions) {
    const id = database?.ids[region];
    const app = { region, address: simulatedAddress(regions, region), ...computeOf(runbook.strategy, named.flatMap(({ ids }) => ids), region) };
    world.addApplication(id === undefined ? app : { ...app, database: { region, id } });
  }
  const plain = simulatedEffects(world);
  const login: Record<string, string> = {};
  for (const name of ['SHOP', 'ARCHIVE', 'BILLING']) Object.assign(login, { [`${name}_DB_USER`]: name.toLowerCase(), [`${name}_DB_PASSWORD`]: 'secret-canary' });
  const effects: Effects = {
    ...plain,
    env: (name) => login[name],
    aws: reliableCaller(world, { clock, ids: new SeededIds(7) }),
  };
  await clock.run(() => clock.sleep(600_000));
  return { clock, world, effects, loaded };
}

/** What an application needs besides its database, where the standby side has none of it: it answers 503 without. */
function computeOf(strategy: Strategy, named: readonly NamedIds[], region: string): { group?: string; targetGroup?: string } {
  if (strategy !== 'pilot-light' && strategy !== 'backup-restore') return {};
  const [group, targetGroup] = ['autoscaling:group', 'elbv2:target-group'].map((type) => named.find((one) => one.type === type)?.ids[region]);
  return { ...(group === undefined ? {} : { group }), ...(targetGroup === undefined ? {} : { targetGroup }) };
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

export interface SimulatedRun {
  state: RunState;
  records: readonly JournalRecord[];
  outcome: string;
}

const RUN = '20261120T000000Z-shop-failover-000001';

/** Runs a plan from its start. */
async function preload(plan: Plan): Promise<void> {
  // Loading a module is no simulated work: a virtual clock would call it a deadlock.
  await Promise.all([...new Set(plan.steps.map((step) => step.kind))].map(loadStepKind));
}

export async function runPlan(
  sim: Simulation,
  plan: Plan,
  options: { acceptances?: Acceptances; store?: MemoryStore; drain?: AbortSignal; onRecord?: (record: JournalRecord) => void } = {},
): Promise<SimulatedRun> {
  await preload(plan);
  const store = options.store ?? new MemoryStore();
  const journal = new Journal({ store, clock: sim.clock, run: RUN, term: 1, onRecord: (r) => options.onRecord?.(r) });
  return sim.clock.run(async () => {
    await journal.append({
      type: 'run.started',
      plan,
      operator: OPERATOR,
      tool: { name: 'test', version: '0', node: '0' },
      mode: 'simulated',
      declaredAt: sim.clock.now(),
      confirmedBy: 'flag',
      acceptances: options.acceptances ?? APPROVED,
      endpoints: [],
    });
    const drain = options.drain ?? new AbortController().signal;
    const outcome = await execute({ journal, effects: sim.effects, stepKind: loadStepKind, operator: OPERATOR, drain });
    return { state: journal.state, records: store.records, outcome };
  });
}

/** Continues with a run from the records that are there. */
export async function resumeRun(sim: Simulation, records: readonly JournalRecord[], acceptances: Acceptances = APPROVED, onRecord: (record: JournalRecord) => void = () => undefined): Promise<SimulatedRun> {
  const store = new MemoryStore();
  store.records.push(...records);
  const journal = new Journal({ store, clock: sim.clock, run: RUN, term: 2, records, onRecord });
  return sim.clock.run(async () => {
    await journal.append({ type: 'run.resumed', operator: OPERATOR, acceptances });
    const drain = new AbortController().signal;
    const outcome = await execute({ journal, effects: sim.effects, stepKind: loadStepKind, operator: OPERATOR, drain });
    return { state: journal.state, records: store.records, outcome };
  });
}
