import * as z from 'zod';
import { envName } from '../common.ts';
import { acting, checkFrame, fill, type FillContext, frame, type OwnKind } from '../own-steps/frame.ts';
import { type Ending, envOf, oncePart, ranOnce } from '../own-steps/run-once.ts';
import { said } from '../own-steps/said.ts';
import type { StepContext } from '../../model/step.ts';

/** A program on the machine that runs `dr`: no shell, and of the environment only what is named. */

const LIST_WANTED = 'expected a list of program and arguments, e.g. [./warm-cache, --region, "{target}"]: no shell reads it';

const argv = z
  .array(z.string('expected a text').max(4_096).regex(/^[^\0]*$/), LIST_WANTED)
  .min(1, LIST_WANTED)
  .max(200)
  .superRefine(([program], ctx) => {
    if (program === '') ctx.addIssue({ code: 'custom', path: [0], message: 'expected the name or the path of a program' });
  })
  .describe('Program and arguments; {target}, {source}, {runbook} and {verb} are filled in');

const schema = z
  .strictObject({
    kind: z.literal('command'),
    ...frame,
    ...acting,
    run: argv,
    env: z.array(envName).default([]).describe('Environment variables that it gets, PATH included; nothing else but DR_RUNBOOK, DR_VERB, DR_SOURCE and DR_TARGET'),
    undo: z.strictObject({ run: argv }).optional().describe('What takes it back'),
  })
  .superRefine(checkFrame);

const filled = z.array(z.string()).min(1);
const params = z.strictObject({
  ...oncePart,
  run: filled,
  undo: filled.optional(),
  env: z.array(envName),
  given: z.record(z.string(), z.string()),
});
type Params = z.infer<typeof params>;

async function run(ctx: StepContext, p: Params, argv: readonly string[]): Promise<Ending> {
  const secrets = envOf(ctx, p.env);
  const [program = '', ...rest] = argv;
  const result = await ctx.effects.process.run({ argv: [program, ...rest], env: { ...secrets, ...p.given }, timeoutMs: p.limitMs, signal: ctx.signal });
  const output = said(result.output, secrets, { keep: 'tail', cutAtStart: result.cut });
  const words = (head: string) => (output === '' ? head : `${head}; it said: ${output}`);
  if (result.code === 0) return { state: 'done', said: words('exit code 0') };
  if (result.code !== undefined) return { state: 'failed', said: words(`exit code ${result.code}`) };
  return { state: result.notStarted === true ? 'failed' : 'unknown', said: words(said(result.error ?? 'it did not end', secrets, { keep: 'head' })) };
}

/** As a person would type it; for reading only, no shell ever sees it. */
function shown(argv: readonly string[]): string {
  return argv.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : JSON.stringify(part))).join(' ');
}

const kind: OwnKind<z.infer<typeof schema>> = {
  summary: 'Runs a program without a shell, with chosen environment variables only',
  schema,
  draft: (ctx, name, step) => {
    const list = (argv: readonly string[]) => argv.map((part) => fill(part, ctx));
    const undo = step.undo === undefined ? undefined : list(step.undo.run);
    const main = list(step.run);
    const env = step.env.length === 0 ? '' : ` with ${step.env.join(', ')}`;
    return {
      params: {
        name,
        limitMs: step.limit,
        repeatable: step.repeatable,
        run: main,
        ...(undo === undefined ? {} : { undo }),
        env: step.env,
        given: givenBy(ctx),
      },
      does: `run ${shown(main)}${env}`,
      env: step.env,
      outside: 'program',
      undoes: undo === undefined ? undefined : `run ${shown(undo)}`,
    };
  },
  step: ranOnce<Params>({
    params,
    run: (ctx, p) => run(ctx, p, p.run),
    undo: (ctx, p) => (p.undo === undefined ? Promise.resolve(undefined) : run(ctx, p, p.undo)),
  }),
};

function givenBy(ctx: FillContext): Record<string, string> {
  return { DR_RUNBOOK: ctx.runbook, DR_VERB: ctx.verb, DR_SOURCE: ctx.source, DR_TARGET: ctx.target };
}

export default kind;
