import { Document, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { Draft } from './draft.ts';

/* A draft as text: each comment stands above the key that it explains, and what a person has to decide is marked. */

/** Maps and lists of that many characters or fewer stand on one line. */
const ON_ONE_LINE = 110;
const WIDTH = 118;
const DECIDE = 'decide:';

/** @param from what it was read from, for the first lines */
export function runbookText(draft: Draft, from: { account: string; at: string; source: string; schema: string | undefined }): string {
  const doc = new Document(draft.value);
  shorten(doc.contents as Node, 0);
  for (const [path, text] of draft.comments) comment(doc, path.split('.'), text);
  for (const { path, what } of draft.open) comment(doc, path.split('.'), `${DECIDE} ${what}`);
  const map = doc.contents as YAMLMap;
  for (const pair of map.items) if (isScalar(pair.key) && pair !== map.items[0] && BLOCKS.has(String(pair.key.value))) pair.key.spaceBefore = true;
  const head = [
    ...(from.schema === undefined ? [] : [`# yaml-language-server: $schema=${from.schema}`, '#']),
    ...wrapped(`Made by dr init from ${from.source} of account ${from.account} at ${from.at}. It says where each value came from. ${draft.open.length === 0 ? '' : `A person has to decide what is marked "${DECIDE}".`} dr validate checks it; dr plan shows what would happen.`.replaceAll('  ', ' '), 0),
    ...orphans(draft, doc),
  ];
  return `${head.join('\n')}\n\n${doc.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}

const BLOCKS = new Set(['objectives', 'regions', 'databases', 'compute', 'traffic', 'probes', 'approvals', 'notify']);

/** What is open about a key that is not there. */
function orphans(draft: Draft, doc: Document): string[] {
  const missing = draft.open.filter(({ path }) => !doc.hasIn(path.split('.')));
  return missing.flatMap(({ path, what }) => wrapped(`${DECIDE} ${path}: ${what}`, 0));
}

function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length > 1 && line.length + word.length + 1 > WIDTH - indent) {
      lines.push(line);
      line = '#  ';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Above the key at that path; a path that is not there is left out. */
function comment(doc: Document, path: readonly string[], text: string): void {
  const parent = path.length === 1 ? doc.contents : doc.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return;
  const pair: Pair | undefined = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1));
  if (pair === undefined || !isScalar(pair.key)) return;
  // A comment inside of a map on one line would break it apart.
  if (parent.flow === true) return comment(doc, path.slice(0, -1), `${path.at(-1) ?? ''}: ${text}`);
  const lines = wrapped(text, 2 * (path.length - 1)).map((line) => line.slice(1));
  pair.key.commentBefore = [...(pair.key.commentBefore === undefined || pair.key.commentBefore === null ? [] : [pair.key.commentBefore]), ...lines].join('\n');
}

/** Small maps and lists on one line, as people write them. */
function shorten(node: Node, depth: number): void {
  if (!isMap(node) && !isSeq(node)) return;
  const text = JSON.stringify(node);
  if (depth >= 2 && text.length <= ON_ONE_LINE && !text.includes('"kind"')) {
    node.flow = true;
    return;
  }
  if (depth === 1 && isMap(node) && text.length <= 60 && !text.includes('{"', 1)) node.flow = text.includes('"rpo"') ? false : true;
  for (const item of node.items) {
    const child = isMap(node) ? (item as Pair).value : item;
    if (child !== null && typeof child === 'object') shorten(child as Node, depth + 1);
  }
}
