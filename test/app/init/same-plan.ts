import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { init, type InitResult } from '../../../src/app/init/init.ts';
import { planFor } from '../../../src/app/make-plan.ts';
import { KIND_NAMES, knownKind } from '../../../src/kinds/registry.ts';
import type { PlanStep } from '../../../src/model/step.ts';
import type { Verb } from '../../../src/model/verb.ts';
import { parseRunbook } from '../../../src/runbook/load.ts';
import type { LoadedRunbook } from '../../../src/runbook/runbook.ts';
import { SEOUL, TOKYO, type Simulation } from '../../engine/simulated.ts';

const SECTIONS = ['databases', 'compute', 'traffic'] as const;
/** What AWS does not know of each example: a person writes it, and `dr init` says so. */
export const UNKNOWN: Readonly<Record<string, readonly string[]>> = {
  shop: ['databases.orders.canary', 'probes.home-page.every', 'probes.home-page.hold', 'approvals', 'notify'],
  billing: ['databases.ledger.canary', 'approvals', 'compute.batch.types'],
  // The database of a simulated account has another key than its backups, and every target group of it the port 80.
  archive: ['databases.documents.canary', 'databases.documents.kmsKeys', 'approvals', 'compute.api.types', 'compute.api.subnets', 'compute.api.maxAge', 'compute.api.targets.port'],
  'active-active': ['probes.home-page.every', 'probes.home-page.hold'],
};

type Tree = { [key: string]: Tree | string | number };

/** What `dr init` makes of what is there. */
export async function madeOf(sim: Simulation, regions: readonly string[] = [SEOUL, TOKYO]): Promise<InitResult> {
  // Loading a module is no simulated work: a virtual clock would call it a deadlock.
  await Promise.all(KIND_NAMES.map(knownKind));
  return sim.clock.run(() => init({ aws: sim.effects.aws, regions, runbooks: 'made', dryRun: true, now: 0 }));
}

/**
 * The same with the names that the original gives to resources and probes, which no account knows, and with what stands at these paths
 * of it: what AWS does not know, and a person has to write.
 */
export function withUnknown(made: string, original: string, unknown: readonly string[]): string {
  const [own, wanted] = [parse(made) as Tree, parse(original) as Tree];
  for (const section of [...SECTIONS, 'probes']) {
    const before = (own[section] ?? {}) as Tree;
    const there = Object.entries((wanted[section] ?? {}) as Tree);
    const called = (resource: Tree | string | number | undefined, i: number) =>
      section === 'probes' ? there[i]?.[0] : there.find(([, one]) => likeness(one) === likeness(resource))?.[0];
    const renamed = Object.entries(before).map(([name, resource], i) => [called(resource, i) ?? name, resource] as const);
    // In the order of the original, for it is also that of the steps.
    const order = there.map(([name]) => name);
    if (renamed.length > 0) own[section] = Object.fromEntries(renamed.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
  }
  for (const path of unknown) copy(own, wanted, path.split('.'));
  return stringify(own);
}

/** Two resources are the same one when their kind is, and the record that they move. */
function likeness(resource: Tree | string | number | undefined): string {
  const { kind, record, records } = (resource ?? {}) as Tree;
  return JSON.stringify([kind, record, records]);
}

function copy(to: Tree, from: Tree, [key = '', ...rest]: string[]): void {
  if (rest.length === 0) {
    const value = from[key];
    if (value === undefined) throw new Error(`the original has no ${key}`);
    to[key] = value;
    return;
  }
  copy((to[key] ??= {}) as Tree, (from[key] ?? {}) as Tree, rest);
}

/** What was made, with what AWS does not know. */
export async function completed(made: string, path: string, unknown: readonly string[]): Promise<LoadedRunbook> {
  return parseRunbook(Buffer.from(withUnknown(made, await readFile(path, 'utf8'), unknown)), path);
}

/** Steps of the plans of the original, and of what was made, with what AWS does not know. */
export async function plansOf(sim: Simulation, made: string, unknown: readonly string[], verb: Verb = 'failover'): Promise<{ original: readonly PlanStep[]; made: readonly PlanStep[] }> {
  const other = await completed(made, sim.loaded.path, unknown);
  const direction = { verb, region: TOKYO };
  return sim.clock.run(async () => ({ original: (await planFor(sim.effects, sim.loaded, direction)).plan.steps, made: (await planFor(sim.effects, other, direction)).plan.steps }));
}
