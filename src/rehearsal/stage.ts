import { reliableCaller } from '../aws/reliable-caller.ts';
import type { Effects } from '../effects/effects.ts';
import { knownKind } from '../kinds/registry.ts';
import type { AnyResourceKind } from '../model/kind.ts';
import type { LoadedRunbook } from '../runbook/runbook.ts';
import { simulatedEffects } from '../simulator/effects.ts';
import { SeededIds } from '../simulator/random.ts';
import { SharedWorld } from '../simulator/shared-world.ts';
import { VirtualClock } from '../simulator/virtual-clock.ts';
import type { Timings, World } from '../simulator/world.ts';
import type { Account } from './account.ts';
import { AccountWorld } from './account-world.ts';
import { applicationsOf } from './applications.ts';

/*
 * Where simulated failovers play: a world with everything of a runbook in it, on a virtual clock. Rehearsals and the project's own
 * simulation begin here.
 */

export interface Stage {
  clock: VirtualClock;
  world: World;
  effects: Effects;
  loaded: LoadedRunbook;
}

export interface StageOptions {
  seed: number;
  timings?: Partial<Timings>;
  /** Of a lost region; see `WorldOptions`. */
  lostApplications?: 'silent' | 'refuses' | undefined;
  /** How long all is well before anything happens: metrics, health checks and replication need a past. Default: ten minutes. */
  calmMs?: number;
  /** Secrets by name. Default: every one exists. */
  env?: (name: string) => string | undefined;
  /** Nothing that plays on it reads or writes a file: time need not ask for that. */
  inMemory?: boolean;
  /** What an account has instead of what the runbook says. */
  account?: Account | undefined;
  /** What is otherwise than the runbook says, before the calm. */
  prepare?: (world: World) => void;
}

const CALM_MS = 600_000;
/** Requests of the tool draw their own chance, whatever the world draws. */
const CALLER_SEED = 7;

/** The code of what a runbook names, loaded before time begins: loading a module is no simulated work. */
export async function kindsOf({ runbook }: LoadedRunbook): Promise<ReadonlyMap<string, AnyResourceKind>> {
  const names = [...new Set(runbook.resources.map(({ kind }) => kind))];
  return new Map(await Promise.all(names.map(async (name) => [name, await knownKind(name)] as const)));
}

export function simulateAll(world: World, { runbook }: LoadedRunbook, kinds: ReadonlyMap<string, AnyResourceKind>): void {
  for (const { kind, name, resource } of runbook.resources) kinds.get(kind)?.simulate(world, name, resource, runbook.home, runbook.strategy);
}

/** A world of the runbook, and of the account where one was read; home active, after a time of calm. */
export async function stageOf(loaded: LoadedRunbook, options: StageOptions): Promise<Stage> {
  const kinds = await kindsOf(loaded);
  const { runbook } = loaded;
  const clock = new VirtualClock(undefined, { files: options.inMemory !== true });
  const regions = runbook.regions.map(({ id }) => id);
  const about = { clock, seed: options.seed, regions: [...new Set([...regions, 'us-east-1'])], timings: options.timings ?? {}, lostApplications: options.lostApplications ?? 'silent' };
  const world = options.account === undefined ? new SharedWorld(about) : new AccountWorld(about, options.account);
  simulateAll(world, loaded, kinds);
  if (world instanceof AccountWorld) world.settleAccount();
  for (const notifier of runbook.notify) {
    if (notifier.type === 'sns') for (const [region, arn] of Object.entries(notifier.topics)) world.addTopic({ region, arn });
  }
  applicationsOf(world, loaded, kinds);
  options.prepare?.(world);
  const plain = simulatedEffects(world);
  const effects: Effects = { ...plain, ...(options.env === undefined ? {} : { env: options.env }), aws: reliableCaller(world, { clock, ids: new SeededIds(CALLER_SEED) }) };
  await clock.run(() => clock.sleep(options.calmMs ?? CALM_MS));
  return { clock, world, effects, loaded };
}
