import * as z from 'zod';
import { AwsError } from '../../aws/errors.ts';
import { arnIn } from '../../base/arn.ts';
import type { Json } from '../../base/json.ts';
import { allow, inRegion, perRegion, regionsAt } from '../common.ts';
import { acting, checkFrame, fillJson, frame, jsonValue, type OwnKind } from '../own-steps/frame.ts';
import { couldNotRun, type Ending, oncePart, ranOnce } from '../own-steps/run-once.ts';
import { said } from '../own-steps/said.ts';
import type { StepContext, Verdict } from '../../model/step.ts';

/**
 * Invokes a Lambda function of the target region and waits for its answer. The call is part of Lambda's data plane.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */

const functionName = z.string().regex(/^[A-Za-z0-9-_]{1,64}$/, 'expected the name of a Lambda function');

const schema = z
  .strictObject({
    kind: z.literal('lambda-invoke'),
    ...frame,
    ...acting,
    functions: perRegion(functionName).describe('Name of the function in each region; the one of the target is invoked'),
    payload: jsonValue.default({}).describe('{target}, {source}, {runbook} and {verb} are filled in'),
    undo: z.strictObject({ payload: jsonValue.describe('Payload of the invocation that takes it back') }).optional().describe('The payload that takes it back'),
  })
  .superRefine(checkFrame)
  .superRefine((step, ctx) => {
    // https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    if (step.limit > 900_000) ctx.addIssue({ code: 'custom', path: ['limit'], message: 'expected at most 15m: no Lambda function runs longer' });
  });

const params = z.strictObject({
  ...oncePart,
  region: z.string(),
  function: functionName,
  payload: jsonValue,
  undo: jsonValue.optional(),
});
type Params = z.infer<typeof params>;

async function invoke(ctx: StepContext, p: Params, payload: Json): Promise<Ending> {
  try {
    const { output } = await ctx.effects.aws.call({
      service: 'lambda',
      region: p.region,
      operation: 'Invoke',
      input: { FunctionName: p.function, InvocationType: 'RequestResponse', Payload: Buffer.from(JSON.stringify(payload)) },
      timeoutMs: p.limitMs,
      signal: ctx.signal,
    });
    const text = said(output.Payload === undefined ? '' : Buffer.from(output.Payload).toString('utf8'), {}, { keep: 'head' });
    if (output.FunctionError !== undefined) return { state: 'failed', said: `${p.function} failed (${output.FunctionError}): ${text}` };
    return { state: 'done', said: `${p.function} answered ${text}` };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { state: error.kind === 'unknown' ? 'unknown' : 'failed', said: error.message };
  }
}

/** A dry run asks Lambda whether the function is there and may be invoked. */
async function check(ctx: StepContext, p: Params): Promise<Verdict> {
  try {
    const input = { FunctionName: p.function, InvocationType: 'DryRun' } as const;
    await ctx.effects.aws.call({ service: 'lambda', region: p.region, operation: 'Invoke', input, signal: ctx.signal });
    return { state: 'ok', because: `${p.function} is there and may be invoked` };
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== 'terminal') throw error;
    return couldNotRun(p, { observed: error.message, threshold: `the function ${p.function} in ${p.region}, and the right to invoke it`, mend: `deploy it to ${p.region}` });
  }
}

const kind: OwnKind<z.infer<typeof schema>> = {
  summary: 'Invokes a Lambda function of the target region and waits for its answer',
  schema,
  regions: (step) => regionsAt(step.functions, 'functions'),
  draft: (ctx, name, step) => {
    const name_ = inRegion(step.functions, ctx.target);
    const payload = fillJson(step.payload, ctx);
    const undo = step.undo === undefined ? undefined : fillJson(step.undo.payload, ctx);
    const shown = (with_: Json) => `invoke ${name_} in ${ctx.target} with ${JSON.stringify(with_)}`;
    return {
      params: {
        name,
        limitMs: step.limit,
        repeatable: step.repeatable,
        region: ctx.target,
        function: name_,
        payload,
        ...(undo === undefined ? {} : { undo }),
      },
      does: shown(payload),
      outside: 'function',
      undoes: undo === undefined ? undefined : shown(undo),
      permissions: [allow(['lambda:InvokeFunction'], [arnIn(ctx.target, 'lambda', ctx.account, `function:${name_}`)])],
    };
  },
  step: ranOnce<Params>({
    params,
    check,
    run: (ctx, p) => invoke(ctx, p, p.payload),
    undo: (ctx, p) => (p.undo === undefined ? Promise.resolve(undefined) : invoke(ctx, p, p.undo)),
  }),
};

export default kind;
