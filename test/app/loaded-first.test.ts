import { expect, it } from 'vitest';
import type { AwsCaller } from '../../src/aws/caller.ts';
import { loadedFirst } from '../../src/app/state.ts';

it('no call begins before the code of its client is loaded: its time is not the bucket’s; it is loaded once', async () => {
  const seen: string[] = [];
  let done: () => void = () => undefined;
  const inner = { call: ({ operation }: { operation: string }) => Promise.resolve({ output: void seen.push(operation) }) } as unknown as AwsCaller;
  const aws = loadedFirst(inner, () => {
    seen.push('load');
    return new Promise<void>((resolve) => (done = resolve));
  });
  const get = () => aws.call({ service: 's3', region: 'ap-northeast-1', operation: 'GetObject', input: { Bucket: 'b', Key: 'k' } });
  const calls = [get(), get()];
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(['load']);
  done();
  await Promise.all(calls);
  expect(seen).toEqual(['load', 'GetObject', 'GetObject']);
});

it('what cannot be loaded is an error of the call', async () => {
  const aws = loadedFirst({ call: () => Promise.reject(new Error('of the call')) }, () => Promise.reject(new Error('of the load')));
  await expect(aws.call({ service: 's3', region: 'ap-northeast-1', operation: 'GetObject', input: { Bucket: 'b', Key: 'k' } })).rejects.toThrow('of the call');
});
