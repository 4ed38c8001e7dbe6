import { cp, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { resume, type ResumeRequest } from '../../src/app/resume.ts';
import { startRun, type StartRequest } from '../../src/app/start-run.ts';
import type { RunResult } from '../../src/app/run-to-the-end.ts';
import { DrError } from '../../src/base/errors.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { loadStepKind } from '../../src/kinds/registry.ts';
import { APPROVED, planOf, SEOUL, SHOP, type Simulation, simulation, TOKYO } from '../engine/simulated.ts';

/*
 * The use cases against a simulated world: real files in temporary folders, time that is not real.
 */

export const BRISK = { promotionMs: 30_000, instanceWarmUpMs: 15_000, insyncMs: 10_000 };

export interface Bench {
  sim: Simulation;
  /** State folder; not made yet. */
  state: string;
  /** Folder of runbooks: shop alone. */
  runbooks: string;
  start(more?: Partial<StartRequest>): Promise<RunResult>;
  goOn(more?: Partial<ResumeRequest>): Promise<RunResult>;
}

/** A bench with Seoul dead, unless it is to live. `runbook`: a path; default: the shop. */
export async function bench(options: { alive?: boolean; runbook?: string } = {}): Promise<Bench> {
  // A virtual clock does not wait for processes: without a path there is no git to be waited for.
  const path = process.env.PATH;
  process.env.PATH = '';
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dr-app-'));
  onTestFinished(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true, force: true });
  });
  const runbooks = join(folder, 'runbooks');
  const { runbook = SHOP } = options;
  await cp(runbook, join(runbooks, basename(runbook)));
  const sim = await simulation({ path: runbook, timings: BRISK });
  // Nor for modules: they are loaded before.
  const plan = await planOf(sim, TOKYO);
  await Promise.all(plan.steps.map((step) => loadStepKind(step.kind)));
  if (options.alive !== true) sim.world.breakRegion(SEOUL);
  // As an alarm says it: without it nobody knows since when users suffer, and the RTO is not measured.
  const impactAt = sim.clock.now();
  const state = join(folder, 'state');
  const watch = { onRecord: () => undefined, drain: new AbortController().signal, acceptances: APPROVED, effects: sim.effects, state: { folder: state } };
  return {
    sim,
    state,
    runbooks,
    start: (more = {}) => sim.clock.run(() => startRun({ ...watch, impactAt, verb: 'failover', region: TOKYO, runbooks, confirm: () => Promise.resolve('flag' as const), ...more })),
    goOn: (more = {}) => sim.clock.run(() => resume({ ...watch, acceptances: { approvedBy: [] }, ...more })),
  };
}

/** Stops a run at the first record that fits. */
export function stopAt(fits: (record: JournalRecord) => boolean): { drain: AbortSignal; onRecord: (record: JournalRecord) => void } {
  const stop = new AbortController();
  return { drain: stop.signal, onRecord: (record) => fits(record) && stop.abort(new Error('stopped by a test')) };
}

export async function refusalOf(work: Promise<unknown>): Promise<DrError> {
  const error: unknown = await work.then(
    () => 'it went well',
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(DrError);
  return error as DrError;
}
