import { stopController } from '../base/stop.ts';
import type { Effects } from '../effects/effects.ts';
import { execute } from '../engine/execute.ts';
import { unsealed } from '../journal/chain.ts';
import type { JournalRecord, Operator, RunEvent } from '../journal/events.ts';
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

interface PlayOptions {
  acceptances: Acceptances;
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

/** A run from its start, inside of simulated time that runs already; the steps are loaded. */
export function startRun(stage: Stage, plan: Plan, options: PlayOptions): Promise<Played> {
  const { operator, acceptances, impactAt } = options;
  return play(stage, [], 1, options, {
    type: 'run.started',
    plan,
    operator,
    tool: { name: 'dr', version: '0', node: process.versions.node },
    mode: 'simulated',
    declaredAt: stage.clock.now(),
    ...(impactAt === undefined ? {} : { impactAt }),
    confirmedBy: 'flag',
    acceptances,
    endpoints: [],
  });
}

/** Continues with a run from the records that are there, with another term. */
export function continueRun(stage: Stage, records: readonly JournalRecord[], options: PlayOptions & { term?: number }): Promise<Played> {
  const { operator, acceptances, term = 2 } = options;
  return play(stage, records, term, options, { type: 'run.resumed', operator, acceptances });
}

async function play({ clock, effects }: Stage, records: readonly JournalRecord[], term: number, options: PlayOptions, first: RunEvent): Promise<Played> {
  const { run, operator, store = new MemoryStore() } = options;
  store.records.push(...records);
  const journal = new Journal({ store, clock, run, term, records, onRecord: (record) => options.onRecord?.(record), ...(options.unkept === true ? { seal: unsealed } : {}) });
  await journal.append(first);
  const outcome = await execute({ journal, effects: options.effects ?? effects, stepKind: options.stepKind ?? loadStepKind, operator, drain: options.drain ?? stopController(clock).signal });
  return { state: journal.state, records: store.records, outcome };
}
