import type { AwsCaller } from '../../src/aws/caller.ts';
import type { AnyStepKind, StepContext } from '../../src/model/step.ts';
import { AwsError } from '../../src/aws/errors.ts';
import { goneIsFenced, type Bug, type Code, reached, seenAs, spoil } from './plant.ts';
import type { Happening, Scenario } from './scenario.ts';

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

function happens(scenario: Scenario, fits: (happening: Happening) => boolean): boolean {
  return scenario.chapters.some(({ happenings }) => happenings.some(fits));
}

const troubled = (trouble: string) => (scenario: Scenario) => happens(scenario, (h) => h.what === 'group-trouble' && h.trouble === trouble);

/** A world in which answers of a service have the members that belong there, and nothing in them. */
const foreign = (service: string, without: 'lists' | 'elements', operation?: string) => (scenario: Scenario) =>
  happens(scenario, (h) => {
    if (h.what !== 'fault') return false;
    const { effect, service: of, operation: one } = h.fault;
    return effect.kind === 'foreign' && effect.without === without && of === service && (one ?? operation) === operation;
  });

const byHand = (scenario: Scenario): boolean => happens(scenario, (h) => h.what === 'promoted');

/** What is missing, or on its way, counts as there: at the look, and at the one before success. */
const enough = (step: string, ...states: readonly string[]): NonNullable<Bug['step']> =>
  spoil(step, (code) => ({
    observe: async (ctx, p) => {
      const seen = await code.observe(ctx, p);
      return states.includes(seen.state) ? reached : seen;
    },
    ...(code.holds === undefined ? {} : { holds: () => Promise.resolve(reached) }),
  }));

/** One step sees answers through a filter. */
const stepSees = (step: string, map: (output: Output, request: Request) => Output): NonNullable<Bug['step']> => (name, kind) => (name.endsWith(`.${step}`) ? everyStepSees(kind, map) : undefined);

function eachGroup(output: Output, map: (group: Output) => Output): Output {
  return output['AutoScalingGroups'] === undefined ? output : { ...output, AutoScalingGroups: (output['AutoScalingGroups'] as Output[]).map(map) };
}

/** What a lifecycle hook holds is in service, and no load balancer is asked. */
function held(group: Output): Output {
  const instances = (group['Instances'] as Output[] | undefined) ?? [];
  return { ...group, TargetGroupARNs: [], Instances: instances.map((one) => ({ ...one, LifecycleState: 'InService' })) };
}

/** The first of two steps that a defect is in, and the second. */
const both = (...steps: readonly NonNullable<Bug['step']>[]): NonNullable<Bug['step']> => (name, kind, stage) => steps.map((step) => step(name, kind, stage)).find((one) => one !== undefined);

const intending = (code: Code): Partial<Code> => ({ check: (ctx, p) => code.check({ ...ctx, intends: () => true }, p), observe: (ctx, p) => code.observe({ ...ctx, intends: () => true }, p) });

/** Another application of this failover has made it. */
function asTogether(ctx: StepContext): StepContext {
  const { history } = ctx.effects;
  return history === undefined ? ctx : { ...ctx, effects: { ...ctx.effects, history: { ...history, madeBy: () => Promise.resolve('another run') } } };
}

const together = (code: Code): Partial<Code> => ({ check: (ctx, p) => code.check(asTogether(ctx), p), observe: (ctx, p) => code.observe(asTogether(ctx), p) });

export const ANSWER_BUGS: readonly Bug[] = [
  { name: 'reads-the-first-page', breaks: [29], needs: ({ pages }) => pages !== undefined, step: (_name, kind) => everyStepSees(kind, asTheLast) },
  // Capacity.
  { name: 'wanted-is-capacity', breaks: [15], needs: troubled('hook'), step: enough('scaleOut', 'pending') },
  { name: 'suspended-is-enough', breaks: [15], from: 1_900, needs: troubled('suspended'), step: enough('scaleOut', 'impossible') },
  { name: 'held-counts-as-serving', breaks: [15], needs: troubled('hook'), step: stepSees('scaleOut', (output) => eachGroup(output, held)) },
  {
    // The minimum is left to the scaling policy, and what that has lowered it to is enough.
    name: 'minimum-not-raised',
    breaks: [15],
    needs: troubled('policy'),
    step: spoil('scaleOut', (code) => ({
      observe: async (ctx, p) => {
        const seen = await code.observe(ctx, p);
        return ctx.attempt >= 2 && seen.state === 'absent' ? reached : seen;
      },
      act: async (ctx, p) => {
        const { region, group, desired } = p as { region: string; group: string; desired: number };
        await ctx.effects.aws.call({ service: 'autoscaling', region, operation: 'UpdateAutoScalingGroup', input: { AutoScalingGroupName: group, DesiredCapacity: desired }, signal: ctx.signal });
      },
      holds: () => Promise.resolve(reached),
    })),
  },
  // Answers of something else.
  {
    name: 'empty-list-is-gone',
    breaks: [1, 2, 3],
    from: 6_000,
    needs: (scenario) => happens(scenario, (h) => h.what === 'half-dead' && h.api === 'lists'),
    step: spoil('fence', goneIsFenced),
    aws: (inner) =>
      seenAs(inner, (output, { region }) => {
        if (output.DBInstances?.length !== 0) return output;
        throw new AwsError({ service: 'rds', operation: 'DescribeDBInstances', region, code: 'DBInstanceNotFound', httpStatus: 404, message: 'DBInstance not found.' });
      }),
  },
  {
    // What an element does not say is what it should be.
    name: 'element-is-a-writer',
    breaks: [1, 3, 5, 14, 15],
    from: 13_000,
    needs: foreign('rds', 'elements'),
    aws: (inner) =>
      seenAs(inner, (output, { input }) => ({ ...output, DBInstances: (output.DBInstances ?? []).map((one) => (Object.keys(one).length > 0 ? one : { ...(input as object), DBInstanceStatus: 'available', DBInstanceArn: 'arn:aws:rds', VpcSecurityGroups: [] })) })),
  },
  { name: 'no-group-is-enough', breaks: [10, 15], from: 9_000, needs: foreign('autoscaling', 'lists', 'DescribeAutoScalingGroups'), step: enough('scaleOut', 'pending') },
  // A copy that somebody else has promoted.
  { name: 'any-writer-is-ours', breaks: [1, 3, 5], needs: byHand, step: both(spoil('rpoGate', intending), spoil('promote', intending)) },
  { name: 'found-writer-lost-nothing', breaks: [5], needs: byHand, step: both(spoil('rpoGate', together), spoil('promote', together)) },
  {
    name: 'catches-up-with-a-writer',
    breaks: [3, 5],
    needs: byHand,
    step: both(
      spoil('positionGate', (code) => ({
        observe: async (ctx, p) => {
          const seen = await code.observe(ctx, p);
          return seen.state === 'impossible' && seen.because.includes('no replica any more') ? reached : seen;
        },
      })),
      spoil('promote', intending),
    ),
  },
];
