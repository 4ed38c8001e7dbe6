/** Something that is due at a time; `seq` orders what is due at the same time. */
export interface Due {
  readonly due: number;
  readonly seq: number;
}

/** A binary heap: the earliest first, then the first added. */
export class DueHeap<T extends Due> {
  private readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    const { items } = this;
    let i = items.length;
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = items[parent];
      if (above === undefined || !before(item, above)) break;
      items[i] = above;
      i = parent;
    }
    items[i] = item;
  }

  pop(): T | undefined {
    const { items } = this;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      let lower = items[child];
      if (lower === undefined) break;
      const right = items[child + 1];
      if (right !== undefined && before(right, lower)) {
        child += 1;
        lower = right;
      }
      if (!before(lower, last)) break;
      items[i] = lower;
      i = child;
    }
    items[i] = last;
    return top;
  }

  keep(pass: (item: T) => boolean): void {
    const kept = this.items.filter(pass);
    this.items.length = 0;
    for (const item of kept) this.push(item);
  }
}

function before(a: Due, b: Due): boolean {
  return a.due < b.due || (a.due === b.due && a.seq < b.seq);
}
