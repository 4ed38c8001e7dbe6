import { stopController } from '../base/stop.ts';
import type { Effects } from '../effects/effects.ts';
import { execute } from '../engine/execute.ts';
import { unsealed } from '../journal/chain.ts';
import type { JournalRecord, Operator } from '../journal/events.ts';
import { Journal } from '../journal/journal.ts';
import { MemoryStore } from '../journal/memory-store.ts';
import type { RunState } from '../journal/state.ts';
import { loadStepKind } from '../kinds/registry.ts';
import type { Plan } from '../model/plan.ts';
import type { Acceptances, AnyStepKind } from '../model/step.ts';
import type { Stage } from './stage.ts';

/* One run of a plan on a stage, in simulated time, by the engine that runs it on AWS. */

export interface Played {
  state: RunState;
  records: readonly JournalRecord[];
  outcome: string;
}

export interface PlayOptions {
  acceptances: Acceptances;
  /** Of the run. */
  run: string;
  operator: Operator;
  /** When users began to suffer, if that is known. */
  impactAt?: number | undefined;
  store?: MemoryStore;
  drain?: AbortSignal;
  /** What steps reach instead of the stage's own. */
  effects?: Effects;
  stepKind?: (name: string) => Promise<AnyStepKind>;
  onRecord?: (record: JournalRecord) => void;
  /** Nobody keeps the records: they get no hashes. */
  unkept?: boolean;
}

/** The code of the plan's steps, loaded before time begins. */
export async function loadSteps(plan: Plan): Promise<void> {
  await Promise.all([...new Set(plan.steps.map((step) => step.kind))].map(loadStepKind));
}

/** A run from its start to its end. */
export async function playPlan(stage: Stage, plan: Plan, options: PlayOptions): Promise<Played> {
  await loadSteps(plan);
  return stage.clock.run(() => startRun(stage, plan, options));
}

/** The same, inside of simulated time that runs already; the steps are loaded. */
export async function startRun({ clock, effects }: Stage, plan: Plan, options: PlayOptions): Promise<Played> {
  const store = options.store ?? new MemoryStore();
  const journal = new Journal({ store, clock, run: options.run, term: 1, onRecord: (record) => options.onRecord?.(record), ...(options.unkept === true ? { seal: unsealed } : {}) });
  await journal.append({
    type: 'run.started',
    plan,
    operator: options.operator,
    tool: { name: 'dr', version: '0', node: process.versions.node },
    mode: 'simulated',
    declaredAt: clock.now(),
    ...(options.impactAt === undefined ? {} : { impactAt: options.impactAt }),
    confirmedBy: 'flag',
    acceptances: options.acceptances,
    endpoints: [],
  });
  const outcome = await execute({ journal, effects: options.effects ?? effects, stepKind: options.stepKind ?? loadStepKind, operator: options.operator, drain: options.drain ?? stopController(clock).signal });
  return { state: journal.state, records: store.records, outcome };
}

/** Continues with a run from the records that are there, with another term. */
export function resumeRun(stage: Stage, records: readonly JournalRecord[], options: PlayOptions): Promise<Played> {
  return stage.clock.run(() => continueRun(stage, records, options));
}

/** The same, inside of simulated time that runs already. */
export async function continueRun({ clock, effects }: Stage, records: readonly JournalRecord[], options: PlayOptions & { term?: number }): Promise<Played> {
  const store = new MemoryStore();
  store.records.push(...records);
  const journal = new Journal({ store, clock, run: options.run, term: options.term ?? 2, records, onRecord: (record) => options.onRecord?.(record), ...(options.unkept === true ? { seal: unsealed } : {}) });
  await journal.append({ type: 'run.resumed', operator: options.operator, acceptances: options.acceptances });
  const outcome = await execute({ journal, effects: options.effects ?? effects, stepKind: options.stepKind ?? loadStepKind, operator: options.operator, drain: options.drain ?? stopController(clock).signal });
  return { state: journal.state, records: store.records, outcome };
}
