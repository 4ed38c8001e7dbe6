import type { Explained, Explanation } from '../app/explain.ts';
import { indent, type Painter, wrap } from './text.ts';

/** One block for each thing of that name. */
export function explainText(explanations: readonly Explanation[], paint: Painter, room: number | undefined): string {
  return explanations
    .map(({ what, name, lines, pages }) => [paint('bold', `${name} (${what})`), ...[...lines, ...pages.map((url) => `AWS: ${url}`)].map((line) => broken(line, room))].join('\n'))
    .join('\n\n');
}

/** At words, further lines below: commands in a sentence are words of it. */
function broken(text: string, room: number | undefined): string {
  const [first = '', ...rest] = (room === undefined ? text : wrap(text, room - 4)).split('\n');
  return [indent(first, 2), ...rest.map((line) => indent(line, 4))].join('\n');
}

/** Every name, by what it is. */
export function namesText(names: readonly { what: Explained; names: readonly string[] }[], paint: Painter, room: number | undefined): string {
  return names.map((group) => `${paint('bold', `${group.what}:`)}\n${broken(group.names.join(', '), room)}`).join('\n\n');
}
