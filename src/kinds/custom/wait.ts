import * as z from 'zod';
import { formatDuration } from '../../base/duration.ts';
import { durationField, noCheck, stepKind } from '../common.ts';
import { checkFrame, frame, type OwnKind } from '../own-steps/frame.ts';
import { named } from '../own-steps/run-once.ts';
import { fact } from '../../model/fact.ts';
import type { StepContext } from '../../model/step.ts';

/** Waits, for something that nobody can see the end of. */

const schema = z
  .strictObject({
    kind: z.literal('wait'),
    ...frame,
    for: durationField({ min: 1_000, max: 6 * 3_600_000, range: 'a duration from 1s to 6h' }).describe('How long'),
  })
  .superRefine((step, ctx) => {
    checkFrame({ ...step, changes: 'nothing' }, ctx);
    if (step.limit < step.for) ctx.addIssue({ code: 'custom', path: ['limit'], message: `expected at least ${formatDuration(step.for)}, the time that it waits` });
  });

const params = z.strictObject({ name: z.string(), forMs: z.number().positive() });
type Params = z.infer<typeof params>;

/** When it began to wait, by `<name>.since`. */
const sinceFact = fact('own', z.number());
const since = (p: Params) => `${p.name}.since`;

/** Begun once: a resume waits for what is left. */
async function wait(ctx: StepContext, p: Params) {
  const begun = sinceFact.read(ctx, since(p));
  if (named(ctx.acceptances.done, ctx, p.name)) return { state: 'reached', because: `enough, as ${ctx.operator} says with --done ${p.name}` } as const;
  if (begun === undefined) return { state: 'absent', because: 'not begun' } as const;
  const left = begun + p.forMs - ctx.effects.clock.now();
  if (left > 0) await ctx.wait('hold', left);
  return { state: 'reached', because: `waited ${formatDuration(p.forMs)}` } as const;
}

const kind: OwnKind<z.infer<typeof schema>> = {
  summary: 'Waits for a fixed time',
  schema,
  harmless: true,
  draft: (_ctx, name, step) => ({ params: { name, forMs: step.for }, does: `wait ${formatDuration(step.for)}` }),
  step: stepKind<Params>({
    params,
    check: noCheck,
    observe: wait,
    act: (ctx, p) => {
      sinceFact.record(ctx, since(p), ctx.effects.clock.now());
      return Promise.resolve();
    },
    // There is nothing to undo, and that is no failure.
    undo: () => Promise.resolve(),
  }),
};

export default kind;
