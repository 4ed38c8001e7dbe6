import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/json.ts';

/** What it promises, said in the simplest way: the text of a copy whose keys were put in order one by one. */
function plainly(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(plainly).join(',')}]`;
  const parts = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${plainly(item)}`);
  return `{${parts.join(',')}}`;
}

describe('canonicalJson', () => {
  it('is the text with keys in order, whatever the value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(value)).toBe(plainly(value));
    }));
  });

  it('sorts many keys as it sorts few, numbers among them as texts', () => {
    const names = Array.from({ length: 60 }, (_, i) => String((i * 37) % 61));
    const many = Object.fromEntries(names.map((name) => [name, name]));
    expect(canonicalJson(many)).toBe(plainly(many));
    expect(canonicalJson({ b: 1, 10: 1, 9: 1, a: 1, aa: 1 })).toBe('{"10":1,"9":1,"a":1,"aa":1,"b":1}');
  });

  it('leaves out what is undefined, and the one key that is named, of the outermost object only', () => {
    expect(canonicalJson({ b: undefined, hash: 1, a: { hash: 2 }, z: [undefined] }, 'hash')).toBe('{"a":{"hash":2},"z":[null]}');
  });
});
