import { isAlias, isMap, isScalar, isSeq, type Alias, type Document, type LineCounter, type Node, type YAMLMap } from 'yaml';
import { nearest } from '../base/nearest.ts';
import type { Position, Problem } from './problem.ts';
import { printable, quote } from './secrets.ts';

/** Maps and lists inside one another. A runbook needs eight. */
const DEPTH = 24;
/** Values after aliases are followed: what an alias bomb runs into. */
const VALUES = 10_000;
/** Problems that are collected before the rest is left out. */
const PROBLEMS = 200;

export type Path = readonly PropertyKey[];

/** Turns nodes into plain values, within the limits above, and remembers what each alias stands for. */
export class YamlReader {
  readonly problems: Problem[] = [];
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node | null>();
  readonly #targets = new Map<Alias, Node>();
  #values = 0;
  #insideAlias = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** More values than the limit: what was read is not the whole. */
  isExhausted(): boolean {
    return this.#values > VALUES;
  }

  checkDirectives(doc: Document.Parsed): void {
    if (doc.directives.yaml.version !== '1.2') this.#refuse(0, 'only YAML 1.2 is read; remove the %YAML line');
  }

  read(node: Node | null, depth: number): unknown {
    if (node === null || this.isExhausted() || this.problems.length >= PROBLEMS) return null;
    this.#values++;
    if (this.isExhausted()) {
      this.#refuse(start(node), `more than ${VALUES} values, aliases counted each time`);
      return null;
    }
    if (depth > DEPTH) {
      this.#refuse(start(node), `nested more than ${DEPTH} deep`);
      return null;
    }
    if (isAlias(node)) return this.#readAlias(node, depth);
    if (node.tag !== undefined) this.#refuse(start(node), `tags are not allowed, write the plain value`);
    // What an alias stands for was read once where it is written: its own anchors are known.
    const anchor = this.#insideAlias === 0 ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, null);
    const value = this.#readValue(node, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    return value;
  }

  #readValue(node: Node, depth: number): unknown {
    if (isMap(node)) return this.#readMap(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.read(item as Node | null, depth + 1));
    const value: unknown = isScalar(node) ? node.value : null;
    if (typeof value === 'string') this.#checkText(value, start(node));
    return value;
  }

  #readMap(map: YAMLMap, depth: number): Record<string, unknown> {
    const result = Object.create(null) as Record<string, unknown>;
    const first = new Map<string, number>();
    for (const pair of map.items) {
      const key = pair.key as Node | null;
      const offset = key === null ? start(map) : start(key);
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.#refuse(offset, 'a key must be a plain text');
        continue;
      }
      if (!this.#checkKey(key.value, offset, key)) continue;
      const before = first.get(key.value);
      if (before !== undefined) {
        const line = this.#lines.linePos(before).line;
        this.#refuse(offset, `duplicate key ${quote(key.value)}; first defined at line ${line}`);
      }
      first.set(key.value, offset);
      result[key.value] = this.read(pair.value as Node | null, depth + 1);
    }
    return result;
  }

  #checkKey(key: string, offset: number, node: { tag?: string; anchor?: string }): boolean {
    const before = this.problems.length;
    this.#checkText(key, offset);
    if (key === '__proto__') this.#refuse(offset, '"__proto__" cannot be a key');
    if (key === '<<') this.#refuse(offset, 'merge keys (<<) are not read: write the keys out');
    if (node.tag !== undefined || node.anchor !== undefined) this.#refuse(offset, 'a key can have no tag and no anchor');
    return this.problems.length === before;
  }

  #checkText(text: string, offset: number): void {
    // An escape such as "\e" gives what the file itself may not hold.
    const bad = UNPRINTABLE.exec(text);
    if (bad !== null) this.#refuse(offset, `${codePoint(bad[0])} is not allowed in a runbook: it is not printable`);
    else if (/\p{Cs}/u.test(text)) this.#refuse(offset, 'half of a character (a lone surrogate) is not allowed');
  }

  #readAlias(alias: Alias, depth: number): unknown {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined || target === null) {
      const near = nearest(alias.source, this.#anchors.keys());
      const why = target === null ? 'stands for something that contains it' : `has no anchor before it`;
      const hint = target === null || near === undefined ? '' : `; did you mean *${printable(near, 60)}?`;
      this.#refuse(start(alias), `the alias *${printable(alias.source, 60)} ${why}${hint}`);
      return null;
    }
    this.#targets.set(alias, target);
    this.#insideAlias++;
    const value = this.#readValue(target, depth);
    this.#insideAlias--;
    return value;
  }

  #refuse(offset: number, message: string): void {
    if (this.problems.length < PROBLEMS) this.problems.push({ ...this.#lines.linePos(offset), message, severity: 'error' });
  }

  /** The place of what `path` leads to, or of the last part of it that exists. */
  place(root: Node | null, path: Path, wantKey: boolean): Position {
    let node = root;
    let best = root === null ? 0 : start(root);
    for (const [i, part] of path.entries()) {
      if (isAlias(node)) node = this.#targets.get(node) ?? null;
      const isKey = wantKey && i === path.length - 1;
      if (isMap(node)) {
        const pair = node.items.find((p) => isScalar(p.key) && p.key.value === part);
        if (pair === undefined) break;
        const value = pair.value as Node | null;
        best = isKey || !hasOwnPlace(value) ? start(pair.key as Node) : start(value);
        node = value;
      } else if (isSeq(node)) {
        const item = node.items[Number(part)] as Node | null | undefined;
        if (item === undefined || item === null) break;
        best = start(item);
        node = item;
      } else break;
    }
    return this.#lines.linePos(best);
  }
}

/** Is the value written beside its key? An empty value and a block map or list below it are not. */
function hasOwnPlace(value: Node | null): value is Node {
  if (value === null || value.range === null || value.range === undefined) return false;
  if (isMap(value) || isSeq(value)) return value.flow === true;
  return value.range[1] > value.range[0];
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** What YAML 1.2 does not call printable, and the marks that reorder text: a runbook must read as it runs. */
export const UNPRINTABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/;

/** e.g. `U+001B`. */
export function codePoint(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
