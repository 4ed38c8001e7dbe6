import { stripVTControlCharacters, styleText } from 'node:util';
import { visible } from '../report/format.ts';

/** Width in columns of a terminal; good enough for the Latin text that `dr` prints. */
export function width(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** Every line of `text`, `by` spaces to the right; empty lines stay empty. */
export function indent(text: string, by: number): string {
  const pad = ' '.repeat(by);
  return text
    .split('\n')
    .map((line) => (line === '' ? line : pad + line))
    .join('\n');
}

/** A number and its unit are one word. */
const BETWEEN_WORDS = /(?<!\d(?= (?:s|ms|%)(?!\w))) /;

/** Breaks at spaces so that no line is wider than `columns`, unless one word is. */
export function wrap(text: string, columns: number): string {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(BETWEEN_WORDS)) {
      if (line !== '' && width(line) + 1 + width(word) > columns) {
        lines.push(line.trimEnd());
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    lines.push(line);
  }
  return lines.join('\n');
}

/** Undefined where stdout is no terminal: nothing is broken there. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

/**
 * Lines of a view for a terminal of this width: broken at words only. An id, a path and a command stay whole, on a line of their own where
 * they do not fit beside the rest. What follows a label continues below its value.
 */
export function fit(text: string, columns: number | undefined): string {
  if (columns === undefined || columns < 40) return text;
  return text.split('\n').flatMap((line) => (width(line) <= columns ? [line] : fitLine(line, columns))).join('\n');
}

/** A label of at most this width keeps its column. */
const LABEL = 24;

function fitLine(line: string, columns: number): string[] {
  const by = line.length - line.trimStart().length;
  const [, label, behind] = /^(.*?:) (dr [a-z]+ .*)$/.exec(line.trimStart()) ?? [];
  if (label !== undefined && behind !== undefined) return [...fit(indent(label, by), columns).split('\n'), ...fitLine(indent(behind, by + 2), columns)];
  if (/^dr [a-z]/.test(line.trimStart())) {
    const [command = '', ...comment] = line.trimStart().split(/ {4,}/);
    return [indent(command, by), ...(comment.length === 0 ? [] : fit(indent(comment.join(' '), by + 4), columns).split('\n'))];
  }
  // Behind a label, and only of a line without colours: their codes have no width.
  const head = line === stripVTControlCharacters(line) ? (/^( *[^\s✔✖↩…·–⏸]\S*(?: \S+){0,3} {2,})\S/u.exec(line)?.[1] ?? '') : '';
  if (head !== '' && head.length <= LABEL) {
    const [first = '', ...rest] = wrap(line.slice(head.length), columns - head.length).split('\n');
    return [head + first, ...rest.map((part) => indent(part, head.length))];
  }
  const [first = '', ...rest] = wrap(line.trimStart(), columns - by - 2).split('\n');
  return [indent(first, by), ...rest.map((part) => indent(part, by + 2))];
}

/** Columns side by side, two spaces apart, the last one ragged. Rows may be of different length. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd(),
  );
}

/** The colours that `dr` itself uses. */
const COLOUR = /(\u001b\[(?:1|2|22|3[1-6]|39)m)/;

/**
 * A text as it may be written to a terminal: of what comes from outside, nothing moves the cursor, clears the screen, sets a title or
 * turns the direction of writing. Newlines and tabs stay.
 */
export function safe(text: string): string {
  const parts = text.split(COLOUR);
  return parts.map((part, i) => (i % 2 === 1 ? part : part.split(/([\n\t])/).map((piece, n) => (n % 2 === 1 ? piece : visible(piece))).join(''))).join('');
}

/** Any of Node's text styles, e.g. `bold`, `red`. */
export type Style = Parameters<typeof styleText>[0];

/** Paints a text, or leaves it as it is where colour is not wanted. */
export type Painter = (style: Style, text: string) => string;

/**
 * Colour for one stream: on for a terminal, off with NO_COLOR or without a terminal, forced by FORCE_COLOR.
 * @see https://nodejs.org/api/util.html#utilstyletextformat-text-options
 */
export function painterFor(stream: NodeJS.WritableStream): Painter {
  return (style, text) => styleText(style, text, { stream, validateStream: true });
}

/** No colour at all. */
export const plain: Painter = (_style, text) => text;
