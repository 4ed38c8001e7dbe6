import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reliableCaller } from '../../../src/aws/reliable-caller.ts';
import type { AwsRequest } from '../../../src/aws/caller.ts';
import { sdkCaller } from '../../../src/aws/sdk-caller.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemIds } from '../../../src/base/ids.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Effects } from '../../../src/effects/effects.ts';
import lambdaInvoke from '../../../src/kinds/custom/lambda-invoke.ts';
import type { StepContext, StepKind } from '../../../src/model/step.ts';
import { type WireServer, wireServer } from '../../../src/lab/wire/server.ts';
import { simulatedEffects } from '../../../src/simulator/effects.ts';
import { World } from '../../../src/simulator/world.ts';
import { awsEnvironment, restoreEnvironment, useEnvironment } from '../../lab/wire/environment.ts';
import { RUN_FACTS } from '../context.ts';

const TOKYO = 'ap-northeast-1';
const SEOUL = 'ap-northeast-2';
const step = lambdaInvoke.step as unknown as StepKind<Json>;
const params = { name: 'fill', limitMs: 5_000, repeatable: false, region: TOKYO, function: 'fill', payload: { a: 1 }, undo: { undo: true } };

/** A context around the real SDK adapter. */
function context(world: World): StepContext & { facts: Map<string, Json> } {
  const facts = new Map<string, Json>();
  const effects: Effects = {
    ...simulatedEffects(world),
    clock: systemClock,
    aws: reliableCaller(sdkCaller(), { clock: systemClock, ids: systemIds, limits: { attempts: 2, backoffMs: 1, backoffMaxMs: 2 } }),
  };
  return {
    facts, effects, signal: new AbortController().signal, runbook: 'shop', source: SEOUL, target: TOKYO, operator: 'me', attempt: 1, askedBefore: false, intends: () => false, run: RUN_FACTS,
    acceptances: { approvedBy: [] }, impactAt: () => undefined, impactNamed: false, fact: (name) => facts.get(name), record: (name, value) => void facts.set(name, value),
    wait: () => Promise.resolve(),
  };
}

const thrown = (work: Promise<unknown> | undefined) => (work ?? Promise.reject(new Error('no work'))).then(() => 'nothing was thrown', (error: unknown) => error);
let world: World;
beforeEach(() => {
  world = new World({ clock: systemClock, seed: 1, regions: [SEOUL, TOKYO], timings: { callMs: 1 } });
});
afterEach(restoreEnvironment);

describe('lambda-invoke through the SDK against the lab', () => {
  let server: WireServer;
  beforeEach(async () => {
    server = await wireServer({
      handle: (request) => world.call(request as unknown as AwsRequest) as Promise<{ output: object }>,
    });
    useEnvironment(awsEnvironment({ AWS_ENDPOINT_URL: server.url }));
  });
  afterEach(() => server.close());

  it('is checked by a dry run, invoked once, and undone by its own payload', async () => {
    world.addFunction({ region: TOKYO, name: 'fill', answer: { filled: 3 } });
    const ctx = context(world);
    expect(await step.check(ctx, params)).toEqual({ state: 'ok', because: 'fill is there and may be invoked' });
    expect(world.state.invocations).toEqual([]);
    await step.act?.(ctx, params);
    expect(await step.observe(ctx, params)).toEqual({ state: 'reached', because: 'fill answered {"filled":3}' });
    await step.undo?.(ctx, params);
    expect(world.state.invocations.map((i) => i.payload)).toEqual(['{"a":1}', '{"undo":true}']);
  });

  it('a function that throws failed, and is known to have', async () => {
    world.addFunction({ region: TOKYO, name: 'fill', answer: { errorMessage: 'no cache' }, fails: true });
    const ctx = context(world);
    expect(await thrown(step.act?.(ctx, params))).toMatchObject({ code: 'OWN_STEP_FAILED', message: 'fill failed (Unhandled): {"errorMessage":"no cache"}' });
    expect(ctx.facts.get('own.fill')).toMatchObject({ attempt: 1, ok: false });
  });

  it('refuses where the function is not', async () => {
    expect(await step.check(context(world), params)).toEqual({
      state: 'refused',
      refusal: {
        rule: 'own-step',
        observed: expect.stringContaining('Function not found: arn:aws:lambda:ap-northeast-1:000000000000:function:fill') as string,
        threshold: 'the function fill in ap-northeast-1, and the right to invoke it',
        consequence: 'fill could not run when its turn comes',
        override: 'deploy it to ap-northeast-1, or --done fill if it is done already',
      },
    });
  });
});

describe('lambda-invoke when AWS fails', () => {
  const failing = (name: string, httpStatusCode: number) => Object.assign(new Error('as AWS says'), { name, $metadata: { httpStatusCode } });

  it.each([
    ['throttled for good: it did not happen', failing('TooManyRequestsException', 429), 'OWN_STEP_FAILED', 2],
    ['not allowed: it did not happen', failing('AccessDeniedException', 403), 'OWN_STEP_FAILED', 1],
    ['the connection is lost: it may have happened', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }), 'OWN_STEP_UNKNOWN', 1],
    ['an error of the service: it may have happened', failing('ServiceException', 500), 'OWN_STEP_UNKNOWN', 1],
  ])('%s', async (_what, error, code, calls) => {
    useEnvironment(awsEnvironment({ AWS_REGION: TOKYO }));
    const mock = mockClient(LambdaClient);
    mock.on(InvokeCommand).rejects(error);
    const ctx = context(world);
    expect(await thrown(step.act?.(ctx, params))).toMatchObject({ code });
    expect(mock.commandCalls(InvokeCommand)).toHaveLength(calls);
    expect(ctx.facts.has('own.fill')).toBe(code === 'OWN_STEP_FAILED');
    mock.restore();
  });
});
