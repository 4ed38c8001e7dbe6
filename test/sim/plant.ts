import type { AwsCaller } from '../../src/aws/caller.ts';
import { recordFence } from '../../src/kinds/databases/verdict.ts';
import type { Json } from '../../src/base/json.ts';
import type { JournalRecord } from '../../src/journal/events.ts';
import type { JournalStore } from '../../src/journal/journal.ts';
import type { AnyStepKind, StepContext, StepKind } from '../../src/model/step.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

/*
 * How a defect is planted, from outside of the tool.
 */

export interface Bug {
  name: string;
  /** Any of these is the right thing to find. */
  breaks: readonly number[];
  /** First seed that is tried, where the world that shows it is rare. Default: 1. */
  from?: number;
  /** Only worlds that can show it are played. */
  needs?(scenario: Scenario): boolean;
  step?(name: string, kind: AnyStepKind, stage: Stage): AnyStepKind | undefined;
  aws?(inner: AwsCaller, stage: Stage): AwsCaller;
  store?(inner: JournalStore, records: JournalRecord[]): JournalStore;
  plan?(plan: Plan): Plan;
  /** Nobody is stopped by a higher term. */
  noLock?: boolean;
  /** Who takes over gets the term of the one before. */
  sameTerm?: boolean;
}

export type Code = StepKind<Json>;

/** A step of that name with some of its parts replaced. */
export function spoil(step: string, change: (code: Code) => Partial<Code>): NonNullable<Bug['step']> {
  return (name, kind) => {
    if (!name.endsWith(`.${step}`)) return undefined;
    const code = kind as unknown as Code;
    return { ...code, ...change(code) } as unknown as AnyStepKind;
  };
}

/** A context whose recorded facts go through a filter. */
export function recording(ctx: StepContext, map: (name: string, value: Json) => Json | undefined): StepContext {
  return {
    ...ctx,
    record: (name, value) => {
      const changed = map(name, value);
      if (changed !== undefined) ctx.record(name, changed);
    },
  };
}

export const reached = { state: 'reached', because: 'a planted defect says so' } as const;

/** A call as the planted code makes it. */
export function make(ctx: StepContext, service: string, operation: string, region: string, input: unknown): Promise<unknown> {
  return ctx.effects.aws.call({ service, operation, region, input, signal: ctx.signal, attempts: 1 } as unknown as Parameters<AwsCaller['call']>[0]).catch(() => undefined);
}

/** The promotion weighs the loss once more: both must be off for it to pass. */
export function weighsNothing(plan: Plan): Plan {
  const without = (params: Json): Json => Object.fromEntries(Object.entries(params as Record<string, Json>).filter(([key]) => key !== 'rpoMs'));
  return { ...plan, steps: plan.steps.map((step) => (step.kind.endsWith('.promote') ? { ...step, params: without(step.params) } : step)) };
}

/** Answers of DescribeDBInstances through a filter. */
export function seenAs(inner: AwsCaller, map: (output: { DBInstances?: Record<string, unknown>[] }, request: Parameters<AwsCaller['call']>[0]) => unknown): AwsCaller {
  const call = async (request: Parameters<AwsCaller['call']>[0]) => {
    const answer = await inner.call(request);
    return request.operation === 'DescribeDBInstances' ? { ...answer, output: map(answer.output as { DBInstances?: Record<string, unknown>[] }, request) } : answer;
  };
  return { call: call as AwsCaller['call'] };
}

/** What AWS does not find takes no writes. */
export function goneIsFenced(code: Code): Partial<Code> {
  return {
    observe: async (ctx, p) => {
      const seen = await code.observe(ctx, p);
      const { name } = p as { name: string };
      if (seen.state !== 'refused' || !seen.refusal.observed.includes('answers that there is no')) return seen;
      recordFence(ctx, name, { verdict: 'fenced', because: reached.because, at: ctx.effects.clock.now() });
      return reached;
    },
  };
}
