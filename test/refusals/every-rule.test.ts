import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/*
 * Every rule by which something is refused has at least one test here that shows the whole text, so that no new one comes
 * without. A rule is a text that an object literal in src/ gives as `rule`; one with `mend` is a finding, which refuses nothing.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const AT_LEAST = 60;

async function files(folder: string): Promise<{ path: string; text: string }[]> {
  const names = (await readdir(join(ROOT, folder), { recursive: true })).filter((name) => name.endsWith('.ts'));
  return Promise.all(names.map(async (name) => ({ path: join(folder, name), text: await readFile(join(ROOT, folder, name), 'utf8') })));
}

function everyNode(root: ts.Node, visit: (node: ts.Node) => void): void {
  visit(root);
  ts.forEachChild(root, (child) => everyNode(child, visit));
}

/** Texts that a value may be: of a condition, both. */
function textsOf(value: ts.Expression): string[] {
  if (ts.isConditionalExpression(value)) return [...textsOf(value.whenTrue), ...textsOf(value.whenFalse)];
  return ts.isStringLiteralLike(value) ? [value.text] : [];
}

function isFinding(literal: ts.ObjectLiteralExpression): boolean {
  return literal.properties.some((property) => property.name?.getText() === 'mend');
}

function rulesIn({ path, text }: { path: string; text: string }): string[] {
  const rules: string[] = [];
  everyNode(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true), (node) => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === 'rule' && !isFinding(node.parent)) rules.push(...textsOf(node.initializer));
  });
  return rules;
}

interface Shown {
  test: string;
  rule: string;
}

/** Refusals whose whole text an inline snapshot shows, each with the name of its test. */
function shownIn({ path, text }: { path: string; text: string }): Shown[] {
  const shown: Shown[] = [];
  everyNode(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true), (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression) || node.expression.name.text !== 'toMatchInlineSnapshot') return;
    const [snapshot] = node.arguments;
    if (snapshot === undefined || !ts.isStringLiteralLike(snapshot)) return;
    // All five parts, one a line.
    for (const [, rule = ''] of snapshot.text.matchAll(/rule +(\S+)\n +observed +\S.*\n +threshold +\S.*\n +consequence +\S.*\n +override +\S/g)) {
      shown.push({ test: `${path}: ${node.getText().slice(0, 80)}`, rule });
    }
  });
  return shown;
}

describe('refusals', () => {
  it('every rule of src/ is shown as a whole by a test, and no test shows one that is none', async () => {
    const rules = new Set((await files('src')).flatMap(rulesIn));
    const shown = (await files('test/refusals')).flatMap(shownIn);
    expect(rules.size).toBeGreaterThan(25);
    expect([...rules].filter((rule) => !shown.some((one) => one.rule === rule)).sort()).toEqual([]);
    expect(shown.filter(({ rule }) => !rules.has(rule))).toEqual([]);
  });

  it(`there are at least ${AT_LEAST} of them`, async () => {
    const here = (await files('test/refusals')).flatMap(shownIn);
    const commands = (await files('test/acceptance')).flatMap(shownIn);
    const rules = new Set(here.map(({ rule }) => rule)).size;
    process.stdout.write(`refusals with their whole text: ${here.length} of ${rules} rules in simulated time, ${commands.length} more through the command line\n`);
    expect(here.length).toBeGreaterThanOrEqual(AT_LEAST);
  });

  it('a rule without one would be found', () => {
    expect(rulesIn({ path: 'x.ts', text: `refused({ rule: a ? 'one' : 'two', observed }); const r = { rule: 'three' };` })).toEqual(['one', 'two', 'three']);
    const whole = '`\n      "rule         one\n      observed     a\n      threshold    b\n      consequence  c\n      override     d"\n`';
    expect(shownIn({ path: 'x.ts', text: `expect(x).toMatchInlineSnapshot(${whole});` })).toMatchObject([{ rule: 'one' }]);
    expect(shownIn({ path: 'x.ts', text: `expect(x).toMatchInlineSnapshot(${whole.replace('      threshold    b\n', '')});` })).toEqual([]);
    expect(shownIn({ path: 'x.ts', text: 'expect(x).toMatchInlineSnapshot();' })).toEqual([]);
  });
});
