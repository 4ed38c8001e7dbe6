import { describe, expect, it } from 'vitest';
import { inOrder, reachable, shortestWay, topological } from '../../src/base/graph.ts';

const node = (id: string, after: string[] = []) => ({ id, after });
const EDGES: Record<string, string[]> = { a: ['b', 'c'], b: ['d'], c: ['d', 'a'], d: ['e'], e: [], x: ['a'] };
const next = (id: string) => EDGES[id] ?? [];

describe('topological', () => {
  it('keeps the given order among steps that wait for the same', () => {
    const steps = [node('a'), node('b'), node('c', ['a']), node('d', ['b']), node('e')];
    expect(topological(steps).map((s) => s.id)).toEqual(['a', 'b', 'e', 'c', 'd']);
  });

  it.each([
    ['a circle of two', [node('a', ['b']), node('b', ['a'])]],
    ['a step that waits for itself', [node('a', ['a'])]],
    ['a step that waits for one that is not there', [node('a', ['b'])]],
    ['a circle behind a good step', [node('x'), node('a', ['x', 'c']), node('b', ['a']), node('c', ['b'])]],
  ])('%s is an error', (_name, steps) => {
    expect(() => topological(steps)).toThrow('the steps wait for each other in a circle, or for a step that is not there');
  });

  it('takes ten thousand steps in a chain, in the worst order', () => {
    const steps = Array.from({ length: 10_000 }, (_, i) => node(`s${i}`, i === 0 ? [] : [`s${i - 1}`])).reverse();
    expect(topological(steps)[9_999]?.id).toBe('s9999');
  });
});

describe('walks', () => {
  it('reach everything behind, in circles too', () => {
    expect([...reachable(['b'], next)]).toEqual(['b', 'd', 'e']);
    expect([...reachable(['a'], next)].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect([...reachable([], next)]).toEqual([]);
  });

  it('find the shortest way, or none', () => {
    expect(shortestWay('x', 'e', next)).toEqual(['x', 'a', 'b', 'd', 'e']);
    expect(shortestWay('a', 'a', next)).toEqual(['a']);
    expect(shortestWay('e', 'a', next)).toBeUndefined();
  });

  it('put each after what it waits for, and keep the given order else', () => {
    expect(inOrder(['a', 'b', 'd', 'x'], next)).toEqual(['d', 'b', 'a', 'x']);
  });
});
