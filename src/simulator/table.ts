/** Entries of the past that each table keeps, for stale reads. */
const LOG_MAX = 256;

interface Past<V> {
  readonly time: number;
  readonly key: string;
  readonly before: V | undefined;
}

/**
 * Rows by key, in the order of keys, with a short past.
 * Rows are never changed in place: a changed row is a new value, so that a read of the past stays true.
 */
export class Table<V> {
  private readonly rows = new Map<string, V>();
  private sorted: string[] | undefined;
  private log: Past<V>[] = [];

  get size(): number {
    return this.rows.size;
  }

  /** The row now, or as it was at the time `at`. */
  get(key: string, at?: number): V | undefined {
    if (at !== undefined) {
      let found: Past<V> | undefined;
      for (let i = this.log.length - 1; i >= 0; i--) {
        const past = this.log[i];
        if (past === undefined || past.time <= at) break;
        if (past.key === key) found = past;
      }
      if (found !== undefined) return found.before;
    }
    return this.rows.get(key);
  }

  /** Part of the world from its beginning: it has no past. */
  seed(key: string, value: V): void {
    this.write(key, value);
  }

  set(key: string, value: V, now: number): void {
    this.remember(key, now);
    this.write(key, value);
  }

  delete(key: string, now: number): void {
    if (!this.rows.has(key)) return;
    this.remember(key, now);
    this.rows.delete(key);
    if (this.sorted === undefined) return;
    const i = lowerBound(this.sorted, key);
    if (this.sorted[i] === key) this.sorted.splice(i, 1);
  }

  /** All keys in ASCII order, now or at the time `at`. Not to be changed. */
  keys(at?: number): readonly string[] {
    const newest = this.log.at(-1);
    if (at === undefined || newest === undefined || newest.time <= at) {
      return (this.sorted ??= [...this.rows.keys()].sort(ascii));
    }
    const keys = new Set(this.rows.keys());
    for (let i = this.log.length - 1; i >= 0; i--) {
      const past = this.log[i];
      if (past === undefined || past.time <= at) break;
      if (past.before === undefined) keys.delete(past.key);
      else keys.add(past.key);
    }
    return [...keys].sort(ascii);
  }

  /** All rows, in no promised order. */
  values(): IterableIterator<V> {
    return this.rows.values();
  }

  startingWith(prefix: string): [key: string, row: V][] {
    const keys = this.keys();
    const found: [string, V][] = [];
    for (let i = lowerBound(keys, prefix); i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined || !key.startsWith(prefix)) break;
      const row = this.rows.get(key);
      if (row !== undefined) found.push([key, row]);
    }
    return found;
  }

  private write(key: string, value: V): void {
    if (this.sorted !== undefined && !this.rows.has(key)) {
      this.sorted.splice(lowerBound(this.sorted, key), 0, key);
    }
    this.rows.set(key, value);
  }

  private remember(key: string, time: number): void {
    this.log.push({ time, key, before: this.rows.get(key) });
    if (this.log.length >= 2 * LOG_MAX) this.log = this.log.slice(-LOG_MAX);
  }
}

/** A table for each region. */
export class RegionTables<V> {
  private readonly byRegion = new Map<string, Table<V>>();

  table(region: string): Table<V> {
    let table = this.byRegion.get(region);
    if (table === undefined) this.byRegion.set(region, (table = new Table()));
    return table;
  }

  get(region: string, key: string, at?: number): V | undefined {
    return this.byRegion.get(region)?.get(key, at);
  }

  *all(): Iterable<V> {
    for (const table of this.byRegion.values()) yield* table.values();
  }
}

/** Index of the first key that is not before `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((keys[mid] ?? '') < key) low = mid + 1;
    else high = mid;
  }
  return low;
}

function ascii(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
