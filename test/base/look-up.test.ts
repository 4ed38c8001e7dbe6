import type { LookupFunction } from 'node:net';
import { expect, it } from 'vitest';
import { boundedLookup } from '../../src/base/look-up.ts';

/** A resolver that answers when it is given to. */
function slowResolver() {
  const asked: string[] = [];
  const open = new Map<string, () => void>();
  const lookup: LookupFunction = (name, _options, callback) => {
    asked.push(name);
    open.set(name, () => callback(null, `address of ${name}`, 4));
  };
  return { asked, lookup, answer: (name: string) => open.get(name)?.() };
}

it('never makes more look-ups than it may, and a name that hangs takes one of them, however often it is asked for', () => {
  const { asked, lookup, answer } = slowResolver();
  const look = boundedLookup(2, lookup);
  const told: string[] = [];
  const ask = (name: string) => look(name, {}, (_error, address) => told.push(address as string));
  for (let n = 0; n < 100; n++) ask('hangs');
  for (const name of ['a', 'b', 'b', 'c']) ask(name);
  expect(asked).toEqual(['hangs', 'a']);
  answer('a');
  answer('b');
  answer('c');
  expect(asked).toEqual(['hangs', 'a', 'b', 'c']);
  expect(told).toEqual(['address of a', 'address of b', 'address of b', 'address of c']);
  ask('a');
  expect(asked.at(-1)).toBe('a');
  answer('hangs');
  expect(told.filter((address) => address === 'address of hangs')).toHaveLength(100);
});
