import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { loadRunbook, parseRunbook } from '../../src/runbook/load.ts';
import { RunbookError } from '../../src/runbook/problem.ts';
import type { LoadedRunbook } from '../../src/runbook/runbook.ts';
import { VALID } from './fixture.ts';

/*
 * Whatever is done to a runbook, the loader answers with a runbook or with problems that have a place: never with a
 * stack trace, never with a hang, and never with a text that could repaint a terminal.
 */

const SHOP = readFileSync('runbooks/shop.yaml', 'utf8');
const TEXTS = [VALID, VALID, VALID, SHOP];
const TREES = TEXTS.map((text): unknown => parse(text));

/** A change of the text; `at` and `to` are fractions of its length, so that they shrink well. */
type TextEdit = (text: string, at: number, to: number) => string;

const onLines = (change: (lines: string[], i: number, j: number) => void): TextEdit => (text, at, to) => {
  const lines = text.split('\n');
  change(lines, Math.floor(at * lines.length), Math.floor(to * lines.length));
  return lines.join('\n');
};

const ODD_TEXT = [
  '\0', '\u001b[31m', '\ufeff', '\ufffe', '\u202e', '\r', '\t', ' ', '\u2028', '\ud800', '💥', 'é', '"', "'", '`', '{', '}', '[', ']', ':', ': ',
  ',', '#', '- ', '? ', '| ', '> ', '&a ', '*a', '*none', '!tag ', '!!binary ', '!!str ', '%YAML 1.1\n', '---\n', '...\n', '<<: ', '__proto__: 1\n',
  'constructor: 1\n', 'toString', '~', 'null', 'true', 'yes', '.inf', '.nan', '-0', '0x1F', '0o17', '1e999', '9'.repeat(400), '2001-12-14', '',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[', '{a: '.repeat(40), '['.repeat(3000), 'a:\n '.repeat(30), 'x'.repeat(5000), '\\', '"\\x00"', '"\\ud800"', '"\\e[2J"',
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]\n',
  'a: &a { b: *a }\n', '&x [*x]', 'AKIA' + 'ABCDEFGHIJKLMNOP', 'https://u:p@h/',
];

const textEdit: fc.Arbitrary<TextEdit> = fc.oneof(
  fc.constant(onLines((lines, i) => lines.splice(i, 1))),
  fc.constant(onLines((lines, i, j) => lines.splice(Math.min(i, j), Math.abs(i - j)))),
  fc.constant(onLines((lines, i) => lines.splice(i, 0, lines[i] ?? ''))),
  fc.constant(onLines((lines, i, j) => ([lines[i], lines[j]] = [lines[j] ?? '', lines[i] ?? '']))),
  fc.constant(onLines((lines, i) => (lines[i] = ` ${lines[i] ?? ''}`))),
  fc.constant(onLines((lines, i) => (lines[i] = (lines[i] ?? '').trimStart()))),
  fc.constantFrom(...ODD_TEXT).map((odd) => onLines((lines, i) => lines.splice(i, 0, odd))),
  fc.constantFrom(...ODD_TEXT).map((odd): TextEdit => (text, at) => splice(text, at, 0, odd)),
  fc.tuple(fc.nat(4), fc.constantFrom(...ODD_TEXT)).map(([cut, odd]): TextEdit => (text, at) => splice(text, at, cut, odd)),
  fc.tuple(fc.nat(3), fc.string({ maxLength: 4, unit: 'binary' })).map(([cut, odd]): TextEdit => (text, at) => splice(text, at, cut, odd)),
  fc.constant<TextEdit>((text, at) => text.slice(0, Math.floor(at * text.length))),
  fc.constant<TextEdit>((text, at, to) => splice(text, at, 0, text.slice(Math.floor(to * text.length)).slice(0, 200))),
);

function splice(text: string, at: number, cut: number, put: string): string {
  const i = Math.floor(at * text.length);
  return text.slice(0, i) + put + text.slice(i + cut);
}

const place = fc.double({ min: 0, max: 0.9999, noNaN: true });

const textMutation = fc
  .tuple(fc.constantFrom(...TEXTS), fc.array(fc.tuple(textEdit, place, place), { minLength: 1, maxLength: 4 }))
  .map(([text, edits]) => edits.reduce((t, [edit, at, to]) => edit(t, at, to), text));

/** A change of the structure: of one node, found by counting. */
type TreeEdit = (parent: Record<string, unknown> | unknown[], key: string) => void;

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, 9007199254740993, Infinity, NaN, '', ' ', '5', '5m', 'Z1', {}, [], [[]], [{}], { kind: null }),
  fc.constantFrom<unknown>('rds-read-replica', 'auto-scaling-group', 'route53-failover', 'registry', '../common', 'constructor', '__proto__'),
  fc.constantFrom<unknown>('x'.repeat(300), 'ap-northeast-9', 'http://[::1]:99999/', 'http://a..b', '\u0085', '\u001b]0;x\u0007', 'a\nb', '\ud83d'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.jsonValue({ maxDepth: 3 }),
);

const treeEdit: fc.Arbitrary<TreeEdit> = fc.oneof(
  fc.constant<TreeEdit>((parent, key) => (Array.isArray(parent) ? parent.splice(Number(key), 1) : Reflect.deleteProperty(parent, key))),
  fc.string({ minLength: 0, maxLength: 6 }).map((other): TreeEdit => (parent, key) => rename(parent, key, other)),
  fc.nat(6).map((i): TreeEdit => (parent, key) => rename(parent, key, key.slice(0, i) + key.slice(i + 1))),
  oddValue.map((value): TreeEdit => (parent, key) => put(parent, key, value)),
  oddValue.map((value): TreeEdit => (parent) => (Array.isArray(parent) ? parent.push(value) : (parent['extra'] = value))),
  fc.integer({ min: 1, max: 60 }).map((deep): TreeEdit => (parent, key) => put(parent, key, nest(at(parent, key), deep))),
  fc.constant<TreeEdit>((parent, key) => put(parent, key, [at(parent, key)])),
);

function at(parent: Record<string, unknown> | unknown[], key: string): unknown {
  return (parent as Record<string, unknown>)[key];
}

function put(parent: Record<string, unknown> | unknown[], key: string, value: unknown): void {
  (parent as Record<string, unknown>)[key] = value;
}

function rename(parent: Record<string, unknown> | unknown[], key: string, other: string): void {
  if (Array.isArray(parent)) return;
  parent[other] = parent[key];
  if (other !== key) Reflect.deleteProperty(parent, key);
}

function nest(value: unknown, deep: number): unknown {
  return deep === 0 ? value : { x: nest(value, deep - 1) };
}

const structureMutation = fc
  .tuple(fc.constantFrom(...TREES), fc.array(fc.tuple(treeEdit, place), { minLength: 1, maxLength: 3 }), fc.nat(3))
  .map(([original, edits, style]) => {
    const tree = structuredClone(original);
    for (const [edit, where] of edits) {
      const nodes = entries(tree);
      const node = nodes[Math.floor(where * nodes.length)];
      if (node !== undefined) edit(node.parent, node.key);
    }
    // JSON is YAML too.
    return style === 0 ? stringify(tree) : JSON.stringify(tree, null, style - 1);
  });

function entries(tree: unknown): { parent: Record<string, unknown> | unknown[]; key: string }[] {
  if (typeof tree !== 'object' || tree === null) return [];
  const parent = tree as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...entries(parent[key])]);
}

