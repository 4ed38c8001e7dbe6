import type { AwsCaller } from '../../src/aws/caller.ts';
import type { AnyStepKind, StepContext } from '../../src/model/step.ts';
import type { Bug, Code } from './plant.ts';

/*
 * Rules taken out by which answers are read: to their end, as what they are, and as whose doing.
 */

type Request = Parameters<AwsCaller['call']>[0];
type Output = Record<string, unknown>;

/** Every step of the tool sees answers through a filter; the watch sees them as they are. */
function everyStepSees(kind: AnyStepKind, map: (output: Output, request: Request) => Output): AnyStepKind {
  const code = kind as unknown as Code;
  const blind = (ctx: StepContext): StepContext => {
    const call = async (request: Request) => {
      const answer = await ctx.effects.aws.call(request);
      return { ...answer, output: map(answer.output as Output, request) };
    };
    return { ...ctx, effects: { ...ctx.effects, aws: { call: call as AwsCaller['call'] } } };
  };
  const { act, verify, holds } = code;
  return {
    ...code,
    check: (ctx, p) => code.check(blind(ctx), p),
    observe: (ctx, p) => code.observe(blind(ctx), p),
    ...(act === undefined ? {} : { act: (ctx, p) => act.call(code, blind(ctx), p) }),
    ...(verify === undefined ? {} : { verify: (ctx, p) => verify.call(code, blind(ctx), p) }),
    ...(holds === undefined ? {} : { holds: (ctx, p) => holds.call(code, blind(ctx), p) }),
  } satisfies Code as unknown as AnyStepKind;
}

/** A page that says nothing of another one. */
function asTheLast(output: Output): Output {
  const { NextToken: _1, Marker: _2, NextMarker: _3, NextContinuationToken: _4, ...rest } = output;
  return 'IsTruncated' in rest ? { ...rest, IsTruncated: false } : rest;
}

export const ANSWER_BUGS: readonly Bug[] = [
  { name: 'reads-the-first-page', breaks: [29], needs: ({ pages }) => pages !== undefined, step: (_name, kind) => everyStepSees(kind, asTheLast) },
];
