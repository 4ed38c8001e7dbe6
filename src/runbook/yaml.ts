import { type Document, isScalar, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { messageOf } from '../base/errors.ts';
import { codePoint, type Path, UNPRINTABLE, YamlReader } from './yaml-reader.ts';
import type { Position, Problem } from './problem.ts';
import { findSecrets, printable } from './secrets.ts';

/** Problems of one sort that are collected before the rest is left out. */
const PROBLEMS = 200;

/** A YAML text as plain values, and where each of them stands. */
export interface YamlText {
  /** Maps have no prototype. Undefined when the text could not be read. */
  value: unknown;
  problems: Problem[];
  /** Where a value stands. A block map or list is found at its key, and what is missing at the key of the map that should hold it. */
  at: (path: Path) => Position;
  keyAt(path: Path): Position;
}

/** Reads one YAML 1.2 document (core schema). Never throws: what is wrong is a problem with its place. */
export function parseYaml(source: string): YamlText {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  const lines = lineCounter(text);
  const secrets = checkSecrets(text, lines);
  const stop = (problems: Problem[]): YamlText => {
    const start = () => ({ line: 1, col: 1 });
    return { value: undefined, problems: [...secrets, ...problems], at: start, keyAt: start };
  };
  const unprintable = checkCharacters(text, lines);
  if (unprintable.length > 0) return stop(unprintable);
  let doc: Document.Parsed;
  try {
    doc = parseDocument(text, {
      version: '1.2', schema: 'core', stringKeys: true, prettyErrors: false, logLevel: 'error',
      // Checked by the reader below: the parser compares every key with every other one.
      uniqueKeys: false,
    });
  } catch (error) {
    return stop([{ line: 1, col: 1, message: `YAML: ${printable(messageOf(error), 200)}`, severity: 'error' }]);
  }
  const faults = yamlProblems(doc, text, lines);
  if (faults.length > 0) return stop(faults.slice(0, PROBLEMS));
  const reader = new YamlReader(lines);
  reader.checkDirectives(doc);
  const value = reader.read(doc.contents, 0);
  if (reader.isExhausted()) return stop(reader.problems);
  return {
    value,
    problems: [...secrets, ...reader.problems],
    at: (path) => reader.place(doc.contents, path, false),
    keyAt: (path) => reader.place(doc.contents, path, true),
  };
}

function lineCounter(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lines.addNewLine(i + 1);
  return lines;
}

const UNPRINTABLE_ALL = new RegExp(UNPRINTABLE.source, 'g');

function checkCharacters(text: string, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  for (const match of text.matchAll(UNPRINTABLE_ALL)) {
    const message = `${codePoint(match[0])} is not allowed in a runbook: it is not printable`;
    problems.push({ ...lines.linePos(match.index), message, severity: 'error' });
    if (problems.length === PROBLEMS) break;
  }
  return problems;
}

function checkSecrets(text: string, lines: LineCounter): Problem[] {
  return findSecrets(text).slice(0, PROBLEMS).map((secret) => ({
    ...lines.linePos(secret.offset),
    message: `this looks like ${secret.what}. Secrets never stand in a runbook: name an environment variable instead`,
    severity: 'error',
  }));
}

/*
 * A text that the YAML parser cannot read, in words of people who write runbooks.
 *
 * Only the first error is shown: after it the parser guesses, and what it finds further down are mostly echoes.
 */

const NOT_READ = ' (the rest of the file was not read)';

/** Of these the text itself says enough. */
const WHOLE: ReadonlySet<string> = new Set(['MULTIPLE_DOCS', 'RESOURCE_EXHAUSTION']);

/** The first error of the text; where there is none, every warning. */
function yamlProblems(doc: Document.Parsed, text: string, lines: LineCounter): Problem[] {
  const [first] = doc.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  if (first === undefined) return doc.warnings.map((warning) => problem(warning, [], doc, text, lines));
  const same = doc.errors.filter(({ pos }) => pos[0] === first.pos[0]).map(({ code }) => code);
  const told = problem(first, same, doc, text, lines);
  return [WHOLE.has(first.code) ? told : { ...told, message: `${told.message}${NOT_READ}` }];
}

function problem(fault: YAMLError, codes: readonly string[], doc: Document.Parsed, text: string, lines: LineCounter): Problem {
  const at = Math.min(fault.code === 'MISSING_CHAR' ? openQuote(doc, fault.pos[0]) : fault.pos[0], text.length);
  const place = lines.linePos(at);
  const line = text.slice(lines.lineStarts[place.line - 1] ?? 0).split('\n', 1)[0] ?? '';
  return { ...place, message: words({ code: fault.code, message: fault.message, found: text[at] ?? '', col: place.col, line, codes }), severity: 'error' };
}

/** Where the quoted text begins that ends, unclosed, at `offset`; else `offset`. */
function openQuote(doc: Document.Parsed, offset: number): number {
  let start = offset;
  visit(doc, (_key, node) => {
    if (!isScalar(node) || !Array.isArray(node.range) || !node.type?.startsWith('QUOTE')) return;
    const [from, , to] = node.range;
    if (from <= offset && offset <= to) start = from;
  });
  return start;
}

interface Fault {
  code: YAMLError['code'];
  /** Of the parser. */
  message: string;
  /** The character at its place. */
  found: string;
  col: number;
  /** The line that it stands in. */
  line: string;
  /** Of every error at this place. */
  codes: readonly string[];
}

const SAME_COLUMN = 'keys of one map start in the same column: check the spaces before this line';

function words(fault: Fault): string {
  const { code, line } = fault;
  if (code === 'RESOURCE_EXHAUSTION') return 'maps and lists are nested too deeply';
  if (code === 'MULTIPLE_DOCS') return 'a second document (---): only one YAML document per file';
  if (code === 'TAG_RESOLVE_FAILED') return `${printable(fault.message, 100)}: tags are not allowed, write the plain value`;
  if (/^(?:<{7}|={7}|>{7})/.test(line)) return 'a merge conflict is not resolved: keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>';
  if (/\$\{|\{\{/.test(line)) return 'variables are not expanded in a runbook: write the value itself';
  if (/^ *\t/.test(line)) return 'tabs cannot indent: use spaces';
  return hint(fault) ?? `YAML: ${printable(fault.message, 200)}`;
}

function hint({ code, message, found, col, codes }: Fault): string | undefined {
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      if (codes.includes('MULTILINE_IMPLICIT_KEY')) return 'the line below is indented under a key that has a value already: a key has a value or keys below it, not both';
      return 'the text contains ": ", which starts a value: quote the text, e.g. description: "Shop: orders"';
    case 'MULTILINE_IMPLICIT_KEY':
      return 'expected "key: value" in one line: is the colon missing, or the space after it?';
    case 'BLOCK_IN_FLOW':
      return 'inside { } and [ ] a comma stands between entries: is one missing, or a closing bracket?';
    case 'BAD_INDENT':
    case 'MISSING_CHAR':
      return opened(message) ?? (code === 'BAD_INDENT' ? SAME_COLUMN : undefined);
    case 'BAD_SCALAR_START':
    case 'BAD_ALIAS':
      return `a text cannot start with ${printable(found, 4)}: quote it`;
    case 'BAD_DQ_ESCAPE':
      return 'a backslash in double quotes must be written \\\\; in single quotes it stands as it is';
    case 'UNEXPECTED_TOKEN':
      if (col === 1) return SAME_COLUMN;
      if (found === '}' || found === ']') return `one ${found} too many`;
      return 'more text after the value has ended: quote the whole value';
    default:
      return undefined;
  }
}

/** What was opened and is not closed, by the words of the parser. */
function opened(message: string): string | undefined {
  if (message.includes('quote')) return `this quote is not closed`;
  if (message.includes('Missing , or :')) return 'a comma is missing between two entries';
  if (message.startsWith('Flow map')) return 'a { before this is not closed: add } where its map ends';
  if (message.startsWith('Flow sequence')) return 'a [ before this is not closed: add ] where its list ends';
  return undefined;
}
