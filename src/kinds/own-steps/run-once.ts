import * as z from 'zod';
import { DeadlineError } from '../../base/deadline.ts';
import { DrError } from '../../base/errors.ts';
import { fact } from '../../model/fact.ts';
import { refused, stepKind } from '../common.ts';
import type { AnyStepKind, Observation, StepContext, StepKind, Verdict } from '../../model/step.ts';

/*
 * The world outside cannot be asked whether a custom step has run, so the journal is: each attempt leaves how it ended.
 * An attempt that began and left nothing may have run. It is not made again, unless the runbook says that it does no harm
 * twice, or a person says so.
 */

/** How an attempt ended, as far as it is known. Thrown errors of AWS stay what they are. */
export type Ending =
  | { state: 'done'; said: string }
  /** It did not happen, or not wholly, and that is known. */
  | { state: 'failed'; said: string }
  /** No answer: it may have happened. */
  | { state: 'unknown'; said: string };

export const oncePart = {
  name: z.string(),
  limitMs: z.number().positive(),
  repeatable: z.boolean(),
};

interface Once {
  name: string;
  limitMs: number;
  repeatable: boolean;
  env?: readonly string[];
}

const recordSchema = z.strictObject({ attempt: z.int(), ok: z.boolean(), said: z.string() });

/** How a step's last attempt ended, by its name. */
const endFact = fact('own', recordSchema);
/** What the counterpart said to the undo, by `<name>.undone`. */
const undoneFact = fact('own', z.string());

/** Time for the engine around the action's own limit, so that the action's own end is the one that is seen. */
export const AROUND_MS = 5_000;

/** Whether a flag names this step: `NAME`, or `RUNBOOK:NAME`. */
export function named(list: readonly string[] | undefined, ctx: Pick<StepContext, 'runbook'>, name: string): boolean {
  return list?.some((given) => given === name || given === `${ctx.runbook}:${name}`) ?? false;
}

function observe(ctx: StepContext, p: Once): Observation {
  const last = endFact.read(ctx, p.name);
  if (last?.ok === true) return { state: 'reached', because: last.said };
  if (named(ctx.acceptances.done, ctx, p.name)) {
    return { state: 'reached', because: `done, as ${ctx.operator} says with --done ${p.name}` };
  }
  if (last?.attempt === ctx.attempt) return { state: 'absent', because: ctx.attempt === 0 ? 'not run' : `failed before: ${last.said}` };
  if (ctx.attempt === 0) return { state: 'absent', because: 'not run' };
  if (p.repeatable) return { state: 'absent', because: 'it may have run; the runbook says that it does no harm twice' };
  if (named(ctx.acceptances.again, ctx, p.name)) return { state: 'absent', because: `it may have run; ${ctx.operator} says --again ${p.name}` };
  return { state: 'impossible', because: `attempt ${ctx.attempt} may have run, and nobody knows`, next: unknownNext(p.name) };
}

function unknownNext(name: string): string[] {
  return [
    'look whether it has happened, then one of:',
    `dr resume RUN --done ${name}    it has happened`,
    `dr resume RUN --again ${name}    it has not, or may happen twice`,
  ];
}

async function act(ctx: StepContext, p: Once, work: () => Promise<Ending>): Promise<void> {
  const ending = await work();
  if (ending.state === 'unknown') {
    if (p.repeatable) throw new DeadlineError(p.limitMs, `${p.name}: ${ending.said}`);
    throw new DrError({ code: 'OWN_STEP_UNKNOWN', exit: 'failed', title: `${ending.said}: it may have happened.`, next: unknownNext(p.name) });
  }
  endFact.record(ctx, p.name, { attempt: ctx.attempt, ok: ending.state === 'done', said: ending.said });
  if (ending.state === 'done') return;
  throw new DrError({ code: 'OWN_STEP_FAILED', exit: 'failed', title: ending.said, next: ['mend the cause, then: dr resume', `or do it by hand, then: dr resume RUN --done ${p.name}`] });
}

function missingEnv(ctx: StepContext, p: Once): Verdict | undefined {
  const missing = (p.env ?? []).filter((name) => ctx.effects.env(name) === undefined);
  if (missing.length === 0 || named(ctx.acceptances.done, ctx, p.name)) return undefined;
  return couldNotRun(p, {
    observed: `${missing.join(' and ')} not set`,
    threshold: `the environment variables that the custom step ${p.name} names`,
    mend: `export ${missing.map((name) => `${name}=…`).join(' ')}`,
  });
}

export function couldNotRun({ name }: Once, { observed, threshold, mend }: { observed: string; threshold: string; mend: string }): Verdict {
  return refused({ rule: 'own-step', observed, threshold, consequence: `${name} could not run when its turn comes`, override: `${mend}, or --done ${name} if it is done already` });
}

export function envOf(ctx: StepContext, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, ctx.effects.env(name) ?? '']));
}

/** A step that runs once: `run` is the action, `undo` what takes it back where the parameters hold one. */
export function ranOnce<P extends Once>(kind: {
  params: z.ZodType<P>;
  check?(ctx: StepContext, params: P): Promise<Verdict>;
  run(ctx: StepContext, params: P): Promise<Ending>;
  undo(ctx: StepContext, params: P): Promise<Ending | undefined>;
}): AnyStepKind {
  const step: StepKind<P> = {
    params: kind.params,
    check: (ctx, p) => {
      const missing = missingEnv(ctx, p);
      if (missing !== undefined) return Promise.resolve(missing);
      if (kind.check === undefined) return Promise.resolve({ state: 'ok', because: 'what it needs is there' });
      return named(ctx.acceptances.done, ctx, p.name) ? Promise.resolve({ state: 'ok', because: `--done ${p.name}` }) : kind.check(ctx, p);
    },
    observe: (ctx, p) => Promise.resolve(observe(ctx, p)),
    act: (ctx, p) => act(ctx, p, () => kind.run(ctx, p)),
    actMs: (p) => p.limitMs + AROUND_MS,
    undo: async (ctx, p) => {
      const ending = await kind.undo(ctx, p);
      // Without an undo, what can be rolled back over changes nothing: anything else stands past the line.
      if (ending === undefined) return;
      if (ending.state !== 'done') throw new DrError({ code: 'OWN_UNDO_FAILED', exit: 'failed', title: ending.said });
      undoneFact.record(ctx, `${p.name}.undone`, ending.said);
    },
  };
  return stepKind(step);
}
