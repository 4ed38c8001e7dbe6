import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Json } from '../../src/base/json.ts';
import { notCompared, productionKind, productionStep } from '../../src/kinds/production.ts';
import type { StepContext, StepKind } from '../../src/model/step.ts';
import { awsError } from './port.ts';

/* A drill writes down what production is before it makes anything, and compares once all of it is deleted. */

type Seen = Record<string, Json | Error>;
type Facts = Record<string, Json>;
const silent = awsError('NoAnswer', { httpStatus: undefined });
const denied = awsError('AccessDenied');

function step(seen: Seen, recorded: Facts = {}) {
  const looks: string[] = [];
  const partsOf = () => Object.fromEntries(Object.entries(seen).map(([name, is]) => [name, () => (looks.push(name), is instanceof Error ? Promise.reject(is) : Promise.resolve(is))]));
  const kind = productionKind(z.strictObject({ key: z.string() }), partsOf) as unknown as Required<Pick<StepKind<{ key: string }>, 'check' | 'observe' | 'act' | 'undo'>>;
  const ctx = { fact: (name: string) => recorded[name], record: (name: string, value: Json) => void (recorded[name] = value) } as unknown as StepContext;
  const p = { key: 'orders' };
  return { recorded, looks, check: () => kind.check(ctx, p), observe: () => kind.observe(ctx, p), act: () => kind.act(ctx, p), undo: () => kind.undo(ctx, p) };
}

/** What the comparison says; undefined where production is as it was. */
async function compared(before: Seen, after: Seen): Promise<string | undefined> {
  const { recorded, act } = step(before);
  await act();
  return step(after, recorded).undo().then(() => undefined, (error: unknown) => (error as Error).message);
}
const CHANGED = 'Production is not as it was before the drill: ';

describe('before a drill', () => {
  it('what production is is written down, once', async () => {
    const first = step({ group: { min: 1 }, instance: 'r6g' });
    expect([await first.check(), await first.observe()]).toEqual([{ state: 'ok', because: '' }, { state: 'absent', because: 'its state is not recorded yet' }]);
    await first.act();
    expect(first.recorded).toEqual({ 'production.orders': { group: { min: 1 }, instance: 'r6g' } });
    expect(await first.observe()).toEqual({ state: 'reached', because: 'its state is recorded' });
  });

  it('what gives no answer cannot be compared: it is said, and refuses no drill; any other error does', async () => {
    const { recorded, act } = step({ group: silent, instance: 'r6g' });
    await act();
    expect(recorded).toEqual({ 'production.orders': { group: null, instance: 'r6g' } });
    expect(notCompared({ facts: new Map(Object.entries({ ...recorded, 'production.api': { a: 1, b: null }, 'other.x': { c: null } })) })).toEqual(['group', 'b']);
    await expect(step({ group: denied }).act()).rejects.toBe(denied);
    const defect = new TypeError('a defect');
    await expect(step({ group: defect }).act()).rejects.toBe(defect);
  });
});

describe('after a drill', () => {
  it('production is as it was, whatever the order of its fields', async () => {
    expect(await compared({ group: { min: 1, max: 2 } }, { group: { max: 2, min: 1 } })).toBeUndefined();
  });

  it.each<[string, Json, Json, string]>([
    ['a value', 'r6g', 'm6g', 'was "r6g", is "m6g"'],
    ['a list', ['a'], ['b'], 'was ["a"], is ["b"]'],
    ['something that is gone', { min: 1 }, 'nothing', 'was {"min":1}, is "nothing"'],
    ['something that is new', 'nothing', { min: 1 }, 'was "nothing", is {"min":1}'],
    ['a list instead of fields', { min: 1 }, [1], 'was {"min":1}, is [1]'],
    ['fields instead of a list', [1], { min: 1 }, 'was [1], is {"min":1}'],
    ['one field of several', { min: 1, max: 2 }, { min: 1, max: 3 }, 'max was 2, is 3'],
    ['a field that is gone, and one that is new', { min: 1, a: 1 }, { min: 1, b: 2 }, 'a was 1, is null; b was null, is 2'],
  ])('fails the drill where it differs in %s', async (_what, was, is, says) => {
    expect(await compared({ group: was }, { group: is })).toBe(`${CHANGED}group: ${says}`);
  });

  it('names each part that differs', async () => {
    const error = await step({ a: 1, b: 2, c: 3 }, { 'production.orders': { a: 0, b: 2, c: 0 } }).undo().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PRODUCTION_CHANGED', exit: 'failed', message: `${CHANGED}a: was 0, is 1; c: was 0, is 3`, next: ['find out who changed it: the drill itself works on its own twins only'] });
  });

  it('what cannot be seen again fails the drill: by an error, or by no answer of one that could', async () => {
    expect(await compared({ group: 1 }, { group: denied })).toBe(`${CHANGED}it could not be seen again: ${denied.message}`);
    expect(await compared({ group: 1 }, { group: silent })).toBe(`${CHANGED}it could not be seen again: ${silent.message}`);
    expect(await compared({ a: 1, b: 1, c: 1 }, { a: null, b: null, c: 1 })).toBe(`${CHANGED}a and b gave no answer again`);
  });

  it('what gave no answer before is not looked at again, nor what was not there to look at', async () => {
    const { undo, looks } = step({ group: { min: 2 }, instance: 'r6g', later: 1 }, { 'production.orders': { group: null, instance: 'r6g' } });
    await undo();
    expect(looks).toEqual(['instance']);
  });

  it('one that was cut short before it made anything compares nothing', async () => {
    const { undo, looks } = step({ group: denied });
    await undo();
    expect(looks).toEqual([]);
  });
});

it('the step reads only, and is taken back last: so it compares', () => {
  const permissions = [{ actions: ['x:Describe'], resources: ['*'] }];
  expect(productionStep('orders', { key: 'orders' }, permissions)).toEqual({
    step: 'production', phase: 'assess', reversibility: 'compensable', title: 'Record the state of orders, to compare it at the end', params: { key: 'orders' }, controlPlanes: [], permissions, estimate: { p50: 1, p95: 5, basis: 'reads only' }, limitMs: 120_000, changes: [],
  });
});
