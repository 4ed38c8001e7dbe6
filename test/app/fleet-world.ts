import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fleetFailover, type FleetRequest, type FleetResult } from '../../src/app/fleet/fleet.ts';
import { resumeFleet } from '../../src/app/fleet/resume.ts';
import { reliableCaller } from '../../src/aws/reliable-caller.ts';
import type { Effects } from '../../src/effects/effects.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { RunState } from '../../src/journal/state.ts';
import type { Acceptances } from '../../src/model/step.ts';
import { knownKind, loadStepKind } from '../../src/kinds/registry.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { simulatedEffects } from '../../src/simulator/effects.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { World } from '../../src/simulator/world.ts';

/*
 * Many applications in one simulated world, and failovers of all of them in virtual time, with journals in a real folder.
 */

export const SEOUL = 'ap-northeast-2';
export const TOKYO = 'ap-northeast-1';

/** A small application with a database, a group and a record of its own. `n` keeps addresses apart. */
export function application(name: string, n: number, more: { db?: string; text?: string } = {}): string {
  const db = more.db ?? `${name}-db`;
  return `runbook: ${name}
owner: team@example.com
strategy: warm-standby
objectives: { rpo: 5m, rto: 30m }
regions:
  ${SEOUL}: { name: Seoul, home: true }
  ${TOKYO}: { name: Tokyo }
databases:
  main:
    kind: rds-read-replica
    instances: { ${SEOUL}: ${db}, ${TOKYO}: ${db}-tokyo }
    fence: { quarantine: { ${SEOUL}: sg-0aaaaaaaaaaaaaaaa, ${TOKYO}: sg-0bbbbbbbbbbbbbbbb } }
compute:
  api:
    kind: auto-scaling-group
    groups: { ${SEOUL}: ${name}-api, ${TOKYO}: ${name}-api }
    active: { min: 2, desired: 2, max: 4 }
    standby: { min: 1, desired: 1, max: 4 }
traffic:
  front:
    kind: route53-failover
    zone: Z0123456789ABCDEFGHIJ
    record: { name: ${name}.example.com, type: A }
    sets: { ${SEOUL}: ${name}-seoul, ${TOKYO}: ${name}-tokyo }
    answers:
      ${SEOUL}: { ttl: 1, values: [10.0.2.${n}] }
      ${TOKYO}: { ttl: 1, values: [10.0.1.${n}] }
    switch: record
probes:
  home: { http: "http://${name}.example.com/healthz", every: 5s, hold: 15s }
${more.text ?? ''}`;
}

export interface FleetSimulation {
  clock: VirtualClock;
  world: World;
  effects: Effects;
  /** Of the runbooks. */
  folder: string;
  state: string;
  records: JournalRecord[];
  failover(request?: Partial<FleetRequest>): Promise<FleetResult>;
  /** When Seoul died. */
  brokenAt: number;
  resume(acceptances?: Acceptances): Promise<FleetResult>;
}

/** A world with the applications of these runbooks, by name, after ten minutes; Seoul is dead unless `alive`. */
export async function fleetSimulation(runbooks: Record<string, string>, options: { alive?: boolean } = {}): Promise<FleetSimulation> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-fleet-'));
  const state = await mkdtemp(join(tmpdir(), 'dr-fleet-state-'));
  const clock = new VirtualClock();
  const world = new World({ clock, seed: 1, regions: [SEOUL, TOKYO, 'us-east-1'] });
  const seen = new Set<string>();
  for (const [name, text] of Object.entries(runbooks)) {
    const path = join(folder, `${name}.yaml`);
    await writeFile(path, text);
    await addApplication(world, path, seen);
  }
  const plain = simulatedEffects(world);
  const effects: Effects = { ...plain, aws: reliableCaller(world, { clock, ids: new SeededIds(7) }) };
  await clock.run(() => clock.sleep(600_000));
  if (options.alive !== true) world.breakRegion(SEOUL);
  const brokenAt = clock.now();
  await preload();
  const records: JournalRecord[] = [];
  const watchers = {
    onRecord: (record: JournalRecord, _state: RunState) => void records.push(record),
    drain: new AbortController().signal,
    state: { folder: state },
    acceptances: { approvedBy: [], customSteps: true as const },
    effects,
    // A process is no part of simulated time.
    gitOf: () => Promise.resolve(undefined),
  };
  return {
    clock, world, effects, folder, state, records, brokenAt,
    failover: (request = {}) =>
      clock.run(() => fleetFailover({ runbooks: folder, region: TOKYO, confirm: () => Promise.resolve('flag'), ...watchers, ...request })),
    resume: (acceptances = watchers.acceptances) => clock.run(() => resumeFleet({ ...watchers, acceptances })),
  };
}

async function addApplication(world: World, path: string, seen: Set<string>): Promise<void> {
  const { runbook } = await loadRunbook(path);
  for (const { section, kind, name, resource } of runbook.resources) {
    const key = JSON.stringify((resource as { instances?: unknown }).instances ?? resource);
    // A shared database is made once.
    if (section === 'databases' && seen.has(key)) continue;
    seen.add(key);
    const code = await knownKind(kind);
    code.simulate(world, name, resource, runbook.home, runbook.strategy);
  }
  const database = runbook.resources[0]?.resource as { instances: Record<string, string> };
  const front = runbook.resources.find((r) => r.section === 'traffic')?.resource as { answers: Record<string, { values: string[] }> };
  for (const { id: region } of runbook.regions) {
    const id = database.instances[region];
    const address = front.answers[region]?.values[0] ?? '';
    world.addApplication(id === undefined ? { region, address } : { region, address, database: { region, id } });
  }
}

/** Loading a module is no simulated work: a virtual clock would call it a deadlock. */
async function preload(): Promise<void> {
  const steps = ['assess-users', 'judge-source', 'approval', 'flap-guard', 'hold-probe', 'notify-sns', 'gather'].map((name) => `run.${name}`);
  await Promise.all([...steps, 'own.wait', 'own.manual', 'own.command'].map(loadStepKind));
  await import('../../src/report/write.ts');
}
