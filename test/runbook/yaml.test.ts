import { describe, expect, test } from 'vitest';
import { parseYaml } from '../../src/runbook/yaml.ts';

describe('values', () => {
  test('are those of the YAML 1.2 core schema, and keys are texts', () => {
    const { value, problems } = parseYaml('a: yes\nb: 0x1F\n1: 2026-11-20\nc: ~\nd: [1, 2.5, .inf]\ne: "1"\n');
    expect(problems).toEqual([]);
    expect(value).toEqual({ a: 'yes', b: 31, 1: '2026-11-20', c: null, d: [1, 2.5, Infinity], e: '1' });
  });

  test('an alias stands for what its anchor was when it was written', () => {
    const { value, problems } = parseYaml('p: &y 1\na: &x [*y]\nq: &y 2\nb: *x\nc: *y\n');
    expect(problems).toEqual([]);
    expect(value).toEqual({ p: 1, a: [1], q: 2, b: [1], c: 2 });
  });

  test('maps have no prototype that a key could reach', () => {
    const { value } = parseYaml('constructor: 1\n');
    expect(Object.getPrototypeOf(value)).toBe(null);
    expect(value).toHaveProperty('constructor', 1);
  });
});

describe('places', () => {
  const text = parseYaml('a:\n  b: &x { c: 1, d: }\n  e:\n    - f: 2\n    - 3\ng: *x\n');
  test.each([
    [[], 1, 1],
    [['a'], 1, 1],
    [['a', 'b'], 2, 9],
    [['a', 'b', 'c'], 2, 14],
    [['a', 'b', 'd'], 2, 17],
    [['a', 'b', 'missing'], 2, 9],
    [['a', 'e'], 3, 3],
    [['a', 'e', 0], 4, 7],
    [['a', 'e', 0, 'f'], 4, 10],
    [['a', 'e', 1], 5, 7],
    [['a', 'e', 7], 3, 3],
    [['g'], 6, 4],
    [['g', 'c'], 2, 14],
    [['nowhere', 'at', 'all'], 1, 1],
  ])('of %j', (path, line, col) => {
    expect(text.at(path)).toEqual({ line, col });
  });

  test('of keys', () => {
    expect(text.keyAt(['a', 'b', 'c'])).toEqual({ line: 2, col: 11 });
    expect(text.keyAt(['a', 'e'])).toEqual({ line: 3, col: 3 });
  });
});

describe('traps', () => {
  test('an alias bomb ends at the limit', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 30; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]`);
    const { problems } = parseYaml(lines.join('\n'));
    expect(problems).toEqual([expect.objectContaining({ message: 'more than 10000 values, aliases counted each time' })]);
  });

  test.each([
    ['flow lists', '['.repeat(30) + ']'.repeat(30), 'nested more than 24 deep'],
    ['deeper than the stack', '['.repeat(500_000), 'maps and lists are nested too deeply'],
    ['block maps', Array.from({ length: 40 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'nested more than 24 deep'],
  ])('%s are not followed to the end', (_name, source, message) => {
    const { problems } = parseYaml(source);
    expect(problems.map((p) => p.message)).toContain(message);
    expect(problems.length).toBeLessThanOrEqual(200);
  });

  test('a hundred thousand keys are read without comparing each with all', () => {
    const { problems } = parseYaml(Array.from({ length: 90_000 }, (_, i) => `a${i}: 1`).join('\n'));
    expect(problems).toEqual([expect.objectContaining({ message: 'more than 10000 values, aliases counted each time' })]);
  });
});
