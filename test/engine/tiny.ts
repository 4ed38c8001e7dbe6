import * as z from 'zod';
import type { Json } from '../../src/base/json.ts';
import type { Effects, HttpSample } from '../../src/effects/effects.ts';
import { execute } from '../../src/engine/execute.ts';
import type { RunParts } from '../../src/engine/run.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import { Journal } from '../../src/journal/journal.ts';
import { MemoryStore } from '../../src/journal/memory-store.ts';
import type { RunState } from '../../src/journal/state.ts';
import type { Acceptances, AnyStepKind, Observation, PlanStep, StepContext, StepKind, Verdict } from '../../src/model/step.ts';
import type { Plan } from '../../src/model/plan.ts';
import { SeededIds } from '../../src/simulator/random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { OPERATOR, planStep, planWith, RUN, started } from '../journal/fixture.ts';

/*
 * The engine against step kinds of a few lines, in simulated time.
 */

export const REACHED: Observation = { state: 'reached', because: 'it is there' };
export const ABSENT: Observation = { state: 'absent', because: 'it is missing' };
export const PENDING: Observation = { state: 'pending', because: 'on its way', waitingFor: 'aws' };
export const REFUSAL = { rule: 'a-rule', observed: 'this was seen', threshold: 'that', consequence: 'harm', override: '--anyway' };
const OK: Verdict = { state: 'ok', because: 'fine' };

/** What a fake kind does; each part is given the context. What is left out: checks are fine, the state is there. */
export interface Fake {
  check?: (ctx: StepContext) => Promise<Verdict> | Verdict;
  observe?: (ctx: StepContext) => Promise<Observation> | Observation;
  act?: (ctx: StepContext) => Promise<void> | void;
  actMs?: number;
  verify?: (ctx: StepContext) => Promise<Observation> | Observation;
  undo?: (ctx: StepContext) => Promise<void> | void;
  stays?: (facts: Pick<StepContext, 'fact'>) => string;
  holds?: (ctx: StepContext) => Promise<Observation> | Observation;
  made?: (ctx: StepContext) => Promise<boolean> | boolean;
}

export function fakeKind(fake: Fake): AnyStepKind {
  const kind: StepKind<Json> = {
    params: z.any(),
    check: async (ctx) => (fake.check === undefined ? OK : fake.check(ctx)),
    observe: async (ctx) => (fake.observe === undefined ? REACHED : fake.observe(ctx)),
    ...(fake.act === undefined ? {} : { act: async (ctx: StepContext) => fake.act?.(ctx) }),
    ...(fake.actMs === undefined ? {} : { actMs: () => fake.actMs ?? 0 }),
    ...(fake.undo === undefined ? {} : { undo: async (ctx: StepContext) => fake.undo?.(ctx) }),
    ...(fake.stays === undefined ? {} : { stays: fake.stays }),
    ...(fake.holds === undefined ? {} : { holds: async (ctx: StepContext) => fake.holds?.(ctx) ?? REACHED }),
    ...(fake.made === undefined ? {} : { made: async (ctx: StepContext) => fake.made?.(ctx) ?? false }),
    ...(fake.verify === undefined ? {} : { verify: async (ctx: StepContext) => (fake.verify === undefined ? REACHED : fake.verify(ctx)) }),
  };
  return kind as unknown as AnyStepKind;
}

/** A thing in the world: absent until it is made, and made at once. Counts what was asked of it. */
export class Thing {
  there = false;
  looks = 0;
  acts = 0;
  kind(more: Fake = {}): Fake {
    return {
      observe: () => {
        this.looks += 1;
        return this.there ? REACHED : ABSENT;
      },
      act: () => {
        this.acts += 1;
        this.there = true;
      },
      ...more,
    };
  }
}

export interface TinyRun {
  outcome: string;
  state: RunState;
  records: readonly JournalRecord[];
  /** Types of the records, with the step's id where there is one. */
  told: string[];
  /** Milliseconds of simulated time. */
  took: number;
}

