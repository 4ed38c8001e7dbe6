/* Walks over graphs: the steps of a plan, applications that depend on each other. */

export interface Waiting {
  id: string;
  after: readonly string[];
}

/** These, and everything that can be reached from them. */
export function reachable<T>(from: Iterable<T>, next: (node: T) => Iterable<T>): Set<T> {
  const found = new Set(from);
  // A set is walked to its end, with what is added on the way.
  for (const node of found) for (const other of next(node)) found.add(other);
  return found;
}

/** The shortest way from one to another, both in it. Undefined if there is none. */
export function shortestWay<T>(from: T, to: T, next: (node: T) => Iterable<T>): T[] | undefined {
  const before = new Map<T, T | undefined>([[from, undefined]]);
  for (const [node] of before) {
    if (node === to) break;
    for (const other of next(node)) if (!before.has(other)) before.set(other, node);
  }
  if (!before.has(to)) return undefined;
  const way: T[] = [];
  for (let node: T | undefined = to; node !== undefined; node = before.get(node)) way.unshift(node);
  return way;
}

/** Each after all that it waits for, else as given. What they wait for, and is none of them, counts for nothing. */
export function inOrder<T>(nodes: Iterable<T>, before: (node: T) => Iterable<T>): T[] {
  const left = new Set(nodes);
  const order: T[] = [];
  const place = (node: T): void => {
    if (!left.delete(node)) return;
    for (const other of before(node)) place(other);
    order.push(node);
  };
  for (const node of [...left]) place(node);
  return order;
}

export class Countdown<N extends Waiting> {
  /** Wait for nothing from the start, in the order given. */
  readonly ready: readonly N[];
  readonly #left: Map<N, number>;
  readonly #dependents = new Map<string, N[]>();

  /** @param done what nobody waits for any more */
  constructor(nodes: readonly N[], done: ReadonlySet<string> = new Set()) {
    this.#left = new Map(nodes.map((node) => [node, node.after.filter((id) => !done.has(id)).length]));
    for (const node of nodes) {
      for (const id of node.after) {
        const list = this.#dependents.get(id);
        if (list === undefined) this.#dependents.set(id, [node]);
        else list.push(node);
      }
    }
    this.ready = nodes.filter((node) => this.#left.get(node) === 0);
  }

  done(id: string): N[] {
    return (this.#dependents.get(id) ?? []).filter((node) => {
      const left = (this.#left.get(node) ?? 0) - 1;
      this.#left.set(node, left);
      return left === 0;
    });
  }
}

/** Each after all that it waits for: first what waits for nothing, then what became ready by it. @throws Error on a circle */
export function topological<N extends Waiting>(nodes: readonly N[]): N[] {
  const countdown = new Countdown(nodes);
  const order = [...countdown.ready];
  for (const node of order) order.push(...countdown.done(node.id));
  if (order.length !== nodes.length) throw new Error('the steps wait for each other in a circle, or for a step that is not there');
  return order;
}
