import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLoaded, type CheckRequest, type CheckResult } from '../../../src/app/check/check.ts';
import { MUTATIONS } from '../../../src/aws/operations.ts';
import type { AwsCaller, AwsRequest } from '../../../src/aws/caller.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import { COMMON_STEPS, KIND_NAMES, knownKind, OWN_KIND_NAMES, loadOwnKind } from '../../../src/kinds/registry.ts';
import { type Simulation, simulation } from '../../engine/simulated.ts';

/** A virtual clock does not wait for modules: all are loaded before. */
async function preload(): Promise<void> {
  await Promise.all([...KIND_NAMES.map((name) => knownKind(name)), ...OWN_KIND_NAMES.map(loadOwnKind), ...Object.values(COMMON_STEPS).map((load) => load())]);
}

export const exampleOf = (name: string): string => fileURLToPath(new URL(`../../../runbooks/${name}.yaml`, import.meta.url));

/** The world of an example runbook, maybe with a part of the runbook replaced. */
export async function worldOf(name: string, change: (text: string) => string = (text) => text): Promise<Simulation> {
  await preload();
  const text = await readFile(exampleOf(name), 'utf8');
  const changed = change(text);
  if (changed === text) return simulation({ path: exampleOf(name) });
  const path = join(await mkdtemp(join(tmpdir(), 'dr-check-')), `${name}.yaml`);
  await writeFile(path, changed);
  return simulation({ path });
}

interface Options {
  region?: string;
  effects?: Partial<Effects>;
  /** Where runs are kept. Default: an empty folder. */
  state?: CheckRequest['state'];
  surroundings?: CheckRequest['surroundings'];
  /** Told of every request that reaches AWS. */
  onCall?: (request: Pick<AwsRequest, 'service' | 'region'> & { operation: string; input: unknown }) => void;
}

/** One check of that world. Fails where it changes something. */
export async function checkIn(sim: Simulation, { region, effects, onCall, ...given }: Options = {}): Promise<CheckResult> {
  const state = given.state ?? { folder: await mkdtemp(join(tmpdir(), 'dr-check-')) };
  const aws: AwsCaller = {
    call: (request) => {
      if (MUTATIONS.has(`${request.service}.${request.operation}`) && (request.input as { DryRun?: unknown }).DryRun !== true) throw new Error(`a check has called ${request.operation}`);
      onCall?.(request);
      return (effects?.aws ?? sim.effects.aws).call(request);
    },
  };
  return sim.clock.run(() => checkLoaded(sim.loaded, { runbooks: '.', state, region, ...(given.surroundings === undefined ? {} : { surroundings: given.surroundings }), effects: { ...sim.effects, ...effects, aws } }));
}

/** `severity rule resource`, in the order of the result. */
export function shortly({ findings }: CheckResult): string[] {
  return findings.map(({ severity, rule, resource }) => `${severity} ${rule} ${resource}`);
}

type Row = NonNullable<ReturnType<Simulation['world']['state']['databases']['row']>>;
type Patch = Partial<Omit<Row, 'settings'>> & { settings?: Partial<Row['settings']> };

/** Somebody has set an instance otherwise, long ago. */
export function change(sim: Simulation, ref: { region: string; id: string }, { settings, ...patch }: Patch): void {
  const { databases } = sim.world.state;
  const row = databases.row(ref);
  if (row === undefined) throw new Error(`no ${ref.id}`);
  databases.table(ref.region).set(ref.id, { ...row, ...patch, settings: { ...row.settings, ...settings } }, sim.clock.now());
}

export interface Trouble {
  name: string;
  plant: (sim: Simulation) => Promise<void> | void;
  /** All that is found, besides what the lab lacks. */
  found: readonly string[];
  runbook?: (text: string) => string;
}

export const sleep = (sim: Simulation, ms: number): Promise<void> => sim.clock.run(() => sim.clock.sleep(ms));
