import { styleText } from 'node:util';

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
