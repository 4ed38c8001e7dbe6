import { isScalar, visit, type Document, type LineCounter, type YAMLError } from 'yaml';
import type { Problem } from './problem.ts';
import { printable } from './secrets.ts';

/*
 * A text that the YAML parser cannot read, in words of people who write runbooks.
 *
 * Only the first error is shown: after it the parser guesses, and what it finds further down are mostly echoes.
 */

const NOT_READ = ' (the rest of the file was not read)';

/** Of these the text itself says enough. */
const WHOLE: ReadonlySet<string> = new Set(['MULTIPLE_DOCS', 'RESOURCE_EXHAUSTION']);

/** The first error of the text; where there is none, every warning. */
export function yamlProblems(doc: Document.Parsed, text: string, lines: LineCounter): Problem[] {
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
