/** An error as PostgreSQL gives it: a SQLSTATE and its words. */
export class SqlError extends Error {
  readonly state: string;

  constructor(state: string, message: string) {
    super(message);
    this.state = state;
    this.name = 'SqlError';
  }
}

type Row = Readonly<Record<string, string | null>>;

interface Table {
  columns: readonly string[];
  rows: Map<string, Row>;
}

/** One committed change: what replicas receive. */
export type LogEntry =
  | { change: 'create'; table: string; columns: readonly string[] }
  | { change: 'read-only'; on: boolean }
  | { change: 'insert'; table: string; row: Row };

/** The data of one server: tables whose first column is the key, and the log of all changes. It outlives a kill. */
export class Store {
  readonly log: LogEntry[] = [];
  readonly #tables = new Map<string, Table>();
  writable: boolean;
  /** Sessions that begin from now on only read. Part of the database: replicas receive it. */
  readOnly = false;

  constructor(writable: boolean) {
    this.writable = writable;
  }

  static of(log: readonly LogEntry[], writable: boolean): Store {
    const store = new Store(writable);
    for (const entry of log) store.apply(entry);
    return store;
  }

  has(table: string): boolean {
    return this.#tables.has(table);
  }

  create(table: string, columns: readonly string[]): void {
    this.#mustBeWritable('CREATE TABLE');
    if (!this.has(table)) this.apply({ change: 'create', table, columns });
  }

  insert(name: string, row: Row): void {
    this.#mustBeWritable('INSERT');
    const table = this.table(name);
    const unknown = Object.keys(row).find((column) => !table.columns.includes(column));
    if (unknown !== undefined) throw new SqlError('42703', `column "${unknown}" of relation "${name}" does not exist`);
    if (table.rows.has(keyOf(table, row))) throw new SqlError('23505', `duplicate key value violates unique constraint "${name}_pkey"`);
    this.apply({ change: 'insert', table: name, row });
  }

  setReadOnly(on: boolean): void {
    this.#mustBeWritable('ALTER DATABASE');
    if (on !== this.readOnly) this.apply({ change: 'read-only', on });
  }

  table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new SqlError('42P01', `relation "${name}" does not exist`);
    return table;
  }

  /** Makes a change that was checked here, or on the writer it comes from. */
  apply(entry: LogEntry): void {
    this.log.push(entry);
    if (entry.change === 'read-only') {
      this.readOnly = entry.on;
      return;
    }
    if (entry.change === 'create') {
      this.#tables.set(entry.table, { columns: entry.columns, rows: new Map() });
      return;
    }
    const table = this.table(entry.table);
    table.rows.set(keyOf(table, entry.row), entry.row);
  }

  #mustBeWritable(what: string): void {
    if (!this.writable) throw new SqlError('25006', `cannot execute ${what} in a read-only transaction`);
  }
}

function keyOf(table: Table, row: Row): string {
  return row[table.columns[0] ?? ''] ?? '';
}