const REPAINTS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

type Outcome = 'loaded' | 'refused';

/** Throws unless the outcome is a runbook, or problems each of which can be printed with its place. */
async function judge(load: () => Promise<LoadedRunbook>): Promise<Outcome> {
  let loaded: LoadedRunbook;
  try {
    loaded = await load();
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    const errors = error.problems.filter((p) => p.severity === 'error');
    if (errors.length === 0 || error.exit !== 'runbook' || error.detail === undefined) throw new Error('an error without a problem', { cause: error });
    checkPlaces(error.problems);
    if (REPAINTS.test(error.detail)) throw new Error(`a message that is not printable: ${JSON.stringify(error.detail)}`);
    return 'refused';
  }
  checkPlaces(loaded.warnings);
  if (loaded.runbook.resources.length === 0 || loaded.runbook.home === '') throw new Error('a runbook with nothing in it was accepted');
  return 'loaded';
}

function checkPlaces(problems: readonly { line: number; col: number; message: string }[]): void {
  for (const { line, col, message } of problems) {
    if (!(Number.isInteger(line) && line >= 1 && Number.isInteger(col) && col >= 1 && message !== '')) {
      throw new Error(`a problem without a place: ${line}:${col} ${message}`);
    }
    if (message.length > 1000) throw new Error(`a message of ${message.length} characters`);
  }
}

async function run(texts: fc.Arbitrary<string>, numRuns: number): Promise<Record<Outcome, number>> {
  const count: Record<Outcome, number> = { loaded: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      count[await judge(() => parseRunbook(Buffer.from(text), 'mutated.yaml'))]++;
    }),
    { numRuns },
  );
  return count;
}

test('5,500 runbooks with changed text are loaded or refused with a place', { timeout: 120_000 }, async () => {
  const count = await run(textMutation, 5500);
  // Both happen often, or the mutations are too weak or too strong to mean anything.
  expect(count.loaded).toBeGreaterThan(100);
  expect(count.refused).toBeGreaterThan(1000);
});

test('4,400 runbooks with changed structure are loaded or refused with a place', { timeout: 120_000 }, async () => {
  const count = await run(structureMutation, 4400);
  expect(count.loaded).toBeGreaterThan(20);
  expect(count.refused).toBeGreaterThan(1000);
});

test('100 mutated runbooks as bytes in files are loaded or refused with a place', { timeout: 120_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dr-mutations-'));
  const file = join(dir, 'mutated.yaml');
  const bytes = fc.tuple(textMutation, place, fc.uint8Array({ maxLength: 3 })).map(([text, where, odd]) => {
    const whole = Buffer.from(text);
    const i = Math.floor(where * whole.length);
    return Buffer.concat([whole.subarray(0, i), odd, whole.subarray(i + 1)]);
  });
  try {
    await fc.assert(
      fc.asyncProperty(bytes, async (content) => {
        await writeFile(file, content);
        await judge(() => loadRunbook(file));
      }),
      { numRuns: 100 },
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