export interface TinyOptions {
  clock?: VirtualClock;
  effects?: Partial<Effects>;
  drain?: AbortSignal;
  store?: MemoryStore;
  plan?: Partial<Plan>;
  acceptances?: Partial<Acceptances>;
  onRecord?: (record: JournalRecord) => void;
}

export function tinyEffects(clock: VirtualClock, more: Partial<Effects> = {}): Effects {
  const good: HttpSample = { status: 200, body: 'ok', address: '127.0.0.2', ms: 1 };
  const nobody = () => Promise.reject(new Error('nothing is there to ask'));
  // Ports that no fake asks: whatever is called of them fails.
  const deaf: unknown = new Proxy({}, { get: () => nobody });
  const effects = {
    clock,
    ids: new SeededIds(1),
    aws: deaf,
    http: { request: () => clock.sleep(1).then(() => good) },
    dns: deaf,
    sql: deaf,
    process: deaf,
    env: () => undefined,
    ...more,
  };
  return effects as unknown as Effects;
}

/** Runs steps whose `kind` is their id, or `<name>.<anything>` for one kind of many steps. */
export async function runTiny(steps: readonly PlanStep[], kinds: Record<string, Fake>, options: TinyOptions = {}): Promise<TinyRun> {
  const clock = options.clock ?? new VirtualClock();
  const store = options.store ?? new MemoryStore();
  const journal = new Journal({ store, clock, run: RUN, term: 1, onRecord: (r) => options.onRecord?.(r) });
  const began = clock.now();
  const outcome = await clock.run(async () => {
    await journal.append(started({ plan: planWith(steps, { probes: [], ...options.plan }), acceptances: { approvedBy: [], ...options.acceptances } }));
    return goOn(journal, kinds, clock, options);
  });
  return summary(journal, store, outcome, clock.now() - began);
}

/** Continues with a run from its records, as a resume does. */
export async function resumeTiny(records: readonly JournalRecord[], kinds: Record<string, Fake>, options: TinyOptions = {}): Promise<TinyRun> {
  const clock = options.clock ?? new VirtualClock();
  const store = options.store ?? new MemoryStore();
  store.records.push(...records);
  const term = (records.at(-1)?.term ?? 0) + 1;
  const journal = new Journal({ store, clock, run: RUN, term, records, onRecord: (r) => options.onRecord?.(r) });
  const began = clock.now();
  const outcome = await clock.run(async () => {
    await journal.append({ type: 'run.resumed', operator: OPERATOR, acceptances: { approvedBy: [] } });
    return goOn(journal, kinds, clock, options);
  });
  return summary(journal, store, outcome, clock.now() - began);
}

function goOn(journal: Journal, kinds: Record<string, Fake>, clock: VirtualClock, options: TinyOptions): Promise<string> {
  return execute(tinyParts(journal, kinds, clock, options));
}

export function tinyParts(journal: Journal, kinds: Record<string, Fake>, clock: VirtualClock, options: TinyOptions = {}): RunParts {
  return {
    journal,
    effects: tinyEffects(clock, options.effects),
    operator: OPERATOR,
    drain: options.drain ?? new AbortController().signal,
    stepKind: (name) => {
      const fake = kinds[name] ?? kinds[name.split('.')[0] ?? ''];
      return fake === undefined ? Promise.reject(new Error(`no kind ${name}`)) : Promise.resolve(fakeKind(fake));
    },
  };
}

function summary(journal: Journal, store: MemoryStore, outcome: string, took: number): TinyRun {
  const told = store.records.map((r) => ('step' in r ? `${r.type} ${r.step}` : r.type));
  return { outcome, state: journal.state, records: store.records, told, took };
}

/** A step whose code is the kind of its own name. */
export function tinyStep(id: string, parts: Partial<PlanStep> = {}): PlanStep {
  return planStep(id, { kind: id, phase: 'compute', ...parts });
}
