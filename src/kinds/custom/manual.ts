import * as z from 'zod';
import { stepKind } from '../common.ts';
import { acting, checkFrame, fill, frame, type OwnKind } from '../own-steps/frame.ts';
import { named } from '../own-steps/run-once.ts';

/** Something that a person does, and says so: at the terminal, or with `--done NAME`. */

const { repeatable: _never, ...changing } = acting;

const schema = z
  .strictObject({
    kind: z.literal('manual'),
    ...frame,
    ...changing,
    instruction: z.string('expected what the person has to do').min(1, 'expected what the person has to do').max(2_000).describe('What the person has to do'),
  })
  .superRefine(checkFrame);

const params = z.strictObject({ name: z.string(), instruction: z.string() });
type Params = z.infer<typeof params>;

const kind: OwnKind<z.infer<typeof schema>> = {
  summary: 'A person does something and confirms it: at the terminal, or with --done NAME',
  schema,
  draft: (ctx, name, step) => {
    const instruction = fill(step.instruction, ctx);
    return { params: { name, instruction }, does: `a person: ${instruction}`, outside: 'person' };
  },
  step: stepKind<Params>({
    params,
    check: (ctx, p) => {
      if (named(ctx.acceptances.done, ctx, p.name)) return Promise.resolve({ state: 'ok', because: `--done ${p.name}` } as const);
      const warnings = ctx.effects.person === undefined ? [{ rule: 'nobody-there', observed: `nobody is at a terminal: the run pauses here until dr resume RUN --done ${p.name}`, wanted: 'a person at a terminal', mend: `run it in a terminal, or say it beforehand: --done ${p.name}` }] : [];
      return Promise.resolve({ state: 'ok', because: 'a person is asked when its turn comes', warnings } as const);
    },
    observe: async (ctx, p) => {
      if (named(ctx.acceptances.done, ctx, p.name)) {
        return { state: 'reached', because: `done, as ${ctx.operator} says with --done ${p.name}` } as const;
      }
      const { person } = ctx.effects;
      if (person === undefined) {
        const because = `a person is needed: ${p.instruction} Then: dr resume RUN --done ${p.name}`;
        return { state: 'paused', because } as const;
      }
      await person.confirm(p.name, p.instruction, ctx.signal);
      return { state: 'reached', because: 'confirmed at the terminal' } as const;
    },
  }),
};

export default kind;
