import { expect, it } from 'vitest';
import { makeWorld, SEOUL, START, TOKYO } from './fixture.ts';

const text = (payload: unknown) => Buffer.from(payload as Uint8Array).toString();

it('answers what the seed says, and records the invocation', async () => {
  const { world, call } = makeWorld();
  world.addFunction({ region: TOKYO, name: 'warm', answer: { warmed: 12 } });
  const output = await call('lambda', TOKYO, 'Invoke', { FunctionName: 'warm', Payload: Buffer.from('{"a":1}') });
  expect(output).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
  expect(output.FunctionError).toBeUndefined();
  expect(text(output.Payload)).toBe('{"warmed":12}');
  expect(world.state.invocations).toEqual([{ region: TOKYO, name: 'warm', type: 'RequestResponse', payload: '{"a":1}', at: expect.any(Number) as number }]);
  expect(world.state.invocations[0]?.at).toBeGreaterThan(START);
});

it('a dry run invokes nothing, an event is accepted', async () => {
  const { world, call } = makeWorld();
  world.addFunction({ region: TOKYO, name: 'warm' });
  const arn = `arn:aws:lambda:${TOKYO}:000000000000:function:warm`;
  expect(await call('lambda', TOKYO, 'Invoke', { FunctionName: arn, InvocationType: 'DryRun' })).toEqual({ StatusCode: 204 });
  expect(world.state.invocations).toEqual([]);
  expect(await call('lambda', TOKYO, 'Invoke', { FunctionName: arn, InvocationType: 'Event' })).toEqual({ StatusCode: 202 });
  expect(world.state.invocations).toMatchObject([{ name: 'warm', type: 'Event' }]);
});

it('a function that fails answers well, with its error', async () => {
  const { world, call } = makeWorld();
  world.addFunction({ region: TOKYO, name: 'warm', answer: { errorMessage: 'no cache' }, fails: true });
  const output = await call('lambda', TOKYO, 'Invoke', { FunctionName: 'warm' });
  expect(output).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
  expect(text(output.Payload)).toBe('{"errorMessage":"no cache"}');
});

it('refuses what Lambda refuses, and what is not modelled', async () => {
  const { world, refused } = makeWorld();
  world.addFunction({ region: TOKYO, name: 'warm' });
  const big = Buffer.from(JSON.stringify('x'.repeat(1024 * 1024)));
  expect(await refused('lambda', SEOUL, 'Invoke', { FunctionName: 'warm' })).toMatchObject({ code: 'ResourceNotFoundException', httpStatus: 404 });
  expect(await refused('lambda', TOKYO, 'Invoke', { FunctionName: 'warm', Payload: Buffer.from('{') })).toMatchObject({ code: 'InvalidRequestContentException', httpStatus: 400 });
  expect(await refused('lambda', TOKYO, 'Invoke', { FunctionName: 'warm', InvocationType: 'Event', Payload: big })).toMatchObject({ code: 'RequestTooLargeException', httpStatus: 413 });
  expect(await refused('lambda', TOKYO, 'Invoke', { FunctionName: 'warm:live' })).toMatchObject({ code: 'SimulatorUnsupported' });
  expect(await refused('lambda', TOKYO, 'Invoke', { FunctionName: 'warm', Qualifier: 'live' })).toMatchObject({ code: 'SimulatorUnsupported' });
  expect(world.state.invocations).toEqual([]);
});
