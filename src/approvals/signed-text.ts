/*
 * Texts that people sign: a heading, then `name: value` lines in one order, with one spelling only, so that a text can be read back and
 * compared letter by letter.
 */

/** The text, ending with a newline. A value has no line break: one line is one value. */
export function signedText<N extends string>(head: string, names: readonly N[], values: Readonly<Record<N, string>>): string {
  return `${[head, ...names.map((name) => `${name}: ${values[name]}`)].join('\n')}\n`;
}

/** The values of such a text; those that are missing are empty. Whether it is such a text, only writing it again shows. */
export function readSignedText<N extends string>(text: string, names: readonly N[]): Record<N, string> {
  const values = new Map(text.split('\n').slice(1).map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]));
  return Object.fromEntries(names.map((name) => [name, values.get(name) ?? ''])) as Record<N, string>;
}
