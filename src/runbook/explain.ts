import type * as z from 'zod';
import type { $ZodIssue, $ZodIssueInvalidUnion, $ZodType } from 'zod/v4/core';
import { nearest } from '../base/nearest.ts';
import type { Problem } from './problem.ts';
import { describe, printable, quote } from './secrets.ts';
import type { Path } from './yaml-reader.ts';
import type { YamlText } from './yaml.ts';

/** Where the value that a schema was given stands in the file. */
interface Located {
  schema: z.ZodType;
  /** Path of that value in the file. */
  base: Path;
  /** The value itself. */
  value: unknown;
  text: Pick<YamlText, 'at' | 'keyAt'>;
  /** Names that a key of a map may have been meant to be: the runbook's regions. */
  names?: readonly string[];
}

/** Problems that one schema may report; a broken map of a thousand entries says the same a thousand times. */
const ISSUES = 200;

/** What is wrong, where, what was expected, what was found and which name was probably meant. */
export function explainIssues(issues: readonly $ZodIssue[], where: Located): Problem[] {
  return issues.slice(0, ISSUES).flatMap((issue) => explain(issue, where));
}

function explain(issue: $ZodIssue, where: Located): Problem[] {
  const path = [...where.base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = schemaKeys(where.schema, issue.path);
    return issue.keys.slice(0, ISSUES).map((key) => error(where.text.keyAt([...path, key]), path, unknownName('key', key, known)));
  }
  if (issue.code === 'invalid_key') {
    const key = String(issue.path.at(-1));
    const message = issue.issues[0]?.message ?? 'not a valid key';
    const near = nearest(key, where.names ?? []);
    const hint = near === undefined ? '' : `; did you mean ${quote(near)}?`;
    return [error(where.text.keyAt(path), path.slice(0, -1), withFound(message, quote(key)) + hint)];
  }
  if (issue.code === 'invalid_union') return explainUnion(issue, where);
  const value = valueAt(where.value, issue.path);
  const wanted = expectation(issue, schemaKeys(where.schema, issue.path));
  if (value === undefined && issue.path.length > 0 && !hasKey(where.value, issue.path)) {
    const message = `the key ${quote(String(path.at(-1)))} is missing: ${wanted}`;
    return [error(where.text.at(path.slice(0, -1)), path.slice(0, -1), message)];
  }
  const options = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  const near = typeof value === 'string' ? nearest(value, options) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${quote(near)}?`;
  // What a rule over a whole map says is complete without "found a map".
  const complete = issue.code === 'custom' && typeof value === 'object';
  return [error(where.text.at(path), path, (complete ? wanted : withFound(wanted, describe(value))) + hint)];
}

/** `unknown key "rpoo"; did you mean "rpo"?`, or what there is to choose from. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  const hint = near === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean ${quote(near)}?`;
  return `unknown ${what} ${quote(name)}; ${hint}`;
}

/** The branch that was meant is the one whose own keys are right; without one, say which keys there are. */
function explainUnion(issue: $ZodIssueInvalidUnion, where: Located): Problem[] {
  const path = [...where.base, ...issue.path];
  const value = valueAt(where.value, issue.path);
  const here = error.bind(undefined, where.text.at(path), path);
  if (issue.discriminator !== undefined) {
    const key = issue.discriminator;
    const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : value;
    const options = 'options' in issue ? (issue.options ?? []).map(String) : [];
    const message = found === undefined ? `the key ${quote(key)} is missing: ${oneOf(options)}` : `${oneOf(options)}, found ${describe(found)}`;
    return [error(where.text.at([...path, key]), path, message)];
  }
  const meant = issue.errors.find((branch) => !branch.some((inner) => isShapeIssue(inner, value)));
  if (meant !== undefined) {
    return meant.flatMap((inner) => explain({ ...inner, path: [...issue.path, ...inner.path] }, where));
  }
  const known = schemaKeys(where.schema, issue.path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const wanted = [...new Set(issue.errors.map((branch) => branch[0]).filter((i) => i !== undefined).map((one) => expectation(one)))];
    const text = wanted.map((w) => w.replace(/^expected /, '')).join(' or ');
    return [here(`expected ${known.length > 0 ? `${text} (${known.join(' or ')})` : text}, found ${describe(value)}`)];
  }
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    return unknown.slice(0, ISSUES).map((key) => error(where.text.keyAt([...path, key]), path, unknownName('key', key, known)));
  }
  const found = Object.keys(value);
  return [here(`expected keys of one sort out of ${known.join(', ')}; found ${found.join(' and ') || 'none'}`)];
}

/** Says that the value has the wrong type or the wrong keys for a branch, not that something in it is wrong. */
function isShapeIssue(issue: $ZodIssue, value: unknown): boolean {
  if (issue.path.length === 0) return issue.code === 'unrecognized_keys' || issue.code === 'invalid_type';
  return issue.path.length === 1 && !hasKey(value, issue.path);
}

const TYPES: Record<string, string> = {
  string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false',
  array: 'a list', object: 'a map', record: 'a map',
};

/** What was expected: the schema's own words, or plain ones for zod's. */
function expectation(issue: $ZodIssue, keys: readonly string[] = []): string {
  if (!/^(Invalid |Too |Unrecognized )/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'object' && keys.length > 0 ? `expected a map such as { ${keys.join(', ')} }` : `expected ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_format':
      return issue.pattern === undefined ? `expected a valid ${issue.format}` : `expected a text like ${issue.pattern}`;
    case 'too_small':
      return `expected at least ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `expected at most ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
    default:
      return issue.message;
  }
}

const UNITS: Record<string, string> = { string: ' characters', array: ' entries' };

function oneOf(options: readonly string[]): string {
  return options.length === 1 ? `expected ${String(options[0])}` : `expected one of ${options.join(', ')}`;
}

function withFound(message: string, found: string): string {
  return message.startsWith('expected') ? `${message}, found ${found}` : message;
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[part];
  }
  return here;
}

function hasKey(value: unknown, path: Path): boolean {
  const parent = valueAt(value, path.slice(0, -1));
  return typeof parent === 'object' && parent !== null && Object.hasOwn(parent, path.at(-1) ?? '');
}

/** `databases.orders.rpo: …` at a place. */
export function error(place: { line: number; col: number }, path: Path, message: string): Problem {
  return { ...place, message: prefix(path) + message, severity: 'error' };
}

/** The path as people write it, with a colon; empty for the whole file. */
export function prefix(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? '' : `${printable(text.replace(/^\./, ''), 120)}: `;
}

/** The parts of a schema's definition that lead further down; which of them exist depends on `type`. */
interface Definition {
  type: string;
  shape?: Readonly<Record<string, $ZodType>>;
  valueType?: $ZodType;
  element?: $ZodType;
  options?: readonly $ZodType[];
  in?: $ZodType;
  innerType?: $ZodType;
  left?: $ZodType;
  right?: $ZodType;
}

/** The keys that a schema knows for the map at `path`, in the order of the schema. Empty where any key may stand. */
function schemaKeys(schema: z.ZodType, path: Path): string[] {
  let here: $ZodType[] = [schema];
  for (const part of path) here = here.flatMap((s) => plain(s)).flatMap((s) => child(s, part));
  const keys = here.flatMap((s) => plain(s)).flatMap((s) => Object.keys(definition(s).shape ?? {}));
  return [...new Set(keys)];
}

/** Without wrappers; the branches of a union side by side. */
function plain(schema: $ZodType): $ZodType[] {
  const { options, in: input, innerType, left, right } = definition(schema);
  const inner = [...(options ?? []), ...[input, innerType, left, right].filter((s) => s !== undefined)];
  return inner.length === 0 ? [schema] : inner.flatMap(plain);
}

function child(schema: $ZodType, part: PropertyKey): $ZodType[] {
  const { shape, valueType, element } = definition(schema);
  const next = shape !== undefined && typeof part === 'string' && Object.hasOwn(shape, part) ? shape[part] : (valueType ?? element);
  return next === undefined ? [] : [next];
}

function definition(schema: $ZodType): Definition {
  return schema._zod.def;
}
